"""OpenCart's own requests: read, taken over, kept as ours stand, and given back."""

from __future__ import annotations

import contextlib
import datetime
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.privacy import native_requests, request_steps, takeover
from sidecar.privacy import requests as rows
from sidecar.privacy.means import Means
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from sidecar.sync import decisions
from support import small_store
from support.commanding import ask, dispatched, done, refused
from support.gdpr import (
    CrashError,
    acts,
    crash_before,
    findings,
    jobs,
    minute,
    native,
    prepared,
    requests,
    set_status,
    states,
    statuses,
    with_native,
)
from support.given import Given
from support.small_store import NOW, SmallStore

ON, OFF = {1: 1, 2: 1, 3: 0}, {1: 1, 2: 0, 3: 0}


@pytest.fixture(params=["InnoDB", pytest.param("MyISAM", marks=pytest.mark.both_kinds)])
def shop(
    request: pytest.FixtureRequest, store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SmallStore]:
    """A store with OpenCart's own tables of requests, which roll back or do not."""
    yield from with_native(prepared(store, monkeypatch), request.param)


@pytest.fixture
def ann(shop: SmallStore) -> int:
    return shop.given.customer("ann@example.com")


# -- before the takeover -------------------------------------------------------------------


def test_requests_with_their_code_entered_are_listed_for_the_account_of_the_address(
    shop: SmallStore, ann: int
) -> None:
    made = shop.now - datetime.timedelta(days=3)
    native(shop, "new@example.com", status=0)
    number = native(shop, "ANN@example.com", "remove", at=made)
    native(shop, "gus&amp;co@example.com", "export")
    for status in (3, -1):
        native(shop, f"old{status}@example.com", status=status)

    minute(shop)
    minute(shop)

    removal, export = requests(shop)
    assert (removal["kind"], removal["customer_id"], removal["native_id"]) == ("erase", ann, number)
    assert removal["received_at"] == int(made.timestamp())
    assert (export["kind"], export["customer_id"]) == ("access", 0)
    assert export["email"] == "gus&co@example.com"
    for one in (removal, export):
        assert (one["state"], one["identity"], one["source"]) == ("open", "code", "native")


@pytest.mark.parametrize("name", ["gdpr.approve", "gdpr.refuse", "gdpr.cancel"])
def test_nothing_is_decided_while_opencart_would_carry_it_out_beside_us(
    shop: SmallStore, ann: int, name: str
) -> None:
    native(shop, "ann@example.com")
    minute(shop)
    more: dict[str, Any] = {"reason": "x"} if name == "gdpr.refuse" else {}

    said = refused(shop, name, request=requests(shop)[0]["request_id"], **more)

    assert "sidecar gdpr takeover" in said
    assert (states(shop), statuses(shop), jobs(shop)) == (["open"], [1], ON)


@pytest.mark.parametrize(("status", "state"), [(3, "incomplete"), (-1, "refused")])
def test_what_is_answered_in_the_store_is_answered(
    shop: SmallStore, ann: int, status: int, state: str
) -> None:
    number = native(shop, "ann@example.com")
    minute(shop)
    set_status(shop, number, status)

    minute(shop)

    assert (states(shop), statuses(shop)) == ([state], [status])
    minute(shop)
    assert states(shop) == [state]


def test_without_a_key_requests_are_told_and_not_listed(shop: SmallStore, ann: int) -> None:
    key, shop.sidecar.shop.key = shop.sidecar.shop.key, None
    native(shop, "ann@example.com")

    minute(shop)

    assert (requests(shop), findings(shop)) == ([], {"gdpr.no_key"})
    assert "sidecar key create" in refused(shop, "gdpr.takeover", 78)
    assert jobs(shop) == ON
    shop.sidecar.shop.key = key
    minute(shop)
    assert (states(shop), findings(shop)) == (["open"], set())


def test_rows_that_opencart_does_not_write_are_left_alone(shop: SmallStore) -> None:
    native(shop, "", "remove")
    native(shop, "x@example.com", "else")
    shop.given.execute(
        f"INSERT INTO `{shop.given.prefix}gdpr` (email, action, status) VALUES (NULL, NULL, 1)"
    )
    shop.given.execute("SET sql_mode = ''")
    shop.given.execute(
        f"INSERT INTO `{shop.given.prefix}gdpr` (email, action, status, date_added)"
        " VALUES ('zero''date@example.com', 'remove', 1, '0000-00-00 00:00:00')"
    )

    minute(shop)

    (found,) = requests(shop)
    assert (found["email"], found["received_at"]) == ("zero'date@example.com", shop.moment.epoch_s)
    assert findings(shop) == set()


# -- the takeover --------------------------------------------------------------------------


