"""
What people ask for about their data: entered once, decided by a person, carried out, answered.

    unverified ──> open ──> waiting (approved, until starts_at) ──> running ──> done, incomplete
                     └──> refused, cancelled

How one goes from state to state is told in `sidecar.privacy.request_steps`. Nothing here
commits: what is entered is written in the transaction of the caller.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, insert, select, update

from sidecar.errors import UsageError
from sidecar.model import Moment
from sidecar.privacy import acts, takeover
from sidecar.privacy.person import Person
from sidecar.privacy.terms import due_at
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync import state
from sidecar.sync.state import Json

Kind = Literal["access", "erase", "rectify", "restrict", "object_marketing", "object_profiling"]
State = Literal[
    "unverified", "open", "waiting", "running", "done", "incomplete", "refused", "cancelled"
]
Identity = Literal["none", "code", "login", "staff"]

#: Not answered yet.
UNANSWERED: frozenset[State] = frozenset({"unverified", "open", "waiting", "running"})

#: Not begun: it can still be refused or cancelled.
NOT_BEGUN: frozenset[State] = UNANSWERED - {"running"}

#: What nobody gets, or loses, of whom we do not know that it is they who ask.
NEED_IDENTITY: frozenset[Kind] = frozenset({"access", "erase"})

#: As long as the columns.
_HOW = 255

#: In ``sidecar_state``: written by whoever enters a request, so that one waits for the other.
_ENTERING = "privacy_request_entered"


@dataclass(frozen=True, slots=True)
class Request:
    """
    A request as it stands; instants are UTC epoch seconds.

    Attributes:
        customer_id: 0: a guest, or erased.
        email: Of a guest, as given; None: an account, or erased.
        person: Keyed hash of the account or of the guest's address.
        native_id: ``gdpr_id`` of OpenCart's own row; None: there is none.
        identity: How we know who asks; ``none``: we do not.
        starts_at: From when on what is approved may be carried out; None: not approved.
        decided_by: Who approved, refused or cancelled it.
        result: What came of it, in numbers; None: nothing yet.
    """

    request_id: int
    kind: Kind
    state: State
    customer_id: int
    email: str | None
    person: str
    store_id: int
    source: Literal["staff", "native"]
    native_id: int | None
    identity: Identity
    verified_by: str | None
    verified_how: str | None
    verified_at: int | None
    actor: str
    received_at: int
    due_at: int
    extended_reason: str | None
    starts_at: int | None
    decided_by: str | None
    decided_reason: str | None
    finished_at: int | None
    result: Mapping[str, Json] | None
    next_at: int | None

    @property
    def is_answered(self) -> bool:
        """Whether it is over."""
        return self.state not in UNANSWERED


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    A request to be entered.

    Attributes:
        actor: Who enters it.
        identity: How we know who asks.
        verified_by: The person of the shop who says so, when ``staff``.
        verified_how: In their words.
        received_at: When it was made, in UTC epoch seconds; None: now.
        native_id: Of OpenCart's own row; None: staff enter it.
        command_id: The command that asks for it, so that it is entered once; None: none does.
    """

    kind: Kind
    person: Person
    actor: str
    identity: Identity = "none"
    verified_by: str | None = None
    verified_how: str | None = None
    received_at: int | None = None
    native_id: int | None = None
    command_id: int | None = None


# -- entering ------------------------------------------------------------------------------


def enter(tx: Connection, shop: Shop, wanted: Wanted, moment: Moment) -> tuple[Request, bool]:
    """
    Enter a request, unless the same person's for the same is not answered yet: then that one.

    What is newly known, who asks or OpenCart's own row, is added to that one.

    Returns:
        The request, and whether it is new.
    """
    own, person = shop.own, wanted.person
    # Whoever enters at the same time waits here, and then sees this one.
    state.write(tx, own, _ENTERING, None, moment)
    table = own.privacy.privacy_request
    if wanted.command_id is not None:
        row = _locked(tx, own, table.c.command_id == wanted.command_id)
        if row is not None:
            return _request(row), False
    there = unanswered(tx, own, wanted.kind, person, lock=True)
    if there is not None:
        return _with_more(tx, own, there, wanted, moment), False
    received_at = moment.epoch_s if wanted.received_at is None else wanted.received_at
    is_known = wanted.identity != "none"
    made = tx.execute(
        insert(table).values(
            kind=wanted.kind,
            state="open" if is_known else "unverified",
            customer_id=person.customer_id,
            email=None if person.customer_id else person.email,
            person=person.digest,
            store_id=person.store_id,
            source="staff" if wanted.native_id is None else "native",
            native_id=wanted.native_id,
            identity="none",
            actor=wanted.actor[: acts.ACTOR],
            received_at=received_at,
            due_at=due_at(received_at, moment.zone),
            command_id=wanted.command_id,
        )
    ).inserted_primary_key
    number = int(made[0]) if made else 0
    acts.note(tx, own, "entered", wanted.actor, moment, request_id=number)
    if is_known:
        _identify(tx, own, number, wanted, moment)
    return read(tx, own, number), True


