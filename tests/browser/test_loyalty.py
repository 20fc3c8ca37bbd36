"""Points, store credit, tiers and cards in the admin: every act, and what it leaves behind."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from browser.desk import Desk
from browser.program import Program
from browser.store import Store
from sidecar import clock
from sidecar.sync.commands.catalogue import COMMANDS

PROGRAM = """
[loyalty]
start = 2020-01-01
expiry = "10 years"

[credit]
expiry = "1 year"
approve_above = 50

[[tier]]
name = "Bronze"
threshold = 0

[[tier]]
name = "Silver"
threshold = 1000
multiplier = 1.2
benefits = { "<b>gift</b>" = "a & 'b' \\u005c 🦊" }

[[tier]]
name = "Gold"
threshold = 5000000
multiplier = 1.5

[[earn]]
name = "welcome <i>'back'</i>"
when = 'complete_orders = 1'
points = 250
"""

HOSTILE = "<img src onerror=alert(1)> 'it' \"50%_\\ 🦊"

PATIENCE_MS = 30_000
PATIENCE_S = 30.0


@pytest.fixture(scope="module", autouse=True)
def _program(bridge: Program, store: Store, in_place: bool) -> Iterator[None]:
    """A loyalty program; what it wrote is taken back afterwards."""
    if in_place:
        yield
        return
    file = bridge.folder / "rules.d" / "loyalty.toml"
    bridge.stop()
    file.write_text(PROGRAM, "utf-8")
    bridge.run("once", "--yes")
    bridge.start()
    yield
    bridge.stop()
    file.unlink()
    bridge.run("once", "--yes")
    bridge.start()


@pytest.fixture
def member(store: Store) -> int:
    """A customer with points, and none owed."""
    found = store.value(
        "SELECT a.customer_id FROM {sidecar_account} a JOIN {customer} c USING (customer_id)"
        " WHERE a.unit = 'points' AND a.available > 5000 AND c.email NOT LIKE 'hostile%%'"
        " ORDER BY a.customer_id LIMIT 1"
    )
    assert found is not None
    return int(found)


def points(store: Store, customer: int, unit: str = "points") -> int:
    return int(
        store.value(
            "SELECT available FROM {sidecar_account} WHERE unit = %s AND customer_id = %s",
            unit,
            customer,
        )
        or 0
    )


def native(store: Store, customer: int) -> int:
    query = "SELECT COALESCE(SUM(points), 0) FROM {customer_reward} WHERE customer_id = %s"
    return int(store.value(query, customer))


def newest(store: Store, table: str, customer: int) -> dict[str, Any]:
    key = table.removeprefix("sidecar_") + "_id"
    query = f"SELECT * FROM {{{table}}} WHERE customer_id = %s ORDER BY {key} DESC LIMIT 1"
    return dict(store.rows(query, customer)[0])


def until(holds: Any) -> None:
    """Wait until something of the daemon's is so."""
    deadline = clock.monotonic() + PATIENCE_S
    while not holds():
        assert clock.monotonic() < deadline
        clock.sleep(0.2)


def tab(page: Page, name: str) -> None:
    page.locator(f".nav-tabs a[href='#loyalty-tab-{name}']").click()


def form(page: Page, command: str) -> Locator:
    return page.locator(f"[data-command='{command}']").first


def give(page: Page, command: str, number: str, reason: str) -> Locator:
    element = form(page, command)
    element.locator("[data-parameter=points]").fill(number)
    element.locator("[data-parameter=reason]").fill(reason)
    return element


# -- what holds ------------------------------------------------------------------------------


def test_the_page_tells_what_the_program_says_and_what_is_owed(admin: Desk, store: Store) -> None:
    page = admin.ours("loyalty")
    program = page.locator("#loyalty-program")

    expect(program).to_contain_text("points are worth", timeout=PATIENCE_MS)
    tiers = program.locator("tbody tr td:first-child strong").all_inner_texts()
    assert tiers == ["Bronze", "Silver", "Gold"]
    outstanding = store.value(
        "SELECT SUM(available) FROM {sidecar_account} WHERE unit = 'points' AND available > 0"
    )
    expect(page.locator("#loyalty-status dd").first).to_contain_text(f"{int(outstanding):,}")
    expect(page.locator("#loyalty-months svg").first).to_be_attached(timeout=PATIENCE_MS)
    assert admin.unlabelled() == []
    admin.shot("loyalty")


