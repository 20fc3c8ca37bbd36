"""A clock that is put forward and back."""

from __future__ import annotations

from chaos import clocks
from chaos.bed import Bed


def test_what_a_wrong_clock_changed_is_right_again_once_it_is_put_right(bed: Bed) -> None:
    assert clocks.jump_once(bed, times=1, seed=1).faults == []
