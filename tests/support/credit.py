"""A small store that keeps store credit: what people issue, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sidecar import clock
from sidecar.shop.database import transaction
from sidecar.sync.commands import queue
from sidecar.sync.commands.dispatcher import Dispatcher
from sidecar.sync.commands.queue import Asked
from sidecar.sync.loyalty import issuing
from sidecar.sync.loyalty.issuing import Issue
from support.ledger_audit import hold
from support.small_store import SmallStore

PROGRAM = '[loyalty]\nstart = "2026-01-01"\n\n[credit]\n'

#: Ten-thousandths of a currency unit.
UNIT = 10_000


def program(store: SmallStore, text: str = "", **tags: str) -> None:
    """``[credit]`` with *text*, and tags."""
    store.named_rules(tags, PROGRAM + text)


def issue(
    store: SmallStore, customer: int, amount: int, kind: Any = "goodwill", **more: Any
) -> int:
    """Issue *amount* units to *customer*; its number."""
    found: list[int] = []
    wanted = Issue(kind=kind, amount=amount * UNIT, actor="cli:eve", reason="sorry", **more)
    book = store.book()
    issuing.issue(
        store.sidecar.shop,
        book,
        customer,
        wanted,
        store.moment,
        lambda _, row, __: found.append(row.issue_id),
    )
    return found[0]


def row(store: SmallStore, customer: int, amount: str, order_id: int = 0) -> int:
    """The store, or a person there, wrote a row; its number."""
    named = {"description": "Somebody"}
    return store.given.insert(
        "customer_transaction", named, customer_id=customer, order_id=order_id, amount=amount
    )


def remove(store: SmallStore, number: int) -> None:
    """Somebody deleted a row of the store."""
    table = f"{store.given.prefix}customer_transaction"
    store.given.execute(f"DELETE FROM `{table}` WHERE customer_transaction_id = {number}")


def rows(store: SmallStore, customer: int) -> list[tuple[int, str]]:
    """The store's own rows: the order and the amount."""
    table = f"{store.given.prefix}customer_transaction"
    query = f"SELECT * FROM `{table}` WHERE customer_id = %s ORDER BY customer_transaction_id"
    return [(row["order_id"], str(row["amount"])) for row in store.rows(query, customer)]


def look(store: SmallStore, *customers: int) -> None:
    """Something rang for *customers*; afterwards everything is as it must be."""
    store.process(*customers)
    hold(store)


def available(store: SmallStore, customer: int) -> int:
    """What can be spent, in ten-thousandths."""
    query = "SELECT available FROM {own}account WHERE unit = 'credit' AND customer_id = %s"
    found = store.rows(query, customer)
    return int(found[0]["available"]) if found else 0


def buckets(store: SmallStore, customer: int) -> list[int]:
    """What is left in each lot, whole units, in the order in which they were filled."""
    query = (
        "SELECT remaining FROM {own}lot WHERE unit = 'credit' AND customer_id = %s"
        " AND cause_id IS NOT NULL ORDER BY lot_id"
    )
    return [int(row["remaining"]) // UNIT for row in store.rows(query, customer)]


def asked(store: SmallStore, name: str, /, actor: str = "admin:eve", **parameters: object) -> Asked:
    """Have a command carried out."""
    own, engine = store.sidecar.shop.own, store.sidecar.engine
    with transaction(engine) as tx:
        number = queue.ask(tx, own, name, parameters, actor, clock.now())
    return Dispatcher(engine, own, store.sidecar.handlers()).dispatch(number)


def answered(store: SmallStore, name: str, /, **parameters: Any) -> Mapping[str, Any]:
    """As `asked`, and what it answers."""
    done = asked(store, name, **parameters)
    assert done.error is None, done.error
    assert isinstance(done.answer, Mapping)
    return done.answer