@pytest.mark.parametrize("language", ["en-gb", "de-de"])
def test_the_pages_fit_a_telephone(admin: Desk, member: int, language: str) -> None:
    admin.language(language)
    admin.narrow()
    page = admin.ours("loyalty")
    expect(page.locator("#loyalty-months svg").first).to_be_attached(timeout=PATIENCE_MS)
    assert admin.overflows() == []
    assert admin.unlabelled() == []
    admin.shot(f"loyalty-narrow-{language}")

    page = admin.ours("loyalty.info", customer_id=member)
    for name in ("points", "credit", "card"):
        tab(page, name)
        admin.rest()
        assert admin.overflows() == []
        assert admin.unlabelled() == []
        admin.shot(f"loyalty-customer-{name}-narrow-{language}")


def test_a_customers_page_leads_to_their_points(admin: Desk, member: int) -> None:
    page = admin.ours("customers.info", customer_id=member)
    page.get_by_role("link", name="Points and credit").click()
    admin.rest()

    expect(page.locator("#loyalty-balance .h3")).to_contain_text("points")
    expect(page.locator("#loyalty-lots tbody tr").first).to_be_visible()
    expect(page.locator("#loyalty-history tbody tr").first).to_be_visible()
    admin.shot("loyalty-customer")


def test_a_name_that_is_an_attack_is_text(admin: Desk, hostile: int) -> None:
    page = admin.ours("loyalty.info", customer_id=hostile)

    expect(page.locator("h2.h4")).to_contain_text("alert(1)")
    expect(page.locator("#loyalty-balance .card").first).to_be_visible(timeout=PATIENCE_MS)


def test_who_is_not_there_has_no_points(admin: Desk) -> None:
    for customer in ("99999999", "0", "x"):
        page = admin.ours("loyalty.info", customer_id=customer)
        expect(page.locator("#sidecar")).to_contain_text("no such customer")


# -- points ----------------------------------------------------------------------------------


def test_points_are_given_once_and_taken_with_the_reason(
    admin: Desk, store: Store, member: int
) -> None:
    before, rows = points(store, member), native(store, member)
    page = admin.ours("loyalty.info", customer_id=member)
    element = give(page, "points.add", "123", HOSTILE)
    element.locator("[data-submit]").dblclick()
    admin.done(element)

    assert points(store, member) == before + 123
    assert native(store, member) == rows + 123
    cause = newest(store, "sidecar_cause", member)
    assert (cause["kind"], cause["posted"], cause["reason"]) == ("adjust", 123, HOSTILE)
    assert cause["actor"].startswith("admin:")
    expect(page.locator("#loyalty-history tbody tr").first).to_contain_text("+123")
    expect(page.locator("#loyalty-history tbody tr").first).to_contain_text(HOSTILE)
    assert element.locator("[data-parameter=points]").input_value() == ""

    element = give(page, "points.deduct", "123", "a mistake")
    element.locator("[data-submit]").click()
    admin.done(element)
    assert (points(store, member), native(store, member)) == (before, rows)


def test_more_than_there_is_is_refused_and_only_owed_when_asked_for(
    admin: Desk, store: Store, member: int
) -> None:
    before = points(store, member)
    page = admin.ours("loyalty.info", customer_id=member)
    element = give(page, "points.deduct", str(before + 10), "too much")
    element.locator("[data-submit]").click()
    expect(element.locator(".alert-danger")).to_be_visible(timeout=PATIENCE_MS)
    assert points(store, member) == before

    element.locator("[data-parameter=into_debt]").check()
    element.locator("[data-submit]").click()
    expect(element.locator(".alert-success")).to_be_visible(timeout=PATIENCE_MS)
    assert points(store, member) == -10
    expect(page.locator("#loyalty-balance .h3")).to_contain_text("-10 points")
    admin.shot("loyalty-owed")

    element = give(page, "points.add", str(before + 10), "back")
    element.locator("[data-submit]").click()
    admin.done(element)
    assert points(store, member) == before