def test_the_takeover_switches_the_job_off_and_its_undo_on_again(
    shop: SmallStore, ann: int
) -> None:
    answer = done(shop, "gdpr.takeover")
    assert (answer["taken_over"], answer["jobs_off"], jobs(shop)) == (True, 1, OFF)
    assert done(shop, "gdpr.takeover")["jobs_off"] == 1

    answer = done(shop, "gdpr.takeover", undo=True)

    assert (answer["taken_over"], answer["jobs_on"], jobs(shop)) == (False, 1, ON)
    assert acts(shop) == ["takeover", "takeover_undone"]
    assert "nothing to undo" in refused(shop, "gdpr.takeover", undo=True)


def test_a_job_that_was_off_before_stays_off(shop: SmallStore) -> None:
    shop.given.execute(f"UPDATE `{shop.given.prefix}cron` SET status = 0 WHERE cron_id = 2")

    done(shop, "gdpr.takeover")
    done(shop, "gdpr.takeover", undo=True)

    assert jobs(shop) == OFF


def test_a_job_that_somebody_switched_on_again_is_told_and_left_to_them(
    shop: SmallStore,
) -> None:
    done(shop, "gdpr.takeover")
    shop.given.execute(f"UPDATE `{shop.given.prefix}cron` SET status = 1 WHERE cron_id = 2")

    minute(shop)

    assert (findings(shop), jobs(shop)) == ({"gdpr.job_on"}, ON)
    done(shop, "gdpr.takeover")
    minute(shop)
    assert (findings(shop), jobs(shop)) == (set(), OFF)
    done(shop, "gdpr.takeover", undo=True)
    assert jobs(shop) == ON


def test_while_it_is_paused_nothing_of_the_store_is_written(shop: SmallStore, ann: int) -> None:
    native(shop, "ann@example.com", "export")
    done(shop, "gdpr.takeover")
    opened = shop.sidecar.shop
    with transaction(opened.engine) as tx:
        decisions.pause(tx, opened.own, "cli:eve", None, shop.moment)
    done(shop, "gdpr.approve", request=requests(shop)[0]["request_id"])
    minute(shop)

    assert (states(shop), statuses(shop)) == (["waiting"], [1])
    assert "is paused" in refused(shop, "gdpr.takeover", 75, undo=True)
    with transaction(opened.engine) as tx:
        decisions.resume(tx, opened.own, shop.moment)
    minute(shop)
    assert statuses(shop) == [2]


def due_by_core(store: SmallStore) -> list[str]:
    """Whom OpenCart's own job would delete at its next run: its conditions, in its words."""
    prefix, days = store.given.prefix, 180
    scheduled = store.rows(
        f"SELECT * FROM `{prefix}cron` WHERE code = 'gdpr' AND status = '1'"
        " AND DATE_ADD(date_modified, INTERVAL 1 DAY) < %s",
        store.now.replace(tzinfo=None),
    )
    if not scheduled:
        return []
    limit = (store.now + datetime.timedelta(days=days)).date()
    found = store.rows(
        f"SELECT * FROM `{prefix}gdpr` WHERE status = '2' AND DATE(date_added) <= DATE(%s)"
        " ORDER BY date_added DESC",
        limit,
    )
    return [str(row["email"]) for row in found]


def test_opencart_deletes_nobody_whose_removal_waits(shop: SmallStore, ann: int) -> None:
    number = native(shop, "ann@example.com")
    set_status(shop, number, 2)
    assert due_by_core(shop) == ["ann@example.com"]

    done(shop, "gdpr.takeover")

    assert due_by_core(shop) == []
    assert (states(shop), statuses(shop)) == (["open"], [2])
    minute(shop)
    assert (states(shop), statuses(shop), due_by_core(shop)) == (["waiting"], [2], [])


# -- after it ------------------------------------------------------------------------------


@pytest.fixture
def removal(shop: SmallStore, ann: int) -> int:
    """A removal that is open, after the takeover; the number of the store's row."""
    number = native(shop, "ann@example.com")
    done(shop, "gdpr.takeover")
    assert (states(shop), statuses(shop)) == (["open"], [1])
    return number


def test_the_store_shows_how_ours_stand(shop: SmallStore, removal: int) -> None:
    number = requests(shop)[0]["request_id"]
    done(shop, "gdpr.approve", request=number)
    assert statuses(shop) == [2]
    shop.now += datetime.timedelta(days=4)
    opened = shop.sidecar.shop
    with transaction(opened.engine) as tx:
        request_steps.start(tx, opened.own, number, "sidecar", shop.moment)
    minute(shop)
    assert statuses(shop) == [2]
    with transaction(opened.engine) as tx:
        request_steps.finish(tx, opened.own, number, "done", "sidecar", shop.moment)

    minute(shop)

    assert statuses(shop) == [3]
    assert native(shop, "ann@example.com") != removal
    minute(shop)
    assert states(shop) == ["done", "open"]


