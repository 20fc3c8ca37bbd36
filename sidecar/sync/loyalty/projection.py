"""
Our entries as rows of the store's own tables, and which of these rows are still there.

On InnoDB a row is written with its entry. On MyISAM, where nothing is rolled back, the entry
is committed first and says that its row is still to be written; whoever finds such an entry
looks whether the row is there, and writes it if not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select, update

from sidecar import clock
from sidecar.model import Moment, Scope
from sidecar.shop.database import transaction
from sidecar.shop.fence import prove
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync import state
from sidecar.sync.compiled_rules import PAUSED
from sidecar.sync.loyalty import native_findings
from sidecar.sync.loyalty.holder import Key, Unit
from sidecar.sync.loyalty.ingest import Found, Shown, to_write
from sidecar.sync.loyalty.ledger import Ledger
from sidecar.sync.loyalty.native_rows import NativeRows, NewRow, mark
from sidecar.sync.reading import WHOLE, Reading

#: In ``sidecar_state``: up to which native row everything was there before the program.
OPENED: Mapping[Unit, str] = {"points": "loyalty.opened", "credit": "credit.opened"}

#: Ids in one UPDATE.
_CHUNK = 1_000

#: What the customer reads, by the kind of the cause; of orders see `_row`.
_TEXTS: Mapping[str, str] = {
    "opening": "Correction",
    "native": "Correction",
    "adjust": "Adjustment",
    "expire": "Expired",
    "redeem": "Redeemed",
    "issue": "Credit",
    "waive": "Debt waived",
    "restore": "Restored",
}


def shown(reading: Reading, ledger: Ledger) -> dict[int, list[Shown]]:
    """The entries of each of the reading's customers that have, or should have, a row of ours."""
    entry = reading.shop.own.loyalty.entry
    names = ("entry_id", "customer_id", "cause_id", "written", "native_id")
    has_row = entry.c.native_id.is_(None) | (entry.c.native_id > 0)
    query = select(*(entry.c[name] for name in names)).where(
        entry.c.unit == ledger.unit, reading.of(entry.c.customer_id), has_row
    )
    found: dict[int, list[Shown]] = {}
    rows = reading.rows(query, dict.fromkeys(names, WHOLE)).sort("entry_id")
    for entry_id, customer_id, cause_id, written, native_id in rows.iter_rows():
        one = Shown(entry_id, ledger.cause(cause_id), written, native_id)
        found.setdefault(customer_id, []).append(one)
    return found


def note(reading: Reading, found: Found) -> None:
    """Note what became of rows of ours."""
    entry, tx = reading.shop.own.loyalty.entry, reading.tx
    for number, entries in ((0, found.gone), (None, found.again)):
        for start in range(0, len(entries), _CHUNK):
            here = entry.c.entry_id.in_(entries[start : start + _CHUNK])
            tx.execute(update(entry).where(here).values(native_id=number))
    _note_written(tx, reading.shop.own, found.written)


def _note_written(tx: Connection, own: OwnTables, written: Mapping[int, int]) -> None:
    for entry_id, native_id in written.items():
        here = own.loyalty.entry.c.entry_id == entry_id
        tx.execute(update(own.loyalty.entry).where(here).values(native_id=native_id))


def write(reading: Reading, ledger: Ledger, native: NativeRows) -> int:
    """
    Write what became of the accounts; on InnoDB with the store's own rows.

    Returns:
        The number of entries.
    """
    posted = ledger.posted()
    for one in posted:
        one.written = to_write(one.holder, one.entry)
        one.native_id = None if one.written else 0
    rows = [
        _row(
            one.holder.customer_id,
            one.entry_id,
            one.cause.key,
            gives=one.entry.kind == "release" or one.entry.amount > 0,
            written=one.written,
        )
        for one in posted
        if one.written
    ]
    ledger.require_room()
    native.require_room(rows)  # before anything stands that cannot be rolled back
    if native.is_transactional:
        numbers = native.write(reading.tx, rows, reading.moment)
        for one in posted:
            if one.written:
                one.native_id = numbers[one.entry_id]
                one.holder.native_mark += mark(one.native_id, one.written)
    ledger.save(posted, reading.moment.epoch_s)
    native_findings.note(reading, ledger)
    return len(posted)


