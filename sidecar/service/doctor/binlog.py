"""Whether changes can be noticed by the server's binary log, and why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import text

from sidecar.service.doctor.case import ServerCase
from sidecar.service.doctor.finding import Finding
from sidecar.service.doctor.grants import Grants, read_grants
from sidecar.shop.database import transaction

#: A log that is kept for less is gone before a daemon that was stopped comes back, in seconds.
SHORTEST_S = 3600

_NAMES = (
    "log_bin",
    "binlog_format",
    "binlog_row_image",
    "binlog_row_metadata",
    "log_bin_compress",
    "binlog_transaction_compression",
    "binlog_expire_logs_seconds",
    "expire_logs_days",
)

_POLLING = "changes are noticed by polling: complete, within a round where nothing else tells"


def check_binlog(case: ServerCase) -> Iterator[Finding]:
    """How changes will be noticed, and what of the log's settings is worth changing."""
    with transaction(case.engine) as tx:
        rows = tx.execute(
            text(
                "SHOW GLOBAL VARIABLES WHERE Variable_name IN ("
                + ", ".join(f"'{name}'" for name in _NAMES)
                + ")"
            )
        )
        settings = {str(name).lower(): str(value) for name, value in rows}
        grants = read_grants(tx)
    mode = case.config.sync.mode
    if mode == "poll":
        yield Finding("binlog.capture", "ok", "changes are noticed by polling, as sync.mode says")
        return
    if obstacle := _obstacle(settings, grants):
        found, mend = obstacle
        yield Finding(
            "binlog.capture",
            "error" if mode == "binlog" else "note",
            f"the binary log cannot be read: {found}",
            'sync.mode is "binlog": nothing is noticed' if mode == "binlog" else _POLLING,
            mend,
        )
        return
    yield Finding("binlog.capture", "ok", "the binary log can be read")
    yield _kept(settings)
    yield _metadata(settings)


def _obstacle(settings: Mapping[str, str], grants: Grants) -> tuple[str, str] | None:
    """Why the log cannot be read, and what mends it; None: it can."""
    if settings.get("log_bin", "OFF") != "ON":
        return "the server writes none (log_bin)", _in_options("log_bin")
    if (value := settings.get("binlog_format", "ROW")) != "ROW":
        return f"binlog_format is {value}", _in_options("binlog_format = ROW")
    if (value := settings.get("binlog_row_image", "FULL")) == "MINIMAL":
        return f"binlog_row_image is {value}", _in_options("binlog_row_image = FULL")
    for name in ("log_bin_compress", "binlog_transaction_compression"):
        if settings.get(name, "OFF") not in ("OFF", "0"):
            return f"{name} is on", _in_options(f"{name} = OFF")
    if not grants.on_server("REPLICATION SLAVE"):
        return (
            "the account lacks REPLICATION SLAVE",
            f"GRANT REPLICATION SLAVE ON *.* TO {grants.account};",
        )
    return None


def _in_options(line: str) -> str:
    return f"in the [mysqld] section of the server's options: {line}; then restart it"


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
