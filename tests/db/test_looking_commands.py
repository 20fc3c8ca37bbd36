"""What the admin's pages ask the sidecar to tell: a waiting run, the rules, the doctor."""

from __future__ import annotations

import json
from typing import Any

from support.commanding import asked
from support.deciding import approve
from support.small_store import SmallStore


def told(store: SmallStore, name: str, /, **parameters: object) -> Any:
    """What a command answers that somebody asks for in the admin."""
    found = asked(store, name, **parameters)
    return found.answer if found.state == "done" else found.error


def waiting_run(store: SmallStore, cap: int = 2) -> int:
    """The one run that waits after a full pass under *cap*."""
    (run,) = (found.run_id for found in store.whole_pass(cap=cap).waiting)
    return run


def counts(changes: dict[str, int]) -> dict[str, int]:
    return {kind: number for kind, number in changes.items() if number}


# -- a waiting run -------------------------------------------------------------------------


def test_a_waiting_run_tells_what_its_approval_then_does(store: SmallStore) -> None:
    ids = [store.given.customer() for _ in range(6)]
    for customer in ids[:4]:
        store.given.order(customer, "100")
    store.rules(buyer="orders > 5")
    store.full_pass()
    store.rules(buyer="orders > 5", ordered="orders > 0", quiet="orders = 0")
    run = waiting_run(store)

    found = told(store, "run.show", run=run)
    approved = approve(store, run)

    assert (found["run"], found["customers"]) == (run, approved.now)
    assert counts(found["changes"]) == counts(approved.changes) == {"tag_added": 6}
    assert found["rules"] == [
        {"kind": "tag", "name": "ordered", "changes": 4},
        {"kind": "tag", "name": "quiet", "changes": 2},
    ]
    named = {(step["customer_id"], step["name"], step["after"]) for step in found["sample"]}
    assert named == {(c, "ordered", True) for c in ids[:4]} | {(c, "quiet", True) for c in ids[4:]}
    assert {step["why"] for step in found["sample"]} == {"rule: orders > 0", "rule: orders = 0"}


def test_looking_at_a_waiting_run_writes_nothing(store: SmallStore) -> None:
    [store.given.customer() for _ in range(4)]
    store.rules(buyer="orders > 0")
    store.full_pass()
    store.rules(buyer="orders > 0", quiet="orders = 0")
    run = waiting_run(store)

    told(store, "run.show", run=run)

    assert store.who("quiet") == []
    assert waiting_run(store) == run


def test_what_other_runs_wait_with_is_not_told_of_a_run(store: SmallStore) -> None:
    [store.given.customer() for _ in range(4)]
    store.rules(buyer="orders > 0")
    store.full_pass()
    store.rules(buyer="orders > 0", quiet="orders = 0")
    first = waiting_run(store)
    # What the second asks for becomes true only where the first may write.
    store.rules(buyer="orders > 0", quiet="orders = 0", silent="orders < 1", shy='tags has "quiet"')
    second = max(found.run_id for found in store.whole_pass(cap=2).waiting)

    # And what would change anyhow is no part of either.
    store.given.order(store.given.customer(), "50")

    assert second != first
    sample = told(store, "run.show", run=first)["sample"]
    assert {step["name"] for step in sample} == {"quiet"}
    assert [rule["name"] for rule in told(store, "run.show", run=first)["rules"]] == ["quiet"]
    assert [rule["name"] for rule in told(store, "run.show", run=second)["rules"]] == ["silent"]


def test_the_first_full_pass_tells_everything_it_waits_with(store: SmallStore) -> None:
    ids = [store.given.customer() for _ in range(3)]
    store.rules(quiet="orders = 0")

    found = told(store, "run.show", run=waiting_run(store))

    assert found["customers"] == 3
    assert [step["customer_id"] for step in found["sample"]] == ids
    assert {step["kind"] for step in found["sample"]} == {"tag"}


def test_at_most_fifty_changes_are_named(store: SmallStore) -> None:
    [store.given.customer() for _ in range(60)]
    store.rules(quiet="orders = 0")

    found = told(store, "run.show", run=waiting_run(store))

    assert (found["customers"], len(found["sample"])) == (60, 50)


def test_a_run_that_does_not_wait_is_refused(store: SmallStore) -> None:
    store.given.customer()
    store.rules(quiet="orders = 0")
    run = waiting_run(store)
    approve(store, run)

    assert f"run {run} does not wait" in told(store, "run.show", run=run)
    assert "there is no run 4294967295" in told(store, "run.show", run=4_294_967_295)


# -- the rules, and the doctor -------------------------------------------------------------


def test_every_rule_is_told_with_its_state(store: SmallStore) -> None:
    store.given.customer()
    store.rules(quiet="orders = 0", **{"<b>it's 100%</b>": "orders > 3"})

    before = told(store, "rule.list")["rules"]
    store.full_pass()
    after = told(store, "rule.list")["rules"]

    assert {rule["name"]: rule["state"] for rule in before if rule["kind"] == "tag"} == {
        "quiet": "new",
        "<b>it's 100%</b>": "new",
    }
    quiet = next(rule for rule in after if rule["name"] == "quiet")
    assert (quiet["state"], quiet["customers"], quiet["text"]) == ("applied", 1, "orders = 0")


def test_broken_rules_are_told_as_an_error_with_their_place(store: SmallStore) -> None:
    store.rules(quiet="orders = ")

    assert "rules.toml" in told(store, "rule.list")


def test_the_doctor_finds_what_it_finds_on_the_command_line(store: SmallStore) -> None:
    found = told(store, "doctor")["findings"]

    assert json.dumps(found)
    checks = {finding["check"]: finding["state"] for finding in found}
    assert checks["own.version"] == "ok"
    assert {"processor", "grants", "rules", "binlog"} <= {finding["subject"] for finding in found}
    assert {finding["state"] for finding in found} <= {"ok", "note", "warning", "error"}


def test_a_store_goes_on_after_the_doctor(store: SmallStore) -> None:
    told(store, "doctor")

    assert told(store, "resume") == {"paused": False, "was_paused": False}
