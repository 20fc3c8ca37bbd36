"""What of a loyalty program waits for a person: its beginning, and other tiers; and who decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from browser.desk import PAGES, Desk
from browser.program import Program
from browser.store import Store
from sidecar import clock

#: The day before which nothing else in these tests earns.
LONG_AGO = "2011-03-04 10:00:00"

#: Points are one a unit of money and never expire.
WAITS = """
[loyalty]
start = "all"
points_per_unit = 1
expiry = "never"
pending = "0 days"
tier_window = "lifetime"

[[tier]]
name = "Bronze <b>&</b>"
threshold = 0

[[tier]]
name = "Silver"
threshold = 1000000
"""

#: The same with a tier that is reached sooner.
SOONER = WAITS.replace("1000000", "400")

PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def wanda(store: Store, bridge: Program, in_place: bool) -> Iterator[int]:
    """Somebody with an old order of 700, in a store whose program waits to begin."""
    if in_place:
        pytest.skip("the rules of a daemon that runs already are left alone")
    store.rows(
        "INSERT INTO {customer} SET customer_group_id = 1, store_id = 0, language_id = 1,"
        " firstname = 'Wanda', lastname = 'Waits', email = 'wanda@example.com', telephone = '',"
        " password = '', custom_field = '[]', newsletter = 0, ip = '', status = 1, safe = 0,"
        " token = '', code = '', date_added = %s",
        LONG_AGO,
    )
    customer = int(store.value("SELECT MAX(customer_id) FROM {customer}"))
    complete = json.loads(
        store.value("SELECT `value` FROM {setting} WHERE `key` = 'config_complete_status'")
    )
    store.rows(
        "INSERT INTO {order} SET customer_id = %s, customer_group_id = 1, store_id = 0,"
        " language_id = 1, currency_id = 1, currency_code = 'USD', currency_value = 1,"
        " custom_field = '[]', email = 'wanda@example.com', total = 700, order_status_id = %s,"
        " date_added = %s, date_modified = %s",
        customer,
        complete[0],
        LONG_AGO,
        LONG_AGO,
    )
    order = store.value("SELECT MAX(order_id) FROM {order}")
    store.rows(
        "INSERT INTO {order_product} SET order_id = %s, product_id = 40, name = 'Lamp',"
        " model = 'L', quantity = 1, price = 700, total = 700, tax = 0, reward = 0",
        order,
    )
    file = bridge.folder / "rules.d" / "waits.toml"
    ruled(bridge, WAITS)
    yield customer
    bridge.stop()
    file.unlink()
    store.rows("DELETE FROM {order_product} WHERE order_id = %s", order)
    store.rows("DELETE FROM {order} WHERE customer_id = %s", customer)
    store.rows("DELETE FROM {customer} WHERE customer_id = %s", customer)
    bridge.run("once", "--yes")
    bridge.start()


def ruled(bridge: Program, text: str) -> None:
    """Let the rules say *text*; everybody was looked at by them then."""
    bridge.stop()
    (bridge.folder / "rules.d" / "waits.toml").write_text(text, "utf-8")
    bridge.run("once", "--yes")
    bridge.start()


def until(holds: Callable[[], bool]) -> None:
    """Wait until something of the daemon's is so."""
    deadline = clock.monotonic() + PATIENCE_MS / 1000
    while not holds():
        assert clock.monotonic() < deadline
        clock.sleep(0.2)


def told(store: Store, name: str) -> object:
    """What our state says; None: nothing."""
    found = store.value("SELECT value FROM {sidecar_state} WHERE name = %s", name)
    return None if found is None else json.loads(found)


def tiers(store: Store) -> dict[int, str]:
    rows = store.rows("SELECT customer_id, tier FROM {sidecar_tier}")
    return {row["customer_id"]: row["tier"] for row in rows}


def opened(desk: Desk) -> Page:
    """The page with what its panels tell."""
    page = desk.ours("loyalty")
    expect(page.locator("#loyalty-program table")).to_be_visible(timeout=PATIENCE_MS)
    return page


def offered(page: Page) -> list[str]:
    """Commands that the page has a button for."""
    names: list[str] = page.locator("#sidecar [data-command]").evaluate_all(
        "found => found.map((one) => one.dataset.command)"
    )
    return names


def asked(desk: Desk, store: Store, name: str, **parameters: object) -> None:
    """Ask for a command by requests of one's own making, on every page; it must not be taken."""
    before = store.value("SELECT COUNT(*) FROM {sidecar_command}")
    for page in PAGES:
        desk.context.request.post(
            desk.url(f"extension/sidecar/page/{page}.ask"),
            data={"name": name, "parameters": parameters, "key": f"{desk.name} {page} {name}"},
        )
    assert store.value("SELECT COUNT(*) FROM {sidecar_command}") == before


