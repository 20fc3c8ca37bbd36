"""
Exports on their way to the admin, which cannot read our disk: parts in a table, for minutes.

What stands there is the archive as it is on the disk, so encrypted; its password is in no row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from io import BufferedReader

from sqlalchemy import Connection, delete, insert, select, update

from sidecar.errors import FatalError
from sidecar.model import Moment
from sidecar.privacy.export_rows import Export
from sidecar.privacy.means import Means
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import OwnTables

#: Bytes; twice as many escaped are still less than any server takes in a statement.
PART = 512 * 1024

#: Seconds for which parts can be fetched, and that are left for it once somebody began.
LIFE_S, FETCHING_S = 600, 300

#: Parts that are deleted in one transaction.
_BATCH = 20


def write(
    means: Means, command_id: int, export: Export, told: Callable[[int, int], None]
) -> tuple[int, int]:
    """
    Write the archive of *export* as parts of the command that asks for it, from the beginning.

    Returns:
        How many parts, and until when they can be fetched, in UTC epoch seconds.

    Raises:
        FatalError: The archive cannot be read, or is another than the one that was made.
        StoppedError: By *told*, which is told how many bytes of how many are written.
    """
    file = means.config.privacy.exports / export.file
    forget(means, command_id)
    try:
        with file.open("rb") as opened:
            _require_whole(opened, export)
            opened.seek(0)
            return _write(means, command_id, opened, export.size, told)
    except OSError as error:
        raise FatalError(
            f"{file}: cannot be read: {error.strerror} (`sidecar gdpr export` makes another)"
        ) from error


def _require_whole(opened: BufferedReader, export: Export) -> None:
    if hashlib.file_digest(opened, "sha256").hexdigest() != export.sha256:
        raise FatalError(
            f"{export.file}: this is not the archive that was made for request"
            f" {export.request_id} (somebody changed it; `sidecar gdpr export` makes another)"
        )


def _write(
    means: Means,
    command_id: int,
    opened: BufferedReader,
    size: int,
    told: Callable[[int, int], None],
) -> tuple[int, int]:
    table, ends_at = means.shop.own.privacy.export_part, means.moment.epoch_s + LIFE_S
    number = 0
    while piece := opened.read(PART):
        with transaction(means.shop.engine) as tx:
            tx.execute(
                insert(table).values(
                    command_id=command_id, part=number, bytes=piece, ends_at=ends_at
                )
            )
        number += 1
        told(min(number * PART, size), size)
    return number, ends_at


def begun(tx: Connection, own: OwnTables, command_id: int, moment: Moment) -> None:
    """Note that the parts of a command are being fetched: they end soon, however long it takes."""
    table, soon = own.privacy.export_part, moment.epoch_s + FETCHING_S
    here = update(table).where(table.c.command_id == command_id, table.c.ends_at > soon)
    tx.execute(here.values(ends_at=soon))


def forget(means: Means, command_id: int) -> None:
    """Delete the parts of a command."""
    table = means.shop.own.privacy.export_part
    with transaction(means.shop.engine) as tx:
        tx.execute(delete(table).where(table.c.command_id == command_id))


def delete_old(means: Means) -> None:
    """Delete the parts whose time is over, fetched or not."""
    table = means.shop.own.privacy.export_part
    query = (
        select(table.c.command_id, table.c.part)
        .where(table.c.ends_at <= means.moment.epoch_s)
        .order_by(table.c.command_id, table.c.part)
        .limit(_BATCH)
    )
    while not means.stop():
        with transaction(means.shop.engine) as tx:
            found = tx.execute(query).all()
            for row in found:
                key = (table.c.command_id == row.command_id, table.c.part == row.part)
                tx.execute(delete(table).where(*key))
        if len(found) < _BATCH:
            return


def end_all(tx: Connection, own: OwnTables) -> None:
    """Let all parts end that are there, whose ever: some hold what is about to be erased."""
    tx.execute(update(own.privacy.export_part).values(ends_at=0))
