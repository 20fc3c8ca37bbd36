"""Blocks of rows: what is stored, and which rows of two readings differ."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.sync.sources.blocks import changed_references, packed, sums_of, unpacked

rows = st.lists(st.tuples(st.integers(0, 2**33 - 1), st.integers(0, 2**32 - 1)), max_size=30)


@given(rows)
def test_rows_are_stored_whole_and_in_any_order(block: list[tuple[int, int]]) -> None:
    assert unpacked(packed(block)) == sorted(block)
    assert packed(block) == packed(block[::-1])


@given(rows, rows)
def test_rows_that_stay_the_same_name_nobody(
    old: list[tuple[int, int]], more: list[tuple[int, int]]
) -> None:
    assert changed_references(old, old[::-1]) == set()
    assert changed_references(old, [*old, *more]) == {reference for reference, _ in more}
    assert changed_references([*old, *more], old) == {reference for reference, _ in more}


def test_a_row_that_moved_names_both() -> None:
    assert changed_references([(1, 7), (3, 9)], [(2, 7), (3, 9)]) == {1, 2}


def test_of_rows_that_are_alike_one_less_is_a_change() -> None:
    assert changed_references([(1, 7), (1, 7)], [(1, 7)]) == {1}


def test_sums_of_no_rows_are_zero() -> None:
    sums = sums_of([])

    assert (sums.numbers, sums.crc_xor, sums.crc_sum) == (0, 0, 0)


def test_what_was_not_packed_has_no_rows() -> None:
    assert unpacked(b"") == []
    assert unpacked(packed([(1, 2)])[:-1]) == []
