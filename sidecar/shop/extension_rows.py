"""
The rows by which OpenCart 4 knows an extension, as its own installer writes them.

Each function can be called again, and then finds nothing to do.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import (
    Connection,
    TableClause,
    column,
    delete,
    insert,
    inspect,
    select,
    table,
    update,
)

#: Of rows of `startup`: in which order they run, and that they do.
_ORDER, _ON = 0, 1


@dataclass(frozen=True, slots=True)
class Installed:
    """
    A row of `extension_install`.

    Attributes:
        install_id: Its key.
        version: As the package said.
        is_on: Whether its files are in place, as the store's own pages show it.
    """

    install_id: int
    version: str
    is_on: bool


def installed(tx: Connection, prefix: str, code: str) -> Installed | None:
    """The extension *code*; None: the store knows none."""
    install = _install(prefix)
    columns = install.c.extension_install_id, install.c.version, install.c.status
    query = select(*columns).where(install.c.code == code).order_by(columns[0])
    row = tx.execute(query).first()
    return row and Installed(int(row[0]), str(row[1] or ""), bool(row[2]))


def put_installed(
    tx: Connection, prefix: str, code: str, said: Mapping[str, str], at: datetime.datetime
) -> int:
    """
    Let the store know the extension *code*; returns ``extension_install_id``.

    Args:
        said: By column, what its package says: name, version, author, link, and description,
            for which OpenCart 4.0 has no column.
        at: In the store's zone, without an offset.
    """
    install = _install(prefix)
    has_description = _has_description(tx, f"{prefix}extension_install")
    values: dict[str, object] = {
        name: text for name, text in said.items() if name != "description" or has_description
    }
    found = installed(tx, prefix, code)
    if found is None:
        new = {"extension_id": 0, "extension_download_id": 0, "code": code, "date_added": at}
        tx.execute(insert(install).values({**values, **new, "status": 1}))
        made = installed(tx, prefix, code)
        assert made is not None  # noqa: S101 - just written
        return made.install_id
    row = update(install).where(install.c.extension_install_id == found.install_id)
    tx.execute(row.values({**values, "status": 1}))
    return found.install_id


def remove_installed(tx: Connection, prefix: str, code: str) -> int:
    """Let the store forget the extension *code*; returns the number of rows."""
    install = _install(prefix)
    ids = list(tx.scalars(select(install.c.extension_install_id).where(install.c.code == code)))
    return _delete(tx, install, "extension_install_id", ids)


def paths(tx: Connection, prefix: str, code: str) -> dict[int, tuple[int, str]]:
    """The folders and files noted of *code* by key: ``extension_install_id`` and path."""
    path = _path(prefix)
    query = select(path.c.extension_path_id, path.c.extension_install_id, path.c.path)
    of_code = (path.c.path == code) | path.c.path.startswith(f"{code}/", autoescape=True)
    rows = tx.execute(query.where(of_code).order_by(path.c.extension_path_id))
    return {int(key): (int(install_id or 0), str(text)) for key, install_id, text in rows}


def put_paths(
    tx: Connection, prefix: str, code: str, install_id: int, wanted: Collection[str]
) -> None:
    """Let just the *wanted* folders and files of *code* be noted; without them 4.0 forgets it."""
    path = _path(prefix)
    kept: set[str] = set()
    wrong = []
    for key, (of, text) in paths(tx, prefix, code).items():
        if of == install_id and text in wanted and text not in kept:
            kept.add(text)
        else:
            wrong.append(key)
    _delete(tx, path, "extension_path_id", wrong)
    new = [{"extension_install_id": install_id, "path": p} for p in wanted if p not in kept]
    if new:
        tx.execute(insert(path).values(new))


def remove_paths(tx: Connection, prefix: str, code: str) -> int:
    """Note nothing of *code*; returns the number of rows."""
    return _delete(tx, _path(prefix), "extension_path_id", list(paths(tx, prefix, code)))


def kinds(tx: Connection, prefix: str, code: str) -> dict[int, str]:
    """As what the extension *code* is in use, e.g. ``dashboard``, by key."""
    extension = _extension(prefix)
    query = select(extension.c.extension_id, extension.c.type)
    rows = tx.execute(query.where(extension.c.extension == code).order_by(extension.c.extension_id))
    return {int(key): str(kind) for key, kind in rows}


def put_kinds(tx: Connection, prefix: str, code: str, wanted: Iterable[str]) -> None:
    """Let the extension *code* be in use as each of *wanted*."""
    there = set(kinds(tx, prefix, code).values())
    new = [{"extension": code, "type": k, "code": code} for k in wanted if k not in there]
    if new:
        tx.execute(insert(_extension(prefix)).values(new))


def remove_kinds(tx: Connection, prefix: str, code: str) -> int:
    """Let the extension *code* be in use as nothing; returns the number of rows."""
    return _delete(tx, _extension(prefix), "extension_id", list(kinds(tx, prefix, code)))


def put_settings(tx: Connection, prefix: str, code: str, values: Mapping[str, str]) -> None:
    """Add those of the *values* of the settings *code* that are not set; the main store's."""
    setting = _setting(prefix)
    query = select(setting.c.key).where(setting.c.code == code, setting.c.store_id == 0)
    there = set(tx.scalars(query))
    new = [
        {"store_id": 0, "code": code, "key": key, "value": value, "serialized": 0}
        for key, value in values.items()
        if key not in there
    ]
    if new:
        tx.execute(insert(setting).values(new))


