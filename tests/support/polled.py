"""A store that is polled, step by step, at a made-up time."""

from __future__ import annotations

from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync.sources.checksum import LONGEST_ROUND_S
from sidecar.sync.sources.polling import Polling
from sidecar.sync.sources.source import Doorbell

#: Long enough for a round of the checksum over a small store.
ROUND_S = 60.0

#: The next round has begun by then, however long the last one took.
AFTER_S = LONGEST_ROUND_S + 1


class Polled:
    """
    The polling of *shop*, started.

    Attributes:
        polling: What is tested.
        now_s: The time of the last look.
    """

    def __init__(self, shop: Shop, now_s: int = 1_800_000_000) -> None:
        self.shop = shop
        self.now_s = now_s
        self.polling = self.start()

    def start(self) -> Polling:
        """Polling as a daemon starts it."""
        self.polling = Polling(self.shop, 2.0)
        with transaction(self.shop.engine) as tx:
            self.polling.start(tx, self.now_s)
        return self.polling

    def ring(self, *, after_s: int = AFTER_S, checksum_s: float = ROUND_S) -> Doorbell:
        """A look *after_s* the last one, with a whole round of the checksum."""
        self.now_s += after_s
        return self.polling.look(self.now_s, checksum_s)

    def note(self, doorbell: Doorbell) -> None:
        """Note *doorbell* as answered."""
        with transaction(self.shop.engine) as tx:
            self.polling.note(tx, doorbell)

    def tick(self, *, after_s: int = AFTER_S, checksum_s: float = ROUND_S) -> Doorbell:
        """A look that is answered."""
        doorbell = self.ring(after_s=after_s, checksum_s=checksum_s)
        self.note(doorbell)
        return doorbell

    def settled(self) -> Polled:
        """After the baseline: what is rung from now on changed from now on."""
        assert self.tick().everyone
        assert self.tick().ids == frozenset()
        return self