def _with_more(
    tx: Connection, own: OwnTables, there: Request, wanted: Wanted, moment: Moment
) -> Request:
    table = own.privacy.privacy_request
    here = table.c.request_id == there.request_id
    if wanted.native_id is not None and there.native_id is None:
        tx.execute(update(table).where(here).values(native_id=wanted.native_id))
    if there.identity == "none" and wanted.identity != "none":
        _identify(tx, own, there.request_id, wanted, moment)
    # As it is now: another transaction may have entered it since this one first looked.
    return read(tx, own, there.request_id, lock=True)


def _identify(tx: Connection, own: OwnTables, number: int, wanted: Wanted, moment: Moment) -> None:
    by, how = wanted.verified_by, wanted.verified_how
    set_identity(tx, own, number, wanted.identity, wanted.actor, moment, by=by, how=how)


def unanswered(
    tx: Connection, own: OwnTables, kind: Kind, person: Person, *, lock: bool = False
) -> Request | None:
    """The request of *person* for *kind* that is not answered yet; None: there is none."""
    table = own.privacy.privacy_request
    query = select(table).where(
        table.c.person.in_(person.hashes), table.c.kind == kind, table.c.state.in_(UNANSWERED)
    )
    query = query.order_by(table.c.request_id).limit(1)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _request(row)


def set_identity(
    tx: Connection,
    own: OwnTables,
    request_id: int,
    identity: Identity,
    actor: str,
    moment: Moment,
    *,
    by: str | None,
    how: str | None,
) -> None:
    """Note who asks, and open what was unverified; not before it was looked at and locked."""
    table = own.privacy.privacy_request
    here = table.c.request_id == request_id
    tx.execute(
        update(table)
        .where(here)
        .values(
            identity=identity,
            verified_by=None if by is None else by[: acts.ACTOR],
            verified_how=None if how is None else how[:_HOW],
            verified_at=moment.epoch_s,
        )
    )
    tx.execute(update(table).where(here, table.c.state == "unverified").values(state="open"))
    said = identity if by is None else f"{by}: {how}"
    acts.note(tx, own, "verified", actor, moment, request_id=request_id, reason=said)


# -- reading -------------------------------------------------------------------------------


def read(tx: Connection, own: OwnTables, request_id: int, *, lock: bool = False) -> Request:
    """
    The request of that number.

    Args:
        lock: It is to be changed: whoever else wants to waits.

    Raises:
        UsageError: There is none.
    """
    table = own.privacy.privacy_request
    query = select(table).where(table.c.request_id == request_id)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise UsageError(f"there is no request {request_id} (`sidecar gdpr list` shows them)")
    return _request(row)


def of_person(tx: Connection, own: OwnTables, person: Person) -> Sequence[Request]:
    """All requests of *person*, the newest first."""
    table = own.privacy.privacy_request
    query = select(table).where(table.c.person.in_(person.hashes))
    return [_request(row) for row in tx.execute(query.order_by(table.c.request_id.desc()))]


def listed(tx: Connection, own: OwnTables, *, everything: bool, limit: int) -> Sequence[Request]:
    """At most *limit* requests: those not answered, the first due first; *everything*: all."""
    table = own.privacy.privacy_request
    query = select(table).order_by(table.c.due_at, table.c.request_id).limit(limit)
    if everything:
        query = select(table).order_by(table.c.request_id.desc()).limit(limit)
    else:
        query = query.where(table.c.state.in_(UNANSWERED))
    return [_request(row) for row in tx.execute(query)]


def beginning(tx: Connection, own: OwnTables, kind: Kind, moment: Moment) -> Sequence[int]:
    """
    The numbers of requests for *kind* that run, or whose waiting is over; ascending.

    Without those of OpenCart's own that are not ours to carry out.
    """
    table = own.privacy.privacy_request
    waited = (table.c.state == "waiting") & (table.c.starts_at <= moment.epoch_s)
    query = select(table.c.request_id).where(
        table.c.kind == kind, (table.c.state == "running") | waited
    )
    if not takeover.stands(tx, own):
        query = query.where((table.c.source != "native") | (table.c.state == "running"))
    return tx.scalars(query.order_by(table.c.request_id)).all()


def _locked(tx: Connection, own: OwnTables, where: Any) -> Row[Any] | None:
    query = select(own.privacy.privacy_request).where(where).with_for_update()
    return tx.execute(query).one_or_none()


def _request(row: Row[Any]) -> Request:
    values = {name: getattr(row, name) for name in Request.__dataclass_fields__}
    values["result"] = None if row.result is None else json.loads(row.result)
    return Request(**values)
