"""A program as one text: what it says, and that it is read back as it was."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest
from hypothesis import given

from sidecar.errors import RuleError
from sidecar.rules.language.printer import print_expr
from sidecar.rules.language.structure import GROUP_KEYS
from sidecar.rules.loyalty.program import EarnRule, Goods, Program, Tier
from sidecar.rules.loyalty.program_file import EARN_KEYS, LOYALTY_KEYS, TIER_KEYS
from sidecar.rules.loyalty.program_printer import print_program, read_program
from sidecar.rules.syntax import Compare, FactRef
from support.programs import programs, wherever

A_PROGRAM = """\
[loyalty]
start = 2027-01-01
points_per_unit = 0.5
points_worth_one = 20
basis = "goods and tax"
rounding = "half up"
round_each = "line"
statuses = ["Complete", "Shipped"]
pending = "14 days"
expiry = { "on" = ["06-30", "12-31"], "grace" = "2 months" }
restored = "never"
most_debt = 500
stack = "multiply"
most_multiplied = 4
timezone = "Europe/Berlin"
tier_metric = "net spend"
tier_window = "lifetime"

[[tier]]
name = "Basic"
threshold = 0
multiplier = 1
grace = "30 days"
downgrade = "to reached"
benefits = {}

[[tier]]
name = "Gold"
threshold = 500.5
keep = 400.25
multiplier = 1.5
window = "1 year"
grace = "0 days"
downgrade = "one step"
benefits = { "coffee" = "free", "tea" = "\\"half\\" price" }

[[earn]]
name = "double shoes"
when = "orders >= 3 and country = \\"DE\\""
multiply = 2
category = ["Shoes"]
product = ["Boot", "Sandal"]
manufacturer = ["A"]
tier = ["Gold"]
from = 2027-01-01
until = 2027-01-31
order_total = 49.99
on_refund = "in proportion"

[[earn]]
name = "welcome"
points = 50
order_total = 0
most_per_order = 1000
most_per_day = 1001
most_per_week = 1002
most_per_month = 1003
most_per_year = 1004
on_refund = "all or nothing"

[[earn]]
name = "one more"
points_per_unit = 1
order_total = 0
on_refund = "keep"
"""


@given(programs())
def test_any_program_is_read_back_as_it_was(written: Program) -> None:
    text = print_program(written)

    read = read_program(text, "revision 1")

    assert wherever(read) == wherever(written)
    assert print_program(read) == text


# -- one program ---------------------------------------------------------------------------


def test_the_text_is_the_tables_of_a_rules_file_with_every_key_that_has_a_value() -> None:
    assert print_program(read_program(A_PROGRAM, "here")) == A_PROGRAM


def test_every_key_that_orders_depend_on_is_written() -> None:
    keys = {line.split(" = ")[0] for line in A_PROGRAM.splitlines() if " = " in line}

    no_order_depends_on = {key for key in LOYALTY_KEYS if key.startswith("redeem_")} | {"cards"}
    every = {*LOYALTY_KEYS, *TIER_KEYS, *EARN_KEYS} - set(GROUP_KEYS)
    assert keys == every - no_order_depends_on


def test_what_is_not_said_is_written_too() -> None:
    text = print_program(read_program('[loyalty]\nstart = "all"\n', "here"))

    assert text == textwrap.dedent(
        """\
        [loyalty]
        start = "all"
        points_per_unit = 10
        points_worth_one = 100
        basis = "goods"
        rounding = "down"
        round_each = "order"
        pending = "0 days"
        expiry = { "after" = "1 year" }
        restored = "14 days"
        stack = "largest"
        tier_metric = "points earned"
        tier_window = "12 months"

        [[tier]]
        name = "Bronze"
        threshold = 0
        multiplier = 1
        grace = "30 days"
        downgrade = "to reached"
        benefits = {}

        [[tier]]
        name = "Silver"
        threshold = 1000
        multiplier = 1.2
        grace = "30 days"
        downgrade = "to reached"
        benefits = {}

        [[tier]]
        name = "Gold"
        threshold = 5000
        multiplier = 1.5
        grace = "30 days"
        downgrade = "to reached"
        benefits = {}
        """
    )


def test_the_same_program_has_one_text_however_it_was_written() -> None:
    one = '[loyalty]\nstart = 2027-01-01\npoints_per_unit = 2.50\nexpiry = "1 year"\n'
    one += "[[earn]]\nname = 'x'\npoints = 5\nwhen = '(orders>=3)'\nproduct = 'Boot'\n"
    one += "[[tier]]\nname = 'A'\nthreshold = 1\nbenefits = { b = 'c', a = 'd' }\n"
    two = "[[tier]]\nbenefits = { a = 'd', b = 'c' }\nthreshold = 1.0\nname = 'A'\n\n\n"
    two += (
        "[loyalty]\nexpiry = { after = '1 years' }\npoints_per_unit = 2.5\nstart = '2027-01-01'\n"
    )
    two += "[[earn]]\nname = 'x'\nproduct = ['Boot']\npoints = 5\n"
    two += "all = [{ fact = 'orders', at_least = 3 }]\non_refund = 'all or nothing'\n"

    assert print_program(read_program(one, "1")) == print_program(read_program(two, "2"))


@pytest.mark.parametrize(
    "name",
    [
        'say "hi"',
        "l'été",
        "\\",
        "\\u0041",
        'x" # y',
        "'''",
        '"""',
        "[[earn]]",
        "= 5",
        "größe",
        "🎁 gift",
        "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}",
        "\u200b\u202e\ufeff",
    ],
)
def test_names_cannot_say_more_than_a_name(name: str) -> None:
    tier = Tier(name=name, threshold=0, benefits={name: f"{name}\n\x7f\t\x00"})
    when = Compare(FactRef("city"), "=", name)
    rule = EarnRule(
        name=name,
        points=5,
        when=when,
        text=print_expr(when),
        goods=Goods(product=(name,)),
        tiers=(name,),
        on_refund="keep",
    )
    written = Program(start=None, statuses=(name,), tiers=(tier,), earn=(rule,))

    assert wherever(read_program(print_program(written), "here")) == written


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda text: text.replace("stack =", "stacking ="), "revision 7:13:1: there is no key"),
        (lambda text: text.replace("[[earn]]", "[[bonus]]"), "there is no key 'bonus' here"),
        (lambda text: text.replace("orders >=", "commands >>"), "revision 7:"),
        (lambda text: text.replace('["Gold"]', '["Goldd"]'), "there is no tier 'Goldd'"),
        (lambda text: text[:40], "not TOML"),
        (lambda _: "", "has no start"),
    ],
)
def test_a_text_that_this_version_does_not_read_says_why(
    change: Callable[[str], str], problem: str
) -> None:
    with pytest.raises(RuleError) as raised:
        read_program(change(A_PROGRAM), "revision 7")

    assert problem in str(raised.value)
