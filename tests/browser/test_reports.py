"""The page of reports: its numbers are those of our tables, what is chosen is drawn, files."""

from __future__ import annotations

import csv
import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from browser.desk import Desk
from browser.program import Program
from browser.store import Store

HOSTILE = "=1+1 </text><img src=x onerror=alert(1)>'\"&amp; \\ 50%_ 🦊"


@pytest.fixture(scope="module")
def history(store: Store, bridge: Program, in_place: bool) -> Iterator[datetime.date]:
    """A hundred days before the first that was counted, and a tier whose name is an attack."""
    if not in_place:
        bridge.stop()  # it would count anew
    (row,) = store.rows(
        "SELECT MIN(day) AS first, MAX(day) AS last, MAX(at) AS at FROM {sidecar_figure}"
        " WHERE figure = 'customers'"
    )
    first, last = row["first"], row["last"]
    add = (
        "INSERT IGNORE INTO {sidecar_figure} (day, figure, name, customers, amount, at)"
        " VALUES (%s, %s, %s, %s, %s, 0)"
    )
    for ago in range(1, 101):
        day = first - datetime.timedelta(days=ago)
        store.rows(add, day, "customers", "", 200 - ago, None)
        store.rows(add, day, "tier", HOSTILE, ago, None)
        store.rows(add, day, "rfm", "loyal", 1, None)
        store.rows(add, day, "credit", "available", 1, 12345678 + ago)
    store.rows(add, last, "tier", HOSTILE, 7, None)
    store.rows(add, last, "credit", "available", 3, 98765432)
    yield last
    store.rows("DELETE FROM {sidecar_figure} WHERE at = 0")
    if not in_place:
        bridge.start()


def now(store: Store, figure: str) -> dict[str, dict[str, Any]]:
    rows = store.rows(
        "SELECT name, customers, amount FROM {sidecar_figure} WHERE figure = %s AND day ="
        " (SELECT MAX(day) FROM {sidecar_figure} WHERE figure = 'customers')",
        figure,
    )
    return {row["name"]: row for row in rows}


def cells(page: Page, table: str) -> list[list[str]]:
    rows = page.locator(f"#{table} tbody tr").all()
    return [row.locator("th, td").all_inner_texts() for row in rows]


def drawn(chart: Locator) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(chart.get_attribute("data") or "null")
    return found


def test_the_numbers_are_those_that_were_counted(
    admin: Desk, store: Store, history: datetime.date
) -> None:
    page = admin.ours("reports")

    groups = now(store, "rfm")
    assert groups
    shown = {row[0].splitlines()[0].lower(): int(row[2]) for row in cells(page, "table-groups")}
    assert {name: n for name, n in shown.items() if n} == {
        name: row["customers"] for name, row in groups.items()
    }
    grid = {
        f"{row[0]},{often}": int(number)
        for row in cells(page, "table-grid")
        for often, number in enumerate(row[1:], 1)
        if int(number)
    }
    assert grid == {name: row["customers"] for name, row in now(store, "rfm_grid").items()}
    tiers = {row[0]: int(row[1]) for row in cells(page, "table-tiers")}
    assert tiers == {
        name or "no tier": row["customers"] for name, row in now(store, "tier").items()
    }
    chart = drawn(page.locator("#chart-customers"))
    assert chart["series"][0]["values"][-1] == now(store, "customers")[""]["customers"]
    assert chart["series"][1]["values"][-1] == now(store, "buyers")[""]["customers"]
    owed = now(store, "credit")["available"]
    credit = next(row for row in cells(page, "table-owed") if row[0].startswith("Store credit"))
    assert credit[2:] == [f"${owed['amount'] / 10_000:,.2f}", str(owed["customers"])]
    admin.shot("reports")


def test_each_number_says_what_is_counted(admin: Desk, history: datetime.date) -> None:
    page = admin.ours("reports")

    assert page.locator("#reports > p").inner_text().startswith("Last counted ")
    for card in page.locator("#reports .col-lg-9 > .card").all():
        assert len(card.locator("p").first.inner_text()) > 40


def test_how_far_back_is_chosen(admin: Desk, store: Store, history: datetime.date) -> None:
    page = admin.ours("reports")
    lengths = [len(drawn(page.locator("#chart-customers"))["labels"])]
    for days in ("90", "365"):
        page.get_by_label("How far back").select_option(days)
        page.locator("#reports form button[type=submit]").click()
        admin.rest()
        assert page.get_by_label("How far back").input_value() == days
        lengths.append(len(drawn(page.locator("#chart-customers"))["labels"]))

    assert lengths[:2] == [30, 90]
    assert lengths[2] > 100
    # By week: nobody tells a year of days apart.
    growth = drawn(page.locator("#chart-growth"))
    assert len(growth["labels"]) <= 53
    admin.shot("reports-year")


