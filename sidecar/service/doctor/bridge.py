"""Our extension in the store: its version, its rows, its files, and who may see it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection

from sidecar.errors import ConfigError
from sidecar.service.bridge import contents, folder
from sidecar.service.bridge.install import KINDS, STARTUPS
from sidecar.service.doctor.case import StoreCase
from sidecar.service.doctor.finding import Finding
from sidecar.shop import extension_rows, user_rights
from sidecar.shop.database import transaction
from sidecar.shop.installation import read_installation
from sidecar.shop.text import unescape

_NOT_SHOWN = "OpenCart's admin does not show what we know; everything else works"


def check_bridge(case: StoreCase) -> Iterator[Finding]:
    """Whether the bridge is in the store as this version of the program puts it there."""
    if case.shop.capabilities.generation == "3.0":
        yield Finding("store.bridge", "note", "the bridge works with OpenCart 4 only", _NOT_SHOWN)
        return
    code, again = contents.CODE, _command(case.config.shop.directory)
    with transaction(case.engine) as tx:
        installed = extension_rows.installed(tx, case.prefix, code)
        if installed is None or not installed.is_on:
            found = "the bridge is not installed in the store"
            yield Finding("store.bridge", "note", found, _NOT_SHOWN, f"to see it there: {again}")
            return
        missing = _missing_rows(tx, case.prefix)
        groups = user_rights.groups(tx, case.prefix)
    version, ours = unescape(installed.version), contents.manifest().version
    if version == ours:
        yield Finding("store.bridge", "ok", f"the bridge is installed {version}")
    else:
        found = f"the bridge in the store is {version}, and this program is {ours}"
        yield Finding("store.bridge", "warning", found, "its pages may miss something", again)
    if missing:
        found = f"of the bridge the store does not have {', '.join(missing)}"
        yield Finding("store.bridge_rows", "warning", found, "it does not work as a whole", again)
    else:
        yield Finding("store.bridge_rows", "ok", "the store has all rows of the bridge")
    yield _rights(groups)
    if case.config.shop.directory is not None and version == ours:
        yield _files(case.config.shop.directory, again)


def _missing_rows(tx: Connection, prefix: str) -> list[str]:
    code = contents.CODE
    used = set(extension_rows.kinds(tx, prefix, code).values())
    # The dashboard's is the admin's to take away.
    missing = [f"it as '{kind}'" for kind in KINDS if kind != "dashboard" and kind not in used]
    runs = dict(extension_rows.startups(tx, prefix, code).values())
    for action in STARTUPS:
        if not runs.get(action):
            part = action.partition("/")[0]
            missing.append(f"what runs in the {part}" + (" (it is off)" if action in runs else ""))
    noted = {path for _, path in extension_rows.paths(tx, prefix, code).values()}
    if number := len(set(contents.paths()) - noted):
        missing.append(f"{number} of its folders and files")
    return missing


def _rights(groups: list[user_rights.Group]) -> Finding:
    pages = {route for route in contents.ROUTES if "/page/" in route}
    who = [group.name for group in groups if pages.intersection(group.routes("access"))]
    if who:
        return Finding(
            "store.bridge_rights", "ok", f"{len(who)} groups of users may see the bridge"
        )
    return Finding(
        "store.bridge_rights",
        "warning",
        "no group of users may see the bridge",
        _NOT_SHOWN,
        "give the rights to extension/sidecar/… under System > Users > User Groups",
    )


def _files(directory: Path, again: str) -> Finding:
    check = "store.bridge_files"
    try:
        place = folder.extensions_of(read_installation(directory)) / contents.CODE
        there = contents.read_tree(place)
    except (ConfigError, OSError) as error:
        what = f"the bridge's files cannot be read: {error}"
        return Finding(check, "note", what, "they were not checked", "let this user read them")
    wanted = contents.files()
    missing = [name for name in wanted if name not in there]
    other = [name for name in there if name in wanted and there[name] != wanted[name]]
    if not missing and not other:
        return Finding(check, "ok", "the bridge's files are those of this program")
    parts = [f"{len(names)} {what}" for names, what in ((missing, "missing"), (other, "changed"))]
    first = (missing + other)[0]
    found = f"of the bridge's files {' and '.join(parts)}, e.g. {place / first}"
    return Finding(check, "warning", found, "its pages may fail", again)


def _command(directory: Path | None) -> str:
    return f"sidecar bridge install --opencart {directory or 'DIR'}"
