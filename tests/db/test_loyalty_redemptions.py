"""Points that become a coupon, and what becomes of it."""

from __future__ import annotations

import datetime
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from sidecar import app
from sidecar.errors import DatabaseRefusedError, SidecarError, UsageError
from sidecar.model import Scope
from sidecar.shop.database import transaction
from sidecar.shop.leader import leader_lock
from sidecar.sync import decisions
from sidecar.sync.loyalty import coupon_writing
from sidecar.sync.loyalty.coupons import Coupons
from sidecar.sync.loyalty.drift import DriftFinder
from sidecar.sync.loyalty.redemption_rows import Redemption, RedemptionRows
from support.checkout import CANCELLED, COMPLETE, DENIED, Checkout
from support.points import order, program
from support.redeeming import available, cancel, coupon, redeem, row, see
from support.small_store import SmallStore


@pytest.fixture
def ann(store: SmallStore) -> int:
    """Who has 600 points."""
    program(store)
    customer = store.given.customer("ann@example.com")
    order(store, customer)
    see(store, customer)
    return customer


@pytest.fixture
def checkout(store: SmallStore) -> Checkout:
    return Checkout(store)


def later(store: SmallStore, **span: float) -> None:
    store.now += datetime.timedelta(**span)


# -- made ----------------------------------------------------------------------------------


def test_points_become_a_coupon_that_the_store_takes_once_from_who_is_logged_in(
    store: SmallStore, ann: int, checkout: Checkout
) -> None:
    made = redeem(store, ann, 500)

    assert (made.points, made.value, made.state) == (500, 50_000, "open")
    assert re.fullmatch(r"([2-9A-HJKMNP-Z]{4}-){3}[2-9A-HJKMNP-Z]{4}", made.code)
    found = coupon(store, made.code)
    assert {name: found[name] for name in ("type", "discount", "logged", "shipping")} == {
        "type": "F",
        "discount": Decimal("5.0000"),
        "logged": 1,
        "shipping": 0,
    }
    assert found["total"] == Decimal("5.0000")
    assert (found["uses_total"], int(found["uses_customer"]), found["status"]) == (1, 1, 1)
    assert checkout.accepts(made.code, "5")
    assert not checkout.accepts(made.code, "4.99")
    assert not checkout.accepts(made.code, logged_in=False)
    assert available(store, ann) == 100
    see(store, ann)


def test_its_last_day_is_the_last_on_which_the_store_takes_it(
    store: SmallStore, ann: int, checkout: Checkout
) -> None:
    made = redeem(store, ann, 500)  # on 31 March, for 30 days

    assert str(coupon(store, made.code)["date_end"]) == "2026-05-01"
    store.now = datetime.datetime(2026, 4, 30, 23, 59, 59, tzinfo=datetime.UTC)
    assert checkout.accepts(made.code)
    later(store, seconds=1)
    assert not checkout.accepts(made.code)


def test_without_an_end_the_store_takes_it_for_ever(
    store: SmallStore, ann: int, checkout: Checkout
) -> None:
    program(store, 'redeem_valid = "never"\n')

    made = redeem(store, ann)

    query = f"SELECT CAST(date_end AS CHAR) AS day FROM `{store.given.prefix}coupon`"
    assert store.rows(query) == [{"day": "0000-00-00"}]
    assert made.ends_at is None
    later(store, days=9_000)
    see(store, ann)
    assert checkout.accepts(made.code)
    assert row(store)["state"] == "open"


def test_what_is_redeemed_cannot_expire(store: SmallStore, ann: int) -> None:
    program(store, 'expiry = "10 days"\nredeem_valid = "never"\n')
    ben = store.given.customer()
    order(store, ben)
    see(store, ben)
    redeem(store, ben, 400)

    later(store, days=12)
    see(store, ben)

    assert available(store, ben) == 0
    assert row(store)["state"] == "open"


