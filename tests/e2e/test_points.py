"""``points`` and ``loyalty`` as a person uses them."""

from __future__ import annotations

import json
import subprocess

import pytest

from sidecar import clock
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import own_tables
from sidecar.sync.commands import queue
from support.given import Line
from support.installation import Installation
from support.running import running

DATED = '[loyalty]\nstart = "2020-01-01"\n'
ALL = '[loyalty]\nstart = "all"\n'

#: What a terminal would obey.
HOSTILE = "it's \"so\" \\ \N{PARTY POPPER} \x1b[2J\x1b]0;owned\x07 '); DROP TABLE oc_customer; -- "


def program(installation: Installation, text: str = DATED) -> None:
    rules = f"{text}[[tag]]\nname = 'rich'\nwhen = 'points >= 100'\n"
    (installation.folder / "rules.d" / "rules.toml").write_text(rules, "utf-8")


def bought(installation: Installation, customer: int, total: str) -> int:
    return installation.given.order(customer, total, lines=[Line(product=40, price=total)])


def rich(installation: Installation) -> list[int]:
    found = installation.json("customers", 'tags has "rich"')
    return [row["customer_id"] for row in found]


def rewards(installation: Installation) -> list[int]:
    """The store's own rows."""
    return installation.column("SELECT points FROM oc_customer_reward ORDER BY customer_reward_id")


@pytest.fixture
def ann(installation: Installation) -> int:
    """A customer of a shop with a program."""
    ann = installation.given.customer("ann@example.com")
    program(installation)
    installation.done("migrate")
    installation.done("once", "--yes")
    return ann


# -- points --------------------------------------------------------------------------------


def test_points_that_a_person_gives_are_there_at_once_with_what_depends_on_them(
    installation: Installation, ann: int
) -> None:
    given = installation.json("points", "add", "ANN@example.com", "120", "--reason", "sorry")

    assert given == {
        "customer_id": ann,
        "points": 120,
        "available": 120,
        "pending": 0,
        "worth": "1.2000",
        "currency": "EUR",
    }
    assert rich(installation) == [ann]
    assert rewards(installation) == [120]
    taken = installation.sidecar("points", "deduct", str(ann), "21", "--reason", "typo")
    assert (taken.returncode, taken.stdout) == (0, "")
    assert taken.stderr == f"21 points taken: customer {ann} has 99 (worth 0.99 EUR)\n"
    assert rich(installation) == []
    assert installation.json("once")["state"] == "nothing"


def test_an_account_is_shown_with_what_expires_and_why_it_is_so(
    installation: Installation, ann: int
) -> None:
    order_id = bought(installation, ann, "60")
    installation.done("once")
    installation.done("points", "add", str(ann), "5", "--reason", HOSTILE)

    found = installation.json("points", "show", "ann@example.com")
    shown = installation.done("points", "show", str(ann), "--limit", "1")

    assert (found["available"], found["pending"], found["worth"]) == (605, 0, "6.0500")
    assert found["next_expiry"]["points"] == 605
    assert [entry["what"] for entry in found["entries"]] == ["by hand", f"order {order_id}"]
    assert found["entries"][0]["reason"] == HOSTILE
    assert found["entries"][0]["actor"].startswith("cli:")
    lines = shown.splitlines()
    assert "available     605 (worth 6.05 EUR)" in lines
    assert f"expires next  605, after {found['next_expiry']['until']}" in lines
    assert f"600\torder {order_id}\tnow\t{found['next_expiry']['until']}" in lines
    assert lines[-1].split("\t")[1:4] == ["by hand", "+5", "+5"]
    assert not any(ord(character) < 32 for character in shown.replace("\n", "").replace("\t", ""))


