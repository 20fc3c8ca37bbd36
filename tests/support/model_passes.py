"""
What passes do, said a second time: which rules wait, which are held, and what is written.

Plain Python over `support.model`; the definition that a real store is held against.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal
from zoneinfo import ZoneInfo

from support import model_undo
from support.model import (
    EVERYTHING,
    LADDER,
    Circumstances,
    Found,
    Kind,
    Look,
    Node,
    Person,
    Pinned,
    Rules,
    Said,
    Stood,
)
from support.model_undo import Change, Heard

DAY_S = 86_400


@dataclass
class Row:
    """What is remembered of a rule."""

    text: str = ""
    settled: str = ""
    held: str | None = None


@dataclass
class WaitingRun:
    """A run that waits, with the rules that wait in it as they were."""

    rules: dict[Node, str]
    customers: int


@dataclass(frozen=True)
class State:
    text: str
    is_new: bool
    held: bool
    waiting: WaitingRun | None


@dataclass
class Part:
    """One run of a full pass; *rules* None: whatever is in no other."""

    rules: frozenset[Node] | None
    free: frozenset[Node]
    old: WaitingRun | None = None
    is_first: bool = False
    taken_up: bool = False

    @property
    def is_rest(self) -> bool:
        return self.rules is None and not self.is_first


Plan = dict[int, Found | None]
Approval = WaitingRun | Literal["everything"] | None


@dataclass
class Model:
    """
    A store and what the sidecar made of it.

    Attributes:
        people: Who is in the store.
        stood: What was last written of each.
        said: By customer and tag.
        pins: By customer, kind and what is pinned.
        current: Everybody was looked at since the rules last changed.
        cap: How many customers a run may change.
        history: What was done to whom, the oldest first.
        spent: Of it what counts for the budget.
        heard: What people said until the last of it.
    """

    zone: ZoneInfo
    cap: int
    people: dict[int, Person] = field(default_factory=dict)
    stood: dict[int, Stood] = field(default_factory=dict)
    said: dict[int, dict[str, dict[Kind, Said]]] = field(default_factory=dict)
    pins: dict[tuple[int, str, str | int], Pinned] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)
    rows: dict[Node, Row] = field(default_factory=dict)
    waiting: list[WaitingRun] = field(default_factory=list)
    history: list[Change] = field(default_factory=list)
    spent: list[Change] = field(default_factory=list)
    budget_since: int = 0
    moves: list[tuple[int, int]] = field(default_factory=list)
    approved: bool = False
    paused: bool = False
    current: bool = False
    heard: dict[int, Heard] = field(default_factory=dict)

    # -- rules -----------------------------------------------------------------------------

    def registry(self) -> dict[Node, State]:
        """What may be done with each rule, also with those that are gone and not settled."""
        texts: dict[Node, str] = {("tag", name): text for name, text in self.rules.tags.items()}
        if self.rules.rungs:
            texts[LADDER] = self.rules.ladder_text
        for node in {*texts, *self.rows}:
            row, text = self.rows.setdefault(node, Row()), texts.get(node, "")
            if row.text != text:
                row.text, row.held = text, None
        found = {}
        for node, row in self.rows.items():
            if row.text or row.settled or row.held == "":
                waiting = [run for run in self.waiting if run.rules.get(node) == row.text]
                found[node] = State(
                    row.text,
                    row.text != row.settled,
                    row.held == row.text,
                    waiting[0] if waiting else None,
                )
        return found

    def held(self) -> frozenset[Node]:
        return frozenset(node for node, state in self.registry().items() if state.held)

    def blocked(self) -> frozenset[Node]:
        """The rules that small cycles do not apply."""
        known = self.registry()
        if not self.approved:
            return frozenset({*known, EVERYTHING})
        return frozenset(
            node for node, state in known.items() if state.held or state.waiting or state.is_new
        )

    def hold(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            self.rows[node].held = self.rows[node].text

    def discard(self, run: WaitingRun) -> None:
        """A person drops a waiting run: its rules are held."""
        self.hold(n for n, rule in self.registry().items() if rule.waiting is run)
        self._close(run)

    def resume(self, node: Node) -> None:
        self.rows[node].held = None
        self.rows[node].settled = ""

    # -- small cycles ----------------------------------------------------------------------

    def answer(
        self,
        ids: Collection[int],
        now: int,
        touched: Collection[int] = (),
        *,
        ours: bool = False,
        grouping: bool = False,
    ) -> None:
        """
        Something rang for *ids*.

        Args:
            ours: A person asked, so that no budget counts.
            grouping: It is about groups.
        """
        budget: float = math.inf if ours else self.left(now)
        while True:
            plan = self.look(ids, now, self.blocked(), touched, grouping=grouping)
            changed = [who for who in plan if self._changes(who, plan[who], None)]
            steps = self._steps(plan) & self.registry().keys()
            if len(changed) <= budget or not steps:
                break
            self.waiting.append(
                WaitingRun({node: self.registry()[node].text for node in steps}, len(changed))
            )
        change = Change("command" if ours else "changed", now)
        if ours:
            model_undo.note_words(change, self.heard, model_undo.heard(self))
        self.write(plan, now, [(change, None)])
        if not ours:
            self.spent.append(change)

    def left(self, now: int) -> int:
        """How many customers small cycles may still change."""
        since = max(now - DAY_S, self.budget_since)
        counted = [each for each in self.spent if each.at > since and not each.undone]
        return max(0, self.cap - sum(each.customers for each in counted))

    # -- full passes -----------------------------------------------------------------------

    def full_pass(self, now: int, approval: Approval = None) -> None:
        """A pass over everybody, after *approval* by a person."""
        known, ids = self.registry(), {*self.people, *self.stood}
        held = blocked = self.held()
        parts = self._parts(known)
        plan = self.look(ids, now, held)
        *ahead, last = parts
        for part in ahead:
            if not self._goes(part, plan, approval):
                blocked |= part.free
        plan = self.look(ids, now, blocked)
        if not self._goes(last, plan, approval):
            if last.is_first:
                blocked |= {*known, EVERYTHING}
            else:
                blocked |= self._steps_of(last, plan) & known.keys()
            plan = self.look(ids, now, blocked)
        kinds = ["approved" if part.taken_up else "full" for part in parts]
        changes = [Change(kind, now) for kind in kinds]
        self.write(plan, now, zip(changes, map(self._mine, parts), strict=True))
        for node in known.keys() - blocked:
            self.rows[node].settled = self.rows[node].text
        taken_up = [part for part in parts if part.taken_up]
        if approval == "everything" or taken_up:
            self.budget_since = now
        if parts[0].is_first and (approval == "everything" or taken_up):
            self.approved = True
        self.current = True

    def _parts(self, known: Mapping[Node, State]) -> list[Part]:
        free = frozenset(node for node, state in known.items() if not state.held)
        if not self.approved:
            return [Part(None, free, self.waiting[0] if self.waiting else None, is_first=True)]
        parts = []
        for run in self.waiting:
            mine = frozenset(node for node in free if known[node].waiting is run)
            parts.append(Part(mine, mine, run))
        new = frozenset(n for n in free if known[n].is_new and known[n].waiting is None)
        if new:
            parts.append(Part(new, new))
        taken = frozenset(node for part in parts for node in part.free)
        self._taken = taken
        return [*parts, Part(None, free - taken)]

    def _goes(self, part: Part, plan: Plan, approval: Approval) -> bool:
        """Whether a run is written; else it waits."""
        mine = self._mine(part)
        number = sum(self._changes(who, found, mine) for who, found in plan.items())
        if not number and not (part.is_first and part.free):
            self._close(part.old)
            return True
        if approval == "everything":
            self._close(part.old)
            part.taken_up = part.old is not None
            return True
        if approval is not None and approval is part.old and number * 10 <= approval.customers * 11:
            self._close(part.old)
            part.taken_up = True
            return True
        if number <= self.cap and part.old is None and not part.is_first:
            return True
        waits = self._steps_of(part, plan) if part.is_rest else part.free
        rules = {node: self.rows[node].text for node in waits & self.registry().keys()}
        if part.old is None:
            part.old = WaitingRun(rules, number)
            self.waiting.append(part.old)
        else:
            part.old.rules, part.old.customers = rules, number
        return False

    def _close(self, closed: WaitingRun | None) -> None:
        self.waiting = [run for run in self.waiting if run is not closed]

    def _mine(self, part: Part) -> Callable[[Node], bool]:
        if part.rules is not None:
            rules = part.rules
            return lambda node: node in rules
        if part.is_first:
            return lambda _node: True
        taken = self._taken
        return lambda node: node not in taken

    # -- customers -------------------------------------------------------------------------

    def look(
        self,
        ids: Collection[int],
        now: int,
        blocked: Collection[Node],
        touched: Collection[int] = (),
        *,
        grouping: bool = False,
    ) -> Plan:
        """What a pass makes of each of *ids*; None: gone from the store."""
        what = Circumstances(
            self.rules,
            now,
            self.zone,
            blocked,
            grouping or any(kind == "group" for _, kind, _ in self.pins),
            self.paused,
        )
        plan: Plan = {}
        for who in sorted(ids):
            if who not in self.people:
                if who in self.stood:
                    plan[who] = None
                continue
            pins = {(kind, of): pin for (whose, kind, of), pin in self.pins.items() if whose == who}
            plan[who] = Look(
                self.people[who],
                self.stood.get(who, Stood()),
                self.said.get(who, {}),
                pins,
                what,
                touched=who in touched,
                writes=sum(mover == who and at > now - 600 for mover, at in self.moves),
            ).found()
        return plan

    def at_rest(self, now: int) -> set[int]:
        """
        Whom another look would leave as they are.

        A rung that is easier to enter than to keep moves customers at each look.
        """
        plan = self.look(self.people, now, self.blocked())
        return {who for who, found in plan.items() if found and found.stood == self.stood.get(who)}

    def _changes(self, who: int, found: Found | None, mine: Callable[[Node], bool] | None) -> bool:
        had = self.stood.get(who, Stood()).tags
        has = found.stood.tags if found else frozenset()
        if any(mine is None or mine(("tag", name)) for name in had ^ has):
            return True
        return bool(found and found.move and (mine is None or mine(LADDER)))

    def _steps(self, plan: Plan) -> set[Node]:
        steps: set[Node] = set()
        for who, found in plan.items():
            if found is not None:
                before = self.stood.get(who, Stood()).verdict
                steps |= {("tag", name) for name in before ^ found.stood.verdict}
                steps |= {LADDER} if found.move else set()
        return steps

    def _steps_of(self, part: Part, plan: Plan) -> set[Node]:
        mine = self._mine(part)
        return {node for node in self._steps(plan) if mine(node)}

    def write(
        self, plan: Plan, now: int, shares: Iterable[tuple[Change, Callable[[Node], bool] | None]]
    ) -> None:
        """
        Let *plan* stand.

        Args:
            shares: Change sets, each with what of it is theirs; None: everything.
        """
        for change, mine in shares:
            model_undo.note_steps(change, plan, self, mine)
            if change.did:
                self.history.append(change)
        for who, found in plan.items():
            if found is None:
                self.stood.pop(who, None)
                self.said.pop(who, None)
                self.pins = {key: pin for key, pin in self.pins.items() if key[0] != who}
                continue
            self.stood[who] = found.stood
            if found.move:
                self.people[who].group = found.move[1]
                self.moves.append((who, now))
            self._end_pins(who, found)
            if found.note == 5:
                # Older than what is written after it, within its second too.
                self.pin_group(who, self.people[who].group, now - 1)
        self.heard = model_undo.heard(self)

    def _end_pins(self, who: int, found: Found) -> None:
        for name in found.ended_tags:
            words = self.said[who][name]
            self.said[who][name] = {k: word for k, word in words.items() if not word.requalify}
        ended: set[tuple[int, str, str | int]] = {
            (who, "segment", name) for name in found.ended_segments
        }
        ended |= {(who, "group", group) for group in found.ended_pins_out}
        if found.ended_pin_in:
            ended |= {
                key for key, pin in self.pins.items()
                if key[:2] == (who, "group") and pin.direction == "in" and pin.requalify
            }  # fmt: skip
        for key in ended:
            self.pins.pop(key, None)

    # -- what people say -------------------------------------------------------------------

    def pin_group(self, who: int, group: int, now: int, **more: int | bool | None) -> None:
        """Pin into a group; the newer replaces the older."""
        self.pins = {
            key: pin for key, pin in self.pins.items()
            if not (key[:2] == (who, "group") and pin.direction == "in")
        }  # fmt: skip
        self.pins[who, "group", group] = Pinned("in", now, **more)  # type: ignore[arg-type]

    def say(self, who: int, tag: str, kind: Kind, word: Said, now: int) -> None:
        """
        A person or an import asserts a tag; the newer pin of a person ends the other.

        Said again it stands since it was first said.
        """
        words = self.said.setdefault(who, {}).setdefault(tag, {})
        if kind == "pin_in":
            words.pop("pin_out", None)
        elif kind == "pin_out":
            words.pop("pin_in", None)
        words[kind] = replace(word, since=words[kind].since if kind in words else now)

    def free_groups(self, who: int) -> None:
        """A person gives a customer's group back to the ladder."""
        self.pins = {key: pin for key, pin in self.pins.items() if key[:2] != (who, "group")}
        stood = self.stood.get(who, Stood())
        nothing = {"group_hold": 0, "outside_at": None, "outside_wanted": None}
        self.stood[who] = replace(stood, memory={**stood.memory, **nothing})

    def take(self, who: int, tag: str, until: int | None, now: int) -> None:
        """A person takes a tag off: their own word ends, another's is overruled."""
        words = self.said.setdefault(who, {}).setdefault(tag, {})
        words.pop("pin_in", None)
        others = [w for kind, w in words.items() if kind == "import"]
        lives = any(word.until is None or word.until > now for word in others)
        if lives or tag in self.stood.get(who, Stood()).verdict:
            self.say(who, tag, "pin_out", Said(until), now)
