"""What an uninstallation takes away, also when half of it is gone."""

from __future__ import annotations

import contextlib

import pytest
from sqlalchemy import Engine, inspect

from sidecar.cli.upkeep import _say_what_stays
from sidecar.errors import DatabaseUnavailableError, NotNowError
from sidecar.service.demo_store import create_store
from sidecar.service.private_server import PrivateServer
from sidecar.shop import indexes, migrate
from sidecar.shop.database import transaction
from sidecar.shop.indexes import INDEXES, add_index, missing_indexes
from sidecar.shop.removal import find_ours, remove
from sidecar.shop.tables import Generation
from support.reviews import add_reviews
from support.small_store import SmallStore


def _install(engine: Engine, prefix: str, version: Generation = "4.1") -> None:
    create_store(engine, prefix, version)
    migrate.migrate(engine, prefix)
    for missing in missing_indexes(engine, prefix):
        add_index(engine, prefix, missing)


def _remove(engine: Engine, prefix: str, *, purge: bool) -> list[str]:
    told: list[str] = []
    ours = find_ours(engine, prefix)
    remove(engine, prefix, ours, purge=purge, told=told.append, retried=lambda _: None)
    return told


def _described(engine: Engine) -> dict[str, str]:
    """Every table as the server describes it."""
    found = {}
    with engine.connect() as connection:
        for name in inspect(engine).get_table_names():
            described = connection.exec_driver_sql(f"SHOW CREATE TABLE `{name}`").one()
            found[name] = str(described[1])
    return found


@pytest.mark.parametrize("version", ["3.0", "4.0", "4.1"])
def test_to_purge_leaves_the_store_as_if_we_had_never_been_there(
    engine: Engine, version: Generation
) -> None:
    create_store(engine, "oc_", version)
    before = _described(engine)
    migrate.migrate(engine, "oc_")
    for missing in missing_indexes(engine, "oc_"):
        add_index(engine, "oc_", missing)

    told = _remove(engine, "oc_", purge=True)

    assert _described(engine) == before
    assert "index oc_order.sidecar_customer" in told
    assert told[-1] == "table oc_sidecar_migration"


def test_without_purging_our_tables_stay(engine: Engine) -> None:
    _install(engine, "oc_")

    told = _remove(engine, "oc_", purge=False)

    assert len(told) == len(INDEXES)
    migrate.require_current(engine, "oc_")
    assert len(missing_indexes(engine, "oc_")) == len(INDEXES)


def test_half_of_it_is_found_and_removed(engine: Engine) -> None:
    _install(engine, "oc_")
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP INDEX sidecar_customer ON oc_order")
        connection.exec_driver_sql("DROP TABLE oc_sidecar_customer, oc_sidecar_migration")

    told = _remove(engine, "oc_", purge=True)

    assert len(told) > 20
    assert "index oc_order.sidecar_customer" not in told
    assert _remove(engine, "oc_", purge=True) == []


def test_what_is_gone_meanwhile_is_no_failure(engine: Engine) -> None:
    _install(engine, "oc_")
    ours = find_ours(engine, "oc_")
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP TABLE oc_sidecar_tag")

    told: list[str] = []
    remove(engine, "oc_", ours, purge=True, told=told.append, retried=lambda _: None)

    assert find_ours(engine, "oc_").tables == []


def test_another_store_in_the_database_keeps_its_sidecar(engine: Engine) -> None:
    _install(engine, "oc_")
    _install(engine, "oc_b_")
    others = {n: found for n, found in _described(engine).items() if n.startswith("oc_b_")}

    _remove(engine, "oc_", purge=True)

    after = {n: found for n, found in _described(engine).items() if n.startswith("oc_b_")}
    assert after == others


def test_a_table_that_this_version_does_not_know_is_told_and_stays(engine: Engine) -> None:
    _install(engine, "oc_")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE oc_sidecar_future (id INT)")
        connection.exec_driver_sql("CREATE INDEX sidecar_older ON oc_review (rating)")

    assert find_ours(engine, "oc_").unknown == ["oc_sidecar_future"]
    told = _remove(engine, "oc_", purge=True)

    assert "index oc_review.sidecar_older" in told
    assert "oc_sidecar_future" in inspect(engine).get_table_names()


def test_of_a_table_that_would_block_the_time_is_told_before(engine: Engine) -> None:
    _install(engine, "oc_", "3.0")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        add_reviews(connection)

    (reviews,) = (found for found in find_ours(engine, "oc_").indexes if found.table == "review")

    assert (reviews.rows, reviews.blocking) == (4000, True)
    assert reviews.block_s == pytest.approx(0.01)


def test_a_table_that_stays_in_use_ends_it_and_the_rest_can_be_removed_later(
    engine: Engine, mariadb: PrivateServer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "_ATTEMPTS", 1)
    _install(engine, "oc_")
    with contextlib.closing(mariadb.connect(database, autocommit=False)) as other:
        with other.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM oc_review")  # until this transaction ends
        with pytest.raises(DatabaseUnavailableError):
            _remove(engine, "oc_", purge=True)

    left = find_ours(engine, "oc_")
    assert {"review"} <= {found.table for found in left.indexes} < {i.table for i in INDEXES}
    assert "oc_sidecar_tag" in left.tables
    _remove(engine, "oc_", purge=True)
    assert find_ours(engine, "oc_").tables == []


def test_nothing_is_removed_while_a_sidecar_works(store: SmallStore) -> None:
    upkeep = store.sidecar.upkeep
    with (
        store.sidecar.leading(),
        pytest.raises(NotNowError),
        upkeep.uninstalling(),
    ):
        pass
    with store.sidecar.leading(), pytest.raises(NotNowError):
        upkeep.adopt_copy("cli:ann", store.moment)
    with store.sidecar.leading(), pytest.raises(NotNowError):
        upkeep.adopt_moved(store.moment)


def test_the_customer_groups_that_stay_are_counted(store: SmallStore) -> None:
    vip = store.given.group("VIP & friends")
    for group in (vip, vip, 1, 99):
        store.given.customer(group=group)

    groups = store.sidecar.upkeep.groups()

    assert ("VIP & friends", 2) in groups
    assert ("#99", 1) in groups
    assert sum(number for _, number in groups) == 4


def test_the_bridge_is_told_to_stay_where_there_is_one(
    store: SmallStore, capfd: pytest.CaptureFixture[str]
) -> None:
    upkeep = store.sidecar.upkeep

    assert not upkeep.has_bridge()
    with transaction(store.sidecar.engine) as tx:
        tx.exec_driver_sql(
            "CREATE TABLE oc_extension_install (extension_install_id INT PRIMARY KEY"
            " AUTO_INCREMENT, code VARCHAR(255), version VARCHAR(255), status TINYINT(1))"
        )
    try:
        assert not upkeep.has_bridge()
        with transaction(store.sidecar.engine) as tx:
            tx.exec_driver_sql("INSERT INTO oc_extension_install (code) VALUES ('sidecar')")
        assert upkeep.has_bridge()
        _say_what_stays(upkeep, find_ours(store.sidecar.engine, "oc_"), purge=True)
    finally:
        with transaction(store.sidecar.engine) as tx:
            tx.exec_driver_sql("DROP TABLE oc_extension_install")

    assert "sidecar bridge uninstall" in capfd.readouterr().err
