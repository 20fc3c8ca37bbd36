"""What a change of the program would have cost, against a naive look at the store's rows."""

from __future__ import annotations

import datetime
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from sidecar import clock
from sidecar.errors import ConfigError, UsageError
from sidecar.shop.database import transaction
from sidecar.sync import rulebook
from sidecar.sync.commands import queue
from sidecar.sync.commands.dispatcher import Dispatcher
from sidecar.sync.compiled_rules import Rulebook, open_rulebook
from sidecar.sync.loyalty import beginning, simulating
from sidecar.sync.loyalty.simulating import simulate
from support.given import Line
from support.points import order
from support.small_store import OWN, SmallStore

COMPLETE = 5
#: Of a return that was paid back.
PAID_BACK = 3

refunding = pytest.mark.parametrize(
    "store", [{"refunded_return_statuses": (f"#{PAID_BACK}",)}], indirect=True
)


def book(store: SmallStore, text: str, folder: Path) -> Rulebook:
    """The rules *text*, compiled as for a view."""
    folder.mkdir(exist_ok=True)
    (folder / "rules.toml").write_text(text, "utf-8")
    shop = store.sidecar.shop
    checked = rulebook.check_files(shop, folder, own_tables=True, builtins=False)
    return open_rulebook(shop, checked, store.moment, writing=False, new_limits=False)


def simulated(
    store: SmallStore, tmp_path: Path, before: str, after: str, days: int = 90
) -> dict[str, Any]:
    """What *after* would have cost in the place of *before*, which is in no revision yet."""
    was, is_ = book(store, before, tmp_path / "b"), book(store, after, tmp_path / "a")
    return simulate(store.sidecar.shop, was, is_, days, store.moment)


# -- a naive look --------------------------------------------------------------------------


@dataclass(frozen=True)
class Simple:
    """A program that is easily computed: rates, a rule with goods, one with a cap, tiers."""

    per_unit: str = "10"
    for_one: int = 100
    bonus: int = 0
    least: int = 0
    most_per_month: int = 0
    lamps: str = "0"
    gold: str = "1.5"
    start: str = '"all"'

    @property
    def text(self) -> str:
        loyalty = f"start = {self.start}\npoints_per_unit = {self.per_unit}\n"
        tables = [
            f"[loyalty]\n{loyalty}points_worth_one = {self.for_one}\n",
            '[[tier]]\nname = "Base"\nthreshold = 0\n',
            f'[[tier]]\nname = "Gold"\nthreshold = 100000\nmultiplier = {self.gold}\n',
        ]
        if self.bonus:
            cap = f"most_per_month = {self.most_per_month}\n" if self.most_per_month else ""
            rule = f'points = {self.bonus}\norder_total = {self.least}\non_refund = "keep"\n{cap}'
            tables.append(f'[[earn]]\nname = "Bonus"\n{rule}')
        if self.lamps != "0":
            rate = f'product = "Lamp"\npoints_per_unit = {self.lamps}\n'
            tables.append(f'[[earn]]\nname = "Lamps"\n{rate}')
        return "\n".join(tables)


def whole(number: Fraction) -> int:
    """What is left below one point is dropped, also of what is taken."""
    return math.trunc(number)


