"""What the page on loyalty programs says of programs, points and days is so."""

from __future__ import annotations

import dataclasses
import datetime
import re
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from sidecar import cli
from sidecar.model import Names, NameTable
from sidecar.rules.catalogue import Catalogue
from sidecar.rules.loyalty.account import NEVER
from sidecar.rules.loyalty.earning import Line, Order, capped, targets
from sidecar.rules.loyalty.expiry import expires_at
from sidecar.rules.loyalty.program import RATE_SCALE, Basis, OnRefund, Program, Stack
from sidecar.rules.loyalty.program_file import CREDIT_KEYS, EARN_KEYS, LOYALTY_KEYS, TIER_KEYS
from sidecar.rules.loyalty.redeeming import Quote, quote
from sidecar.rules.rule_sources import read_and_check
from sidecar.rules.ruleset import RuleSet

PAGE = (Path(__file__).parents[2] / "docs/howto/loyalty.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
START = '[loyalty]\nstart = "all"\n'
UTC = ZoneInfo("UTC")

#: Of the made-up store.
NAMES = {
    "status": ["Complete"],
    "group": ["Wholesale", "Gold customers"],
    "category": ["Shoes", "Gift vouchers"],
    "product": ["Lamp", "Desk"],
    "manufacturer": ["Acme"],
}


def read(text: str) -> RuleSet:
    tables = {kind: NameTable() for kind in NAMES}
    for kind, names in NAMES.items():
        for number, name in enumerate(names, 1):
            tables[kind].add(number, name)
    return read_and_check([("a.toml", text.encode())], Catalogue(), Names(tables))


def program(text: str) -> Program:
    found = read(text).program
    assert found is not None
    return found


def rows(header: str) -> list[list[str]]:
    """The cells of the table with this *header*, without their backquotes."""
    body = PAGE.split(f"\n| {header} |\n")[1].split("\n\n")[0].splitlines()[1:]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in body]


def example(name: str) -> str:
    """The example with the earn rule *name*."""
    (found,) = (text for text in EXAMPLES if f'name = "{name}"' in text)
    return str(found)


def line(amount: int, **what: object) -> Line:
    return dataclasses.replace(Line(amount * 100), **what)  # type: ignore[arg-type]


def order(*lines: Line, **what: object) -> Order:
    day = datetime.date(2027, 3, 10)
    found = Order(qualifies=True, day=day, lines=lines, total=sum(one.total for one in lines))
    return dataclasses.replace(found, **what)  # type: ignore[arg-type]


def points(of: Order, by: Program) -> int:
    return sum(targets(of, by).values())


def number(text: str) -> int:
    """The number that *text* begins with."""
    return int(text.split(" ")[0].replace(",", ""))


# -- programs ------------------------------------------------------------------------------


@pytest.mark.parametrize("text", EXAMPLES, ids=str.splitlines)
def test_every_example_is_read_without_a_warning(text: str) -> None:
    rules = read(text if "[loyalty]" in text else START + text)

    assert rules.warnings == ()
    assert rules.program is not None
    assert len(rules.earn) == text.count("[[earn]]")


def test_all_examples_can_stand_together() -> None:
    rules = read("\n".join([START, *(text for text in EXAMPLES if "[loyalty]" not in text)]))

    assert len(rules.earn) == 7


def test_the_whole_program_is_the_one_with_only_a_start() -> None:
    whole, bare = (program(text) for text in EXAMPLES[:2])

    def meaning(of: Program) -> Program:
        tiers = (dataclasses.replace(tier, file="", line=0) for tier in of.tiers)
        return dataclasses.replace(of, tiers=tuple(tiers), file="", line=0)

    assert meaning(whole) == meaning(bare)
    gold = order(line(100_00), multiplier=whole.tiers[2].multiplier)
    silver = order(line(100_00), multiplier=whole.tiers[1].multiplier)
    assert (points(silver, whole), points(gold, whole)) == (1_200, 1_500)


