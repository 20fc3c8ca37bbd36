"""The log is begun anew, written otherwise, read twice, and edited behind its back."""

from __future__ import annotations

from chaos import capture
from chaos.bed import Bed


def test_what_a_log_does_not_tell_is_a_gap_and_then_nothing_is_wrong(bed: Bed) -> None:
    found = capture.change_the_log_a_little(bed, times=1, seed=1)

    assert found.faults == []
    assert sum(times for name, times in found.counts.items() if name.startswith("gap")) >= 2


def test_what_is_read_twice_changes_nothing(bed: Bed) -> None:
    assert capture.read_twice(bed, times=2, seed=1).faults == []
