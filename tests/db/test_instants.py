"""Which row is the next to leave a window or to enter it, as the loader reads it."""

from __future__ import annotations

import datetime

import polars as pl
import pytest

from sidecar.model import Scope
from sidecar.rules.compile import Compiler
from sidecar.rules.instants import TimedRows
from sidecar.rules.language.parser import parse
from sidecar.shop.database import transaction
from sidecar.sync import rulebook
from sidecar.sync.facts.load import load
from sidecar.sync.reading import Reading
from support.given import Line
from support.small_store import NOW, SmallStore

#: What the customer of a pair has: the row that leaves next, and the one that enters next.
Pair = tuple[str | None, str | None]


def frame_of(store: SmallStore, *facts: str, scope: Scope | None = None) -> pl.DataFrame:
    """*facts* as conditions write them, with everything that time moves."""
    dictionary = store.sidecar.view.dictionary()
    names = rulebook.read_names(store.sidecar.shop, own_tables=False)
    compiler = Compiler(dictionary.catalogue, names, {}, pl.lit, pl.lit)
    for fact in facts:
        compiler.condition(parse(f"{fact} >= 0"))
    with transaction(store.sidecar.engine) as tx:
        reading = Reading(store.sidecar.shop, tx, scope or Scope.span(1, 1000), store.moment)
        loaded = load(reading, list(compiler.columns.values()), dictionary, moves=True)
    asked = {
        name
        for each in compiler.timed
        if isinstance(each, TimedRows)
        for name in (each.leaves, each.enters)
    }
    assert set(loaded.frame.columns) == {"customer_id", *compiler.columns, *asked}
    return loaded.frame


def pair(store: SmallStore, fact: str, customer: int, scope: Scope | None = None) -> Pair:
    """The pair of *customer* for *fact*, which has windows, as wall times."""
    frame = frame_of(store, fact, scope=scope).filter(customer_id=customer)
    leaves, enters = (
        frame[name][0]
        for kind in (" leaves", " enters")
        for name in frame.columns
        if name.endswith(kind)
    )
    return _wall(leaves), _wall(enters)


def _wall(at: int | None) -> str | None:
    if at is None:
        return None
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize("fact", ["orders", "total_spent", "average_order", "bought"])
@pytest.mark.parametrize("is_small", [False, True], ids=["range", "named"])
def test_the_earliest_order_inside_leaves_next_and_the_earliest_ahead_enters(
    store: SmallStore, fact: str, is_small: bool
) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    for at in (
        "2026-03-20 23:59:59",  # out of the window of ten days
        "2026-03-21 00:00:00",
        "2026-03-30 12:00:00",
        "2026-04-09 00:00:00",
        "2026-04-02 00:00:00",
        "0000-00-00 00:00:00",
    ):
        store.given.order(ann, at=at, lines=[Line(1)])
    scope = Scope.of([ann, bob]) if is_small else None

    assert pair(store, f"{fact}(within = 10 days)", ann, scope) == (
        "2026-03-21 00:00:00",
        "2026-04-02 00:00:00",
    )
    assert pair(store, f"{fact}(within = 10 days)", bob, scope) == (None, None)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ("from = today", ("2026-03-31 08:00:00", None)),
        ("from = yesterday", ("2026-03-30 12:00:00", None)),
        ("until = yesterday", ("2026-03-20 12:00:00", "2026-03-31 08:00:00")),
        ("until = today", ("2026-03-20 12:00:00", "2026-04-02 12:00:00")),
        ("from = yesterday, until = yesterday", ("2026-03-30 12:00:00", "2026-03-31 08:00:00")),
        ("within = 1 month, until = 2026-03-30", ("2026-03-20 12:00:00", None)),
        ("within = 1 month, from = 2026-04-01", (None, "2026-04-02 12:00:00")),
        ("within = 2 hours, until = yesterday", (None, "2026-03-31 08:00:00")),
        ("within = 1 hour", (None, "2026-04-02 12:00:00")),
    ],
)
def test_days_that_move_and_days_that_stay_decide_together(
    store: SmallStore, filters: str, found: Pair
) -> None:
    ann = store.given.customer()
    for at in (
        "2026-03-20 12:00:00",
        "2026-03-30 12:00:00",
        "2026-03-31 08:00:00",
        "2026-04-02 12:00:00",
    ):
        store.given.order(ann, at=at)
        store.given.review(ann, at=at)

    assert pair(store, f"orders({filters})", ann) == found
    assert pair(store, f"reviews({filters})", ann) == found


