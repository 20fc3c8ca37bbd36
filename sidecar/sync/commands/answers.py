"""What commands answer, where several answer alike."""

from __future__ import annotations

import dataclasses

from sidecar.errors import NotNowError
from sidecar.model import CHANGES, Outcome
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import decisions
from sidecar.sync.commands.dispatcher import Answer
from sidecar.sync.full_pass import Result


def changed(run_id: int | None, outcome: Outcome, **more: object) -> Answer:
    """What a command did to customers."""
    return Answer({"run": run_id, **dataclasses.asdict(outcome), **more})


def full_pass(shop: Shop, result: Result, **more: object) -> Answer:
    """What a full pass did, as ``once`` tells it."""
    outcome = result.outcome
    state = "waiting" if result.waiting else "applied" if result.run_id else "nothing"
    value = {
        "run": result.run_id,
        "state": state,
        "customers": outcome.customers,
        "changed": outcome.changed,
        "set_aside": outcome.set_aside,
        "changes": {kind: getattr(outcome, kind) for kind in CHANGES},
        "waiting": waiting(shop, result),
        **more,
    }
    return waits(value) if result.waiting else Answer(value)


def waiting(shop: Shop, result: Result) -> list[dict[str, object]]:
    """The runs that wait after a full pass."""
    with transaction(shop.engine) as tx:
        rules = decisions.rules_of(tx, shop.own, [run.run_id for run in result.waiting])
    return [
        {
            "run": run.run_id,
            "rules": rules[run.run_id],
            "customers": run.customers,
            "changes": dict(run.changes),
        }
        for run in result.waiting
    ]


def waits(value: object) -> Answer:
    """*value*, and that what was asked for waits for approval."""
    return Answer(value, "waiting", NotNowError.exit_code)
