"""Commands about cards."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from sidecar.sync import changed
from sidecar.sync.commands.dispatcher import Handler, Task
from sidecar.sync.commands.means import Means
from sidecar.sync.finding import require_customers
from sidecar.sync.loyalty import card_statement, cards
from sidecar.sync.loyalty.beginning import require_program
from sidecar.sync.loyalty.cards import Card


def handlers(means: Callable[[], Means]) -> dict[str, Handler]:
    """What carries out each of these commands; *means* as they are at the time."""
    return {"card.reissue": lambda task: _reissue(means(), task)}


def _reissue(means: Means, task: Task) -> None:
    asked, shop, moment = task.parameters, means.shop, means.moment()
    book = means.rulebook(means.check_rules(), moment, False)
    program = require_program(book.checked.rules)
    customer_id = require_customers(shop, [asked["customer"]])[asked["customer"]]

    def answer(tx: Connection, new: Card, was: Card | None) -> None:
        # With the card: whoever is told that it failed would ask for one more.
        told = card_statement.told(new, shop.settings.zone)
        ended = None if was is None else was.number
        task.answer_in(tx, {"customer_id": customer_id, **told, "in_place_of": ended})

    cards.reissue(
        shop,
        program,
        customer_id,
        actor=task.actor,
        reason=asked["reason"],
        moment=moment,
        also=answer,
    )
    changed.answer(shop, book, [customer_id], moment, means.budget(moment), kind="changed")