def test_points_of_an_order_that_somebody_removed_are_given_back(
    installation: Installation, ann: int
) -> None:
    order_id = bought(installation, ann, "60")
    installation.done("once")
    installation.given.execute("DELETE FROM oc_customer_reward")
    installation.done("once")

    given = installation.sidecar("points", "restore", str(ann), str(order_id), "--reason", "oops")

    assert (given.returncode, given.stdout) == (0, "")
    assert given.stderr == (
        f"order {order_id} earns 600 points again: customer {ann} has 600 (worth 6.00 EUR)\n"
    )
    again = installation.sidecar("points", "restore", str(ann), str(order_id), "--reason", "oops")
    assert again.returncode == 64
    assert f"nothing of what order {order_id} earned customer {ann} was removed" in again.stderr


def test_a_long_reason_is_kept_as_far_as_it_fits(installation: Installation, ann: int) -> None:
    reason = "\N{PARTY POPPER}" * 300

    installation.done("points", "add", str(ann), "5", "--reason", reason)

    assert installation.column("SELECT reason FROM oc_sidecar_cause") == [reason[:255]]


def test_more_than_there_is_cannot_be_taken(installation: Installation, ann: int) -> None:
    refused = installation.sidecar("points", "deduct", str(ann), "7", "--reason", "x")

    assert (refused.returncode, refused.stdout) == (64, "")
    assert f"customer {ann} has 0 points available, so 7 cannot be taken" in refused.stderr
    assert rewards(installation) == []
    owes = installation.json("points", "deduct", str(ann), "7", "--reason", "x", "--into-debt")
    assert (owes["available"], owes["worth"]) == (-7, "-0.0700")
    assert rewards(installation) == [-7]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["ann@example.com", "0", "--reason", "x"],
            "AMOUNT': Input should be greater than or equal to 1",
        ),
        (["ann@example.com", "1.5", "--reason", "x"], "AMOUNT': Input should be a valid integer"),
        (["ann@example.com", "5"], "Missing option '--reason'"),
        (["ann@example.com", str(2**32), "--reason", "x"], "points: must be a whole number"),
        (["ann@example.com", str(2**31), "--reason", "x"], "no more than 2,147,483,647 points"),
        (["99", "5", "--reason", "x"], "no customer has the id 99"),
        (["bob@example.com", "5", "--reason", "x"], "no customer has the e-mail"),
        (["ann@example.com", "5", "--reason", "x" * 1_001], "at most 1,000 characters"),
    ],
)
def test_what_is_wrong_is_said_and_gives_nothing(
    installation: Installation, ann: int, arguments: list[str], said: str
) -> None:
    done = installation.sidecar("points", "add", *arguments)

    assert (done.returncode, done.stdout) == (64, "")
    assert said in " ".join(done.stderr.split())
    assert rewards(installation) == []


def test_a_daemon_gives_points_that_the_command_line_asks_for(
    installation: Installation, ann: int
) -> None:
    with running(installation):
        given = installation.json("points", "add", str(ann), "100", "--reason", "x")
        shown = installation.json("points", "show", str(ann))

    assert (given["available"], shown["available"]) == (100, 100)
    assert rich(installation) == [ann]
    assert rewards(installation) == [100]


def test_what_a_crash_left_running_is_given_once_by_the_next_command(
    installation: Installation, ann: int
) -> None:
    own = own_tables(installation.database.prefix)
    with transaction(installation.engine) as tx:
        asked_for = {"customer": str(ann), "points": 50, "reason": HOSTILE}
        number = queue.ask(tx, own, "points.add", asked_for, "admin:eve", clock.now())
    installation.done("once")
    assert rewards(installation) == [50]
    # As a crash between the commit and all that follows would leave it.
    installation.given.execute(
        "UPDATE oc_sidecar_command SET state = 'running', answer = NULL, finished_at = NULL"
    )

    installation.done("once")

    assert rewards(installation) == [50]
    assert installation.column(
        f"SELECT state FROM oc_sidecar_command WHERE command_id = {number}"
    ) == ["done"]
    assert installation.json("loyalty", "reconcile")["drift"] == 0


