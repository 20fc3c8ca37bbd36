"""A store that is written to for long: the daemon takes no more of the machine at the end."""

from __future__ import annotations

import contextlib
import random
import signal
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pymysql

from chaos.bed import CUSTOMERS, Bed, Found
from sidecar import clock
from sidecar.shop.leader import lock_name
from support.given import Given

#: Between two looks at the process.
EVERY_S = 1.0

#: The samples in parts: the first two are warming up, the third is compared with the last.
PARTS = 5

#: Memory goes up and down with each full pass; more than this is growth.
GROWTH_MB = 5.0

#: Orders that stay, so that the store does not grow either.
ORDERS = 1_000

#: Settings are read again, and everybody is looked at, every so many minutes; connections of
#: the bulk reader are gone a minute later.
RELOAD_EVERY_MIN = 3


@dataclass(frozen=True, slots=True)
class _Sample:
    """What a process takes: megabytes in memory, open descriptors, threads."""

    rss_mb: float
    descriptors: int
    threads: int


def soak(bed: Bed, times: int, seed: int) -> Found:
    """So many minutes of mixed load, reloads and lost connections: nothing of the daemon grows."""
    found, chance = Found(), random.Random(seed)
    life = bed.lives.start()
    life.logged("binlog.opened")
    samples: list[_Sample] = []
    began_s = clock.monotonic()
    with bed.load(seed) as load:
        for minute in range(times):
            while clock.monotonic() < began_s + 60 * (minute + 1) and not life.ended():
                _hint(bed.given, chance.randint(1, CUSTOMERS))
                samples.append(_look_at(life.pid))
                clock.sleep(EVERY_S)
            if life.ended():
                found.faults.append(f"it ended with {life.code}: {life.tail()}")
                return found
            bed.server.execute("FLUSH BINARY LOGS")
            _forget_old_orders(bed)
            if minute % RELOAD_EVERY_MIN == 0:
                life.send(signal.SIGHUP)
            elif minute % RELOAD_EVERY_MIN == 1:
                _cut(bed)
    found.of_load(load)
    _compare(samples, found)
    found.counts["reloads"] = len(life.events("reload.done"))
    found.counts["times the database was lost"] = len(life.events("database.lost"))
    found.counts["customers looked at"] = sum(
        event["customers"] for event in life.events("cycle.done")
    )
    bed.ends_well(found, life)
    return found


#: What is compared, and by how much it may be more: of threads the fewest, because those of
#: a full pass come and go.
MEASURES: Mapping[str, tuple[Callable[[Sequence[_Sample]], float], float]] = {
    "MB": (lambda part: statistics.median(sample.rss_mb for sample in part), GROWTH_MB),
    "descriptors": (lambda part: statistics.median(sample.descriptors for sample in part), 1),
    "threads": (lambda part: min(sample.threads for sample in part), 0),
}


def _compare(samples: Sequence[_Sample], found: Found) -> None:
    """Count what was taken after warming up and at the end; growth is a fault."""
    size = max(1, len(samples) // PARTS)
    for name, (measure, allowed) in MEASURES.items():
        before, after = measure(samples[2 * size : 3 * size]), measure(samples[-size:])
        found.counts[f"{name} after warming up"] = round(before)
        found.counts[f"{name} at the end"] = round(after)
        if after > before + allowed:
            found.faults.append(f"{name}: {before:.1f} after warming up, {after:.1f} at the end")
    found.counts["MB at most"] = round(max(sample.rss_mb for sample in samples))
    found.counts["threads at most"] = max(sample.threads for sample in samples)


def _look_at(pid: int) -> _Sample:
    process = Path("/proc", str(pid))
    lines = (process / "status").read_text().splitlines()
    said = dict(line.split(":", 1) for line in lines)
    return _Sample(
        rss_mb=int(said["VmRSS"].split()[0]) / 1024,
        descriptors=len(list((process / "fd").iterdir())),
        threads=int(said["Threads"]),
    )


def _hint(given: Given, customer: int) -> None:
    at = int(clock.now().timestamp())
    given.insert("sidecar_hint", {}, customer_id=customer, reason="customer.edit", at=at)


def _forget_old_orders(bed: Bed) -> None:
    newest = bed.rows("SELECT COALESCE(MAX(order_id), 0) AS n FROM oc_order")[0]["n"]
    bed.given.execute("DELETE FROM oc_order WHERE order_id <= %s", int(newest) - ORDERS)


def _cut(bed: Bed) -> None:
    """End the connection that holds the lock, and those that carry the log."""
    carry = "SELECT id FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'"
    holds = f"SELECT IS_USED_LOCK('{lock_name(bed.name, 'oc_')}') AS id"
    for row in bed.rows(carry) + bed.rows(holds):
        with contextlib.suppress(pymysql.err.OperationalError):  # it went by itself
            bed.server.execute(f"KILL {int(row['id'])}")
