"""Tiers: golden cases, and any history against a person who goes through it by hand."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from sidecar.model import Moment
from sidecar.rules.loyalty.account import NEVER
from sidecar.rules.loyalty.program import Downgrade, Program, Tier
from sidecar.rules.loyalty.tiers import MEMORY, metric_column, tier_levels, tier_plan
from sidecar.rules.syntax import Span

ZONE = ZoneInfo("Europe/Berlin")
START = datetime.datetime(2027, 1, 10, 15, 30, tzinfo=ZONE)

PROGRAM = Program(
    start=None,
    window=Span(90, "day"),
    tiers=(
        Tier(name="Bronze", threshold=0, grace=Span(30, "day")),
        Tier(name="Silver", threshold=1000, grace=Span(30, "day")),
        Tier(name="Gold", threshold=5000, grace=Span(30, "day")),
    ),
)


@dataclass
class Member:
    """One customer, and what is remembered of them."""

    program: Program = PROGRAM
    tier: int | None = None
    tier_since: int | None = None
    tier_review: int | None = None
    tier_grace: int | None = None
    tier_at: int | None = None

    def look(
        self,
        day: float,
        value: int | None,
        *,
        lock: int | None = None,
        undone: bool = False,
        led_from: int | None = None,
    ) -> int | None:
        moment = _moment(day)
        plan = tier_plan(self.program, moment)
        columns = {f"was:{name}": [getattr(self, name)] for name in MEMORY}
        frame = pl.DataFrame(
            {
                **columns,
                "tier_lock": [lock],
                "tier_led_from": [led_from],
                **{metric: [value] for metric in plan.metrics},
            },
            schema_overrides=dict.fromkeys(
                [*columns, "tier_lock", "tier_led_from", *plan.metrics], pl.Int64
            ),
        ).with_columns(tier_reversed=pl.lit(undone))
        for level in tier_levels(plan):
            frame = frame.with_columns(level)
        for name in (*MEMORY, "tier_at"):
            setattr(self, name, frame[name].item())
        return self.tier


def _moment(day: float) -> Moment:
    return Moment((START + datetime.timedelta(days=day)).astimezone(datetime.UTC), ZONE)


def _midnight(day: int) -> int:
    date = (START + datetime.timedelta(days=day)).date()
    return int(datetime.datetime.combine(date, datetime.time(), tzinfo=ZONE).timestamp())


# -- golden cases --------------------------------------------------------------------------


def test_a_tier_is_reached_at_once_and_held_until_its_review() -> None:
    member = Member()
    assert member.look(0, 1500) == 1
    assert member.tier_since == _moment(0).epoch_s
    assert member.tier_review == member.tier_at == _midnight(91)
    assert member.look(50, 10) == 1
    assert member.look(60, 5000) == 2
    assert member.tier_review == _midnight(151)


def test_who_reaches_the_tier_at_its_review_keeps_it_for_another_window() -> None:
    member = Member()
    member.look(0, 1500)
    since = member.tier_since
    assert member.look(92, 1000) == 1
    assert (member.tier_since, member.tier_review) == (since, _midnight(92 + 91))


def test_who_misses_the_review_falls_only_after_the_grace() -> None:
    member = Member()
    member.look(0, 5000)
    assert member.look(91, 900) == 2
    assert member.tier_grace == member.tier_at == _midnight(91 + 31)
    assert member.look(121, 900) == 2
    assert member.look(122, 900) == 0
    assert member.tier_since == _moment(122).epoch_s
    assert member.tier_grace is None


def test_who_reaches_it_within_the_grace_was_never_without_it() -> None:
    member = Member()
    member.look(0, 5000)
    since = member.tier_since
    member.look(91, 900)
    assert member.look(100, 5000) == 2
    assert member.tier_since == since
    assert member.tier_grace is None
    assert member.tier_review == _midnight(100 + 91)


def _with(downgrade: Downgrade, grace: int = 30) -> Program:
    tiers = [replace(t, downgrade=downgrade, grace=Span(grace, "day")) for t in PROGRAM.tiers]
    return replace(PROGRAM, tiers=tuple(tiers))


def test_a_fall_may_go_one_step_or_never_happen() -> None:
    one_step, never = Member(_with("one step", 0)), Member(_with("never", 0))
    for member in (one_step, never):
        member.look(0, 5000)
        member.look(91, 0)
    assert (one_step.tier, never.tier) == (1, 2)
    assert one_step.tier_review == never.tier_review == _midnight(91 + 91)
    one_step.look(200, 0)
    assert one_step.tier == 0


def test_below_the_lowest_threshold_there_is_no_tier() -> None:
    tiers = (Tier(name="Only", threshold=100, grace=Span(0, "day")),)
    member = Member(replace(PROGRAM, tiers=tiers))
    assert member.look(0, 99) is None
    assert (member.tier_since, member.tier_review, member.tier_at) == (None, None, None)
    assert member.look(1, 100) == 0
    assert member.look(200, 99) is None
    assert (member.tier_since, member.tier_review, member.tier_at) == (None, None, None)


def test_an_upgrade_whose_order_was_given_back_is_taken_back_at_once() -> None:
    member = Member()
    member.look(0, 1500)
    member.look(10, 5000)
    assert member.look(12, 1500) == 2  # it only lowers the progress
    assert member.look(13, 1500, undone=True, led_from=1) == 1


def test_an_upgrade_that_is_taken_back_leads_no_lower_than_before_it() -> None:
    member = Member()
    member.look(0, 1500)
    member.look(80, 5000)
    assert member.look(85, 10, undone=True, led_from=1) == 1
    assert member.tier_review == _midnight(85 + 91)


def test_who_has_enough_to_keep_a_tier_keeps_it_at_its_review_and_does_not_reach_it() -> None:
    silver = replace(PROGRAM.tiers[1], keep=600)
    member = Member(replace(PROGRAM, tiers=(PROGRAM.tiers[0], silver, PROGRAM.tiers[2])))
    assert member.look(0, 999) == 0
    assert member.look(1, 1000) == 1
    assert member.look(92, 600) == 1
    assert (member.tier_review, member.tier_grace) == (_midnight(92 + 91), None)
    assert member.look(183, 599) == 1
    assert member.tier_grace == _midnight(183 + 31)
    assert member.look(190, 600) == 1
    assert member.tier_grace is None
    assert member.look(281, 10) == 1
    assert member.look(312, 10) == 0


def test_a_locked_tier_stays_and_goes_by_the_metric_again_when_it_is_unlocked() -> None:
    member = Member()
    member.look(0, 0)
    assert member.look(1, 0, lock=2) == 2
    assert member.tier_at is None
    assert member.look(300, 0, lock=2) == 2
    assert member.look(301, 0) == 2  # its review is over; the grace begins
    assert member.tier_grace == _midnight(301 + 31)
    assert member.look(340, 0) == 0


def test_a_tier_for_life_has_no_review() -> None:
    member = Member(replace(PROGRAM, window="lifetime"))
    member.look(0, 5000)
    assert (member.tier_review, member.tier_at) == (NEVER, None)
    assert member.look(5000, 10) == 2


def test_each_tier_may_count_another_window() -> None:
    silver = replace(PROGRAM.tiers[1], window="lifetime")
    program = replace(PROGRAM, tiers=(PROGRAM.tiers[0], silver))
    plan = tier_plan(program, _moment(0))
    assert plan.metrics == [metric_column(Span(90, "day")), metric_column("lifetime")]


# -- any history ---------------------------------------------------------------------------


@dataclass
class _ByHand:
    """The same rules, one customer, one `if` at a time, in whole days."""

    tiers: Sequence[Tier]
    tier: int = -1
    review: int = 0
    grace: int | None = None

    def look(
        self, day: int, value: int, lock: int | None, *, undone: bool, led_from: int | None
    ) -> None:
        reached = -1
        for place, tier in enumerate(self.tiers):
            if value >= tier.threshold:
                reached = place
        if lock is not None:
            if lock != self.tier:
                self.review = day + 91
            self.tier, self.grace = lock, None
            return
        if reached > self.tier:
            self.tier, self.review, self.grace = reached, day + 91, None
            return
        if undone and reached < self.tier:
            before = -1 if led_from is None else led_from
            self.tier, self.review, self.grace = max(reached, before), day + 91, None
            return
        if self.tier == -1:
            return
        if self.grace is None and day < self.review:
            return
        keep = self.tiers[self.tier].keep
        if reached == self.tier or (keep is not None and value >= keep):
            self.review, self.grace = day + 91, None
            return
        if self.grace is None:
            days = self.tiers[self.tier].grace.count
            self.grace = day + days + 1 if days else day
        if self.grace > day:
            return
        how = self.tiers[self.tier].downgrade
        if how == "to reached":
            self.tier = reached
        elif how == "one step":
            self.tier -= 1
        self.review, self.grace = day + 91, None


@given(
    st.lists(
        st.tuples(
            st.integers(0, 60),
            st.sampled_from([-1, 0, 6, 10, 16, 20, 30]),
            st.sampled_from([None, None, None, None, 0, 2]),
            st.sampled_from([False, False, False, True]),
            st.sampled_from([None, 0, 1]),
        ),
        max_size=12,
    ),
    st.lists(
        st.tuples(
            st.sampled_from([0, 10, 40]),
            st.sampled_from(["to reached", "one step", "never"]),
            st.sampled_from([None, None, 5]),
        ),
        min_size=3,
        max_size=3,
    ),
    st.sampled_from([0, 10]),
)
def test_any_history_leads_where_going_through_it_by_hand_leads(
    steps: list[tuple[int, int, int | None, bool, int | None]],
    kinds: list[tuple[int, Downgrade, int | None]],
    lowest: int,
) -> None:
    tiers = tuple(
        Tier(
            name=f"T{n}",
            threshold=lowest + 10 * n,
            grace=Span(days, "day"),
            downgrade=how,
            keep=None if less is None else lowest + 10 * n - less,
        )
        for n, (days, how, less) in enumerate(kinds)
    )
    member, by_hand, day = Member(replace(PROGRAM, tiers=tiers)), _ByHand(tiers), 0
    for days, value, lock, undone, led_from in steps:
        day += days
        before = None if led_from is None or led_from >= by_hand.tier else led_from
        member.look(day, value, lock=lock, undone=undone, led_from=before)
        by_hand.look(day, value, lock, undone=undone, led_from=before)
        assert (-1 if member.tier is None else member.tier) == by_hand.tier
        if by_hand.tier >= 0:
            assert member.tier_review == _midnight(by_hand.review)
        if by_hand.grace is None:
            assert member.tier_grace is None
        else:
            assert member.tier_grace == _midnight(by_hand.grace)
