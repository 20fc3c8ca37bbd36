"""``migrate`` on stores whose tables an index would block."""

from __future__ import annotations

from support.installation import Installation


def test_an_index_that_blocks_the_store_is_added_only_on_request(
    installation: Installation,
) -> None:
    with installation.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE oc_order ENGINE = MyISAM")

    first = installation.sidecar("migrate")
    asked = installation.sidecar("migrate", "--indexes")
    last = installation.sidecar("migrate")

    assert (first.returncode, asked.returncode, last.returncode) == (0, 0, 0)
    assert "index oc_order.sidecar_customer is missing; adding it would block" in first.stderr
    assert "`sidecar migrate --indexes`" in first.stderr
    assert "adding index oc_review.sidecar_customer" in first.stderr
    assert "adding index oc_order.sidecar_customer" in asked.stderr
    assert "blocks for about 1 s" in asked.stderr
    assert last.stderr == "own tables and indexes are up to date\n"


def test_no_index_is_added_where_the_settings_forbid_it(installation: Installation) -> None:
    installation.write_config()
    config = installation.folder / "config.toml"
    config.write_text(config.read_text() + "create_indexes = false\n")

    done = installation.sidecar("migrate")
    asked = installation.sidecar("migrate", "--indexes")

    assert "index oc_order.sidecar_customer is missing, and database.create_indexes is off" in (
        done.stderr
    )
    assert "adding index" not in done.stderr
    assert "adding index oc_order.sidecar_customer" in asked.stderr
