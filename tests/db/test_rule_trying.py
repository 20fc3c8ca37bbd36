"""Whom a condition is true of, why, and what a rule would change, before anybody saves it."""

from __future__ import annotations

import json

import pytest

from sidecar.privacy import mentions
from sidecar.shop.database import transaction
from sidecar.sync import restrictions, trying
from support.commanding import asked, done
from support.deciding import approve
from support.small_store import SmallStore


def given(store: SmallStore, number: int = 12) -> list[int]:
    """Customers, each second with an order more than the last."""
    customers = [store.given.customer() for _ in range(number)]
    for place, customer in enumerate(customers):
        for _ in range(place // 2):
            store.given.order(customer, "100")
    return customers


def ids(sample: list[dict[str, int]]) -> list[int]:
    return [one["customer_id"] for one in sample]


def restrict(store: SmallStore, customer: int) -> None:
    own = store.sidecar.shop.own
    with transaction(store.sidecar.engine) as tx:
        restrictions.put(tx, own, customer, "restricted", "admin:eve", "asked", store.moment)


def by_sql(store: SmallStore, orders: int) -> list[int]:
    rows = store.rows(
        "SELECT customer_id AS n FROM oc_customer c WHERE"
        " (SELECT COUNT(*) FROM oc_order o WHERE o.customer_id = c.customer_id) >= %s ORDER BY 1",
        orders,
    )
    return [row["n"] for row in rows]


# -- rule.try ----------------------------------------------------------------------------------


@pytest.mark.parametrize("exact", [False, True])
def test_a_small_store_is_counted_as_sql_counts_it(store: SmallStore, exact: bool) -> None:
    given(store)

    found = done(store, "rule.try", when="orders >= 3", exact=exact)

    expected = by_sql(store, 3)
    assert 0 < len(expected) < 12
    assert (found["customers"], found["low"], found["high"]) == (len(expected),) * 3
    assert (found["looked_at"], found["of"], found["exact"]) == (12, 12, True)
    assert ids(found["sample"]) == expected[:10]


def test_an_estimate_tells_between_which_numbers_the_true_one_lies(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "SAMPLE", 20)
    monkeypatch.setattr(trying, "_CHUNK", 7)
    for place in range(60):
        customer = store.given.customer()
        if place % 3 == 0:
            store.given.order(customer, "100")

    found = done(store, "rule.try", when="orders >= 1")
    again = done(store, "rule.try", when="orders >= 1")

    assert found["exact"] is False
    assert 15 <= found["looked_at"] <= 20
    assert found["of"] == 60
    assert found["low"] <= 20 <= found["high"]
    assert found["low"] < found["customers"] < found["high"]
    assert again == found
    assert set(ids(found["sample"])) <= set(by_sql(store, 1))


def test_nineteen_of_twenty_intervals_hold_the_true_number() -> None:
    ids = list(range(1, 5_001))
    for share in (0.002, 0.05, 0.5, 0.97):
        true = {number for number in ids if number * 7919 % 1000 < share * 1000}
        within = 0
        for seed in range(200):
            chosen = trying._chosen(ids[: 5_000 - seed], 500)
            there = len(true & set(ids[: 5_000 - seed]))
            low, high = trying.interval(
                sum(number in true for number in chosen), len(chosen), 5_000 - seed
            )
            within += low <= there <= high
        assert within >= 180, share


@pytest.mark.parametrize(
    ("found", "looked_at", "of", "expected"),
    [(0, 0, 0, (0, 0)), (5, 10, 10, (5, 5)), (0, 10, 1_000, None), (10, 10, 1_000, None)],
)
def test_an_interval_never_denies_what_was_seen(
    found: int, looked_at: int, of: int, expected: tuple[int, int] | None
) -> None:
    low, high = trying.interval(found, looked_at, of)

    assert found <= low <= high <= of - (looked_at - found)
    assert expected is None or (low, high) == expected


def test_who_just_misses_is_told_with_what_they_lack(store: SmallStore) -> None:
    near = store.given.customer(newsletter=False)
    store.given.order(near, "100")
    inside = store.given.customer(newsletter=True)
    store.given.order(inside, "100")
    store.given.customer(newsletter=False)

    found = done(store, "rule.try", when="orders >= 1 and newsletter")

    assert ids(found["sample"]) == [inside]
    assert found["misses"] == [{"customer_id": near, "lacks": "newsletter"}]


def test_who_is_restricted_is_not_counted(store: SmallStore) -> None:
    kept, restricted = store.given.customer(), store.given.customer()
    restrict(store, restricted)

    found = done(store, "rule.try", when="orders = 0")

    assert (found["customers"], ids(found["sample"])) == (1, [kept])


def test_who_is_named_by_an_answer_is_found_by_an_erasure(store: SmallStore) -> None:
    given(store)
    for when in ("orders >= 3", "orders >= 3 and newsletter"):
        found = done(store, "rule.try", when=when)
        named, _ = mentions.named_in(json.dumps(found))
        misses = [miss["customer_id"] for miss in found["misses"]]
        assert {*ids(found["sample"]), *misses} <= set(named)


def test_a_condition_that_is_wrong_is_not_tried(store: SmallStore) -> None:
    for name in ("rule.try", "rule.why"):
        more = {"customer": store.given.customer()} if name == "rule.why" else {}
        failed = asked(store, name, when="orderz >= 3", **more)
        assert (failed.state, failed.exit_code) == ("failed", 64)
        assert "there is no fact 'orderz'" in (failed.error or "")


def test_trying_counts_as_the_command_line_does(store: SmallStore) -> None:
    given(store)
    when = "orders between 2 and 4 or not (orders < 5)"

    found = done(store, "rule.try", when=when, exact=True)

    listed = [row["customer_id"] for row in store.sidecar.view.customers(when)]
    assert found["customers"] == len(listed)
    assert ids(found["sample"]) == listed[:10]


# -- rule.why ----------------------------------------------------------------------------------


def test_why_tells_each_part_of_a_condition_and_what_is_missing(store: SmallStore) -> None:
    customer = store.given.customer(newsletter=True)
    store.given.order(customer, "100")

    found = done(store, "rule.why", when="orders >= 3 and newsletter", customer=customer)

    assert found["holds"] is False
    assert [(item["text"], item["holds"]) for item in found["tree"]["items"]] == [
        ("orders >= 3", False),
        ("newsletter", True),
    ]
    assert found["tree"]["items"][0]["actual"] == 1
    assert "2 more orders" in found["nearest"]["text"]


def test_why_says_what_the_count_says(store: SmallStore) -> None:
    customers = given(store)
    store.rules(some="orders >= 2")
    store.full_pass()
    when = 'tags has "some" and orders <= 4'
    inside = {row["customer_id"] for row in store.sidecar.view.customers(when)}

    for customer in customers:
        found = done(store, "rule.why", when=when, customer=customer)
        assert found["holds"] is (customer in inside)


def test_of_who_is_restricted_nothing_is_told(store: SmallStore) -> None:
    customer = store.given.customer()
    restrict(store, customer)

    found = done(store, "rule.why", when="orders = 0", customer=customer)

    assert (found["holds"], found["tree"]) == (None, None)
    assert "restricted" in found["why_not"]


def test_why_of_nobody_is_refused(store: SmallStore) -> None:
    failed = asked(store, "rule.why", when="orders = 0", customer="nobody@example.com")

    assert (failed.state, failed.exit_code) == ("failed", 64)


# -- rule.plan ---------------------------------------------------------------------------------


def approved(store: SmallStore) -> None:
    """A first full pass was approved."""
    store.rules(never="orders > 1000")
    store.full_pass()


def test_a_plan_is_what_the_next_pass_then_does(store: SmallStore) -> None:
    given(store)
    approved(store)

    plan = done(store, "rule.plan", kind="tag", name="Busy", when="orders >= 3")
    assert store.who("Busy") == []
    done(store, "rule.save", kind="tag", name="Busy", when="orders >= 3")
    outcome = store.full_pass()

    expected = by_sql(store, 3)
    assert plan["customers"] == outcome.tag_added == len(expected)
    assert plan["changes"]["tag_added"] == len(expected)
    assert [step["customer_id"] for step in plan["sample"]] == expected == store.who("Busy")
    assert {(s["name"], s["before"], s["after"]) for s in plan["sample"]} == {("Busy", False, True)}
    assert plan["rules"] == [{"kind": "tag", "name": "Busy", "changes": len(expected)}]


def test_a_plan_writes_nothing(store: SmallStore) -> None:
    given(store)
    approved(store)
    before = store.checksums(without=["sidecar_command"])

    done(store, "rule.plan", kind="tag", name="Busy", when="orders >= 3")
    done(store, "rule.plan", kind="segment", name="Busy", when="orders >= 3")

    assert store.checksums(without=["sidecar_command"]) == before


def test_a_plan_tells_what_depends_on_the_rule_too(store: SmallStore) -> None:
    given(store)
    done(store, "rule.save", kind="segment", name="Buyers", when="orders > 1000")
    store.rules(chosen='in segment "buyers"', other="orders = 1")
    store.full_pass()

    plan = done(store, "rule.plan", kind="segment", name="Buyers", when="orders >= 4")

    number = len(by_sql(store, 4))
    assert plan["rules"] == [
        {"kind": "segment", "name": "Buyers", "changes": number},
        {"kind": "tag", "name": "chosen", "changes": number},
    ]
    assert plan["waits"] is None


def test_a_plan_says_what_would_wait(store: SmallStore, monkeypatch: pytest.MonkeyPatch) -> None:
    given(store)
    asked_for = {"kind": "tag", "name": "Busy", "when": "orders >= 3"}
    assert done(store, "rule.plan", **asked_for)["waits"] == "first"

    approved(store)
    assert done(store, "rule.plan", **asked_for)["waits"] is None

    monkeypatch.setattr(type(store.sidecar), "cap", lambda _: 2)
    plan = done(store, "rule.plan", **asked_for)
    assert (plan["waits"], plan["cap"]) == ("cap", 2)
    assert plan["run_customers"] == len(by_sql(store, 3))

    done(store, "rule.save", **asked_for)
    (run,) = store.whole_pass(cap=2).waiting
    assert run.customers == plan["run_customers"]
    approve(store, run.run_id)
    assert store.who("Busy") == by_sql(store, 3)


def test_a_rule_that_does_not_fit_is_not_planned(store: SmallStore) -> None:
    store.given.customer()
    failed = asked(store, "rule.plan", kind="group", name="Nowhere", when="orders > 3")

    assert (failed.state, failed.exit_code) == ("failed", 78)
    assert "there is no customer group 'Nowhere'" in (failed.error or "")


# -- rule.uses ---------------------------------------------------------------------------------


def test_who_asks_for_a_rule_is_told_and_whether_it_can_go(store: SmallStore) -> None:
    done(store, "rule.save", kind="segment", name="Root <b>", when="orders > 3")
    done(store, "rule.save", kind="tag", name="twig", when='in segment "root <B>" and orders > 4')
    store.rules(leaf='tags has any of ("TWIG", "x")', apart="orders = 1")

    segment = done(store, "rule.uses", kind="segment", name="ROOT <b>")
    tag = done(store, "rule.uses", kind="tag", name="twig")
    leaf = done(store, "rule.uses", kind="tag", name="leaf")

    assert [(one["kind"], one["name"], one["origin"]) for one in segment["used_by"]] == [
        ("tag", "twig", "admin")
    ]
    assert "there is no segment" in segment["refused"][0]
    assert [(one["kind"], one["name"], one["origin"]) for one in tag["used_by"]] == [
        ("tag", "leaf", "file")
    ]
    assert tag["refused"] == leaf["used_by"] == leaf["refused"] == []


def test_what_is_refused_is_what_deleting_refuses(store: SmallStore) -> None:
    done(store, "rule.save", kind="segment", name="Root", when="orders > 3")
    done(store, "rule.save", kind="tag", name="twig", when='in segment "Root"')
    refused = done(store, "rule.uses", kind="segment", name="Root")["refused"]

    failed = asked(store, "rule.delete", kind="segment", name="Root")

    assert failed.state == "failed"
    assert refused
    for message in refused:
        assert message in (failed.error or "")


# -- saving what another person changed --------------------------------------------------------


def test_what_another_person_changed_is_not_overwritten(store: SmallStore) -> None:
    done(store, "rule.save", kind="segment", name="Ours", when="orders > 1", was="")
    was = store.rows("SELECT definition FROM `{own}rule`")[0]["definition"]
    same = json.dumps(json.loads(was), indent=2)
    done(store, "rule.save", kind="segment", name="ours", when="orders > 2", was=same)

    changed = asked(store, "rule.save", kind="segment", name="Ours", when="orders > 3", was=was)
    taken = asked(store, "rule.save", kind="segment", name="OURS", when="orders > 3", was="")
    done(store, "rule.delete", kind="segment", name="Ours")
    gone = asked(store, "rule.save", kind="segment", name="Ours", when="orders > 3", was=was)

    assert [found.exit_code for found in (changed, taken, gone)] == [64, 64, 64]
    assert "admin:eve changed" in (changed.error or "")
    assert "already" in (taken.error or "")
    assert "deleted meanwhile" in (gone.error or "")
    assert store.rows("SELECT definition FROM `{own}rule`")[0]["definition"] is None
