"""
What others did to the store's rows of points and credit that a person should look at.

A finding for each customer, until it is no longer so; of very many customers the first only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, Literal

import structlog
from sqlalchemy import Connection, delete, select

from sidecar.model import Moment
from sidecar.shop.own_tables import OwnTables
from sidecar.sync import findings
from sidecar.sync.loyalty.holder import Holder, Unit
from sidecar.sync.loyalty.ledger import Ledger
from sidecar.sync.reading import Reading

#: ``altered``: rows of ours have another amount · ``beside``: rows of others for what the program
#: rewards · ``negative``: the store let more be spent than there was.
Kind = Literal["altered", "beside", "negative"]

KINDS: Final[tuple[Kind, ...]] = ("altered", "beside", "negative")

#: Customers of one kind that have a finding of their own.
MOST = 100

_MESSAGES: Final[Mapping[Kind, str]] = {
    "altered": (
        "{whose}: somebody changed the amount of a row of ours in the store; the ledger holds"
        " (`sidecar loyalty reconcile --fix` puts the amount back)"
    ),
    "beside": (
        "{whose}: somebody gave something in the store for what the program rewards; it does not"
        " count (`sidecar loyalty reconcile` shows the row, `--fix` deletes it)"
    ),
    "negative": (
        "{whose}: the store let more be spent than there was, and that is owed; what comes next"
        " pays it (`sidecar loyalty reconcile` names the row)"
    ),
}

_MORE: Final[Mapping[Kind, str]] = {
    "altered": "rows of ours were changed in the store",
    "beside": "somebody gave something in the store for what the program rewards",
    "negative": "the store let more be spent than there was",
}

#: That an account could not be kept; see `sidecar.sync.loyalty.accounts`.
REFUSED = "loyalty.refused"


def whose(unit: Unit, customer_id: int) -> str:
    """The subject of a finding about an account."""
    customer = f"customer {customer_id}"
    return customer if unit == "points" else f"the store credit of {customer}"


def note(reading: Reading, ledger: Ledger) -> None:
    """Raise, and mend, findings of the accounts of *ledger*, which could be kept."""
    tx, own, moment = reading.tx, reading.shop.own, reading.moment
    known = _known(tx, own, [REFUSED, *(kind_of(ledger.unit, kind) for kind in KINDS)])
    for holder in ledger.holders.values():
        subject = whose(ledger.unit, holder.customer_id)
        if subject in known[REFUSED]:
            findings.mend(tx, own, REFUSED, subject, moment)
    rewritten = sum(holder.rewritten for holder in ledger.holders.values())
    if rewritten:
        structlog.get_logger().info("points.rewritten", unit=ledger.unit, rows=rewritten)
    for kind in KINDS:
        name, holds = kind_of(ledger.unit, kind), _HOLDS[kind]
        for holder in ledger.holders.values():
            subject = whose(ledger.unit, holder.customer_id)
            is_so = holds(holder)
            if is_so:
                _raise(tx, own, ledger.unit, kind, subject, known[name], moment)
            elif is_so is not None and subject in known[name]:
                findings.mend(tx, own, name, subject, moment)
                known[name].remove(subject)


def settle(
    tx: Connection,
    own: OwnTables,
    unit: Unit,
    found: Mapping[Kind, Collection[int]],
    moment: Moment,
) -> None:
    """Make the findings those of the customers *found*, of all who were looked at just now."""
    for kind in KINDS:
        name, ids = kind_of(unit, kind), sorted(found.get(kind, ()))
        known, subjects = _known(tx, own, [name])[name], {whose(unit, one) for one in ids}
        for subject in known - subjects - ({""} if len(ids) > MOST else set()):
            findings.mend(tx, own, name, subject, moment)
        known &= subjects
        for customer_id in ids[: MOST + 1]:
            _raise(tx, own, unit, kind, whose(unit, customer_id), known, moment)


def is_refused(tx: Connection, own: OwnTables, unit: Unit, customer_id: int) -> bool:
    """Whether the account of *customer_id* could not be kept when it was last looked at."""
    return whose(unit, customer_id) in _known(tx, own, [REFUSED])[REFUSED]


def forget(tx: Connection, own: OwnTables, customers: Sequence[int]) -> None:
    """Remove what was found of *customers*."""
    units: tuple[Unit, ...] = ("points", "credit")
    subjects = [whose(unit, customer_id) for customer_id in customers for unit in units]
    tx.execute(delete(own.finding).where(own.finding.c.subject.in_(subjects)))


def kind_of(unit: Unit, kind: Kind) -> str:
    """The kind of such a finding, as it is kept."""
    return f"{unit}.{kind}"


def _raise(
    tx: Connection,
    own: OwnTables,
    unit: Unit,
    kind: Kind,
    subject: str,
    known: set[str],
    moment: Moment,
) -> None:
    message = _MESSAGES[kind].format(whose=subject)
    if subject not in known and len(known - {""}) >= MOST:
        if "" in known:
            return
        subject, message = (
            "",
            (
                f"of more than the {MOST} customers that are listed: {_MORE[kind]}"
                " (`sidecar loyalty reconcile` counts them, and looks at all again)"
            ),
        )
    findings.raise_finding(tx, own, kind_of(unit, kind), subject, message, moment, again=False)
    known.add(subject)


def _known(tx: Connection, own: OwnTables, kinds: Sequence[str]) -> dict[str, set[str]]:
    """The subjects of open findings, by kind."""
    table = own.finding
    query = select(table.c.kind, table.c.subject).where(
        table.c.kind.in_(kinds), table.c.mended_at.is_(None)
    )
    known: dict[str, set[str]] = {kind: set() for kind in kinds}
    for kind, subject in tx.execute(query):
        known[kind].add(subject)
    return known


def _overspent(holder: Holder) -> bool:
    debt = holder.account.debt
    if not debt.remaining:
        return False
    spends = (cause for cause in holder.causes.values() if cause.key.kind == "native")
    return any(move.lot is debt for cause in spends for move in cause.taken)


#: Whether it is so; None: the customer's rows were not read.
_HOLDS: Mapping[Kind, Callable[[Holder], bool | None]] = {
    "altered": lambda holder: holder.is_altered,
    "beside": lambda holder: holder.is_beside,
    "negative": _overspent,
}
