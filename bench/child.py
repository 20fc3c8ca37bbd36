"""One run of one case in a process of its own: ``python -m bench.child``, told by stdin."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from bench.frame import Bench, all_cases
from sidecar.config import Database, Secret


@dataclass(frozen=True, slots=True)
class Measured:
    """
    Attributes:
        seconds: Of what the case timed.
        peak_mb: The process's highest resident memory, preparation and libraries included.
        notes: What the case left, by name.
    """

    seconds: float
    peak_mb: float
    notes: dict[str, float] = field(default_factory=dict)


class CaseFailedError(Exception):
    """The process of a case ended with an error, which it printed on stderr."""


def measure(bench: Bench, name: str) -> Measured:
    """
    Run the case *name* once in a new process.

    Raises:
        CaseFailedError: It failed.
    """
    order = {
        "case": name,
        "database": {
            "socket": str(bench.database.socket),
            "user": bench.database.user,
            "name": bench.database.name,
        },
        "password": bench.database.password.reveal(),
        "customers": bench.customers,
        "orders": bench.orders,
        "now": bench.now.isoformat(),
    }
    done = subprocess.run(
        [sys.executable, "-m", "bench.child"],
        input=json.dumps(order),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CaseFailedError(name)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def peak_mb() -> float:
    """
    The highest resident memory of this process.

    Not by getrusage: there a process inherits the peak of the one that started it.
    """
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("/proc/self/status names no VmHWM")


def main() -> None:
    order = json.load(sys.stdin)
    database = order["database"] | {"socket": Path(order["database"]["socket"])}
    bench = Bench(
        database=Database(**database, password=Secret(order["password"])),
        customers=order["customers"],
        orders=order["orders"],
        now=datetime.datetime.fromisoformat(order["now"]),
    )
    all_cases()[order["case"]].run(bench)
    print(json.dumps({"seconds": bench.seconds, "peak_mb": peak_mb(), "notes": bench.notes}))


if __name__ == "__main__":
    main()
