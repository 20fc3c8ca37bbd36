"""The dump of our own tables that an upgrade makes."""

from __future__ import annotations

import gzip
import os
import stat
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from sidecar.config import Config, load
from sidecar.errors import DatabaseError, FatalError
from sidecar.service import own_tables_dump
from sidecar.service.own_tables_dump import dump, main
from sidecar.service.private_server import PrivateServer
from sidecar.shop import migrate
from sidecar.shop.database import transaction

PASSWORD = "a \\ 'long' \"pass\" #word"


@pytest.fixture
def config(engine: Engine, database: str, mariadb: PrivateServer, tmp_path: Path) -> Config:
    """Of an account that may do no more than `grants.sql` says, on a store with our tables."""
    migrate.migrate(engine, "oc_")
    with transaction(engine) as tx:
        tx.execute(text("CREATE TABLE oc_customer (email VARCHAR(96))"))
        tx.execute(text("INSERT INTO oc_customer VALUES ('ann@example.com')"))
        tx.execute(text("INSERT INTO oc_sidecar_state (name, value, at) VALUES ('pause', '🦊', 1)"))
        tables = tx.scalars(text("SHOW TABLES LIKE 'oc\\_sidecar\\_%'")).all()
    escaped = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
    mariadb.execute(
        f"CREATE OR REPLACE USER dumper@'%' IDENTIFIED BY '{escaped}'",
        f"GRANT SELECT, INDEX ON `{database}`.* TO dumper@'%'",
        *(f"GRANT ALL ON `{database}`.`{table}` TO dumper@'%'" for table in tables),
    )
    file = tmp_path / "shop.toml"
    file.write_text(
        f'[database]\nport = {mariadb.port}\nname = "{database}"\nuser = "dumper"\n'
        'password_file = "password"\n'
    )
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "password").chmod(0o600)
    return load(file, {})


def test_a_dump_holds_our_tables_and_nothing_of_the_store(config: Config, tmp_path: Path) -> None:
    file = dump(config, tmp_path)

    assert file is not None
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = gzip.decompress(file.read_bytes()).decode()
    assert "CREATE TABLE `oc_sidecar_customer`" in content
    assert "CREATE TABLE `oc_sidecar_migration`" in content
    assert "🦊" in content
    assert "ann@example.com" not in content
    assert "`oc_customer`" not in content


def test_a_dump_brings_our_tables_back(
    config: Config, tmp_path: Path, mariadb: PrivateServer, engine: Engine
) -> None:
    file = dump(config, tmp_path)
    with transaction(engine) as tx:
        tx.execute(text("DROP TABLE oc_sidecar_state"))

    assert file is not None
    mariadb.load(config.database.name, file)

    with transaction(engine) as tx:
        assert tx.scalar(text("SELECT value FROM oc_sidecar_state WHERE name = 'pause'")) == "🦊"


def test_three_dumps_of_each_store_are_kept(config: Config, tmp_path: Path) -> None:
    older = [tmp_path / f"shop-2026010{day}T000000Z.sql.gz" for day in range(1, 5)]
    others = [tmp_path / "shop-2-20250101T000000Z.sql.gz", tmp_path / "shop-notes.txt"]
    for path in older + others:
        path.touch()

    newest = dump(config, tmp_path)

    assert set(tmp_path.glob("*.gz")) == {*older[2:], others[0], newest}
    assert others[1].exists()


def test_nothing_is_dumped_before_there_are_tables_of_ours(
    config: Config, tmp_path: Path, engine: Engine, capfd: pytest.CaptureFixture[str]
) -> None:
    with transaction(engine) as tx:
        for table in tx.scalars(text("SHOW TABLES LIKE 'oc\\_sidecar\\_%'")).all():
            tx.execute(text(f"DROP TABLE {table}"))

    assert main([str(config.file), str(tmp_path)]) == 0
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.glob("*.gz")) == []


def test_a_dump_that_fails_leaves_nothing_and_says_why(
    config: Config, tmp_path: Path, mariadb: PrivateServer, capfd: pytest.CaptureFixture[str]
) -> None:
    mariadb.execute(f"REVOKE SELECT ON `{config.database.name}`.* FROM dumper@'%'")
    mariadb.execute(f"REVOKE SELECT ON `{config.database.name}`.oc_sidecar_state FROM dumper@'%'")
    before = sorted(tmp_path.iterdir())

    assert main([str(config.file), str(tmp_path)]) == FatalError.exit_code
    out, err = capfd.readouterr()
    assert out == ""
    assert "oc_sidecar_state" in err
    assert PASSWORD not in err
    assert sorted(tmp_path.iterdir()) == before


def test_a_database_that_is_away_is_told_by_the_exit_code(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.toml").write_text('[database]\nsocket = "missing"\n')

    assert main([str(tmp_path / "config.toml"), str(tmp_path)]) == DatabaseError.exit_code
    assert capfd.readouterr().err


def test_without_a_program_to_dump_with_its_package_is_named(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))

    with pytest.raises(FatalError, match="apt install mariadb-client"):
        dump(config, tmp_path)
    assert own_tables_dump.PROGRAMS == ("mariadb-dump", "mysqldump")
