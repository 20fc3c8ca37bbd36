"""From ``[loyalty]``, ``[[tier]]`` and ``[[earn]]`` of rules files to a program."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, get_args

from sidecar.errors import Problem
from sidecar.model import fold
from sidecar.rules.language.printer import print_expr
from sidecar.rules.language.source_file import SourceFile
from sidecar.rules.language.structure import GROUP_KEYS
from sidecar.rules.language.suggest import did_you_mean, listing
from sidecar.rules.language.toml_places import Path
from sidecar.rules.loyalty import program as defaults
from sidecar.rules.loyalty.earning import MULTIPLIED
from sidecar.rules.loyalty.expiry_reader import read_expiry
from sidecar.rules.loyalty.program import (
    CHOSEN_BY,
    Basis,
    Cap,
    Credit,
    Downgrade,
    EarnRule,
    Goods,
    Metric,
    OnRefund,
    Period,
    Program,
    Redeeming,
    RoundEach,
    Rounding,
    Stack,
    Tier,
    Window,
)
from sidecar.rules.loyalty.value_reader import ValueReader, day_of
from sidecar.rules.rule import Origin

LOYALTY_KEYS: Final = (
    "start", "points_per_unit", "points_worth_one", "basis", "rounding", "round_each", "statuses",
    "pending", "expiry", "restored", "most_debt", "stack", "most_multiplied", "timezone",
    "tier_metric", "tier_window", "redeem_least", "redeem_share", "redeem_order_total",
    "redeem_valid", "cards",
)  # fmt: skip
CREDIT_KEYS: Final = ("expiry", "refund_expiry", "approve_above")
TIER_KEYS: Final = (
    "name", "threshold", "keep", "multiplier", "window", "grace", "downgrade", "benefits",
)  # fmt: skip
_GIVES: Final = ("points", "points_per_unit", "multiply")
_MOST: Final[Mapping[str, Period | None]] = {
    "most_per_order": None,
    "most_per_day": "day",
    "most_per_week": "week",
    "most_per_month": "month",
    "most_per_year": "year",
}
EARN_KEYS: Final = (
    "name", "when", *GROUP_KEYS, *_GIVES, *CHOSEN_BY, "tier", "from", "until", "order_total",
    *_MOST, "on_refund",
)  # fmt: skip


class ProgramReader(ValueReader):
    """
    Reads the tables of one file; every problem is noted.

    Attributes:
        loyalty: What ``[loyalty]`` sets, by the names of `Program`; None without one.
        credit: What ``[credit]`` says; None without one.
        tiers: Of the file, in its order.
        earn: Of the file, in its order.
    """

    def __init__(self, source: SourceFile) -> None:
        super().__init__(source)
        self.loyalty: dict[str, Any] | None = None
        self.credit: Credit | None = None
        self.tiers: list[Tier] = []
        self.earn: list[EarnRule] = []

    def read_loyalty(self, table: Mapping[str, Any]) -> None:
        """Read ``[loyalty]``."""
        path: Path = ("loyalty",)
        self.unknown(table, path, LOYALTY_KEYS)
        found: dict[str, Any] = {
            "per_unit": self.rate(table, "points_per_unit", path),
            "points_for_one": self.whole(table, "points_worth_one", path, least=1),
            "basis": self.word(table, "basis", path, get_args(Basis)),
            "rounding": self.word(table, "rounding", path, get_args(Rounding)),
            "round_each": self.word(table, "round_each", path, get_args(RoundEach)),
            "statuses": self.texts(table, "statuses", path) or None,
            "pending": self.days(table, "pending", path),
            "most_debt": self.whole(table, "most_debt", path),
            "stack": self.word(table, "stack", path, get_args(Stack)),
            "most_multiplied": self.rate(table, "most_multiplied", path, least=1),
            "zone": self.zone(table, path),
            "metric": self.word(table, "tier_metric", path, get_args(Metric)),
            "window": self._window(table, "tier_window", path),
            "redeeming": self._redeeming(table, path),
            "cards": self.yesno(table, "cards", path),
        }
        found = {name: value for name, value in found.items() if value is not None}
        found["start"] = self._start(table, path)
        if "restored" in table:
            is_never = table["restored"] == "never"
            found["restored"] = None if is_never else self.days(table, "restored", path)
        if "expiry" in table:
            found["expiry"] = read_expiry(self, table, path)
        self.loyalty = {**found, **self._place(path)}

    def read_credit(self, table: Mapping[str, Any]) -> None:
        """Read ``[credit]``."""
        path: Path = ("credit",)
        self.unknown(table, path, CREDIT_KEYS)
        self.credit = Credit(
            expiry=self.days_or_never(table, "expiry", path),
            refund_expiry=self.days_or_never(table, "refund_expiry", path),
            approve_above=self.rate(table, "approve_above", path),
            origin=Origin(self.source, path),
        )

    def read_tier(self, table: Mapping[str, Any], path: Path) -> None:
        """Read one ``[[tier]]``."""
        self.unknown(table, path, TIER_KEYS)
        before = len(self.problems)
        if "threshold" not in table:
            self.error(path, "has no threshold", "e.g. threshold = 1000", key=True)
        multiplier, keep = self.rate(table, "multiplier", path), self.rate(table, "keep", path)
        tier = Tier(
            name=self.name(table, path) or "",
            threshold=self.rate(table, "threshold", path) or 0,
            multiplier=defaults.RATE_SCALE if multiplier is None else multiplier,
            window=self._window(table, "window", path),
            grace=self.days(table, "grace", path) or defaults.GRACE,
            downgrade=self.word(table, "downgrade", path, get_args(Downgrade)) or "to reached",
            keep=keep,
            benefits=self._benefits(table, path),
            **self._place(path),
        )
        if keep is not None and keep > tier.threshold:
            message = "'keep' is at most the threshold"
            self.error((*path, "keep"), message, "who reaches a tier would not keep it")
        if len(self.problems) == before:
            self.tiers.append(tier)

    def read_earn(self, table: Mapping[str, Any], path: Path) -> None:
        """Read one ``[[earn]]``."""
        self.unknown(table, path, EARN_KEYS)
        before = len(self.problems)
        gives = [key for key in _GIVES if key in table]
        if len(gives) != 1:
            what = f"gives both {listing(gives[:2], 'and')}" if gives else "gives nothing"
            self.error((*path, *gives[1:2]), what, f"write one of {listing(_GIVES)}", key=True)
        first, last = self.day(table, "from", path), self.day(table, "until", path)
        if first is not None and last is not None and last < first:
            self.error((*path, "until"), "'until' lies before 'from'")
        if "multiply" in table:
            self._refuse_of_multiplying(table, path)
        when = self.when(table, path, is_needed=False)
        on_refund = self.word(table, "on_refund", path, get_args(OnRefund))
        rule = EarnRule(
            name=self._earn_name(table, path),
            points=self.whole(table, "points", path, least=1),
            per_unit=self.rate(table, "points_per_unit", path),
            multiply=self.rate(table, "multiply", path),
            when=when,
            text="" if when is None else print_expr(when),
            goods=Goods(**{key: self.texts(table, key, path) for key in CHOSEN_BY}),
            tiers=self.texts(table, "tier", path),
            first=first,
            last=last,
            least_total=self.rate(table, "order_total", path) or 0,
            caps=self._caps(table, path),
            on_refund=on_refund or ("all or nothing" if "points" in table else "in proportion"),
            **self._place(path),
        )
        if len(self.problems) == before:
            self.earn.append(rule)

    # -- parts -------------------------------------------------------------------------

    def _place(self, path: Path) -> dict[str, Any]:
        line = self.line(path)
        return {"file": self.source.name, "line": line, "origin": Origin(self.source, path)}

    def _earn_name(self, table: Mapping[str, Any], path: Path) -> str:
        name = self.name(table, path) or ""
        if fold(name) == MULTIPLIED:
            self.error((*path, "name"), f"an earn rule cannot be called '{name}'", "rename it")
        return name

    def _refuse_of_multiplying(self, table: Mapping[str, Any], path: Path) -> None:
        """What multiplies the points per unit is one amount, whichever rules had part in it."""
        for key in _MOST:
            if key in table:
                message = f"'{key}' cannot stand beside 'multiply'"
                hint = "[loyalty] most_multiplied limits all multipliers together"
                self.error((*path, key), message, hint, key=True)
        if table.get("on_refund", "in proportion") != "in proportion":
            self.error((*path, "on_refund"), "what is multiplied goes in proportion")

    def _start(self, table: Mapping[str, Any], path: Path) -> datetime.date | None:
        meant = 'the day from which on orders earn, or "all" for all orders there are'
        if "start" not in table:
            self.error(path, "has no start", meant, key=True)
        elif table["start"] != "all":
            day = day_of(table["start"])
            if day is None:
                self.error((*path, "start"), "'start' is a day or \"all\"", meant)
            return day
        return None

    def _redeeming(self, table: Mapping[str, Any], path: Path) -> Redeeming:
        standard = Redeeming()
        share = self.rate(table, "redeem_share", path)
        if share is not None and not 0 < share <= defaults.RATE_SCALE:
            message = "'redeem_share' is above 0 and at most 1"
            self.error((*path, "redeem_share"), message, "0.5 is half of what the goods cost")
            share = None
        return Redeeming(
            least=self.whole(table, "redeem_least", path, least=1),
            share=standard.share if share is None else share,
            least_order=self.rate(table, "redeem_order_total", path) or 0,
            valid=self.days_or_never(table, "redeem_valid", path, standard.valid),
        )

    def _window(self, table: Mapping[str, Any], key: str, path: Path) -> Window | None:
        return "lifetime" if table.get(key) == "lifetime" else self.days(table, key, path)

    def _benefits(self, table: Mapping[str, Any], path: Path) -> Mapping[str, str]:
        benefits = table.get("benefits", {})
        if isinstance(benefits, dict) and all(isinstance(v, str) for v in benefits.values()):
            return benefits
        self.error((*path, "benefits"), "'benefits' is a table of texts")
        return {}

    def _caps(self, table: Mapping[str, Any], path: Path) -> tuple[Cap, ...]:
        caps = []
        for key, period in _MOST.items():
            points = self.whole(table, key, path, least=1)
            if points is not None:
                caps.append(Cap(points=points, per=period or "order"))
        return tuple(caps)


def assembled_program(
    files: Sequence[ProgramReader], *, unread: bool = False
) -> tuple[Program | None, list[Problem]]:
    """
    The program that *files* hold together, and what is wrong between them.

    None without ``[loyalty]``.

    Args:
        unread: Something could not be read, so nothing is missed.
    """
    tiers = [tier for file in files for tier in file.tiers]
    earn = [rule for file in files for rule in file.earn]
    problems = [*_again(tiers, "tier"), *_again(earn, "earn rule"), *_same_threshold(tiers)]
    tables = [file.loyalty for file in files if file.loyalty is not None]
    credit = [file.credit for file in files if file.credit is not None]
    problems += _more_than_one("loyalty", [table["origin"] for table in tables])
    problems += _more_than_one("credit", [one.origin for one in credit if one.origin is not None])
    if not tables:
        message, hint = "without [loyalty] nothing is earned", "add it, with a start"
        made: list[Tier | EarnRule | Credit] = [*tiers, *earn, *credit]
        if not unread:
            problems += [_at(one.origin, (), message, hint) for one in made]
        return None, problems
    whole = dict(tables[0])
    if tiers:
        whole["tiers"] = tuple(sorted(tiers, key=lambda tier: tier.threshold))
    program = Program(**whole, credit=credit[0] if credit else None)
    program = dataclasses.replace(program, earn=tuple(_of_tiers(earn, program.tiers)))
    if not unread:
        problems += [*_unknown_tiers(program), *_without_effect(program)]
    return program, problems


def _at(origin: Origin | None, within: Path, message: str, hint: str = "") -> Problem:
    assert origin is not None  # noqa: S101 - everything here was read from a file
    return origin.source.problem((*origin.path, *within), message, hint, key=not within)


def _more_than_one(name: str, origins: Sequence[Origin]) -> Iterator[Problem]:
    for origin in origins[1:]:
        line = origins[0].source.position(origins[0].path, key=True).line
        message = f"[{name}] stands here again, first in {origins[0].source.name}:{line}"
        yield _at(origin, (), message, "keep one of them")


def _again(made: Sequence[Tier | EarnRule], kind: str) -> Iterator[Problem]:
    first: dict[str, Tier | EarnRule] = {}
    for one in made:
        other = first.setdefault(fold(one.name), one)
        if other is not one:
            message = f"the {kind} '{one.name}' stands here again, first in"
            yield _at(one.origin, ("name",), f"{message} {other.file}:{other.line}", "rename one")


def _same_threshold(tiers: Sequence[Tier]) -> Iterator[Problem]:
    first: dict[int, Tier] = {}
    for tier in tiers:
        other = first.setdefault(tier.threshold, tier)
        if other is not tier:
            message = f"the tier '{other.name}' has this threshold too"
            yield _at(tier.origin, ("threshold",), message, "nobody would be in one of them")


def _of_tiers(earn: Sequence[EarnRule], tiers: Sequence[Tier]) -> Iterator[EarnRule]:
    """The rules, naming tiers as these name themselves."""
    names = {fold(tier.name): tier.name for tier in tiers}
    for rule in earn:
        called = tuple(names.get(fold(name), name) for name in rule.tiers)
        yield dataclasses.replace(rule, tiers=called)


def _unknown_tiers(program: Program) -> Iterator[Problem]:
    known = [tier.name for tier in program.tiers]
    for rule in program.earn:
        for name in rule.tiers:
            if name not in known:
                hint = did_you_mean(name, known, f"there are {listing(known, 'and')}")
                yield _at(rule.origin, ("tier",), f"there is no tier '{name}'", hint)


def _without_effect(program: Program) -> Iterator[Problem]:
    """A warning for each multiplier that another one of the same order always goes before."""
    least = min([defaults.RATE_SCALE, *(tier.multiplier for tier in program.tiers)])
    for rule in program.earn:
        if rule.multiply is not None and rule.multiply <= least and program.stack == "largest":
            message = "changes nothing: the largest multiplier counts, and everybody's is as large"
            hint = '[loyalty] stack = "multiply" lets all of them count'
            problem = _at(rule.origin, ("multiply",), message, hint)
            yield dataclasses.replace(problem, severity="warning")