def _row(customer_id: int, entry_id: int, key: Key, *, gives: bool, written: int) -> NewRow:
    """
    The row that an entry has in the store, *written* there.

    Args:
        gives: The entry gave or released something, and did not only correct a sum.
    """
    text = _TEXTS.get(key.kind) or f"Order #{key.source_id}"
    # With the order's number the store's own button takes its points away.
    is_of_order = key.kind == "earn" and gives and written > 0
    if (key.kind == "expire" and written > 0) or (key.kind == "waive" and written < 0):
        text += ", corrected"  # what it took or gave is taken back
    if key.kind == "redeem" and written > 0:
        text += ", given back"
    if key.kind == "earn" and not is_of_order:
        text += ", taken back" if written < 0 else ", corrected"
    return NewRow(customer_id, entry_id, (key.source_id or 0) if is_of_order else 0, written, text)


def write_pending(shop: Shop, native: NativeRows, customers: Sequence[int], moment: Moment) -> None:
    """Write the rows of *customers* that are still to be written, unless they are there."""
    own = shop.own
    entry, cause = own.loyalty.entry, own.loyalty.cause
    query = (
        select(
            entry.c.entry_id,
            entry.c.customer_id,
            (entry.c.kind == "release") | (entry.c.amount > 0),
            entry.c.written,
            cause.c.kind,
            cause.c.source_id,
            cause.c.earner_id,
        )
        .join(cause, cause.c.cause_id == entry.c.cause_id)
        .where(
            entry.c.unit == native.unit,
            entry.c.native_id.is_(None),
            entry.c.customer_id.in_(customers),
        )
    )
    with transaction(shop.engine) as tx:
        waiting = tx.execute(query).all()
        if not waiting:
            return
        ids = {row.customer_id for row in waiting}
        there = native.read(Reading(shop, tx, Scope.of(ids), moment))
        # A row of a ledger that was removed may bear the same number.
        opened = state.read(tx, own, OPENED[native.unit])
        opened_to = opened if isinstance(opened, int) else 0
        amounts = {row.entry_id: row.written for row in waiting}
        known = {
            row.entry_id: row.native_id
            for rows in there.values()
            for row in rows
            if row.native_id > opened_to and amounts.get(row.entry_id) == row.amount
        }
        rows = [
            _row(customer_id, entry_id, Key(*key), gives=bool(gives), written=written)
            for entry_id, customer_id, gives, written, *key in waiting
            if entry_id not in known
        ]
        if rows:
            prove(tx)  # nothing takes the row back when somebody else leads
        numbers = {**known, **native.write(tx, rows, moment)}
    # Apart: MySQL with GTID writes no tables of both kinds in one transaction.
    with transaction(shop.engine) as tx:
        _note_written(tx, own, {row.entry_id: numbers[row.entry_id] for row in waiting})
        # As with those that are written with their entry: who removes one now is seen.
        for row in waiting:
            account, number = own.loyalty.account, mark(numbers[row.entry_id], row.written)
            here = (account.c.unit == native.unit) & (account.c.customer_id == row.customer_id)
            seen = account.c.native_mark + number
            tx.execute(update(account).where(here).values(native_mark=seen))


def recover(shop: Shop) -> None:
    """Write what a crash left to be written, unless paused; only for whoever leads."""
    moment = Moment(clock.now(), shop.settings.zone)
    entry = shop.own.loyalty.entry
    query = select(entry.c.unit, entry.c.customer_id).where(entry.c.native_id.is_(None))
    with transaction(shop.engine) as tx:
        paused = state.read(tx, shop.own, PAUSED) is not None
        waiting = [] if paused else tx.execute(query.distinct()).all()
    for unit in {row.unit for row in waiting}:
        theirs = sorted(row.customer_id for row in waiting if row.unit == unit)
        for start in range(0, len(theirs), _CHUNK):
            part = theirs[start : start + _CHUNK]
            write_pending(shop, NativeRows(shop, unit), part, moment)
