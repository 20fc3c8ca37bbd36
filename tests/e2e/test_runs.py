"""Runs, pins and pauses as people use them."""

from __future__ import annotations

import json
import time

import pytest

from support.installation import Installation
from support.running import running

LADDER = "\n[[group]]\nname = 'VIP'\nwhen = 'orders > 0'\n"


@pytest.fixture
def capped(installation: Installation) -> Installation:
    """An installation of 12 customers, whose first full pass was approved, with a cap of 3."""
    for _ in range(12):
        installation.given.customer()
    installation.write_config(more="[rules]\nmax_change_floor = 3\nbuiltins = false\n")
    installation.rules(buyer="orders > 0")
    installation.done("migrate")
    installation.done("once", "--yes")
    return installation


def waiting(installation: Installation) -> int:
    """The number of a run that waits: a new rule for everybody."""
    installation.rules(buyer="orders > 0", quiet="orders = 0")
    process = installation.sidecar("once", "--json")
    assert process.returncode == 75, process.stderr
    (run,) = json.loads(process.stdout)["waiting"]
    return int(run["run"])


def tagged(installation: Installation) -> int:
    """How many customers have the tag ``quiet``."""
    found = installation.json("customers", "orders >= 0")
    return sum("quiet" in row["tags"] for row in found)


def vip(installation: Installation) -> None:
    """One more customer group."""
    installation.given.insert("customer_group", {"approval": 0}, customer_group_id=7)
    installation.given.describe("customer_group", 7, "VIP")


def groups(installation: Installation) -> list[int]:
    """The native customer group of every customer."""
    return installation.column("SELECT customer_group_id FROM oc_customer ORDER BY customer_id")


def test_a_waiting_run_is_listed_approved_and_undone(capped: Installation) -> None:
    run = waiting(capped)
    (first, *_) = capped.json("runs")
    assert (first["run"], first["state"], first["rules"]) == (run, "waiting", ["quiet"])
    assert first["changed"] == 12
    assert f"{run}\twaiting\tfull" in capped.done("runs")

    approved = capped.json("approve", str(run))

    assert (approved["state"], approved["customers"]) == ("applied", 12)
    assert approved["changes"]["tag_added"] == 12
    assert tagged(capped) == 12
    time.sleep(1.1)  # one of the same second is taken for the same request, after a crash
    again = capped.sidecar("approve", str(run))
    assert again.returncode == 64
    assert "does not wait" in again.stderr

    undone = capped.json("undo", str(run))

    assert (undone["customers"], undone["changes"], undone["rest"]) == (12, 12, [])
    assert undone["held"] == ["quiet"]
    assert tagged(capped) == 0
    assert capped.json("once")["state"] == "nothing"
    told = {row["run"]: row for row in capped.json("runs")}
    assert told[run]["state"] == "undone"
    assert told[undone["undone"]]["undoes"] == run


def test_a_run_that_has_grown_waits_again(capped: Installation) -> None:
    run = waiting(capped)
    for _ in range(3):
        capped.given.customer()

    process = capped.sidecar("approve", str(run), "--json")

    assert process.returncode == 75
    answer = json.loads(process.stdout)
    assert (answer["state"], answer["was"], answer["customers"]) == ("waiting", 12, 15)
    assert "15 customers" in process.stderr
    assert capped.sidecar("approve", str(run)).returncode == 0


def test_a_discarded_run_is_held_until_its_rule_is_resumed(capped: Installation) -> None:
    run = waiting(capped)

    answer = capped.json("discard", str(run))

    assert answer == {"run": run, "state": "discarded", "held": ["quiet"]}
    assert capped.json("once")["waiting"] == []
    told = capped.sidecar("rules", "resume", "quite")
    assert told.returncode == 64
    assert "did you mean 'quiet'" in told.stderr
    assert capped.json("rules", "resume", "quiet")["name"] == "quiet"
    assert capped.sidecar("once").returncode == 75


