"""``status``: how the installation is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from sidecar.cli import options, show
from sidecar.errors import DatabaseError


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("status")(status)


def status(
    context: typer.Context,
    json: options.Json = False,
) -> None:
    """Say how the daemon and its work are; exit code 69 when no daemon runs."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    options.say_if_elsewhere(sidecar)
    found: dict[str, Any] = sidecar.view.status()
    if json:
        show.as_json(found)
    else:
        for label, value in _lines(found):
            show.out(f"{label:<20}{show.plain(value)}")
    if not found["running"]:
        raise typer.Exit(DatabaseError.exit_code)


#: How it is known that a change in the log can be read, for people.
_GATES = {
    "snapshot": "as soon as a snapshot has it",
    "gtid": "as soon as the server has executed it",
    "settle": "a second after it was written, and once more later",
}


def _how(daemon: dict[str, Any]) -> str:
    if daemon["mode"] != "binlog":
        return "polling"
    gate = _GATES.get((daemon.get("capture") or {}).get("gate") or "")
    return f"the binary log, {gate}" if gate else "the binary log"


def _lines(found: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """Label and text of each line for people."""
    daemon = found["daemon"] or {}

    def at(instant: str | None) -> str:
        return instant[:19].replace("T", " ") if instant else "never"

    if found["running"]:
        yield "daemon", f"runs since {at(daemon['started_at'])}, process {daemon['pid']}"
        yield "", f"version {daemon['version']}, {daemon['memory_mb']} MB, {daemon['doing']}"
        lag = "not known yet" if found["lag_s"] is None else f"{found['lag_s']} s"
        yield "changes", f"noticed by {_how(daemon)}, lag {lag}"
        capture = daemon.get("capture") or {}
        if capture.get("why"):
            yield "", f"not by the binary log: {capture['why']}"
        for reason, times in (capture.get("gaps") or {}).items():
            yield (
                "gap in the log",
                f"{reason}, {show.counted(times, 'time')}; everybody was looked at",
            )
        if unannounced := capture.get("unannounced"):
            whom = show.counted(unannounced, "customer")
            yield "", f"{whom} changed and the log told nothing"
    elif found["busy"]:
        yield "daemon", "does not run; a command holds the lock"
    else:
        seen = f", last seen {at(daemon['at'])}" if daemon else ""
        yield "daemon", f"does not run{seen}"
    if found["paused"]:
        yield "paused", "nothing is written to the store's own tables: `sidecar resume`"
    yield "last full pass", at(found["last_full_pass"])
    queues = found["queues"]
    yield "queues", ", ".join(f"{queues[name]:,} {name}" for name in ("commands", "hints", "due"))
    for run in found["waiting"]:
        whom, rules = show.counted(run["customers"], "customer"), show.listed(run["rules"])
        yield "waits for approval", f"run {run['run']}: {whom} ({rules})"
    for rule in found["held"]:
        yield "held", f"{rule['kind']} {rule['name']}: `sidecar rules resume`"
    if found["set_aside"]:
        yield "set aside", show.counted(found["set_aside"], "customer")
    yield from _privacy(found["privacy"])
    if found["running"] and daemon.get("reload_error"):
        yield "files", f"not usable, the old ones hold: {daemon['reload_error']}"
    for error in daemon.get("errors", []):
        yield "error", f"{at(error['at'])} {error['message']}"
    for finding in found["findings"]:
        yield "finding", f"{finding['message']} ({show.counted(finding['times'], 'time')})"
    megabytes = found["size"]["bytes"] / 1e6
    schema = found["schema"]
    indexes = found["size"]["index_bytes"] / 1e6
    yield "our tables", f"{megabytes:,.1f} MB, version {schema['version']}"
    yield "our indexes", f"{indexes:,.1f} MB on the store's tables"


def _privacy(found: dict[str, Any]) -> Iterator[tuple[str, object]]:
    if found["requests"]:
        many = show.counted(found["requests"], "request")
        yield "personal data", f"{many}, the first due {found['due_at'][:10]}: `sidecar gdpr list`"
    kinds = ("restricted", "no_profiling", "no_marketing", "legal_holds")
    some = [f"{found[kind]:,} {kind.replace('_', ' ')}" for kind in kinds if found[kind]]
    if some:
        yield "restrictions", ", ".join(some)
