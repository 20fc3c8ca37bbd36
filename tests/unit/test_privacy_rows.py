"""Whose a row is, as far as its text tells, and what is left in the columns of one that stays."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sidecar.privacy.live_schema import LiveColumn, LiveTable
from sidecar.privacy.rewriting import rewritten
from sidecar.privacy.rows import Rows
from sidecar.privacy.subject import Subject, as_stored
from sidecar.privacy.traces import Traces
from sidecar.privacy.uploads import end_of, uploaded_file
from sidecar.rules.privacy.register import Link, PersonalColumn, PersonalTable, Register

ANN, GUEST = Subject(7, frozenset({"ann@example.com"})), Subject(0, frozenset({"gast@example.com"}))

OHARA = Subject(8, frozenset({"o'hara@example.com"}))


@pytest.fixture
def rows() -> Rows:
    shop: Any = None  # nothing is asked of a store
    return Rows(shop, Register(), {}, [ANN, GUEST, OHARA])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"customer_id":"7"}', 0),
        ('{"customer_id":7}', 0),
        ('{"customer":{"customer_id":7}}', 0),
        ('{"customers":[5,7]}', 0),
        ('{"customers":["7"]}', 0),
        ('{"a":[{"b":"Mail to Ann@Example.com."}]}', 0),
        ('{"a":"gast@example.com"}', 1),
        ('{"url":"?email=gast@example.com&x=1"}', 1),
        ('{"a":"\'gast@example.com\'"}', 1),
        ('{"a":"o\'hara@example.com"}', 2),
        ('{"gast@example.com":1}', 1),
        ('"gast@example.com"', 1),
        ('broken {"customer_id":"7"', 0),
        ("broken gast@example.com", 1),
        ('{"customer_id":"70"}', None),
        ('{"customer_id":70}', None),
        ('{"customer_id":true}', None),
        ('{"customer_id":"7x"}', None),
        ('{"customer_id":"٧"}', None),
        ('{"order_id":7}', None),
        ('{"a":"7"}', None),
        ('{"a":"xann@example.com"}', None),
        ('{"a":"ann@example.community"}', None),
        ("broken customer_id 7", None),
        ("", None),
        ("[" * 100_000, None),
        ('{"customer_id":' + "9" * 5_000 + "}", None),
    ],
)
def test_a_text_is_theirs_who_are_named_in_it(rows: Rows, text: str, place: int | None) -> None:
    assert rows._place_in(text) == place


def test_addresses_are_compared_as_the_store_compares_them() -> None:
    assert as_stored(" Ann@Example.COM ") == "ann@example.com"


# -- rewriting -----------------------------------------------------------------------------


def _rewritten(column: LiveColumn, erase: Any, kind: Any = "identity") -> object:
    personal = PersonalColumn(column.name, kind, erase, "x")
    links = (Link("customer_id", "customer"), Link("order_id", "order"))
    one = PersonalTable("t", "T", ("t_id",), links, "rewrite", "why", {column.name: personal})
    columns = {name: LiveColumn(name, "int", False, None) for name in ("t_id", "customer_id")}
    live = LiveTable("oc_t", {**columns, column.name: column}, ("t_id",))
    found = rewritten(one, live, 12)
    assert found["customer_id"] == 0
    assert found.keys() <= {"customer_id", column.name}
    return found.get(column.name, "left")


@pytest.mark.parametrize(
    ("type_", "is_nullable", "length", "value"),
    [
        ("varchar", False, 32, ""),
        ("text", True, 65_535, ""),
        ("int", True, None, 0),
        ("decimal", False, None, 0),
        ("datetime", True, None, None),
        ("datetime", False, None, "0000-00-00 00:00:00"),
        ("date", False, None, "0000-00-00"),
        ("json", True, None, None),
        ("json", False, None, "{}"),
        ("enum", True, 4, None),
        ("enum", False, 4, "left"),
        ("blob", False, None, ""),
    ],
)
def test_what_is_blank_depends_on_the_type(
    type_: str, is_nullable: bool, length: int | None, value: object
) -> None:
    assert _rewritten(LiveColumn("c", type_, is_nullable, length), "blank") == value


def test_a_text_with_a_check_for_json_stays_json() -> None:
    column = LiveColumn("c", "longtext", False, 4_294_967_295, must_be_json=True)

    assert _rewritten(column, "blank") == "{}"


@pytest.mark.parametrize(
    ("name", "kind", "length", "value"),
    [
        ("firstname", "identity", 32, "anon-12"),
        ("email", "contact", 96, "anon-12@anonymous.invalid"),
        ("from_email", "contact", 24, "anon-12"),
        ("firstname", "identity", 4, "anon"),
        ("telephone", "contact", 32, "anon-12"),
    ],
)
def test_a_pseudonym_bears_the_number_and_fits(
    name: str, kind: str, length: int, value: str
) -> None:
    assert _rewritten(LiveColumn(name, "varchar", False, length), "pseudonymise", kind) == value


def test_what_is_to_be_kept_is_not_written() -> None:
    assert _rewritten(LiveColumn("c", "varchar", False, 9), "keep") == "left"


# -- files and traces ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", ".", "..", "../a", "a/b", "/etc/passwd", "a\\b", "a\0b",
                                  "&#47;etc", "..&#x2f;a"])  # fmt: skip
def test_a_name_that_leads_out_of_the_folder_is_no_file(name: str, tmp_path: Any) -> None:
    assert uploaded_file(tmp_path, name) is None


def test_of_a_files_name_only_what_opencart_made_up_is_told() -> None:
    token = "0123456789abcdef" * 2

    assert end_of(f"cv ann.pdf.{token}") == f"*.{token}"
    assert end_of("ann doe.pdf") == "*"
    assert end_of("ann") == "*"


def test_traces_are_the_same_after_they_were_sealed() -> None:
    traces = Traces({"a@b.c"}, {"030 1"}, {("doe", "main street 5")})

    assert Traces.from_json(json.loads(json.dumps(traces.as_json()))) == traces
