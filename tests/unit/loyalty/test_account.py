"""An account: whatever happens, in whatever order, it holds what each cause's target says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from hypothesis import event, given, settings
from hypothesis import strategies as st

from oracle.tokens import Tokens
from sidecar.rules.loyalty.account import NEVER, Account, Cause, Lot, Terms

Takes = Literal["soonest", "newest"]

# -- golden cases --------------------------------------------------------------------------


@dataclass
class Story:
    """An account whose time goes on."""

    account: Account = field(default_factory=Account)
    at: int = 100

    def earn(self, points: int, *, expires: int = NEVER, pending: int = 0) -> Cause:
        cause = Cause("newest")
        terms = Terms(self.at, self.at + pending, expires)
        self.account.post(cause, points, self.at, terms)
        return cause

    def spend(self, points: int) -> Cause:
        cause = Cause("soonest")
        self.account.post(cause, -points, self.at)
        return cause

    def to(self, cause: Cause, target: int, *, restored_until: int = 0) -> None:
        self.account.post(
            cause, target, self.at, Terms(self.at, self.at, restored_until=restored_until)
        )

    def left(self, *causes: Cause) -> list[int]:
        return [0 if cause.own is None else cause.own.remaining for cause in causes]


def test_the_same_target_again_posts_nothing() -> None:
    story = Story()
    order = story.earn(100)
    story.to(order, 100)

    assert [entry.amount for entry in story.account.entries] == [100]


def test_spending_takes_what_expires_soonest_then_the_oldest_and_last_what_never_expires() -> None:
    story = Story()
    never = story.earn(10)
    story.at += 1
    late = story.earn(10, expires=900)
    soon = story.earn(10, expires=500)
    story.at += 1
    late_too = story.earn(10, expires=900)

    story.spend(15)
    assert story.left(never, late, soon, late_too) == [10, 5, 0, 10]
    story.spend(10)
    assert story.left(never, late, soon, late_too) == [10, 0, 0, 5]
    story.spend(10)
    assert story.left(never, late, soon, late_too) == [5, 0, 0, 0]


def test_of_lots_that_expire_together_the_one_earned_first_is_spent_first() -> None:
    story = Story()
    story.at = 150
    later = story.earn(10, expires=900)
    story.at = 120
    earlier = story.earn(10, expires=900)

    story.spend(5)
    assert story.left(earlier, later) == [5, 10]


def test_what_was_spent_goes_back_to_the_same_lots() -> None:
    story = Story()
    soon, late = story.earn(10, expires=500), story.earn(10, expires=900)
    spent = story.spend(15)
    story.to(spent, -8)
    assert story.left(soon, late) == [2, 10]
    story.to(spent, 0)
    assert story.left(soon, late) == [10, 10]


def test_points_that_come_back_with_their_order_expire_when_they_always_would() -> None:
    story = Story()
    order = story.earn(100, expires=500)
    story.to(order, 0)
    assert story.account.available == 0
    story.at += 50
    story.to(order, 100)

    assert story.account.available == 100
    assert order.own is not None
    assert order.own.expires_at == 500


def test_a_revocation_takes_pending_then_the_orders_lots_then_the_newest_then_debt() -> None:
    story = Story()
    old = story.earn(10)
    story.at += 1
    new = story.earn(10)
    base = Cause("newest")
    bonus = Cause("newest", kin=[base])
    base.kin = [bonus]
    story.at -= 1  # the order is older than the newest lot
    story.account.post(base, 10, story.at, Terms(story.at))
    story.account.post(bonus, 10, story.at, Terms(story.at, available_at=story.at + 99))
    spent = story.spend(5)  # takes from the oldest that never expires
    assert story.left(old, new, base, bonus) == [5, 10, 10, 10]

    story.to(base, -35)

    moved = story.account.entries[-1].moves
    lots = [bonus.own, base.own, new.own, old.own, story.account.debt]
    assert [lots.index(move.lot) for move in moved] == [0, 1, 2, 3, 4]
    assert [move.amount for move in moved] == [-10, -10, -10, -5, -10]
    assert story.account.available == -10
    assert spent.posted == -5


def test_debt_is_paid_from_what_is_earned_next() -> None:
    story = Story()
    order = story.earn(100)
    story.spend(80)
    story.to(order, 0)
    assert story.account.available == -80

    story.earn(50)
    assert story.account.available == -30
    next_one = story.earn(50)

    assert story.account.available == 20
    assert story.left(next_one) == [20]
    assert story.account.debt.remaining == 0


def test_pending_points_pay_a_debt_only_when_they_become_available() -> None:
    story = Story()
    order = story.earn(100)
    story.spend(80)
    story.to(order, 0)
    waiting = story.earn(100, pending=50)
    assert (story.account.available, story.account.pending) == (-80, 100)

    story.at += 50
    story.account.release(story.at)

    assert (story.account.available, story.account.pending) == (20, 0)
    assert story.left(waiting) == [20]


def test_an_expired_lot_that_gets_something_back_is_good_for_the_days_of_grace() -> None:
    story = Story()
    lot = story.earn(100, expires=200)
    spent = story.spend(100)
    story.at = 300
    story.to(spent, -40, restored_until=400)

    assert lot.own is not None
    assert (lot.own.remaining, lot.own.expires_at) == (60, 400)


def test_without_grace_what_comes_back_to_an_expired_lot_expires_at_once() -> None:
    story = Story()
    story.earn(100, expires=200)
    spent = story.spend(100)
    story.at = 300
    story.to(spent, 0)
    story.account.expire(Cause("soonest"), story.at)

    assert story.account.available == 0


def test_what_is_reserved_does_not_expire() -> None:
    story = Story()
    story.earn(100, expires=200)
    reserved = story.spend(60)
    story.at = 300
    expired = Cause("soonest")
    story.account.expire(expired, story.at)

    assert expired.posted == -40
    story.to(reserved, 0, restored_until=400)
    assert story.account.available == 60


def test_expiring_twice_takes_nothing_the_second_time() -> None:
    story = Story()
    story.earn(100, expires=200)
    story.at = 200
    expired = Cause("soonest")
    story.account.expire(expired, story.at)
    story.account.expire(Cause("soonest"), story.at)

    assert [entry.amount for entry in story.account.entries] == [100, -100]


def test_the_instant_of_expiry_is_already_too_late_to_spend() -> None:
    story = Story()
    lot = story.earn(100, expires=200)
    story.at = 200
    story.spend(10)

    assert story.left(lot) == [100]
    assert story.account.debt.remaining == -10


# -- any history ---------------------------------------------------------------------------

_EARN = st.tuples(
    st.just("earn"),
    st.integers(0, 2),  # which order
    st.integers(0, 1),  # which rule
    st.sampled_from([0, 4, 7, 12]),  # target
    st.sampled_from([0, 0, 2]),  # pending for
    st.sampled_from([3, 5, 9, NEVER]),  # expires after
    st.sampled_from([0, 12]),  # restored for
)
_SPEND = st.tuples(
    st.just("spend"), st.integers(0, 1), st.sampled_from([0, 5, 9, 20]), st.sampled_from([0, 12])
)
_TIME = st.tuples(st.just("time"), st.integers(1, 3))
_STEPS = st.one_of(
    _EARN, _EARN, _EARN, _SPEND, _SPEND, _TIME, st.just(("end",)), st.just(("open",))
)


@settings(max_examples=500)
@given(st.lists(_STEPS, min_size=10, max_size=40))
def test_any_history_leads_where_moving_each_point_by_itself_leads(
    steps: list[tuple[str, *tuple[int, ...]]],
) -> None:
    account, oracle = Account(), Tokens()
    causes: dict[str, Cause] = {}
    at, ended = 0, 0
    for name, *values in steps:
        match name, values:
            case "time", [seconds]:
                at += seconds
            case "open", _:
                account.release(at)
                oracle.open(at)
            case "end", _:
                cause = Cause("soonest")
                account.expire(cause, at)
                ended += 1
                assert -cause.posted == oracle.end(at)
            case "earn", [order, rule, target, pending, after, restored]:
                key, kin = f"{order}/{rule}", f"{order}/{1 - rule}"
                cause = causes.setdefault(key, Cause("newest"))
                cause.kin = [causes[kin]] if kin in causes else []
                account.post(cause, target, at, Terms(at, at + pending, at + after, at + restored))
                terms = {
                    "came": at,
                    "from": at + pending,
                    "until": at + after,
                    "restored": at + restored,
                }
                oracle.post(key, [kin], "newest", target, at, terms)
            case "spend", [number, amount, restored]:
                key = f"spend {number}"
                cause = causes.setdefault(key, Cause("soonest"))
                account.post(cause, -amount, at, Terms(at, at, restored_until=at + restored))
                terms = {"came": at, "from": at, "until": 0, "restored": at + restored}
                oracle.post(key, [], "soonest", -amount, at, terms)
        _agree(account, causes, oracle)
    event(f"debt: {bool(account.debt.remaining)}")
    event(f"paid: {any(entry.kind == 'pay' for entry in account.entries)}")
    _adds_up(account, causes)


def _agree(account: Account, causes: dict[str, Cause], oracle: Tokens) -> None:
    assert account.available == oracle.available()
    assert account.pending == oracle.pending()
    assert -account.debt.remaining == oracle.owed()
    assert [lot.remaining for lot in account.lots] == [lot["units"] for lot in oracle.lots]
    for name, cause in causes.items():
        other = oracle.causes.get(name, {"posted": 0, "pile": []})
        assert cause.posted == other["posted"]
        places = {id(lot): n for n, lot in enumerate(oracle.lots)}
        want = Counter(places.get(id(unit), -1) for unit in other["pile"])
        numbers: dict[Lot, int] = {lot: n for n, lot in enumerate(account.lots)}
        got: Counter[int] = Counter()
        for move in cause.taken:
            got[numbers.get(move.lot, -1)] += move.amount
        assert got == want


def _adds_up(account: Account, causes: dict[str, Cause]) -> None:
    """The ledger alone tells every balance."""
    in_lots: Counter[Lot] = Counter()
    of_causes: Counter[Cause] = Counter()
    for entry in account.entries:
        assert sum(move.amount for move in entry.moves) == entry.amount
        of_causes[entry.cause] += entry.amount
        for move in entry.moves:
            in_lots[move.lot] += move.amount
    for lot in account.lots:
        assert in_lots[lot] == lot.remaining >= 0
    assert in_lots[account.debt] == account.debt.remaining <= 0
    for cause in causes.values():
        assert of_causes[cause] == cause.posted
    assert sum(entry.shown for entry in account.entries) == account.available
