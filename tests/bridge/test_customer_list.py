"""The bridge's list of customers: its pages against what plain Python makes of the same people."""

from __future__ import annotations

import datetime
import itertools
import random
import re
import shutil
import tomllib
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import sidecar
from bridge.php_database import BRIDGE, php_call
from sidecar.config import Database
from sidecar.rules.language import parser
from sidecar.shop.database import transaction
from sidecar.shop.indexes import add_index, missing_indexes
from support.small_store import SmallStore

ZONE = zoneinfo.ZoneInfo("Europe/Berlin")

NAMES = (
    "Ann",
    "ann",
    "Ümit",
    "Bo%b",
    "Bo_b",
    "Zo\\e",
    "O'Neil",
    '"Q"',
    "<b>Max</b>",
    "Ann & Co",
    "🦊",
)

#: Beginnings that people type, and what is no beginning.
SEARCHES = ("ann", "A", "bo%", "bo_", "o'n", '"q', "<b>", "zo\\", "&", "co", "%", "_", "🦊", "ex-7")

#: Also bits that no index holds, and the last of a word, for which PHP has no whole number.
TAG_SLOTS = (0, 31, 32, 63, 64, 127, 128, 511)
SEGMENT_SLOTS = (0, 63, 64, 255)

LIST = """
$vocabulary = new Sidecar\\Vocabulary($database, 1);
$told = [];

foreach ($values['asked'] as $asked) {
	$filter = new Sidecar\\CustomerFilter((array)$asked['query'], $vocabulary);
	$list = new Sidecar\\CustomerList($database, $vocabulary, $filter);
	$pages = [];

	for ($page = 0; $page < $asked['pages']; $page++) {
		$offset = $page * $asked['limit'];
		$found = $list->page($asked['sort'], $asked['descending'], $offset, $asked['limit']);
		$pages[] = $found['ids'];
	}

	$total = [$found['total'], $found['more']];
	$selected = ['selection' => 'orders >= 1', 'location' => 'country = "DE"'];
	$expression = $filter->expression($selected);
	$told[] = ['pages' => $pages, 'total' => $total, 'expression' => $expression];
}

return $told;
"""


@dataclass(slots=True)
class Person:
    """A customer as the oracle knows them."""

    customer_id: int
    first: str
    last: str
    email: str
    telephone: str
    group: int
    status: int | None
    facts: dict[str, int | None]
    tags: set[int] = field(default_factory=set)
    segments: set[int] = field(default_factory=set)
    selections: set[int] = field(default_factory=set)

    def begins_with(self, word: str) -> bool:
        texts = (self.first, self.last, self.email, self.telephone)
        return any(text.lower().startswith(word.lower()) for text in texts)


