"""A condition as a sentence for the shop's owner."""
# ruff: noqa: E501 (a sentence stands on one line, as it is read)

from __future__ import annotations

import pytest
from hypothesis import given

from sidecar.rules.catalogue import Catalogue, Fact
from sidecar.rules.language.parser import parse
from sidecar.rules.language.sentence import sentence
from sidecar.rules.syntax import Expr
from support.strategies import expressions, trees

_SIZE = Fact(
    name="custom_size", label="Shoe size", kind="number", area="custom", source="", missing="empty"
)
CATALOGUE = Catalogue([_SIZE])


def _cases(text: str) -> list[tuple[str, str]]:
    lines = [line.strip() for line in text.strip().splitlines()]
    return list(zip(lines[::2], lines[1::2], strict=True))


_SENTENCES = """
orders >= 3
    the number of orders is at least 3
total_spent > 5000.5
    the total spent is more than 5,000.5
credit = -1234
    the store credit is -1,234
orders between 2 and 5
    the number of orders is between 2 and 5
orders(within = 1 year, status = "Complete", total >= 50) >= 3
    the number of orders (within the last year, with the status “Complete”, with a total of at least 50) is at least 3
newsletter and status = no
    they get the newsletter, and the account is disabled
newsletter != yes
    they do not get the newsletter
rfm_recency = 5
    the RFM recency is 5
custom_size = 44
    the field “Shoe size” is 44
group in ("VIP", "Staff")
    the customer group is one of “VIP” or “Staff”
email_domain in @free_mail
    the e-mail domain is in the list “free_mail”
city contains "a" or city starts with "b" or city ends with "c"
    the city contains “a”, the city starts with “b”, or the city ends with “c”
last_order within 90 days and last_login within 1 day
    the last order is within the last 90 days, and the last login is within the last day
birthday in next 7 days
    the birthday is within the next 7 days
last_order on 2026-01-31 or last_order on today
    the last order is on 31 January 2026, or the last order is today
registered after 2025-12-01
    the date of registration is after 1 December 2025
tags has "vip" and tags not has "a" and tags has all of ("b", "c") and tags has any of ("d", "e")
    the tags include “vip”, the tags do not include “a”, the tags include all of “b” and “c”, and the tags include any of “d” or “e”
products is missing and tags is not missing
    there are no products bought, and there are tags
in segment "A" and not in segment "B"
    they are in the segment “A”, and they are not in the segment “B”
company is missing or city is not missing
    the company is missing, or the city is not missing
orders >= 1 and (newsletter or affiliate)
    the number of orders is at least 1, and (they get the newsletter, or they are affiliates)
"""


@pytest.mark.parametrize(("text", "expected"), _cases(_SENTENCES))
def test_a_condition_reads_as_a_sentence(text: str, expected: str) -> None:
    assert sentence(parse(text), CATALOGUE) == f"Customers for whom {expected}."


@pytest.mark.parametrize(
    "text",
    [
        'company != "x"',
        'company not in ("x", "y")',
        "email_domain not in @free_mail",
        'company not contains "x"',
        "average_order < 50",
        "average_gap <= 50",
        "commenter = no",
        "registered older than 90 days",
        "registered before 2026-01-01",
    ],
)
def test_it_says_when_customers_without_a_value_are_not_included(text: str) -> None:
    note = " (customers for whom it is missing are not included)."

    assert sentence(parse(text), CATALOGUE).endswith(note)


def test_it_says_that_customers_who_never_ordered_are_not_included() -> None:
    assert sentence(parse("last_order older than 90 days"), CATALOGUE) == (
        "Customers for whom the last order is more than 90 days ago "
        "(customers without an order are not included)."
    )


@pytest.mark.parametrize(
    "text",
    [
        'company = "x"',
        "average_order > 50",
        "last_order within 90 days",
        "orders != 3",
        "newsletter = no",
        'tags not has "x"',
        "company is missing",
    ],
)
def test_it_says_nothing_of_missing_values_where_nobody_would_expect_them(text: str) -> None:
    assert "missing are" not in sentence(parse(text), CATALOGUE)


def test_it_says_nothing_of_missing_values_where_the_rule_asks_for_a_value() -> None:
    with_value = 'company is not missing and company != "x"'

    assert "not included" not in sentence(parse(with_value), CATALOGUE)
    assert "not included" in sentence(parse(with_value.replace(" and ", " or ")), CATALOGUE)


def test_not_includes_the_customers_without_a_value_and_says_so() -> None:
    assert sentence(parse("not last_order within 90 days"), CATALOGUE) == (
        "Customers for whom it is not so that the last order is within the last 90 days "
        "(customers without an order are included)."
    )
    assert sentence(parse('not (company = "x" and newsletter)'), CATALOGUE) == (
        "Customers for whom it is not so that (the company is “x” "
        "(customers for whom it is missing are included), and they get the newsletter)."
    )
    assert "included" not in sentence(parse('not not company = "x"'), CATALOGUE)


@given(expressions(CATALOGUE))
def test_every_condition_of_the_catalogue_has_a_sentence(expr: Expr) -> None:
    text = sentence(expr, CATALOGUE)

    assert text.startswith("Customers for whom ")
    assert text.endswith(".")
    assert "_" not in text or "“" in text


@given(trees())
def test_a_condition_that_makes_no_sense_has_a_sentence_too(expr: Expr) -> None:
    assert sentence(expr, CATALOGUE).startswith("Customers for whom ")