def test_redeeming_is_done_once_however_often_a_command_is_run(store: SmallStore, ann: int) -> None:
    first = redeem(store, ann, 200, command_id=7)

    again = redeem(store, ann, 200, command_id=7)

    assert again == first
    assert available(store, ann) == 400


def test_one_who_has_just_enough_redeems_once(store: SmallStore, ann: int) -> None:
    redeem(store, ann, 600)

    with pytest.raises(UsageError, match="at least 100 points are redeemed at once"):
        redeem(store, ann)
    with pytest.raises(UsageError, match="0 points are available, so 600 cannot be redeemed"):
        redeem(store, ann, 600)

    assert available(store, ann) == 0
    see(store, ann)


def test_nothing_is_redeemed_while_points_are_owed(store: SmallStore, ann: int) -> None:
    store.given.reward(ann, -700)
    with pytest.raises(UsageError, match="100 points are owed, so none can be redeemed"):
        redeem(store, ann, 100)

    assert store.rows("SELECT * FROM {own}redemption") == []


# -- used ----------------------------------------------------------------------------------


def test_used_by_its_owner_the_points_stay_spent(
    store: SmallStore, ann: int, checkout: Checkout
) -> None:
    made = redeem(store, ann, 500)
    order_id = checkout.bought(ann, made.code)

    see(store, ann)

    found = row(store)
    assert (found["state"], found["order_id"], found["used_by"]) == ("used", order_id, ann)
    later(store, days=400)
    see(store, ann)
    assert row(store)["state"] == "used"


def test_an_order_of_a_guest_with_the_owners_e_mail_is_the_owners(
    store: SmallStore, ann: int, checkout: Checkout
) -> None:
    made = redeem(store, ann, 500)
    checkout.bought(0, made.code, email=" ANN@example.com")

    see(store, ann)

    assert row(store)["state"] == "used"


@pytest.mark.parametrize("is_guest", [False, True])
def test_used_by_somebody_else_it_is_charged_to_nobody_and_told(
    store: SmallStore, ann: int, checkout: Checkout, is_guest: bool
) -> None:
    made = redeem(store, ann, 500)
    eve = 0 if is_guest else store.given.customer("eve@example.com")
    order_id = checkout.bought(eve, made.code, email="eve@example.com")

    see(store, *([eve] if eve else [ann]))

    found = row(store)
    assert (found["state"], found["order_id"], found["used_by"]) == ("foreign", order_id, eve)
    assert available(store, ann) == 600
    assert coupon(store, made.code)["status"] == 0
    (finding,) = store.rows("SELECT * FROM {own}finding WHERE kind LIKE 'redemption%%'")
    assert finding["kind"] == "redemption.foreign"
    who = f"customer {eve}" if eve else "a guest"
    assert f"used by {who} for order {order_id}" in finding["message"]
    assert f"customer {ann}" in finding["message"]
    assert made.code not in finding["message"] + finding["subject"]
    assert checkout.become(order_id, CANCELLED) == CANCELLED
    see(store, ann)
    assert not checkout.accepts(made.code)
    assert row(store)["state"] == "foreign"


def test_an_order_that_is_cancelled_leaves_its_coupon_as_it_was(
    store: SmallStore, ann: int, checkout: Checkout
) -> None:
    made = redeem(store, ann, 500)
    order_id = checkout.bought(ann, made.code)
    see(store, ann)
    checkout.become(order_id, CANCELLED)

    see(store, ann)

    found = row(store)
    assert (found["state"], found["order_id"], found["history_id"]) == ("open", 0, 0)
    assert checkout.accepts(made.code)
    assert checkout.become(order_id, COMPLETE) == COMPLETE
    see(store, ann)
    assert row(store)["state"] == "used"
    assert available(store, ann) == 100 + 600