@pytest.mark.parametrize("name", ["refuse", "cancel"])
def test_what_is_dropped_is_denied_in_the_store(shop: SmallStore, removal: int, name: str) -> None:
    done(shop, f"gdpr.{name}", request=requests(shop)[0]["request_id"], reason="x")

    assert statuses(shop) == [-1]


@pytest.mark.parametrize(
    ("before", "wrote", "state", "after"),
    [
        ("open", 2, "waiting", 2),
        ("open", -1, "refused", -1),
        ("open", 0, "open", 1),
        ("open", 3, "open", 1),  # by a job that ran after all
        ("waiting", 1, "waiting", 2),  # as 4.1 writes whatever it means
        ("waiting", 3, "waiting", 2),
        ("waiting", -1, "cancelled", -1),
        ("running", -1, "running", 2),
        ("running", 1, "running", 2),
        ("done", 1, "done", 3),
        ("done", 2, "done", 3),
        ("refused", 2, "refused", -1),
    ],
)
def test_a_persons_decision_in_the_store_counts_and_all_else_is_written_back(
    shop: SmallStore, removal: int, before: str, wrote: int, state: str, after: int
) -> None:
    shop.given.execute(
        f"UPDATE `{shop.given.prefix}sidecar_privacy_request` SET state = '{before}'"
    )
    minute(shop)
    set_status(shop, removal, wrote)

    minute(shop)
    minute(shop)

    assert (states(shop), statuses(shop)) == ([state], [after])
    if before == "open" and state == "waiting":
        (row,) = requests(shop)
        assert row["starts_at"] == shop.moment.epoch_s + 72 * 3600
        assert row["decided_by"] == "store"


def test_an_admin_who_sends_opencarts_own_copy_has_approved_a_real_one(
    shop: SmallStore, ann: int
) -> None:
    number = native(shop, "ann@example.com", "export")
    done(shop, "gdpr.takeover")
    set_status(shop, number, 3)

    minute(shop)

    assert (states(shop), statuses(shop)) == (["waiting"], [2])
    assert requests(shop)[0]["starts_at"] == shop.moment.epoch_s


def test_what_a_person_decided_in_the_store_a_moment_ago_is_not_written_over(
    shop: SmallStore, removal: int
) -> None:
    set_status(shop, removal, 2)

    native_requests.write_back(shop.sidecar.shop)

    assert statuses(shop) == [2]


def test_a_removal_under_a_legal_hold_is_not_approved_in_the_store_either(
    shop: SmallStore, ann: int, removal: int
) -> None:
    done(shop, "gdpr.hold", customer=ann, reason="a lawsuit")
    set_status(shop, removal, 2)

    minute(shop)

    assert (states(shop), statuses(shop)) == (["open"], [1])
    (act,) = shop.rows("SELECT reason FROM {own}privacy_act WHERE act = 'not_approved'")
    assert "a lawsuit" in act["reason"]


def test_a_row_that_an_admin_deletes_is_noted_once_and_the_request_stays(
    shop: SmallStore, removal: int
) -> None:
    shop.given.execute(f"DELETE FROM `{shop.given.prefix}gdpr`")

    minute(shop)
    minute(shop)

    assert states(shop) == ["open"]
    assert acts(shop).count("native_deleted") == 1
    done(shop, "gdpr.approve", request=requests(shop)[0]["request_id"])


def test_what_staff_entered_first_is_one_with_the_stores_own_row(
    shop: SmallStore, ann: int
) -> None:
    entered = done(shop, "gdpr.request", kind="erase", customer=ann)["request"]
    native(shop, "ann@example.com")

    done(shop, "gdpr.takeover")

    (row,) = requests(shop)
    assert (row["request_id"], row["native_id"], row["identity"]) == (entered, 1, "code")
    assert row["state"] == "open"
    done(shop, "gdpr.approve", request=entered)
    assert statuses(shop) == [2]


def test_after_an_undo_what_waits_is_not_begun(shop: SmallStore, removal: int) -> None:
    done(shop, "gdpr.approve", request=requests(shop)[0]["request_id"])
    done(shop, "gdpr.takeover", undo=True)
    shop.now += datetime.timedelta(days=4)
    opened = shop.sidecar.shop

    with transaction(opened.engine) as tx:
        assert rows.beginning(tx, opened.own, "erase", shop.moment) == []

    done(shop, "gdpr.takeover")
    with transaction(opened.engine) as tx:
        assert len(rows.beginning(tx, opened.own, "erase", shop.moment)) == 1


