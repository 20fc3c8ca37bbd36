"""
The bridge installed into a store, and taken out of it: files first, what runs them last.

Each step is committed by itself and can be done again, so whoever is killed in between is
mended by being called again, and at no time does the store run what is not there. What OpenCart's
own installer and its page of extensions leave is the same, and either can undo the other.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, Engine

from sidecar.errors import ConfigError, UsageError
from sidecar.service.bridge import contents, folder
from sidecar.service.bridge.package import package
from sidecar.shop import extension_rows, user_rights
from sidecar.shop.database import transaction
from sidecar.shop.installation import Installation
from sidecar.shop.settings import read_settings
from sidecar.shop.tables import store_tables
from sidecar.shop.versions import detect

#: The versions that the bridge is tried with.
SUPPORTED = ("4.0.2.", "4.1.")

#: As what the store has the bridge in use.
KINDS = ("other", "dashboard")

#: Where the dashboard shows it, until somebody sets it otherwise; and that it is in use.
SETTINGS = {
    "dashboard_sidecar": {
        "dashboard_sidecar_status": "1",
        "dashboard_sidecar_width": "12",
        "dashboard_sidecar_sort_order": "0",
    },
    "other_sidecar": {"other_sidecar_status": "1"},
}

#: What runs at each request of the admin and of the storefront.
STARTUPS = (
    f"admin/extension/{contents.CODE}/startup/{contents.CODE}",
    f"catalog/extension/{contents.CODE}/startup/{contents.CODE}",
)

_TITLE = "OpenCart Sidecar"
_ROUTES = f"extension/{contents.CODE}/"


@dataclass(frozen=True, slots=True)
class Bridged:
    """
    What was done.

    Attributes:
        version: That is installed now.
        before: That was installed; empty: none.
        has_new_files: Whether any file was written.
        given: Names of the groups of users that were given rights.
    """

    version: str
    before: str
    has_new_files: bool
    given: tuple[str, ...]


def require_supported(version: str) -> None:
    """
    Refuse an OpenCart that the bridge does not know.

    Raises:
        ConfigError: It is too old or too new.
    """
    if version.startswith(SUPPORTED):
        return
    raise ConfigError(
        "bridge",
        f"does not work with OpenCart {version}, only with 4.0.2 and 4.1",
        "everything else of the sidecar works without it",
    )


def install(
    store: Installation,
    engine: Engine,
    prefix: str,
    now: datetime.datetime,
    *,
    group: str = "",
    told: Callable[[str], None] = lambda _step: None,
) -> Bridged:
    """
    Install the bridge, bring it to this version, or mend it.

    Args:
        store: Where.
        engine: Of an account that may write the store's own tables, as the store's may.
        now: Aware.
        group: Of the users who get all rights; by default, at the first time, the group of
            the store's first user, and later only the rights to what is new go to those who
            have the bridge in hand.
        told: Called before each step with what it does.

    Raises:
        ConfigError: The store's version or folder.
        UsageError: There is no such group.
        DatabaseError: As of `transaction`.
    """
    require_supported(store.version)
    manifest, code = contents.manifest(), contents.CODE
    with transaction(engine) as tx:
        zone = _zone(tx, store.database.name, prefix)
        before = extension_rows.installed(tx, prefix, code)
        to_give = _rights_to_give(tx, prefix, group)
    extensions = folder.extensions_of(store)
    told(f"files: {extensions / code}")
    has_new_files = folder.put(extensions, contents.files())
    told("package")
    folder.put_package(store, package())
    told("row of the extension")
    said = {str(key): str(value) for key, value in msgspec.structs.asdict(manifest).items()}
    with transaction(engine) as tx:
        at = now.astimezone(zone).replace(tzinfo=None, microsecond=0)
        install_id = extension_rows.put_installed(tx, prefix, code, said, at)
    told("rights")
    for group_id, routes in to_give.routes.items():
        user_rights.give(engine, prefix, [group_id], routes)
    told("rows of the files")
    with transaction(engine) as tx:
        extension_rows.put_paths(tx, prefix, code, install_id, contents.paths())
    told("rows of what it is used as")
    with transaction(engine) as tx:
        extension_rows.put_kinds(tx, prefix, code, KINDS)
    told("settings")
    with transaction(engine) as tx:
        for setting, values in SETTINGS.items():
            extension_rows.put_settings(tx, prefix, setting, values)
    told("what runs at each request")
    with transaction(engine) as tx:
        extension_rows.put_startups(tx, prefix, code, _TITLE, STARTUPS)
    return Bridged(manifest.version, before.version if before else "", has_new_files, to_give.names)


def uninstall(
    store: Installation,
    engine: Engine,
    prefix: str,
    told: Callable[[str], None] = lambda _step: None,
) -> bool:
    """
    Take the bridge out of the store; our own tables stay.

    Args:
        told: As of `install`.

    Returns:
        Whether there was anything of it.

    Raises:
        ConfigError: The store has no extensions, or its folder cannot be written.
        DatabaseError: As of `transaction`.
    """
    code = contents.CODE
    extensions = folder.extensions_of(store)
    steps: tuple[tuple[str, Callable[[Connection], int]], ...] = (
        ("what runs at each request", lambda tx: extension_rows.remove_startups(tx, prefix, code)),
        ("rows of what it is used as", lambda tx: extension_rows.remove_kinds(tx, prefix, code)),
        ("settings", lambda tx: extension_rows.remove_settings(tx, prefix, list(SETTINGS))),
    )
    found = 0
    for step, remove in steps:
        told(step)
        with transaction(engine) as tx:
            found += remove(tx)
    told("rights")
    found += len(user_rights.take(engine, prefix, _ROUTES))
    told("rows of the files")
    with transaction(engine) as tx:
        found += extension_rows.remove_paths(tx, prefix, code)
    told("row of the extension")
    with transaction(engine) as tx:
        found += extension_rows.remove_installed(tx, prefix, code)
    told("package")
    found += folder.remove_package(store)
    told(f"files: {extensions / code}")
    found += folder.remove(extensions)
    return bool(found)


@dataclass(frozen=True, slots=True)
class _Giving:
    """
    Attributes:
        routes: What each group is given, by ``user_group_id``.
        names: Of those groups.
    """

    routes: dict[int, list[str]]
    names: tuple[str, ...]


def _rights_to_give(tx: Connection, prefix: str, group: str) -> _Giving:
    """
    Who gets which rights.

    What a person took away stays away: after the first time only routes are given that the
    store's rows of our files do not know.
    """
    if group:
        chosen = user_rights.named(tx, prefix, group)
        return _Giving({chosen.group_id: list(contents.ROUTES)}, (chosen.name,))
    groups = user_rights.groups(tx, prefix)
    have_some = [
        found for found in groups if any(r.startswith(_ROUTES) for r in found.routes("access"))
    ]
    if not have_some:
        first = user_rights.of_first_user(tx, prefix)
        if first is None:
            raise UsageError("the store's first user is in no group: name one with --group")
        return _Giving({first.group_id: list(contents.ROUTES)}, (first.name,))
    noted = extension_rows.paths(tx, prefix, contents.CODE).values()
    known = {contents.route_of(path) for _, path in noted}
    given_before = {route for found in have_some for route in found.routes("access")}
    new = [route for route in contents.ROUTES if route not in known | given_before]
    keepers = [found for found in groups if contents.KEEPER in found.routes("modify")]
    if not new:
        return _Giving({}, ())
    return _Giving({found.group_id: new for found in keepers}, tuple(k.name for k in keepers))


def _zone(tx: Connection, database: str, prefix: str) -> ZoneInfo:
    tables = store_tables(prefix, detect(tx, database, prefix).generation)
    return read_settings(tx, tables).zone