def test_an_order_that_is_cancelled_after_its_coupons_time_brings_the_points_back_a_day_later(
    store: SmallStore, ann: int, checkout: Checkout
) -> None:
    made = redeem(store, ann, 500)
    order_id = checkout.bought(ann, made.code)
    see(store, ann)
    later(store, days=40)
    checkout.become(order_id, CANCELLED)
    see(store, ann)
    assert row(store)["state"] == "closing"
    # As it is when an order is edited: the store takes it back and confirms it again.
    assert checkout.become(order_id, COMPLETE) == COMPLETE
    see(store, ann)
    assert row(store)["state"] == "used"
    checkout.become(order_id, CANCELLED)
    see(store, ann)

    later(store, days=1)
    see(store, ann)

    assert row(store)["state"] == "returned"
    assert available(store, ann) == 600
    assert checkout.become(order_id, COMPLETE) == DENIED


def test_two_orders_with_one_coupon_are_told_and_cost_its_points_once(
    store: SmallStore, ann: int, checkout: Checkout
) -> None:
    made = redeem(store, ann, 500)
    first = checkout.bought(ann, made.code)
    second = store.given.order(ann, "60", at=store.now)
    coupon_id = coupon(store, made.code)["coupon_id"]
    row_ = {"amount": "0", "date_added": "2026-01-01", "coupon_id": coupon_id}
    store.given.insert("coupon_history", row_, order_id=second, customer_id=ann)

    see(store, ann)

    assert row(store)["state"] == "used"
    (finding,) = store.rows("SELECT * FROM {own}finding WHERE kind LIKE 'redemption%%'")
    assert finding["kind"] == "redemption.twice"
    assert f"for orders {first} (of customer {ann}), {second}" in finding["message"]


def test_who_uses_it_where_another_did_too_pays_for_it(
    store: SmallStore, ann: int, checkout: Checkout
) -> None:
    made = redeem(store, ann, 500)
    eve = store.given.customer()
    checkout.bought(eve, made.code)
    coupon_id = coupon(store, made.code)["coupon_id"]
    mine = store.given.order(ann, "60", at=store.now)
    row_ = {"amount": "0", "date_added": "2026-01-01", "coupon_id": coupon_id}
    store.given.insert("coupon_history", row_, order_id=mine, customer_id=ann)

    see(store, eve)

    found = row(store)
    assert (found["state"], found["order_id"]) == ("used", mine)


def test_an_order_that_was_paid_with_it_keeps_the_points_when_somebody_deletes_the_coupon(
    store: SmallStore, ann: int, checkout: Checkout
) -> None:
    made = redeem(store, ann, 500)
    order_id = checkout.bought(ann, made.code.lower())
    see(store, ann)
    for table in ("coupon", "coupon_history"):
        store.given.execute(f"DELETE FROM `{store.given.prefix}{table}`")

    later(store, days=50)
    see(store, ann)

    found = row(store)
    assert (found["state"], found["order_id"], found["history_id"]) == ("used", order_id, 0)


# -- over ----------------------------------------------------------------------------------


def test_unused_it_gives_the_points_back_a_day_after_its_last(
    store: SmallStore, ann: int, checkout: Checkout
) -> None:
    made = redeem(store, ann, 500)
    later(store, days=31)
    see(store, ann)
    assert (row(store)["state"], available(store, ann)) == ("closing", 100)
    assert not checkout.accepts(made.code)

    later(store, days=1)
    see(store, ann)

    assert (row(store)["state"], available(store, ann)) == ("returned", 600)
    assert coupon(store, made.code)["status"] == 0
    assert store.rows("SELECT next_at FROM {own}redemption") == [{"next_at": None}]


def test_an_order_that_is_paid_on_the_day_after_still_counts(
    store: SmallStore, ann: int, checkout: Checkout
) -> None:
    made = redeem(store, ann, 500)
    draft = checkout.order(ann, made.code)
    later(store, days=31)
    see(store, ann)

    assert checkout.become(draft, COMPLETE) == COMPLETE
    later(store, days=2)
    see(store, ann)

    assert row(store)["state"] == "used"
    assert coupon(store, made.code)["status"] == 1


