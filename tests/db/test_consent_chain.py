"""Whatever is done to the chain of consents behind our back is found, and nothing else is."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from sidecar.config.key import Key
from sidecar.service.doctor.case import StoreCase
from sidecar.service.doctor.consents import check_consents
from sidecar.shop.database import transaction
from sidecar.sync.consents import chain, suppression, verifying
from sidecar.sync.consents import people as people_of
from sidecar.sync.consents.chain import Saying
from sidecar.sync.consents.verifying import Verified, verify
from support.consents import KEY, with_key
from support.consents import chain as rows_of
from support.rows import Value
from support.small_store import SmallStore

COLUMNS = (
    "consent_id", "at", "noted_at", "channel", "purpose", "store_id", "state", "source", "evidence",
    "wording", "customer_id", "subject", "personal", "salt", "personal_mac", "actor", "key_id",
    "previous", "digest",
)  # fmt: skip

#: What a column is altered to.
OTHER: dict[str, Value] = {
    "consent_id": 90,
    "channel": "sms",
    "state": "objected",
    "key_id": 2,
    "personal": "{}",
    **dict.fromkeys(("at", "noted_at", "store_id", "customer_id"), 7),
}


@pytest.fixture
def people(store: SmallStore) -> Iterator[list[int]]:
    """Five customers who said something, twice each, and a guest."""
    with_key(store)
    shop = store.sidecar.shop
    people = [store.given.customer() for _ in range(5)]
    for state in ("granted", "withdrawn"):
        for customer in people:
            say(store, customer, state)
    with transaction(shop.engine) as tx:
        subject = people_of.guest(shop, "guest@example.com").subjects[0]
        chain.say(tx, shop, [saying(store, 0, "granted", subject=subject)], store.moment)
    yield people
    shop.key = None


def saying(store: SmallStore, customer: int, state: str, **changes: Any) -> Saying:
    said: dict[str, Any] = {
        "customer_id": customer,
        "channel": "email",
        "purpose": "newsletter",
        "store_id": 0,
        "state": state,
        "source": "command",
        "evidence": "form",
        "at": store.moment.epoch_s,
        "wording": hashlib.sha256(b"yes").hexdigest(),
        "personal": {"address": "ann@example.com", "words": "'\\\"\x00 🦊 %_ <b>"},
        "actor": "admin:Žofie",
    }
    return Saying(**(said | changes))


def say(store: SmallStore, customer: int, state: str) -> None:
    shop = store.sidecar.shop
    with transaction(shop.engine) as tx:
        chain.say(tx, shop, [saying(store, customer, state)], store.moment)


def tamper(store: SmallStore, statement: str, *values: Value) -> None:
    named = statement.replace("{own}", f"{store.given.prefix}sidecar_")
    store.given.execute(named, *values)


def checked(store: SmallStore) -> Verified:
    return verify(store.sidecar.shop)


def test_what_nobody_touched_is_whole(store: SmallStore, people: list[int]) -> None:
    found = checked(store)

    assert (found.rows, found.states, found.erased, found.problems) == (11, 6, 0, [])


def test_the_first_row_is_what_the_page_about_it_says(store: SmallStore, people: list[int]) -> None:
    # By hand, from the words of the ADR.
    row = rows_of(store)[0]

    def mac(purpose: str, *parts: object) -> str:
        derived = hmac.new(KEY.secrets[1], f"digest:{purpose}".encode(), "sha256").digest()
        text = b""
        for part in parts:
            encoded = b"" if part is None else f"={part}".encode()
            text += len(encoded).to_bytes(8, "big") + encoded
        return hmac.new(derived, text, "sha256").hexdigest()

    personal = [row[name] for name in ("salt", "customer_id", "subject", "personal")]
    assert row["personal_mac"] == mac("consent.personal", *personal)
    rest = (
        "previous", "personal_mac", "consent_id", "at", "noted_at", "channel", "purpose",
        "store_id", "state", "source", "evidence", "wording", "actor", "key_id",
    )  # fmt: skip
    assert row["digest"] == mac("consent", *(row[name] for name in rest))
    assert row["previous"] == "0" * 64


def test_every_column_is_altered_below(store: SmallStore, people: list[int]) -> None:
    assert set(rows_of(store)[0]) == set(COLUMNS)


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("number", [1, 4, 11])
def test_an_altered_column_is_found(
    store: SmallStore, people: list[int], column: str, number: int
) -> None:
    value = OTHER.get(column, "f" * 32)
    tamper(store, f"UPDATE {{own}}consent SET `{column}` = %s WHERE consent_id = %s", value, number)

    found = checked(store)

    assert found.found
    assert found.first == number or column == "consent_id"


@pytest.mark.parametrize("column", ["wording", "actor", "subject", "personal", "salt"])
def test_a_column_that_is_emptied_is_found(
    store: SmallStore, people: list[int], column: str
) -> None:
    number = 11 if column == "subject" else 3
    tamper(store, f"UPDATE {{own}}consent SET `{column}` = NULL WHERE consent_id = %s", number)

    assert checked(store).first == number


def test_empty_text_is_not_nothing(store: SmallStore, people: list[int]) -> None:
    tamper(store, "UPDATE {own}consent SET subject = '' WHERE consent_id = 3")

    assert checked(store).first == 3


@pytest.mark.parametrize(("first", "last"), [(1, 1), (4, 6), (11, 11), (1, 11)])
def test_rows_that_are_deleted_are_missed(
    store: SmallStore, people: list[int], first: int, last: int
) -> None:
    tamper(store, "DELETE FROM {own}consent WHERE consent_id BETWEEN %s AND %s", first, last)

    kinds = {problem.kind for problem in checked(store).problems}

    assert "missing" in kinds


def test_a_tail_that_is_cut_off_is_missed_also_when_what_holds_is_cut_too(
    store: SmallStore, people: list[int]
) -> None:
    tamper(store, "DELETE FROM {own}consent WHERE consent_id = 11")
    tamper(store, "DELETE FROM {own}consent_state WHERE customer_id = 0")

    (problem,) = checked(store).problems

    assert (problem.kind, problem.message) == (
        "missing",
        "the last consents, 11 to 11, are missing",
    )


def test_a_head_that_is_moved_back_to_a_cut_off_tail_is_not_believed(
    store: SmallStore, people: list[int]
) -> None:
    tamper(store, "DELETE FROM {own}consent WHERE consent_id = 11")
    tamper(store, "DELETE FROM {own}consent_state WHERE customer_id = 0")
    last = rows_of(store)[-1]["digest"]
    tamper(
        store,
        "UPDATE {own}state SET value = JSON_SET(value, '$.id', 10, '$.digest', %s)"
        " WHERE name = 'consents.head'",
        last,
    )

    assert [problem.kind for problem in checked(store).problems] == ["head"]
    say(store, people[0], "granted")
    (problem,) = checked(store).problems
    assert (problem.kind, problem.consent_id) == ("head", 11)


def test_a_head_that_is_deleted_is_missed_for_ever(store: SmallStore, people: list[int]) -> None:
    tamper(store, "DELETE FROM {own}state WHERE name = 'consents.head'")
    assert [problem.kind for problem in checked(store).problems] == ["head"]

    say(store, people[0], "granted")
    say(store, people[0], "withdrawn")

    assert [problem.kind for problem in checked(store).problems] == ["head"]
    assert doctor(store) == {"consents.chain": "error"}


def test_rows_that_change_places_are_found(store: SmallStore, people: list[int]) -> None:
    for place, number in ((99, 3), (3, 4), (4, 99)):
        tamper(
            store, "UPDATE {own}consent SET consent_id = %s WHERE consent_id = %s", place, number
        )

    assert checked(store).first == 3


def test_a_row_of_somebody_without_the_key_is_found(store: SmallStore, people: list[int]) -> None:
    shop = store.sidecar.shop
    last = rows_of(store)[-1]
    shop.key = Key({1: b"x" * 32})
    with transaction(shop.engine) as tx:
        chain.say(tx, shop, [saying(store, people[0], "granted")], store.moment)
    shop.key = KEY

    found = checked(store)

    assert found.first == last["consent_id"] + 1
    assert {problem.kind for problem in found.problems} == {"altered", "head"}


def test_a_row_of_a_key_that_is_not_in_the_file_is_said_to_be_so(
    store: SmallStore, people: list[int]
) -> None:
    shop = store.sidecar.shop
    shop.key = Key({**KEY.secrets, 2: b"2" * 32})
    say(store, people[0], "granted")
    assert checked(store).problems == []
    shop.key = KEY

    found = checked(store)

    assert [problem.kind for problem in found.problems][:1] == ["key"]
    assert found.first == 12


def test_what_is_erased_still_fits(store: SmallStore, people: list[int]) -> None:
    shop = store.sidecar.shop
    guest = people_of.guest(shop, "guest@example.com")
    for ids, subjects in ((people[:2], ()), ((), guest.subjects), (people[:2], guest.subjects)):
        with transaction(shop.engine) as tx:
            suppression.suppress_for_erasure(tx, shop, ["guest@example.com"], [], store.moment)
            chain.blank(tx, shop, ids, subjects, store.moment)
        assert checked(store).problems == []

    found = checked(store)

    assert (found.rows, found.erased, found.states) == (11, 5, 3)


def test_a_row_that_somebody_blanks_is_missed(store: SmallStore, people: list[int]) -> None:
    tamper(
        store,
        "UPDATE {own}consent SET customer_id = NULL, subject = NULL, personal = NULL, salt = NULL"
        " WHERE consent_id = 11",
    )
    tamper(store, "DELETE FROM {own}consent_state WHERE customer_id = 0")

    (problem,) = checked(store).problems

    assert problem.message == "1 consents have no personal part, but 0 were erased"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {own}consent_state SET state = 'granted' WHERE customer_id = %s",
        "UPDATE {own}consent_state SET at = at + 1 WHERE customer_id = %s",
        "UPDATE {own}consent_state SET store_id = 3 WHERE customer_id = %s",
        "UPDATE {own}consent_state SET consent_id = 1 WHERE customer_id = %s",
        "DELETE FROM {own}consent_state WHERE customer_id = %s",
        "UPDATE {own}consent_state SET customer_id = 5000000 WHERE customer_id = %s",
    ],
)
def test_what_holds_is_what_was_said_last(
    store: SmallStore, people: list[int], change: str
) -> None:
    tamper(store, change, people[1])

    found = checked(store)

    assert {problem.kind for problem in found.problems} == {"state"}


def test_what_holds_of_a_guest_is_compared_too(store: SmallStore, people: list[int]) -> None:
    tamper(store, "UPDATE {own}consent_state SET state = 'objected' WHERE customer_id = 0")

    assert checked(store).first == 11


def test_problems_are_counted_also_beyond_those_that_are_named(
    store: SmallStore, people: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "MOST", 2)
    tamper(store, "UPDATE {own}consent SET evidence = 'document'")

    found = checked(store)

    assert (found.found, len(found.problems), found.first) == (11, 2, 1)


def test_a_chain_longer_than_a_block_is_walked_to_its_end(
    store: SmallStore, people: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int]] = []
    for size in (1, 3, 11):
        monkeypatch.setattr(verifying, "_BLOCK", size)
        monkeypatch.setattr(verifying, "_CUSTOMERS", size)
        told.clear()
        assert verify(store.sidecar.shop, lambda *far: told.append(far)).rows == 11
        assert told == [(done, 11) for done in range(size, 12, size)]
    tamper(store, "UPDATE {own}consent SET evidence = 'document' WHERE consent_id = 10")

    assert checked(store).first == 10


def test_writers_at_the_same_time_make_one_chain(store: SmallStore, people: list[int]) -> None:
    shop, failed = store.sidecar.shop, []

    def writes(customer: int) -> None:
        for _ in range(10):
            try:
                with transaction(shop.engine) as tx:
                    one = saying(store, customer, "granted")
                    chain.say(tx, shop, [one], store.moment)
            except Exception as error:  # noqa: BLE001 - of a thread
                failed.append(error)

    threads = [threading.Thread(target=writes, args=(customer,)) for customer in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = checked(store)

    assert (failed, found.problems, found.rows) == ([], [], 61)


# -- what the doctor says without looking at every row -----------------------------------------


def doctor(store: SmallStore) -> dict[str, str]:
    sidecar = store.sidecar
    case = StoreCase(sidecar.config, sidecar.engine, lambda: store.now, sidecar.shop)
    return {finding.check: finding.state for finding in check_consents(case)}


def test_the_doctor_knows_a_whole_chain_from_one_whose_end_was_cut_off(
    store: SmallStore, people: list[int]
) -> None:
    assert doctor(store) == {"consents.chain": "ok"}

    tamper(store, "DELETE FROM {own}consent WHERE consent_id = 11")

    assert doctor(store) == {"consents.chain": "error"}


def test_the_doctor_says_that_the_key_is_gone_where_it_was_used(store: SmallStore) -> None:
    assert doctor(store) == {}
    with_key(store)
    assert doctor(store) == {"consents.chain": "ok"}
    say(store, store.given.customer(), "granted")
    store.sidecar.shop.key = None

    assert doctor(store) == {"consents.key": "error"}


def test_the_doctor_misses_suppressed_addresses_in_the_journal(store: SmallStore) -> None:
    shop = with_key(store).sidecar.shop
    with transaction(shop.engine) as tx:
        suppression.suppress(tx, shop, "email", "a@example.com", "objected", store.moment)
    assert doctor(store)["consents.journal"] == "ok"

    tamper(store, "DELETE FROM {own}journal")

    assert doctor(store)["consents.journal"] == "warning"
    shop.key = None
