"""
What points become when they are redeemed: a coupon's value, and for which orders it is good.

The value is in whole hundredths of a currency unit, and no more points are taken than it is
worth: what is left over stays in the account.
"""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.errors import UsageError
from sidecar.model import MONEY_SCALE
from sidecar.rules.loyalty.program import RATE_SCALE, Program
from sidecar.rules.loyalty.worth import worth

#: A hundredth of a currency unit.
_CENT = MONEY_SCALE // 100

#: The store's columns hold no more: ``DECIMAL(15,4)``.
_MOST = 10**15 - 1


@dataclass(frozen=True, slots=True)
class Quote:
    """
    What points become.

    Attributes:
        points: How many are taken.
        value: What they are worth, in ten-thousandths of a currency unit; whole hundredths.
        least_order: What goods must cost for a coupon of that value to be used, in
            ten-thousandths.
    """

    points: int
    value: int
    least_order: int


def quote(program: Program, available: int, asked: int | None = None) -> Quote:
    """
    What *asked* points of those *available* become.

    Args:
        asked: None: all that there are.

    Raises:
        UsageError: They are not redeemed: too few, more than there are, or some are owed.
    """
    if available < 0:
        raise UsageError(f"{-available:,} points are owed, so none can be redeemed")
    points = available if asked is None else asked
    least = program.redeeming.least or program.points_for_one
    if points < least:
        what = f"{points:,} are available" if asked is None else f"{points:,} were asked for"
        raise UsageError(f"at least {least:,} points are redeemed at once, and {what}")
    if points > available:
        raise UsageError(f"{available:,} points are available, so {points:,} cannot be redeemed")
    value = worth(points, program) // _CENT * _CENT
    if not value:
        raise UsageError(f"{points:,} points are worth less than a hundredth of a currency unit")
    taken = _up(value * program.points_for_one, MONEY_SCALE)
    least_order = _least_order(program, value)
    if least_order > _MOST:
        raise UsageError(f"{points:,} points are more than an order can be worth")
    return Quote(taken, value, least_order)


def _least_order(program: Program, value: int) -> int:
    redeeming = program.redeeming
    # A share is at most the whole: so a coupon never pays more than the goods cost.
    paid = _up(value * RATE_SCALE, redeeming.share)
    return max(_up(paid, _CENT) * _CENT, redeeming.least_order)


def _up(number: int, by: int) -> int:
    """*number* divided *by* that, rounded up."""
    return -(-number // by)