def test_an_order_that_is_paid_while_it_is_switched_off_counts(
    store: SmallStore, ann: int, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = redeem(store, ann, 500)
    draft = checkout.order(ann, made.code)
    later(store, days=31)
    see(store, ann)
    later(store, days=1)
    switch = Coupons.switch

    def paid_first(*arguments: Any, on: bool) -> None:
        if not on:
            assert checkout.become(draft, COMPLETE) == COMPLETE
        switch(*arguments, on=on)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Coupons, "switch", paid_first)
        see(store, ann)

    assert row(store)["state"] == "used"
    # When the order is edited the store takes it back and confirms it again.
    assert checkout.become(draft, CANCELLED) == CANCELLED
    assert checkout.become(draft, COMPLETE) == COMPLETE


def test_an_order_that_is_paid_later_is_denied_by_the_store(
    store: SmallStore, ann: int, checkout: Checkout
) -> None:
    made = redeem(store, ann, 500)
    draft = checkout.order(ann, made.code)
    later(store, days=31)
    see(store, ann)
    later(store, days=1)
    see(store, ann)

    assert checkout.become(draft, COMPLETE) == DENIED
    see(store, ann)
    assert row(store)["state"] == "returned"


def test_points_that_have_expired_meanwhile_are_good_for_a_fortnight(
    store: SmallStore, ann: int
) -> None:
    program(store, 'expiry = "10 days"\n')
    ben = store.given.customer()
    order(store, ben)
    see(store, ben)
    redeem(store, ben, 400)
    later(store, days=31)
    see(store, ben)
    later(store, days=1)

    see(store, ben)

    assert available(store, ben) == 400
    later(store, days=16)
    see(store, ben)
    assert available(store, ben) == 0


def test_a_coupon_that_is_cancelled_is_on_no_new_order_and_gives_back_a_day_later(
    store: SmallStore, ann: int, checkout: Checkout
) -> None:
    made = redeem(store, ann, 500)
    draft = checkout.order(ann, made.code)

    cancel(store, made.redemption_id)

    assert not checkout.accepts(made.code)
    see(store, ann)
    assert (row(store)["state"], available(store, ann)) == ("closing", 100)
    with pytest.raises(UsageError, match="has ended already"):
        cancel(store, made.redemption_id)
    later(store, days=1)
    see(store, ann)
    assert (row(store)["state"], available(store, ann)) == ("returned", 600)
    assert checkout.become(draft, COMPLETE) == DENIED


def test_what_was_used_is_not_cancelled(store: SmallStore, ann: int, checkout: Checkout) -> None:
    made = redeem(store, ann, 500)
    order_id = checkout.bought(ann, made.code)
    see(store, ann)

    with pytest.raises(UsageError, match=f"was used for order {order_id}"):
        cancel(store, made.redemption_id)
    with pytest.raises(UsageError, match="there is no redemption 99"):
        cancel(store, 99)


@pytest.mark.parametrize("what", ["DELETE FROM `{}coupon`", "UPDATE `{}coupon` SET status = 0"])
def test_a_coupon_that_an_admin_takes_away_gives_the_points_back(
    store: SmallStore, ann: int, what: str
) -> None:
    redeem(store, ann, 500)
    store.given.execute(what.format(store.given.prefix))
    see(store, ann)
    later(store, days=1)

    see(store, ann)

    assert (row(store)["state"], available(store, ann)) == ("returned", 600)


def test_a_coupon_of_somebody_else_with_its_number_is_left_alone(
    store: SmallStore, ann: int, checkout: Checkout
) -> None:
    made = redeem(store, ann, 500)
    here = {"coupon_id": made.coupon_id or 0}
    store.given.update("coupon", here, code="SUMMER", name="Summer")
    eve = store.given.customer()
    checkout.bought(eve, "SUMMER")
    see(store, ann, eve)
    later(store, days=1)

    see(store, ann, eve)

    assert coupon(store, "SUMMER")["status"] == 1
    assert row(store)["state"] == "returned"


