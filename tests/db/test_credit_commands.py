"""Issuing store credit: by whom, for what, until when, and what another person has to approve."""

from __future__ import annotations

import datetime
import json
import re
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from sidecar import clock
from sidecar.shop.database import transaction
from sidecar.sync import decisions
from sidecar.sync.commands import queue
from sidecar.sync.commands.dispatcher import Dispatcher
from sidecar.sync.commands.queue import Asked
from support.credit import answered, asked, available, issue, look, program, row, rows
from support.ledger_audit import hold
from support.small_store import SmallStore


@pytest.fixture
def ann(store: SmallStore, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(clock, "now", lambda: store.now)
    program(store, "approve_above = 100\n", Rich="credit >= 10")
    return store.given.customer("ann@example.com")


def wanted(
    customer: int, amount: str = "20", kind: str = "goodwill", **more: Any
) -> dict[str, Any]:
    return {"customer": customer, "amount": amount, "kind": kind, "reason": "sorry"} | more


def refused(store: SmallStore, name: str, /, **parameters: Any) -> str:
    """What is said of a command that is refused; nothing was given by it."""
    before = store.rows("SELECT * FROM {own}entry"), store.rows("SELECT * FROM {own}issue")
    done = asked(store, name, **parameters)
    assert (done.state, done.exit_code) == ("failed", 64)
    after = store.rows("SELECT * FROM {own}entry"), store.rows("SELECT * FROM {own}issue")
    assert after == before
    return str(done.error)


# -- issuing -------------------------------------------------------------------------------


def test_who_issues_is_told_what_the_customer_has(store: SmallStore, ann: int) -> None:
    store.full_pass()
    issue(store, ann, 5)

    answer = answered(store, "credit.issue", **wanted(ann, "12.34"))

    assert {name: answer[name] for name in ("amount", "kind", "state", "until", "available")} == {
        "amount": "12.3400",
        "kind": "goodwill",
        "state": "issued",
        "until": None,
        "available": "17.3400",
    }
    assert (answer["actor"], answer["reason"]) == ("admin:eve", "sorry")
    assert store.has(ann) == {"Rich"}
    hold(store)


def test_the_reason_and_who_issued_it_are_kept_with_the_bucket_and_its_entry(
    store: SmallStore, ann: int
) -> None:
    number = answered(store, "credit.issue", **wanted(ann, reason='it\'s "so" \\ \x00 🦊'))["issue"]

    found = answered(store, "credit.show", customer=ann)

    (bucket,), (entry,) = found["buckets"], found["entries"]
    for one in (bucket, entry):
        assert (one["actor"], one["reason"]) == ("admin:eve", 'it\'s "so" \\ \x00 🦊')
        assert one["what"] == f"goodwill, issue {number}"
    assert (bucket["amount"], bucket["issued"]) == ("20.0000", "20.0000")


@pytest.mark.parametrize("amount", ["0.0001", "0.1", "1", "99.9999", "100.00"])
def test_amounts_are_kept_to_the_fourth_place(store: SmallStore, ann: int, amount: str) -> None:
    answered(store, "credit.issue", **wanted(ann, amount))

    ((_, written),) = rows(store, ann)
    assert Decimal(written) == Decimal(amount)
    hold(store)


@pytest.mark.parametrize(
    "amount",
    [
        "0", "0.0", "-1", "+1", "1e3", "1E3", "NaN", "inf", "", " ", " 1", "1 ", "1\n", "1,5", "1.",
        ".5", "1.00001", "0x10", "1_000", "١٢", "１２", "999999999999", "9" * 5_000, 5, 1.5, None,
        True, ["1"], {"amount": "1"}, "1;DROP TABLE x", "1 EUR", "$1",
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused(store: SmallStore, ann: int, amount: object) -> None:
    sidecar = store.sidecar
    own = sidecar.shop.own
    with transaction(sidecar.engine) as tx:
        number = queue.ask(tx, own, "credit.issue", wanted(ann), "admin:eve", clock.now())
        # As whoever may insert a row can: nobody checked it before.
        sent = {"parameters": json.dumps(wanted(ann) | {"amount": amount})}
        tx.execute(update(own.command).where(own.command.c.command_id == number).values(**sent))

    done = Dispatcher(sidecar.engine, own, sidecar.handlers()).dispatch(number)

    assert (done.state, done.exit_code) == ("failed", 64)
    assert "amount" in str(done.error)
    assert rows(store, ann) == []


def test_the_largest_amount_fits_the_stores_column(store: SmallStore, ann: int) -> None:
    program(store)

    answered(store, "credit.issue", **wanted(ann, "99999999999.9999"))

    assert rows(store, ann) == [(0, "99999999999.9999")]
    hold(store)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"reason": " \n"}, "the reason is empty"),
        ({"customer": 99}, "no customer has the id 99"),
        ({"order": 1}, "only a refund is of an order"),
        ({"until": "2026-03-30"}, "2026-03-30 is over"),
        ({"valid": "30 hours"}, "no span of days or longer"),
        ({"valid": "soon"}, "no span of days or longer"),
        ({"valid": "9999 years"}, "a span is at most"),
        ({"valid": "1 day", "until": "2026-05-05"}, "two ways to say one thing"),
        ({"kind": "refund", "valid": "1 year"}, "a refund is the customer's money"),
        ({"kind": "refund", "until": "2027-05-05"}, "refund_expiry of \\[credit\\]"),
    ],
)
def test_what_cannot_be_issued_is_refused_with_the_way_out(
    store: SmallStore, ann: int, more: dict[str, Any], said: str
) -> None:
    assert re.search(said, refused(store, "credit.issue", **wanted(ann) | more))


