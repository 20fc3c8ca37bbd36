"""
The segments there are: each with its bit for life, its size, and rows of few members.

Who is in one stands in the words of ``sidecar_customer``. Segments of fewer than one in
twenty customers also have a row a member, so that lists of rare ones are quick; both are
written in one transaction, and `settle` holds them against each other.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.mysql import insert

from sidecar.errors import ConfigError
from sidecar.model import Moment, Scope, fold
from sidecar.rules.rule import MadeIn
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import SEGMENT_SLOTS, OwnTables
from sidecar.shop.shop import Shop

_EVERYBODY = Scope.span(1, 2**31 - 1)

#: A segment gets member rows below this share of the customers, and loses them above twice it.
_LISTED_BELOW = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """
    Attributes:
        segment_id: Its row; below 0 where it is only imagined.
        name: As displayed.
        slot: Its bit in the words.
        customers: How many are in it.
        listed: Whether each member has a row.
        has_baseline: Whether it was evaluated over the whole store once; its entries and
            exits are history from then on.
        origin: Where its rule stands; None: nobody noted it yet.
    """

    segment_id: int
    name: str
    slot: int
    customers: int = 0
    listed: bool = False
    has_baseline: bool = False
    origin: str | None = None


def load_segments(tx: Connection, own: OwnTables) -> list[Segment]:
    """Every segment that has a bit, by name."""
    table = own.segment
    rows = tx.execute(select(table).where(table.c.slot.is_not(None)).order_by(table.c.name_key))
    return [
        Segment(
            segment_id=row.segment_id,
            name=row.name,
            slot=row.slot,
            customers=row.customers,
            listed=bool(row.listed),
            has_baseline=row.baseline_at is not None,
            origin=row.origin,
        )
        for row in rows
    ]


def register(
    tx: Connection, own: OwnTables, names: Mapping[str, MadeIn], moment: Moment, *, writing: bool
) -> list[Segment]:
    """
    The segments called *names*; new ones get a bit, those no longer named begin to go.

    Args:
        names: With where the rule of each stands.
        writing: Without it new ones are only imagined.

    Raises:
        ConfigError: There are more than there can be.
    """
    table = own.segment
    known = {fold(segment.name): segment for segment in load_segments(tx, own)}
    wanted = {fold(name): name for name in names}
    new = [key for key in wanted if key not in known]
    slots = _free_slots(known.values(), len(new))
    found = [segment for key, segment in known.items() if key in wanted]
    for number, (key, slot) in enumerate(zip(new, slots, strict=True)):
        segment_id = -number - 1
        if writing:
            statement = insert(table).values(
                name=wanted[key],
                name_key=key,
                slot=slot,
                customers=0,
                listed=0,
                origin=names[wanted[key]],
            )
            # One that was gone comes back as a new one.
            tx.execute(
                statement.on_duplicate_key_update(
                    name=wanted[key],
                    slot=slot,
                    customers=0,
                    baseline_at=None,
                    gone_at=None,
                    origin=statement.inserted.origin,
                )
            )
            segment_id = tx.scalar(select(table.c.segment_id).where(table.c.name_key == key)) or 0
        found.append(Segment(segment_id=segment_id, name=wanted[key], slot=slot))
    if writing:
        gone = [known[key].segment_id for key in known if key not in wanted]
        back = [segment.segment_id for key, segment in known.items() if key in wanted]
        for ids, at in ((gone, moment.epoch_s), (back, None)):
            changed = table.c.gone_at.is_(None) if at else table.c.gone_at.is_not(None)
            if ids:
                rows = update(table).where(table.c.segment_id.in_(ids), changed)
                tx.execute(rows.values(gone_at=at))
        for key, segment in known.items():
            if key in wanted and segment.origin != (origin := names[wanted[key]]):
                row = update(table).where(table.c.segment_id == segment.segment_id)
                tx.execute(row.values(origin=origin))
    return sorted(found, key=lambda segment: fold(segment.name))


def _free_slots(segments: Iterable[Segment], count: int) -> list[int]:
    taken = {segment.slot for segment in segments}
    free = [slot for slot in range(SEGMENT_SLOTS) if slot not in taken][:count]
    if len(free) < count:
        raise ConfigError(
            "segments",
            f"there can be {SEGMENT_SLOTS} at most",
            "remove some, or switch the built-in ones off: [rules] builtins = false",
        )
    return free


def in_segment(own: OwnTables, slot: int) -> ColumnElement[bool]:
    """The condition on ``sidecar_customer`` that a customer is in the segment with *slot*."""
    word = own.customer.c[f"segments{slot // 64}"]
    return word.op("&")(literal(1 << slot % 64, BigInteger)) != 0


def members(tx: Connection, own: OwnTables, segment: Segment) -> int:
    """How many customers are in *segment*, by the same condition as its list."""
    query = select(func.count()).select_from(own.customer).where(in_segment(own, segment.slot))
    return int(tx.scalar(query) or 0)


def settle(shop: Shop, moment: Moment, *, whole: bool) -> list[tuple[Segment, int]]:
    """
    After a pass: baselines, sizes of the day, member rows where they pay, bits of gone ones.

    Args:
        whole: The pass went over the whole store; only then segments get their baseline
            and are held against the words.

    Returns:
        Segments with a baseline whose count was wrong, with the right one: a fault of ours.
    """
    own = shop.own
    wrong: list[tuple[Segment, int]] = []
    with transaction(shop.engine) as tx:
        found = load_segments(tx, own)
        gone = set(tx.scalars(select(own.segment.c.slot).where(own.segment.c.gone_at.is_not(None))))
        if whole and found:
            counted = _counted(shop, tx, found)
            for segment in found:
                number = counted[segment.slot]
                if segment.has_baseline and number != segment.customers:
                    wrong.append((segment, number))
                _set_size(tx, own, segment, number, moment)
            found = load_segments(tx, own)
        _note_sizes(tx, own, [s for s in found if s.has_baseline], moment.today)
        total = int(tx.scalar(select(func.count()).select_from(own.customer)) or 0)
    if whole:
        for segment in found:
            if segment.slot in gone:
                _end(shop, segment)
            else:
                _list_or_not(shop, segment, total, moment)
    return wrong


def _counted(shop: Shop, tx: Connection, found: Collection[Segment]) -> Mapping[int, int]:
    """
    The number of customers of each segment by slot, in one reading of the words.

    The server would take ten times as long to take the words apart.
    """
    words = sorted({segment.slot // 64 for segment in found})
    names = [f"segments{word}" for word in words]
    columns = [func.coalesce(shop.own.customer.c[name], 0).label(name) for name in names]
    frame = shop.read(tx, _EVERYBODY, select(*columns), dict.fromkeys(names, pl.UInt64()))
    counts = frame.select(
        ((pl.col(f"segments{s.slot // 64}") & pl.lit(1 << s.slot % 64, dtype=pl.UInt64)) != 0)
        .sum()
        .alias(str(s.slot))
        for s in found
    )
    return {int(slot): int(number) for slot, number in counts.row(0, named=True).items()}


def _set_size(
    tx: Connection, own: OwnTables, segment: Segment, number: int, moment: Moment
) -> None:
    table = own.segment
    values: dict[str, int] = {"customers": number}
    if not segment.has_baseline:
        values["baseline_at"] = moment.epoch_s
    if not segment.has_baseline or number != segment.customers:
        row = update(table).where(table.c.segment_id == segment.segment_id)
        tx.execute(row.values(values))


def _note_sizes(
    tx: Connection, own: OwnTables, found: Sequence[Segment], day: datetime.date
) -> None:
    if not found:
        return
    rows = [
        {"segment_id": segment.segment_id, "day": day, "customers": segment.customers}
        for segment in found
    ]
    statement = insert(own.segment_size).values(rows)
    tx.execute(statement.on_duplicate_key_update(customers=statement.inserted.customers))


def _list_or_not(shop: Shop, segment: Segment, total: int, moment: Moment) -> None:
    """Make or drop the member rows of *segment*, as its share of *total* customers asks for."""
    own = shop.own
    if segment.listed and segment.customers > 2 * _LISTED_BELOW * total:
        _drop_rows(shop, segment)
    elif not segment.listed and segment.customers < _LISTED_BELOW * total:
        with transaction(shop.engine) as tx:
            tx.execute(delete(own.member).where(own.member.c.segment_id == segment.segment_id))
            rows = select(
                literal(segment.segment_id), own.customer.c.customer_id, literal(moment.epoch_s)
            ).where(in_segment(own, segment.slot))
            columns = ["segment_id", "customer_id", "since"]
            tx.execute(plain_insert(own.member).from_select(columns, rows))
            row = update(own.segment).where(own.segment.c.segment_id == segment.segment_id)
            tx.execute(row.values(listed=1))


def _drop_rows(shop: Shop, segment: Segment) -> None:
    own = shop.own
    with transaction(shop.engine) as tx:
        row = update(own.segment).where(own.segment.c.segment_id == segment.segment_id)
        tx.execute(row.values(listed=0))
        tx.execute(delete(own.member).where(own.member.c.segment_id == segment.segment_id))


def _end(shop: Shop, segment: Segment) -> None:
    """Give the bit of a segment that is gone back, once nobody has it any more."""
    own = shop.own
    with transaction(shop.engine) as tx:
        if members(tx, own, segment):
            return
        table = own.segment
        row = update(table).where(table.c.segment_id == segment.segment_id)
        tx.execute(row.values(slot=None, customers=0, baseline_at=None, listed=0))
        for rows in (own.member, own.segment_size, own.segment_change):
            tx.execute(delete(rows).where(rows.c.segment_id == segment.segment_id))
        pin = own.pin
        mine = (pin.c.kind == "segment") & (pin.c.target_id == segment.segment_id)
        tx.execute(delete(pin).where(mine))