def naive(store: SmallStore, by: Simple, gold: set[int], days: int) -> dict[int, dict[str, int]]:
    """By customer and rule: the points of the orders of the last *days*, order by order."""
    p = store.given.prefix
    midnight = datetime.datetime.combine(store.now.date(), datetime.time(), datetime.UTC)
    since = (midnight - datetime.timedelta(days=days)).replace(tzinfo=None)
    orders = store.rows(
        f"SELECT order_id, customer_id, total, date_added FROM `{p}order`"
        f" WHERE order_status_id = {COMPLETE} AND customer_id > 0 ORDER BY date_added, order_id"
    )
    given: dict[tuple[int, str], int] = {}
    found: dict[int, dict[str, int]] = {}
    for one in orders:
        lines = store.rows(
            f"SELECT product_id, quantity, total FROM `{p}order_product` WHERE order_id = %s"
            " ORDER BY order_product_id", one["order_id"],
        )  # fmt: skip
        back = {
            row["product_id"]: int(row["n"])
            for row in store.rows(
                f"SELECT product_id, SUM(quantity) AS n FROM `{p}return`"
                f" WHERE order_id = %s AND return_status_id = {PAID_BACK} GROUP BY product_id",
                one["order_id"],
            )
        }
        (off,) = store.rows(
            f"SELECT COALESCE(SUM(value), 0) AS n FROM `{p}order_total`"
            " WHERE order_id = %s AND value < 0", one["order_id"],
        )  # fmt: skip
        full, left, lamps = Fraction(0), Fraction(0), Fraction(0)
        for line in lines:
            gone = min(line["quantity"], back.get(line["product_id"], 0))
            back[line["product_id"]] = back.get(line["product_id"], 0) - gone
            total = Fraction(line["total"])
            kept = total * (line["quantity"] - gone) / line["quantity"]
            full, left = full + total, left + kept
            lamps += kept if line["product_id"] == 41 else 0
        paid = max(Fraction(0), full + Fraction(off["n"])) / full if full else Fraction(0)
        rate = paid * Fraction(by.per_unit)
        base = whole(left * rate)
        factor = Fraction(by.gold) if one["customer_id"] in gold else Fraction(1)
        points = {
            "points per unit": base,
            "what multiplies them": whole(left * rate * factor) - base,
            "Lamps": whole(lamps * paid * Fraction(by.lamps)),
        }
        if by.bonus and one["total"] >= by.least and full:
            month = one["customer_id"], one["date_added"].strftime("%Y-%m")
            room = (by.most_per_month or 10**9) - given.get(month, 0)
            points["Bonus"] = min(by.bonus, max(0, room))
            given[month] = given.get(month, 0) + points["Bonus"]
        if one["date_added"] >= since:
            mine = found.setdefault(one["customer_id"], {})
            for rule, number in points.items():
                mine[rule] = mine.get(rule, 0) + number
    return found


def people(store: SmallStore, seed: int, *, holds: bool = True) -> set[int]:
    """
    Customers with orders, discounts and returns of the last months; who is in Gold.

    Args:
        holds: Tiers hold; else nobody is in any.
    """
    choose, given, gold = random.Random(seed), store.given, set()
    given.insert("product", {}, product_id=41)
    given.describe("product", 41, "Lamp")
    for _ in range(8):
        who = given.customer()
        if choose.random() < 0.3:
            gold.add(who)
        for _ in range(choose.randrange(6)):
            lines = [
                Line(
                    product=choose.choice((40, 41)),
                    quantity=choose.randrange(1, 4),
                    price=f"{choose.randrange(1, 9_000) / 100:.2f}",
                )
                for _ in range(choose.randrange(1, 4))
            ]
            total = sum(Decimal(line.price) * (line.quantity or 0) for line in lines)
            number = given.order(
                who,
                total,
                lines=lines,
                days_ago=choose.randrange(120),
                status=choose.choice((5, 5, 5, 1, 0)),
            )
            if choose.random() < 0.3:
                value = str(-choose.randrange(1, int(total) + 20))
                row: dict[str, Any] = {"order_id": number, "code": "coupon", "value": value}
                given.insert("order_total", {"title": "Coupon", "sort_order": 4}, **row)
            if choose.random() < 0.3:
                given.goods_return(
                    who, number, choose.choice((40, 41)), choose.randrange(1, 3),
                    status=choose.choice((PAID_BACK, 1)),
                )  # fmt: skip
    if not holds:
        return set()
    own = f"{given.prefix}sidecar_"
    given.execute(
        f"INSERT INTO `{own}state` (name, value, at) VALUES ('loyalty.tiers',"
        ' \'{"revision": 1, "base": "Base", "tiers": [{"name": "Base", "threshold": 0},'
        ' {"name": "Gold", "threshold": 1000000000}]}\', 0)'
    )
    for who in gold:
        given.execute(f"INSERT INTO `{own}tier` (customer_id, tier) VALUES ({who}, 'Gold')")
    return gold


