"""A server that hangs, and connections that break, stall or lose their end."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Mapping

from chaos.bed import Bed, Found
from chaos.lives import PATIENCE_S, Life
from chaos.proxy import Proxy
from sidecar import clock
from sidecar.sync.sources.binlog.wire import HEARTBEAT_S, SILENT_HEARTBEATS

#: Three heartbeats, and the moment until it is said.
NOTICED_WITHIN_S = HEARTBEAT_S * SILENT_HEARTBEATS + 1.0

FROZEN_S = 8.0


def freeze(bed: Bed, times: int, seed: int) -> Found:
    """The server is stopped for 8 s and goes on as if nothing had been."""
    found = Found()
    life = bed.leads("only the log")
    pid = int((bed.server.directory / "pid").read_text())
    with bed.load(seed) as load:
        for number in range(times):
            clock.sleep(0.5 + random.Random(f"{seed} {number}").random())
            before = _lost_and_back(life)
            os.kill(pid, signal.SIGSTOP)
            try:
                _notice(life, before, found, FROZEN_S)
            finally:
                os.kill(pid, signal.SIGCONT)
            found.counts["freezes"] += 1
            clock.sleep(1.0)
    found.of_load(load)
    bed.ends_well(found, life)
    return found


def _lost_and_back(life: Life) -> int:
    """How often the database was lost; it is back, or there would be nothing to notice."""
    until_s = clock.monotonic() + PATIENCE_S
    while (lost := len(life.events("database.lost"))) > len(life.events("database.back")):
        assert clock.monotonic() < until_s, life.tail()
        clock.sleep(0.05)
    return lost


def _notice(life: Life, before: int, found: Found, for_s: float) -> None:
    """Watch for *for_s* whether the loss is noticed in time, and after how long."""
    began_s = clock.monotonic()
    noticed_s: float | None = None
    while clock.monotonic() < began_s + for_s and not life.ended():
        if noticed_s is None and len(life.events("database.lost")) > before:
            noticed_s = clock.monotonic() - began_s
        clock.sleep(0.05)
    if noticed_s is None:
        found.faults.append(f"not noticed within {for_s:g} s: {life.tail()}")
        return
    found.counts["noticed"] += 1
    name = "ms until it was noticed, at most"
    found.counts[name] = max(found.counts[name], round(noticed_s * 1000))
    if noticed_s > NOTICED_WITHIN_S:
        found.faults.append(f"noticed after {noticed_s:.1f} s only")


def _drop(proxy: Proxy, life: Life, found: Found) -> None:
    before = _lost_and_back(life)
    proxy.mode = "drop"
    _notice(life, before, found, FROZEN_S)
    proxy.mode = "pass"
    proxy.cut()


def _delay(proxy: Proxy, life: Life, found: Found) -> None:
    proxy.mode = "delay"
    clock.sleep(5.0)
    proxy.mode = "pass"


def _cut(proxy: Proxy, life: Life, found: Found) -> None:
    proxy.cut()


def _halve(proxy: Proxy, life: Life, found: Found) -> None:
    proxy.cut_in_a_packet()


def _refuse(proxy: Proxy, life: Life, found: Found) -> None:
    proxy.mode = "refuse"
    proxy.cut()
    clock.sleep(3.0)
    proxy.mode = "pass"


TROUBLES: Mapping[str, Callable[[Proxy, Life, Found], None]] = {
    "connections cut": _cut,
    "connections cut in a packet": _halve,
    "connections refused": _refuse,
    "connections late by 2 s": _delay,
    "connections that swallow everything": _drop,
}


def break_connections(bed: Bed, times: int, seed: int) -> Found:
    """Between program and database lies a network: it cuts, halves, delays and swallows."""
    return _break(bed, list(TROUBLES) * times, seed)


def cut_connections(bed: Bed, times: int, seed: int) -> Found:
    """The same with connections that are cut, whole or in a packet."""
    return _break(bed, ["connections cut", "connections cut in a packet"] * times, seed)


def _break(bed: Bed, names: list[str], seed: int) -> Found:
    chance, found = random.Random(seed), Found()
    chance.shuffle(names)
    with Proxy(bed.server.port) as proxy:
        bed.configure(settings=bed.by_network(proxy.port))
        life = bed.leads("only the log")
        with bed.load(seed) as load:
            for name in names:
                clock.sleep(chance.uniform(0.5, 1.5))
                TROUBLES[name](proxy, life, found)
                found.counts[name] += 1
                if life.ended():
                    found.faults.append(f"{name}: it ended with {life.code}: {life.tail()}")
                    life = bed.leads("only the log")
        found.of_load(load)
        bed.ends_well(found, life)
    bed.configure()
    return found
