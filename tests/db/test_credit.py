"""Store credit: what is issued, spent, given back and expires, as the store's own rows show it."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest

from support.credit import available, buckets, issue, look, program, remove, row, rows
from support.small_store import SmallStore


@pytest.fixture
def ann(store: SmallStore) -> int:
    program(store, "", Rich="credit >= 10")
    return store.given.customer("ann@example.com")


def days(store: SmallStore, number: float) -> None:
    store.now += datetime.timedelta(days=number)


def until(store: SmallStore, day: str) -> int:
    """The midnight after *day* in the store's zone."""
    zone = store.sidecar.shop.settings.zone
    after = datetime.date.fromisoformat(day) + datetime.timedelta(days=1)
    return int(datetime.datetime.combine(after, datetime.time(), zone).timestamp())


# -- what is written where -----------------------------------------------------------------


def test_an_issue_is_one_row_of_the_store_that_names_no_order(store: SmallStore, ann: int) -> None:
    issue(store, ann, 20)
    look(store, ann)

    assert rows(store, ann) == [(0, "20.0000")]
    assert available(store, ann) == 20_0000
    assert store.has(ann) == {"Rich"}


def test_a_refund_names_its_order_nowhere_in_the_store(store: SmallStore, ann: int) -> None:
    order_id = store.given.order(ann, "30")

    issue(store, ann, 30, "refund", order_id=order_id)

    assert rows(store, ann) == [(0, "30.0000")]


def test_without_credit_in_the_rules_nothing_is_kept(store: SmallStore) -> None:
    store.named_rules({}, '[loyalty]\nstart = "2026-01-01"\n')
    ann = store.given.customer()
    row(store, ann, "5")

    store.process(ann)

    assert store.rows("SELECT * FROM {own}account WHERE unit = 'credit'") == []
    assert rows(store, ann) == [(0, "5.0000")]


def test_what_was_there_before_is_one_bucket(store: SmallStore) -> None:
    ann = store.given.customer()
    row(store, ann, "50")
    row(store, ann, "-20", 77)
    program(store)

    look(store, ann)

    assert buckets(store, ann) == [30]
    assert rows(store, ann) == [(0, "50.0000"), (77, "-20.0000")]


def test_what_an_admin_writes_is_a_bucket_and_what_the_checkout_writes_a_spend(
    store: SmallStore, ann: int
) -> None:
    look(store, ann)
    row(store, ann, "50")
    look(store, ann)
    row(store, ann, "-20.5", 77)
    look(store, ann)

    assert available(store, ann) == 29_5000
    assert [amount for _, amount in rows(store, ann)] == ["50.0000", "-20.5000"]


def test_a_row_that_somebody_removes_is_taken_back(store: SmallStore, ann: int) -> None:
    look(store, ann)
    number = row(store, ann, "50")
    look(store, ann)
    remove(store, number)
    look(store, ann)

    assert available(store, ann) == 0


def test_an_issue_whose_row_is_removed_is_revoked(store: SmallStore, ann: int) -> None:
    issue(store, ann, 20)
    table = f"{store.given.prefix}customer_transaction"
    store.given.execute(f"DELETE FROM {table}")

    look(store, ann)

    assert (available(store, ann), rows(store, ann)) == (0, [])
    assert store.rows("SELECT overruled FROM {own}cause WHERE kind = 'issue'") == [{"overruled": 1}]


# -- what is spent first -------------------------------------------------------------------


def test_what_expires_soonest_is_spent_first(store: SmallStore, ann: int) -> None:
    issue(store, ann, 10, expires_at=until(store, "2026-06-30"))
    issue(store, ann, 10, expires_at=until(store, "2026-04-30"))
    row(store, ann, "-15", 77)

    look(store, ann)

    assert buckets(store, ann) == [5, 0]


