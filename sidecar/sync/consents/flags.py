"""
The store's newsletter flag, as it is read and written.

It is written by compare-and-set, and kept with what holds (``native``), so that a change of
the store is told from one of ours. On MyISAM the flag is written before that is noted: after
a crash in between, a second look finds it as it should be, or writes it once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import ColumnElement, Connection, case, select, update

from sidecar.errors import DatabaseRefusedError
from sidecar.model import Moment
from sidecar.rules.privacy.consent import NEWSLETTER
from sidecar.shop.database import transaction
from sidecar.shop.fence import prove
from sidecar.shop.shop import Shop
from sidecar.sync.consents import telling

#: Ids in one UPDATE.
_CHUNK: Final = 500

#: Restrictions under which nothing of ours raises a flag.
_RESTRICTED: Final = ("restricted", "no_marketing")


def flag_of(shop: Shop) -> ColumnElement[int]:
    """The newsletter flag of a customer, 0 or 1."""
    # Anything but 1, also NULL, is no.
    return case((shop.tables.customer.c.newsletter == 1, 1), else_=0)


def seen(tx: Connection, shop: Shop, ids: Sequence[int], value: int) -> None:
    """Note that the flags of *ids* are *value*."""
    held = shop.own.privacy.consent_state
    channel, purpose = NEWSLETTER
    for start in range(0, len(ids), _CHUNK):
        here = (
            held.c.customer_id.in_(ids[start : start + _CHUNK]),
            held.c.channel == channel,
            held.c.purpose == purpose,
            held.c.native.is_not(None),
        )
        tx.execute(update(held).where(*here).values(native=value))


def leave_restricted(tx: Connection, shop: Shop, write: dict[int, int]) -> None:
    """Raise no flag of people whose data may not be used."""
    table = shop.own.privacy.restriction
    up = [customer_id for customer_id, value in write.items() if value]
    for start in range(0, len(up), _CHUNK):
        query = select(table.c.customer_id).where(
            table.c.customer_id.in_(up[start : start + _CHUNK]), table.c.kind.in_(_RESTRICTED)
        )
        for customer_id in tx.scalars(query):
            write.pop(int(customer_id), None)


def write(shop: Shop, flags: Mapping[int, int], moment: Moment) -> None:
    """Write *flags*, or tell that the account may not; they are written at a later look then."""
    if not flags:
        return
    try:
        _write_all(shop, flags)
    except DatabaseRefusedError:
        with transaction(shop.engine) as tx:
            telling.unwritten(tx, shop.own, moment)
    else:
        with transaction(shop.engine) as tx:
            telling.written(tx, shop.own, moment)


def _write_all(shop: Shop, flags: Mapping[int, int]) -> None:
    """Write *flags* to the store, and that they were written."""
    customer = shop.tables.customer
    for value in (0, 1):
        ids = sorted(one for one, flag in flags.items() if flag == value)
        for start in range(0, len(ids), _CHUNK):
            part = ids[start : start + _CHUNK]
            here = customer.c.customer_id.in_(part) & (flag_of(shop) != value)
            with transaction(shop.engine) as tx:
                prove(tx)  # on MyISAM nothing takes it back
                tx.execute(update(customer).where(here).values(newsletter=value))
                if shop.capabilities.transactional:
                    seen(tx, shop, part, value)
            if not shop.capabilities.transactional:
                # Apart: MySQL with GTID writes no tables of both kinds in one transaction.
                with transaction(shop.engine) as tx:
                    seen(tx, shop, part, value)
