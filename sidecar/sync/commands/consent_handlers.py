"""Commands about consents: what people of the shop say, and whether the chain is whole."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import re
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from sidecar.errors import FatalError, UsageError
from sidecar.model import Moment, Scope
from sidecar.rules.privacy.consent import PURPOSE, State
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync.commands.dispatcher import Answer, Handler, Task
from sidecar.sync.commands.means import Means
from sidecar.sync.consents import newsletter, recording, statement, verifying, wording
from sidecar.sync.consents.held import states, store_of
from sidecar.sync.consents.people import Who, reached_at, whose
from sidecar.sync.consents.recording import Wanted

#: Stores have small numbers.
_STORE_DIGITS = 9

#: Languages as OpenCart and browsers name them.
_LOCALE = re.compile(r"[A-Za-z0-9_-]{1,16}", re.ASCII)

_PERSONAL = ("ip", "user_agent", "locale")


def handlers(means: Callable[[], Means]) -> dict[str, Handler]:
    """What carries out each of these commands; *means* as they are at the time."""

    def carried_out(action: Callable[[Means, Task], Answer | None], task: Task) -> Answer | None:
        return action(means(), task)

    return {name: functools.partial(carried_out, action) for name, action in _ACTIONS.items()}


# -- looking -------------------------------------------------------------------------------


def _show(means: Means, task: Task) -> Answer:
    return Answer(statement.of_text(means.shop, task.parameters["customer"]))


def _suppressed(means: Means, task: Task) -> Answer:
    asked = task.parameters
    return Answer(statement.of_address(means.shop, asked["channel"], asked["address"]))


def _verify(means: Means, task: Task) -> Answer:
    found = verifying.verify(means.shop, task.report)
    exit_code = FatalError.exit_code if found.found else 0
    return Answer(statement.of_chain(found), exit_code=exit_code)


# -- one consent ---------------------------------------------------------------------------


def _grant(means: Means, task: Task) -> None:
    asked, shop, moment = task.parameters, means.shop, means.moment()
    if not asked["reason"] and not asked["wording"]:
        raise UsageError("why is it granted? (a reason or the wording is kept with it)")

    def grant(tx: Connection, who: Who, wanted: Wanted) -> bool:
        recording.grant(tx, shop, who, wanted, asked["evidence"], moment)
        return True

    _say(means, task, moment, grant)


def _await(means: Means, task: Task) -> None:
    shop, moment = means.shop, means.moment()

    def await_answer(tx: Connection, who: Who, wanted: Wanted) -> bool:
        recording.await_answer(tx, shop, who, wanted, moment)
        return True

    _say(means, task, moment, await_answer)


def _withdraw(means: Means, task: Task) -> None:
    shop, moment = means.shop, means.moment()

    def withdraw(tx: Connection, who: Who, wanted: Wanted) -> bool:
        return recording.lower(tx, shop, who, wanted, "withdrawn", moment)

    _say(means, task, moment, withdraw)


def _say(
    means: Means, task: Task, moment: Moment, say: Callable[[Connection, Who, Wanted], bool]
) -> None:
    """
    Say one thing about one consent, and answer in the same transaction.

    What was done in the store comes before it, and the flag follows at once.
    """
    asked, shop = task.parameters, means.shop
    who = whose(shop, asked["customer"])
    if not PURPOSE.fullmatch(asked["purpose"]):
        raise UsageError(
            f"{asked['purpose']!r} is no name of a purpose (small letters, digits, _ . and -)"
        )
    at, store = _instant(asked.get("at"), moment), _store(asked["store"])
    _locale(task)
    personal = {name: asked[name] for name in _PERSONAL if asked.get(name)}
    if asked["reason"]:
        personal["words"] = asked["reason"]
    _bring(shop, [who], moment)
    with transaction(shop.engine) as tx:
        words = asked.get("wording") or None
        hashed = words and wording.named(tx, shop.own, words, _locale(task), moment)
        wanted = Wanted(
            channel=asked["channel"],
            purpose=asked["purpose"],
            store_id=store,
            at=at,
            wording=hashed,
            personal=personal,
            actor=task.actor,
        )
        store_id = store_of(tx, shop, who, wanted.channel, wanted.purpose, wanted.store_id)
        wanted = dataclasses.replace(wanted, store_id=store_id)
        said = say(tx, who, wanted)
        held = {(row.store_id, row.channel, row.purpose): row for row in states(tx, shop, who)}[
            store_id, wanted.channel, wanted.purpose
        ]
        value = {
            "customer_id": who.customer_id or None,
            **next(statement.holding([held], moment.zone)),
            "changed": said,
        }
        task.answer_in(tx, value)
    _bring(shop, [who], moment)


def _store(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _STORE_DIGITS):
        raise UsageError(f"{text!r} is no id of a store (a number; 0 is the default store)")
    return int(text)


def _locale(task: Task) -> str:
    """The language of the words; empty: not said."""
    locale: str = task.parameters.get("locale") or ""
    if locale and not _LOCALE.fullmatch(locale):
        raise UsageError(f"{locale!r} is no language (e.g. en-gb)")
    return locale


def _instant(text: str | None, moment: Moment) -> int:
    """
    When something was said, in seconds since 1970; *text* is a day or an instant, or now.

    Raises:
        UsageError: It is none, or lies in the future.
    """
    if text is None:
        return moment.epoch_s
    at = _read_instant(text, moment.zone)
    if at is None:
        raise UsageError(f"{text[:50]!r} is no day and no time (write it as '2026-03-31 14:30')")
    if at > moment.epoch_s:
        raise UsageError(f"{text!r} lies in the future")
    return at


def _read_instant(text: str, zone: ZoneInfo) -> int | None:
    try:
        found = datetime.datetime.fromisoformat(text)
        at = int((found if found.tzinfo else found.replace(tzinfo=zone)).timestamp())
    except (ValueError, OverflowError):
        return None
    return at if at > 0 else None


# -- more than one -------------------------------------------------------------------------


def _note(means: Means, task: Task) -> None:
    asked, shop, moment = task.parameters, means.shop, means.moment()
    who = whose(shop, asked["customer"])
    at = _instant(asked["at"], moment)
    _lower(means, task, moment, [who], asked["channel"], asked["state"], at)


def _suppress(means: Means, task: Task) -> None:
    asked, shop, moment = task.parameters, means.shop, means.moment()
    address = asked["address"].strip()
    if not address:
        raise UsageError("the address is empty")
    people = reached_at(shop, asked["channel"], address)
    state = asked["because"]
    _lower(means, task, moment, people, asked["channel"], state, moment.epoch_s)


def _lower(
    means: Means,
    task: Task,
    moment: Moment,
    people: list[Who],
    channel: str,
    state: State,
    at: int,
) -> None:
    shop, reason = means.shop, task.parameters["reason"] or ""
    _bring(shop, people, moment)
    with transaction(shop.engine) as tx:
        changed = sum(
            recording.lower_channel(
                tx, shop, who, channel, state, actor=task.actor, reason=reason, at=at, moment=moment
            )
            for who in people
        )
        ids = [who.customer_id for who in people if who.customer_id]
        task.answer_in(tx, {"customer_ids": ids, "channel": channel, "changed": changed})
    _bring(shop, people, moment)


def _object(means: Means, task: Task) -> None:
    asked, shop, moment = task.parameters, means.shop, means.moment()
    who = whose(shop, asked["customer"])
    _bring(shop, [who], moment)
    with transaction(shop.engine) as tx:
        changed = recording.object_to_marketing(
            tx, shop, who, actor=task.actor, reason=asked["reason"], moment=moment
        )
        task.answer_in(tx, {"customer_id": who.customer_id or None, "changed": changed})
    _bring(shop, [who], moment)


def _word(means: Means, task: Task) -> None:
    asked, shop = task.parameters, means.shop
    with transaction(shop.engine) as tx:
        hashed = wording.add(tx, shop.own, asked["words"], _locale(task), means.moment())
        task.answer_in(tx, {"wording": hashed})


def _bring(shop: Shop, people: list[Who], moment: Moment) -> None:
    ids = [who.customer_id for who in people if who.customer_id]
    if ids:
        newsletter.bring(shop, Scope.of(ids), moment)


_ACTIONS: dict[str, Callable[[Means, Task], Any]] = {
    "consent.show": _show,
    "consent.grant": _grant,
    "consent.await": _await,
    "consent.withdraw": _withdraw,
    "consent.note": _note,
    "consent.object": _object,
    "consent.suppress": _suppress,
    "consent.suppressed": _suppressed,
    "consent.word": _word,
    "consent.verify": _verify,
}
