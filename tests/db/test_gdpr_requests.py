"""Requests for one's data: entered once, verified, decided, answered in time."""

from __future__ import annotations

import datetime
import threading
from typing import Any

import pytest

from sidecar.errors import NotNowError, UsageError
from sidecar.privacy import request_steps
from sidecar.privacy import requests as rows
from sidecar.privacy.person import account
from sidecar.privacy.requests import Kind, Wanted
from sidecar.shop.database import transaction
from support.commanding import asked, done, refused
from support.gdpr import acts, findings, minute, prepared, requests, states
from support.small_store import SmallStore

#: What people, browsers and databases trip over.
HOSTILE = "it's \"so\" \\ % _ <b>&amp;</b> \N{PARTY POPPER} \x00 '); DROP TABLE oc_customer; -- "


@pytest.fixture
def shop(store: SmallStore, monkeypatch: pytest.MonkeyPatch) -> SmallStore:
    return prepared(store, monkeypatch)


@pytest.fixture
def ann(shop: SmallStore) -> int:
    return shop.given.customer("ann@example.com")


def enter(store: SmallStore, customer: int, kind: str = "erase", **more: Any) -> int:
    """A request that is verified; its number."""
    verified = {"verified_by": "eve", "how": "showed a passport"}
    answer = done(store, "gdpr.request", kind=kind, customer=customer, **verified | more)
    return int(answer["request"])


# -- entering ------------------------------------------------------------------------------


def test_a_request_is_entered_with_its_term_and_without_an_address(
    shop: SmallStore, ann: int
) -> None:
    answer = done(shop, "gdpr.request", kind="access", customer="ANN@example.com")

    assert {name: answer[name] for name in ("kind", "state", "customer_id", "new")} == {
        "kind": "access",
        "state": "unverified",
        "customer_id": ann,
        "new": True,
    }
    assert answer["due"] == "2026-04-30"
    (row,) = requests(shop)
    assert (row["email"], row["actor"], len(row["person"])) == (None, "admin:eve", 64)
    assert acts(shop) == ["entered"]


def test_the_same_by_the_same_person_is_one_request_until_it_is_answered(
    shop: SmallStore, ann: int
) -> None:
    first = done(shop, "gdpr.request", kind="erase", customer=ann)
    again = done(shop, "gdpr.request", kind="erase", customer="ann@example.com")
    other = done(shop, "gdpr.request", kind="access", customer=ann)

    assert (again["request"], again["new"]) == (first["request"], False)
    assert other["new"]
    done(shop, "gdpr.cancel", request=first["request"])
    assert done(shop, "gdpr.request", kind="erase", customer=ann)["new"]


def test_who_asks_again_and_is_verified_then_is_verified(shop: SmallStore, ann: int) -> None:
    first = done(shop, "gdpr.request", kind="erase", customer=ann)

    again = enter(shop, ann)

    (row,) = requests(shop)
    assert again == first["request"]
    assert (row["state"], row["identity"], row["verified_by"]) == ("open", "staff", "eve")


def test_an_account_of_the_same_number_made_later_is_another_person(
    shop: SmallStore, ann: int
) -> None:
    first = enter(shop, ann)
    table = f"{shop.given.prefix}customer"
    shop.given.execute(
        f"UPDATE `{table}` SET date_added = '2026-01-02 03:04:05' WHERE customer_id = {ann}"
    )

    assert enter(shop, ann) != first


def test_a_guest_is_known_by_the_address_however_it_is_written(shop: SmallStore) -> None:
    first = done(shop, "gdpr.request", kind="erase", guest="Gus@EXAMPLE.com")
    again = done(shop, "gdpr.request", kind="erase", guest=" gus@example.com ")

    assert again["request"] == first["request"]
    (row,) = requests(shop)
    assert (row["customer_id"], row["email"]) == (0, "Gus@EXAMPLE.com")
    assert "email" not in first


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({}, "name either"),
        ({"customer": "ann@example.com", "guest": "gus@example.com"}, "name either"),
        ({"customer": "nobody@example.com"}, "no customer has the e-mail"),
        ({"guest": "ann@example.com"}, "address of an account"),
        ({"guest": "no address"}, "named by an e-mail"),
        ({"customer": "ann@example.com", "verified_by": "eve"}, "told together"),
        ({"customer": "ann@example.com", "verified_by": " ", "how": "x"}, "is empty"),
        ({"customer": "ann@example.com", "received": "2026-04-01"}, "yet to come"),
        ({"customer": "ann@example.com", "received": "0001-01-01"}, "a year ago"),
        ({"guest": "gus@example.com", "kind": "restrict"}, "nothing to restrict"),
        ({"guest": "gus@example.com", "kind": "everything"}, "must be"),
    ],
)
def test_what_cannot_be_entered_is_refused_and_nothing_is_kept(
    shop: SmallStore, ann: int, parameters: dict[str, Any], said: str
) -> None:
    try:
        found = refused(shop, "gdpr.request", **{"kind": "erase"} | parameters)
    except UsageError as error:
        found = str(error)

    assert said in found
    assert requests(shop) == []


