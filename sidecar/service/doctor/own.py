"""Our own tables: whether this program can use them, and whether they belong here."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.errors import SchemaError
from sidecar.service.doctor.case import StoreCase
from sidecar.service.doctor.connection import hint_of
from sidecar.service.doctor.finding import Finding
from sidecar.service.upkeep import Upkeep
from sidecar.shop import migrate
from sidecar.sync.identity import WAY_OUT


def check_own_tables(case: StoreCase) -> Iterator[Finding]:
    """Whether our tables are those of this program."""
    try:
        migrate.require_current(case.engine, case.prefix)
    except SchemaError as error:
        what, hint = hint_of(error)
        yield Finding("own.version", "error", what, "nothing is looked at", hint)
        return
    version = migrate.version(case.engine, case.prefix) or 0
    newest = max(migration.version for migration in migrate.migrations())
    if version > newest:
        yield Finding(
            "own.version",
            "note",
            f"our tables are at version {version}, made by a newer program, and serve this one too",
            "what the newer program added is not used",
            "install the newer version again, when it can be",
        )
    else:
        yield Finding("own.version", "ok", f"our tables are at version {version}")
    if elsewhere := Upkeep(case.config, case.shop).elsewhere():
        yield Finding("own.place", "error", elsewhere, "nothing is written here", WAY_OUT)
    else:
        yield Finding("own.place", "ok", "our tables were made for this store")
