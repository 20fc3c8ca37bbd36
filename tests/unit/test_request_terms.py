"""Until when a request about personal data has to be answered."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest

from sidecar.privacy.terms import due_at, last_day

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> int:
    return int(datetime.datetime.fromisoformat(text).timestamp())


@pytest.mark.parametrize(
    ("received", "extended", "last"),
    [
        ("2026-03-12T09:30+01:00", False, "2026-04-12"),
        ("2026-01-31T12:00+01:00", False, "2026-02-28"),
        ("2028-01-31T12:00+01:00", False, "2028-02-29"),
        ("2026-12-15T00:00+01:00", False, "2027-01-15"),
        ("2026-03-31T23:30+00:00", False, "2026-05-01"),  # which is 1 April in Berlin
        ("2026-01-31T12:00+01:00", True, "2026-04-30"),
        ("2026-11-30T12:00+01:00", True, "2027-02-28"),
    ],
)
def test_the_time_ends_with_the_day_of_the_same_number_in_the_stores_zone(
    received: str, extended: bool, last: str
) -> None:
    found = due_at(at(received), BERLIN, is_extended=extended)

    assert last_day(found, BERLIN).isoformat() == last
    end = datetime.datetime.fromtimestamp(found, BERLIN)
    assert (end.hour, end.minute, end.second) == (0, 0, 0)
    assert end.date() == datetime.date.fromisoformat(last) + datetime.timedelta(days=1)


def test_a_day_of_23_hours_is_whole() -> None:
    found = due_at(at("2026-02-28T08:00+01:00"), BERLIN)

    assert found == at("2026-03-29T00:00+01:00")
    assert due_at(at("2026-03-01T08:00+01:00"), BERLIN) == at("2026-04-02T00:00+02:00")