def test_without_credit_in_the_rules_none_can_be_issued(store: SmallStore, ann: int) -> None:
    store.named_rules({}, '[loyalty]\nstart = "2026-01-01"\n')

    for name, parameters in (
        ("credit.issue", wanted(ann)),
        ("credit.show", {"customer": ann}),
        ("credit.waiting", {}),
        ("credit.approve", {"issue": 1}),
        ("credit.refuse", {"issue": 1, "reason": "x"}),
        ("credit.expire", {"issue": 1, "reason": "x"}),
    ):
        done = asked(store, name, **parameters)
        assert (done.state, done.exit_code) == ("failed", 78)
        assert "write [credit] into a file of the rules" in str(done.error)


def test_while_paused_nothing_is_issued(store: SmallStore, ann: int) -> None:
    with transaction(store.sidecar.engine) as tx:
        decisions.pause(tx, store.sidecar.shop.own, "cli:eve", None, store.moment)

    done = asked(store, "credit.issue", **wanted(ann))

    assert (done.state, done.exit_code) == ("failed", 75)
    assert rows(store, ann) == []


# -- until when ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "more", "until"),
    [
        ("", {}, None),
        ('expiry = "30 days"\n', {}, "2026-04-30"),
        ('expiry = "1 month"\n', {}, "2026-04-30"),  # of 31 March
        ('expiry = "30 days"\n', {"valid": "never"}, None),
        ('expiry = "30 days"\n', {"valid": "1 day"}, "2026-04-01"),
        ("", {"until": "2026-03-31"}, "2026-03-31"),
        ("", {"until": "9999-12-31"}, None),
        ('expiry = "30 days"\n', {"kind": "refund"}, None),
        ('expiry = "30 days"\nrefund_expiry = "3 years"\n', {"kind": "refund"}, "2029-03-31"),
        ('refund_expiry = "3 years"\n', {"kind": "refund", "valid": "5 years"}, "2031-03-31"),
        ("", {"kind": "refund", "valid": "never"}, None),
    ],
)
def test_it_expires_as_who_issues_it_says_or_as_the_rules_do(
    store: SmallStore, ann: int, rules: str, more: dict[str, Any], until: str | None
) -> None:
    program(store, rules)

    answer = answered(store, "credit.issue", **wanted(ann) | more)

    assert answer["until"] == until
    (lot,) = store.rows("SELECT expires_at FROM {own}lot")
    zone = store.sidecar.shop.settings.zone
    if until is None:
        assert lot["expires_at"] is None
    else:
        after = datetime.date.fromisoformat(until) + datetime.timedelta(days=1)
        midnight = datetime.datetime.combine(after, datetime.time(), zone)
        assert lot["expires_at"] == midnight.timestamp()


# -- refunds -------------------------------------------------------------------------------


def test_refunds_of_an_order_are_together_no_more_than_it_cost(store: SmallStore, ann: int) -> None:
    order_id = store.given.order(ann, "30")
    answered(store, "credit.issue", **wanted(ann, "20", "refund", order=order_id))

    said = refused(store, "credit.issue", **wanted(ann, "10.0001", "refund", order=order_id))

    assert said.endswith(
        f"of order {order_id}: it cost 30.00, and 20.00 of it are refunded or wait"
    )
    answered(store, "credit.issue", **wanted(ann, "10", "refund", order=order_id))
    assert available(store, ann) == 30_0000


def test_what_waits_to_be_refunded_counts(store: SmallStore, ann: int) -> None:
    program(store, "approve_above = 10\n")
    order_id = store.given.order(ann, "30")
    answered(store, "credit.issue", **wanted(ann, "25", "refund", order=order_id))

    assert "more than is left" in refused(
        store, "credit.issue", **wanted(ann, "6", "refund", order=order_id)
    )