def test_points_become_a_coupon_whose_worth_is_told_before_and_are_taken_once(
    admin: Desk, store: Store, member: int
) -> None:
    before = points(store, member)
    page = admin.ours("loyalty.info", customer_id=member)
    element = form(page, "points.redeem")
    element.locator("[data-parameter=points]").fill("1255")
    quoted = page.locator("#loyalty-quoted")
    expect(quoted).to_contain_text("1,255 points become $12.55", timeout=PATIENCE_MS)
    element.locator("[data-parameter=reason]").fill(HOSTILE)
    element.get_by_role("button", name="Redeem").dblclick()

    code = page.locator("#loyalty-redeemed code")
    expect(code).to_be_visible(timeout=PATIENCE_MS)
    found = newest(store, "sidecar_redemption", member)
    assert (found["state"], found["value"], found["code"]) == ("open", 125_500, code.inner_text())
    assert points(store, member) == before - 1255
    coupon = store.rows("SELECT * FROM {coupon} WHERE coupon_id = %s", found["coupon_id"])[0]
    assert (coupon["code"], float(coupon["discount"])) == (found["code"], 12.55)
    admin.shot("loyalty-coupon")

    row = page.locator(f"#loyalty-coupons [data-redemption='{found['redemption_id']}']")
    row.locator("summary").click()
    row.locator("[data-parameter=reason]").fill("not wanted")
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_contain_text("ended, points come back", timeout=PATIENCE_MS)
    assert newest(store, "sidecar_redemption", member)["state"] == "closing"
    # Somebody else's page tells it as well.
    page = admin.ours("loyalty")
    row = page.locator(f"#loyalty-redemptions [data-redemption='{found['redemption_id']}']")
    expect(row).to_contain_text("ended, points come back")


def test_points_become_store_credit(admin: Desk, store: Store, member: int) -> None:
    before, credit = points(store, member), points(store, member, "credit")
    page = admin.ours("loyalty.info", customer_id=member)
    element = form(page, "points.redeem")
    element.locator("[data-parameter=points]").fill("200")
    element.locator("[data-parameter=becomes]").select_option("credit")
    element.get_by_role("button", name="Redeem").click()

    told = page.locator("#loyalty-redeemed")
    expect(told).to_contain_text("200 points became $2.00 of store credit", timeout=PATIENCE_MS)
    assert points(store, member) == before - 200
    assert points(store, member, "credit") == credit + 20_000


def test_too_few_points_are_told_before_anything_is_redeemed(
    admin: Desk, store: Store, member: int
) -> None:
    before = points(store, member)
    page = admin.ours("loyalty.info", customer_id=member)
    form(page, "points.redeem").locator("[data-parameter=points]").fill("5")

    expect(page.locator("#loyalty-quoted")).to_contain_text(
        "at least 100 points are redeemed at once", timeout=PATIENCE_MS
    )
    assert points(store, member) == before


def test_an_order_whose_points_were_removed_in_the_store_earns_again(
    admin: Desk, store: Store, member: int
) -> None:
    before = points(store, member)
    row = store.rows(
        "SELECT customer_reward_id, order_id, points FROM {customer_reward}"
        " WHERE customer_id = %s AND order_id > 0 AND points > 0 ORDER BY order_id DESC LIMIT 1",
        member,
    )[0]
    query = "DELETE FROM {customer_reward} WHERE customer_reward_id = %s"
    store.rows(query, row["customer_reward_id"])
    until(lambda: points(store, member) < before)

    page = admin.ours("loyalty.info", customer_id=member)
    overruled = page.locator("#loyalty-overruled li")
    expect(overruled).to_contain_text(f"order #{row['order_id']}")
    overruled.locator("[data-parameter=reason]").fill("it was wrong")
    overruled.get_by_role("button").click()
    expect(overruled).to_have_count(0, timeout=PATIENCE_MS)
    assert points(store, member) == before


# -- tiers -----------------------------------------------------------------------------------


