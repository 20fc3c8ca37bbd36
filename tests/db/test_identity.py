"""A copy of a store writes nothing before somebody says what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine

from sidecar import config
from sidecar.errors import ConfigError
from sidecar.service.demo_store import create_store
from sidecar.shop import migrate
from sidecar.shop.database import transaction
from sidecar.shop.place import Place, read_place
from sidecar.sync import identity, state
from sidecar.sync.state import Json
from support.opencart_files import write_store
from support.small_store import SmallStore

HERE = Place(database="shop", prefix="oc_", server="server-1", url="shop.example")


def _kept(store: SmallStore) -> Mapping[str, Json]:
    with transaction(store.sidecar.engine) as tx:
        kept = state.read(tx, store.sidecar.shop.own, "installation")
    assert isinstance(kept, Mapping)
    return kept


def _bind(store: SmallStore, place: Place) -> str:
    with transaction(store.sidecar.engine) as tx:
        return identity.bind(tx, store.sidecar.shop.own, place, store.moment)


@pytest.fixture
def bound(store: SmallStore) -> SmallStore:
    """A small store whose tables are bound to `HERE`."""
    store.given.execute(f"DELETE FROM `{store.given.prefix}sidecar_state`")
    _bind(store, HERE)
    return store


def _require(store: SmallStore, place: Place) -> None:
    with transaction(store.sidecar.engine) as tx:
        identity.require_same_place(tx, store.sidecar.shop.own, place)


@pytest.mark.parametrize(
    ("part", "called"),
    [
        ("database", "the database is 'other', and was 'shop'"),
        ("prefix", "the prefix is 'other', and was 'oc_'"),
        ("server", "the server's id is 'other', and was 'server-1'"),
        ("url", "the store's address is 'other', and was 'shop.example'"),
    ],
)
def test_one_part_that_is_another_is_enough_to_refuse(
    bound: SmallStore, part: str, called: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        _require(bound, replace(HERE, **{part: "other"}))

    assert called in str(refused.value)
    assert "`sidecar adopt --moved`" in str(refused.value)
    assert "`sidecar adopt --copy`" in str(refused.value)
    assert refused.value.exit_code == 78


@pytest.mark.parametrize("part", ["database", "server", "url"])
def test_a_part_that_cannot_be_read_is_not_compared(bound: SmallStore, part: str) -> None:
    _require(bound, replace(HERE, **{part: ""}))


def test_no_prefix_is_another_prefix(bound: SmallStore) -> None:
    with pytest.raises(ConfigError):
        _require(bound, replace(HERE, prefix=""))


def test_a_part_that_could_not_be_read_before_is_added_later(bound: SmallStore) -> None:
    number = _kept(bound)["id"]
    bound.given.execute(f"DELETE FROM `{bound.given.prefix}sidecar_state`")
    first = _bind(bound, replace(HERE, server="", url=""))

    assert _bind(bound, replace(HERE, server="")) == first != number
    assert (_kept(bound)["url"], _kept(bound)["server"]) == ("shop.example", "")
    assert _bind(bound, replace(HERE, url="")) == first
    assert _kept(bound) == {"id": first, **HERE.as_json()}


def test_binding_once_more_at_another_place_changes_nothing(bound: SmallStore) -> None:
    before = _kept(bound)

    _bind(bound, replace(HERE, server="server-2", url=""))

    assert _kept(bound) == before


def test_tables_without_a_binding_are_not_refused(bound: SmallStore) -> None:
    bound.given.execute(f"DELETE FROM `{bound.given.prefix}sidecar_state`")

    _require(bound, HERE)


def _was_busy(store: SmallStore) -> None:
    own, moment = store.sidecar.shop.own, store.moment
    with transaction(store.sidecar.engine) as tx:
        for name in ("paused", "first_approval", "last_full_pass", "daemon"):
            state.write(tx, own, name, {"at": 1}, moment)
        for name in ("new", "running", "waiting", "done", "failed"):
            tx.execute(
                own.command.insert().values(
                    name="tag.add",
                    parameters="{}",
                    actor="cli:ann",
                    idempotency_key=name,
                    state=name,
                    created_at=1,
                )
            )
        for name in ("waiting", "applied", "running"):
            tx.execute(own.run.insert().values(kind="full", state=name, started_at=1))
        tx.execute(own.hint.insert().values(customer_id=1, reason="customer.edit", at=1))
        for name in ("poll", "binlog"):
            tx.execute(own.source.insert().values(name=name, position="{}", at=1))
        tx.execute(
            own.block.insert().values(
                source="order",
                block=1,
                numbers=1,
                crc_xor=1,
                crc_sum=1,
                rows_read=b"",
                changed_at=1,
            )
        )
        tx.execute(
            own.rule.insert().values(
                kind="tag", name="a", name_key="a", origin="file", held="1", held_by=1, changed_at=1
            )
        )


def _states(store: SmallStore, table: str) -> list[str]:
    return [row["state"] for row in store.rows(f"SELECT state FROM `{{own}}{table}` ORDER BY 1")]


def test_a_copy_is_another_installation_and_goes_on_with_nothing_of_the_original(
    bound: SmallStore,
) -> None:
    number = _kept(bound)["id"]
    _was_busy(bound)
    there = replace(HERE, database="staging")

    with transaction(bound.sidecar.engine) as tx:
        own = bound.sidecar.shop.own
        new, left = identity.adopt_copy(tx, own, there, "cli:ann", bound.moment)

    assert _kept(bound) == {"id": new, **there.as_json()}
    assert new != number
    assert left == identity.Left(commands=3, runs=1, hints=1)
    commands = bound.rows("SELECT state, exit_code AS code FROM `{own}command` ORDER BY command_id")
    assert [row["state"] for row in commands] == ["failed", "failed", "failed", "done", "failed"]
    assert [row["code"] for row in commands] == [75, 75, 75, None, None]
    assert sorted(_states(bound, "run")) == ["applied", "interrupted", "obsolete"]
    for table in ("hint", "source", "block", "finding"):
        assert bound.rows(f"SELECT 1 FROM `{{own}}{table}`") == []
    names = {row["name"] for row in bound.rows("SELECT name FROM `{own}state`")}
    assert names == {"installation", "paused"}
    # What an undo or discard holds is a person's word, on the copy as well.
    assert bound.rows("SELECT held FROM `{own}rule`") == [{"held": "1"}]
    _require(bound, there)
    with pytest.raises(ConfigError):
        _require(bound, HERE)


def test_a_moved_store_is_the_same_installation_and_goes_on(bound: SmallStore) -> None:
    number = _kept(bound)["id"]
    _was_busy(bound)
    there = replace(HERE, url="new.example")

    with transaction(bound.sidecar.engine) as tx:
        adopted = identity.adopt_moved(tx, bound.sidecar.shop.own, there, bound.moment)

    assert adopted == number
    assert _kept(bound) == {"id": number, **there.as_json()}
    assert len(bound.rows("SELECT 1 FROM `{own}state`")) == 5
    assert _states(bound, "command") == ["new", "running", "done", "waiting", "failed"]
    assert sorted(_states(bound, "run")) == ["applied", "running", "waiting"]
    assert len(bound.rows("SELECT 1 FROM `{own}source`")) == 2


def test_on_another_server_the_position_in_the_old_ones_log_is_forgotten(
    bound: SmallStore,
) -> None:
    _was_busy(bound)

    with transaction(bound.sidecar.engine) as tx:
        there = replace(HERE, server="server-2")
        identity.adopt_moved(tx, bound.sidecar.shop.own, there, bound.moment)

    assert bound.rows("SELECT name FROM `{own}source`") == [{"name": "poll"}]


# -- where it is -------------------------------------------------------------------------


def test_the_address_is_read_from_the_stores_own_config(
    engine: Engine, tmp_path: Path, store: SmallStore
) -> None:
    settings = msgspec.structs.replace(
        store.sidecar.config, shop=config.Shop(directory=write_store(tmp_path / "shop"))
    )
    with transaction(store.sidecar.engine) as tx:
        place = read_place(tx, settings)
        without = read_place(tx, store.sidecar.config)

    assert place.url == "shop.example"
    assert (place.database, place.prefix) == ("small_store", "oc_")
    assert place.server == without.server
    assert without.url == ""


def test_an_address_that_cannot_be_read_is_unknown(tmp_path: Path, store: SmallStore) -> None:
    settings = msgspec.structs.replace(
        store.sidecar.config, shop=config.Shop(directory=tmp_path / "nowhere")
    )
    with transaction(store.sidecar.engine) as tx:
        assert read_place(tx, settings).url == ""


def test_the_servers_own_id_is_read_where_it_has_one(store: SmallStore) -> None:
    with transaction(store.sidecar.engine) as tx:
        place = read_place(tx, store.sidecar.config)
        found = tx.exec_driver_sql("SHOW GLOBAL VARIABLES LIKE 'server\\_u%%'").all()

    assert place.server == (found[0][1] if found else "")


# -- the installation --------------------------------------------------------------------


def test_migrating_binds_the_tables_to_where_they_are(store: SmallStore) -> None:
    kept = _kept(store)

    store.sidecar.migrate()

    assert _kept(store) == kept
    assert kept["database"] == "small_store"


def test_nothing_is_written_in_a_copy_and_everything_can_be_looked_at(store: SmallStore) -> None:
    store.given.order(store.given.customer(), "600")
    store.rules(buyer="orders > 0")
    with transaction(store.sidecar.engine) as tx:
        place = {**_kept(store), "url": "", "database": "the-original"}
        state.write(tx, store.sidecar.shop.own, "installation", place, store.moment)
    before = store.checksums()

    with (
        pytest.raises(ConfigError, match="the database is 'small_store', and was 'the-original'"),
        store.sidecar.leading(),
    ):
        pass
    assert "the-original" in store.sidecar.upkeep.elsewhere()
    assert store.sidecar.plan(store.sidecar.check_rules()).outcome.changed == 1
    assert len(list(store.sidecar.view.customers("orders > 0"))) == 1
    assert store.checksums() == before

    store.sidecar.upkeep.adopt_copy("cli:ann", store.moment)

    assert store.sidecar.upkeep.elsewhere() == ""
    with store.sidecar.leading():
        pass


def test_without_our_tables_no_place_is_another(engine: Engine, store: SmallStore) -> None:
    create_store(engine, "oc_")
    upkeep = replace(store.sidecar.upkeep, shop=replace(store.sidecar.shop, engine=engine))

    assert upkeep.elsewhere() == ""
    migrate.migrate(engine, "oc_", upto=1)
    assert upkeep.elsewhere() == ""
