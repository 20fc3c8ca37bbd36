"""What points become when they are redeemed, and where their coupon stands."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import UsageError
from sidecar.rules.loyalty.coupon_life import CLOSING_S, SPENDING, Life, State, Use, follow
from sidecar.rules.loyalty.program import Program, Redeeming
from sidecar.rules.loyalty.redeeming import Quote, quote

NOW = 1_000_000
MINE, FOREIGN = Use(1, 10, 5, is_owners=True), Use(2, 11, 6, is_owners=False)


def program(for_one: int = 100, **redeeming: object) -> Program:
    return Program(start=None, points_for_one=for_one, redeeming=Redeeming(**redeeming))  # type: ignore[arg-type]


# -- what points become --------------------------------------------------------------------


@given(
    for_one=st.integers(1, 5_000),
    asked=st.integers(1, 10**6),
    share=st.integers(1, 10_000),
    least_order=st.integers(0, 10**8),
)
def test_no_point_is_taken_for_nothing_and_no_coupon_is_cut(
    for_one: int, asked: int, share: int, least_order: int
) -> None:
    by = program(for_one, least=1, share=share, least_order=least_order)
    cents = asked * 100 // for_one
    if not cents:
        with pytest.raises(UsageError, match="worth less than a hundredth"):
            quote(by, asked)
        return

    found = quote(by, asked)

    assert found.value == cents * 100
    # With one point less it were less.
    assert found.points <= asked
    assert found.points * 100 // for_one == cents
    assert (found.points - 1) * 100 // for_one < cents
    assert found.least_order >= max(found.value, least_order)
    assert Fraction(found.value, found.least_order) <= Fraction(share, 10_000)


def test_an_order_has_to_cost_no_more_than_it_must() -> None:
    assert quote(program(share=3_000), 1_000) == Quote(1_000, 100_000, 333_400)
    assert quote(program(), 1_000) == Quote(1_000, 100_000, 100_000)
    assert quote(program(least_order=500_000), 1_000) == Quote(1_000, 100_000, 500_000)


@pytest.mark.parametrize(
    ("available", "asked", "said"),
    [
        (-3, None, "3 points are owed, so none can be redeemed"),
        (99, None, "at least 100 points are redeemed at once, and 99 are available"),
        (500, 99, "at least 100 points are redeemed at once, and 99 were asked for"),
        (500, 501, "500 points are available, so 501 cannot be redeemed"),
        (10**14, None, "are more than an order can be worth"),
    ],
)
def test_what_is_not_redeemed_is_refused(available: int, asked: int | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        quote(program(), available, asked)


def test_the_least_is_the_programs_own() -> None:
    assert quote(program(least=50), 60) == Quote(60, 6_000, 6_000)


# -- where a coupon stands -----------------------------------------------------------------

LIVES = [
    (Life("open", NOW + 9, NOW + 9), [], True, Life("open", NOW + 9, NOW + 9)),
    (Life("open", None, None), [], True, Life("open", None, None)),
    (Life("open", NOW, NOW), [], True, Life("closing", NOW, NOW + CLOSING_S)),
    (Life("open", None, None), [], False, Life("closing", None, NOW + CLOSING_S)),
    (Life("open", None, None), [MINE], True, Life("used", None, None)),
    (Life("open", None, None), [FOREIGN], True, Life("foreign", None, None)),
    (Life("open", None, None), [FOREIGN, MINE], True, Life("used", None, None)),
    (Life("used", NOW + 9, None), [], True, Life("open", NOW + 9, NOW + 9)),
    (Life("used", NOW, None), [], True, Life("closing", NOW, NOW + CLOSING_S)),
    (Life("used", NOW, None), [MINE], False, Life("used", NOW, None)),
    (Life("closing", NOW, NOW + 1), [], True, Life("closing", NOW, NOW + 1)),
    (Life("closing", NOW, NOW), [], True, Life("returned", NOW, None)),
    (Life("closing", NOW, NOW), [MINE], True, Life("used", NOW, None)),
    (Life("returned", NOW, None), [], True, Life("returned", NOW, None)),
    (Life("returned", NOW, None), [MINE], True, Life("used", NOW, None)),
    (Life("foreign", NOW, None), [], True, Life("foreign", NOW, None)),
]


@pytest.mark.parametrize(("was", "uses", "is_there", "becomes"), LIVES)
def test_a_coupon_stands_where_the_store_says(
    was: Life, uses: list[Use], is_there: bool, becomes: Life
) -> None:
    assert follow(was, uses, NOW, is_there=is_there) == becomes


@given(
    state=st.sampled_from(["open", "closing", "used", "foreign", "returned"]),
    ends_at=st.none() | st.integers(NOW - 9, NOW + 9),
    uses=st.lists(st.sampled_from([MINE, FOREIGN]), max_size=2),
    is_there=st.booleans(),
)
def test_looking_twice_comes_to_the_same(
    state: State, ends_at: int | None, uses: list[Use], is_there: bool
) -> None:
    once = follow(Life(state, ends_at, NOW + 5), uses, NOW, is_there=is_there)

    assert follow(once, uses, NOW, is_there=is_there) == once
    assert not any(use.is_owners for use in uses) or once.state in SPENDING
