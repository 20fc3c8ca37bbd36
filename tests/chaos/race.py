"""
The moment between the log and the tables, made long.

A release build of MariaDB has no fail points, but it can wait for a replica that is not
there: after the log was written and sent, before the engine commits
(``rpl_semi_sync_master_wait_point = AFTER_SYNC``). So a commit is held as long as we like.
"""

from __future__ import annotations

from chaos.bed import CUSTOMERS, Bed, Found
from chaos.lives import Life
from sidecar import clock
from support.given import Given

#: Longer than changes are gathered for, so that who does not wait reads what was before.
HELD_MS = 800


def hold_commits(bed: Bed, times: int, seed: int) -> Found:
    """A commit is held after it is in the log: without the gate it is missed, with it never."""
    found = Found()
    looking = bed.connect(autocommit=True)
    customers = iter(range(1 + seed, CUSTOMERS))
    life = _warm(bed, looking, next(customers), "only the log", "no gate")
    # On a busy machine even a look without the gate may come late enough.
    while found.counts[_MISSED] < times and found.counts[_HELD] < 5 * times:
        customer = next(customers)
        seq = _seq(bed)
        _held(bed, customer)
        found.counts[_HELD] += 1
        _noted(bed, life, seq)
        found.counts[_MISSED] += customer in _wrong(bed, looking)
    if not found.counts[_MISSED]:
        found.faults.append("the control missed nothing: the test shows nothing")
    found.of_life(life)
    life.stop()

    stale = _wrong(bed, looking)
    life = _warm(bed, looking, next(customers), "only the log")
    for _ in range(times):
        seq = _seq(bed)
        _held(bed, next(customers))
        _noted(bed, life, seq)
    found.counts[_HELD_GATED] = times
    found.counts[_MISSED_GATED] = missed = len(_wrong(bed, looking) - stale)
    if missed:
        found.faults.append(f"{missed} were missed with the gate")
    looking.connection.close()
    for customer in stale:  # for whom nothing else will ring
        bed.given.update("customer", {"customer_id": customer}, newsletter=1)
        bed.given.update("customer", {"customer_id": customer}, newsletter=0)
    bed.ends_well(found, life)
    return found


_HELD, _MISSED = f"commits held {HELD_MS} ms without the gate", "missed without the gate"
_HELD_GATED, _MISSED_GATED = f"commits held {HELD_MS} ms with the gate", "missed with the gate"


def _warm(bed: Bed, looking: Given, customer: int, *faults: str) -> Life:
    """A life that notes its place for a customer's sake only: its first note is for none."""
    life = bed.leads(*faults)
    bed.given.order(customer, "10")
    life.until(lambda: customer not in _wrong(bed, looking), "the first order was seen")
    return life


def _held(bed: Bed, customer: int) -> None:
    bed.server.execute(
        f"SET GLOBAL rpl_semi_sync_master_timeout = {HELD_MS}",
        "SET GLOBAL rpl_semi_sync_master_wait_point = 'AFTER_SYNC'",
        "SET GLOBAL rpl_semi_sync_master_enabled = ON",
    )
    began_s = clock.monotonic()
    bed.given.order(customer, "10")
    assert clock.monotonic() - began_s > HELD_MS / 1000 / 2, "the commit was not held"
    bed.server.execute("SET GLOBAL rpl_semi_sync_master_enabled = OFF")


def _noted(bed: Bed, life: Life, since: int) -> None:
    life.until(lambda: _seq(bed) > since, "it noted that it has read it")


def _seq(bed: Bed) -> int:
    """Counts how often the place in the log was noted."""
    rows = bed.rows("SELECT seq FROM oc_sidecar_source WHERE name = 'binlog'")
    return int(rows[0]["seq"])


def _wrong(bed: Bed, looking: Given) -> set[int]:
    """Customers whose facts are wrong."""
    lines = bed.wrong(looking)
    return {int(line.split(":")[0].split()[-1]) for line in lines if line.startswith("facts of")}
