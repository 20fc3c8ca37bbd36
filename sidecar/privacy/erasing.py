"""
Persons are erased: one whom a request is of, or as many as a retention rule ends.

    noted (in the journal) ──> stopped ──> erased ──> verified

Every stage can be done again, so whoever finds an erasure that is not verified goes on with
it, after a crash at any statement.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, select, update

from sidecar.errors import NotNowError, SidecarError, UsageError
from sidecar.privacy import (
    acts,
    erasure_plan,
    erasure_rows,
    holds,
    journal,
    keeping,
    requests,
    verification,
)
from sidecar.privacy.coverage import read_registered
from sidecar.privacy.eraser import Done, Eraser, Progress
from sidecar.privacy.erasure_rows import Erasure, Person
from sidecar.privacy.live_schema import LiveTable, read_live_schema
from sidecar.privacy.means import Means
from sidecar.privacy.person import account_hashes, guest_hashes, require_key
from sidecar.privacy.requests import Request
from sidecar.privacy.rows import Key as RowKey
from sidecar.privacy.rows import Rows
from sidecar.privacy.stopping import Leaving, stop
from sidecar.privacy.subject import Subject, as_stored
from sidecar.privacy.traces import traces_of
from sidecar.privacy.uploads import uploads_folder
from sidecar.privacy.verification import Residue
from sidecar.rules.privacy.coverage import Coverage, compare
from sidecar.rules.privacy.register import PersonalTable, Register
from sidecar.shop.database import transaction
from sidecar.shop.text import escape, unescape
from sidecar.sync import findings
from sidecar.sync.reading import wall_seconds

T = TypeVar("T")

#: Persons in one transaction.
_PART = 500

#: The finding that a purge or a replay left something.
RESIDUE = "gdpr.residue"

#: Findings that an answer tells; how many there are, it tells too.
_TOLD = 100


@dataclass(slots=True)
class Outcome:
    """
    What an erasure came to.

    Attributes:
        persons: How many were erased.
        done: What was done, since it went on last.
        residue: What of them still stands in the database.
        gaps: What the register does not know of it.
        planned: As of `Erasure`.
    """

    persons: int
    done: Done
    residue: Sequence[Residue] = ()
    gaps: Sequence[str] = ()
    planned: Mapping[str, Any] | None = None

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left of them, as far as anybody can tell."""
        return not (self.residue or self.gaps or self._files_left) and self.done.is_settled

    @property
    def _files_left(self) -> Sequence[str]:
        # As with rows, what was counted first holds also after a crash.
        left: Sequence[str] = (self.planned or {}).get("files_left", ())
        return left or self.done.files_left

    def as_json(self) -> dict[str, Any]:
        """For an answer, and to be kept: without personal data."""
        return {
            "complete": self.is_complete,
            "persons": self.persons,
            "tables": self._tables(),
            "files": max(self.done.files, (self.planned or {}).get("files", 0)),
            "files_left": list(self._files_left),
            "residue": [one.as_json() for one in self.residue[:_TOLD]],
            "residue_found": len(self.residue),
            "gaps": list(self.gaps),
            "settled": self.done.is_settled,
        }

    def _tables(self) -> list[Mapping[str, Any]]:
        if self.planned is not None:
            # Counted before the first row was touched; a crash in between changes nothing.
            return list(self.planned["tables"])
        return [
            {"table": name, "does": does, "rows": number}
            for (name, does), number in sorted(self.done.rows.items())
            if number
        ]


@dataclass(frozen=True, slots=True)
class Ground:
    """
    What an erasure needs to know of the installation.

    Attributes:
        register: Of personal data.
        live: The tables that there are.
        coverage: What the register does not know of them.
    """

    means: Means
    register: Register
    live: Mapping[str, LiveTable]
    coverage: Coverage = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "coverage", compare(self.register, self.live))

    def rows(self, subjects: Sequence[Subject]) -> Rows:
        """The rows of *subjects*."""
        return Rows(self.means.shop, self.register, self.live, subjects)

    def eraser(self, subjects: Sequence[Subject], numbers: Sequence[int]) -> Eraser:
        """What erases them."""
        folder = uploads_folder(self.means.config)
        return Eraser(self.means, self.register, self.live, folder, subjects, numbers)


def open_ground(means: Means) -> Ground:
    """
    Look at the tables and at the register.

    Raises:
        ConfigError: A file of the register cannot be used.
    """
    with transaction(means.shop.engine) as tx:
        live = read_live_schema(tx, means.config.database.name, means.shop.prefix)
    return Ground(means, read_registered(means.config.privacy.register), live)