def test_what_was_refused_or_revoked_can_be_refunded_again(store: SmallStore, ann: int) -> None:
    program(store, "approve_above = 20\n")
    order_id = store.given.order(ann, "30")
    number = answered(store, "credit.issue", **wanted(ann, "30", "refund", order=order_id))["issue"]
    answered(store, "credit.refuse", actor="admin:bob", issue=number, reason="typo")
    answered(store, "credit.issue", **wanted(ann, "20", "refund", order=order_id))
    store.given.execute(f"DELETE FROM {store.given.prefix}customer_transaction")
    look(store, ann)

    answered(store, "credit.issue", **wanted(ann, "20", "refund", order=order_id))

    assert available(store, ann) == 20_0000


def test_what_was_paid_with_store_credit_can_be_refunded_too(store: SmallStore, ann: int) -> None:
    order_id = store.given.order(ann, "0")
    for code, value in (("sub_total", "30"), ("credit", "-30"), ("total", "0")):
        named = {"code": code}
        store.given.insert("order_total", named, order_id=order_id, value=value)

    answered(store, "credit.issue", **wanted(ann, "30", "refund", order=order_id))

    assert available(store, ann) == 30_0000


def test_a_refund_is_of_an_order_of_that_customer(store: SmallStore, ann: int) -> None:
    bob = store.given.customer()
    theirs, draft = store.given.order(bob, "30"), store.given.order(ann, "30", status=0)

    for order_id in (theirs, draft, 4_000_000_000):
        said = refused(store, "credit.issue", **wanted(ann, "5", "refund", order=order_id))
        assert said == f"customer {ann} has no order {order_id}"


# -- another person ------------------------------------------------------------------------


def test_as_much_as_one_person_may_issue_alone_is_given_at_once(
    store: SmallStore, ann: int
) -> None:
    assert answered(store, "credit.issue", **wanted(ann, "100"))["state"] == "issued"


def test_more_waits_and_gives_nothing(store: SmallStore, ann: int) -> None:
    done = asked(store, "credit.issue", **wanted(ann, "100.0001"))
    answer: Any = done.answer

    assert (done.state, done.exit_code) == ("waiting", 75)
    assert (answer["state"], answer["available"]) == ("waiting", "0.0000")
    look(store, ann)
    assert (rows(store, ann), available(store, ann), store.has(ann)) == ([], 0, set())
    (waits,) = answered(store, "credit.waiting")["waiting"]
    assert (waits["issue"], waits["amount"]) == (answer["issue"], "100.0001")
    assert answered(store, "credit.show", customer=ann)["waiting"] == [waits]


def test_another_person_approves_what_waits_once(store: SmallStore, ann: int) -> None:
    store.full_pass()
    number = answered(store, "credit.issue", **wanted(ann, "200"))["issue"]

    answer = answered(store, "credit.approve", actor="admin:bob", issue=number)

    assert (answer["state"], answer["decided_by"]) == ("issued", "admin:bob")
    assert (answer["available"], store.has(ann)) == ("200.0000", {"Rich"})
    said = refused(store, "credit.approve", actor="admin:tom", issue=number)
    assert said == f"{number} does not wait: it was issued by admin:bob"
    assert rows(store, ann) == [(0, "200.0000")]
    hold(store)


@pytest.mark.parametrize("name", ["credit.approve", "credit.refuse"])
def test_who_issued_it_decides_nothing(store: SmallStore, ann: int, name: str) -> None:
    number = answered(store, "credit.issue", **wanted(ann, "200"))["issue"]
    more = {"reason": "x"} if name == "credit.refuse" else {}

    said = refused(store, name, issue=number, **more)

    assert said == f"{number} was issued by admin:eve: another person decides"


def test_what_is_refused_is_never_given(store: SmallStore, ann: int) -> None:
    number = answered(store, "credit.issue", **wanted(ann, "200"))["issue"]

    answer = answered(store, "credit.refuse", actor="admin:bob", issue=number, reason="too much")

    assert (answer["state"], answer["decided_reason"]) == ("refused", "too much")
    said = refused(store, "credit.approve", actor="admin:tom", issue=number)
    assert said == f"{number} does not wait: it was refused by admin:bob"
    assert "the reason is empty" in refused(
        store, "credit.refuse", actor="admin:tom", issue=number, reason=""
    )
    assert rows(store, ann) == []


def test_what_waited_longer_than_it_is_good_is_not_given(store: SmallStore, ann: int) -> None:
    asked_for = wanted(ann, "200", until="2026-04-01")
    number = answered(store, "credit.issue", **asked_for)["issue"]
    store.now += datetime.timedelta(days=2)

    said = refused(store, "credit.approve", actor="admin:bob", issue=number)

    assert f"the last day of {number} is over" in said


def test_what_nobody_issued_cannot_be_decided(store: SmallStore, ann: int) -> None:
    look(store, ann)
    for name, more in (("approve", {}), ("refuse", {"reason": "x"}), ("expire", {"reason": "x"})):
        said = refused(store, f"credit.{name}", actor="admin:bob", issue=77, **more)
        assert said.startswith("no store credit was issued as 77")


