"""
Made-up customers that sit on the edges of a condition, as Python values and as a frame.

The values are what `support.interpreter` reads; the frame holds the same as the
loader would give it to compiled rules.
"""

from __future__ import annotations

import datetime
import random
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

import polars as pl

from sidecar.model import Names, NameTable
from sidecar.rules.catalogue import Catalogue, Fact, Namespace
from sidecar.rules.columns import Column
from sidecar.rules.compile import SCALES, Compiler
from sidecar.rules.language.walk import leaves
from sidecar.rules.syntax import (
    Between,
    Compare,
    DateDay,
    DateSpan,
    Expr,
    FactPredicate,
    FactRef,
    Has,
    In,
    InSegment,
    ListRef,
    Missing,
    Span,
    TextMatch,
    Value,
)
from support.interpreter import Birthday, FactValue, World, day_of, fold, moved

CUSTOM = (
    Fact(name="custom_note", label="Note", kind="text", area="custom fields", source=""),
    Fact(name="custom_since", label="Since", kind="date", area="custom fields", source=""),
    Fact(
        name="custom_colour",
        label="Colour",
        kind="choice",
        area="custom fields",
        source="",
        values=("Red", "Grün", "ＢＬＵＥ"),
    ),
    Fact(
        name="custom_hobbies",
        label="Hobbies",
        kind="set",
        area="custom fields",
        source="",
        values=("Chess", "Rück & Zug", "ﬁshing", "7"),
    ),
)
CATALOGUE = Catalogue(CUSTOM)

NAMED: Mapping[Namespace, Mapping[int, str]] = {
    "group": {1: "Default", 2: "Wholesale", 30: "Größe"},
    "status": {5: "Complete", 17: "Odesłane", 1: "Pending"},
    "return status": {1: "Pending", 3: "Complete"},
    "store": {0: "Your store", 4: "Outlet"},
    "category": {20: "Desktops", 21: "Mac", 300: "ＶＩＰ"},
    "product": {40: "iPhone", 41: 'A "B" & C', 42: "iMac"},
    "manufacturer": {8: "Apple", 9: "ΟΔΟΣ"},
    "tag": {1: "vip", 2: "Do not contact", 3: "ﬁrst"},
}
LISTS = {"friends": ("a.example", "ÜBER.example", "x"), "nobody": ()}
SEGMENTS = ("Regulars", "Große", "#1")

_TEXTS = (
    "",
    "a",
    "Ann",
    "ann@a.example",
    "über.EXAMPLE",
    "x",
    "ẞtraße",
    "İ",
    "ΟΔΟΣ",
    "ﬁ",
    "%",
    "_",
)
_TYPES: Mapping[str, pl.DataType] = {"yesno": pl.Boolean(), "text": pl.String()}


def _names() -> Names:
    tables: dict[str, NameTable] = {}
    for namespace, names in NAMED.items():
        tables[namespace] = NameTable()
        for identifier, name in names.items():
            tables[namespace].add(identifier, name)
    return Names(tables)


NAMES = _names()


def compiler() -> Compiler:
    """A compiler for these samples; tags and segments are columns of their frame."""
    return Compiler(
        CATALOGUE,
        NAMES,
        {name: [fold(text) for text in texts] for name, texts in LISTS.items()},
        lambda name: pl.col(f"tag {fold(name)}"),
        lambda name: pl.col(f"segment {fold(name)}"),
        NAMED["tag"].values(),
    )


@dataclass(frozen=True, slots=True)
class Person:
    """
    One made-up customer.

    Attributes:
        values: By the column of a fact; sets by its name.
        segments: Those that the customer is in.
    """

    values: Mapping[str, FactValue]
    segments: frozenset[str]

    @property
    def tags(self) -> frozenset[str]:
        """Names of the tags in effect."""
        tags = self.values.get("tags", frozenset())
        assert isinstance(tags, frozenset)
        return tags

    def fact(self, ref: FactRef) -> FactValue:
        """The value of a fact; the same for filters that mean the same."""
        return self.values[key_of(ref)]


