"""What the bridge tells of what happened to a customer: in order, whole, each thing once."""

from __future__ import annotations

import datetime
import random
from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bridge.php_database import php_call
from sidecar.config import Database
from support.small_store import SmallStore

BERLIN = ZoneInfo("Europe/Berlin")

#: Pages one after the other, as a person asks for them.
WALK = """
$timeline = new Sidecar\\Timeline($database, $values['customer']);
$pages = [];
$after = '';

do {
	$page = $timeline->page($values['kinds'], $after);
	$pages[] = $page['entries'];
	$after = $page['next'];
} while ($after !== '' && count($pages) < 100);

return $pages;
"""
ALL = ["order", "points", "credit", "tag", "group", "segment", "tier", "consent"]

#: A source of ours: its table, its number, and what else a row of it takes.
OURS = {
    "tag": ("audit", "audit_id", "run_id=1, tags_added='3', tags_removed=''"),
    "segment": ("segment_change", "change_id", "segment_id=1, entered=1"),
    "tier": ("tier_change", "change_id", "tier='Gold', why='reached'"),
}


def walk(
    small_database: Database, customer: int, kinds: list[str] = ALL, zone: ZoneInfo = BERLIN
) -> list[list[dict[str, Any]]]:
    pages: list[list[dict[str, Any]]] = php_call(
        small_database, WALK, zone=zone.key, customer=customer, kinds=kinds
    )
    return pages


def seen(pages: list[list[dict[str, Any]]]) -> list[tuple[str, int]]:
    return [(entry["source"], entry["id"]) for page in pages for entry in page]


def ours(store: SmallStore, source: str, customer: int, at: int) -> tuple[str, int]:
    table, key, more = OURS[source]
    store.given.execute(
        f"INSERT INTO oc_sidecar_{table} SET customer_id={customer}, at={at}, {more}"
    )
    return source, store.rows(f"SELECT MAX({key}) AS n FROM `{{own}}{table}`")[0]["n"]


def local(at: int) -> str:
    return f"{datetime.datetime.fromtimestamp(at, BERLIN):%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize("seed", range(3))
def test_pages_tell_everything_once_and_newest_first(
    store: SmallStore, small_database: Database, seed: int
) -> None:
    chance = random.Random(seed)
    ann, bob = store.given.customer(), store.given.customer()
    # Few instants, so that many things happen at once, on both sides of a page's end.
    instants = [1_767_225_600 + chance.randrange(9) * 86_400 for _ in range(140)]
    expected: dict[tuple[str, int], int] = {}
    for number, at in enumerate(instants):
        whose = ann if number % 5 else bob
        source = chance.choice(["order", "reward", *OURS])
        if source == "order":
            entry = "order", store.given.order(whose, at=local(at))
        elif source == "reward":
            row = {"description": "Points", "date_added": local(at)}
            entry = (
                "reward",
                store.given.insert("customer_reward", row, customer_id=whose, points=1),
            )
        else:
            entry = ours(store, source, whose, at)
        if whose == ann:
            expected[entry] = at

    pages = walk(small_database, ann)

    told = seen(pages)
    assert len(set(told)) == len(told)
    assert set(told) == set(expected)
    times = [entry["at"] for page in pages for entry in page]
    assert times == sorted(times, reverse=True)
    assert times == [expected[entry] for entry in told]
    assert [len(page) for page in pages[:-1]] == [25] * (len(pages) - 1)


def test_nothing_is_lost_in_the_hour_that_a_clock_shows_twice(
    store: SmallStore, small_database: Database
) -> None:
    ann = store.given.customer()
    # From 2:00 to 3:00 twice: it is 0:00 to 2:00 in UTC.
    twice = int(datetime.datetime(2026, 10, 25, tzinfo=datetime.UTC).timestamp())
    expected = set()
    for minute in range(0, 120, 2):
        at = twice + minute * 60
        expected.add(("order", store.given.order(ann, at=local(at))))
        expected.add(ours(store, "segment", ann, at))

    told = seen(walk(small_database, ann))

    assert Counter(told) == Counter(expected)


def test_a_kind_is_told_alone(store: SmallStore, small_database: Database) -> None:
    ann = store.given.customer()
    store.given.order(ann)
    tag = ours(store, "tag", ann, 1_767_225_600)
    tier = ours(store, "tier", ann, 1_767_225_601)

    assert seen(walk(small_database, ann, ["tag"])) == [tag]
    assert seen(walk(small_database, ann, ["tier", "tag"])) == [tier, tag]
    assert seen(walk(small_database, ann, ["no such kind"])) == []
    assert seen(walk(small_database, ann, [])) == []


def test_unfinished_orders_and_dates_that_are_none_are_left_out(
    store: SmallStore, small_database: Database
) -> None:
    ann = store.given.customer()
    store.given.order(ann, status=0)
    store.given.order(ann, at="0000-00-00 00:00:00")
    placed = store.given.order(ann, "12.5")

    pages = walk(small_database, ann)

    assert seen(pages) == [("order", placed)]
    assert pages[0][0]["row"]["total"] == "125000"


