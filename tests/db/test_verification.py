"""What is left of a person is found however it is written, and others are not taken for them."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from sidecar.privacy import verification
from sidecar.privacy.traces import Traces
from sidecar.service.private_server import PrivateServer
from support.erased_store import ErasedStore

EMAIL = "o'hara+shop@example.com"
ANN = Traces(
    emails={EMAIL, "ann@example.com"},
    telephones={"030 / 123 45-678"},
    homes={("müller", "straße des 17. juni 5")},
)

THEIRS = {
    "as it is": ("email", "ann@example.com"),
    "in a sentence": ("email", "mail <Ann@Example.COM>, please."),
    "at the end of a sentence": ("email", "write to ann@example.com."),
    "in capitals": ("email", "ANN@EXAMPLE.COM"),
    "as a link": ("email", "mailto:ann@example.com?subject=x"),
    "HTML": ("email", html.escape(f'<a href="{EMAIL}">')),
    "JSON": ("email", json.dumps({"a": [EMAIL]})),
    "JSON that escapes all": ("email", '"ann\\u0040example.com"'),
    "an encoded URL": ("email", f"?mail={quote(EMAIL)}&x"),
    "HTML in JSON": ("email", json.dumps({"a": html.escape(EMAIL)})),
    "a URL in JSON": ("email", json.dumps({"a": f"\n{quote(EMAIL)}"}).replace("/", "\\/")),
    "as PHP keeps it": ("email", 's:15:"ann@example.com";'),
    "the number as written": ("telephone", "Tel. 030 / 123 45-678"),
    "the number's digits": ("telephone", "03012345678"),
    "the number otherwise": ("telephone", "(030) 12 34 56 78"),
    "name and street": ("name with street", "Müller, Straße des 17. Juni 5"),
    "name and street in JSON": (
        "name with street",
        json.dumps({"last": "Müller", "street": "Straße des 17. Juni 5"}),
    ),
    "name and street in a URL": (
        "name with street",
        f"n={quote_plus('Müller')}&s={quote_plus('Straße des 17. Juni 5')}",
    ),
}

OTHERS = {
    "an address that ends as theirs": "xann@example.com",
    "an address of their name": "jo.ann@example.com",
    "an address that begins as theirs": "ann@example.com.au",
    "an address of another domain": "ann@example.community",
    "a longer number": "030123456789",
    "a number that ends as theirs": "4903012345678",
    "the name elsewhere": "Müller, Straße des 17. Juni 55",
    "the street of somebody else": "Schmidt, Straße des 17. Juni 5",
    "the name alone": "Müller",
    "a name that holds it": "Müllermann, Straße des 17. Juni 5",
    "broken JSON": '{"a": "\\u12',
    "half a character": '"\\ud83d"',
    "every sign": "%_'\"\\%%40&#;&#x;🦊",
}


@pytest.fixture
def store(
    mariadb: PrivateServer, clone_store: Callable[[str], str], tmp_path: Path
) -> Iterator[ErasedStore]:
    found = ErasedStore(mariadb, clone_store("4.1.0.4"), tmp_path)
    yield found
    found.close()


def verified(store: ErasedStore) -> list[verification.Residue]:
    ground = store.ground()
    return verification.verify(store.means, ground.register, ground.live, [ANN])


def test_it_is_found_in_the_table_of_an_extension_however_it_is_written(
    store: ErasedStore,
) -> None:
    store.execute("CREATE TABLE oc_crm (crm_id INT PRIMARY KEY, n INT, note TEXT, more LONGTEXT)")
    wanted = set()
    for number, (kind, text) in enumerate(THEIRS.values(), start=1):
        column = ("note", "more")[number % 2]
        store.rows(f"INSERT INTO oc_crm (crm_id, {column}) VALUES (%s, %s)", number, text)
        wanted.add((column, (number,), kind))
    for number, text in enumerate(OTHERS.values(), start=101):
        store.rows("INSERT INTO oc_crm (crm_id, note) VALUES (%s, %s)", number, text)

    found = verified(store)

    names = dict(enumerate(THEIRS, start=1)) | dict(enumerate(OTHERS, start=101))
    said = {(one.column, one.key, one.kind) for one in found}
    assert {names[key[0]] for _, key, _ in wanted - said} == set()
    assert {names[key[0]] for _, key, _ in said - wanted} == set()
    assert {one.table for one in found} == {"crm"}


def test_it_is_found_in_the_stores_tables_and_in_ours(store: ErasedStore) -> None:
    store.execute(
        "UPDATE oc_product_description SET description = '&lt;p&gt;ann@example.com&lt;/p&gt;'"
        " LIMIT 1",
        "INSERT INTO oc_sidecar_state (name, value, at)"
        " VALUES ('x', '{\"who\": \"ann\\\\u0040example.com\"}', 1)",
    )

    found = {(one.table, one.column, one.kind) for one in verified(store)}

    assert found == {
        ("product_description", "description", "email"),
        ("sidecar_state", "value", "email"),
    }


def test_what_is_told_of_a_key_is_a_number_and_never_a_text(store: ErasedStore) -> None:
    store.execute(
        "CREATE TABLE oc_crm (email VARCHAR(96), n INT, PRIMARY KEY (email, n))",
        "INSERT INTO oc_crm VALUES ('ann@example.com', 5)",
    )

    (found,) = verified(store)

    assert found.as_json() == {"table": "crm", "column": "email", "key": ["*", 5], "kind": "email"}


def test_a_table_without_a_key_is_read_to_its_end(
    store: ErasedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.execute(
        "CREATE TABLE oc_crm (note TEXT)",
        "INSERT INTO oc_crm SELECT 'x' FROM seq_1_to_2000",
        "INSERT INTO oc_crm VALUES ('ann@example.com')",
    )
    monkeypatch.setattr(verification, "_TOGETHER", 100)

    assert [(one.table, one.key) for one in verified(store)] == [("crm", ())]


def test_binary_text_is_read_too_and_other_prefixes_are_not(store: ErasedStore) -> None:
    store.execute(
        "CREATE TABLE oc_crm (crm_id INT PRIMARY KEY, note BLOB)",
        "INSERT INTO oc_crm VALUES (1, CONCAT(X'FF00', 'ann@example.com', X'00FF'))",
        "CREATE TABLE crm (crm_id INT PRIMARY KEY, note TEXT)",
        "INSERT INTO crm VALUES (1, 'ann@example.com')",
    )

    assert [one.key for one in verified(store)] == [(1,)]
