"""Commands about redeeming points."""

from __future__ import annotations

import functools
from collections.abc import Callable

from sqlalchemy import Connection, select

from sidecar.errors import UsageError
from sidecar.model import Moment, Scope
from sidecar.shop.database import transaction
from sidecar.sync import changed
from sidecar.sync.commands.dispatcher import Handler, Task
from sidecar.sync.commands.means import Means
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.finding import require_customers
from sidecar.sync.loyalty import keeping, redemption_statement
from sidecar.sync.loyalty.beginning import require_kept
from sidecar.sync.loyalty.credit import require_posting
from sidecar.sync.loyalty.posting import Posting
from sidecar.sync.loyalty.redeeming import Also, Redeeming, Wish
from sidecar.sync.loyalty.redemption_rows import Redemption, RedemptionRows


def handlers(means: Callable[[], Means]) -> dict[str, Handler]:
    """What carries out each of these commands; *means* as they are at the time."""
    return {
        "points.redeem": lambda task: _redeem(means(), task),
        "points.cancel": lambda task: _cancel(means(), task),
    }


def _redeem(means: Means, task: Task) -> None:
    asked, shop, moment = task.parameters, means.shop, means.moment()
    book = means.rulebook(means.check_rules(), moment, False)
    customer_id = require_customers(shop, [asked["customer"]])[asked["customer"]]
    redeeming = _up_to_date(means, book, customer_id, moment)
    wish = Wish(
        customer_id=customer_id,
        points=asked["points"],
        actor=task.actor,
        reason=asked["reason"],
        command_id=task.command_id,
    )
    if asked["becomes"] == "credit":
        credit = require_posting(shop, book, moment)
        also = functools.partial(_tell, means, task)
        redeeming.redeem_as_credit(wish, credit, moment, also)
    else:
        redeeming.redeem(wish, moment, _answer(means, task))
    changed.answer(shop, book, [customer_id], moment, means.budget(moment), kind="changed")


def _cancel(means: Means, task: Task) -> None:
    asked, shop, moment = task.parameters, means.shop, means.moment()
    book = means.rulebook(means.check_rules(), moment, False)
    with transaction(shop.engine) as tx:
        found = RedemptionRows(shop.own).one(tx, asked["redemption"])
    if found is None:
        raise UsageError(f"there is no redemption {asked['redemption']}")
    redeeming = _up_to_date(means, book, found.customer_id, moment)
    also = _answer(means, task)
    redeeming.cancel(found.redemption_id, asked["reason"], moment, also)


def _up_to_date(means: Means, book: Rulebook, customer_id: int, moment: Moment) -> Redeeming:
    """What is asked for, with the account of *customer_id* as it should be."""
    program = require_kept(means.shop, book)
    keeping.bring(means.shop, book, Scope.of([customer_id]), moment)
    return Redeeming(means.shop, program, Posting(means.shop, book, program, moment))


def _answer(means: Means, task: Task) -> Also:
    account = means.shop.own.loyalty.account

    def answer(tx: Connection, one: Redemption) -> None:
        query = select(account.c.available).where(
            account.c.unit == "points", account.c.customer_id == one.customer_id
        )
        _tell(means, task, tx, one, tx.scalar(query) or 0)

    return answer


def _tell(means: Means, task: Task, tx: Connection, one: Redemption, available: int) -> None:
    """Answer with what was done: whoever is told that it failed would ask for it again."""
    told = {
        "customer_id": one.customer_id,
        **redemption_statement.told(one, means.shop),
        "currency": means.shop.settings.currency,
        "available": available,
    }
    task.answer_in(tx, told)
