"""What waits for a person: runs, held rules, customers set aside, open findings, a pause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sidecar.service.doctor.finding import Finding

#: The kind of finding that the daemon itself tells while it runs.
_TOLD = "reload.refused"


def check_work(status: Mapping[str, Any]) -> Iterator[Finding]:
    """What of *status*, as `sidecar.sync.status.read` says it, a person should do."""
    found = [*_runs(status), *_held(status), *_set_aside(status), *_findings(status)]
    if (paused := status["paused"]) is not None:
        reason = paused.get("reason") if isinstance(paused, Mapping) else ""
        found.append(
            Finding(
                "work.paused",
                "note",
                "writing to the store's own tables is paused" + (f": {reason}" if reason else ""),
                "nobody is moved between customer groups",
                "sidecar resume",
            )
        )
    yield from found
    if not found:
        yield Finding("work.waiting", "ok", "nothing waits for a person")


def _runs(status: Mapping[str, Any]) -> Iterator[Finding]:
    for run in status["waiting"]:
        names = run["rules"]
        rules = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        number = run["run"]
        yield Finding(
            "work.waiting",
            "warning",
            f"run {number} waits for approval: {run['customers']:,} customers ({rules})",
            "its rules write nothing until then",
            f"sidecar approve {number}, or sidecar discard {number}",
        )


def _held(status: Mapping[str, Any]) -> Iterator[Finding]:
    for rule in status["held"]:
        yield Finding(
            "work.held",
            "warning",
            f"the {rule['kind']} '{rule['name']}' is held since run {rule['by_run']} was undone"
            " or discarded",
            "its verdict has no effect",
            f"sidecar rules resume '{rule['name']}', or change its text",
        )


def _set_aside(status: Mapping[str, Any]) -> Iterator[Finding]:
    if number := status["set_aside"]:
        yield Finding(
            "work.set_aside",
            "warning",
            f"{number:,} customers are set aside: their data cannot be processed",
            "they keep the tags and the group that they have",
            "sidecar explain CUSTOMER says why; `sidecar once` lists the newest",
        )


def _findings(status: Mapping[str, Any]) -> Iterator[Finding]:
    for finding in status["findings"]:
        if finding["kind"] == _TOLD and status["running"]:
            continue
        yield Finding(
            "work.finding",
            "warning",
            f"{finding['kind']}: {next(iter(finding['message'].splitlines()), '')}"
            f" ({_times(finding['times'])})",
            "it stays until it is mended",
            "docs/howto/run-as-a-service.md has the way out of each",
        )


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"
