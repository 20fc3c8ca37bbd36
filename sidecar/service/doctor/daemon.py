"""Whether a daemon runs and is well, and what starts it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sidecar import __version__
from sidecar.service.doctor.finding import Finding

#: A daemon says every five seconds how it is; systemd's watchdog would end it after this.
SILENT_S = 60

#: Where units are, the first that is there holds.
UNITS = ("etc/systemd/system", "run/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")


def check_daemon(
    status: Mapping[str, Any], now_s: int, root: Path = Path("/")
) -> Iterator[Finding]:
    """
    What the daemon said of itself last, and its unit.

    Args:
        status: As `sidecar.sync.status.read` says it.
        now_s: UTC epoch seconds.
        root: Of the file system; for tests.
    """
    daemon, running = status["daemon"], status["running"]
    yield _runs(status, now_s)
    if running and daemon["version"] != __version__:
        yield Finding(
            "daemon.version",
            "note",
            f"the daemon is {daemon['version']}, this program {__version__}",
            "it works as the program did when it started",
            "systemctl restart opencart-sidecar",
        )
    refused = str(daemon.get("reload_error") or "") if running else ""
    if refused:
        yield Finding(
            "daemon.reload",
            "error",
            f"the files changed and cannot be used: {_first_line(refused)}",
            "the old settings and rules hold; after a restart nothing would",
            "mend the files: `sidecar rules check`; they are read again by themselves",
        )
    errors = daemon.get("errors", ()) if running else ()
    if errors := [str(one["message"]) for one in errors if one["message"] != refused]:
        yield Finding(
            "daemon.errors",
            "note",
            f"{len(errors)} errors lately, the last: {_first_line(errors[-1])}",
            "it was tried again, or one duty failed",
            "journalctl -u opencart-sidecar -o cat",
        )
    yield _unit(root, running=running)


def _runs(status: Mapping[str, Any], now_s: int) -> Finding:
    check, daemon = "daemon.running", status["daemon"]
    if status["running"]:
        silent_s = max(0, now_s - int(daemon["at"]))
        mode = f" in mode {daemon['mode']}" if daemon.get("mode") else ""
        found = f"process {daemon['pid']} runs{mode}, {daemon['doing']}"
        if silent_s <= SILENT_S:
            return Finding(check, "ok", f"{found}; last heard of {silent_s} s ago")
        return Finding(
            check,
            "error",
            f"{found}, and says nothing for {silent_s:,} s",
            "it hangs, or its machine's clock is wrong; nothing is noticed",
            "systemctl restart opencart-sidecar",
        )
    if status["busy"]:
        return Finding(
            check,
            "note",
            "no daemon runs, but another sidecar holds the lock",
            "a command or `once` works right now; if it never ends, a second daemon has it",
            "ask again in a minute; `sidecar status` says when it is over",
        )
    last = status["last_full_pass"]
    if daemon is None:
        found = "no daemon has run here"
    else:
        found = f"the daemon does not run, it was last heard of {_ago(now_s - int(daemon['at']))}"
    by_cron = last is not None and (daemon is None or int(last) > int(daemon["at"]))
    passed = "" if last is None else f"; the last full pass was {_ago(now_s - int(last))}"
    return Finding(
        check,
        "note" if daemon is None or by_cron else "warning",
        found + passed,
        "changes are noticed by the passes of cron only" if by_cron else "nothing is noticed",
        "systemctl enable --now opencart-sidecar, or `sidecar once` from cron",
    )


def _unit(root: Path, *, running: bool) -> Finding:
    check = "daemon.unit"
    files = [
        file
        for place in UNITS
        for name in ("opencart-sidecar.service", "opencart-sidecar@.service")
        if (file := root / place / name).is_file()
    ]
    if not files:
        return Finding(
            check,
            "warning" if running else "note",
            "there is no unit opencart-sidecar of systemd on this machine",
            "nothing starts the daemon after a restart, or when it ends or hangs",
            "docs/howto/run-as-a-service.md, or `sidecar once` from cron: docs/howto/install.md",
        )
    if not any("WatchdogSec=" in _read(file) for file in files):
        return Finding(
            check,
            "warning",
            f"{files[0]} sets no WatchdogSec",
            "a daemon that hangs is not ended",
            f"WatchdogSec=60 in the [Service] section of {files[0]}; then systemctl daemon-reload",
        )
    return Finding(check, "ok", f"{files[0]} starts it, with a watchdog")


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""


def _first_line(text: str) -> str:
    """Without the line of a file that is quoted below it."""
    return next(iter(text.splitlines()), "")


def _ago(seconds: int) -> str:
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            number = seconds // size
            return f"{number:,} {unit}{'' if number == 1 else 's'} ago"
    return f"{max(0, seconds)} s ago"
