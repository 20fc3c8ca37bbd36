"""
Random conditions for property tests.

`expressions` makes conditions that the checker accepts, for tests of what comes after
it; `trees` makes any tree within the limits, sense or not, for printers and parsers.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Literal, TypeVar, cast, get_args

from hypothesis import strategies as st

from sidecar.model import Names
from sidecar.rules.catalogue import OPERATORS, Catalogue, Fact, Namespace
from sidecar.rules.language import limits
from sidecar.rules.language.words import RESERVED, UNITS
from sidecar.rules.syntax import (
    And,
    Between,
    Compare,
    Comparison,
    DateDay,
    DateSpan,
    Day,
    Expr,
    FactRef,
    Filter,
    FilterName,
    Has,
    In,
    InSegment,
    ListRef,
    Missing,
    Not,
    Or,
    Predicate,
    Span,
    TextMatch,
    Value,
)

T = TypeVar("T")
Make = st.SearchStrategy[Predicate]

texts: st.SearchStrategy[str] = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=12
)
amounts: st.SearchStrategy[Decimal] = st.decimals(
    min_value=-(10**11), max_value=10**11, places=4, allow_nan=False, allow_infinity=False
)
whole_numbers: st.SearchStrategy[Decimal] = st.integers(-3, 400).map(Decimal)
spans: st.SearchStrategy[Span] = st.builds(Span, st.integers(0, 200), st.sampled_from(UNITS))
days: st.SearchStrategy[Day] = st.builds(
    Day,
    st.dates(datetime.date(1900, 1, 1), datetime.date(2999, 12, 31))
    | st.sampled_from(("today", "yesterday")),
)
_day_spans = st.builds(Span, st.integers(0, 200), st.sampled_from(("day", "week")))
_long_spans = st.builds(Span, st.integers(0, 60), st.sampled_from(("day", "week", "month", "year")))
_comparisons: tuple[Comparison, ...] = get_args(Comparison)


def expressions(
    catalogue: Catalogue,
    *,
    names: Names | None = None,
    lists: Sequence[str] = (),
    segments: Sequence[str] = (),
    facts: Sequence[str] | None = None,
    max_leaves: int = 8,
) -> st.SearchStrategy[Expr]:
    """
    Conditions that `check` accepts.

    Args:
        catalogue: Where the facts come from.
        names: Names of choices, sets and filters are drawn from these; without
            them, or where a namespace is absent or empty, they are any text.
        lists: Names of lists that may be used.
        segments: Names of segments that may be used.
        facts: Only facts of these names; None: all of the catalogue.
        max_leaves: About how many comparisons the largest has.
    """
    chosen = [fact for fact in catalogue if facts is None or fact.name in facts]
    pool = _Names(names)
    leaves = st.one_of([_leaf(fact, pool, lists) for fact in chosen])
    if segments:
        leaves |= st.builds(InSegment, st.sampled_from(list(segments)), st.booleans())
    return _joined(leaves, max_leaves)


def trees(max_leaves: int = 12) -> st.SearchStrategy[Expr]:
    """Any tree within the limits; its facts need not exist and its types need not fit."""
    names = st.from_regex(r"[^\W\d]\w{0,8}", fullmatch=True)
    names = names.filter(lambda name: name not in RESERVED)
    values: st.SearchStrategy[Value] = amounts | texts | st.booleans() | spans
    filters = st.builds(
        Filter,
        st.sampled_from(cast("tuple[FilterName, ...]", get_args(FilterName))),
        spans | days | amounts | texts,
    )
    facts = st.builds(FactRef, names, st.lists(filters, max_size=2).map(tuple))
    lists = st.sampled_from(("free_mail", "0-a", "größe")).map(ListRef)
    leaves: st.SearchStrategy[Predicate] = st.one_of(
        st.builds(Compare, facts, st.sampled_from(_comparisons), values),
        st.builds(Between, facts, values, values),
        st.builds(In, facts, _tuples(values) | lists, st.booleans()),
        st.builds(Has, facts, st.sampled_from(("any", "all")), _tuples(texts), st.booleans()),
        st.builds(InSegment, texts, st.booleans()),
        st.builds(TextMatch, facts, st.just("contains"), texts, st.booleans()),
        st.builds(TextMatch, facts, st.sampled_from(("starts with", "ends with")), texts),
        st.builds(DateSpan, facts, st.sampled_from(("within", "older than", "in next")), spans),
        st.builds(DateDay, facts, st.sampled_from(("before", "after", "on")), days),
        st.builds(Missing, facts, st.booleans()),
    )
    return _joined(leaves, max_leaves)


def _tuples(items: st.SearchStrategy[T]) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(items, min_size=1, max_size=4).map(tuple)


def _joined(leaves: st.SearchStrategy[Predicate], max_leaves: int) -> st.SearchStrategy[Expr]:
    """*leaves* under and, or and not, nested as the parser would nest them."""

    def extend(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
        several = st.lists(inner, min_size=2, max_size=4)
        return st.one_of(
            several.map(lambda items: _flat(And, items)),
            several.map(lambda items: _flat(Or, items)),
            inner.map(Not),
        )

    grown = st.recursive(cast("st.SearchStrategy[Expr]", leaves), extend, max_leaves=max_leaves)
    return grown.filter(lambda expr: limits.measure(expr)[1] <= limits.MAX_DEPTH)


def _flat(node: type[And] | type[Or], items: Sequence[Expr]) -> Expr:
    flat: list[Expr] = []
    for item in items:
        flat.extend(item.items if isinstance(item, node) else (item,))
    return node(tuple(flat))


class _Names:
    """What a name of a namespace may be written as."""

    def __init__(self, names: Names | None) -> None:
        self._names = names

    def of(self, fact: Fact) -> st.SearchStrategy[str]:
        if fact.names is None:
            return st.sampled_from(fact.values)
        return self.within(fact.names)

    def within(self, namespace: Namespace) -> st.SearchStrategy[str]:
        table = self._names.get(namespace) if self._names else None
        if table is None or not table.display():
            return texts.filter(str.strip)
        known = [
            name if len(table.find(name)) == 1 else f"#{identifier}"
            for identifier, name in table.display().items()
        ]
        return st.sampled_from(known)


def _refs(fact: Fact, pool: _Names) -> st.SearchStrategy[FactRef]:
    if not fact.filters:
        return st.just(FactRef(fact.name))
    values: Mapping[str, st.SearchStrategy[object]] = {
        "within": spans,
        "from": days,
        "until": days,
        "total": amounts,
    }

    def filters(chosen: Sequence[FilterName]) -> st.SearchStrategy[tuple[Filter, ...]]:
        return st.tuples(
            *(
                st.builds(
                    Filter,
                    st.just(name),
                    values[name] if (space := fact.filters[name]) is None else pool.within(space),
                )
                for name in chosen
            )
        )

    chosen = st.lists(st.sampled_from(sorted(fact.filters)), unique=True, max_size=3)
    return st.builds(FactRef, st.just(fact.name), st.just(()) | chosen.flatmap(filters))


def _leaf(fact: Fact, pool: _Names, lists: Sequence[str]) -> Make:
    refs = _refs(fact, pool)
    makers: Mapping[str, Callable[[], list[Make]]] = {
        "yesno": lambda: [
            st.builds(Compare, refs, st.sampled_from(("=", "!=")), st.booleans()),
        ],
        "number": lambda: _numeric(refs, _numbers_of(fact)),
        "decimal": lambda: _numeric(refs, st.decimals(0, 6, places=2)),
        "money": lambda: _numeric(refs, amounts | st.integers(-10, 2000).map(Decimal)),
        "text": lambda: _textual(refs, lists),
        "choice": lambda: [
            st.builds(Compare, refs, st.sampled_from(("=", "!=")), pool.of(fact)),
            st.builds(In, refs, _tuples(pool.of(fact)), st.booleans()),
        ],
        "date": lambda: [
            st.builds(DateSpan, refs, _date_operators("within", "older than", "in next"), spans),
            st.builds(DateDay, refs, st.sampled_from(("before", "after", "on")), days),
        ],
        "birthday": lambda: [
            st.builds(DateSpan, refs, st.just("in next"), _long_spans),
            st.builds(DateDay, refs, st.just("on"), days),
        ],
        "set": lambda: [
            st.builds(
                Has,
                refs,
                st.sampled_from(("any", "all")),
                _tuples(pool.of(fact)),
                st.booleans(),
            )
        ],
    }
    assert makers.keys() == OPERATORS.keys()
    return st.one_of(*makers[fact.kind](), st.builds(Missing, refs, st.booleans()))


def _date_operators(
    *words: Literal["within", "older than", "in next"],
) -> st.SearchStrategy[Literal["within", "older than", "in next"]]:
    return st.sampled_from(words)


def _numbers_of(fact: Fact) -> st.SearchStrategy[Decimal | Span]:
    halves = st.sampled_from((Decimal("0.5"), Decimal("1.5")))
    return whole_numbers | halves | (_day_spans if fact.unit == "days" else st.nothing())


def _numeric(
    refs: st.SearchStrategy[FactRef], values: st.SearchStrategy[Decimal | Span]
) -> list[Make]:
    return [
        st.builds(Compare, refs, st.sampled_from(_comparisons), values),
        st.builds(Between, refs, values, values),
        st.builds(In, refs, _tuples(values), st.booleans()),
    ]


def _textual(refs: st.SearchStrategy[FactRef], lists: Sequence[str]) -> list[Make]:
    found: list[Make] = [
        st.builds(Compare, refs, st.sampled_from(("=", "!=")), texts),
        st.builds(In, refs, _tuples(texts), st.booleans()),
        st.builds(TextMatch, refs, st.just("contains"), texts, st.booleans()),
        st.builds(TextMatch, refs, st.sampled_from(("starts with", "ends with")), texts),
    ]
    if lists:
        found.append(st.builds(In, refs, st.sampled_from(list(lists)).map(ListRef), st.booleans()))
    return found
