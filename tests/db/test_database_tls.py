"""Encrypted connections: when, and with whom."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import select, text

from sidecar.config import Config, Database
from sidecar.errors import ConfigError, DatabaseRefusedError
from sidecar.model import Scope
from sidecar.service.demo_store import create_store
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect, transaction
from sidecar.shop.shop import open_shop
from support import in_memory
from support.certificates import certificate
from support.database import changed, engine_for, failure


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where the server, which is another user, can read its certificate."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def tls_server(mariadb_template: Path, folder: Path) -> Iterator[PrivateServer]:
    file = str(certificate(folder / "server.pem"))
    options: dict[str, str | int] = {"ssl": 1, "ssl-cert": file, "ssl-key": file}
    with PrivateServer(
        tcp=True, extra_options=options, template=mariadb_template, parent=in_memory.place()
    ) as server:
        server.execute("CREATE DATABASE shop")
        yield server


def cipher(settings: Database) -> str:
    with engine_for(settings) as engine, transaction(engine) as tx:
        return str(tx.execute(text("SHOW STATUS LIKE 'Ssl_cipher'")).one()[1])


def test_tls_is_used_when_required(tls_server: PrivateServer) -> None:
    settings = tls_server.settings("shop", tcp=True)

    assert cipher(changed(settings, tls="required"))
    assert not cipher(changed(settings, tls="off"))
    assert not cipher(changed(settings, tls="auto"))


@pytest.mark.own_server_only("one without TLS")
def test_tls_that_is_required_but_not_offered_is_refused(
    mariadb: PrivateServer, database: str
) -> None:
    error = failure(changed(mariadb.settings(database, tcp=True), tls="required"))

    assert isinstance(error, DatabaseRefusedError)
    assert "TLS cannot be set up" in str(error)


def test_a_certificate_that_the_authority_did_not_sign_is_refused(
    tls_server: PrivateServer, folder: Path
) -> None:
    settings = changed(tls_server.settings("shop", tcp=True), tls="required")
    foreign = certificate(folder / "foreign.pem")

    assert cipher(changed(settings, tls_ca=folder / "server.pem"))
    error = failure(changed(settings, tls_ca=foreign))
    assert isinstance(error, DatabaseRefusedError)
    assert "TLS cannot be set up" in str(error)


def test_a_certificate_file_that_is_none_names_its_setting(
    mariadb: PrivateServer, tmp_path: Path
) -> None:
    settings = mariadb.settings("shop")
    (tmp_path / "x.pem").write_text("no certificate")
    for values in ({"tls_ca": tmp_path / "none.pem"}, {"tls_ca": tmp_path / "x.pem"}):
        with pytest.raises(ConfigError, match=r"database\.tls_ca: cannot be used"):
            connect(changed(settings, tls="required", **values))
    with pytest.raises(ConfigError, match=r"database\.tls_cert: cannot be used"):
        connect(
            changed(
                settings, tls="required", tls_cert=tmp_path / "x.pem", tls_key=tmp_path / "x.pem"
            )
        )


def test_a_server_that_wants_only_tls_says_which_setting(tls_server: PrivateServer) -> None:
    tls_server.execute("SET GLOBAL require_secure_transport = 1")
    error = failure(tls_server.settings("shop", tcp=True))
    tls_server.execute("SET GLOBAL require_secure_transport = 0")

    assert isinstance(error, DatabaseRefusedError)
    # MariaDB tells them apart only from 11.4 on.
    assert re.search(r"database\.(user, password and )?tls", str(error))


def reads_in_bulk(settings: Database) -> bool:
    """Whether connectorx reads the store behind *settings*, or PyMySQL has to."""
    with engine_for(settings) as engine, transaction(engine) as tx:
        shop = open_shop(engine, Config(database=settings, file=Path()))
        group = shop.tables.customer_group.c.customer_group_id
        found = shop.read(
            tx, Scope.span(1, 9), select(group).order_by(group), {group.name: pl.Int64()}
        )
        assert found[group.name].to_list() == [1, 2, 3]
    return shop.bulk is not None


def test_connectorx_reads_encrypted_where_pymysql_does_and_only_there(
    tls_server: PrivateServer, mariadb: PrivateServer, database: str, folder: Path
) -> None:
    ca = folder / "ca.pem"
    signed = (folder / "server.pem").read_text()
    ca.write_text(signed[signed.index("-----BEGIN CERTIFICATE") :])
    offers = tls_server.settings("shop", tcp=True)
    offers_none = mariadb.settings(database, tcp=True)
    for settings in (offers, offers_none):
        with engine_for(settings) as engine:
            create_store(engine, "oc_")

    assert reads_in_bulk(offers_none)
    assert reads_in_bulk(offers)
    tls_server.execute("SET GLOBAL require_secure_transport = 1")
    assert reads_in_bulk(changed(offers, tls="required"))
    assert reads_in_bulk(changed(offers, tls="required", tls_ca=ca))
    tls_server.execute("SET GLOBAL require_secure_transport = 0")