def test_a_tier_is_locked_until_a_day_with_a_reason_and_unlocked(
    admin: Desk, store: Store, member: int
) -> None:
    query = "SELECT * FROM {sidecar_tier} WHERE customer_id = %s"
    before = store.rows(query, member)[0]["tier"]
    page = admin.ours("loyalty.info", customer_id=member)
    balance = page.locator("#loyalty-balance")
    balance.locator("summary").click()
    balance.locator("[data-parameter=tier]").select_option("Bronze")
    balance.locator("[data-parameter=until]").fill("2097-12-31")
    balance.locator("[data-parameter=reason]").fill(HOSTILE)
    balance.locator("[data-command='tier.lock'] [data-submit]").click()
    unlock = balance.get_by_role("button", name="Unlock")
    expect(unlock).to_be_visible(timeout=PATIENCE_MS)
    expect(balance).to_contain_text(HOSTILE)
    locked = store.rows(query, member)[0]
    assert (locked["tier"], locked["lock_tier"], locked["lock_reason"]) == (
        "Bronze",
        "Bronze",
        HOSTILE,
    )
    admin.shot("loyalty-locked")

    unlock.click()
    expect(unlock).to_have_count(0, timeout=PATIENCE_MS)
    assert store.rows(query, member)[0]["lock_tier"] is None
    assert store.rows(query, member)[0]["tier"] == before


# -- cards -----------------------------------------------------------------------------------


def scanned(element: Locator, picture: Path) -> str:
    element.screenshot(path=picture)
    read = subprocess.run(
        ["zbarimg", "--quiet", "--raw", "--nodbus", str(picture)],
        capture_output=True,
        encoding="utf-8",
        timeout=30,
    )
    return read.stdout.strip()


def test_a_card_is_drawn_printed_and_found_by_its_number(
    admin: Desk, store: Store, member: int, tmp_path: Path
) -> None:
    query = "SELECT number FROM {sidecar_card} WHERE customer_id = %s AND holds = 1"
    number = str(store.value(query, member))
    page = admin.ours("loyalty.info", customer_id=member)
    tab(page, "card")
    assert scanned(page.locator("sidecar-qr"), tmp_path / "qr.png") == number
    assert scanned(page.locator("sidecar-barcode"), tmp_path / "bars.png") == number
    admin.shot("loyalty-card")

    page = admin.ours("loyalty.card", customer_id=member)
    assert scanned(page.locator("main sidecar-qr"), tmp_path / "printed.png") == number
    admin.shot("loyalty-card-print")

    page = admin.ours("loyalty")
    page.locator("#loyalty-number").fill(re.sub(r"(\d{4})", r"\1-", number).strip("-"))
    page.keyboard.press("Enter")
    page.locator("#loyalty-found a").click()
    assert f"customer_id={member}" in page.url


@pytest.mark.parametrize(
    ("number", "said"),
    [("1234", "no card's number"), (HOSTILE, "no card's number")],
)
def test_what_is_no_cards_number_is_told(admin: Desk, number: str, said: str) -> None:
    page = admin.ours("loyalty")
    page.locator("#loyalty-number").fill(number)
    page.get_by_role("button", name="Find").click()

    expect(page.locator("#loyalty-found")).to_contain_text(said, timeout=PATIENCE_MS)


def test_a_card_is_issued_anew_with_a_reason(admin: Desk, store: Store, member: int) -> None:
    query = "SELECT number, reason FROM {sidecar_card} WHERE customer_id = %s AND holds = 1"
    before = store.rows(query, member)[0]["number"]
    page = admin.ours("loyalty.info", customer_id=member)
    tab(page, "card")
    element = form(page, "card.reissue")
    element.locator("[data-parameter=reason]").fill(HOSTILE)
    element.locator("[data-submit]").dblclick()
    expect(page.locator("#loyalty-cards")).to_contain_text("Earlier cards", timeout=PATIENCE_MS)

    now = store.rows(query, member)[0]
    assert (now["number"] != before, now["reason"]) == (True, HOSTILE)
    expect(page.locator("#loyalty-card-number")).to_have_text(
        re.sub(r"(\d{4})(?=\d)", r"\1 ", now["number"])
    )
    page = admin.ours("loyalty")
    page.locator("#loyalty-number").fill(before)
    page.get_by_role("button", name="Find").click()
    expect(page.locator("#loyalty-found")).to_contain_text("has ended", timeout=PATIENCE_MS)


