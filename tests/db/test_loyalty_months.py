"""Points month by month, what the program says, and what points would become."""

from __future__ import annotations

import datetime
from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sidecar import clock
from sidecar.shop.database import transaction
from sidecar.sync.commands import queue
from sidecar.sync.commands.dispatcher import Dispatcher
from sidecar.sync.commands.queue import Asked
from sidecar.sync.loyalty import months
from sidecar.sync.loyalty.beginning import require_program
from support.given import Line
from support.small_store import SmallStore

PROGRAM = """
[loyalty]
start = "2020-01-01"
expiry = "3 months"
redeem_share = 0.5
timezone = "Pacific/Auckland"

[credit]
refund_expiry = "1 year"
approve_above = 50

[[tier]]
name = "Bronze"
threshold = 0

[[tier]]
name = "Silver '<b>' 🦊"
threshold = 1000
keep = 800.5
multiplier = 1.25
window = "6 months"
benefits = { gift = "a & b" }

[[earn]]
name = "welcome"
when = 'complete_orders = 1'
points = 250
most_per_year = 250
"""


def ask(store: SmallStore, name: str, **parameters: object) -> Asked:
    sidecar = store.sidecar
    with transaction(sidecar.engine) as tx:
        number = queue.ask(tx, sidecar.shop.own, name, parameters, "admin:eve", store.now)
    return Dispatcher(sidecar.engine, sidecar.shop.own, sidecar.handlers()).dispatch(number)


def answer(store: SmallStore, name: str, **parameters: object) -> Any:
    asked = ask(store, name, **parameters)
    assert asked.error is None, asked.error
    return asked.answer


def order(store: SmallStore, customer: int, price: str) -> int:
    line = Line(product=40, price=price)
    return store.given.order(customer, price, lines=[line], at=store.now, status=5)


def told_months(store: SmallStore) -> Any:
    """What `loyalty months` says at the store's own time."""
    shop = store.sidecar.shop
    program = require_program(store.sidecar.check_rules().rules)
    with transaction(store.sidecar.engine) as tx:
        return months.read(tx, shop, program, store.moment)


def naive_ends(store: SmallStore, zone: str) -> Counter[str]:
    """What is left of each lot by the month of its last day."""
    rows = store.rows(
        "SELECT remaining, expires_at FROM `{own}lot` WHERE unit = 'points' AND remaining > 0"
    )
    found: Counter[str] = Counter()
    for row in rows:
        last = datetime.datetime.fromtimestamp(row["expires_at"] - 1, ZoneInfo(zone))
        found[f"{last:%Y-%m}"] += row["remaining"]
    return found


def test_what_was_given_spent_and_expired_stands_in_its_month(store: SmallStore) -> None:
    store.named_rules({}, PROGRAM)
    store.now = datetime.datetime(2026, 1, 31, 10, 30, tzinfo=datetime.UTC)  # 23:30 in Auckland
    one, other = store.given.customer(), store.given.customer()
    order(store, one, "10")
    store.full_pass()
    store.now += datetime.timedelta(hours=1)  # February there
    order(store, other, "20")
    store.full_pass()
    store.now = datetime.datetime(2026, 3, 15, tzinfo=datetime.UTC)
    store.given.reward(one, -30)
    store.full_pass()
    store.now = datetime.datetime(2026, 5, 20, tzinfo=datetime.UTC)
    store.full_pass()
    told = told_months(store)

    found = {each["month"]: each for each in told["months"]}
    assert list(found) == [
        *(f"2025-{number:02}" for number in range(5, 13)),
        *(f"2026-{number:02}" for number in range(1, 6)),
    ]
    earned = {
        number: store.rows(
            "SELECT SUM(posted) AS sum FROM `{own}cause` WHERE kind = 'earn' AND customer_id = %s",
            customer,
        )[0]["sum"]
        for number, customer in ((1, one), (2, other))
    }
    assert earned[1] >= 100
    assert (found["2026-01"]["issued"], found["2026-02"]["issued"]) == (earned[1], earned[2])
    assert (found["2026-03"]["spent"], found["2026-03"]["issued"]) == (30, 0)
    gone = found["2026-04"]["expired"] + found["2026-05"]["expired"]
    assert gone == earned[1] + earned[2] - 30
    assert all(each["taken"] == each["waived"] == 0 for each in found.values())


def test_what_will_expire_stands_in_the_month_of_its_last_day(store: SmallStore) -> None:
    store.named_rules({}, PROGRAM)
    for number in range(12):
        customer = store.given.customer()
        order(store, customer, str(10 + number))
        store.full_pass()
        store.now += datetime.timedelta(days=7, hours=5)
    told = told_months(store)

    ends = naive_ends(store, "Pacific/Auckland")
    assert len(ends) >= 3
    assert {one["month"]: one["points"] for one in told["expiring"] if one["points"]} == dict(ends)
    assert len(told["expiring"]) == 24
    for one in told["expiring"]:
        assert one["worth"] == f"{one['points'] / 100:.4f}"
    assert (told["later"]["points"], told["never"]["points"]) == (0, 0)


