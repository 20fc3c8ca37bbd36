"""Every tag and segment of one customer: whether they have it, who says so, why and why not."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sidecar.model import fold
from sidecar.rules.dependencies import Node as Ruled
from sidecar.rules.explain import Told
from sidecar.rules.rule import SegmentRule, TagRule
from sidecar.rules.rule_places import place_of
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.explaining.foresight import Foresight
from sidecar.sync.explaining.said import Assertion, Pinned, Said
from sidecar.sync.explaining.telling import Telling
from sidecar.sync.registry import EVERYTHING
from sidecar.sync.segments import Segment
from sidecar.sync.state import Json
from sidecar.sync.tags import Tag


@dataclass(frozen=True, slots=True)
class Known:
    """
    Everything that is known of one customer.

    Attributes:
        book: The rules.
        telling: How it is told.
        said: What our tables remember.
        standing: The customer's row of our tables; empty where they do not know them.
        told: What conditions say of them; None: they cannot be processed.
        after: What a look at them would leave behind, as `evaluate` returns it.
        seen: What comes; None: they cannot be processed.
        held_by: By rule number: the run whose undo or discard holds it.
        left_out: Why no rule is asked about them; None: rules are.
    """

    book: Rulebook
    telling: Telling
    said: Said
    standing: Mapping[str, Any]
    told: Told | None
    after: Mapping[str, Any]
    seen: Foresight | None
    held_by: Mapping[int, int | None]
    left_out: str | None = None

    def stands(self, kind: str, slot: int) -> bool:
        """Whether a bit of the words *kind* of our tables is set."""
        return bool((self.standing.get(f"{kind}{slot // 64}") or 0) >> slot % 64 & 1)

    def lives(self, until: int | None) -> bool:
        """Whether what ends at *until* has not ended."""
        return until is None or until > self.telling.moment.epoch_s

    def blocked(self, node: Ruled) -> dict[str, Json] | None:
        """Why the rule *node* changes nothing for now; None: it may."""
        book = self.book
        if node not in book.blocked and EVERYTHING not in book.blocked:
            return None
        rule = book.registry.rules.get(node)
        if rule is not None and rule.held:
            run = self.held_by.get(rule.rule_id)
            by = f" by undoing or discarding run {run}" if run else ""
            name = rule.name
            return _blocked(
                "held", run, f"is held{by} (`sidecar rules resume '{name}'` lets it go on)"
            )
        if rule is not None and rule.waiting is not None:
            run = rule.waiting
            text = f"waits for approval in run {run} (`sidecar approve {run}`)"
            return _blocked("waiting", run, text)
        if not book.registry.approved:
            return _blocked("not_approved", None, "waits until a first full pass is approved")
        return _blocked("new", None, "is new or edited, and waits for the next full pass")


def _blocked(why: str, run: int | None, text: str) -> dict[str, Json]:
    return {"why": why, "run": run, "text": text}


def pin_told(pin: Pinned, telling: Telling) -> dict[str, Json]:
    """A pin as JSON."""
    return {
        **dataclasses.asdict(pin),
        "since": telling.at(pin.since),
        "until": telling.at(pin.until),
    }


def pin_words(pin: Pinned, telling: Telling) -> str:
    """A pin in words."""
    words = f"pinned {pin.direction} by {pin.actor}"
    if pin.until is not None:
        words += f" until {telling.day(pin.until)}"
    if pin.requalify:
        words += " until its rule next turns true"
    return words + (f": {pin.reason}" if pin.reason else "")


def tags(known: Known) -> dict[str, Json]:
    """Every tag by name."""
    rules = {fold(rule.name): rule for rule in known.book.checked.rules.tags}
    found = sorted(known.book.tags.values(), key=lambda tag: fold(tag.name))
    return {tag.name: _tag(known, tag, rules.get(fold(tag.name))) for tag in found}


def _tag(known: Known, tag: Tag, rule: TagRule | None) -> dict[str, Json]:
    said = [a for a in known.said.assertions if a.slot == tag.slot and known.lives(a.until)]
    holds = known.stands("tags", tag.slot)
    # A rule's row has no words of its own, and a pin stands beside what it overrules.
    sources = [one for one in said if one.kind != "pin_out"]
    pins = [one for one in said if one.kind in ("pin_in", "pin_out")]
    pin = _as_pin(pins[-1]) if pins else None
    blocked = known.blocked(("tag", fold(tag.name))) if rule is not None else None
    since = known.said.tag_removed.get(tag.tag_id)
    if holds:
        first = min((one.since for one in sources), default=None)
        since = known.said.tag_added.get(tag.tag_id, first)
    condition = _condition(known, rule, "tag", tag.name)
    why = _why_tag(known, tag, rule, sources, pin, holds=holds)
    return _entry(known, ("tag", tag.slot), holds, since, why, condition, blocked) | {
        "sources": [_source(known, one, rule) for one in sources],
        "pin": None if pin is None else pin_told(pin, known.telling),
        "archived": tag.archived,
    }


def _as_pin(one: Assertion) -> Pinned:
    return Pinned(
        direction=one.kind.removeprefix("pin_"),
        since=one.since,
        until=one.until,
        requalify=one.requalify,
        actor=one.actor or "",
        reason=one.reason,
    )


def _source(known: Known, one: Assertion, rule: TagRule | None) -> dict[str, Json]:
    names = {tag.tag_id: tag.name for tag in known.book.tags.values()}
    is_rule = one.kind == "rule"
    return {
        "kind": one.kind,
        "since": known.telling.at(one.since),
        "until": known.telling.at(one.until),
        "actor": one.actor,
        "reason": one.reason,
        "requalify": one.requalify,
        "rule": rule.text if is_rule and rule is not None else None,
        "place": place_of(rule) if is_rule and rule is not None else None,
        "merged_from": names.get(one.source_id) if one.kind == "merge" else None,
    }


def _why_tag(
    known: Known,
    tag: Tag,
    rule: TagRule | None,
    sources: Sequence[Assertion],
    pin: Pinned | None,
    *,
    holds: bool,
) -> str:
    if tag.archived:
        return "archived: nobody has it"
    if pin is not None and pin.direction == "out":
        return pin_words(pin, known.telling)
    if sources and holds:
        return "; ".join(_source_words(known, one, rule) for one in sources)
    return _why_rule(known, rule, "tag", tag.name, ("tag", tag.slot))


def _rule_words(known: Known, rule: TagRule | None) -> str:
    """Why a tag stands that a rule gave."""
    if rule is None:
        return "a rule that is gone"
    if known.told is None or known.told.node(rule.when).holds:
        return f"rule: {rule.text}"
    blocked = known.blocked(("tag", fold(rule.name)))
    then = "the next look takes it away" if blocked is None else f"the rule {blocked['text']}"
    return f"its rule held when it was last applied, and does not now: {rule.text}; {then}"


def _source_words(known: Known, one: Assertion, rule: TagRule | None) -> str:
    by = one.actor or "somebody"
    match one.kind:
        case "rule":
            return _rule_words(known, rule)
        case "pin_in":
            return pin_words(_as_pin(one), known.telling)
        case "import":
            words = f"imported from {one.reason or 'a file'} by {by}"
        case "merge":
            words = f"{one.reason or 'merged'}, by {by}"
        case kind:
            words = f"{kind} by {by}" + (f": {one.reason}" if one.reason else "")
    return words if one.until is None else f"{words}, until {known.telling.day(one.until)}"


def segments(known: Known) -> dict[str, Json]:
    """Every segment by name, also those whose rule is off."""
    rules = {fold(rule.name): rule for rule in known.book.checked.rules.segments}
    names: list[tuple[str, Segment | None]] = [
        (segment.name, segment) for segment in known.book.segments.values()
    ]
    off = (rule.name for rule in known.book.checked.rules.off if rule.kind == "segment")
    names += [(name, None) for name in off]
    return {
        name: _segment(known, name, segment, rules.get(fold(name)))
        for name, segment in sorted(names, key=lambda pair: fold(pair[0]))
    }


def _segment(
    known: Known, name: str, segment: Segment | None, rule: SegmentRule | None
) -> dict[str, Json]:
    said = known.said
    slot = -1 if segment is None else segment.slot
    number = 0 if segment is None else segment.segment_id
    holds = segment is not None and known.stands("segments", slot)
    pin = said.segments.get(number)
    since = said.left.get(number)
    if holds:
        # The row is as old as the list, where that was made after they came in.
        since = said.entered.get(number, said.member.get(number, said.baseline.get(number)))
    condition = _condition(known, rule, "segment", name)
    if pin is not None:
        why = pin_words(pin, known.telling)
    elif holds and rule is not None:
        why = f"rule: {rule.text}"
    else:
        why = _why_rule(known, rule, "segment", name, ("segment", slot))
    sources: list[Json] = []
    if holds and known.stands("segment_verdict", slot) and rule is not None:
        sources.append({"kind": "rule", "rule": rule.text, "place": place_of(rule)})
    if holds and pin is not None and pin.direction == "in":
        told = pin_told(pin, known.telling)
        del told["direction"]
        sources.append({"kind": "pin_in", **told})
    return _entry(known, ("segment", slot), holds, since, why, condition, None) | {
        "sources": sources,
        "pin": None if pin is None else pin_told(pin, known.telling),
        "description": rule.description if rule is not None else "",
    }


# -- of both -------------------------------------------------------------------------------


def _condition(
    known: Known, rule: TagRule | SegmentRule | None, kind: str, name: str
) -> dict[str, Json]:
    """What the rule says of the customer: ``verdict``, ``rule``, ``tree`` and so on."""
    node = known.told.node(rule.when) if known.told is not None and rule is not None else None
    telling = known.telling
    return {
        "verdict": None if node is None else node.holds,
        "rule": None if rule is None else rule.text,
        "place": None if rule is None else place_of(rule),
        "sentence": None if rule is None else telling.sentence(rule.when),
        "off": _off(known, kind, name),
        "tree": None if node is None else telling.tree(node),
        "nearest": None if node is None else telling.nearest(node),
    }


def _off(known: Known, kind: str, name: str) -> str | None:
    off: Iterable[Any] = known.book.checked.rules.off
    found = [rule.why for rule in off if rule.kind == kind and fold(rule.name) == fold(name)]
    return found[0] if found else None


def _why_rule(
    known: Known,
    rule: TagRule | SegmentRule | None,
    kind: str,
    name: str,
    thing: tuple[Literal["tag", "segment"], int],
) -> str:
    """Why somebody is as they are for whom nobody else says anything."""
    if (off := _off(known, kind, name)) is not None:
        return f"its rule is off: {off}"
    if rule is None:
        return "nobody gave it, and no rule makes it"
    if known.left_out is not None:
        return known.left_out
    if known.told is None:
        return f"the customer cannot be processed: {known.said.set_aside or 'see the log'}"
    node = known.told.node(rule.when)
    if not node.holds:
        return f"not so: {rule.text}"
    blocked = known.blocked(("tag", fold(name))) if kind == "tag" else None
    if blocked is not None:
        return f"its rule holds ({rule.text}), but it {blocked['text']}"
    if known.seen is not None and known.seen.now.get(thing):
        return f"its rule holds ({rule.text}); the next look at this customer gives it"
    return f"rule: {rule.text}"


def _entry(
    known: Known,
    thing: tuple[Literal["tag", "segment"], int],
    holds: bool,
    since: int | None,
    why: str,
    condition: Mapping[str, Json],
    blocked: Mapping[str, Json] | None,
) -> dict[str, Json]:
    text = f"its rule {blocked['text']}" if blocked is not None else None
    return {
        "holds": holds,
        "since": known.telling.at(since),
        "why": why,
        "blocked": blocked,
        **known.telling.coming(known.seen, thing, holds, text),
        **condition,
    }