class Crowd:
    """Customers with chance facts, in the store and for the oracle."""

    def __init__(self, store: SmallStore, number: int = 90) -> None:
        self.store = store
        chance = random.Random(11)
        groups = [1, store.given.group('Whole"sale')]
        noon = int(datetime.datetime(2026, 3, 28, 12, tzinfo=ZONE).timestamp())
        self.people = []
        for _ in range(number):
            # Few different values: many ties.
            facts = {
                "orders": chance.randrange(5),
                "total_spent": chance.choice((-50_000, 0, 0, 999_999, 1_000_000, 12_345_678)),
                "last_order_at": chance.choice(
                    (None, *(noon + hours * 3600 for hours in range(0, 60, 6)))
                ),
                "registered_at": chance.choice(
                    (None, *(noon + hours * 3600 for hours in range(0, 60, 6)))
                ),
            }
            first, last, phone = (
                chance.choice(NAMES),
                chance.choice(NAMES),
                chance.choice(("", "+49 1", "0%")),
            )
            customer = store.given.customer(
                f"ex-{chance.randrange(10**6)}@example.com",
                first_name=first,
                last_name=last,
                telephone=phone,
                group=chance.choice(groups),
                enabled=chance.random() < 0.8,
            )
            row = store.rows(
                "SELECT email, customer_group_id AS g, status FROM oc_customer"
                " WHERE customer_id = %s",
                customer,
            )[0]
            self.people.append(
                Person(customer, first, last, row["email"], phone, row["g"], row["status"], facts)
            )
        self.tags = {1000 + slot: slot for slot in TAG_SLOTS}
        self.segments = {2000 + slot: slot for slot in SEGMENT_SLOTS}
        for person in self.people:
            person.tags = {tag for tag in self.tags if chance.random() < 0.3}
            person.segments = {segment for segment in self.segments if chance.random() < 0.4}
            person.selections = {number for number in (77, 78) if chance.random() < 0.5}
        self._write()

    def _write(self) -> None:
        own = self.store.sidecar.shop.own
        with transaction(self.store.sidecar.engine) as tx:
            for tag, slot in self.tags.items():
                has = sum(tag in person.tags for person in self.people)
                row = {
                    "tag_id": tag,
                    "name": f'tag "{slot}" \\',
                    "name_key": f"t{slot}",
                    "slot": slot,
                }
                more = {"customers": has, "created_at": 1, "description": ""}
                tx.execute(own.tag.insert().values(**row, **more))
            for segment, slot in self.segments.items():
                inside = sum(segment in person.segments for person in self.people)
                row = {"segment_id": segment, "name": f"segment '{slot}'", "name_key": f"s{slot}"}
                more = {"slot": slot, "customers": inside, "listed": slot % 2}
                tx.execute(own.segment.insert().values(**row, **more))
            for person in self.people:
                words: dict[str, int] = {}
                for tag in person.tags:
                    slot = self.tags[tag]
                    words[f"tags{slot // 64}"] = words.get(f"tags{slot // 64}", 0) | 1 << slot % 64
                    key = {"customer_id": person.customer_id, "tag_id": tag, "source_id": 0}
                    tx.execute(
                        own.assertion.insert().values(
                            **key, source_kind="rule", since=1, requalify=0
                        )
                    )
                for segment in person.segments:
                    slot = self.segments[segment]
                    name = f"segments{slot // 64}"
                    words[name] = words.get(name, 0) | 1 << slot % 64
                    if slot % 2:
                        key = {"segment_id": segment, "customer_id": person.customer_id}
                        tx.execute(own.member.insert().values(**key, since=1))
                # A pin that keeps a tag off is an assertion of it too.
                for tag in set(self.tags) - person.tags:
                    key = {"customer_id": person.customer_id, "tag_id": tag, "source_id": 0}
                    if (person.customer_id + tag) % 7 == 0:
                        tx.execute(
                            own.assertion.insert().values(
                                **key, source_kind="pin_out", since=1, requalify=0
                            )
                        )
                row = {
                    "customer_id": person.customer_id,
                    "purchases_mark": 0,
                    "other_assertions": 0,
                }
                tx.execute(own.customer.insert().values(**row, **person.facts, **words))
                for number in person.selections:
                    key = {"selection_id": number, "customer_id": person.customer_id}
                    tx.execute(own.selection.insert().values(**key))

    # -- the oracle ------------------------------------------------------------------------

    def wanted(self, query: Mapping[str, str], sort: str, *, descending: bool) -> list[int]:
        """Whom *query* leaves, in order."""
        found = [person for person in self.people if self._holds(person, query)]

        def key(person: Person) -> tuple[Any, ...]:
            column = {"spent": "total_spent", "orders": "orders", "last": "last_order_at"}.get(sort)
            value = person.facts[column or "registered_at"]
            return (value is not None, value or 0, person.customer_id)

        return [person.customer_id for person in sorted(found, key=key, reverse=descending)]

    def _holds(self, person: Person, query: Mapping[str, str]) -> bool:
        return all(self._one(person, name, text) for name, text in query.items())

    def _one(self, person: Person, name: str, text: str) -> bool:
        match name.split("_"):
            case ["search"]:
                return all(person.begins_with(word) for word in text.split())
            case ["segment"]:
                return int(text) in person.segments
            case ["group"]:
                return person.group == int(text)
            case ["status"]:
                return person.status == 1 if text == "1" else person.status != 1
            case ["selection" | "location"]:
                return int(text) in person.selections
            case ["tags", how]:
                has = [int(tag) in person.tags for tag in text.split(",")]
                return all(has) if how == "all" else any(has) if how == "any" else not any(has)
            case [fact, end]:
                value = person.facts[_COLUMNS[fact]]
                return value is not None and _bound(fact, text, end, value)
        raise AssertionError(name)


