"""The ladder's expressions against its meaning said in plain Python, over random histories."""

from __future__ import annotations

import dataclasses
import datetime
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from sidecar.model import Moment
from sidecar.rules import calendar
from sidecar.rules.ladder import LadderPlan, Rung
from sidecar.rules.syntax import Span
from support.ladder_frame import after
from support.ladder_interpreter import UNSEEN, Seen, ago, judge

UTC = datetime.UTC

ZONES = (
    "UTC",
    "Europe/Kyiv",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Beirut",
    "America/Havana",
    "Pacific/Apia",
)

#: Beside months' ends, clock changes, a leap day and a day that Apia never had.
STARTS = (
    datetime.datetime(2025, 1, 29, 22, 30, tzinfo=UTC),
    datetime.datetime(2025, 3, 8, 23, 59, 59, tzinfo=UTC),
    datetime.datetime(2025, 3, 29, 23, 30, tzinfo=UTC),
    datetime.datetime(2025, 10, 25, 23, 15, tzinfo=UTC),
    datetime.datetime(2024, 2, 28, 23, 0, 1, tzinfo=UTC),
    datetime.datetime(2011, 12, 28, 12, 0, tzinfo=UTC),
    datetime.datetime(2026, 6, 15, 9, 0, tzinfo=UTC),
)

GROUPS = (1, 2, 3, 4, 5, 6)
SLOTS = (0, 1, 31, 63)

zones = st.sampled_from(ZONES).map(ZoneInfo)
SPANS = (
    Span(0, "day"),
    Span(1, "day"),
    Span(2, "day"),
    Span(1, "week"),
    Span(1, "month"),
    Span(1, "year"),
    Span(1, "hour"),
    Span(90, "minute"),
)
spans = st.sampled_from(SPANS)
waits = st.sampled_from(
    (
        *(0, 1, 60, 1799, 3600, 7199, 7200, 7201, 43_200, 86_399, 86_400, 86_401),
        *(days * 86_400 for days in (2, 7, 28, 31, 366)),
        *(-60, -90_000),  # the clock was put back
    )
)


odd_writes = st.sampled_from((0, 0, 0, 0, 0, 4))


def some(values: tuple[int, ...]) -> st.SearchStrategy[frozenset[int]]:
    return st.frozensets(st.sampled_from(values), max_size=len(values))


def often(usual: bool) -> st.SearchStrategy[bool]:
    """*usual* four times out of five."""
    return st.sampled_from((usual, usual, usual, usual, not usual))


@st.composite
def plans(draw: st.DrawFn) -> LadderPlan:
    slots = draw(st.permutations(SLOTS))[: draw(st.sampled_from((0, 1, 2, 3, 3, 4)))]
    groups = draw(st.permutations(GROUPS if draw(often(True)) else (None, *GROUPS)))
    optional = st.sampled_from((None, None, *SPANS))
    rungs = tuple(
        Rung(slot, group, draw(optional), draw(optional))
        for slot, group in zip(slots, groups, strict=False)
    )
    return LadderPlan(
        rungs=rungs,
        fallback=draw(st.none() | st.sampled_from(GROUPS)),
        from_=frozenset(GROUPS) if draw(often(True)) else draw(some(GROUPS)),
        protected=draw(
            st.just(frozenset[int]()) | st.frozensets(st.sampled_from(GROUPS), max_size=2)
        ),
        upgrade_only=draw(often(False)),
        default_group=draw(st.sampled_from(GROUPS)),
        blocked=draw(often(False)),
        paused=False,
        groups=frozenset(GROUPS) if draw(often(True)) else draw(some(GROUPS)),
    )


