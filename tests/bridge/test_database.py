"""The bridge's statements: values cannot become SQL, and only what is asked for can be added."""

from __future__ import annotations

import random
from typing import Any

import pytest

from bridge.php_database import PhpError, php_call
from sidecar.config import Database
from support.small_store import SmallStore

HOSTILE = (
    "",
    "'",
    '"',
    "\\",
    "\\'",
    "`; DROP TABLE oc_customer; -- ",
    "' OR 1=1 -- ",
    "?",
    "??",
    "{sidecar_customer}",
    "$0 $1 \\0 \\1 ${x}",
    "%_",
    "a\x00b",
    "\x1a\r\n\t\b",
    "<script>alert(1)</script>&amp;",
    "ž € 🦊 \u202e \ufeff",
    "0",
    "null",
    "x" * 70_000,
)

SAME = """
$come = [];

foreach ($values['sent'] as $value) {
	$come[] = $database->value('SELECT ?', [$value]);
}

return $come;
"""


def test_what_goes_in_comes_out(small_database: Database) -> None:
    chance = random.Random(7)
    letters = "'\"\\`?{}%_;-#/*\x00\x1a\n\r aé🦊$"
    sent = [
        *HOSTILE,
        *("".join(chance.choices(letters, k=chance.randrange(20))) for _ in range(300)),
    ]

    assert php_call(small_database, SAME, sent=sent) == sent


def test_numbers_and_nothing_come_out_as_the_database_gives_them(small_database: Database) -> None:
    sent = [0, -1, 2**63 - 1, True, False, None]

    assert php_call(small_database, SAME, sent=sent) == [
        "0",
        "-1",
        "9223372036854775807",
        "1",
        "0",
        None,
    ]


def test_a_list_is_each_of_its_values_and_an_empty_one_matches_nothing(
    small_database: Database,
) -> None:
    find = "return $database->value('SELECT 3 IN (?) AND ? IN (?)', $values['sent']);"

    assert php_call(small_database, find, sent=[[1, 3], "b'", ["a", "b'"]]) == "1"
    assert php_call(small_database, find, sent=[[1, 2], "b", ["a"]]) == "0"
    assert php_call(small_database, find, sent=[[], "b", ["b"]]) is None


@pytest.mark.parametrize(
    ("sql", "sent"),
    [("SELECT ?", []), ("SELECT ?", [1, 2]), ("SELECT 1", [1]), ("SELECT ?", [{"a": 1.5}])],
    ids=["too few", "too many", "without a place", "a fraction"],
)
def test_values_that_do_not_fit_their_places_are_refused(
    small_database: Database, sql: str, sent: list[Any]
) -> None:
    with pytest.raises(PhpError, match="LogicException"):
        php_call(small_database, f"return $database->rows('{sql}', $values['sent']);", sent=sent)


def test_the_name_of_a_table_has_the_prefix_of_the_store(small_database: Database) -> None:
    said = php_call(small_database, "return $database->bind('FROM {customer} {sidecar_tag}', []);")

    assert said == "FROM `oc_customer` `oc_sidecar_tag`"


ADD = "return $database->add($values['table'], $values['row']);"


def test_nothing_is_added_but_commands_and_hints(small_database: Database) -> None:
    for table in ("customer", "sidecar_tag", "sidecar_hint` (`reason`) SELECT 1 -- ", ""):
        with pytest.raises(PhpError, match="LogicException"):
            php_call(small_database, ADD, table=table, row={"customer_id": 1})


def test_a_row_is_added_once_for_a_key(store: SmallStore, small_database: Database) -> None:
    row = {"name": "pause", "parameters": "{}", "actor": "admin:o'neil 🦊", "created_at": 7}
    row |= {"idempotency_key": "k"}

    assert php_call(small_database, ADD, table="sidecar_command", row=row) is True
    assert php_call(small_database, ADD, table="sidecar_command", row=row) is False
    (there,) = store.rows("SELECT name, actor, state FROM {own}command")
    assert there == {"name": "pause", "actor": "admin:o'neil 🦊", "state": "new"}


def test_a_statement_that_fails_says_which(small_database: Database) -> None:
    with pytest.raises(PhpError, match="no_such"):
        php_call(small_database, "return $database->rows('SELECT 1 FROM {no_such}');")
