"""Whether a condition makes sense, and what a person reads when it does not."""
# ruff: noqa: E501 (messages stand on one line, as they are read)

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from sidecar.errors import Problem
from sidecar.model import Names, NameTable
from sidecar.rules.catalogue import OPERATORS, Catalogue, Fact
from sidecar.rules.language.check import check
from sidecar.rules.language.parser import parse
from sidecar.rules.language.printer import print_expr
from sidecar.rules.language.words import operator_of
from sidecar.rules.syntax import Expr, InSegment
from support.strategies import expressions

CATALOGUE = Catalogue(
    [
        Fact(
            name="custom_size",
            label="Shoe size",
            kind="number",
            area="custom fields",
            source="",
            missing="empty",
        )
    ]
)
LISTS = {
    "free_mail": frozenset({"gmail.com"}),
    "own": frozenset({"wholesale"}),
    "ours": frozenset({"wholesale", "walk-ins"}),
}
PAID = frozenset({2, 5})


def _table(*names: tuple[int, str]) -> NameTable:
    table = NameTable()
    for identifier, name in names:
        table.add(identifier, name)
    return table


NAMES = Names(
    {
        "group": _table((1, "Default"), (2, "Wholesale")),
        "status": _table((1, "Pending"), (2, "Processing"), (5, "Complete")),
        "return status": _table((1, "Awaiting"), (2, "Done")),
        "store": _table((0, "Main store")),
        "category": _table((20, "Shoes"), (21, "Shirts"), (33, "Shoes")),
        "product": _table((42, "Boots")),
        "manufacturer": _table((7, "Acme")),
        "tag": _table((1, "vip")),
    }
)


def _problems(text: str, names: Names = NAMES) -> list[Problem]:
    return check(
        parse(text),
        CATALOGUE,
        names,
        LISTS,
        ["Sleeping regulars"],
        file="expression",
        source=text,
        tags=["lapsing"],
        paid_statuses=PAID,
    )


@pytest.mark.parametrize(
    "text",
    [
        "newsletter and status = no and newsletter != yes",
        "orders between 1.5 and 2.5 and orders >= 2.5 and orders != 2 and orders in (1, 2) and orders between 1 and 1",
        "average_rating = 4.25 and total_spent > 5000.1234 and credit not in (1, 2.5)",
        "order_span > 2 weeks and average_gap between 10 and 30 days",
        'email = "a@b.example" and email_domain not in @free_mail and city not in ("Köln")',
        'city contains "a" and city starts with "b" and city ends with "c"',
        'group = "wholesale" and group not in ("DEFAULT", "#2") and group in @own',
        'rfm_group in ("champions", "At Risk") and last_order_status = "complete"',
        "last_order within 5 minutes and registered older than 1 year and cart_added on today",
        "expected_order in next 7 days and first_order before 2026-01-01",
        "birthday in next 1 month and birthday on 2000-02-29 and birthday is not missing",
        'tags has "vip" and tags has any of ("Lapsing", "VIP") and tags is missing',
        'products has all of ("boots") and categories not has "#33" and manufacturers has "acme"',
        'in segment "sleeping REGULARS" and not in segment "Sleeping regulars"',
        'orders(within = 1 year, status = "Complete", store = "main store", total >= 5.5) > 1',
        'bought(category = "#20", product = "Boots", manufacturer = "Acme") > 1',
        "orders(from = 2025-01-01, until = today) > 1",
        'returns(status = "done") >= 1 and reviews(product = "Boots", within = 2 months) >= 1',
        "custom_size = 44 and custom_size is missing",
        'country = "DE" and country in ("at", "CH")',
        "company is missing and tier is not missing",
    ],
)
def test_what_makes_sense_has_no_problems(text: str) -> None:
    assert _problems(text) == []


def _cases(text: str) -> list[tuple[str, str]]:
    """Conditions, each with the line below it that says what is wrong."""
    lines = [line.strip() for line in text.strip().splitlines()]
    return list(zip(lines[::2], lines[1::2], strict=True))


def _words(problem: Problem) -> str:
    return f"{problem.message} ({problem.hint})" if problem.hint else problem.message


