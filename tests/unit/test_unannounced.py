"""What the checksum finds and the log had not told."""

from __future__ import annotations

from sidecar.sync.sources.unannounced import GRACE_S, Unannounced


def settled() -> Unannounced:
    """After a whole round."""
    known = Unannounced()
    known.round_began()
    known.round_began()
    return known


def test_whom_the_log_named_in_this_round_or_the_last_is_no_surprise() -> None:
    known = settled()
    known.announced([1])
    known.round_began()
    known.announced([2])

    known.found([1, 2], 0.0)

    assert known.settle(GRACE_S) == []


def test_whom_the_log_named_two_rounds_ago_is_one() -> None:
    known = settled()
    known.announced([1])
    known.round_began()
    known.round_began()

    known.found([1], 0.0)

    assert known.settle(GRACE_S) == [1]


def test_whom_the_log_never_names_is_told_once_and_only_after_a_while() -> None:
    known = settled()
    known.found([1, 2], 100.0)

    assert known.settle(100.0 + GRACE_S - 1) == []
    assert known.settle(100.0 + GRACE_S) == [1, 2]
    assert known.settle(100.0 + 2 * GRACE_S) == []


def test_whom_the_log_names_a_moment_later_is_no_surprise() -> None:
    known = settled()
    known.found([1], 0.0)
    known.announced([1])

    assert known.settle(GRACE_S) == []


def test_nobody_is_one_in_the_first_round_after_a_start_or_after_everybody_was_looked_at() -> None:
    known = Unannounced()
    known.round_began()
    known.found([1], 0.0)
    assert known.settle(GRACE_S) == []

    known = settled()
    known.found([1], 0.0)
    known.everyone()
    known.round_began()
    known.found([2], 0.0)
    assert known.settle(GRACE_S) == []
    known.round_began()
    known.found([2], 0.0)
    assert known.settle(GRACE_S) == [2]
