"""Whose consents these are: an account, or a guest by e-mail; and how they are known again."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from sidecar.errors import UsageError
from sidecar.rules.privacy.addresses import email_key
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.shop.text import unescape
from sidecar.sync import finding
from sidecar.sync.consents.chain import require_key


@dataclass(frozen=True, slots=True)
class Who:
    """
    Whose consents these are.

    Attributes:
        customer_id: The store's id; 0: a guest.
        subjects: Keyed hashes of the e-mail address, by every key, the newest first.
        email: Unescaped.
        telephone: Unescaped; empty: none.
        store_id: Of the account; 0: the default store, or a guest.
        other: Their address on the channels that are neither; empty: not known.
    """

    customer_id: int
    subjects: tuple[str, ...]
    email: str
    telephone: str = ""
    store_id: int = 0
    other: str = ""

    def address(self, channel: str) -> str:
        """Where they are reached on *channel*; empty: not known."""
        if channel == "email":
            return self.email
        return self.telephone if channel in ("sms", "telephone") else self.other


def account(tx: Connection, shop: Shop, customer_id: int) -> Who:
    """
    The account with that id.

    Raises:
        UsageError: There is none.
        ConfigError: There is no key.
    """
    customer = shop.tables.customer.c
    query = select(customer.email, customer.telephone, customer.store_id)
    row = tx.execute(query.where(customer.customer_id == customer_id)).one_or_none()
    if row is None:
        raise UsageError(f"no customer has the id {customer_id}")
    email, telephone = (unescape(str(text or "")).strip() for text in row[:2])
    return Who(customer_id, subjects_of(shop, email), email, telephone, int(row.store_id or 0))


def guest(shop: Shop, address: str) -> Who:
    """Whoever has the e-mail *address*."""
    return Who(0, subjects_of(shop, address), address.strip())


def subjects_of(shop: Shop, email: str) -> tuple[str, ...]:
    """The keyed hashes of whoever has the address *email*, by every key; none of an empty one."""
    comparable = email_key(email)
    return require_key(shop).digests("person.email", comparable) if comparable else ()


def whose(shop: Shop, text: str) -> Who:
    """
    The account that *text*, an id or an e-mail address, names; else the guest of the address.

    Raises:
        UsageError: There is no such id, it is no address, or several accounts have it (listed).
        ConfigError: There is no key.
    """
    require_key(shop)
    with transaction(shop.engine) as tx:
        ids = accounts_of(tx, shop, text) if "@" in text else []
    if len(ids) != 1 and "@" in text.strip(" @") and not ids:
        return guest(shop, text)
    customer_id = ids[0] if len(ids) == 1 else finding.require_customers(shop, [text])[text]
    with transaction(shop.engine) as tx:
        return account(tx, shop, customer_id)


def reached_at(shop: Shop, channel: str, address: str) -> list[Who]:
    """
    Who is reached at *address*: by e-mail all its accounts and its guest; else nobody we know.

    There is always one who has the address, so that it can be put on the list.
    """
    if channel != "email":
        return [Who(0, (), "", telephone=address, other=address)]
    with transaction(shop.engine) as tx:
        people = [account(tx, shop, found) for found in accounts_of(tx, shop, address)]
    return [*people, guest(shop, address)]


def accounts_of(tx: Connection, shop: Shop, email: str) -> list[int]:
    """The ids of the accounts with the address *email*, ascending."""
    return finding.accounts_with(tx, shop, [email, email_key(email)])
