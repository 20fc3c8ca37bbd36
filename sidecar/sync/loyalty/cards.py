"""
Cards: every account of the store has one, and a new one in its place when a person says so.

A card is only a number that leads to a customer: what they have is in the ledger, which a new
card does not touch. Our table lets but one card of a customer hold, so whoever is late or comes
twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
from sqlalchemy import Connection, Row, and_, insert, select, update

from sidecar.errors import ConfigError
from sidecar.model import Moment, Scope
from sidecar.rules.loyalty import card as numbers
from sidecar.rules.loyalty.program import Program
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync import values
from sidecar.sync.reading import TEXT, WHOLE, Reading

#: Cards in one transaction.
_BATCH = 10_000

#: How often a number is drawn for who has none; the next look goes on.
_TRIES = 3

#: As long as the columns.
_ACTOR, _REASON = 64, 255

#: Digits of the longest id of a customer.
_LONGEST_ID = 10

#: What becomes of a number that somebody types or scans.
State = Literal["holds", "ended", "unknown", "mistyped"]


@dataclass(frozen=True, slots=True)
class Card:
    """
    Attributes:
        number: Digits.
        issued_at: In seconds since 1970.
        ended_at: Since when another one holds; None: it holds.
        actor: Who issued it; None: the sidecar itself.
        reason: Why it was issued anew; None: nobody said.
    """

    number: str
    customer_id: int
    issued_at: int
    ended_at: int | None
    actor: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """
    Attributes:
        state: Of the number.
        card: That has it; None: none does.
        problem: Of a mistyped number: what is wrong with it.
    """

    state: State
    card: Card | None = None
    problem: str = ""


# -- issuing -------------------------------------------------------------------------------


def issue(shop: Shop, scope: Scope, moment: Moment) -> int:
    """
    Give a card to each of *scope*'s customers who has none; returns how many were given.

    Each batch is committed by itself: what a crash leaves out, the next look gives.
    """
    lacking = first = _lacking(shop, scope, moment)
    for _ in range(_TRIES):
        for start in range(0, len(lacking), _BATCH):
            _give(shop, lacking[start : start + _BATCH], moment)
        # Whose number was another card's has none yet.
        lacking = _lacking(shop, Scope.of(lacking), moment) if lacking else []
    return len(first) - len(lacking)


def _lacking(shop: Shop, scope: Scope, moment: Moment) -> list[int]:
    """The customers of *scope* without a card."""
    customer, card = shop.tables.customer, shop.own.loyalty.card
    holds = and_(card.c.customer_id == customer.c.customer_id, card.c.holds == 1)
    query = (
        select(customer.c.customer_id).outerjoin(card, holds).where(card.c.customer_id.is_(None))
    )
    with transaction(shop.engine) as tx:
        reading = Reading(shop, tx, scope, moment)
        found = reading.rows_of(query, {"customer_id": WHOLE}, customer.c.customer_id)
    return found["customer_id"].sort().to_list()


def _give(shop: Shop, customers: Sequence[int], moment: Moment) -> None:
    frame = pl.DataFrame(
        {"number": [numbers.draw() for _ in customers], "customer_id": customers},
        schema={"number": TEXT, "customer_id": WHOLE},
    ).with_columns(issued_at=pl.lit(moment.epoch_s), holds=pl.lit(1))
    with transaction(shop.engine) as tx:
        values.insert(tx, shop.own.loyalty.card, frame)


# -- a new one -----------------------------------------------------------------------------


def reissue(
    shop: Shop,
    program: Program,
    customer_id: int,
    *,
    actor: str,
    reason: str,
    moment: Moment,
    also: Callable[[Connection, Card, Card | None], None],
) -> None:
    """
    Give *customer_id* a new card; the one that held ends.

    Args:
        actor: Who asks for it; at most 64 characters are kept.
        reason: In their words; at most 255 characters are kept.
        also: Done in the same transaction, with the new card and the one that ended.

    Raises:
        ConfigError: The program gives no cards.
    """
    if not program.cards:
        problem = "the loyalty program gives no cards"
        raise ConfigError("[loyalty] cards", problem, "cards = true gives one to every account")
    table, at = shop.own.loyalty.card, moment.epoch_s
    with transaction(shop.engine) as tx:
        number = numbers.draw()
        while _by_number(tx, shop.own, number) is not None:
            number = numbers.draw()
        was = current(tx, shop.own, customer_id)
        if was is not None:
            ended = update(table).where(table.c.number == was.number)
            tx.execute(ended.values(holds=None, ended_at=at))
        new = Card(number, customer_id, at, None, actor[:_ACTOR], reason[:_REASON])
        row = {
            "number": new.number,
            "customer_id": new.customer_id,
            "issued_at": new.issued_at,
            "holds": 1,
            "ended_at": None,
            "actor": new.actor,
            "reason": new.reason,
        }
        tx.execute(insert(table).values(row))
        also(tx, new, was)


# -- looking -------------------------------------------------------------------------------


def is_number(text: str) -> bool:
    """Whether *text* is meant as the number of a card, be it mistyped: no id is as long."""
    found = numbers.digits(text)
    return found is not None and len(found) > _LONGEST_ID


def find(tx: Connection, own: OwnTables, text: str) -> Found:
    """What becomes of a number as somebody typed it, with blanks or hyphens between."""
    number = numbers.digits(text)
    if number is None:
        return Found("mistyped", problem="the number of a card has digits only")
    match numbers.mistake(number):
        case "length":
            problem = f"the number of a card has {numbers.DIGITS} digits, not {len(number)}"
            return Found("mistyped", problem=problem)
        case "digit":
            return Found("mistyped", problem="a digit is wrong, or two are swapped")
    card = _by_number(tx, own, number)
    if card is None:
        return Found("unknown")
    return Found("holds" if card.ended_at is None else "ended", card)


def current(tx: Connection, own: OwnTables, customer_id: int) -> Card | None:
    """The card of *customer_id* that holds; None: there is none."""
    card = own.loyalty.card
    query = select(card).where(card.c.customer_id == customer_id, card.c.holds == 1)
    row = tx.execute(query).one_or_none()
    return None if row is None else _card(row)


def history(tx: Connection, own: OwnTables, customer_id: int) -> list[Card]:
    """All cards that *customer_id* ever had, the one that holds first, then the newest."""
    card = own.loyalty.card
    query = (
        select(card)
        .where(card.c.customer_id == customer_id)
        .order_by(card.c.ended_at.is_not(None), card.c.ended_at.desc(), card.c.issued_at.desc())
    )
    return [_card(row) for row in tx.execute(query)]


def _by_number(tx: Connection, own: OwnTables, number: str) -> Card | None:
    card = own.loyalty.card
    row = tx.execute(select(card).where(card.c.number == number)).one_or_none()
    return None if row is None else _card(row)


def _card(row: Row[Any]) -> Card:
    return Card(row.number, row.customer_id, row.issued_at, row.ended_at, row.actor, row.reason)
