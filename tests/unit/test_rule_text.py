"""A condition as text: parsed, printed, and parsed again."""

from __future__ import annotations

import datetime
import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.errors import RuleError
from sidecar.rules.catalogue import Catalogue
from sidecar.rules.language import limits
from sidecar.rules.language.parser import parse
from sidecar.rules.language.printer import print_expr
from sidecar.rules.language.words import RESERVED
from sidecar.rules.syntax import (
    And,
    Between,
    Compare,
    DateDay,
    DateSpan,
    Day,
    Expr,
    FactRef,
    Filter,
    Has,
    In,
    InSegment,
    ListRef,
    Missing,
    Not,
    Or,
    Position,
    Span,
    TextMatch,
)
from support.strategies import expressions, trees


def _yes(name: str) -> Compare:
    return Compare(FactRef(name), "=", True)


_JANUARY_31 = datetime.date(2026, 1, 31)
LAST_ORDER = FactRef("last_order")
A, B, C, D = (_yes(name) for name in "abcd")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("newsletter", _yes("newsletter")),
        ("newsletter = yes", _yes("newsletter")),
        ("newsletter = no", Compare(FactRef("newsletter"), "=", False)),
        ("total_spent > 5000", Compare(FactRef("total_spent"), ">", Decimal(5000))),
        ("credit <= -0.5", Compare(FactRef("credit"), "<=", Decimal("-0.5"))),
        ('city != "Köln"', Compare(FactRef("city"), "!=", "Köln")),
        ("order_span < 2 weeks", Compare(FactRef("order_span"), "<", Span(2, "week"))),
        ("orders between 2 and 5", Between(FactRef("orders"), Decimal(2), Decimal(5))),
        ('group in ("A", "B")', In(FactRef("group"), ("A", "B"))),
        ("email_domain not in @free_mail", In(FactRef("email_domain"), ListRef("free_mail"), True)),
        ('tags has "vip"', Has(FactRef("tags"), "any", ("vip",))),
        ('tags not has any of ("a", "b")', Has(FactRef("tags"), "any", ("a", "b"), True)),
        ('tags has all of ("a")', Has(FactRef("tags"), "all", ("a",))),
        ('in segment "x"', InSegment("x")),
        ('not in segment "x"', InSegment("x", True)),
        ('city contains "a"', TextMatch(FactRef("city"), "contains", "a")),
        ('city not contains "a"', TextMatch(FactRef("city"), "contains", "a", True)),
        ('city starts with "a"', TextMatch(FactRef("city"), "starts with", "a")),
        ('city ends with "a"', TextMatch(FactRef("city"), "ends with", "a")),
        ("last_order within 1 year", DateSpan(LAST_ORDER, "within", Span(1, "year"))),
        ("last_order older than 9 hours", DateSpan(LAST_ORDER, "older than", Span(9, "hour"))),
        ("birthday in next 7 days", DateSpan(FactRef("birthday"), "in next", Span(7, "day"))),
        ("last_order before 2026-01-31", DateDay(LAST_ORDER, "before", Day(_JANUARY_31))),
        ("last_order after yesterday", DateDay(LAST_ORDER, "after", Day("yesterday"))),
        ("last_login on today", DateDay(FactRef("last_login"), "on", Day("today"))),
        ("company is missing", Missing(FactRef("company"))),
        ("company is not missing", Missing(FactRef("company"), True)),
        (
            'orders(within = 1 year, status = "Complete", from = today, total >= 5) >= 3',
            Compare(
                FactRef(
                    "orders",
                    (
                        Filter("within", Span(1, "year")),
                        Filter("status", "Complete"),
                        Filter("from", Day("today")),
                        Filter("total", Decimal(5)),
                    ),
                ),
                ">=",
                Decimal(3),
            ),
        ),
        ("custom_größe_2 = 44", Compare(FactRef("custom_größe_2"), "=", Decimal(44))),
    ],
)  # fmt: skip
def test_each_form_of_a_comparison_has_its_node(text: str, tree: Expr) -> None:
    assert parse(text) == tree
    assert parse(print_expr(tree)) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a and b or c", Or((And((A, B)), C))),
        ("a or b and c", Or((A, And((B, C))))),
        ("not a and b", And((Not(A), B))),
        ("not (a and b)", Not(And((A, B)))),
        ("not not a", Not(Not(A))),
        ("a and (b or c)", And((A, Or((B, C))))),
        ("(((a)))", A),
    ],
)
def test_not_binds_tighter_than_and_which_binds_tighter_than_or(text: str, tree: Expr) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a and (b and c)", And((A, B, C))),
        ("((a and b) and c) and d", And((A, B, C, D))),
        ("(a or b) or (c or d)", Or((A, B, C, D))),
    ],
)
def test_and_never_stands_directly_in_and_nor_or_in_or(text: str, tree: Expr) -> None:
    assert parse(text) == tree


def test_not_before_a_segment_in_brackets_is_kept_apart_from_not_in_segment() -> None:
    assert parse('not (in segment "x")') == Not(InSegment("x"))
    assert parse('not not in segment "x"') == Not(InSegment("x", True))
    assert print_expr(Not(InSegment("x"))) == 'not (in segment "x")'


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("a and(b or c)", "a and (b or c)"),
        ("((a and b)) or c", "a and b or c"),
        ("x=1.500", "x = 1.5"),
        ("x = -0", "x = 0"),
        ("x >= 0100", "x >= 100"),
        ("x within 1 days", "x within 1 day"),
        ("x within 2day", "x within 2 days"),
        ("x = 'a'", 'x = "a"'),
        ("x = 'a\"b'", "x = 'a\"b'"),
        (r"""x = 'a"b\'c\\d'""", r"""x = "a\"b'c\\d" """.strip()),
        ("x\n  and\r\n\ty\u00a0and z", "x and y and z"),
        ("x in @Free_Mail", "x in @free_mail"),
        ('x has any of ("a")', 'x has "a"'),
    ],
)
def test_the_canonical_text_leaves_one_way_to_write_a_thing(text: str, canonical: str) -> None:
    assert print_expr(parse(text)) == canonical


