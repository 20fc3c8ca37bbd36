"""The command line of ``./dev compat``."""

from __future__ import annotations

import argparse
import collections
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pymysql
import pytest

from compat import journal
from compat.journal import Result
from compat.report import write_report
from compat.servers import SERVERS, started
from sidecar import clock
from support import foreign_server
from support.foreign_server import ForeignServer
from systemd.deb import roots

PROJECT = Path(__file__).parents[2]

#: Of these, what uses the server: the others need none, or bring up their own.
TESTS = ("tests/db", "tests/docs", "tests/e2e")

#: What looks at the server's log, and what only a MySQL without GTID can do.
BINLOG_TESTS = (
    "tests/db/test_intents.py",
    "tests/db/test_myisam_groups.py",
    "tests/db/test_segments_against_oracle.py",
    "tests/e2e/test_run_binlog.py",
)

ALL, SOME, BINLOG = "all with a store", "some", "the log's, and of groups in OpenCart 3"


@dataclass(frozen=True, slots=True)
class Counts:
    """
    How a run went.

    Attributes:
        server: Its version, and how it names transactions where it could do otherwise.
        tests: Which were run.
        results: By the test's name.
        broken: What pytest itself has to say against it; else empty.
    """

    server: str
    tests: str
    results: dict[str, Result]
    broken: str = ""

    @property
    def failed(self) -> list[str]:
        """The tests that failed, and those that were broken off."""
        ended = self.results.items()
        found = [name for name, one in ended if one.outcome == "failed" or not one.ended]
        return [*found, *([self.broken] if self.broken else [])]

    @property
    def numbers(self) -> tuple[int, int, int]:
        """How many tests were run, failed and were skipped."""
        skipped = sum(one.outcome == "skipped" for one in self.results.values())
        return len(self.results) - skipped, len(self.failed), skipped

    def __str__(self) -> str:
        run, failed, skipped = self.numbers
        reasons = collections.Counter(
            one.why for one in self.results.values() if one.outcome == "skipped"
        )
        lines = [f"{self.server}: {run} run, {failed} failed, {skipped} skipped"]
        lines += [f"    failed: {name}" for name in self.failed]
        lines += [f"    {count} skipped: {why}" for why, count in reasons.most_common()]
        return "\n".join(lines)


def main() -> int:
    """Run what the command line asks for; 1 when a test failed."""
    asked = _arguments()
    # By way of every `finally`, or folders would stay mounted.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    given = asked.dsn or foreign_server.dsn()
    with contextlib.ExitStack() as stack:
        folder = asked.journal or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        found = []
        for counts in _runs(asked, given, folder):
            print(counts, flush=True)
            if asked.report:
                day = f"{clock.now():%Y-%m-%d}"
                write_report(asked.report, counts.server, day, counts.tests, counts.numbers)
            found.append(counts)
    return 1 if any(counts.failed for counts in found) else 0


def _runs(asked: argparse.Namespace, given: str | None, folder: Path) -> Iterator[Counts]:
    if given:
        yield _tested(
            given, asked.tests or TESTS, SOME if asked.tests else ALL, folder, asked.verbose
        )
        return
    roots.require_root("debootstrap", "chroot", "mount")
    for name in asked.only or SERVERS:
        server = SERVERS[name]
        print(f"\n== {server.about}", flush=True)
        tests = _binlog_tests() if server.only_binlog else TESTS
        label = SOME if asked.tests else BINLOG if server.only_binlog else ALL
        with started(server, asked.mirror) as address:
            yield _tested(address, asked.tests or tests, label, folder, asked.verbose)


def _binlog_tests() -> list[str]:
    files = sorted(PROJECT.glob("tests/db/test_binlog_*.py"))
    return [*(str(file.relative_to(PROJECT)) for file in files), *BINLOG_TESTS]


def _tested(address: str, tests: Sequence[str], label: str, folder: Path, verbose: bool) -> Counts:
    server = _described(address)
    print(server, flush=True)
    file = folder / f"{re.sub('[^A-Za-z0-9.]+', '-', server)}.jsonl"
    done = subprocess.run(
        [
            # One process: tests have databases of the same names.
            *(sys.executable, "-m", "pytest", "-p", "compat.journal", "-n", "0", "--tb=short"),
            *("-p", "no:cacheprovider", *(["-vv"] if verbose else [])),
            *tests,
        ],
        cwd=PROJECT,
        env={**os.environ, foreign_server.VARIABLE: address, journal.VARIABLE: str(file.resolve())},
        check=False,
    )
    results, chosen = journal.read(file)
    if len(results) < chosen:  # it was broken off, or now only some were asked for
        label = f"{len(results):,} of {chosen:,}"
    # There may be nothing left to do.
    good = {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
    good |= {pytest.ExitCode.NO_TESTS_COLLECTED} if results else set()
    broken = "" if done.returncode in good else f"pytest itself, exit code {done.returncode}"
    return Counts(server, label, results, broken)


def _described(address: str) -> str:
    try:
        with contextlib.closing(ForeignServer(address).connect()) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT VERSION()")
            version = str(cursor.fetchone()[0]).split()[0]  # without " from Debian"
            if "mariadb" in version.lower():
                return f"MariaDB {version.replace('-MariaDB', '').removesuffix('-log')}"
            cursor.execute("SELECT @@gtid_mode")
            gtid = str(cursor.fetchone()[0]).startswith("ON")
    except pymysql.Error as error:
        raise SystemExit(f"the server cannot be reached: {error}") from None
    return f"MySQL {version}{'' if gtid else ', without GTID'}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./dev compat",
        description="The tests with a store, against other servers: the MariaDB of Debian 13 and "
        "the MySQL of Debian sid, with GTID and without (as root, over the network; each in a "
        f"folder below {roots.cache()}), or any by DSN. Real stores: OPENCART_STORES.",
        epilog="The server of a DSN must be empty. Without ?socket=PATH tests that use the "
        "socket are skipped. A password on the command line can be read by everybody on this "
        f"machine; in the environment, as {foreign_server.VARIABLE}, it cannot.",
    )
    parser.add_argument("tests", nargs="*", metavar="TEST", help="default: all that have a store")
    parser.add_argument("--dsn", help="mysql://user:password@host:port/[?socket=PATH]")
    parser.add_argument(
        "--only", action="append", choices=list(SERVERS), help="of the folders; can be repeated"
    )
    parser.add_argument("--mirror", help="of Debian's archive; default: debootstrap's")
    parser.add_argument(
        "--journal",
        type=Path,
        metavar="FOLDER",
        help="where results are kept: what did not fail is not run again, and all are counted",
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="a page with such a table")
    parser.add_argument("--verbose", action="store_true", help="name each test")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
