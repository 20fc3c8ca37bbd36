"""A store that extensions can be installed into: its folder, and its tables for them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect
from sidecar.shop.installation import Installation, read_installation
from sidecar.shop.tables import Generation, store_tables
from support.opencart_files import write_store

#: As OpenCart 4.1 makes them; 4.0 has no description, and nothing of it may be NULL.
_TABLES = """
CREATE TABLE oc_extension_install (extension_install_id INT PRIMARY KEY AUTO_INCREMENT,
    extension_id INT NOT NULL, extension_download_id INT NOT NULL, name VARCHAR(128) NOT NULL,
    {description} code VARCHAR(255) NOT NULL, version VARCHAR(255) NOT NULL,
    author VARCHAR(255) NOT NULL, link VARCHAR(255) NOT NULL, status TINYINT(1) NOT NULL,
    date_added DATETIME NOT NULL) ENGINE={engine};
CREATE TABLE oc_extension_path (extension_path_id INT PRIMARY KEY AUTO_INCREMENT,
    extension_install_id INT NOT NULL, path VARCHAR(255) NOT NULL, KEY path (path)) ENGINE={engine};
CREATE TABLE oc_extension (extension_id INT PRIMARY KEY AUTO_INCREMENT,
    extension VARCHAR(255) NOT NULL, type VARCHAR(32) NOT NULL,
    code VARCHAR(128) NOT NULL) ENGINE={engine};
CREATE TABLE oc_startup (startup_id INT PRIMARY KEY AUTO_INCREMENT, {description}
    code VARCHAR(64) NOT NULL, action TEXT NOT NULL, status TINYINT(1) NOT NULL,
    sort_order INT(3) NOT NULL) ENGINE={engine};
CREATE TABLE oc_user_group (user_group_id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64),
    permission TEXT) ENGINE={engine};
CREATE TABLE oc_user (user_id INT PRIMARY KEY AUTO_INCREMENT, user_group_id INT) ENGINE={engine};
"""

#: Of others, and as PHP writes it: rights with gaps are an object.
_ROWS = r"""
INSERT INTO oc_extension_install VALUES (1, 0, 0, 'Default', {description} 'opencart', '1.0', 'a',
    'http://www.opencart.com', 1, '2020-08-29 15:35:39');
INSERT INTO oc_extension_path VALUES (1, 1, 'opencart'), (2, 1, 'opencart/install.json'),
    (3, 1, 'sidecars'), (4, 1, 'sidecar_more/install.json');
INSERT INTO oc_extension VALUES (1, 'opencart', 'dashboard', 'activity');
INSERT INTO oc_startup (code, action, status, sort_order) VALUES ('other', 'admin/other', 1, 0);
INSERT INTO oc_setting (store_id, code, `key`, value) VALUES (0, 'config', 'config_timezone',
    'Europe/Kyiv');
INSERT INTO oc_user_group VALUES
    (1, 'Administrator', CONCAT('{{"access":["catalog\\/product","common\\/dashboard"],',
        '"modify":["catalog\\/product"]}}')),
    (2, 'Sales &amp; &quot;Service&quot;',
        '{{"access":{{"0":"sale\\/order","2":"sale\\/returns"}},"modify":[]}}'),
    (3, 'Nobody', NULL), (4, 'Broken', 'not json'), (5, 'Empty', '');
INSERT INTO oc_user VALUES (7, 1), (9, 2)
"""


@dataclass(frozen=True, slots=True)
class OpenCartFolder:
    """
    Attributes:
        store: As its own config.php says.
        engine: Of its database.
    """

    store: Installation
    engine: Engine

    @property
    def extensions(self) -> Path:
        """Where extensions are."""
        assert self.store.extensions is not None
        return self.store.extensions

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """Every row that an extension can leave, but for the keys that the database makes."""
        found = {}
        with self.engine.connect() as tx:
            for name in ("extension_install", "extension", "startup", "user_group", "setting"):
                rows = tx.exec_driver_sql(f"SELECT * FROM oc_{name}").all()
                found[name] = sorted((tuple(row[1:]) for row in rows), key=repr)
            noted = "SELECT i.code, p.path FROM oc_extension_path p"
            noted += " LEFT JOIN oc_extension_install i USING (extension_install_id)"
            found["extension_path"] = sorted(map(tuple, tx.exec_driver_sql(noted)), key=repr)
        return found

    def files(self) -> dict[str, bytes | None]:
        """Every file below the store's folder, and every folder."""
        root = self.store.directory
        return {
            str(path.relative_to(root)): path.read_bytes() if path.is_file() else None
            for path in sorted(root.rglob("*"))
        }

    def ask(self, statement: str, **values: object) -> list[tuple[object, ...]]:
        """The rows that *statement* selects, or none where it writes."""
        with self.engine.begin() as tx:
            result = tx.exec_driver_sql(statement, values or None)
            return [tuple(row) for row in result] if result.returns_rows else []


@contextlib.contextmanager
def opencart_folder(
    server: PrivateServer,
    folder: Path,
    database: str,
    version: str = "4.1.0.4",
    *,
    admin: str = "admin",
    engine: str = "InnoDB",
) -> Iterator[OpenCartFolder]:
    """A store of *version* in *folder* and *database*, which is empty and stays."""
    settings = server.settings(database, tcp=True)
    connected = connect(settings)
    generation: Generation = "4.0" if version.startswith("4.0") else "4.1"
    new = generation == "4.1"
    store_tables("oc_", generation).metadata.create_all(connected)
    with connected.begin() as tx:
        made = _TABLES.format(description="description TEXT," if new else "", engine=engine)
        rows = _ROWS.format(description="'d'," if new else "")
        for statement in (made + rows.lstrip("\n")).split(";\n"):
            tx.exec_driver_sql(statement)
    write_store(
        folder,
        version,
        admin=admin,
        password=settings.password.reveal(),
        DB_USERNAME=settings.user,
        DB_DATABASE=database,
        DB_PORT=str(settings.port),
    )
    (folder / "extension" / "opencart").mkdir(parents=True)
    (folder / "system/storage/marketplace").mkdir(parents=True)
    try:
        yield OpenCartFolder(read_installation(folder), connected)
    finally:
        connected.dispose()
