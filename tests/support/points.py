"""A small store with a loyalty program: orders that earn, and what became of the points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sidecar.errors import UsageError
from sidecar.shop.database import transaction
from sidecar.sync.commands import queue
from sidecar.sync.commands.dispatcher import Dispatcher
from support.given import Line
from support.ledger_audit import hold
from support.small_store import SmallStore

#: Of the store's own statuses: complete, and one that is not.
COMPLETE, PENDING = 5, 1

PROGRAM = '[loyalty]\nstart = "2026-01-01"\n'


def program(store: SmallStore, text: str = "", **tags: str) -> None:
    """``[loyalty]`` with *text*, and tags."""
    store.named_rules(tags, PROGRAM + text)


def order(store: SmallStore, customer: int, total: str = "60", **more: Any) -> int:
    """An order of one unit of a product, which costs *total*."""
    line = Line(product=40, price=total)
    return store.given.order(customer, total, lines=[line], **{"days_ago": 1} | more)


def used(store: SmallStore, customer: int, points: int, order_id: int = 77) -> int:
    """The store's checkout took *points*; the number of its row."""
    row = {"customer_id": customer, "order_id": order_id, "points": -points}
    return store.given.insert("customer_reward", {"description": "Used"}, **row)


def look(store: SmallStore, *customers: int) -> None:
    """Something rang for *customers*; afterwards everything is as it must be."""
    store.process(*customers)
    hold(store)


def account(store: SmallStore, customer: int) -> Mapping[str, Any]:
    """What our table says of *customer*."""
    query = "SELECT * FROM {own}account WHERE unit = 'points' AND customer_id = %s"
    (found,) = store.rows(query, customer)
    return found


def command(store: SmallStore, name: str, /, **parameters: object) -> Any:
    """
    Have a command carried out by an admin; its answer.

    Raises:
        UsageError: It failed.
    """
    own, engine = store.sidecar.shop.own, store.sidecar.engine
    with transaction(engine) as tx:
        number = queue.ask(tx, own, name, parameters, "admin:eve", store.now)
    done = Dispatcher(engine, own, store.sidecar.handlers()).dispatch(number)
    if done.state == "failed":
        raise UsageError(done.error or "")
    return done.answer
