"""The numbers of each day, against plain SQL and against what was true on the days before."""

from __future__ import annotations

import datetime
import random
from collections import Counter
from zoneinfo import ZoneInfo

import msgspec
import pytest

from sidecar.config import Age
from sidecar.model import Moment
from sidecar.rules.built_in import built_in_segments
from sidecar.rules.catalogue import RFM_GROUPS
from sidecar.sync import figures
from support.given import Line
from support.small_store import NOW, SmallStore

DAY = datetime.timedelta(days=1)
TIERS = """
[loyalty]
start = "2026-01-01"
points_per_unit = 1
points_worth_one = 200
pending = "14 days"
[credit]
[[tier]]
name = "Bronze"
threshold = 0
[[tier]]
name = "Silver's <b>50%_\\\\"
threshold = 500
"""

Day = datetime.date


def noted(store: SmallStore, figure: str, day: Day | None = None) -> dict[str, tuple[object, ...]]:
    """Customers and amount by name."""
    rows = store.rows(
        "SELECT name, customers, amount FROM {own}figure WHERE figure = %s AND day = %s",
        figure,
        day or store.moment.today,
    )
    return {row["name"]: (row["customers"], row["amount"]) for row in rows}


def counted(store: SmallStore, figure: str) -> dict[str, object]:
    return {name: row[0] for name, row in noted(store, figure).items()}


def with_built_ins(store: SmallStore) -> None:
    settings = store.sidecar.config
    rules = msgspec.structs.replace(settings.rules, builtins=True)
    store.sidecar.config = msgspec.structs.replace(settings, rules=rules)


def in_groups(store: SmallStore) -> dict[int, str]:
    """By customer the RFM group whose segment they are in, by the words alone."""
    found: dict[int, str] = {}
    slots = store.rows("SELECT name, slot FROM {own}segment WHERE name LIKE 'RFM %%'")
    for row in slots:
        word, bit = divmod(row["slot"], 64)
        query = f"SELECT customer_id FROM {{own}}customer WHERE segments{word} & (1 << {bit})"
        found |= {one["customer_id"]: row["name"][4:] for one in store.rows(query)}
    return found


def object_to_profiling(store: SmallStore, customer: int) -> None:
    store.given.execute(
        f"INSERT INTO {store.given.prefix}sidecar_restriction"
        " (customer_id, kind, since, actor, reason) VALUES"
        f" ({customer}, 'no_profiling', 1, 'cli:x', 'y')"
    )


def shopping(store: SmallStore, chance: random.Random, customers: list[int], orders: int) -> None:
    for _ in range(orders):
        who, total = chance.choice(customers), str(chance.randint(1, 900))
        at = store.now - datetime.timedelta(days=chance.randint(0, 40))
        store.given.order(who, total, at=at)


# -- customers, groups -------------------------------------------------------------------------


def test_buyers_and_rfm_groups_are_those_in_the_segments(store: SmallStore) -> None:
    with_built_ins(store)
    chance = random.Random(4)
    customers = [store.given.customer() for _ in range(60)]
    shopping(store, chance, customers, 90)

    store.full_pass()

    (total,) = store.rows("SELECT COUNT(*) AS n, SUM(orders > 0) AS buyers FROM {own}customer")
    assert noted(store, "customers") == {"": (total["n"], None)}
    assert noted(store, "buyers") == {"": (int(total["buyers"]), None)}
    assert total["buyers"] < total["n"]
    assert counted(store, "rfm") == Counter(in_groups(store).values())
    (limits,) = store.rows("SELECT * FROM {own}rfm_limits")
    scores = "+".join(f"(last_order_at > {n})" for n in msgspec.json.decode(limits["recency"]))
    often = "+".join(f"(orders > {n})" for n in msgspec.json.decode(limits["frequency"]))
    cells = store.rows(
        f"SELECT CONCAT(1 + {scores}, ',', 1 + {often}) AS cell, COUNT(*) AS n"
        " FROM {own}customer WHERE orders > 0 GROUP BY cell"
    )
    assert counted(store, "rfm_grid") == {row["cell"]: row["n"] for row in cells}


def test_of_the_grid_only_the_newest_day_is_kept_and_of_groups_every_day(
    store: SmallStore,
) -> None:
    store.given.order(store.given.customer(), "10")
    store.full_pass()
    store.now += DAY
    store.full_pass()

    (grid,) = store.rows("SELECT COUNT(DISTINCT day) AS n FROM {own}figure WHERE figure='rfm_grid'")
    (groups,) = store.rows("SELECT COUNT(DISTINCT day) AS n FROM {own}figure WHERE figure = 'rfm'")
    assert (grid["n"], groups["n"]) == (1, 2)


