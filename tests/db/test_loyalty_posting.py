"""Points, from a store's orders and rows to the ledger and back into the store."""

from __future__ import annotations

import datetime

import pytest

from sidecar.sync import changed
from sidecar.sync.caps import Budget
from sidecar.sync.loyalty import posting
from sidecar.sync.sources.due import Due
from support.ledger_audit import hold
from support.points import COMPLETE, PENDING, account, look, order, program, used
from support.small_store import SmallStore


def native(store: SmallStore, customer: int) -> list[tuple[int, int]]:
    """Order and points of the store's own rows."""
    table = f"{store.given.prefix}customer_reward"
    query = f"SELECT order_id, points FROM `{table}` WHERE customer_id = %s ORDER BY 1, 2"
    return [(row["order_id"], row["points"]) for row in store.rows(query, customer)]


def points(store: SmallStore, customer: int) -> int:
    """What the store says that *customer* has."""
    return sum(points for _, points in native(store, customer))


def lots(store: SmallStore) -> dict[tuple[int, int], int]:
    """What is left of each lot, by order and number of the rule."""
    query = (
        "SELECT c.source_id, c.earner_id, l.remaining FROM {own}lot l"
        " JOIN {own}cause c USING (cause_id) WHERE c.kind = 'earn'"
    )
    return {(row["source_id"], row["earner_id"]): row["remaining"] for row in store.rows(query)}


def later(store: SmallStore, **by: float) -> None:
    """Time goes by."""
    store.now += datetime.timedelta(**by)


@pytest.fixture
def ann(store: SmallStore) -> int:
    program(store)
    return store.given.customer()


def test_a_complete_order_earns_ten_points_a_unit_of_its_goods(store: SmallStore, ann: int) -> None:
    order_id = order(store, ann, "60.55")

    look(store, ann)

    assert native(store, ann) == [(order_id, 605)]


def test_nothing_is_earned_without_a_program(store: SmallStore) -> None:
    store.rules(Buyer="orders > 0")
    ann = store.given.customer()
    order(store, ann)
    store.given.reward(ann, 50)

    store.full_pass()

    assert native(store, ann) == [(0, 50)]
    assert store.rows("SELECT * FROM {own}account") == []


def test_looking_again_and_a_full_pass_change_nothing(store: SmallStore, ann: int) -> None:
    order(store, ann)
    look(store, ann)
    before = store.checksums()

    look(store, ann)
    store.full_pass()

    names = ("account", "cause", "lot", "entry", "move", "rewarded", "program", "earner")
    after = store.checksums()
    assert [after[name] for name in names] == [before[name] for name in names]


def test_a_full_pass_earns_as_a_change_does(store: SmallStore, ann: int) -> None:
    order(store, ann)

    store.full_pass()

    hold(store)
    assert points(store, ann) == 600


def test_the_rules_see_the_points_that_the_same_change_earned(store: SmallStore) -> None:
    program(store, Rich="points >= 600")
    ann = store.given.customer()
    order(store, ann)

    look(store, ann)

    assert store.has(ann) == {"Rich"}


def test_a_new_program_looks_at_all_orders_anew_and_leaves_what_was_earned(
    store: SmallStore, ann: int
) -> None:
    bob = store.given.customer()
    order(store, ann)
    order(store, bob, status=PENDING)
    store.full_pass()
    program(store, 'points_per_unit = 20\nstatuses = ["Complete", "Pending"]\n')

    store.full_pass()

    hold(store)
    assert (points(store, ann), points(store, bob)) == (600, 1200)


def test_an_order_before_the_start_earns_nothing(store: SmallStore, ann: int) -> None:
    order(store, ann, days_ago=100)

    look(store, ann)

    assert native(store, ann) == []


def test_a_status_that_flaps_leads_to_the_same_points_and_expiry(
    store: SmallStore, ann: int
) -> None:
    order_id = order(store, ann)
    look(store, ann)
    before = store.rows("SELECT expires_at FROM {own}lot")
    for status in (PENDING, COMPLETE, PENDING, COMPLETE):
        later(store, days=1)
        store.given.update("order", {"order_id": order_id}, order_status_id=status)
        look(store, ann)
        assert points(store, ann) == (600 if status == COMPLETE else 0)

    assert store.rows("SELECT expires_at FROM {own}lot") == before


def test_lines_that_change_without_their_order_change_its_points(
    store: SmallStore, ann: int
) -> None:
    order_id = order(store, ann)
    look(store, ann)
    table = f"{store.given.prefix}order_product"
    store.given.execute(f"UPDATE {table} SET price = 50, total = 50 WHERE order_id = {order_id}")
    work = store.work()
    budget = Budget(work.shop.own, 10, work.moment)
    changed.answer(
        work.shop, work.rulebook, [ann], work.moment, budget, kind="changed", buyers=[ann]
    )

    hold(store)
    assert points(store, ann) == 500


