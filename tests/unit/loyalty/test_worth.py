"""What points are worth in money."""

from __future__ import annotations

import pytest

from sidecar.rules.loyalty.program import Program
from sidecar.rules.loyalty.worth import worth


@pytest.mark.parametrize(
    ("points", "for_one", "amount"),
    [
        (0, 100, 0),
        (250, 100, 25_000),
        (1, 3, 3_333),
        (-1, 3, -3_333),
        (1, 100_000, 0),
        (10**15, 1, 10**19),
    ],
)
def test_points_are_worth_their_share_of_a_unit_and_what_is_left_over_is_dropped(
    points: int, for_one: int, amount: int
) -> None:
    assert worth(points, Program(start=None, points_for_one=for_one)) == amount
