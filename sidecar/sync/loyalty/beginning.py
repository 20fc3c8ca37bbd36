"""
Whether points are kept, and how a program begins by which every order there ever was earns.

Such a program waits: a person sees first how much it would give, and agrees.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Connection, update

from sidecar.errors import ConfigError, NotNowError
from sidecar.model import Moment
from sidecar.rules.loyalty.program import Program
from sidecar.rules.loyalty.program_printer import print_program
from sidecar.rules.loyalty.worth import worth
from sidecar.rules.ruleset import RuleSet
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync import findings, state
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.facts import as_json
from sidecar.sync.loyalty import native_findings
from sidecar.sync.loyalty.holder import KnownCause
from sidecar.sync.loyalty.ledger import Ledger
from sidecar.sync.loyalty.posting import BEGUN, Posting, has_begun
from sidecar.sync.ranges import Progress, customers_in_store, ranges

#: In ``sidecar_state``, and the kind of finding: what a program would give that waits to begin.
WAITS = "loyalty.waits"

#: In the place of a fingerprint, so that orders are looked at again; 0 is that of nothing.
NO_MARK = 1


def require_program(rules: RuleSet) -> Program:
    """
    The loyalty program of *rules*.

    Raises:
        ConfigError: There is none.
    """
    if rules.program is None:
        problem = "there is no loyalty program, so no points are kept"
        hint = "write one into a file of the rules: [loyalty] with a start, e.g. start = 2027-01-01"
        raise ConfigError("[loyalty]", problem, hint)
    return rules.program


def require_account(shop: Shop, customer_id: int) -> None:
    """
    Make sure that the points of *customer_id* could be kept when they were looked at just now.

    Raises:
        NotNowError: They could not.
    """
    with transaction(shop.engine) as tx:
        refused = native_findings.is_refused(tx, shop.own, "points", customer_id)
    if refused:
        raise NotNowError(
            f"the points of customer {customer_id} cannot be kept, so nothing can be done with them"
            " (`sidecar status` says why)"
        )


def require_kept(shop: Shop, book: Rulebook) -> Program:
    """
    The program by which points are kept now.

    Raises:
        ConfigError: There is none.
        NotNowError: It waits to begin, or the sidecar is paused.
    """
    program = require_program(book.checked.rules)
    if not has_begun(shop, program):
        raise NotNowError(
            "the loyalty program waits to begin (`sidecar loyalty start` shows what it would give)"
        )
    if book.paused:
        raise NotNowError(
            "paused: no points are written to the store's own tables (`sidecar resume` goes on)"
        )
    return program


@dataclass(slots=True)
class Beginning:
    """
    What a program would give for the orders that there are.

    Attributes:
        orders: That would earn.
        customers: Whose they are.
        points: In all.
    """

    orders: int = 0
    customers: int = 0
    points: int = 0

    def count(self, ledger: Ledger) -> None:
        """Count the new entries of *ledger* in."""
        for holder in ledger.holders.values():
            earned: dict[int | None, int] = {}
            for entry in holder.account.entries:
                cause = entry.cause
                if isinstance(cause, KnownCause) and cause.key.kind == "earn":
                    order_id = cause.key.source_id
                    earned[order_id] = earned.get(order_id, 0) + entry.amount
            self.orders += sum(points > 0 for points in earned.values())
            self.customers += any(points > 0 for points in earned.values())
            self.points += sum(earned.values())


def preview(
    shop: Shop, book: Rulebook, moment: Moment, progress: Progress | None = None
) -> Beginning:
    """What beginning would give now; writes nothing."""
    program = require_program(book.checked.rules)
    posting = Posting(shop, book, program, moment, trial=True)
    found, done, total = Beginning(), 0, customers_in_store(shop)
    for scope in ranges(shop):
        for ledger in posting.preview(scope, moment):
            found.count(ledger)
            done += len(ledger.holders)
            if progress:
                progress(min(done, total), total)
    return found


def tell(shop: Shop, book: Rulebook, moment: Moment, progress: Progress | None = None) -> None:
    """
    Keep, and raise as a finding, what a program would give that waits to begin.

    It is counted once, until the program changes: in a large store that takes minutes.
    Where there is no such program any more, the next one has to be agreed to again.
    """
    program, own = book.checked.rules.program, shop.own
    if program is None or program.start is not None:
        with transaction(shop.engine) as tx:
            state.remove(tx, own, BEGUN)
    waits = program is not None and not has_begun(shop, program)
    with transaction(shop.engine) as tx:
        known = state.read(tx, own, WAITS)
        if not waits and known is not None:
            _tell_no_more(tx, own, moment)
    if program is None or not waits:
        return
    if not isinstance(known, Mapping) or known["of"] != _fingerprint(program):
        found = preview(shop, book, moment, progress)
        with transaction(shop.engine) as tx:
            note(tx, shop, program, found, moment)


def note(tx: Connection, shop: Shop, program: Program, found: Beginning, moment: Moment) -> None:
    """Keep that beginning would give what was *found* now; see `waiting`."""
    value: state.Json = {
        "of": _fingerprint(program),
        "at": moment.epoch_s,
        "orders": found.orders,
        "customers": found.customers,
        "points": found.points,
        "worth": as_json.money(worth(found.points, program)),
        "currency": shop.settings.currency,
    }
    state.write(tx, shop.own, WAITS, value, moment)
    told = _told(value)
    if told is not None:
        message = f"the loyalty program waits: {told}"
        findings.raise_finding(tx, shop.own, WAITS, "", message, moment, again=False)


def waiting(tx: Connection, own: OwnTables) -> tuple[int, int, str] | None:
    """When it was counted what a program gives that waits, to how many, and what, in words."""
    known = state.read(tx, own, WAITS)
    told = _told(known)
    if told is None or not isinstance(known, Mapping):
        return None
    return cast("int", known["at"]), cast("int", known["customers"]), told


def _told(known: state.Json) -> str | None:
    if not isinstance(known, Mapping):
        return None
    points, orders, customers = (f"{known[one]:,}" for one in ("points", "orders", "customers"))
    money = f"{str(known['worth'])[:-2]} {known['currency']}"
    return (
        f"it would give {points} points, worth {money}, for {orders} orders of {customers}"
        " customers (`sidecar loyalty start --yes` lets it begin)"
    )


def _tell_no_more(tx: Connection, own: OwnTables, moment: Moment) -> None:
    state.remove(tx, own, WAITS)
    findings.mend(tx, own, WAITS, None, moment)


def _fingerprint(program: Program) -> str:
    text = print_program(program).encode()
    return hashlib.md5(text, usedforsecurity=False).hexdigest()


def begin(tx: Connection, own: OwnTables, actor: str, moment: Moment) -> None:
    """Agree, for *actor*, that every order there ever was earns."""
    state.write(tx, own, BEGUN, {"by": actor, "at": moment.epoch_s}, moment)
    _tell_no_more(tx, own, moment)
    # Where there was another program before, its fingerprints hide the orders before its start.
    account = own.loyalty.account
    tx.execute(update(account).where(account.c.unit == "points").values(orders_mark=NO_MARK))
