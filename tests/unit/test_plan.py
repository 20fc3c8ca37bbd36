"""The difference between what should be and what is, against sets compared one by one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.rules.plan import Changes, Layout, difference

FACTS = ("orders", "last_order_at")
_PAIR = {"customer_id": pl.Int64, "product_id": pl.Int64}


@dataclass(frozen=True)
class State:
    """What one customer should be, or is."""

    facts: tuple[int | None, int | None] = (0, None)
    verdict: frozenset[int] = frozenset()
    tags: frozenset[int] = frozenset()
    segment_verdict: frozenset[int] = frozenset()
    segments: frozenset[int] = frozenset()
    #: Pins that end when a rule turns true, only of what is.
    req: frozenset[int] = frozenset()
    segment_req: frozenset[int] = frozenset()


def words_of(slots: frozenset[int], words: int) -> list[int]:
    bits = sum(1 << slot for slot in slots)
    return [bits >> 64 * word & 2**64 - 1 for word in range(words)]


def frame(states: Mapping[int, State], words: int, *, pins: bool = False) -> pl.DataFrame:
    ids = sorted(states)
    columns = [pl.Series("customer_id", ids, dtype=pl.Int64)]
    for index, fact in enumerate(FACTS):
        values = [states[i].facts[index] for i in ids]
        columns.append(pl.Series(fact, values, dtype=pl.Int64))
    kinds = ("verdict", "tags", "segment_verdict", "segments")
    for kind in (*kinds, *(("req", "segment_req") if pins else ())):
        each = [words_of(getattr(states[i], kind), words) for i in ids]
        for word in range(words):
            values = [bits[word] for bits in each]
            columns.append(pl.Series(f"{kind}{word}", values, dtype=pl.UInt64))
    return pl.DataFrame(columns)


def changes_between(
    wanted: Mapping[int, State],
    standing: Mapping[int, State],
    words: int = 1,
    listed: Iterable[int] = range(256),
) -> Changes:
    layout = Layout(values=FACTS, words=words, segment_words=words, listed=frozenset(listed))
    return difference(frame(wanted, words), frame(standing, words, pins=True), layout)


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


def test_coming_into_a_segment_is_written_and_no_change_of_the_customer() -> None:
    ann = State(segment_verdict=frozenset({3}), segments=frozenset({3}))

    changes = changes_between({1: ann, 2: State()}, {1: State(), 2: ann})

    assert changes.entered.rows() == [(1, 3)]
    assert changes.left.rows() == [(2, 3)]
    assert changes.customers["customer_id"].to_list() == [1, 2]
    assert changes.changed.is_empty()  # what caps count
    assert changes.asserted.is_empty()


def test_entries_of_a_segment_without_a_baseline_are_not_listed() -> None:
    ann = State(segment_verdict=frozenset({3, 4}), segments=frozenset({3, 4}))

    changes = changes_between({1: ann, 2: State()}, {1: State(), 2: ann, 3: ann}, listed=[4])

    assert changes.entered.rows() == [(1, 4)]
    assert changes.left.rows() == [(2, 4), (3, 4)]
    assert changes.gone["customer_id"].to_list() == [3]


def test_a_pin_ends_when_what_it_waits_for_turns_true_and_only_then() -> None:
    ann = State(verdict=frozenset({1}), segment_verdict=frozenset({2}))
    pinned = State(req=frozenset({1, 5}), segment_req=frozenset({2, 6}))
    already = State(
        verdict=frozenset({1}),
        segment_verdict=frozenset({2}),
        req=frozenset({1}),
        segment_req=frozenset({2}),
    )

    changes = changes_between({1: ann, 2: ann, 3: State()}, {1: pinned, 2: already, 3: already})

    assert changes.requalified.rows() == [(1, 1)]
    assert changes.segments_requalified.rows() == [(1, 2)]


def test_what_was_bought_is_a_change_of_its_own() -> None:
    bought = pl.DataFrame({"customer_id": [2, 1, 1], "product_id": [7, 9, 8]}, schema=_PAIR)
    unbought = pl.DataFrame({"customer_id": [3], "product_id": [7]}, schema=_PAIR)

    changes = changes_between({}, {}).with_purchases(bought, unbought)

    assert not changes.is_empty
    assert changes.bought.rows() == [(1, 8), (1, 9), (2, 7)]
    assert changes.changed.is_empty()


def what_is_written(state: State) -> State:
    return dataclasses.replace(state, req=frozenset(), segment_req=frozenset())


slots = st.frozensets(st.sampled_from((0, 1, 5, 31, 62, 63, 64, 65, 100, 126, 127)), max_size=6)
states = st.builds(
    State,
    st.tuples(st.integers(0, 2), st.none() | st.integers(0, 2)),
    slots,
    slots,
    slots,
    slots,
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
    differ = [
        i
        for i in sorted(wanted)
        if i not in standing or what_is_written(wanted[i]) != what_is_written(standing[i])
    ]
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
    assert changes.entered.rows() == pairs(
        (i, wanted[i].segments - before[i].segments) for i in wanted
    )
    assert changes.left.rows() == pairs(
        [
            *((i, before[i].segments - wanted[i].segments) for i in wanted),
            *((i, standing[i].segments) for i in gone),
        ]
    )
    assert changes.requalified.rows() == pairs(
        (i, (wanted[i].verdict - before[i].verdict) & before[i].req) for i in wanted
    )
    assert changes.segments_requalified.rows() == pairs(
        (i, (wanted[i].segment_verdict - before[i].segment_verdict) & before[i].segment_req)
        for i in wanted
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