def key_of(ref: FactRef) -> str:
    """The column of *ref*, which is one for all ways of writing the same filters."""
    if _kind(ref) == "set":
        return ref.name
    alone = compiler()
    alone.condition(Missing(ref))
    (key,) = alone.columns
    return key


def people(expr: Expr, world: World, seed: int, count: int) -> list[Person]:
    """Customers whose facts lie on, beside and far from what *expr* compares them with."""
    chance = random.Random(seed)
    edges: dict[str, list[FactValue]] = {}
    kinds: dict[str, Fact] = {}
    for leaf in leaves(expr):
        if not isinstance(leaf, InSegment):
            key = key_of(leaf.fact)
            kinds[key] = _fact(leaf.fact)
            edges.setdefault(key, []).extend(_edges(leaf, kinds[key], world))
    return [
        Person(
            {key: _value(chance, kinds[key], edges[key], world) for key in sorted(edges)},
            frozenset(name for name in SEGMENTS if chance.random() < 0.5),
        )
        for _ in range(count)
    ]


def frame(persons: Sequence[Person], columns: Iterable[Column]) -> pl.DataFrame:
    """*persons* as the loader would give them to rules that need *columns*."""
    series = [pl.Series("customer_id", range(1, len(persons) + 1), dtype=pl.Int64)]
    for column in columns:
        fact = CATALOGUE.get(column.fact)
        assert fact is not None
        if column.members is None:
            values = [_stored(fact, person.values[column.key]) for person in persons]
            series.append(pl.Series(column.key, values, dtype=_dtype(fact)))
        else:
            has = [_has(fact, person.values[fact.name], column.members) for person in persons]
            series.append(pl.Series(column.key, has, dtype=pl.Boolean))
    for name in NAMED["tag"].values():
        holds = [name in person.tags for person in persons]
        series.append(pl.Series(f"tag {fold(name)}", holds, dtype=pl.Boolean))
    for name in SEGMENTS:
        inside = [name in person.segments for person in persons]
        series.append(pl.Series(f"segment {fold(name)}", inside, dtype=pl.Boolean))
    return pl.DataFrame(series)


# -- values ------------------------------------------------------------------------------


def _fact(ref: FactRef) -> Fact:
    fact = CATALOGUE.get(ref.name)
    assert fact is not None
    return fact


def _kind(ref: FactRef) -> str:
    return _fact(ref).kind


def _names_of(fact: Fact) -> list[str]:
    return list(NAMED[fact.names].values()) if fact.names else list(fact.values)


def _edges(leaf: FactPredicate, fact: Fact, world: World) -> list[FactValue]:
    """Values of *fact* at which *leaf* may change its mind."""
    match leaf:
        case Compare(value=value):
            return _beside(value, fact)
        case Between(low=low, high=high):
            return [*_beside(low, fact), *_beside(high, fact)]
        case In(values=ListRef(name)):
            return [edge for text in LISTS[name] for edge in _beside(text, fact)]
        case In(values=tuple() as values):
            return [edge for value in values for edge in _beside(value, fact)]
        case TextMatch(text=text):
            return [*_beside(text, fact), text + "x", "x" + text, f"x{text}x"]
        case Has(values=names):
            return [frozenset(names), frozenset(names[:1])]
        case DateSpan(span=span):
            return _around_span(span, fact, world)
        case DateDay(day=day):
            return _around_day(day_of(day, world), fact, world)
        case _:
            return []


def _beside(value: Value, fact: Fact) -> list[FactValue]:
    if isinstance(value, bool):
        return [value, not value]
    if isinstance(value, str):
        if fact.kind == "choice":
            return [name for name in _names_of(fact) if fold(name) == fold(value)]
        texts = (value, value.upper(), value.lower(), value.title(), fold(value), value[:-1])
        return [text for text in texts if text and _is_assigned(text)]
    if isinstance(value, Span):
        value = Decimal(value.count * (7 if value.unit == "week" else 1))
    unit = Decimal(1) / SCALES[fact.kind]
    at = value.quantize(unit, rounding=ROUND_FLOOR)
    return [at - unit, at, at + unit, Decimal(0)]


