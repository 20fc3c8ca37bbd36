"""What a person reads when a condition is not in the language."""

from __future__ import annotations

import pytest

from sidecar.errors import RuleError
from sidecar.rules.language.parser import parse

_OPERATOR = "an operator such as =, >=, in, has, contains, within or is missing"


def _message(text: str) -> str:
    with pytest.raises(RuleError) as caught:
        parse(text)
    return str(caught.value)


def test_an_error_names_the_place_shows_the_line_and_underlines_the_word() -> None:
    assert _message("newsletter\n  and orders = Many") == (
        "expression:2:16: 'Many' cannot stand here; expected a value: a number, a text in quotes, "
        'yes or no (text stands in quotes: "Many")\n'
        "      and orders = Many\n"
        "                   ^^^^"
    )


def test_an_error_in_the_middle_of_a_file_points_into_the_file() -> None:
    with pytest.raises(RuleError) as caught:
        parse("a == 1", file="10-tags.toml", line_offset=3, column_offset=8)

    assert str(caught.value) == (
        "10-tags.toml:4:11: '==' is not an operator (did you mean '='?)\n"
        "            a == 1\n"
        "              ^^"
    )


def test_offsets_of_columns_hold_for_the_first_line_only() -> None:
    with pytest.raises(RuleError) as caught:
        parse("a and\nb == 1", file="10-tags.toml", line_offset=3, column_offset=8)

    (problem,) = caught.value.problems
    assert (problem.line, problem.column, problem.source) == (5, 3, "b == 1")


