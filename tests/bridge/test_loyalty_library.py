"""What the bridge reads of points and store credit is what the sidecar says of them."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest

from bridge.php_database import php_call
from bridge.test_hints import _REGISTRY
from sidecar.config import Database
from sidecar.shop.database import transaction
from sidecar.sync.commands import queue
from sidecar.sync.commands.dispatcher import Dispatcher
from sidecar.sync.commands.queue import Asked
from support.given import Line
from support.small_store import SmallStore

PROGRAM = """
[loyalty]
start = "2020-01-01"
pending = "14 days"

[credit]
approve_above = 50

[[earn]]
name = "welcome '<b>' 🦊"
points = 50
"""

HOSTILE = '<b>it\'s</b> "50%_" \\ 🦊'


@pytest.fixture
def customer(store: SmallStore) -> int:
    """With points of two orders, one of them pending."""
    store.named_rules({}, PROGRAM)
    customer = store.given.customer("o'neil@example.com")
    for days, price in ((30, "100"), (1, "40")):
        at = store.now - datetime.timedelta(days=days)
        store.given.order(customer, price, lines=[Line(product=40, price=price)], at=at, status=5)
    store.full_pass()
    return customer


def ask(store: SmallStore, name: str, actor: str = "admin:eve", **parameters: object) -> Asked:
    sidecar = store.sidecar
    with transaction(sidecar.engine) as tx:
        number = queue.ask(tx, sidecar.shop.own, name, parameters, actor, store.now)
    answered = Dispatcher(sidecar.engine, sidecar.shop.own, sidecar.handlers()).dispatch(number)
    assert answered.error is None, answered.error
    return answered


def points(store: SmallStore, customer: str, limit: int) -> Any:
    return store.sidecar.loyalty_view.points(customer, limit)


def credit(store: SmallStore, customer: str, limit: int) -> Any:
    return store.sidecar.loyalty_view.credit(customer, limit)


def credit_waiting(store: SmallStore, limit: int) -> Any:
    return store.sidecar.loyalty_view.credit_waiting(limit)


def account(database: Database, customer: int, call: str, **values: Any) -> Any:
    code = f"return (new Sidecar\\Account($database, $values['customer']))->{call};"
    return php_call(database, code, customer=customer, **values)


def test_lots_and_balance_are_those_of_points_show(
    store: SmallStore, small_database: Database, customer: int
) -> None:
    ask(store, "points.add", customer=customer, points=77, reason=HOSTILE)
    said = points(store, str(customer), 100)
    lots = account(small_database, customer, "lots('points')")

    assert account(small_database, customer, "balance('points')") == {
        "available": str(said["available"]),
        "pending": str(said["pending"]),
    }
    assert [int(lot["remaining"]) for lot in lots] == [lot["points"] for lot in said["lots"]]
    assert [lot["is_released"] == "1" for lot in lots] == [
        lot["from"] is None for lot in said["lots"]
    ]
    assert {lot["reason"] for lot in lots} == {None, HOSTILE}
    assert {lot["rule"] for lot in lots} >= {"welcome '<b>' 🦊"}


def test_entries_come_page_by_page_each_once_and_the_newest_first(
    store: SmallStore, small_database: Database, customer: int
) -> None:
    for number in range(1, 46):
        ask(store, "points.add", customer=customer, points=number, reason=f"gift {number}")
    said = points(store, str(customer), 1000)
    found, before, pages = [], 0, 0
    while True:
        page, before = account(
            small_database, customer, "entries('points', $values['before'])", before=before
        )
        found += page
        pages += 1
        if not before:
            break

    assert pages == 3
    assert [int(entry["entry_id"]) for entry in found] == [
        entry["entry"] for entry in said["entries"]
    ]
    assert [int(entry["amount"]) for entry in found] == [
        entry["points"] for entry in said["entries"]
    ]


def test_issues_are_those_of_credit_show_with_what_is_left(
    store: SmallStore, small_database: Database, customer: int
) -> None:
    first = {"amount": "12.3456", "kind": "goodwill", "reason": HOSTILE}
    ask(store, "credit.issue", customer=customer, **first)
    ask(store, "credit.issue", customer=customer, amount="80", kind="gift", reason="much")
    said = credit(store, str(customer), 10)
    issues = account(small_database, customer, "issues()")

    assert [(one["state"], one["amount"], one["left"]) for one in issues] == [
        ("waiting", "800000", "0"),
        ("issued", "123456", "123456"),
    ]
    assert issues[1]["reason"] == HOSTILE
    assert said["buckets"][0]["amount"] == "12.3456"
    waiting = php_call(small_database, "return (new Sidecar\\Loyalty($database))->issues();")
    assert [int(one["issue_id"]) for one in waiting] == [
        one["issue"] for one in credit_waiting(store, 10)["waiting"]
    ]


def test_redemptions_are_those_of_points_show(
    store: SmallStore, small_database: Database, customer: int
) -> None:
    ask(store, "points.redeem", customer=customer, points=200, becomes="coupon")
    ask(store, "points.redeem", customer=customer, points=300, becomes="credit")
    said = points(store, str(customer), 1)["redemptions"]
    code = "return (new Sidecar\\Redemptions($database))->"
    mine, more = php_call(small_database, f"{code}ofCustomer($values['c']);", c=customer)
    every, _ = php_call(small_database, f"{code}page();")
    others, _ = php_call(small_database, f"{code}ofCustomer($values['c']);", c=customer + 1)

    assert (mine, more, others) == (every, 0, [])
    assert [int(one["redemption_id"]) for one in mine] == [one["redemption"] for one in said]
    coupon = mine[1]
    assert (coupon["state"], coupon["code"]) == ("open", said[1]["code"])
    owner = php_call(small_database, f"{code}owner($values['code']);", code=coupon["code"])
    assert owner == customer
    for unknown in ("", "x", "' OR '1'='1", "%", "🦊"):
        assert php_call(small_database, f"{code}owner($values['code']);", code=unknown) is None


def test_a_program_that_waits_is_told_and_findings_of_loyalty_only(
    store: SmallStore, small_database: Database
) -> None:
    store.named_rules({}, '[loyalty]\nstart = "all"\n')
    customer = store.given.customer()
    store.given.order(customer, "50", lines=[Line(product=40, price="50")], status=5)
    store.full_pass()
    told = php_call(
        small_database,
        "$whole = new Sidecar\\Loyalty($database); return [$whole->program(), $whole->findings()];",
    )

    assert (told[0]["points"], told[0]["worth"], told[0]["customers"]) == (500, "5.0000", 1)
    assert {one["kind"] for one in told[1]} == {"loyalty.waits"}


# -- the storefront's guard ------------------------------------------------------------------

_GUARD = (
    _REGISTRY
    + r"""
    $handler = new \Opencart\Catalog\Controller\Extension\Sidecar\Event\Sidecar($registry);
    $route = $values['route'];
    $args = [$values['code']];
    $output = $values['output'];
    $before = count($db->asked);
    $started = hrtime(true);
    $handler->_coupon($route, $args, $output);

    return [$output, count($db->asked) - $before, (hrtime(true) - $started) / 1e6];
