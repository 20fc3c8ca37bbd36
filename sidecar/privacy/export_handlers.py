"""Commands that make the export of a person's data, and tell its password."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from sidecar.errors import UsageError
from sidecar.privacy import export_rows, native_requests, request_steps, requests, sealing
from sidecar.privacy.exporting import Explain, Made, ends_at, make_export
from sidecar.privacy.means import Means
from sidecar.privacy.person import require_key
from sidecar.privacy.request_handlers import person_of, said
from sidecar.privacy.requests import Request, Wanted
from sidecar.shop.database import transaction
from sidecar.sync.commands.dispatcher import Handler, Task
from sidecar.sync.facts import as_json
from sidecar.sync.planning import StoppedError

#: What staff have to do that no program can.
LOOK = (
    "notes, comments and messages can hold data of other people: look at export.html before it"
    " is sent, and send the password another way than the file"
)


def handlers(means: Callable[[], Means], explain: Explain) -> dict[str, Handler]:
    """
    What carries out each of these commands; *means* as they are at the time.

    Args:
        explain: Tells tags, segments, group and tier of a customer.
    """

    def export(task: Task) -> None:
        _export(means(), explain, task)

    def password(task: Task) -> None:
        _password(means(), task)

    return {"gdpr.export": export, "gdpr.password": password}


def _export(means: Means, explain: Explain, task: Task) -> None:
    shop, moment = means.shop, means.moment
    key = require_key(shop)
    request = _request(means, task)
    with transaction(shop.engine) as tx:
        request = request_steps.start(tx, shop.own, request.request_id, task.actor, moment)

    def told(done: int, total: int) -> None:
        if means.stop():
            raise StoppedError
        task.report(done, total)

    salt = secrets.token_hex(16)
    made = make_export(means.config, shop, request, key, salt, moment, explain, told)
    number, end = request.request_id, ends_at(means.config, moment)
    with transaction(shop.engine) as tx:
        export_rows.write(tx, shop.own, number, salt, made, moment, end)
        request = request_steps.finish(
            tx,
            shop.own,
            number,
            "incomplete" if made.missing else "done",
            task.actor,
            moment,
            result=_counts(made),
        )
        task.answer_in(tx, _told(request, made, as_json.iso(end, moment.zone)))
    if request.native_id is not None:
        native_requests.write_back(shop)


def _request(means: Means, task: Task) -> Request:
    """The request that is named, or one for the person who is."""
    shop, moment, asked = means.shop, means.moment, task.parameters
    by, how = _verified(asked)
    number = asked["request"]
    if number is None:
        wanted = Wanted(
            kind="access",
            person=person_of(shop, asked),
            actor=task.actor,
            identity="none" if by is None else "staff",
            verified_by=by,
            verified_how=how,
            command_id=task.command_id,
        )
        with transaction(shop.engine) as tx:
            return requests.enter(tx, shop, wanted, moment)[0]
    if asked["customer"] is not None or asked["guest"] is not None:
        raise UsageError("a request says whose it is: name it, or the person")
    with transaction(shop.engine) as tx:
        request = requests.read(tx, shop.own, number)
        if request.kind != "access":
            raise UsageError(f"request {number} is not for a copy of the data: {request.kind}")
        if by is not None and how is not None:
            request = request_steps.verify(tx, shop.own, number, by, how, task.actor, moment)
    return request


def _verified(asked: Mapping[str, Any]) -> tuple[str | None, str | None]:
    by, how = asked["verified_by"], asked["how"]
    if (by is None) != (how is None):
        raise UsageError("who verified the identity and how are told together")
    if by is None:
        return None, None
    return said(by, "who verified it"), said(how, "how it was verified")


def _counts(made: Made) -> dict[str, as_json.Json]:
    return {
        "rows": made.rows,
        "tables": made.tables,
        "files": made.files,
        "files_missing": made.files_missing,
        "complete": not made.missing,
    }


def _told(request: Request, made: Made, until: str | None) -> dict[str, object]:
    return {
        "request": request.request_id,
        "state": request.state,
        "file": str(made.archive.file),
        "bytes": made.archive.size,
        "sha256": made.archive.sha256,
        "until": until,
        **_counts(made),
        "missing": list(made.missing),
        "look": LOOK,
    }


def _password(means: Means, task: Task) -> None:
    shop, asked = means.shop, task.parameters
    key, reader = require_key(shop), asked["sealed_for"]
    with transaction(shop.engine) as tx:
        again = bool(asked["again"])
        number = asked["request"]
        found = export_rows.tell(tx, shop.own, number, task.actor, means.moment, again=again)
        answer = {"request": number, "file": found.file}
        # It is in no row as it is: whoever has the key works it out.
        if reader is not None:
            answer["sealed"] = sealing.seal(key.password(found.salt), reader)
        task.answer_in(tx, answer)