_COLUMNS = {
    "spent": "total_spent",
    "orders": "orders",
    "last": "last_order_at",
    "registered": "registered_at",
}


def _bound(fact: str, text: str, end: str, value: int) -> bool:
    if fact in ("spent", "orders"):
        limit = round(float(text) * 10_000) if fact == "spent" else int(text)
        return value >= limit if end == "from" else value <= limit
    day = datetime.datetime.fromtimestamp(value, ZONE).date()
    limit_day = datetime.date.fromisoformat(text)
    return day >= limit_day if end == "from" else day <= limit_day


QUERIES: tuple[dict[str, str], ...] = (
    {},
    *({"tags_all": str(1000 + slot)} for slot in TAG_SLOTS),
    *({"segment": str(2000 + slot)} for slot in SEGMENT_SLOTS),
    *({"search": text} for text in SEARCHES),
    {"search": "ann exam"},
    {"search": "ann ex-"},
    {"tags_all": "1000,1063"},
    {"tags_any": "1031,1511"},
    {"tags_none": "1032,1064"},
    {"tags_none": "1000", "tags_any": "1063,1127", "tags_all": "1128"},
    {"spent_from": "100"},
    {"spent_from": "99.9999", "spent_to": "100"},
    {"spent_to": "-0.01"},
    {"spent_from": "100", "spent_to": "1"},
    {"orders_from": "1", "orders_to": "3"},
    {"last_from": "2026-03-29"},
    {"last_to": "2026-03-28"},
    # The clocks go forward that night: a day of 23 hours.
    {"last_from": "2026-03-29", "last_to": "2026-03-29"},
    {"registered_from": "2026-03-28", "registered_to": "2026-03-28"},
    {"group": "1"},
    {"status": "1"},
    {"status": "0"},
    {"selection": "77"},
    {"selection": "77", "status": "0", "spent_from": "0"},
    {"location": "78"},
    {"location": "78", "selection": "77"},
    {"location": "78", "group": "1", "search": "a"},
    {"location": "77", "selection": "77", "orders_from": "2"},
    {"segment": "2063", "group": "1", "orders_from": "1", "search": "a"},
    {"segment": "2064", "tags_all": "1064", "registered_from": "2026-03-29"},
)


def _php(few: int, folder: Path, counted: int = 50_000) -> Path:
    """The bridge, for which so many are few: so that a small crowd is a large one."""
    copy = folder / "bridge_php"
    shutil.copytree(BRIDGE, copy)
    file = copy / "system" / "library" / "customer_query.php"
    text = file.read_text("utf-8")
    for name, value in (("FEW", few), ("COUNTED", counted)):
        text, found = re.subn(rf"const {name} = \d+;", f"const {name} = {value};", text)
        assert found == 1
    file.write_text(text, "utf-8")
    return copy


def _ask(
    database: Database, bridge: Path, asked: Sequence[Mapping[str, object]]
) -> list[dict[str, Any]]:
    told = php_call(database, LIST, zone=str(ZONE), bridge=bridge, asked=list(asked))
    assert isinstance(told, list)
    return told