def test_points_are_told_from_the_ledger_where_there_is_one(
    store: SmallStore, small_database: Database
) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    for whose in (ann, bob):
        row = {"description": "Points", "date_added": "2026-01-01 00:00:00"}
        store.given.insert("customer_reward", row, customer_id=whose, points=5)
    account = "customer_id=%d, unit='points', available=5, pending=0, orders_mark=0, native_mark=0"
    store.given.execute(f"INSERT INTO oc_sidecar_account SET {account % ann}")
    store.given.execute(
        "INSERT INTO oc_sidecar_cause SET cause_id=9, unit='points', kind='earn', source_id=4,"
        f" earner_id=0, posted=5, overruled=0, taken='[]', at=1, order_id=0, customer_id={ann}"
    )
    store.given.execute(
        "INSERT INTO oc_sidecar_entry SET entry_id=8, unit='points', cause_id=9, kind='post',"
        f" amount=5, shown=5, written=5, at=1767225600, customer_id={ann}"
    )

    assert seen(walk(small_database, ann)) == [("points", 8)]
    assert [source for source, _ in seen(walk(small_database, bob))] == ["reward"]


@pytest.mark.parametrize(
    "after",
    [
        "x",
        "[]",
        "0",
        '"a"',
        '{"order":1}',
        '{"order":["x"]}',
        '{"order":["\' OR 1=1 -- ",1]}',
        '{"tag":["9\' OR 1=1 -- ",5]}',
        '{"no such":["1",1]}',
        '{"order":[["a"],{}]}',
        "\x00",
    ],
)
def test_whatever_a_url_says_of_where_to_go_on_only_what_is_there_is_told(
    store: SmallStore, small_database: Database, after: str
) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    order = store.given.order(ann)
    store.given.order(bob)

    page = php_call(
        small_database,
        "$timeline = new Sidecar\\Timeline($database, $values['customer']);\n"
        "return $timeline->page(['order'], $values['after']);",
        customer=ann,
        after=after,
    )

    assert {entry["id"] for entry in page["entries"]} <= {order}


def test_an_end_that_was_given_as_a_day_is_told_as_that_day(small_database: Database) -> None:
    code = """
    $texts = ['format_time' => 'Y-m-d H:i', 'format_day' => 'Y-m-d',
        'text_until' => 'until %s', 'pin_in' => '%s, %s'];
    $shown = new Sidecar\\Shown($texts, 'strval');
    $pin = ['direction' => 'in', 'since' => '0', 'actor' => 'ann', 'reason' => '',
        'requalify' => false];

    return [$shown->pin(['until' => $values['midnight']] + $pin),
        $shown->pin(['until' => $values['noon']] + $pin)];
    """
    midnight = datetime.datetime(2027, 3, 1, tzinfo=datetime.UTC)
    noon = midnight.replace(hour=12)

    day, instant = php_call(
        small_database,
        code,
        zone="UTC",
        midnight=str(int(midnight.timestamp())),
        noon=str(int(noon.timestamp())),
    )

    assert day.endswith("until 2027-02-28")
    assert instant.endswith("until 2027-03-01 12:00")


def test_numbers_are_written_as_the_admins_language_writes_them(small_database: Database) -> None:
    code = """
    $german = ['date_format_short' => 'd.m.Y', 'thousand_point' => '.', 'decimal_point' => ','];
    $formats = Sidecar\\Text::formats(function (string $name) use ($german): string {
        return $german[$name];
    });
    $shown = new Sidecar\\Shown($formats + ['unit_percent' => '%'], 'strval');
    $facts = array_map(function (array $fact) use ($shown): string {
        return $shown->fact(['kind' => $fact[0], 'unit' => $fact[1], 'value' => $fact[2]]);
    }, $values['facts']);

    return [...$facts, $shown->amount('points', '-10000'), $shown->instant('86400', true),
        $shown->instant('86400')];
    """

    written = php_call(
        small_database,
        code,
        zone="UTC",
        facts=[
            ["number", "", 1234567],
            ["decimal", "", "1000.50"],
            ["decimal", "percent", "12.5"],
            ["text", "", "9965152286755763"],
            ["text", "", "1234.50"],
        ],
    )

    numbers = ["1.234.567", "1.000,50", "12,5 %", "9965152286755763", "1234.50"]
    assert written == [*numbers, "-10.000", "02.01.1970", "02.01.1970 00:00"]


WORDS = """
$formats = ['format_time' => 'Y-m-d H:i', 'thousand_point' => ','];
$shown = new Sidecar\\Shown($formats, function (string $amount): string {
	return $amount . ' $';
});
$words = new Sidecar\\TimelineWords(
	['line_points' => '%s points', 'line_status' => 'Order #%d: %s'],
	new Sidecar\\Vocabulary($database, 1), $shown, [5 => '<i>50%</i>']
);

return array_map([$words, 'entry'], [$values['reward'], $values['status'], $values['gone']]);
"""


def test_texts_of_the_store_are_told_as_they_were_meant(
    store: SmallStore, small_database: Database
) -> None:
    hostile = "&lt;b&gt;Tom &amp; &#039;Jo&#039; 100%s_\\ &quot;🦊&quot; " + "x" * 500
    row = {"description": hostile, "amount": "5", "order_id": "0"}
    reward = {"source": "reward", "id": 1, "at": 0, "row": row}
    of_order = {"order_id": "7", "order_status_id": "5", "comment": hostile}
    status = {"source": "status", "id": 1, "at": 0, "row": of_order}
    gone = {"source": "tier", "id": 1, "at": 0, "row": []}

    given, moved, _ = php_call(
        small_database,
        WORDS.replace("['line", "['text_gone' => 'gone', 'line"),
        reward=reward,
        status=status,
        gone=gone,
    )

    assert given["text"] == "+5 points"
    assert given["more"].startswith("Tom & 'Jo' 100%s_\\ \"🦊\" x")
    assert len(given["more"]) == 201
    assert moved["text"] == "Order #7: <i>50%</i>"
    assert moved["order_id"] == 7
