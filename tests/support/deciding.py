"""What people decide of runs of a small store, and bells that ring under a budget."""

from __future__ import annotations

from sidecar.shop.database import transaction
from sidecar.sync import changed, decisions, runs
from sidecar.sync.caps import Budget
from sidecar.sync.decisions import Approved
from sidecar.sync.full_pass import Result
from sidecar.sync.pass_runs import Approval
from support.small_store import SmallStore


def approve(store: SmallStore, run: int, cap: int = 0) -> Approved:
    """Approve of *run*, where the cap is *cap*."""

    def carry_out(approval: Approval) -> Result:
        return store.whole_pass(approval=approval, cap=cap)

    return decisions.approve(store.sidecar.shop, run, "cli:eve", store.moment, carry_out)


def discard(store: SmallStore, run: int) -> list[str]:
    """Discard *run*."""
    rules = store.sidecar.check_rules().rules
    with transaction(store.sidecar.engine) as tx:
        own = store.sidecar.shop.own
        return decisions.discard(tx, own, run, "cli:eve", rules, store.moment)


def resume(store: SmallStore, name: str, kind: str | None = None) -> str:
    """Let a rule go on."""
    with transaction(store.sidecar.engine) as tx:
        rules = store.sidecar.check_rules().rules
        own = store.sidecar.shop.own
        return decisions.resume_rule(tx, own, name, kind, rules, store.moment).name


def waiting(store: SmallStore) -> list[int]:
    """The numbers of the runs that wait."""
    with transaction(store.sidecar.engine) as tx:
        return [run.run_id for run in runs.waiting(tx, store.sidecar.shop.own)]


def run_state(store: SmallStore, run: int) -> tuple[str, str | None]:
    """A run's state and who decided of it."""
    (row,) = store.rows("SELECT state, decided_by FROM `{own}run` WHERE run_id = %s", run)
    return row["state"], row["decided_by"]


def ring(store: SmallStore, *ids: int, kind: str = "changed", limit: int = 1000) -> None:
    """Something rings for *ids*, where the budget is *limit*."""
    shop, moment = store.sidecar.shop, store.moment
    changed.answer(shop, store.book(), ids, moment, Budget(shop.own, limit, moment), kind=kind)
