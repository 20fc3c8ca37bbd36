"""
Persons are erased: one whom a request is of, or as many as a retention rule ends.

    noted (in the journal) ──> stopped ──> erased ──> verified

Every stage can be done again, so whoever finds an erasure that is not verified goes on with
it, after a crash at any statement.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sidecar.privacy import erasure_outcome, erasure_rows, holds, journal, verification
from sidecar.privacy.eraser import Done, Eraser, Progress
from sidecar.privacy.erasure_ground import Ground, open_ground, plan
from sidecar.privacy.erasure_outcome import Outcome
from sidecar.privacy.erasure_persons import accounts
from sidecar.privacy.erasure_rows import Erasure, Person
from sidecar.privacy.means import Means
from sidecar.privacy.person import require_key
from sidecar.privacy.short_reads import in_parts
from sidecar.privacy.stopping import Leaving, stop
from sidecar.privacy.traces import traces_of
from sidecar.shop.database import transaction


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
    traces = traces_of(ground.rows([one.subject for one in new])) if new else []
    for part in in_parts(list(zip(new, traces, strict=True))):
        ids = [one.subject.customer_id for one, _ in part if one.subject.customer_id]
        with transaction(means.shop.engine) as tx:
            for held in sorted(holds.held(tx, own, ids, means.moment)):
                holds.require_none(tx, own, held, means.moment)
            erasure_rows.note(
                tx,
                own,
                key,
                part,
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
    erasure_outcome.finish(means, found, outcome)
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
    # While a large transaction is written to the binary log, every commit of the store waits.
    for part in in_parts([one.erasure_id for one in found]):
        with transaction(means.shop.engine) as tx:
            erasure_rows.advance(tx, means.shop.own, part, stage)


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
