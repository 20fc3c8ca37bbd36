"""Tiers, from what a store's orders earned to the customers' rows, and back into what they earn."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import Any

import pytest

from sidecar import clock
from sidecar.errors import UsageError
from support.points import COMPLETE, PENDING, command, look, order, program
from support.small_store import SmallStore


def later(store: SmallStore, **by: float) -> None:
    """Time goes by."""
    store.now += datetime.timedelta(**by)


def row(store: SmallStore, customer: int) -> Mapping[str, Any]:
    """What our table says of *customer*."""
    (found,) = store.rows("SELECT * FROM {own}tier WHERE customer_id = %s", customer)
    return found


def tier(store: SmallStore, customer: int) -> str | None:
    found = row(store, customer)["tier"]
    assert found is None or isinstance(found, str)
    return found


def moves(store: SmallStore, customer: int) -> list[tuple[str | None, str | None, str]]:
    query = "SELECT was, tier, why FROM {own}tier_change WHERE customer_id = %s ORDER BY change_id"
    return [(one["was"], one["tier"], one["why"]) for one in store.rows(query, customer)]


def earned(store: SmallStore, order_id: int) -> int:
    """All the points of an order."""
    query = "SELECT SUM(posted) AS points FROM {own}cause WHERE kind = 'earn' AND source_id = %s"
    (found,) = store.rows(query, order_id)
    return int(found["points"] or 0)


def status(store: SmallStore, order_id: int, to: int) -> None:
    table = f"{store.given.prefix}order"
    with store.given.connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE `{table}` SET order_status_id = %s, date_modified = %s WHERE order_id = %s",
            (to, store.now.replace(tzinfo=None), order_id),
        )


@pytest.fixture(autouse=True)
def clock_of_the_store(store: SmallStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands go by the same clock."""
    monkeypatch.setattr(clock, "now", lambda: store.now)


@pytest.fixture
def ann(store: SmallStore) -> int:
    program(store)
    return store.given.customer()


def test_who_has_earned_a_thousand_points_is_in_silver(store: SmallStore, ann: int) -> None:
    order(store, ann, "99.99")
    look(store, ann)
    assert tier(store, ann) == "Bronze"
    assert moves(store, ann) == []

    order(store, ann, "0.10")
    assert store.process(ann).tier_changed == 1
    assert store.process(ann).tier_changed == 0

    assert tier(store, ann) == "Silver"
    assert moves(store, ann) == [("Bronze", "Silver", "reached")]
    assert row(store, ann)["metric"] == 1_000 * 10_000
    assert row(store, ann)["since"] == store.moment.epoch_s


def test_an_order_earns_by_the_tier_that_it_was_placed_in(store: SmallStore, ann: int) -> None:
    order(store, ann, "100")
    look(store, ann)
    placed_before = order(store, ann, "10", days_ago=2, status=PENDING)
    later(store, hours=1)
    placed_in_silver = order(store, ann, "10", at=store.now)
    status(store, placed_before, COMPLETE)

    look(store, ann)

    assert earned(store, placed_before) == 100
    assert earned(store, placed_in_silver) == 120


def test_what_a_tier_adds_does_not_lead_to_the_next(store: SmallStore, ann: int) -> None:
    order(store, ann, "100")
    look(store, ann)
    later(store, hours=1)
    order(store, ann, "399.90", at=store.now)
    look(store, ann)

    assert row(store, ann)["metric"] == 4_999 * 10_000
    assert tier(store, ann) == "Silver"


def test_spending_points_does_not_lower_a_tier(store: SmallStore, ann: int) -> None:
    order(store, ann, "100")
    look(store, ann)
    store.given.reward(ann, -900)
    look(store, ann)

    assert (tier(store, ann), row(store, ann)["metric"]) == ("Silver", 10_000_000)


def test_a_tier_is_kept_until_its_review_and_the_grace_after_it(
    store: SmallStore, ann: int
) -> None:
    order(store, ann, "100")
    look(store, ann)
    found = row(store, ann)
    zone = store.moment.zone
    begins = store.moment.today
    review = datetime.datetime.fromtimestamp(found["review_at"], zone)
    assert review.date() == begins.replace(year=begins.year + 1) + datetime.timedelta(days=1)

    later(store, days=365 + 1)
    look(store, ann)
    assert tier(store, ann) == "Silver"
    assert row(store, ann)["metric"] == 0
    grace = datetime.datetime.fromtimestamp(row(store, ann)["grace_until"], zone)
    assert grace.date() == store.moment.today + datetime.timedelta(days=31)

    later(store, days=31)
    look(store, ann)
    assert tier(store, ann) == "Bronze"
    assert moves(store, ann)[-1] == ("Silver", "Bronze", "missed")


