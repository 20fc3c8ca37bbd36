"""The command line of ``./dev compat``."""

from __future__ import annotations

import argparse
import collections
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

import pymysql
import pytest

from compat.report import write_report
from compat.servers import SERVERS, started
from sidecar import clock
from support import foreign_server
from support.foreign_server import VARIABLE, ForeignServer
from systemd.deb import roots

PROJECT = Path(__file__).parents[2]

#: What has a store on a server. The other tests need none, or bring up their own.
TESTS = (
    "tests/db",
    *(
        f"tests/e2e/test_{name}.py"
        for name in (
            *("run_binlog", "run", "runs", "passes", "tags", "explain", "migrate", "upkeep"),
            *("doctor", "monitoring", "odd_input", "two_minutes"),
        )
    ),
)
LEFT_OUT = ("tests/db/test_private_server.py",)

#: What looks at the server's log.
BINLOG_TESTS = ("tests/e2e/test_run_binlog.py",)


@dataclass(slots=True)
class Counts:
    """
    How a run went.

    Attributes:
        version: Of the server.
        tests: Which were run.
        skipped: How many by reason.
        failed: Names.
    """

    version: str
    tests: str = "all with a store"
    passed: int = 0
    skipped: collections.Counter[str] = field(default_factory=collections.Counter)
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def run(self) -> int:
        """How many were not skipped."""
        return self.passed + len(self.failed)

    def __str__(self) -> str:
        counts = f"{self.run} run, {len(self.failed)} failed, {self.skipped.total()} skipped"
        lines = [f"{self.version}: {counts} ({self.seconds:.0f} s)"]
        lines += [f"    failed: {name}" for name in self.failed]
        lines += [f"    {count} skipped: {why}" for why, count in self.skipped.most_common()]
        return "\n".join(lines)


def main() -> int:
    """Run what the command line asks for; 1 when a test failed."""
    asked = _arguments()
    # By way of every `finally`, or folders would stay mounted.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    given = asked.dsn or foreign_server.dsn()
    found = []
    if given:
        found.append(_tested(given, asked.tests or TESTS, asked.verbose))
    else:
        roots.require_root("debootstrap", "chroot", "mount")
        for name in asked.only or SERVERS:
            server = SERVERS[name]
            print(f"\n== {server.about}", flush=True)
            ours = (*sorted(_binlog_tests()), *BINLOG_TESTS) if server.only_binlog else TESTS
            with started(server, asked.mirror) as address:
                counts = _tested(address, asked.tests or ours, asked.verbose)
            counts.version += ", without GTID" if server.only_binlog else ""
            counts.tests = "the binary log's" if server.only_binlog else counts.tests
            found.append(counts)
    print()
    for counts in found:
        print(counts)
        if asked.report:
            tests = "some" if asked.tests else counts.tests
            numbers = (counts.run, len(counts.failed), counts.skipped.total())
            write_report(asked.report, counts.version, f"{clock.now():%Y-%m-%d}", tests, numbers)
    return 1 if any(counts.failed for counts in found) else 0


def _binlog_tests() -> list[str]:
    return [str(file.relative_to(PROJECT)) for file in PROJECT.glob("tests/db/test_binlog_*.py")]


def _tested(address: str, tests: tuple[str, ...] | list[str], verbose: bool) -> Counts:
    counts = Counts(_version(address))
    print(counts.version, flush=True)
    began = clock.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        left_out = [f"--ignore={name}" for name in LEFT_OUT]
        # One process: tests have databases of the same names.
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", f"--junitxml={report}", "--tb=short"),
                *(
                    "-p",
                    "no:cacheprovider",
                    "-o",
                    "junit_family=xunit1",
                    "-n",
                    "0",
                    *(["-vv"] if verbose else []),
                ),
                *left_out,
                *tests,
            ],
            cwd=PROJECT,
            env={**os.environ, VARIABLE: address},
            check=False,
        )
        counts.seconds = clock.monotonic() - began
        if done.returncode not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            counts.failed.append(f"pytest itself, exit code {done.returncode}")
        if not report.exists():
            return counts
        for case in ElementTree.parse(report).iter("testcase"):
            name = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"
            if case.find("failure") is not None or case.find("error") is not None:
                counts.failed.append(name)
            elif (skipped := case.find("skipped")) is not None:
                counts.skipped[skipped.get("message", "")] += 1
            else:
                counts.passed += 1
    return counts


def _version(address: str) -> str:
    try:
        with contextlib.closing(ForeignServer(address).connect()) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT VERSION()")
            version = str(cursor.fetchone()[0])
    except pymysql.Error as error:
        raise SystemExit(f"the server cannot be reached: {error}") from None
    if "mariadb" in version.lower():
        return f"MariaDB {version.replace('-MariaDB', '').removesuffix('-log')}"
    return f"MySQL {version}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./dev compat",
        description="The tests with a store, against other servers: the MariaDB of Debian 13 and "
        "the MySQL of Debian sid, with GTID and without (as root, over the network; each in a "
        f"folder below {roots.cache()}), or any by DSN. Real stores: OPENCART_STORES.",
        epilog="The server of a DSN must be empty. Without ?socket=PATH tests that use the "
        "socket are skipped. A password on the command line can be read by everybody on this "
        f"machine; in the environment, as {VARIABLE}, it cannot.",
    )
    parser.add_argument("tests", nargs="*", metavar="TEST", help="default: all that have a store")
    parser.add_argument("--dsn", help="mysql://user:password@host:port/[?socket=PATH]")
    parser.add_argument(
        "--only", action="append", choices=list(SERVERS), help="of the folders; can be repeated"
    )
    parser.add_argument("--mirror", help="of Debian's archive; default: debootstrap's")
    parser.add_argument("--report", type=Path, metavar="FILE", help="a page with such a table")
    parser.add_argument("--verbose", action="store_true", help="name each test")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
