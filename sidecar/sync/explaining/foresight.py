"""
What time alone will change for one customer, and when, with the store as it is now.

The clock looks at a customer at the earliest instant at which something may change, then
at the next; the same is done here, by the same evaluation, in memory instead of in tables.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import polars as pl
from sqlalchemy import Connection

from sidecar.model import Moment, Scope
from sidecar.rules.columns import Column
from sidecar.rules.evaluate import told, worked_out
from sidecar.sync.cycle import Pass, Situation, with_standing
from sidecar.sync.explaining.said import Assertion
from sidecar.sync.facts.load import load
from sidecar.sync.reading import Reading
from sidecar.sync.slots import Slots
from sidecar.sync.standing import BREAKER_S, load_standing

#: As far ahead, and as many looks, as is foreseen.
FARTHEST_YEARS: Final = 3
_FARTHEST_S: Final = FARTHEST_YEARS * 366 * 86_400
_LOOKS: Final = 200

#: What can change: the bit of a tag, of a segment, or (0) the customer group.
Thing = tuple[Literal["tag", "segment", "group"], int]
#: What is so of each: in effect or not, or which group.
State = dict[Thing, bool | int | None]


@dataclass(slots=True)
class Foresight:
    """
    Attributes:
        now: What a look at the customer would leave behind now.
        first: Of what will change: the first instant, and what is so from then on.
        until: Nothing else changes before this instant; None: time alone never changes it.
        is_far: That instant is farther ahead than is foreseen.
    """

    now: State
    first: dict[Thing, tuple[int, bool | int | None]] = field(default_factory=dict)
    until: int | None = None
    is_far: bool = False


def foresee(
    work: Pass, tx: Connection, scope: Scope, found: Situation, said: Sequence[Assertion]
) -> Foresight:
    """
    Look at the one customer of *scope* now, and whenever time may change something.

    Args:
        found: What is known of the customer now.
        said: Every assertion of their tags that no rule made.
    """
    future = _Future(work, tx, scope, found.loaded.frame, said)
    moment, frame = work.moment, found.frame
    seen: Foresight | None = None
    for _ in range(_LOOKS):
        worked = worked_out(work.rulebook.compiled, frame, moment)
        row = told(work.rulebook.compiled, worked, moment).row(0, named=True)
        state = _state(row, worked, work.rulebook.slots)
        if seen is None:
            seen = Foresight(now=state)
        for thing, value in state.items():
            if thing not in seen.first and value != seen.now[thing]:
                seen.first[thing] = (moment.epoch_s, value)
        seen.until = row["next_at"]
        seen.is_far = (seen.until or 0) > work.moment.epoch_s + _FARTHEST_S
        if seen.until is None or seen.is_far:
            break
        future.remember(row, worked, moment)
        moment = Moment(datetime.datetime.fromtimestamp(seen.until, datetime.UTC), moment.zone)
        frame = future.look(moment)
    return seen or Foresight(now={})


def _state(row: Mapping[str, Any], worked: pl.DataFrame, slots: Slots) -> State:
    state: State = {("tag", tag.slot): _has(row, "tags", tag.slot) for tag in slots.tags.values()}
    state |= {("segment", slot): _has(row, "segments", slot) for slot in slots.segments.values()}
    if slots.has_ladder:
        state["group", 0] = worked["group"][0]
    return state


def _has(row: Mapping[str, Any], kind: str, slot: int) -> bool:
    return bool(row[f"{kind}{slot // 64}"] >> slot % 64 & 1)


class _Future:
    """The customer as later looks will find them."""

    def __init__(
        self,
        work: Pass,
        tx: Connection,
        scope: Scope,
        facts: pl.DataFrame,
        said: Sequence[Assertion],
    ) -> None:
        self._work = work
        self._tx = tx
        self._scope = scope
        self._facts = facts
        # Nothing else that is loaded depends on the moment.
        self._moving: list[Column] = [c for c in work.rulebook.compiled.columns if c.is_moving]
        self._said = said
        self._was: dict[str, Any] = {}
        #: The bits of pins that ended because their rule turned true, by name of the word.
        self._ended: dict[str, int] = {}
        self._pin_group_ended = False
        self._moved_at: list[int] = []

    def remember(self, row: Mapping[str, Any], worked: pl.DataFrame, moment: Moment) -> None:
        """What a look at *moment* writes: the words, the memory, the group, pins that end."""
        slots = self._work.rulebook.slots
        was = worked.row(0, named=True)
        for prefix, words in (("", slots.words), ("segment_", slots.segment_words)):
            for word in range(words):
                name = f"{prefix}verdict{word}"
                turned = row[name] & ~was[f"was:{name}"] & was[f"{prefix}req{word}"]
                key = f"{prefix}{word}"
                self._ended[key] = self._ended.get(key, 0) | turned
                self._was[f"was:{name}"] = row[name]
        if not slots.has_ladder:
            return
        self._was["was:rungs"] = row["rungs"]
        self._was |= {f"was:{name}": row[name] for name in slots.memory}
        self._was["group"] = was["group"]
        self._pin_group_ended |= bool(row["pin_group_ended"])
        self._ended["rungs"] = self._ended.get("rungs", 0) | row["rungs_out_ended"]
        if row["move_to"] is not None:
            self._moved_at.append(moment.epoch_s)

    def look(self, moment: Moment) -> pl.DataFrame:
        """What a look at *moment* finds, as `evaluate` takes it."""
        book = self._work.rulebook
        reading = Reading(
            self._work.shop, self._tx, self._scope, moment, book.limits, self._work.whole_store
        )
        standing = load_standing(reading, book.slots)
        facts = self._facts
        if self._moving:
            loaded = load(reading, self._moving, book.dictionary, standing, moves=True)
            facts = facts.with_columns(loaded.frame.drop("customer_id").get_columns())
        frame = with_standing(facts, standing, book.slots, {})
        return frame.with_columns(
            pl.lit(value, dtype=frame.schema[name]).alias(name)
            for name, value in (self._was | self._words(frame, moment)).items()
        )

    def _words(self, frame: pl.DataFrame, moment: Moment) -> dict[str, Any]:
        """What people and others say then, without the pins that have ended."""
        slots = self._work.rulebook.slots
        row = frame.row(0, named=True)
        found: dict[str, Any] = {}
        for prefix, words in (("", slots.words), ("segment_", slots.segment_words)):
            for word in range(words):
                ended = self._ended.get(f"{prefix}{word}", 0)
                kept = 0 if prefix else self._kept(word, moment)
                for kind in ("on", "off", "req"):
                    name = f"{prefix}{kind}{word}"
                    found[name] = row[name] & ~ended | (ended & kept if kind == "on" else 0)
        if slots.has_ladder:
            if self._pin_group_ended:
                found |= {"pin_group": None, "pin_group_since": None, "pin_group_requalify": False}
            found["rungs_out_requalify"] = row["rungs_out_requalify"] & ~self._ended["rungs"]
            recent = sum(at > moment.epoch_s - BREAKER_S for at in self._moved_at)
            found["writes"] = (row["writes"] or 0) + recent
        return found

    def _kept(self, word: int, moment: Moment) -> int:
        """The bits of tags that somebody still asserts without waiting for a rule."""
        bits = 0
        for one in self._said:
            lives = one.until is None or one.until > moment.epoch_s
            if lives and not one.requalify and one.kind != "pin_out" and one.slot // 64 == word:
                bits |= 1 << one.slot % 64
        return bits
