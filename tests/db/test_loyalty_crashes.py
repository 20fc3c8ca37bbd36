"""A crash anywhere between an order and its row in the store: afterwards there is one row."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from sidecar.sync import decisions
from sidecar.sync.loyalty import projection
from sidecar.sync.loyalty.ledger import Ledger
from sidecar.sync.loyalty.native_rows import NativeRows
from support.either_store import either_store
from support.given import Line
from support.ledger_audit import hold
from support.small_store import SmallStore


class CrashError(BaseException):
    """The process ends here, in this test."""


@pytest.fixture(params=["InnoDB", pytest.param("MyISAM", marks=pytest.mark.both_kinds)])
def either(
    request: pytest.FixtureRequest, mariadb: PrivateServer, database: str, tmp_path: Path
) -> Iterator[SmallStore]:
    """A store with a program, on tables of OpenCart 4.1, or of 3.0 where nothing is rolled back."""
    yield from either_store(
        request.param, mariadb, database, tmp_path, '[loyalty]\nstart = "2026-01-01"\n'
    )


def crash_after(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, *, done: bool) -> None:
    """The process ends at *name*, when that was *done* or before."""
    original = getattr(owner, name)

    def ends(*arguments: Any, **named: Any) -> Any:
        if done:
            original(*arguments, **named)
        raise CrashError

    monkeypatch.setattr(owner, name, ends)


STEPS = {
    "before the entries": (Ledger, "save", False),
    "after the entries": (Ledger, "save", True),
    "before the store's row": (NativeRows, "write", False),
    "after the store's row": (NativeRows, "write", True),
    "before it is noted": (projection, "_note_written", False),
    "after all of it": (projection, "write_pending", True),
}


@pytest.mark.parametrize("step", STEPS)
def test_there_is_one_row_whenever_the_process_ended(
    either: SmallStore, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = either.given.customer()
    order_id = either.given.order(ann, "60", days_ago=1, lines=[Line(product=40, price="60")])
    owner, name, done = STEPS[step]
    with monkeypatch.context() as crashing:
        crash_after(crashing, owner, name, done=done)
        with contextlib.suppress(CrashError):
            either.process(ann)

    projection.recover(either.sidecar.shop)
    either.process(ann)

    rows = either.rows(f"SELECT order_id, points FROM `{either.given.prefix}customer_reward`")
    assert rows == [{"order_id": order_id, "points": 600}]
    hold(either)


def test_a_row_that_is_removed_before_anybody_looks_again_is_missed(either: SmallStore) -> None:
    ann = either.given.customer()
    either.given.order(ann, "60", days_ago=1, lines=[Line(product=40, price="60")])
    either.process(ann)
    either.given.execute(f"DELETE FROM `{either.given.prefix}customer_reward`")

    either.process(ann)

    hold(either)
    assert either.rows("SELECT available FROM {own}account") == [{"available": 0}]


def test_while_it_is_paused_a_row_that_a_crash_left_is_not_written(
    either: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = either.given.customer()
    either.full_pass()
    either.given.order(ann, "60", days_ago=1, lines=[Line(product=40, price="60")])
    with monkeypatch.context() as crashing:
        crash_after(crashing, projection, "write_pending", done=False)
        with contextlib.suppress(CrashError):
            either.process(ann)
    shop = either.sidecar.shop
    with transaction(shop.engine) as tx:
        decisions.pause(tx, shop.own, "cli:eve", None, either.moment)
    query = f"SELECT points FROM `{either.given.prefix}customer_reward`"
    before = either.rows(query)

    projection.recover(shop)
    either.full_pass()

    assert either.rows(query) == before
    with transaction(shop.engine) as tx:
        decisions.resume(tx, shop.own, either.moment)
    either.full_pass()
    assert either.rows(query) == [{"points": 600}]
    hold(either)
