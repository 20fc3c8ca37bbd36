"""What the ledger reads of the store's orders, and the fingerprint it knows them by."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from sidecar.config import Config
from sidecar.model import Moment, Scope
from sidecar.service.private_server import PrivateServer
from sidecar.shop import key_blocks
from sidecar.shop.database import connect, transaction
from sidecar.shop.key_blocks import KeyBlocks, Pace, read_key_blocks
from sidecar.shop.shop import Shop, open_shop
from sidecar.sync.loyalty import orders
from sidecar.sync.loyalty.orders import StoreLine, StoreOrder, marks, read_orders
from sidecar.sync.reading import Reading
from support.given import Given, Line
from support.planted_store import MADE_UP_STORE, PlantedStore, planted_store
from support.rows import Value
from support.small_store import NOW, SmallStore

EVERYBODY = Scope.span(1, 2**31 - 1)

REFUNDED = 3

REFUNDS = {"refunded_return_statuses": (f"#{REFUNDED}",)}
BY_EMAIL = {**REFUNDS, "guest_orders": "by_email"}

refunds = pytest.mark.parametrize("store", [REFUNDS], indirect=True)
by_email = pytest.mark.parametrize("store", [BY_EMAIL], indirect=True)


@pytest.fixture(params=["few", "many"])
def read(request: pytest.FixtureRequest, store: SmallStore) -> Callable[..., list[StoreOrder]]:
    """The orders of one customer: ``read(ann)``, in a small reading and in a large one."""

    def orders_of(customer: int) -> list[StoreOrder]:
        scope = Scope.of([customer]) if request.param == "few" else EVERYBODY
        with transaction(store.sidecar.engine) as tx:
            reading = Reading(store.sidecar.shop, tx, scope, store.moment)
            assert reading.is_small == (request.param == "few")
            found = read_orders(reading, [customer])
        assert found.keys() <= {customer}
        return found.get(customer, [])

    return orders_of


def mark_of(store: SmallStore, customer: int) -> int | None:
    """The fingerprint of one customer's orders; None without any."""
    with transaction(store.sidecar.engine) as tx:
        scope = Scope.of([customer])
        found = marks(Reading(store.sidecar.shop, tx, scope, store.moment))
    assert found.schema == {"customer_id": pl.Int64(), "orders_mark": pl.Int64()}
    assert found["customer_id"].to_list() in ([], [customer])
    return found["orders_mark"][0] if found.height else None


def total_row(given: Given, order: int, code: str | None, value: str | None) -> int:
    """One row of what an order's total is added up from."""
    row: dict[str, Value] = {"title": code or ""}
    return given.insert("order_total", row, order_id=order, code=code, value=value)


# -- orders --------------------------------------------------------------------------------


Read = Callable[[int], list[StoreOrder]]


def test_an_order_is_what_its_row_says(store: SmallStore, read: Read) -> None:
    ann = store.given.customer()
    order = store.given.order(ann, "129.9999", status=2, store=3, at="2026-03-01 10:00:00")

    assert read(ann) == [
        StoreOrder(
            order_id=order,
            customer_id=ann,
            status=2,
            store_id=3,
            placed_at=1_772_359_200,
            total=1_299_999,
            discounts=0,
            lines=(),
        )
    ]


def test_an_order_of_an_impossible_date_has_no_instant(store: SmallStore, read: Read) -> None:
    ann = store.given.customer()
    store.given.order(ann, at="0000-00-00 00:00:00")

    assert [order.placed_at for order in read(ann)] == [None]


def test_orders_come_by_number_with_credit_orders_and_without_drafts(
    store: SmallStore, read: Read
) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    first = store.given.order(ann, status=7, days_ago=1)
    store.given.order(ann, status=0)
    credit = store.given.order(ann, "-12.5", status=1, days_ago=9)
    store.given.order(bob)

    assert [(order.order_id, order.total) for order in read(ann)] == [
        (first, 1_000_000),
        (credit, -125_000),
    ]


def test_nobody_asked_for_is_nothing_read(store: SmallStore) -> None:
    with transaction(store.sidecar.engine) as tx:
        assert read_orders(Reading(store.sidecar.shop, tx, EVERYBODY, store.moment), []) == {}


# -- lines ---------------------------------------------------------------------------------


