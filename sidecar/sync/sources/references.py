"""From changed rows to customers: what a row refers to, looked up in sets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, literal, select, union_all

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
    """
    The customers that references lead to.

    Attributes:
        ids: All of them.
        buyers: Those of *ids* whose order lines changed.
        everyone: All customers may be meant.
    """

    ids: frozenset[int]
    buyers: frozenset[int] = frozenset()
    everyone: bool = False


def follow(tx: Connection, shop: Shop, references: Mapping[Lead, Collection[int]]) -> Found:
    """The customers that *references* lead to now."""
    tables = shop.tables
    owners = set(references.get("customer", ()))
    for part in _parts(references.get("return", ())):
        returned = tables.return_
        query = select(returned.c.customer_id).where(returned.c.return_id.in_(part))
        owners.update(tx.scalars(query.distinct()))
    owners |= _owners(tx, shop, references.get("order", ()))
    of_lines = _owners(tx, shop, references.get("lines", ()))
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
    logins = {number for number in references.get("email", ()) if number}
    oldest, named = _of_emails(tx, shop, _guests(owners | of_lines), logins)

    def accounts(some: set[int]) -> set[int]:
        own = {number for number in some if number and 0 < number < GUEST}
        return own.union(*(oldest.get(crc, ()) for crc in _guests(some)))

    of_lines = accounts(of_lines)
    ids = accounts(owners) | of_lines | buyers | named
    return Found(frozenset(ids), frozenset(of_lines), everyone)


def _owners(tx: Connection, shop: Shop, orders: Collection[int]) -> set[int]:
    """The owners of *orders*, as `owner` has them."""
    order = shop.tables.order
    found: set[int] = set()
    for part in _parts(orders):
        found.update(tx.scalars(select(owner(shop)).where(order.c.order_id.in_(part)).distinct()))
    return found


def _guests(owners: set[int]) -> set[int]:
    """The checksums of guests' e-mails among *owners*."""
    return {number - GUEST for number in owners if number and number > GUEST}


def _of_emails(
    tx: Connection, shop: Shop, guests: set[int], logins: set[int]
) -> tuple[dict[int, set[int]], set[int]]:
    """The oldest accounts of *guests* by their checksum, and every account of *logins*."""
    if not guests and not logins:
        return {}, set()
    customer = shop.tables.customer
    checksum = email_checksum(customer.c.email)
    wanted = sorted(guests | logins)
    found: set[int] = set()
    seen: set[str] = set()
    oldest: dict[int, set[int]] = {}
    query = (
        select(
            customer.c.customer_id,
            checksum.label("crc"),
            comparable_email(customer.c.email).label("email"),
        )
        .where(checksum.in_(wanted))
        .order_by(customer.c.customer_id)
    )
    for rows in shop.key_blocks.each(
        tx, query, customer.c.customer_id, None, lambda part: tx.execute(part).all()
    ):
        for row in rows:
            if row.crc in logins:
                found.add(row.customer_id)
            if row.crc in guests and row.email not in seen:
                seen.add(row.email)  # others may share the checksum, not the e-mail
                oldest.setdefault(row.crc, set()).add(row.customer_id)
    return oldest, found


def _parts(numbers: Iterable[int]) -> Iterator[list[int]]:
    return _some(sorted(number for number in numbers if number > 0))


def _some(values: list[_T]) -> Iterator[list[_T]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
