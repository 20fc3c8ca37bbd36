"""
The binary log is damaged on its way: bytes are changed, lost and added.

What damages knows nothing of events; it takes whatever the server sent at once. With
checksums nothing may be missed by the log alone. Without, nobody can see that a number is
another one, and it is the rolling checksum that finds what was missed.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Mapping

from chaos.bed import Bed, Found
from chaos.lives import Life
from chaos.proxy import Proxy
from sidecar import clock
from sidecar.sync.sources.binlog.source import QUIET_S

#: The rolling checksum goes round, and rests for half a minute.
FOUND_WITHIN_S = 150.0

#: A packet that is longer than it says is noticed by the silence that follows.
NOTICED_WITHIN_S = QUIET_S + 15.0

#: How long a server with a log that is written to may send nothing.
SENT_WITHIN_S = 30.0


def _change(chance: random.Random, sent: bytes) -> bytes:
    found = bytearray(sent)
    for _ in range(chance.randint(1, 4)):
        found[chance.randrange(len(found))] ^= chance.randint(1, 255)
    return bytes(found)


def _lose(chance: random.Random, sent: bytes) -> bytes:
    at = chance.randrange(len(sent))
    return sent[:at] + sent[at + chance.randint(1, 40) :]


def _add(chance: random.Random, sent: bytes) -> bytes:
    at = chance.randrange(len(sent))
    return sent[:at] + chance.randbytes(chance.randint(1, 40)) + sent[at:]


def _lie(chance: random.Random, sent: bytes) -> bytes:
    """The length of the first packet, or of its event, is another."""
    at = chance.choice([at for at in (0, 1, 2, 14, 15) if at < len(sent)])
    return sent[:at] + bytes([sent[at] ^ chance.randint(1, 255)]) + sent[at + 1 :]


def _repeat(_chance: random.Random, sent: bytes) -> bytes:
    return sent + sent


#: What is done to what the server sent.
DAMAGES: Mapping[str, Callable[[random.Random, bytes], bytes]] = {
    "bytes changed": _change,
    "bytes lost": _lose,
    "bytes added": _add,
    "lengths that lie": _lie,
    "sent twice": _repeat,
}


def damage_the_log(bed: Bed, times: int, seed: int) -> Found:
    """A network changes what the server sends of its log, with checksums: nothing is missed."""
    return _damage(bed, list(DAMAGES) * times, seed, "only the log", within_s=60.0, told=True)


def damage_the_log_a_little(bed: Bed, times: int, seed: int) -> Found:
    """The same with what need not be noticed by silence."""
    names = ["bytes changed", "bytes changed", "sent twice"] * times
    return _damage(bed, names, seed, "only the log", within_s=60.0, told=True)


def damage_the_log_without_checksums(bed: Bed, times: int, seed: int) -> Found:
    """The same without checksums: what nobody could tell, the rolling checksum finds."""
    return _damage(bed, list(DAMAGES) * times, seed, within_s=FOUND_WITHIN_S, told=False)


def _damage(
    bed: Bed, names: list[str], seed: int, *faults: str, within_s: float, told: bool
) -> Found:
    """With *told*, each damage must be noticed."""
    chance, found = random.Random(seed), Found()
    chance.shuffle(names)
    with Proxy(bed.server.port) as proxy:
        bed.configure(settings=bed.by_network(proxy.port))
        life = bed.leads(*faults)
        with bed.load(seed) as load:
            for name in names:
                clock.sleep(chance.uniform(0.1, 0.6))
                before = _noticed(life)
                proxy.damage(functools.partial(DAMAGES[name], chance))
                if not _until(lambda: proxy.damaged, SENT_WITHIN_S):
                    found.faults.append(f"{name}: nothing was sent for {SENT_WITHIN_S:.0f} s")
                found.counts[name] += 1
                # Else the next one may be lost in a packet that is longer than it says.
                if not _until(lambda: _noticed(life) > before or life.ended(), NOTICED_WITHIN_S):  # noqa: B023
                    found.counts["not noticed"] += 1
                    if told:
                        found.faults.append(f"{name}: was not noticed: {life.tail()}")
                if life.ended():
                    found.faults.append(f"{name}: it ended with {life.code}: {life.tail()}")
                    found.of_life(life)
                    life = bed.leads(*faults)
        found.of_load(load)
        found.counts["connections given up"] = len(life.events("binlog.opened")) - 1
        bed.ends_well(found, life, within_s=within_s)
    found.counts["customers found by the checksum only"] = sum(
        event["customers"] for event in life.events("binlog.unannounced")
    )
    bed.configure()
    return found


def _noticed(life: Life) -> int:
    return len(life.events("binlog.opened")) + len(life.events("binlog.gap"))


def _until(condition: Callable[[], bool], within_s: float) -> bool:
    until_s = clock.monotonic() + within_s
    while not condition():
        if clock.monotonic() > until_s:
            return False
        clock.sleep(0.02)
    return True
