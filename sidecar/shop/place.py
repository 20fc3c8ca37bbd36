"""Where an installation is: what tells a store from a copy of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from sidecar.config import Config
from sidecar.errors import ConfigError
from sidecar.shop.installation import read_installation

#: What calls a server by a name of its own: MySQL's, and that of a newer MariaDB.
_SERVER_IDS = ("server_uuid", "server_uid")


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where an installation is; a part that cannot be read is empty and compared with nothing.

    Attributes:
        database: The database's name.
        prefix: Of the store's tables; may be empty, and is always known.
        server: The server's own id.
        url: The store's address without its scheme, e.g. ``shop.example``.
    """

    database: str
    prefix: str
    server: str
    url: str

    def as_json(self) -> dict[str, str]:
        """The parts by name."""
        return {
            "database": self.database,
            "prefix": self.prefix,
            "server": self.server,
            "url": self.url,
        }

    def differences(self, kept: Mapping[str, object]) -> list[str]:
        """What is another here than *kept*, which `as_json` made there; a sentence each."""
        found = []
        for part, here in self.as_json().items():
            there = str(kept.get(part) or "")
            known = here and there
            # No prefix is a prefix too.
            if (known or part == "prefix") and here != there:
                found.append(f"{_CALLED[part]} is {here!r}, and was {there!r}")
        return found

    def completed(self, kept: Mapping[str, object]) -> dict[str, str]:
        """The parts by name, those that cannot be read here as they were *kept*."""
        return {part: here or str(kept.get(part) or "") for part, here in self.as_json().items()}


_CALLED = {
    "database": "the database",
    "prefix": "the prefix",
    "server": "the server's id",
    "url": "the store's address",
}


def read_place(tx: Connection, config: Config) -> Place:
    """Where the installation of *config* is now."""
    ids = {
        str(name).lower(): str(value)
        for name, value in tx.execute(
            text("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_uuid', 'server_uid')")
        )
    }
    return Place(
        database=config.database.name,
        prefix=config.database.prefix,
        server=next((ids[name] for name in _SERVER_IDS if ids.get(name)), ""),
        url=_url(config),
    )


def _url(config: Config) -> str:
    if config.shop.directory is None:
        return ""
    try:
        url = read_installation(config.shop.directory).url
    except ConfigError:
        return ""  # another account may be allowed to read it
    # A store that gets a certificate is still the same.
    return url.partition("://")[2].lower().rstrip("/")
