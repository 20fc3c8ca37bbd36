"""Exports that were made, as rows: the salt of their password, until when they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from sidecar.errors import UsageError
from sidecar.model import Moment
from sidecar.privacy import acts
from sidecar.privacy.export_archive import remove_archive
from sidecar.privacy.exporting import Made
from sidecar.privacy.means import Means
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import OwnTables

#: Exports that are looked at in one read.
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Export:
    """
    Attributes:
        file: Its name in the folder of exports.
        salt: Of its password.
        size: Bytes.
        sha256: Of the file.
        told_at: When the password was told; None: not yet.
    """

    export_id: int
    request_id: int
    file: str
    salt: str
    size: int
    sha256: str
    told_at: int | None


def write(
    tx: Connection, own: OwnTables, request_id: int, salt: str, made: Made, moment: Moment, end: int
) -> None:
    """Note an export, which answers its request; *end*: when it is deleted."""
    tx.execute(
        insert(own.privacy.export).values(
            request_id=request_id,
            file=made.archive.file.name,
            salt=salt,
            bytes=made.archive.size,
            sha256=made.archive.sha256,
            made_at=moment.epoch_s,
            ends_at=end,
        )
    )


def of_request(tx: Connection, own: OwnTables, request_id: int, *, lock: bool = False) -> Export:
    """
    The export of a request that is there.

    Raises:
        UsageError: None was made, or it was deleted.
    """
    table = own.privacy.export
    query = (
        select(table)
        .where(table.c.request_id == request_id)
        .order_by(table.c.export_id.desc())
        .limit(1)
    )
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise UsageError(
            f"there is no export of request {request_id}"
            f" (`sidecar gdpr export --request {request_id}` makes it)"
        )
    if row.deleted_at is not None:
        raise UsageError(f"the export of request {request_id} was deleted, as its time was over")
    return _export(row)


def tell(
    tx: Connection, own: OwnTables, request_id: int, actor: str, moment: Moment, *, again: bool
) -> Export:
    """
    Note that *actor* is told the password of an export.

    Raises:
        UsageError: There is none, or it was told before and nobody asks to be told *again*.
    """
    found = of_request(tx, own, request_id, lock=True)
    if found.told_at is not None and not again:
        raise UsageError(
            f"the password of request {request_id} was told before"
            " (--again tells it once more, which is noted)"
        )
    table = own.privacy.export
    here = update(table).where(table.c.export_id == found.export_id)
    tx.execute(here.values(told_at=moment.epoch_s))
    act = "password" if found.told_at is None else "password again"
    acts.note(tx, own, act, actor, moment, request_id=request_id)
    return found


def delete_old(means: Means) -> None:
    """
    Delete the exports whose time is over.

    Raises:
        FatalError: A file cannot be deleted.
    """
    own, now = means.shop.own, means.moment.epoch_s
    table = own.privacy.export
    query = (
        select(table)
        .where(table.c.ends_at <= now, table.c.deleted_at.is_(None))
        .order_by(table.c.export_id)
        .limit(_BATCH)
    )
    while not means.stop():
        with transaction(means.shop.engine) as tx:
            found = [_export(row) for row in tx.execute(query)]
        for export in found:
            remove_archive(means.config.privacy.exports, export.file)
            with transaction(means.shop.engine) as tx:
                here = update(table).where(table.c.export_id == export.export_id)
                tx.execute(here.values(deleted_at=now))
        if len(found) < _BATCH:
            return


def _export(row: Row[Any]) -> Export:
    return Export(
        row.export_id, row.request_id, row.file, row.salt, row.bytes, row.sha256, row.told_at
    )
