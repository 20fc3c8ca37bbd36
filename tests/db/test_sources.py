"""Doorbells by polling: each change rings whom it concerns, once, and nobody else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy
from sqlalchemy import Engine

from sidecar.errors import FatalError
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from sidecar.sync.sources import checksum, references, trailing
from sidecar.sync.sources.trailing import TrailingWindows
from support.given import Given, Line
from support.polled import AFTER_S, Polled
from support.small_store import SmallStore

Change = Callable[[Given, int], object]


@contextlib.contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """The statements that run meanwhile."""
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    sqlalchemy.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sqlalchemy.event.remove(engine, "before_cursor_execute", note)


# -- every kind of change ------------------------------------------------------------------

_CHANGES: dict[str, Change] = {
    "group": lambda given, ann: given.update("customer", {"customer_id": ann}, customer_group_id=2),
    "name": lambda given, ann: given.update("customer", {"customer_id": ann}, firstname="Zoë"),
    "field": lambda given, ann: given.update("customer", {"customer_id": ann}, custom_field="{}"),
    "ip": lambda given, ann: given.update("customer", {"customer_id": ann}, ip="192.0.2.9"),
    "gone": lambda given, ann: given.delete("customer", customer_id=ann),
    "new address": lambda given, ann: given.address(ann),
    "address": lambda given, ann: given.update("address", {"customer_id": ann}, city="Kyiv"),
    "default": lambda given, ann: given.update("address", {"customer_id": ann}, default=0),
    "no address": lambda given, ann: given.delete("address", customer_id=ann),
    "new order": lambda given, ann: given.order(ann),
    "total": lambda given, ann: given.update("order", {"customer_id": ann}, total="7"),
    "status": lambda given, ann: given.update("order", {"customer_id": ann}, order_status_id=7),
    "zero date": lambda given, ann: given.update(
        "order", {"customer_id": ann}, date_added="0000-00-00 00:00:00"
    ),
    "no order": lambda given, ann: given.delete("order", customer_id=ann),
    "new line": lambda given, ann: given.line(order_of(given, ann), 9),
    "line": lambda given, ann: given.update(
        "order_product", {"order_id": order_of(given, ann)}, quantity=9
    ),
    "no line": lambda given, ann: given.delete("order_product", order_id=order_of(given, ann)),
    "history": lambda given, ann: given.insert(
        "order_history", {"order_status_id": 5}, order_id=order_of(given, ann)
    ),
    "reward": lambda given, ann: given.reward(ann, 5),
    "credit": lambda given, ann: given.credit(ann, "5"),
    "return": lambda given, ann: given.goods_return(ann),
    "review": lambda given, ann: given.review(ann),
    "cart": lambda given, ann: given.cart(ann, 1),
    "wish": lambda given, ann: given.wish(ann, 3),
    "no wish": lambda given, ann: given.delete("customer_wishlist", customer_id=ann),
    "coupon": lambda given, ann: given.coupon_use(ann),
    "note": lambda given, ann: given.note(ann),
    "search": lambda given, ann: given.search(ann),
    "login": lambda given, ann: given.ip(ann),
    "approval": lambda given, ann: given.approval(ann),
    "affiliate": lambda given, ann: given.affiliate(ann),
    "failed login": lambda given, ann: given.failed_login(" ANN@example.com"),
    "failed again": lambda given, ann: given.update(
        "customer_login", {"email": "ann@example.com"}, total=9
    ),
    "forgiven": lambda given, ann: given.delete("customer_login", email="ann@example.com"),
}


def order_of(given: Given, customer: int) -> int:
    return int(
        str(given.value(f"SELECT MIN(order_id) FROM oc_order WHERE customer_id = {customer}"))
    )


def people(given: Given) -> tuple[int, int]:
    """Ann, and Bob, who has the same rows."""
    found = []
    for name in ("ann", "bob"):
        customer = given.customer(f"{name}@example.com")
        given.address(customer)
        given.order(customer, "600", lines=[Line(1), Line(2)])
        given.wish(customer, 1)
        given.failed_login(f"{name}@example.com")
        found.append(customer)
    return found[0], found[1]


@pytest.mark.parametrize("change", _CHANGES)
def test_a_change_rings_its_customer_once_and_nobody_else(store: SmallStore, change: str) -> None:
    ann, _ = people(store.given)
    polled = Polled(store.sidecar.shop).settled()

    _CHANGES[change](store.given, ann)

    doorbell = polled.tick()
    assert doorbell.ids == {ann}
    assert not doorbell.everyone
    assert polled.tick().ids == frozenset()


def test_a_status_change_of_a_return_rings_who_returned(store: SmallStore) -> None:
    ann, bob = people(store.given)
    returned = store.given.goods_return(ann)
    store.given.goods_return(bob)
    polled = Polled(store.sidecar.shop).settled()

    store.given.insert("return_history", {"return_status_id": 3}, return_id=returned)

    assert polled.tick().ids == {ann}


def test_an_order_moved_to_another_customer_rings_both(store: SmallStore) -> None:
    ann, bob = people(store.given)
    eve = store.given.customer()
    polled = Polled(store.sidecar.shop).settled()

    store.given.update("order", {"customer_id": ann}, customer_id=eve)

    assert polled.tick().ids == {ann, eve}
    store.given.delete("order_product", order_id=order_of(store.given, eve))
    assert polled.tick().ids == {eve}
    assert bob not in polled.tick().ids


@pytest.mark.parametrize(
    ("before", "after"),
    [(("", None), (None, "")), (("a'", "b"), ("a", "'b")), (("a,", "b"), ("a", ",b"))],
)
def test_columns_that_look_alike_put_together_are_told_apart(
    store: SmallStore, before: tuple[str | None, str | None], after: tuple[str | None, str | None]
) -> None:
    # Fresh stores of 4.1 have NULL nearly everywhere.
    store.given.execute("ALTER TABLE oc_address MODIFY company VARCHAR(60) NULL")
    store.given.execute("ALTER TABLE oc_address MODIFY city VARCHAR(128) NULL")
    ann, _ = people(store.given)
    given = store.given
    given.update("address", {"customer_id": ann}, company=before[0], city=before[1])
    polled = Polled(store.sidecar.shop).settled()

    given.update("address", {"customer_id": ann}, company=after[0], city=after[1])

    assert polled.tick().ids == {ann}


def test_a_product_in_another_category_rings_its_buyers(store: SmallStore) -> None:
    ann, bob = people(store.given)
    store.given.execute(
        "INSERT INTO oc_sidecar_purchase (customer_id, product_id)"
        f" VALUES ({ann}, 1), ({ann}, 2), ({bob}, 3)"
    )
    store.given.insert("product_to_category", {}, product_id=1, category_id=1)
    polled = Polled(store.sidecar.shop).settled()

    store.given.update("product_to_category", {"product_id": 1}, category_id=2)
    assert polled.tick().ids == {ann}
    store.given.delete("product_to_category", product_id=1)
    assert polled.tick().ids == {ann}
    assert polled.tick().ids == frozenset()


def test_a_product_that_too_many_bought_rings_everybody(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(store.given)
    values = ", ".join(f"({customer}, 1)" for customer in range(1, 5))
    store.given.execute(
        f"INSERT INTO oc_sidecar_purchase (customer_id, product_id) VALUES {values}"
    )
    polled = Polled(store.sidecar.shop).settled()
    monkeypatch.setattr(references, "MOST_BUYERS", 3)

    store.given.insert("product_to_category", {}, product_id=1, category_id=1)

    doorbell = polled.tick()
    assert (doorbell.ids, doorbell.everyone) == (frozenset(), True)


def test_a_setting_that_facts_depend_on_rings_everybody_once(store: SmallStore) -> None:
    polled = Polled(store.sidecar.shop).settled()

    # Saved again as it was, OpenCart gives it another number.
    store.given.setting("config_timezone", "UTC")
    assert not polled.tick().everyone
    store.given.setting("config_email_engine", "smtp")
    assert not polled.tick().everyone
    store.given.setting("config_timezone", "Europe/Kyiv")
    assert polled.tick().everyone
    assert not polled.tick().everyone


# -- guests --------------------------------------------------------------------------------


@pytest.mark.parametrize("store", [{"guest_orders": "by_email"}], indirect=True)
def test_a_guest_order_rings_the_oldest_account_of_its_email(store: SmallStore) -> None:
    ann, bob = people(store.given)
    store.given.customer("Ann@Example.com")
    polled = Polled(store.sidecar.shop).settled()

    order = store.given.order(0, email="ANN@example.com ")
    assert polled.tick().ids == {ann}
    store.given.line(order, 1)
    assert polled.tick().ids == {ann}
    store.given.update("order", {"order_id": order}, email="bob@example.com")
    assert polled.tick().ids == {ann, bob}
    store.given.delete("order", order_id=order)
    assert polled.tick().ids == {bob}
    store.given.order(0, email="")
    assert polled.tick().ids == frozenset()


def test_a_guest_order_rings_nobody_where_it_belongs_to_nobody(store: SmallStore) -> None:
    people(store.given)
    polled = Polled(store.sidecar.shop).settled()

    store.given.order(0, email="ann@example.com", lines=[Line(1)])

    assert polled.tick().ids == frozenset()


# -- new rows ------------------------------------------------------------------------------


def test_a_row_that_is_committed_after_a_later_one_rings(
    store: SmallStore, mariadb: PrivateServer, small_database: object
) -> None:
    ann, bob = people(store.given)
    polled = Polled(store.sidecar.shop).settled()
    name = store.sidecar.shop.engine.url.database or ""
    with contextlib.closing(mariadb.connect(name, autocommit=False)) as late:
        Given(late, store.now).order(ann)
        store.given.order(bob)
        assert polled.tick(after_s=1).ids == {bob}
        late.commit()

    # So soon that no round of the checksum has begun.
    assert polled.tick(after_s=1).sources == {"trailing": 1}
    assert polled.tick(after_s=1).ids == frozenset()


def test_new_rows_ring_at_the_next_look_without_the_checksum(store: SmallStore) -> None:
    ann, bob = people(store.given)
    polled = Polled(store.sidecar.shop).settled()

    store.given.reward(ann, 5)
    store.given.insert("order_history", {}, order_id=order_of(store.given, bob))

    doorbell = polled.tick(after_s=1)
    assert doorbell.ids == {ann, bob}
    assert doorbell.sources == {"trailing": 2}


def test_more_new_rows_than_one_look_takes_ring_in_several(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    polled = Polled(store.sidecar.shop).settled()
    monkeypatch.setattr(trailing, "WINDOW", 2)
    monkeypatch.setattr(trailing, "ROWS_A_LOOK", 4)
    customers = [store.given.customer() for _ in range(10)]

    rung: list[int] = []
    for _ in range(6):
        rung += polled.tick(after_s=1).ids

    assert sorted(rung) == customers


def test_deleting_the_newest_row_rings_nobody_else_of_the_window(store: SmallStore) -> None:
    ann, bob = people(store.given)
    store.given.reward(ann, 5)
    store.given.reward(bob, 5)
    polled = Polled(store.sidecar.shop).settled()

    store.given.delete("customer_reward", customer_id=bob)

    assert polled.tick(after_s=1).ids == frozenset()
    store.given.reward(ann, 6)
    assert polled.tick(after_s=1).ids == {ann}


def test_numbers_far_below_those_noted_ring_the_whole_window(store: SmallStore) -> None:
    ann, bob = people(store.given)
    store.given.insert("customer_reward", {}, customer_reward_id=90_000, customer_id=ann)
    polled = Polled(store.sidecar.shop).settled()

    store.given.delete("customer_reward", customer_id=ann)
    store.given.insert("customer_reward", {}, customer_reward_id=7, customer_id=ann)
    store.given.insert("customer_reward", {}, customer_reward_id=8, customer_id=bob)

    assert polled.tick(after_s=1).sources == {"trailing": 2}
    store.given.insert("customer_reward", {}, customer_reward_id=9, customer_id=bob)
    assert polled.tick(after_s=1).ids == {bob}


def test_whose_login_failed_is_looked_up_only_now_and_then(store: SmallStore) -> None:
    ann, _ = people(store.given)
    polled = Polled(store.sidecar.shop).settled()
    store.given.failed_login("ann@example.com")
    assert polled.tick(after_s=trailing.EMAILS_EVERY_S).ids == {ann}

    store.given.failed_login("ann@example.com")
    store.given.failed_login("nobody@example.com")

    assert polled.tick(after_s=1).ids == frozenset()
    assert polled.tick(after_s=trailing.EMAILS_EVERY_S).sources["trailing"] == 1


def test_an_idle_look_asks_the_store_once_for_all_new_rows(store: SmallStore) -> None:
    people(store.given)
    polled = Polled(store.sidecar.shop).settled()

    with statements(store.sidecar.shop.engine) as seen:
        assert polled.tick(after_s=1).ids == frozenset()

    # The position, and the summaries of all tables.
    assert len(seen) == 2, seen
    assert all(statement.startswith(("SELECT", "(SELECT")) for statement in seen), seen


# -- the rolling checksum ------------------------------------------------------------------


def test_the_first_round_names_nobody_and_ends_with_everybody(store: SmallStore) -> None:
    people(store.given)
    polled = Polled(store.sidecar.shop)

    doorbell = polled.tick()

    assert doorbell.everyone
    assert "checksum" not in doorbell.sources
    assert store.rows("SELECT COUNT(*) AS n FROM {own}block WHERE source = 'order'")[0]["n"] == 1


def test_a_change_behind_the_baseline_of_its_table_rings_everybody(store: SmallStore) -> None:
    ann, _ = people(store.given)
    polled = Polled(store.sidecar.shop)
    polled.tick(checksum_s=0)
    assert not polled.tick(checksum_s=0).everyone

    store.given.update("customer", {"customer_id": ann}, firstname="Zoë")

    # The round that was the baseline of other tables ends; the next one finds Ann too.
    assert polled.tick().everyone
    assert polled.tick().ids == {ann}


def test_a_round_goes_on_where_it_stopped(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checksum, "ROWS_A_READ", 2)
    customers = [store.given.customer(customer_id=number) for number in (5, 1500, 1501, 9000)]
    polled = Polled(store.sidecar.shop).settled()
    for customer in (customers[0], customers[3]):
        store.given.update("customer", {"customer_id": customer}, lastname="X")

    rung = [polled.tick(after_s=AFTER_S if not n else 1, checksum_s=0).ids for n in range(6)]

    assert rung[0] == {customers[0]}
    assert [ids for ids in rung if ids] == [{customers[0]}, {customers[3]}]


def test_a_restart_goes_on_within_the_round(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checksum, "ROWS_A_READ", 2)
    for number in (5, 1500, 9000):
        store.given.customer(customer_id=number)
    polled = Polled(store.sidecar.shop).settled()
    store.given.update("customer", {"customer_id": 5}, lastname="X")
    assert polled.tick(checksum_s=0).ids == {5}

    polled.start()

    again = polled.tick(after_s=1)
    assert "checksum" not in again.sources
    assert again.ids == {9000}, "the window of new rows rings once more"
    assert not again.everyone


def test_a_block_of_one_customers_rows_rings_that_one(store: SmallStore) -> None:
    ann, bob = people(store.given)
    rows = [{"points": number} for number in range(1500)]
    first = store.given.insert_many("customer_reward", rows, customer_id=ann)
    store.given.reward(bob, 1)
    polled = Polled(store.sidecar.shop).settled()

    store.given.execute("UPDATE oc_customer_reward SET points = points + 1")
    assert polled.tick().ids == {ann, bob}
    store.given.execute("DELETE FROM oc_customer_reward WHERE customer_reward_id > %s", first)
    assert polled.tick().ids == {ann, bob}
    store.given.execute("DELETE FROM oc_customer_reward")
    assert polled.tick().ids == {ann}
    assert not store.rows("SELECT * FROM {own}block WHERE source = 'customer_reward'")


def test_more_rows_of_a_block_than_one_read_takes_are_compared(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = people(store.given)
    for product in range(10, 20):
        store.given.wish(ann, product)
    monkeypatch.setattr(checksum, "ROWS_A_READ", 3)
    polled = Polled(store.sidecar.shop).settled()

    store.given.delete("customer_wishlist", customer_id=bob)

    assert polled.tick().ids == {bob}


def test_gaps_between_ids_cost_no_statements(store: SmallStore) -> None:
    for number in range(10):
        store.given.customer(customer_id=1 + number * 200_000_000)
    polled = Polled(store.sidecar.shop).settled()

    with statements(store.sidecar.shop.engine) as seen:
        polled.tick()

    assert len([s for s in seen if "FROM oc_customer \n" in s or "FROM oc_customer\n" in s]) <= 3
    assert len(seen) < 4 * 30


def test_our_own_write_rings_its_customer_once(store: SmallStore) -> None:
    ann, _ = people(store.given)
    polled = Polled(store.sidecar.shop).settled()

    store.given.update("customer", {"customer_id": ann}, customer_group_id=2)

    assert [polled.tick().ids for _ in range(3)] == [{ann}, frozenset(), frozenset()]


def test_a_round_begins_no_sooner_than_it_may(store: SmallStore) -> None:
    ann, _ = people(store.given)
    polled = Polled(store.sidecar.shop).settled()
    store.given.update("customer", {"customer_id": ann}, lastname="X")

    assert polled.tick(after_s=checksum.ROUND_S - 1).ids == frozenset()
    assert polled.tick(after_s=AFTER_S).ids == {ann}


def test_looks_without_a_pause_leave_the_checksum_its_share_of_the_time_between(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    polling = Polled(store.sidecar.shop).settled().polling
    now_s, budgets = 1000.0, []
    monkeypatch.setattr("sidecar.clock.monotonic", lambda: now_s)
    look = checksum.RollingChecksum.look

    def noted(
        self: checksum.RollingChecksum,
        tx: sqlalchemy.Connection,
        progress: checksum.Progress,
        at_s: int,
        budget_s: float,
    ) -> checksum.Slice:
        budgets.append(budget_s)
        return look(self, tx, progress, at_s, budget_s)

    monkeypatch.setattr(checksum.RollingChecksum, "look", noted)
    for passed_s in (0.0, 0.5, 0.0, 600.0):
        now_s += passed_s
        polling.ring(1_900_000_000)

    share = checksum.SHARE
    assert budgets == pytest.approx([2.0 * share, 0.5 * share, 0.0, 2.0 * share])


# -- what is noted -------------------------------------------------------------------------


def test_whoever_was_rung_and_not_noted_rings_again(store: SmallStore) -> None:
    ann, bob = people(store.given)
    polled = Polled(store.sidecar.shop).settled()
    store.given.reward(ann, 5)
    store.given.update("customer", {"customer_id": bob}, lastname="X")

    assert polled.ring().ids == {ann, bob}
    assert polled.ring(after_s=0).ids == {ann, bob}
    polled.start()

    assert polled.tick().ids >= {ann, bob}
    assert polled.tick().ids == frozenset()


def test_a_note_that_is_rolled_back_was_none(store: SmallStore) -> None:
    ann, bob = people(store.given)
    polled = Polled(store.sidecar.shop).settled()
    store.given.reward(ann, 5)
    store.given.update("customer", {"customer_id": bob}, lastname="X")
    doorbell = polled.ring()
    with (
        contextlib.suppress(ZeroDivisionError),
        transaction(store.sidecar.shop.engine) as tx,
    ):
        polled.polling.note(tx, doorbell)
        raise ZeroDivisionError

    again = polled.tick(after_s=0)
    assert again.ids >= {ann, bob}
    assert again.sources.keys() == {"trailing", "checksum"}
    assert polled.tick().ids == frozenset()


def test_a_daemon_that_was_replaced_can_neither_ring_nor_note(store: SmallStore) -> None:
    ann, _ = people(store.given)
    old = Polled(store.sidecar.shop).settled()
    store.given.reward(ann, 5)
    doorbell = old.ring()

    new = Polled(store.sidecar.shop, old.now_s)

    with pytest.raises(FatalError, match="another sidecar"):
        old.note(doorbell)
    with pytest.raises(FatalError, match="another sidecar"):
        old.ring()
    assert ann in new.tick().ids


@pytest.mark.parametrize("position", ["", "[]", '{"trailing": 3, "checksum": {"table": "x"}}'])
def test_a_position_that_cannot_be_read_begins_anew(store: SmallStore, position: str) -> None:
    ann, bob = people(store.given)
    polled = Polled(store.sidecar.shop).settled()
    store.given.execute("UPDATE oc_sidecar_source SET position = %s", position)
    polled.start()

    doorbell = polled.tick()

    assert doorbell.ids == {ann, bob}
    assert doorbell.everyone


def test_damaged_blocks_ring_too_many_rather_than_fail(store: SmallStore) -> None:
    ann, bob = people(store.given)
    polled = Polled(store.sidecar.shop).settled()
    store.given.execute("UPDATE oc_sidecar_block SET rows_read = 'x', crc_sum = 1")

    assert polled.tick().ids == {ann, bob}
    assert polled.tick().ids == frozenset()


def test_windows_are_those_of_the_tables_with_numbers(store: SmallStore) -> None:
    with transaction(store.sidecar.shop.engine) as tx:
        _, windows = TrailingWindows(store.sidecar.shop).look(tx, {}, 0)

    assert {"customer", "order", "order_history", "return", "cart"} <= windows.keys()
    assert "customer_wishlist" not in windows
