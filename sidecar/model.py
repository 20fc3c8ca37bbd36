"""Words the stages share: names of a store, the moment of a pass, its scope."""

from __future__ import annotations

import bisect
import datetime
import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

#: An id in the place of a name; Python refuses to read numbers of any length.
_ID = re.compile(r"#[0-9]{1,18}")

#: Names that one is compared with at most, to say which was meant.
_LIKELY = 500

#: Money inside is an integer of this many parts of one currency unit.
MONEY_SCALE = 10_000


def fold(text: str) -> str:
    """*text* as it is compared: NFKC, then lower case."""
    return unicodedata.normalize("NFKC", text).lower()


@dataclass(frozen=True, slots=True)
class Moment:
    """
    The instant a pass looks at the store, and the zone its calendar days are counted in.

    Attributes:
        now: Aware, in UTC.
        zone: The store's time zone.
    """

    now: datetime.datetime
    zone: ZoneInfo

    @property
    def epoch_s(self) -> int:
        """Whole seconds since 1970 in UTC, rounded down."""
        return int(self.now.timestamp() // 1)

    @property
    def today(self) -> datetime.date:
        """The calendar day in the store's zone."""
        return self.now.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class Scope:
    """
    Which customers a cycle looks at: named ids, or a range of ids.

    Attributes:
        ids: Sorted and without repeats; None for a range.
        first: First id of the range, included.
        last: Last id of the range, included.
    """

    ids: tuple[int, ...] | None = None
    first: int = 0
    last: int = 0

    @classmethod
    def of(cls, ids: Iterable[int]) -> Scope:
        """The scope of these *ids*, in any order, repeats allowed."""
        unique = tuple(sorted(set(ids)))
        return cls(unique, unique[0] if unique else 0, unique[-1] if unique else 0)

    @classmethod
    def span(cls, first: int, last: int) -> Scope:
        """The scope of every customer with an id from *first* to *last*."""
        return cls(None, first, last)


#: Of an outcome, what counts as a change, by kind.
CHANGES = (
    "tag_added",
    "tag_removed",
    "segment_entered",
    "segment_left",
    "group_changed",
    "tier_changed",
)


@dataclass(slots=True)
class Outcome:
    """
    What a cycle did, or would do.

    Attributes:
        customers: Looked at.
        changed: With other tags or another group than before.
        set_aside: Whose data could not be processed.
        tag_added: Tags that came into effect.
        tag_removed: Tags that went out of effect.
        segment_entered: Entries into segments that have their baseline.
        segment_left: Exits from them.
        group_changed: Customers moved to another group.
        tier_changed: Customers moved to another tier.
    """

    customers: int = 0
    changed: int = 0
    set_aside: int = 0
    tag_added: int = 0
    tag_removed: int = 0
    segment_entered: int = 0
    segment_left: int = 0
    group_changed: int = 0
    tier_changed: int = 0

    def add(self, other: Outcome) -> None:
        """Count *other* in."""
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class NameTable:
    """
    The names of one namespace (customer groups, order statuses …) with their ids.

    Names are compared folded. A name in the store's default language goes before
    the same name in another; ``#42`` means the id 42.
    """

    _preferred: dict[str, list[int]] = field(default_factory=dict)
    _other: dict[str, list[int]] = field(default_factory=dict)
    _former: dict[str, int] = field(default_factory=dict)
    _display: dict[int, str] = field(default_factory=dict)

    def add(self, identifier: int, name: str, *, preferred: bool = True) -> None:
        """Add one *name*, unescaped, of *identifier*; *preferred*: in the default language."""
        table = self._preferred if preferred else self._other
        ids = table.setdefault(fold(name), [])
        if identifier not in ids:
            ids.append(identifier)
        if preferred or identifier not in self._display:
            self._display[identifier] = name

    def remember(self, identifier: int, name: str) -> None:
        """Find *identifier* also under *name*, which it had before it was renamed or deleted."""
        self._former[fold(name)] = identifier
        self._display.setdefault(identifier, name)

    def is_former(self, name: str) -> bool:
        """Whether *name* is found only because it is remembered."""
        key = fold(name)
        return key in self._former and not self._preferred.get(key) and not self._other.get(key)

    def find(self, name: str) -> tuple[int, ...]:
        """The ids called *name*, sorted: none when unknown, several when ambiguous."""
        if _ID.fullmatch(name) and int(name[1:]) in self._display:
            return (int(name[1:]),)
        key = fold(name)
        known = self._preferred.get(key) or self._other.get(key)
        if known is None and key in self._former:
            return (self._former[key],)
        return tuple(sorted(known or ()))

    def suggest(self, name: str) -> str | None:
        """The known name most like *name*, as displayed, or None."""
        key, known = fold(name), [*self._preferred, *self._other]
        close = difflib.get_close_matches(key, _likely(key, known), n=1)
        return self._display[self.find(close[0])[0]] if close else None

    def display(self) -> Mapping[int, str]:
        """Every id with the name to show for it."""
        return self._display


def _likely(name: str, known: list[str]) -> list[str]:
    """*known*, or of many those that begin or end most like *name*: comparing takes 40 µs each."""
    if len(known) <= _LIKELY:
        return known
    found: set[str] = set()
    for step in (1, -1):
        ordered = sorted(one[::step] for one in known)
        place = bisect.bisect(ordered, name[::step])
        near = ordered[max(0, place - _LIKELY // 4) : place + _LIKELY // 4]
        found.update(one[::step] for one in near)
    # In an order, so that of two as good ones it is always the same.
    return sorted(found)


@dataclass(frozen=True, slots=True)
class CustomerGroup:
    """
    What the store has for a customer group, as far as the ladder warns of it.

    Attributes:
        tax_rates: Rates of tax that its customers pay.
        undescribed: Codes of enabled languages in which it has no name.
        approval: Whether new accounts in it wait for an approval.
    """

    tax_rates: int = 0
    undescribed: tuple[str, ...] = ()
    approval: bool = False


@dataclass(frozen=True, slots=True)
class Names:
    """
    The names a store knows, by namespace of the catalogue.

    Attributes:
        tables: Namespace to its names. A namespace that is absent is not checked
            (rules read without a database).
    """

    tables: Mapping[str, NameTable] = field(default_factory=dict)

    def get(self, namespace: str) -> NameTable | None:
        """The names of *namespace*, or None when they are not known here."""
        return self.tables.get(namespace)
