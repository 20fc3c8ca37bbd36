"""What `status` says, as people and programs are shown it."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from sidecar.sync.status import dated

#: Noon of 1 April 2026 in Berlin.
NOON_S = 1_775_037_600
NOON = "2026-04-01T12:00:00+02:00"


def said(at: object) -> dict[str, Any]:
    """A status whose every instant is *at*."""
    return {
        "running": True,
        "lag_s": 3,
        "daemon": {
            "at": at,
            "started_at": at,
            "last_cycle_at": None,
            "last_full_pass_at": at,
            "customers": 7,
            "errors": [{"at": at, "message": "gone"}],
        },
        "paused": {"by": "cli:ann", "at": at},
        "last_full_pass": at,
        "position": {"polling": {"position": {"at": 5}, "at": at}},
        "privacy": {"requests": 2, "due_at": at, "restricted": 1},
        "waiting": [{"run": 1, "since": at, "customers": 14}],
        "held": [{"name": "vip", "since": at, "by_run": 2}],
        "findings": [{"kind": "gap", "first_at": at, "last_at": at, "times": 1}],
    }


def test_every_instant_of_a_status_is_in_iso_8601_and_no_other_number_is() -> None:
    assert dated(said(NOON_S), ZoneInfo("Europe/Berlin")) == said(NOON)


def test_where_no_daemon_ever_ran_there_is_nothing_to_date() -> None:
    found = said(NOON_S) | {"daemon": None, "paused": None, "last_full_pass": None}

    assert dated(found, ZoneInfo("UTC"))["daemon"] is None
    assert dated(found, ZoneInfo("UTC"))["last_full_pass"] is None
