"""Whose bits the words of a customer hold: what the stages of a cycle tell each other by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sidecar.rules.compile_ruleset import TagSlot
from sidecar.rules.ladder import MEMORY


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """
    Whose bits the words hold.

    Attributes:
        tags: By tag id.
        segments: Slots by segment id.
        going: The same of segments whose rule is gone: their last members leave.
        listed: Slots of segments whose members have rows.
        rungs: Slots by customer group.
        words: How many words hold every tag.
        segment_words: The same of segments.
        has_ladder: Whether groups take part.
    """

    tags: Mapping[int, TagSlot] = field(default_factory=dict)
    segments: Mapping[int, int] = field(default_factory=dict)
    going: Mapping[int, int] = field(default_factory=dict)
    listed: frozenset[int] = frozenset()
    rungs: Mapping[int, int] = field(default_factory=dict)
    words: int = 0
    segment_words: int = 0
    has_ladder: bool = False

    @property
    def memory(self) -> tuple[str, ...]:
        """What the ladder remembers, where it takes part."""
        return MEMORY if self.has_ladder else ()

    @property
    def names(self) -> list[str]:
        """The words as they stand."""
        tags = [f"{kind}{word}" for kind in ("verdict", "tags") for word in range(self.words)]
        kinds = ("segment_verdict", "segments")
        segments = [f"{kind}{word}" for kind in kinds for word in range(self.segment_words)]
        return [*tags, *segments, *(["rungs"] if self.has_ladder else [])]
