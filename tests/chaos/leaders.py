"""Two daemons on one store, also when the first one sleeps over the loss of its lock."""

from __future__ import annotations

import random
import signal

from chaos.bed import Bed, Found
from sidecar import clock
from sidecar.errors import FencedError, NotNowError
from sidecar.shop.leader import lock_name

#: What a daemon that may not lead ends with, as the manual has it.
GOES = {NotNowError.exit_code, FencedError.exit_code}

#: It notices within two looks at its lock, or with its next write.
GOES_WITHIN_S = 20.0


def two_daemons(bed: Bed, times: int, seed: int) -> Found:
    """A second daemon on the same store ends by itself, and changes nothing."""
    found = Found()
    life = bed.leads("only the log")
    with bed.load(seed) as load:
        for _ in range(times):
            second = bed.lives.start()
            if not second.ended(within_s=GOES_WITHIN_S) or second.code not in GOES:
                found.faults.append(f"the second ended with {second.code}: {second.tail()}")
                second.kill()
            found.counts[f"second daemons that ended with {second.code}"] += 1
    found.of_load(load)
    bed.ends_well(found, life)
    return found


def split_brain(bed: Bed, times: int, seed: int) -> Found:
    """The leader is stopped at any moment, loses its lock, and wakes up beside another."""
    chance, found = random.Random(seed), Found()
    life = bed.leads("only the log")
    with bed.load(seed) as load:
        for _ in range(times):
            clock.sleep(chance.uniform(0.2, 1.2))
            life.send(signal.SIGSTOP)
            _kill_lock(bed)
            second = bed.lives.start("only the log")
            while not second.events("binlog.opened"):
                if second.ended(within_s=0.05):  # as systemd would, when it cannot begin yet
                    found.counts[f"starts that ended with {second.code}"] += 1
                    if second.code not in {69, 75}:
                        found.faults.append(f"a start ended with {second.code}: {second.tail()}")
                    second = bed.lives.start("only the log")
            clock.sleep(chance.uniform(0, 0.5))
            life.send(signal.SIGCONT)
            if not life.ended(within_s=GOES_WITHIN_S) or life.code not in GOES:
                found.faults.append(f"the stale one ended with {life.code}: {life.tail()}")
                life.kill()
            found.counts[f"stale leaders that ended with {life.code}"] += 1
            found.of_life(life)
            life = second
    found.of_load(load)
    bed.ends_well(found, life)
    return found


def _kill_lock(bed: Bed) -> None:
    name = lock_name(bed.name, "oc_")
    query = f"SELECT IS_USED_LOCK('{name}') AS c"
    holder = bed.rows(query)[0]["c"]
    if holder is not None:
        bed.server.execute(f"KILL {int(holder)}")
    while bed.rows(query)[0]["c"] is not None:
        clock.sleep(0.02)