@pytest.mark.parametrize(
    ("text", "caret", "hint"),
    [
        ("a AND b", "  ^^^", "did you mean 'and'?"),
        ("a = 1 Or b", "      ^^", "did you mean 'or'?"),
        ("NOT a", "^^^", "did you mean 'not'?"),
        ("a NOT IN (1)", "  ^^^", "did you mean 'not'?"),
        ("a == 1", "  ^^", "did you mean '='?"),
        ("a <> 1", "  ^^", "did you mean '!='?"),
        ("a => 1", "  ^^", "did you mean '>='?"),
        ("a =< 1", "  ^^", "did you mean '<='?"),
        ("a ≠ 1", "  ^", "did you mean '!='?"),
        ("a ≥ 1", "  ^", "did you mean '>='?"),
        ("a && b", "  ^^", "did you mean 'and'?"),
        ("a || b", "  ^^", "did you mean 'or'?"),
        ("!a", "^", "did you mean 'not', or '!='?"),
        ("a = true", "    ^^^^", "did you mean 'yes'?"),
        ("a = False", "    ^^^^^", "did you mean 'no'?"),
        ("a = null", "    ^^^^", "did you mean 'is missing'?"),
        ('a is "x"', "     ^^^", "did you mean '='?"),
        ('a is not "x"', "         ^^^", "did you mean '!='?"),
        ('a like "x"', "  ^^^^", "did you mean 'contains'?"),
        ('a contians "x"', "  ^^^^^^^^", "did you mean 'contains'?"),
        ("a older then 1 day", "        ^^^^", "did you mean 'than'?"),
        ("a older than 1 day ago", "                   ^^^", "leave it out"),
        ("a > 1 and < 5", "          ^", "name the fact again after 'and'"),
        ("a within 90 dayz", "            ^^^^", "did you mean 'day'?"),
        ("a within 90", "         ^^", "e.g. 90 days, 1 year, 12 hours"),
        ("a within 1.5 days", "         ^^^^^^^^", "e.g. 90 days"),
        ('a within "1 day"', "         ^^^^^^^", "e.g. 90 days, 1 year, 12 hours"),
        ("a on 90 days", "     ^^^^^^^", "e.g. 2026-01-31, today, yesterday"),
        ("a on 2026-1-5", "     ^^^^^^^^", "days are written 2026-01-31"),
        ("a on 31.12.2026", "     ^^^^^^^^^^", "days are written 2026-01-31"),
        ("a on 12/31/2026", "     ^^^^^^^^^^", "days are written 2026-01-31"),
        ("a on 2026-02-29", "     ^^^^^^^^^^", "days are written 2026-01-31"),
        ("a > 2026-01-31", "    ^^^^^^^^^^", "dates are compared with before, after and on"),
        ("a = 1,000", "     ^", "numbers have no thousands separators, and a point"),
        ("a = .5", "    ^", "e.g. 0.5"),
        ("a = 1e5", "    ^^^", "write all its digits"),
        ("a = €5", "    ^", "amounts are in the store's base currency and have no sign"),
        ("a = 5%", "     ^", "write the number alone"),
        ("a > −5", "    ^", "write '-'"),
        ("a - b > 5", "  ^", "compare a fact with a value"),
        ("a = “x”", "    ^", "use straight quotes: \"…\" or '…'"),
        ('a = "x', "    ^", 'add " where it ends'),
        ("a = 'x and b", "    ^", "add ' where it ends"),
        (r'a = "x\n"', "      ^^", r"write two for one: \\"),
        ("tags has vip", "         ^^^", 'text stands in quotes: "vip"'),
        ("tags has 5", "         ^", 'put it in quotes: "5"'),
        ("(a and b", "^", "add ')'"),
        ("a and (b or (c)", "      ^", "add ')'"),
        ("a)", " ^", "remove it, or add '('"),
        ("a [1]", "  ^", "write '(' and ')'"),
        ("orders(withn = 1 day)", "       ^^^^^", "did you mean 'within'?"),
        ("a in @ b", "     ^", "e.g. @free_mail"),
        ("a # b", "  ^", "put it into the rules file, above the rule"),
        ("\u200ba", "^", "delete it"),
        ("", "", "e.g. orders >= 3"),
    ],
)
def test_a_known_mistake_is_underlined_and_has_a_way_out(text: str, caret: str, hint: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(text)

    (problem,) = caught.value.problems
    assert problem.hint == hint
    if caret:
        assert str(problem).splitlines()[1:] == [f"    {text}", f"    {caret}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the condition is empty"),
        (" \n ", "the condition is empty"),
        ("a and", "the condition ends where a comparison such as orders >= 3 is due"),
        ("a >", "the condition ends where a value: a number, a text in quotes, yes or no is due"),
        ("a between 1", "the condition ends where 'and' is due"),
        ("a between 1 or 2", "'or' cannot stand here; expected 'and'"),
        ("a 1", f"'1' cannot stand here; expected {_OPERATOR}"),
        ("a in 1", "'1' cannot stand here; expected '(', '@' with the name of a list or 'next'"),
        ("a in (1 2)", "'2' cannot stand here; expected ',' or ')'"),
        ("a = 1 2", "'2' cannot stand here; expected 'and', 'or' or the end of the condition"),
        ("a and and b", "'and' cannot stand here; expected a comparison such as orders >= 3"),
        ("a not = 1", "'=' cannot stand here; expected 'contains', 'has' or 'in'"),
        ("a()", "')' cannot stand here; expected a filter such as within = 1 year"),
        ("a(total = 5) > 1", "the filter 'total' takes '>=' only"),
        ("a(within >= 1 day) > 1", "the filter 'within' takes '=' only"),
        ("a(status = yes) > 1", "the filter 'status' does not take yes or no"),
        ("a = ;", "';' cannot stand here"),
        ("a = 1234567890123", "a number has at most 12 digits before and after its point"),
        ("a = 0.1234567890123", "a number has at most 12 digits before and after its point"),
        ("a within 201 years", "a span is at most 200 years"),
        ("a on 0001-01-01", "a day lies between the years 1900 and 2999"),
        ("a on 2026-13-01", "there is no day 2026-13-01"),
        ('a = "x\ty"', "a text cannot hold the control character U+0009"),
        ('a = "x\x00y"', "a text cannot hold the control character U+0000"),
        ('a = "x\x85y"', "a text cannot hold the control character U+0085"),
        ('a = "x\u2028y"', "a text cannot hold the control character U+2028"),
        ('a = "\ud800"', "a text cannot hold the control character U+D800"),
        ('a = "x\ny"', "this text is not closed"),
        ("a = 'x\\'", "this text is not closed"),
        ("a\x00", "there is an invisible character, U+0000"),
        ("a = 1 and " * 50 + "a", "a condition has at most 50 comparisons"),
        ("not " * 8 + "a", "a condition is nested at most 8 deep"),
        ("a in (" + "1," * 1000 + "1)", "more than 1,000 values"),
        ("é" * 4097, "a condition is at most 8 kB long"),
        ("a=1 or " * 1171, "a condition is at most 8 kB long"),
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_each_way_out_of_the_language_has_its_own_words(text: str, expected: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(text)

    (problem,) = caught.value.problems
    assert problem.message == expected


def test_what_is_as_large_as_the_limits_allow_is_accepted() -> None:
    parse("a and " * 49 + "a")
    parse("not " * 7 + "a")
    parse("a in (" + "1," * 999 + "1)")
    parse("a = " + "9" * 12 + "." + "9" * 12)
    parse("a within 200 years")
    text = 'a = "' + "é" * 4093 + '"'
    assert len(text.encode()) == 8192
    parse(text)


def test_a_condition_that_would_be_too_long_when_printed_is_refused() -> None:
    half = "a in(" + ",".join(["2day"] * 700) + ")"

    parse(half)
    with pytest.raises(RuleError, match="at most 8 kB"):
        parse(f"{half}or {half}")


def test_a_control_character_is_not_shown_as_it_is() -> None:
    message = _message('a = "x\x1b[2Jy"')

    assert "\x1b" not in message
    assert message.splitlines()[1:] == ['    a = "x\ufffd[2Jy"', "          ^"]


def test_a_very_long_line_is_not_shown() -> None:
    assert "\n" not in _message("a " * 2000)


def test_a_tab_before_the_mistake_is_kept_so_that_the_caret_stands_below_it() -> None:
    assert _message("\ta = $").splitlines()[1:] == ["    \ta = $", "    \t    ^"]