def test_lines_are_totals_of_all_units_in_the_order_in_which_they_were_written(
    store: SmallStore, read: Read
) -> None:
    ann = store.given.customer()
    store.given.order(ann, lines=[Line(9, 3, "10", "1.9"), Line(4, 1, "0.3333", "0.0001")])
    other = store.given.order(ann, lines=[Line(4, 2, "5")])

    first, second = read(ann)

    assert first.lines == (
        StoreLine(product_id=9, total=300_000, tax=57_000, quantity=3, returned=0),
        StoreLine(product_id=4, total=3_333, tax=1, quantity=1, returned=0),
    )
    assert second.order_id == other
    assert second.lines == (StoreLine(product_id=4, total=100_000, tax=0, quantity=2, returned=0),)


def test_a_line_is_worth_what_the_order_was_charged_and_not_its_price(
    store: SmallStore, read: Read
) -> None:
    ann = store.given.customer()
    order = store.given.order(ann, lines=[Line(9, 3, "3.3333")])
    store.given.update("order_product", {"order_id": order}, total="10")

    assert [line.total for line in read(ann)[0].lines] == [100_000]


def test_lines_of_a_credit_order_are_below_zero(store: SmallStore, read: Read) -> None:
    ann = store.given.customer()
    store.given.order(ann, "-24", status=1, lines=[Line(9, -2, "10", "2")])

    assert read(ann)[0].lines == (
        StoreLine(product_id=9, total=-200_000, tax=-40_000, quantity=-2, returned=0),
    )


# -- discounts -----------------------------------------------------------------------------


def test_discounts_are_what_was_taken_off_the_goods(store: SmallStore, read: Read) -> None:
    ann = store.given.customer()
    order, other = store.given.order(ann), store.given.order(ann)
    for code in ("coupon", "voucher", "reward", "credit"):
        total_row(store.given, order, code, "-1.0001")
    total_row(store.given, order, "coupon", "-2")
    total_row(store.given, other, "reward", "-5")

    assert [found.discounts for found in read(ann)] == [60_004, 50_000]


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("sub_total", "-10"),
        ("shipping", "-3"),
        ("tax", "-2"),
        ("total", "-100"),
        ("coupon_fee", "-1"),
        ("coupon", "7"),
        ("coupon", "0"),
    ],
)
def test_other_totals_are_no_discounts(
    store: SmallStore, read: Read, code: str, value: str
) -> None:
    ann = store.given.customer()
    total_row(store.given, store.given.order(ann), code, value)

    assert [found.discounts for found in read(ann)] == [0]


# -- returns -------------------------------------------------------------------------------


@refunds
def test_returned_units_are_spread_over_the_lines_of_their_product(
    store: SmallStore, read: Read
) -> None:
    ann = store.given.customer()
    lines = [Line(9, 2), Line(4, 5), Line(9, 3), Line(9, 1)]
    order = store.given.order(ann, lines=lines)
    for quantity in (1, 3):
        store.given.goods_return(ann, order, 9, quantity, status=REFUNDED)

    assert [line.returned for line in read(ann)[0].lines] == [2, 0, 2, 0]


@refunds
def test_no_more_is_returned_than_was_bought(store: SmallStore, read: Read) -> None:
    ann = store.given.customer()
    order = store.given.order(ann, lines=[Line(9, 2), Line(9, 1), Line(8, -4)])
    for product in (9, 8):
        store.given.goods_return(ann, order, product, 100, status=REFUNDED)

    assert [line.returned for line in read(ann)[0].lines] == [2, 1, 0]


@refunds
def test_other_returns_give_nothing_back(store: SmallStore, read: Read) -> None:
    ann = store.given.customer()
    order, other = (store.given.order(ann, lines=[Line(9, 2)]) for _ in range(2))
    store.given.goods_return(ann, order, 9, 1, status=1)
    store.given.goods_return(ann, order, 4, 1, status=REFUNDED)
    store.given.goods_return(ann, 0, 9, 1, status=REFUNDED)
    store.given.goods_return(ann, other, 9, -1, status=REFUNDED)
    store.given.goods_return(ann, other, 9, 0, status=REFUNDED)

    assert [line.returned for found in read(ann) for line in found.lines] == [0, 0]


def test_no_return_gives_anything_back_while_none_counts_as_refunded(
    store: SmallStore, read: Read
) -> None:
    ann = store.given.customer()
    order = store.given.order(ann, lines=[Line(9, 2)])
    store.given.goods_return(ann, order, 9, 1, status=REFUNDED)

    assert read(ann)[0].lines[0].returned == 0


