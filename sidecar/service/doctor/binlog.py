"""Whether changes can be noticed by the server's binary log, and why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import text

from sidecar.service.doctor.case import ServerCase, StoreCase
from sidecar.service.doctor.finding import Finding
from sidecar.shop.database import transaction
from sidecar.sync.sources.binlog.columns import read_columns
from sidecar.sync.sources.binlog.layouts import undecodable
from sidecar.sync.sources.binlog.offered import offered
from sidecar.sync.sources.binlog.wire import reader_id
from sidecar.sync.sources.watched import appended, changed

#: A log that is kept for less is gone before a daemon that was stopped comes back, in seconds.
SHORTEST_S = 3600

_NAMES = ("binlog_row_metadata", "binlog_expire_logs_seconds", "expire_logs_days")

_POLLING = "changes are noticed by polling: complete, within a round where nothing else tells"


def check_binlog(case: ServerCase) -> Iterator[Finding]:
    """How changes will be noticed, and what of the log's settings is worth changing."""
    mode, database = case.config.sync.mode, case.config.database
    if mode == "poll":
        yield Finding("binlog.capture", "ok", "changes are noticed by polling, as sync.mode says")
        return
    # Neither the daemon's own number nor that of its trials: the server would drop theirs.
    number = reader_id(f"{database.name}\0{database.prefix}\0doctor")
    if obstacle := offered(case.engine, database, number):
        found, _, mend = obstacle.partition(": ")
        yield Finding(
            "binlog.capture",
            "error" if mode == "binlog" else "note",
            f"the binary log cannot be read: {found}",
            'sync.mode is "binlog": the daemon does not start' if mode == "binlog" else _POLLING,
            mend or 'leave sync.mode at "auto" or set it to "poll"',
        )
        return
    yield Finding("binlog.capture", "ok", "the binary log can be read")
    with transaction(case.engine) as tx:
        listed = ", ".join(f"'{name}'" for name in _NAMES)
        rows = tx.execute(text(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({listed})"))
        settings = {str(name).lower(): str(value) for name, value in rows}
    yield _kept(settings)
    yield _metadata(settings)


def check_columns(case: StoreCase) -> Iterator[Finding]:
    """Whether the log's rows of every table that is watched can be read."""
    if case.config.sync.mode == "poll":
        return
    watched = [*changed(case.shop), *appended(case.shop)]
    with transaction(case.engine) as tx:
        columns = read_columns(tx, case.config.database.name, case.prefix, watched)
    if odd := undecodable(watched, case.prefix, columns):
        needed = case.config.sync.mode == "binlog"
        yield Finding(
            "binlog.columns",
            "error" if needed else "note",
            f"columns are of types that are not known in the log: {', '.join(odd)}",
            'sync.mode is "binlog": the daemon does not start' if needed else _POLLING,
            "give them OpenCart's own types again, or leave it at polling",
        )
    else:
        yield Finding("binlog.columns", "ok", "all columns that are watched can be read in a log")


def _kept(settings: Mapping[str, str]) -> Finding:
    check = "binlog.kept"
    seconds = int(float(settings.get("binlog_expire_logs_seconds", "0") or 0))
    seconds = seconds or round(86_400 * float(settings.get("expire_logs_days", "0") or 0))
    if seconds == 0 or seconds >= SHORTEST_S:
        how_long = "until somebody deletes it" if not seconds else f"for {_span(seconds)}"
        return Finding(check, "ok", f"the log is kept {how_long}")
    return Finding(
        check,
        "warning",
        f"the log is kept for {_span(seconds)} only",
        "after a longer stop everything has to be read again",
        "SET GLOBAL binlog_expire_logs_seconds = 864000; and the same in the server's options",
    )


def _metadata(settings: Mapping[str, str]) -> Finding:
    check, value = "binlog.metadata", settings.get("binlog_row_metadata", "NO_LOG")
    if value == "FULL":
        return Finding(check, "ok", "the log names its columns")
    return Finding(
        check,
        "note",
        f"the log does not name its columns (binlog_row_metadata is {value})",
        "they are told by their place, which is checked; a table that is altered is read whole",
        "SET GLOBAL binlog_row_metadata = 'FULL'; and the same in the server's options",
    )


def _span(seconds: int) -> str:
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}" + ("" if seconds == size else "s")
    return f"{seconds} s"
