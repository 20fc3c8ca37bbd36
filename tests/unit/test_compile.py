"""Compiled conditions against an interpreter that knows only the definition of the language."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import get_args
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.model import Moment, Names, NameTable
from sidecar.rules.catalogue import Kind
from sidecar.rules.columns import Column
from sidecar.rules.compile import Compiler
from sidecar.rules.compile_ruleset import Compiled
from sidecar.rules.evaluate import prepared
from sidecar.rules.language.parser import parse
from sidecar.rules.syntax import Compare, Expr, FactRef, In, Not, Span, Value
from support import samples
from support.interpreter import Customer, World, holds
from support.strategies import expressions

ZONES = ("UTC", "Europe/Kyiv", "America/Sao_Paulo", "Asia/Beirut", "Australia/Lord_Howe")
KYIV = World(datetime.datetime(2026, 3, 31, 9, 30, tzinfo=datetime.UTC), ZoneInfo("Europe/Kyiv"))

conditions = expressions(
    samples.CATALOGUE,
    names=samples.NAMES,
    lists=list(samples.LISTS),
    segments=samples.SEGMENTS,
)
moments = st.datetimes(
    datetime.datetime(1999, 1, 1), datetime.datetime(2035, 1, 1), timezones=st.just(datetime.UTC)
).map(lambda at: at.replace(microsecond=0))
worlds = st.builds(World, moments, st.sampled_from(ZONES).map(ZoneInfo), st.just(samples.LISTS))


def compiled_over(
    compiler: Compiler, expression: pl.Expr, frame: pl.DataFrame, world: World
) -> list[bool | None]:
    """What a compiled *expression* says of each row."""
    needed = Compiled(
        columns=tuple(compiler.columns.values()),
        boundaries=tuple(compiler.boundaries.values()),
        folded=tuple(sorted(compiler.folded)),
    )
    ready = prepared(frame, needed, Moment(world.now, world.zone))
    return ready.select(holds=expression)["holds"].to_list()


def said_of(expr: Expr, people: Sequence[samples.Person], world: World) -> list[bool | None]:
    """What *expr*, compiled, says of each of *people*."""
    compiler = samples.compiler()
    expression = compiler.condition(expr)
    frame = samples.frame(people, compiler.columns.values())
    return compiled_over(compiler, expression, frame, world)


def meant_of(expr: Expr, people: Sequence[samples.Person], world: World) -> list[bool]:
    return [holds(expr, Customer(person.fact, person.segments), world) for person in people]


def over(text: str, world: World = KYIV, /, **column: Sequence[object]) -> list[bool | None]:
    """What the condition *text* says of the values of one column, as the loader stores them."""
    compiler = samples.compiler()
    expression = compiler.condition(parse(text))
    frame = pl.DataFrame(column)
    return compiled_over(compiler, expression, frame, world)


# -- the definition ----------------------------------------------------------------------


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(conditions, worlds, st.integers(0, 2**32))
def test_a_compiled_condition_says_of_everybody_what_its_definition_says(
    expr: Expr, world: World, seed: int
) -> None:
    people = samples.people(expr, world, seed, 40)

    assert said_of(expr, people, world) == meant_of(expr, people, world)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(conditions, worlds, st.integers(0, 2**32))
def test_not_is_the_exact_complement_also_where_values_are_missing(
    expr: Expr, world: World, seed: int
) -> None:
    people = samples.people(expr, world, seed, 40)

    said, denied = said_of(expr, people, world), said_of(Not(expr), people, world)

    assert None not in said
    assert denied == [not holds for holds in said]


#: One kind of facts at a time, so that each gets its share of examples.
KINDS = {
    kind: expressions(
        samples.CATALOGUE,
        names=samples.NAMES,
        lists=list(samples.LISTS),
        facts=[fact.name for fact in samples.CATALOGUE if fact.kind == kind],
        max_leaves=3,
    )
    for kind in get_args(Kind)
}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), worlds, worlds, st.integers(0, 2**32))
def test_a_condition_compiled_once_is_right_at_every_moment(
    kind: str, data: st.DataObject, first: World, second: World, seed: int
) -> None:
    expr = data.draw(KINDS[kind])
    compiler = samples.compiler()
    expression = compiler.condition(expr)
    for world in (first, second):
        people = samples.people(expr, world, seed, 30)
        frame = samples.frame(people, compiler.columns.values())

        assert compiled_over(compiler, expression, frame, world) == meant_of(expr, people, world)


# -- numbers -----------------------------------------------------------------------------


@pytest.mark.parametrize("fact", ["orders", "average_rating", "total_spent"])
@pytest.mark.parametrize("operator", ["=", "!=", ">", ">=", "<", "<="])
def test_a_limit_between_two_values_is_neither_rounded_up_nor_down(
    fact: str, operator: str
) -> None:
    scale = {"orders": 1, "average_rating": 100, "total_spent": 10_000}[fact]
    limit = Decimal(3) + Decimal(1) / (2 * scale)
    stored = [3 * scale - 1, 3 * scale, 3 * scale + 1, None]

    said = over(f"{fact} {operator} {limit}", **{fact: stored})

    below = {"=": False, "!=": True, ">": False, ">=": False, "<": True, "<=": True}[operator]
    above = {"=": False, "!=": True, ">": True, ">=": True, "<": False, "<=": False}[operator]
    assert said == [below, below, above, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("total_spent >= 10", [False, True, True, False]),
        ("total_spent > 10", [False, False, True, False]),
        ("total_spent = 10", [False, True, False, False]),
        ("total_spent != 10", [True, False, True, False]),
        ("total_spent <= 10", [True, True, False, False]),
        ("total_spent < 10", [True, False, False, False]),
        ("total_spent between 10 and 10", [False, True, False, False]),
        ("total_spent between 9.9999 and 10.0001", [True, True, True, False]),
        ("total_spent between 11 and 9", [False, False, False, False]),
        ("total_spent in (10, 9.9999, 5)", [True, True, False, False]),
        ("total_spent not in (10, 9.9999)", [False, False, True, False]),
    ],
)
def test_money_is_compared_to_the_fourth_decimal(text: str, expected: list[bool]) -> None:
    assert over(text, total_spent=[99_999, 100_000, 100_001, None]) == expected


@pytest.mark.parametrize("fact", ["orders", "total_spent", "average_rating"])
def test_limits_far_beyond_64_bits_are_still_limits(fact: str) -> None:
    # The largest sums that are ever stored.
    values = [-92 * 10**17, 0, 92 * 10**17, None]
    huge = Decimal(10) ** 30

    def said(op: str, limit: Decimal) -> list[bool | None]:
        compiler = samples.compiler()
        expression = compiler.condition(Compare(FactRef(fact), op, limit))  # type: ignore[arg-type]
        frame = pl.DataFrame({fact: values})
        return compiled_over(compiler, expression, frame, KYIV)

    nobody, known = [False] * 4, [True, True, True, False]
    assert said(">", huge) == said(">=", huge) == said("=", huge) == nobody
    assert said("<", -huge) == said("<=", -huge) == said("=", -huge) == nobody
    assert said("<", huge) == said("<=", huge) == said("!=", huge) == known
    assert said(">", -huge) == said(">=", -huge) == said("!=", -huge) == known


@pytest.mark.parametrize("values", [(Decimal("1.5"),), (Decimal(10) ** 30,)])
def test_what_no_stored_value_can_be_is_in_no_list(values: tuple[Value, ...]) -> None:
    for negated, expected in ((False, [False, False]), (True, [True, False])):
        compiler = samples.compiler()
        expression = compiler.condition(In(FactRef("orders"), values, negated))
        frame = pl.DataFrame({"orders": [1, None]})

        assert compiled_over(compiler, expression, frame, KYIV) == expected


def test_days_are_compared_with_days_and_weeks() -> None:
    said = over("order_span >= 2 weeks", order_span=[13, 14, None])

    assert said == [False, True, False]
    assert over("order_span between 13 days and 2 weeks", order_span=[12, 13, 14, 15]) == [
        False,
        True,
        True,
        False,
    ]
    assert over("order_span in (1 week, 20)", order_span=[7, 20, 21]) == [True, True, False]


# -- texts and names -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('first_name = "vip"', [True, True, True, False, False, False]),
        ('first_name = "ＶＩＰ"', [True, True, True, False, False, False]),
        ('first_name != "VIP"', [False, False, False, True, True, False]),
        ('first_name in ("x", "vIp")', [True, True, True, False, False, False]),
        ('first_name not in ("x", "vIp")', [False, False, False, True, True, False]),
        ('first_name contains "I"', [True, True, True, True, False, False]),
        ('first_name not contains "I"', [False, False, False, False, True, False]),
        ('first_name starts with "V"', [True, True, True, True, False, False]),
        ('first_name ends with "ｐ"', [True, True, True, False, False, False]),
        ('first_name contains ""', [True, True, True, True, True, False]),
        ("first_name is missing", [False, False, False, False, False, True]),
        ("first_name is not missing", [True, True, True, True, True, False]),
    ],
)
def test_texts_are_compared_without_case_and_compatibility_forms(
    text: str, expected: list[bool]
) -> None:
    assert over(text, first_name=["VIP", "vip", "ｖＩＰ", "vip ", "%", None]) == expected


@pytest.mark.parametrize("literal", ["%", "_", ".", "a|b", "[a]", "(", "\\\\d", "^", "$"])
def test_no_character_of_a_text_is_a_pattern(literal: str) -> None:
    plain = literal.replace("\\\\", "\\")
    values = [f"<{plain}>", "anything 5", "ab"]

    assert over(f"first_name contains '{literal}'", first_name=values) == [True, False, False]


def test_a_choice_is_compared_by_the_id_behind_its_name() -> None:
    stored = [2, 1, 30, None]

    assert over('group = "wholesale"', group=stored) == [True, False, False, False]
    assert over('group = "#30"', group=stored) == [False, False, True, False]
    assert over('group != "Wholesale"', group=stored) == [False, True, True, False]
    assert over('group in ("GRÖSSE", "größe", "Default")', group=stored) == [
        False,
        True,
        True,
        False,
    ]
    assert over('group not in ("Default")', group=stored) == [True, False, True, False]


def test_a_choice_may_be_one_of_a_named_list() -> None:
    compiler = Compiler(
        samples.CATALOGUE,
        samples.NAMES,
        {"best": ["default", "größe"]},
        lambda _: pl.lit(False),
        lambda _: pl.lit(False),
    )
    expression = compiler.condition(parse("group in @best"))

    said = compiled_over(compiler, expression, pl.DataFrame({"group": [1, 2, 30, None]}), KYIV)

    assert said == [True, False, True, False]


def test_a_name_that_several_have_means_each_of_them() -> None:
    table = NameTable()
    for identifier in (7, 8):
        table.add(identifier, "Sale")
    compiler = Compiler(
        samples.CATALOGUE,
        Names({"category": table}),
        {},
        lambda _: pl.lit(False),
        lambda _: pl.lit(False),
    )
    compiler.condition(parse('categories has "sale"'))

    assert list(compiler.columns.values()) == [Column("categories", (), frozenset({7, 8}))]


# -- sets ----------------------------------------------------------------------------------


def columns_of(text: str) -> list[Column]:
    compiler = samples.compiler()
    compiler.condition(parse(text))
    return list(compiler.columns.values())


def test_a_set_is_asked_for_its_members_and_never_as_a_whole() -> None:
    assert columns_of('categories has any of ("Mac", "vip")') == [
        Column("categories", (), frozenset({21, 300}))
    ]
    assert columns_of('categories has all of ("Mac", "vip")') == [
        Column("categories", (), frozenset({21})),
        Column("categories", (), frozenset({300})),
    ]
    assert columns_of("categories is missing") == [Column("categories", (), frozenset())]
    assert columns_of('custom_hobbies has "FISHING"') == [
        Column("custom_hobbies", (), frozenset({"fishing"}))
    ]


def test_a_member_that_nobody_knows_is_no_question_whether_the_set_is_empty() -> None:
    assert columns_of('categories has "No such category"') == []


def test_filters_that_mean_the_same_share_a_column() -> None:
    columns = columns_of(
        'orders(within = 1 year, status = "Complete") >= 3 or orders(status = "#5", within = '
        '1 year) = 1 or orders(status = "complete", within = 1 year) = 2'
    )

    assert columns == [Column("orders", (("status", frozenset({5})), ("within", Span(1, "year"))))]


def test_filters_that_differ_have_columns_of_their_own() -> None:
    texts = [
        *("orders >= 1", "orders(within = 1 year) >= 1", "orders(within = 12 months) >= 1"),
        *("orders(from = 2026-01-12) >= 1", "orders(until = 2026-01-12) >= 1"),
        *("orders(from = today) >= 1", "orders(total >= 1) >= 1", "orders(total >= 2) >= 1"),
        *('orders(status = "Complete") >= 1', 'orders(store = "Outlet") >= 1'),
        *("total_spent >= 1", "total_spent(total >= 1) >= 1", 'categories has "Mac"'),
        *("categories is missing", 'categories has any of ("Mac", "Desktops")'),
    ]
    keys = {column.key for text in texts for column in columns_of(text)}

    assert len(keys) == len(texts)


def test_the_ids_of_several_names_do_not_run_together() -> None:
    one = Column("orders", (("status", frozenset({1, 112})),))
    other = Column("orders", (("status", frozenset({11, 12})),))

    assert one.key != other.key


def test_a_filter_by_total_keeps_what_costs_at_least_so_much() -> None:
    # Between two ten-thousandths the next one up is the first that is enough.
    filters = {
        text: columns_of(f"orders(total >= {text}) >= 1")[0].filters[0][1]
        for text in ("10", "0.0001", "0.00005", "0.00015", "-0.00005")
    }

    assert filters == {"10": 100_000, "0.0001": 1, "0.00005": 1, "0.00015": 2, "-0.00005": 0}


# -- dates ---------------------------------------------------------------------------------


def epoch(text: str) -> int:
    return int(datetime.datetime.fromisoformat(text).timestamp())


def test_windows_are_counted_in_days_of_the_store_and_end_now() -> None:
    # Now is 31 March 2026, 12:30 in Kyiv.
    edges = [
        epoch("2026-03-29T23:59:59+03:00"),
        epoch("2026-03-30T00:00:00+03:00"),
        epoch("2026-03-31T12:30:00+03:00"),
        epoch("2026-03-31T12:30:01+03:00"),
        None,
    ]

    assert over("last_order within 1 day", last_order=edges) == [False, True, True, False, False]
    assert over("last_order older than 1 day", last_order=edges) == [
        True,
        False,
        False,
        False,
        False,
    ]
    assert over("last_order in next 0 days", last_order=edges) == [False, False, True, True, False]
    assert over("last_order within 36 hours", last_order=edges) == [
        False,
        False,
        True,
        False,
        False,
    ]


def test_a_column_is_asked_for_once_however_often_it_is_compared() -> None:
    compiler = samples.compiler()
    for text in ("last_order within 1 day", "last_order within 2 days", "orders between 1 and 2"):
        compiler.condition(parse(text))

    assert [column.key for column in compiler.columns.values()] == ["last_order", "orders"]
    assert len(compiler.boundaries) == 3
