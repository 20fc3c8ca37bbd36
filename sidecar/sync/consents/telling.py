"""Findings about consents: flags that do not count, and those that nobody gave a reason for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, delete, select

from sidecar.model import Moment
from sidecar.shop.own_tables import OwnTables
from sidecar.sync import findings

#: Somebody set the flag of a person who said no, or whose address is suppressed.
RAISED: Final = "consent.raised"

#: A person of the shop set the flag, and nobody knows why.
UNREASONED: Final = "consent.unreasoned"

#: The account may not write the flag.
UNWRITTEN: Final = "consent.unwritten"

#: Customers of one kind that have a finding of their own.
MOST: Final = 100


def raised(tx: Connection, own: OwnTables, customers: Sequence[int], moment: Moment) -> None:
    """Tell of *customers* whose flag goes back."""
    messages = {
        customer_id: (
            f"customer {customer_id}: the newsletter flag was set in the store, but the person"
            " said no before, or the address is on the suppression list; it is taken back"
            f" (with proof: `sidecar consent grant {customer_id} --evidence double_opt_in`)"
        )
        for customer_id in customers
    }
    more = "the newsletter flag of people who said no was set in the store; it is taken back"
    _tell(tx, own, RAISED, messages, more, moment)


def unreasoned(tx: Connection, own: OwnTables, actors: Mapping[int, str], moment: Moment) -> None:
    """Tell of customers whom somebody of the shop, *actors*, gave the flag."""
    messages = {
        customer_id: (
            f"customer {customer_id}: {actor} set the newsletter flag, and why is not known"
            f" (`sidecar consent grant {customer_id} --evidence staff --reason TEXT`)"
        )
        for customer_id, actor in actors.items()
    }
    more = "people of the shop set newsletter flags, and why is not known"
    _tell(tx, own, UNREASONED, messages, more, moment)


def unwritten(tx: Connection, own: OwnTables, moment: Moment) -> None:
    """Tell that the flag cannot be written."""
    message = (
        "the account may not write the store's newsletter flag, so it does not follow consents"
        " (`sidecar doctor` says the statement that grants it)"
    )
    findings.raise_finding(tx, own, UNWRITTEN, "", message, moment, again=False)


def written(tx: Connection, own: OwnTables, moment: Moment) -> None:
    """Flags can be written."""
    findings.mend(tx, own, UNWRITTEN, None, moment)


def mend(tx: Connection, own: OwnTables, customers: Collection[int], moment: Moment) -> None:
    """Somebody decided about the consents of *customers*: nothing of them is left to be told."""
    subjects = {_subject(customer_id) for customer_id in customers}
    for kind in (RAISED, UNREASONED):
        for subject in sorted(subjects & (_open(tx, own, kind) if subjects else set())):
            findings.mend(tx, own, kind, subject, moment)


def forget(tx: Connection, own: OwnTables, customers: Sequence[int]) -> None:
    """Remove what was told of *customers*."""
    table = own.finding
    subjects = [_subject(customer_id) for customer_id in customers]
    here = table.c.kind.in_((RAISED, UNREASONED)) & table.c.subject.in_(subjects)
    tx.execute(delete(table).where(here))


def _tell(
    tx: Connection,
    own: OwnTables,
    kind: str,
    messages: Mapping[int, str],
    more: str,
    moment: Moment,
) -> None:
    if not messages:
        return
    known = _open(tx, own, kind)
    for customer_id, message in messages.items():
        subject = _subject(customer_id)
        if subject not in known and len(known - {""}) >= MOST:
            if "" not in known:
                text = f"of more than the {MOST} customers that are listed: {more}"
                findings.raise_finding(tx, own, kind, "", text, moment, again=False)
            return
        findings.raise_finding(tx, own, kind, subject, message, moment, again=False)
        known.add(subject)


def _subject(customer_id: int) -> str:
    return f"customer {customer_id}"


def _open(tx: Connection, own: OwnTables, kind: str) -> set[str]:
    table = own.finding
    query = select(table.c.subject).where(table.c.kind == kind, table.c.mended_at.is_(None))
    return set(tx.scalars(query))