# -- whom ----------------------------------------------------------------------------------


def accounts(means: Means, ids: Collection[int]) -> list[Person]:
    """The accounts *ids*, those that are there, ascending."""
    key, customer = require_key(means.shop), means.shop.tables.customer.c
    columns = (customer.customer_id, customer.email, wall_seconds(customer.date_added))
    found: list[Person] = []
    for part in _parts(sorted(ids)):
        query = select(*columns).where(customer.customer_id.in_(part))
        with transaction(means.shop.engine) as tx:
            rows = tx.execute(query.order_by(customer.customer_id)).all()
        for customer_id, email, made in rows:
            hashes = account_hashes(key, customer_id, None if made is None else int(made))
            address = unescape(email or "")
            hashed = guest_hashes(key, address)[0] if address.strip() else None
            found.append(Person(_subject(customer_id, email or ""), hashes[0], hashed))
    return found


def guest(means: Means, address: str) -> Person:
    """Whoever has the e-mail *address* and no account."""
    key = require_key(means.shop)
    emails = frozenset({as_stored(address), as_stored(escape(address))})
    return Person(Subject(0, emails), guest_hashes(key, address)[0])


def _subject(customer_id: int, email: str) -> Subject:
    address = as_stored(email)
    return Subject(customer_id, frozenset({address} if address else ()))


def person_of(means: Means, request: Request) -> Person | None:
    """Whom *request* is of; None: somebody else has the account's number now."""
    if not request.customer_id:
        return guest(means, request.email or "")
    number, key = request.customer_id, require_key(means.shop)
    customer = means.shop.tables.customer.c
    made = select(wall_seconds(customer.date_added)).where(customer.customer_id == number)
    with transaction(means.shop.engine) as tx:
        row = tx.execute(made).one_or_none()
    if row is None:
        # Others deleted the account, which leaves orders and much else.
        return Person(Subject(number), request.person)
    if request.person not in account_hashes(key, number, None if row[0] is None else int(row[0])):
        return None
    return accounts(means, [number])[0]


# -- planning ------------------------------------------------------------------------------


def plan(ground: Ground, persons: Sequence[Person]) -> erasure_plan.Plan:
    """What erasing *persons* would do."""
    rows, means = ground.rows([one.subject for one in persons]), ground.means
    folder = uploads_folder(means.config)
    return erasure_plan.plan(rows, ground.coverage, means.moment, folder)


# -- erasing -------------------------------------------------------------------------------


def begin(
    ground: Ground,
    persons: Sequence[Person],
    *,
    request_id: int | None = None,
    purge_id: int | None = None,
    in_journal: bool = False,
) -> int:
    """
    Note that *persons* are erased from now on; returns how many, without those who were already.

    Raises:
        NotNowError: A legal hold keeps the data of one.
        ConfigError: There is no key.
    """
    means = ground.means
    key, own = require_key(means.shop), means.shop.own
    with transaction(means.shop.engine) as tx:
        there = erasure_rows.begun(tx, own, [one.person for one in persons])
    new = [one for one in persons if one.person not in there]
    planned: dict[str, Any] | None = None
    if request_id is not None and new:
        planned = plan(ground, new).as_json(means.moment)
    for part in _parts(new):
        traces = traces_of(ground.rows([one.subject for one in part]))
        ids = [one.subject.customer_id for one in part if one.subject.customer_id]
        with transaction(means.shop.engine) as tx:
            for held in sorted(holds.held(tx, own, ids, means.moment)):
                holds.require_none(tx, own, held, means.moment)
            erasure_rows.note(
                tx,
                own,
                key,
                list(zip(part, traces, strict=True)),
                means.moment,
                request_id=request_id,
                purge_id=purge_id,
                planned=planned,
                in_journal=in_journal,
            )
    return len(new)


def go_on(
    ground: Ground,
    *,
    request_id: int | None = None,
    purge_id: int | None = None,
    progress: Progress | None = None,
) -> Outcome | None:
    """
    Carry out the erasures of a request, of a purge, or without both of a replay; to their end.

    Returns:
        What they came to; None: there were none.

    Raises:
        FatalError: The journal cannot be written; nothing was erased.
        StoppedError: We were asked to end; what is done stands.
    """
    means, own = ground.means, ground.means.shop.own
    key = require_key(means.shop)
    with transaction(means.shop.engine) as tx:
        found = erasure_rows.unfinished(tx, own, key, request_id, purge_id)
    if not found:
        return None
    journal.copy_to_file(means)  # before the first row is touched, also after a crash
    outcome = _carried_out(ground, found, progress)
    journal.copy_to_file(means)  # the suppressions
    _finish(means, found, outcome)
    return outcome