# -- store credit ----------------------------------------------------------------------------


def issue(page: Page, amount: str, reason: str) -> Locator:
    tab(page, "credit")
    element = form(page, "credit.issue")
    element.locator("[data-parameter=amount]").fill(amount)
    element.locator("[data-parameter=reason]").fill(reason)
    element.locator("[data-parameter=until]").fill("2097-12-31")
    return element


def test_store_credit_is_issued_once_to_the_last_decimal_and_what_is_left_expires(
    admin: Desk, store: Store, member: int
) -> None:
    before = points(store, member, "credit")
    page = admin.ours("loyalty.info", customer_id=member)
    element = issue(page, "12.3456", HOSTILE)
    element.locator("[data-submit]").dblclick()
    admin.done(element)

    assert points(store, member, "credit") == before + 123_456
    issued = newest(store, "sidecar_issue", member)
    assert (issued["amount"], issued["kind"], issued["state"]) == (123_456, "goodwill", "issued")
    assert issued["reason"] == HOSTILE
    row = page.locator(f"#loyalty-credit [data-issue='{issued['issue_id']}']")
    expect(row).to_contain_text("$12.3456")
    expect(row).to_contain_text("through 31/12/2097")
    admin.shot("loyalty-credit")

    row.locator("summary").click()
    row.locator("[data-parameter=reason]").fill("given in error")
    row.get_by_role("button").click()
    expect(row.locator("summary")).to_have_count(0, timeout=PATIENCE_MS)
    assert points(store, member, "credit") == before


def test_an_order_is_refunded_as_store_credit_up_to_what_it_cost(
    admin: Desk, store: Store, member: int
) -> None:
    before = points(store, member, "credit")
    order = store.rows(
        "SELECT order_id, total FROM {order} WHERE customer_id = %s AND order_status_id > 0"
        " AND total > 20 ORDER BY order_id LIMIT 1",
        member,
    )[0]
    other = store.value("SELECT MIN(order_id) FROM {order} WHERE customer_id <> %s", member)
    page = admin.ours("loyalty.info", customer_id=member)
    element = issue(page, "10.5", HOSTILE)
    element.locator("[data-parameter=until]").fill("")
    for kind, number, amount, why in (
        ("goodwill", order["order_id"], "10.5", "only a refund is of an order"),
        ("refund", other, "10.5", f"{other}"),
        ("refund", order["order_id"], str(order["total"] + 1), f"{order['order_id']}"),
    ):
        element.locator("[data-parameter=kind]").select_option(kind)
        element.locator("[data-parameter=order]").fill(str(number))
        element.locator("[data-parameter=amount]").fill(amount)
        element.locator("[data-submit]").click()
        expect(element.locator(".alert-danger")).to_contain_text(why, timeout=PATIENCE_MS)
    assert points(store, member, "credit") == before

    element.locator("[data-parameter=amount]").fill("10.5")
    element.locator("[data-submit]").dblclick()
    expect(element.locator(".alert-success")).to_be_visible(timeout=PATIENCE_MS)
    assert points(store, member, "credit") == before + 105_000
    issued = newest(store, "sidecar_issue", member)
    assert (issued["kind"], issued["order_id"], issued["amount"], issued["state"]) == (
        "refund",
        order["order_id"],
        105_000,
        "issued",
    )
    assert (issued["reason"], issued["expires_at"]) == (HOSTILE, None)
    row = page.locator(f"#loyalty-credit [data-issue='{issued['issue_id']}']")
    expect(row).to_contain_text(f"order #{order['order_id']}")
    query = (
        "SELECT amount FROM {customer_transaction} WHERE customer_id = %s"
        " ORDER BY customer_transaction_id DESC LIMIT 1"
    )
    assert float(store.value(query, member)) == 10.5
    admin.shot("loyalty-refund")


