"""A program in rules files: what it says, what is left out, and problems that point into it."""

from __future__ import annotations

import datetime
import textwrap

import pytest

from sidecar.errors import Problem
from sidecar.rules.language.parser import parse
from sidecar.rules.language.source_file import read_source
from sidecar.rules.loyalty.expiry import FixedDates, Inactivity, Rolling
from sidecar.rules.loyalty.program import Cap, Goods, Program
from sidecar.rules.loyalty.program_file import ProgramReader, assembled_program
from sidecar.rules.syntax import Span


def _files(*texts: str) -> tuple[Program | None, list[Problem]]:
    readers = []
    for number, text in enumerate(texts, 1):
        source = read_source(f"{number}.toml", textwrap.dedent(text).encode())
        reader = ProgramReader(source)
        if "loyalty" in source.tables:
            reader.read_loyalty(source.tables["loyalty"])
        for index, table in enumerate(source.tables.get("tier", [])):
            reader.read_tier(table, ("tier", index))
        for index, table in enumerate(source.tables.get("earn", [])):
            reader.read_earn(table, ("earn", index))
        readers.append(reader)
    program, problems = assembled_program(readers)
    return program, [*(p for reader in readers for p in reader.problems), *problems]


def _program(*texts: str) -> Program:
    program, problems = _files(*texts)
    assert problems == []
    assert program is not None
    return program


def _shown(*texts: str) -> str:
    _, problems = _files(*texts)
    return "\n".join(str(problem) for problem in problems)


def test_what_is_left_out_is_the_example_program() -> None:
    program = _program("[loyalty]\nstart = 2027-01-01\n")

    assert program.start == datetime.date(2027, 1, 1)
    assert (program.per_unit, program.points_for_one) == (10_0000, 100)
    assert program.expiry == Rolling(Span(1, "year"))
    assert [(t.name, t.threshold, t.multiplier) for t in program.tiers] == [
        ("Bronze", 0, 10_000),
        ("Silver", 1_000_0000, 12_000),
        ("Gold", 5_000_0000, 15_000),
    ]
    assert (program.metric, program.window) == ("points earned", Span(12, "month"))