def _carried_out(ground: Ground, found: Sequence[Erasure], progress: Progress | None) -> Outcome:
    means, done = ground.means, Done()
    noted = [one for one in found if one.stage == "noted"]
    if noted:
        eraser = _eraser(ground, noted)
        stop(means, eraser, [_leaving(one) for one in noted])
        done.rows += eraser.done.rows
        _add_files(done, eraser.done)
        _advance(means, noted, "stopped")
    # Also what was erased before a crash: rows may have come since.
    part = _eraser(ground, found).erase(progress)
    done.rows += part.rows
    _add_files(done, part)
    done.is_settled = part.is_settled
    _advance(means, found, "erased")
    traces = [one.traces for one in found]
    residue = verification.verify(means, ground.register, ground.live, traces, progress)
    gaps = [str(gap) for gap in ground.coverage.gaps]
    return Outcome(len(found), done, residue, gaps, found[0].planned)


def _add_files(done: Done, part: Done) -> None:
    done.files += part.files
    done.files_left += part.files_left


def _eraser(ground: Ground, found: Sequence[Erasure]) -> Eraser:
    return ground.eraser([one.subject for one in found], [one.erasure_id for one in found])


def _leaving(one: Erasure) -> Leaving:
    return Leaving(one.subject.customer_id, one.person, one.request_id, one.traces)


def _advance(means: Means, found: Sequence[Erasure], stage: erasure_rows.Stage) -> None:
    with transaction(means.shop.engine) as tx:
        erasure_rows.advance(tx, means.shop.own, [one.erasure_id for one in found], stage)


def _finish(means: Means, found: Sequence[Erasure], outcome: Outcome) -> None:
    """Answer, and forget who it was, in one transaction."""
    request_id, purge_id = found[0].request_id, found[0].purge_id
    result = json.dumps(outcome.as_json(), separators=(",", ":"))
    numbers = [one.erasure_id for one in found]
    with transaction(means.shop.engine) as tx:
        # Of many it is not repeated with each.
        said = None if purge_id is not None else result
        erasure_rows.finish(tx, means.shop.own, numbers, said, means.moment)
        if request_id is not None:
            _answer_in(tx, means, request_id, outcome)
        elif not outcome.is_complete:
            _tell(tx, means, purge_id, outcome)


def _tell(tx: Connection, means: Means, purge_id: int | None, outcome: Outcome) -> None:
    """Say what is left of persons who asked for nothing, as there is no request that tells it."""
    what = "a replay" if purge_id is None else f"purge {purge_id}"
    places = dict.fromkeys(f"{one.table}.{one.column}" for one in outcome.residue)
    left = [*places, *(gap.partition(":")[0] for gap in outcome.gaps)]
    if outcome.done.files_left:
        left.append("uploaded files")
    if not outcome.done.is_settled:
        left.append("rows that kept coming")
    message = f"{what} left something of those whom it erased: {', '.join(left[:10])}"
    findings.raise_finding(tx, means.shop.own, RESIDUE, what, message, means.moment)


def _answer(means: Means, request_id: int, outcome: Outcome) -> None:
    with transaction(means.shop.engine) as tx:
        _answer_in(tx, means, request_id, outcome)


def _answer_in(tx: Connection, means: Means, request_id: int, outcome: Outcome) -> None:
    own, value = means.shop.own, outcome.as_json()
    end: Literal["done", "incomplete"] = "done" if outcome.is_complete else "incomplete"
    requests.finish(tx, own, request_id, end, acts.OURSELVES, means.moment, result=value)
    table = own.privacy.privacy_request
    here = table.c.request_id == request_id
    tx.execute(update(table).where(here).values(customer_id=0, email=None))


# -- for retention -------------------------------------------------------------------------