def test_without_a_key_nobody_can_be_known_again(shop: SmallStore, ann: int) -> None:
    shop.sidecar.shop.key = None

    said = refused(shop, "gdpr.request", 78, kind="erase", customer=ann)

    assert "sidecar key create" in said
    assert requests(shop) == []


def test_a_letter_counts_from_the_day_it_came(shop: SmallStore, ann: int) -> None:
    answer = done(shop, "gdpr.request", kind="access", customer=ann, received="2026-03-02")

    assert answer["due"] == "2026-04-02"


def test_words_of_any_kind_are_kept_as_they_are(shop: SmallStore, ann: int) -> None:
    number = enter(shop, ann, how=HOSTILE)

    done(shop, "gdpr.refuse", request=number, reason=HOSTILE)

    (row,) = requests(shop)
    assert (row["verified_how"], row["decided_reason"]) == (HOSTILE, HOSTILE)


def test_two_who_enter_the_same_at_the_same_time_enter_one(shop: SmallStore, ann: int) -> None:
    opened, moment = shop.sidecar.shop, shop.moment
    with transaction(opened.engine) as tx:
        person = account(tx, opened, ann)
    at_once = threading.Barrier(4)
    found: list[tuple[int, bool]] = []

    def one(name: str) -> None:
        wanted = Wanted(kind="erase", person=person, actor=name)
        with transaction(opened.engine) as tx:
            rows.listed(tx, opened.own, everything=True, limit=1)  # what it sees is fixed
            at_once.wait()
            request, is_new = rows.enter(tx, opened, wanted, moment)
        found.append((request.request_id, is_new))

    threads = [threading.Thread(target=one, args=(f"cli:{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 4
    assert len({number for number, _ in found}) == 1
    assert sum(is_new for _, is_new in found) == 1
    assert len(requests(shop)) == 1


# -- deciding ------------------------------------------------------------------------------


def test_an_erasure_waits_after_its_approval(shop: SmallStore, ann: int) -> None:
    number = enter(shop, ann)

    answer = done(shop, "gdpr.approve", request=number)

    (row,) = requests(shop)
    assert answer["state"] == "waiting"
    assert row["starts_at"] == row["next_at"] == shop.moment.epoch_s + 72 * 3600
    assert row["decided_by"] == "admin:eve"


@pytest.mark.parametrize("kind", ["access", "erase"])
def test_nobody_gets_or_loses_data_of_whom_it_is_not_known_that_they_ask(
    shop: SmallStore, ann: int, kind: Kind
) -> None:
    number = done(shop, "gdpr.request", kind=kind, customer=ann)["request"]

    said = refused(shop, "gdpr.approve", request=number)

    assert f"sidecar gdpr verify {number}" in said
    opened = shop.sidecar.shop
    with transaction(opened.engine) as tx, pytest.raises(UsageError, match="not verified"):
        request_steps.start(tx, opened.own, number, "x", shop.moment)
    done(shop, "gdpr.verify", request=number, verified_by="eve", how="rang her")
    assert done(shop, "gdpr.approve", request=number)["state"] == "waiting"


def test_a_login_verifies_who_asks(shop: SmallStore, ann: int) -> None:
    number = done(shop, "gdpr.request", kind="erase", customer=ann, login=True)["request"]

    assert done(shop, "gdpr.approve", request=number)["identity"] == "login"


def test_a_second_decision_is_told_of_the_first(shop: SmallStore, ann: int) -> None:
    number = enter(shop, ann)
    done(shop, "gdpr.approve", request=number)

    assert "approved already by admin:eve" in refused(shop, "gdpr.approve", request=number)
    assert done(shop, "gdpr.cancel", request=number, reason="changed her mind")["state"] == (
        "cancelled"
    )
    decisions: tuple[tuple[str, dict[str, Any]], ...] = (
        ("gdpr.approve", {}),
        ("gdpr.cancel", {}),
        ("gdpr.refuse", {"reason": "x"}),
        ("gdpr.extend", {"reason": "x"}),
        ("gdpr.verify", {"verified_by": "x", "how": "y"}),
    )
    for name, more in decisions:
        assert "was cancelled by admin:eve" in refused(shop, name, request=number, **more)
    assert states(shop) == ["cancelled"]


@pytest.mark.parametrize("first", ["approve", "cancel"])
@pytest.mark.parametrize("second", ["approve", "cancel", "refuse"])
def test_of_two_who_decide_at_the_same_time_one_comes_after_the_other(
    shop: SmallStore, ann: int, first: str, second: str
) -> None:
    number, opened, moment = enter(shop, ann), shop.sidecar.shop, shop.moment
    at_once = threading.Barrier(2)
    found: list[str] = []

    def decide(what: str) -> None:
        at_once.wait()
        try:
            with transaction(opened.engine) as tx:
                if what == "approve":
                    request_steps.approve(tx, opened, number, what, moment, moment.epoch_s)
                elif what == "cancel":
                    request_steps.cancel(tx, opened.own, number, what, None, moment)
                else:
                    request_steps.refuse(tx, opened.own, number, what, "no", moment)
            found.append(what)
        except UsageError:
            found.append("told no")

    threads = [threading.Thread(target=decide, args=(what,)) for what in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # What is approved can be dropped still, but not the other way round, and nothing twice.
    dropped = sorted(set(found) & {"cancel", "refuse"})
    assert states(shop) == [_PAST[dropped[0]] if dropped else "waiting"]
    assert len(dropped) <= 1
    assert found.count("approve") <= 1
    assert set(acts(shop)) == {"entered", "verified"} | {
        _PAST[one] for one in found if one in _PAST
    }


_PAST = {"approve": "approved", "cancel": "cancelled", "refuse": "refused"}


def test_what_runs_is_neither_cancelled_nor_refused(shop: SmallStore, ann: int) -> None:
    number = enter(shop, ann)
    done(shop, "gdpr.approve", request=number)
    opened = shop.sidecar.shop
    with transaction(opened.engine) as tx:
        assert rows.beginning(tx, opened.own, "erase", shop.moment) == []
        with pytest.raises(UsageError, match="still waits"):
            request_steps.start(tx, opened.own, number, "sidecar", shop.moment)
    shop.now += datetime.timedelta(hours=72)

    with transaction(opened.engine) as tx:
        assert rows.beginning(tx, opened.own, "erase", shop.moment) == [number]
        request_steps.start(tx, opened.own, number, "sidecar", shop.moment)
        assert (
            request_steps.start(tx, opened.own, number, "sidecar", shop.moment).state == "running"
        )

    assert "is being carried out" in refused(shop, "gdpr.cancel", request=number)
    assert "is being carried out" in refused(shop, "gdpr.refuse", request=number, reason="x")
    with transaction(opened.engine) as tx:
        assert rows.beginning(tx, opened.own, "erase", shop.moment) == [number]
        found = request_steps.finish(
            tx, opened.own, number, "incomplete", "sidecar", shop.moment, result={"rows": 3}
        )
    assert (found.state, found.result, found.finished_at) == (
        "incomplete",
        {"rows": 3},
        shop.moment.epoch_s,
    )
    with transaction(opened.engine) as tx:
        assert rows.beginning(tx, opened.own, "erase", shop.moment) == []


def test_an_erasure_is_not_begun_without_approval(shop: SmallStore, ann: int) -> None:
    number, opened = enter(shop, ann), shop.sidecar.shop

    with transaction(opened.engine) as tx, pytest.raises(UsageError, match="is not approved"):
        request_steps.start(tx, opened.own, number, "sidecar", shop.moment)


def test_a_guest_who_has_an_account_by_now_is_not_erased_as_a_guest(shop: SmallStore) -> None:
    number = done(
        shop, "gdpr.request", kind="erase", guest="gus@example.com", verified_by="eve", how="x"
    )["request"]
    gus = shop.given.customer("GUS@example.com")

    assert f"({gus})" in refused(shop, "gdpr.approve", request=number)


@pytest.mark.parametrize("name", ["approve", "rectified"])
def test_only_what_can_be_is_approved_or_rectified(shop: SmallStore, ann: int, name: str) -> None:
    kind = "restrict" if name == "approve" else "erase"
    more: dict[str, Any] = {} if name == "approve" else {"what": "name"}
    number = enter(shop, ann, kind)

    said = refused(shop, f"gdpr.{name}", request=number, **more)

    assert "sidecar gdpr restrict" in said or "not to rectify" in said


def test_what_was_put_right_is_noted(shop: SmallStore, ann: int) -> None:
    number = enter(shop, ann, "rectify")

    done(shop, "gdpr.rectified", request=number, what="the street of both addresses")

    assert states(shop) == ["done"]
    (row,) = shop.rows("SELECT actor, reason FROM {own}privacy_act WHERE act = 'done'")
    assert row == {"actor": "admin:eve", "reason": "the street of both addresses"}


def test_a_request_that_does_not_exist_is_told(shop: SmallStore) -> None:
    assert "there is no request 7" in refused(shop, "gdpr.approve", request=7)


# -- terms ---------------------------------------------------------------------------------


def test_a_term_is_extended_once_and_in_time(shop: SmallStore, ann: int) -> None:
    number = enter(shop, ann)

    answer = done(shop, "gdpr.extend", request=number, reason="many orders")

    assert (answer["due"], answer["extended_reason"]) == ("2026-06-30", "many orders")
    assert "extended already" in refused(shop, "gdpr.extend", request=number, reason="x")
    late = enter(shop, ann, "access", received="2026-02-27")
    assert "is overdue" in refused(shop, "gdpr.extend", request=late, reason="x")
    assert "is empty" in refused(shop, "gdpr.extend", request=late, reason=" ")


def test_what_is_due_is_told_until_it_is_answered(shop: SmallStore, ann: int) -> None:
    number = enter(shop, ann)
    minute(shop)
    assert "gdpr.due" not in findings(shop)
    shop.now = datetime.datetime(2026, 4, 24, 12, tzinfo=datetime.UTC)

    minute(shop)

    (found,) = shop.rows("SELECT message FROM {own}finding WHERE kind = 'gdpr.due'")
    assert "1 due within 7 days, the first on 2026-04-30" in found["message"]
    shop.now = datetime.datetime(2026, 5, 1, 12, tzinfo=datetime.UTC)
    minute(shop)
    minute(shop)
    (found,) = shop.rows("SELECT message, times FROM {own}finding WHERE kind = 'gdpr.due'")
    assert ("1 overdue" in found["message"], found["times"]) == (True, 1)
    done(shop, "gdpr.refuse", request=number, reason="not hers")
    minute(shop)
    assert findings(shop) == set()


# -- legal holds ---------------------------------------------------------------------------


def test_a_legal_hold_keeps_an_erasure_from_being_approved_and_from_beginning(
    shop: SmallStore, ann: int
) -> None:
    number = enter(shop, ann)
    done(shop, "gdpr.hold", customer=ann, until="2026-12-31", reason="a lawsuit")
    said = refused(shop, "gdpr.approve", 75, request=number)
    assert "until 2026-12-31: a lawsuit (admin:eve;" in said
    done(shop, "gdpr.unhold", customer=ann, reason="settled")
    done(shop, "gdpr.approve", request=number)
    done(shop, "gdpr.hold", customer=ann, reason="another")
    shop.now += datetime.timedelta(days=4)
    opened = shop.sidecar.shop

    with transaction(opened.engine) as tx, pytest.raises(NotNowError, match="another"):
        request_steps.start(tx, opened.own, number, "sidecar", shop.moment)

    done(shop, "gdpr.unhold", customer=ann, reason="over")
    assert "no legal hold" in refused(shop, "gdpr.unhold", customer=ann, reason="over")
    with transaction(opened.engine) as tx:
        assert (
            request_steps.start(tx, opened.own, number, "sidecar", shop.moment).state == "running"
        )


def test_a_hold_ends_with_its_last_day(shop: SmallStore, ann: int) -> None:
    done(shop, "gdpr.hold", customer=ann, until="2026-04-02", reason="a lawsuit")
    number = enter(shop, ann)
    shop.now = datetime.datetime(2026, 4, 2, 20, tzinfo=datetime.UTC)
    refused(shop, "gdpr.approve", 75, request=number)
    shop.now = datetime.datetime(2026, 4, 3, 1, tzinfo=datetime.UTC)

    assert done(shop, "gdpr.approve", request=number)["state"] == "waiting"
    assert "is over" in refused(
        shop, "gdpr.hold", customer=ann, until="2026-04-02", reason="a lawsuit"
    )


def test_a_command_that_is_carried_out_again_enters_nothing_twice(
    shop: SmallStore, ann: int
) -> None:
    found = asked(shop, "gdpr.request", kind="erase", customer=ann)
    shop.given.execute(
        f"UPDATE `{shop.given.prefix}sidecar_command` SET state = 'new', answer = NULL"
        f" WHERE command_id = {found.command_id}"
    )
    shop.given.execute(f"UPDATE `{shop.given.prefix}sidecar_privacy_request` SET state = 'done'")

    again = shop.sidecar.requests.dispatcher().dispatch(found.command_id)

    assert (again.state, again.answer["new"]) == ("done", False)
    assert states(shop) == ["done"]
