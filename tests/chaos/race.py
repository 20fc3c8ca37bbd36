"""
The moment between the log and the tables, made long.

A release build of MariaDB has no fail points, but it can wait for a replica that is not
there: after the log was written and sent, before the engine commits
(``rpl_semi_sync_master_wait_point = AFTER_SYNC``). So a commit is held as long as we like.
"""

from __future__ import annotations

from chaos import verdict
from chaos.bed import Bed, Found
from sidecar import clock

#: Longer than changes are gathered for, so that who does not wait reads what was before.
HELD_MS = 400


def hold_commits(bed: Bed, times: int, seed: int) -> Found:
    """A commit is held after it is in the log: without the gate it is missed, with it never."""
    found = Found()
    looking = bed.connect(autocommit=True)
    for faults, name in ((("no gate",), "without the gate"), ((), "with the gate")):
        life = bed.leads("only the log", *faults)
        for number in range(times):
            _held(bed, customer=1 + (seed + number) % 200)
        # Whoever looked too early has noted by now that all is done.
        clock.sleep(2.0)
        life.until(lambda: _quiet(bed), "it has read everything")
        missed = len(_customers(verdict.wrong(looking, bed.chosen)))
        found.counts[f"commits held {HELD_MS} ms, {name}"] = times
        found.counts[f"missed {name}"] = missed
        if faults and not missed:
            found.faults.append("the control missed nothing: the test shows nothing")
        if not faults and missed:
            found.faults.append(f"{missed} were missed")
        found.of_life(life)
        life.stop()
    looking.connection.close()
    bed.ends_well(found)
    return found


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


def _quiet(bed: Bed) -> bool:
    query = "SELECT seq FROM oc_sidecar_source WHERE name = 'binlog'"
    before = bed.rows(query)
    clock.sleep(1.0)
    return bed.rows(query) == before


def _customers(lines: list[str]) -> set[str]:
    return {line.split(":")[0] for line in lines if line.startswith("facts of")}
