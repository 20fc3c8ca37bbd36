"""Legal holds: people whose data must not be erased for now, as while a lawsuit goes on."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, delete, or_, select, update
from sqlalchemy.dialects.mysql import insert

from sidecar.errors import NotNowError, UsageError
from sidecar.model import Moment
from sidecar.privacy import acts
from sidecar.shop.own_tables import OwnTables

#: Of an act: whose hold it was.
_WHOSE = re.compile(r"customer ([0-9]+): ")


def put(
    tx: Connection,
    own: OwnTables,
    customer_id: int,
    actor: str,
    reason: str,
    until: int | None,
    moment: Moment,
) -> None:
    """
    Keep the data of *customer_id* from being erased; a hold that stands is replaced.

    Args:
        until: UTC epoch seconds; None: until it is lifted.
    """
    values: dict[str, Any] = {
        "since": moment.epoch_s,
        "until": until,
        "actor": actor[: acts.ACTOR],
        "reason": reason[: acts.REASON],
    }
    table = own.privacy.legal_hold
    statement = insert(table).values(customer_id=customer_id, **values)
    tx.execute(statement.on_duplicate_key_update(**values))
    acts.note(tx, own, "hold", actor, moment, reason=f"customer {customer_id}: {reason}")


def lift(
    tx: Connection, own: OwnTables, customer_id: int, actor: str, reason: str, moment: Moment
) -> None:
    """
    End the hold on *customer_id*.

    Raises:
        UsageError: There is none.
    """
    table = own.privacy.legal_hold
    if not tx.execute(delete(table).where(table.c.customer_id == customer_id)).rowcount:
        raise UsageError(f"there is no legal hold on customer {customer_id}")
    acts.note(tx, own, "unhold", actor, moment, reason=f"customer {customer_id}: {reason}")


def forget(tx: Connection, own: OwnTables, customer_ids: Collection[int]) -> None:
    """Of holds that were put on *customer_ids* and lifted, only that and when stays."""
    table, those = own.privacy.privacy_act, frozenset(customer_ids)
    query = select(table.c.act_id, table.c.reason).where(
        table.c.request_id == 0, table.c.act.in_(("hold", "unhold"))
    )
    theirs = [
        row.act_id
        for row in tx.execute(query)
        if (match := _WHOSE.match(row.reason or "")) and int(match[1]) in those
    ]
    if theirs:
        tx.execute(update(table).where(table.c.act_id.in_(theirs)).values(reason=None))


def read(tx: Connection, own: OwnTables, customer_id: int, moment: Moment) -> Row[Any] | None:
    """The hold on *customer_id*: since, until, actor, reason; None: there is none now."""
    table = own.privacy.legal_hold
    return tx.execute(
        select(table).where(table.c.customer_id == customer_id, _stands(own, moment))
    ).one_or_none()


def held(
    tx: Connection, own: OwnTables, customer_ids: Collection[int], moment: Moment
) -> frozenset[int]:
    """Those of *customer_ids*, at most some thousands, whose data must not be erased now."""
    column = own.privacy.legal_hold.c.customer_id
    query = select(column).where(column.in_(sorted(customer_ids)), _stands(own, moment))
    return frozenset(tx.scalars(query)) if customer_ids else frozenset()


def require_none(tx: Connection, own: OwnTables, customer_id: int, moment: Moment) -> None:
    """
    Refuse to erase the data of *customer_id* while a hold stands.

    Raises:
        NotNowError: One stands; with who entered it and the way out.
    """
    hold = read(tx, own, customer_id, moment) if customer_id else None
    if hold is None:
        return
    until = "" if hold.until is None else f" until {last_day(hold.until, moment.zone)}"
    raise NotNowError(
        f"a legal hold keeps the data of customer {customer_id}{until}: {hold.reason}"
        f" ({hold.actor}; `sidecar gdpr unhold {customer_id}` lifts it)"
    )


def last_day(until: int, zone: ZoneInfo) -> datetime.date:
    """The last day, in *zone*, of a hold that ends at *until*."""
    return datetime.datetime.fromtimestamp(until - 1, zone).date()


def _stands(own: OwnTables, moment: Moment) -> Any:
    until = own.privacy.legal_hold.c.until
    return or_(until.is_(None), until > moment.epoch_s)