# -- without a program, and while it waits -------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["points", "show", "1"],
        ["points", "add", "1", "5", "--reason", "x"],
        ["points", "deduct", "1", "5", "--reason", "x"],
        ["loyalty", "status"],
        ["loyalty", "start"],
        ["loyalty", "reconcile"],
    ],
    ids=" ".join,
)
def test_without_a_program_every_command_says_what_to_do(
    installation: Installation, arguments: list[str]
) -> None:
    installation.given.customer()
    installation.done("migrate")

    done = installation.sidecar(*arguments)

    assert (done.returncode, done.stdout) == (78, "")
    assert "[loyalty]: there is no loyalty program" in done.stderr
    assert "[loyalty] with a start" in done.stderr


def test_a_program_for_all_orders_waits_until_a_person_agreed(
    installation: Installation,
) -> None:
    ann = installation.given.customer()
    bought(installation, ann, "60")
    program(installation, ALL)
    installation.done("migrate")
    installation.done("once", "--yes")

    early = installation.sidecar("points", "add", str(ann), "5", "--reason", "x")
    waits = installation.done("loyalty", "status")
    counted = installation.sidecar("loyalty", "start")

    assert early.returncode == 75
    assert "waits to begin (`sidecar loyalty start`" in early.stderr
    assert "waits to begin: `sidecar loyalty start`" in waits
    assert counted.returncode == 0
    assert counted.stdout == "1 order of 1 customer would earn 600 points, worth 6.00 EUR\n"
    assert "nothing was written" in counted.stderr
    assert rewards(installation) == []

    begun = installation.json("loyalty", "start", "--yes")
    installation.done("once", "--yes")

    assert (begun["begun"], begun["began_now"]) == (True, True)
    assert rewards(installation) == [600]
    assert "has begun" in installation.sidecar("loyalty", "start").stderr


# -- the program as a whole ----------------------------------------------------------------


def test_the_status_tells_what_is_owed_and_what_became_of_it(
    installation: Installation, ann: int
) -> None:
    bought(installation, ann, "60")
    installation.done("once")
    installation.done("points", "deduct", str(ann), "50", "--reason", "x")

    found = installation.json("loyalty", "status")
    shown = installation.done("loyalty", "status")

    assert (found["customers"], found["available"], found["available_worth"]) == (1, 550, "5.5000")
    assert (found["issued"], found["taken"], found["expired"]) == (600, 50, 0)
    for line in (
        "orders that earn    placed on 2020-01-01 or later",
        "customers           1 with points",
        "available           550 points, worth 5.50 EUR",
        "                    50 taken by hand",
    ):
        assert line in shown.splitlines()


def test_what_differs_is_listed_mended_and_told_by_the_exit_code(
    installation: Installation, ann: int
) -> None:
    order_id = bought(installation, ann, "60")
    installation.done("once")
    installation.given.execute("UPDATE oc_customer_reward SET points = 6000")
    row: dict[str, int | str | float | None] = {"description": "\x1b[31mOrder", "points": 9}
    installation.given.insert("customer_reward", {**row}, customer_id=ann, order_id=order_id)

    def reconcile(*more: str) -> subprocess.CompletedProcess[str]:
        return installation.sidecar("loyalty", "reconcile", *more)

    seen, fixed, again = reconcile(), reconcile("--fix", "--json"), reconcile()

    assert seen.returncode == 1
    assert "was changed from 600 to 6,000" in seen.stdout
    assert f"others gave 9 for order {order_id}" in seen.stdout
    assert "2 differences (`sidecar loyalty reconcile --fix` mends rows)" in seen.stderr
    assert fixed.returncode == 0, fixed.stderr
    answer = json.loads(fixed.stdout)
    assert (answer["drift"], answer["mended"]) == (2, 2)
    assert again.returncode == 0
    assert "1 customer compared: the store and the ledger agree" in again.stderr
    assert rewards(installation) == [600]
