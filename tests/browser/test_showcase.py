"""The pictures of the README, with ``--screenshots DIR``; small, of what a screen shows."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.desk import Desk
from browser.program import Program
from browser.store import Store

#: Kilobytes of a picture.
LARGEST = 150

SOON_MS = 60_000

LOYALTY = """
[loyalty]
start = 2020-01-01
expiry = "2 years"

[[tier]]
name = "Bronze"
threshold = 0

[[tier]]
name = "Silver"
threshold = 5000
multiplier = 1.25

[[tier]]
name = "Gold"
threshold = 25000
multiplier = 1.5
"""


@pytest.fixture
def month(store: Store, bridge: Program) -> Iterator[None]:
    """Made-up numbers of the thirty days before the first that was counted."""
    figures = store.rows(
        "SELECT * FROM {sidecar_figure} WHERE figure NOT LIKE 'rfm_moved%%' AND day ="
        " (SELECT MIN(day) FROM {sidecar_figure})"
    )
    sizes = store.rows("SELECT * FROM {sidecar_segment_size}")
    first = figures[0]["day"]
    for ago in range(1, 31):
        day, share = first - datetime.timedelta(days=ago), 1 - ago / 150 + (ago * 7 % 5 - 2) / 80
        store.rows(
            "INSERT INTO {sidecar_figure} (day, figure, name, customers, amount, at) VALUES "
            + ", ".join(["(%s, %s, %s, %s, %s, 0)"] * len(figures)),
            *[
                value
                for row in figures
                for value in (
                    *(day, row["figure"], row["name"]),
                    *(row[n] and round(row[n] * share) for n in ("customers", "amount")),
                )
            ],
        )
        store.rows(
            "INSERT IGNORE INTO {sidecar_segment_size} (segment_id, day, customers) VALUES "
            + ", ".join(["(%s, %s, %s)"] * len(sizes)),
            *[
                value
                for row in sizes
                for value in (row["segment_id"], day, round(row["customers"] * share))
            ],
        )
    yield
    for table in ("sidecar_figure", "sidecar_segment_size"):
        store.rows(f"DELETE FROM {{{table}}} WHERE day < %s", first)


@pytest.fixture
def screenshots(request: pytest.FixtureRequest) -> Path:
    folder = str(request.config.getoption("--screenshots"))
    if not folder:
        pytest.skip("--screenshots was not given")
    return Path(folder)


def _customers(desk: Desk, store: Store, bridge: Program) -> None:
    desk.ours("customers", sort="spent", order="DESC")


def _customer(desk: Desk, store: Store, bridge: Program) -> None:
    desk.ours("customers.info", customer_id=_buyer(store))


def _rules(desk: Desk, store: Store, bridge: Program) -> None:
    page = desk.ours("rules.edit")
    page.get_by_label("Name").fill("Worth a call")
    condition = (
        "total_spent >= 1000 and (last_order older than 60 days or orders(within = 1 year) < 2)"
        ' and not tags has "lapsing"'
    )
    page.locator("#rule-when textarea").fill(condition)
    expect(page.locator("#rule-tried [data-customers]")).to_be_visible(timeout=SOON_MS)


def _loyalty(desk: Desk, store: Store, bridge: Program) -> None:
    bridge.stop()
    (bridge.folder / "rules.d" / "loyalty.toml").write_text(LOYALTY, "utf-8")
    bridge.run("once", "--yes")
    bridge.start()
    page = desk.ours("loyalty")
    expect(page.locator("#sidecar")).to_contain_text("Silver", timeout=SOON_MS)


def _gdpr(desk: Desk, store: Store, bridge: Program) -> None:
    known = ("--verified-by", "admin", "--how", "called back on the number of the account")
    people = [str(row["customer_id"]) for row in store.rows(_FIRST_PEOPLE)]
    for kind, customer in zip(("access", "erase", "rectify", "restrict"), people, strict=True):
        bridge.run("gdpr", "request", kind, customer, *(known if kind == "erase" else ()))
    desk.ours("gdpr")


def _reports(desk: Desk, store: Store, bridge: Program) -> None:
    desk.ours("reports")


def _status(desk: Desk, store: Store, bridge: Program) -> None:
    desk.ours("status")


_FIRST_PEOPLE = "SELECT customer_id FROM {customer} ORDER BY customer_id LIMIT 4"


def _buyer(store: Store) -> int:
    query = "SELECT customer_id FROM {sidecar_customer} ORDER BY orders DESC, customer_id LIMIT 1"
    return int(store.value(query))


@pytest.mark.parametrize(
    "opened",
    [_customers, _customer, _rules, _status, _gdpr, _loyalty, _reports],
    ids=lambda opened: opened.__name__.removeprefix("_"),
)
def test_a_picture_for_the_readme(
    admin: Desk,
    store: Store,
    bridge: Program,
    screenshots: Path,
    month: None,
    opened: Callable[[Desk, Store, Program], None],
) -> None:
    opened(admin, store, bridge)
    page: Page = admin.page
    page.set_viewport_size({"width": 1440, "height": 800})
    admin.rest()
    page.mouse.move(0, 0)
    file = screenshots / f"admin-{opened.__name__.removeprefix('_')}.png"
    page.screenshot(path=file)

    assert file.stat().st_size < LARGEST * 1000
