"""Requests as they are shown: to a person, by a command, on a page."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from sidecar.model import Moment
from sidecar.privacy import acts, holds, requests, takeover
from sidecar.privacy.person import Person
from sidecar.privacy.requests import Request
from sidecar.privacy.terms import last_day
from sidecar.shop.shop import Shop
from sidecar.sync import restrictions
from sidecar.sync.facts import as_json
from sidecar.sync.state import Json


def told(request: Request, moment: Moment) -> dict[str, Json]:
    """*request* as JSON; without the address of a guest, as answers are kept."""
    zone = moment.zone
    return {
        "request": request.request_id,
        "kind": request.kind,
        "state": request.state,
        "customer_id": request.customer_id or None,
        "source": request.source,
        "identity": request.identity,
        "verified_by": request.verified_by,
        "verified_how": request.verified_how,
        "received_at": _iso(request.received_at, zone),
        "due": last_day(request.due_at, zone).isoformat(),
        "overdue": not request.is_answered and request.due_at <= moment.epoch_s,
        "extended_reason": request.extended_reason,
        "starts_at": _iso(request.starts_at, zone),
        "decided_by": request.decided_by,
        "decided_reason": request.decided_reason,
        "finished_at": _iso(request.finished_at, zone),
        "result": request.result,
    }


def listed(
    tx: Connection, shop: Shop, moment: Moment, *, everything: bool, limit: int
) -> dict[str, Json]:
    """
    ``requests``, as of `requests.listed`, each as `told` with ``email`` of a guest; and
    ``taken_over``: whether OpenCart's own are ours to carry out.
    """
    found = requests.listed(tx, shop.own, everything=everything, limit=limit)
    return {
        "requests": [_with_email(request, moment) for request in found],
        "taken_over": takeover.stands(tx, shop.own),
    }


def one(tx: Connection, shop: Shop, request_id: int, moment: Moment) -> dict[str, Json]:
    """
    A request as of `listed`, with ``acts``: what was done about it, by whom, and why.

    Raises:
        UsageError: There is none of that number.
    """
    request = requests.read(tx, shop.own, request_id)
    rows = [
        {"at": _iso(row.at, moment.zone), "actor": row.actor, "act": row.act, "reason": row.reason}
        for row in acts.of_request(tx, shop.own, request_id)
    ]
    return {**_with_email(request, moment), "acts": rows}


def of_person(tx: Connection, shop: Shop, person: Person, moment: Moment) -> dict[str, Json]:
    """``requests`` of *person*, ``restrictions`` and ``legal_hold``; None: there is none."""
    own, customer_id, zone = shop.own, person.customer_id, moment.zone
    hold = holds.read(tx, own, customer_id, moment) if customer_id else None
    return {
        "customer_id": customer_id or None,
        "requests": [_with_email(found, moment) for found in requests.of_person(tx, own, person)],
        "restrictions": [
            {
                "kind": row.kind,
                "since": _iso(row.since, zone),
                "actor": row.actor,
                "reason": row.reason,
                "request": row.request_id,
            }
            for row in (restrictions.of_customer(tx, own, customer_id) if customer_id else ())
        ],
        "legal_hold": None if hold is None else _hold(hold, zone),
    }


def _hold(hold: Any, zone: ZoneInfo) -> dict[str, Json]:
    until = None if hold.until is None else holds.last_day(hold.until, zone).isoformat()
    return {
        "since": _iso(hold.since, zone), "until": until,
        "actor": hold.actor, "reason": hold.reason,
    }  # fmt: skip


def _with_email(request: Request, moment: Moment) -> dict[str, Json]:
    return {**told(request, moment), "email": request.email}


def _iso(at: int | None, zone: ZoneInfo) -> str | None:
    return None if at is None else as_json.iso(at, zone)
