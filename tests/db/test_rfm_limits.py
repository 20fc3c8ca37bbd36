"""Limits of RFM scores: told from the whole store, once a day, and kept."""

from __future__ import annotations

import datetime
import math
import random

from sidecar.sync import rfm_limits
from sidecar.sync.reading import Limits
from support.rows import Value
from support.small_store import NOW, SmallStore

DAY = datetime.timedelta(days=1)
RULES = {"top": "top_percent <= 10", "champion": 'rfm_group = "champions"'}


def limits(store: SmallStore, *, writing: bool = True) -> Limits | None:
    dictionary = store.sidecar.view.dictionary()
    return rfm_limits.current(store.sidecar.shop, dictionary, store.moment, writing=writing)


def test_a_limit_is_the_value_that_so_many_percent_do_not_exceed(store: SmallStore) -> None:
    chance = random.Random(3)
    spent = [chance.randint(1, 400) for _ in range(137)]
    for total in spent:
        store.given.order(store.given.customer(), total, days_ago=total)
    store.given.customer()  # who never ordered does not count
    store.given.order(store.given.customer(), "999", status=7)

    found = limits(store)

    def rank(values: list[int], percent: int) -> int:
        return values[math.ceil(len(values) * percent / 100) - 1]

    assert found is not None
    amounts, fewest_days = sorted(spent), sorted(spent)
    assert found.monetary == [10_000 * rank(amounts, p) for p in (20, 40, 60, 80)]
    assert found.frequency == [1, 1, 1, 1]
    assert found.top == [10_000 * rank(amounts[::-1], p) for p in range(1, 101)]
    days = [(NOW.timestamp() - at) / 86_400 for at in found.recency]
    assert days == [rank(fewest_days[::-1], p) for p in (20, 40, 60, 80)]


def test_limits_of_a_day_that_a_wrong_clock_told_do_not_stand(store: SmallStore) -> None:
    store.given.order(store.given.customer(), "100")
    right, store.now = store.now, NOW + 400 * DAY
    ahead = limits(store)
    store.given.order(store.given.customer(), "900")
    store.now = right

    found = limits(store)

    assert ahead is not None
    assert found is not None
    assert found.limits_id > ahead.limits_id
    assert found.top[0] == 9_000_000
    assert limits(store) == found


def test_limits_stand_for_a_day_of_the_store(store: SmallStore) -> None:
    ann = store.given.customer()
    store.given.order(ann, "100")
    first = limits(store)
    store.given.order(store.given.customer(), "900")
    store.now = datetime.datetime.combine(NOW.date(), datetime.time(23, 59), datetime.UTC)
    assert limits(store) == first
    assert limits(store, writing=False) == first

    store.now += datetime.timedelta(minutes=1)
    second = limits(store)

    assert first is not None
    assert second is not None
    assert second.limits_id > first.limits_id
    assert second.top[0] == 9_000_000
    rows = store.rows("SELECT limits_id, day, computed_at FROM `{own}rfm_limits`")
    assert [row["day"] for row in rows] == [NOW.date(), NOW.date() + DAY]
    assert rows[1]["computed_at"] == store.now.timestamp()


def test_who_ordered_since_is_scored_by_the_limits_of_the_day(store: SmallStore) -> None:
    people = [store.given.customer() for _ in range(10)]
    for number, customer in enumerate(people):
        store.given.order(customer, str(100 * (number + 1)))
    store.named_rules(RULES)
    store.full_pass()
    assert store.who("top") == people[-1:]
    store.given.order(people[0], "5000")

    store.process(people[0])
    assert store.who("top") == [people[0], people[-1]]
    store.now += DAY
    store.full_pass()

    assert store.who("top") == people[:1]


def test_a_plan_keeps_no_limits(store: SmallStore) -> None:
    store.given.order(store.given.customer(), "100")
    store.named_rules(RULES)

    planned = store.sidecar.plan(store.sidecar.check_rules())

    assert planned.outcome.tag_added == 1
    assert store.rows("SELECT * FROM `{own}rfm_limits`") == []


def test_while_nobody_has_ordered_there_are_none(store: SmallStore) -> None:
    store.given.customer()
    store.named_rules({"scored": "rfm_recency is not missing", "top": "top_percent <= 100"})

    outcome = store.full_pass()

    assert (outcome.customers, outcome.changed) == (1, 0)
    assert limits(store) is None


def test_orders_without_a_date_count_for_all_but_recency(store: SmallStore) -> None:
    ann = store.given.customer()
    store.given.order(ann, "100", at="0000-00-00 00:00:00")
    store.named_rules({"dated": "rfm_recency is not missing", "top": "top_percent <= 100"})

    store.full_pass()

    assert store.has(ann) == {"top"}
    found = limits(store)
    assert found is not None
    assert (found.recency, found.monetary) == ([], [1_000_000] * 4)


def test_a_store_in_which_nobody_can_be_read_has_none(store: SmallStore) -> None:
    ann = store.given.customer()
    rows: list[dict[str, Value]] = [{"total": "99999999999.9999"}] * 9_300
    store.given.insert_many(
        "order", rows, customer_id=ann, order_status_id=5, date_added="2026-01-01"
    )
    store.named_rules(RULES)

    outcome = store.full_pass()

    assert (outcome.customers, outcome.set_aside) == (1, 1)
    assert [customer for customer, _ in store.sidecar.view.set_aside(5)] == [ann]
