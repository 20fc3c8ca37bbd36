"""Requests that have to be answered soon, or should have been: told until they are."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from sidecar.model import Moment
from sidecar.privacy.means import Means
from sidecar.privacy.requests import UNANSWERED
from sidecar.privacy.terms import SOON_DAYS, last_day
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import OwnTables
from sidecar.sync import findings

#: The finding.
DUE = "gdpr.due"

_DAY_S = 86_400


def tell(means: Means) -> None:
    """Raise or mend the finding that requests are due."""
    own, moment = means.shop.own, means.moment
    with transaction(means.shop.engine) as tx:
        message = said(tx, own, moment)
        if message is None:
            findings.mend(tx, own, DUE, "", moment)
        else:
            findings.raise_finding(tx, own, DUE, "", message, moment, again=False)


def said(tx: Connection, own: OwnTables, moment: Moment) -> str | None:
    """What of the requests is due or overdue, for a person; None: nothing."""
    table, now = own.privacy.privacy_request, moment.epoch_s
    soon = now + SOON_DAYS * _DAY_S
    overdue, number, first = tx.execute(
        select(
            func.coalesce(func.sum(table.c.due_at <= now), 0),
            func.count(),
            func.min(table.c.due_at),
        ).where(table.c.state.in_(UNANSWERED), table.c.due_at <= soon)
    ).one()
    if not number:
        return None
    parts = [f"{int(overdue)} overdue"] if overdue else []
    if number > overdue:
        parts.append(f"{number - int(overdue)} due within {SOON_DAYS} days")
    return (
        f"requests about personal data: {', '.join(parts)}, the first on"
        f" {last_day(int(first), moment.zone)} (`sidecar gdpr list`)"
    )
