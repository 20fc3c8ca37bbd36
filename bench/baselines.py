"""Rounds of the rolling checksum without its rests."""

from __future__ import annotations

from sidecar import clock
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync.sources.checksum import SHARE, Progress
from sidecar.sync.sources.polling import Polling

#: Between two looks of the polling.
INTERVAL_S = 2.0

_HOUR_S = 3_600


def begun(shop: Shop) -> Polling:
    """A polling of which every table has its baseline."""
    polling = Polling(shop, INTERVAL_S, announced=True)
    now_s = int(clock.now().timestamp())
    with transaction(shop.engine) as tx:
        polling.start(tx, now_s)
    # Time stands still in a round, so it must begin when the rest of the one before is over.
    go_round(polling, shop, now_s + _HOUR_S, 1.0)
    # What was half done before had its end now; a whole one follows.
    go_round(polling, shop, now_s + 2 * _HOUR_S, 1.0)
    return polling


def one_round(polling: Polling, shop: Shop) -> tuple[Progress, int]:
    """One more, in slices of its share; where it ends and after how many looks."""
    now_s = int(clock.now().timestamp()) + 3 * _HOUR_S
    return go_round(polling, shop, now_s, INTERVAL_S * SHARE)


def go_round(polling: Polling, shop: Shop, now_s: int, slice_s: float) -> tuple[Progress, int]:
    """To the end of a round in slices of about *slice_s*."""
    looks = 0
    while True:
        doorbell = polling.look(now_s, slice_s)
        with transaction(shop.engine) as tx:
            polling.note(tx, doorbell)
        looks += 1
        part = doorbell.noted.part
        if part.ended:
            return part.progress, looks
