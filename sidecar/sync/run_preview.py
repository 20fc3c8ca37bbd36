"""What a run that waits for approval would change now, rule by rule and by name."""

from __future__ import annotations

import dataclasses
from typing import cast

from sidecar.model import CHANGES, Moment
from sidecar.rules.plan import Changes
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import decisions, runs
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.cycle import Pass
from sidecar.sync.pass_runs import parts_of
from sidecar.sync.planning import plan_pass
from sidecar.sync.preview import Names
from sidecar.sync.ranges import Progress
from sidecar.sync.state import Json


def preview_run(
    shop: Shop,
    book: Rulebook,
    run_id: int,
    moment: Moment,
    *,
    sample: int,
    progress: Progress | None = None,
) -> dict[str, Json]:
    """
    Plan a waiting run anew, as its approval would, and write nothing.

    Args:
        sample: How many changes to name, the first by customer.

    Returns:
        ``run``; ``customers`` that would change, and ``changes`` by kind; ``rules``, each with
        ``kind``, ``name`` and its ``changes``, the most first; ``sample``, each with
        ``customer_id``, ``kind``, ``name``, ``before``, ``after`` and ``why``.

    Raises:
        UsageError: There is no such run, or it does not wait.
    """
    with transaction(shop.engine) as tx:
        decisions.require_waiting(runs.read(tx, shop.own, run_id))
    parts = parts_of(shop, book, moment, kind="full", actor=None)
    # What waits with the first full pass is all in one.
    mine = next((part for part in parts if part.number == run_id), parts[-1])
    others = {node for part in parts if part is not mine and part.number for node in part.rules}
    work = Pass(shop, book.blocking(book.registry.held() | others), moment, [mine.run])
    names, named = Names(book), list[dict[str, object]]()

    def shown(whole: Changes) -> None:
        if len(named) < sample:
            # Segments never wait.
            of_run = mine.run.of(whole)
            part = dataclasses.replace(
                of_run, entered=of_run.entered.clear(), left=of_run.left.clear()
            )
            named.extend(list(names.steps(part, whole))[: sample - len(named)])

    (planned,) = plan_pass(work, progress=progress, shown=shown, keep=False).runs
    outcome = dataclasses.replace(planned.outcome, segment_entered=0, segment_left=0)
    by_rule = sorted(planned.steps.items(), key=lambda step: (-step[1], step[0]))
    known = book.registry.rules
    return {
        "run": run_id,
        "customers": outcome.changed,
        "changes": {kind: getattr(outcome, kind) for kind in CHANGES},
        "rules": [
            {"kind": node[0], "name": known[node].name if node in known else "", "changes": steps}
            for node, steps in by_rule
        ],
        "sample": cast("list[Json]", named),
    }
