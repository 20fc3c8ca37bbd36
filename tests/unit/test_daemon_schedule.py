"""When each duty of the daemon is due."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.daemon.full_passes import AGAIN_S, FullPasses, full_pass_reason, next_quiet
from sidecar.daemon.schedule import Backoff, Schedule

BERLIN = ZoneInfo("Europe/Berlin")
UTC = datetime.UTC
HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)

#: A store's quiet hour of 1 April 2026, 3.30 in Berlin.
QUIET = datetime.datetime(2026, 4, 1, 1, 30, tzinfo=UTC)


def reason(last: datetime.datetime | None, now: datetime.datetime, *, owed: str = "") -> str:
    return full_pass_reason(last, now, BERLIN, owed=owed)


def test_everything_is_due_at_first_in_the_order_it_was_named() -> None:
    assert Schedule({"b": 1, "a": 5}, 10).due(10) == ["b", "a"]


def test_what_was_done_is_due_again_after_its_time() -> None:
    schedule = Schedule({"a": 1, "b": 5}, 0)
    schedule.done("a", 0)
    schedule.done("b", 0)

    assert schedule.due(0.9) == []
    assert schedule.wait_s(0.9) == pytest.approx(0.1)
    assert schedule.due(1) == ["a"]
    assert schedule.due(5) == ["a", "b"]


def test_times_that_were_missed_are_not_made_up_for() -> None:
    schedule = Schedule({"a": 1}, 0)
    schedule.done("a", 1_000)

    assert schedule.due(1_000.5) == []


def test_a_shorter_interval_holds_from_now_on_and_not_after_the_old_one() -> None:
    schedule = Schedule({"poll": 3_600}, 0)
    schedule.done("poll", 0)
    schedule.change("poll", 2, 10)

    assert schedule.due(11.9) == []
    assert schedule.due(12) == ["poll"]


def test_waits_grow_to_half_a_minute_and_begin_anew_after_a_success() -> None:
    backoff = Backoff()
    waits = [backoff.next_s() for _ in range(1_100)]
    backoff.reset()

    assert 0.375 <= waits[0] <= 0.5
    assert all(22.5 <= wait <= 30 for wait in waits[6:])
    assert backoff.next_s() <= 0.5


def test_a_source_does_not_put_off_the_full_pass_that_a_person_asked_for() -> None:
    passes = FullPasses(0)
    passes.done(60, 60, everybody=True)

    assert passes.plan("store", 61, at_once=False) == 599
    assert passes.plan("rules", 62, at_once=True) == 0
    assert passes.plan("store", 63, at_once=False) == 0


def test_a_source_does_not_hurry_a_full_pass_that_failed() -> None:
    passes = FullPasses(0)
    passes.failed(10)

    assert passes.plan("store", 11, at_once=False) == AGAIN_S - 1
    assert passes.plan("rules", 12, at_once=True) == 0


def test_the_first_full_pass_is_due_at_once() -> None:
    assert reason(None, QUIET) == "first"


def test_new_rules_are_applied_to_everybody_at_once() -> None:
    assert reason(QUIET, QUIET + HOUR, owed="store") == "store"


def test_a_night_has_one_full_pass() -> None:
    evening = QUIET - 8 * HOUR

    assert reason(evening, QUIET - datetime.timedelta(seconds=1)) == ""
    assert reason(evening, QUIET) == "nightly"
    assert reason(QUIET, QUIET + datetime.timedelta(seconds=1)) == ""
    assert reason(QUIET, QUIET + DAY) == "nightly"


def test_a_full_pass_of_two_days_ago_is_made_up_for_at_any_hour() -> None:
    assert reason(QUIET - 13 * HOUR - DAY, QUIET + 13 * HOUR) == "overdue"


def test_a_clock_put_back_by_a_year_does_not_stop_full_passes() -> None:
    now = QUIET - 365 * DAY + 5 * HOUR

    assert reason(QUIET, now) == "clock"
    assert reason(now, now + HOUR) == ""


def test_a_clock_put_forward_by_days_brings_one_full_pass() -> None:
    now = QUIET + 5 * DAY + 5 * HOUR

    assert reason(QUIET, now) == "overdue"
    assert reason(now, now + HOUR) == ""


@pytest.mark.parametrize("day", [datetime.date(2026, 3, 29), datetime.date(2026, 10, 25)])
def test_the_nights_in_which_clocks_change_have_one_full_pass_too(day: datetime.date) -> None:
    before = datetime.datetime.combine(day, datetime.time(), tzinfo=UTC) - 6 * HOUR
    first = next_quiet(before, BERLIN)
    second = next_quiet(first, BERLIN)

    assert first.astimezone(BERLIN).date() == day
    assert second.astimezone(BERLIN).date() == day + DAY
    assert second - first == DAY
    assert reason(first, second - datetime.timedelta(seconds=1)) == ""


@given(
    last=st.datetimes(datetime.datetime(2020, 1, 1), datetime.datetime(2030, 1, 1)),
    zone=st.sampled_from(["Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu"]),
)
def test_the_next_quiet_hour_is_within_a_day(last: datetime.datetime, zone: str) -> None:
    at = last.replace(tzinfo=UTC)

    assert at < next_quiet(at, ZoneInfo(zone)) <= at + datetime.timedelta(hours=26)
