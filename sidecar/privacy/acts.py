"""Who did what about requests and the rights of persons: rows that are never changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from sidecar.model import Moment
from sidecar.shop.own_tables import OwnTables

#: As long as the columns.
ACTOR, REASON = 64, 255

#: The sidecar itself.
OURSELVES = "sidecar"

#: Somebody in OpenCart's own page for requests, which does not say who.
STORE = "store"


def note(
    tx: Connection,
    own: OwnTables,
    act: str,
    actor: str,
    moment: Moment,
    *,
    request_id: int = 0,
    reason: str | None = None,
) -> None:
    """Note that *actor* did *act*; *request_id* 0: of no request."""
    tx.execute(
        insert(own.privacy.privacy_act).values(
            request_id=request_id,
            at=moment.epoch_s,
            actor=actor[:ACTOR],
            act=act,
            reason=None if reason is None else reason[:REASON],
        )
    )


def of_request(tx: Connection, own: OwnTables, request_id: int) -> Sequence[Row[Any]]:
    """What was done about a request, in that order: ``at``, ``actor``, ``act``, ``reason``."""
    table = own.privacy.privacy_act
    columns = [table.c[name] for name in ("at", "actor", "act", "reason")]
    query = select(*columns).where(table.c.request_id == request_id).order_by(table.c.act_id)
    return tx.execute(query).all()