# -- guests --------------------------------------------------------------------------------


@by_email
def test_the_oldest_account_of_an_e_mail_has_its_guest_orders(
    store: SmallStore, read: Read
) -> None:
    ann = store.given.customer("ann@example.com")
    younger = store.given.customer("Ann@example.com")
    own = store.given.order(ann, "1")
    guest = store.given.order(0, "20", email=" ANN@example.com", lines=[Line(9, 2), Line(4)])
    store.given.order(0, "30", email="ann@example.com", status=0, lines=[Line(9)])
    store.given.order(0, "40", email="bob@example.com", lines=[Line(9)])
    total_row(store.given, guest, "coupon", "-3")
    store.given.goods_return(0, guest, 9, 1, status=REFUNDED)

    found = read(ann)

    assert [order.order_id for order in found] == [own, guest]
    assert (found[1].customer_id, found[1].total, found[1].discounts) == (ann, 200_000, 30_000)
    assert [(line.product_id, line.returned) for line in found[1].lines] == [(9, 1), (4, 0)]
    assert read(younger) == []


@refunds
def test_guest_orders_are_nobody_s_unless_the_settings_say_so(
    store: SmallStore, read: Read
) -> None:
    ann = store.given.customer("ann@example.com")
    store.given.order(0, email="ann@example.com")

    assert read(ann) == []
    assert mark_of(store, ann) is None


# -- the fingerprint -----------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Placed:
    """
    A customer with two orders and a refunded return of the first.

    Attributes:
        goods_return: The return.
    """

    given: Given
    ann: int
    order: int
    other: int
    goods_return: int

    def change(self, **columns: Value) -> None:
        """Of the first order."""
        self.given.update("order", {"order_id": self.order}, **columns)

    def exchange_totals(self) -> None:
        self.change(total="50")
        self.given.update("order", {"order_id": self.other}, total="100")

    def change_return(self, **columns: Value) -> None:
        self.given.update("return", {"return_id": self.goods_return}, **columns)


def placed(given: Given) -> Placed:
    """The same rows for every test, of a customer with the e-mail ann@example.com."""
    ann = given.customer("ann@example.com")
    order = given.order(ann, "100", at="2026-03-01 10:00:00", lines=[Line(9, 2)])
    other = given.order(ann, "50", status=1, at="2026-03-02 10:00:00")
    goods_return = given.goods_return(ann, order, 9, 1, status=REFUNDED)
    return Placed(given, ann, order, other, goods_return)


CHANGES: dict[str, Callable[[Placed], object]] = {
    "a new order": lambda p: p.given.order(p.ann),
    "a deleted order": lambda p: p.given.delete("order", order_id=p.other),
    "another number": lambda p: p.given.update("order", {"order_id": p.other}, order_id=9_999),
    "another status": lambda p: p.change(order_status_id=7),
    "an order that is a draft again": lambda p: p.change(order_status_id=0),
    "another total": lambda p: p.change(total="100.0001"),
    "another sign": lambda p: p.change(total="-100"),
    "another time of modification": lambda p: p.change(date_modified="2026-03-01 10:00:01"),
    "an order given to another": lambda p: p.change(customer_id=p.ann + 1),
    "totals of two orders exchanged": lambda p: p.exchange_totals(),
    "a guest order": lambda p: p.given.order(0, email="ann@example.com"),
    "a new refunded return": lambda p: p.given.goods_return(p.ann, p.order, 9, status=REFUNDED),
    "a deleted return": lambda p: p.given.delete("return", return_id=p.goods_return),
    "another quantity returned": lambda p: p.change_return(quantity=2),
    "a return not refunded any more": lambda p: p.change_return(return_status_id=1),
    "another product returned": lambda p: p.change_return(product_id=8),
    "a return of another order": lambda p: p.change_return(order_id=p.other),
}


@by_email
@pytest.mark.parametrize("change", CHANGES)
def test_a_fingerprint_changes_with(store: SmallStore, change: str) -> None:
    rows = placed(store.given)
    before = mark_of(store, rows.ann)
    CHANGES[change](rows)
    after = mark_of(store, rows.ann)

    assert before is not None
    assert after is not None
    assert after != before
    assert min(before, after) >= 0