def test_who_objects_to_profiling_has_no_group(store: SmallStore) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    for who in (ann, bob):
        store.given.order(who, "10")
    object_to_profiling(store, ann)
    store.full_pass()

    assert sum(int(str(n)) for n in counted(store, "rfm").values()) == 1
    assert noted(store, "buyers") == {"": (1, None)}


def test_without_orders_there_are_no_groups_and_without_customers_zero(store: SmallStore) -> None:
    store.full_pass()
    assert noted(store, "customers") == {"": (0, None)}

    store.given.customer()
    store.full_pass()

    assert noted(store, "customers") == {"": (1, None)}
    assert noted(store, "rfm") == noted(store, "tier") == noted(store, "points") == {}


# -- tiers and balances ------------------------------------------------------------------------


def test_who_has_no_row_is_in_the_lowest_tier(store: SmallStore) -> None:
    store.named_rules({}, TIERS)
    ann, bob, *_ = (store.given.customer() for _ in range(5))
    for who, total in ((ann, "600"), (bob, "60")):
        store.given.order(who, total, days_ago=20, lines=[Line(product=40, price=total)])
    store.full_pass()

    assert counted(store, "tier") == {"Bronze": 4, "Silver's <b>50%_\\": 1}


def test_who_objects_to_profiling_is_in_no_tier(store: SmallStore) -> None:
    store.named_rules({}, TIERS)
    ann, _ = store.given.customer(), store.given.customer()
    object_to_profiling(store, ann)
    store.full_pass()

    assert counted(store, "tier") == {"Bronze": 1, "Silver's <b>50%_\\": 0}


def test_balances_are_the_sums_of_accounts_and_debt_lowers_nobody_elses(store: SmallStore) -> None:
    store.named_rules({}, TIERS)
    ann, bob, cat = (store.given.customer() for _ in range(3))
    store.full_pass()
    store.given.order(ann, "60", lines=[Line(product=40, price="60")])
    store.given.reward(bob, 101)
    store.given.reward(cat, -30)
    store.given.credit(ann, "12.3456")
    store.given.credit(bob, "-2")
    store.full_pass()

    for unit in ("points", "credit"):
        (sums,) = store.rows(
            "SELECT SUM(GREATEST(available, 0)) AS a, SUM(available > 0) AS has,"
            " SUM(pending) AS p, SUM(GREATEST(-available, 0)) AS o FROM {own}account"
            " WHERE unit = %s",
            unit,
        )
        found = noted(store, unit)
        assert found["available"] == (int(sums["has"]), int(sums["a"]))
        assert (found["pending"][1], found["owed"][1]) == (int(sums["p"]), int(sums["o"]))
    assert noted(store, "points")["available"][1] == 101
    assert noted(store, "points")["owed"] == (1, 30)
    assert noted(store, "credit")["available"] == (1, 123456)
    assert noted(store, "points_worth")["available"] == (1, 5050)
    assert noted(store, "points")["pending"] == (1, 60)


def test_a_program_that_is_gone_leaves_its_days_and_adds_none(store: SmallStore) -> None:
    store.named_rules({}, TIERS)
    store.given.customer()
    store.full_pass()
    before = store.moment.today
    store.now += DAY
    store.named_rules({})
    store.full_pass()

    assert noted(store, "tier") == noted(store, "points") == {}
    assert noted(store, "tier", before)
    assert noted(store, "points", before)


# -- days --------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [0, 14])
def test_a_day_is_the_stores_and_its_last_pass_counts(store: SmallStore, hours: int) -> None:
    shop = store.sidecar.shop
    store.now = NOW + datetime.timedelta(hours=hours)
    moment = Moment(store.now, ZoneInfo("Pacific/Auckland"))

    figures.note(shop, None, None, moment)
    store.given.customer()
    store.full_pass()
    later = Moment(store.now + datetime.timedelta(minutes=9), moment.zone)
    figures.note(shop, None, None, later)

    (row,) = store.rows(
        "SELECT customers, at FROM {own}figure WHERE figure = 'customers' AND day = %s",
        store.now.astimezone(moment.zone).date(),
    )
    assert (row["customers"], row["at"]) == (1, later.epoch_s)


def test_days_of_a_wrong_clock_go(store: SmallStore) -> None:
    right, store.now = store.now, NOW + 400 * DAY
    store.full_pass()
    store.now = right
    store.full_pass()

    rows = store.rows("SELECT DISTINCT day FROM {own}figure")
    assert [row["day"] for row in rows] == [right.date()]


