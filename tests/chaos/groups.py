"""Customer groups that people and other plugins write while the ladder does."""

from __future__ import annotations

import contextlib
import random
import threading

from chaos.bed import CUSTOMERS, Bed, Found
from sidecar import clock
from support.busy_store import STAFF, WHOLESALE
from support.given import Given

#: Moves of one customer by the ladder in ten minutes, at most.
BREAKER = 4

#: Edits of the group by each admin in a second, about.
PAUSE_S = 0.004

ADMINS = 2

#: A reward is answered with a move within about so long.
RACE_S = 0.4


def admins_edit(bed: Bed, times: int, seed: int) -> Found:
    """Staff save customers in other groups while the ladder moves the same ones: none is lost."""
    return _edit(bed, times, seed, again_s=0.0)


def admins_edit_now_and_then(bed: Bed, times: int, seed: int) -> Found:
    """The same, and nobody saves a customer whom they have just saved."""
    return _edit(bed, times, seed, again_s=5.0)


def _edit(bed: Bed, times: int, seed: int, again_s: float) -> Found:
    found = Found()
    saved_s: dict[int, float] = {}
    chosen: dict[int, int] = {}
    left = [times // ADMINS] * ADMINS
    errors: list[str] = []

    def edit(number: int) -> None:
        chance = random.Random(f"{seed} {number}")
        # Each has customers of their own: who saved last is who saved last.
        mine = [c for c in range(1, CUSTOMERS + 1) if c % ADMINS == number]
        given = bed.connect()
        try:
            while left[number]:
                customer, group = chance.choice(mine), chance.choice((WHOLESALE, STAFF))
                if clock.monotonic() < saved_s.get(customer, -again_s) + again_s:
                    continue
                if customer not in chosen:  # the ladder is about to move them too
                    given.reward(customer, 50)
                    given.connection.commit()
                    clock.sleep(chance.uniform(0, RACE_S))
                _save(given, customer, group, together=chance.random() < 0.5)
                chosen[customer] = group
                saved_s[customer] = clock.monotonic()
                left[number] -= 1
                clock.sleep(chance.uniform(0, 2 * PAUSE_S))
        except Exception as error:  # noqa: BLE001 - it counts as a fault
            errors.append(repr(error))
        given.connection.close()

    life = bed.leads("only the log")
    with bed.load(seed) as load:
        threads = [threading.Thread(target=edit, args=(n,)) for n in range(ADMINS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found.of_load(load)
    found.faults += errors
    found.counts["edits of groups by staff"] = times - sum(left)
    found.counts["customers whom they edited"] = len(chosen)
    bed.chosen.update(chosen)
    bed.ends_well(found, life)
    rows = bed.rows("SELECT COUNT(*) AS n FROM oc_sidecar_audit WHERE group_to IS NOT NULL")
    found.counts["moves by the ladder"] = rows[0]["n"]
    return found


def _save(given: Given, customer: int, group: int, *, together: bool) -> None:
    given.now = clock.now()
    given.connection.begin()
    given.update("customer", {"customer_id": customer}, customer_group_id=group)
    if not together:  # as OpenCart does: the event comes after the edit
        given.connection.commit()
        given.connection.begin()
    given.insert(
        "sidecar_hint",
        {},
        customer_id=customer,
        reason="customer.edit",
        actor="admin:7",
        at=int(given.now.timestamp()),
    )
    given.connection.commit()


def plugin_flips_back(bed: Bed, times: int, seed: int) -> Found:
    """Another plugin undoes every move at once: the ladder gives up, and says so."""
    found = Found()
    mine = random.Random(seed).sample(range(1, CUSTOMERS + 1), times)
    listed = ", ".join(map(str, mine))
    stop = threading.Event()
    flips = [0]

    def flip() -> None:
        given = bed.connect(autocommit=True)
        while not stop.wait(0.05):
            with given.connection.cursor() as cursor:
                flips[0] += cursor.execute(
                    "UPDATE oc_customer SET customer_group_id = 1"
                    f" WHERE customer_id IN ({listed}) AND customer_group_id <> 1"
                )
        given.connection.close()

    life = bed.leads("only the log")
    first = bed.rows("SELECT COALESCE(MAX(audit_id), 0) AS n FROM oc_sidecar_audit")[0]["n"]
    plugin = threading.Thread(target=flip)
    plugin.start()
    with contextlib.ExitStack() as stack:
        stack.callback(plugin.join)
        stack.callback(stop.set)
        for _ in range(6):  # each makes them want a move, up to the highest rung
            for customer in mine:
                bed.given.reward(customer, 50)
            clock.sleep(1.0)
        clock.sleep(2.0)
    moved = bed.rows(
        "SELECT customer_id AS c, COUNT(*) AS n FROM oc_sidecar_audit WHERE group_to IS NOT NULL"
        f" AND audit_id > {first} AND customer_id IN ({listed}) GROUP BY customer_id"
    )
    found.counts["customers"] = times
    found.counts["flips by the plugin"] = flips[0]
    found.counts["moves of one customer, at most"] = most = max(
        (row["n"] for row in moved), default=0
    )
    findings = bed.rows("SELECT COUNT(*) AS n FROM oc_sidecar_finding WHERE kind LIKE 'ladder.%'")
    found.counts["findings"] = findings[0]["n"]
    if most > BREAKER:
        found.faults.append(f"a customer was moved {most} times")
    bed.chosen.update(dict.fromkeys(mine, 1))
    bed.ends_well(found, life)
    return found