def test_rules_check_says_what_stands_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.toml").write_text(EXAMPLES[0], "utf-8")
    (tmp_path / "config.toml").write_text('[database]\nuser = "u"\nname = "n"\n', "utf-8")
    config = str(tmp_path / "config.toml")
    (tmp_path / "rules.d").mkdir()
    (tmp_path / "a.toml").rename(tmp_path / "rules.d" / "a.toml")

    assert cli.run(["--config", config, "rules", "check", "--offline"]) == 0

    said = capsys.readouterr().out
    assert said.startswith(str(tmp_path))
    assert f"/home/you/try{said.removeprefix(str(tmp_path))}" in PAGE


@pytest.mark.parametrize(
    ("begin", "keys"),
    [
        ("### What `[loyalty]` says", LOYALTY_KEYS),
        ("### What a `[[tier]]` says", TIER_KEYS),
        ("### What `[credit]` says", CREDIT_KEYS),
        ("## Earn rules", EARN_KEYS),
    ],
)
def test_every_key_is_told(begin: str, keys: tuple[str, ...]) -> None:
    told = PAGE.split(f"\n{begin}\n")[1]

    assert [key for key in keys if f"`{key}`" not in told] == []


def test_the_defaults_are_the_codes() -> None:
    told = [row for row in rows("key | default | meaning") if row[0] in LOYALTY_KEYS]
    written = [f"{key} = {default}\n" for key, default, _ in told if default[0] in '"0123456789']

    assert len(written) == 14
    for one in written:
        assert program(START + one) == program(START), one
    tier = '[[tier]]\nname = "A"\nthreshold = 5\n'
    keys = 'multiplier = 1\ngrace = "30 days"\ndowngrade = "to reached"\n'
    assert [one for one in keys.splitlines() if f"| `{one.replace(' = ', '` | `')}` |" in PAGE]
    assert program(START + tier + keys) == program(START + tier)
    assert program(START).statuses == ()
    assert program(START).zone == ""
    assert (program(START).most_debt, program(START).most_multiplied) == (None, None)


# -- points --------------------------------------------------------------------------------


def test_discounts_take_from_what_earns() -> None:
    bought = order(line(90_00), line(10_00), discounts=20 * RATE_SCALE)

    assert points(bought, Program(start=None)) == 800
    assert "for 90.00 and 10.00 with a coupon of 20.00 earns 800 points" in PAGE


def test_the_table_of_the_basis() -> None:
    bought = order(line(100_00, tax=19 * RATE_SCALE), total=124 * RATE_SCALE)
    told = rows("`basis` | goods 100.00, tax on them 19.00, in all 124.00")

    assert [basis.strip('"') for basis, _ in told] == list(get_args(Basis))
    for basis, said in told:
        assert points(bought, program(f"{START}basis = {basis}")) == number(said)


def test_the_table_of_rounding() -> None:
    told = rows("`round_each` | `rounding` | two lines of 0.19 each")

    assert len(told) == 4
    for each, rounding, said in told:
        by = program(f"{START}round_each = {each}\nrounding = {rounding}")
        assert points(order(line(19), line(19)), by) == number(said)


def test_the_lines_of_a_category_are_doubled() -> None:
    by = program(START + example("double shoes"))
    mine = frozenset({"double shoes"})

    shoes, hat = line(60_00, rules=mine), line(40_00)

    both = points(order(shoes, hat, rules=mine), by)
    assert (points(order(shoes, rules=mine), by), both) == (1_200, 1_200 + 400)
    assert "shoes for 60.00 and a hat for 40.00, the shoes earn 1,200 points and the hat 400" in (
        PAGE
    )


def test_the_table_of_multipliers() -> None:
    told = rows("`stack` | `most_multiplied` | points | because")
    rules = "".join(f'[[earn]]\nname = "{n}"\nmultiply = {n}\n' for n in (2, 3))
    bought = order(line(10_00), multiplier=15_000, rules=frozenset({"2", "3"}))

    assert {stack.strip('"') for stack, *_ in told} == set(get_args(Stack))
    for stack, most, said, _ in told:
        limit = f"most_multiplied = {most}\n" if most else ""
        assert points(bought, program(f"{START}stack = {stack}\n{limit}{rules}")) == int(said)