def _is_assigned(text: str) -> bool:
    # Characters younger than this Python are lower-cased by Polars alone.
    return all(unicodedata.category(character) != "Cn" for character in text)


def _around_span(span: Span, fact: Fact, world: World) -> list[FactValue]:
    if fact.kind == "birthday":
        return _around_day(moved(world.today, span, 1), fact, world)
    found: list[FactValue] = []
    for sign in (-1, 1):
        if span.unit in ("minute", "hour"):
            length = datetime.timedelta(**{f"{span.unit}s": span.count})
            found += _seconds_around(world.now + sign * length)
        else:
            found += _around_day(moved(world.today, span, sign), fact, world)
    return [*found, *_seconds_around(world.now), *_around_day(world.today, fact, world)]


def _around_day(day: datetime.date, fact: Fact, world: World) -> list[FactValue]:
    days = [day + datetime.timedelta(days=shift) for shift in (-1, 0, 1)]
    if fact.kind == "birthday":
        return [Birthday(2, 29), *(Birthday(near.month, near.day) for near in days)]
    midnights = [datetime.datetime.combine(near, datetime.time(), world.zone) for near in days]
    return [at for midnight in midnights for at in _seconds_around(midnight)]


def _seconds_around(at: datetime.datetime) -> list[FactValue]:
    middle = at.astimezone(datetime.UTC)
    return [middle + datetime.timedelta(seconds=second) for second in (-3600, -1, 0, 1, 3600)]


def _value(
    chance: random.Random, fact: Fact, edges: Sequence[FactValue], world: World
) -> FactValue:
    draw = chance.random()
    if fact.kind == "set":
        if edges and draw < 0.4:
            wanted = chance.choice(edges)
            assert isinstance(wanted, frozenset)
            known = [n for n in _names_of(fact) if any(fold(n) == fold(w) for w in wanted)]
            return frozenset(known)
        return frozenset(name for name in _names_of(fact) if chance.random() < 0.4)
    if draw < 0.15:
        return None
    if edges and draw < 0.85:
        return chance.choice(edges)
    return _anything(chance, fact, world)


def _anything(chance: random.Random, fact: Fact, world: World) -> FactValue:
    match fact.kind:
        case "yesno":
            return chance.random() < 0.5
        case "text":
            return chance.choice(_TEXTS[1:])
        case "choice":
            return chance.choice(_names_of(fact))
        case "date":
            return world.now + datetime.timedelta(seconds=chance.randint(-(10**9), 10**9))
        case "birthday":
            day = datetime.date(2024, 1, 1) + datetime.timedelta(days=chance.randrange(366))
            return Birthday(day.month, day.day)
        case _:
            return Decimal(chance.randint(-(10**6), 10**6)) / SCALES[fact.kind]


def _dtype(fact: Fact) -> pl.DataType:
    if fact.kind == "choice" and fact.names is None:
        return pl.String()
    return _TYPES.get(fact.kind, pl.Int64())


def _stored(fact: Fact, value: FactValue) -> object:
    if isinstance(value, Decimal):
        return int(value * SCALES[fact.kind])
    if isinstance(value, datetime.datetime):
        return int(value.timestamp())
    if isinstance(value, Birthday):
        return value.month * 100 + value.day
    if isinstance(value, str) and fact.names is not None:
        return next(i for i, name in NAMED[fact.names].items() if name == value)
    return value


def _has(fact: Fact, value: FactValue, members: frozenset[int] | frozenset[str]) -> bool:
    assert isinstance(value, frozenset)
    if fact.names is None:
        own: set[int | str] = {fold(name) for name in value}
    else:
        own = {i for i, name in NAMED[fact.names].items() if name in value}
    return bool(own & members) if members else bool(own)
