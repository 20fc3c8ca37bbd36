"""A store with what only the doctor reads, and what the doctor says of it."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from sidecar import clock
from sidecar.config import Config, Database, Privacy, Rules
from sidecar.service.bridge import contents
from sidecar.service.bridge.install import STARTUPS
from sidecar.service.doctor.examine import examine
from sidecar.service.doctor.finding import Finding
from sidecar.service.private_server import PrivateServer
from sidecar.shop import migrate
from sidecar.shop.database import connect
from sidecar.shop.tables import Generation, store_tables
from support import small_store
from support.given import Given
from support.small_store import NOW

#: As OpenCart 4.1 makes them, as far as the doctor reads them.
_TABLES = """
CREATE TABLE oc_currency (currency_id INT PRIMARY KEY AUTO_INCREMENT, code VARCHAR(3),
    value DOUBLE(15,8), status TINYINT(1) DEFAULT 0, date_modified DATETIME);
CREATE TABLE oc_cron (cron_id INT PRIMARY KEY AUTO_INCREMENT, code VARCHAR(128),
    status TINYINT(1) DEFAULT 0);
CREATE TABLE oc_gdpr (gdpr_id INT PRIMARY KEY AUTO_INCREMENT, email VARCHAR(96),
    action VARCHAR(6), status TINYINT(1) DEFAULT 0);
CREATE TABLE oc_extension (extension_id INT PRIMARY KEY AUTO_INCREMENT, extension VARCHAR(255),
    type VARCHAR(32), code VARCHAR(128));
CREATE TABLE oc_extension_install (extension_install_id INT PRIMARY KEY AUTO_INCREMENT,
    code VARCHAR(255), version VARCHAR(255), status TINYINT(1) DEFAULT 0);
CREATE TABLE oc_extension_path (extension_path_id INT PRIMARY KEY AUTO_INCREMENT,
    extension_install_id INT, path VARCHAR(255));
CREATE TABLE oc_startup (startup_id INT PRIMARY KEY AUTO_INCREMENT, code VARCHAR(64),
    action TEXT, status TINYINT(1) DEFAULT 0);
CREATE TABLE oc_user_group (user_group_id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64),
    permission TEXT);
ALTER TABLE oc_order ADD COLUMN currency_code VARCHAR(3),
    ADD COLUMN currency_value DECIMAL(15,8) DEFAULT 1
"""

#: A store of which there is nothing to say.
_WELL = """
INSERT INTO oc_currency (code, value, status, date_modified)
    VALUES ('USD', 1, 1, UTC_TIMESTAMP()), ('EUR', 0.9, 1, UTC_TIMESTAMP());
INSERT INTO oc_cron (code, status) VALUES ('currency', 1), ('gdpr', 1);
INSERT INTO oc_user_group (name, permission) VALUES ('Administrator',
    '{"access":["extension\\\\/sidecar\\\\/page\\\\/customers"],"modify":[]}')
"""

SETTINGS = {
    "config_currency": "USD",
    "config_currency_auto": "1",
    "config_login_attempts": "5",
    "config_password_length": "12",
    "config_timezone": "UTC",
}


class DoctorStore:
    """
    A store that a test breaks, and the doctor on it.

    Attributes:
        given: Writes its rows.
        config: The settings.
    """

    def __init__(self, given: Given, config: Config) -> None:
        self.given = given
        self.config = config

    def found(
        self,
        now: Callable[[], datetime.datetime] = clock.now,
        *,
        as_: Database | None = None,
        **sections: object,
    ) -> list[Finding]:
        """What the doctor finds, with other settings or *as_* another account."""
        self.given.connection.commit()
        config = msgspec.structs.replace(
            self.config, database=as_ or self.config.database, **sections
        )
        return examine(config, now)

    def states(self, **arguments: object) -> Mapping[str, set[str]]:
        """The states of each check."""
        found: dict[str, set[str]] = {}
        for finding in self.found(**arguments):  # type: ignore[arg-type]
            found.setdefault(finding.check, set()).add(finding.state)
        return found

    def one(self, check: str, **arguments: object) -> Finding:
        """The finding of *check*, which there is one of."""
        found = self.found(**arguments)  # type: ignore[arg-type]
        (finding,) = (finding for finding in found if finding.check == check)
        return finding

    def set(self, key: str, value: str) -> None:
        """Change a setting of the store."""
        self.given.update("setting", {"key": key}, value=value)


@contextlib.contextmanager
def made(server: PrivateServer, name: str, generation: Generation = "4.1") -> Iterator[Database]:
    """A database with a store and our own tables and indexes, dropped after it."""
    server.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
    settings = server.settings(name)
    engine = connect(settings)
    try:
        store_tables("oc_", generation).metadata.create_all(engine)
        with engine.begin() as tx:
            for statement in _TABLES.split(";\n"):
                tx.exec_driver_sql(statement)
        migrate.migrate(engine, "oc_")
        yield settings
    finally:
        engine.dispose()
        server.execute(f"DROP DATABASE `{name}`")


@contextlib.contextmanager
def opened(server: PrivateServer, database: Database, folder: Path) -> Iterator[DoctorStore]:
    """The store of *database* with the rows of one of which there is nothing to say."""
    with (
        contextlib.closing(server.connect(database.name)) as connection,
        _emptied(server.settings(database.name)),
    ):
        given = Given(connection, NOW)
        given.basics()
        for statement in _WELL.split(";\n"):
            given.execute(statement)
        _bridge(given)
        for key, value in SETTINGS.items():
            given.delete("setting", key=key)
            given.setting(key, value)
        (folder / "rules.d").mkdir(exist_ok=True)
        file = folder / "config.toml"
        file.touch(0o600)
        rules = Rules(directory=folder / "rules.d", builtins=False)
        privacy = Privacy(key_file=folder / "key", journal=folder / "erasures.jsonl")
        settings = Config(file=file, database=database, rules=rules, privacy=privacy)
        yield DoctorStore(given, settings)


def _bridge(given: Given) -> None:
    """Our extension in the store, whole."""
    version = contents.manifest().version
    paths = ", ".join(f"(1, '{path}')" for path in contents.paths())
    actions = ", ".join(f"('sidecar', '{action}', 1)" for action in STARTUPS)
    given.execute(
        "INSERT INTO oc_extension_install (extension_install_id, code, version, status)"
        f" VALUES (1, 'sidecar', '{version}', 1)"
    )
    given.execute(f"INSERT INTO oc_extension_path (extension_install_id, path) VALUES {paths}")
    given.execute(
        "INSERT INTO oc_extension (extension, type, code) VALUES ('sidecar', 'other', 'sidecar')"
    )
    given.execute(f"INSERT INTO oc_startup (code, action, status) VALUES {actions}")


@contextlib.contextmanager
def _emptied(database: Database) -> Iterator[None]:
    engine = connect(database)
    try:
        yield
    finally:
        small_store.empty(engine, "oc_")
        engine.dispose()
