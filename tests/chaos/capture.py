"""The binary log is deleted, begun anew, written in other ways or not at all, and read twice."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

from chaos.bed import Bed, Found
from chaos.lives import Life
from sidecar import clock

#: The full pass after a gap may wait for ten times as long as the last one took.
AFTER_A_GAP_S = 120.0

#: Ours that must not change when nothing happens.
EFFECTS = ("audit", "customer", "assertion", "segment_change", "member", "purchase", "tag", "run")


def _sets(bed: Bed, **variables: str | int) -> None:
    for name, value in variables.items():
        bed.server.execute(f"SET GLOBAL {name} = {value!r}")


def _in_a_session(bed: Bed, before: str) -> None:
    """Changes of orders and customers after *before* in a session of its own."""
    given = bed.connect()
    given.execute("DO 1")
    with given.connection.cursor() as cursor:
        cursor.execute(before)
    given.connection.begin()
    for customer in (7, 8, 9):
        given.order(customer, "77")
        given.update("customer", {"customer_id": customer}, newsletter=1)
    given.execute("UPDATE oc_order SET total = total + 1 WHERE customer_id BETWEEN 20 AND 25")
    given.connection.commit()
    given.connection.close()


def _flip_metadata(bed: Bed) -> None:
    for value in ("FULL", "NO_LOG", "MINIMAL", "FULL", "NO_LOG"):
        _sets(bed, binlog_row_metadata=value)
        bed.server.execute("FLUSH BINARY LOGS")
        clock.sleep(0.3)


def _flip_checksums(bed: Bed) -> None:
    for value in ("NONE", "CRC32", "NONE", "CRC32"):
        _sets(bed, binlog_checksum=value)
        clock.sleep(0.3)


def _rotate(bed: Bed) -> None:
    for _ in range(5):
        bed.server.execute("FLUSH BINARY LOGS")
        clock.sleep(0.1)


def _compress(bed: Bed) -> None:
    _sets(bed, log_bin_compress="ON", log_bin_compress_min_len=10)
    clock.sleep(0.2)
    given = bed.connect(autocommit=True)  # the setting holds for all sessions at once
    given.execute("UPDATE oc_order SET total = total + 1 WHERE customer_id BETWEEN 30 AND 90")
    given.connection.close()
    clock.sleep(1.0)
    _sets(bed, log_bin_compress="OFF")


#: What is done while the log is read and the store at work.
BESIDE: Mapping[str, Callable[[Bed], None]] = {
    "format STATEMENT in a session": lambda bed: _in_a_session(
        bed, "SET binlog_format = STATEMENT"
    ),
    "format MIXED in a session": lambda bed: _in_a_session(bed, "SET binlog_format = MIXED"),
    "row image MINIMAL in a session": lambda bed: _in_a_session(
        bed, "SET binlog_row_image = MINIMAL"
    ),
    "row image NOBLOB in a session": lambda bed: _in_a_session(
        bed, "SET binlog_row_image = NOBLOB"
    ),
    "metadata FULL, NO_LOG, MINIMAL": _flip_metadata,
    "checksums off and on": _flip_checksums,
    "new files": _rotate,
    "compression": _compress,
    "RESET MASTER while it is read": lambda bed: bed.server.execute("RESET MASTER"),
}


def _purge(bed: Bed) -> None:
    bed.server.execute("FLUSH BINARY LOGS", "FLUSH BINARY LOGS")
    clock.sleep(0.5)
    bed.server.execute(f"PURGE BINARY LOGS TO '{bed.log_files()[-1].name}'")


#: What is done while nobody reads.
AWAY: Mapping[str, Callable[[Bed], None]] = {
    "PURGE BINARY LOGS": _purge,
    "RESET MASTER": lambda bed: bed.server.execute("RESET MASTER"),
}

#: Where a gap must be counted: what it was cannot be told from the log.
IS_A_GAP = ("format STATEMENT in a session", "PURGE BINARY LOGS", "RESET MASTER")


def change_the_log(bed: Bed, times: int, seed: int) -> Found:
    """The log is deleted, begun anew, and written in other formats, under load."""
    return _change(bed, [*AWAY, *BESIDE] * times, seed)


def change_the_log_a_little(bed: Bed, times: int, seed: int) -> Found:
    """The same with what differs most."""
    return _change(bed, ["RESET MASTER", "format STATEMENT in a session"] * times, seed)


def _change(bed: Bed, names: list[str], seed: int) -> Found:
    found = Found()
    life = bed.leads("only the log")
    for number, name in enumerate(names):
        before = len(life.events("binlog.gap"))
        if name in AWAY:
            found.of_life(life)
            life.stop()
            before = 0
        with bed.load(seed + number) as load:
            clock.sleep(0.5)
            if name in AWAY:
                AWAY[name](bed)
                life = bed.leads("only the log")
            else:
                BESIDE[name](bed)
            clock.sleep(0.5)
        found.counts[name] += 1
        found.of_load(load)
        found.faults += [f"{name}: {line}" for line in _converged(bed, life)]
        gaps = [gap["reason"] for gap in life.events("binlog.gap")[before:]]
        if name in IS_A_GAP and not gaps:
            found.faults.append(f"{name}: no gap was counted: {life.tail()}")
        if _polls(life):  # until the next hour, when the log would be tried again
            found.counts["times the log was given up for polling"] += 1
            found.of_life(life)
            life.stop()
        if life.code is not None:
            life = bed.leads("only the log")
    bed.ends_well(found, life, within_s=AFTER_A_GAP_S)
    return found


def _polls(life: Life) -> bool:
    modes = life.events("capture.mode")
    return bool(modes) and modes[-1]["mode"] == "poll"


def _converged(bed: Bed, life: Life) -> list[str]:
    lines = Found()
    bed.converges(life, lines, within_s=AFTER_A_GAP_S)
    return lines.faults


def edit_behind_the_log(bed: Bed, times: int, seed: int) -> Found:
    """What is written with ``sql_log_bin = 0`` is found by the rolling checksum, and counted."""
    chance, found = random.Random(seed), Found()
    life = bed.lives.start()
    life.logged("binlog.opened")
    with bed.load(seed) as load:
        clock.sleep(5)
    found.of_load(load)
    # Whom the log named in this round of the checksum or the last is no surprise, and a round
    # begins every 30 s.
    clock.sleep(100)
    edited = chance.sample(range(1, load.customers + 1), times)
    given = bed.connect(autocommit=True)
    with given.connection.cursor() as cursor:
        cursor.execute("SET sql_log_bin = 0")
    for customer in edited:
        given.order(customer, "5000")
    given.connection.close()
    found.counts["customers edited behind the log"] = len(edited)
    bed.converges(life, found, within_s=120)
    life.logged("binlog.unannounced", within_s=120)
    clock.sleep(30)
    told = sum(event["customers"] for event in life.events("binlog.unannounced"))
    found.counts["unannounced"] = told
    if told != len(edited):
        found.faults.append(f"{told} told, {len(edited)} edited")
    bed.ends_well(found, life)
    return found


def read_twice(bed: Bed, times: int, seed: int) -> Found:
    """The place is set back by hand: what was read before changes nothing."""
    found = Found()
    life = bed.leads("only the log")
    began = _place(bed)
    with bed.load(seed) as load:
        clock.sleep(3)
    found.of_load(load)
    bed.ends_well(found, life)
    ended = _place(bed)
    before = _checksums(bed)
    for _ in range(times):
        given = bed.connect(autocommit=True)
        given.update("sidecar_source", {"name": "binlog"}, position=json.dumps(began))
        given.connection.close()
        life = bed.leads("only the log")
        life.until(lambda: _is_there(bed, ended), "everything was read again")
        found.counts["times read again"] += 1
        found.counts["customers looked at again"] += sum(
            event["customers"] for event in life.events("cycle.done")
        )
        found.of_life(life)
        if life.stop():
            found.faults.append(f"it ended with {life.code}: {life.tail()}")
    changed = [name for name, now in _checksums(bed).items() if now != before[name]]
    found.counts["tables changed by it"] = len(changed)
    found.faults += [f"{name} was written to again" for name in changed if name != "run"]
    if "run" in changed:
        runs = bed.rows("SELECT COUNT(*) AS n FROM oc_sidecar_run WHERE state <> 'applied'")
        found.faults += [f"runs were begun: {runs}"]
    return found


def _place(bed: Bed) -> Any:
    row = bed.rows("SELECT position FROM oc_sidecar_source WHERE name = 'binlog'")[0]
    return json.loads(row["position"])


def _is_there(bed: Bed, ended: Mapping[str, Any]) -> bool:
    place = _place(bed)
    return bool((place["file"], place["offset"]) >= (ended["file"], ended["offset"]))


def _checksums(bed: Bed) -> dict[str, object]:
    tables = ", ".join(f"oc_sidecar_{name}" for name in EFFECTS)
    rows = bed.rows(f"CHECKSUM TABLE {tables}")
    return {str(row["Table"]).rpartition("sidecar_")[2]: row["Checksum"] for row in rows}