OTHERS: dict[str, Callable[[Placed], object]] = {
    "nothing": lambda p: None,
    "a draft": lambda p: p.given.order(p.ann, status=0),
    "the store of an order": lambda p: p.change(store_id=2),
    "the day of an order": lambda p: p.change(date_added="2026-01-01 00:00:00"),
    "a line": lambda p: p.given.line(p.order, 9),
    "a discount": lambda p: total_row(p.given, p.order, "coupon", "-1"),
    "a return that is not refunded": lambda p: p.given.goods_return(p.ann, p.order, 9),
    "a refunded return of nothing": lambda p: p.given.goods_return(p.ann, status=REFUNDED),
    "somebody else's order": lambda p: p.given.order(p.given.customer()),
    "a guest with another e-mail": lambda p: p.given.order(0, email="bob@example.com"),
    "the customer": lambda p: p.given.update("customer", {"customer_id": p.ann}, firstname="A"),
}


@by_email
@pytest.mark.parametrize("change", OTHERS)
def test_a_fingerprint_stays_with(store: SmallStore, change: str) -> None:
    rows = placed(store.given)
    before = mark_of(store, rows.ann)
    OTHERS[change](rows)

    assert mark_of(store, rows.ann) == before


def test_who_only_has_drafts_has_no_fingerprint(store: SmallStore) -> None:
    ann = store.given.customer()
    store.given.order(ann, status=0)

    assert mark_of(store, ann) is None


def test_orders_are_never_older_than_a_fingerprint_that_was_read_in_bulk(
    store: SmallStore,
) -> None:
    ann = store.given.customer()
    order = store.given.order(ann, "100", lines=[Line(9, 2)])
    with transaction(store.sidecar.engine) as tx:
        reading = Reading(store.sidecar.shop, tx, EVERYBODY, store.moment)
        # From now on the transaction shows the store as it is.
        tx.exec_driver_sql("SELECT COUNT(*) FROM oc_order")
        store.given.update("order", {"order_id": order}, total="60")
        store.given.update("order_product", {"order_id": order}, quantity=1)
        total_row(store.given, order, "coupon", "-1")
        known = marks(reading)
        ((found,),) = read_orders(reading, [ann]).values()

    assert known["orders_mark"].to_list() == [mark_of(store, ann)]
    assert (found.total, found.lines[0].quantity, found.discounts) == (600_000, 1, 10_000)


# -- few and many --------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["InnoDB", "MyISAM"])
def planted(
    request: pytest.FixtureRequest,
    mariadb: PrivateServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[PlantedStore]:
    """A made-up store with every peculiarity planted, guests and discounts too."""
    folder = tmp_path_factory.mktemp("loyalty_orders")
    variant = dataclasses.replace(MADE_UP_STORE, guest_orders="by_email")
    with planted_store(mariadb, None, variant, folder.name, folder) as store:
        with store.connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO demo_order_total (order_id, code, value)"
                " SELECT order_id, 'coupon', -order_id / 100 FROM demo_order"
            )
            cursor.execute("SET SESSION sql_mode = ''")
            for table in store.sidecar.shop.tables.metadata.sorted_tables:
                cursor.execute(f"ALTER TABLE `{table.name}` ENGINE = {request.param}")
        yield store


def whole(store: PlantedStore, shop: Shop) -> tuple[pl.DataFrame, dict[int, list[StoreOrder]]]:
    """Everybody's fingerprint and orders, in one reading."""
    with transaction(shop.engine) as tx:
        reading = Reading(shop, tx, EVERYBODY, store.moment)
        known = marks(reading).sort("customer_id")
        return known, read_orders(reading, known["customer_id"].to_list())


def in_parts(
    store: PlantedStore, shop: Shop, ids: Sequence[int], size: int
) -> tuple[pl.DataFrame, dict[int, list[StoreOrder]]]:
    """The same for *size* customers at a time."""
    frames: list[pl.DataFrame] = []
    found: dict[int, list[StoreOrder]] = {}
    for start in range(0, len(ids), size):
        part = ids[start : start + size]
        with transaction(shop.engine) as tx:
            reading = Reading(shop, tx, Scope.of(part), store.moment)
            frames.append(marks(reading))
            found |= read_orders(reading, part)
    return pl.concat(frames).sort("customer_id"), found


