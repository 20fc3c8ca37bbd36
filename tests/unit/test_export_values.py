"""How values are told in an export: JSON of others, and pages that hold whatever people typed."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.privacy import export_html
from sidecar.privacy.export_values import NOT_SHOWN, Values
from sidecar.privacy.live_schema import LiveColumn
from sidecar.rules.privacy.register import PersonalTable
from support.exported import Page

BERLIN = ZoneInfo("Europe/Berlin")


class NoNames:
    """A store without any name."""

    def of(self, kind: str, number: int) -> str | None:
        return {("custom field", 3): "Birthday", ("custom field value", 7): "Red"}.get(
            (kind, number)
        )

    def learn(self, kind: str, numbers: Any) -> None:
        pass


def told(value: Any, column: str = "comment", kind: str = "text", table: str = "order") -> Any:
    one = PersonalTable(
        table, table, ("id",), (), "delete", "", {}, own=table.startswith("sidecar_")
    )
    values = Values(BERLIN, NoNames())  # type: ignore[arg-type]
    return values.of(one, column, LiveColumn(column, kind, True, None))(value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Decimal("12.5000"), "12.5000"),
        (Decimal("0E-8"), "0.00000000"),
        (Decimal("7"), "7.0000"),
        (Decimal("-0.25"), "-0.2500"),
        (datetime.datetime(2026, 7, 1, 12), "2026-07-01T12:00:00+02:00"),
        (datetime.datetime(2026, 1, 1, 12), "2026-01-01T12:00:00+01:00"),
        (datetime.date(2026, 7, 1), "2026-07-01"),
        ("0000-00-00 00:00:00", None),
        ("0000-00-00", None),
        ("2026-02-31 10:00:00", "2026-02-31 10:00:00"),
        (None, None),
        (float("inf"), None),
    ],
)
def test_numbers_and_dates_are_told_so_that_nobody_has_to_guess(value: Any, said: Any) -> None:
    assert told(value, "total", "decimal") == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("a &amp; b &lt;i&gt; &quot;c&quot;", 'a & b <i> "c"'),
        ("&amp;amp;", "&amp;"),
        ('{"no": "json of ours"}', '{"no": "json of ours"}'),
        (b"caf\xc3\xa9", "café"),
        (b"\xff\x00", "/wA="),
        ("", ""),
    ],
)
def test_text_is_told_as_it_was_typed(value: Any, said: str) -> None:
    assert told(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('{"a":"x &amp; y","b":[1,null,true,1.5]}', {"a": "x & y", "b": [1, None, True, 1.5]}),
        ('{"customer_token":"s3","password":"","n":{"salt":"x"}}',
         {"customer_token": NOT_SHOWN, "password": "", "n": {"salt": NOT_SHOWN}}),
        ('{"broken": ', '{"broken": '),
        ("[" * 3_000, "[" * 3_000),
        ("[" * 60 + "]" * 60, "[" * 60 + "]" * 60),
        ("[1e999, NaN]", ["1e999", "NaN"]),
        ("[" + "9" * 5_000 + "]", "[" + "9" * 5_000 + "]"),
        ("no json", "no json"),
        ("[]", []),
    ],
)  # fmt: skip
def test_json_is_told_as_json_and_what_is_none_as_text(value: str, said: Any) -> None:
    found = told(value, "data", "mediumtext")

    assert found == said
    json.dumps(found, allow_nan=False)


def test_our_own_json_does_not_say_who_of_the_shop_it_was() -> None:
    value = '["cli:eve", "admin:bob", "client: pleased"]'

    assert told(value, "after", "mediumtext", "sidecar_audit_pin") == [
        NOT_SHOWN,
        NOT_SHOWN,
        "client: pleased",
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('{"3":"1990-01-01","4":"a &amp; b"}',
         [{"id": 3, "name": "Birthday", "value": "1990-01-01"},
          {"id": 4, "name": None, "value": "a & b"}]),
        ('{"4":["7","8"]}',
         [{"id": 4, "name": None, "value": [{"id": 7, "name": "Red"}, "8"]}]),
        ('{"account":{"3":"x"}}',
         [{"id": None, "name": "account",
           "value": [{"id": 3, "name": "Birthday", "value": "x"}]}]),
        ("[]", None),
        ("", None),
        (None, None),
        ('a:1:{i:3;s:1:"x";}', 'a:1:{i:3;s:1:"x";}'),
    ],
)  # fmt: skip
def test_custom_fields_have_the_names_that_the_store_gave_them(value: Any, said: Any) -> None:
    assert told(value, "payment_custom_field") == said


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(anything)
def test_no_value_makes_an_element_of_a_page_that_is_not_ours(value: Any) -> None:
    page = Page(f"<td>{export_html._value(value)}</td>")

    assert page.tags <= {"td", "ul", "li"}
    assert not page.unclosed
    assert not page.links


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn"))))
def test_a_page_says_what_was_typed(text: str) -> None:
    shown = Page(f"<td>{export_html._value(text)}</td>").text

    assert shown == text