PROGRAMS = [
    Simple(),
    Simple(per_unit="12.5", for_one=120),
    Simple(bonus=50, least=100, most_per_month=80),
    Simple(bonus=35, most_per_month=50, lamps="3.3"),
    Simple(per_unit="0.07", gold="3", lamps="7"),
    Simple(start="2027-01-01", per_unit="9"),  # whatever it is, orders count
]


@refunding
@pytest.mark.parametrize("seed", range(12))
def test_it_is_as_a_naive_look_at_the_orders_says(
    store: SmallStore, seed: int, tmp_path: Path
) -> None:
    gold = people(store, seed)
    before, after = random.Random(seed).sample(PROGRAMS, 2)
    days = (30, 60, 90)[seed % 3]

    found = simulated(store, tmp_path, before.text, after.text, days)

    was, is_ = (naive(store, by, gold, days) for by in (before, after))
    sums = [{who: sum(points.values()) for who, points in each.items()} for each in (was, is_)]
    assert found["before"]["points"] == sum(sums[0].values())
    assert found["after"]["points"] == sum(sums[1].values())
    for side, by in (("before", before), ("after", after)):
        worth = Decimal(found[side]["points"]) / by.for_one
        assert Decimal(found[side]["worth"]) == worth.quantize(Decimal("0.0001"), ROUND_FLOOR)
    assert found["difference"]["points"] == found["after"]["points"] - found["before"]["points"]
    assert found["customers"] == len(was)
    assert (found["more"], found["less"], found["same"]) == (
        sum(sums[1][who] > sums[0][who] for who in was),
        sum(sums[1][who] < sums[0][who] for who in was),
        sum(sums[1][who] == sums[0][who] for who in was),
    )
    by_rule = {one["rule"]: (one["before"], one["after"]) for one in found["rules"]}
    for rule in ("points per unit", "what multiplies them", "Lamps", "Bonus"):
        expected = tuple(
            sum(points.get(rule, 0) for points in each.values()) for each in (was, is_)
        )
        assert by_rule.get(rule, (0, 0)) == expected, rule
    most = [(one["customer_id"], one["before"], one["after"]) for one in found["most_affected"]]
    differing = [(who, sums[0][who], sums[1][who]) for who in was if sums[0][who] != sums[1][who]]
    assert most == sorted(differing, key=lambda one: (-abs(one[2] - one[1]), one[0]))[:10]


@refunding
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.text[10:40])
def test_a_program_differs_from_itself_by_nothing(
    store: SmallStore, program: Simple, tmp_path: Path
) -> None:
    people(store, 77)

    found = simulated(store, tmp_path, program.text, program.text)

    assert found["orders"] > 0
    assert found["before"] == found["after"]
    assert found["difference"] == {"points": 0, "worth": "0.0000"}
    assert (found["more"], found["less"], found["same"]) == (0, 0, found["customers"])
    assert found["most_affected"] == []
    assert all(one["difference"] == 0 for one in found["rules"])


@refunding
def test_the_way_back_costs_what_the_way_there_did(store: SmallStore, tmp_path: Path) -> None:
    people(store, 5)
    one, other = PROGRAMS[2].text, PROGRAMS[3].text

    there, back = simulated(store, tmp_path, one, other), simulated(store, tmp_path, other, one)

    assert there["difference"]["points"] == -back["difference"]["points"] != 0
    assert (there["before"], there["more"]) == (back["after"], back["less"])


