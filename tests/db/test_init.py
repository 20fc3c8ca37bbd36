"""``sidecar init``: from a store's folder to a config that works."""

from __future__ import annotations

import os
import pty
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from sidecar import cli, config
from sidecar.service import first_config
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect, transaction
from sidecar.shop.server import probe
from support.opencart_files import write_store

PASSWORD = "it's a \\ $secret 🦊"


@pytest.fixture
def store(tmp_path: Path, mariadb: PrivateServer, engine: Engine, database: str) -> Path:
    """The folder of a store whose database answers."""
    with transaction(engine) as tx:
        tx.execute(text("CREATE TABLE oc_customer (id INT)"))
        tx.execute(text("CREATE TABLE oc_setting (id INT)"))
    escaped = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
    mariadb.execute(
        f"CREATE OR REPLACE USER shop@'%' IDENTIFIED BY '{escaped}'",
        f"GRANT SELECT ON `{database}`.* TO shop@'%'",
    )
    return write_store(
        tmp_path / "store",
        password=PASSWORD,
        DB_PORT=str(mariadb.port),
        DB_USERNAME="shop",
        DB_DATABASE=database,
    )


def works(file: Path) -> config.Config:
    loaded = config.load(file, {})
    engine = connect(loaded.database)
    probe(engine, loaded.database.prefix)
    engine.dispose()
    return loaded


def test_the_output_is_a_config_that_works(
    store: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["init", "--opencart", str(store)]) == 0

    out, err = capfd.readouterr()
    (tmp_path / "config.toml").write_text(out)
    loaded = works(tmp_path / "config.toml")
    assert loaded.database.password.reveal() == PASSWORD
    assert loaded.shop.directory == store
    assert PASSWORD not in err
    assert "OpenCart 4.1.0.4 in" in err
    assert "keep its file to yourself (mode 0600)" in err


def test_only_what_differs_from_store_to_store_is_set(
    store: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    cli.run(["init", "--opencart", str(store)])

    document = tomllib.loads(capfd.readouterr().out)
    assert {name: list(section) for name, section in document.items()} == {
        "database": ["host", "port", "user", "password", "name", "prefix"],
        "shop": ["directory"],
    }


def test_a_file_is_written_for_its_owner_only(
    store: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "shop.toml"

    assert cli.run(["init", "--opencart", str(store), "--write", str(file)]) == 0

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert works(file).warnings == ()
    assert capfd.readouterr().out == ""
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["shop.toml", "store"]


def test_a_file_is_never_written_over(
    store: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "shop.toml"
    file.write_text("mine")

    assert cli.run(["init", "--opencart", str(store), "--write", str(file)]) == 78

    assert file.read_text() == "mine"
    assert "shop.toml: exists already" in capfd.readouterr().err
    assert cli.run(["init", "--opencart", str(store), "--write", str(tmp_path / "no/a.toml")]) == 78
    assert "no/a.toml: cannot be written: No such file or directory" in capfd.readouterr().err


def test_a_terminal_never_shows_the_password(store: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "sidecar", "init", "--opencart", str(store)],
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # the other side is closed
        pass
    os.close(ours)

    assert process.wait(30) == 0
    assert b"[database]" in shown
    assert b"secret" not in shown
    assert b"use --write FILE" in shown


def test_a_store_at_localhost_is_reached_by_its_socket(
    store: Path,
    mariadb: PrivateServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    config_php = store / "config.php"
    config_php.write_text(config_php.read_text().replace("'127.0.0.1'", "'localhost'"))
    monkeypatch.setattr(first_config, "SOCKETS", (tmp_path / "none", mariadb.socket))

    assert cli.run(["init", "--opencart", str(store)]) == 0
    assert tomllib.loads(capfd.readouterr().out)["database"]["socket"] == str(mariadb.socket)

    monkeypatch.setattr(first_config, "SOCKETS", (tmp_path / "none",))
    assert cli.run(["init", "--opencart", str(store)]) == 0
    assert tomllib.loads(capfd.readouterr().out)["database"]["host"] == "127.0.0.1"


def test_a_database_that_refuses_ends_with_69_and_prints_nothing(
    store: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    config_php = store / "config.php"
    config_php.write_text(config_php.read_text().replace("secret", "wrong"))

    assert cli.run(["init", "--opencart", str(store)]) == 69

    out, err = capfd.readouterr()
    assert out == ""
    assert "user 'shop' is unknown or the password wrong" in err
    assert "wrong 🦊" not in err


def test_a_folder_without_a_store_ends_with_78(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["init", "--opencart", str(tmp_path)]) == 78
    assert "is no OpenCart store" in capfd.readouterr().err


@pytest.mark.own_server_only("one without TLS")
def test_a_store_that_uses_tls_asks_for_it(store: Path, capfd: pytest.CaptureFixture[str]) -> None:
    config_php = store / "config.php"
    config_php.write_text(config_php.read_text() + "\ndefine('DB_SSL_CA', 'QUJD');\n")

    assert cli.run(["init", "--opencart", str(store)]) == 69
    assert "TLS cannot be set up" in capfd.readouterr().err