def test_a_whole_program_over_several_files() -> None:
    program = _program(
        """\
        [[tier]]
        name = "Gold"
        threshold = 500.5
        keep = 400
        multiplier = 1.5
        window = "lifetime"
        grace = "10 days"
        downgrade = "one step"
        benefits = { coffee = "free" }

        [[tier]]
        name = "Basic"
        threshold = 0
        """,
        """\
        [loyalty]
        start = "all"
        points_per_unit = 0.5
        points_worth_one = 20
        basis = "goods and tax"
        rounding = "half up"
        round_each = "line"
        statuses = ["Complete", "Shipped"]
        pending = "14 days"
        expiry = { on = ["12-31", "06-30"], grace = "2 months" }
        restored = "never"
        most_debt = 500
        stack = "multiply"
        most_multiplied = 4
        timezone = "Europe/Berlin"
        tier_metric = "net spend"
        tier_window = "lifetime"

        [[earn]]
        name = "double shoes"
        multiply = 2
        category = "Shoes"
        manufacturer = ["A", "B"]
        tier = "gold"
        from = 2027-01-01
        until = "2027-01-31"
        order_total = 49.99
        when = 'orders >= 3'
        """,
        """\
        [[earn]]
        name = "welcome"
        points = 50
        most_per_order = 1000
        most_per_month = 5000
        all = [ { fact = "orders", at_most = 1 } ]
        """,
    )

    assert (program.start, program.per_unit, program.points_for_one) == (None, 5_000, 20)
    assert (program.basis, program.rounding, program.round_each) == (
        "goods and tax",
        "half up",
        "line",
    )
    assert (program.statuses, program.pending) == (("Complete", "Shipped"), Span(14, "day"))
    assert program.expiry == FixedDates(((6, 30), (12, 31)), Span(2, "month"))
    assert (program.restored, program.most_debt) == (None, 500)
    assert (program.stack, program.most_multiplied) == ("multiply", 4_0000)
    assert (program.zone, program.metric, program.window) == (
        "Europe/Berlin",
        "net spend",
        "lifetime",
    )
    basic, gold = program.tiers
    assert (basic.name, basic.multiplier, basic.grace) == ("Basic", 10_000, Span(30, "day"))
    assert (gold.threshold, gold.multiplier, gold.window) == (500_5000, 15_000, "lifetime")
    assert (gold.keep, basic.keep) == (400_0000, None)
    assert (gold.grace, gold.downgrade, gold.benefits) == (
        Span(10, "day"),
        "one step",
        {"coffee": "free"},
    )
    assert (gold.file, gold.line) == ("1.toml", 1)
    double, welcome = program.earn
    assert double.goods == Goods(category=("Shoes",), manufacturer=("A", "B"))
    assert (double.multiply, double.tiers, double.least_total) == (2_0000, ("Gold",), 49_9900)
    assert (double.first, double.last) == (datetime.date(2027, 1, 1), datetime.date(2027, 1, 31))
    assert welcome.caps == (Cap(points=1000), Cap(points=5000, per="month"))
    assert (double.when, double.text) == (parse("orders >= 3"), "orders >= 3")
    assert (double.on_refund, welcome.on_refund) == ("in proportion", "all or nothing")
    assert (welcome.points, welcome.when) == (50, parse("orders <= 1"))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"6 months"', Rolling(Span(6, "month"))),
        ('"never"', None),
        ('{ after = "1 year", to_end_of = "quarter" }', Rolling(Span(1, "year"), "quarter")),
        ('{ inactivity = "1 year" }', Inactivity(Span(1, "year"))),
        (
            '{ inactivity = "90 days", renewed_by = "spend" }',
            Inactivity(Span(90, "day"), "spend"),
        ),
        ('{ on = "02-29" }', FixedDates(((2, 29),))),
    ],
)
def test_expiry_is_a_span_never_or_a_table(written: str, meant: object) -> None:
    assert _program(f'[loyalty]\nstart = "all"\nexpiry = {written}\n').expiry == meant


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("[loyalty]", "1.toml:1:1: has no start"),
        ("[loyalty]\nstart = 5", "1.toml:2:9: 'start' is a day or \"all\""),
        ("[loyalty]\nstart = 2027-01-01T00:00:00", "'start' is a day"),
        ('[loyalty]\nstart = "2027-02-30"', "'start' is a day"),
        ("points_per_units = 1", "no key 'points_per_units' here"),
        ('points_per_unit = "10"', "'points_per_unit' is a number"),
        ("points_per_unit = true", "'points_per_unit' is a number"),
        ("points_per_unit = -1", "'points_per_unit' is at least 0"),
        ("points_per_unit = 0.00001", "at most 4 places after the point"),
        ("points_per_unit = nan", "infinity and nan"),
        ("points_per_unit = 1e400", "digits before and after its point"),
        ("points_worth_one = 0", "a whole number of at least 1"),
        ("points_worth_one = 1.5", "a whole number of at least 1"),
        ("most_debt = 10000000000000", "digits before and after its point"),
        ('basis = "net"', '\'basis\' is "goods", "goods and tax" or "total"'),
        ("statuses = []", "'statuses' is empty"),
        ('statuses = ["Complete", "complete"]', "names something twice"),
        ("statuses = [5]", "a name is a text in quotes"),
        ('pending = "2 hours"', "counts in days or longer"),
        ('pending = "soon"', "needs a span in quotes"),
        ("most_multiplied = 0.5", "at least 1"),
        ('timezone = "Europe/Berlinn"', "there is no such time zone"),
        ('timezone = "../../etc/passwd"', "there is no such time zone"),
        ('tier_window = "for ever"', "needs a span in quotes"),
        ("expiry = 5", "'expiry' is a span"),
        ('expiry = { after = "1 year", on = "12-31" }', "'expiry' is a span"),
        ('expiry = { after = "1 year", to_end_of = "week" }', "'to_end_of' is"),
        ('expiry = { on = ["13-01"] }', "a fixed day is a month and a day"),
        ('expiry = { inactivity = "1 year", renewed_by = "login" }', "'renewed_by' is"),
    ],
)
def test_a_program_that_cannot_be_meant_is_refused(table: str, problem: str) -> None:
    text = table if table.startswith("[") else f'[loyalty]\nstart = "all"\n{table}\n'
    assert problem in _shown(text)