def test_a_deleted_order_takes_its_points_along(store: SmallStore, ann: int) -> None:
    order_id = order(store, ann)
    look(store, ann)
    store.given.execute(f"DELETE FROM `{store.given.prefix}order` WHERE order_id = {order_id}")

    look(store, ann)

    assert points(store, ann) == 0


def test_an_order_that_moves_to_another_customer_takes_its_points_there(
    store: SmallStore, ann: int
) -> None:
    bob = store.given.customer()
    order_id = order(store, ann)
    look(store, ann)
    store.given.update("order", {"order_id": order_id}, customer_id=bob)

    look(store, ann, bob)

    assert (points(store, ann), points(store, bob)) == (0, 600)


def test_what_was_there_before_is_the_opening_lot(store: SmallStore) -> None:
    ann = store.given.customer()
    store.given.reward(ann, 50)
    store.given.reward(ann, -20)
    program(store)

    look(store, ann)

    assert native(store, ann) == [(0, -20), (0, 50)]
    assert account(store, ann)["available"] == 30
    assert store.rows("SELECT kind, posted FROM {own}cause") == [{"kind": "opening", "posted": 30}]


def test_what_an_admin_gives_and_the_checkout_takes_is_ingested(
    store: SmallStore, ann: int
) -> None:
    order_id = order(store, ann)
    look(store, ann)
    store.given.reward(ann, 100)
    used(store, ann, 650)

    look(store, ann)

    assert account(store, ann)["available"] == 50
    assert native(store, ann) == sorted([(0, 100), (77, -650), (order_id, 600)])


def test_an_order_that_is_not_confirmed_after_all_gives_back_what_it_used(
    store: SmallStore, ann: int
) -> None:
    order(store, ann)
    look(store, ann)
    lots = store.rows("SELECT lot_id, remaining, expires_at FROM {own}lot")
    row = used(store, ann, 250)
    look(store, ann)
    assert account(store, ann)["available"] == 350
    store.given.execute(
        f"DELETE FROM `{store.given.prefix}customer_reward` WHERE customer_reward_id = {row}"
    )

    look(store, ann)

    assert store.rows("SELECT lot_id, remaining, expires_at FROM {own}lot") == lots


def test_removing_the_points_of_an_order_in_the_admin_revokes_them_for_good(
    store: SmallStore, ann: int
) -> None:
    order_id = order(store, ann)
    look(store, ann)
    store.given.execute(
        f"DELETE FROM `{store.given.prefix}customer_reward`"
        f" WHERE order_id = {order_id} AND points > 0"
    )
    look(store, ann)
    assert account(store, ann)["available"] == 0
    later(store, days=1)
    store.given.update("order", {"order_id": order_id}, total="61", date_modified=store.now)

    look(store, ann)

    assert points(store, ann) == 0


def test_removing_points_that_were_taken_back_already_leaves_the_sum_as_it_was(
    store: SmallStore, ann: int
) -> None:
    order_id = order(store, ann)
    look(store, ann)
    store.given.update("order", {"order_id": order_id}, order_status_id=PENDING)
    look(store, ann)
    store.given.execute(
        f"DELETE FROM `{store.given.prefix}customer_reward`"
        f" WHERE order_id = {order_id} AND points > 0"
    )

    look(store, ann)

    assert points(store, ann) == 0


def test_rows_of_ours_that_took_points_come_back_when_the_store_deletes_them(
    store: SmallStore, ann: int
) -> None:
    order_id = order(store, ann)
    look(store, ann)
    store.given.update("order", {"order_id": order_id}, order_status_id=PENDING)
    look(store, ann)
    store.given.execute(f"DELETE FROM `{store.given.prefix}customer_reward` WHERE points < 0")

    look(store, ann)

    assert points(store, ann) == 0
    store.given.update("order", {"order_id": order_id}, order_status_id=COMPLETE)
    look(store, ann)
    assert points(store, ann) == 600


def test_what_was_spent_before_we_saw_that_it_expired_was_not_expired(
    store: SmallStore, ann: int
) -> None:
    order(store, ann)
    look(store, ann)
    store.now = datetime.datetime(2027, 4, 1, 3, tzinfo=datetime.UTC)
    used(store, ann, 250)

    look(store, ann)

    assert points(store, ann) == 0
    assert store.rows("SELECT SUM(amount) AS n FROM {own}entry WHERE kind = 'expire'") == [
        {"n": -350}
    ]