_ERRORS = """
ordrs >= 3
    there is no fact 'ordrs' (did you mean 'orders'?)
Total_Spent > 3
    there is no fact 'Total_Spent' (did you mean 'total_spent'?)
zzz > 3
    there is no fact 'zzz' ('sidecar facts' lists them)
orders
    'orders' is a number, not yes or no (e.g. orders >= 1)
not last_order
    'last_order' is a date, not yes or no (e.g. last_order within 90 days)
last_order > 90 days
    '>' does not work on 'last_order', which is a date (it takes within, older than, in next, before, after, on and is missing)
orders contains "3"
    'contains' does not work on 'orders', which is a number (it takes =, !=, >, >=, <, <=, between, in and is missing)
orders within 3 days
    'within' does not work on 'orders', which is a number (it takes =, !=, >, >=, <, <=, between, in and is missing)
tags = "vip"
    '=' does not work on 'tags', which is a set of names (it takes has, has any of, has all of and is missing)
city > "A"
    '>' does not work on 'city', which is a text (it takes =, !=, in, contains, starts with, ends with and is missing)
city has "A"
    'has' does not work on 'city', which is a text (it takes =, !=, in, contains, starts with, ends with and is missing)
group contains "A"
    'contains' does not work on 'group', which is one of several names (it takes =, !=, in and is missing)
newsletter > 1
    '>' does not work on 'newsletter', which is yes or no (it takes =, != and is missing)
birthday within 7 days
    'within' does not work on 'birthday', which is a birthday (it takes in next, on and is missing)
orders = "3"
    'orders' is compared with a number, not with "3" (leave out the quotes)
orders in (1, yes)
    'orders' is compared with a number, not with yes
city = 5
    'city' is compared with a text in quotes, not with 5
group = 5
    'group' is compared with a name in quotes, not with 5
newsletter = 1
    'newsletter' is compared with yes or no, not with 1
total_spent > 5 days
    'total_spent' is compared with an amount, not with 5 days
order_span > "x"
    'order_span' is compared with a number of days, or days or weeks, not with "x"
order_span > 2 hours
    'order_span' counts whole days (write days or weeks)
order_span > 1 year
    'order_span' counts days, and years differ in length (write days or weeks, e.g. 365 days)
total_spent > 1.23456
    'total_spent' has 4 decimal places, 1.23456 has more (round it)
total_spent between 1 and 1.23456
    'total_spent' has 4 decimal places, 1.23456 has more (round it)
birthday in next 7 hours
    'birthday' is a whole day (write days, weeks or months)
group = "Wholesal"
    there is no customer group 'Wholesal' (did you mean 'Wholesale'?)
group in ("Default", "Retail")
    there is no customer group 'Retail'
group = "#9"
    there is no customer group '#9'
group in @ours
    there is no customer group 'walk-ins'
last_order_status = "Done"
    there is no order status 'Done'
rfm_group = "champion"
    'rfm_group' is never 'champion' (did you mean 'champions'?)
categories has "Shoes"
    2 categories are called 'Shoes' (say which: "#20" or "#33")
products has any of ("Boots", "Bots")
    there is no product 'Bots' (did you mean 'Boots'?)
in segment "Sleeping regular"
    there is no segment 'Sleeping regular' (did you mean 'Sleeping regulars'?)
email_domain in @fre_mail
    there is no list '@fre_mail' (did you mean '@free_mail'?)
orders in @free_mail
    a list holds texts, and 'orders' is a number
city(within = 1 day) is missing
    'city' takes no filters (remove the brackets)
reviews(store = "Main store") > 1
    'reviews' does not take the filter 'store' (it takes within, from, until and product)
orders(within = 1 day, within = 2 days) > 1
    the filter 'within' stands here twice
orders(within = "1 day") > 1
    the filter 'within' needs a span such as 90 days, not "1 day"
orders(from = 90 days) > 1
    the filter 'from' needs a day such as 2026-01-31, not 90 days
orders(status = 5) > 1
    the filter 'status' needs a name in quotes, not 5
orders(total >= 1 day) > 1
    the filter 'total' needs an amount, not 1 day
orders(total >= 0.00001) > 1
    an amount has 4 decimal places (round it)
orders(status = "Complet") > 1
    there is no order status 'Complet' (did you mean 'Complete'?)
returns(status = "Complete") > 1
    there is no return status 'Complete'
bought(category = "Shoes") > 1
    2 categories are called 'Shoes' (say which: "#20" or "#33")
"""


@pytest.mark.parametrize(("text", "expected"), _cases(_ERRORS))
def test_what_makes_no_sense_is_an_error_with_a_way_out(text: str, expected: str) -> None:
    (problem,) = _problems(text)

    assert problem.severity == "error"
    assert _words(problem) == expected


_WARNINGS = """
orders between 5 and 2
    the first value is greater than the second, so this is never true (swap them)
order_span between 2 weeks and 13
    the first value is greater than the second, so this is never true (swap them)
orders = 1.5
    'orders' is never exactly 1.5 (compare with >= or <=)
average_rating in (4.125)
    'average_rating' is never exactly 4.125 (compare with >= or <=)
company = ""
    an empty text counts as missing (write 'company is missing')
company contains ""
    every text holds the empty text, so this is always true
country = "Germany"
    'country' holds codes of two letters, not "Germany" (e.g. "DE")
orders is missing
    'orders' always has a value, so this is never true
orders is not missing
    'orders' always has a value, so this is always true
tags has "vop"
    there is no tag 'vop' yet (did you mean 'vip'?)
orders(status = "Pending") > 1
    no order counts here: 'Pending' is not among the paid statuses (unpaid_orders and unfinished_orders count others)
orders(from = 2026-02-01, until = 2026-01-31) > 1
    'until' lies before 'from', so nothing counts here (swap them)
orders(from = today, until = yesterday) > 1
    'until' lies before 'from', so nothing counts here (swap them)
"""


