"""What an erasure does beside erasing rows: what it ends first, what it keeps, what it answers."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from sidecar.errors import FatalError, NotNowError, UsageError
from sidecar.privacy import (
    erasing,
    erasure_ground,
    erasure_persons,
    erasure_requests,
    holds,
    journal,
    replay,
)
from sidecar.privacy.keeping import as_key, as_text, purge_at
from sidecar.rules.syntax import Span
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from support.erased_store import ErasedStore

ANN, BOB = 7001, 7002


@pytest.fixture
def store(
    mariadb: PrivateServer, clone_store: Callable[[str], str], tmp_path: Path
) -> Iterator[ErasedStore]:
    found = ErasedStore(mariadb, clone_store("4.1.0.4"), tmp_path)
    for table in ("customer", "address", "order", "order_product", "customer_login", "return"):
        found.execute(f"DELETE FROM oc_{table}")
    yield found
    found.close()


def customer(store: ErasedStore, number: int, email: str, **more: object) -> int:
    values = {
        "customer_id": number,
        "customer_group_id": 1,
        "store_id": 0,
        "language_id": 1,
        "firstname": "Ann",
        "lastname": "Müller &amp; Söhne",
        "email": email,
        "telephone": "030 / 123 45-678",
        "password": "x",
        "custom_field": "",
        "newsletter": 1,
        "ip": "",
        "status": 1,
        "safe": 0,
        "token": "t",
        "code": "c",
        "date_added": "2025-03-01 10:00:00",
        **more,
    }
    insert(store, "customer", values)
    return number


def order(store: ErasedStore, number: int, customer_id: int, email: str, **more: object) -> int:
    columns = store.rows(
        "SELECT column_name AS name, data_type AS kind, is_nullable AS n FROM"
        " information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'oc_order'"
    )
    values: dict[str, object] = {
        row["name"]: "2026-03-01" if row["kind"] == "datetime" else
        ("0" if row["kind"] in ("int", "tinyint", "decimal") else "")
        for row in columns
    }  # fmt: skip
    values |= {"order_id": number, "customer_id": customer_id, "email": email, **more}
    insert(store, "order", values)
    return number


def insert(store: ErasedStore, table: str, values: dict[str, object]) -> None:
    names = ", ".join(f"`{name}`" for name in values)
    marks = ", ".join(["%s"] * len(values))
    store.rows(f"INSERT INTO `oc_{table}` ({names}) VALUES ({marks})", *values.values())


def count(store: ErasedStore, table: str, where: str = "1") -> int:
    return int(store.rows(f"SELECT COUNT(*) AS n FROM `oc_{table}` WHERE {where}")[0]["n"])


# -- whom ----------------------------------------------------------------------------------


def test_nobody_elses_account_with_the_same_address_is_touched(store: ErasedStore) -> None:
    customer(store, ANN, "ann@example.com")
    customer(store, BOB, "ANN@example.com", store_id=1)

    store.erase(ANN)

    assert [row["customer_id"] for row in store.rows("SELECT customer_id FROM oc_customer")] == [
        BOB
    ]


def test_orders_of_another_account_by_the_same_address_stay_and_those_of_guests_go(
    store: ErasedStore,
) -> None:
    customer(store, ANN, "ann@example.com")
    customer(store, BOB, "bob@example.com", telephone="")
    mine, guests, gone, bobs = (
        order(store, number, whose, "Ann@Example.com ".strip())
        for number, whose in ((901, ANN), (902, 0), (903, 6_999), (904, BOB))
    )

    outcome = store.erase(ANN)

    emails = {
        row["order_id"]: row["email"] for row in store.rows("SELECT order_id, email FROM oc_order")
    }
    erased = emails[mine]
    assert erased.startswith("anon-")
    assert erased.endswith("@anonymous.invalid")
    assert (emails[guests], emails[gone], emails[bobs]) == (erased, erased, "Ann@Example.com")
    # Bob's order says so, and only a person can tell whether it may stay.
    assert [(one.table, one.column, one.key) for one in outcome.residue] == [
        ("order", "email", (904,))
    ]
    assert not outcome.is_complete


def test_of_an_account_that_others_deleted_its_orders_are_rewritten(store: ErasedStore) -> None:
    customer(store, ANN, "ann@example.com")
    number = store.ask(ANN)
    order(store, 901, ANN, "other@example.com")
    store.execute("DELETE FROM oc_customer")

    outcome = erasure_requests.erase_request(store.ground(), number)

    assert outcome is not None
    assert outcome.is_complete
    assert store.rows("SELECT customer_id FROM oc_order") == [{"customer_id": 0}]


def test_an_account_that_has_the_number_of_another_is_not_erased(store: ErasedStore) -> None:
    customer(store, ANN, "ann@example.com")
    number = store.ask(ANN)
    store.execute("DELETE FROM oc_customer")
    customer(store, ANN, "new@example.com", date_added="2026-01-01 00:00:00")

    outcome = erasure_requests.erase_request(store.ground(), number)

    assert outcome is not None
    assert not outcome.is_complete
    assert count(store, "customer") == 1


def test_a_legal_hold_keeps_everything(store: ErasedStore) -> None:
    customer(store, ANN, "ann@example.com")
    number = store.ask(ANN)
    means = store.means
    with transaction(means.shop.engine) as tx:
        holds.put(tx, means.shop.own, ANN, "cli:eve", "a lawsuit", None, means.moment)

    with pytest.raises(NotNowError, match="a lawsuit"):
        erasure_requests.erase_request(store.ground(), number)
    with pytest.raises(NotNowError, match="a lawsuit"):
        erasing.purge(means, [ANN], 1)

    assert count(store, "customer") == 1
    assert count(store, "sidecar_journal") == 0


def test_of_holds_that_were_lifted_nothing_says_whose_they_were(store: ErasedStore) -> None:
    means = store.means
    own = means.shop.own
    for number in (ANN, BOB):
        customer(store, number, f"c{number}@example.com")
        with transaction(means.shop.engine) as tx:
            holds.put(tx, own, number, "cli:eve", "Ann sues us", None, means.moment)
            holds.lift(tx, own, number, "cli:eve", "Ann and we agreed", means.moment)

    erasing.purge(means, [ANN], 1)

    acts = store.rows("SELECT act, reason FROM oc_sidecar_privacy_act ORDER BY act_id")
    assert [(row["act"], row["reason"]) for row in acts] == [
        ("hold", None),
        ("unhold", None),
        ("hold", f"customer {BOB}: Ann sues us"),
        ("unhold", f"customer {BOB}: Ann and we agreed"),
    ]


# -- what ends first -----------------------------------------------------------------------


def test_commands_that_wait_for_the_person_are_cancelled_and_those_of_others_are_not(
    store: ErasedStore,
) -> None:
    customer(store, ANN, "ann@example.com")
    customer(store, BOB, "bob@example.com")
    requests = store.sidecar.requests
    hers = requests.ask("tag.add", {"tag": "x", "customers": ["ann@example.com"]}, "eve")
    both = requests.ask("tag.add", {"tag": "x", "customers": [ANN, BOB]}, "eve")
    his = requests.ask("tag.add", {"tag": "x", "customers": [BOB]}, "eve")

    store.erase(ANN)

    found = {
        row["command_id"]: (row["state"], row["parameters"])
        for row in store.rows("SELECT command_id, state, parameters FROM oc_sidecar_command")
    }
    assert found[hers] == ("failed", "")
    assert found[both] == ("failed", "")
    assert found[his][0] == "new"
    assert json.loads(found[his][1])["customers"] == [BOB]


def test_tags_count_without_who_was_erased(store: ErasedStore) -> None:
    customer(store, ANN, "ann@example.com")
    customer(store, BOB, "bob@example.com")
    with store.sidecar.leading():
        dispatcher = store.sidecar.requests.dispatcher()
        number = store.sidecar.requests.ask(
            "tag.add", {"tag": "vip", "customers": [ANN, BOB]}, "eve"
        )
        assert dispatcher.dispatch(number).state == "done"
    assert store.rows("SELECT customers FROM oc_sidecar_tag") == [{"customers": 2}]

    store.erase(ANN)

    assert store.rows("SELECT customers FROM oc_sidecar_tag") == [{"customers": 1}]
    assert count(store, "sidecar_assertion", f"customer_id = {ANN}") == 0
    with store.sidecar.leading():
        store.sidecar.process(store.sidecar.rulebook(store.sidecar.check_rules(),
                              store.sidecar.moment()), [ANN])  # fmt: skip
    assert count(store, "sidecar_customer", f"customer_id = {ANN}") == 0
    assert store.rows("SELECT customers FROM oc_sidecar_tag") == [{"customers": 1}]


def test_their_addresses_are_on_the_suppression_list_and_in_the_file(store: ErasedStore) -> None:
    customer(store, ANN, "ann@example.com")

    store.erase(ANN)

    kinds = [row["channel"] for row in store.rows("SELECT channel FROM oc_sidecar_suppression")]
    assert sorted(kinds) == ["email", "sms", "telephone"]
    file = journal.read_file(store.settings.privacy.journal)
    with transaction(store.means.shop.engine) as tx:
        table = {entry.entry: entry for entry in journal.read_table(tx, store.means.shop.own)}
    assert file.entries == table
    assert len(table) == 4
    assert "ann@" not in store.settings.privacy.journal.read_text()


# -- what is kept --------------------------------------------------------------------------


def test_rows_that_have_to_be_kept_for_a_time_go_when_it_is_over(
    store: ErasedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    (store.settings.privacy.register).mkdir()
    (store.settings.privacy.register / "invoices.toml").write_text(
        '[table.invoice]\nlabel = "Invoices"\nkey = "invoice_id"\nrows = "delete"\n'
        'links = { customer_id = "customer" }\nkeep_for = "10 years"\ndated = "made"\n'
        'plain = ["made"]\n'
        '[table.invoice.columns]\nname = { class = "identity" }\n'
    )
    store.execute(
        "CREATE TABLE oc_invoice (invoice_id INT PRIMARY KEY, customer_id INT,"
        " made DATETIME, name VARCHAR(64))",
        f"INSERT INTO oc_invoice VALUES (1, {ANN}, '2010-01-01', 'ann@example.com'),"
        f" (2, {ANN}, '2026-01-31', 'ann@example.com'), (3, {BOB}, '2010-01-01', 'bob')",
    )
    customer(store, ANN, "ann@example.com")
    (planned,) = (
        one
        for one in erasure_ground.plan(
            store.ground(), erasure_persons.accounts(store.means, [ANN])
        ).tables
        if one.name == "invoice"
    )
    assert (planned.rows, planned.later) == (2, 1)

    outcome = store.erase(ANN)

    assert outcome.is_complete, outcome.as_json()
    assert [row["invoice_id"] for row in store.rows("SELECT * FROM oc_invoice")] == [2, 3]
    (kept,) = store.rows("SELECT * FROM oc_sidecar_kept")
    until = datetime.datetime.fromtimestamp(kept["purge_at"], datetime.UTC)
    assert (until.year, until.month, until.day) == (2036, 1, 31)
    erasure_requests.carry_out(store.means)
    assert count(store, "invoice") == 2

    store.execute("UPDATE oc_sidecar_kept SET purge_at = 1")
    erasure_requests.carry_out(store.means)

    assert [row["invoice_id"] for row in store.rows("SELECT * FROM oc_invoice")] == [3]
    assert count(store, "sidecar_kept") == 0


def test_the_time_of_a_row_is_counted_in_the_stores_zone() -> None:
    zone = datetime.UTC
    moment = datetime.datetime(2024, 2, 29, 23, 0)

    assert purge_at("0000-00-00 00:00:00", Span(1, "year"), zone) is None  # type: ignore[arg-type]
    found = purge_at(moment, Span(1, "year"), zone)  # type: ignore[arg-type]
    assert found == int(datetime.datetime(2025, 2, 28, tzinfo=zone).timestamp())


@pytest.mark.parametrize("key", [(1,), ("x",), ("[x",), (1, "a"), ("a\\", '"')])
def test_a_key_that_is_noted_is_read_as_it_was(key: tuple[object, ...]) -> None:
    assert as_key(as_text(key)) == tuple(map(str, key))


# -- files ---------------------------------------------------------------------------------


def test_a_file_outside_of_the_folder_of_uploads_is_never_deleted(store: ErasedStore) -> None:
    secret = store.uploads.parent / "secret"
    secret.write_text("x")
    code = "c" * 40
    customer(store, ANN, "ann@example.com", custom_field=json.dumps({"1": code}))
    insert(
        store,
        "upload",
        {"upload_id": 1, "name": "n", "filename": "../secret", "code": code,
         "date_added": "2026-01-01"},
    )  # fmt: skip

    outcome = store.erase(ANN)

    assert secret.exists()
    assert count(store, "upload") == 0
    assert outcome.done.files_left == ["*"]
    assert not outcome.is_complete


# -- many at once --------------------------------------------------------------------------


def test_a_purge_erases_many_and_says_how_many_rows(store: ErasedStore) -> None:
    people = [customer(store, number, f"p{number}@example.com") for number in range(8000, 8020)]
    customer(store, BOB, "bob@example.com")
    for number in people:
        order(store, number, number, f"p{number}@example.com")

    counts = erasing.purge(store.means, people, 1)

    assert counts["customer"] == 20
    assert counts["order"] == 20
    assert count(store, "customer") == 1
    emails = {row["email"] for row in store.rows("SELECT email FROM oc_order")}
    assert len(emails) == 20
    assert all(email.startswith("anon-") for email in emails)
    left = store.rows("SELECT DISTINCT stage, customer_id, sealed FROM oc_sidecar_erasure")
    assert left == [{"stage": "verified", "customer_id": 0, "sealed": None}]


def test_no_transaction_of_a_purge_is_so_large_that_the_store_waits_for_its_commit(
    store: ErasedStore,
) -> None:
    people = range(8000, 9800)
    rows = [f"({one}, 'Ann', 'p{one}@example.com', 1, '2025-01-01')" for one in people]
    store.execute(
        "INSERT INTO oc_customer (customer_id, firstname, email, status, date_added) VALUES "
        + ", ".join(rows)
    )
    sizes = [0]

    def written(_c: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE", "REPLACE")):
            sizes[-1] += cursor.rowcount

    engine = store.means.shop.engine
    event.listen(engine, "after_cursor_execute", written)
    event.listen(engine, "commit", lambda _: sizes.append(0))

    counts = erasing.purge(store.means, people, 1)

    assert counts["customer"] == len(people)
    # 500 accounts, with two entries each for the journal.
    assert 500 <= max(sizes) <= 1_500


def test_what_the_register_does_not_know_keeps_an_erasure_from_being_complete(
    store: ErasedStore,
) -> None:
    store.execute("CREATE TABLE oc_crm (crm_id INT PRIMARY KEY, customer_email VARCHAR(96))")
    customer(store, ANN, "ann@example.com")

    outcome = store.erase(ANN)

    assert not outcome.is_complete
    assert "crm" in outcome.gaps[0]
    assert store.rows("SELECT state FROM oc_sidecar_privacy_request") == [{"state": "incomplete"}]


# -- the journal ---------------------------------------------------------------------------


def test_nothing_is_erased_while_the_journal_cannot_be_written(store: ErasedStore) -> None:
    customer(store, ANN, "ann@example.com")
    store.settings.privacy.journal.mkdir()

    with pytest.raises(FatalError, match="cannot be"):
        store.erase(ANN)
    assert store.rows("SELECT status, email FROM oc_customer") == [
        {"status": 1, "email": "ann@example.com"}
    ]

    store.settings.privacy.journal.rmdir()
    erasure_requests.carry_out(store.means)

    assert count(store, "customer") == 0
    assert store.rows("SELECT state FROM oc_sidecar_privacy_request") == [{"state": "done"}]


# -- after a restore -----------------------------------------------------------------------


def restored(store: ErasedStore) -> None:
    """The database is as it was before the erasure: the customer is back, and nothing of ours."""
    customer(store, ANN, "ann@example.com")
    for table in ("journal", "suppression", "erasure", "state", "privacy_request"):
        store.execute(f"DELETE FROM oc_sidecar_{table}")


def test_after_a_restore_who_was_erased_is_erased_again(store: ErasedStore) -> None:
    customer(store, ANN, "ann@example.com")
    store.erase(ANN)
    restored(store)
    customer(store, BOB, "bob@example.com")
    order(store, 901, ANN, "ann@example.com")
    order(store, 902, 0, "ann@example.com")
    before = count(store, "customer")

    assert replay.plan(store.means).accounts == [ANN]
    assert count(store, "customer") == before
    done = replay.carry_out(store.means)

    assert (done.accounts, done.suppressed, done.erased) == ([ANN], 3, 1)
    assert [row["customer_id"] for row in store.rows("SELECT customer_id FROM oc_customer")] == [
        BOB
    ]
    assert all(row["email"].startswith("anon-") for row in store.rows("SELECT email FROM oc_order"))
    again = replay.carry_out(store.means)
    assert (again.accounts, again.erased, again.only_in_file, again.suppressed) == ([], 0, 0, 0)
    assert len(journal.read_file(store.settings.privacy.journal).entries) == done.entries


def test_after_a_restore_a_guest_is_erased_again(store: ErasedStore) -> None:
    order(store, 901, 0, "Gast@example.com")
    store.erase(0, "gast@example.com")
    store.execute("UPDATE oc_order SET email = 'gast@example.com'")

    done = replay.carry_out(store.means)

    assert (done.addresses, done.erased) == (1, 1)
    assert count(store, "order", "LEFT(email, 5) = 'anon-'") == 1


def test_an_account_that_was_given_the_number_again_is_not_erased_again(
    store: ErasedStore,
) -> None:
    customer(store, ANN, "ann@example.com")
    store.erase(ANN)
    customer(store, ANN, "new@example.com", date_added="2026-05-05 10:00:00")

    assert replay.carry_out(store.means).erased == 0

    assert count(store, "customer") == 1


def test_who_came_back_is_left_alone(store: ErasedStore) -> None:
    customer(store, ANN, "ann@example.com")
    store.erase(ANN)
    order(store, 901, 0, "ann@example.com", date_added="2038-01-01 10:00:00")
    customer(store, BOB, "gast@example.com")

    done = replay.carry_out(store.means)

    assert (done.came_back, done.erased) == (1, 0)
    assert count(store, "order", "email = 'ann@example.com'") == 1


def test_a_request_that_is_not_approved_is_not_carried_out(store: ErasedStore) -> None:
    customer(store, ANN, "ann@example.com")
    number = store.ask(ANN)
    store.execute("UPDATE oc_sidecar_privacy_request SET state = 'open', starts_at = NULL")

    with pytest.raises(UsageError, match="not approved"):
        erasure_requests.erase_request(store.ground(), number)


def test_a_cycle_that_sees_them_meanwhile_leaves_nothing(store: ErasedStore) -> None:
    customer(store, ANN, "ann@example.com")
    customer(store, BOB, "bob@example.com", telephone="")
    (store.settings.rules.directory).mkdir()
    (store.settings.rules.directory / "rules.toml").write_text(
        '[[tag]]\nname = "all"\nwhen = "orders >= 0"\n'
    )
    sidecar = store.sidecar
    with sidecar.leading():
        book = sidecar.rulebook(sidecar.check_rules(), sidecar.moment(), new_limits=True)
        sidecar.full_pass(sidecar.check_rules(), approved_by="eve")
        looked: list[int] = []

        def meanwhile() -> bool:
            looked.append(sidecar.process(book, [ANN, BOB]).customers)
            return False

        number = store.ask(ANN)
        means = dataclasses.replace(store.means, stop=meanwhile)
        outcome = erasure_requests.erase_request(erasure_ground.open_ground(means), number)

    assert outcome is not None
    assert outcome.is_complete, outcome.as_json()
    assert 2 in looked
    for table in ("customer", "assertion", "account", "member"):
        assert count(store, f"sidecar_{table}", f"customer_id = {ANN}") == 0, table
    assert store.rows("SELECT name, customers FROM oc_sidecar_tag") == [
        {"name": "all", "customers": 1}
    ]
