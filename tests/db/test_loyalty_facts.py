"""Facts of the loyalty program, against rows written by hand, and rules that ask for them."""

from __future__ import annotations

import datetime
import json
from typing import Any

import polars as pl
import pytest

from sidecar.errors import CustomerError
from sidecar.model import Scope
from sidecar.rules.catalogue import PROGRAM_FACTS
from sidecar.rules.columns import Column
from sidecar.shop.database import transaction
from sidecar.sync import question
from sidecar.sync.facts.load import load
from sidecar.sync.reading import Reading
from support.points import look, order, program
from support.small_store import SmallStore

TIERS = [("Bronze", 0), ("Silver", 1_000), ("Gold", 5_000)]

HOUR = 3600
DAY = 24 * HOUR


def put(store: SmallStore, table: str, **columns: Any) -> None:
    names = ", ".join(f"`{name}`" for name in columns)
    values = ", ".join(["%s"] * len(columns))
    with store.given.connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO `{store.given.prefix}sidecar_{table}` ({names}) VALUES ({values})",
            list(columns.values()),
        )


def hold_tiers(store: SmallStore, base: str | None = "Bronze", tiers: object = TIERS) -> None:
    assert isinstance(tiers, list)
    value = {
        "revision": 1,
        "base": base,
        "tiers": [{"name": name, "threshold": number * 10_000} for name, number in tiers],
    }
    put(store, "state", name="loyalty.tiers", value=json.dumps(value), at=0)


def facts(store: SmallStore, customer: int) -> dict[str, Any]:
    """The facts of the program, as both readers say."""
    shop, columns = store.sidecar.shop, [Column(fact) for fact in sorted(PROGRAM_FACTS)]
    dictionary = store.sidecar.check_rules().dictionary
    found = []
    for scope in (Scope.of([customer]), Scope.span(1, 2**31 - 1)):
        with transaction(store.sidecar.engine) as tx:
            frame = load(Reading(shop, tx, scope, store.moment), columns, dictionary).frame
        found.append(frame.row(by_predicate=pl.col("customer_id") == customer, named=True))
    assert found[0] == found[1]
    return found[0]


def some(store: SmallStore, customer: int, *names: str) -> tuple[Any, ...]:
    told = facts(store, customer)
    return tuple(told[name] for name in names)


@pytest.fixture
def ann(store: SmallStore) -> int:
    program(store, "points_worth_one = 300\n")
    return store.given.customer("ann@example.com")


def test_without_a_program_all_of_them_are_missing(store: SmallStore) -> None:
    program(store)
    ann = store.given.customer()
    order(store, ann)
    look(store, ann)
    store.named_rules({})

    assert set(facts(store, ann).values()) == {ann, None}


def test_who_has_nothing_yet_has_no_points_and_is_in_the_lowest_tier(
    store: SmallStore, ann: int
) -> None:
    hold_tiers(store)

    assert facts(store, ann) == {
        "customer_id": ann,
        "points_worth": 0,
        "points_pending": 0,
        "points_expiring": 0,
        "points_expire": None,
        "member_since": None,
        "card": None,
        "tier": "Bronze",
        "tier_since": None,
        "tier_review": None,
        "next_tier": "Silver",
        "to_next_tier": 1_000_00,
        "tier_progress": 0,
    }


# -- points --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("available", "worth"),
    [(0, 0), (1, 33), (300, 10_000), (899, 29_966), (-1, -33), (-899, -29_966)],
)
def test_points_are_worth_what_the_program_says_and_no_more(
    store: SmallStore, ann: int, available: int, worth: int
) -> None:
    put(store, "account", unit="points", customer_id=ann, available=available, pending=7)
    put(store, "account", unit="credit", customer_id=ann, available=5, pending=9)

    assert some(store, ann, "points_worth", "points_pending") == (worth, 7)


def test_more_than_fits_is_that_customers_fault(store: SmallStore, ann: int) -> None:
    put(store, "account", unit="points", customer_id=ann, available=-(10**15), pending=0)

    with pytest.raises(CustomerError, match=f"points_worth of customer {ann} is more than 64"):
        facts(store, ann)


def lot(store: SmallStore, who: int, left: int, ends: int | None, **more: Any) -> None:
    row = {"unit": "points", "cause_id": 1, "earned_at": 0, "available_at": 0, "is_released": 1}
    put(store, "lot", customer_id=who, remaining=left, expires_at=ends, **row | more)


def test_what_expires_next_is_what_is_left_of_all_lots_of_that_day(
    store: SmallStore, ann: int
) -> None:
    bob = store.given.customer()
    lot(store, ann, 0, 5 * DAY)  # spent
    lot(store, ann, 3, 6 * DAY, is_released=0)  # cannot be spent yet
    lot(store, ann, 4, 5 * DAY, unit="credit")
    lot(store, ann, 10, 8 * DAY)
    lot(store, ann, 20, 7 * DAY)
    lot(store, ann, 30, 7 * DAY)
    lot(store, ann, 40, None)
    lot(store, bob, 50, None)
    lot(store, bob, -60, None, cause_id=None)  # owed

    assert some(store, ann, "points_expiring", "points_expire") == (50, 7 * DAY - 1)
    assert some(store, bob, "points_expiring", "points_expire") == (0, None)


