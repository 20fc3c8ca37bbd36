"""Planted orders: statuses, signs, dates, guests, returns, balances, and very many."""

from __future__ import annotations

import datetime

from support.given import Line
from support.plant import DATES, Plot
from support.rows import Value

#: A return status whose returns a test counts as refunded.
REFUNDED = 3

#: A paid status that has no name, and one that nobody knows.
NAMELESS, UNKNOWN = 98, 999

_LARGEST = "99999999999.9999"


def plant(plot: Plot) -> None:
    """Plant every case of orders."""
    _statuses(plot)
    _money(plot)
    _dates(plot)
    _guests(plot)
    _returns(plot)
    _balances(plot)
    _many(plot)


def _statuses(plot: Plot) -> None:
    given = plot.given
    given.setting("config_processing_status", ["5", "1", "2", "12", "3", str(NAMELESS)])
    given.order_status(7, "Complete", language=plot.second)
    given.order_status(5, "Виконано", language=plot.second)
    given.order_status(97, "Packed & <sent>")
    for status in (0, 1, 2, 3, 5, 7, 11, 12, NAMELESS, 97, UNKNOWN, -1):
        customer = plot.customer(f"order of status {status}")
        given.order(customer, "10.5", status=status, country=222, store=1, days_ago=3)
        both = plot.customer(f"paid order, then one of status {status}")
        given.order(both, "20", country=223, days_ago=9)
        given.order(both, "10", status=status, country=222, days_ago=2, store=999)
    given.order(999_999, "70")
    long = given.order(plot.customer("64 kB comment"), "1")
    if given.has("order", "comment"):
        given.update("order", {"order_id": long}, comment="x" * 65_535)


def _money(plot: Plot) -> None:
    given = plot.given
    for case, totals in {
        "free order": ["0"],
        "free order and a credit": ["0", "-0.0001"],
        "tie, half up": ["0.0001", "0"],
        "negative tie": ["0", "0", "-0.0001"],
        "credits only": ["-5", "-7.25"],
        "more credit than orders": ["10", "-30.5"],
        "thirds": ["10", "10", "0.0001"],
        "largest totals": [_LARGEST] * 7,
        "largest credit": [f"-{_LARGEST}", "1"],
        "ten thousandths": ["0.0001", "0.0003", "0.0009"],
    }.items():
        customer = plot.customer(case)
        for number, total in enumerate(totals):
            status = 11 if total.startswith("-") else 5
            given.order(customer, total, status=status, days_ago=30 - number)
    foreign = plot.customer("paid in a second currency")
    order = given.order(foreign, "100")
    if given.has("order", "currency_value"):
        given.update("order", {"order_id": order}, currency_code="UAH", currency_value="41.5")
    draft = plot.customer("negative draft")
    given.order(draft, "-10", status=0, days_ago=1)


def _dates(plot: Plot) -> None:
    given = plot.given
    dates = {**DATES, **plot.clock.edges()}
    for case, at in dates.items():
        given.order(plot.customer(f"order: {case}"), "10", at=at)
        both = plot.customer(f"order: {case}, and another", at="2025-01-01 00:00:00")
        given.order(both, "10", at=at, country=223)
        given.order(both, "20", at="2026-01-01 12:00:00", country=222)
        draft = plot.customer(f"draft: {case}")
        given.order(draft, "10", status=0, at=at)
        given.goods_return(plot.customer(f"return: {case}"), at=at)
    mixed = plot.customer("orders of every date")
    for number, at in enumerate(dates.values()):
        given.order(mixed, number, at=at)
    same = plot.customer("orders of one second")
    for total in ("3", "1", "2"):
        given.order(same, total, at="2026-01-01 10:00:00", country=222 if total == "2" else 223)
    early = plot.customer("ordered before registering", at="2026-01-01 00:00:00")
    given.order(early, "10", at="2025-01-01 00:00:00")
    future = plot.customer("order in the future")
    given.order(future, "10", days_ago=-30)
    given.order(future, "20", days_ago=1)
    _around_midnights(plot)