def test_much_store_credit_waits_for_another_person(admin: Desk, store: Store, member: int) -> None:
    before = points(store, member, "credit")
    page = admin.ours("loyalty.info", customer_id=member)
    element = issue(page, "60", "much")
    element.locator("[data-submit]").click()
    expect(element.locator(".alert-info")).to_be_visible(timeout=PATIENCE_MS)
    waits = newest(store, "sidecar_issue", member)
    assert (waits["state"], points(store, member, "credit")) == ("waiting", before)

    page = admin.ours("loyalty")
    row = page.locator(f"#loyalty-issues [data-issue='{waits['issue_id']}']")
    expect(row).to_contain_text("another person decides")
    expect(row.get_by_role("button")).to_have_count(0)
    # Nor by a request of one's own making.
    answer = page.request.post(
        admin.url("extension/sidecar/page/loyalty.ask"),
        data={
            "name": "credit.approve",
            "parameters": {"issue": int(waits["issue_id"])},
            "key": f"own {waits['issue_id']}",
        },
    ).json()
    state = "SELECT state FROM {sidecar_command} WHERE command_id = %s"
    until(lambda: store.value(state, answer["command"]) == "failed")
    assert newest(store, "sidecar_issue", member)["state"] == "waiting"

    set_actor = "UPDATE {sidecar_issue} SET actor = 'admin:<b>other</b>' WHERE issue_id = %s"
    store.rows(set_actor, waits["issue_id"])
    page = admin.ours("loyalty")
    row = page.locator(f"#loyalty-issues [data-issue='{waits['issue_id']}']")
    expect(row).to_contain_text("<b>other</b>")
    admin.shot("loyalty-waiting")
    row.get_by_role("button", name="Approve").dblclick()
    expect(row).to_have_count(0, timeout=PATIENCE_MS)
    assert points(store, member, "credit") == before + 600_000
    assert newest(store, "sidecar_issue", member)["decided_by"].startswith("admin:")


def test_what_waits_is_refused_only_with_a_reason(admin: Desk, store: Store, member: int) -> None:
    page = admin.ours("loyalty.info", customer_id=member)
    element = issue(page, "70", "much")
    element.locator("[data-submit]").click()
    expect(element.locator(".alert-info")).to_be_visible(timeout=PATIENCE_MS)
    number = newest(store, "sidecar_issue", member)["issue_id"]
    store.rows("UPDATE {sidecar_issue} SET actor = 'admin:other' WHERE issue_id = %s", number)
    page = admin.ours("loyalty")
    row = page.locator(f"#loyalty-issues [data-issue='{number}']")

    row.get_by_role("button", name="Refuse").click()
    page.wait_for_timeout(300)
    assert newest(store, "sidecar_issue", member)["state"] == "waiting"
    row.locator("[data-parameter=reason]").fill(HOSTILE)
    row.get_by_role("button", name="Refuse").click()
    expect(row).to_have_count(0, timeout=PATIENCE_MS)
    refused = newest(store, "sidecar_issue", member)
    assert (refused["state"], refused["decided_reason"]) == ("refused", HOSTILE)


# -- the store's rows ------------------------------------------------------------------------


def test_what_somebody_altered_in_the_store_is_found_told_and_mended(
    admin: Desk, store: Store, member: int
) -> None:
    row = store.rows(
        "SELECT customer_reward_id, points FROM {customer_reward} WHERE customer_id = %s"
        " AND description LIKE '%%[sidecar:%%' AND points > 0 ORDER BY 1 LIMIT 1",
        member,
    )[0]
    number, right = row["customer_reward_id"], row["points"]
    change = "UPDATE {customer_reward} SET points = %s WHERE customer_reward_id = %s"
    store.rows(change, right + 7, number)
    read = "SELECT points FROM {customer_reward} WHERE customer_reward_id = %s"
    page = admin.ours("loyalty")
    page.get_by_role("button", name="Compare").click()
    drift = page.locator("#loyalty-drift")
    expect(drift).to_contain_text("altered in the store", timeout=PATIENCE_MS)
    assert store.value(read, number) == right + 7
    admin.shot("loyalty-drift")
    # The same is a finding, with its explanation.
    page = admin.ours("loyalty")
    expect(page.locator("#loyalty-findings")).to_contain_text("Somebody changed the points")

    page.get_by_role("button", name="Compare").click()
    drift.get_by_role("button", name="Mend").click()
    expect(drift.locator(".badge.bg-success").first).to_be_visible(timeout=PATIENCE_MS)
    assert store.value(read, number) == right


