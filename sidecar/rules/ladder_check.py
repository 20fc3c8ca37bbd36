"""Whether the groups that the ladder and its rungs name are groups of the store, and fit."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from sidecar.errors import Problem
from sidecar.model import CustomerGroup, Names, NameTable
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


def group_warnings(
    rungs: Sequence[GroupRule],
    ladder: Ladder,
    names: Names,
    groups: Mapping[int, CustomerGroup],
) -> list[Problem]:
    """
    Warnings about groups that the ladder moves customers into and the store is not ready for.

    Args:
        groups: Of the store, by id; nothing is said of others.
    """
    table = names.get("group")
    if table is None:
        return []
    entered: list[tuple[str, GroupRule | None]] = [(rung.name, rung) for rung in rungs]
    if ladder.fallback is not None and rungs:
        entered.append((ladder.fallback, None))
    taxed = any(group.tax_rates for group in groups.values())
    found = _former(rungs, ladder, table, groups)
    for name, rung in entered:
        ids = table.find(name)
        group = groups.get(ids[0]) if len(ids) == 1 else None
        for message, hint in _unready(name, group, taxed=taxed) if group else ():
            if rung is not None:
                problem = rule_problem(rung, "name", message, hint)
            else:
                problem = _ladder_problem(ladder, ("fallback",), message, hint)
            found.append(dataclasses.replace(problem, severity="warning"))
    return found


def _former(
    rungs: Sequence[GroupRule],
    ladder: Ladder,
    table: NameTable,
    groups: Mapping[int, CustomerGroup],
) -> list[Problem]:
    """Warnings about groups that were renamed or deleted since rules first named them."""
    found = []
    for rung in rungs:
        if table.is_former(rung.name):
            (identifier,) = table.find(rung.name)
            now = table.display()[identifier] if identifier in groups else None
            what = "its rung is off and its customers stay where they are"
            found.append(rule_problem(rung, "name", *_renamed(rung.name, now, what)))
    for path, name in _named(ladder):
        if table.is_former(name):
            (identifier,) = table.find(name)
            now = table.display()[identifier] if identifier in groups else None
            found.append(_ladder_problem(ladder, path, *_renamed(name, now, "it does nothing")))
    return [dataclasses.replace(problem, severity="warning") for problem in found]


def _renamed(name: str, now: str | None, what: str) -> tuple[str, str]:
    if now is None:
        return f"the customer group '{name}' was deleted in the store: {what}", "name another one"
    return f"the customer group '{name}' is called '{now}' now", f"write '{now}'"


def _unready(name: str, group: CustomerGroup, *, taxed: bool) -> Iterator[tuple[str, str]]:
    if taxed and not group.tax_rates:
        message = f"the group '{name}' has no tax rates while others have"
        yield f"{message}: its customers pay no tax", "tick it in the store's tax rates"
    if group.undescribed:
        message = f"the group '{name}' has no name in {listing(group.undescribed, 'and')}"
        yield f"{message}: the store's list leaves out its customers there", "name it there too"
    if group.approval:
        message = f"the group '{name}' asks for approval of new accounts"
        yield f"{message}; the ladder moves customers into it without one", ""


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
    for path, name in _named(ladder):
        if wrong := _wrong(name, table):
            yield _ladder_problem(ladder, path, *wrong)


def _named(ladder: Ladder) -> list[tuple[Path, str]]:
    """The groups that ``[ladder]`` names, each with its place there."""
    named: list[tuple[Path, str]] = []
    if ladder.fallback is not None:
        named.append((("fallback",), ladder.fallback))
    named += [(("from", index), name) for index, name in enumerate(ladder.from_ or ())]
    named += [(("protected", index), name) for index, name in enumerate(ladder.protected)]
    return named


def _ladder_problem(ladder: Ladder, path: Path, message: str, hint: str) -> Problem:
    if ladder.origin is None:
        return Problem("[ladder]", 0, 0, message, hint)
    return ladder.origin.source.problem((*ladder.origin.path, *path), message, hint)


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
