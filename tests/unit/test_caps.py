"""The number of customers that may change unasked."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from sidecar.config import Rules
from sidecar.sync import caps


@pytest.mark.parametrize(
    ("customers", "cap"),
    [(0, 50), (1, 50), (1_000, 50), (1_019, 50), (1_020, 51), (1_039, 51), (100_000, 5_000)],
)
def test_five_percent_of_the_customers_or_fifty_whichever_is_more(customers: int, cap: int) -> None:
    assert caps.cap(Rules(), customers) == cap


@pytest.mark.parametrize("percent", ["0", "0.5", "1", "7", "14.3", "29", "100"])
@pytest.mark.parametrize("floor", [0, 1, 30])
def test_a_run_goes_up_to_the_cap_and_not_when_it_is_over_both_limits(
    percent: str, floor: int
) -> None:
    settings = Rules(max_change=Decimal(percent) / 100, max_change_floor=floor)
    for customers in range(300):
        cap = caps.cap(settings, customers)
        share = Fraction(percent) / 100 * customers
        for changed in range(customers + 2):
            assert (changed > cap) == (changed > share and changed > floor)


@pytest.mark.parametrize(("shown", "most"), [(0, 0), (1, 1), (9, 9), (10, 11), (19, 20), (20, 22)])
def test_an_approved_run_may_grow_by_a_tenth_and_no_more(shown: int, most: int) -> None:
    assert caps.grown(shown) == most
