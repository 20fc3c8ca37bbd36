"""Commands about points: giving and taking them, the program's beginning, and drift."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from sidecar.errors import UsageError
from sidecar.rules.loyalty.account import Account
from sidecar.rules.loyalty.program import Program
from sidecar.rules.loyalty.worth import worth
from sidecar.shop.database import transaction
from sidecar.sync import changed, decisions, state
from sidecar.sync.commands.dispatcher import Answer, Handler, Task
from sidecar.sync.commands.means import Means
from sidecar.sync.facts import as_json
from sidecar.sync.finding import require_customers
from sidecar.sync.loyalty import beginning, native_findings, statement
from sidecar.sync.loyalty.adjusting import Adjustment, adjust
from sidecar.sync.loyalty.beginning import require_kept, require_program
from sidecar.sync.loyalty.drift import NOTED, Drift, DriftFinder
from sidecar.sync.loyalty.holder import Unit
from sidecar.sync.loyalty.posting import BEGUN
from sidecar.sync.loyalty.restoring import restore
from sidecar.sync.ranges import customers_in_store, ranges

#: Drifts that an answer lists; the rest is counted.
_SHOWN = 1_000

#: Customers that are compared at once.
_RANGE = 20_000

#: What `loyalty.reconcile` exits with where something is left that is not as it should be.
DRIFT = 1


def handlers(means: Callable[[], Means]) -> dict[str, Handler]:
    """What carries out each of these commands; *means* as they are at the time."""

    def carried_out(action: Callable[[Means, Task], Answer | None], task: Task) -> Answer | None:
        return action(means(), task)

    return {name: functools.partial(carried_out, action) for name, action in _ACTIONS.items()}


# -- by hand -------------------------------------------------------------------------------


def _add(means: Means, task: Task) -> None:
    _adjust(means, task, task.parameters["points"])


def _deduct(means: Means, task: Task) -> None:
    _adjust(means, task, -task.parameters["points"])


def _adjust(means: Means, task: Task, points: int) -> None:
    asked, shop, moment = task.parameters, means.shop, means.moment()
    book = means.rulebook(means.check_rules(), moment, False)
    program = require_program(book.checked.rules)
    customer_id = require_customers(shop, [asked["customer"]])[asked["customer"]]
    adjustment = Adjustment(
        points=points,
        actor=task.actor,
        reason=asked["reason"],
        source_id=task.command_id,
        into_debt=bool(asked.get("into_debt")),
    )

    def answer(tx: Connection, account: Account) -> None:
        # With the points: whoever is told that it failed would ask for them again.
        value = {
            "customer_id": customer_id,
            "points": points,
            "available": account.available,
            "pending": account.pending,
            **_money(means, program, account.available),
        }
        task.answer_in(tx, value)

    adjust(shop, book, customer_id, adjustment, moment, answer)
    changed.answer(shop, book, [customer_id], moment, means.budget(moment), kind="changed")


def _restore(means: Means, task: Task) -> Answer:
    asked, shop, moment = task.parameters, means.shop, means.moment()
    book = means.rulebook(means.check_rules(), moment, False)
    program = require_program(book.checked.rules)
    customer_id = require_customers(shop, [asked["customer"]])[asked["customer"]]
    points = restore(
        shop,
        book,
        customer_id,
        asked["order"],
        moment,
        actor=task.actor,
        reason=asked["reason"],
        source_id=task.command_id,
    )
    changed.answer(shop, book, [customer_id], moment, means.budget(moment), kind="changed")
    with transaction(shop.engine) as tx:
        found = statement.read(tx, shop, program, customer_id, 0)
    names = ("customer_id", "available", "pending", "worth", "currency")
    return Answer(
        {"order": asked["order"], "points": points, **{name: found[name] for name in names}}
    )


def _money(means: Means, program: Program, points: int) -> dict[str, object]:
    """What *points* are worth."""
    return {
        "worth": as_json.money(worth(points, program)),
        "currency": means.shop.settings.currency,
    }


# -- the beginning -------------------------------------------------------------------------


def _start(means: Means, task: Task) -> Answer | None:
    shop, moment = means.shop, means.moment()
    checked = means.check_rules()
    program = require_program(checked.rules)
    if program.start is not None:
        raise UsageError(
            f"the loyalty program begins by itself: orders placed on {program.start} or later earn"
            ' (only with start = "all" it waits until somebody has seen what it gives)'
        )
    with transaction(shop.engine) as tx:
        begun = state.read(tx, shop.own, BEGUN)
        if begun is None and task.parameters["begin"]:
            beginning.begin(tx, shop.own, task.actor, moment)
            decisions.want_full_pass(tx, shop.own, moment)
            begun = state.read(tx, shop.own, BEGUN)
            # Run again it would not be who began.
            task.answer_in(tx, _begun(means, begun, began=True))
            return None
    if begun is not None:
        return Answer(_begun(means, begun, began=False))
    book = means.rulebook(checked, moment, False)
    found = beginning.preview(shop, book, moment, task.report)
    with transaction(shop.engine) as tx:
        beginning.note(tx, shop, program, found, moment)
    would_give = {
        "orders": found.orders,
        "customers": found.customers,
        "points": found.points,
        **_money(means, program, found.points),
    }
    return Answer({**_begun(means, None, began=False), "would_give": would_give})


def _begun(means: Means, begun: object, *, began: bool) -> dict[str, object]:
    found = begun if isinstance(begun, Mapping) else {}
    at = found.get("at")
    return {
        "begun": begun is not None,
        "began_now": began,
        "by": found.get("by"),
        "at": as_json.iso(at, means.shop.settings.zone) if isinstance(at, int) else None,
        "would_give": None,
    }


# -- drift ---------------------------------------------------------------------------------


def _reconcile(means: Means, task: Task) -> Answer:
    shop, moment = means.shop, means.moment()
    book = means.rulebook(means.check_rules(), moment, False)
    program = require_kept(shop, book)
    finders = [DriftFinder(shop, book, moment)]
    if program.credit is not None:
        finders.append(DriftFinder(shop, book, moment, "credit"))
    tally = _Tally()
    done, total = 0, customers_in_store(shop)
    for scope in ranges(shop, _RANGE):
        for finder in finders:
            found = finder.find(scope)
            left = finder.mend(found) if task.parameters["fix"] else found
            tally.count(found, left)
        done = min(done + _RANGE, total)
        task.report(done, total)
    with transaction(shop.engine) as tx:
        for finder in finders:
            found_of = tally.customers[finder.unit]
            native_findings.settle(tx, shop.own, finder.unit, found_of, moment)
    return Answer(tally.told(total), exit_code=DRIFT if tally.is_left else 0)


class _Tally:
    """
    What was found, what of it was mended, and the first of both.

    Attributes:
        customers: By unit and kind of finding, whose rows others changed, and that is not mended.
    """

    def __init__(self) -> None:
        self._kinds: Counter[str] = Counter()
        self._mended = 0
        self._shown: list[dict[str, object]] = []
        self.customers: dict[Unit, dict[native_findings.Kind, set[int]]] = {
            "points": {},
            "credit": {},
        }
        self.is_left = False

    def count(self, found: list[Drift], left: list[Drift]) -> None:
        """Count in what was *found*, and what is *left* of it."""
        stays = {_name(drift) for drift in left}
        for drift in left:
            if (kind := _finding(drift)) is not None:
                self.customers[drift.unit].setdefault(kind, set()).add(drift.customer_id)
        known = {_name(drift) for drift in found}
        for drift in [*found, *(drift for drift in left if _name(drift) not in known)]:
            mended = _name(drift) not in stays
            self._kinds[drift.kind] += 1
            self._mended += mended
            self.is_left |= not mended and drift.kind not in NOTED
            if len(self._shown) < _SHOWN:
                self._shown.append(_told(drift, mended=mended))

    def told(self, customers: int) -> dict[str, object]:
        """The answer."""
        drift = sum(number for kind, number in self._kinds.items() if kind not in NOTED)
        return {
            "customers": customers,
            "drift": drift,
            "mended": self._mended,
            "kinds": dict(sorted(self._kinds.items())),
            "found": self._shown,
        }


def _finding(drift: Drift) -> native_findings.Kind | None:
    """The kind of finding that *drift* is; None: of none."""
    if drift.kind == "negative":
        return "negative" if drift.row is not None else None
    return drift.kind if drift.kind in ("altered", "beside") else None


def _name(drift: Drift) -> tuple[object, ...]:
    """What it is about, whatever its numbers."""
    row = drift.row.native_id if drift.row is not None else 0
    return drift.unit, drift.kind, drift.customer_id, drift.entry_id, row or drift.order_id


def _told(drift: Drift, *, mended: bool) -> dict[str, object]:
    return {
        "customer_id": drift.customer_id,
        "unit": drift.unit,
        "kind": drift.kind,
        "native_row": None if drift.row is None else drift.row.native_id,
        "entry": drift.entry_id or None,
        "amount": _in_json(drift.unit, drift.amount),
        "wanted": _in_json(drift.unit, drift.wanted),
        "mended": mended,
        "text": drift.text,
    }


def _in_json(unit: Unit, amount: int) -> int | str:
    """Points are numbers, money is text."""
    return amount if unit == "points" else as_json.money(amount)


_ACTIONS: dict[str, Callable[[Means, Task], Answer | None]] = {
    "points.add": _add,
    "points.deduct": _deduct,
    "points.restore": _restore,
    "loyalty.start": _start,
    "loyalty.reconcile": _reconcile,
}
