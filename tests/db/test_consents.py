"""What people of the shop say about consents: only evidence raises one, and a no always counts."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Iterator
from typing import Any

import pytest

from sidecar.config.key import Key
from sidecar.errors import ConfigError, UsageError
from sidecar.model import Scope
from sidecar.rules.privacy.consent import NOES, State
from sidecar.shop.database import transaction
from sidecar.sync.consents import chain, newsletter, obeying, recording, suppression
from sidecar.sync.consents import people as people_of
from sidecar.sync.consents.people import Who
from sidecar.sync.consents.recording import Wanted
from sidecar.sync.consents.statement import statement
from sidecar.sync.consents.suppression import Reason
from support.consents import KEY, flag, holds, said, with_key
from support.small_store import SmallStore


@pytest.fixture(autouse=True)
def _key(store: SmallStore) -> Iterator[None]:
    with_key(store)
    yield
    store.sidecar.shop.key = None


def who(store: SmallStore, customer: int) -> Who:
    with transaction(store.sidecar.shop.engine) as tx:
        return people_of.account(tx, store.sidecar.shop, customer)


def wanted(store: SmallStore, **changes: Any) -> Wanted:
    said: dict[str, Any] = {
        "channel": "email",
        "purpose": "newsletter",
        "at": store.moment.epoch_s,
        "actor": "admin:eve",
    }
    return Wanted(**(said | changes))


def grant(store: SmallStore, person: Who, evidence: str = "form", **changes: Any) -> None:
    with transaction(store.sidecar.shop.engine) as tx:
        shop, moment = store.sidecar.shop, store.moment
        recording.grant(tx, shop, person, wanted(store, **changes), evidence, moment)


def lower(store: SmallStore, person: Who, state: State, **changes: Any) -> bool:
    shop, moment = store.sidecar.shop, store.moment
    with transaction(shop.engine) as tx:
        one = wanted(store, **changes)
        if state == "withdrawn":
            return recording.lower(tx, shop, person, one, state, moment)
        return bool(
            recording.lower_channel(
                tx, shop, person, one.channel, state,
                actor=one.actor, reason="letter", at=one.at, moment=moment,
            )
        )  # fmt: skip


def later(store: SmallStore, days: int = 1) -> None:
    store.now += datetime.timedelta(days=days)


def is_suppressed(store: SmallStore, address: str, channel: str = "email") -> bool:
    with transaction(store.sidecar.shop.engine) as tx:
        return suppression.find(tx, store.sidecar.shop, channel, address) is not None


def test_a_consent_with_evidence_is_granted_and_says_how(store: SmallStore) -> None:
    ann = who(store, store.given.customer("ann@example.com"))
    hostile = "a'b\\\"%_\x00<b>🦊"

    grant(store, ann, "document", personal={"words": hostile, "ip": "192.0.2.7"})

    assert said(store, ann.customer_id) == [("granted", "command", "document")]
    with transaction(store.sidecar.shop.engine) as tx:
        (one,) = statement(tx, store.sidecar.shop, ann.customer_id)
    assert (one["words"], one["ip"], one["address"]) == (hostile, "192.0.2.7", "ann@example.com")
    assert (one["actor"], one["at"], one["as"]) == (
        "admin:eve",
        store.now.astimezone(store.moment.zone).isoformat(),
        "customer",
    )


@pytest.mark.parametrize("evidence", ["form", "staff", "document", "double_opt_in"])
@pytest.mark.parametrize("state", NOES)
def test_only_proof_overcomes_an_objection_a_complaint_and_a_bounce(
    store: SmallStore, state: State, evidence: str
) -> None:
    ann = who(store, store.given.customer("ann@example.com"))
    assert lower(store, ann, state)
    later(store)

    if state == "withdrawn" or evidence in ("document", "double_opt_in"):
        grant(store, ann, evidence)
        assert holds(store, ann.customer_id) == "granted"
        assert not is_suppressed(store, "ann@example.com")
    else:
        with pytest.raises(UsageError, match="double_opt_in or document"):
            grant(store, ann, evidence)
        assert holds(store, ann.customer_id) == state
        assert is_suppressed(store, "ANN@Example.com")


@pytest.mark.parametrize("state", NOES)
def test_evidence_from_before_a_no_does_not_overcome_it(store: SmallStore, state: State) -> None:
    ann = who(store, store.given.customer())
    lower(store, ann, state)

    now = store.moment.epoch_s
    for at, when in ((now - 1, "after this"), (now, "in the same second as this")):
        with pytest.raises(UsageError, match=f"{when} evidence"):
            grant(store, ann, "double_opt_in", at=at)

    assert holds(store, ann.customer_id) == state


def test_evidence_from_before_an_address_was_listed_does_not_take_it_off(
    store: SmallStore,
) -> None:
    shop, ann = store.sidecar.shop, who(store, store.given.customer("ann@example.com"))
    with transaction(shop.engine) as tx:
        suppression.suppress(tx, shop, "email", "ann@example.com", "erased", store.moment)

    with pytest.raises(UsageError, match="put on the suppression list in the same second"):
        grant(store, ann, "document")
    grant(store, ann, "document", channel="sms")
    later(store)
    grant(store, ann, "document")

    assert not is_suppressed(store, "ann@example.com")


@pytest.mark.parametrize("first", NOES)
@pytest.mark.parametrize("second", NOES)
def test_a_weaker_no_takes_nothing_from_a_stronger_one(
    store: SmallStore, first: State, second: State
) -> None:
    ann = who(store, store.given.customer())
    grant(store, ann)
    lower(store, ann, first)
    later(store)

    adds = lower(store, ann, second)

    order = {"withdrawn": 1, "bounced": 2, "complained": 3, "objected": 4}
    assert holds(store, ann.customer_id) == max(first, second, key=order.__getitem__)
    assert adds == (order[second] > order[first])


def test_a_no_counts_at_once_also_when_it_is_older_than_the_consent(store: SmallStore) -> None:
    ann = who(store, store.given.customer())
    grant(store, ann)

    assert lower(store, ann, "withdrawn", at=store.moment.epoch_s - 86_400)

    assert holds(store, ann.customer_id) == "withdrawn"


def test_who_is_asked_is_pending_but_nobody_who_objected_is_asked(store: SmallStore) -> None:
    ann, bob = (who(store, store.given.customer()) for _ in range(2))
    lower(store, bob, "objected")
    shop = store.sidecar.shop
    with transaction(shop.engine) as tx:
        recording.await_answer(tx, shop, ann, wanted(store), store.moment)

    with transaction(shop.engine) as tx, pytest.raises(UsageError, match="suppression list"):
        recording.await_answer(tx, shop, bob, wanted(store), store.moment)

    assert (holds(store, ann.customer_id), holds(store, bob.customer_id)) == ("pending", "objected")
    grant(store, ann, "double_opt_in")
    with transaction(shop.engine) as tx, pytest.raises(UsageError, match="granted already"):
        recording.await_answer(tx, shop, ann, wanted(store), store.moment)


def test_consents_of_channels_purposes_and_stores_are_apart(store: SmallStore) -> None:
    ann = who(store, store.given.customer(telephone="+49 30 1234567"))
    for changes in ({}, {"channel": "sms"}, {"purpose": "surveys"}, {"store_id": 1}):
        grant(store, ann, **changes)

    lower(store, ann, "withdrawn", channel="sms")

    rows = store.rows("SELECT channel, purpose, store_id, state FROM {own}consent_state")
    assert sorted(tuple(row.values()) for row in rows) == [
        ("email", "newsletter", 0, "granted"),
        ("email", "newsletter", 1, "granted"),
        ("email", "surveys", 0, "granted"),
        ("sms", "newsletter", 0, "withdrawn"),
    ]


def test_who_objects_to_marketing_has_no_consent_and_no_address_left(store: SmallStore) -> None:
    ann = who(store, store.given.customer("ann@example.com", telephone="+49 30 1234567"))
    grant(store, ann, channel="sms")
    grant(store, ann, channel="processing", purpose="profiles")
    shop = store.sidecar.shop

    for times in (2, 0):
        with transaction(shop.engine) as tx:
            assert times == recording.object_to_marketing(
                tx, shop, ann, actor="admin:eve", reason="letter", moment=store.moment
            )

    rows = store.rows("SELECT channel, state FROM {own}consent_state")
    assert {row["channel"]: row["state"] for row in rows} == {
        "email": "objected",
        "sms": "objected",
        "processing": "granted",
    }
    assert is_suppressed(store, "ann@example.com")
    assert is_suppressed(store, "+49 (30) 123-4567", "sms")
    assert is_suppressed(store, "+49301234567", "telephone")
    assert len(store.rows("SELECT entry FROM {own}journal WHERE kind = 'suppression'")) == 3


def test_what_a_guest_said_holds_for_their_account_too(store: SmallStore) -> None:
    guest = people_of.guest(store.sidecar.shop, "Ann@EXAMPLE.com")
    lower(store, guest, "objected")
    later(store)
    ann = who(store, store.given.customer("ann@example.com"))

    with pytest.raises(UsageError, match="double_opt_in"):
        grant(store, ann)

    (row,) = store.rows("SELECT customer_id, subject FROM {own}consent")
    assert (row["customer_id"], row["subject"]) == (0, guest.subjects[0])


def test_an_address_is_known_again_after_the_key_was_rotated(store: SmallStore) -> None:
    shop = store.sidecar.shop
    lower(store, people_of.guest(shop, "ann@example.com"), "objected")
    later(store)
    shop.key = Key({**KEY.secrets, 2: b"2" * 32})

    guest = people_of.guest(shop, "ann@example.com")
    with pytest.raises(UsageError, match="suppression list"):
        grant(store, guest)
    grant(store, guest, "document")

    assert not is_suppressed(store, "ann@example.com")
    assert [row["state"] for row in store.rows("SELECT state FROM {own}consent_state")] == [
        "granted"
    ]


def test_what_is_erased_leaves_nothing_of_the_person_and_their_address_stays_suppressed(
    store: SmallStore,
) -> None:
    shop = store.sidecar.shop
    ann, bob = (who(store, store.given.customer(f"{name}@example.com")) for name in ("ann", "bob"))
    grant(store, people_of.guest(shop, "ann@example.com"))
    for person in (ann, bob):
        grant(store, person, personal={"words": "she said yes", "user_agent": "Browser"})

    for _ in range(2):
        with transaction(shop.engine) as tx:
            suppression.suppress_for_erasure(tx, shop, [ann.email], [], store.moment)
            chain.blank(tx, shop, [ann.customer_id], ann.subjects, store.moment)

    rows = store.rows("SELECT customer_id, subject, personal, salt FROM {own}consent")
    assert [tuple(row.values()) for row in rows[:2]] == [(None,) * 4] * 2
    assert json.loads(rows[2]["personal"])["address"] == "bob@example.com"
    assert (holds(store, ann.customer_id), holds(store, bob.customer_id)) == (None, "granted")
    assert is_suppressed(store, "ann@example.com")
    everything = json.dumps(
        [
            store.rows(f"SELECT * FROM {{own}}{name}")
            for name in ("consent", "consent_state", "suppression", "journal", "state")
        ]
    )
    assert "ann@" not in everything
    assert not any(subject in everything for subject in ann.subjects)


def test_erasing_nobody_erases_nobody(store: SmallStore) -> None:
    shop = store.sidecar.shop
    grant(store, who(store, store.given.customer()))
    grant(store, people_of.guest(shop, "guest@example.com"))

    with transaction(shop.engine) as tx:
        assert chain.blank(tx, shop, [0], [""], store.moment) == 0

    assert len(store.rows("SELECT * FROM {own}consent WHERE salt IS NOT NULL")) == 2
    assert len(store.rows("SELECT * FROM {own}consent_state")) == 2


def test_what_was_told_of_an_erased_person_is_gone(store: SmallStore) -> None:
    shop = store.sidecar.shop
    ann, bob = (store.given.customer(newsletter=True) for _ in range(2))
    newsletter.open_(shop, store.moment)
    both = {ann: "admin:eve", bob: "admin:eve"}
    newsletter.bring(shop, Scope.of(both), store.moment, both)

    with transaction(shop.engine) as tx:
        chain.blank(tx, shop, [ann], [], store.moment)

    rows = store.rows("SELECT subject FROM {own}finding")
    assert rows == [{"subject": f"customer {bob}"}]


def test_the_journal_puts_an_entry_back_that_a_restore_lost(store: SmallStore) -> None:
    shop = store.sidecar.shop
    with transaction(shop.engine) as tx:
        suppression.suppress(tx, shop, "email", "ann@example.com", "complained", store.moment)
    (journal,) = store.rows("SELECT * FROM {own}journal")
    store.given.execute(f"DELETE FROM `{store.given.prefix}sidecar_suppression`")

    for expected in (True, False):
        with transaction(shop.engine) as tx:
            assert expected == suppression.take_back(
                tx, shop.own, journal["channel"], journal["address"], journal["purpose"],
                journal["reason"], journal["at"], journal["entry"],
            )  # fmt: skip

    assert is_suppressed(store, "ann@example.com")


def test_a_stronger_reason_takes_the_place_of_a_weaker_one_and_not_the_other_way(
    store: SmallStore,
) -> None:
    shop = store.sidecar.shop
    told: tuple[tuple[Reason, bool], ...] = (
        ("objected", True),
        ("bounced", False),
        ("erased", True),
    )
    for reason, changes in told:
        with transaction(shop.engine) as tx:
            assert changes == suppression.suppress(
                tx, shop, "email", "ann@example.com", reason, store.moment
            )

    rows = store.rows("SELECT reason, entry FROM {own}suppression")
    assert [row["reason"] for row in rows] == ["erased"]
    assert rows[0]["entry"] in {
        row["entry"] for row in store.rows("SELECT entry FROM {own}journal")
    }


def test_without_a_key_nothing_is_said(store: SmallStore) -> None:
    ann = who(store, store.given.customer())
    store.sidecar.shop.key = None

    with pytest.raises(ConfigError, match="sidecar key create"):
        grant(store, ann)
    with pytest.raises(ConfigError, match="sidecar key create"):
        who(store, ann.customer_id)

    assert not store.rows("SELECT * FROM {own}consent")
    assert dataclasses.asdict(ann)["customer_id"] == ann.customer_id


def test_after_a_restore_what_is_listed_ends_again(store: SmallStore) -> None:
    shop = store.sidecar.shop
    number = "+4930123456"
    ann = store.given.customer("Ann@example.com", newsletter=True, telephone=number)
    bob = store.given.customer("bob@example.com", newsletter=True)
    store.full_pass()
    grant(store, who(store, ann), channel="sms")
    store.given.execute("DELETE FROM oc_sidecar_hint")
    entries = (("email", "ann@example.com", "complained"), ("sms", number, "erased"))
    for channel, address, reason in entries:
        with transaction(shop.engine) as tx:
            (hashed, *_) = suppression.hashes(KEY, channel, address)
            suppression.take_back(tx, shop.own, channel, hashed, "", reason, 7, "e" * 32)

    for ended in (2, 0):
        assert obeying.obey(shop, store.moment, size=1) == ended

    assert (holds(store, ann), holds(store, bob)) == ("complained", "granted")
    assert (flag(store, ann), flag(store, bob)) == (0, 1)
    rows = store.rows("SELECT state FROM {own}consent_state WHERE channel = 'sms'")
    assert rows == [{"state": "objected"}]
    assert store.rows("SELECT reason FROM {own}suppression WHERE channel = 'sms'") == [
        {"reason": "erased"}
    ]


def test_no_address_is_nobodys(store: SmallStore) -> None:
    shop = store.sidecar.shop
    for channel, address in (("email", " "), ("sms", "-"), ("post", "")):
        with transaction(shop.engine) as tx:
            assert not suppression.suppress(tx, shop, channel, address, "erased", store.moment)
            assert suppression.find(tx, shop, channel, address) is None

    assert store.rows("SELECT * FROM {own}suppression") == []
