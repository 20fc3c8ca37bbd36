"""The difference between what should be and what is, against sets compared one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.rules.plan import Changes, difference

FACTS = ("orders", "last_order_at")
_PAIR = {"customer_id": pl.Int64, "product_id": pl.Int64}


@dataclass(frozen=True)
class State:
    """What one customer should be, or is."""

    facts: tuple[int | None, int | None] = (0, None)
    verdict: frozenset[int] = frozenset()
    tags: frozenset[int] = frozenset()


def frame(states: Mapping[int, State], words: int) -> pl.DataFrame:
    ids = sorted(states)
    columns = [pl.Series("customer_id", ids, dtype=pl.Int64)]
    for index, fact in enumerate(FACTS):
        values = [states[i].facts[index] for i in ids]
        columns.append(pl.Series(fact, values, dtype=pl.Int64))
    for kind in ("verdict", "tags"):
        for word in range(words):
            bits = [sum(1 << slot for slot in getattr(states[i], kind)) for i in ids]
            values = [b >> 64 * word & 2**64 - 1 for b in bits]
            columns.append(pl.Series(f"{kind}{word}", values, dtype=pl.UInt64))
    return pl.DataFrame(columns)


def changes_between(
    wanted: Mapping[int, State], standing: Mapping[int, State], words: int = 1
) -> Changes:
    return difference(frame(wanted, words), frame(standing, words), FACTS, words)


def pairs(found: Iterable[tuple[int, Iterable[int]]]) -> list[tuple[int, int]]:
    return sorted((customer_id, slot) for customer_id, slots in found for slot in slots)


def test_what_is_as_it_should_be_is_not_written() -> None:
    ann = State((3, None), frozenset({1}), frozenset({1, 2}))

    changes = changes_between({1: ann, 2: State()}, {1: ann, 2: State()})

    assert changes.is_empty
    assert changes.changed.is_empty()
    assert list(changes.batches(10)) == []


def test_a_tag_that_a_rule_asserts_and_that_comes_into_effect_are_two_things() -> None:
    # Pinned out: the rule turns true, the tag does not come into effect.
    pinned_out = State(verdict=frozenset({1}))
    # Pinned in before: the rule joins, the tag is in effect already.
    pinned_in = State(tags=frozenset({1}))
    both = State(verdict=frozenset({1}), tags=frozenset({1}))

    changes = changes_between({1: pinned_out, 2: both}, {1: State(), 2: pinned_in})

    assert changes.asserted.rows() == [(1, 1), (2, 1)]
    assert changes.added.is_empty()
    assert changes.changed.is_empty()
    assert changes.customers["customer_id"].to_list() == [1, 2]


@pytest.mark.parametrize(
    ("should", "now"),
    [((1, None), (2, None)), ((1, None), (1, 5)), ((1, 5), (1, None)), ((0, None), (None, None))],
)
def test_a_fact_that_differs_is_written_also_to_and_from_missing(
    should: tuple[int | None, int | None], now: tuple[int | None, int | None]
) -> None:
    changes = changes_between({1: State(should)}, {1: State(now)})

    assert changes.customers.select("customer_id", *FACTS).rows() == [(1, *should)]
    assert changes.changed.is_empty()


def test_a_customer_never_seen_before_is_written_even_with_nothing_to_say() -> None:
    changes = changes_between({1: State((None, None)), 2: State()}, {2: State()})

    assert changes.customers["customer_id"].to_list() == [1]
    assert not changes.is_empty


def test_a_customer_that_is_gone_loses_every_tag() -> None:
    standing = {1: State(tags=frozenset({0, 63})), 2: State(), 3: State()}

    changes = changes_between({3: State()}, standing)

    assert changes.gone["customer_id"].to_list() == [1, 2]
    assert changes.removed.rows() == [(1, 0), (1, 63)]
    # Their assertions go with them, by whoever they were.
    assert changes.retracted.is_empty()
    assert changes.customers.is_empty()


def test_what_was_bought_is_a_change_of_its_own() -> None:
    bought = pl.DataFrame({"customer_id": [2, 1, 1], "product_id": [7, 9, 8]}, schema=_PAIR)
    unbought = pl.DataFrame({"customer_id": [3], "product_id": [7]}, schema=_PAIR)

    changes = changes_between({}, {}).with_purchases(bought, unbought)

    assert not changes.is_empty
    assert changes.bought.rows() == [(1, 8), (1, 9), (2, 7)]
    assert changes.changed.is_empty()


slots = st.frozensets(st.sampled_from((0, 1, 5, 31, 62, 63, 64, 65, 100, 126, 127)), max_size=6)
states = st.builds(
    State,
    st.tuples(st.integers(0, 2), st.none() | st.integers(0, 2)),
    slots,
    slots,
)
purchases = st.lists(st.tuples(st.integers(1, 14), st.integers(1, 3)))
stores = st.dictionaries(st.integers(1, 12), states, max_size=10)


@settings(max_examples=150)
@given(stores, stores)
def test_the_difference_is_what_comparing_one_by_one_finds(
    wanted: dict[int, State], standing: dict[int, State]
) -> None:
    nothing = State((None, None))

    changes = changes_between(wanted, standing, words=2)

    before = {i: standing.get(i, nothing) for i in wanted}
    gone = sorted(standing.keys() - wanted.keys())
    differ = [i for i in sorted(wanted) if i not in standing or wanted[i] != standing[i]]
    assert changes.customers.equals(frame({i: wanted[i] for i in differ}, 2))
    assert changes.asserted.rows() == pairs(
        (i, wanted[i].verdict - before[i].verdict) for i in wanted
    )
    assert changes.retracted.rows() == pairs(
        (i, before[i].verdict - wanted[i].verdict) for i in wanted
    )
    assert changes.added.rows() == pairs((i, wanted[i].tags - before[i].tags) for i in wanted)
    assert changes.removed.rows() == pairs(
        [
            *((i, before[i].tags - wanted[i].tags) for i in wanted),
            *((i, standing[i].tags) for i in gone),
        ]
    )
    assert changes.gone["customer_id"].to_list() == gone
    assert changes.is_empty == (not differ and not gone)
    assert changes.changed.to_list() == sorted(
        {i for i in wanted if wanted[i].tags != before[i].tags}
        | {i for i in gone if standing[i].tags}
    )


@settings(max_examples=100)
@given(
    stores, stores, st.lists(st.tuples(st.integers(1, 14), st.integers(1, 3))), st.integers(1, 5)
)
def test_batches_hold_every_change_once_and_each_customer_whole(
    wanted: dict[int, State],
    standing: dict[int, State],
    bought: Sequence[tuple[int, int]],
    size: int,
) -> None:
    products = pl.DataFrame(sorted(set(bought)), schema=_PAIR, orient="row")
    changes = changes_between(wanted, standing, words=2).with_purchases(
        products, products.with_columns(pl.col("product_id") + 10)
    )
    names = list(changes.__dataclass_fields__)

    batches = list(changes.batches(size))

    owners = [
        set().union(*(getattr(batch, name)["customer_id"] for name in names)) for batch in batches
    ]
    assert all(1 <= len(ids) <= size for ids in owners)
    assert sum(map(len, owners)) == len(set().union(*owners))  # nobody is in two
    for name in names:
        parts = [getattr(batch, name) for batch in batches]
        assert pl.concat([getattr(changes, name).clear(), *parts]).equals(getattr(changes, name))
