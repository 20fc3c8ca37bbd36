"""Whom an erasure is of: accounts, guests by e-mail, and whom a request means."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from sidecar.privacy.erasure_rows import Person
from sidecar.privacy.means import Means
from sidecar.privacy.person import account_hashes, guest_hashes, require_key
from sidecar.privacy.requests import Request
from sidecar.privacy.short_reads import in_parts
from sidecar.privacy.subject import Subject, as_stored
from sidecar.shop.database import transaction
from sidecar.shop.text import escape, unescape
from sidecar.sync.reading import wall_seconds


def accounts(means: Means, ids: Collection[int]) -> list[Person]:
    """The accounts *ids*, those that are there, ascending."""
    key, customer = require_key(means.shop), means.shop.tables.customer.c
    columns = (customer.customer_id, customer.email, wall_seconds(customer.date_added))
    found: list[Person] = []
    wanted = sorted(ids)
    for part in in_parts(wanted):
        query = select(*columns).where(customer.customer_id.in_(part))
        with transaction(means.shop.engine) as tx:
            rows = tx.execute(query.order_by(customer.customer_id)).all()
        for customer_id, email, made in rows:
            hashes = account_hashes(key, customer_id, None if made is None else int(made))
            address = unescape(email or "")
            hashed = guest_hashes(key, address)[0] if address.strip() else None
            found.append(Person(_subject(customer_id, email or ""), hashes[0], hashed))
    return found


def guest(means: Means, address: str) -> Person:
    """Whoever has the e-mail *address* and no account."""
    key = require_key(means.shop)
    emails = frozenset({as_stored(address), as_stored(escape(address))})
    return Person(Subject(0, emails), guest_hashes(key, address)[0])


def _subject(customer_id: int, email: str) -> Subject:
    address = as_stored(email)
    return Subject(customer_id, frozenset({address} if address else ()))


def person_of(means: Means, request: Request) -> Person | None:
    """Whom *request* is of; None: somebody else has the account's number now."""
    if not request.customer_id:
        return guest(means, request.email or "")
    number, key = request.customer_id, require_key(means.shop)
    customer = means.shop.tables.customer.c
    made = select(wall_seconds(customer.date_added)).where(customer.customer_id == number)
    with transaction(means.shop.engine) as tx:
        row = tx.execute(made).one_or_none()
    if row is None:
        # Others deleted the account, which leaves orders and much else.
        return Person(Subject(number), request.person)
    if request.person not in account_hashes(key, number, None if row[0] is None else int(row[0])):
        return None
    return accounts(means, [number])[0]