def test_who_reaches_it_within_the_grace_stays_since_the_first_day(
    store: SmallStore, ann: int
) -> None:
    order(store, ann, "100")
    look(store, ann)
    since = row(store, ann)["since"]
    later(store, days=365 + 1)
    look(store, ann)
    later(store, days=10)
    order(store, ann, "100", at=store.now)

    look(store, ann)

    assert (tier(store, ann), row(store, ann)["since"]) == ("Silver", since)
    assert row(store, ann)["grace_until"] is None
    assert moves(store, ann) == [(None, "Silver", "reached")]


def test_a_tier_moves_at_its_instant_and_not_before(store: SmallStore, ann: int) -> None:
    order(store, ann, "100")
    look(store, ann)
    when = row(store, ann)["next_at"]
    seen = []
    while row(store, ann)["tier"] == "Silver":
        before = row(store, ann)["next_at"]
        assert before > store.moment.epoch_s
        store.now = datetime.datetime.fromtimestamp(before, datetime.UTC)
        look(store, ann)
        seen.append(before)
        assert len(seen) < 9
    assert seen[0] == when
    assert row(store, ann)["tier"] == "Bronze"


def test_a_cancelled_order_lowers_the_progress_and_not_the_tier(
    store: SmallStore, ann: int
) -> None:
    order_id = order(store, ann, "100")
    look(store, ann)
    status(store, order_id, PENDING)
    look(store, ann)

    assert (tier(store, ann), row(store, ann)["metric"]) == ("Silver", 0)


def test_an_upgrade_whose_order_is_given_back_while_its_points_are_pending_is_taken_back(
    store: SmallStore, ann: int
) -> None:
    program(store, 'pending = "14 days"\n')
    order(store, ann, "50")
    look(store, ann)
    led = order(store, ann, "60")
    look(store, ann)
    assert (tier(store, ann), row(store, ann)["led_by"]) == ("Silver", led)
    later(store, days=13)
    status(store, led, PENDING)

    look(store, ann)

    assert moves(store, ann)[-1] == ("Silver", "Bronze", "reversed")


def test_an_upgrade_stays_when_its_order_is_given_back_later(store: SmallStore, ann: int) -> None:
    program(store, 'pending = "14 days"\n')
    led = order(store, ann, "100")
    look(store, ann)
    later(store, days=16)
    status(store, led, PENDING)

    look(store, ann)

    assert tier(store, ann) == "Silver"


@pytest.mark.parametrize("store", [{"refunded_return_statuses": ("#3",)}], indirect=True)
def test_net_spend_counts_money_that_is_left(store: SmallStore) -> None:
    program(
        store,
        'points_per_unit = 1\ntier_metric = "net spend"\n'
        '[[tier]]\nname = "Friend"\nthreshold = 0\n[[tier]]\nname = "Fan"\nthreshold = 80\n',
    )
    ann = store.given.customer()
    order_id = store.given.order(ann, "100", days_ago=1)
    store.given.line(order_id, 40, 4, price="25")
    look(store, ann)
    assert (tier(store, ann), row(store, ann)["metric"]) == ("Fan", 100 * 10_000)

    store.given.goods_return(ann, order_id, 40, 1, status=3)
    status(store, order_id, COMPLETE)
    look(store, ann)
    assert row(store, ann)["metric"] == 75 * 10_000


def test_nothing_of_an_order_that_is_gone_counts(store: SmallStore) -> None:
    program(store, 'tier_metric = "net spend"\n')
    ann = store.given.customer()
    order_id = order(store, ann, "100")
    order(store, ann, "10")
    look(store, ann)
    with store.given.connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM `{store.given.prefix}order` WHERE order_id = %s",
            (order_id,),
        )
    look(store, ann)

    assert row(store, ann)["metric"] == 10 * 10_000


def test_an_order_that_moves_to_another_customer_counts_for_them(
    store: SmallStore, ann: int
) -> None:
    bob = store.given.customer()
    order_id = order(store, ann, "100")
    look(store, ann, bob)
    with store.given.connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE `{store.given.prefix}order` SET customer_id = %s WHERE order_id = %s",
            (bob, order_id),
        )
    look(store, ann, bob)

    assert (row(store, ann)["metric"], row(store, bob)["metric"]) == (0, 10_000_000)
    assert tier(store, bob) == "Silver"


