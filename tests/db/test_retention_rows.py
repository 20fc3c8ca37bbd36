"""Rows of real stores that are too old end, and only those; what hangs on orders goes with them."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sidecar.privacy import holds, purges
from sidecar.privacy.means import Means
from sidecar.privacy.retaining import retain
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from sidecar.sync import decisions
from support import small_store
from support.given import Given
from support.small_store import SmallStore

VERSIONS = ("3.0.5.1", "4.0.2.3", "4.1.0.4")
NOW = datetime.datetime(2026, 3, 31, 12, 0, tzinfo=datetime.UTC)
KYIV = ZoneInfo("Europe/Kyiv")

#: With an age of 30 days on 31 March: the first day that is kept is the 1st.
OLD, NEW, NEVER = "2026-02-28 23:59:59", "2026-03-01 00:00:00", "0000-00-00 00:00:00"


@pytest.fixture(params=VERSIONS)
def real(
    request: pytest.FixtureRequest,
    mariadb: PrivateServer,
    clone_store: Callable[[str], str],
    tmp_path: Path,
) -> Iterator[SmallStore]:
    """A real store with the sidecar on it."""
    database = clone_store(request.param)
    with contextlib.closing(mariadb.connect(database)) as connection:
        given = Given(connection, NOW, KYIV)
        for store in small_store.open_on(mariadb.settings(database), tmp_path, given):
            store.now = NOW
            yield store


#: By class: a table of it, the column of its dates, and one that tells rows apart.
ROWS = {
    "carts": ("cart", "date_added", "session_id"),
    "searches": ("customer_search", "date_added", "keyword"),
    "ips": ("customer_ip", "date_added", "ip"),
    "failed_logins": ("customer_login", "date_modified", "ip"),
    "activity": ("customer_activity", "date_added", "ip"),
    "visits": ("customer_online", "date_added", "ip"),
    "sessions": ("session", "expire", "session_id"),
}


def run(store: SmallStore, *classes: str) -> None:
    """Plan a rule for each of *classes*, approve what they would end, and end it."""
    rules = [f'[[retention]]\nname = "{of}"\nof = "{of}"\nage = "30 days"\n' for of in classes]
    store.named_rules({}, "\n".join(rules))
    means = Means(store.sidecar.config, store.sidecar.shop, store.moment)
    retain(means)
    with transaction(store.sidecar.engine) as tx:
        found = purges.listed(tx, store.sidecar.shop.own, 99)
        assert {(purge.rule, purge.state) for purge in found} == {(of, "waiting") for of in classes}
        for purge in found:
            purges.approve(tx, store.sidecar.shop.own, purge.purge_id, "cli:ann", store.moment)
    retain(means)


def left(store: SmallStore, table: str, column: str) -> set[object]:
    """What the rows that are left say in *column*."""
    return {row[column] for row in store.rows(f"SELECT `{column}` FROM oc_{table}")}


def test_rows_older_than_their_age_end_and_no_others(real: SmallStore) -> None:
    held = real.given.customer()
    with transaction(real.sidecar.engine) as tx:
        own = real.sidecar.shop.own
        holds.put(tx, own, held, "cli:ann", "a lawsuit", None, real.moment)
    before = {of: left(real, table, mark) for of, (table, _, mark) in ROWS.items()}
    people = {"old": (0, OLD), "new": (0, NEW), "never": (0, NEVER), "held": (held, OLD)}
    for table, dated, mark in ROWS.values():
        has_customer = bool(real.rows(f"SHOW COLUMNS FROM oc_{table} LIKE 'customer_id'"))
        for name, (customer, at) in people.items():
            if has_customer or not customer:
                whose = {"customer_id": customer} if has_customer else {}
                real.given.insert(table, {}, **{mark: f"test-{name}", dated: at}, **whose)
    run(real, *ROWS)
    for of, (table, _, mark) in ROWS.items():
        kept = {"test-new", "test-never"}
        if of not in ("failed_logins", "sessions"):
            kept.add("test-held")
        assert left(real, table, mark) - before[of] == kept, of
    done = real.rows("SELECT rule, state, planned, erased FROM {own}purge")
    assert {(row["state"], row["planned"] == row["erased"]) for row in done} == {("done", True)}


def test_old_orders_stay_without_the_person_and_keep_what_they_cost(real: SmallStore) -> None:
    given = real.given
    ann, held = given.customer(), given.customer()
    with transaction(real.sidecar.engine) as tx:
        own = real.sidecar.shop.own
        holds.put(tx, own, held, "cli:ann", "a lawsuit", None, real.moment)
    names: dict[str, Any] = {
        "firstname": "Annabel",
        "payment_address_1": "Orchard 7",
        "comment": "ring twice",
    }
    orders = {
        "old": given.order(ann, "12.34", at=OLD, email="a@example.com", **names),
        "new": given.order(ann, "12.34", at=NEW, email="a@example.com", **names),
        "open": given.order(ann, "12.34", at=OLD, status=2, email="a@example.com", **names),
        "never placed": given.order(ann, "12.34", at=OLD, status=0, email="a@example.com", **names),
        "held": given.order(held, "12.34", at=OLD, email="h@example.com", **names),
    }
    for order in orders.values():
        given.insert("order_history", {}, order_id=order, comment="call 030 1234567")
    run(real, "orders")
    rows = real.rows(
        "SELECT o.order_id, o.customer_id, o.firstname, o.email, o.payment_address_1, o.comment,"
        " o.total, o.date_added, h.comment AS history"
        " FROM oc_order o JOIN oc_order_history h USING (order_id)"
    )
    told = {row.pop("order_id"): row for row in rows}
    old = told.pop(orders["old"])
    assert str(old.pop("total")) == "12.3400"
    assert str(old.pop("date_added")) == OLD
    assert old == {
        "customer_id": 0,
        "firstname": "anon-0",
        "email": "anon-0@anonymous.invalid",
        "payment_address_1": "",
        "comment": "",
        "history": "",
    } | {name: old[name] for name in ("payment_address_1",) if old[name] == "anon-0"}
    for name in ("new", "open", "never placed", "held"):
        row = told[orders[name]]
        assert (row["firstname"], row["comment"]) == ("Annabel", "ring twice"), name
        assert row["history"] == "call 030 1234567", name


def test_checkouts_that_were_never_finished_are_a_class_of_their_own(real: SmallStore) -> None:
    ann = real.given.customer()
    placed = real.given.order(ann, at=OLD, firstname="Annabel")
    never = real.given.order(ann, at=OLD, status=0, firstname="Annabel")
    run(real, "unfinished_orders")
    rows = real.rows(f"SELECT order_id, firstname FROM oc_order WHERE order_id >= {placed}")
    assert {row["order_id"]: row["firstname"] for row in rows} == {
        placed: "Annabel",
        never: "anon-0",
    }


def test_nothing_ends_before_it_is_approved_and_nothing_while_paused(real: SmallStore) -> None:
    own, engine = real.sidecar.shop.own, real.sidecar.engine
    real.given.insert("customer_search", {}, keyword="old", customer_id=0, date_added=OLD)
    real.named_rules({}, '[[retention]]\nname = "x"\nof = "searches"\nage = "30 days"\n')
    means = Means(real.sidecar.config, real.sidecar.shop, real.moment)
    retain(means)
    retain(means)
    assert "old" in left(real, "customer_search", "keyword")
    (purge,) = real.rows("SELECT purge_id, state, planned FROM {own}purge")
    assert (purge["state"], purge["planned"]) == ("waiting", 1)
    with transaction(engine) as tx:
        purges.approve(tx, own, purge["purge_id"], "cli:ann", real.moment)
        decisions.pause(tx, own, "cli:ann", None, real.moment)
    retain(means)
    assert "old" in left(real, "customer_search", "keyword")
    with transaction(engine) as tx:
        decisions.resume(tx, own, real.moment)
    retain(means)
    assert "old" not in left(real, "customer_search", "keyword")


def test_what_grew_since_it_was_approved_waits_again(real: SmallStore) -> None:
    own, engine = real.sidecar.shop.own, real.sidecar.engine
    real.given.insert("customer_search", {}, keyword="old", customer_id=0, date_added=OLD)
    real.named_rules({}, '[[retention]]\nname = "x"\nof = "searches"\nage = "30 days"\n')
    means = Means(real.sidecar.config, real.sidecar.shop, real.moment)
    retain(means)
    with transaction(engine) as tx:
        (purge,) = purges.listed(tx, own, 9)
        purges.approve(tx, own, purge.purge_id, "cli:ann", real.moment)
    real.given.insert("customer_search", {}, keyword="old", customer_id=0, date_added=OLD)
    retain(means)
    (row,) = real.rows("SELECT state, planned, erased FROM {own}purge")
    assert row == {"state": "waiting", "planned": 2, "erased": 0}
    assert "old" in left(real, "customer_search", "keyword")


def test_a_purge_whose_rule_is_gone_or_another_ends_nothing(real: SmallStore) -> None:
    own, engine = real.sidecar.shop.own, real.sidecar.engine
    real.given.insert("customer_search", {}, keyword="old", customer_id=0, date_added=OLD)
    real.named_rules({}, '[[retention]]\nname = "x"\nof = "searches"\nage = "30 days"\n')
    means = Means(real.sidecar.config, real.sidecar.shop, real.moment)
    retain(means)
    with transaction(engine) as tx:
        (purge,) = purges.listed(tx, own, 9)
        purges.approve(tx, own, purge.purge_id, "cli:ann", real.moment)
    real.named_rules({}, '[[retention]]\nname = "x"\nof = "searches"\nage = "20 days"\n')
    retain(means)
    assert real.rows("SELECT state FROM {own}purge") == [{"state": "obsolete"}]
    assert "old" in left(real, "customer_search", "keyword")