def test_what_the_customer_paid_for_is_spent_after_what_was_given(
    store: SmallStore, ann: int
) -> None:
    order_id = store.given.order(ann, "10")
    issue(store, ann, 10, "refund", order_id=order_id)
    days(store, 5)
    issue(store, ann, 10, "promotion")
    row(store, ann, "-12", 77)

    look(store, ann)

    assert buckets(store, ann) == [8, 0]


def test_a_refund_that_expires_is_spent_before_a_gift_that_never_does(
    store: SmallStore, ann: int
) -> None:
    issue(store, ann, 10, "gift")
    issue(store, ann, 10, "refund", expires_at=until(store, "2026-06-30"))
    row(store, ann, "-12", 77)

    look(store, ann)

    assert buckets(store, ann) == [8, 0]


def test_a_spend_that_the_store_takes_back_returns_to_its_buckets(
    store: SmallStore, ann: int
) -> None:
    issue(store, ann, 10, expires_at=until(store, "2026-04-30"))
    issue(store, ann, 10)
    spend = row(store, ann, "-15", 77)
    look(store, ann)
    assert buckets(store, ann) == [0, 5]

    remove(store, spend)
    look(store, ann)

    assert buckets(store, ann) == [10, 10]


def test_what_comes_back_to_a_bucket_that_expired_is_good_for_a_fortnight(
    store: SmallStore, ann: int
) -> None:
    issue(store, ann, 10, expires_at=until(store, "2026-04-30"))
    spend = row(store, ann, "-10", 77)
    look(store, ann)
    days(store, 40)
    remove(store, spend)
    look(store, ann)

    assert available(store, ann) == 10_0000
    days(store, 14)
    look(store, ann)
    assert available(store, ann) == 10_0000
    days(store, 1)
    look(store, ann)
    assert available(store, ann) == 0


# -- expiry --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "last"),
    [("Europe/Berlin", "2026-03-29"), ("America/New_York", "2026-03-08"), ("UTC", "2028-02-29")],
)
def test_credit_expires_at_the_midnight_after_its_last_day_also_when_clocks_change(
    store: SmallStore, zone: str, last: str
) -> None:
    store.named_rules({}, f'[loyalty]\nstart = "2026-01-01"\ntimezone = "{zone}"\n\n[credit]\n')
    ann = store.given.customer()
    day = datetime.date.fromisoformat(last)
    store.now = datetime.datetime.combine(day, datetime.time(9), datetime.UTC)
    after = datetime.datetime.combine(
        day + datetime.timedelta(days=1), datetime.time(), ZoneInfo(zone)
    )
    issue(store, ann, 10, expires_at=int(after.timestamp()))

    store.now = after.astimezone(datetime.UTC) - datetime.timedelta(seconds=1)
    look(store, ann)
    assert available(store, ann) == 10_0000
    store.now += datetime.timedelta(seconds=1)
    look(store, ann)
    look(store, ann)

    assert available(store, ann) == 0
    assert rows(store, ann) == [(0, "10.0000"), (0, "-10.0000")]


def test_a_spend_before_midnight_that_is_seen_later_took_what_expired(
    store: SmallStore, ann: int
) -> None:
    issue(store, ann, 10, expires_at=until(store, "2026-03-31"))
    row(store, ann, "-4", 77)
    days(store, 1)

    look(store, ann)

    assert available(store, ann) == 0
    assert rows(store, ann) == [(0, "10.0000"), (77, "-4.0000"), (0, "-6.0000")]


def test_what_others_wrote_never_expires(store: SmallStore, ann: int) -> None:
    program(store, 'expiry = "1 day"\nrefund_expiry = "1 day"\n')
    row(store, ann, "50")
    look(store, ann)
    days(store, 4000)

    look(store, ann)

    assert available(store, ann) == 50_0000


def test_the_clock_alone_brings_a_customer_whose_credit_expires(
    store: SmallStore, ann: int
) -> None:
    issue(store, ann, 10, expires_at=until(store, "2026-04-30"))

    found = store.rows("SELECT next_at FROM {own}account WHERE unit = 'credit'")

    assert found == [{"next_at": until(store, "2026-04-30")}]
