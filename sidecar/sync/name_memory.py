"""
What the store's things were called when rules first named them.

Somebody who renames an order status in the store must not stop every rule: the rule goes
on meaning it, and a warning says what it is called now.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlalchemy import Connection

from sidecar.model import Moment, Names, fold
from sidecar.rules.catalogue import Catalogue
from sidecar.rules.named import named_in, named_in_program
from sidecar.rules.rule import Rule
from sidecar.rules.ruleset import RuleSet
from sidecar.shop.own_tables import OwnTables
from sidecar.sync import state

#: In ``sidecar_state``: ids by namespace and folded name.
_REMEMBERED = "names"

#: Bytes that a value there can have, less some.
_MOST = 60_000


def recall(tx: Connection, own: OwnTables, names: Names) -> None:
    """Let *names* still find what was renamed or deleted since rules first named it."""
    for namespace, ids in _remembered(tx, own).items():
        table = names.get(namespace)
        if table is not None:
            for name, identifier in ids.items():
                if not table.find(name):
                    table.remember(identifier, name)


def remember(
    tx: Connection,
    own: OwnTables,
    rules: RuleSet,
    catalogue: Catalogue,
    names: Names,
    moment: Moment,
) -> None:
    """
    Keep what the conditions and the program of *rules* name, and nothing else.

    Built-in segments are left out: those that name what the store lacks are off. So are tags,
    which are known by their names.
    """
    every: tuple[Rule, ...] = (*rules.tags, *rules.segments, *rules.groups)
    asked = set(named_in((rule for rule in every if rule.made_in != "builtin"), catalogue))
    if rules.program is not None:
        asked.update(named_in_program(rules.program, catalogue))
    found: dict[str, dict[str, int]] = {}
    for namespace, name in sorted(asked):
        table = names.get(namespace)
        ids = table.find(name) if table is not None and namespace != "tag" else ()
        if len(ids) == 1:
            found.setdefault(namespace, {})[fold(name)] = ids[0]
    # Titles of products are by far the most and the longest, and the likeliest to be ambiguous.
    if len(json.dumps(found)) > _MOST:
        found.pop("product", None)
    if found != _remembered(tx, own) and len(json.dumps(found)) <= _MOST:
        state.write(tx, own, _REMEMBERED, found, moment)


def _remembered(tx: Connection, own: OwnTables) -> Mapping[str, Mapping[str, int]]:
    found = state.read(tx, own, _REMEMBERED)
    if not isinstance(found, dict):
        return {}
    return {
        str(namespace): {str(name): int(identifier) for name, identifier in ids.items()}
        for namespace, ids in found.items()
        if isinstance(ids, dict)
    }