def test_two_of_ours_that_had_the_same_number_are_told_apart(
    store: SmallStore, ann: int, checkout: Checkout
) -> None:
    first = redeem(store, ann, 200)
    paid = checkout.bought(ann, first.code)
    see(store, ann)
    for table in ("coupon", "coupon_history"):
        store.given.execute(f"DELETE FROM `{store.given.prefix}{table}`")
    second = redeem(store, ann, 300)
    # As the server numbers after it was started again.
    here = {"redemption_id": second.redemption_id}
    store.given.update("coupon", {"coupon_id": second.coupon_id or 0}, coupon_id=first.coupon_id)
    store.given.update("sidecar_redemption", here, coupon_id=first.coupon_id)

    see(store, ann)

    assert (row(store, first.redemption_id)["state"], paid) == (
        "used",
        row(store, first.redemption_id)["order_id"],
    )
    assert row(store, second.redemption_id)["state"] == "open"


def test_one_that_is_switched_on_again_and_used_takes_the_points_again(
    store: SmallStore, ann: int, checkout: Checkout
) -> None:
    made = redeem(store, ann, 600)
    cancel(store, made.redemption_id)
    later(store, days=1)
    see(store, ann)
    redeem(store, ann, 600)
    store.given.update("coupon", {"coupon_id": made.coupon_id or 0}, status=1)
    checkout.bought(ann, made.code, total="1")

    see(store, ann)

    assert row(store, made.redemption_id)["state"] == "used"
    assert available(store, ann) == -600 + 10


def test_the_coupon_of_a_customer_who_is_deleted_cannot_be_used(
    store: SmallStore, ann: int, checkout: Checkout
) -> None:
    made = redeem(store, ann, 500)
    store.given.delete("customer", customer_id=ann)

    store.process(ann)

    assert not checkout.accepts(made.code)


def test_what_a_redemption_gave_back_is_given_back_also_when_somebody_deletes_the_row(
    store: SmallStore, ann: int, checkout: Checkout
) -> None:
    made = redeem(store, ann, 500)
    cancel(store, made.redemption_id)
    later(store, days=1)
    see(store, ann)
    store.given.update("coupon", {"coupon_id": made.coupon_id or 0}, status=1)
    checkout.bought(ann, made.code, total="1")
    see(store, ann)
    table = f"{store.given.prefix}customer_reward"
    store.given.execute(f"DELETE FROM `{table}` WHERE points = 500")

    see(store, ann)

    assert row(store)["state"] == "used"
    assert available(store, ann) == 110


def test_a_full_pass_finds_what_nobody_rang_for(
    store: SmallStore, ann: int, checkout: Checkout
) -> None:
    made = redeem(store, ann, 500)
    store.full_pass()
    order_id = checkout.bought(ann, made.code)
    store.full_pass()
    assert row(store)["order_id"] == order_id
    store.given.delete("coupon_history", order_id=order_id)
    store.given.update("order", {"order_id": order_id}, order_status_id=CANCELLED)

    store.full_pass()

    assert row(store)["state"] == "open"


# -- at the same moment --------------------------------------------------------------------