def test_a_rule_turns_when_the_last_day_comes_near_and_again_when_it_is_over(
    store: SmallStore,
) -> None:
    program(store, 'expiry = "60 days"\n', soon="points_expire in next 30 days")
    ann = store.given.customer()
    order(store, ann)
    look(store, ann)
    began = store.now
    turned: list[int] = []

    for day in range(64):
        store.now = began + datetime.timedelta(days=day)
        (row,) = store.rows("SELECT next_at FROM `{own}customer` WHERE customer_id = %s", ann)
        (kept,) = store.rows("SELECT next_at FROM `{own}account` WHERE unit = 'points'")
        due = [at["next_at"] for at in (row, kept) if at["next_at"] is not None]
        if any(at <= store.moment.epoch_s for at in due):
            look(store, ann)
        if ("soon" in store.has(ann)) != (len(turned) % 2 == 1):
            turned.append(day)

    assert turned == [30, 61]


# -- cards ---------------------------------------------------------------------------------


def test_a_member_is_who_has_an_entry_or_ever_had_a_card(store: SmallStore, ann: int) -> None:
    bob, cat = store.given.customer(), store.given.customer()
    row = {"cause_id": 1, "kind": "post", "amount": 1, "shown": 1, "written": 0}
    for who, at, unit in (
        (ann, 500, "points"), (ann, 700, "points"), (bob, 300, "points"), (cat, 100, "credit"),
    ):  # fmt: skip
        put(store, "entry", unit=unit, customer_id=who, at=at, **row)
    put(store, "card", number="1", customer_id=ann, issued_at=400, ended_at=600)
    put(store, "card", number="2", customer_id=ann, issued_at=600, holds=1)
    put(store, "card", number="3", customer_id=bob, issued_at=400, ended_at=600)

    assert some(store, ann, "member_since", "card") == (400, "2")
    assert some(store, bob, "member_since", "card") == (300, None)
    assert some(store, cat, "member_since", "card") == (None, None)


# -- tiers ---------------------------------------------------------------------------------


def tier(store: SmallStore, who: int, name: str | None, counts: str, **more: Any) -> None:
    metric = int(float(counts) * 10_000)
    put(store, "tier", customer_id=who, tier=name, metric=metric, since=5, review_at=9, **more)


@pytest.mark.parametrize(
    ("name", "counts", "above", "missing", "progress"),
    [
        (None, "0", "Bronze", 0, None),
        (None, "-3", "Bronze", 3_00, None),
        ("Bronze", "0", "Silver", 1_000_00, 0),
        ("Bronze", "-20", "Silver", 1_020_00, 0),
        ("Bronze", "999.9999", "Silver", 1, 99),
        ("Bronze", "990.005", "Silver", 10_00, 99),
        ("Bronze", "7000", "Silver", 0, 100),  # locked
        ("Silver", "1000", "Gold", 4_000_00, 20),
        ("Gold", "6000", None, None, None),
        ("Gone", "6000", None, None, None),
    ],
)
def test_the_next_tier_is_the_one_above_and_what_is_missing_is_rounded_up(
    store: SmallStore,
    ann: int,
    name: str | None,
    counts: str,
    above: str | None,
    missing: int | None,
    progress: int | None,
) -> None:
    hold_tiers(store)
    tier(store, ann, name, counts)

    names = ("tier", "next_tier", "to_next_tier", "tier_progress", "tier_since", "tier_review")
    assert some(store, ann, *names) == (name, above, missing, progress, 5, 9)


def test_where_the_lowest_tier_has_to_be_reached_nobody_begins_in_it(
    store: SmallStore, ann: int
) -> None:
    hold_tiers(store, None, [("Silver", 1_000), ("Gold", 5_000)])

    names = ("tier", "next_tier", "to_next_tier", "tier_progress")
    assert some(store, ann, *names) == (None, "Silver", 1_000_00, 0)


def test_before_a_first_look_nobody_is_in_a_tier(store: SmallStore, ann: int) -> None:
    names = ("tier", "next_tier", "to_next_tier", "tier_progress", "tier_since", "tier_review")
    assert some(store, ann, *names) == (None,) * 6


def test_rules_speak_of_the_tier_that_the_same_orders_led_to(store: SmallStore) -> None:
    program(
        store,
        silver='tier = "silver"',
        close="to_next_tier <= 400.5 and next_tier = 'Gold'",
        half="tier_progress >= 50",
    )
    ann, bob = store.given.customer(), store.given.customer()
    order(store, ann, "460")
    order(store, bob, "50")
    look(store, ann, bob)

    assert store.has(ann) == {"silver", "close", "half"}
    assert store.has(bob) == {"half"}


# -- asked before anything of ours is there ------------------------------------------------


def test_a_question_needs_no_tables_of_ours(store: SmallStore) -> None:
    program(store)
    ann = store.given.customer()
    config = store.sidecar.config.rules
    for own_tables in (False, True):
        matcher = question.ask(
            store.sidecar.shop,
            config,
            "tier is missing and card is missing",
            store.moment,
            own_tables=own_tables,
            warn=lambda _: None,
        )

        assert [row["customer_id"] for row in matcher.rows(store.moment)] == [ann]


@pytest.mark.parametrize(
    "lacking", [("card", "purge_date", "restriction"), ("purge_date", "restriction")]
)
def test_tables_that_are_older_are_no_fault_of_a_question(
    store: SmallStore, lacking: tuple[str, ...]
) -> None:
    program(store)
    ann = store.given.customer()
    own = f"{store.given.prefix}sidecar_"
    for name in lacking:
        store.given.execute(f"RENAME TABLE `{own}{name}` TO `{own}{name}_elsewhere`")
    try:
        matcher = question.ask(
            store.sidecar.shop,
            store.sidecar.config.rules,
            "card is missing",
            store.moment,
            own_tables=True,
            warn=lambda _: None,
        )
        found = list(matcher.rows(store.moment))
    finally:
        for name in lacking:
            store.given.execute(f"RENAME TABLE `{own}{name}_elsewhere` TO `{own}{name}`")

    assert [row["customer_id"] for row in found] == [ann]