def remove_settings(tx: Connection, prefix: str, codes: Collection[str]) -> int:
    """Remove all settings of *codes*; returns the number of rows."""
    setting = _setting(prefix)
    ids = list(tx.scalars(select(setting.c.setting_id).where(setting.c.code.in_(codes))))
    return _delete(tx, setting, "setting_id", ids)


def startups(tx: Connection, prefix: str, code: str) -> dict[int, tuple[str, bool]]:
    """What of *code* runs at each request, by key: the action, and whether it is on."""
    startup = _startup(prefix)
    query = select(startup.c.startup_id, startup.c.action, startup.c.status)
    rows = tx.execute(query.where(startup.c.code == code).order_by(startup.c.startup_id))
    return {int(key): (str(action), bool(status)) for key, action, status in rows}


def put_startups(
    tx: Connection, prefix: str, code: str, description: str, actions: Collection[str]
) -> None:
    """Let each of *actions* run at each request, once, and nothing else of *code*."""
    startup = _startup(prefix)
    there = startups(tx, prefix, code)
    kept: set[str] = set()
    wrong = []
    for key, (action, is_on) in there.items():
        if is_on and action in actions and action not in kept:
            kept.add(action)
        else:
            wrong.append(key)
    _delete(tx, startup, "startup_id", wrong)
    more = {"description": description} if _has_description(tx, f"{prefix}startup") else {}
    new = [
        {"code": code, "action": action, "status": _ON, "sort_order": _ORDER, **more}
        for action in actions
        if action not in kept
    ]
    if new:
        tx.execute(insert(startup).values(new))


def remove_startups(tx: Connection, prefix: str, code: str) -> int:
    """Let nothing of *code* run at requests; returns the number of rows."""
    return _delete(tx, _startup(prefix), "startup_id", list(startups(tx, prefix, code)))


def _delete(tx: Connection, of: TableClause, key: str, ids: Collection[int]) -> int:
    if ids:
        tx.execute(delete(of).where(of.c[key].in_(ids)))
    return len(ids)


def _has_description(tx: Connection, name: str) -> bool:
    # OpenCart 4.0 has none.
    return any(found["name"] == "description" for found in inspect(tx).get_columns(name))


def _install(prefix: str) -> TableClause:
    names = (
        *("extension_install_id", "extension_id", "extension_download_id", "name", "description"),
        *("code", "version", "author", "link", "status", "date_added"),
    )
    return table(f"{prefix}extension_install", *map(column, names))


def _path(prefix: str) -> TableClause:
    names = ("extension_path_id", "extension_install_id", "path")
    return table(f"{prefix}extension_path", *map(column, names))


def _extension(prefix: str) -> TableClause:
    names = ("extension_id", "extension", "type", "code")
    return table(f"{prefix}extension", *map(column, names))


def _setting(prefix: str) -> TableClause:
    names = ("setting_id", "store_id", "code", "key", "value", "serialized")
    return table(f"{prefix}setting", *map(column, names))


def _startup(prefix: str) -> TableClause:
    names = ("startup_id", "description", "code", "action", "status", "sort_order")
    return table(f"{prefix}startup", *map(column, names))
