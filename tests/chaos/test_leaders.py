"""Two daemons on one store."""

from __future__ import annotations

from chaos import leaders
from chaos.bed import Bed


def test_a_leader_that_slept_over_the_loss_of_its_lock_ends_and_nothing_is_double(bed: Bed) -> None:
    assert leaders.split_brain(bed, times=1, seed=1).faults == []