def test_what_the_store_spends_while_it_is_made_is_owed(
    store: SmallStore, ann: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = RedemptionRows.add

    def checkout_first(*arguments: Any, **values: Any) -> int:
        # On a connection of its own, when the account was read already.
        store.given.reward(ann, -600)
        return add(*arguments, **values)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(RedemptionRows, "add", checkout_first)
        redeem(store, ann, 600)
    see(store, ann)

    assert available(store, ann) == -600
    drifts = DriftFinder(store.sidecar.shop, store.book(), store.moment).find(Scope.of([ann]))
    assert [drift.kind for drift in drifts] == ["negative"]
    with pytest.raises(UsageError, match="600 points are owed"):
        redeem(store, ann, 100)


def test_of_two_sidecars_that_redeem_one_balance_the_one_that_leads_wins(
    store: SmallStore, ann: int
) -> None:
    other = app.open_sidecar(store.sidecar.config)
    second = SmallStore(store.given, other, store.folder)
    add = RedemptionRows.add
    in_the_middle = threading.Event()
    over = threading.Event()

    def stopped(self: RedemptionRows, *arguments: Any, **values: Any) -> int:
        if threading.current_thread().name.startswith("first"):
            in_the_middle.set()
            assert over.wait(30)
        return add(self, *arguments, **values)

    def first() -> Redemption:
        engine, database = store.sidecar.engine, store.sidecar.config.database
        with leader_lock(engine, database.name, database.prefix) as lock:
            with transaction(engine) as tx:
                tx.execute(text(f"KILL {lock.connection_id}"))
            return redeem(store, ann, 600)

    with (
        pytest.MonkeyPatch.context() as meanwhile,
        ThreadPoolExecutor(1, thread_name_prefix="first") as pool,
    ):
        meanwhile.setattr(RedemptionRows, "add", stopped)
        loser = pool.submit(first)
        assert in_the_middle.wait(30)
        with other.leading(10):
            made = redeem(second, ann, 600)
            over.set()
            with pytest.raises(SidecarError):
                loser.result(30)
    other.engine.dispose()
    see(store, ann)

    assert [one["code"] for one in store.rows("SELECT * FROM {own}redemption")] == [made.code]
    assert available(store, ann) == 0


# -- refused -------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["asked for", "found after a crash"])
def test_a_coupon_that_the_database_refuses_costs_nothing(
    store: SmallStore, ann: int, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    def ends(*_: Any) -> int:
        raise KeyboardInterrupt

    def refused(*_: Any) -> int:
        raise DatabaseRefusedError("INSERT command denied")

    if when == "found after a crash":
        with monkeypatch.context() as crashing:
            crashing.setattr(Coupons, "write", ends)
            with pytest.raises(KeyboardInterrupt):
                redeem(store, ann, 200, command_id=7)
        assert row(store)["state"] == "making"
    with monkeypatch.context() as refusing:
        refusing.setattr(Coupons, "write", refused)
        if when == "asked for":
            with pytest.raises(DatabaseRefusedError, match="INSERT command denied"):
                redeem(store, ann, 200, command_id=7)
        else:
            see(store, ann)
            (finding,) = store.rows("SELECT * FROM {own}finding")
            assert finding["kind"] == "redemption.refused"
            assert "the points are back: INSERT command denied" in finding["message"]
    see(store, ann)

    assert (row(store)["state"], available(store, ann)) == ("returned", 600)
    with pytest.raises(DatabaseRefusedError, match="could not be written, and its points are back"):
        redeem(store, ann, 200, command_id=7)
    assert redeem(store, ann, 200, command_id=8).state == "open"


def test_a_coupon_that_a_crash_left_is_not_written_while_paused(
    store: SmallStore, ann: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(*_: Any) -> int:
        raise KeyboardInterrupt

    shop = store.sidecar.shop
    with monkeypatch.context() as crashing:
        crashing.setattr(Coupons, "write", ends)
        with pytest.raises(KeyboardInterrupt):
            redeem(store, ann, 200)
    with transaction(shop.engine) as tx:
        decisions.pause(tx, shop.own, "cli:ann", None, store.moment)
    coupon_writing.recover(shop)
    assert row(store)["state"] == "making"
    with transaction(shop.engine) as tx:
        decisions.resume(tx, shop.own, store.moment)
    coupon_writing.recover(shop)
    assert row(store)["state"] == "open"


def test_who_redeems_is_active(store: SmallStore, ann: int) -> None:
    program(store, 'expiry = { inactivity = "10 days" }\n')
    ben = store.given.customer()
    order(store, ben)
    see(store, ben)
    later(store, days=9)
    redeem(store, ben, 100)

    later(store, days=9)
    see(store, ben)

    assert available(store, ben) == 500
    later(store, days=3)
    see(store, ben)
    assert available(store, ben) == 0
