"""From changed rows to customers: what a row refers to, looked up in sets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, func, literal, select, union_all

from sidecar.shop.shop import Shop
from sidecar.sync.sources.watched import (
    GUEST,
    Lead,
    TextLead,
    comparable_email,
    email_checksum,
    owner,
)

#: References found in changed rows, by what they are.
References = dict[Lead, set[int]]

_T = TypeVar("_T")

#: Ids in one statement.
_CHUNK = 1_000

#: What e-mails lead to, and what is added to their checksums.
_OF_TEXTS: tuple[tuple[TextLead, Lead, int], ...] = (
    ("email", "email", 0),
    ("guest", "customer", GUEST),
)

#: Customers whose e-mail is compared in one statement: without an index they are all
#: read, and on MyISAM the store waits meanwhile.
_EMAILS_A_READ = 10_000

#: More buyers than this are a whole pass, which costs less than naming them.
MOST_BUYERS = 50_000


def checksums(
    tx: Connection,
    references: Mapping[Lead, Collection[int]],
    texts: Mapping[TextLead, Collection[str]],
) -> References:
    """
    *references* and those of e-mails, by checksums that only the server computes alike.

    Args:
        texts: ``email``: all accounts of these are meant; ``guest``: the oldest one of each.
    """
    found: References = {lead: set(numbers) for lead, numbers in references.items()}
    for name, lead, base in _OF_TEXTS:
        for part in _some(sorted(texts.get(name, ()))):
            query = union_all(*(select(email_checksum(literal(text))) for text in part))
            found.setdefault(lead, set()).update(base + int(crc) for crc in tx.scalars(query))
    return found


@dataclass(frozen=True, slots=True)
class Found:
    """The customers that references lead to; *everyone* where all of them may be meant."""

    ids: frozenset[int]
    everyone: bool


def follow(tx: Connection, shop: Shop, references: Mapping[Lead, Collection[int]]) -> Found:
    """The customers that *references* lead to now."""
    tables = shop.tables
    owners = set(references.get("customer", ()))
    for part in _parts(references.get("return", ())):
        returned = tables.return_
        query = select(returned.c.customer_id).where(returned.c.return_id.in_(part))
        owners.update(tx.scalars(query.distinct()))
    for part in _parts(references.get("order", ())):
        owned = select(owner(shop)).where(tables.order.c.order_id.in_(part))
        owners.update(tx.scalars(owned.distinct()))
    everyone = bool(references.get("everyone"))
    buyers: set[int] = set()
    purchase = shop.own.purchase
    for part in _parts(references.get("product", ())):
        bought = select(purchase.c.customer_id).where(purchase.c.product_id.in_(part)).distinct()
        buyers.update(tx.scalars(bought.limit(MOST_BUYERS + 1)))
        if len(buyers) > MOST_BUYERS:
            buyers.clear()
            everyone = True
            break
    ids = {number for number in owners if number and 0 < number < GUEST}
    guests = {number - GUEST for number in owners if number and number > GUEST}
    logins = {number for number in references.get("email", ()) if number}
    ids |= buyers | _of_emails(tx, shop, guests, logins)
    return Found(frozenset(ids), everyone)


def _of_emails(tx: Connection, shop: Shop, guests: set[int], logins: set[int]) -> set[int]:
    """Every account with an e-mail of *logins*, and the oldest one of each of *guests*."""
    if not guests and not logins:
        return set()
    customer = shop.tables.customer
    checksum = email_checksum(customer.c.email)
    wanted = sorted(guests | logins)
    found: set[int] = set()
    oldest: dict[str, int] = {}
    for first, last in _spans(tx, shop):
        query = (
            select(
                customer.c.customer_id,
                checksum.label("crc"),
                comparable_email(customer.c.email).label("email"),
            )
            .where(customer.c.customer_id.between(first, last), checksum.in_(wanted))
            .order_by(customer.c.customer_id)
        )
        for row in tx.execute(query):
            if row.crc in logins:
                found.add(row.customer_id)
            if row.crc in guests:
                oldest.setdefault(row.email, row.customer_id)
    return found | set(oldest.values())


def _spans(tx: Connection, shop: Shop) -> Iterator[tuple[int, int]]:
    """Ranges of ids that hold `_EMAILS_A_READ` customers each."""
    column = shop.tables.customer.c.customer_id
    first = 1
    while True:
        part = select(column).where(column >= first).order_by(column).limit(_EMAILS_A_READ)
        last = tx.scalar(select(func.max(part.subquery().c.customer_id)))
        if last is None:
            return
        yield first, int(last)
        first = int(last) + 1


def _parts(numbers: Iterable[int]) -> Iterator[list[int]]:
    return _some(sorted(number for number in numbers if number > 0))


def _some(values: list[_T]) -> Iterator[list[_T]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
