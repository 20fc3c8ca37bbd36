"""
OpenCart's own rows of requests: read, and after the takeover kept as ours stand.

    status  -1 denied   0 unverified   1 pending   2 processing    3 complete
    ours    refused,    (not read)     open        waiting,        done,
            cancelled                              running         incomplete

Before the takeover an answer in the store's own page answers ours. After it, approving and
denying there are a person's decisions; anything else that is not as ours stand is written
back, as OpenCart 4.1 itself makes a 1 of every status it writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from sidecar.config import Config
from sidecar.errors import NotNowError, UsageError
from sidecar.model import Moment
from sidecar.privacy import acts, request_steps, requests, takeover
from sidecar.privacy.means import Means
from sidecar.privacy.person import Person, account, accounts_with, guest_hashes, require_key
from sidecar.privacy.requests import Kind, Request, State, Wanted
from sidecar.shop import gdpr_tables
from sidecar.shop.database import transaction
from sidecar.shop.gdpr_tables import (
    COMPLETE,
    DENIED,
    EXPORT,
    PENDING,
    PROCESSING,
    REMOVE,
    NativeRequest,
)
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync import findings, state
from sidecar.sync.compiled_rules import PAUSED

_KINDS: Mapping[str, Kind] = {EXPORT: "access", REMOVE: "erase"}

_AS_OURS: Mapping[State, int] = {
    "unverified": PENDING,
    "open": PENDING,
    "waiting": PROCESSING,
    "running": PROCESSING,
    "done": COMPLETE,
    "incomplete": COMPLETE,
    "refused": DENIED,
    "cancelled": DENIED,
}

#: Findings: requests that cannot be listed without a key, and the job that is on again.
NO_KEY, JOB_ON = "gdpr.no_key", "gdpr.job_on"

_DENIED = "denied in the store's own page"

#: Rows looked at in one statement.
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class _Known:
    """One of our requests with a row in the store, as far as that matters here."""

    request_id: int
    native_id: int
    state: State


def keep(means: Means) -> None:
    """Read new rows of the store, follow what was decided there, and write ours back."""
    shop, moment = means.shop, means.moment
    with transaction(shop.engine) as tx:
        if not gdpr_tables.has_requests(tx, shop.prefix):
            return
        found = gdpr_tables.statuses(tx, shop.prefix)
        known, is_ours = _known(tx, shop.own), takeover.stands(tx, shop.own)
        _tell_of_job(tx, shop, moment)
    _list_new(shop, [n for n, status in found.items() if status in (PENDING, PROCESSING)], moment)
    for one in known:
        if means.stop():
            return
        if one.native_id not in found:
            _note_deleted(shop, one, moment)
        elif _is_decision(one, found[one.native_id], is_ours=is_ours):
            _follow(shop, means.config, one.request_id, moment)
    write_back(shop)


def write_back(shop: Shop) -> None:
    """
    Bring the store's rows to where ours stand, where they were taken over; unless paused.

    What a person decided in the store stays as it is, until `keep` has seen it.
    """
    with transaction(shop.engine) as tx:
        if not gdpr_tables.has_requests(tx, shop.prefix) or not takeover.stands(tx, shop.own):
            return
        if state.read(tx, shop.own, PAUSED) is not None:
            return
        found = gdpr_tables.statuses(tx, shop.prefix)
        stale = [
            (one.native_id, found[one.native_id], _AS_OURS[one.state])
            for one in _known(tx, shop.own)
            if one.native_id in found
            and found[one.native_id] != _AS_OURS[one.state]
            and not _is_decision(one, found[one.native_id], is_ours=True)
        ]
    for start in range(0, len(stale), _CHUNK):
        with transaction(shop.engine) as tx:
            for native_id, before, after in stale[start : start + _CHUNK]:
                gdpr_tables.set_status(tx, shop.prefix, native_id, before, after)


# -- new rows ------------------------------------------------------------------------------


def _list_new(shop: Shop, native_ids: list[int], moment: Moment) -> None:
    own = shop.own
    with transaction(shop.engine) as tx:
        there = {one.native_id for one in _known(tx, own)}
        new = [number for number in native_ids if number not in there]
        if shop.key is None:
            _tell_of_key(tx, own, len(new), moment)
            return
        findings.mend(tx, own, NO_KEY, "", moment)
        rows = [
            row
            for start in range(0, len(new), _CHUNK)
            for row in gdpr_tables.read(
                tx, shop.prefix, new[start : start + _CHUNK], shop.settings.zone
            )
        ]
    for row in rows:
        kind = _KINDS.get(row.action)
        if kind is None or not row.email:
            continue  # nothing that OpenCart writes
        with transaction(shop.engine) as tx:
            _enter(tx, shop, row, kind, moment)


def _enter(tx: Connection, shop: Shop, row: NativeRequest, kind: Kind, moment: Moment) -> None:
    wanted = Wanted(
        kind=kind,
        person=_person(tx, shop, row.email),
        actor=acts.STORE,
        identity="code",
        received_at=row.received_at,
        native_id=row.native_id,
    )
    requests.enter(tx, shop, wanted, moment)


def _person(tx: Connection, shop: Shop, email: str) -> Person:
    """Whose address it is; of none or several accounts: a guest's."""
    ids = accounts_with(tx, shop, email)
    if len(ids) == 1:
        return account(tx, shop, ids[0])
    return Person(0, email, 0, guest_hashes(require_key(shop), email))