def test_what_is_over_and_was_not_looked_at_since_ends_this_month(store: SmallStore) -> None:
    store.named_rules({}, PROGRAM)
    order(store, store.given.customer(), "10")
    store.full_pass()
    points = sum(naive_ends(store, "UTC").values())
    store.now += datetime.timedelta(days=200)
    told = told_months(store)

    assert told["expiring"][0]["points"] == points


@pytest.mark.parametrize(("expiry", "name"), [("never", "never"), ("5 years", "later")])
def test_what_expires_late_or_never_is_told_apart(
    store: SmallStore, expiry: str, name: str
) -> None:
    store.named_rules({}, f'[loyalty]\nstart = "2020-01-01"\nexpiry = "{expiry}"\n')
    order(store, store.given.customer(), "10")
    store.full_pass()
    told = told_months(store)

    assert told[name] == {"points": 100, "worth": "1.0000"}
    assert not any(one["points"] for one in told["expiring"])


def test_the_program_is_told_with_its_tiers_rules_and_terms(store: SmallStore) -> None:
    store.named_rules({}, PROGRAM)
    order(store, store.given.customer(), "200")
    order(store, store.given.customer(), "10")
    store.full_pass()
    told = answer(store, "loyalty.program")

    assert told["text"].startswith("An order from 1 January 2020 on earns 10 points")
    assert (told["start"], told["waits"], told["would_give"]) == ("2020-01-01", False, None)
    assert (told["points_per_unit"], told["points_worth_one"]) == ("10", 100)
    assert (told["expiry"], told["redeem_share"]) == ("expire after 3 months", "0.5")
    assert (told["timezone"], told["pending"]) == ("Pacific/Auckland", "0 days")
    assert told["credit"] == {
        "expiry": None,
        "refund_expiry": "1 year",
        "approve_above": "50.0000",
    }
    bronze, silver = told["tiers"]
    assert (bronze["keep"], bronze["window"], bronze["customers"]) == ("0", "12 months", 1)
    assert silver == {
        "name": "Silver '<b>' 🦊",
        "text": silver["text"],
        "threshold": "1000",
        "keep": "800.5",
        "multiplier": "1.25",
        "window": "6 months",
        "grace": "30 days",
        "downgrade": "to reached",
        "benefits": {"gift": "a & b"},
        "customers": 1,
    }
    assert told["tiers_wait"] is False
    assert [(rule["name"], rule["when"]) for rule in told["earn"]] == [
        ("welcome", "complete_orders = 1")
    ]
    assert "at most 250 a year" in told["earn"][0]["text"]


def test_other_tiers_in_the_files_are_told_to_wait_and_a_program_what_it_would_give(
    store: SmallStore,
) -> None:
    store.named_rules({}, PROGRAM)
    order(store, store.given.customer(), "20")
    store.full_pass()
    store.named_rules({}, PROGRAM.replace("threshold = 1000", "threshold = 900"))
    assert answer(store, "loyalty.program")["tiers_wait"] is True

    store.named_rules({}, '[loyalty]\nstart = "all"\nbasis = "total"\n')
    order(store, store.given.customer(), "7")
    store.full_pass()
    told = answer(store, "loyalty.program")
    assert (told["waits"], told["would_give"]["points"]) == (True, 70)
    assert (told["would_give"]["worth"], told["would_give"]["customers"]) == ("0.7000", 1)


def test_what_is_quoted_is_what_is_redeemed_and_nothing_is_written(store: SmallStore) -> None:
    store.named_rules({}, PROGRAM)
    store.now = clock.now()  # when commands are carried out
    customer = store.given.customer()
    order(store, customer, "123.45")
    store.full_pass()
    before = store.rows("SELECT * FROM `{own}account`")
    quoted = answer(store, "points.quote", customer=customer, points=1255)
    assert store.rows("SELECT * FROM `{own}account`") == before
    every = answer(store, "points.quote", customer=customer)
    redeemed = answer(store, "points.redeem", customer=customer, points=1255)

    assert every["points"] == every["available"] + every["points"] == before[0]["available"]
    for name in ("points", "value", "least_order", "available", "currency"):
        assert quoted[name] == redeemed[name], name


@pytest.mark.parametrize(
    ("points", "said"),
    [(5, "at least 100 points"), (99_999, "points are available"), (None, "at least 100 points")],
)
def test_what_cannot_be_redeemed_is_not_quoted(
    store: SmallStore, points: int | None, said: str
) -> None:
    store.named_rules({}, '[loyalty]\nstart = "2020-01-01"\n')
    store.now = clock.now()
    customer = store.given.customer()
    if points is not None:
        order(store, customer, "20")
    store.full_pass()
    asked = {} if points is None else {"points": points}
    refused = ask(store, "points.quote", customer=customer, **asked)

    assert (refused.state, refused.exit_code) == ("failed", 64)
    assert said in (refused.error or "")


@pytest.mark.parametrize("name", ["loyalty.months", "loyalty.program", "points.quote"])
def test_without_a_program_there_is_nothing_to_tell(store: SmallStore, name: str) -> None:
    store.named_rules({})
    parameters = {"customer": store.given.customer()} if name == "points.quote" else {}
    refused = ask(store, name, **parameters)

    assert (refused.state, refused.exit_code) == ("failed", 78)
    assert "no loyalty program" in (refused.error or "")