def test_segments_are_chosen_and_no_more_than_can_be_told_apart(
    admin: Desk, store: Store, history: datetime.date
) -> None:
    page = admin.ours("reports")
    boxes = page.locator("[data-most] input")
    for box in boxes.all():
        box.set_checked(False)
    for place in range(6):
        boxes.nth(place).check()
    assert boxes.nth(6).is_disabled()
    boxes.nth(0).uncheck()
    assert boxes.nth(6).is_enabled()
    names = [page.locator("[data-most] label").nth(place).inner_text() for place in range(1, 6)]
    page.get_by_label("Entries and exits of").select_option(label=names[2])
    page.locator("#reports form button[type=submit]").click()
    admin.rest()

    chart = page.locator("#chart-sizes")
    assert chart.locator("ul li").all_inner_texts() == names
    for series in drawn(chart)["series"]:
        query = "SELECT customers FROM {sidecar_segment} WHERE name = %s"
        assert series["values"][-1] == store.value(query, series["name"])
    expect(page.locator(".card-header", has_text="Entries and exits: ")).to_contain_text(names[2])
    page.get_by_role("link", name="List these customers").click()
    admin.rest()
    assert "page/customers" in page.url


def test_a_chart_is_read_as_a_table_and_saved_as_a_file(
    admin: Desk, history: datetime.date, tmp_path: Path
) -> None:
    page = admin.ours("reports")
    chart = page.locator("#chart-tiers")
    card = page.locator("#reports .card", has=chart)
    button = card.get_by_role("button", name="Show as a table")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    assert chart.locator("table.visually-hidden").count() == 0
    button.click()
    assert chart.locator("table.visually-hidden").count() == 1

    with page.expect_download() as download:
        card.get_by_role("button", name="Download as CSV").click()

    assert download.value.suggested_filename == "tiers.csv"
    download.value.save_as(tmp_path / "tiers.csv")
    rows = list(csv.reader((tmp_path / "tiers.csv").read_text("utf-8-sig").splitlines()))
    data = drawn(chart)
    assert rows[0][0] == "Day"
    assert f"'{HOSTILE}" in rows[0]
    assert [row[0] for row in rows[1:]] == data["labels"]
    place = rows[0].index(f"'{HOSTILE}")
    assert rows[-1][place] == "7"


def test_on_paper_there_are_only_the_reports(admin: Desk, history: datetime.date) -> None:
    page = admin.ours("reports")
    page.emulate_media(media="print")
    try:
        assert page.locator("#table-groups").is_visible()
        for gone in ("#column-left", "#header", "#input-days", "[data-csv] >> nth=0"):
            assert not page.locator(gone).is_visible(), gone
        # With the admin's own styles: what only screen readers read is not there.
        expect(page.locator("#chart-customers table")).to_have_css("position", "absolute")
        admin.shot("reports-print")
    finally:
        page.emulate_media(media="screen")


def test_it_fits_a_telephone_and_speaks_german(
    admin: Desk, store: Store, history: datetime.date
) -> None:
    admin.narrow()
    admin.ours("reports", days=90)
    assert admin.overflows() == []
    assert admin.unlabelled() == []
    admin.shot("reports-narrow")
    if not store.value("SELECT COUNT(*) FROM {language} WHERE code = 'de-de' AND status = 1"):
        pytest.skip("the store has no German")
    admin.language("de-de")
    page = admin.ours("reports", days=90)

    expect(page.locator("#reports")).to_contain_text("Zuletzt gezählt am")
    expect(page.locator("#table-groups")).to_contain_text("Spitzenkunden")
    assert admin.overflows() == []
    admin.shot("reports-german")


@pytest.mark.parametrize("days", ["", "0", "-1", "31", "x", "1e9", "-365", "'"])
def test_what_is_no_choice_is_the_shortest(admin: Desk, history: datetime.date, days: str) -> None:
    page = admin.ours("reports", days=days, moves="'\"<b>", **{"segment[]": "0x1 OR 1"})

    assert page.get_by_label("How far back").input_value() == "30"
    assert page.locator("#chart-sizes svg").count() > 0
