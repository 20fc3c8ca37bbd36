"""
The compiled rules of one version, and what they say about a frame of facts.

A verdict is kept as bit words: each tag has a slot for life, slot 70 is bit 6 of
word 1. ``verdict`` words are what the rules say, ``tags`` words what is in effect:
(rule or another live assertion) and no live ``pin_out``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import polars as pl

from sidecar.model import Moment, Names, fold
from sidecar.rules.calendar import Boundary
from sidecar.rules.catalogue import Catalogue
from sidecar.rules.columns import Column
from sidecar.rules.compile import Compiler, folded
from sidecar.rules.ruleset import RuleSet
from sidecar.rules.syntax import Expr


@dataclass(frozen=True, slots=True)
class TagSlot:
    """
    A tag as the words know it.

    Attributes:
        tag_id: Its row.
        slot: Its bit.
        archived: Never in effect while it is.
    """

    tag_id: int
    slot: int
    archived: bool = False


@dataclass(slots=True)
class Compiled:
    """
    What to load and what to compute for one version of the rules.

    Attributes:
        columns: What the loader must provide.
        boundaries: What depends on the moment.
        folded: Text columns that are compared.
        levels: Expressions in topological order; those of one level depend on earlier ones only.
        words: How many words hold every slot.
        verdicts: The ``verdict`` words, told from the levels' columns.
        tags: The ``tags`` words, told from the ``verdict`` words.
    """

    columns: tuple[Column, ...] = ()
    boundaries: tuple[Boundary, ...] = ()
    folded: tuple[str, ...] = ()
    levels: list[list[pl.Expr]] = field(default_factory=list)
    words: int = 0
    verdicts: tuple[pl.Expr, ...] = ()
    tags: tuple[pl.Expr, ...] = ()


def compile_rules(
    rules: RuleSet,
    tags: Mapping[str, TagSlot],
    catalogue: Catalogue,
    names: Names,
    lists: Mapping[str, Collection[str]],
) -> Compiled:
    """
    Compile the tag rules of *rules*, and the segments they name, in topological order.

    Args:
        tags: Every tag by its folded name; each tag rule has one.
    """
    level_of: dict[str, int] = {}
    levels: list[list[pl.Expr]] = []
    #: What the conditions being compiled need, the innermost last.
    needs: list[set[str]] = []
    with_rule = {fold(rule.name): rule.when for rule in rules.tags}
    segments = {fold(rule.name): rule.when for rule in rules.segments}

    def tag(name: str) -> pl.Expr:
        known = tags.get(fold(name))
        if known is None or known.archived:
            return pl.lit(False)
        if fold(name) in with_rule:
            needs[-1].add(_rule(known.slot))
            asserted = pl.col(_rule(known.slot)) | _bit("on", known.slot)
        else:
            asserted = _bit("on", known.slot)
        return asserted & ~_bit("off", known.slot)

    def segment(name: str) -> pl.Expr:
        # Only what a tag asks for is computed: others are not kept yet.
        column = f"segment:{fold(name)}"
        if column not in level_of:
            add(column, segments[fold(name)])
        needs[-1].add(column)
        return pl.col(column)

    compiler = Compiler(catalogue, names, lists, tag, segment, tags)

    def add(column: str, condition: Expr) -> None:
        needs.append(set())
        expression = compiler.condition(condition).alias(column)
        level = max((level_of[other] + 1 for other in needs.pop()), default=0)
        level_of[column] = level
        levels.extend([] for _ in range(level + 1 - len(levels)))
        levels[level].append(expression)

    for kind, name in rules.order:
        if kind == "tag":
            add(_rule(tags[fold(name)].slot), with_rule[fold(name)])

    words = max((known.slot // 64 + 1 for known in tags.values()), default=0)
    return Compiled(
        columns=tuple(compiler.columns.values()),
        boundaries=tuple(compiler.boundaries.values()),
        folded=tuple(sorted(compiler.folded)),
        levels=levels,
        words=words,
        verdicts=tuple(_packed([tags[name].slot for name in with_rule], w) for w in range(words)),
        tags=tuple(_in_effect(tags.values(), word) for word in range(words)),
    )


def prepared(frame: pl.DataFrame, compiled: Compiled, moment: Moment) -> pl.DataFrame:
    """*frame* with the boundaries of *moment* and the folded texts that conditions compare with."""
    return frame.with_columns(
        *(pl.lit(b.value(moment), dtype=pl.Int64).alias(b.column) for b in compiled.boundaries),
        *(folded(frame[key]) for key in compiled.folded),
    )


def evaluate(compiled: Compiled, frame: pl.DataFrame, moment: Moment) -> pl.DataFrame:
    """
    What should be for every customer of *frame*.

    Args:
        frame: ``customer_id``, every column of *compiled*, and ``on``/``off`` words
            of the assertions that no rule made.

    Returns:
        ``customer_id``, ``verdict0``… and ``tags0``…, unsigned 64-bit, in the frame's order.
    """
    frame = prepared(frame, compiled, moment)
    for level in compiled.levels:
        frame = frame.with_columns(level)
    verdicts = [f"verdict{word}" for word in range(compiled.words)]
    return frame.with_columns(compiled.verdicts).select("customer_id", *verdicts, *compiled.tags)


def _rule(slot: int) -> str:
    return f"rule:{slot}"


def _bit(word: str, slot: int) -> pl.Expr:
    mask = pl.lit(1 << slot % 64, dtype=pl.UInt64)
    return (pl.col(f"{word}{slot // 64}") & mask) != 0


def _packed(slots: Collection[int], word: int) -> pl.Expr:
    """The word of verdicts number *word*: a bit for each rule that holds."""
    bits = [
        pl.when(pl.col(_rule(slot))).then(pl.lit(1 << slot % 64, dtype=pl.UInt64)).otherwise(0)
        for slot in sorted(slots)
        if slot // 64 == word
    ]
    packed = pl.sum_horizontal(bits).cast(pl.UInt64) if bits else pl.lit(0, dtype=pl.UInt64)
    return packed.alias(f"verdict{word}")


def _in_effect(tags: Collection[TagSlot], word: int) -> pl.Expr:
    """The word of tags number *word*: asserted, not pinned out, not archived."""
    archived = sum(1 << t.slot % 64 for t in tags if t.archived and t.slot // 64 == word)
    asserted = pl.col(f"verdict{word}") | pl.col(f"on{word}")
    in_use = pl.lit(~archived & (2**64 - 1), dtype=pl.UInt64)
    return (asserted & ~pl.col(f"off{word}") & in_use).alias(f"tags{word}")
