"""The daemon and its database, killed at any moment and at chosen ones."""

from __future__ import annotations

import random

from chaos.bed import Bed, Found
from chaos.faults import INTENTS, STEPS
from sidecar import clock

#: A daemon is to work again so soon after its database does.
BACK_WITHIN_S = 10.0


def kill_daemon(bed: Bed, times: int, seed: int) -> Found:
    """The daemon dies at any moment; only the log tells the next one what it missed."""
    chance, found = random.Random(seed), Found()
    with bed.load(seed) as load:
        for number in range(times):
            # Some die before they lead.
            life = bed.lives.start("only the log") if number % 5 == 4 else bed.leads("only the log")
            clock.sleep(chance.uniform(0, 0.8))
            code = life.kill()
            found.counts["kills"] += code == -9
            if code != -9:
                found.faults.append(f"it ended by itself with {code}: {life.tail()}")
            found.of_life(life)
    found.of_load(load)
    bed.ends_well(found)
    return found


def kill_at_each_step(bed: Bed, times: int, seed: int) -> Found:
    """It dies before and after each step of a batch, *times* times each."""
    return _at(
        bed, [f"{when} {step}" for step in STEPS for when in ("before", "after")], times, seed
    )


def kill_at_some_steps(bed: Bed, times: int, seed: int) -> Found:
    """The same at the steps that matter most."""
    return _at(bed, ["after write", "before commit", "after commit"], times, seed)


def kill_in_a_move(bed: Bed, times: int, seed: int) -> Found:
    """On a table without transactions: before and after each step of a move between groups."""
    steps = [f"{when} {step}" for step in INTENTS for when in ("before", "after")]
    return _at(bed, steps, times, seed)


def _at(bed: Bed, steps: list[str], times: int, seed: int) -> Found:
    chance, found = random.Random(seed), Found()
    with bed.load(seed) as load:
        for step in steps * times:
            number = chance.randint(1, 3) if step.split()[1] in INTENTS else chance.randint(1, 6)
            life = bed.lives.start("only the log", f"die {step} {number}")
            if not life.ended(within_s=60):
                found.faults.append(f"{step}: was not reached: {life.tail()}")
            elif life.code != -9:
                found.faults.append(f"{step}: it ended with {life.code}: {life.tail()}")
            found.counts["kills"] += life.kill() == -9
            found.of_life(life)
    found.of_load(load)
    bed.ends_well(found)
    return found


def kill_database(bed: Bed, times: int, seed: int) -> Found:
    """The database dies under load; the daemon goes on by itself, soon after it is back."""
    chance, found = random.Random(seed), Found()
    slowest_s = 0.0
    life = bed.leads("only the log")
    with bed.load(seed) as load:
        for number in range(1, times + 1):
            clock.sleep(chance.uniform(0.3, 1.5))
            bed.server.kill()
            clock.sleep(chance.uniform(0, 1.0))
            bed.server.start()
            back_s = clock.monotonic()
            found.counts["kills"] += 1
            life.logged("database.back", times=number)
            slowest_s = max(slowest_s, clock.monotonic() - back_s)
            if slowest_s > BACK_WITHIN_S:
                found.faults.append(f"back only after {slowest_s:.1f} s")
    found.counts["ms until the daemon was back, at most"] = round(slowest_s * 1000)
    found.of_load(load)
    bed.again()
    bed.ends_well(found, life)
    return found


def lose_the_end_of_the_log(bed: Bed, times: int, seed: int) -> Found:
    """The machine dies: tables are ahead of a log that was not flushed, as is our place in it."""
    chance, found = random.Random(seed), Found()
    for number in range(times):
        with bed.load(seed + number) as load:
            life = bed.leads("only the log")
            clock.sleep(chance.uniform(1, 2))
            ends_at = _log_size(bed)
            clock.sleep(chance.uniform(1, 2))
            bed.server.stop()  # so that the tables have everything
        cut = bed.log_files()[-1]
        with cut.open("r+b") as file:
            file.truncate(ends_at)
        bed.server.start()
        bed.again()
        found.counts["times the log's end was lost"] += 1
        found.of_load(load)
        life.logged("binlog.gap")
        bed.ends_well(found, life)
    return found


def _log_size(bed: Bed) -> int:
    """Where a transaction ends."""
    return int(bed.rows("SHOW MASTER STATUS")[0]["Position"])
