"""A commit that is in the log and not yet in the tables."""

from __future__ import annotations

from chaos import race
from chaos.bed import Bed


def test_a_commit_that_is_held_is_missed_without_the_gate_and_never_with_it(bed: Bed) -> None:
    assert race.hold_commits(bed, times=2, seed=1).faults == []