@pytest.mark.parametrize(
    ("few", "counted", "indexed"),
    [(10_000, 50_000, True), (3, 50_000, True), (3, 3, True), (3, 3, False)],
)
def test_pages_hold_whom_the_filters_leave_in_order_and_each_once(
    store: SmallStore,
    small_database: Database,
    tmp_path: Path,
    few: int,
    counted: int,
    indexed: bool,
) -> None:
    crowd = Crowd(store)
    engine, prefix = store.sidecar.engine, store.given.prefix
    added = [m for m in missing_indexes(engine, prefix) if m.index.table == "customer"]
    chance = random.Random(few)
    sorts = ("spent", "orders", "last", "registered")
    asked = [
        {"query": query, "sort": sort, "descending": chance.random() < 0.5, "limit": 7, "pages": 14}
        for query, sort in itertools.chain(
            ((query, chance.choice(sorts)) for query in QUERIES),
            ((query, sort) for query in QUERIES[::4] for sort in sorts),
        )
    ]
    try:
        for missing in added if indexed else ():
            add_index(engine, prefix, missing)
        told = _ask(small_database, _php(few, tmp_path, counted), asked)
    finally:
        for missing in added if indexed else ():
            store.given.execute(f"DROP INDEX {missing.index.name} ON {prefix}customer")

    for one, got in zip(asked, told, strict=True):
        query, descending = one["query"], bool(one["descending"])
        assert isinstance(query, dict)
        wanted = crowd.wanted(query, str(one["sort"]), descending=descending)
        pages = [wanted[start : start + 7] for start in range(0, 98, 7)]
        assert got["pages"] == pages, one
        total, has_more = got["total"]
        # What is kept counted is told whatever its size.
        assert (total, has_more) in ((len(wanted), False), (few, True)), one
        assert not has_more or len(wanted) > few
        parser.parse(got["expression"])


@pytest.mark.parametrize("few", [10_000, 3])
def test_in_the_order_of_names_nobody_is_lost_or_twice(
    store: SmallStore, small_database: Database, tmp_path: Path, few: int
) -> None:
    crowd = Crowd(store)
    asked = [
        {"query": query, "sort": "name", "descending": down, "limit": 7, "pages": 14}
        for query in QUERIES[::3]
        for down in (False, True)
    ]

    told = _ask(small_database, _php(few, tmp_path), asked)

    first = {person.customer_id: person.first for person in crowd.people}
    for one, got in zip(asked, told, strict=True):
        query = one["query"]
        assert isinstance(query, dict)
        ids = [customer for page in got["pages"] for customer in page]
        assert len(ids) == len(set(ids))
        assert sorted(ids) == sorted(crowd.wanted(query, "spent", descending=False)), one
        plain = [first[each] for each in ids if first[each] in ("Ann", "Bo%b", "Zo\\e")]
        assert plain == sorted(plain, reverse=bool(one["descending"]))


def test_what_is_not_there_finds_nobody_and_what_cannot_be_read_is_left_out(
    store: SmallStore, small_database: Database
) -> None:
    crowd = Crowd(store, 12)
    gone: list[dict[str, str]] = [
        {"segment": "9"},
        {"tags_all": "1000,9"},
        {"tags_none": "9"},
        {"group": "99"},
        {"selection": "5"},
        {"location": "5"},
        {"location": "5", "selection": "77"},
    ]
    unread: list[dict[str, str]] = [
        {"segment": "x' OR 1=1 -- "},
        {"tags_any": "', 1); DROP TABLE oc_customer; -- "},
        {"spent_from": "1e9"},
        {"spent_to": "1,5"},
        {"orders_from": "-1"},
        {"last_from": "2026-02-31"},
        {"registered_to": "now"},
        {"status": "2"},
        {"search": " \u00a0\x00\n "},
        {"selection": "9" * 30},
        {"location": "0"},
        {"location": "DE"},
    ]
    asked = [
        {"query": query, "sort": "spent", "descending": False, "limit": 20, "pages": 1}
        for query in [*gone, *unread]
    ]

    told = _ask(small_database, BRIDGE, asked)

    everybody = crowd.wanted({}, "spent", descending=False)
    assert [one["pages"][0] for one in told] == [[]] * len(gone) + [everybody] * len(unread)
    # By an expression nobody acts on everybody either.
    assert [one["expression"] for one in told[: len(gone) - 3]] == [""] * (len(gone) - 3)
    assert told[len(gone) - 1]["expression"] == '(orders >= 1) and (country = "DE")'
    assert {one["expression"] for one in told[len(gone) :]} == {"orders >= 0"}


