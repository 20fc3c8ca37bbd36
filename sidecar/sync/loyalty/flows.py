"""Points given and gone, by spans of time. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, and_, func, select

from sidecar.shop.own_tables import OwnTables

#: What becomes of points; see `read`.
FLOWS = ("issued", "spent", "taken", "expired", "waived")


def read(tx: Connection, own: OwnTables, since: Sequence[int]) -> list[dict[str, int]]:
    """
    Points given and gone: for each instant of *since* from then up to the next one.

    What was taken back of what was given, e.g. with a refund, is not issued; what was given
    back of what was spent is not spent. What was there before the program is not counted.

    Args:
        since: Seconds since 1970, ascending, at least one.
    """
    entry, cause, lot = own.entry, own.cause, own.lot
    # Only what gives has a lot of its own: it tells a gift from a spend also when both are 0 now.
    own_lot = and_(
        lot.c.unit == "points",
        lot.c.customer_id == cause.c.customer_id,
        lot.c.cause_id == cause.c.cause_id,
    )
    gives = lot.c.lot_id.is_not(None)
    span = func.interval(entry.c.at, *since)
    query = (
        select(span, cause.c.kind, gives, func.sum(entry.c.amount))
        .select_from(entry)
        .join(cause, cause.c.cause_id == entry.c.cause_id)
        .outerjoin(lot, own_lot)
        .where(entry.c.unit == "points", entry.c.at >= since[0], cause.c.kind != "opening")
        .group_by(span, cause.c.kind, gives)
    )
    found = [dict.fromkeys(FLOWS, 0) for _ in since]
    for number, kind, gave, amount in tx.execute(query):
        flows = found[int(number) - 1]
        if kind == "expire":
            flows["expired"] -= int(amount)
        elif kind == "waive":
            flows["waived"] += int(amount)
        elif gave or kind in ("earn", "issue"):
            flows["issued"] += int(amount)
        else:
            flows["taken" if kind == "adjust" else "spent"] -= int(amount)
    return found