def test_a_program_that_waits_is_told_to_whom_may_not_begin_it_without_a_button(
    cashier: Desk, store: Store, wanda: int
) -> None:
    page = opened(cashier)

    expect(page.locator("#loyalty-waiting")).to_contain_text("The program waits to begin")
    expect(page.locator("#loyalty-waiting")).to_contain_text("Who may act under Activity")
    assert "loyalty.start" not in offered(page)
    asked(cashier, store, "loyalty.start", begin=True)
    assert told(store, "loyalty.begun") is None


def test_a_program_begins_once_a_person_has_seen_what_it_gives_and_agrees(
    admin: Desk, store: Store, wanda: int
) -> None:
    gives = told(store, "loyalty.waits")
    assert isinstance(gives, dict)
    assert gives["points"] >= 700
    page = opened(admin)
    card = page.locator("#loyalty-waiting .card", has_text="The program waits to begin")
    expect(card).to_contain_text(f"{gives['points']:,} points")
    expect(card).to_contain_text(f"{gives['orders']:,} orders of {gives['customers']:,} customers")
    admin.shot("loyalty-program-waits")
    begin = card.get_by_role("button", name="Let it begin")

    admin.confirms = False
    begin.click()
    assert f"{gives['points']:,} points" in admin.asked[-1]
    assert told(store, "loyalty.begun") is None
    assert store.value("SELECT COUNT(*) FROM {sidecar_account} WHERE customer_id = %s", wanda) == 0

    admin.confirms = True
    begin.dblclick()
    expect(page.locator("#loyalty-waiting")).to_contain_text("It has begun", timeout=PATIENCE_MS)
    expect(page.locator("#loyalty-waiting")).not_to_contain_text("waits to begin")
    begun = told(store, "loyalty.begun")
    assert isinstance(begun, dict)
    assert begun["by"].startswith("admin:")
    query = "SELECT available FROM {sidecar_account} WHERE unit = 'points' AND customer_id = %s"
    until(lambda: store.value(query, wanda) == 700)
    native = "SELECT SUM(points) FROM {customer_reward} WHERE customer_id = %s"
    assert store.value(native, wanda) == 700
    expect(opened(admin).locator("#loyalty-program")).to_contain_text("Begun on")


def test_tiers_that_wait_are_shown_with_whom_they_move_and_applied_by_who_may(
    admin: Desk, cashier: Desk, store: Store, bridge: Program, wanda: int
) -> None:
    # Those of another program may hold still.
    bridge.run("tier", "apply")
    bridge.stop()
    bridge.run("once", "--yes")
    ruled(bridge, SOONER)
    before = tiers(store)
    assert before[wanda] == "Bronze <b>&</b>"

    page = opened(cashier)
    expect(page.locator("#loyalty-program .alert")).to_contain_text("Who may act under Activity")
    assert "tier.apply" not in offered(page)
    asked(cashier, store, "tier.apply", apply=True)

    page = opened(admin)
    page.get_by_role("button", name="Show what they change").click()
    plan = page.locator("#loyalty-tiers")
    expect(plan).to_contain_text("Bronze <b>&</b> → Silver:", timeout=PATIENCE_MS)
    planned = int(plan.locator("p").inner_text().split(":")[1].replace(",", ""))
    admin.shot("loyalty-tiers-wait")
    apply = page.get_by_role("button", name="Let them hold")
    admin.confirms = False
    apply.click()
    assert "Customers then change their tiers" in admin.asked[-1]
    assert tiers(store) == before

    admin.confirms = True
    apply.dblclick()
    expect(page.locator("#loyalty-program .alert-warning")).to_have_count(0, timeout=PATIENCE_MS)
    until(lambda: tiers(store)[wanda] == "Silver")
    until(lambda: told(store, "full_pass_wanted") is None)
    after = tiers(store)
    assert sum(after[one] != before.get(one) for one in after) == planned


def test_tiers_that_are_kept_until_the_review_let_nobody_fall(
    admin: Desk, store: Store, bridge: Program, wanda: int
) -> None:
    ruled(bridge, WAITS)
    assert tiers(store)[wanda] == "Silver"
    page = opened(admin)
    page.get_by_label("Nobody falls before their next review").check()
    page.get_by_role("button", name="Let them hold").click()
    expect(page.locator("#loyalty-program .alert-warning")).to_have_count(0, timeout=PATIENCE_MS)
    bridge.stop()
    bridge.run("once", "--yes")
    bridge.start()

    assert tiers(store)[wanda] == "Silver"
