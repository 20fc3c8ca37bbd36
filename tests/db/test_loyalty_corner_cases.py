"""What rarely happens, or in an order that nobody expects, and what points are left of it."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from sidecar.model import Scope
from sidecar.shop.database import transaction
from sidecar.sync.loyalty import beginning
from sidecar.sync.loyalty.drift import DriftFinder
from support.ledger_audit import hold
from support.points import COMPLETE, PENDING, account, look, order, program, used
from support.small_store import SmallStore


def change(store: SmallStore, order_id: int, **columns: Any) -> None:
    """As OpenCart does with everything that it does to an order."""
    store.now += datetime.timedelta(seconds=1)
    store.given.update("order", {"order_id": order_id}, date_modified=store.now, **columns)


def delete(store: SmallStore, table: str, where: str) -> None:
    store.given.execute(f"DELETE FROM `{store.given.prefix}{table}` WHERE {where}")


def available(store: SmallStore, customer: int) -> int:
    return int(account(store, customer)["available"])


@pytest.fixture
def ann(store: SmallStore) -> int:
    program(store)
    return store.given.customer()


# -- what goes after it has expired --------------------------------------------------------


def test_an_order_that_goes_after_its_points_expired_costs_nothing_more(
    store: SmallStore, ann: int
) -> None:
    order_id = order(store, ann)
    look(store, ann)
    store.now += datetime.timedelta(days=400)
    look(store, ann)
    change(store, order_id, order_status_id=PENDING)

    look(store, ann)

    assert available(store, ann) == 0


def test_an_order_that_comes_back_after_its_points_expired_gives_nothing(
    store: SmallStore, ann: int
) -> None:
    order_id = order(store, ann)
    look(store, ann)
    store.now += datetime.timedelta(days=400)
    look(store, ann)
    for status in (PENDING, COMPLETE, PENDING, COMPLETE):
        change(store, order_id, order_status_id=status)
        look(store, ann)
        assert available(store, ann) == 0


def test_of_an_order_that_goes_only_what_was_spent_before_it_expired_is_owed(
    store: SmallStore, ann: int
) -> None:
    order_id = order(store, ann)
    look(store, ann)
    used(store, ann, 250)
    look(store, ann)
    store.now += datetime.timedelta(days=400)
    look(store, ann)
    delete(store, "order", f"order_id = {order_id}")

    look(store, ann)

    assert available(store, ann) == -250


def test_removing_the_points_of_an_order_after_they_expired_costs_nothing_more(
    store: SmallStore, ann: int
) -> None:
    order_id = order(store, ann)
    look(store, ann)
    store.now += datetime.timedelta(days=400)
    look(store, ann)
    delete(store, "customer_reward", f"order_id = {order_id} AND points > 0")

    look(store, ann)

    assert available(store, ann) == 0


# -- rows of others ------------------------------------------------------------------------


def test_what_the_store_gave_for_an_order_before_the_program_stays_the_opening_balance(
    store: SmallStore, ann: int
) -> None:
    order_id = order(store, ann)
    row = {"customer_id": ann, "order_id": order_id, "points": 100}
    store.given.insert("customer_reward", {"description": "Order"}, **row)
    look(store, ann)
    assert available(store, ann) == 700
    store.given.reward(ann, 30)

    look(store, ann)

    assert available(store, ann) == 730


def test_what_somebody_gave_for_an_order_before_it_earned_stays_given(
    store: SmallStore, ann: int
) -> None:
    look(store, ann)
    order_id = order(store, ann, status=PENDING)
    row = {"customer_id": ann, "order_id": order_id, "points": 100}
    store.given.insert("customer_reward", {"description": "Order"}, **row)
    look(store, ann)
    change(store, order_id, order_status_id=COMPLETE)
    look(store, ann)
    assert available(store, ann) == 700
    store.given.reward(ann, 30)

    look(store, ann)

    assert available(store, ann) == 730


def test_a_row_beside_an_order_stays_one_when_the_order_is_taken_back(
    store: SmallStore, ann: int
) -> None:
    order_id = order(store, ann)
    look(store, ann)
    row = {"customer_id": ann, "order_id": order_id, "points": 100}
    store.given.insert("customer_reward", {"description": "Order"}, **row)
    store.process(ann)
    change(store, order_id, order_status_id=PENDING)
    store.process(ann)

    finder = DriftFinder(store.sidecar.shop, store.book(), store.moment)
    found = finder.find(Scope.of([ann]))

    assert [(drift.kind, drift.amount) for drift in found] == [("beside", 100)]
    assert finder.mend(found) == []
    hold(store)
    assert available(store, ann) == 0


def test_a_row_of_a_ledger_that_was_there_before_is_no_row_of_ours(
    store: SmallStore, ann: int
) -> None:
    """Somebody removed our tables once, and entries are numbered anew."""
    row = {"customer_id": ann, "points": -600}
    earlier = store.given.insert("customer_reward", {"description": "Somebody"}, **row)
    order_id = order(store, ann)
    look(store, ann)
    change(store, order_id, order_status_id=PENDING)
    look(store, ann)
    (taken,) = store.rows("SELECT entry_id, native_id FROM {own}entry WHERE written = -600")
    text = f"Order #3 [sidecar:{taken['entry_id']}]"
    store.given.update("customer_reward", {"customer_reward_id": earlier}, description=text)
    delete(store, "customer_reward", f"customer_reward_id = {taken['native_id']}")

    look(store, ann)

    assert available(store, ann) == -600


# -- marks ---------------------------------------------------------------------------------


def test_an_order_is_missed_though_the_program_is_new(store: SmallStore, ann: int) -> None:
    order_id = order(store, ann)
    store.full_pass()
    program(store, "points_per_unit = 20\n")
    delete(store, "order", f"order_id = {order_id}")

    store.full_pass()

    hold(store)
    assert available(store, ann) == 0


def test_an_order_is_missed_though_a_program_for_all_orders_began(
    store: SmallStore, ann: int
) -> None:
    order_id = order(store, ann)
    store.full_pass()
    store.named_rules({}, '[loyalty]\nstart = "all"\n')
    delete(store, "order", f"order_id = {order_id}")
    with transaction(store.sidecar.engine) as tx:
        beginning.begin(tx, store.sidecar.shop.own, "cli:ann", store.moment)

    store.full_pass()
    store.full_pass()

    hold(store)
    assert available(store, ann) == 0


# -- debt ----------------------------------------------------------------------------------


def test_a_debt_that_is_paid_at_the_same_look_is_in_the_ledger_too(
    store: SmallStore, ann: int
) -> None:
    look(store, ann)
    used(store, ann, 500)
    order(store, ann)

    look(store, ann)

    assert available(store, ann) == 100


# -- caps ----------------------------------------------------------------------------------

CAPPED = """
[[earn]]
name = "for every order"
points = 50
most_per_month = 80
"""


def test_a_cap_of_a_month_holds_over_a_change_of_the_program(store: SmallStore) -> None:
    program(store, CAPPED)
    ann = store.given.customer()
    order(store, ann, "1")
    look(store, ann)
    program(store, 'pending = "0 days"\nrounding = "half up"\n' + CAPPED)
    order(store, ann, "1")
    look(store, ann)

    order(store, ann, "1")
    look(store, ann)

    assert available(store, ann) == 3 * 10 + 80


def test_a_cap_is_used_up_in_the_order_in_which_orders_qualified_also_when_a_program_comes_back(
    store: SmallStore,
) -> None:
    ann = store.given.customer()
    orders = []
    for text in ("", 'rounding = "half up"\n', ""):
        program(store, text + CAPPED)
        orders.append(order(store, ann, "1"))
        store.now += datetime.timedelta(minutes=1)
        look(store, ann)

    query = (
        "SELECT source_id, SUM(posted) AS n FROM {own}cause WHERE kind = 'earn'"
        " GROUP BY 1 ORDER BY 1"
    )
    found = [(row["source_id"], int(row["n"])) for row in store.rows(query)]
    assert found == [(orders[0], 60), (orders[1], 40), (orders[2], 10)]


# -- numbers -------------------------------------------------------------------------------


def test_points_beyond_all_bounds_are_refused_for_that_customer_alone(store: SmallStore) -> None:
    program(store, 'pending = "14 days"\npoints_per_unit = 999999999\n')
    ann, bob = store.given.customer(), store.given.customer()
    order(store, ann, "9999999999")
    order(store, bob, "1")

    look(store, ann, bob)

    assert account(store, bob)["pending"] == 999_999_999
    assert len(store.rows("SELECT * FROM {own}finding WHERE kind = 'loyalty.refused'")) == 1


def test_a_customer_with_thousands_of_orders_can_spend_all_their_points(
    store: SmallStore, ann: int
) -> None:
    number = 6_000
    prefix = store.given.prefix
    first = order(store, ann, "1")
    last = first + number
    for table, key in (("order", "order_id"), ("order_product", "order_product_id")):
        (row,) = store.rows(f"SELECT * FROM `{prefix}{table}` WHERE order_id = %s", first)
        names = [name for name in row if name not in (key, "order_id")]
        columns = ", ".join(f"`{name}`" for name in names)
        store.given.execute(
            f"INSERT INTO `{prefix}{table}` (order_id, {columns})"
            f" SELECT seq, {columns} FROM `{prefix}{table}`"
            f" JOIN seq_{first + 1}_to_{last} WHERE order_id = {first}"
        )
    look(store, ann)
    assert available(store, ann) == 10 * (number + 1)
    used(store, ann, 10 * (number + 1))

    look(store, ann)

    assert available(store, ann) == 0


# -- inactivity ----------------------------------------------------------------------------

INACTIVITY = 'expiry = { inactivity = "10 days" }\n'


def test_what_waits_does_not_expire_before_it_can_be_spent(store: SmallStore) -> None:
    program(store, INACTIVITY + 'pending = "14 days"\n')
    ann = store.given.customer()
    order(store, ann)
    look(store, ann)
    store.now += datetime.timedelta(days=12)
    look(store, ann)
    store.now += datetime.timedelta(days=3)

    look(store, ann)

    assert available(store, ann) == 600


def test_who_bought_in_time_keeps_all_points_though_nobody_looked_until_later(
    store: SmallStore,
) -> None:
    program(store, INACTIVITY)
    ann = store.given.customer()
    order(store, ann)
    look(store, ann)
    store.now += datetime.timedelta(days=9)
    used(store, ann, 100)
    store.now += datetime.timedelta(days=5)

    look(store, ann)

    assert available(store, ann) == 500


def test_what_a_late_spend_keeps_from_expiring_pays_what_is_owed(store: SmallStore) -> None:
    program(store, INACTIVITY + 'pending = "2 days"\n')
    ann = store.given.customer()
    used(store, ann, 100)
    order(store, ann, "60", days_ago=0)
    store.given.reward(ann, 1)
    look(store, ann)
    store.given.reward(ann, -1)
    store.now += datetime.timedelta(days=20)

    look(store, ann)

    assert store.rows("SELECT remaining FROM {own}lot WHERE cause_id IS NULL") == [{"remaining": 0}]
    assert available(store, ann) == 500


def test_an_order_that_comes_back_to_what_it_earned_is_no_new_activity(store: SmallStore) -> None:
    program(store, INACTIVITY)
    ann = store.given.customer()
    order_id = order(store, ann)
    look(store, ann)
    expires = store.rows("SELECT expires_at FROM {own}lot")
    for status in (PENDING, COMPLETE):
        store.now += datetime.timedelta(days=4)
        change(store, order_id, order_status_id=status)
        look(store, ann)

    assert available(store, ann) == 600
    assert store.rows("SELECT expires_at FROM {own}lot") == expires
    store.now += datetime.timedelta(days=4)
    look(store, ann)
    assert available(store, ann) == 0


def test_a_second_order_is_activity(store: SmallStore) -> None:
    program(store, INACTIVITY)
    ann = store.given.customer()
    order(store, ann)
    look(store, ann)
    store.now += datetime.timedelta(days=8)
    order(store, ann, "1", days_ago=0)
    look(store, ann)
    store.now += datetime.timedelta(days=8)

    look(store, ann)

    assert available(store, ann) == 610


@pytest.mark.parametrize("then", ["never", "1 year"])
def test_lots_keep_their_day_when_the_policy_changes(store: SmallStore, then: str) -> None:
    program(store, INACTIVITY)
    ann = store.given.customer()
    order(store, ann)
    store.full_pass()
    expires = store.rows("SELECT expires_at FROM {own}lot")
    program(store, f'expiry = "{then}"\n')
    store.now += datetime.timedelta(days=8)
    order(store, ann, "1", days_ago=0)
    store.full_pass()

    assert store.rows("SELECT expires_at FROM {own}lot ORDER BY lot_id LIMIT 1") == expires
    store.now += datetime.timedelta(days=8)
    store.full_pass()
    hold(store)
    assert available(store, ann) == 10


def test_under_a_policy_that_becomes_inactivity_the_next_activity_sets_the_day_of_all_lots(
    store: SmallStore,
) -> None:
    program(store, 'expiry = "1 year"\n')
    ann = store.given.customer()
    order(store, ann)
    store.full_pass()
    program(store, INACTIVITY)
    store.now += datetime.timedelta(days=20)
    store.full_pass()
    assert available(store, ann) == 600

    order(store, ann, "1", days_ago=0)
    store.full_pass()

    days = {row["expires_at"] for row in store.rows("SELECT expires_at FROM {own}lot")}
    end = datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC)
    assert days == {end.timestamp()}


# -- others' hands -------------------------------------------------------------------------


def test_rows_and_orders_that_move_together_count_once(store: SmallStore, ann: int) -> None:
    bob = store.given.customer()
    order_id = order(store, ann)
    look(store, ann, bob)
    table = f"{store.given.prefix}customer_reward"
    store.given.execute(f"UPDATE {table} SET customer_id = {bob} WHERE customer_id = {ann}")
    change(store, order_id, customer_id=bob)

    store.process(ann, bob)

    assert (available(store, ann), available(store, bob)) == (0, 600)
    hold(store, {bob: 600})
    finder = DriftFinder(store.sidecar.shop, store.book(), store.moment)
    (drift,) = finder.find(Scope.of([bob]))
    assert drift.text.endswith("of ours, over 600, belongs to no entry here")
    assert finder.mend([drift]) == []
    hold(store)
