"""Random operations and crashes."""

from __future__ import annotations

from chaos import random_ops
from chaos.bed import Bed


def test_whatever_happens_in_whatever_order_the_end_is_what_plain_sql_says(bed: Bed) -> None:
    assert random_ops.do_anything(bed, times=2, seed=1).faults == []
