"""Debt beyond a program's limit is forgiven, and not a point more than what was forgiven."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import event, given, settings
from hypothesis import strategies as st

from sidecar.rules.loyalty.account import NEVER, Account, Cause, Terms

LIMIT = 5


@dataclass
class Story:
    """An account with a limit; None: without."""

    limit: int | None = LIMIT
    account: Account = field(default_factory=Account)
    waiver: Cause = field(default_factory=lambda: Cause("soonest", waives=True))
    causes: dict[str, Cause] = field(default_factory=dict)
    at: int = 100

    def order(self, name: str, points: int) -> None:
        self._to(name, Cause("newest"), points)

    def spend(self, name: str, points: int) -> None:
        self._to(name, Cause("soonest"), -points)

    def _to(self, name: str, cause: Cause, target: int) -> None:
        cause = self.causes.setdefault(name, cause)
        self.account.post(cause, target, self.at, Terms(self.at, self.at, NEVER))

    def look(self) -> None:
        if self.limit is not None:
            self.account.waive(self.waiver, self.limit, self.at)

    @property
    def owed_for_orders(self) -> int:
        debt = self.account.debt
        return sum(
            move.amount
            for cause in self.causes.values()
            for move in cause.taken
            if cause.takes == "newest" and move.lot is debt
        )


def refunded() -> Story:
    """An order's 60 points were spent, and the order was taken back."""
    story = Story()
    story.order("one", 60)
    story.spend("use", 60)
    story.order("one", 0)
    story.look()
    return story


def test_what_is_owed_beyond_the_limit_is_forgiven_once() -> None:
    story = refunded()
    assert (story.account.available, story.waiver.posted) == (-5, 55)
    before = len(story.account.entries)

    story.look()

    assert len(story.account.entries) == before


def test_what_is_earned_later_pays_only_what_is_left_of_the_debt() -> None:
    story = refunded()

    story.order("two", 30)

    assert (story.account.available, story.waiver.posted) == (25, 55)


def test_an_order_that_counts_again_after_all_takes_the_forgiveness_back() -> None:
    story = refunded()

    story.order("one", 60)

    assert (story.account.available, story.waiver.posted) == (0, 0)


def test_an_order_that_counts_again_in_part_is_as_if_it_had_never_been_taken_back_whole() -> None:
    story = refunded()

    story.order("one", 20)

    assert (story.account.available, story.waiver.posted) == (-5, 35)


def test_what_was_spent_beyond_what_there_was_is_owed_whatever_it_is() -> None:
    story = Story()
    story.spend("use", 1_000)

    story.look()

    assert (story.account.available, story.waiver.posted) == (-1_000, 0)


def test_the_newest_debt_is_forgiven_first() -> None:
    story = Story()
    for name in ("one", "two"):
        story.order(name, 60)
        story.spend(f"use of {name}", 60)
    story.order("one", 0)
    story.look()
    story.order("two", 0)

    story.look()
    story.order("one", 60)

    assert (story.account.available, story.waiver.posted) == (0, 60)


_STEPS = st.one_of(
    st.tuples(st.just("order"), st.sampled_from("abc"), st.sampled_from([0, 4, 7, 12, 30])),
    st.tuples(st.just("spend"), st.sampled_from("xy"), st.sampled_from([0, 5, 9, 20])),
    st.just(("look",)),
)


@settings(max_examples=500)
@given(st.lists(_STEPS, min_size=5, max_size=40))
def test_nobody_is_better_off_by_more_than_what_was_forgiven(
    steps: list[tuple[str, *tuple[str, ...]]],
) -> None:
    limited, unlimited = Story(), Story(limit=None)
    most: dict[str, int] = {}
    for name, *values in steps:
        for story in (limited, unlimited):
            getattr(story, name)(*values)
        if name == "order":
            most[values[0]] = max(most.get(values[0], 0), int(values[1]))
        forgiven = limited.waiver.posted
        assert limited.account.available == unlimited.account.available + forgiven
        assert 0 <= forgiven <= sum(most.values())
        if name == "look":
            assert limited.owed_for_orders <= LIMIT
    event(f"forgiven: {bool(limited.waiver.posted)}")
    _adds_up(limited)
    for order_id, points in most.items():
        limited.order(order_id, points)
    if all(limited.causes[one].posted == points for one, points in most.items()):
        # Nothing of any order is taken back now, so nothing is forgiven.
        assert limited.waiver.posted == 0


def _adds_up(story: Story) -> None:
    account = story.account
    for cause in (*story.causes.values(), story.waiver):
        of_it = [entry.amount for entry in account.entries if entry.cause is cause]
        assert sum(of_it) == cause.posted
    for lot in (*account.lots, account.debt):
        moves = [m.amount for entry in account.entries for m in entry.moves if m.lot is lot]
        assert sum(moves) == lot.remaining
    for entry in account.entries:
        assert sum(move.amount for move in entry.moves) == entry.amount
    assert sum(entry.shown for entry in account.entries) == account.available
    assert story.waiver.own is None or story.waiver.own.remaining == 0