class History:
    """One customer's, and what comes from outside between the passes."""

    def __init__(self, group: int) -> None:
        self.seen = Seen(group)
        self.writes: list[int] = []

    def meet(self, draw: st.DrawFn, now: int) -> None:
        """What the store, people and time do to them before the pass at *now*."""
        seen, was = self.seen, self.seen.was
        when = draw(some(SLOTS))
        keep = draw(st.just(when) | some(SLOTS))
        group = seen.group
        match draw(st.sampled_from(range(10))):
            case 7:
                group = draw(st.sampled_from((*GROUPS, 9)))
            case 8 if was["moved_from"] is not None:
                group = was["moved_from"]
        pin, since, requalify = seen.pin, seen.pin_since, seen.requalify
        match draw(st.sampled_from(range(12))):
            case 7:
                pin, since = draw(st.sampled_from((*GROUPS, 9))), draw(st.just(now) | st.none())
                requalify = draw(st.booleans())
            case 8 | 9:
                pin = since = None
            case 10 if was["group_hold"] is not None:
                was = {**was, "group_hold": 0}
                pin = since = None
        out, out_requalify = seen.out, seen.out_requalify
        if draw(often(False)):
            out = draw(some(SLOTS))
            out_requalify = draw(some(SLOTS)) - out
        self.seen = Seen(
            group, when, keep, was, seen.rungs, pin, since, requalify, out, out_requalify,
            touched=draw(often(False)),
            writes=sum(now - 600 < at <= now for at in self.writes) + draw(odd_writes),
        )  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> tuple[ZoneInfo, list[tuple[LadderPlan, int, list[Seen]]]]:
    """Passes one after the other, each with its plan, its instant and the customers it finds."""
    zone = draw(zones)
    now = int(draw(st.sampled_from(STARTS)).timestamp())
    plan = draw(plans())
    customers = [History(draw(st.sampled_from(GROUPS))) for _ in range(draw(st.integers(1, 4)))]
    passes = []
    for _ in range(draw(st.integers(1, 10))):
        now += draw(waits)
        match draw(st.sampled_from(range(10))):
            case 7:
                plan = draw(plans())
            case 8:
                plan = dataclasses.replace(plan, blocked=not plan.blocked)
            case 9:
                plan = dataclasses.replace(plan, paused=not plan.paused)
        found = []
        for customer in customers:
            customer.meet(draw, now)
            found.append(customer.seen)
            seen = customer.seen
            judged = judge(plan, seen, now, zone)
            if judged.move:
                customer.writes.append(now)
            if judged.note == 5:
                seen = dataclasses.replace(seen, pin=judged.group, pin_since=now, requalify=False)
            elif judged.pin_ended:
                seen = dataclasses.replace(seen, pin=None)
            customer.seen = dataclasses.replace(
                seen,
                group=judged.move[1] if judged.move else seen.group,
                was=judged.memory,
                rungs=judged.rungs,
                out_requalify=seen.out_requalify - judged.out_ended,
            )
        passes.append((plan, now, found))
    return zone, passes


@settings(max_examples=80)
@given(histories())
def test_the_expressions_say_what_the_ladder_means_at_every_pass_of_a_history(
    history: tuple[ZoneInfo, list[tuple[LadderPlan, int, list[Seen]]]],
) -> None:
    zone, passes = history
    for plan, now, customers in passes:
        # A pass gets the memory that the passes before it left: the definition's is the same.
        judged, _ = after(plan, customers, now, zone)

        assert judged == [judge(plan, customer, now, zone) for customer in customers]


def any_customer(random: Random, plan: LadderPlan, now: int, zone: ZoneInfo) -> Seen:
    """Somebody in any state, most often on a rung, with instants at the edges of what counts."""
    edges = [now, now - 7200, now - 86_400, now - 500_000]
    for rung in plan.rungs:
        edges += [ago(span, now, zone) for span in (rung.grace, rung.min_stay) if span]

    def instant() -> int | None:
        return random.choice([None, random.choice(edges) + random.choice((-1, 0, 1))])

    def group() -> int:
        return random.choice([rung.group_id or 9 for rung in plan.rungs] + [*GROUPS])

    def slots(chance: float) -> frozenset[int]:
        return frozenset(slot for slot in SLOTS if random.random() < chance)

    found, when = group(), slots(0.4)
    was = {name: random.choice((None, group())) for name in UNSEEN}
    for name in ("group_since", "ceased_at", "outside_at", "moved_at", "stale_at"):
        was[name] = instant()
    was["group_hold"] = random.choice((None, 0, 0, 0, 0, 0, 1, 2, 3, 4))
    was["group_id"] = random.choice((None, found, found, found, found, group()))
    was["moved_from"] = random.choice((None, found, group()))
    pinned = random.random() < 0.2
    return Seen(
        group=found,
        when=when,
        keep=random.choice((when, slots(0.4))),
        was=was,
        rungs=slots(0.4),
        pin=group() if pinned else None,
        pin_since=instant() if pinned else None,
        requalify=random.random() < 0.5,
        out=slots(0.1),
        out_requalify=slots(0.1),
        touched=random.random() < 0.3,
        writes=random.choice((0, 0, 0, 3, 4, 5)),
    )


