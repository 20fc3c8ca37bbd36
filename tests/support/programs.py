"""Any loyalty program that rules files can hold, for property tests."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any, Literal, get_args

from hypothesis import strategies as st

from sidecar.model import fold
from sidecar.rules.language import limits
from sidecar.rules.language.printer import print_expr
from sidecar.rules.loyalty import expiry, program
from sidecar.rules.loyalty.earning import MULTIPLIED
from sidecar.rules.loyalty.expiry import Expiry, FixedDates, Inactivity, Rolling
from sidecar.rules.loyalty.program import Cap, EarnRule, Goods, Period, Program, Tier, Window
from sidecar.rules.syntax import Span
from sidecar.rules.table_reader import MAX_FOLDED_NAME, MAX_NAME
from support.strategies import trees


def wherever(written: Program) -> Program:
    """*written*, wherever its tables stood."""

    return dataclasses.replace(
        written,
        tiers=tuple(dataclasses.replace(tier, file="", line=0) for tier in written.tiers),
        earn=tuple(dataclasses.replace(rule, file="", line=0) for rule in written.earn),
        file="",
        line=0,
    )


names = (
    st.text(
        st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=MAX_NAME
    )
    .map(str.strip)
    .filter(lambda name: name and len(fold(name)) <= MAX_FOLDED_NAME)
)
#: Of a tier's benefits, where a text holds whatever TOML can.
any_text = st.text(st.characters(codec="utf-8"), max_size=8)
rates = st.integers(0, 10**16 - 1) | st.integers(0, 200_000)
points = st.integers(1, 10**12 - 1)
spans = st.builds(Span, st.integers(0, 200), st.sampled_from(("day", "week", "month", "year")))
dates = st.dates()
conditions = trees(max_leaves=4).filter(lambda tree: limits.size_problem(print_expr(tree)) is None)


def some_names() -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(names, unique_by=fold, max_size=3).map(tuple)


def one_of(words: object) -> st.SearchStrategy[Any]:
    return st.sampled_from(get_args(words))


month_days = st.dates(datetime.date(2000, 1, 1), datetime.date(2000, 12, 31)).map(
    lambda day: (day.month, day.day)
)
expiries: st.SearchStrategy[Expiry] = st.one_of(
    st.none(),
    st.builds(Rolling, spans, st.none() | one_of(expiry.Period)),
    st.builds(
        FixedDates,
        st.sets(month_days, min_size=1, max_size=4).map(lambda days: tuple(sorted(days))),
        st.none() | spans,
    ),
    st.builds(Inactivity, spans, one_of(expiry.Activity)),
)
PERIODS: tuple[Literal["order"] | Period, ...] = ("order", *get_args(Period))
windows: st.SearchStrategy[Window] = spans | st.just("lifetime")
tiers = st.builds(
    Tier,
    name=names,
    threshold=rates,
    multiplier=rates,
    window=st.none() | windows,
    grace=spans,
    downgrade=one_of(program.Downgrade),
    keep=st.just(0) | st.none(),
    benefits=st.dictionaries(any_text, any_text, max_size=3),
)


goods = st.builds(Goods, category=some_names(), product=some_names(), manufacturer=some_names())


@st.composite
def earn_rules(draw: st.DrawFn, tier_names: list[str]) -> EarnRule:
    gives = draw(st.sampled_from(("points", "per_unit", "multiply")))
    when = draw(st.none() | conditions)
    between = sorted(draw(st.tuples(dates, dates)))
    caps = () if gives == "multiply" else draw(st.sets(st.sampled_from(PERIODS)))
    refunds: st.SearchStrategy[Any] = (
        one_of(program.OnRefund) if gives != "multiply" else st.just("in proportion")
    )
    return EarnRule(
        name=draw(names.filter(lambda name: fold(name) != MULTIPLIED)),
        points=draw(points) if gives == "points" else None,
        per_unit=draw(rates) if gives == "per_unit" else None,
        multiply=draw(rates) if gives == "multiply" else None,
        when=when,
        text="" if when is None else print_expr(when),
        goods=draw(goods),
        tiers=tuple(draw(st.lists(st.sampled_from(tier_names), unique=True))),
        first=draw(st.sampled_from((None, between[0]))),
        last=draw(st.sampled_from((None, between[1]))),
        least_total=draw(rates),
        caps=tuple(Cap(points=draw(points), per=per) for per in PERIODS if per in caps),
        on_refund=draw(refunds),
    )


@st.composite
def programs(draw: st.DrawFn) -> Program:
    found = draw(
        st.lists(tiers, min_size=1, max_size=3, unique_by=lambda tier: fold(tier.name)).filter(
            lambda several: len({tier.threshold for tier in several}) == len(several)
        )
    )
    earn = earn_rules([tier.name for tier in found])
    return Program(
        start=draw(st.none() | dates),
        per_unit=draw(rates),
        points_for_one=draw(points),
        basis=draw(one_of(program.Basis)),
        rounding=draw(one_of(program.Rounding)),
        round_each=draw(one_of(program.RoundEach)),
        statuses=draw(some_names()),
        pending=draw(spans),
        expiry=draw(expiries),
        restored=draw(st.none() | spans),
        most_debt=draw(st.none() | points),
        stack=draw(one_of(program.Stack)),
        most_multiplied=draw(st.none() | rates.filter(lambda rate: rate >= 10_000)),
        zone=draw(st.sampled_from(("", "Europe/Berlin", "UTC"))),
        metric=draw(one_of(program.Metric)),
        window=draw(windows),
        tiers=tuple(sorted(found, key=lambda tier: tier.threshold)),
        earn=tuple(draw(st.lists(earn, max_size=3, unique_by=lambda rule: fold(rule.name)))),
    )
