"""What a person should look at: kept with how often, until it is mended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, select, update
from sqlalchemy.dialects.mysql import insert

from sidecar.model import Moment
from sidecar.shop.own_tables import OwnTables

#: As long as the columns; a longer subject still names one thing, by its beginning.
_SUBJECT = 191
_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """
    Attributes:
        kind: What is the matter, e.g. ``ladder.group_gone``.
        subject: With what, e.g. a rule's name; empty where there is only one.
        message: For a person: what, and the way out; without personal data.
        first_at: UTC epoch seconds.
        last_at: The same.
        times: How often it was found since it was last mended.
    """

    kind: str
    subject: str
    message: str
    first_at: int
    last_at: int
    times: int


def raise_finding(
    tx: Connection,
    own: OwnTables,
    kind: str,
    subject: str,
    message: str,
    moment: Moment,
    *,
    again: bool = True,
) -> None:
    """
    Note that *kind* is so with *subject*, or count one more time; anew after it was mended.

    Args:
        again: It happened; without it it is so, and counts once however often it is looked at.
    """
    table = own.finding
    statement = insert(table).values(
        kind=kind,
        subject=subject[:_SUBJECT],
        message=message[:_MESSAGE],
        first_at=moment.epoch_s,
        last_at=moment.epoch_s,
        times=1,
    )
    new, mended = statement.inserted, table.c.mended_at.is_not(None)
    tx.execute(
        # In this order: MySQL assigns from left to right, and `mended_at` is asked by the others.
        statement.on_duplicate_key_update(
            [
                ("first_at", case((mended, new.first_at), else_=table.c.first_at)),
                ("times", case((mended, 1), else_=table.c.times + int(again))),
                ("message", new.message),
                ("last_at", new.last_at),
                ("mended_at", None),
            ]
        )
    )


def mend(tx: Connection, own: OwnTables, kind: str, subject: str | None, moment: Moment) -> None:
    """Note that *kind* is no longer so with *subject*; None: with none."""
    table = own.finding
    statement = (
        update(table)
        .where(table.c.kind == kind, table.c.mended_at.is_(None))
        .values(mended_at=moment.epoch_s)
    )
    if subject is not None:
        statement = statement.where(table.c.subject == subject[:_SUBJECT])
    tx.execute(statement)


def open_findings(tx: Connection, own: OwnTables, limit: int) -> Sequence[Finding]:
    """What is not mended, the newest *limit*, the last found first."""
    table = own.finding
    columns = (
        table.c.kind,
        table.c.subject,
        table.c.message,
        table.c.first_at,
        table.c.last_at,
        table.c.times,
    )
    query = (
        select(*columns)
        .where(table.c.mended_at.is_(None))
        .order_by(table.c.last_at.desc(), table.c.finding_id.desc())
        .limit(limit)
    )
    return [Finding(*row) for row in tx.execute(query)]
