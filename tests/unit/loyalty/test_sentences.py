"""A program as sentences for the shop's owner."""
# ruff: noqa: E501 (a sentence stands on one line, as it is read)

from __future__ import annotations

import pytest

from sidecar.rules.catalogue import Catalogue
from sidecar.rules.loyalty.program import Program
from sidecar.rules.loyalty.sentences import earn_sentence, program_sentence, tier_sentence
from sidecar.rules.ruleset import read_rules


def _program(text: str) -> Program:
    program = read_rules([("a.toml", f"[loyalty]\n{text}".encode())]).program
    assert program is not None
    return program


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "start = 2027-01-01",
            "An order from 1 January 2027 on earns 10 points for each currency unit of its goods; 100 points are worth 1 and expire after 1 year.",
        ),
        (
            'start = "all"\npoints_per_unit = 0.5\npoints_worth_one = 1000\nbasis = "total"\nexpiry = "never"',
            "An order earns 0.5 points for each currency unit of its total; 1,000 points are worth 1 and never expire.",
        ),
        (
            'start = "all"\npoints_per_unit = 1\npoints_worth_one = 1\nexpiry = "never"',
            "An order earns 1 point for each currency unit of its goods; points are worth 1 each and never expire.",
        ),
    ],
)
def test_a_program_says_what_orders_earn_and_what_it_is_worth(text: str, said: str) -> None:
    assert program_sentence(_program(text)) == said


@pytest.mark.parametrize(
    ("expiry", "said"),
    [
        ('{ after = "6 months", to_end_of = "half-year" }', "after 6 months, at the end of that half-year"),
        ('{ inactivity = "90 days" }', "after 90 days without activity"),
        ('{ on = ["12-31", "02-29"] }', "on 29 February and 31 December"),
        ('{ on = "06-30", grace = "2 months" }', "on 30 June, 2 months later"),
    ],
)  # fmt: skip
def test_every_expiry_has_its_words(expiry: str, said: str) -> None:
    program = _program(f'start = "all"\nexpiry = {expiry}')

    assert program_sentence(program).endswith(f"; 100 points are worth 1 and expire {said}.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "",
            "From 1,000 points earned within the last 12 months on: the points per unit times 1.2.",
        ),
        (
            'tier_metric = "net spend"\ntier_window = "lifetime"',
            "From 1,000 spent on: the points per unit times 1.2.",
        ),
    ],
)
def test_a_tier_says_from_when_on_and_what_it_gives(text: str, said: str) -> None:
    program = _program(f'start = "all"\n{text}')

    assert tier_sentence(program.tiers[1], program) == said


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("points = 1000", "1,000 points for an order."),
        ("points_per_unit = 0.25", "0.25 points more for each currency unit."),
        ("multiply = 0", "The points per unit times 0."),
        (
            'multiply = 2\ncategory = ["Shoes", "Hats"]\nmanufacturer = "Acme"',
            "The points per unit times 2, for goods of the categories “Shoes” or “Hats”, for goods of the manufacturer “Acme”.",
        ),
        (
            'points = 50\ntier = ["Gold", "Silver"]\norder_total = 49.99\nfrom = 2027-05-03\nuntil = 2027-05-09',
            "50 points for an order, for customers in the tiers “Gold” or “Silver”, for orders of at least 49.99, from 3 May 2027 on, until 9 May 2027.",
        ),
        (
            "points = 50\nmost_per_order = 40\nmost_per_month = 2000\nwhen = 'orders = 1'",
            "50 points for an order, at most 40 an order and 2,000 a month. Customers for whom the number of orders is 1.",
        ),
    ],
)
def test_an_earn_rule_says_what_for_what_and_for_whom(rule: str, said: str) -> None:
    program = _program(f'start = "all"\n[[earn]]\nname = "x"\n{rule}')

    assert earn_sentence(program.earn[0], Catalogue()) == said
