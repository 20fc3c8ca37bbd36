"""
The difference between what should be and what is, as the steps to write.

Comparing is one XOR of words; only customers that differ are taken apart into
single tags and segments.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

_PAIR = {"customer_id": pl.Int64, "slot": pl.Int64}
_GOODS = {"customer_id": pl.Int64, "product_id": pl.Int64}
_MOVE = {"customer_id": pl.Int64, "from": pl.Int64, "to": pl.Int64, "why": pl.Int64}
#: A bit of the result from the new word and the standing one.
_Turn = Callable[[pl.Expr, pl.Expr], pl.Expr]

_NOTE = {"customer_id": pl.Int64, "note": pl.Int64, "group": pl.Int64}


def _empty(schema: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    return pl.DataFrame(schema=schema)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """
    What a scope's cycle has to write; every frame is ascending by ``customer_id``.

    Attributes:
        customers: New stored facts, words and memory of each customer that differs in any.
        asserted: ``customer_id``, ``slot`` of tags whose rule turned true.
        retracted: The same of tags whose rule turned false.
        added: ``customer_id``, ``slot`` of tags that come into effect.
        removed: The same of tags that go out of effect.
        entered: ``customer_id``, ``slot`` of segments that they come into.
        left: The same of segments that they leave.
        moved: ``customer_id``, groups ``from`` and ``to``, and ``why``, a code of the ladder.
        notes: ``customer_id``, ``note`` (a code of the ladder) and the ``group`` found.
        requalified: ``customer_id``, ``slot`` of tags whose pins until then end.
        segments_requalified: The same of segments.
        groups_requalified: ``customer_id``, ``slot`` of rungs, or -1 for the pin into a group.
        gone: ``customer_id`` of customers that the store has deleted.
        bought: ``customer_id``, ``product_id`` that our purchase table lacks.
        unbought: The same that it has too many.
    """

    customers: pl.DataFrame
    asserted: pl.DataFrame = field(default_factory=lambda: _empty(_PAIR))
    retracted: pl.DataFrame = field(default_factory=lambda: _empty(_PAIR))
    added: pl.DataFrame = field(default_factory=lambda: _empty(_PAIR))
    removed: pl.DataFrame = field(default_factory=lambda: _empty(_PAIR))
    entered: pl.DataFrame = field(default_factory=lambda: _empty(_PAIR))
    left: pl.DataFrame = field(default_factory=lambda: _empty(_PAIR))
    moved: pl.DataFrame = field(default_factory=lambda: _empty(_MOVE))
    notes: pl.DataFrame = field(default_factory=lambda: _empty(_NOTE))
    requalified: pl.DataFrame = field(default_factory=lambda: _empty(_PAIR))
    segments_requalified: pl.DataFrame = field(default_factory=lambda: _empty(_PAIR))
    groups_requalified: pl.DataFrame = field(default_factory=lambda: _empty(_PAIR))
    gone: pl.DataFrame = field(default_factory=lambda: _empty({"customer_id": pl.Int64}))
    bought: pl.DataFrame = field(default_factory=lambda: _empty(_GOODS))
    unbought: pl.DataFrame = field(default_factory=lambda: _empty(_GOODS))

    @property
    def is_empty(self) -> bool:
        """Whether nothing has to be written."""
        return all(frame.is_empty() for frame in self._frames().values())

    @property
    def rows(self) -> int:
        """How many rows the frames have together."""
        return sum(frame.height for frame in self._frames().values())

    def with_purchases(self, bought: pl.DataFrame, unbought: pl.DataFrame) -> Changes:
        """These changes, and what the purchase table lacks and has too many."""
        return dataclasses.replace(
            self,
            bought=bought.sort("customer_id", "product_id"),
            unbought=unbought.sort("customer_id", "product_id"),
        )

    def of_rules(self, slots: Collection[int], *, ladder: bool) -> Changes:
        """Only the steps of tags with *slots* and, if *ladder*, the moves between groups."""
        wanted = pl.col("slot").is_in(sorted(slots))
        return dataclasses.replace(
            self,
            asserted=self.asserted.filter(wanted),
            retracted=self.retracted.filter(wanted),
            added=self.added.filter(wanted),
            removed=self.removed.filter(wanted),
            requalified=self.requalified.filter(wanted),
            moved=self.moved if ladder else self.moved.clear(),
        )

    def of_others(self, slots: Collection[int], *, ladder: bool) -> Changes:
        """Everything but the steps of tags with *slots* and, if *ladder*, the moves."""
        others = ~pl.col("slot").is_in(sorted(slots))
        return dataclasses.replace(
            self,
            asserted=self.asserted.filter(others),
            retracted=self.retracted.filter(others),
            added=self.added.filter(others),
            removed=self.removed.filter(others),
            requalified=self.requalified.filter(others),
            moved=self.moved.clear() if ladder else self.moved,
        )

    def steps(self) -> dict[int, int]:
        """For how many customers the rule of each slot turned true or false."""
        both = pl.concat([self.asserted, self.retracted])
        return dict(both.group_by("slot").len().iter_rows())

    @property
    def changed(self) -> pl.Series:
        """The customers whose tags or group change, ascending."""
        frames = (self.added, self.removed, self.moved)
        return pl.concat([frame["customer_id"] for frame in frames]).unique().sort()

    @property
    def stepped(self) -> pl.Series:
        """Those `changed`, and whoever's verdict turns where people's words keep it unseen."""
        frames = (self.added, self.removed, self.asserted, self.retracted, self.moved)
        return pl.concat([frame["customer_id"] for frame in frames]).unique().sort()

    def without(self, ids: Collection[int]) -> Changes:
        """These changes but for customers *ids*."""
        others = ~pl.col("customer_id").is_in(sorted(ids))
        return Changes(**{name: frame.filter(others) for name, frame in self._frames().items()})

    def batches(self, size: int) -> Iterator[Changes]:
        """These changes in parts of at most *size* customers each; all of a customer in one."""
        frames = self._frames()
        ids = pl.concat([frame["customer_id"] for frame in frames.values()]).unique().sort()
        for start in range(0, len(ids), size):
            part = ids.slice(start, size)
            inside = pl.col("customer_id").is_between(part[0], part[-1])
            yield Changes(**{name: frame.filter(inside) for name, frame in frames.items()})

    def _frames(self) -> dict[str, pl.DataFrame]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """
    Which columns hold what stands.

    Attributes:
        values: Columns that are compared and stored and may be null: facts, memory, ``next_at``.
        words: How many words of tags there are.
        segment_words: The same of segments.
        listed: Slots of segments whose entries and exits are listed one by one.
        has_ladder: Whether groups take part.
    """

    values: tuple[str, ...] = ()
    words: int = 0
    segment_words: int = 0
    listed: frozenset[int] = frozenset()
    has_ladder: bool = False

    def also(self, value: str) -> Layout:
        """This layout with one more compared column."""
        return dataclasses.replace(self, values=(*self.values, value))

    @property
    def names(self) -> list[str]:
        """The names of all words."""
        tags = [f"{kind}{word}" for kind in ("verdict", "tags") for word in range(self.words)]
        kinds = ("segment_verdict", "segments")
        segments = [f"{kind}{word}" for kind in kinds for word in range(self.segment_words)]
        return [*tags, *segments, *(["rungs"] if self.has_ladder else [])]


def difference(wanted: pl.DataFrame, standing: pl.DataFrame, layout: Layout) -> Changes:
    """
    What to write so that *standing* becomes *wanted*.

    Args:
        wanted: ``customer_id`` and every column of *layout*, of every customer of the scope
            that the store has; of the ladder also its moves, notes and ended pins.
        standing: The columns of *layout* as they stand, for customers that our tables know,
            and the ``req`` words of pins that end when a rule turns true.
    """
    names = layout.names
    columns = [*layout.values, *names]
    reqs = _reqs(layout)
    both = wanted.join(
        standing.select("customer_id", *columns, *reqs, known=pl.lit(True)),
        on="customer_id",
        how="left",
        suffix=" now",
        maintain_order="left",
    )
    zero = pl.col([*(f"{name} now" for name in names), *reqs]).fill_null(0)
    both = both.with_columns(zero, pl.col("known").fill_null(False))
    differs = [pl.col(name).ne_missing(pl.col(f"{name} now")) for name in columns]
    customers = both.filter(pl.any_horizontal(~pl.col("known"), *differs))
    gone = standing.join(wanted, on="customer_id", how="anti").select("customer_id", *names)
    tags = _Words(customers, layout.words)
    segments = _Words(customers, layout.segment_words, layout.listed)
    return Changes(
        customers=customers.select("customer_id", *columns),
        asserted=tags.turned_on("verdict"),
        retracted=tags.turned_off("verdict"),
        added=tags.turned_on("tags"),
        removed=_with(tags.turned_off("tags"), _bits(gone, "tags", layout.words)),
        entered=segments.turned_on("segments"),
        left=_with(
            segments.turned_off("segments"),
            _bits(gone, "segments", layout.segment_words, layout.listed),
        ),
        requalified=tags.requalified("verdict", "req"),
        segments_requalified=_Words(customers, layout.segment_words).requalified(
            "segment_verdict", "segment_req"
        ),
        gone=gone.select("customer_id"),
        **(_ladder(wanted) if layout.has_ladder else {}),
    )


def _reqs(layout: Layout) -> list[str]:
    tags = [f"req{word}" for word in range(layout.words)]
    return [*tags, *(f"segment_req{word}" for word in range(layout.segment_words))]


def _ladder(wanted: pl.DataFrame) -> dict[str, pl.DataFrame]:
    moved = wanted.filter(pl.col("move_to").is_not_null())
    noted = wanted.filter(pl.col("group_note") > 0)
    pinned = wanted.filter(pl.col("pin_group_ended")).select(
        "customer_id", pl.lit(-1, dtype=pl.Int64).alias("slot")
    )
    ended = wanted.filter(pl.col("rungs_out_ended") > 0)
    out = _bits(ended.rename({"rungs_out_ended": "ended0"}), "ended", 1)
    return {
        "moved": moved.select(
            "customer_id",
            pl.col("move_from").cast(pl.Int64).alias("from"),
            pl.col("move_to").cast(pl.Int64).alias("to"),
            pl.col("move_why").cast(pl.Int64).alias("why"),
        ),
        "notes": noted.select(
            "customer_id",
            pl.col("group_note").cast(pl.Int64).alias("note"),
            pl.col("group_id").cast(pl.Int64).alias("group"),
        ),
        "groups_requalified": _with(pinned, out),
    }


def _with(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([one, other]).sort("customer_id", "slot")


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of *frame*, new ones and, under their name and `` now``, standing ones."""

    frame: pl.DataFrame
    count: int
    only: frozenset[int] | None = None

    def turned_on(self, kind: str) -> pl.DataFrame:
        """``customer_id``, ``slot`` of bits that are new."""
        return self._turned(kind, lambda new, now: new & ~now)

    def turned_off(self, kind: str) -> pl.DataFrame:
        """The same of bits that are no longer there."""
        return self._turned(kind, lambda new, now: now & ~new)

    def requalified(self, kind: str, req: str) -> pl.DataFrame:
        """The same of bits that are new and stand in the words *req*."""
        words = [
            (pl.col(f"{kind}{word}") & ~pl.col(f"{kind}{word} now") & pl.col(f"{req}{word}")).alias(
                f"{kind}{word}"
            )
            for word in range(self.count)
        ]
        return _bits(self.frame.select("customer_id", *words), kind, self.count)

    def _turned(self, kind: str, how: _Turn) -> pl.DataFrame:
        words = [
            how(pl.col(f"{kind}{word}"), pl.col(f"{kind}{word} now")).alias(f"{kind}{word}")
            for word in range(self.count)
        ]
        return _bits(self.frame.select("customer_id", *words), kind, self.count, self.only)


def _bits(
    frame: pl.DataFrame, kind: str, words: int, only: Collection[int] | None = None
) -> pl.DataFrame:
    """``customer_id``, ``slot`` of every bit that is set, of slots *only*; ascending."""
    found = [_empty(_PAIR)]
    for word in range(words):
        any_set = frame.select(pl.col(f"{kind}{word}").bitwise_or()).item() or 0
        for bit in range(64):
            slot = word * 64 + bit
            if any_set >> bit & 1 and (only is None or slot in only):
                has = (pl.col(f"{kind}{word}") & pl.lit(1 << bit, dtype=pl.UInt64)) != 0
                number = pl.lit(slot, dtype=pl.Int64).alias("slot")
                found.append(frame.filter(has).select("customer_id", number))
    return pl.concat(found).sort("customer_id", "slot")
