"""
Faults that a life is born with, by name; they patch the program in its process only.

``only the log``
    No full pass because it began, and no rolling checksum while the log is read: what the
    log does not tell stays wrong. The full pass after a gap does not wait its turn, to save
    time.
``no gate``
    What the log tells is looked at whether it can be seen or not.
``clock FILE``
    Its wall clock is ahead by the seconds in FILE, read whenever it is asked.
``die before STEP N``, ``die after STEP N``
    SIGKILL from within, at the N-th time that a step of `STEPS` is reached.
"""

from __future__ import annotations

import datetime
import importlib
import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

#: The steps of a batch in their order, and those of a move without transactions: what is
#: patched, as module and name.
STEPS = {
    "ring": ("sidecar.sync.sources.binlog.source", "BinlogSource.ring"),
    "gate": ("sidecar.sync.sources.binlog.gate", "Gate.wait"),
    "follow": ("sidecar.sync.sources.binlog.source", "follow"),
    "look": ("sidecar.sync.cycle", "look"),
    "write": ("sidecar.sync.cycle", "write"),
    "audit": ("sidecar.sync.audit", "record"),
    "note": ("sidecar.sync.sources.binlog.source", "BinlogSource.note"),
    "prove": ("sidecar.shop.database", "prove_what_wrote"),
    "commit": ("sqlalchemy.engine.default", "DefaultDialect.do_commit"),
}

#: What only a table without transactions needs.
INTENTS = {
    "announce": ("sidecar.sync.writers.intents", "announce"),
    "move": ("sidecar.sync.writers.customer_group", "move"),
    "settle": ("sidecar.sync.writers.intents", "_settle"),
}


def put_in(names: Iterable[str]) -> None:
    """Patch what *names* say."""
    for name in names:
        match name.split():
            case ["only", "the", "log"]:
                _only_the_log()
            case ["no", "gate"]:
                _no_gate()
            case ["clock", file]:
                _clock(Path(file))
            case ["die", when, step, number]:
                _die(when, step, int(number))
            case _:
                raise ValueError(name)


def _only_the_log() -> None:
    from sidecar.daemon import full_passes
    from sidecar.daemon.duties import Duties
    from sidecar.daemon.work import Done

    begin, poll = Duties.begin, Duties.poll

    def begins(duties: Duties) -> bool:
        begin(duties)
        return False

    _set(Duties, "begin", begins)
    _set(full_passes, "SHARE", 1.0)
    _set(
        Duties,
        "poll",
        # Where the log was given up, polling is all there is.
        lambda duties, pulse: Done() if duties.mode == "binlog" else poll(duties, pulse),
    )


def _no_gate() -> None:
    from sidecar.sync.sources.binlog.gate import Gate

    _set(Gate, "wait", lambda *_: None)


def _clock(file: Path) -> None:
    from sidecar import clock

    original = time.time  # noqa: TID251 - to be replaced

    def seconds() -> float:
        return original() + float(file.read_text())

    # By way of the class, because `clock.now` is a default of others already.
    ours = SimpleNamespace(
        now=lambda zone: datetime.datetime.fromtimestamp(seconds(), zone),
    )
    _set(clock, "datetime", SimpleNamespace(datetime=ours, UTC=datetime.UTC))
    _set(time, "time", seconds)  # the pool of connections asks it


def _die(when: str, step: str, number: int) -> None:
    module, path = (STEPS | INTENTS)[step]
    owner: Any = importlib.import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    original: Callable[..., Any] = getattr(owner, name)
    left = [number]

    def patched(*arguments: Any, **named: Any) -> Any:
        left[0] -= 1
        if when == "before" and left[0] == 0:
            _end()
        result = original(*arguments, **named)
        if when == "after" and left[0] == 0:
            _end()
        return result

    _set(owner, name, patched)


def _set(owner: Any, name: str, value: object) -> None:
    assert hasattr(owner, name), name
    setattr(owner, name, value)


def _end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
