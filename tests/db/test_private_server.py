"""The private MariaDB of the demo, the bench and the tests."""

from __future__ import annotations

import contextlib
import gzip
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest
import sqlalchemy

from sidecar import clock
from sidecar.errors import FatalError
from sidecar.service import mariadb_programs
from sidecar.service.private_server import PrivateServer


def one(server: PrivateServer, query: str, **arguments: Any) -> Any:
    with contextlib.closing(server.connect(**arguments)) as connection:
        cursor = connection.cursor()
        cursor.execute(query)
        return cursor.fetchone()


def test_a_server_answers_at_once_and_leaves_nothing_behind(mariadb_template: Path) -> None:
    with PrivateServer(template=mariadb_template) as server:
        assert one(server, "SELECT 1") == (1,)
        assert one(server, "SELECT @@skip_networking") == (1,)
        assert server.port == 0

    assert not server.directory.exists()


def test_data_survives_a_stop_and_a_crash(mariadb_template: Path) -> None:
    with PrivateServer(template=mariadb_template) as server:
        server.execute("CREATE DATABASE kept", "CREATE TABLE kept.a (id INT) ENGINE=InnoDB")
        server.stop()
        server.start()
        server.kill()
        server.start()

        assert one(server, "SELECT COUNT(*) FROM kept.a") == (0,)


def test_a_kept_folder_goes_on_with_its_data(mariadb_template: Path, short_path: Path) -> None:
    place = short_path / "kept"
    with PrivateServer(template=mariadb_template, keep=place) as server:
        server.execute("CREATE DATABASE kept", "CREATE TABLE kept.a (id INT) ENGINE=InnoDB")
    with PrivateServer(template=mariadb_template, keep=place) as server:
        assert one(server, "SELECT COUNT(*) FROM kept.a") == (0,)

    assert (place / "data" / "kept").is_dir()
    with pytest.raises(FatalError, match="choose a shorter one"):
        PrivateServer(keep=place / ("long" * 30))


@pytest.fixture
def short_path() -> Iterator[Path]:
    # Not tmp_path: too long for a socket, and closed to the user that the server runs as.
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_server_ends_with_a_program_that_is_killed(mariadb_template: Path) -> None:
    program = f"""
import os, pathlib
from sidecar.service.private_server import PrivateServer
server = PrivateServer(template=pathlib.Path({str(mariadb_template)!r}))
server.start()
print(server.directory, flush=True)
os.kill(os.getpid(), 9)
"""
    killed = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=False)
    directory = Path(killed.stdout.decode().strip())

    deadline = clock.monotonic() + 20
    while (directory / "pid").exists() and clock.monotonic() < deadline:
        clock.sleep(0.02)
    assert directory.exists()
    assert not (directory / "pid").exists()
    shutil.rmtree(directory)


def test_a_binlog_and_own_options_can_be_asked_for(mariadb_template: Path) -> None:
    with PrivateServer(
        binlog=True, extra_options={"max-connections": 33}, template=mariadb_template
    ) as server:
        assert one(server, "SELECT @@log_bin, @@binlog_format, @@max_connections") == (1, "ROW", 33)


def test_nobody_gets_in_without_the_password(mariadb: PrivateServer) -> None:
    for host in ({"unix_socket": str(mariadb.socket)}, {"host": "127.0.0.1", "port": mariadb.port}):
        for user in ("root", "nobody", ""):
            with pytest.raises(pymysql.err.OperationalError, match=r"1045|1698"):
                pymysql.connect(user=user, password="", **host)


def test_the_port_lets_in_with_the_password(mariadb: PrivateServer) -> None:
    pymysql.connect(
        host=mariadb.host, port=mariadb.port, user=mariadb.user, password=mariadb.password
    ).close()


def test_sqlalchemy_finds_a_database_by_its_url(mariadb: PrivateServer, database: str) -> None:
    engine = sqlalchemy.create_engine(mariadb.url(database))
    with engine.connect() as connection:
        assert connection.scalar(sqlalchemy.text("SELECT DATABASE()")) == database
    engine.dispose()


def test_a_server_that_cannot_start_says_why_and_is_gone(mariadb_template: Path) -> None:
    server = PrivateServer(
        extra_options={"no-such-option": "1"}, template=mariadb_template, wait_s=10
    )
    with pytest.raises(FatalError, match="unknown variable 'no-such-option"), server:
        pass

    assert not server.directory.exists()


def test_missing_programs_name_the_packages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(mariadb_programs, "SERVER_DIRECTORIES", ())

    with pytest.raises(FatalError, match="apt install mariadb-server-core mariadb-client-core"):
        mariadb_programs.find_programs()


def test_a_dump_loads_plain_or_gzipped(
    mariadb: PrivateServer, database: str, tmp_path: Path
) -> None:
    (tmp_path / "a.sql").write_text("CREATE TABLE a (t TEXT); INSERT INTO a VALUES ('žluť 🦊');")
    (tmp_path / "b.sql.gz").write_bytes(gzip.compress(b"CREATE TABLE b (id INT);"))

    mariadb.load(database, tmp_path / "a.sql")
    mariadb.load(database, tmp_path / "b.sql.gz")

    assert one(mariadb, "SELECT t FROM a", database=database) == ("žluť 🦊",)
    assert one(mariadb, "SELECT COUNT(*) FROM b", database=database) == (0,)


def test_a_dump_that_fails_says_which_statement(
    mariadb: PrivateServer, database: str, tmp_path: Path
) -> None:
    dump = tmp_path / "broken.sql"
    dump.write_text("SELECT 1;\nINSERT INTO missing VALUES (1);\n" + "SELECT 2;\n" * 100_000)

    with pytest.raises(FatalError, match=r"(?s)broken\.sql: .*ERROR 1146 .* at line 2"):
        mariadb.load(database, dump)


def test_a_fresh_database_is_empty(mariadb: PrivateServer, database: str) -> None:
    with contextlib.closing(mariadb.connect(database)) as connection:
        assert connection.cursor().execute("SHOW TABLES") == 0


@pytest.mark.parametrize("version", ["3.0.5.1", "4.0.2.3", "4.1.0.4"])
def test_a_real_store_loads_once_and_clones_are_separate(
    mariadb: PrivateServer,
    load_store: Callable[[str], str],
    clone_store: Callable[[str], str],
    version: str,
) -> None:
    store, copy = load_store(version), clone_store(version)
    mariadb.execute(f"DELETE FROM `{copy}`.oc_customer LIMIT 1")

    assert load_store(version) == store
    assert one(mariadb, "SELECT COUNT(*) FROM oc_customer", database=store) == (64,)
    assert one(mariadb, "SELECT COUNT(*) FROM oc_customer", database=copy) == (63,)
    assert one(mariadb, "SELECT COUNT(*) FROM oc_order", database=copy) == (864,)