def _around_midnights(plot: Plot) -> None:
    # The second before and the second of each midnight that a window could begin at.
    given = plot.given
    customer = plot.customer("orders around midnights")
    today = plot.clock.now.astimezone(plot.clock.zone).date()
    for days in (0, 1, 7, 30, 31, 90, 365):
        midnight = datetime.datetime.combine(today - datetime.timedelta(days=days), datetime.time())
        for offset in (-1, 0):
            at = midnight + datetime.timedelta(seconds=offset)
            given.order(customer, days + 1, at=at.strftime("%Y-%m-%d %H:%M:%S"))
    given.order(customer, "5000", days_ago=0)


def _guests(plot: Plot) -> None:
    given = plot.given
    old = plot.customer("account of a guest", email="Guest@example.com")
    plot.customer("younger account of the guest", email="guest@example.com")
    for email in ("guest@example.com", " GUEST@EXAMPLE.COM ", "guest@example.org", ""):
        given.order(0, "11", email=email, days_ago=5, lines=[Line(40, 2)])
    accented = plot.customer("accented account of a guest", email="guést@example.com")
    for email in (
        "guést@example.com",
        "GUÉST@example.com",
        "padded@example.com",
        "їжак@ПРИКЛАД.test",
    ):
        given.order(0, "12", email=email, days_ago=5)
    given.order(accented, "1", email="guest@example.com", days_ago=2)
    given.order(0, "13", email="guest@example.com", status=0, days_ago=1)
    given.order(0, "-3", email="guest@example.com", status=11, days_ago=1)
    given.order(old, "17", email="other@example.com", days_ago=3)
    refunded = given.order(0, "50", email="guest@example.com", lines=[Line(41, 2, "10")])
    given.goods_return(0, refunded, 41, 1, status=REFUNDED)


def _returns(plot: Plot) -> None:
    given = plot.given
    customer, other = plot.customer("returns"), plot.customer("returns what another bought")
    lines = [Line(40, 3, "10", "1.25"), Line(40, 1, "99", "9"), Line(41, 1, "0.3333", "0.0001")]
    order = given.order(customer, "200", days_ago=40, lines=lines)
    unpaid = given.order(customer, "80", status=7, lines=lines)
    for quantity in (2, 0, -1, 100):
        given.goods_return(customer, order, 40, quantity, status=REFUNDED, days_ago=20)
    given.goods_return(other, order, 41, 1, status=REFUNDED, days_ago=10)
    given.goods_return(customer, order, 40, 1, status=1)
    given.goods_return(customer, order, 777_777, 1, status=REFUNDED)
    given.goods_return(customer, unpaid, 40, 1, status=REFUNDED)
    given.goods_return(customer, 999_999, 40, 1, status=REFUNDED)
    given.goods_return(customer, order, 40, 1, status=UNKNOWN)
    given.goods_return(999_999, order, 41, 1, status=REFUNDED)
    given.goods_return(0)


def _balances(plot: Plot) -> None:
    given = plot.given
    customer = plot.customer("points and credit")
    for points in (100, -30, 0, 2_147_483_647):
        given.reward(customer, points)
    for amount in ("12.5", "-2.2501", "0", _LARGEST):
        given.credit(customer, amount)
    debts = plot.customer("owes points and credit")
    given.reward(debts, -5)
    given.credit(debts, "-0.0001")
    for _ in range(3):
        given.coupon_use(customer)
    for owner in (0, 999_999):
        given.reward(owner, 5)
        given.credit(owner, "5")
        given.coupon_use(owner)


def _many(plot: Plot) -> None:
    given = plot.given
    customer = plot.customer("3,000 orders")
    start = plot.clock.now.astimezone(plot.clock.zone).replace(tzinfo=None)
    rows: list[dict[str, Value]] = [
        {
            "total": "0.3333" if number % 7 else _LARGEST,
            "order_status_id": (5, 3, 1, 7, 0)[number % 5],
            "date_added": (start - datetime.timedelta(hours=7 * number)).strftime(
                "%Y-%m-%d %H:%M:%S"
            ),
            "date_modified": start.strftime("%Y-%m-%d %H:%M:%S"),
        }
        for number in range(3_000)
    ]
    given.insert_many("order", rows, customer_id=customer, store_id=0)