def test_a_pin_of_each_kind_holds_and_ends(installation: Installation) -> None:
    ann = installation.given.customer("ann@example.com")
    vip(installation)
    installation.rules(quiet="orders = 0")
    file = installation.folder / "rules.d" / "b.toml"
    file.write_text("[[segment]]\nname = 'Buyers'\nwhen = 'orders > 0'\n", "utf-8")
    installation.done("migrate")
    installation.done("once", "--yes")
    who, why = "ann@example.com", ("--reason", "asked to")

    installation.done("pin", "tag", "quiet", who, "--out", *why)
    segment = ("pin", "segment", "buyers", who, "--in", "--until", "2099-01-31", *why)
    pinned = installation.sidecar(*segment).stderr
    assert pinned.startswith("1 customer pinned: 1 segment entered\n`sidecar undo ")
    set_ = installation.json("group", "set", "#7", who, *why)

    assert set_["changed"] == 1
    assert groups(installation) == [7]
    assert installation.json("once")["state"] == "nothing"
    (row,) = installation.json("customers", 'in segment "Buyers"')
    assert (row["customer_id"], row["tags"], row["group"]) == (ann, [], "VIP")

    installation.done("unpin", "tag", "quiet", who)
    installation.done("unpin", "segment", "Buyers", who)
    undone = installation.json("undo", str(set_["run"]))

    assert undone["changes"] == 1
    assert groups(installation) == [1]
    assert installation.json("customers", 'in segment "Buyers"') == []
    assert installation.column("SELECT COUNT(*) FROM oc_sidecar_pin") == [0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pin", "tag", "quiet", "1", "--in"), "--reason"),
        (("pin", "tag", "quiet", "1", "--reason", "x"), "--in or --out"),
        (("pin", "tag", "quite", "1", "--in", "--reason", "x"), "did you mean 'quiet'"),
        (("pin", "group", "VIPs", "1", "--in", "--reason", "x"), "did you mean 'VIP'"),
        (("pin", "segment", "x", "1", "--in", "--reason", "x"), "no segment is called 'x'"),
        (("pin", "tag", "quiet", "9", "--in", "--reason", "x"), "no customer has the id 9"),
        (("pin", "tag", "quiet", "1", "--in", "--reason", " "), "say why"),
        (("pin", "rung", "quiet", "1", "--in", "--reason", "x"), "rung"),
        (("group", "auto"), "--found"),
        (("group", "auto", "1", "--found"), "not both"),
        (("approve", "99"), "there is no run 99"),
        (("undo", "99"), "there is no run 99"),
    ],
)
def test_what_is_asked_wrongly_is_a_usage_error(
    pinned: Installation, arguments: tuple[str, ...], said: str
) -> None:
    process = pinned.sidecar(*arguments)

    assert process.returncode == 64, process.stderr
    assert said in process.stderr


@pytest.fixture
def pinned(installation: Installation) -> Installation:
    """One customer, one tag, one more customer group."""
    installation.given.customer()
    vip(installation)
    installation.done("migrate")
    installation.done("tag", "create", "quiet")
    return installation


def test_the_ladder_decides_again_for_who_was_pinned_or_found(installation: Installation) -> None:
    vip(installation)
    installation.given.insert("customer_group", {"approval": 0}, customer_group_id=8)
    installation.given.describe("customer_group", 8, "Staff")
    ids = [installation.given.customer() for _ in range(3)]
    for customer in ids:
        installation.given.order(customer)
    installation.given.update("customer", {"customer_id": ids[1]}, customer_group_id=8)
    installation.given.update("customer", {"customer_id": ids[2]}, customer_group_id=8)
    file = installation.folder / "rules.d" / "ladder.toml"
    file.write_text(LADDER, "utf-8")
    installation.done("migrate")
    installation.done("once", "--yes")
    assert groups(installation) == [7, 8, 8]

    assert installation.json("group", "auto", str(ids[1]))["changed"] == 1
    assert groups(installation) == [7, 7, 8]
    assert installation.json("group", "auto", "--found")["released"] == 1
    assert groups(installation) == [7, 7, 8]
    assert installation.json("once")["changes"]["group_changed"] == 1
    assert groups(installation) == [7, 7, 7]


def test_while_paused_no_group_is_written(installation: Installation) -> None:
    vip(installation)
    installation.given.order(installation.given.customer())
    (installation.folder / "rules.d" / "ladder.toml").write_text(LADDER, "utf-8")
    installation.done("migrate")
    paused = installation.json("pause", "moving house")
    assert (paused["paused"], paused["reason"]) == (True, "moving house")
    installation.done("once", "--yes")
    assert groups(installation) == [1]

    assert installation.json("resume")["was_paused"] is True
    assert installation.json("resume")["was_paused"] is False
    installation.done("once", "--yes")

    assert groups(installation) == [7]


def test_a_daemon_carries_out_what_people_decide(capped: Installation) -> None:
    run = waiting(capped)
    with running(capped) as daemon:
        daemon.logged("daemon.started")
        assert capped.json("approve", str(run))["state"] == "applied"
        assert tagged(capped) == 12
        undone = capped.json("undo", str(run))
        assert undone["changes"] == 12
        assert tagged(capped) == 0
        capped.done("rules", "resume", "quiet")

        def waits() -> list[list[str]]:
            return [run["rules"] for run in capped.json("runs") if run["state"] == "waiting"]

        # A pass that had begun before may end first.
        daemon.until(lambda: waits() == [["quiet"]], "the full pass")
