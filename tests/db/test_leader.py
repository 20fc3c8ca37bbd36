"""One sidecar a store: the lock and what ends it."""

from __future__ import annotations

import math

import pytest
from sqlalchemy import Engine

from sidecar import clock
from sidecar.errors import DatabaseUnavailableError, NotNowError
from sidecar.service.private_server import PrivateServer
from sidecar.shop.leader import leader_lock, lock_name


def test_the_name_is_of_the_store_and_short_enough() -> None:
    assert lock_name("shop", "oc_") == "sidecar:250c81e7e651a37d"
    assert lock_name("shopoc", "_") != lock_name("shop", "oc_")


def test_a_second_sidecar_is_told_who_holds_the_lock(engine: Engine) -> None:
    with leader_lock(engine, "shop", "oc_") as held:
        with (
            pytest.raises(
                NotNowError,
                match=f"another sidecar holds the lock, connection id {held.connection_id}$",
            ) as error,
            leader_lock(engine, "shop", "oc_"),
        ):
            pass
        with leader_lock(engine, "shop", "other_"):
            pass

    assert error.value.exit_code == 75


@pytest.mark.parametrize("wait_s", [-1.0, math.nan])
def test_a_wait_that_is_no_time_is_none(engine: Engine, wait_s: float) -> None:
    with (
        leader_lock(engine, "shop", "oc_"),
        pytest.raises(NotNowError),
        leader_lock(engine, "shop", "oc_", wait_s),
    ):
        pass


def test_a_wait_without_end_takes_a_free_lock(engine: Engine) -> None:
    with leader_lock(engine, "shop", "oc_", math.inf) as held:
        held.verify()


def test_the_lock_is_free_after_its_holder(engine: Engine) -> None:
    for _ in range(2):
        with leader_lock(engine, "shop", "oc_") as held:
            held.verify()


def test_one_can_wait_for_the_lock(engine: Engine) -> None:
    started = clock.monotonic()
    with (
        leader_lock(engine, "shop", "oc_"),
        pytest.raises(NotNowError),
        leader_lock(engine, "shop", "oc_", wait_s=0.3),
    ):
        pass

    assert 0.2 < clock.monotonic() - started < 3


def test_a_lock_whose_connection_broke_is_lost(mariadb: PrivateServer, engine: Engine) -> None:
    with leader_lock(engine, "shop", "oc_") as held:
        mariadb.execute(f"KILL {held.connection_id}")
        with pytest.raises(DatabaseUnavailableError):
            held.verify()
        with pytest.raises(DatabaseUnavailableError, match=r"is lost$"):
            held.verify()
        with leader_lock(engine, "shop", "oc_"):
            pass


def test_the_lock_is_not_lost_by_saying_nothing_for_long(
    mariadb: PrivateServer, engine: Engine
) -> None:
    mariadb.execute("SET GLOBAL wait_timeout = 1")
    try:
        with leader_lock(engine, "shop", "oc_") as held:
            clock.sleep(1.3)
            held.verify()
    finally:
        mariadb.execute("SET GLOBAL wait_timeout = DEFAULT")


def test_an_error_inside_goes_through_and_frees_the_lock(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), leader_lock(engine, "shop", "oc_"):
        _ = 1 / 0
    with leader_lock(engine, "shop", "oc_"):
        pass
