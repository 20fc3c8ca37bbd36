"""
A rule set to expressions: tags, segments and the ladder, each after those it needs.

``verdict`` words are what the rules say, ``tags`` and ``segments`` words what holds after
people's pins. A *blocked* tag rule says what it said before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from sidecar.model import Names, fold
from sidecar.rules import ladder as ladders
from sidecar.rules.bit_words import (
    after_pins,
    bit,
    packed,
    standing,
    word_after_pins,
    words_for,
)
from sidecar.rules.calendar import Boundary
from sidecar.rules.catalogue import Catalogue
from sidecar.rules.columns import Column
from sidecar.rules.compile import Compiler
from sidecar.rules.dependencies import LADDER, needs
from sidecar.rules.instants import Timed
from sidecar.rules.ladder import LadderPlan
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """
    Where the results of rules stand, and which of them are not to change.

    Attributes:
        tags: Every tag by its folded name; each tag rule has one.
        segments: The slot of each segment by its folded name.
        rungs: The slot of each rung by its folded name.
        ladder: How customers move; None: groups are neither read nor written.
        blocked: Slots of tags whose rule, or what it left, says what it said before.
        all_blocked: No rule of a tag may say anything new, also one that is gone.
        kept_segments: Slots of segments without a rule that stay as they are.
    """

    tags: Mapping[str, TagSlot] = field(default_factory=dict)
    segments: Mapping[str, int] = field(default_factory=dict)
    rungs: Mapping[str, int] = field(default_factory=dict)
    ladder: LadderPlan | None = None
    blocked: frozenset[int] = frozenset()
    all_blocked: bool = False
    kept_segments: frozenset[int] = frozenset()


@dataclass(slots=True)
class Compiled:
    """
    What to load and what to compute for one version of the rules.

    Attributes:
        columns: What the loader must provide.
        boundaries: What depends on the moment.
        folded: Text columns that are compared.
        levels: Expressions in topological order; those of one level depend on earlier ones only.
        words: How many words hold every tag's slot.
        segment_words: The same of segments.
        has_ladder: Whether groups are read.
        timed: What changes by time alone.
        says: The words, told from the levels' columns: first what rules say, then what holds.
    """

    columns: tuple[Column, ...] = ()
    boundaries: tuple[Boundary, ...] = ()
    folded: tuple[str, ...] = ()
    levels: list[list[pl.Expr]] = field(default_factory=list)
    words: int = 0
    segment_words: int = 0
    has_ladder: bool = False
    timed: tuple[Timed, ...] = ()
    says: tuple[list[pl.Expr], ...] = ()


def compile_rules(
    rules: RuleSet,
    places: Places,
    catalogue: Catalogue,
    names: Names,
    lists: Mapping[str, Collection[str]],
) -> Compiled:
    """Compile the tags, segments and rungs of *rules* in topological order."""
    return _RuleCompiler(rules, places, catalogue, names, lists).compiled()


class _RuleCompiler:
    """Compiles each node after those it needs; see `compile_rules`."""

    def __init__(
        self,
        rules: RuleSet,
        places: Places,
        catalogue: Catalogue,
        names: Names,
        lists: Mapping[str, Collection[str]],
    ) -> None:
        self._rules = rules
        self._places = places
        self._tag_rules = {fold(rule.name): rule.when for rule in rules.tags}
        self._segment_rules = {fold(rule.name): rule.when for rule in rules.segments}
        self._compiler = Compiler(
            catalogue, names, lists, self._tag, self._segment, list(places.tags)
        )
        self._levels: list[list[pl.Expr]] = []
        self._level_of: dict[str, int] = {}
        #: What the condition being compiled needs.
        self._needs: set[str] = set()

    def compiled(self) -> Compiled:
        places, compiler = self._places, self._compiler
        if not self._rules.groups:
            self._add_ladder()  # no rung, but people's pins, and rules that ask for the group
        for kind, name in self._rules.order:
            if kind == "tag":
                self._add_tag(name)
            elif kind == "segment":
                self._add(_segment(places.segments[fold(name)]), self._segment_rules[fold(name)])
            else:
                self._add_ladder()
        words = words_for(tag.slot for tag in places.tags.values())
        segment_words = words_for(places.segments.values())
        boundaries = {b.column: b for b in (Boundary("now"), *compiler.boundaries.values())}
        if places.ladder is not None:
            boundaries |= {b.column: b for b in ladders.boundaries(places.ladder)}
        return Compiled(
            columns=tuple(self._columns()),
            boundaries=tuple(boundaries.values()),
            folded=tuple(sorted(compiler.folded)),
            levels=self._levels,
            words=words,
            segment_words=segment_words,
            has_ladder=places.ladder is not None,
            timed=tuple(compiler.timed),
            says=(self._verdicts(words, segment_words), self._in_effect(words, segment_words)),
        )

    def _columns(self) -> Iterable[Column]:
        columns = dict(self._compiler.columns)
        if self._places.ladder is not None:
            columns["group"] = Column("group")
        return columns.values()

    # -- nodes ---------------------------------------------------------------------------

    def _add_tag(self, name: str) -> None:
        slot = self._places.tags[fold(name)].slot
        if self._is_blocked(slot):
            self._put(_rule(slot), [[bit("was:verdict", slot).alias(_rule(slot))]], 0)
        else:
            self._add(_rule(slot), self._tag_rules[fold(name)])

    def _add_ladder(self) -> None:
        plan = self._places.ladder
        if plan is None:
            return
        conditions: list[pl.Expr] = []
        level = 0
        for rung in self._rules.groups:
            slot = self._places.rungs.get(fold(rung.name))
            if slot is None:
                continue
            keep = rung.when if rung.keep_when is None else rung.keep_when
            for column, condition in ((f"when:{slot}", rung.when), (f"keep:{slot}", keep)):
                expression, its_level = self._compiled(condition)
                conditions.append(expression.alias(column))
                level = max(level, its_level)
        group = pl.col("group")
        exists = pl.when(group.is_in(sorted(plan.groups))).then(group).alias("group")
        self._put(LADDER[1], [conditions, *ladders.ladder_levels(plan), [exists]], level)

    def _add(self, column: str, condition: Expr) -> None:
        expression, level = self._compiled(condition)
        self._put(column, [[expression.alias(column)]], level)

    def _compiled(self, condition: Expr) -> tuple[pl.Expr, int]:
        """*condition*, and the first level at which what it needs is there."""
        self._needs = set()
        expression = self._compiler.condition(condition)
        needed = self._needs
        if LADDER in needs(condition) and LADDER[1] in self._level_of:
            needed = needed | {LADDER[1]}
        return expression, max((self._level_of[other] + 1 for other in needed), default=0)

    def _put(self, column: str, steps: list[list[pl.Expr]], level: int) -> None:
        self._levels.extend([] for _ in range(level + len(steps) - len(self._levels)))
        for offset, expressions in enumerate(steps):
            self._levels[level + offset].extend(expressions)
        self._level_of[column] = level + len(steps) - 1

    # -- what conditions ask of each other -----------------------------------------------

    def _tag(self, name: str) -> pl.Expr:
        tag = self._places.tags.get(fold(name))
        if tag is None or tag.archived:
            return pl.lit(False)
        if fold(name) in self._tag_rules:
            self._needs.add(_rule(tag.slot))
            verdict = pl.col(_rule(tag.slot))
        elif self._is_blocked(tag.slot):
            verdict = bit("was:verdict", tag.slot)
        else:
            return bit("on", tag.slot) & ~bit("off", tag.slot)
        return after_pins(verdict, "", tag.slot)

    def _segment(self, name: str) -> pl.Expr:
        slot = self._places.segments.get(fold(name))
        if slot is not None and slot in self._places.kept_segments:
            return after_pins(bit("was:segment_verdict", slot), "segment_", slot)
        if slot is None or fold(name) not in self._segment_rules:
            return pl.lit(False)
        self._needs.add(_segment(slot))
        return after_pins(pl.col(_segment(slot)), "segment_", slot)

    def _is_blocked(self, slot: int) -> bool:
        return self._places.all_blocked or slot in self._places.blocked

    # -- words ---------------------------------------------------------------------------

    def _verdicts(self, words: int, segment_words: int) -> list[pl.Expr]:
        ruled = [self._places.tags[name].slot for name in self._tag_rules]
        found = [self._verdict(ruled, word) for word in range(words)]
        segments = [self._places.segments[name] for name in self._segment_rules]
        for word in range(segment_words):
            says = packed({slot: _segment(slot) for slot in segments}, word)
            kept = standing("was:segment_verdict", self._places.kept_segments, word)
            found.append((says | kept).alias(f"segment_verdict{word}"))
        return found

    def _verdict(self, ruled: Collection[int], word: int) -> pl.Expr:
        says = packed({slot: _rule(slot) for slot in ruled}, word)
        left = {slot for slot in self._places.blocked if slot not in ruled}
        if self._places.all_blocked:
            left = set(range(word * 64, word * 64 + 64))
        return (says | standing("was:verdict", left, word)).alias(f"verdict{word}")

    def _in_effect(self, words: int, segment_words: int) -> list[pl.Expr]:
        tags = self._places.tags.values()
        found = []
        for word in range(words):
            archived = sum(1 << t.slot % 64 for t in tags if t.archived and t.slot // 64 == word)
            in_use = pl.lit(~archived & (2**64 - 1), dtype=pl.UInt64)
            found.append((word_after_pins("", "verdict", word) & in_use).alias(f"tags{word}"))
        for word in range(segment_words):
            after = word_after_pins("segment_", "segment_verdict", word)
            found.append(after.alias(f"segments{word}"))
        return found


def _rule(slot: int) -> str:
    return f"rule:{slot}"


def _segment(slot: int) -> str:
    return f"segment:{slot}"
