"""Points given and gone, by spans of time. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, func, select

from sidecar.shop.own_tables import OwnTables

#: What becomes of points; see `read`.
FLOWS = ("issued", "spent", "taken", "expired", "waived")

#: Kinds of causes that are always one of these, and the sign of their entries.
_CERTAIN: Final[Mapping[str, tuple[str, int]]] = {
    "earn": ("issued", 1),
    "issue": ("issued", 1),
    "expire": ("expired", -1),
    "waive": ("waived", 1),
}

#: Kinds that give or take; what was there before, ``opening``, is neither.
_EITHER: Final = ("native", "adjust", "redeem", "restore")


def read(tx: Connection, own: OwnTables, since: Sequence[int]) -> list[dict[str, int]]:
    """
    Points given and gone: for each instant of *since* from then up to the next one.

    What was taken back of what was given, e.g. with a refund, is not issued; what was given
    back of what was spent is not spent. What was there before the program is not counted.

    Args:
        since: Seconds since 1970, ascending, at least one.
    """
    found = [dict.fromkeys(FLOWS, 0) for _ in since]
    for number, kind, amount in tx.execute(_certain(own, since)):
        flow, sign = _CERTAIN[kind]
        found[int(number) - 1][flow] += sign * int(amount)
    for number, kind, gave, amount in tx.execute(_either(own, since)):
        flows = found[int(number) - 1]
        if gave:
            flows["issued"] += int(amount)
        else:
            flows["taken" if kind == "adjust" else "spent"] -= int(amount)
    return found


def _certain(own: OwnTables, since: Sequence[int]) -> Select[Any]:
    """Sums of what its kind alone says what it is; nearly all there is, so it is one plain scan."""
    entry, cause = own.loyalty.entry, own.loyalty.cause
    span = func.interval(entry.c.at, *since)
    return (
        select(span, cause.c.kind, func.sum(entry.c.amount))
        .select_from(entry)
        .join(cause, cause.c.cause_id == entry.c.cause_id)
        .where(entry.c.unit == "points", entry.c.at >= since[0], cause.c.kind.in_(_CERTAIN))
        .group_by(span, cause.c.kind)
    )


def _either(own: OwnTables, since: Sequence[int]) -> Select[Any]:
    """Sums of what may be given or taken, and which of the two."""
    entry, cause, lot = own.loyalty.entry, own.loyalty.cause, own.loyalty.lot
    # Only what gives has a lot of its own: it tells a gift from a spend also when both are 0 now.
    own_lot = and_(
        lot.c.unit == "points",
        lot.c.customer_id == cause.c.customer_id,
        lot.c.cause_id == cause.c.cause_id,
    )
    gives = lot.c.lot_id.is_not(None)
    span = func.interval(entry.c.at, *since)
    return (
        select(span, cause.c.kind, gives, func.sum(entry.c.amount))
        .select_from(cause)
        .join(entry, entry.c.cause_id == cause.c.cause_id)
        .outerjoin(lot, own_lot)
        .where(
            cause.c.unit == "points",
            cause.c.kind.in_(_EITHER),
            entry.c.unit == "points",
            entry.c.at >= since[0],
        )
        .group_by(span, cause.c.kind, gives)
    )
