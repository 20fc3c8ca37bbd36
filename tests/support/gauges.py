"""Counts of our tables, as a monitor would be told them."""

from __future__ import annotations

from sidecar.sync.gauges import Gauges

#: Where nothing is.
NOTHING = Gauges(
    waiting_runs=0,
    waiting_since=None,
    held_rules=0,
    set_aside=0,
    commands=0,
    hints=0,
    due=0,
    findings=0,
    is_paused=False,
    last_full_pass_at=None,
    requests=0,
    request_due_at=None,
)
