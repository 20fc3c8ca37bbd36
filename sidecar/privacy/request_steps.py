"""
A request goes from state to state: verified, approved, dropped or carried out, and answered.

Nothing here commits: what is answered is written in the transaction of the caller.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Literal

from sqlalchemy import Connection, update

from sidecar.errors import UsageError
from sidecar.model import Moment
from sidecar.privacy import acts, holds, takeover
from sidecar.privacy.person import accounts_with
from sidecar.privacy.requests import (
    NEED_IDENTITY,
    NOT_BEGUN,
    UNANSWERED,
    Identity,
    Request,
    State,
    read,
    set_identity,
)
from sidecar.privacy.terms import due_at
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync.state import Json

# -- deciding ------------------------------------------------------------------------------


def verify(
    tx: Connection,
    own: OwnTables,
    request_id: int,
    by: str,
    how: str,
    actor: str,
    moment: Moment,
    identity: Identity = "staff",
) -> Request:
    """
    Note how *by* knows that it is the person who asks.

    Raises:
        UsageError: There is no such request, or it is answered.
    """
    _require(read(tx, own, request_id, lock=True), UNANSWERED)
    set_identity(tx, own, request_id, identity, actor, moment, by=by, how=how)
    return read(tx, own, request_id)


def approve(
    tx: Connection, shop: Shop, request_id: int, actor: str, moment: Moment, starts_at: int
) -> Request:
    """
    Let a request for a copy or for erasure be carried out from *starts_at* on.

    Raises:
        UsageError: It is neither, it is not open, we do not know who asks, it is OpenCart's own
            before the takeover, or accounts have the address of a guest.
        NotNowError: A legal hold keeps the person's data.
    """
    own = shop.own
    request = read(tx, own, request_id, lock=True)
    if request.kind not in NEED_IDENTITY:
        raise UsageError(f"request {request_id} is not approved but carried out ({_how(request)})")
    _require(request, {"unverified", "open"})
    require_identity(request)
    _require_ours(tx, own, request)
    if not request.customer_id and (ids := accounts_with(tx, shop, request.email or "")):
        raise UsageError(
            f"accounts have the address of request {request_id} ({', '.join(map(str, ids))}):"
            " enter a request for the one that is meant, and cancel this one"
        )
    if request.kind == "erase":
        holds.require_none(tx, own, request.customer_id, moment)
    values = {"starts_at": starts_at, "next_at": starts_at, "decided_by": actor[: acts.ACTOR]}
    return _move(tx, own, request, "waiting", actor, moment, "approved", None, values)


def cancel(
    tx: Connection,
    own: OwnTables,
    request_id: int,
    actor: str,
    reason: str | None,
    moment: Moment,
) -> Request:
    """
    Drop a request that has not begun, as when who asked thought better of it.

    Raises:
        UsageError: It has begun, is answered, or is OpenCart's own before the takeover.
    """
    return _drop(tx, own, request_id, "cancelled", actor, reason, moment)


def refuse(
    tx: Connection,
    own: OwnTables,
    request_id: int,
    actor: str,
    reason: str,
    moment: Moment,
    *,
    in_store: bool = False,
) -> Request:
    """
    Answer that it is not done, and why.

    Args:
        in_store: It was denied in the store's own page.

    Raises:
        UsageError: It has begun, is answered, or is OpenCart's own before the takeover.
    """
    return _drop(tx, own, request_id, "refused", actor, reason, moment, in_store=in_store)


def extend(
    tx: Connection, own: OwnTables, request_id: int, actor: str, reason: str, moment: Moment
) -> Request:
    """
    Answer two months later than otherwise; the person has to be told within the first.

    Raises:
        UsageError: That was done already, the first month is over, or it is answered.
    """
    request = read(tx, own, request_id, lock=True)
    _require(request, UNANSWERED)
    if request.extended_reason is not None:
        raise UsageError(f"request {request_id} was extended already, which the law allows once")
    if request.due_at <= moment.epoch_s:
        raise UsageError(
            f"request {request_id} is overdue: the law lets it be extended within the first month"
        )
    values = {
        "due_at": due_at(request.received_at, moment.zone, is_extended=True),
        "extended_reason": reason[: acts.REASON],
    }
    return _move(tx, own, request, request.state, actor, moment, "extended", reason, values)


# -- carrying out --------------------------------------------------------------------------


def start(tx: Connection, own: OwnTables, request_id: int, actor: str, moment: Moment) -> Request:
    """
    Begin to carry a request out, or go on with one that runs.

    A copy may be made of what is open; an erasure waits for its time.

    Raises:
        UsageError: It is answered, not approved or still waits, we do not know who asks, or it
            is OpenCart's own before the takeover.
        NotNowError: A legal hold keeps the person's data.
    """
    request = read(tx, own, request_id, lock=True)
    if request.state == "running":
        return request
    _require(request, {"unverified", "open", "waiting"})
    require_identity(request)
    _require_ours(tx, own, request)
    if request.kind == "erase":
        if request.starts_at is None:
            raise UsageError(
                f"request {request_id} is not approved (`sidecar gdpr approve {request_id}`)"
            )
        if request.starts_at > moment.epoch_s:
            raise UsageError(f"request {request_id} still waits, so that it can be cancelled")
        holds.require_none(tx, own, request.customer_id, moment)
    return _move(tx, own, request, "running", actor, moment, "started", None, {"next_at": None})


def finish(
    tx: Connection,
    own: OwnTables,
    request_id: int,
    end: Literal["done", "incomplete"],
    actor: str,
    moment: Moment,
    *,
    result: Mapping[str, Json] | None = None,
    reason: str | None = None,
) -> Request:
    """
    Answer a request as carried out.

    Args:
        end: ``incomplete``: as far as it went, see *result*.
        result: What came of it, in numbers; never personal data.

    Raises:
        UsageError: It is answered already.
    """
    request = read(tx, own, request_id, lock=True)
    _require(request, UNANSWERED)
    values = {
        "finished_at": moment.epoch_s,
        "next_at": None,
        "result": None if result is None else json.dumps(result, separators=(",", ":")),
    }
    return _move(tx, own, request, end, actor, moment, end, reason, values)


def require_identity(request: Request) -> None:
    """
    Refuse to go on while we do not know who asks, where that is needed.

    Raises:
        UsageError: So it is; with the way out.
    """
    if request.kind in NEED_IDENTITY and request.identity == "none":
        raise UsageError(
            f"request {request.request_id} is not verified: nobody knows that it is the person"
            f" who asks (`sidecar gdpr verify {request.request_id} --verified-by USER --how TEXT`)"
        )


def _drop(
    tx: Connection,
    own: OwnTables,
    request_id: int,
    end: Literal["refused", "cancelled"],
    actor: str,
    reason: str | None,
    moment: Moment,
    *,
    in_store: bool = False,
) -> Request:
    request = read(tx, own, request_id, lock=True)
    _require(request, NOT_BEGUN)
    if not in_store:
        _require_ours(tx, own, request)
    values = {
        "finished_at": moment.epoch_s,
        "next_at": None,
        "decided_by": actor[: acts.ACTOR],
        "decided_reason": None if reason is None else reason[: acts.REASON],
    }
    return _move(tx, own, request, end, actor, moment, end, reason, values)


def _move(
    tx: Connection,
    own: OwnTables,
    request: Request,
    after: State,
    actor: str,
    moment: Moment,
    act: str,
    reason: str | None,
    values: Mapping[str, object],
) -> Request:
    """From the state of *request*, which is locked, to *after*."""
    table = own.privacy.privacy_request
    number = request.request_id
    tx.execute(update(table).where(table.c.request_id == number).values(state=after, **values))
    acts.note(tx, own, act, actor, moment, request_id=number, reason=reason)
    return read(tx, own, number)


def _require_ours(tx: Connection, own: OwnTables, request: Request) -> None:
    if request.source == "native" and not takeover.stands(tx, own):
        raise UsageError(
            f"request {request.request_id} is OpenCart's own, which would carry it out beside us:"
            " take over first (`sidecar gdpr takeover`)"
        )


def _require(request: Request, states: Collection[State]) -> None:
    if request.state in states:
        return
    number, by = request.request_id, f" by {request.decided_by}" if request.decided_by else ""
    said = {
        "waiting": f"is approved already{by}",
        "running": "is being carried out",
        "done": "is done",
        "incomplete": "is done as far as it went",
        "refused": f"was refused{by}",
        "cancelled": f"was cancelled{by}",
    }
    raise UsageError(f"request {number} {said.get(request.state, f'is {request.state}')}")


def _how(request: Request) -> str:
    whom = request.customer_id or "CUSTOMER"
    return {
        "rectify": f"change it in the store, then `sidecar gdpr rectified {request.request_id}`",
        "restrict": f"`sidecar gdpr restrict {whom}`",
        "object_marketing": f"`sidecar gdpr object {whom} --to marketing`",
        "object_profiling": f"`sidecar gdpr object {whom} --to profiling`",
    }.get(request.kind, "")
