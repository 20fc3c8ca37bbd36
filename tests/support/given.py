"""
A builder of store rows: ``ann = given.customer()``, ``given.order(ann, "600")``.

It writes them as OpenCart would, with only what a test names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from support.given_store import GivenStore
from support.rows import At, Value, escaped


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order; *price* and *tax* are of one unit."""

    product: int
    quantity: int | None = 1
    price: str = "10"
    tax: str = "0"


class Given(GivenStore):
    """
    Writes the rows of one store: people, their orders, and (by its parents) the store.

    See `support.rows.Rows` for its arguments and for writing any row of any table.
    """

    # -- people ----------------------------------------------------------------------

    def customer(
        self,
        email: str | None = None,
        *,
        first_name: str = "Ann",
        last_name: str = "Example",
        telephone: str = "",
        group: int = 1,
        store: int = 0,
        language: int = 1,
        newsletter: bool = False,
        enabled: bool = True,
        days_ago: float | None = None,
        at: At = None,
        custom_fields: Mapping[int, object] | None = None,
        **columns: Value,
    ) -> int:
        """
        One customer; the id.

        Args:
            email: One of its own in ``example.com`` when None.
            custom_fields: Values by the id of the field, as OpenCart nests them.
            columns: More of the row, written as they are.
        """
        if email is None:
            email = f"customer{next(self._numbers)}@example.com"
        values = {str(key): value for key, value in (custom_fields or {}).items()}
        return self.insert(
            "customer",
            {
                "customer_group_id": group,
                "store_id": store,
                "language_id": language,
                "firstname": escaped(first_name),
                "lastname": escaped(last_name),
                "email": escaped(email),
                "telephone": escaped(telephone),
                "newsletter": int(newsletter),
                "status": int(enabled),
                "custom_field": json.dumps(values or []).replace("/", "\\/"),
                "ip": "",
                "date_added": self.wall(at, days_ago),
            },
            **columns,
        )

    def address(
        self,
        customer: int,
        *,
        company: str = "",
        city: str = "",
        postcode: str = "",
        country: int = 0,
        zone: int = 0,
        default: bool = True,
    ) -> int:
        """One address of *customer*; the id."""
        address = self.insert(
            "address",
            {
                "company": escaped(company),
                "city": escaped(city),
                "postcode": escaped(postcode),
                "country_id": country,
                "zone_id": zone,
                "default": int(default),
            },
            customer_id=customer,
        )
        if default and not self.has("address", "default"):
            self.update("customer", {"customer_id": customer}, address_id=address)
        return address

    def group(self, name: str, *, language: int = 1) -> int:
        """One customer group; the id."""
        group = self.insert("customer_group", {"approval": 0, "sort_order": 0})
        self.describe("customer_group", group, name, language=language)
        return group

    def affiliate(self, customer: int, *, enabled: bool = True) -> None:
        """*customer* as an affiliate."""
        self.insert("customer_affiliate", {"status": int(enabled)}, customer_id=customer)

    def approval(self, customer: int, kind: str = "customer") -> None:
        """*customer* waits for approval."""
        self.insert("customer_approval", {"type": kind}, customer_id=customer)

    def note(self, customer: int, text: str = "Called") -> None:
        """A note of the staff about *customer*."""
        self.insert("customer_history", {"comment": escaped(text)}, customer_id=customer)

    def ip(self, customer: int, ip: str | None = "192.0.2.1", *, at: At = None) -> None:
        """*customer* logged in from *ip*."""
        self.insert("customer_ip", {"ip": ip, "date_added": self.wall(at)}, customer_id=customer)

    def failed_login(self, email: str, times: int | None = 1, *, at: At = None) -> None:
        """*times* failed logins with *email* from one address."""
        when = self.wall(at)
        row: dict[str, Value] = {"total": times, "date_added": when, "date_modified": when}
        self.insert("customer_login", row, email=escaped(email))

    def search(self, customer: int, keyword: str = "apple") -> None:
        """*customer* searched for *keyword*."""
        self.insert("customer_search", {"keyword": escaped(keyword)}, customer_id=customer)

    # -- orders ----------------------------------------------------------------------

    def order(
        self,
        customer: int,
        total: str | int | Decimal | None = "100",
        *,
        status: int | None = 5,
        days_ago: float | None = None,
        at: At = None,
        store: int = 0,
        email: str = "",
        country: int = 0,
        lines: Iterable[Line] = (),
        **columns: Value,
    ) -> int:
        """One order of *customer* (0: a guest) with its *lines*; the id."""
        when = self.wall(at, days_ago)
        order = self.insert(
            "order",
            {
                "store_id": store,
                "email": escaped(email),
                "payment_country_id": country,
                "date_modified": when,
                "language_id": 1,
                "currency_id": 1,
                "currency_code": "USD",
                "currency_value": 1,
                "custom_field": "[]",
            },
            **{
                "customer_id": customer,
                "total": None if total is None else str(total),
                "order_status_id": status,
                "date_added": when,
            }
            | columns,
        )
        for line in lines:
            self.line(order, line.product, line.quantity, price=line.price, tax=line.tax)
        return order

    def line(
        self,
        order: int,
        product: int | None,
        quantity: int | None = 1,
        *,
        price: str = "10",
        tax: str = "0",
    ) -> int:
        """One line of *order*; the id."""
        return self.insert(
            "order_product",
            {"total": str(Decimal(price) * (quantity or 0))},
            order_id=order,
            product_id=product,
            quantity=quantity,
            price=price,
            tax=tax,
        )

    def goods_return(
        self,
        customer: int,
        order: int = 0,
        product: int = 0,
        quantity: int | None = 1,
        *,
        status: int | None = 1,
        at: At = None,
        days_ago: float | None = None,
    ) -> int:
        """One ``return`` row; the id."""
        when = self.wall(at, days_ago)
        return self.insert(
            "return",
            {"date_modified": when},
            customer_id=customer,
            order_id=order,
            product_id=product,
            quantity=quantity,
            return_status_id=status,
            date_added=when,
        )

    def coupon_use(self, customer: int, order: int = 0) -> None:
        """*customer* used a coupon."""
        self.insert("coupon_history", {"coupon_id": 1, "order_id": order}, customer_id=customer)

    def reward(self, customer: int, points: int | None) -> None:
        """Points given (or taken)."""
        row: dict[str, Value] = {"description": "Points"}
        self.insert("customer_reward", row, customer_id=customer, points=points)

    def credit(self, customer: int, amount: str | None) -> None:
        """Store credit given (or taken)."""
        row: dict[str, Value] = {"description": "Credit"}
        self.insert("customer_transaction", row, customer_id=customer, amount=amount)

    # -- cart, wishlist, reviews -----------------------------------------------------

    def cart(self, customer: int, product: int, quantity: int | None = 1, *, at: At = None) -> None:
        """A product in the cart of *customer*."""
        self.insert(
            "cart",
            {"session_id": f"session{next(self._numbers)}", "option": "[]"},
            customer_id=customer,
            product_id=product,
            quantity=quantity,
            date_added=self.wall(at),
        )

    def wish(self, customer: int, product: int, *, store: int = 0) -> None:
        """A product on the wishlist of *customer*."""
        row: dict[str, Value] = {"store_id": store, "date_added": self.wall()}
        self.insert("customer_wishlist", row, customer_id=customer, product_id=product)

    def review(
        self,
        customer: int,
        product: int = 0,
        rating: int | None = 5,
        *,
        at: At = None,
        days_ago: float | None = None,
    ) -> None:
        """A review by *customer*."""
        when = self.wall(at, days_ago)
        self.insert(
            "review",
            {"status": 1, "text": "Good", "author": "Ann", "date_modified": when},
            customer_id=customer,
            product_id=product,
            rating=rating,
            date_added=when,
        )
