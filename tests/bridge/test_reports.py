"""What reports read and draw: numbers of each day, as the sidecar noted them."""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, sync_playwright

from bridge.php_database import BRIDGE, php_call
from sidecar.config import Database
from support.small_store import SmallStore

HOSTILE = 'o\'neil "<b>50%_\\</b>" 🦊'
TODAY = datetime.date(2027, 3, 31)
AT = 1_806_000_000


def note(store: SmallStore, day: datetime.date, figure: str, name: str = "", **values: Any) -> None:
    row: dict[str, Any] = {"customers": None, "amount": None, "at": AT, **values}
    with store.given.connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO oc_sidecar_figure (day, figure, name, customers, amount, at)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            (day, figure, name, row["customers"], row["amount"], row["at"]),
        )


def before(days: int) -> datetime.date:
    return TODAY - datetime.timedelta(days=days)


def figures(database: Database, call: str, **values: Any) -> Any:
    return php_call(database, f"return (new Sidecar\\Figures($database))->{call};", **values)


# -- reading -----------------------------------------------------------------------------------


def test_what_was_never_counted_is_told_as_that(
    store: SmallStore, small_database: Database
) -> None:
    assert figures(small_database, "counted()") == {"at": None, "first": None}
    for call in (
        "now('tier')",
        "days('tier', '2000-01-01')",
        "segments()",
        "sizes([], '2000-01-01')",
    ):
        assert figures(small_database, call) == []
    assert figures(small_database, "movement(30)") is None


def test_a_figure_is_read_by_day_and_name(store: SmallStore, small_database: Database) -> None:
    for days in (0, 1, 40):
        note(store, before(days), "customers", customers=7 + days)
        note(store, before(days), "tier", HOSTILE, customers=days)
        note(store, before(days), "points", "pending", customers=3, amount=2**60)

    assert figures(small_database, "counted()") == {"at": str(AT), "first": str(before(40))}
    found = figures(small_database, "days('tier', $values['from'])", **{"from": str(before(30))})
    assert found == {
        str(before(days)): {HOSTILE: {"customers": days, "amount": None}} for days in (1, 0)
    }
    now = figures(small_database, "now('points')")
    assert now == {"pending": {"customers": 3, "amount": str(2**60)}}


def test_what_is_not_counted_any_more_is_not_true_now(
    store: SmallStore, small_database: Database
) -> None:
    note(store, before(1), "customers", customers=1)
    note(store, before(1), "tier", "Gold", customers=1)
    note(store, TODAY, "customers", customers=1)

    assert figures(small_database, "now('tier')") == []


def test_sizes_and_moves_are_those_of_the_segments_asked_for(
    store: SmallStore, small_database: Database
) -> None:
    for segment in (1, 2, 3):
        store.given.execute(
            f"INSERT INTO oc_sidecar_segment_size VALUES ({segment}, '{TODAY}', {segment * 10})"
        )
        note(store, TODAY, "entered", str(segment), customers=segment)
    note(store, before(5), "left", "2", customers=9)
    note(store, before(50), "left", "2", customers=1)
    since = {"from": str(before(30))}

    sizes = figures(small_database, "sizes([1, 3, 99], $values['from'])", **since)
    moves = figures(small_database, "moves(2, $values['from'])", **since)

    assert sizes == {"1": {str(TODAY): 10}, "3": {str(TODAY): 30}, "99": []}
    assert moves == {
        str(before(5)): {"entered": 0, "left": 9},
        str(TODAY): {"entered": 2, "left": 0},
    }


def test_movement_is_told_from_group_to_group_the_most_first(
    store: SmallStore, small_database: Database
) -> None:
    note(store, TODAY, "customers", customers=9)
    note(store, TODAY, "rfm_moved_90", "", customers=0, amount=AT - 9)
    for name, customers in (("loyal>at risk", 2), (">new", 5), ("at risk>", 2)):
        note(store, TODAY, "rfm_moved_90", name, customers=customers, amount=AT - 9)

    assert figures(small_database, "movement(30)") is None
    assert figures(small_database, "movement(90)") == {
        "since": str(AT - 9),
        "moved": [
            {"from": "", "to": "new", "customers": 5},
            {"from": "at risk", "to": "", "customers": 2},
            {"from": "loyal", "to": "at risk", "customers": 2},
        ],
    }


# -- drawing -----------------------------------------------------------------------------------


def chart(database: Database, series: dict[str, dict[str, int]], *, step: int = 1) -> Any:
    code = (
        "$made = Sidecar\\DayChart::of('Day', 'd.m.Y', $values['to'], $values['series'],"
        " null, $values['step']); return $made === '' ? null : json_decode($made, true);"
    )
    return php_call(
        database, code, zone="America/Santiago", to=str(TODAY), series=series, step=step
    )


def test_every_day_has_its_place_also_where_a_midnight_is_missing(
    small_database: Database,
) -> None:
    # In Chile clocks are put forward at midnight, early in September.
    made = chart(
        small_database, {HOSTILE: {"2026-09-05": 1, str(TODAY): 3}, "2": {"2026-09-07": 2}}
    )

    days = [
        datetime.date(2026, 9, 5) + datetime.timedelta(days=n)
        for n in range((TODAY - datetime.date(2026, 9, 5)).days + 1)
    ]
    assert made["labels"] == [f"{day:%d.%m.%Y}" for day in days]
    one, two = made["series"]
    assert (one["name"], two["name"]) == (HOSTILE, "2")
    assert (one["values"][0], one["values"][1], one["values"][-1]) == (1, None, 3)
    assert [value for value in two["values"] if value is not None] == [2]


