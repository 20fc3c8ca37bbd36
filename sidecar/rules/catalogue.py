"""
The catalogue of facts: what a rule may speak of.

Four readers share it: the checker of the rule language, the loader (which fills
exactly these names), the reference page, and the admin's rule builder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from sidecar.rules.syntax import FilterName

#: ``yesno`` true or false · ``number`` whole number · ``decimal`` number with 2 places ·
#: ``money`` store base currency, 4 places · ``text`` · ``choice`` one name of a
#: namespace · ``date`` an instant · ``birthday`` a day of the year · ``set`` names.
Kind = Literal["yesno", "number", "decimal", "money", "text", "choice", "date", "birthday", "set"]

#: Where the names that a choice, a set or a filter may use come from.
Namespace = Literal[
    "group", "status", "return status", "store", "category", "product", "manufacturer", "tag"
]

#: The operators each kind takes, in the words of the language.
OPERATORS: Mapping[Kind, tuple[str, ...]] = {
    "yesno": ("=", "!=", "is missing"),
    "number": ("=", "!=", ">", ">=", "<", "<=", "between", "in", "is missing"),
    "decimal": ("=", "!=", ">", ">=", "<", "<=", "between", "in", "is missing"),
    "money": ("=", "!=", ">", ">=", "<", "<=", "between", "in", "is missing"),
    "text": ("=", "!=", "in", "contains", "starts with", "ends with", "is missing"),
    "choice": ("=", "!=", "in", "is missing"),
    "date": ("within", "older than", "in next", "before", "after", "on", "is missing"),
    "birthday": ("in next", "on", "is missing"),
    "set": ("has", "has any of", "has all of", "is missing"),
}

Filters = Mapping[FilterName, Namespace | None]

_SPAN: Filters = {"within": None, "from": None, "until": None}
_GOODS: Filters = {"category": "category", "product": "product", "manufacturer": "manufacturer"}
ORDER_FILTERS: Filters = {**_SPAN, "status": "status", "store": "store", "total": None, **_GOODS}
RETURN_FILTERS: Filters = {**_SPAN, "status": "return status", "product": "product"}
REVIEW_FILTERS: Filters = {**_SPAN, "product": "product"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """
    One fact about a customer.

    Attributes:
        name: As written in a rule, e.g. ``total_spent``.
        label: For sentences and forms, e.g. ``total spent``.
        kind: Decides which operators and values a rule may use.
        area: The heading it stands under in the reference and the builder.
        unit: For people, e.g. ``orders``, ``store currency``; ``days`` also takes spans.
        source: The store's columns it is computed from.
        missing: When it has no value; ``never`` if it always has one.
        filters: The filters it takes, each with the namespace of its text.
        names: For a choice or set: the namespace its values are named in.
        values: For a choice without a namespace: the values there are.
        since: The first OpenCart version that has the source; empty: all.
    """

    name: str
    label: str
    kind: Kind
    area: str
    unit: str = ""
    source: str
    missing: str = "never"
    filters: Filters = field(default_factory=dict)
    names: Namespace | None = None
    values: tuple[str, ...] = ()
    since: str = ""


#: The RFM groups, each a region of the recency score (R) and the mean of the
#: frequency and monetary scores (FM, rounded half up); `rfm_group` in this package.
RFM_GROUPS = (
    "champions",
    "loyal",
    "promising",
    "new",
    "needs attention",
    "about to sleep",
    "at risk",
    "cannot lose",
    "hibernating",
    "lost",
)

_NO_ORDER = "no qualifying order"
_NO_PROGRAM = "no loyalty program"
_NO_DEFAULT_ADDRESS = "no default address, or it is empty there"

FACTS: tuple[Fact, ...] = (
    # -- the account -----------------------------------------------------------------
    Fact(name="email", label="e-mail", kind="text", area="account", source="customer.email", missing="empty in the store"),
    Fact(name="email_domain", label="e-mail domain", kind="text", area="account", source="customer.email, what follows the last @", missing="no @ with something after it in the e-mail"),
    Fact(name="first_name", label="first name", kind="text", area="account", source="customer.firstname", missing="empty in the store"),
    Fact(name="last_name", label="last name", kind="text", area="account", source="customer.lastname", missing="empty in the store"),
    Fact(name="telephone", label="telephone", kind="text", area="account", source="customer.telephone", missing="empty in the store"),
    Fact(name="registered", label="registered", kind="date", area="account", unit="instant", source="customer.date_added", missing="a zero or impossible date in the store"),
    Fact(name="status", label="account enabled", kind="yesno", area="account", source="customer.status = 1"),
    Fact(name="newsletter", label="newsletter", kind="yesno", area="account", source="customer.newsletter = 1"),
    Fact(name="approval_pending", label="approval pending", kind="yesno", area="account", source="a customer_approval row of type customer"),
    Fact(name="store", label="store of registration", kind="choice", area="account", source="customer.store_id", names="store", missing="a store that does not exist"),
    Fact(name="language", label="language", kind="text", area="account", unit="language code", source="language.code of customer.language_id", missing="a language that does not exist"),
    Fact(name="affiliate", label="affiliate", kind="yesno", area="account", source="a customer_affiliate row with status 1"),
    Fact(name="notes", label="notes by staff", kind="number", area="account", unit="notes", source="customer_history rows"),
    Fact(name="purged_on", label="account purged on", kind="date", area="account", unit="instant", source="our retention rules for accounts, told once a day", missing="no retention rule ends the account"),
    Fact(name="birthday", label="birthday", kind="birthday", area="account", unit="day of the year", source="the custom field named by [shop] birthday_field", missing="no such field, or no valid date in it"),
    # -- group, tags, tier -----------------------------------------------------------
    Fact(name="group", label="customer group", kind="choice", area="standing", source="customer.customer_group_id, after the ladder", names="group", missing="a group that does not exist"),
    Fact(name="tags", label="tags", kind="set", area="standing", source="our assertions, after this pass", names="tag"),
    Fact(name="tier", label="tier", kind="text", area="standing", source="our tiers, a locked one too; without a row the lowest, where it begins at 0", missing="no loyalty program, or in no tier"),
    Fact(name="tier_since", label="in the tier since", kind="date", area="standing", unit="instant", source="our tiers", missing="no loyalty program, in no tier, or nothing was earned yet"),
    Fact(name="tier_review", label="tier reviewed", kind="date", area="standing", unit="instant", source="our tiers", missing="no loyalty program, no review to come, or the tier is locked"),
    Fact(name="next_tier", label="next tier", kind="text", area="standing", source="the tier above", missing="no loyalty program, or in the highest tier"),
    Fact(name="to_next_tier", label="missing to the next tier", kind="decimal", area="standing", unit="points, or store currency where tiers count what is spent", source="the next tier's threshold less what counts for it, rounded up", missing="no loyalty program, or in the highest tier"),
    Fact(name="tier_progress", label="progress to the next tier", kind="number", area="standing", unit="percent", source="what counts for the next tier, of its threshold, rounded down", missing="no loyalty program, or in the highest tier"),
    # -- address ---------------------------------------------------------------------
    Fact(name="addresses", label="addresses", kind="number", area="address", unit="addresses", source="address rows"),
    Fact(name="company", label="company", kind="text", area="address", source="address.company of the default address", missing=_NO_DEFAULT_ADDRESS),
    Fact(name="city", label="city", kind="text", area="address", source="address.city of the default address", missing=_NO_DEFAULT_ADDRESS),
    Fact(name="postcode", label="postcode", kind="text", area="address", source="address.postcode of the default address", missing=_NO_DEFAULT_ADDRESS),
    Fact(name="zone", label="region", kind="text", area="address", unit="zone code", source="zone.code of the default address's zone_id", missing=_NO_DEFAULT_ADDRESS),
    Fact(name="country", label="country", kind="text", area="address", unit="ISO 3166-1 alpha-2", source="country.iso_code_2 of the default address, else of order.payment_country_id of the last order", missing="neither has a country"),
    # -- orders ----------------------------------------------------------------------
    Fact(name="orders", label="orders", kind="number", area="orders", unit="orders", source="qualifying orders", filters=ORDER_FILTERS),
    Fact(name="total_spent", label="total spent", kind="money", area="orders", unit="store currency", source="totals of qualifying orders, plus credit orders (negative), minus refunded returns", filters=ORDER_FILTERS),
    Fact(name="average_order", label="average order", kind="money", area="orders", unit="store currency", source="total_spent / orders, half up to 4 places", missing="no order that the filters leave", filters=ORDER_FILTERS),
    Fact(name="first_order", label="first order", kind="date", area="orders", unit="instant", source="order.date_added, earliest of the qualifying", missing=_NO_ORDER),
    Fact(name="last_order", label="last order", kind="date", area="orders", unit="instant", source="order.date_added, latest of the qualifying", missing=_NO_ORDER),
    Fact(name="first_order_total", label="first order's total", kind="money", area="orders", unit="store currency", source="order.total of the first order (lowest order_id among equals)", missing=_NO_ORDER),
    Fact(name="last_order_total", label="last order's total", kind="money", area="orders", unit="store currency", source="order.total of the last order (highest order_id among equals)", missing=_NO_ORDER),
    Fact(name="largest_order", label="largest order", kind="money", area="orders", unit="store currency", source="order.total, greatest of the qualifying", missing=_NO_ORDER),
    Fact(name="smallest_order", label="smallest order", kind="money", area="orders", unit="store currency", source="order.total, least of the qualifying", missing=_NO_ORDER),
    Fact(name="last_order_status", label="last order's status", kind="choice", area="orders", source="order.order_status_id of the last order", names="status", missing=_NO_ORDER),
    Fact(name="last_order_store", label="last order's store", kind="choice", area="orders", source="order.store_id of the last order", names="store", missing=_NO_ORDER),
    Fact(name="complete_orders", label="complete orders", kind="number", area="orders", unit="orders", source="qualifying orders with a status in config_complete_status"),
    Fact(name="unpaid_orders", label="orders not paid", kind="number", area="orders", unit="orders", source="orders with a status above 0 outside the paid statuses, total not negative"),
    Fact(name="unfinished_orders", label="unfinished checkouts", kind="number", area="orders", unit="orders", source="orders with status 0"),
    Fact(name="last_unfinished_order", label="last unfinished checkout", kind="date", area="orders", unit="instant", source="order.date_added, latest with status 0", missing="no order with status 0, or only impossible dates"),
    Fact(name="credit_orders", label="credit orders", kind="number", area="orders", unit="orders", source="orders with a negative total and a status above 0"),
    Fact(name="credited", label="credited", kind="money", area="orders", unit="store currency", source="totals of credit orders, as a positive amount"),
    Fact(name="order_span", label="days from first to last order", kind="number", area="orders", unit="days", source="whole days between first_order and last_order, rounded down", missing=_NO_ORDER),
    Fact(name="average_gap", label="average days between orders", kind="number", area="orders", unit="days", source="time from first_order to last_order / (those with a date - 1), whole days, rounded down", missing="fewer than two qualifying orders with a date"),
    Fact(name="expected_order", label="next order expected", kind="date", area="orders", unit="instant", source="last_order + (time from first_order to last_order / (those with a date - 1)), whole seconds, rounded down", missing="fewer than two qualifying orders with a date"),
    Fact(name="first_order_delay", label="days from registration to first order", kind="number", area="orders", unit="days", source="whole days from registered to first_order, 0 when the order came first", missing="no qualifying order, or no registration date"),
    Fact(name="coupons", label="coupons used", kind="number", area="orders", unit="coupons", source="coupon_history rows"),
    # -- goods -----------------------------------------------------------------------
    Fact(name="bought", label="units bought", kind="number", area="goods", unit="units", source="order_product.quantity in qualifying orders", filters=ORDER_FILTERS),
    Fact(name="products", label="products bought", kind="set", area="goods", source="order_product.product_id in qualifying orders", names="product"),
    Fact(name="distinct_products", label="different products bought", kind="number", area="goods", unit="products", source="products, counted (also those no longer sold)"),
    Fact(name="categories", label="categories bought from", kind="set", area="goods", source="the categories those products have now, with all parents", names="category"),
    Fact(name="manufacturers", label="manufacturers bought from", kind="set", area="goods", source="product.manufacturer_id of those products", names="manufacturer"),
    # -- cart and wishlist -----------------------------------------------------------
    Fact(name="cart_items", label="items in the cart", kind="number", area="cart", unit="units", source="cart.quantity, summed"),
    Fact(name="cart_added", label="cart last touched", kind="date", area="cart", unit="instant", source="cart.date_added, latest", missing="an empty cart"),
    Fact(name="cart_products", label="products in the cart", kind="set", area="cart", source="cart.product_id", names="product"),
    Fact(name="wishlist_items", label="products on the wishlist", kind="number", area="cart", unit="products", source="customer_wishlist, different products"),
    Fact(name="wishlist_products", label="wishlist", kind="set", area="cart", source="customer_wishlist.product_id", names="product"),
    # -- points and credit -----------------------------------------------------------
    Fact(name="points", label="points", kind="number", area="balance", unit="points", source="customer_reward.points, summed"),
    Fact(name="points_earned", label="points ever earned", kind="number", area="balance", unit="points", source="customer_reward.points above 0, summed"),
    Fact(name="points_worth", label="points' worth", kind="money", area="balance", unit="store currency", source="what our ledger has available / points_worth_one of the program, rounded towards 0; below 0: owed", missing=_NO_PROGRAM),
    Fact(name="points_pending", label="points pending", kind="number", area="balance", unit="points", source="our ledger", missing=_NO_PROGRAM),
    Fact(name="points_expiring", label="points that expire next", kind="number", area="balance", unit="points", source="what is left of our lots that expire first", missing=_NO_PROGRAM),
    Fact(name="points_expire", label="points expire", kind="date", area="balance", unit="instant", source="end of the last day of our lots that expire first", missing="no loyalty program, or nothing expires"),
    Fact(name="member_since", label="member since", kind="date", area="balance", unit="instant", source="our first entry or first card", missing="no loyalty program, or neither entry nor card"),
    Fact(name="card", label="card", kind="text", area="balance", unit="16 digits", source="the number of our card that holds", missing="no loyalty program, or no card"),
    Fact(name="credit", label="store credit", kind="money", area="balance", unit="store currency", source="customer_transaction.amount, summed"),
    # -- returns and reviews ---------------------------------------------------------
    Fact(name="returns", label="returns", kind="number", area="feedback", unit="returns", source="return rows", filters=RETURN_FILTERS),
    Fact(name="returned_units", label="units returned", kind="number", area="feedback", unit="units", source="return.quantity, summed"),
    Fact(name="last_return", label="last return", kind="date", area="feedback", unit="instant", source="return.date_added, latest", missing="no return, or only impossible dates"),
    Fact(name="reviews", label="reviews", kind="number", area="feedback", unit="reviews", source="review rows", filters=REVIEW_FILTERS),
    Fact(name="last_review", label="last review", kind="date", area="feedback", unit="instant", source="review.date_added, latest", missing="no review, or only impossible dates"),
    Fact(name="average_rating", label="average rating given", kind="decimal", area="feedback", unit="1 to 5", source="review.rating, mean, half up to 2 places", missing="no review"),
    # -- access and safety -----------------------------------------------------------
    Fact(name="safe", label="marked safe", kind="yesno", area="security", source="customer.safe = 1"),
    Fact(name="commenter", label="trusted commenter", kind="yesno", area="security", source="customer.commenter = 1", missing="OpenCart before 4.1", since="4.1"),
    Fact(name="ip", label="last IP", kind="text", area="security", source="customer.ip", missing="empty in the store"),
    Fact(name="ips", label="IPs used", kind="number", area="security", unit="IPs", source="customer_ip.ip, different ones"),
    Fact(name="shared_ips", label="IPs shared with others", kind="number", area="security", unit="IPs", source="customer_ip.ip, different ones that another customer has too"),
    Fact(name="last_login", label="last login", kind="date", area="security", unit="instant", source="customer_ip.date_added, latest (before 4.0: the last new IP)", missing="no customer_ip row with a date"),
    Fact(name="failed_logins", label="failed logins", kind="number", area="security", unit="attempts", source="customer_login.total of the customer's e-mail, summed"),
    Fact(name="last_failed_login", label="last failed login", kind="date", area="security", unit="instant", source="customer_login.date_modified, latest", missing="no failed login with a date"),
    Fact(name="searches", label="searches", kind="number", area="security", unit="searches", source="customer_search rows"),
    # -- RFM -------------------------------------------------------------------------
    Fact(name="rfm_recency", label="RFM recency", kind="number", area="rfm", unit="1 to 5", source="last_order against the stored limits", missing="no qualifying order, or no limits yet"),
    Fact(name="rfm_frequency", label="RFM frequency", kind="number", area="rfm", unit="1 to 5", source="orders against the stored limits", missing="no qualifying order, or no limits yet"),
    Fact(name="rfm_monetary", label="RFM monetary", kind="number", area="rfm", unit="1 to 5", source="total_spent against the stored limits", missing="no qualifying order, or no limits yet"),
    Fact(name="rfm_group", label="RFM group", kind="choice", area="rfm", source="the three scores", values=RFM_GROUPS, missing="a score is missing"),
    Fact(name="top_percent", label="top percent by spending", kind="number", area="rfm", unit="percent", source="the smallest stored limit 1 to 100 that total_spent reaches", missing="no qualifying order, or no limits yet"),
)  # fmt: skip

#: Those that only a loyalty program gives.
PROGRAM_FACTS = frozenset(
    {
        "tier",
        "tier_since",
        "tier_review",
        "next_tier",
        "to_next_tier",
        "tier_progress",
        "points_worth",
        "points_pending",
        "points_expiring",
        "points_expire",
        "member_since",
        "card",
    }
)


class Catalogue:
    """
    The facts there are: the built-in ones and a store's custom fields.

    Args:
        custom: Facts made from the store's custom fields; names begin with ``custom_``.
    """

    def __init__(self, custom: Iterable[Fact] = ()) -> None:
        self._facts = {fact.name: fact for fact in (*FACTS, *custom)}

    def __iter__(self) -> Iterator[Fact]:
        return iter(self._facts.values())

    def __contains__(self, name: str) -> bool:
        return name in self._facts

    def get(self, name: str) -> Fact | None:
        """The fact of that *name*, or None."""
        return self._facts.get(name)