def _tell_of_key(tx: Connection, own: OwnTables, number: int, moment: Moment) -> None:
    if not number:
        findings.mend(tx, own, NO_KEY, "", moment)
        return
    message = (
        f"{number} requests in the store for one's data cannot be listed without the"
        " installation's key (`sidecar key create`)"
    )
    findings.raise_finding(tx, own, NO_KEY, "", message, moment, again=False)


# -- rows that are known -------------------------------------------------------------------


def _is_decision(one: _Known, status: int, *, is_ours: bool) -> bool:
    """
    Whether that *status* of the store's row is a person's answer, or OpenCart's own.

    Args:
        is_ours: Since the takeover OpenCart itself has none to give.
    """
    if one.state in ("unverified", "open"):
        return status in (DENIED, PROCESSING, COMPLETE)
    return one.state == "waiting" and (status == DENIED or (status == COMPLETE and not is_ours))


def _follow(shop: Shop, config: Config, request_id: int, moment: Moment) -> None:
    """Let what was decided in the store about one request hold for ours."""
    own = shop.own
    with transaction(shop.engine) as tx:
        request = requests.read(tx, own, request_id, lock=True)
        native_id = request.native_id or 0
        status = gdpr_tables.statuses(tx, shop.prefix, native_id).get(native_id)
        is_ours = takeover.stands(tx, own)
        known = _Known(request_id, native_id, request.state)
        if status is None or not _is_decision(known, status, is_ours=is_ours):
            return
        if not is_ours:
            _answered_in_store(tx, own, request, status, moment)
            return
        is_followed = _decided(tx, shop, config, request, status, moment)
    if not is_followed:
        with transaction(shop.engine) as tx:
            gdpr_tables.set_status(tx, shop.prefix, native_id, status, _AS_OURS[request.state])


def _decided(
    tx: Connection, shop: Shop, config: Config, request: Request, status: int, moment: Moment
) -> bool:
    """Decide as an admin did in the store's own page; False: it cannot be, or was no decision."""
    own, number = shop.own, request.request_id
    try:
        if status == DENIED and request.state == "waiting":
            request_steps.cancel(tx, own, number, acts.STORE, _DENIED, moment)
        elif status == DENIED:
            request_steps.refuse(tx, own, number, acts.STORE, _DENIED, moment)
        elif status == PROCESSING or request.kind == "access":  # a copy is complete at once
            starts_at = approved_from(request.kind, config, moment)
            request_steps.approve(tx, shop, number, acts.STORE, moment, starts_at)
        else:
            return False
    except (UsageError, NotNowError) as error:
        said = str(error)
        acts.note(tx, own, "not_approved", acts.STORE, moment, request_id=number, reason=said)
        return False
    return True


def approved_from(kind: Kind, config: Config, moment: Moment) -> int:
    """From when on what is approved now may be carried out, in UTC epoch seconds."""
    waits_s = int(config.privacy.erase_after.total_seconds()) if kind == "erase" else 0
    return moment.epoch_s + waits_s


def _answered_in_store(
    tx: Connection, own: OwnTables, request: Request, status: int, moment: Moment
) -> None:
    """What became of a request before the takeover; what an admin approved is carried out yet."""
    number = request.request_id
    if status == COMPLETE:
        said = "completed by OpenCart itself, which leaves much of the data"
        request_steps.finish(tx, own, number, "incomplete", acts.STORE, moment, reason=said)
    elif status == DENIED:
        request_steps.refuse(tx, own, number, acts.STORE, _DENIED, moment, in_store=True)


def _note_deleted(shop: Shop, one: _Known, moment: Moment) -> None:
    table = shop.own.privacy.privacy_request
    with transaction(shop.engine) as tx:
        here = table.c.request_id == one.request_id, table.c.native_id == one.native_id
        if tx.execute(update(table).where(*here).values(native_id=None)).rowcount:
            acts.note(tx, shop.own, "native_deleted", acts.STORE, moment, request_id=one.request_id)


def _known(tx: Connection, own: OwnTables) -> list[_Known]:
    table = own.privacy.privacy_request
    query = select(table.c.request_id, table.c.native_id, table.c.state)
    rows = tx.execute(query.where(table.c.native_id.is_not(None)).order_by(table.c.request_id))
    return [_Known(row.request_id, row.native_id, row.state) for row in rows]


def _tell_of_job(tx: Connection, shop: Shop, moment: Moment) -> None:
    if takeover.stands(tx, shop.own) and any(gdpr_tables.jobs(tx, shop.prefix).values()):
        message = (
            "OpenCart's own job `gdpr` is on again: it deletes approved removals at its next run"
            " (`sidecar gdpr takeover` switches it off)"
        )
        findings.raise_finding(tx, shop.own, JOB_ON, "", message, moment, again=False)
    else:
        findings.mend(tx, shop.own, JOB_ON, "", moment)
