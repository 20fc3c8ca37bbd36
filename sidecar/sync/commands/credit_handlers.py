"""Commands about store credit: issuing it, another person's approval, and ending it early."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable
from typing import Any, Literal

from sqlalchemy import Connection, Row

from sidecar.errors import NotNowError, UsageError
from sidecar.model import Moment
from sidecar.rules.language import limits
from sidecar.rules.language.words import read_span
from sidecar.rules.loyalty.account import Account
from sidecar.rules.syntax import Span
from sidecar.shop.database import transaction
from sidecar.sync import changed
from sidecar.sync.commands.dispatcher import Answer, Handler, Task
from sidecar.sync.commands.means import Means
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.facts import as_json
from sidecar.sync.finding import require_customers
from sidecar.sync.loyalty import credit_statement, issue_changes, issuing
from sidecar.sync.loyalty.beginning import require_program
from sidecar.sync.loyalty.credit import require_credit
from sidecar.sync.loyalty.issuing import Issue, ends_at
from sidecar.sync.loyalty.rewarding import zone_of


def handlers(means: Callable[[], Means]) -> dict[str, Handler]:
    """What carries out each of these commands; *means* as they are at the time."""

    def carried_out(action: Callable[[Means, Task], Answer | None], task: Task) -> Answer | None:
        return action(means(), task)

    return {name: functools.partial(carried_out, action) for name, action in _ACTIONS.items()}


def _issue(means: Means, task: Task) -> None:
    asked, shop, moment = task.parameters, means.shop, means.moment()
    book = means.rulebook(means.check_rules(), moment, False)
    program = require_credit(require_program(book.checked.rules))
    assert program.credit is not None  # noqa: S101 - it is required
    if asked["order"] is not None and asked["kind"] != "refund":
        raise UsageError("only a refund is of an order")
    customer_id = require_customers(shop, [asked["customer"]])[asked["customer"]]
    zone = zone_of(program, shop)
    wanted = Issue(
        kind=asked["kind"],
        amount=asked["amount"],
        actor=task.actor,
        reason=_said(asked["reason"]),
        order_id=asked["order"] or 0,
        expires_at=ends_at(program.credit, asked["kind"], _wanted(asked), moment.epoch_s, zone),
        command_id=task.command_id,
    )
    issuing.issue(shop, book, customer_id, wanted, moment, _answered(means, task, book))
    _follow(means, book, customer_id, moment)


def _wanted(asked: Any) -> datetime.date | Span | Literal["never"] | None:
    """Until when, as far as who asked says so."""
    until, valid = asked["until"], asked["valid"]
    if valid is None:
        return until  # type: ignore[no-any-return]
    if until is not None:
        raise UsageError("a last day and how long it is good are two ways to say one thing")
    if valid == "never":
        return "never"
    span = read_span(valid)
    if span is None or span.unit in ("minute", "hour"):
        raise UsageError(f"{valid!r} is no span of days or longer (write it as '30 days')")
    if problem := limits.span_problem(span):
        raise UsageError(f"{valid!r}: {problem}")
    return span


def _said(reason: str) -> str:
    if not reason.strip():
        raise UsageError("the reason is empty (it is kept, and told with the store credit)")
    return reason


def _approve(means: Means, task: Task) -> None:
    shop, moment = means.shop, means.moment()
    book = means.rulebook(means.check_rules(), moment, False)
    number = task.parameters["issue"]
    given: list[int] = []
    answer = _answered(means, task, book)

    def also(tx: Connection, row: Row[Any], account: Account) -> None:
        given.append(row.customer_id)
        answer(tx, row, account)

    issue_changes.approve(shop, book, number, task.actor, moment, also)
    _follow(means, book, given[0], moment)


def _refuse(means: Means, task: Task) -> None:
    shop, moment, asked = means.shop, means.moment(), task.parameters
    program = require_credit(require_program(means.check_rules().rules))
    reason = _said(asked["reason"])
    with transaction(shop.engine) as tx:
        row = issue_changes.refuse(tx, shop, asked["issue"], task.actor, reason, moment)
        task.answer_in(tx, credit_statement.issued(row, zone_of(program, shop)))


def _expire(means: Means, task: Task) -> None:
    shop, moment, asked = means.shop, means.moment(), task.parameters
    book = means.rulebook(means.check_rules(), moment, False)
    reason = _said(asked["reason"])
    whose: list[int] = []
    answer = _answered(means, task, book)

    def also(tx: Connection, row: Row[Any], account: Account, left: int) -> None:
        whose.append(row.customer_id)
        answer(tx, row, account, expired=as_json.money(left))

    issue_changes.end(shop, book, asked["issue"], task.actor, reason, moment, also)
    _follow(means, book, whose[0], moment)


def _answered(means: Means, task: Task, book: Rulebook) -> Callable[..., None]:
    """Answers with an issue and the balance, in the transaction of the change."""
    shop = means.shop

    def answer(tx: Connection, row: Row[Any], account: Account, **more: object) -> None:
        program = require_program(book.checked.rules)
        value = {
            **credit_statement.issued(row, zone_of(program, shop)),
            **more,
            "available": as_json.money(account.available),
            "currency": shop.settings.currency,
        }
        # With the credit: whoever is told that it failed would ask for it again.
        if row.state == "waiting":
            task.answer_in(tx, value, "waiting", NotNowError.exit_code)
        else:
            task.answer_in(tx, value)

    return answer


def _follow(means: Means, book: Rulebook, customer_id: int, moment: Moment) -> None:
    """Let the rules see what the customer has now."""
    budget = means.budget(moment)
    changed.answer(means.shop, book, [customer_id], moment, budget, kind="changed")


_ACTIONS: dict[str, Callable[[Means, Task], Answer | None]] = {
    "credit.issue": _issue,
    "credit.approve": _approve,
    "credit.refuse": _refuse,
    "credit.expire": _expire,
}
