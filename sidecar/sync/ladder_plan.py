"""The ladder of this store: rungs to groups, each with its bit, as one pass applies it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, exists, select

from sidecar.errors import ConfigError
from sidecar.model import Moment, Names, NameTable, fold
from sidecar.rules.ladder import LadderPlan, Rung
from sidecar.rules.rule import Ladder
from sidecar.rules.ruleset import RuleSet
from sidecar.shop.own_tables import RUNG_SLOTS, OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync import state

#: In ``sidecar_state``: what the groups of rules were called, and the bits of rungs.
_REMEMBERED = "ladder"


@dataclass(frozen=True, slots=True)
class Remembered:
    """
    What must outlive a group that is renamed or deleted.

    Attributes:
        groups: Ids of groups by the folded name that rules use.
        slots: Bits of rungs by group id, also of rungs that are gone.
    """

    groups: Mapping[str, int] = field(default_factory=dict)
    slots: Mapping[int, int] = field(default_factory=dict)


def remembered(tx: Connection, own: OwnTables) -> Remembered:
    """What was remembered when rules were last compiled to be applied."""
    found = state.read(tx, own, _REMEMBERED)
    if not isinstance(found, dict):
        return Remembered()
    return Remembered(
        {str(name): int(group) for name, group in found.get("groups", {}).items()},
        {int(group): int(slot) for group, slot in found.get("slots", {}).items()},
    )


def with_remembered(names: Names, known: Remembered) -> list[str]:
    """
    Let *names* still find groups that were renamed or deleted since rules first named them.

    Returns:
        The folded names of groups that are found only so.
    """
    table = names.get("group")
    if table is None:
        return []
    lost = [name for name in known.groups if not table.find(name)]
    for name in lost:
        table.remember(known.groups[name], name)
    return sorted(lost)


def make_plan(
    tx: Connection,
    shop: Shop,
    rules: RuleSet,
    names: Names,
    moment: Moment,
    *,
    writing: bool,
    pinning: bool = False,
) -> tuple[LadderPlan | None, dict[str, int]]:
    """
    The ladder of *rules* in this store, neither blocked nor paused, and the bits of its rungs.

    Args:
        writing: Remember the groups and bits.
        pinning: A group is about to be pinned, be it the first.

    Returns:
        None where there is neither a rung nor a pin of a group; bits by folded rung name.
    """
    own, tables = shop.own, shop.tables
    pinned = pinning or tx.scalar(select(exists().where(own.pin.c.kind == "group")))
    if not rules.groups and not pinned:
        return None, {}
    table = names.get("group") or NameTable()
    known = remembered(tx, own)
    slots = dict(known.slots)
    found: list[Rung] = []
    bits: dict[str, int] = {}
    groups = frozenset(tx.scalars(select(tables.customer_group.c.customer_group_id)))
    for rung in rules.groups:
        group_id = _one(table, rung.name)
        if group_id is None:
            continue
        if group_id not in slots:
            slots[group_id] = _free(slots, [_one(table, rung.name) for rung in rules.groups])
        bits[fold(rung.name)] = slots[group_id]
        here = group_id if group_id in groups else None
        found.append(Rung(slots[group_id], here, rung.grace, rung.min_stay))
    if writing:
        _remember(tx, own, rules, table, known, slots, moment)
    return _plan(shop, rules.ladder, table, tuple(found), groups), bits


def _plan(
    shop: Shop, ladder: Ladder, table: NameTable, rungs: tuple[Rung, ...], groups: frozenset[int]
) -> LadderPlan:
    default = shop.settings.group_id
    from_ = {default} if ladder.from_ is None else {_one(table, name) for name in ladder.from_}
    protected = {_one(table, name) for name in ladder.protected}
    return LadderPlan(
        rungs=rungs,
        fallback=_one(table, ladder.fallback) if ladder.fallback is not None else None,
        from_=frozenset(group for group in from_ if group is not None),
        protected=frozenset(group for group in protected if group is not None),
        upgrade_only=ladder.upgrade_only,
        default_group=default,
        blocked=False,
        paused=False,
        groups=groups,
    )


def _one(table: NameTable, name: str) -> int | None:
    found = table.find(name)
    return found[0] if found else None


def _free(slots: dict[int, int], used: Collection[int | None]) -> int:
    """
    A bit for one more rung.

    Words of customers hold the bits of rungs that are gone until they are looked at again,
    so theirs are taken only when there is no other.
    """
    free = set(range(RUNG_SLOTS)) - set(slots.values())
    if free:
        return min(free)
    for group_id in sorted(slots.keys() - set(used)):
        return slots.pop(group_id)
    raise ConfigError(
        "[[group]]", f"there can be {RUNG_SLOTS} rungs at most", "remove some of them"
    )


def _remember(
    tx: Connection,
    own: OwnTables,
    rules: RuleSet,
    table: NameTable,
    known: Remembered,
    slots: Mapping[int, int],
    moment: Moment,
) -> None:
    ladder = rules.ladder
    used = [rung.name for rung in rules.groups] + list(ladder.protected) + list(ladder.from_ or ())
    if ladder.fallback is not None:
        used.append(ladder.fallback)
    groups = {fold(name): group for name in used if (group := _one(table, name)) is not None}
    if groups != known.groups or slots != known.slots:
        value = {"groups": groups, "slots": {str(group): slot for group, slot in slots.items()}}
        state.write(tx, own, _REMEMBERED, value, moment)
