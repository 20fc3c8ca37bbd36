"""The daemon and its database are killed: nothing is wrong afterwards, and nothing is double."""

from __future__ import annotations

from chaos import kills
from chaos.bed import Bed


def test_a_daemon_that_is_killed_again_and_again_misses_nothing(bed: Bed) -> None:
    assert kills.kill_daemon(bed, times=5, seed=1).faults == []


def test_a_batch_that_is_killed_at_a_step_is_done_once(bed: Bed) -> None:
    assert kills.kill_at_some_steps(bed, times=1, seed=1).faults == []


def test_a_daemon_goes_on_after_its_database_was_killed(bed: Bed) -> None:
    assert kills.kill_database(bed, times=1, seed=1).faults == []
