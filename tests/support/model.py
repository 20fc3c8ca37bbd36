"""
What the sidecar makes of one customer, said a second time: in plain Python, one by one.

Written from the definition of rules, pins and the ladder; shares no code with the program
but the syntax tree, and with other tests the meaning of a condition and of the ladder.
What a whole pass does is in `support.model_passes`.
"""

from __future__ import annotations

import datetime
import decimal
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from sidecar.rules.language.parser import parse
from sidecar.rules.language.walk import leaves
from sidecar.rules.rungs import LadderPlan
from sidecar.rules.rungs import Rung as PlanRung
from sidecar.rules.syntax import Day, Expr, FactRef, Has, InSegment, Missing, Span
from support import interpreter, ladder_interpreter
from support.ladder_interpreter import UNSEEN, Seen

#: The customer groups of the store; a rung's bit is its group's id here.
GROUPS = {1: "Default", 2: "Silver", 3: "Gold", 4: "Staff"}
DEFAULT = 1
PAID = frozenset({1, 2, 3, 5, 12})

#: A rule that may be new, wait or be held: ``tag`` and its name, or the ladder as a whole.
Node = tuple[str, str]
LADDER: Node = ("ladder", "ladder")
#: Stands for whatever there is, as long as nothing was ever approved.
EVERYTHING: Node = ("tag", "")

Kind = Literal["pin_in", "pin_out", "import"]


@dataclass
class Order:
    total: Decimal
    status: int
    at: datetime.datetime


@dataclass
class Person:
    """A customer as the store has them."""

    group: int
    newsletter: bool
    registered: datetime.datetime
    orders: dict[int, Order] = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """What somebody says of a tag."""

    until: int | None = None
    requalify: bool = False
    since: int = 0


@dataclass(frozen=True)
class Pinned:
    """A person's word on a segment or group."""

    direction: Literal["in", "out"]
    since: int
    until: int | None = None
    requalify: bool = False


@dataclass(frozen=True)
class RungRule:
    group: int
    when: str
    keep: str | None = None
    grace: str | None = None
    min_stay: str | None = None


@dataclass(frozen=True)
class Rules:
    """The rules as a person writes them."""

    tags: Mapping[str, str] = field(default_factory=dict)
    segments: Mapping[str, str] = field(default_factory=dict)
    rungs: tuple[RungRule, ...] = ()
    fallback: str | None = None
    from_: tuple[str, ...] = ("Default",)
    protected: tuple[str, ...] = ()
    upgrade_only: bool = False

    @property
    def ladder_text(self) -> str:
        """What the ladder says, as one text."""
        settings = (self.fallback, self.from_, self.protected, self.upgrade_only)
        return repr((self.rungs, settings)) if self.rungs else ""

    def toml(self) -> str:
        """As a file of rules."""
        blocks = []
        for kind, rules in (("tag", self.tags), ("segment", self.segments)):
            blocks += [f"[[{kind}]]\nname = '{n}'\nwhen = '''{w}'''" for n, w in rules.items()]
        if self.rungs:
            lines = ["[ladder]", f"from = {json.dumps(self.from_)}"]
            lines += [f"protected = {json.dumps(self.protected)}"]
            lines += [f"upgrade_only = {json.dumps(self.upgrade_only)}"]
            lines += [f"fallback = '{self.fallback}'"] if self.fallback else []
            blocks.append("\n".join(lines))
        for rung in self.rungs:
            lines = ["[[group]]", f"name = '{GROUPS[rung.group]}'", f"when = '''{rung.when}'''"]
            for name, value in (("keep_when", rung.keep), ("grace", rung.grace)):
                lines += [f"{name} = '''{value}'''"] if value else []
            lines += [f"min_stay = '{rung.min_stay}'"] if rung.min_stay else []
            blocks.append("\n".join(lines))
        return "\n\n".join(blocks) + "\n"


@dataclass(frozen=True)
class Stood:
    """What stands of one customer."""

    verdict: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    segment_verdict: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    rungs: frozenset[int] = frozenset()
    memory: Mapping[str, int | None] = field(default_factory=lambda: dict(UNSEEN))
    facts: tuple[int | None, ...] = ()


@dataclass(frozen=True)
class Circumstances:
    """What a pass knows beside the customer."""

    rules: Rules
    now: int
    zone: ZoneInfo
    blocked: Collection[Node]
    has_group_pins: bool
    paused: bool = False


@dataclass(frozen=True)
class Found:
    """What a pass makes of one customer."""

    stood: Stood
    move: tuple[int, int, int] | None = None
    note: int = 0
    ended_tags: frozenset[str] = frozenset()
    ended_segments: frozenset[str] = frozenset()
    ended_pin_in: bool = False
    ended_pins_out: frozenset[int] = frozenset()