def purge(means: Means, ids: Collection[int], purge_id: int) -> Mapping[str, int]:
    """
    Erase the accounts *ids*, up to 100,000, and what a crash left of that purge.

    Returns:
        How many rows were deleted or rewritten, by table.

    Raises:
        NotNowError: A legal hold keeps the data of one.
        FatalError: The journal cannot be written; nothing was erased.
        StoppedError: We were asked to end; what is done stands.
    """
    ground = open_ground(means)
    begin(ground, accounts(means, ids), purge_id=purge_id)
    outcome = go_on(ground, purge_id=purge_id)
    found: dict[str, int] = {}
    for (name, _), number in (outcome.done.rows if outcome is not None else {}).items():
        found[name] = found.get(name, 0) + number
    return found


def rewrite(means: Means, one: PersonalTable, keys: Sequence[RowKey]) -> int:
    """
    Rewrite rows of *one* that are too old, whoever they are of; returns how many changed.

    Their pseudonyms bear the number 0, as they are of nobody in particular.
    """
    eraser = open_ground(means).eraser([], [0])
    return eraser.erase_by_key(one.name, keys)


# -- duties --------------------------------------------------------------------------------


def carry_out(means: Means) -> None:
    """Go on with what was begun, begin what has waited long enough, and end what was kept."""
    own = means.shop.own
    with transaction(means.shop.engine) as tx:
        begun = erasure_rows.groups(tx, own)
        due = requests.beginning(tx, own, "erase", means.moment)
    if begun or due:
        _carry_out(open_ground(means), begun, due)
    _end_kept(means)


def _carry_out(
    ground: Ground, begun: Sequence[tuple[int | None, int | None]], due: Sequence[int]
) -> None:
    failed: list[SidecarError] = []
    for request_id, purge_id in begun:
        go_on(ground, request_id=request_id, purge_id=purge_id)
    for number in due:
        if (number, None) in begun:
            continue
        try:
            erase_request(ground, number)
        except (UsageError, NotNowError) as error:
            failed.append(error)  # a legal hold on one keeps nobody else waiting
    if failed:
        raise failed[0]


def erase_request(
    ground: Ground, number: int, actor: str = acts.OURSELVES, progress: Progress | None = None
) -> Outcome | None:
    """
    Carry out the request *number*, whose time has come.

    Returns:
        What it came to; None: it is answered already.

    Raises:
        UsageError: It is not approved, still waits, or we do not know who asks.
        NotNowError: A legal hold keeps the person's data.
        FatalError: The journal cannot be written; nothing was erased.
    """
    means, own = ground.means, ground.means.shop.own
    with transaction(means.shop.engine) as tx:
        request = requests.start(tx, own, number, actor, means.moment)
    with transaction(means.shop.engine) as tx:
        is_begun = (number, None) in erasure_rows.groups(tx, own)
    if not is_begun:
        person = person_of(means, request)
        if person is None:
            return _gone(ground, request)
        if not begin(ground, [person], request_id=number):
            return _by_another(ground, request)
    return go_on(ground, request_id=number, progress=progress)


def _gone(ground: Ground, request: Request) -> Outcome:
    """Nothing is erased that may be somebody else's."""
    means, own = ground.means, ground.means.shop.own
    outcome = Outcome(0, Done(is_settled=False))
    why = f"customer {request.customer_id} is another account than the one that asked"
    value = outcome.as_json() | {"why": why}
    with transaction(means.shop.engine) as tx:
        requests.finish(
            tx, own, request.request_id, "incomplete", acts.OURSELVES, means.moment, result=value
        )
    return outcome


def _by_another(ground: Ground, request: Request) -> Outcome | None:
    """The same person is being erased already: that is gone on with, and answers both."""
    means = ground.means
    with transaction(means.shop.engine) as tx:
        groups = erasure_rows.groups(tx, means.shop.own)
    outcome = None
    for request_id, purge_id in groups:
        outcome = go_on(ground, request_id=request_id, purge_id=purge_id) or outcome
    if outcome is not None:
        _answer(means, request.request_id, outcome)
    return outcome


def _end_kept(means: Means) -> None:
    """Erase rows that were kept for a time that is over."""
    own, now = means.shop.own, means.moment.epoch_s
    ground: Ground | None = None
    while not means.stop():
        with transaction(means.shop.engine) as tx:
            kept = keeping.due(tx, own, now)
        if not kept:
            return
        ground = ground or open_ground(means)
        for number in sorted({one.erasure_id for one in kept}):
            keys = [one.key for one in kept if one.erasure_id == number]
            ground.eraser([], [number]).erase_by_key(kept[0].name, keys)
        with transaction(means.shop.engine) as tx:
            keeping.forget(tx, own, kept)


def _parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), _PART):
        yield values[start : start + _PART]
