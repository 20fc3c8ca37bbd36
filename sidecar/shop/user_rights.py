"""The rights of the admin's groups of users: which routes each may see, and act on."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, TableClause, column, select, table, update

from sidecar.errors import NotNowError, UsageError
from sidecar.shop.database import transaction
from sidecar.shop.text import escape, unescape

#: To see a route, and to act on it.
KINDS = ("access", "modify")

#: How often somebody may come in between.
_TRIES = 5

_Rights = dict[str, object]


@dataclass(frozen=True, slots=True)
class Group:
    """
    A group of users of the admin.

    Attributes:
        group_id: ``user_group_id``.
        name: Plain.
        stored: Its rights as they are stored; None: NULL.
    """

    group_id: int
    name: str
    stored: str | None

    def rights(self) -> _Rights | None:
        """Its rights by kind, each a list of routes, or an object of them; None: not readable."""
        if not self.stored:
            return {}
        try:
            found = json.loads(self.stored)
        except (ValueError, RecursionError):
            return None
        # PHP writes an empty array so.
        return {} if found == [] else found if isinstance(found, dict) else None

    def routes(self, kind: str) -> list[str]:
        """What it has the right *kind* to."""
        return _routes((self.rights() or {}).get(kind))


def groups(tx: Connection, prefix: str) -> list[Group]:
    """All groups, by their key."""
    group = _group(prefix)
    query = select(group.c.user_group_id, group.c.name, group.c.permission)
    rows = tx.execute(query.order_by(group.c.user_group_id))
    return [Group(int(key), unescape(name or ""), stored) for key, name, stored in rows]


def named(tx: Connection, prefix: str, name: str) -> Group:
    """
    The group called *name*.

    Raises:
        UsageError: There is none, or more than one.
    """
    all_ = groups(tx, prefix)
    found = [group for group in all_ if name in (group.name, escape(group.name))]
    if len(found) != 1:
        names = ", ".join(f"'{group.name}'" for group in all_)
        how_many = "no group" if not found else f"{len(found)} groups"
        raise UsageError(f"{how_many} of users called '{name}'; there are {names or 'none'}")
    return found[0]


def of_first_user(tx: Connection, prefix: str) -> Group | None:
    """The group of whoever installed the store; None: neither is there any more."""
    user = table(f"{prefix}user", column("user_id"), column("user_group_id"))
    group_id = tx.scalar(select(user.c.user_group_id).order_by(user.c.user_id).limit(1))
    return next((group for group in groups(tx, prefix) if group.group_id == group_id), None)


def give(engine: Engine, prefix: str, group_ids: Collection[int], routes: Collection[str]) -> None:
    """
    Give the groups both rights to all *routes*; those that they have stay as they are.

    Raises:
        NotNowError: Others change the same rights all the time.
    """

    def more(rights: _Rights) -> _Rights:
        changed = dict(rights)
        for kind in KINDS:
            has = _routes(rights.get(kind))
            new = [route for route in routes if route not in has]
            if new:
                changed[kind] = has + new
        return changed

    _change(engine, prefix, more, group_ids)


def take(engine: Engine, prefix: str, beginning: str) -> list[str]:
    """
    Take every right to routes with *beginning* from all groups; returns who had some, by name.

    Raises:
        NotNowError: Others change the same rights all the time.
    """

    def less(rights: _Rights) -> _Rights:
        changed = dict(rights)
        for kind, value in rights.items():
            has = _routes(value)
            left = [route for route in has if not route.startswith(beginning)]
            if left != has:
                changed[kind] = left
        return changed

    return _change(engine, prefix, less, None)


def _change(
    engine: Engine,
    prefix: str,
    change: Callable[[_Rights], _Rights],
    group_ids: Collection[int] | None,
) -> list[str]:
    group = _group(prefix)
    changed: list[str] = []
    for _ in range(_TRIES):
        late = False
        with transaction(engine) as tx:
            for found in groups(tx, prefix):
                rights = found.rights()
                if rights is None or (group_ids is not None and found.group_id not in group_ids):
                    continue
                after = change(rights)
                if after == rights:
                    continue
                as_read = (
                    group.c.user_group_id == found.group_id,
                    group.c.permission.op("<=>")(found.stored),
                )
                row = update(group).where(*as_read).values(permission=_stored(after))
                if tx.execute(row).rowcount:
                    changed.append(found.name)
                else:
                    late = True
        if not late:
            return changed
    raise NotNowError("somebody else changes the rights of users at the same time; try again")


def _routes(value: object) -> list[str]:
    # PHP writes a list with gaps as an object.
    items = list(value.values()) if isinstance(value, dict) else value
    return [str(item) for item in items] if isinstance(items, list) else []


def _stored(rights: _Rights) -> str:
    """As PHP writes it."""
    text = json.dumps(rights, separators=(",", ":")) if rights else "[]"
    return text.replace("/", "\\/")


def _group(prefix: str) -> TableClause:
    names = ("user_group_id", "name", "permission")
    return table(f"{prefix}user_group", *map(column, names))
