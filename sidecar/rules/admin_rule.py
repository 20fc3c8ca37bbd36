"""Rules made in the admin: read as if each were a rules file of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from sidecar.errors import Problem
from sidecar.rules.language.source_file import UnreadableError, read_source
from sidecar.rules.rule import Rule, RuleKind
from sidecar.rules.rule_file import read_tables

#: The keys of a definition that a rule of any kind may have; a group's may have the others.
DEFINITION_KEYS = ("when", "keep_when", "grace", "min_stay")


@dataclass(frozen=True, slots=True)
class AdminRule:
    """
    A rule as the admin keeps it.

    Attributes:
        kind: What it is about.
        name: Of the tag, segment or group.
        definition: ``when`` and, of a group, ``keep_when``, ``grace``, ``min_stay``; texts.
    """

    kind: RuleKind
    name: str
    definition: Mapping[str, object] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """What problems call it that are in it."""
        return f"{self.kind} '{self.name}' in the admin"


def read_admin_rule(rule: AdminRule) -> tuple[Rule | None, list[Problem]]:
    """The rule, None when it cannot be read; and what is wrong with it, placed in it."""
    file = rule.place
    lines = [f"[[{rule.kind}]]", f"name = {_toml(rule.name)}"]
    # A key without a value is one that the admin's form left empty.
    given = {key: value for key, value in rule.definition.items() if value not in (None, "")}
    lines += [f"{_key(key)} = {_toml(value)}" for key, value in given.items()]
    try:
        content = "\n".join(lines).encode("utf-8", errors="replace")
        read = read_tables(read_source(file, content), made_in="admin")
    except UnreadableError as error:
        return None, [error.problem]
    found: list[Rule] = [*read.tags, *read.segments, *read.groups]
    return (found[0] if found else None), read.problems


def _key(key: str) -> str:
    return key if key in DEFINITION_KEYS else _toml(key)


def _toml(value: object) -> str:
    """*value* as a text of TOML, whatever it is: a reader of texts says what is wrong with it."""
    text = value if isinstance(value, str) else json.dumps(value)
    # JSON leaves this one control character as it is, and TOML does not allow it.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
