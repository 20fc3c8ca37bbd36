"""
Selections: the customers that an expression chose, as rows, for lists and commands to use.

A selection has the number of the command that made it, and is kept for an hour: who matches
changes all the time, and nobody should act on what was true yesterday.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import polars as pl
from sqlalchemy import Connection, Engine, delete, select

from sidecar.errors import UsageError
from sidecar.model import Moment
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync.matching import Matcher
from sidecar.sync.ranges import Progress, customers_in, customers_in_store
from sidecar.sync.values import insert

#: How long a selection can be used after it was made.
KEPT_S = 3600

#: The command that makes one.
COMMAND = "customers.select"

#: Rows in one transaction.
_BATCH = 5_000


def make(
    shop: Shop, selection_id: int, matcher: Matcher, moment: Moment, progress: Progress
) -> int:
    """
    Keep who matches as the selection *selection_id*; returns how many.

    Each range can be seen as soon as it was looked at. What is there of an attempt that a crash
    ended goes first.
    """
    forget(shop.engine, shop.own, selection_id)
    everybody = customers_in_store(shop)
    found = looked = 0
    for scope, ids in matcher.ids(moment):
        for part in _parts(ids):
            rows = pl.DataFrame({"customer_id": part}, {"customer_id": pl.Int64})
            with transaction(shop.engine) as tx:
                numbered = rows.select(pl.lit(selection_id).alias("selection_id"), "customer_id")
                insert(tx, shop.own.selection, numbered)
        found += len(ids)
        looked = min(everybody, looked + customers_in(shop, scope))
        progress(looked, everybody)
    return found


def read(shop: Shop, selection_id: int, moment: Moment) -> list[int]:
    """
    The customers of a selection that the store still has, ascending.

    Raises:
        UsageError: There is no such selection, it ran out, or there is nobody in it.
    """
    own, customer = shop.own, shop.tables.customer.c.customer_id
    with transaction(shop.engine) as tx:
        made = tx.execute(
            select(own.command.c.state, own.command.c.finished_at).where(
                own.command.c.command_id == selection_id, own.command.c.name == COMMAND
            )
        ).one_or_none()
        if made is None:
            raise UsageError(f"there is no selection {selection_id} (make one: {COMMAND})")
        if made.state != "done":
            raise UsageError(f"selection {selection_id} is not complete (see its command)")
        if made.finished_at + KEPT_S <= moment.epoch_s:
            raise UsageError(
                f"selection {selection_id} ran out: it is kept for an hour (make it anew)"
            )
        chosen = tx.scalars(
            select(own.selection.c.customer_id)
            .where(own.selection.c.selection_id == selection_id)
            .order_by(own.selection.c.customer_id)
        ).all()
        there = [
            customer_id
            for part in _parts(chosen)
            for customer_id in tx.scalars(
                select(customer).where(customer.in_(part)).order_by(customer)
            )
        ]
    if not there:
        raise UsageError(f"selection {selection_id} names nobody")
    return there


def forget(
    engine: Engine, own: OwnTables, selection_id: int, stop: Callable[[], bool] = lambda: False
) -> int:
    """Delete the rows of a selection, a batch in a transaction, until *stop*; returns how many."""
    selection = own.selection
    total = 0
    while not stop():
        with transaction(engine) as tx:
            ids = tx.scalars(
                select(selection.c.customer_id)
                .where(selection.c.selection_id == selection_id)
                .order_by(selection.c.customer_id)
                .limit(_BATCH)
            ).all()
            if ids:
                total += tx.execute(
                    delete(selection).where(
                        selection.c.selection_id == selection_id, selection.c.customer_id.in_(ids)
                    )
                ).rowcount
        if len(ids) < _BATCH:
            break
    return total


def over(tx: Connection, own: OwnTables, moment: Moment) -> list[int]:
    """The selections that cannot be used any more."""
    there = tx.scalars(select(own.selection.c.selection_id).distinct()).all()
    command = own.command
    usable = set(
        tx.scalars(
            select(command.c.command_id).where(
                command.c.command_id.in_(there),
                command.c.state.in_(("new", "running"))
                | ((command.c.state == "done") & (command.c.finished_at > moment.epoch_s - KEPT_S)),
            )
        )
    )
    return [selection_id for selection_id in there if selection_id not in usable]


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH))