_LOYALTY = '[loyalty]\nstart = "all"\n'


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ('[[tier]]\nname = "A"', "has no threshold"),
        ("[[tier]]\nthreshold = 5", "has no name"),
        ('[[tier]]\nname = "A"\nthreshold = 5\nbenefits = "x"', "is a table of texts"),
        ('[[tier]]\nname = "A"\nthreshold = 5\ndowngrade = "now"', "'downgrade' is"),
        ('[[tier]]\nname = "A"\nthreshold = 5\nkeep = 6', "'keep' is at most the threshold"),
        (
            '[[tier]]\nname = "A"\nthreshold = 5\n[[tier]]\nname = "a"\nthreshold = 6',
            "the tier 'a' stands here again, first in 1.toml:3",
        ),
        (
            '[[tier]]\nname = "A"\nthreshold = 5\n[[tier]]\nname = "B"\nthreshold = 5.0',
            "the tier 'A' has this threshold too",
        ),
        ('[[earn]]\nname = "x"', "gives nothing"),
        ('[[earn]]\nname = "x"\npoints = 5\nmultiply = 2', "gives both points and multiply"),
        ('[[earn]]\nname = "＊"\npoints = 5', "1.toml:4:8: an earn rule cannot be called '＊'"),
        (
            '[[earn]]\nname = "x"\nmultiply = 2\nmost_per_day = 5',
            "1.toml:6:1: 'most_per_day' cannot stand beside 'multiply' ([loyalty] most_multiplied",
        ),
        (
            '[[earn]]\nname = "x"\nmultiply = 2\non_refund = "keep"',
            "1.toml:6:13: what is multiplied goes in proportion",
        ),
        (
            '[[earn]]\nname = "x"\npoints = 5\ncategory = ["A", 5]',
            "1.toml:6:18: a name is a text in quotes",
        ),
        ('[[earn]]\nname = "x"\npoints = 0', "a whole number of at least 1"),
        ('[[earn]]\nname = "x"\npoints = 5\nwhen = "orders >"', "1.toml:6:"),
        ('[[earn]]\nname = "x"\npoints = 5\nwhen = "orders > 1"\nall = []', "cannot stand beside"),
        (
            '[[earn]]\nname = "x"\npoints = 5\nfrom = 2027-02-01\nuntil = 2027-01-01',
            "'until' lies before 'from'",
        ),
        ('[[earn]]\nname = "x"\npoints = 5\ntier = "Golt"', "there is no tier 'Golt'"),
        (
            '[[earn]]\nname = "x"\npoints = 5\n[[earn]]\nname = "X"\npoints = 5',
            "the earn rule 'X' stands here again, first in 1.toml:3",
        ),
    ],
)
def test_tiers_and_earn_rules_that_cannot_be_meant_are_refused(table: str, problem: str) -> None:
    assert problem in _shown(_LOYALTY + table + "\n")


@pytest.mark.parametrize("multiply", ["0", "0.5", "1"])
def test_a_multiplier_that_the_largest_always_goes_before_is_a_warning(multiply: str) -> None:
    earn = f'[[earn]]\nname = "x"\nmultiply = {multiply}\n'

    program, (problem,) = _files(_LOYALTY + earn)

    assert program is not None
    assert (problem.severity, problem.line, problem.column) == ("warning", 5, 12)
    assert problem.message.startswith("changes nothing")
    assert _program(_LOYALTY + 'stack = "multiply"\n' + earn).earn
    lower = '[[tier]]\nname = "A"\nthreshold = 0\nmultiplier = 0\n'
    assert multiply == "0" or _program(_LOYALTY + lower + earn).earn


def test_without_the_loyalty_table_nothing_is_earned_and_what_would_be_is_an_error() -> None:
    assert _files("") == (None, [])
    assert "without [loyalty] nothing is earned" in _shown('[[earn]]\nname = "x"\npoints = 5\n')


def test_a_second_loyalty_table_is_an_error() -> None:
    assert "2.toml:1:1: [loyalty] stands here again, first in 1.toml:1" in _shown(
        _LOYALTY, _LOYALTY
    )
