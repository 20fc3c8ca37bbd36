"""
Rules made in the admin, as rows of ``sidecar_rule``.

A change is saved only when the whole rule set is sound with it; so what refuses it are
the problems of files and other rules too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from sidecar.errors import Problem, RuleError, UsageError
from sidecar.model import Moment, fold
from sidecar.rules.admin_rule import DEFINITION_KEYS, AdminRule
from sidecar.rules.rule import OffRule, RuleKind
from sidecar.rules.ruleset import RuleSet
from sidecar.shop.own_tables import OwnTables
from sidecar.sync import findings

#: A rule of the admin is off; the subject is its kind and name.
OFF = "rule.off"

#: More findings than are ever open at once.
_MANY = 100_000

#: The whole rule set with these rules of the admin instead of those that are kept.
Check = Callable[[Sequence[AdminRule]], RuleSet]

_KINDS: tuple[RuleKind, ...] = ("tag", "segment", "group")


def read(tx: Connection, own: OwnTables) -> list[AdminRule]:
    """Every rule made in the admin, by its position, then its age."""
    table = own.rule
    query = (
        select(table.c.kind, table.c.name, table.c.definition)
        .where(*_made_in_admin(own), table.c.kind.in_(_KINDS))
        .order_by(table.c.position, table.c.rule_id)
    )
    return [AdminRule(row.kind, row.name, _definition(row.definition)) for row in tx.execute(query)]


def save(
    tx: Connection,
    own: OwnTables,
    check: Check,
    rule: AdminRule,
    actor: str,
    moment: Moment,
) -> RuleSet:
    """
    Keep *rule*, a new one or instead of the one of its kind and name.

    Returns:
        The rule set with it.

    Raises:
        RuleError: It does not fit; with every problem found.
    """
    key = _key(rule)
    ruleset = checked_with(check, read(tx, own), rule)
    table = own.rule
    values: dict[str, object] = {
        "name": rule.name,
        "origin": "admin",
        "definition": json.dumps(dict(rule.definition), ensure_ascii=False),
        "actor": actor,
        "changed_at": moment.epoch_s,
    }
    row = (table.c.kind == rule.kind, table.c.name_key == key[1])
    # A row may be left of a rule that is gone, or of a built-in one that this replaces.
    known = tx.execute(select(table.c.origin, table.c.definition).where(*row)).one_or_none()
    if known is None or known.origin != "admin" or known.definition is None:
        values["position"] = _last_position(tx, own) + 1 if rule.kind == "group" else 0
    if known is None:
        tx.execute(insert(table).values(kind=rule.kind, name_key=key[1], **values))
    else:
        tx.execute(update(table).where(*row).values(**values))
    return ruleset


def delete(
    tx: Connection,
    own: OwnTables,
    check: Check,
    kind: RuleKind,
    name: str,
    actor: str,
    moment: Moment,
) -> RuleSet:
    """
    Forget the rule; its row stays, for what a pass remembers of it.

    Returns:
        The rule set without it.

    Raises:
        UsageError: There is no such rule of the admin.
        RuleError: Another rule needs it; with every problem found.
    """
    ruleset = checked_without(check, read(tx, own), kind, name)
    table = own.rule
    tx.execute(
        update(table)
        .where(table.c.kind == kind, table.c.name_key == fold(name))
        .values(definition=None, position=0, actor=actor, changed_at=moment.epoch_s)
    )
    return ruleset


def order(
    tx: Connection, own: OwnTables, check: Check, names: Sequence[str], actor: str, moment: Moment
) -> RuleSet:
    """
    Put the rungs made in the admin into the order of *names*, the highest first.

    Raises:
        UsageError: These are not the names of all of them, each once.
        RuleError: The rule set is not sound so; with every problem found.
    """
    rules = read(tx, own)
    rungs = {_key(rule)[1]: rule for rule in rules if rule.kind == "group"}
    wanted = [fold(name) for name in names]
    if sorted(wanted) != sorted(rungs):
        there = ", ".join(repr(rung.name) for rung in rungs.values()) or "none"
        raise UsageError(f"name every rung made in the admin once; there are: {there}")
    others = [rule for rule in rules if rule.kind != "group"]
    ruleset = _checked(check, rules, [*others, *(rungs[key] for key in wanted)], None)
    table = own.rule
    for position, key in enumerate(wanted, 1):
        tx.execute(
            update(table)
            .where(table.c.kind == "group", table.c.name_key == key, table.c.position != position)
            .values(position=position, actor=actor, changed_at=moment.epoch_s)
        )
    return ruleset


def checked_with(check: Check, rules: Sequence[AdminRule], rule: AdminRule) -> RuleSet:
    """
    The rule set with *rule*, a new one of the admin or instead of the one of its kind and name.

    Args:
        rules: Those of the admin as they are.

    Raises:
        RuleError: It does not fit; with every problem found.
    """
    _refuse_unknown_keys(rule)
    key = _key(rule)
    return _checked(check, rules, with_rule(rules, rule), key)


def checked_without(check: Check, rules: Sequence[AdminRule], kind: RuleKind, name: str) -> RuleSet:
    """
    The rule set without a rule of the admin.

    Args:
        rules: Those of the admin as they are.

    Raises:
        UsageError: There is no such rule of the admin.
        RuleError: Another rule needs it; with every problem found.
    """
    key = kind, fold(name)
    left = [other for other in rules if _key(other) != key]
    if len(left) == len(rules):
        raise UsageError(f"there is no {kind} {name!r} among the rules made in the admin")
    return _checked(check, rules, left, None)


def require_unchanged(tx: Connection, own: OwnTables, kind: RuleKind, name: str, was: str) -> None:
    """
    Refuse to go on where another person changed a rule meanwhile.

    Args:
        was: Its definition as it was read, in JSON; empty: there was none.

    Raises:
        UsageError: It is another by now, there is one, or it is gone; says who did that.
    """
    table = own.rule
    query = select(table.c.definition, table.c.actor).where(
        table.c.kind == kind, table.c.name_key == fold(name), *_made_in_admin(own)
    )
    row = tx.execute(query).one_or_none()
    if row is None and was:
        raise UsageError(f"the {kind} {name!r} was deleted meanwhile (save it as a new one)")
    if row is not None and not was:
        raise UsageError(f"there is a {kind} {name!r} already (choose another name, or edit it)")
    if row is not None and _definition(row.definition) != _definition(was):
        raise UsageError(
            f"{row.actor} changed the {kind} {name!r} meanwhile (look at it as it is now, and"
            " save yours again)"
        )


def with_rule(rules: Sequence[AdminRule], rule: AdminRule) -> list[AdminRule]:
    """*rules* with *rule*, in the place of the one of its kind and name or as the last."""
    key = _key(rule)
    if any(_key(other) == key for other in rules):
        return [rule if _key(other) == key else other for other in rules]
    return [*rules, rule]


def note_off(tx: Connection, own: OwnTables, off: Iterable[OffRule], moment: Moment) -> None:
    """Raise a finding for each rule of the admin that is *off*, and mend those that are not."""
    now = {f"{rule.kind} {rule.name}": rule.why for rule in off if rule.made_in == "admin"}
    for known in findings.open_findings(tx, own, _MANY):
        if known.kind == OFF and known.subject not in now:
            findings.mend(tx, own, OFF, known.subject, moment)
    for subject, why in now.items():
        message = f"the rule made in the admin is off, and what it did stays: {why}"
        findings.raise_finding(tx, own, OFF, subject, message, moment, again=False)


def _checked(
    check: Check,
    before: Sequence[AdminRule],
    after: Sequence[AdminRule],
    saved: tuple[str, str] | None,
) -> RuleSet:
    """
    The rule set with *after*; what *saved* names must not be off, nor what was not *before*.

    Raises:
        RuleError: With every problem found.
    """
    ruleset = check(after)
    was_off = {_off_key(rule) for rule in _off(check, before)} if ruleset.off else set()
    problems = [
        problem
        for rule in ruleset.off
        if rule.made_in == "admin" and (_off_key(rule) == saved or _off_key(rule) not in was_off)
        for problem in rule.problems
    ]
    if problems:
        raise RuleError(problems)
    return ruleset


def _off(check: Check, rules: Sequence[AdminRule]) -> Iterable[OffRule]:
    try:
        return check(rules).off
    except RuleError:
        # What mends the rule set can only be held against itself.
        return ()


def _refuse_unknown_keys(rule: AdminRule) -> None:
    unknown = [key for key in rule.definition if key not in DEFINITION_KEYS]
    if rule.kind not in _KINDS or unknown:
        what = f"no key {unknown[0]!r} in a rule" if unknown else f"no kind of rule {rule.kind!r}"
        raise RuleError([Problem(rule.place, 0, 0, f"there is {what}")])


def _made_in_admin(own: OwnTables) -> tuple[ColumnElement[bool], ...]:
    return own.rule.c.origin == "admin", own.rule.c.definition.is_not(None)


def _last_position(tx: Connection, own: OwnTables) -> int:
    table = own.rule
    query = select(func.max(table.c.position)).where(*_made_in_admin(own), table.c.kind == "group")
    return tx.scalar(query) or 0


def _definition(text: str) -> Mapping[str, object]:
    """What the column holds; empty when it was spoilt, which the check then refuses."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _key(rule: AdminRule) -> tuple[str, str]:
    return rule.kind, fold(rule.name)


def _off_key(rule: OffRule) -> tuple[str, str]:
    return rule.kind, fold(rule.name)