def test_looking_again_changes_nothing(store: SmallStore, ann: int) -> None:
    order(store, ann, "700")
    look(store, ann)
    before = store.rows("SELECT * FROM {own}tier"), store.rows("SELECT * FROM {own}tier_change")
    store.full_pass()
    look(store, ann)

    assert before == (
        store.rows("SELECT * FROM {own}tier"),
        store.rows("SELECT * FROM {own}tier_change"),
    )


def test_the_name_of_a_tier_may_be_anything(store: SmallStore) -> None:
    name = """O'Neill "\\ `); DROP TABLE x; -- 💎"""
    program(store, f"[[tier]]\nname = {json.dumps(name, ensure_ascii=False)}\nthreshold = 5\n")
    ann = store.given.customer()
    order(store, ann, "100")

    look(store, ann)

    assert tier(store, ann) == name
    assert moves(store, ann) == [(None, name, "reached")]


def test_a_crash_before_the_commit_leaves_neither_points_nor_tier(
    store: SmallStore, ann: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    order(store, ann, "100")

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("sidecar.sync.loyalty.tiers.Tiers.look", dies)
        with pytest.raises(KeyboardInterrupt):
            store.process(ann)
    assert store.rows("SELECT * FROM {own}entry") == []

    look(store, ann)

    assert tier(store, ann) == "Silver"


def test_the_example_of_the_page_is_what_happens(store: SmallStore) -> None:
    store.named_rules({}, "[loyalty]\nstart = 2027-01-01\n")
    ann = store.given.customer()

    def on(day: str, total: str = "") -> int:
        store.now = datetime.datetime.fromisoformat(f"{day}T12:00:00+00:00")
        order_id = order(store, ann, total, at=store.now) if total else 0
        look(store, ann)
        return order_id

    on("2027-01-10", "100")
    found = told(store, ann)
    assert (found["name"], found["next_why"]) == ("Silver", "reviewed on 2028-01-11")
    assert earned(store, on("2027-03-01", "10")) == 120
    assert told(store, ann)["missing"] == "3900.0000"
    on("2028-01-11")
    found = told(store, ann)
    assert (found["name"], found["counts"]) == ("Silver", "100.0000")
    assert "kept through 2028-02-10" in found["next_why"]
    on("2028-02-10")
    assert tier(store, ann) == "Silver"
    on("2028-02-11")
    assert tier(store, ann) == "Bronze"


def test_a_customer_group_follows_a_tier_in_the_same_look(store: SmallStore) -> None:
    group = store.given.group("Gold customers")
    gold = "[[group]]\nname = 'Gold customers'\nwhen = 'tier = \"Gold\"'\n"
    program(store, gold, Silver="tier = 'Silver'", Close="to_next_tier <= 100")
    ann = store.given.customer()
    store.full_pass()
    order(store, ann, "490")
    look(store, ann)
    assert store.has(ann) == {"Silver", "Close"}

    order(store, ann, "10")
    look(store, ann)

    assert store.has(ann) == set()
    table = f"{store.given.prefix}customer"
    (found,) = store.rows(f"SELECT customer_group_id FROM `{table}` WHERE customer_id = %s", ann)
    assert found["customer_group_id"] == group


# -- by hand -------------------------------------------------------------------------------


def lock(store: SmallStore, customer: int, name: str = "Gold", **more: Any) -> Any:
    asked = {"customer": customer, "tier": name, "reason": "a friend of ours", **more}
    return command(store, "tier.lock", **asked)


def test_a_locked_tier_stays_through_its_last_day(store: SmallStore, ann: int) -> None:
    order(store, ann, "10")
    look(store, ann)
    last = store.moment.today + datetime.timedelta(days=3)
    found = lock(store, ann, "gold", until=last.isoformat())
    assert (found["tier"], found["locked"]) == ("Gold", True)
    assert found["until"][:10] == last.isoformat()
    assert moves(store, ann)[-1] == ("Bronze", "Gold", "locked")
    assert row(store, ann)["lock_reason"] == "a friend of ours"
    ends = row(store, ann)["lock_until"]
    assert row(store, ann)["next_at"] == ends

    store.now = datetime.datetime.fromtimestamp(ends - 1, datetime.UTC)
    look(store, ann)
    assert tier(store, ann) == "Gold"
    store.now += datetime.timedelta(seconds=1)
    look(store, ann)

    # It goes by the metric again, at the review.
    assert tier(store, ann) == "Gold"
    later(store, days=366)
    look(store, ann)
    later(store, days=31)
    look(store, ann)
    assert tier(store, ann) == "Bronze"


def test_an_order_placed_in_a_locked_tier_earns_by_it(store: SmallStore, ann: int) -> None:
    lock(store, ann)
    later(store, hours=1)
    order_id = order(store, ann, "10", at=store.now)
    look(store, ann)

    assert earned(store, order_id) == 150


def test_who_is_unlocked_and_has_earned_a_higher_tier_is_in_it_at_once(
    store: SmallStore, ann: int
) -> None:
    lock(store, ann, "Silver")
    order(store, ann, "600")
    look(store, ann)
    assert tier(store, ann) == "Silver"
    assert row(store, ann)["metric"] == 6_000 * 10_000

    found = command(store, "tier.unlock", customer=ann)

    assert (found["tier"], found["locked"]) == ("Gold", False)
    assert row(store, ann)["lock_reason"] is None


def test_a_tier_that_does_not_exist_cannot_be_locked(store: SmallStore, ann: int) -> None:
    with pytest.raises(UsageError, match=r"there is no tier 'Golf' \(did you mean 'Gold'"):
        lock(store, ann, "Golf")
    assert store.rows("SELECT * FROM {own}tier") == []


def test_a_lock_that_is_over_is_refused(store: SmallStore, ann: int) -> None:
    with pytest.raises(UsageError, match="is over"):
        lock(store, ann, until="2020-01-31")


# -- what is told --------------------------------------------------------------------------


def told(store: SmallStore, customer: int) -> dict[str, Any]:
    found = store.sidecar.loyalty_view.points(str(customer), 5)["tier"]
    assert isinstance(found, dict)
    explained = store.sidecar.view.explain(str(customer))["tier"]
    assert isinstance(explained, Mapping)
    assert {key: explained[key] for key in found} == found
    return found


def test_it_is_told_why_somebody_is_in_a_tier_and_what_comes_next(
    store: SmallStore, ann: int
) -> None:
    order(store, ann, "123.40")
    look(store, ann)

    found = told(store, ann)
    assert (found["name"], found["why"]) == ("Silver", "reached by what was earned")
    assert found["since"][:10] == store.moment.today.isoformat()
    assert (found["counts"], found["next_tier"], found["missing"]) == (
        "1234.0000",
        "Gold",
        "3766.0000",
    )
    assert found["next_why"] == "reviewed on 2027-04-01"
    assert found["next_change"] is None

    later(store, days=366)
    look(store, ann)
    found = told(store, ann)
    assert found["next_change"][:10] == "2027-05-02"
    assert found["next_why"] == (
        "missed at its review: kept through 2027-05-01, and longer from 1,000 points on"
    )

    lock(store, ann, until="2027-12-31")
    found = told(store, ann)
    assert (found["name"], found["missing"]) == ("Gold", None)
    assert found["why"] == "locked by admin:eve: a friend of ours"
    assert found["next_why"] == "locked through 2027-12-31; then it goes by what was earned"
    assert found["lock"]["until"][:10] == "2027-12-31"


def test_who_has_earned_nothing_is_told_to_be_in_the_lowest(store: SmallStore, ann: int) -> None:
    bob = store.given.customer()
    order(store, bob)
    look(store, bob)

    found = told(store, ann)

    assert (found["name"], found["why"]) == ("Bronze", "nothing was earned yet")
    assert (found["next_tier"], found["missing"]) == ("Silver", "1000.0000")


def test_it_is_told_how_many_are_in_each_tier(
    store: SmallStore, three: tuple[int, int, int]
) -> None:
    assert store.sidecar.loyalty_view.status()["tiers"] == [
        {"tier": "Bronze", "customers": 0},
        {"tier": "Silver", "customers": 2},
        {"tier": "Gold", "customers": 1},
    ]
    assert len(three) == 3


# -- other tiers ---------------------------------------------------------------------------

HIGHER = (
    '[[tier]]\nname = "Bronze"\nthreshold = 0\n[[tier]]\nname = "Silver"\nthreshold = 2000\n'
    'multiplier = 1.2\n[[tier]]\nname = "Ruby"\nthreshold = 4000\nmultiplier = 3\n'
)


@pytest.fixture
def three(store: SmallStore, ann: int) -> tuple[int, int, int]:
    """With 1,500, 2,500 and 6,000 points."""
    bob, cem = store.given.customer(), store.given.customer()
    for who, total in ((ann, "150"), (bob, "250"), (cem, "600")):
        order(store, who, total)
    store.full_pass()
    assert [tier(store, who) for who in (ann, bob, cem)] == ["Silver", "Silver", "Gold"]
    return ann, bob, cem


def test_other_tiers_change_nobody_until_they_are_applied(
    store: SmallStore, three: tuple[int, int, int]
) -> None:
    before = store.rows("SELECT * FROM {own}tier")
    program(store, HIGHER)
    store.full_pass()
    for who in three:
        order(store, who, "1")
    look(store, *three)

    assert [tier(store, who) for who in three] == ["Silver", "Silver", "Gold"]
    (found,) = store.rows("SELECT kind, mended_at FROM {own}finding WHERE kind = 'tiers.waiting'")
    assert found["mended_at"] is None
    assert [one["since"] for one in before] == [row(store, who)["since"] for who in three]


def test_what_other_tiers_would_change_is_told_before(
    store: SmallStore, three: tuple[int, int, int]
) -> None:
    ann, _, cem = three
    program(store, HIGHER)
    before = store.rows("SELECT * FROM {own}tier")

    told = command(store, "tier.apply")

    assert (told["waits"], told["applied"]) == (True, False)
    assert told["moves"] == [
        {"was": "Gold", "tier": "Ruby", "customers": 1},
        {"was": "Silver", "tier": "Bronze", "customers": 1},
    ]
    assert told["moved"] == 2
    assert {one["customer_id"] for one in told["named"]} == {ann, cem}
    sentences = {one["tier"]: (one["was"], one["will_be"]) for one in told["tiers"]}
    assert (sentences["Ruby"][0], sentences["Gold"][1]) == (None, None)
    assert before == store.rows("SELECT * FROM {own}tier")


def test_other_tiers_hold_for_everybody_after_the_next_full_pass(
    store: SmallStore, three: tuple[int, int, int]
) -> None:
    program(store, HIGHER)
    store.full_pass()
    assert command(store, "tier.apply", apply=True)["applied"]
    assert store.full_pass().tier_changed == 2

    assert [tier(store, who) for who in three] == ["Bronze", "Silver", "Ruby"]
    assert [moves(store, who)[-1][2] for who in three] == ["definition", "reached", "definition"]
    (found,) = store.rows("SELECT mended_at FROM {own}finding WHERE kind = 'tiers.waiting'")
    assert found["mended_at"] is not None
    before = store.rows("SELECT * FROM {own}tier")
    store.full_pass()
    look(store, *three)
    assert before == store.rows("SELECT * FROM {own}tier")
    assert not command(store, "tier.apply", apply=True)["waits"]


def test_nobody_falls_before_their_review_when_other_tiers_are_applied_so(
    store: SmallStore, three: tuple[int, int, int]
) -> None:
    ann, _, _ = three
    program(store, HIGHER)
    assert command(store, "tier.apply", keep=True)["moved"] == 1  # Gold is no tier any more
    command(store, "tier.apply", apply=True, keep=True)
    store.full_pass()

    assert [tier(store, who) for who in three] == ["Silver", "Silver", "Ruby"]
    later(store, days=366)
    look(store, ann)
    later(store, days=31)
    look(store, ann)
    assert tier(store, ann) == "Bronze"


def test_a_locked_customer_keeps_the_lock_when_other_tiers_are_applied(
    store: SmallStore, three: tuple[int, int, int]
) -> None:
    ann, _, _ = three
    lock(store, ann, "Silver")
    program(store, HIGHER)
    command(store, "tier.apply", apply=True)
    store.full_pass()

    assert tier(store, ann) == "Silver"


def test_another_multiplier_holds_at_once(store: SmallStore, three: tuple[int, int, int]) -> None:
    _, _, cem = three
    program(
        store,
        '[[tier]]\nname = "Bronze"\nthreshold = 0\n[[tier]]\nname = "Silver"\n'
        'threshold = 1000\n[[tier]]\nname = "Gold"\nthreshold = 5000\nmultiplier = 4\n',
    )
    later(store, hours=1)
    order_id = order(store, cem, "10", at=store.now)
    look(store, cem)

    assert earned(store, order_id) == 400
    assert not command(store, "tier.apply")["waits"]


def test_without_a_program_nobody_is_in_a_tier_any_more(
    store: SmallStore, three: tuple[int, int, int]
) -> None:
    store.named_rules({})
    store.full_pass()

    assert store.rows("SELECT * FROM {own}state WHERE name = 'loyalty.tiers'") == []