@settings(max_examples=40)
@given(plans(), zones, st.sampled_from(STARTS), st.integers(0, 40 * 24), st.integers(0, 2**32))
def test_the_expressions_say_what_the_ladder_means_in_any_state(
    plan: LadderPlan, zone: ZoneInfo, start: datetime.datetime, hours: int, seed: int
) -> None:
    random, now = Random(seed), int(start.timestamp()) + hours * 3600
    customers = [any_customer(random, plan, now, zone) for _ in range(100)]

    judged, _ = after(plan, customers, now, zone)

    for customer, found in zip(customers, judged, strict=True):
        assert found == judge(plan, customer, now, zone), customer


@given(
    zones,
    st.datetimes(datetime.datetime(2000, 1, 1), datetime.datetime(2036, 12, 31)),
    st.sampled_from(("minute", "hour", "day", "week", "month", "year")),
    st.integers(0, 40),
)
@example(ZoneInfo("America/Havana"), datetime.datetime(2025, 11, 3, 5, 30), "day", 1)
@example(ZoneInfo("America/Havana"), datetime.datetime(2025, 11, 2, 5, 30), "day", 0)
@example(ZoneInfo("Asia/Beirut"), datetime.datetime(2025, 4, 5, 21, 30), "week", 1)
@example(ZoneInfo("Europe/Kyiv"), datetime.datetime(2025, 3, 31, 0, 30), "day", 1)
@example(ZoneInfo("Europe/Kyiv"), datetime.datetime(2025, 3, 31, 9, 0), "month", 1)
@example(ZoneInfo("UTC"), datetime.datetime(2024, 2, 29, 9, 0), "year", 1)
def test_ago_is_the_same_time_of_day_on_the_wall(
    zone: ZoneInfo, at: datetime.datetime, unit: str, count: int
) -> None:
    now = at.replace(microsecond=0, tzinfo=UTC)
    span = Span(count, unit)  # type: ignore[arg-type]

    instant = calendar.ago(span, Moment(now, zone))

    assert instant == ago(span, int(now.timestamp()), zone)


@settings(max_examples=100)
@given(
    zones,
    st.sampled_from(STARTS),
    st.integers(-40 * 24, 40 * 24),
    spans,
    st.none() | spans,
    st.integers(0, 40 * 24),
)
def test_the_ladder_is_looked_at_again_before_time_alone_lets_a_customer_fall(
    zone: ZoneInfo,
    start: datetime.datetime,
    shift_h: int,
    grace: Span,
    min_stay: Span | None,
    later_h: int,
) -> None:
    ceased = int(start.timestamp()) + shift_h * 3600 + 1234
    rung = Rung(5, 2, grace, min_stay)
    plan = LadderPlan(
        (rung,), 1, frozenset({1}), frozenset(), False, 1, False, False, frozenset({1, 2})
    )
    was = {**UNSEEN, "group_id": 2, "group_hold": 0, "ceased_at": ceased, "group_since": ceased}
    now = ceased + later_h * 3600
    customer = Seen(2, was=was)

    [judged], [looked_at] = after(plan, [customer], now, zone)

    if judged.move:
        assert looked_at is None
        return
    assert looked_at is not None
    assert looked_at > now
    next_hour = (now // 3600 + 1) * 3600
    for probe in range(next_hour, looked_at, 1800):
        assert judge(plan, customer, probe, zone).move is None
    assert judge(plan, customer, looked_at - 1, zone).move is None or looked_at <= next_hour