@pytest.mark.parametrize(("text", "expected"), _cases(_WARNINGS))
def test_what_is_hardly_meant_is_a_warning(text: str, expected: str) -> None:
    (problem,) = _problems(text)

    assert problem.severity == "warning"
    assert _words(problem) == expected


def test_every_problem_is_reported_in_the_order_of_the_text() -> None:
    text = 'ordrs > 1 and (city = 5 or not orders(within = 1 year, store = "X") = "y")\nand zzz'

    found = [(problem.line, problem.column, problem.length) for problem in _problems(text)]

    assert found == [(1, 1, 5), (1, 16, 8), (1, 56, 11), (1, 32, 42), (2, 5, 3)]


def test_a_problem_shows_its_line_and_underlines_its_part() -> None:
    (problem,) = _problems("newsletter\n\tand total_spend > 5")

    assert str(problem) == (
        "expression:2:6: there is no fact 'total_spend' (did you mean 'total_spent'?)\n"
        "    \tand total_spend > 5\n"
        "    \t    ^^^^^^^^^^^"
    )


@pytest.mark.parametrize(
    "text",
    [
        'group = "Nobody"',
        'orders(status = "Nothing", category = "None") > 1',
        'tags has "unheard of"',
        'products has "Nothing"',
    ],
)
def test_names_are_not_checked_without_a_database(text: str) -> None:
    assert _problems(text, Names()) == []


def test_segments_are_not_checked_where_they_are_not_known() -> None:
    assert check(InSegment("x"), CATALOGUE, NAMES, {}, None, file="", source="") == []
    assert check(InSegment("x"), CATALOGUE, NAMES, {}, [], file="", source="")


def test_without_paid_statuses_any_status_may_be_asked_for() -> None:
    text = 'orders(status = "Pending") > 1'

    assert check(parse(text), CATALOGUE, NAMES, {}, [], file="", source=text) == []


def test_a_name_in_another_language_is_accepted_when_it_means_one_thing() -> None:
    table = _table((5, "Complete"))
    table.add(5, "Vollständig", preferred=False)
    text = 'last_order_status = "vollständig"'

    assert _problems(text, Names({"status": table})) == []


_FORMS = {
    "=": "{} = {}",
    "!=": "{} != {}",
    ">": "{} > {}",
    ">=": "{} >= {}",
    "<": "{} < {}",
    "<=": "{} <= {}",
    "between": "{} between {} and {}",
    "in": "{} in ({})",
    "contains": '{} contains "a"',
    "starts with": '{} starts with "a"',
    "ends with": '{} ends with "a"',
    "has": '{} has "a"',
    "has any of": '{} has any of ("a", "b")',
    "has all of": '{} has all of ("a")',
    "within": "{} within 1 day",
    "older than": "{} older than 1 day",
    "in next": "{} in next 1 day",
    "before": "{} before today",
    "after": "{} after today",
    "on": "{} on today",
    "is missing": "{} is missing",
}
_FACTS = {
    "yesno": ("newsletter", "no"),
    "number": ("orders", "1"),
    "decimal": ("average_rating", "1"),
    "money": ("average_order", "1"),
    "text": ("company", '"a"'),
    "choice": ("group", '"Default"'),
    "date": ("last_order", "1"),
    "birthday": ("birthday", "1"),
    "set": ("tags", "1"),
}


def test_each_kind_takes_the_operators_of_the_catalogue_and_no_others() -> None:
    assert _FACTS.keys() == OPERATORS.keys()
    assert {operator for takes in OPERATORS.values() for operator in takes} <= _FORMS.keys()

    for kind, takes in OPERATORS.items():
        for operator, form in _FORMS.items():
            fact, value = _FACTS[kind]
            expr = parse(form.format(fact, value, value))
            assert not isinstance(expr, InSegment)
            problems = check(expr, CATALOGUE, Names(), LISTS, [], file="", source="")
            errors = [problem for problem in problems if problem.severity == "error"]
            assert operator_of(expr) == operator  # type: ignore[arg-type]
            assert bool(errors) == (operator not in takes), (fact, operator)


@given(expressions(CATALOGUE, names=NAMES, lists=["free_mail"], segments=["Sleeping regulars"]))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_the_conditions_of_the_property_tests_make_sense(expr: Expr) -> None:
    source = print_expr(expr)
    problems = check(
        expr, CATALOGUE, NAMES, LISTS, ["Sleeping regulars"], file="expression", source=source
    )

    assert [problem for problem in problems if problem.severity == "error"] == []
