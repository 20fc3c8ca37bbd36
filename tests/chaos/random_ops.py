"""Anything in any order: what comes out is what one pass over everything would have made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as of_seed
from hypothesis import strategies as st

from chaos.bed import Bed, Found
from chaos.faults import STEPS
from support.busy_store import COMPLETE
from support.given import Given

#: Few, so that operations meet.
CUSTOMERS = 12

_OPS: Mapping[str, Callable[[Given, int, int], object]] = {
    "order": lambda store, who, n: store.order(who, str(n * 130 - 200), status=COMPLETE),
    "raise totals": lambda store, who, n: store.execute(
        "UPDATE oc_order SET total = total + %s WHERE customer_id = %s", n, who
    ),
    "cancel": lambda store, who, n: store.update("order", {"customer_id": who}, order_status_id=7),
    "delete orders": lambda store, who, n: store.delete("order", customer_id=who),
    "give orders away": lambda store, who, n: store.update(
        "order", {"customer_id": who}, customer_id=n
    ),
    "letters": lambda store, who, n: store.update(
        "customer", {"customer_id": who}, newsletter=n % 2
    ),
    "cart": lambda store, who, n: store.cart(who, n),
    "empty carts": lambda store, who, n: store.delete("cart", customer_id=who),
    "hint": lambda store, who, n: store.insert(
        "sidecar_hint", {}, customer_id=who, reason="x", at=1
    ),
}


@dataclass(frozen=True, slots=True)
class Op:
    """One thing done to the store, for customer *who* with a number *n*."""

    what: str
    who: int
    n: int


@dataclass(frozen=True, slots=True)
class Crash:
    """From now on the daemon dies at this step, and another begins when it has."""

    fault: str


_ids = st.integers(1, CUSTOMERS)
_ops = st.builds(Op, st.sampled_from(sorted(_OPS)), _ids, _ids)
_crashes = st.builds(
    lambda when, step: Crash(f"die {when} {step} 1"),
    st.sampled_from(["before", "after"]),
    st.sampled_from(sorted(STEPS)),
)
_examples = st.lists(st.one_of(_ops, _ops, _ops, _crashes), min_size=4, max_size=25)


def do_anything(bed: Bed, times: int, seed: int) -> Found:
    """Random operations and crashes, by Hypothesis: the end is what plain SQL says."""
    found = Found()

    @of_seed(seed)
    @settings(
        max_examples=times,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(_examples)
    def holds(steps: list[Op | Crash]) -> None:
        _one(bed, steps, found)
        assert not found.faults, (steps, found.faults)

    try:
        holds()
    except AssertionError as error:
        found.faults.append(str(error)[:2000])
    planned = bed.lives.start(command=["plan"])
    if not planned.ended(within_s=60) or planned.code:
        found.faults.append(f"plan ended with {planned.code}: {planned.tail()}")
    return found


def _one(bed: Bed, steps: list[Op | Crash], found: Found) -> None:
    life = bed.lives.start("only the log")
    for step in steps:
        if isinstance(step, Crash):
            life.kill()
            life = bed.lives.start("only the log", step.fault)
            found.counts["crashes"] += 1
        else:
            _OPS[step.what](bed.given, step.who, step.n)
            found.counts["operations"] += 1
    life.ended(within_s=0.2)
    life.kill()
    found.counts["examples"] += 1
    bed.ends_well(found)
