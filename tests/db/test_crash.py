"""A pass that is killed at any moment loses nothing; the next one finishes its work."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar import clock
from support import full_pass_process
from support.given import Line
from support.rows import Value
from support.small_store import SmallStore, Standing

CUSTOMERS = 400
RANGE = 20
RULES = {
    "vip": "total_spent > 500",
    "buyer": "orders > 0",
    "tool user": 'categories has "Tools"',
    "top": 'top_percent <= 30 and tags has "vip"',
    "mail": "newsletter = yes",
}


@pytest.fixture
def full(store: SmallStore) -> SmallStore:
    """A store of 400 customers with rules, of which each has a tag or two."""
    given, chance = store.given, random.Random(7)
    saw = given.product("Saw", categories=[given.category("Tools")])
    people: list[dict[str, Value]] = [
        {"email": f"c{number}@example.com", "newsletter": number % 3 == 0, "custom_field": ""}
        for number in range(CUSTOMERS)
    ]
    first = given.insert_many("customer", people, date_added="2025-01-01 00:00:00", status=1)
    for number in range(CUSTOMERS):
        if number % 3:
            total = chance.choice(["5", "400", "600"])
            given.order(first + number, total, lines=[Line(saw)] * (number % 2))
    store.named_rules(RULES)
    return store


@pytest.fixture
def config_file(full: SmallStore, tmp_path: Path) -> Path:
    database = full.sidecar.config.database
    file = tmp_path / "config.toml"
    file.write_text(
        f"[database]\nsocket = {json.dumps(str(database.socket))}\nuser = '{database.user}'\n"
        f"password = '{database.password.reveal()}'\nname = '{database.name}'\n"
        f"[rules]\ndirectory = {json.dumps(str(full.folder))}\n"
    )
    file.chmod(0o600)
    return file


class PassProcess:
    """A full pass as a process of its own, which a test kills."""

    def __init__(self, store: SmallStore, config_file: Path) -> None:
        self.store = store
        self.runs = self._rows("run")
        root = Path(full_pass_process.__file__).parents[2]
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "support.full_pass_process"),
                *(str(config_file), store.now.isoformat(), str(RANGE)),
            ],
            env={**os.environ, "PYTHONPATH": f"{root}:{root / 'tests'}"},
            stderr=subprocess.PIPE,
        )

    def kill_after(self, table: str, rows: int, pause_s: float = 0) -> str:
        """
        Kill it *pause_s* after one of our tables has so many *rows*, and it has begun.

        Returns:
            The state in which its run is left; on a busy machine it may have ended before.
        """
        deadline = clock.monotonic() + 60
        # Those of a pass before it may be as many already.
        while self._rows(table) < rows or self._rows("run") == self.runs:
            assert clock.monotonic() < deadline
            if self.process.poll() is not None:
                break
            clock.sleep(0.002)
        clock.sleep(pause_s)
        self.process.kill()
        _, error = self.process.communicate()
        assert self.process.returncode in (0, -signal.SIGKILL), error.decode()
        return "applied" if self.process.returncode == 0 else "interrupted"

    def _rows(self, table: str) -> int:
        return int(self.store.rows(f"SELECT COUNT(*) AS n FROM `{{own}}{table}`")[0]["n"])


@pytest.fixture
def undisturbed(full: SmallStore) -> Standing:
    """What a pass that nobody kills leaves behind; our tables are empty again afterwards."""
    full.full_pass()
    standing = full.standing()
    full.forget_everything()
    return standing


def test_a_pass_killed_again_and_again_ends_as_if_it_never_was(
    full: SmallStore, undisturbed: Standing, config_file: Path
) -> None:
    chance = random.Random(11)
    left = []
    for customers in (1, 60, 150, 280):
        process = PassProcess(full, config_file)
        left.append(process.kill_after("audit", customers, chance.uniform(0, 0.05)))
        # Whatever was committed is whole: words, assertions and counts agree.
        full.verify()

    with full.sidecar.leading():
        outcome = full.full_pass(size=RANGE)

    assert full.standing() == undisturbed
    full.verify()
    states = [row["state"] for row in full.rows("SELECT state FROM `{own}run` ORDER BY run_id")]
    assert states == [*left, "applied"]
    assert left[0] == "interrupted"
    audited = full.rows("SELECT customer_id AS c, COUNT(*) AS n FROM `{own}audit` GROUP BY c")
    assert all(row["n"] == 1 for row in audited)
    assert len(audited) == sum(bool(tags) for tags in undisturbed.tags.values())
    assert outcome.customers == CUSTOMERS
    assert outcome.changed < len(audited)
    before = full.checksums()
    full.full_pass()
    assert full.checksums() == before


def test_a_first_pass_killed_before_it_wrote_anything_is_listed_as_interrupted(
    full: SmallStore, config_file: Path
) -> None:
    left = PassProcess(full, config_file).kill_after("run", 1)

    with full.sidecar.leading():
        full.full_pass()

    states = [row["state"] for row in full.rows("SELECT state FROM `{own}run` ORDER BY run_id")]
    assert states == [left, "applied"] == ["interrupted", "applied"]
    full.verify()
