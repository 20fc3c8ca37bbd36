"""
The coupon of a redemption whose points are taken: written once, also after a crash.

Apart from the entry, as on MyISAM nothing is rolled back: the redemption is committed first
and says that its coupon is still to be written. Whoever finds it looks for the coupon, which
bears its number and code, and writes it if it is not there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Connection

from sidecar import clock
from sidecar.errors import CustomerError, DatabaseRefusedError
from sidecar.model import Moment
from sidecar.rules.loyalty.coupon_life import Life
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import state
from sidecar.sync.compiled_rules import PAUSED
from sidecar.sync.loyalty.coupons import Coupons
from sidecar.sync.loyalty.redemption_rows import Redemption, RedemptionRows


def write_coupon(
    shop: Shop,
    made: Redemption,
    moment: Moment,
    also: Callable[[Connection, Redemption], None] | None = None,
) -> Redemption:
    """
    Write the coupon of *made*, unless it is there.

    Args:
        also: Done in the transaction after which it is good.

    Raises:
        DatabaseRefusedError: The account may not write it; neither did anybody before.
        CustomerError, FatalError: The same, for what it is.
    """
    coupons = Coupons(shop)
    with transaction(shop.engine) as tx:
        coupon_id = coupons.find(tx, made.coupon)
    if coupon_id is None:
        with transaction(shop.engine) as tx:
            coupon_id = coupons.write(tx, made.coupon, moment)
    life = Life("open", made.ends_at, made.ends_at)
    opened = replace(made, state="open", next_at=made.ends_at, coupon_id=coupon_id)
    # Apart: MySQL with GTID writes no tables of both kinds in one transaction.
    with transaction(shop.engine) as tx:
        RedemptionRows(shop.own).became(tx, made, life, None, coupon_id=coupon_id)
        if also is not None:
            also(tx, opened)
    return opened


def recover(shop: Shop) -> None:
    """Write the coupons that a crash left to be written, unless paused; only for whoever leads."""
    moment = Moment(clock.now(), shop.settings.zone)
    with transaction(shop.engine) as tx:
        paused = state.read(tx, shop.own, PAUSED) is not None
        waiting = [] if paused else RedemptionRows(shop.own).making(tx)
    for one in waiting:
        # What is refused is given back by the next pass.
        with contextlib.suppress(DatabaseRefusedError, CustomerError):
            write_coupon(shop, one, moment)
