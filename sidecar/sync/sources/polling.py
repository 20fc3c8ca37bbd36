"""Polling: new rows at every look, and a slice of the rolling checksum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from sidecar import clock
from sidecar.errors import FatalError
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync.sources import checksum, source
from sidecar.sync.sources.again import Again
from sidecar.sync.sources.checksum import Progress, RollingChecksum, Slice, progress_from
from sidecar.sync.sources.references import References, follow
from sidecar.sync.sources.source import Doorbell, Place
from sidecar.sync.sources.trailing import TrailingWindows, Window, Windows
from sidecar.sync.sources.unannounced import Unannounced

#: A look that found nothing is written this rarely; what it read is read again after a crash.
IDLE_NOTE_S = 60

#: A slice is at most this long, however long ago the last one was.
_LONGEST_SLICE_S = 0.5


@dataclass(frozen=True, slots=True)
class _Memory:
    """
    What was read as of a place of the source.

    Attributes:
        seq: Of that place; where another stands, the transaction was rolled back.
        windows: Of appended tables.
        progress: Of the checksum.
        written_s: When the place was last written.
    """

    seq: int
    windows: Windows
    progress: Progress
    written_s: int


@dataclass(frozen=True, slots=True)
class _Noted:
    place: Place
    memory: _Memory
    part: Slice
    now_s: int


class Polling:
    """
    Finds what changed by asking the store's tables.

    Args:
        shop: The store.
        interval_s: Between two looks; the checksum gets its share of it.
        announced: Whether something else announces changes, so that only what it missed is
            looked for, by the checksum.

    Attributes:
        again: Rings once more for those that it is told were looked at.
        surprises: Whom only the checksum found, where changes are announced.
    """

    name = "poll"

    def __init__(self, shop: Shop, interval_s: float, *, announced: bool = False) -> None:
        self._shop = shop
        self._interval_s = interval_s
        self._trailing = None if announced else TrailingWindows(shop)
        self._checksum = RollingChecksum(shop)
        self.again = Again()
        self.surprises = Unannounced()
        self._epoch: int | None = None
        self._memory: _Memory | None = None
        self._looked_s: float | None = None

    def start(self, tx: Connection, now_s: int) -> None:
        """Take the source over, before the first look; needed once."""
        self._epoch = source.take_over(tx, self._shop.own, self.name, now_s).epoch
        self._memory = None

    def ring(self, now_s: int) -> Doorbell:
        """
        Whom to look at again.

        Raises:
            FatalError: Another daemon took the source over.
        """
        return self.look(now_s)

    def look(self, now_s: int, checksum_s: float | None = None) -> Doorbell:
        """As `ring`; *checksum_s* is about how long the checksum may take, None its share."""
        if self._epoch is None:
            raise FatalError("source poll: it was not started")
        with transaction(self._shop.engine) as tx:
            place = source.read_place(tx, self._shop.own, self.name, self._epoch)
            memory = self._memory
            if memory is None or memory.seq != place.seq:
                memory = _remembered(place)
            references: References = {}
            windows = memory.windows
            if self._trailing is not None:
                references, windows = self._trailing.look(tx, windows, now_s)
            if checksum_s is None:
                share = self._checksum.share(memory.progress)
                checksum_s = min(_LONGEST_SLICE_S, self._passed_s() * share)
            part = self._checksum.look(tx, memory.progress, now_s, checksum_s)
            appended = follow(tx, self._shop, references)
            changed = follow(tx, self._shop, part.references)
        memory = _Memory(place.seq, windows, part.progress, memory.written_s)
        if part.began:
            self.surprises.round_began()
        everyone = appended.everyone or changed.everyone or part.everyone
        if everyone:
            self.surprises.everyone()
        self.surprises.found(changed.ids, clock.monotonic())
        rang = {"trailing": len(appended.ids), "checksum": len(changed.ids)}
        return Doorbell(
            ids=appended.ids | changed.ids,
            buyers=appended.buyers | changed.buyers,
            sources={name: number for name, number in rang.items() if number},
            everyone=everyone,
            noted=_Noted(place, memory, part, now_s),
        )

    def _passed_s(self) -> float:
        """What has passed since the last look, of which the checksum may take its share."""
        # While customers ring, one look follows the other without a pause.
        now_s = clock.monotonic()
        before_s, self._looked_s = self._looked_s, now_s
        if before_s is None:
            return self._interval_s
        return min(self._interval_s, now_s - before_s)

    def note(self, tx: Connection, doorbell: Doorbell) -> None:
        """
        Write in *tx* that *doorbell* was answered; nothing, mostly, where nobody was rung.

        Raises:
            FatalError: Another daemon moved the source.
        """
        noted: _Noted = doorbell.noted
        memory, part = noted.memory, noted.part
        if part.began:
            self.again.round_began()
        if part.ended:
            self.again.round_ended()
        nobody = not doorbell.ids and not doorbell.everyone and not part.written and not part.gone
        if nobody and 0 <= noted.now_s - memory.written_s < IDLE_NOTE_S:
            self._memory = memory
            return
        checksum.note(tx, self._shop.own, part)
        place = source.write_place(
            tx, self._shop.own, self.name, noted.place, _position(memory), noted.now_s
        )
        self._memory = _Memory(place.seq, memory.windows, memory.progress, noted.now_s)


def _position(memory: _Memory) -> dict[str, Any]:
    return {
        "trailing": {name: window.top for name, window in memory.windows.items()},
        "checksum": memory.progress.as_json(),
    }


def _remembered(place: Place) -> _Memory:
    """What is known after a restart, or when the last transaction was rolled back."""
    tops = place.position.get("trailing")
    tops = tops if isinstance(tops, dict) else {}
    windows = {str(name): Window(top) for name, top in tops.items() if isinstance(top, int)}
    progress = progress_from(place.position.get("checksum"))
    return _Memory(place.seq, windows, progress, 0)