# -- crashes -------------------------------------------------------------------------------


def _take(store: SmallStore) -> int:
    return ask(store, "gdpr.takeover")


def _undo(store: SmallStore) -> int:
    done(store, "gdpr.takeover")
    return ask(store, "gdpr.takeover", undo=True)


def _approve(store: SmallStore) -> int:
    done(store, "gdpr.takeover")
    return ask(store, "gdpr.approve", request=requests(store)[0]["request_id"])


@pytest.mark.parametrize("begin", [_take, _undo, _approve])
def test_a_crash_before_any_write_leaves_what_a_second_try_ends(
    shop: SmallStore, ann: int, begin: Callable[[SmallStore], int]
) -> None:
    native(shop, "ann@example.com")
    for statement in itertools.count(1):
        command = begin(shop)
        end = crash_before(shop.sidecar.engine, statement)
        try:
            with contextlib.suppress(CrashError):
                dispatched(shop, command)
        finally:
            crashed = end()
        if crashed and jobs(shop) == OFF:  # nothing is off of which nobody knows
            opened = shop.sidecar.shop
            with transaction(opened.engine) as tx:
                known = takeover.read(tx, opened.own)
            assert known is not None
            assert known.jobs == {2}

        assert dispatched(shop, command).state == "done"
        minute(shop)

        if begin is _approve:
            assert (states(shop), statuses(shop), jobs(shop)) == (["waiting"], [2], OFF)
        else:
            assert states(shop) == ["open"]
            assert jobs(shop) == (OFF if begin is _take else ON)
        shop.forget_everything(but=["customer"])
        shop.given.execute(f"UPDATE `{shop.given.prefix}cron` SET status = 1 WHERE cron_id = 2")
        set_status(shop, 1, 1)
        if not crashed:
            assert statement > 3
            return


def test_a_minute_that_ends_anywhere_is_made_up_for_by_the_next(shop: SmallStore, ann: int) -> None:
    done(shop, "gdpr.takeover")
    for statement in itertools.count(1):
        shop.given.execute(f"DELETE FROM `{shop.given.prefix}gdpr`")
        shop.given.execute(f"DELETE FROM `{shop.given.prefix}sidecar_privacy_request`")
        first = native(shop, "ann@example.com")
        minute(shop)
        set_status(shop, first, 2)
        native(shop, "gus@example.com", "export", status=1)
        end = crash_before(shop.sidecar.engine, statement)
        try:
            with contextlib.suppress(CrashError):
                minute(shop)
        finally:
            crashed = end()

        minute(shop)

        assert (states(shop), statuses(shop)) == (["waiting", "open"], [2, 1])
        if not crashed:
            assert statement > 4
            return


# -- real stores ---------------------------------------------------------------------------


@pytest.mark.both_kinds
@pytest.mark.parametrize("version", ["3.0.5.1", "4.0.2.3", "4.1.0.4"])
def test_a_real_store_is_taken_over_and_given_back(
    mariadb: PrivateServer,
    clone_store: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
) -> None:
    database = clone_store(version)
    with contextlib.closing(mariadb.connect(database)) as connection:
        given = Given(connection, NOW)
        for store in small_store.open_on(mariadb.settings(database), tmp_path, given):
            store.now = NOW + datetime.timedelta(days=365)  # its jobs ran in between
            prepared(store, monkeypatch)
            ann = store.given.customer("ann.real@example.com")
            if version == "3.0.5.1":
                minute(store)
                assert "takes no requests" in refused(store, "gdpr.takeover")
                number = done(
                    store, "gdpr.request", kind="erase", customer=ann, verified_by="e", how="x"
                )["request"]
                assert done(store, "gdpr.approve", request=number)["state"] == "waiting"
                continue
            was = jobs(store)
            native(store, "ann.real@example.com", status=2)
            assert due_by_core(store) == ["ann.real@example.com"]
            done(store, "gdpr.takeover")
            minute(store)
            assert (due_by_core(store), states(store)) == ([], ["waiting"])
            assert requests(store)[0]["customer_id"] == ann
            done(store, "gdpr.cancel", request=requests(store)[0]["request_id"])
            assert statuses(store)[-1] == -1
            done(store, "gdpr.takeover", undo=True)
            assert jobs(store) == was


def test_a_store_without_requests_of_its_own_has_nothing_to_take_over(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(store, monkeypatch)

    minute(store)

    assert "takes no requests" in refused(store, "gdpr.takeover")
    assert findings(store) == set()
    sidecar = store.sidecar
    native_requests.keep(Means(sidecar.config, sidecar.shop, store.moment))
