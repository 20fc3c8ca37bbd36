"""When the daemon lives, and when it does its work."""

from __future__ import annotations

import pytest

from sidecar.daemon.health import Health
from sidecar.daemon.vitals import Vitals

NOW = 1_900_000_000


def healthy() -> Health:
    vitals = Vitals(NOW - 100, changes_at=NOW - 2)
    return Health(1_000.0, leads=True, is_connected=True, lag=vitals)


def test_a_daemon_that_leads_and_keeps_up_is_ready() -> None:
    assert healthy().unready(NOW, 1_001.0) == ""
    assert healthy().hangs(1_001.0) == ""


@pytest.mark.parametrize(("silent_s", "problem"), [(59.9, ""), (60.0, "no progress for 60 s")])
def test_a_loop_that_makes_no_progress_for_a_minute_hangs(silent_s: float, problem: str) -> None:
    assert healthy().hangs(1_000.0 + silent_s) == problem
    assert healthy().unready(NOW, 1_000.0 + silent_s) == problem


def test_a_database_that_is_away_makes_it_unready_and_not_dead() -> None:
    health = healthy()
    health.is_connected = False

    assert health.unready(NOW, 1_001.0) == "the database is away"
    assert health.hangs(1_001.0) == ""


def test_one_that_does_not_lead_is_unready() -> None:
    health = healthy()
    health.leads = False

    assert health.unready(NOW, 1_001.0) == "it does not lead"


@pytest.mark.parametrize(
    ("lag_s", "problem"),
    [(300, ""), (301, "changes of the last 301 s may not have been looked at")],
)
def test_one_that_lags_by_more_than_five_minutes_is_unready(lag_s: int, problem: str) -> None:
    health = healthy()
    health.lag = Vitals(NOW - 900, changes_at=NOW - lag_s)

    assert health.unready(NOW, 1_001.0) == problem


def test_one_that_has_only_begun_is_not_ready_yet() -> None:
    health = Health(1_000.0, leads=True, is_connected=True)
    assert health.unready(NOW, 1_001.0) == "it has only begun: no change was looked at yet"

    health.lag = Vitals(NOW)
    assert health.unready(NOW, 1_001.0) == "it has only begun: no change was looked at yet"
