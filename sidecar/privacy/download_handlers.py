"""Commands that bring an export to the admin: its parts into a table, and that they are fetched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sidecar.errors import UsageError
from sidecar.privacy import acts, export_parts, export_rows
from sidecar.privacy.means import Means
from sidecar.shop.database import transaction
from sidecar.sync.commands import queue
from sidecar.sync.commands.dispatcher import Answer, Handler, Task
from sidecar.sync.facts import as_json
from sidecar.sync.planning import StoppedError


def handlers(means: Callable[[], Means]) -> dict[str, Handler]:
    """What carries out each of these commands; *means* as they are at the time."""

    def download(task: Task) -> Answer:
        return _download(means(), task)

    def downloaded(task: Task) -> None:
        _downloaded(means(), task)

    return {"gdpr.download": download, "gdpr.downloaded": downloaded}


def _download(means: Means, task: Task) -> Answer:
    """Safe to be done again: it begins anew."""
    shop, number = means.shop, task.parameters["request"]
    with transaction(shop.engine) as tx:
        export = export_rows.of_request(tx, shop.own, number)

    def told(done: int, total: int) -> None:
        if means.stop():
            raise StoppedError
        task.report(done, total)

    parts, ends_at = export_parts.write(means, task.command_id, export, told)
    return Answer(
        {
            "request": number,
            "file": export.file,
            "bytes": export.size,
            "sha256": export.sha256,
            "parts": parts,
            "until": as_json.iso(ends_at, means.moment.zone),
        }
    )


def _downloaded(means: Means, task: Task) -> None:
    # The admin asks this before the first byte, under a key that is good for once.
    own, number = means.shop.own, task.parameters["download"]
    with transaction(means.shop.engine) as tx:
        request_id = _fetched(queue.read(tx, own, number), task.actor)
        export_parts.begun(tx, own, number, means.moment)
        acts.note(tx, own, "downloaded", task.actor, means.moment, request_id=request_id)
        task.answer_in(tx, {"request": request_id})


def _fetched(asked: queue.Asked, actor: str) -> int:
    """
    The request whose export the command *asked* made ready for *actor*.

    Raises:
        UsageError: It is no such command, not theirs, or not done.
    """
    answer: Any = asked.answer
    if (asked.name, asked.actor, asked.state) != ("gdpr.download", actor, "done") or not answer:
        raise UsageError(
            f"command {asked.command_id} made no download ready for {actor} (`gdpr.download` does)"
        )
    return int(answer["request"])
