"""What is due about personal data: each is done, whatever becomes of the others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from sidecar.errors import DatabaseUnavailableError, UsageError
from sidecar.privacy import duty
from sidecar.privacy.means import Means
from sidecar.sync.planning import StoppedError
from support.small_store import SmallStore


@pytest.fixture
def means(store: SmallStore) -> Means:
    return Means(store.sidecar.config, store.sidecar.shop, store.moment)


def raises(error: BaseException) -> Callable[[Means], None]:
    def do(_: Means) -> None:
        raise error

    return do


def messages(store: SmallStore) -> dict[str, str]:
    """What is not mended, by what it is about."""
    rows = store.rows("SELECT subject, message FROM {own}finding WHERE mended_at IS NULL")
    return {row["subject"]: row["message"] for row in rows}


def test_one_that_fails_is_told_until_it_works_and_stops_no_other(
    store: SmallStore, means: Means
) -> None:
    done: list[str] = []

    def works(_: Means) -> None:
        done.append("works")

    error = UsageError("somebody@example.com has no account")
    fault = ZeroDivisionError("of ann@example.com")
    duty.carry_out(means, [("a", raises(error)), ("b", raises(fault)), ("c", works)])

    assert done == ["works"]
    told = messages(store)
    assert told["a"].startswith("a: ")
    assert "internal error: ZeroDivisionError in test_gdpr_duty.py:" in told["b"]
    assert "example.com" not in repr(told)
    duty.carry_out(means, [("a", works), ("b", works)])
    assert messages(store) == {}


def test_a_database_that_is_away_ends_all_of_it(store: SmallStore, means: Means) -> None:
    away = DatabaseUnavailableError("gone")

    with pytest.raises(DatabaseUnavailableError):
        duty.carry_out(means, [("a", raises(away)), ("b", raises(AssertionError("not called")))])

    assert messages(store) == {}


def test_who_is_to_stop_begins_nothing_more(store: SmallStore, means: Means) -> None:
    never = raises(AssertionError("not called"))
    duty.carry_out(dataclasses.replace(means, stop=lambda: True), [("a", never)])
    duty.carry_out(means, [("a", raises(StoppedError())), ("b", never)])

    assert messages(store) == {}


def test_every_minute_costs_little_where_nothing_is(store: SmallStore, means: Means) -> None:
    duty.carry_out(means)

    assert messages(store) == {}
