"""
What has become of each rule: new, settled by a full pass, waiting for approval, held.

Rules stand in files and in the admin; this is what a pass remembers of them. Only tags'
rules and the ladder as a whole are registered here: segments never wait.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from sqlalchemy import Connection, insert, select, update

from sidecar.model import Moment, fold
from sidecar.rules.dependencies import LADDER, Node
from sidecar.rules.language.walk import leaves
from sidecar.rules.rule import GroupRule, MadeIn
from sidecar.rules.ruleset import RuleSet
from sidecar.rules.syntax import Expr, In, ListRef
from sidecar.shop.own_tables import OwnTables
from sidecar.sync import state

#: Among blocked rules: also what is left of rules that nobody knows any more.
EVERYTHING: Final[Node] = ("tag", "")

#: In ``sidecar_state``: the first full pass was approved.
FIRST_APPROVAL = "first_approval"

#: What a rule that is gone was settled as, when its going is to be applied anew.
_GONE_ANEW = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleState:
    """
    One rule and what a pass may do with it.

    Attributes:
        rule_id: Its row; 0 where nothing is written.
        node: Which it is.
        name: As written.
        fingerprint: Of what it says; empty when it is gone.
        settled: What it said when a full pass last applied it; empty: never.
        held: An undo or a discard holds it as it is.
        waiting: The run it waits in; None: in none.
        off: It does not fit any more, so that what it made stays as it is.
    """

    rule_id: int
    node: Node
    name: str
    fingerprint: str
    settled: str = ""
    held: bool = False
    waiting: int | None = None
    off: bool = False

    @property
    def is_new(self) -> bool:
        """Whether it is new, edited or gone since the last full pass."""
        return self.fingerprint != self.settled


@dataclass(frozen=True, slots=True)
class Registry:
    """
    Every rule that may write, by node.

    Attributes:
        rules: Also those that are gone and not settled yet.
        approved: Whether a first full pass was ever approved.
    """

    rules: Mapping[Node, RuleState] = field(default_factory=dict)
    approved: bool = True

    def fresh(self) -> frozenset[Node]:
        """The rules that are new, edited or gone, and wait for nothing but a full pass."""
        return frozenset(
            node
            for node, rule in self.rules.items()
            if rule.is_new and not rule.held and not rule.off and rule.waiting is None
        )

    def held(self) -> frozenset[Node]:
        """The rules that an undo or discard holds as they are, and those that are off."""
        return frozenset(node for node, rule in self.rules.items() if rule.held or rule.off)

    def blocked(self) -> frozenset[Node]:
        """The rules that a cycle of changed customers must not apply."""
        if not self.approved:
            return frozenset((*self.rules, EVERYTHING))
        return frozenset(
            node
            for node, rule in self.rules.items()
            if rule.held or rule.off or rule.waiting is not None or rule.is_new
        )


def fingerprint(parts: object) -> str:
    """16 hex digits that change with the meaning of *parts*, anything JSON can hold."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def load(
    tx: Connection, own: OwnTables, rules: RuleSet, moment: Moment, *, writing: bool
) -> Registry:
    """
    What has become of each of *rules*, and of those that are gone.

    Args:
        writing: Note rules that are new, edited or gone; without it they are only imagined.
    """
    wanted = dict(_fingerprints(rules))
    stored = _stored(tx, own)
    waiting = _waiting(tx, own)
    found: dict[Node, RuleState] = {}
    for node, (name, now, made_in) in wanted.items():
        known = stored.pop(node, None)
        if known is None:
            rule_id = _add(tx, own, node, name, now, made_in, moment) if writing else 0
            known = _Stored(rule_id, name, now, "", None)
        elif known.fingerprint != now and writing:
            _note(tx, own, known.rule_id, now, moment, origin=made_in)
        found[node] = known.state(node, name, now, waiting)
    for rule in rules.off:
        node = ("tag", fold(rule.name))
        if rule.kind == "tag" and (known := stored.pop(node, None)) is not None:
            state_now = known.state(node, known.name, known.fingerprint, waiting)
            found[node] = dataclasses.replace(state_now, off=True)
    for node, known in stored.items():
        if known.fingerprint and writing:
            _note(tx, own, known.rule_id, "", moment)
        # One that an undo or discard holds as gone must not take away what it gave.
        if known.settled or known.held == "":
            found[node] = known.state(node, known.name, "", waiting)
    approved = state.read(tx, own, FIRST_APPROVAL) is not None
    return Registry(found, approved)


def settle(tx: Connection, own: OwnTables, rules: Iterable[RuleState]) -> None:
    """Note that a full pass has applied *rules* as they are now."""
    table = own.rule
    for rule in rules:
        if rule.is_new:
            row = update(table).where(table.c.rule_id == rule.rule_id)
            tx.execute(row.values(settled=rule.fingerprint))


def hold(
    tx: Connection, own: OwnTables, rules: Iterable[RuleState], run_id: int, moment: Moment
) -> None:
    """Let *rules* write nothing until their text changes or a person resumes them."""
    table = own.rule
    for rule in rules:
        row = update(table).where(table.c.rule_id == rule.rule_id)
        tx.execute(row.values(held=rule.fingerprint, held_at=moment.epoch_s, held_by=run_id))


