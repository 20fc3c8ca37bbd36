"""Who asks: an account, or a guest by e-mail; and the keyed hash by which they are known again."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from sidecar.config.key import Key
from sidecar.errors import ConfigError, UsageError
from sidecar.rules.privacy.addresses import email_key
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.shop.text import unescape
from sidecar.sync import finding
from sidecar.sync.reading import wall_seconds

#: As long as the store's column, and ours.
LONGEST_EMAIL = 96


@dataclass(frozen=True, slots=True)
class Person:
    """
    Attributes:
        customer_id: The store's id; 0: a guest.
        email: The account's address, or the guest's as given; unescaped.
        store_id: Of the account; 0: the default store, or a guest.
        hashes: Of them, by every key of the installation, the newest first.
    """

    customer_id: int
    email: str
    store_id: int
    hashes: tuple[str, ...]

    @property
    def digest(self) -> str:
        """The hash by the newest key, under which they are written down."""
        return self.hashes[0]


def require_key(shop: Shop) -> Key:
    """
    The installation's key.

    Raises:
        ConfigError: None was made.
    """
    if shop.key is None:
        raise ConfigError("privacy.key_file", "there is no key yet", "run `sidecar key create`")
    return shop.key


def account_hashes(key: Key, customer_id: int, made: int | None) -> tuple[str, ...]:
    """
    The hashes of an account, by every key, the newest first.

    Args:
        made: ``date_added`` in wall seconds as of `sidecar.sync.reading.wall_seconds`; with it
            an id that is given again to another account is not the same person.
    """
    return key.digests("person.customer", str(customer_id), "" if made is None else str(made))


def guest_hashes(key: Key, address: str) -> tuple[str, ...]:
    """The same of whoever has the e-mail *address*."""
    return key.digests("person.email", email_key(address))


def account(tx: Connection, shop: Shop, customer_id: int) -> Person:
    """
    The account with that id.

    Raises:
        UsageError: There is none.
        ConfigError: There is no key.
    """
    key, customer = require_key(shop), shop.tables.customer.c
    row = tx.execute(
        select(
            customer.email, customer.store_id, wall_seconds(customer.date_added).label("made")
        ).where(customer.customer_id == customer_id)
    ).one_or_none()
    if row is None:
        raise UsageError(f"no customer has the id {customer_id}")
    hashes = account_hashes(key, customer_id, None if row.made is None else int(row.made))
    return Person(customer_id, unescape(row.email or ""), int(row.store_id or 0), hashes)


def guest(tx: Connection, shop: Shop, address: str) -> Person:
    """
    Whoever ordered with the e-mail *address* without an account.

    Raises:
        UsageError: It is no address, or accounts have it (listed).
        ConfigError: There is no key.
    """
    key, email = require_key(shop), address.strip()
    if not 0 < len(email) <= LONGEST_EMAIL or "@" not in email:
        raise UsageError(f"a guest is named by an e-mail address of up to {LONGEST_EMAIL} letters")
    if ids := accounts_with(tx, shop, email):
        listed = ", ".join(map(str, ids))
        raise UsageError(
            f"that is the address of an account, not of a guest: name the customer ({listed})"
        )
    return Person(0, email, 0, guest_hashes(key, email))


def named(shop: Shop, text: str) -> Person:
    """
    The customer with an id or e-mail, or else the guest with that address.

    Raises:
        UsageError: There is no such customer, or several.
        ConfigError: There is no key.
    """
    require_key(shop)
    ids, problems = finding.find_customers(shop, [text])
    with transaction(shop.engine) as tx:
        if text in ids:
            return account(tx, shop, ids[text])
        if "@" in text and not accounts_with(tx, shop, text):
            return guest(tx, shop, text)
    raise UsageError(problems[text])


def accounts_with(tx: Connection, shop: Shop, address: str) -> list[int]:
    """The ids of the accounts with the e-mail *address*, ascending."""
    return finding.accounts_with(tx, shop, [address, email_key(address)]) if address else []