# -- rights ----------------------------------------------------------------------------------


def test_who_has_the_right_of_loyalty_only_is_offered_what_they_may_do_and_nothing_else(
    cashier: Desk, store: Store, member: int
) -> None:
    areas = {command.name: command.area for command in COMMANDS}
    offered = set()
    for method in ("", ".info"):
        page = cashier.ours(f"loyalty{method}", customer_id=member)
        expect(page.locator("#loyalty-program table, #loyalty-balance .card").first).to_be_visible(
            timeout=PATIENCE_MS
        )
        offered |= set(
            page.locator("#sidecar [data-command]").evaluate_all(
                "found => found.map((one) => one.dataset.command)"
            )
        )
        assert page.locator("#sidecar [data-submit]:not([data-command] *)").count() == 0
    assert {areas[name] for name in offered} == {"points", "credit"}
    assert {"points.add", "points.redeem", "tier.lock", "card.reissue", "credit.issue"} <= offered

    page = cashier.ours("loyalty")
    expect(page.locator("#sidecar")).to_contain_text("Who may act under Status can compare.")
    before = points(store, member)
    page = cashier.ours("loyalty.info", customer_id=member)
    element = give(page, "points.add", "7", "by the cashier")
    element.locator("[data-submit]").click()
    cashier.done(element)
    assert points(store, member) == before + 7
    element = give(page, "points.deduct", "7", "and back")
    element.locator("[data-submit]").click()
    cashier.done(element)
    assert newest(store, "sidecar_cause", member)["actor"] == "admin:sidecar-cashier"


def test_who_has_no_right_sees_nothing_and_asks_for_nothing(
    clerk: Desk, store: Store, member: int
) -> None:
    before = store.value("SELECT COUNT(*) FROM {sidecar_command}")
    methods = ("", ".info", ".waiting", ".redemptions", ".lots", ".history", ".coupons")
    for method in (*methods, ".cards", ".credit", ".card", ".overruled", ".balance", ".program"):
        page = clerk.ours(f"loyalty{method}", customer_id=member)
        assert page.locator("[id^=loyalty], sidecar-qr, code").count() == 0, method
    for name, parameters in (
        ("points.add", {"customer": member, "points": 1, "reason": "x"}),
        ("credit.issue", {"customer": member, "amount": "1", "kind": "gift", "reason": "x"}),
        ("loyalty.status", {}),
    ):
        answer = page.request.post(
            clerk.url("extension/sidecar/page/loyalty.ask"),
            data={"name": name, "parameters": parameters, "key": f"clerk {name}"},
        )
        assert "command" not in answer.text()

    assert store.value("SELECT COUNT(*) FROM {sidecar_command}") == before
    assert all("401" in trouble for trouble in clerk.troubles), clerk.troubles
    clerk.troubles.clear()


def test_who_may_only_look_sees_no_form_and_acts_by_no_request(reader: Desk, member: int) -> None:
    page = reader.ours("loyalty.info", customer_id=member)
    expect(page.locator("#loyalty-balance .h3")).to_be_visible(timeout=PATIENCE_MS)
    assert page.locator("#sidecar [data-submit]").count() == 0
    page = reader.ours("loyalty")
    expect(page.locator("#loyalty-program table")).to_be_visible(timeout=PATIENCE_MS)
    assert page.locator("#sidecar [data-submit]").count() == 1  # finding a card
    answer = page.request.post(
        reader.url("extension/sidecar/page/loyalty.ask"),
        data={
            "name": "points.add",
            "parameters": {"customer": member, "points": 1, "reason": "x"},
            "key": "reader looks",
        },
    ).json()
    assert set(answer) == {"error"}
