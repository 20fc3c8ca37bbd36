"""``adopt`` and ``uninstall`` as a person runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sidecar.shop.leader import leader_lock
from support.installation import Installation
from support.opencart_files import write_store


@pytest.fixture
def cloned(installation: Installation) -> Installation:
    """A store with a customer, whose tables were made somewhere else."""
    installation.given.order(installation.given.customer(), "600")
    installation.rules(buyer="orders > 0")
    installation.done("migrate")
    _pretend(installation, database="the_original")
    return installation


def _pretend(installation: Installation, **parts: str) -> None:
    table = f"{installation.database.prefix}sidecar_state"
    with installation.engine.begin() as connection:
        query = f"SELECT value FROM `{table}` WHERE name = 'installation'"
        kept = json.loads(str(connection.exec_driver_sql(query).scalar_one()))
        connection.exec_driver_sql(
            f"UPDATE `{table}` SET value = %s WHERE name = 'installation'",
            (json.dumps({**kept, **parts}),),
        )


def _names(installation: Installation) -> list[str]:
    return [str(name) for name in installation.column("SHOW TABLES")]


@pytest.mark.parametrize(
    "command", [("once",), ("once", "--yes"), ("tag", "create", "x"), ("tag", "add", "x", "1")]
)
def test_what_writes_is_refused_on_a_copy(cloned: Installation, command: tuple[str, ...]) -> None:
    refused = cloned.sidecar(*command)

    assert refused.returncode == 78, refused.stderr
    assert "and was 'the_original'" in refused.stderr
    assert "sidecar adopt --moved" in refused.stderr
    assert cloned.column("SELECT COUNT(*) FROM oc_sidecar_run") == [0]
    assert cloned.column("SELECT COUNT(*) FROM oc_sidecar_command") == [0]


@pytest.mark.parametrize("command", [("plan", "--json"), ("customers", "orders > 0", "--json")])
def test_what_looks_works_on_a_copy_and_says_so(
    cloned: Installation, command: tuple[str, ...]
) -> None:
    seen = cloned.sidecar(*command)

    assert seen.returncode == 0, seen.stderr
    assert "our tables come from another place" in seen.stderr
    assert json.loads(seen.stdout)


@pytest.mark.parametrize("way", ["--moved", "--copy"])
def test_an_adopted_copy_writes_again(cloned: Installation, way: str) -> None:
    adopted = cloned.sidecar("adopt", way)

    assert adopted.returncode == 0, adopted.stderr
    created = cloned.sidecar("tag", "create", "x")
    assert created.returncode == 0, created.stderr
    assert "another place" not in cloned.sidecar("plan").stderr


@pytest.mark.parametrize("ways", [(), ("--moved", "--copy")])
def test_a_person_has_to_say_which_of_the_two_it_is(
    cloned: Installation, ways: tuple[str, ...]
) -> None:
    refused = cloned.sidecar("adopt", *ways)

    assert refused.returncode == 64
    assert "--moved or --copy" in refused.stderr


def test_a_store_at_another_address_is_another_place(
    installation: Installation, tmp_path: Path
) -> None:
    shop = write_store(tmp_path / "shop")
    installation.write_config(more=f'[shop]\ndirectory = "{shop}"\n')
    installation.done("migrate")
    installation.done("once", "--yes")
    for config in shop.rglob("config.php"):
        config.write_text(config.read_text().replace("shop.example", "staging.example"))

    refused = installation.sidecar("once")

    assert refused.returncode == 78
    assert "the store's address is 'staging.example', and was 'shop.example'" in refused.stderr


def test_a_certificate_makes_no_other_store(installation: Installation, tmp_path: Path) -> None:
    shop = write_store(tmp_path / "shop")
    installation.write_config(more=f'[shop]\ndirectory = "{shop}"\n')
    installation.done("migrate")
    for config in shop.rglob("config.php"):
        config.write_text(config.read_text().replace("https://", "http://"))

    installation.done("once", "--yes")


def test_uninstalling_says_what_goes_and_what_stays(installation: Installation) -> None:
    installation.given.customer()
    installation.done("migrate")
    customers = installation.column("SELECT customer_group_id FROM oc_customer")

    first = installation.sidecar("uninstall", "--yes")

    assert first.returncode == 0, first.stderr
    assert "removing index oc_order.sidecar_customer" in first.stderr
    assert "--purge drops them too" in first.stderr
    assert "1 customer\n" in first.stderr
    assert "oc_sidecar_customer" in _names(installation)

    second = installation.sidecar("uninstall", "--purge", "--yes")

    assert second.returncode == 0, second.stderr
    assert "table oc_sidecar_tag with everything in it" in second.stderr
    assert [name for name in _names(installation) if "sidecar" in name] == []
    assert installation.column("SELECT customer_group_id FROM oc_customer") == customers
    third = installation.sidecar("uninstall", "--purge", "--yes")
    assert (third.returncode, "nothing to remove" in third.stderr) == (0, True)
    installation.done("migrate")


def test_where_nobody_can_be_asked_it_has_to_be_said_beforehand(
    installation: Installation,
) -> None:
    installation.done("migrate")
    before = _names(installation)

    refused = installation.sidecar("uninstall", "--purge")

    assert refused.returncode == 64
    assert "--yes" in refused.stderr
    assert _names(installation) == before


def test_nothing_is_removed_while_a_sidecar_runs(installation: Installation) -> None:
    installation.done("migrate")
    before = _names(installation)
    database = installation.database
    with leader_lock(installation.engine, database.name, database.prefix):
        refused = installation.sidecar("uninstall", "--purge", "--yes")

    assert refused.returncode == 75
    assert _names(installation) == before


def test_of_a_table_that_blocks_the_time_is_told(installation: Installation) -> None:
    with installation.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE oc_order ENGINE = MyISAM")
    installation.done("migrate", "--indexes")

    asked = installation.sidecar("uninstall")

    assert asked.returncode == 64
    assert "index oc_order.sidecar_customer (0 rows" in asked.stderr
    assert "blocks that table for about 1 s" in asked.stderr