@refunding
@pytest.mark.parametrize("program", [PROGRAMS[0], PROGRAMS[1], PROGRAMS[4]])
def test_over_all_days_it_gives_what_the_beginning_would(
    store: SmallStore, program: Simple, tmp_path: Path
) -> None:
    people(store, 9, holds=False)
    store.named_rules({}, program.text)
    book = store.book()
    would = beginning.preview(store.sidecar.shop, book, store.moment)

    found: Any = simulate(store.sidecar.shop, book, book, 20_000, store.moment)

    assert found["after"]["points"] == would.points > 0


# -- what is compared ----------------------------------------------------------------------


def files(store: SmallStore, text: str, **tags: str) -> None:
    store.named_rules(tags, text)


def of_files(store: SmallStore, days: int = 90) -> dict[str, Any]:
    """The program of the rules files against the one in force."""
    book = store.book()
    return simulate(store.sidecar.shop, book, book, days, store.moment)


DATED = '[loyalty]\nstart = "2026-01-01"\n'


def test_before_is_the_program_in_force_and_not_what_the_files_say_now(store: SmallStore) -> None:
    files(store, DATED)
    ann = store.given.customer()
    order(store, ann, "60")
    store.full_pass()
    settled = of_files(store)
    files(store, DATED + "points_per_unit = 11\npoints_worth_one = 50\n")

    found = of_files(store)

    assert settled["difference"]["points"] == 0
    assert settled["revision"] == found["revision"] is not None
    assert (found["before"]["points"], found["after"]["points"]) == (600, 660)
    assert (found["before"]["worth"], found["after"]["worth"]) == ("6.0000", "13.2000")
    assert found["difference"] == {"points": 60, "worth": "7.2000"}


def test_a_first_program_is_compared_with_none(store: SmallStore, tmp_path: Path) -> None:
    order(store, store.given.customer(), "60")

    found = simulated(store, tmp_path, "", DATED)

    assert (found["revision"], found["before"]["points"], found["after"]["points"]) == (
        None,
        0,
        600,
    )
    assert found["more"] == 1