def resume(tx: Connection, own: OwnTables, rule: RuleState) -> None:
    """Let *rule* write again: like a new one, in a run of its own."""
    table = own.rule
    row = update(table).where(table.c.rule_id == rule.rule_id)
    never = "" if rule.fingerprint else _GONE_ANEW
    tx.execute(row.values(held=None, held_at=None, held_by=None, settled=never))


def of_nodes(tx: Connection, own: OwnTables, nodes: Collection[Node]) -> list[RuleState]:
    """What was last noted of *nodes*, also of rules that are long gone."""
    waiting = _waiting(tx, own)
    return [
        known.state(node, known.name, known.fingerprint, waiting)
        for node, known in _stored(tx, own).items()
        if node in nodes
    ]


def names(tx: Connection, own: OwnTables, rule_ids: Collection[int]) -> list[str]:
    """The names of rules, ascending."""
    table = own.rule
    query = select(table.c.name).where(table.c.rule_id.in_(sorted(rule_ids)))
    return sorted(tx.scalars(query))


@dataclass(frozen=True, slots=True)
class _Stored:
    rule_id: int
    name: str
    fingerprint: str
    settled: str
    held: str | None

    def state(
        self, node: Node, name: str, now: str, waiting: Mapping[tuple[int, str], int]
    ) -> RuleState:
        return RuleState(
            rule_id=self.rule_id,
            node=node,
            name=name,
            fingerprint=now,
            settled=self.settled,
            held=self.held is not None and self.held == now,
            waiting=waiting.get((self.rule_id, now)),
        )


def _stored(tx: Connection, own: OwnTables) -> dict[Node, _Stored]:
    table = own.rule
    kinds: tuple[Literal["tag", "ladder"], ...] = ("tag", "ladder")
    rows = tx.execute(select(table).where(table.c.kind.in_(kinds)).order_by(table.c.rule_id))
    return {
        (row.kind, row.name_key): _Stored(
            row.rule_id, row.name, row.fingerprint, row.settled, row.held
        )
        for row in rows
    }


def _waiting(tx: Connection, own: OwnTables) -> dict[tuple[int, str], int]:
    run, member = own.run, own.run_rule
    query = (
        select(member.c.rule_id, member.c.fingerprint, member.c.run_id)
        .join(run, run.c.run_id == member.c.run_id)
        .where(run.c.state == "waiting")
        .order_by(member.c.run_id)
    )
    return {(row.rule_id, row.fingerprint): row.run_id for row in tx.execute(query)}


def _add(
    tx: Connection,
    own: OwnTables,
    node: Node,
    name: str,
    fingerprint: str,
    made_in: MadeIn,
    moment: Moment,
) -> int:
    result = tx.execute(
        insert(own.rule).values(
            kind=node[0],
            name=name,
            name_key=node[1],
            origin=made_in,
            position=0,
            fingerprint=fingerprint,
            settled="",
            changed_at=moment.epoch_s,
        )
    )
    key = result.inserted_primary_key
    return int(key[0]) if key else 0


def _note(
    tx: Connection,
    own: OwnTables,
    rule_id: int,
    fingerprint: str,
    moment: Moment,
    *,
    origin: MadeIn | None = None,
) -> None:
    table = own.rule
    values: dict[str, object] = {"fingerprint": fingerprint, "changed_at": moment.epoch_s}
    if origin is not None:
        values["origin"] = origin
    # With another text it is held no more, also when it gets the old one back.
    values |= {"held": None, "held_at": None, "held_by": None}
    tx.execute(update(table).where(table.c.rule_id == rule_id).values(values))


def _fingerprints(rules: RuleSet) -> Iterable[tuple[Node, tuple[str, str, MadeIn]]]:
    for rule in rules.tags:
        parts = [rule.text, _lists(rules, rule.when)]
        yield ("tag", fold(rule.name)), (rule.name, fingerprint(parts), rule.made_in)
    if rules.groups:
        rungs = [_rung(rules, rung) for rung in rules.groups]
        how = rules.ladder
        settings = [how.fallback, how.from_, how.protected, how.upgrade_only]
        yield LADDER, (LADDER[1], fingerprint([rungs, settings]), "file")


def _rung(rules: RuleSet, rung: GroupRule) -> list[object]:
    spans = [[span.count, span.unit] if span else None for span in (rung.grace, rung.min_stay)]
    conditions = [rung.text, _lists(rules, rung.when), rung.keep_text]
    if rung.keep_when is not None:
        conditions.append(_lists(rules, rung.keep_when))
    return [fold(rung.name), *conditions, *spans]


def _lists(rules: RuleSet, condition: Expr) -> dict[str, list[str]]:
    """The named lists that *condition* asks for, as they are now."""
    asked = (leaf.values for leaf in leaves(condition) if isinstance(leaf, In))
    return {
        values.name: sorted(rules.lists[values.name])
        for values in asked
        if isinstance(values, ListRef)
    }
