"""The disk of the database runs full under load, and is emptied again."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

from chaos.bed import Bed, Found
from chaos.lives import PATIENCE_S
from sidecar import clock

#: A server waits up to a minute for space before it looks again.
SPACE_SEEN_WITHIN_S = 150.0


def fill_disk(bed: Bed, times: int, seed: int) -> Found:
    """The disk of the database runs full under load; once it is emptied all goes on by itself."""
    chance, found = random.Random(seed), Found()
    filler = bed.server.directory / "filler"
    life = bed.leads("only the log")
    for number in range(times):
        with bed.load(seed + number) as load:
            clock.sleep(1.0)
            _fill(filler)
            clock.sleep(chance.uniform(3, 6))
            filler.unlink()
            before = sum(load.done.values())
            deadline_s = clock.monotonic() + SPACE_SEEN_WITHIN_S
            while sum(load.done.values()) < before + 20 and clock.monotonic() < deadline_s:
                clock.sleep(0.2)
        found.counts["times the disk was full"] += 1
        found.counts["statements that the store lost"] += load.lost
        found.of_load(load)
        if life.ended():
            found.faults.append(f"it ended with {life.code}: {life.tail()}")
            life = bed.leads("only the log")
    bed.ends_well(found, life, within_s=PATIENCE_S * 3)
    return found


def _fill(filler: Path) -> None:
    with filler.open("wb") as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 65536)
            file.flush()
