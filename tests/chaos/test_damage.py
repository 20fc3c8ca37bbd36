"""A log that is damaged on its way."""

from __future__ import annotations

from chaos import damage
from chaos.bed import DURABLE, Beds


def test_nothing_is_missed_of_a_log_that_is_damaged_on_its_way(all_beds: Beds) -> None:
    bed = all_beds.make(DURABLE, tcp=True)

    assert damage.damage_the_log_a_little(bed, times=1, seed=1).faults == []