def test_a_text_keeps_every_character_that_is_not_an_escape() -> None:
    tree = parse(r"""x = "it's \"so\" C:\\temp\\new" """)

    assert tree == Compare(FactRef("x"), "=", r"""it's "so" C:\temp\new""")


@given(trees())
def test_a_printed_tree_is_parsed_back_to_itself(tree: Expr) -> None:
    text = print_expr(tree)

    assert parse(text) == tree
    assert print_expr(parse(text)) == text


@given(expressions(Catalogue()))
def test_a_printed_condition_of_the_catalogue_is_parsed_back_to_itself(tree: Expr) -> None:
    assert parse(print_expr(tree)) == tree


@given(trees(), trees())
def test_different_trees_have_different_texts(one: Expr, other: Expr) -> None:
    assert (one == other) == (print_expr(one) == print_expr(other))


def test_a_node_knows_where_it_stands() -> None:
    tree = parse('a and\n  orders(within = 1 year) >= 3 or city in ("x")')

    assert isinstance(tree, Or)
    first, last = tree.items
    assert tree.at == Position(1, 1, 1)
    assert isinstance(first, And)
    compare = first.items[1]
    assert isinstance(compare, Compare)
    assert compare.at == Position(2, 3, len("orders(within = 1 year) >= 3"))
    assert compare.fact.at == Position(2, 3, len("orders(within = 1 year)"))
    assert compare.fact.filters[0].at == Position(2, 10, len("within = 1 year"))
    assert isinstance(last, In)
    assert last.at == Position(2, 35, len('city in ("x")'))


def test_no_fact_of_the_catalogue_is_called_like_a_word_of_the_language() -> None:
    assert not [fact.name for fact in Catalogue() if fact.name in RESERVED]


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_a_word_of_the_language_is_never_read_as_a_fact(word: str) -> None:
    with pytest.raises(RuleError):
        parse(f"{word} = 1")


def test_a_condition_of_200_characters_is_parsed_in_under_2_ms() -> None:
    text = (
        'email_domain is not missing and orders(within = 1 year, status = "Complete") >= 3 '
        'and (last_order older than 90 days or not in segment "x") and tags has any of ("a", "b")'
    )
    text += " " * (200 - len(text))
    parse(text)

    best = min(_time_to_parse(text) for _ in range(20))

    assert best < 0.002


def _time_to_parse(text: str) -> float:
    begun = time.perf_counter()
    parse(text)
    return time.perf_counter() - begun


@pytest.mark.parametrize(
    "text",
    [
        "(" * limits.MAX_BYTES,
        "(" * 4000 + "a",
        ")" * limits.MAX_BYTES,
        "(" * 4000 + "a" + ")" * 4000 + " and",
        "not " * 2048,
        "not " * 2040 + "a",
        "not(" * 1000 + "a" + ")" * 1000,
        "a and " * 1300 + "a",
        "(a and " * 1000 + "a" + ")" * 1000,
        "a or (b and " * 600 + "a" + ")" * 600,
        "a in (" + "1," * 4000 + "1)",
        '"' * limits.MAX_BYTES,
        'a = "' + "\\" * 8000,
        "a = " + "9" * 8000,
        "a within " + "9" * 8000 + " days",
        "a" * limits.MAX_BYTES + " b",
        "= " * 4000,
        "a" * 1_000_000,
        "\x00" * 8000,
        "\ud800",
        "x = \"\ud800\"",
    ],
    ids=lambda text: f"{text[:12]!a}…{len(text)}",
)  # fmt: skip
def test_hostile_text_is_refused_at_once(text: str) -> None:
    begun = time.process_time()  # not by the clock: the machine may be busy
    with pytest.raises(RuleError) as caught:
        parse(text)

    assert time.process_time() - begun < 1
    assert len(caught.value.problems) == 1
    assert len(str(caught.value)) < 20_000


def test_thousands_of_brackets_around_one_comparison_change_nothing() -> None:
    assert parse("(" * 4000 + "a" + ")" * 4000) == A


@st.composite
def _mutilated(draw: st.DrawFn) -> str:
    """The text of a condition with a piece cut out or put in."""
    text = print_expr(draw(trees(max_leaves=3)))
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(len(text), start + 6)))
    pieces = (
        "",
        " ",
        "(",
        ")",
        "not ",
        " and ",
        '"',
        "'",
        "\\",
        "\n",
        "=",
        "@",
        "-",
        "1",
        "é",
        "\x00",
    )
    return text[:start] + draw(st.sampled_from(pieces)) + text[end:]


@given(_mutilated())
@settings(max_examples=60)
def test_a_mutilated_condition_is_parsed_or_refused_and_nothing_else(text: str) -> None:
    try:
        tree = parse(text)
    except RuleError as error:
        (problem,) = error.problems
        assert problem.message
        assert 1 <= problem.line <= text.count("\n") + 1
        assert problem.column >= 1
    else:
        assert parse(print_expr(tree)) == tree
