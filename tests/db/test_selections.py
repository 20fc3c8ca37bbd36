"""Selections: who matches an expression, kept for an hour, and commands about them."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from sidecar import clock
from sidecar.errors import NotNowError, UsageError
from sidecar.shop.database import transaction
from sidecar.sync import matching, ranges, retention, selections
from sidecar.sync.commands import queue
from sidecar.sync.commands.queue import Asked
from support.small_store import SmallStore

HOSTILE = (
    "",
    "orders >==",
    'first_name = "',
    "orders >= 3; DROP TABLE oc_customer",
    "' OR 1=1 -- ",
    "(((((((((orders = 1 or status) and status) or status) and status) or status) and",
    'tags has "x' + "\x00" + '"',
    "orders = 99999999999999999999",
    "🦊 = 1",
    "not " * 200 + "status",
)


def carried_out(store: SmallStore, name: str, **parameters: object) -> Asked:
    """The command, asked for and carried out."""
    requests = store.sidecar.requests
    return requests.dispatcher().dispatch(requests.ask(name, parameters, "admin:ann"))


def selected(store: SmallStore, number: int) -> list[int]:
    """The rows of a selection."""
    query = "SELECT customer_id AS n FROM `{own}selection` WHERE selection_id = %s ORDER BY 1"
    return [row["n"] for row in store.rows(query, number)]


def given(store: SmallStore, number: int = 12) -> list[int]:
    """Customers, each second with an order more than the last."""
    customers = [store.given.customer() for _ in range(number)]
    for place, customer in enumerate(customers):
        for _ in range(place // 2):
            store.given.order(customer, "100")
    return customers


def test_a_selection_holds_whom_sql_and_the_command_line_find(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(store)
    monkeypatch.setattr(matching, "_FIRST_RANGE", 3)
    monkeypatch.setattr(ranges, "RANGE", 4)

    asked = carried_out(store, "customers.select", expression="orders >= 3 and status")

    by_sql = store.rows(
        "SELECT customer_id AS n FROM oc_customer c WHERE status = 1 AND"
        " (SELECT COUNT(*) FROM oc_order o WHERE o.customer_id = c.customer_id) >= 3 ORDER BY 1"
    )
    found = selected(store, asked.command_id)
    assert found == [row["n"] for row in by_sql]
    told = [row["customer_id"] for row in store.sidecar.view.customers("orders >= 3 and status")]
    assert found == told
    wanted = {"selection": asked.command_id, "customers": len(found), "warnings": []}
    assert asked.answer == wanted
    assert 0 < len(found) < 12


def test_it_tells_how_far_it_is_and_shows_what_is_found_already(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers = given(store)
    monkeypatch.setattr(matching, "_FIRST_RANGE", 4)
    seen: list[tuple[int, int, int]] = []
    requests = store.sidecar.requests
    number = requests.ask("customers.select", {"expression": "orders >= 0"}, "admin:ann")

    def watch(done: int, total: int) -> None:
        seen.append((done, total, len(selected(store, number))))

    requests.dispatcher(watch).dispatch(number)

    assert seen == [(4, 12, 4), (12, 12, 12)]
    assert selected(store, number) == customers


def test_after_a_crash_it_starts_clean(store: SmallStore) -> None:
    customers = given(store)
    requests = store.sidecar.requests
    number = requests.ask("customers.select", {"expression": "orders >= 4"}, "admin:ann")
    own = store.sidecar.shop.own
    with transaction(store.sidecar.engine) as tx:
        for customer in (customers[0], customers[-1]):
            tx.execute(own.selection.insert().values(selection_id=number, customer_id=customer))
        assert queue.take(tx, own, number, clock.now())

    dispatcher = requests.dispatcher()
    dispatcher.recover()
    dispatcher.dispatch(number)

    assert selected(store, number) == customers[8:]


def test_a_wrong_expression_fails_with_its_place_and_selects_nobody(store: SmallStore) -> None:
    given(store, 2)

    for expression in HOSTILE:
        asked = carried_out(store, "customers.select", expression=expression)

        assert (asked.state, asked.exit_code) == ("failed", 64), expression
        assert asked.error
        assert "expression" in asked.error
    assert store.rows("SELECT * FROM `{own}selection`") == []


def test_what_is_hardly_meant_is_told(store: SmallStore) -> None:
    given(store, 2)

    asked = carried_out(store, "customers.select", expression='tags has "nobodys"')

    assert isinstance(asked.answer, dict)
    assert len(asked.answer["warnings"]) == 1
    assert asked.answer["customers"] == 0


def test_who_is_restricted_is_in_no_selection(store: SmallStore) -> None:
    customers = given(store, 4)
    own = store.sidecar.shop.own
    with transaction(store.sidecar.engine) as tx:
        row = {"customer_id": customers[1], "kind": "restricted", "since": 1}
        tx.execute(own.privacy.restriction.insert().values(**row, actor="eve", reason="asked"))

    asked = carried_out(store, "customers.select", expression="orders >= 0")

    assert selected(store, asked.command_id) == [customers[0], *customers[2:]]


# -- commands about one --------------------------------------------------------------------


def select(store: SmallStore, expression: str) -> int:
    """The number of a selection."""
    return carried_out(store, "customers.select", expression=expression).command_id


def test_tags_and_groups_of_a_selection_are_changed_as_of_its_customers(store: SmallStore) -> None:
    customers = given(store)
    wholesale = store.given.group("Wholesale")
    number = select(store, "orders >= 4")

    added = carried_out(store, "tag.add", tag="spring", selection=number, reason="sale")
    moved = carried_out(store, "group.set", group="Wholesale", selection=number, reason="sale")

    assert store.who("spring") == customers[8:]
    query = "SELECT customer_id AS n FROM oc_customer WHERE customer_group_id = %s ORDER BY 1"
    assert [row["n"] for row in store.rows(query, wholesale)] == customers[8:]
    said = store.rows("SELECT DISTINCT actor, reason FROM `{own}assertion`")
    assert said == [{"actor": "admin:ann", "reason": "sale"}]
    for asked in (added, moved):
        assert isinstance(asked.answer, dict)
        assert asked.answer["customers"] == 4
        run = store.rows("SELECT * FROM `{own}run` WHERE run_id = %s", asked.answer["run"])[0]
        assert (run["kind"], run["actor"], run["changed"]) == ("command", "admin:ann", 4)

    assert carried_out(store, "tag.remove", tag="spring", selection=number).state == "done"
    assert carried_out(store, "group.auto", selection=number).state == "done"

    assert store.who("spring") == []
    assert store.rows("SELECT * FROM `{own}pin`") == []


def test_whoever_left_the_store_since_is_left_out(store: SmallStore) -> None:
    customers = given(store)
    number = select(store, "orders >= 4")
    store.given.execute(f"DELETE FROM oc_customer WHERE customer_id = {customers[-1]}")

    carried_out(store, "tag.add", tag="spring", selection=number)

    assert store.who("spring") == customers[8:-1]


def _ended(store: SmallStore, number: int, seconds_ago: int) -> None:
    at = int(clock.now().timestamp()) - seconds_ago
    prefix = store.given.prefix
    store.given.execute(
        f"UPDATE {prefix}sidecar_command SET finished_at = {at} WHERE command_id = {number}"
    )


def test_a_selection_can_be_used_for_an_hour(store: SmallStore) -> None:
    given(store)
    number = select(store, "orders >= 4")
    _ended(store, number, selections.KEPT_S - 5)
    assert carried_out(store, "tag.add", tag="spring", selection=number).state == "done"

    _ended(store, number, selections.KEPT_S)
    late = carried_out(store, "tag.add", tag="summer", selection=number)

    assert (late.state, late.exit_code) == ("failed", 64)
    assert late.error == (f"selection {number} ran out: it is kept for an hour (make it anew)")


@pytest.mark.parametrize(
    ("number", "said"),
    [(99_999, "there is no selection 99999"), (0, "is not complete"), (1, "names nobody")],
)
def test_what_is_no_selection_is_refused(store: SmallStore, number: int, said: str) -> None:
    given(store)
    failed = carried_out(store, "customers.select", expression="nonsense").command_id
    nobody = select(store, "orders >= 99")
    chosen = {0: failed, 1: nobody}.get(number, number)

    asked = carried_out(store, "tag.add", tag="spring", selection=chosen)

    assert asked.state == "failed"
    assert said in (asked.error or "")
    assert "spring" not in store.tags()


def test_another_command_is_no_selection(store: SmallStore) -> None:
    given(store)
    other = carried_out(store, "tag.create", tag="vip").command_id

    asked = carried_out(store, "tag.add", tag="vip", selection=other)

    assert f"there is no selection {other}" in (asked.error or "")


def test_selections_that_ran_out_or_failed_are_deleted_and_others_stay(store: SmallStore) -> None:
    given(store)
    old, usable = select(store, "orders >= 3"), select(store, "orders >= 2")
    failed = carried_out(store, "customers.select", expression="nonsense").command_id
    running = store.sidecar.requests.ask(
        "customers.select", {"expression": "orders >= 0"}, "admin:ann"
    )
    own = store.sidecar.shop.own
    with transaction(store.sidecar.engine) as tx:
        assert queue.take(tx, own, running, clock.now())
        for number in (failed, running, 77_777):
            tx.execute(own.selection.insert().values(selection_id=number, customer_id=5))
    _ended(store, old, selections.KEPT_S + 1)

    deleted = store.sidecar.upkeep.clean(store.sidecar.moment())

    assert deleted.selection == 8
    assert deleted == retention.Deleted(selection=8)
    there = store.rows("SELECT DISTINCT selection_id AS n FROM `{own}selection` ORDER BY 1")
    assert [row["n"] for row in there] == [usable, running]


# -- many at once --------------------------------------------------------------------------


def _many(store: SmallStore, number: int) -> list[int]:
    return [store.given.customer() for _ in range(number)]


@pytest.mark.parametrize(
    ("named", "confirmed", "goes"),
    [(50, None, True), (51, None, False), (51, 50, False), (51, 51, True), (51, 60, True)],
)
@pytest.mark.parametrize("by", ["customers", "selection"])
def test_more_than_may_change_unasked_have_to_be_confirmed_by_their_number(
    store: SmallStore, by: str, named: int, confirmed: int | None, goes: bool
) -> None:
    customers = _many(store, named)
    _many(store, 3)
    whom: dict[str, Any] = {"customers": customers}
    if by == "selection":
        number = select(store, "orders >= 0")
        store.given.execute(f"DELETE FROM oc_sidecar_selection WHERE customer_id > {customers[-1]}")
        whom = {"selection": number}

    asked = carried_out(store, "tag.add", tag="spring", confirmed=confirmed, **whom)

    if goes:
        assert asked.state == "done"
        assert store.who("spring") == customers
    else:
        assert (asked.state, asked.exit_code) == ("failed", NotNowError.exit_code)
        assert "these are 51 customers, more than the 50" in (asked.error or "")
        assert "confirmed = 51" in (asked.error or "")
        assert "spring" not in store.tags()


def test_exactly_one_of_customers_and_a_selection_is_named(store: SmallStore) -> None:
    requests = store.sidecar.requests
    for raw in ({}, {"customers": [1], "selection": 1}):
        with pytest.raises(UsageError, match=r"customers"):
            requests.ask("tag.add", {"tag": "x", **raw}, "admin:ann")
    stored = json.loads(
        '{"tag": "x", "selection": 4294967296, "customers": null, "confirmed": true}'
    )
    with pytest.raises(UsageError, match="selection: must be a whole number"):
        requests.ask("tag.add", stored, "admin:ann")


def test_the_age_of_a_selection_is_counted_from_its_end(store: SmallStore) -> None:
    given(store)
    number = select(store, "orders >= 4")
    moment = store.sidecar.moment()
    later = datetime.timedelta(seconds=selections.KEPT_S + 1)

    found = selections.read(store.sidecar.shop, number, moment)
    with pytest.raises(UsageError, match="ran out"):
        selections.read(store.sidecar.shop, number, type(moment)(moment.now + later, moment.zone))

    assert len(found) == 4
