"""The installed store that the pages are tried on: its rows and files, and as they were before."""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pymysql
import pymysql.cursors

from sidecar.config import Database
from sidecar.shop.installation import Installation, read_installation

#: Written by OpenCart itself whenever somebody looks at a page, or by its cron.
RESTLESS = frozenset(
    {
        "api_session",
        "cart",
        "cron",
        "customer_activity",
        "customer_ip",
        "customer_login",
        "customer_online",
        "session",
        "statistics",
        "user_authorize",
        "user_login",
        "user_token",
    }
)

#: Folders below the storage, and of the shop, that OpenCart fills as it goes.
_PASSING = frozenset({"cache", "logs", "session", "backup", "upload", "download"})

#: What OpenCart notes of a person at each login.
_OF_LOGIN = frozenset({"ip", "code", "date_modified", "date_login", "token"})

Rows = Mapping[str, frozenset[str]]


class Store:
    """
    A store that OpenCart's installer made, on this machine.

    Attributes:
        installation: What its files say of it.
        url: Of the storefront, with a slash at the end.
        admin_url: Of the admin, with a slash at the end.
        database: Its account and database, as the store itself uses them.
    """

    def __init__(self, root: Path, url: str | None) -> None:
        found = read_installation(root)
        assert found.admin_directory is not None, f"{root} has no admin"
        assert found.storage is not None, f"{root}/config.php names no storage"
        self.installation: Installation = found
        self.url = (url or found.url).rstrip("/") + "/"
        self.admin_directory = found.admin_directory
        self.admin_url = f"{self.url}{found.admin_directory.name}/" if url else found.admin_url
        self.storage = found.storage
        place = found.database
        self.database = Database(
            host=place.hostname,
            port=place.port,
            user=place.user,
            password=place.password,
            name=place.name,
            prefix=place.prefix,
        )
        self.connection = pymysql.connect(
            host=place.hostname,
            port=place.port,
            user=place.user,
            password=place.password.reveal(),
            database=place.name,
            charset="utf8mb4",
            autocommit=True,
        )

    @property
    def version(self) -> str:
        """OpenCart's, e.g. ``4.1.0.4``."""
        return self.installation.version

    # -- rows ------------------------------------------------------------------------------

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """What *sql* selects; ``{customer}`` is the table of that name with the prefix."""
        sql = re.sub(r"\{(\w+)\}", rf"`{self.database.prefix}\1`", sql)
        self.connection.ping()
        with self.connection.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute("SET SESSION sql_mode = ''")
            cursor.execute(sql, values)
            return list(cursor.fetchall())

    def value(self, sql: str, *values: object) -> Any:
        """The first column of the first row; None when there is none."""
        rows = self.rows(sql, *values)
        return next(iter(rows[0].values())) if rows else None

    def tables(self, *, own: bool = False) -> list[str]:
        """The store's tables, without the prefix; *own*: ours with them."""
        names = [str(next(iter(row.values()))) for row in self.rows("SHOW TABLES")]
        prefix = self.database.prefix
        bare = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
        return [name for name in bare if own or not name.startswith("sidecar_")]

    def snapshot(self, *, without: Iterable[str] = ()) -> Rows:
        """
        The rows of each table of the store, and how it is made, as text.

        Left out are tables that change whenever somebody looks, and when users logged in.
        """
        found: dict[str, frozenset[str]] = {}
        for table in self.tables():
            if table in RESTLESS or table in without:
                continue
            rows = self.rows(f"SELECT * FROM {{{table}}}")
            if table == "user":
                rows = [{k: v for k, v in row.items() if k not in _OF_LOGIN} for row in rows]
            made = self.rows(f"SHOW CREATE TABLE {{{table}}}")[0]["Create Table"]
            made = re.sub(r" AUTO_INCREMENT=\d+", "", made)
            found[table] = frozenset([made, *(repr(sorted(row.items())) for row in rows)])
        return found

    # -- files -----------------------------------------------------------------------------

    @property
    def _vendors(self) -> Path:
        # OpenCart 4.0 writes it anew whenever an extension comes or goes, in an order of its own.
        return self.installation.directory / "system" / "vendor.php"

    def files(self) -> dict[str, str]:
        """The checksum of each file of shop and storage, but of what OpenCart fills as it goes."""
        found: dict[str, str] = {}
        for place in (self.installation.directory, self.storage):
            for path in sorted(place.rglob("*")):
                inside = path.relative_to(place)
                if path.is_file() and path != self._vendors and not _passing(inside):
                    found[f"{place}/{inside}"] = hashlib.sha1(path.read_bytes()).hexdigest()
        return found

    def log(self) -> Path:
        """OpenCart's own log of errors."""
        name = self.value("SELECT `value` FROM {setting} WHERE `key` = 'config_error_filename'")
        return self.storage / "logs" / str(name or "error.log")

    # -- as it was before ------------------------------------------------------------------

    def back_up(self, folder: Path) -> None:
        """Keep the whole database, and the file that OpenCart itself writes anew."""
        program = shutil.which("mariadb-dump") or shutil.which("mysqldump")
        assert program is not None, "mariadb-dump is not installed (apt install mariadb-client)"
        if self._vendors.exists():
            shutil.copy2(self._vendors, folder / "vendor.php")
        with (folder / "before.sql").open("wb") as out:
            subprocess.run(
                [program, self._account(folder), "--skip-lock-tables", self.database.name],
                stdout=out,
                check=True,
            )

    def restore(self, folder: Path) -> None:
        """Bring the database back as `back_up` kept it; our tables are dropped."""
        program = shutil.which("mariadb") or shutil.which("mysql")
        assert program is not None, "mariadb is not installed (apt install mariadb-client)"
        if (folder / "vendor.php").exists():
            shutil.copy2(folder / "vendor.php", self._vendors)
        self.rows("SET foreign_key_checks = 0")
        for name in self.tables(own=True):
            if name.startswith("sidecar_"):
                self.rows(f"DROP TABLE {{{name}}}")
        with (folder / "before.sql").open("rb") as dump:
            subprocess.run(
                [
                    program,
                    self._account(folder),
                    "--default-character-set=utf8mb4",
                    "--init-command=SET sql_mode='NO_AUTO_VALUE_ON_ZERO'",
                    self.database.name,
                ],
                stdin=dump,
                check=True,
            )

    def _account(self, folder: Path) -> str:
        file = folder / "client.cnf"
        place = self.database
        password = place.password.reveal().replace("\\", "\\\\").replace('"', '\\"')
        file.touch(mode=0o600)
        file.write_text(
            f'[client]\nhost="{place.host}"\nport={place.port}\nuser="{place.user}"\n'
            f'password="{password}"\n',
            "utf-8",
        )
        return f"--defaults-file={file}"


def _passing(path: Path) -> bool:
    parts = path.parts
    inner = parts[parts.index("storage") + 1 :] if "storage" in parts else parts
    with contextlib.suppress(IndexError):
        return inner[0] in _PASSING or parts[:2] == ("image", "cache")
    return False


def differing(before: Rows, after: Rows) -> dict[str, list[str]]:
    """The rows that only one of the two has, by table, marked ``-`` and ``+``."""
    found: dict[str, list[str]] = {}
    for table in sorted(before.keys() | after.keys()):
        was, is_now = before.get(table, frozenset()), after.get(table, frozenset())
        if was != is_now:
            found[table] = [f"- {row}" for row in sorted(was - is_now)]
            found[table] += [f"+ {row}" for row in sorted(is_now - was)]
    return found
