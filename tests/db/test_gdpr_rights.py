"""Restriction and objection as people ask for them, and as they are lifted."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import pytest

from support.commanding import ask, dispatched, done, refused
from support.gdpr import CrashError, acts, crash_before, prepared, requests, states
from support.points import PROGRAM, account, order
from support.small_store import SmallStore

RULES = f"""
{PROGRAM}
[[tier]]
name = "Bronze"
threshold = 0

[[tier]]
name = "Silver"
threshold = 500

[[segment]]
name = "Buyers"
when = "orders >= 1"
"""


@pytest.fixture
def shop(store: SmallStore, monkeypatch: pytest.MonkeyPatch) -> SmallStore:
    prepared(store, monkeypatch)
    store.named_rules({"Buyer": "orders >= 1", "Silver": 'tier = "Silver"'}, RULES)
    return store


@pytest.fixture
def ann(shop: SmallStore) -> int:
    """A customer with a tag of each rule, in the segment and in Silver."""
    ann = shop.given.customer("ann@example.com")
    order(shop, ann, "60")
    shop.full_pass()
    assert shop.has(ann) == {"Buyer", "Silver"}
    return ann


def right(store: SmallStore, customer: int) -> list[str]:
    query = "SELECT kind FROM {own}restriction WHERE customer_id = %s"
    return [str(row["kind"]) for row in store.rows(query, customer)]


def in_segment(store: SmallStore) -> int:
    (row,) = store.rows("SELECT customers FROM {own}segment WHERE name = 'Buyers'")
    return int(row["customers"])


def tier(store: SmallStore) -> list[str]:
    return [str(row["tier"]) for row in store.rows("SELECT tier FROM {own}tier")]


def test_a_restriction_holds_at_once_and_answers_the_request_for_it(
    shop: SmallStore, ann: int
) -> None:
    number = done(shop, "gdpr.request", kind="restrict", customer=ann)["request"]

    answer = done(shop, "gdpr.restrict", customer=ann, reason="the address is in doubt")

    assert answer == {"customer_id": ann, "right": "restricted", "holds": True, "request": number}
    assert (right(shop, ann), states(shop)) == (["restricted"], ["done"])
    assert (shop.has(ann), in_segment(shop), tier(shop)) == ({"Buyer", "Silver"}, 0, ["Silver"])
    shop.verify()


def test_lifted_it_is_as_if_it_had_never_been(shop: SmallStore, ann: int) -> None:
    done(shop, "gdpr.restrict", customer=ann, reason="x")
    order(shop, ann, "30")
    shop.full_pass()
    assert account(shop, ann)["available"] == 600

    assert done(shop, "gdpr.unrestrict", customer=ann, reason="settled")["was"]

    assert (right(shop, ann), in_segment(shop)) == ([], 1)
    assert account(shop, ann)["available"] == 900
    assert not done(shop, "gdpr.unrestrict", customer=ann, reason="again")["was"]
    assert acts(shop) == ["restricted", "restricted_lifted"]
    shop.verify()


def test_an_objection_to_profiling_takes_facts_tags_segments_and_tier_away(
    shop: SmallStore, ann: int
) -> None:
    number = done(shop, "gdpr.request", kind="object_profiling", customer=ann)["request"]

    answer = done(shop, "gdpr.object", to="profiling", customer=ann, reason="by letter")

    assert (answer["right"], answer["request"]) == ("no_profiling", number)
    assert (shop.has(ann), in_segment(shop), tier(shop)) == (set(), 0, [])
    assert shop.rows("SELECT * FROM {own}tier_change") == []
    (row,) = shop.rows("SELECT orders, total_spent FROM {own}customer")
    assert row == {"orders": 0, "total_spent": 0}
    assert account(shop, ann)["available"] == 600
    shop.full_pass()
    assert (shop.has(ann), tier(shop)) == (set(), [])
    done(shop, "gdpr.unobject", to="profiling", customer=ann, reason="asked for the card")
    assert (shop.has(ann), in_segment(shop), tier(shop)) == ({"Buyer", "Silver"}, 1, ["Silver"])
    shop.verify()


def test_an_objection_to_marketing_withdraws_consents_and_touches_nothing_else(
    shop: SmallStore, ann: int
) -> None:
    table = f"`{shop.given.prefix}customer`"
    shop.given.execute(f"UPDATE {table} SET newsletter = 1 WHERE customer_id = {ann}")
    shop.process(ann)

    done(shop, "gdpr.object", to="marketing", customer=ann, reason="by telephone")

    (row,) = shop.rows(f"SELECT newsletter FROM {table} WHERE customer_id = %s", ann)
    assert row["newsletter"] == 0
    kept = shop.rows("SELECT state FROM {own}consent_state WHERE channel = 'email'")
    assert [one["state"] for one in kept] == ["objected"]
    assert right(shop, ann) == ["no_marketing"]
    assert (shop.has(ann), in_segment(shop)) == ({"Buyer", "Silver"}, 1)


def test_a_guest_objects_to_marketing_and_there_is_nothing_else_to_object_to(
    shop: SmallStore,
) -> None:
    number = done(shop, "gdpr.request", kind="object_marketing", guest="gus@example.com")["request"]

    answer = done(shop, "gdpr.object", to="marketing", guest="GUS@example.com", reason="by letter")

    assert (answer["customer_id"], answer["request"]) == (None, number)
    assert states(shop) == ["done"]
    assert len(shop.rows("SELECT * FROM {own}suppression WHERE reason = 'objected'")) == 1
    said = refused(shop, "gdpr.object", to="profiling", guest="gus@example.com", reason="x")
    assert "nothing to object to" in said


def test_what_is_entered_twice_stays_as_it_was_entered(shop: SmallStore, ann: int) -> None:
    done(shop, "gdpr.restrict", customer=ann, reason="first")
    done(shop, "gdpr.restrict", customer=ann, reason="second")

    (row,) = shop.rows("SELECT reason FROM {own}restriction")
    assert row["reason"] == "first"
    assert acts(shop) == ["restricted"]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("gdpr.restrict", {}),
        ("gdpr.object", {"to": "profiling"}),
        ("gdpr.unrestrict", {}),
        ("gdpr.hold", {}),
    ],
)
def test_a_reason_is_said(
    shop: SmallStore, ann: int, name: str, parameters: dict[str, Any]
) -> None:
    assert "is empty" in refused(shop, name, customer=ann, reason=" \n", **parameters)
    assert shop.rows("SELECT * FROM {own}privacy_act") == []


@pytest.mark.parametrize("name", ["gdpr.restrict", "gdpr.object"])
def test_whenever_the_process_ends_a_second_try_comes_to_the_same(
    shop: SmallStore, ann: int, name: str
) -> None:
    more = {"to": "profiling"} if name == "gdpr.object" else {}
    kind = "object_profiling" if more else "restrict"
    back = "gdpr.unobject" if more else "gdpr.unrestrict"
    for statement in itertools.count(1, 3):
        done(shop, "gdpr.request", kind=kind, customer=ann)
        command = ask(shop, name, customer=ann, reason="x", **more)
        end = crash_before(shop.sidecar.engine, statement)
        try:
            with contextlib.suppress(CrashError):
                dispatched(shop, command)
        finally:
            crashed = end()

        assert dispatched(shop, command).state == "done"

        assert {row["state"] for row in requests(shop)} == {"done"}
        assert in_segment(shop) == 0
        assert shop.has(ann) == (set() if more else {"Buyer", "Silver"})
        shop.verify()
        done(shop, back, customer=ann, reason="x", **more)
        assert (in_segment(shop), shop.has(ann)) == (1, {"Buyer", "Silver"})
        if not crashed:
            assert statement > 3
            return