@pytest.mark.parametrize("size", [50, 120])
def test_few_and_many_customers_are_read_alike(
    planted: PlantedStore, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    shop = planted.sidecar.shop
    known, found = whole(planted, shop)
    ids = known["customer_id"].to_list()
    with monkeypatch.context() as patch:
        # As when so many of a range are asked for that it is read whole.
        patch.setattr(orders, "_NAMED", 1)
        assert whole(planted, shop)[1] == found
    some_known, some_found = in_parts(planted, shop, ids, size)

    assert_frame_equal(known, some_known)
    assert found == some_found
    assert ids
    assert found.keys() == set(ids)
    everything = [order for theirs in found.values() for order in theirs]
    assert any(line.returned for order in everything for line in order.lines)
    assert all(order.discounts == order.order_id * 100 for order in everything)


def test_of_a_range_only_the_customers_that_are_asked_for_are_given(
    planted: PlantedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = planted.sidecar.shop
    known, found = whole(planted, shop)
    some = known["customer_id"].to_list()[::3]
    monkeypatch.setattr(orders, "_NAMED", 1)
    with transaction(shop.engine) as tx:
        reading = Reading(shop, tx, EVERYBODY, planted.moment)
        asked = read_orders(reading, some)

    assert asked == {customer: found[customer] for customer in some}


def test_a_table_that_is_locked_as_a_whole_is_read_in_blocks_and_gives_the_same(
    planted: PlantedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = planted.sidecar.shop
    with transaction(shop.engine) as tx:
        blocks = read_key_blocks(tx, str(shop.engine.url.database), shop.tables)
    monkeypatch.setattr(Pace, "took", lambda *_: None)
    monkeypatch.setattr(key_blocks, "FEWEST_ROWS", 37)
    in_blocks = whole(planted, dataclasses.replace(shop, key_blocks=blocks, bulk=None))
    at_once = whole(planted, dataclasses.replace(shop, key_blocks=KeyBlocks(), bulk=None))

    assert_frame_equal(in_blocks[0], at_once[0])
    assert in_blocks[1] == at_once[1]


# -- real stores ---------------------------------------------------------------------------


@pytest.fixture(params=["3.0.5.1", "4.0.2.3", "4.1.0.4"])
def real(
    request: pytest.FixtureRequest, mariadb: PrivateServer, clone_store: Callable[[str], str]
) -> Iterator[tuple[Shop, Given]]:
    """A copy of a real store."""
    settings = mariadb.settings(clone_store(request.param))
    engine = connect(settings)
    with contextlib.closing(mariadb.connect(settings.name)) as connection:
        yield open_shop(engine, Config(file=Path(), database=settings)), Given(connection, NOW)
    engine.dispose()


def everybody_s(shop: Shop) -> list[StoreOrder]:
    with transaction(shop.engine) as tx:
        reading = Reading(shop, tx, EVERYBODY, Moment(NOW, shop.settings.zone))
        ids = marks(reading)["customer_id"].to_list()
        return [order for theirs in read_orders(reading, ids).values() for order in theirs]


def test_the_lines_of_a_real_order_add_up_to_its_sub_total(real: tuple[Shop, Given]) -> None:
    shop, given = real
    rows = given._rows("SELECT order_id, value FROM oc_order_total WHERE code = 'sub_total'")
    sub_totals = {order_id: Decimal(str(value)) * 10_000 for order_id, value in rows}

    found = everybody_s(shop)

    assert len(found) > 500
    for order in found:
        assert sum(line.total for line in order.lines) == sub_totals[order.order_id]


@pytest.mark.parametrize("real", ["4.1.0.4"], indirect=True)
def test_what_a_store_left_empty_is_nothing(real: tuple[Shop, Given]) -> None:
    shop, given = real
    ann = given.customer()
    order = given.order(ann, lines=[Line(9)])
    total_row(given, order, "coupon", "-1")
    empty: dict[str, dict[str, Value]] = {
        "order": {"total": None, "store_id": None, "date_added": None, "date_modified": None},
        "order_product": dict.fromkeys(("product_id", "quantity", "total", "tax")),
        "order_total": {"value": None},
    }
    for table, columns in empty.items():
        given.update(table, {"order_id": order}, **columns)

    (found,) = (order for order in everybody_s(shop) if order.customer_id == ann)

    assert found == StoreOrder(
        order_id=order,
        customer_id=ann,
        status=5,
        store_id=0,
        placed_at=None,
        total=0,
        discounts=0,
        lines=(StoreLine(product_id=0, total=0, tax=0, quantity=0, returned=0),),
    )