def test_rows_tell_tags_of_every_bit_and_nobody_who_is_gone(
    store: SmallStore, small_database: Database
) -> None:
    crowd = Crowd(store, 12)
    gone = crowd.people.pop().customer_id
    store.given.execute(f"DELETE FROM oc_customer WHERE customer_id = {gone}")
    code = """
    $vocabulary = new Sidecar\\Vocabulary($database, 1);
    $filter = new Sidecar\\CustomerFilter([], $vocabulary);
    return (new Sidecar\\CustomerList($database, $vocabulary, $filter))->rows($values['ids']);
    """
    ids = [person.customer_id for person in reversed(crowd.people)]

    rows = php_call(small_database, code, ids=[gone, *ids])

    assert [row["customer_id"] for row in rows] == ids
    for person, row in zip(reversed(crowd.people), rows, strict=True):
        assert {tag["id"] for tag in row["tags"]} == person.tags
        assert (row["first_name"], row["last_name"]) == (person.first, person.last)
        assert (row["orders"], int(row["spent"])) == (
            person.facts["orders"],
            person.facts["total_spent"],
        )


def test_filters_and_their_expression_find_the_same(
    store: SmallStore, small_database: Database
) -> None:
    given = store.given
    given.group('Big "B" \\')
    for number in range(24):
        customer = given.customer(
            f"c{number}@example.com",
            first_name=NAMES[number % 5],
            telephone=f"030 {number}",
            group=1 + number % 2 if number % 2 == 0 else 1,
            enabled=number % 5 > 0,
            days_ago=number * 20,
        )
        for order in range(number % 4):
            given.order(customer, str(100 * (order + 1) + number), days_ago=30 * order + number)
    store.named_rules(
        {'vip "1" \\': "total_spent > 250", "two": "orders >= 2"},
        "[[segment]]\nname = 'Seg \"S\" \\'\nwhen = 'orders >= 1 and status'\n",
    )
    store.full_pass()
    tags = {tag.name: str(tag.tag_id) for tag in store.sidecar.view.tags()}
    segment = str(store.rows("SELECT segment_id AS n FROM `{own}segment`")[0]["n"])
    vip, two = tags['vip "1" \\'], tags["two"]
    queries: list[dict[str, str]] = [
        {},
        {"tags_all": f"{vip},{two}"},
        {"tags_any": f"{vip},{two}"},
        {"tags_none": vip},
        {"segment": segment},
        {"spent_from": "100", "spent_to": "500.5"},
        {"orders_from": "1", "orders_to": "2"},
        {"last_from": "2026-02-20", "last_to": "2026-03-10"},
        {"registered_from": "2025-10-01"},
        {"registered_to": "2026-01-31", "status": "1"},
        {"status": "0"},
        {"group": "1"},
        {"search": "bo%"},
        {"search": "c1"},
        {"search": "ann 030", "orders_from": "1"},
    ]
    asked = [
        {"query": query, "sort": "spent", "descending": False, "limit": 50, "pages": 1}
        for query in queries
    ]

    told = _ask(small_database, BRIDGE, asked)

    for query, got in zip(queries, told, strict=True):
        found = [row["customer_id"] for row in store.sidecar.view.customers(got["expression"])]
        assert sorted(got["pages"][0]) == found, (query, got["expression"])
    assert 0 < len(told[1]["pages"][0]) < 24


def test_every_quick_filter_is_a_segment_that_every_store_has() -> None:
    package = Path(sidecar.__file__).parent
    built_in = tomllib.loads((package / "rules/built_in_segments.toml").read_text("utf-8"))
    page = (package / "bridge_php/admin/controller/page/customers.php").read_text("utf-8")
    (quick,) = re.findall(r"const QUICK = \[(.+?)\];", page)

    assert set(re.findall(r"'([^']+)'", quick)) <= {one["name"] for one in built_in["segment"]}