def test_rules_without_a_program_cannot_be_compared(store: SmallStore, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no loyalty program"):
        simulated(store, tmp_path, DATED, "")
    with pytest.raises(UsageError, match="at most 36,500 days, not 36,501"):
        simulated(store, tmp_path, DATED, DATED, 36_501)


def test_conditions_are_asked_of_customers_as_they_are_now(
    store: SmallStore, tmp_path: Path
) -> None:
    ann, bob = (store.given.customer(email) for email in ("ann@a.example", "bob@b.example"))
    for who in (ann, bob):
        order(store, who, "60")
    rule = "[[earn]]\nname = 'Ours'\npoints = 7\nwhen = 'email_domain = \"a.example\"'\n"

    found = simulated(store, tmp_path, DATED, DATED + rule)

    assert [(one["customer_id"], one["difference"]) for one in found["most_affected"]] == [(ann, 7)]
    assert [one["rule"] for one in found["rules"]] == ["points per unit", "Ours"]
    assert any("as they are now" in note for note in found["notes"])


def test_a_condition_that_means_nothing_any_more_is_told(store: SmallStore) -> None:
    segment = "[[segment]]\nname = 'gone soon'\nwhen = 'orders >= 1'\n"
    rule = "[[earn]]\nname = 'Old'\npoints = 7\nwhen = 'in segment \"gone soon\"'\n"
    files(store, DATED + rule + segment)
    order(store, store.given.customer(), "60")
    store.full_pass()
    files(store, DATED)

    found = of_files(store)

    assert found["difference"]["points"] == 0
    assert found["notes"][0] == (
        "the earn rule 'old' of the program in force counts for nobody:"
        " there is no segment 'gone soon'"
    )


# -- which orders --------------------------------------------------------------------------


def test_orders_count_from_the_first_midnight_on(store: SmallStore, tmp_path: Path) -> None:
    ann = store.given.customer()
    for at in ("2026-03-01 23:59:59", "2026-03-02 00:00:00", "2026-03-31 09:30:00"):
        order(store, ann, "10", at=at, days_ago=None)
    order(store, ann, "10", at="2026-03-31 09:30:01", days_ago=None)  # it lies ahead
    order(store, ann, "10", at="0000-00-00 00:00:00", days_ago=None)

    found = simulated(store, tmp_path, DATED, DATED, 29)

    assert (found["since"], found["orders"], found["after"]["points"]) == ("2026-03-02", 2, 200)


def test_orders_before_the_first_day_use_up_caps(store: SmallStore, tmp_path: Path) -> None:
    ann = store.given.customer()
    for days in (5, 40, 200):
        order(store, ann, "10", days_ago=days)
    rule = "[[earn]]\nname = 'a'\npoints = 50\nmost_per_year = 80\n"

    found = simulated(store, tmp_path, DATED, DATED + rule, 30)

    # The one of 40 days ago, in the same year, took 50; the one of the year before counts there.
    assert found["orders"] == 1
    assert found["difference"]["points"] == 30


def test_who_has_numbers_that_do_not_fit_is_told_and_the_others_count(
    store: SmallStore, tmp_path: Path
) -> None:
    ann, bob, cat = (store.given.customer() for _ in range(3))
    for who, total in ((ann, "10"), (bob, "99999999999"), (cat, "10")):
        order(store, who, total)

    found = simulated(store, tmp_path, DATED, DATED + "points_per_unit = 999999999\n")

    assert found["left_out"] == 1
    assert found["left_out_customers"][0]["customer_id"] == bob
    assert "are more than 64 bits hold" in found["left_out_customers"][0]["why"]
    assert (found["customers"], found["before"]["points"]) == (2, 200)


def test_nothing_is_written(store: SmallStore, tmp_path: Path) -> None:
    files(store, DATED)
    store.full_pass()
    people(store, 3, holds=False)
    store.full_pass()
    was = store.checksums()
    assert len(was) == len(OWN)

    found = simulated(store, tmp_path, DATED, PROGRAMS[3].text)

    assert found["difference"]["points"] != 0
    assert store.checksums() == was


def test_a_few_customers_at_a_time_come_to_the_same(
    store: SmallStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(store, 21)
    whole = simulated(store, tmp_path, PROGRAMS[0].text, PROGRAMS[3].text)
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(simulating, "_RANGE", 3)
    monkeypatch.setattr(simulating, "_BATCH", 2)
    was, is_ = (book(store, PROGRAMS[n].text, tmp_path / str(n)) for n in (0, 3))

    def progress(done: int, total: int) -> None:
        told.append((done, total))

    parts = simulate(store.sidecar.shop, was, is_, 90, store.moment, progress)

    assert parts == whole
    assert told == [(3, 8), (6, 8), (8, 8)]


# -- asked for -----------------------------------------------------------------------------


def test_whoever_asks_by_a_command_is_told_the_same(store: SmallStore) -> None:
    files(store, DATED)
    order(store, store.given.customer(), "60")
    store.full_pass()
    files(store, DATED + "points_per_unit = 11\n")
    own, engine = store.sidecar.shop.own, store.sidecar.engine
    for parameters, points in (({"days": 3_000}, 60), ({}, 0)):
        with transaction(engine) as tx:
            asked: Mapping[str, object] = parameters
            number = queue.ask(tx, own, "loyalty.simulate", asked, "admin:eve", clock.now())
        done = Dispatcher(engine, own, store.sidecar.handlers()).dispatch(number)
        assert done.state == "done", done.error
        assert done.answer["days"] == parameters.get("days", 90)
        if parameters:
            assert done.answer["difference"]["points"] == points


def test_a_folder_that_is_not_there_is_told(store: SmallStore, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such folder"):
        store.sidecar.loyalty_view.simulate(tmp_path / "none", 90)
