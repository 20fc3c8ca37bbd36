"""Whom the daemon looks at once more after a round of the checksum."""

from __future__ import annotations

from typing import Any, cast

from sidecar.sync.sources.again import Again

TX: Any = cast("Any", None)


def rung(again: Again) -> set[int]:
    doorbell = again.ring(0)
    again.note(TX, doorbell)
    return set(doorbell.ids)


def test_whoever_was_looked_at_is_looked_at_again_after_a_whole_round() -> None:
    again = Again()
    again.looked_at([1])
    assert not again
    again.round_began()
    assert not again
    again.round_ended()

    assert again
    assert rung(again) == {1}
    assert not again


def test_a_round_that_had_begun_does_not_count() -> None:
    again = Again()
    again.round_began()
    again.looked_at([1])
    again.round_ended()
    assert rung(again) == set()
    again.round_began()
    again.round_ended()

    assert rung(again) == {1}


def test_many_come_in_parts_and_each_of_them_once() -> None:
    again = Again()
    again.looked_at(range(1, 1201))
    again.round_began()
    again.round_ended()

    parts = []
    while again:
        parts.append(rung(again))
    assert [len(part) for part in parts] == [500, 500, 200]
    assert set.union(*parts) == set(range(1, 1201))


def test_what_was_not_noted_rings_again() -> None:
    again = Again()
    again.looked_at([1])
    again.round_began()
    again.round_ended()

    assert again.ring(0).ids == again.ring(0).ids == {1}