def test_a_multiplier_of_nothing_leaves_goods_out() -> None:
    by = program(example("nothing for vouchers"))
    mine = frozenset({"nothing for vouchers"})

    assert points(order(line(10_00, rules=mine), line(5_00), rules=mine), by) == 50


def test_the_cap_of_a_month() -> None:
    by = program(START + example("for every order"))
    mine = frozenset({"for every order"})
    days = [datetime.date(2027, 3, 30), datetime.date(2027, 3, 31), datetime.date(2027, 4, 1)]
    orders = [order(line(1_00), day=day, rules=mine) for day in days]
    cancelled = dataclasses.replace(orders[0], qualifies=False)

    def given(*some: Order) -> list[int]:
        found = capped([(one, targets(one, by), by) for one in some])
        return [each.get("for every order", 0) for each in found]

    assert given(*orders) == [50, 30, 50]
    assert given(cancelled, *orders[1:]) == [0, 50, 50]
    assert "30 March, 31 March and 1 April gets 50, 30 and 50 points" in PAGE


def test_a_returned_unit_earns_nothing() -> None:
    by = Program(start=None)

    assert points(order(line(30_00, quantity=3)), by) == 300
    assert points(order(line(30_00, quantity=3, returned=1)), by) == 200
    assert "of three for 30.00, of which one comes back, 200 points are left of 300" in PAGE


def test_the_table_of_refunds() -> None:
    told = rows("`on_refund` | one unit returned | all returned")
    mine = frozenset({"x"})

    assert {kind.strip('"') for kind, *_ in told} == set(get_args(OnRefund))
    for kind, *said in told:
        earn = f'[[earn]]\nname = "x"\npoints = 50\non_refund = {kind}\n'
        by = program(START + earn)
        some = [order(line(30_00, quantity=3, returned=n), rules=mine) for n in (1, 3)]
        assert [targets(one, by).get("x", 0) for one in some] == [int(each) for each in said]
    usual = program(START + '[[earn]]\nname = "x"\npoints = 50\n').earn[0].on_refund
    rate = program(START + '[[earn]]\nname = "x"\npoints_per_unit = 5\n').earn[0].on_refund
    assert (usual, rate) == ("all or nothing", "in proportion")


# -- redeeming -----------------------------------------------------------------------------


def test_what_a_coupon_is_worth_and_what_is_left() -> None:
    by = program(START)
    example = "1,250 points of customer 7 became a coupon of 12.50 EUR, for goods of 12.50 and more"

    assert quote(by, 1_340, 1_250) == Quote(1_250, 125_000, 125_000)
    assert f"{example}, through 2027-04-09; 90 are left" in PAGE
    assert quote(program(f"{START}points_worth_one = 1000"), 2_000, 1_255).points == 1_250
    assert "of 1,255 points at 1,000 for one, 1,250 are taken for 1.25" in PAGE


def test_the_table_of_orders_that_a_coupon_is_for() -> None:
    told = rows("`redeem_share` | `redeem_order_total` | 1,000 points are for goods of at least")

    assert len(told) == 4
    for share, total, said in told:
        by = program(f"{START}redeem_share = {share}\nredeem_order_total = {total}\n")
        assert quote(by, 1_000).least_order == round(float(said) * 100) * 100


# -- days ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "since", "last"), rows("`expiry` | can be spent from | last day"), ids=str
)
def test_the_table_of_expiry(written: str, since: str, last: str) -> None:
    policy = program(f"{START}expiry = {written}").expiry
    noon = datetime.datetime.fromisoformat(since).replace(hour=12, tzinfo=UTC)

    found = expires_at(policy, int(noon.timestamp()), UTC)

    if last == "none":
        assert found == NEVER
    else:
        day = datetime.datetime.fromtimestamp(found - 1, UTC)
        assert (day.date().isoformat(), day.hour, day.second) == (last, 23, 59)
