"""What points are worth in money."""

from __future__ import annotations

from sidecar.model import MONEY_SCALE
from sidecar.rules.loyalty.program import Program


def worth(points: int, program: Program) -> int:
    """
    What *points* are worth, in ten-thousandths of a currency unit.

    What is left over is dropped, of what is owed too.
    """
    amount = abs(points) * MONEY_SCALE // program.points_for_one
    return amount if points >= 0 else -amount