def test_without_a_value_there_is_no_chart(small_database: Database) -> None:
    assert chart(small_database, {}) is None
    assert chart(small_database, {"none": {}}) is None


def test_a_week_is_the_sum_of_its_days_and_the_last_one_is_whole(small_database: Database) -> None:
    days = {str(before(ago)): ago + 1 for ago in range(400)}

    weeks = php_call(
        small_database,
        "return Sidecar\\DayChart::weeks($values['days'], $values['to']);",
        zone="America/Santiago",
        days=days,
        to=str(TODAY),
    )

    assert sum(weeks.values()) == sum(days.values())
    assert weeks[str(before(6))] == sum(range(1, 8))
    assert list(weeks) == sorted(weeks)
    made = chart(small_database, {"x": weeks}, step=7)
    assert made["series"][0]["values"] == list(weeks.values())


# -- tiers and tags ----------------------------------------------------------------------------


def test_who_has_no_row_is_in_the_lowest_tier_unless_they_object(
    store: SmallStore, small_database: Database
) -> None:
    tiers = '[loyalty]\nstart = "2026-01-01"\n' + "".join(
        f"[[tier]]\nname = {json.dumps(name, ensure_ascii=False)}\nthreshold = {at}\n"
        for name, at in ((HOSTILE, 0), ("Gold", 10))
    )
    ann, bob, cat, dan = (store.given.customer() for _ in range(4))
    store.named_rules({}, tiers)
    store.full_pass()
    store.given.execute(f"INSERT INTO oc_sidecar_tier SET customer_id={bob}, tier='Gold'")
    store.given.execute(f"INSERT INTO oc_sidecar_tier SET customer_id={cat}, tier=NULL")
    store.given.execute(
        f"INSERT INTO oc_sidecar_restriction SET customer_id={dan}, kind='no_profiling',"
        " since=1, actor='cli:x', reason=''"
    )

    badges = php_call(
        small_database,
        "return (new Sidecar\\Badges($database))->of($values['ids']);",
        ids=[ann, bob, cat, dan],
    )

    assert {int(who): found["tier"] for who, found in badges.items()} == {ann: HOSTILE, bob: "Gold"}


def test_a_tag_that_only_a_person_gave_is_not_given_back(
    store: SmallStore, small_database: Database
) -> None:
    store.named_rules({"buyers": "orders > 0", "nobody": "orders > 99"})
    ann = store.given.customer()
    store.given.order(ann, "10")
    store.full_pass()
    for name in ("by hand", "buyers", "nobody"):
        store.tagging().add(name, [ann], None, "")

    tags = php_call(
        small_database,
        "return (new Sidecar\\Customer($database, new Sidecar\\Vocabulary($database, 1),"
        " $values['who']))->tags();",
        who=ann,
    )

    # Of those with a rule, the rule would speak.
    assert {tag["name"]: tag["pinned"] for tag in tags} == {
        "by hand": False,
        "buyers": True,
        "nobody": True,
    }


# -- files -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    scripts = BRIDGE / "admin" / "view" / "javascript"

    def answer(route: Route) -> None:
        name = route.request.url.rsplit("/", 1)[-1].split("?")[0]
        if name.endswith(".js"):
            route.fulfill(path=scripts / name, content_type="text/javascript")
        else:
            route.fulfill(body="<!DOCTYPE html><html></html>", content_type="text/html")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.route("**/*", answer)
        page.goto("http://admin.test/")
        yield page
        browser.close()


def written(page: Page, data: object, separator: str, decimal: str) -> str:
    found: str = page.evaluate(
        "(given) => import('/reports.js').then((script) => script.csv(...given))",
        [data, separator, decimal],
    )
    return found


@pytest.mark.parametrize(("separator", "decimal"), [(",", "."), (";", ","), (",", ",")])
def test_a_file_holds_what_the_chart_holds_and_no_formula(
    page: Page, separator: str, decimal: str
) -> None:
    names = [HOSTILE, "=1+1", "+1", "-x", "@sum(a1)", "\t=1", "\r=1", "a,b;c", 'say "so"\nand so']
    values = [[1, None, -2.5], *[[0, 1, 2]] * (len(names) - 1)]
    data = {
        "labels": ["2027-01-01", "=cmd|x", "3"],
        "axis": "Day",
        "series": [
            {"name": n, "values": v, "texts": ["x"] * 3} for n, v in zip(names, values, strict=True)
        ],
    }

    text = written(page, data, separator, decimal)

    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    shown = [f"'{name}" if name[0] in "=+-@\t\r" else name for name in names]
    assert rows[0] == ["Day", *shown]
    assert [row[0] for row in rows[1:]] == ["2027-01-01", "'=cmd|x", "3"]
    assert [row[1] for row in rows[1:]] == ["1", "", f"-2{decimal}5"]
    assert text.endswith("\r\n")
