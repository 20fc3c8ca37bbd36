"""
Store credit that people issue: for what, and until when.

Each issue is a bucket of its own: the cause `Key("issue", number)`, and the lot that it fills.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, func, insert, select

from sidecar.errors import UsageError
from sidecar.model import MONEY_SCALE, Moment, Scope
from sidecar.rules.calendar import day_start
from sidecar.rules.loyalty.account import NEVER, Account, Terms
from sidecar.rules.loyalty.expiry import Rolling, expires_at
from sidecar.rules.loyalty.program import Credit
from sidecar.rules.syntax import Span
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.loyalty import keeping
from sidecar.sync.loyalty.credit import CreditPosting, require_posting
from sidecar.sync.loyalty.holder import Holder, Key
from sidecar.sync.reading import money

IssueKind = Literal["refund", "goodwill", "promotion", "gift", "redemption"]

#: As long as the columns.
ACTOR, REASON = 64, 255

#: Of what expires together what the customer paid for is spent last.
_PAID_LAST = 2**40


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """
    Attributes:
        amount: In ten-thousandths of a currency unit, above 0.
        actor: Who issues it; at most 64 characters are kept.
        reason: In their words; at most 255 characters are kept.
        order_id: Of a refund: of which order; 0: of none.
        expires_at: From when on it cannot be spent; None: never.
        command_id: The command that asked for it, so that it is done once; None: none did.
    """

    kind: IssueKind
    amount: int
    actor: str
    reason: str
    order_id: int = 0
    expires_at: int | None = None
    command_id: int | None = None


#: What is done in the transaction of a change: with the issue as it is then, and the account.
Also = Callable[[Connection, "Row[Any]", Account], None]


# -- until when ----------------------------------------------------------------------------


def ends_at(
    credit: Credit,
    kind: IssueKind,
    wanted: datetime.date | Span | Literal["never"] | None,
    at: int,
    zone: ZoneInfo,
) -> int | None:
    """
    From when on what is issued *at* cannot be spent; None: it never expires.

    Args:
        wanted: Its last day, or how long it is good; None: as *credit* says.

    Raises:
        UsageError: That day is over, or refunds do not expire here.
    """
    standard = credit.refund_expiry if kind == "refund" else credit.expiry
    if kind == "refund" and standard is None and wanted not in (None, "never"):
        raise UsageError(
            "a refund is the customer's money and does not expire"
            " (where the law lets it, refund_expiry of [credit] says how long it is good)"
        )
    if wanted == "never":
        return None
    if isinstance(wanted, datetime.date):
        if wanted < datetime.datetime.fromtimestamp(at, zone).date():
            raise UsageError(f"{wanted} is over (it is the last day on which it can be spent)")
        try:
            return day_start(wanted + datetime.timedelta(days=1), zone)
        except OverflowError:  # the calendar's last day
            return None
    span = standard if wanted is None else wanted
    if span is None:
        return None
    found = expires_at(Rolling(span), at, zone)
    return None if found == NEVER else found


# -- issuing -------------------------------------------------------------------------------


def issue(
    shop: Shop,
    book: Rulebook,
    customer_id: int,
    wanted: Issue,
    moment: Moment,
    also: Also,
) -> None:
    """
    Issue store credit to a customer, or let it wait where one person may not issue so much.

    Args:
        also: Done in the same transaction.

    Raises:
        ConfigError: Store credit is not kept.
        NotNowError: The program waits to begin, or the sidecar is paused.
        UsageError: The order is not the customer's, or more was refunded than it cost.
    """
    posting = require_posting(shop, book, moment)
    keeping.bring(shop, book, Scope.of([customer_id]), moment)
    most = posting.credit.approve_above
    waits = most is not None and wanted.amount > most

    def change(tx: Connection, holder: Holder) -> None:
        if wanted.order_id:
            require_refundable(tx, shop, customer_id, wanted.order_id, wanted.amount)
        if waits:
            number = _insert(tx, shop.own, customer_id, wanted, moment, state="waiting")
        else:
            number = _give(tx, shop.own, holder, wanted, moment)
        also(tx, read_issue(tx, shop.own, number), holder.account)

    posting.change(customer_id, moment, change)


def issue_in(
    tx: Connection,
    shop: Shop,
    posting: CreditPosting,
    customer_id: int,
    wanted: Issue,
    moment: Moment,
) -> int:
    """
    Issue store credit in *tx*, whatever the amount; the account is up to date.

    Once *tx* is committed, `CreditPosting.write_rows` is to follow.

    Returns:
        The number of the issue.
    """
    found = 0

    def change(tx: Connection, holder: Holder) -> None:
        nonlocal found
        found = _give(tx, shop.own, holder, wanted, moment)

    posting.change_in(tx, customer_id, moment, change)
    return found


def _give(tx: Connection, own: OwnTables, holder: Holder, wanted: Issue, moment: Moment) -> int:
    number = _insert(tx, own, holder.customer_id, wanted, moment, state="issued")
    post(holder, number, read_issue(tx, own, number), moment.epoch_s)
    return number


def _insert(
    tx: Connection, own: OwnTables, customer_id: int, wanted: Issue, moment: Moment, *, state: str
) -> int:
    statement = insert(own.loyalty.issue).values(
        customer_id=customer_id,
        command_id=wanted.command_id,
        kind=wanted.kind,
        amount=wanted.amount,
        order_id=wanted.order_id,
        expires_at=wanted.expires_at,
        state=state,
        actor=wanted.actor[:ACTOR],
        reason=wanted.reason[:REASON],
        at=moment.epoch_s,
    )
    number = tx.execute(statement).lastrowid
    return int(number)


def post(holder: Holder, number: int, row: Row[Any], at: int) -> None:
    """Give *holder* the issue with that *number*, as its *row* says."""
    cause = holder.cause(Key("issue", number), at)
    cause.actor, cause.reason = row.actor, row.reason
    terms = Terms(
        earned_at=at + _PAID_LAST if row.kind == "refund" else at,
        available_at=at,
        expires_at=NEVER if row.expires_at is None else row.expires_at,
    )
    holder.account.post(cause, row.amount, at, terms)


def read_issue(tx: Connection, own: OwnTables, number: int) -> Row[Any]:
    """
    The issue with that number.

    Raises:
        UsageError: There is none.
    """
    issue = own.loyalty.issue
    row = tx.execute(select(issue).where(issue.c.issue_id == number)).one_or_none()
    if row is None:
        raise UsageError(
            f"no store credit was issued as {number} (`sidecar credit show` and"
            " `sidecar credit waiting` tell the numbers)"
        )
    return row


# -- refunds -------------------------------------------------------------------------------


def require_refundable(
    tx: Connection, shop: Shop, customer_id: int, order_id: int, amount: int
) -> None:
    """
    Make sure that *amount* more may be refunded of an order.

    Raises:
        UsageError: The order is not the customer's, or all its refunds would be more than it cost.
    """
    order, row = shop.tables.order, shop.tables.order_total
    found = tx.execute(
        select(order.c.customer_id, order.c.order_status_id, money(order.c.total, "total")).where(
            order.c.order_id == order_id
        )
    ).one_or_none()
    if found is None or not found.order_status_id or found.customer_id != customer_id:
        raise UsageError(f"customer {customer_id} has no order {order_id}")
    # What was paid with store credit is no part of the total.
    paid = tx.execute(
        select(money(func.sum(row.c.value), "value")).where(
            row.c.order_id == order_id, row.c.code == "credit"
        )
    ).scalar_one()
    cost = int(found.total or 0) - int(paid or 0)
    before = _refunded(tx, shop.own, order_id)
    if before + amount > cost:
        said = f", and {_shown(before)} of it are refunded or wait" if before else ""
        raise UsageError(
            f"{_shown(amount)} are more than is left of order {order_id}:"
            f" it cost {_shown(cost)}{said}"
        )


def _refunded(tx: Connection, own: OwnTables, order_id: int) -> int:
    """What was refunded of an order, or waits to be; what the store took back since is not."""
    cause, issue = own.loyalty.cause, own.loyalty.issue
    is_theirs = (
        (cause.c.unit == "credit")
        & (cause.c.kind == "issue")
        & (cause.c.source_id == issue.c.issue_id)
    )
    query = (
        select(func.sum(func.coalesce(cause.c.posted, issue.c.amount)))
        .select_from(issue.outerjoin(cause, is_theirs))
        .where(
            issue.c.kind == "refund",
            issue.c.order_id == order_id,
            issue.c.state.in_(("waiting", "issued")),
        )
    )
    return int(tx.scalar(query) or 0)


def _shown(amount: int) -> str:
    text = f"{amount // MONEY_SCALE:,}.{amount % MONEY_SCALE:04d}"
    return text.removesuffix("00")
