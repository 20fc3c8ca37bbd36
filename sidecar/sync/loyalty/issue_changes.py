"""What becomes of store credit that was issued: another person decides on it, or it ends early."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row, update

from sidecar.errors import UsageError
from sidecar.model import Moment, Scope
from sidecar.rules.loyalty.account import Account
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.loyalty import keeping
from sidecar.sync.loyalty.credit import require_posting
from sidecar.sync.loyalty.holder import Holder, Key
from sidecar.sync.loyalty.issuing import ACTOR, REASON, Also, post, read_issue, require_refundable


def approve(
    shop: Shop, book: Rulebook, number: int, actor: str, moment: Moment, also: Also
) -> None:
    """
    Give what waits.

    Raises:
        ConfigError: Store credit is not kept.
        NotNowError: The program waits to begin, or the sidecar is paused.
        UsageError: It does not wait, *actor* issued it, or it cannot be given any more.
    """
    posting = require_posting(shop, book, moment)
    customer_id = _waiting(shop, number, actor).customer_id
    keeping.bring(shop, book, Scope.of([customer_id]), moment)

    def change(tx: Connection, holder: Holder) -> None:
        row = read_issue(tx, shop.own, number)
        if row.expires_at is not None and row.expires_at <= moment.epoch_s:
            raise UsageError(
                f"the last day of {number} is over (refuse it, and have it issued anew)"
            )
        if row.order_id:  # which may have changed since; it counts among those that wait
            require_refundable(tx, shop, customer_id, row.order_id, 0)
        _decide(tx, shop.own, number, "issued", actor, None, moment)
        post(holder, number, row, moment.epoch_s)
        also(tx, read_issue(tx, shop.own, number), holder.account)

    posting.change(customer_id, moment, change)


def refuse(
    tx: Connection, shop: Shop, number: int, actor: str, reason: str, moment: Moment
) -> Row[Any]:
    """
    Drop what waits; how it is then.

    Raises:
        UsageError: It does not wait, or *actor* issued it.
    """
    _require_waiting(read_issue(tx, shop.own, number), actor)
    _decide(tx, shop.own, number, "refused", actor, reason, moment)
    return read_issue(tx, shop.own, number)


def _waiting(shop: Shop, number: int, actor: str) -> Row[Any]:
    with transaction(shop.engine) as tx:
        row = read_issue(tx, shop.own, number)
    _require_waiting(row, actor)
    return row


def _require_waiting(row: Row[Any], actor: str) -> None:
    if row.state != "waiting":
        by = f" by {row.decided_by}" if row.decided_by else ""
        raise UsageError(f"{row.issue_id} does not wait: it was {row.state}{by}")
    if row.actor == actor[:ACTOR]:
        raise UsageError(f"{row.issue_id} was issued by {row.actor}: another person decides")


def _decide(
    tx: Connection,
    own: OwnTables,
    number: int,
    state: str,
    actor: str,
    reason: str | None,
    moment: Moment,
) -> None:
    here = own.loyalty.issue.c.issue_id == number
    tx.execute(
        update(own.loyalty.issue)
        .where(here)
        .values(
            state=state,
            decided_by=actor[:ACTOR],
            decided_reason=None if reason is None else reason[:REASON],
            decided_at=moment.epoch_s,
        )
    )


def end(
    shop: Shop,
    book: Rulebook,
    number: int,
    actor: str,
    reason: str,
    moment: Moment,
    also: Callable[[Connection, Row[Any], Account, int], None],
) -> None:
    """
    Let expire now what is left of an issue.

    Args:
        also: As of `sidecar.sync.loyalty.issuing.Also`, and how much it was.

    Raises:
        ConfigError: Store credit is not kept.
        NotNowError: The program waits to begin, or the sidecar is paused.
        UsageError: Nothing is left of it.
    """
    posting = require_posting(shop, book, moment)
    with transaction(shop.engine) as tx:
        row = read_issue(tx, shop.own, number)
    if row.state == "waiting":
        raise UsageError(f"{number} waits and was not given (`sidecar credit refuse` drops it)")
    keeping.bring(shop, book, Scope.of([row.customer_id]), moment)
    at = moment.epoch_s

    def change(tx: Connection, holder: Holder) -> None:
        cause = holder.causes.get(Key("issue", number))
        lot = None if cause is None else cause.own
        if lot is None or not lot.remaining:
            raise UsageError(f"nothing is left of {number}")
        left, lot.expires_at = lot.remaining, at
        instant = at
        while Key("expire", instant) in holder.causes:  # something else expired just now
            instant += 1
        expired = holder.cause(Key("expire", instant), at)
        expired.actor, expired.reason = actor[:ACTOR], reason[:REASON]
        holder.account.expire(expired, at)
        also(tx, row, holder.account, left)

    posting.change(row.customer_id, moment, change)