# -- entries and exits -------------------------------------------------------------------------


def test_entries_and_exits_are_counted_by_day_also_of_days_without_a_pass(
    store: SmallStore,
) -> None:
    buyers = '[[segment]]\nname = "buyers"\nwhen = "orders >= 1"\n'
    store.named_rules({}, buyers)
    ann, bob = store.given.customer(), store.given.customer()
    store.full_pass()
    (segment,) = store.rows("SELECT segment_id FROM {own}segment")
    expected = Counter[tuple[Day, str]]()
    order = store.given.order(ann, "10")
    for days in range(6):
        if days == 1:
            store.process(ann)
            expected[store.moment.today, "entered"] += 1
        if days == 3:
            store.given.order(bob, "10")
            store.given.update("order", {"order_id": order}, order_status_id=7)
            store.process(ann, bob)
            expected[store.moment.today, "entered"] += 1
            expected[store.moment.today, "left"] += 1
        store.now += DAY
    store.full_pass()
    store.full_pass()

    rows = store.rows("SELECT * FROM {own}figure WHERE figure IN ('entered', 'left')")
    assert {row["name"] for row in rows} == {str(segment["segment_id"])}
    assert {(row["day"], row["figure"]): row["customers"] for row in rows} == expected


def test_of_a_segment_that_is_gone_nothing_is_left(store: SmallStore) -> None:
    store.named_rules({}, '[[segment]]\nname = "buyers"\nwhen = "orders >= 1"\n')
    ann = store.given.customer()
    store.full_pass()
    store.given.order(ann, "10")
    store.full_pass()
    assert counted(store, "entered")
    store.named_rules({})
    store.full_pass()
    store.full_pass()

    assert store.rows("SELECT * FROM {own}figure WHERE figure IN ('entered', 'left')") == []


# -- movement ----------------------------------------------------------------------------------


def test_movement_is_the_difference_between_then_and_now(store: SmallStore) -> None:
    with_built_ins(store)
    chance = random.Random(11)
    customers = [store.given.customer() for _ in range(40)]
    shopping(store, chance, customers[:30], 60)
    was: dict[int, dict[int, str]] = {}
    for day in range(0, 120, 12):
        store.full_pass()
        was[day] = in_groups(store)
        store.now += 12 * DAY
        shopping(store, chance, customers, 12)
    store.full_pass()
    now = in_groups(store)

    for days, then, kept in ((30, 84, None), (90, 24, None), (90, 48, Age(61, "day"))):
        if kept is not None:
            figures.note(store.sidecar.shop, None, store.book().limits, store.moment, kept)
        moved = Counter(
            f"{was[then].get(who, '')}>{now.get(who, '')}"
            for who in customers
            if was[then].get(who) != now.get(who)
        )
        found = counted(store, f"rfm_moved_{days}")
        assert found.pop("") == 0
        assert found == moved
        assert len(moved) > 5
    (row,) = store.rows("SELECT amount FROM {own}figure WHERE figure='rfm_moved_30' AND name=''")
    assert row["amount"] == (store.now.replace(hour=0, minute=0) - 30 * DAY).timestamp()
    # Of what is older some may be gone.
    (row,) = store.rows("SELECT amount FROM {own}figure WHERE figure='rfm_moved_90' AND name=''")
    assert row["amount"] == (store.now - 61 * DAY).timestamp()


def test_movement_begins_with_the_segments(store: SmallStore) -> None:
    with_built_ins(store)
    store.given.order(store.given.customer(), "10")
    store.full_pass()

    (row,) = store.rows("SELECT amount FROM {own}figure WHERE figure='rfm_moved_90' AND name=''")
    assert row["amount"] == store.moment.epoch_s


@pytest.mark.parametrize("when", [None, 'rfm_group = "lost"'])
def test_without_the_built_in_segments_no_movement_is_told(
    store: SmallStore, when: str | None
) -> None:
    store.given.order(store.given.customer(), "10")
    if when is not None:
        with_built_ins(store)
        # A rule of the shop's own in the place of one.
        store.named_rules({}, f"[[segment]]\nname = \"RFM lost\"\nwhen = '{when}'\n")
    store.full_pass()

    assert noted(store, "rfm_moved_30") == noted(store, "rfm_moved_90") == {}


def test_the_groups_are_those_of_the_built_in_segments() -> None:
    names = [rule.name for rule in built_in_segments() if rule.name.startswith("RFM ")]

    assert [f"RFM {group}" for group in RFM_GROUPS] == names
