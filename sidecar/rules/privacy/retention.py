"""
Retention rules: how long data of each class is kept, and of whom.

A class names rows of the store by their age. Accounts are a class of their own: their age
is counted from the last sign of life, and the whole person is erased.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from sidecar.rules.calendar import add
from sidecar.rules.rule import Origin
from sidecar.rules.syntax import Expr, Span

#: What a purge does to a row: it goes, or it stays without the person.
Ending = Literal["delete", "rewrite", "erase"]

#: What protects an account from being purged, unless a rule says that it does not.
Protection = Literal["open orders", "subscriptions", "points", "credit"]
PROTECTIONS: Final[tuple[Protection, ...]] = ("open orders", "subscriptions", "points", "credit")


@dataclass(frozen=True, slots=True)
class RowClass:
    """
    Rows that grow old.

    Attributes:
        about: For people.
        dates: By table: the column that says how old a row is; tables that the store lacks
            have no rows.
        ending: What becomes of a row.
        unfinished: Whether only orders are meant that were never placed; None: there is no
            such difference.
        below: By table: the column that holds the key of a row that goes; its rows go with it.
    """

    about: str
    dates: Mapping[str, str]
    ending: Ending = "delete"
    unfinished: bool | None = None
    below: Mapping[str, str] = field(default_factory=dict)


#: The class that is persons, not rows.
ACCOUNTS: Final = "accounts"

ROW_CLASSES: Final[Mapping[str, RowClass]] = {
    "orders": RowClass(
        "orders, which stay without the person: what was sold, its totals, taxes and dates",
        {"order": "date_added"},
        "rewrite",
        unfinished=False,
    ),
    "unfinished_orders": RowClass(
        "checkouts that never became an order; they stay without the person",
        {"order": "date_added"},
        "rewrite",
        unfinished=True,
    ),
    "carts": RowClass("carts, of guests too", {"cart": "date_added"}),
    "searches": RowClass("what people searched for", {"customer_search": "date_added"}),
    "ips": RowClass("IP addresses that accounts were used from", {"customer_ip": "date_added"}),
    "failed_logins": RowClass("failed logins", {"customer_login": "date_modified"}),
    "activity": RowClass("what people did in their accounts", {"customer_activity": "date_added"}),
    "visits": RowClass(
        "IP addresses of visitors, in reports and of who is online",
        {
            "customer_online": "date_added",
            "customer_affiliate_report": "date_added",
            "marketing_report": "date_added",
            "product_report": "date_added",
            "download_report": "date_added",
            "api_history": "date_added",
        },
    ),
    "sessions": RowClass("sessions, from when on they have expired", {"session": "expire"}),
    "requests": RowClass(
        "requests of people about their data, from when on they are answered",
        {"sidecar_privacy_request": "finished_at"},
        below={"sidecar_privacy_act": "request_id"},
    ),
}

CLASSES: Final[Mapping[str, str]] = {
    ACCOUNTS: "whole persons: erased as on request, counted from the last sign of life",
    **{name: each.about for name, each in ROW_CLASSES.items()},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """
    How long data of one class is kept.

    Attributes:
        name: Of the rule.
        of: The class.
        age: How old it may become; days or longer.
        when: Of accounts: only those; None: all.
        text: *when*, printed; empty without one.
        most: Persons or rows that a day may purge without approval; None: as many as a run
            may change.
        even_with: What does not protect an account.
        file: Where it stands.
        line: Of its table, counted from 1.
    """

    name: str
    of: str
    age: Span
    when: Expr | None = None
    text: str = ""
    most: int | None = None
    even_with: frozenset[Protection] = frozenset()
    file: str = ""
    line: int = 0
    origin: Origin | None = field(default=None, compare=False, repr=False)

    @property
    def protections(self) -> tuple[Protection, ...]:
        """What protects an account from this rule."""
        return tuple(each for each in PROTECTIONS if each not in self.even_with)

    @property
    def fingerprint(self) -> str:
        """Of what it purges, in 16 hexadecimal digits; another needs another approval."""
        even_with = ",".join(sorted(self.even_with))
        said = (self.of, str(self.age.count), self.age.unit, self.text, even_with)
        return hashlib.sha256("\x1f".join(said).encode()).hexdigest()[:16]


def purged_on(last: datetime.date, age: Span) -> datetime.date:
    """The day at whose beginning something is older than *age* that was last alive on *last*."""
    try:
        return add(last, age, 1) + datetime.timedelta(days=1)
    except OverflowError:
        return datetime.date.max


def kept_from(today: datetime.date, age: Span) -> datetime.date:
    """The first day that is not older than *age* today: `purged_on` it is still to come."""
    day = add(today, age, -1)
    # Months clamp, so that counting back may end a day or two beside counting on.
    while purged_on(day, age) <= today:
        day += datetime.timedelta(days=1)
    while day > datetime.date.min and purged_on(day - datetime.timedelta(days=1), age) > today:
        day -= datetime.timedelta(days=1)
    return day
