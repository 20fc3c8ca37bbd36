"""Numbers of cards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.cli import show
from sidecar.rules.loyalty.card import DIGITS, digits, draw, mistake

numbers = st.builds(draw)


@given(numbers)
def test_a_number_has_sixteen_digits_and_checks_itself(number: str) -> None:
    assert len(number) == DIGITS
    assert number.isdecimal()
    assert mistake(number) is None


@given(numbers)
def test_every_wrong_digit_is_seen(number: str) -> None:
    for place, digit in enumerate(number):
        for other in set("0123456789") - {digit}:
            assert mistake(number[:place] + other + number[place + 1 :]) == "digit"


@given(numbers)
def test_every_swap_of_neighbours_is_seen(number: str) -> None:
    for place in range(DIGITS - 1):
        pair = number[place : place + 2]
        swapped = number[:place] + pair[::-1] + number[place + 2 :]
        assert (mistake(swapped) is None) == (pair[0] == pair[1])


@given(numbers, st.data())
def test_a_digit_too_few_or_too_many_is_seen(number: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, DIGITS - 1))

    assert mistake(number[:place] + number[place + 1 :]) == "length"
    assert mistake(number[:place] + "5" + number[place:]) == "length"
    assert mistake("") == "length"


def test_no_number_is_taken_for_one_of_a_payment_card_or_begins_with_zero() -> None:
    drawn = {draw() for _ in range(1_000)}

    assert len(drawn) == 1_000
    assert {number[0] for number in drawn} == {"9"}
    # All zeros check themselves, and are none of ours.
    assert mistake("0" * DIGITS) == "digit"


def test_all_other_digits_are_drawn_in_every_place() -> None:
    drawn = [draw() for _ in range(1_000)]

    for place in range(1, DIGITS):
        assert {number[place] for number in drawn} == set("0123456789")


@given(numbers)
def test_what_is_shown_in_groups_is_read_again(number: str) -> None:
    assert show.card(number).split() == [number[i : i + 4] for i in (0, 4, 8, 12)]
    assert digits(show.card(number)) == number
    assert digits(f" {number[:4]}-{number[4:]}\t") == number


@pytest.mark.parametrize("text", ["", " ", "ann@example.com", "12a4", "-x", "٣٤", "²", "1.5"])
def test_what_holds_anything_but_digits_is_no_number(text: str) -> None:
    assert digits(text) is None
