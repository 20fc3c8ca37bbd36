"""The ladder beside people and plugins that write the same groups."""

from __future__ import annotations

from chaos import groups
from chaos.bed import Bed


def test_no_edit_of_a_group_by_staff_is_lost(bed: Bed) -> None:
    assert groups.admins_edit_now_and_then(bed, times=200, seed=1).faults == []
