"""One version of the rules, compiled for this store, and what has become of each of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from sidecar.model import Moment, fold
from sidecar.rules.compile_ruleset import Compiled, Places, compile_rules
from sidecar.rules.dependencies import LADDER, Node
from sidecar.rules.ladder import LadderPlan
from sidecar.rules.ladder_memory import PINNED
from sidecar.rules.plan import Changes, Layout
from sidecar.rules.rule import MadeIn
from sidecar.rules.ruleset import RuleSet
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import (
    ladder_plan,
    name_memory,
    registry,
    rfm_limits,
    rule_findings,
    segments,
    state,
    tags,
)
from sidecar.sync.facts.load import Dictionary
from sidecar.sync.reading import Limits
from sidecar.sync.registry import EVERYTHING, Registry
from sidecar.sync.rulebook import CheckedRules
from sidecar.sync.segments import Segment
from sidecar.sync.slots import Slots
from sidecar.sync.standing import STORED
from sidecar.sync.tags import Tag

#: In ``sidecar_state``: who paused, when and why; nothing while not paused.
PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """
    What a cycle applies.

    Attributes:
        checked: The rules as read.
        compiled: As expressions, the *blocked* ones as what stands.
        tags: Every tag, by slot.
        segments: Every segment that a rule makes, by slot.
        going: Segments whose rule is gone, by slot, while somebody may be in them.
        segment_slots: The bit of each segment that has one, also of those that are going.
        ladder: How customers move; None: no groups take part.
        rungs: The bits of rungs by their folded name.
        registry: What has become of each rule when this was made.
        blocked: The rules that say what they said before.
        paused: Native tables are not written.
        limits: RFM limits; None while nobody has ordered.
        lists_all: List entries and exits also of segments without a baseline.
    """

    checked: CheckedRules
    compiled: Compiled
    tags: Mapping[int, Tag]
    segments: Mapping[int, Segment]
    going: Mapping[int, Segment]
    segment_slots: Mapping[str, int]
    ladder: LadderPlan | None
    rungs: Mapping[str, int]
    registry: Registry
    blocked: frozenset[Node]
    paused: bool
    limits: Limits | None
    lists_all: bool = False

    @property
    def dictionary(self) -> Dictionary:
        """The facts of this store."""
        return self.checked.dictionary

    @property
    def slots(self) -> Slots:
        """Whose bits the words hold."""
        groups = self.ladder.rungs if self.ladder is not None else ()
        return Slots(
            tags={tag.tag_id: tag.as_slot for tag in self.tags.values()},
            segments={segment.segment_id: slot for slot, segment in self.segments.items()},
            going={segment.segment_id: slot for slot, segment in self.going.items()},
            listed=frozenset(slot for slot, s in self._every_segment.items() if s.listed),
            rungs={rung.group_id: rung.slot for rung in groups if rung.group_id is not None},
            words=self.compiled.words,
            segment_words=self.compiled.segment_words,
            has_ladder=self.compiled.has_ladder,
        )

    @property
    def _every_segment(self) -> dict[int, Segment]:
        return {**self.segments, **self.going}

    @property
    def layout(self) -> Layout:
        """Which columns hold what stands."""
        slots = self.slots
        return Layout(
            values=(*STORED.values(), "next_at", *slots.memory),
            words=slots.words,
            segment_words=slots.segment_words,
            listed=frozenset(
                slot for slot, s in self._every_segment.items() if s.has_baseline or self.lists_all
            ),
            has_ladder=slots.has_ladder,
        )

    def tag_slots(self, nodes: Iterable[Node]) -> frozenset[int]:
        """The bits of the tags whose rules are among *nodes*."""
        by_name = {fold(tag.name): slot for slot, tag in self.tags.items()}
        wanted = {name for kind, name in nodes if kind == "tag"}
        return frozenset(slot for name, slot in by_name.items() if name in wanted)

    def steps(self, changes: Changes) -> dict[Node, int]:
        """How many steps of each rule there are in *changes*."""
        found: dict[Node, int] = {
            ("tag", fold(self.tags[slot].name)): number
            for slot, number in changes.steps().items()
            if slot in self.tags
        }
        # Where a pin moves somebody, a person decided and no rung.
        moves = changes.moved.filter(pl.col("why") != PINNED).height
        return found | {LADDER: moves} if moves else found

    def blocking(self, blocked: frozenset[Node]) -> Rulebook:
        """This rulebook, but with other rules *blocked*."""
        if blocked == self.blocked:
            return self
        return _compiled(dataclasses.replace(self, blocked=blocked))

    def knowing(self, known: Registry) -> Rulebook:
        """This rulebook, blocking what *known* says of a cycle of changed customers."""
        return dataclasses.replace(self, registry=known).blocking(known.blocked())


def open_rulebook(
    shop: Shop,
    checked: CheckedRules,
    moment: Moment,
    *,
    writing: bool,
    new_limits: bool,
    pinning: bool = False,
) -> Rulebook:
    """
    Compile *checked* for this store, blocking what a cycle of changed customers must not apply.

    Args:
        writing: Create the tags and segments that rules make, note which rules are new and
            new RFM limits; without it all this is only imagined, for a plan.
        new_limits: Compute RFM limits where those that stand are of an earlier day.
        pinning: A customer group is about to be pinned, be it the first.

    Raises:
        ConfigError: A tag that a rule makes is archived, or there are too many.
    """
    wanted = [rule.name for rule in checked.rules.tags]
    own = shop.own
    limits = rfm_limits.current if new_limits else rfm_limits.standing
    with transaction(shop.engine) as tx:
        if writing:
            known = tags.ensure(tx, own, wanted, moment)
        else:
            known = tags.provisional(tags.load_tags(tx, own), wanted)
        every = segments.load_segments(tx, own)
        kept = _kept_segments(checked.rules, every)
        names: dict[str, MadeIn] = {segment.name: "admin" for segment in kept}
        names |= {rule.name: rule.made_in for rule in checked.rules.segments}
        found = segments.register(tx, own, names, moment, writing=writing)
        every += found
        rules = registry.load(tx, own, checked.rules, moment, writing=writing)
        plan, rungs = ladder_plan.make_plan(
            tx, shop, checked.rules, checked.names, moment, writing=writing, pinning=pinning
        )
        if writing:
            rule_findings.note(tx, own, checked.rules, plan, rungs, moment)
            name_memory.remember(
                tx, own, checked.rules, checked.dictionary.catalogue, checked.names, moment
            )
        paused = state.read(tx, own, PAUSED) is not None
    book = Rulebook(
        checked=checked,
        compiled=Compiled(),
        tags={tag.slot: tag for tag in known},
        segments={segment.slot: segment for segment in found},
        going={s.slot: s for s in every if all(s.slot != other.slot for other in found)},
        segment_slots={fold(segment.name): segment.slot for segment in every},
        ladder=plan,
        rungs=rungs,
        registry=rules,
        blocked=rules.blocked(),
        paused=paused,
        limits=limits(shop, checked.dictionary, moment, writing=writing),
    )
    return _compiled(book)


def _compiled(book: Rulebook) -> Rulebook:
    ladder = book.ladder
    if ladder is not None:
        blocked = not book.blocked.isdisjoint((LADDER, EVERYTHING))
        ladder = dataclasses.replace(ladder, blocked=blocked, paused=book.paused)
    places = Places(
        tags={fold(tag.name): tag.as_slot for tag in book.tags.values()},
        segments=book.segment_slots,
        rungs=book.rungs,
        ladder=ladder,
        blocked=book.tag_slots(book.blocked),
        all_blocked=EVERYTHING in book.blocked,
        kept_segments=frozenset(
            s.slot for s in _kept_segments(book.checked.rules, book.segments.values())
        ),
    )
    checked = book.checked
    compiled = compile_rules(
        checked.rules, places, checked.dictionary.catalogue, checked.names, checked.rules.lists
    )
    return dataclasses.replace(book, compiled=compiled, ladder=ladder)


def _kept_segments(rules: RuleSet, known: Iterable[Segment]) -> list[Segment]:
    """Those of *known* whose rule is off: who is in one stays in it, but built-in ones empty."""
    off = {fold(r.name) for r in rules.off if r.kind == "segment" and r.made_in == "admin"}
    return [segment for segment in known if fold(segment.name) in off]