def test_what_goods_take_back_comes_from_the_other_points_of_the_same_order(
    store: SmallStore,
) -> None:
    program(
        store,
        """
[[earn]]
name = "Thanks"
points = 100
on_refund = "keep"
""",
    )
    ann = store.given.customer()
    first = order(store, ann)
    look(store, ann)
    later(store, days=1)
    order(store, ann, days_ago=0)
    look(store, ann)
    used(store, ann, 600)
    look(store, ann)
    before = lots(store)
    (thanks,) = (row["earner_id"] for row in store.rows("SELECT earner_id FROM {own}earner"))
    second = first + 1
    assert before == {(first, 0): 0, (first, thanks): 100, (second, 0): 600, (second, thanks): 100}

    table = f"{store.given.prefix}order_product"
    store.given.execute(f"UPDATE {table} SET price = 52, total = 52 WHERE order_id = {first}")
    store.given.update("order", {"order_id": first}, total="52", date_modified=store.now)
    look(store, ann)

    assert lots(store) == before | {(first, thanks): 20}


def test_an_order_keeps_its_points_when_its_status_is_renamed_and_the_program_with_it(
    store: SmallStore,
) -> None:
    program(store, 'statuses = ["Complete", "#5"]\n')
    ann = store.given.customer()
    order_id = order(store, ann)
    look(store, ann)
    store.given.update("order_status", {"order_status_id": COMPLETE}, name="Done")
    program(store, 'statuses = ["Done"]\n')
    store.given.update("order", {"order_id": order_id}, date_modified=store.now)

    look(store, ann)

    assert points(store, ann) == 600


def test_who_spends_points_and_returns_the_goods_owes_them(store: SmallStore, ann: int) -> None:
    order_id = order(store, ann)
    look(store, ann)
    used(store, ann, 500)
    look(store, ann)
    store.given.update("order", {"order_id": order_id}, order_status_id=PENDING)
    look(store, ann)
    assert points(store, ann) == -500

    order(store, ann, "80")
    look(store, ann)

    assert points(store, ann) == 300


def test_points_wait_until_the_days_are_over_in_which_goods_may_come_back(
    store: SmallStore,
) -> None:
    program(store, 'pending = "14 days"\n')
    ann = store.given.customer()
    order_id = order(store, ann)
    look(store, ann)
    assert (points(store, ann), account(store, ann)["pending"]) == (0, 600)
    later(store, days=14)

    look(store, ann)

    assert native(store, ann) == [(order_id, 600)]
    assert account(store, ann)["pending"] == 0


def test_points_expire_at_the_midnight_after_their_last_day(store: SmallStore, ann: int) -> None:
    order(store, ann)
    look(store, ann)
    end = datetime.datetime(2027, 4, 1, tzinfo=datetime.UTC)
    assert account(store, ann)["next_at"] == end.timestamp()
    store.now = end - datetime.timedelta(seconds=1)
    look(store, ann)
    assert points(store, ann) == 600
    store.now = end

    look(store, ann)

    assert points(store, ann) == 0
    assert account(store, ann)["next_at"] is None


def test_what_happens_after_points_expired_is_seen_as_before(store: SmallStore, ann: int) -> None:
    order(store, ann)
    look(store, ann)
    later(store, days=400)
    look(store, ann)
    store.given.reward(ann, 30)

    look(store, ann)

    assert points(store, ann) == 30
    kinds = store.rows("SELECT kind FROM {own}cause ORDER BY cause_id")
    assert [row["kind"] for row in kinds] == ["earn", "expire", "native"]


def test_the_clock_rings_for_points_only_while_they_are_kept(store: SmallStore, ann: int) -> None:
    program(store, 'tier_window = "lifetime"\n')
    order(store, ann)
    look(store, ann)
    after = account(store, ann)["next_at"]
    shop = store.sidecar.shop
    assert posting.are_kept(shop, store.book())
    assert Due(shop, keeps=True).ring(after).ids == {ann}
    assert Due(shop, keeps=True).ring(after - 1).ids == set()
    assert Due(shop).ring(after).ids == set()

    store.named_rules({})

    assert not posting.are_kept(shop, store.book())


def test_an_account_that_cannot_be_kept_is_told_and_rings_no_more(
    store: SmallStore, ann: int
) -> None:
    for _ in range(2):
        store.given.reward(ann, 2_000_000_000)
    look(store, ann)
    before = native(store, ann)
    store.now = datetime.datetime(2028, 1, 1, tzinfo=datetime.UTC)

    store.process(ann)

    assert native(store, ann) == before
    assert account(store, ann)["next_at"] is None
    (finding,) = store.rows("SELECT * FROM {own}finding WHERE kind = 'loyalty.refused'")
    assert finding["subject"] == f"customer {ann}"


def test_a_customer_who_is_deleted_takes_their_ledger_along(store: SmallStore, ann: int) -> None:
    bob = store.given.customer()
    order(store, ann)
    order(store, bob)
    store.full_pass()
    store.given.execute(f"DELETE FROM `{store.given.prefix}customer` WHERE customer_id = {ann}")

    store.full_pass()

    for name in ("account", "cause", "lot", "entry", "rewarded"):
        found = store.rows(f"SELECT DISTINCT customer_id AS id FROM {{own}}{name}")
        assert [row["id"] for row in found] == [bob], name
    assert len(store.rows("SELECT * FROM {own}move")) == 1
