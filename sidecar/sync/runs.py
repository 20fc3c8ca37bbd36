"""A run over named customers: cycles in bounded parts, one entry in the list of runs."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar import clock
from sidecar.model import Outcome, Scope
from sidecar.shop.database import transaction
from sidecar.sync import audit, cycle
from sidecar.sync.cycle import Before, Pass
from sidecar.sync.full_pass import Progress


def run_ids(
    work: Pass,
    ids: Sequence[int],
    *,
    kind: str,
    actor: str | None = None,
    what: str = "",
    before: Before | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """
    Bring the customers *ids* in line, as one run; sets the run's number on *work*.

    Args:
        kind: ``changed`` or ``command``.
        before: What to do first, for a part of *ids* in its transaction.
    """
    own, engine = work.shop.own, work.shop.engine
    with transaction(engine) as tx:
        work.run_id = audit.start_run(tx, own, kind, work.moment, actor=actor, what=what)
    outcome = Outcome()
    state = "failed"
    try:
        for start in range(0, len(ids), cycle.BATCH):
            part = ids[start : start + cycle.BATCH]
            outcome.add(cycle.run(work, Scope.of(part), before))
            if progress:
                progress(start + len(part), len(ids))
        state = "applied"
    except (KeyboardInterrupt, SystemExit):
        state = "interrupted"
        raise
    finally:
        with transaction(engine) as tx:
            audit.finish_run(tx, own, work.run_id, clock.now(), state=state, outcome=outcome)
    return outcome
