"""Whether the groups that the ladder and its rungs name are groups of the store."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from sidecar.errors import Problem
from sidecar.model import Names, NameTable
from sidecar.rules.language.suggest import listing
from sidecar.rules.language.toml_places import Path
from sidecar.rules.rule import GroupRule, Ladder
from sidecar.rules.rule_places import place_of, rule_problem


def check_ladder(rungs: Sequence[GroupRule], ladder: Ladder, names: Names) -> list[Problem]:
    """
    What is wrong with the groups that *rungs* and *ladder* name.

    Nothing is checked where the groups of the store are not known.
    """
    table = names.get("group")
    if table is None:
        return []
    return [*_rungs(rungs, ladder, table), *_ladder(ladder, table)]


def _rungs(rungs: Sequence[GroupRule], ladder: Ladder, table: NameTable) -> Iterator[Problem]:
    protected = {identifier for name in ladder.protected for identifier in table.find(name)}
    first: dict[int, GroupRule] = {}
    for rung in rungs:
        if wrong := _wrong(rung.name, table):
            yield rule_problem(rung, "name", *wrong)
            continue
        (identifier,) = table.find(rung.name)
        other = first.setdefault(identifier, rung)
        if other is not rung and other.name != rung.name:
            message = f"'{rung.name}' is the group '{other.name}', which has a rung"
            yield rule_problem(rung, "name", f"{message} in {place_of(other)}", "keep one of them")
        if identifier in protected:
            message = f"the group '{rung.name}' is protected, so nobody ever enters it"
            problem = rule_problem(rung, "name", message, "remove it from [ladder] protected")
            yield dataclasses.replace(problem, severity="warning")


def _ladder(ladder: Ladder, table: NameTable) -> Iterator[Problem]:
    named: list[tuple[Path, str]] = []
    if ladder.fallback is not None:
        named.append((("fallback",), ladder.fallback))
    named += [(("from", index), name) for index, name in enumerate(ladder.from_ or ())]
    named += [(("protected", index), name) for index, name in enumerate(ladder.protected)]
    for path, name in named:
        if not (wrong := _wrong(name, table)):
            continue
        if ladder.origin is None:
            yield Problem("[ladder]", 0, 0, *wrong)
        else:
            yield ladder.origin.source.problem((*ladder.origin.path, *path), *wrong)


def _wrong(name: str, table: NameTable) -> tuple[str, str] | None:
    """Message and hint when *name* is not one group."""
    found = table.find(name)
    if len(found) == 1:
        return None
    if found:
        ids = listing(f'"#{identifier}"' for identifier in found)
        return f"{len(found)} customer groups are called '{name}'", f"say which: {ids}"
    near = table.suggest(name)
    return f"there is no customer group '{name}'", f"did you mean '{near}'?" if near else ""