def test_an_order_that_cost_less_since_is_not_refunded_more(store: SmallStore, ann: int) -> None:
    order_id = store.given.order(ann, "300")
    number = answered(store, "credit.issue", **wanted(ann, "300", "refund", order=order_id))[
        "issue"
    ]
    store.given.update("order", {"order_id": order_id}, total="299")

    said = refused(store, "credit.approve", actor="admin:bob", issue=number)

    assert "it cost 299.00" in said


# -- ending it early -----------------------------------------------------------------------


def test_what_is_left_of_an_issue_expires_when_a_person_says_so(
    store: SmallStore, ann: int
) -> None:
    number = answered(store, "credit.issue", **wanted(ann, "20"))["issue"]
    answered(store, "credit.issue", **wanted(ann, "5"))
    row(store, ann, "-8", 77)

    answer = answered(store, "credit.expire", issue=number, reason="void")

    assert (answer["expired"], answer["available"]) == ("12.0000", "5.0000")
    entry = answered(store, "credit.show", customer=ann)["entries"][0]
    assert (entry["what"], entry["amount"]) == ("expired", "-12.0000")
    assert (entry["actor"], entry["reason"]) == ("admin:eve", "void")
    said = refused(store, "credit.expire", issue=number, reason="void")
    assert said == f"nothing is left of {number}"
    hold(store)


def test_two_issues_end_within_one_second_each_with_its_reason(store: SmallStore, ann: int) -> None:
    one, other = (answered(store, "credit.issue", **wanted(ann))["issue"] for _ in range(2))

    answered(store, "credit.expire", issue=one, reason="first")
    answered(store, "credit.expire", issue=other, reason="second")

    found = answered(store, "credit.show", customer=ann)
    assert [entry["reason"] for entry in found["entries"][:2]] == ["second", "first"]
    assert (found["available"], found["buckets"]) == ("0.0000", [])
    hold(store)


def test_what_waits_cannot_expire(store: SmallStore, ann: int) -> None:
    number = answered(store, "credit.issue", **wanted(ann, "200"))["issue"]

    said = refused(store, "credit.expire", issue=number, reason="x")

    assert said == f"{number} waits and was not given (`sidecar credit refuse` drops it)"


# -- once ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["issue", "approve", "expire"])
def test_a_command_that_a_crash_left_running_is_done_once(
    store: SmallStore, ann: int, name: str
) -> None:
    number = 0
    if name == "issue":
        parameters = wanted(ann)
    else:
        amount = "200" if name == "approve" else "20"
        number = answered(store, "credit.issue", **wanted(ann, amount))["issue"]
        parameters = {"issue": number} | ({"reason": "x"} if name == "expire" else {})
    done: Asked = asked(store, f"credit.{name}", actor="admin:bob", **parameters)
    before = rows(store, ann)

    dispatcher = Dispatcher(store.sidecar.engine, store.sidecar.shop.own, store.sidecar.handlers())
    dispatcher.recover()
    again = dispatcher.dispatch(done.command_id)

    assert again.answer == done.answer
    assert rows(store, ann) == before
    hold(store)


# -- what is owed --------------------------------------------------------------------------


def test_the_status_tells_what_is_owed_and_what_waits(store: SmallStore, ann: int) -> None:
    bob = store.given.customer()
    answered(store, "credit.issue", **wanted(ann, "20"))
    answered(store, "credit.issue", **wanted(ann, "200"))
    row(store, bob, "-3", 77)
    look(store, ann, bob)

    assert answered(store, "loyalty.status")["credit"] == {
        "customers": 1,
        "available": "20.0000",
        "owed": "3.0000",
        "issues_waiting": 1,
        "amount_waiting": "200.0000",
    }


def test_reconcile_compares_store_credit_too_and_puts_back_what_was_altered(
    store: SmallStore, ann: int
) -> None:
    answered(store, "credit.issue", **wanted(ann, "20"))
    store.given.execute(f"UPDATE {store.given.prefix}customer_transaction SET amount = 2000.5")

    done = asked(store, "loyalty.reconcile")
    assert done.exit_code == 1
    assert isinstance(done.answer, dict)
    (found,) = done.answer["found"]
    assert (found["unit"], found["amount"], found["wanted"]) == ("credit", "2000.5000", "20.0000")
    assert found["text"].endswith("of ours was changed from 20.00 to 2000.50")
    fixed = answered(store, "loyalty.reconcile", fix=True)
    assert (fixed["drift"], fixed["mended"]) == (1, 1)
    assert rows(store, ann) == [(0, "20.0000")]
    assert answered(store, "loyalty.reconcile")["drift"] == 0
    hold(store)
