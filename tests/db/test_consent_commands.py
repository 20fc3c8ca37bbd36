"""Consents as people ask for them: whom, what, since when, and what is refused."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest

from sidecar import clock
from sidecar.shop.database import transaction
from sidecar.sync import decisions
from sidecar.sync.consents import newsletter
from support.consents import flag, holds, said, with_key
from support.credit import answered, asked
from support.small_store import SmallStore

NEWSLETTER: dict[str, Any] = {"channel": "email", "purpose": "newsletter"}


@pytest.fixture(autouse=True)
def _opened(store: SmallStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(clock, "now", lambda: store.now)
    with_key(store)
    newsletter.open_(store.sidecar.shop, store.moment)
    yield
    store.sidecar.shop.key = None


def grant(store: SmallStore, customer: object, evidence: str = "staff", **more: Any) -> Any:
    given = {"customer": customer, **NEWSLETTER, "evidence": evidence, "reason": "by phone"}
    return answered(store, "consent.grant", **(given | more))


def refused(store: SmallStore, name: str, /, code: int = 64, **parameters: Any) -> str:
    """What is said of a command that is refused; it left nothing behind."""
    tables = ("consent", "consent_state", "suppression", "journal", "wording", "hint")
    before = [store.rows(f"SELECT * FROM {{own}}{table}") for table in tables]
    done = asked(store, name, **parameters)
    assert (done.state, done.exit_code) == ("failed", code), done
    assert [store.rows(f"SELECT * FROM {{own}}{table}") for table in tables] == before
    return str(done.error)


def test_a_consent_is_granted_withdrawn_and_shown_with_how_it_came_about(
    store: SmallStore,
) -> None:
    ann = store.given.customer("ann@example.com")

    done = grant(store, "ANN@example.com", "document", at="2026-03-01", locale="de-at")
    withdrawn = answered(store, "consent.withdraw", customer=ann, **NEWSLETTER)

    assert {name: done[name] for name in ("customer_id", "channel", "purpose", "state")} == {
        "customer_id": ann,
        "channel": "email",
        "purpose": "newsletter",
        "state": "granted",
    }
    assert (done["since"][:19], done["changed"]) == ("2026-03-01T00:00:00", True)
    assert (withdrawn["state"], withdrawn["changed"]) == ("withdrawn", True)
    shown = answered(store, "consent.show", customer=ann)
    assert [one["state"] for one in shown["consents"]] == ["withdrawn"]
    assert [(one["state"], one["evidence"], one["words"]) for one in shown["history"]] == [
        ("granted", "document", "by phone"),
        ("withdrawn", "none", None),
    ]
    assert (shown["history"][0]["actor"], shown["history"][0]["locale"]) == ("admin:eve", "de-at")


def test_the_flag_follows_at_once(store: SmallStore) -> None:
    ann = store.given.customer()

    grant(store, ann)
    assert flag(store, ann) == 1
    answered(store, "consent.withdraw", customer=ann, **NEWSLETTER)
    assert flag(store, ann) == 0
    assert answered(store, "consent.withdraw", customer=ann, **NEWSLETTER)["changed"] is False


def test_what_was_done_in_the_store_before_comes_before_it(store: SmallStore) -> None:
    ann = store.given.customer(newsletter=True)

    answered(store, "consent.withdraw", customer=ann, **NEWSLETTER)

    assert said(store, ann) == [("granted", "store", "form"), ("withdrawn", "command", "none")]


def test_a_pause_keeps_the_flag_and_not_what_is_said(store: SmallStore) -> None:
    ann, shop = store.given.customer(), store.sidecar.shop
    with transaction(shop.engine) as tx:
        decisions.pause(tx, shop.own, "cli:eve", None, store.moment)

    grant(store, ann)

    assert (flag(store, ann), holds(store, ann)) == (0, "granted")


def test_broken_rules_keep_nobody_from_withdrawing(store: SmallStore) -> None:
    ann = store.given.customer(newsletter=True)
    store.named_rules({}, "[[tag]]\nname = 7\n")

    answered(store, "consent.withdraw", customer=ann, **NEWSLETTER)

    assert flag(store, ann) == 0


def test_the_words_are_kept_once_and_shown(store: SmallStore) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    words = 'Yes, "write" to me; it\'s <b>fine</b> \\ % 🦊'
    kept = answered(store, "consent.word", words=words, locale="en-gb")["wording"]

    grant(store, ann, "form", wording=kept[:12], reason=None)
    grant(store, bob, "form", wording=words)

    for customer in (ann, bob):
        (one,) = answered(store, "consent.show", customer=customer)["history"]
        assert (one["wording"], one["wording_text"]) == (kept, words)
    assert store.rows("SELECT locale FROM {own}wording") == [{"locale": "en-gb"}]


def test_a_guest_is_known_by_their_address(store: SmallStore) -> None:
    done = grant(store, " Guest@Example.com")

    assert done["customer_id"] is None
    shown = answered(store, "consent.show", customer="guest@example.com")
    assert (shown["customer_id"], len(shown["history"])) == (None, 1)
    assert shown["history"][0]["as"] == "guest"
    answered(store, "consent.object", customer="guest@example.com", reason="letter")
    assert "suppression list" in refused(
        store, "consent.grant", customer="guest@example.com", **NEWSLETTER, evidence="form",
        reason="x",
    )  # fmt: skip


@pytest.mark.parametrize("state", ["bounced", "complained"])
def test_what_is_noted_of_an_address_ends_all_that_is_sent_there(
    store: SmallStore, state: str
) -> None:
    ann = store.given.customer("ann@example.com", telephone="+4930123456")
    for purpose in ("newsletter", "surveys"):
        grant(store, ann, purpose=purpose)
    grant(store, ann, channel="sms")

    done = answered(store, "consent.note", customer=ann, state=state, channel="email")

    assert (done["customer_ids"], done["changed"]) == ([ann], 2)
    assert flag(store, ann) == 0
    shown = answered(store, "consent.show", customer=ann)
    assert [(one["channel"], one["state"]) for one in shown["consents"]] == [
        ("email", state),
        ("email", state),
        ("sms", "granted"),
    ]
    assert [(one["channel"], one["reason"]) for one in shown["suppressed"]] == [("email", state)]


def test_an_address_that_is_suppressed_takes_all_its_accounts_along(store: SmallStore) -> None:
    ann, twin = (store.given.customer("ann@example.com", newsletter=True) for _ in range(2))
    address = {"address": "Ann@example.com", "channel": "email"}
    assert answered(store, "consent.suppressed", **address)["suppressed"] is False

    done = answered(store, "consent.suppress", **address, because="complained")

    assert (done["customer_ids"], done["changed"]) == ([ann, twin], 3)
    assert (flag(store, ann), flag(store, twin)) == (0, 0)
    found = answered(store, "consent.suppressed", **address)
    assert (found["suppressed"], found["reason"]) == (True, "complained")


def test_a_telephone_number_is_suppressed_however_it_is_written(store: SmallStore) -> None:
    answered(
        store, "consent.suppress", address="+49 (30) 123-456", channel="sms", because="objected"
    )

    number = {"address": "+4930123456"}
    assert answered(store, "consent.suppressed", **number, channel="sms")["suppressed"]
    assert not answered(store, "consent.suppressed", **number, channel="telephone")["suppressed"]


def test_who_objects_has_no_consent_left(store: SmallStore) -> None:
    ann = store.given.customer(newsletter=True, telephone="+4930123456")
    grant(store, ann, channel="post")

    done = answered(store, "consent.object", customer=ann, reason="letter")

    assert (done["changed"], flag(store, ann)) == (2, 0)
    shown = answered(store, "consent.show", customer=ann)
    assert {one["state"] for one in shown["consents"]} == {"objected"}
    assert [one["channel"] for one in shown["suppressed"]] == ["email", "sms", "telephone"]


def test_who_is_asked_is_pending_until_they_answer(store: SmallStore) -> None:
    ann = store.given.customer()

    assert answered(store, "consent.await", customer=ann, **NEWSLETTER)["state"] == "pending"
    assert flag(store, ann) == 0
    grant(store, ann, "double_opt_in")
    assert flag(store, ann) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"customer": 999_999}, "no customer has the id 999999"),
        ({"customer": "nobody"}, "no customer has the e-mail"),
        ({"customer": "@"}, "no customer has the e-mail"),
        ({"purpose": "News letter"}, "no name of a purpose"),
        ({"purpose": "'; DROP TABLE x; --"}, "no name of a purpose"),
        ({"purpose": ""}, "no name of a purpose"),
        ({"store": "one"}, "no id of a store"),
        ({"store": "²"}, "no id of a store"),
        ({"at": "yesterday"}, "no day and no time"),
        ({"at": "0001-01-01"}, "no day and no time"),
        ({"at": "2026-04-01"}, "in the future"),
        ({"evidence": "none"}, "evidence: must be"),
        ({"channel": "fax"}, "channel: must be"),
        ({"reason": None}, "why is it granted"),
        ({"reason": ""}, "why is it granted"),
        ({"wording": "0123456789abcdef"}, "no wording has the hash"),
        ({"wording": " \n "}, "the wording is empty"),
    ],
)
def test_what_is_wrong_is_refused_and_leaves_nothing(
    store: SmallStore, changes: dict[str, Any], words: str
) -> None:
    ann = store.given.customer()
    given: dict[str, Any] = {
        "customer": ann,
        **NEWSLETTER,
        "evidence": "staff",
        "reason": "by phone",
    } | changes
    if "evidence" in changes or "channel" in changes:
        with pytest.raises(Exception, match=words):
            asked(store, "consent.grant", **given)
        return

    assert words in refused(store, "consent.grant", **given)


def test_the_same_address_of_several_accounts_names_nobody(store: SmallStore) -> None:
    ids = [store.given.customer("ann@example.com") for _ in range(2)]

    told = refused(store, "consent.withdraw", customer="ann@example.com", **NEWSLETTER)

    assert f"{ids[0]}, {ids[1]}" in told


def test_evidence_from_before_a_withdrawal_is_refused(store: SmallStore) -> None:
    ann = store.given.customer()
    answered(store, "consent.withdraw", customer=ann, **NEWSLETTER)

    told = refused(
        store, "consent.grant", customer=ann, **NEWSLETTER, evidence="document", reason="letter",
        at="2026-03-30 08:00",
    )  # fmt: skip

    assert "it was withdrawn after this evidence" in told
    store.now += datetime.timedelta(days=1)
    assert grant(store, ann, "form", at=store.now.isoformat())["state"] == "granted"


def test_the_chain_is_told_to_be_whole_or_where_it_is_not(store: SmallStore) -> None:
    for _ in range(3):
        grant(store, store.given.customer())
    assert answered(store, "consent.verify")["whole"] is True
    table = f"{store.given.prefix}sidecar_consent"
    store.given.execute(f"UPDATE `{table}` SET evidence = 'document' WHERE consent_id = 2")

    done = asked(store, "consent.verify")

    assert (done.state, done.exit_code) == ("done", 70)
    assert isinstance(done.answer, dict)
    assert (done.answer["whole"], done.answer["first"]) == (False, 2)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("consent.show", {"customer": "1"}),
        ("consent.grant", {"customer": "1", **NEWSLETTER, "evidence": "form", "reason": "x"}),
        ("consent.withdraw", {"customer": "1", **NEWSLETTER}),
        ("consent.object", {"customer": "1", "reason": "x"}),
        (
            "consent.suppress",
            {"address": "a@example.com", "channel": "email", "because": "objected"},
        ),
        ("consent.suppressed", {"address": "a@example.com", "channel": "email"}),
        ("consent.verify", {}),
    ],
)
def test_without_a_key_it_is_said_how_to_make_one(
    store: SmallStore, name: str, parameters: dict[str, Any]
) -> None:
    store.sidecar.shop.key = None

    assert "sidecar key create" in refused(store, name, code=78, **parameters)
