"""Requests for one's data: OpenCart's own and its job for them, ours, and what is due of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from sidecar.errors import SchemaError
from sidecar.privacy import due, takeover
from sidecar.privacy.requests import UNANSWERED
from sidecar.service.doctor.case import StoreCase
from sidecar.service.doctor.finding import Finding
from sidecar.shop import gdpr_tables, migrate
from sidecar.shop.database import transaction
from sidecar.shop.gdpr_tables import PENDING, PROCESSING

_NATIVE, _OURS = "store.gdpr", "gdpr.requests"

_TAKE_OVER = "sidecar gdpr takeover"


def check_gdpr(case: StoreCase) -> Iterator[Finding]:
    """OpenCart's own requests, and the job that carries them out."""
    with transaction(case.engine) as tx:
        if not gdpr_tables.has_requests(tx, case.prefix):
            yield Finding(_NATIVE, "ok", "this OpenCart takes no requests for one's data")
            return
        counts = Counter(gdpr_tables.statuses(tx, case.prefix).values())
        is_on = any(gdpr_tables.jobs(tx, case.prefix).values())
        is_ours = _has_own_tables(case) and takeover.stands(tx, case.shop.own)
    if is_ours:
        yield _taken_over(is_on=is_on)
        return
    pending, processing = counts[PENDING], counts[PROCESSING]
    if processing and is_on:
        yield Finding(
            _NATIVE,
            "warning",
            f"{processing} approved removals wait for OpenCart's own job",
            "its next run deletes the accounts, whatever config_gdpr_limit says, and leaves their"
            " orders, returns and reviews with the personal data in them",
            _TAKE_OVER,
        )
    elif processing:
        yield Finding(
            _NATIVE,
            "warning",
            f"{processing} approved removals wait, and OpenCart's job `gdpr` is off",
            "nobody removes them, and the law sets a term",
            _TAKE_OVER,
        )
    if pending:
        yield Finding(
            _NATIVE,
            "note",
            f"{pending} requests for one's data wait for a decision"
            + (
                " (4.1 also leaves removals there that are done)"
                if case.shop.capabilities.generation == "4.1"
                else ""
            ),
            "the law sets a term",
            f"decide in the admin, Customers > GDPR, or {_TAKE_OVER}",
        )
    if not pending and not processing:
        yield Finding(
            _NATIVE, "ok", f"no request waits; OpenCart's own job is {'on' if is_on else 'off'}"
        )


def _taken_over(*, is_on: bool) -> Finding:
    if not is_on:
        return Finding(_NATIVE, "ok", "OpenCart's own requests are taken over, and its job is off")
    return Finding(
        _NATIVE,
        "warning",
        "OpenCart's own requests are taken over, and somebody switched its job `gdpr` on again",
        "its next run deletes accounts whose removal waits here, and leaves most of the data",
        _TAKE_OVER,
    )


def check_requests(case: StoreCase) -> Iterator[Finding]:
    """Ours that are due, and who is restricted."""
    if not _has_own_tables(case):
        return
    with transaction(case.engine) as tx:
        message = due.said(tx, case.shop.own, case.moment())
        waiting, restricted, held = _counts(tx, case)
    if message is not None:
        yield Finding(_OURS, "warning", message, "the law sets a term", "sidecar gdpr list")
        return
    found = f"{waiting} requests for one's data wait for an answer" if waiting else "none waits"
    also = [f"{number} customers {what}" for what, number in restricted.items()]
    also += [f"{held} under a legal hold"] if held else []
    yield Finding(_OURS, "ok", "; ".join([found, *also]))


def _counts(tx: Connection, case: StoreCase) -> tuple[int, dict[str, int], int]:
    privacy = case.shop.own.privacy
    request, restriction = privacy.privacy_request, privacy.restriction
    waiting = select(func.count()).where(request.c.state.in_(UNANSWERED))
    kinds = tx.execute(select(restriction.c.kind, func.count()).group_by(restriction.c.kind))
    number = {str(row[0]): int(row[1]) for row in kinds}
    said = {
        "restricted": "are restricted",
        "no_profiling": "object to profiling",
        "no_marketing": "object to marketing",
    }
    restricted = {what: number[kind] for kind, what in said.items() if kind in number}
    held = tx.scalar(select(func.count()).select_from(privacy.legal_hold))
    return int(tx.scalar(waiting) or 0), restricted, int(held or 0)


def _has_own_tables(case: StoreCase) -> bool:
    try:
        migrate.require_current(case.engine, case.prefix)
    except SchemaError:
        return False  # which another check tells
    return True
