"""
What others did to the store's own rows: each of their rows is a cause, and so is what they
removed of ours.

The native sum has changed already when we see it. So what is written for an entry is what it
shows less what was done there before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sidecar.rules.loyalty.account import Entry, Terms
from sidecar.sync.loyalty.holder import Holder, Key, KnownCause
from sidecar.sync.loyalty.native_rows import NativeRow

#: A spend that the store let happen takes what had not expired in our ledger then.
_BEFORE_ANY_EXPIRY = 0

#: All that was there before us.
_OPENING = Key("opening", 0)


@dataclass(frozen=True, slots=True)
class Shown:
    """
    An entry that has, or should have, a row of ours.

    Attributes:
        cause: Why.
        written: The amount of that row.
        native_id: Its number; None: it is still to be written.
    """

    entry_id: int
    cause: KnownCause
    written: int
    native_id: int | None


@dataclass(slots=True)
class Found:
    """
    What has to be noted of rows of ours.

    Attributes:
        written: Numbers of rows by that of their entry, which did not know yet that they were.
        gone: Entries whose row was taken away, and stays so.
        again: Entries whose row has to be written again.
        altered: Rows that no longer have the amount that we wrote.
        beside: Rows of others for orders that the program rewards; they do not count.
    """

    written: dict[int, int] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)
    again: list[int] = field(default_factory=list)
    altered: list[NativeRow] = field(default_factory=list)
    beside: list[NativeRow] = field(default_factory=list)


def ingest(
    holder: Holder,
    rows: Sequence[NativeRow],
    shown: Sequence[Shown],
    opened_to: int,
    at: int,
    terms: Terms,
) -> Found:
    """
    Bring *holder*'s account in line with the store's *rows* of that customer.

    Args:
        shown: Entries with a row of ours, but those whose row is known to be gone.
        opened_to: Rows up to this number were there before us: the opening lot.
        at: Now, in seconds since 1970.
        terms: Of what others give.
    """
    found, others = _ours(rows, shown, opened_to)
    _removed(holder, found, shown, at)
    opening = 0
    there: set[Key] = set()
    for row in others:
        key = Key("native", row.native_id)
        if row.native_id <= opened_to:
            opening += row.amount
        elif key not in holder.causes and _is_beside(holder, row):
            found.beside.append(row)
        else:  # also what counted before its order was rewarded
            there.add(key)
            _post(holder, key, row.amount, at, terms)
            holder.causes[key].order_id = row.order_id
    if opening or _OPENING in holder.causes:
        _post(holder, _OPENING, opening, at, terms)
    for key in [key for key in holder.causes if key.kind == "native" and key not in there]:
        _post(holder, key, 0, at, terms)
    return found


def _post(holder: Holder, key: Key, target: int, at: int, terms: Terms) -> None:
    cause = holder.cause(key, at)
    spends = target < cause.posted
    holder.post(cause, target, _BEFORE_ANY_EXPIRY if spends else at, terms)


def _ours(
    rows: Sequence[NativeRow], shown: Sequence[Shown], opened_to: int
) -> tuple[Found, list[NativeRow]]:
    """Which of *rows* are ours, and the others."""
    found, others = Found(), []
    by_number = {one.native_id: one for one in shown if one.native_id}
    unknown = {one.entry_id: one for one in shown if one.native_id is None}
    for row in rows:
        if (known := by_number.pop(row.native_id, None)) is not None:
            if row.amount != known.written:
                found.altered.append(row)
        elif (
            # One that was there before may bear a number of a ledger that was removed.
            row.native_id > opened_to
            and (new := unknown.get(row.entry_id)) is not None
            and new.written == row.amount
        ):
            found.written[new.entry_id] = row.native_id
            del unknown[row.entry_id]
        else:
            others.append(row)
    found.gone = [one.entry_id for one in by_number.values()]
    return found, others


def _removed(holder: Holder, found: Found, shown: Sequence[Shown], at: int) -> None:
    """
    Rows of ours that somebody removed.

    What they gave is revoked. What they took, which the store removes when it confirms an
    order no more, is written again: it was for something else.
    """
    removed = set(found.gone)
    lost: dict[KnownCause, int] = {}
    found.gone = []
    for one in shown:
        if one.entry_id not in removed:
            continue
        if one.written < 0:
            found.again.append(one.entry_id)
            continue
        found.gone.append(one.entry_id)
        lost[one.cause] = lost.get(one.cause, 0) + one.written
    for cause, amount in lost.items():
        before = len(holder.account.entries)
        # What a redemption gave back was the customer's before: its coupon decides.
        if cause.key.kind != "redeem":
            cause.is_overruled = True
            holder.post(cause, 0, at)
        if len(holder.account.entries) == before:
            # Nothing is left to revoke, but the store's sum went down.
            holder.account.entries.append(Entry("post", cause, 0, [], 0))
        holder.lost[cause] = amount


def _is_beside(holder: Holder, row: NativeRow) -> bool:
    """
    Whether *row* does not count: it is of ours and was moved here from another customer, or it
    gives something for an order that the program rewards, or did until then.
    """
    if row.entry_id:
        return True
    if row.amount <= 0 or not row.order_id:
        return False
    # Also when it was taken back since: nobody reads the rows again for that.
    return any(not cause.is_overruled for cause in holder.earned.get(row.order_id, ()))


def to_write(holder: Holder, entry: Entry) -> int:
    """The amount of the row of ours that *entry* needs in the store; 0: none."""
    cause = entry.cause
    assert isinstance(cause, KnownCause)  # noqa: S101 - the ledger makes no other
    if entry.kind != "post":
        return entry.shown
    # What others wrote or removed there has changed its sum before.
    done = entry.amount if cause.key.kind in ("opening", "native") else 0
    return entry.shown - done + holder.lost.pop(cause, 0)
