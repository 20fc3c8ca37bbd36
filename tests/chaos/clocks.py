"""
The clock of the daemon's machine jumps, and differs from the database's.

The store and its database keep the right time, so the daemon's is what jumps, and every jump
is a difference between the two. What is right is what the rules say at the daemon's time.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence
from pathlib import Path

from chaos import verdict
from chaos.bed import Bed, Found
from oracle.tags import Rule
from sidecar import clock

#: Hours by which the clock is wrong, one after the other.
JUMPS_H = (3, 0, -3, 0, 30, 0, -30, 0, 24 * 40, 0)

#: Whatever a jump changes is right again so soon after it.
RIGHT_WITHIN_S = 30.0

#: Of orders at the beginning; none becomes quiet while it lasts, unless a clock says so.
AGES_H = (0, 0.5, 1, 3, 20)

#: What time alone changes.
RULES = (
    Rule("recent", "last_order within 2 hours", "f.last_order BETWEEN {since 2 hours} AND {now}"),
    Rule("quiet", "last_order older than 2 hours", "f.last_order < {since 2 hours}"),
)


def jump(bed: Bed, times: int, seed: int) -> Found:
    """The clock of the daemon's machine jumps by hours and days, forward and back, under load."""
    return _jump(bed, JUMPS_H * times, seed)


def jump_once(bed: Bed, times: int, seed: int) -> Found:
    """The same by three hours."""
    return _jump(bed, (3, 0) * times, seed)


def _jump(bed: Bed, jumps_h: Sequence[int], seed: int) -> Found:
    found, chance = Found(), random.Random(seed)
    ahead = bed.folder / "ahead"
    _set(ahead, 0)
    bed.tags = RULES
    (bed.folder / "rules.d" / "clock.toml").write_text(verdict.tags_toml(RULES), "utf-8")
    for customer in range(1, 41):
        age = datetime.timedelta(hours=chance.choice(AGES_H))
        bed.given.order(customer, at=clock.now() - age)
    bed.run("once", "--yes")
    life = bed.leads("only the log", f"clock {ahead}")
    for number, hours in enumerate(jumps_h):
        with bed.load(seed + number) as load:
            clock.sleep(chance.uniform(0.5, 1.5))
            _set(ahead, hours * 3600)
            bed.ahead_s = hours * 3600
            clock.sleep(chance.uniform(0.5, 1.5))
        found.of_load(load)
        found.counts["jumps"] += 1
        after = Found()
        took_s = bed.converges(life, after, RIGHT_WITHIN_S)
        found.faults += [f"at {hours:+} h: {line}" for line in after.faults]
        name = "ms until nothing was wrong after a jump, at most"
        found.counts[name] = max(found.counts[name], round(took_s * 1000))
        if life.code is not None:
            life = bed.leads("only the log", f"clock {ahead}")
    bed.ends_well(found, life)
    return found


def _set(file: Path, seconds: int) -> None:
    beside = file.with_suffix(".new")
    beside.write_text(str(seconds))
    beside.replace(file)  # nobody reads half of it