class Look:
    """One customer in one pass; every answer is worked out when it is first asked for."""

    def __init__(
        self,
        person: Person,
        stood: Stood,
        said: Mapping[str, Mapping[Kind, Said]],
        pins: Mapping[tuple[str, str | int], Pinned],
        what: Circumstances,
        *,
        touched: bool = False,
        writes: int = 0,
    ) -> None:
        self.person, self.stood, self.what = person, stood, what
        self.said = {
            name: {kind: word for kind, word in words.items() if self._lives(word.until)}
            for name, words in said.items()
        }
        self.pins = {key: pin for key, pin in pins.items() if self._lives(pin.until)}
        self.touched, self.writes = touched, writes
        self._verdicts: dict[tuple[str, str], bool] = {}
        self._judged: ladder_interpreter.Judged | None = None

    def _lives(self, until: int | None) -> bool:
        return until is None or until > self.what.now

    def found(self) -> Found:
        """All of it."""
        rules = self.what.rules
        names = {*rules.tags, *self.said, *self.stood.verdict}
        segments = rules.segments
        verdict = frozenset(name for name in names if self.verdict(name))
        segment_verdict = frozenset(name for name in segments if self.segment_verdict(name))
        judged = self.judged()
        turned = verdict - self.stood.verdict
        turned_segments = segment_verdict - self.stood.segment_verdict
        stood = Stood(
            verdict,
            frozenset(name for name in names if self.tag(name)),
            segment_verdict,
            frozenset(name for name in segments if self.segment(name)),
            judged.rungs if self._has_ladder else self.stood.rungs,
            judged.memory,
            self.facts(),
        )
        return Found(
            stood,
            judged.move,
            judged.note,
            frozenset(
                name for name in turned
                if any(word.requalify for word in self.said.get(name, {}).values())
            ),
            frozenset(
                name for name in turned_segments
                if ("segment", name) in self.pins and self.pins["segment", name].requalify
            ),
            judged.pin_ended,
            judged.out_ended,
        )  # fmt: skip

    # -- tags and segments ---------------------------------------------------------------

    def verdict(self, name: str) -> bool:
        """What the rule of tag *name* says, or said before if it must not say anything new."""
        if not {("tag", name), EVERYTHING}.isdisjoint(self.what.blocked):
            return name in self.stood.verdict
        text = self.what.rules.tags.get(name)
        return text is not None and self._asked("tag", name, text)

    def tag(self, name: str) -> bool:
        """Whether tag *name* is in effect."""
        says, words = self.verdict(name), self.said.get(name, {})
        turned = says and name not in self.stood.verdict
        forbids = "pin_out" in words and not (words["pin_out"].requalify and turned)
        return not forbids and (says or bool(words.keys() - {"pin_out"}))

    def segment_verdict(self, name: str) -> bool:
        return self._asked("segment", name, self.what.rules.segments[name])

    def segment(self, name: str) -> bool:
        """Whether they are in segment *name*."""
        says, pin = self.segment_verdict(name), self.pins.get(("segment", name))
        if pin is None:
            return says
        if pin.direction == "in":
            return True
        return says and pin.requalify and name not in self.stood.segment_verdict

    def _asked(self, kind: str, name: str, text: str) -> bool:
        if (kind, name) not in self._verdicts:
            self._verdicts[kind, name] = self.holds(text)
        return self._verdicts[kind, name]

    def holds(self, text: str) -> bool:
        """Whether the condition *text* does."""
        expr = parse(text)
        now = datetime.datetime.fromtimestamp(self.what.now, datetime.UTC)
        customer = interpreter.Customer(
            lambda fact: self._tags_asked(expr) if fact.name == "tags" else self.fact(fact),
            [leaf.name for leaf in leaves(expr)
             if isinstance(leaf, InSegment) and self.segment(leaf.name)],
        )  # fmt: skip
        return interpreter.holds(expr, customer, interpreter.World(now, self.what.zone))

    def _tags_asked(self, expr: Expr) -> frozenset[str]:
        asked: set[str] = set()
        for leaf in leaves(expr):
            if isinstance(leaf, Has):
                asked |= set(leaf.values)
            elif isinstance(leaf, Missing) and leaf.fact.name == "tags":
                asked |= {*self.what.rules.tags, *self.said, *self.stood.verdict}
        return frozenset(name for name in asked if self.tag(name))

    # -- the group -----------------------------------------------------------------------

    @property
    def _has_ladder(self) -> bool:
        return bool(self.what.rules.rungs) or self.what.has_group_pins

    def judged(self) -> ladder_interpreter.Judged:
        """What the ladder makes of them."""
        if self._judged is None:
            memory = dict(self.stood.memory)
            self._judged = ladder_interpreter.Judged(self.person.group, memory, self.stood.rungs)
            if self._has_ladder:
                seen = self._seen(memory)
                judged = ladder_interpreter.judge(self._plan(), seen, self.what.now, self.what.zone)
                self._judged = judged
        return self._judged

    def _seen(self, memory: dict[str, int | None]) -> Seen:
        rungs = () if self.what.paused else self.what.rules.rungs
        into = {key[1]: pin for key, pin in self.pins.items()
                if key[0] == "group" and pin.direction == "in"}  # fmt: skip
        out = {key[1]: pin for key, pin in self.pins.items()
               if key[0] == "group" and pin.direction == "out"}  # fmt: skip
        known = {rung.group for rung in rungs}
        group = next(iter(into), None)
        pin = into[group] if group is not None else None
        forbidden = {int(g): pin.requalify for g, pin in out.items() if g in known}
        return Seen(
            group=self.person.group,
            when=frozenset(rung.group for rung in rungs if self.holds(rung.when)),
            keep=frozenset(rung.group for rung in rungs if self.holds(rung.keep or rung.when)),
            was=memory,
            rungs=self.stood.rungs,
            pin=int(group) if group is not None else None,
            pin_since=pin.since if pin else None,
            requalify=pin is not None and pin.requalify,
            out=frozenset(g for g, requalify in forbidden.items() if not requalify),
            out_requalify=frozenset(g for g, requalify in forbidden.items() if requalify),
            touched=self.touched,
            writes=self.writes,
        )

    def _plan(self) -> LadderPlan:
        rules = self.what.rules
        ids = {name: group for group, name in GROUPS.items()}
        return LadderPlan(
            rungs=tuple(
                PlanRung(rung.group, rung.group, _span(rung.grace), _span(rung.min_stay))
                for rung in rules.rungs
            ),
            fallback=ids[rules.fallback] if rules.rungs and rules.fallback else None,
            from_=frozenset(ids[name] for name in rules.from_),
            protected=frozenset(ids[name] for name in rules.protected if rules.rungs),
            upgrade_only=bool(rules.rungs) and rules.upgrade_only,
            default_group=DEFAULT,
            blocked=not {LADDER, EVERYTHING}.isdisjoint(self.what.blocked),
            paused=self.what.paused,
            groups=frozenset(GROUPS),
        )

    # -- facts ---------------------------------------------------------------------------

    def fact(self, ref: FactRef) -> interpreter.FactValue:
        """The value of a fact, with its filters."""
        bought = [order for order in self._orders(ref) if self._qualifies(order)]
        dates = sorted(order.at for order in bought)
        match ref.name:
            case "orders":
                return Decimal(len(bought))
            case "total_spent":
                return self._spent(ref)
            case "average_order":
                return self._average(ref, len(bought))
            case "last_order":
                return dates[-1] if dates else None
            case "first_order":
                return dates[0] if dates else None
            case "registered":
                return self.person.registered
            case "newsletter":
                return self.person.newsletter
            case "group":
                return GROUPS.get(self.judged().group)
        raise AssertionError(ref)

    def facts(self) -> tuple[int | None, ...]:
        """Those that are stored: orders, money in ten-thousandths, instants."""
        bought = [order for order in self.person.orders.values() if self._qualifies(order)]
        last = max((int(order.at.timestamp()) for order in bought), default=None)
        spent = int(self._spent(FactRef("total_spent")) * 10_000)
        return len(bought), spent, last, int(self.person.registered.timestamp())

    def _spent(self, ref: FactRef) -> Decimal:
        counted = [
            order.total for order in self._orders(ref)
            if self._qualifies(order) or (order.total < 0 and order.status > 0)
        ]  # fmt: skip
        return sum(counted, Decimal(0))

    def _average(self, ref: FactRef, number: int) -> Decimal | None:
        if not number:
            return None
        exact = self._spent(ref) / number
        return exact.quantize(Decimal("0.0001"), decimal.ROUND_HALF_UP)

    @staticmethod
    def _qualifies(order: Order) -> bool:
        return order.status in PAID and order.total >= 0

    def _orders(self, ref: FactRef) -> list[Order]:
        return [
            order for order in self.person.orders.values()
            if all(self._passes(order, each.name, each.value) for each in ref.filters)
        ]  # fmt: skip

    def _passes(self, order: Order, name: str, value: object) -> bool:
        now = datetime.datetime.fromtimestamp(self.what.now, datetime.UTC)
        world = interpreter.World(now, self.what.zone)
        day = order.at.astimezone(self.what.zone).date()
        if isinstance(value, Span):
            since = now - _instants(value) if value.unit in ("minute", "hour") else None
            if since is not None:
                return since <= order.at <= now
            return interpreter.moved(world.today, value, -1) <= day and order.at <= now
        if isinstance(value, Day):
            asked = interpreter.day_of(value, world)
            return day >= asked if name == "from" else day <= asked
        assert isinstance(value, Decimal)
        return order.total >= value


def _instants(span: Span) -> datetime.timedelta:
    return datetime.timedelta(**{f"{span.unit}s": span.count})


def _span(text: str | None) -> Span | None:
    if text is None:
        return None
    count, unit = text.split()
    return Span(int(count), unit.rstrip("s"))  # type: ignore[arg-type]
