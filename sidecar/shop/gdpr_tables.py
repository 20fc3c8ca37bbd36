"""OpenCart's own requests for one's data, and the job that carries them out; from 4.0 on."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, TableClause, column, select, table, update

from sidecar.shop.text import unescape

#: States of a request. Denied, or: a code was sent, it was entered, an admin approved, done.
DENIED, UNVERIFIED, PENDING, PROCESSING, COMPLETE = -1, 0, 1, 2, 3

#: Actions.
EXPORT, REMOVE = "export", "remove"

#: The job's row; nothing else of the store has this code.
JOB: Final = "gdpr"


@dataclass(frozen=True, slots=True)
class NativeRequest:
    """
    Attributes:
        native_id: ``gdpr_id``.
        email: Unescaped.
        action: `EXPORT` or `REMOVE`, or what an extension wrote.
        received_at: UTC epoch seconds; None: the store has no possible date.
    """

    native_id: int
    email: str
    action: str
    received_at: int | None


def has_requests(tx: Connection, prefix: str) -> bool:
    """Whether this OpenCart takes requests, and has the job for them."""
    names = (f"{prefix}gdpr", f"{prefix}cron")
    return all(tx.dialect.has_table(tx, name) for name in names)


def statuses(tx: Connection, prefix: str, native_id: int | None = None) -> dict[int, int]:
    """The state of every request, or of *native_id*, by ``gdpr_id``; a few thousand at most."""
    gdpr = _gdpr(prefix)
    query = select(gdpr.c.gdpr_id, gdpr.c.status)
    if native_id is not None:
        query = query.where(gdpr.c.gdpr_id == native_id)
    return {int(row.gdpr_id): int(row.status or 0) for row in tx.execute(query)}


def read(
    tx: Connection, prefix: str, native_ids: Collection[int], zone: ZoneInfo
) -> list[NativeRequest]:
    """The requests *native_ids*, ascending; *zone*: of the store's dates."""
    gdpr = _gdpr(prefix)
    columns = (gdpr.c.gdpr_id, gdpr.c.email, gdpr.c.action, gdpr.c.date_added)
    query = select(*columns).where(gdpr.c.gdpr_id.in_(sorted(native_ids)))
    return [
        NativeRequest(
            int(row.gdpr_id), unescape(row.email or "").strip(), row.action or "",
            _instant(row.date_added, zone),
        )
        for row in tx.execute(query.order_by(gdpr.c.gdpr_id))
    ]  # fmt: skip


def set_status(tx: Connection, prefix: str, native_id: int, before: int, after: int) -> bool:
    """Bring a request from one state into another; False: it is in a third by now, or gone."""
    gdpr = _gdpr(prefix)
    row = update(gdpr).where(gdpr.c.gdpr_id == native_id, gdpr.c.status == before)
    return tx.execute(row.values(status=after)).rowcount > 0


def jobs(tx: Connection, prefix: str) -> Mapping[int, bool]:
    """The job's rows by ``cron_id``, and whether each is on; one, unless somebody added more."""
    cron = _cron(prefix)
    rows = tx.execute(select(cron.c.cron_id, cron.c.status).where(cron.c.code == JOB))
    return {int(row.cron_id): bool(row.status) for row in rows}


def switch_job(tx: Connection, prefix: str, cron_id: int, *, on: bool) -> bool:
    """Switch the job *on* or off; False: it is already, or gone."""
    cron = _cron(prefix)
    here = cron.c.cron_id == cron_id, cron.c.code == JOB, cron.c.status == int(not on)
    return tx.execute(update(cron).where(*here).values(status=int(on))).rowcount > 0


def _gdpr(prefix: str) -> TableClause:
    names = ("gdpr_id", "store_id", "email", "action", "status", "date_added")
    return table(f"{prefix}gdpr", *map(column, names))


def _cron(prefix: str) -> TableClause:
    return table(f"{prefix}cron", column("cron_id"), column("code"), column("status"))


def _instant(wall: object, zone: ZoneInfo) -> int | None:
    if not isinstance(wall, datetime.datetime):
        return None  # a zero date
    return int(wall.replace(tzinfo=zone).timestamp())