"""
)


def guarded(
    database: Database, code: str, who: int, output: Any, route: str = "marketing/coupon.getCoupon"
) -> tuple[Any, int, float]:
    values = {"code": code, "output": output, "route": route, "who": "", "self": who}
    found: tuple[Any, int, float] = tuple(php_call(database, _GUARD, **values))
    return found


def test_a_coupon_of_points_is_unknown_to_others_and_costs_one_question(
    store: SmallStore, small_database: Database, customer: int
) -> None:
    answer: Any = ask(store, "points.redeem", customer=customer, points=200).answer
    code = answer["code"]
    coupon = {"coupon_id": "1", "code": code, "discount": "2.0000"}

    assert guarded(small_database, code, customer, coupon)[:2] == (coupon, 1)
    for other in (customer + 1, 0):
        assert guarded(small_database, code.lower(), other, coupon)[:2] == ([], 1)


def test_what_is_no_coupon_of_points_is_as_the_store_says(
    store: SmallStore, small_database: Database, customer: int
) -> None:
    other = {"coupon_id": "1", "code": "SUMMER '%_\\ 🦊", "discount": "2.0000"}

    assert guarded(small_database, "summer", 0, other)[:2] == (other, 1)
    nothing: Any
    for nothing in ([], None, False, {"code": None}, {"code": ["x"]}, "x"):
        assert guarded(small_database, "x", 0, nothing)[:2] == (nothing, 0)


def test_the_guard_is_silent_without_our_tables_and_for_who_asks_by_a_url(
    store: SmallStore, small_database: Database
) -> None:
    coupon = {"coupon_id": "1", "code": "SUMMER"}
    store.rows("RENAME TABLE `{own}redemption` TO `{own}hidden`")
    try:
        assert guarded(small_database, "summer", 0, coupon)[0] == coupon
    finally:
        store.rows("RENAME TABLE `{own}hidden` TO `{own}redemption`")
    assert guarded(small_database, "summer", 0, coupon, route="")[:2] == (coupon, 0)


# -- numbers ---------------------------------------------------------------------------------


def test_money_is_shown_to_its_last_digit(small_database: Database) -> None:
    amounts = [0, 1, -1, 10, 99, 100, 12_345, 120_000, -1_234_567_890, 10**15 * 9 + 1]
    shown = php_call(
        small_database,
        "return array_map(function ($one) {"
        " return Sidecar\\Text::decimal($one, 2, ',', '.'); }, $values['amounts']);",
        amounts=[str(one) for one in amounts],
    )

    for amount, text in zip(amounts, shown, strict=True):
        assert Decimal(text.replace(".", "").replace(",", ".")) == Decimal(amount) / 10_000
        whole, _, rest = text.partition(",")
        assert len(rest) >= 2
        assert all(len(part) == 3 for part in whole.lstrip("-").split(".")[1:])
    assert shown[6:9] == ["1,2345", "12,00", "-123.456,789"]


def test_money_of_answers_becomes_ten_thousandths_and_back(small_database: Database) -> None:
    texts = {"0.0000": "0", "-0.0000": "0", "12.5000": "125000", "-3.1": "-31000", "7": "70000"}
    found = php_call(
        small_database,
        "return array_map(function ($one) { return Sidecar\\Text::parts($one); },"
        " $values['texts']);",
        texts=list(texts),
    )

    assert found == list(texts.values())