def test_only_orders_that_the_other_filters_leave_are_waited_for(store: SmallStore) -> None:
    given = store.given
    ann = given.customer()
    computers = given.category("Computers")
    mouse, book = given.product("Mouse", categories=[computers]), given.product("Book")
    given.order(ann, "10", at="2026-03-01 12:00:00", lines=[Line(book)])
    given.order(ann, "20", at="2026-03-05 12:00:00", status=3, lines=[Line(book), Line(mouse)])
    given.order(ann, "300", at="2026-03-09 12:00:00", lines=[Line(mouse)])
    given.order(ann, "300", at="2026-04-03 12:00:00", lines=[Line(book)])
    given.order(ann, "20", at="2026-04-07 12:00:00", lines=[Line(mouse)])

    for fact in ("orders", "bought"):
        for more, days in {
            'category = "Computers"': ("03-05", "04-07"),
            'product = "Book"': ("03-01", "04-03"),
            'product = "Book", total >= 15': ("03-05", "04-03"),
            "total >= 100": ("03-09", "04-03"),
            'status = "Shipped"': ("03-05", None),
            'category = "Computers", total >= 100': ("03-09", None),
        }.items():
            found = tuple(day and f"2026-{day} 12:00:00" for day in days)
            assert pair(store, f"{fact}(within = 60 days, {more})", ann) == found, (fact, more)


def test_an_order_that_does_not_count_is_not_waited_for_but_a_credit_order_is(
    store: SmallStore,
) -> None:
    ann = store.given.customer()
    store.given.order(ann, at="2026-03-01 12:00:00", status=0)
    store.given.order(ann, at="2026-03-02 12:00:00", status=7)
    store.given.order(ann, "-5", at="2026-03-03 12:00:00", status=11)
    store.given.order(ann, at="2026-03-04 12:00:00")

    assert pair(store, "total_spent(within = 60 days)", ann)[0] == "2026-03-03 12:00:00"


def test_returns_and_reviews_are_waited_for_by_their_own_dates_and_filters(
    store: SmallStore,
) -> None:
    given = store.given
    ann = given.customer()
    mouse, book = given.product("Mouse"), given.product("Book")
    given.order(ann, at="2026-03-01 12:00:00")
    given.goods_return(ann, product=mouse, status=3, at="2026-03-02 12:00:00")
    given.goods_return(ann, product=book, status=1, at="2026-03-03 12:00:00")
    given.goods_return(ann, product=mouse, status=1, at="2026-04-04 12:00:00")
    given.goods_return(ann, product=book, status=1, at="0000-00-00 00:00:00")
    given.review(ann, mouse, at="2026-03-05 12:00:00")
    given.review(ann, book, at="2026-03-06 12:00:00")

    for fact, days in {
        "returns(within = 60 days)": ("03-02", "04-04"),
        'returns(within = 60 days, product = "Book")': ("03-03", None),
        'returns(within = 60 days, status = "Pending")': ("03-03", "04-04"),
        "reviews(within = 60 days)": ("03-05", None),
        'reviews(within = 60 days, product = "Book")': ("03-06", None),
    }.items():
        assert pair(store, fact, ann) == tuple(d and f"2026-{d} 12:00:00" for d in days), fact


def test_nothing_is_loaded_beside_what_is_asked_unless_something_moves(store: SmallStore) -> None:
    ann = store.given.customer()
    store.given.order(ann, at=NOW)

    assert frame_of(store, "orders", "orders(until = 2026-05-01)", "returns").columns == [
        "customer_id",
        "orders",
        "orders(until=2026-05-01)",
        "returns",
    ]


def test_facts_of_the_same_orders_share_a_pair(store: SmallStore) -> None:
    ann = store.given.customer()
    store.given.order(ann, at=NOW)

    frame = frame_of(store, "orders(within = 1 day)", "total_spent(within = 1 day)")

    moved = [name for name in frame.columns if name.endswith(("leaves", "enters"))]
    assert moved == ["orders(within=1 day) leaves", "orders(within=1 day) enters"]
