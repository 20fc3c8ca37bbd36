"""One customer: our page, our tab in the store's own form, and badges in the store's own list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from browser.desk import Desk
from browser.program import Program
from browser.store import Store

#: A command takes as long as the daemon is busy with others.
SOON_MS = 40_000

TAG = 'tea & <b>"50%_\\ o\'clock" 🦊'
REASON = "asked at the fair: <i>'yes'</i> 🦊"

#: More than a page of the timeline.
NOTES = 30


@pytest.fixture
def somebody(store: Store, admin: Desk) -> int:
    """A customer with many orders, whom the rule gives ``vip``."""
    row = store.rows(
        "SELECT customer_id, total_spent FROM {sidecar_customer} ORDER BY orders DESC, 1 LIMIT 1"
    )[0]
    assert row["total_spent"] > 1000 * 10000
    return int(row["customer_id"])


@pytest.fixture
def notes(store: Store, somebody: int) -> Iterator[list[str]]:
    """Comments on the last order of `somebody`, the newest first."""
    order = store.value("SELECT MAX(order_id) FROM {order} WHERE customer_id = %s", somebody)
    last = store.value("SELECT COALESCE(MAX(order_history_id), 0) FROM {order_history}")
    texts = [f"note {number}." for number in range(NOTES)]
    for number, text in enumerate(texts):
        store.rows(
            "INSERT INTO {order_history} (order_id, order_status_id, notify, comment, date_added)"
            " SELECT order_id, order_status_id, 0, %s, date_added + INTERVAL %s SECOND"
            " FROM {order} WHERE order_id = %s",
            text,
            number + 1,
            order,
        )
    yield texts[::-1]
    store.rows(
        "DELETE FROM {order_history} WHERE order_history_id > %s AND comment LIKE 'note %%.'", last
    )


def asserted(store: Store, customer: int, tag: str) -> list[dict[str, object]]:
    """Who says that the customer has the tag, or must not have it."""
    return store.rows(
        "SELECT a.source_kind, a.until, a.actor, a.reason FROM {sidecar_assertion} a"
        " JOIN {sidecar_tag} t ON t.tag_id = a.tag_id WHERE a.customer_id = %s AND t.name = %s",
        customer,
        tag,
    )


def standing(page: Page, tag: str) -> Locator:
    """What our page says of one tag."""
    return page.locator("#sidecar-standing .list-group-item", has_text=tag)


def open_tab(desk: Desk, customer: int) -> Page:
    """The store's own form of the customer, at our tab."""
    page = desk.goto("customer/customer.form", customer_id=customer)
    page.locator('a[href="#tab-sidecar"]').click()
    expect(page.locator("#sidecar-standing")).to_be_visible(timeout=SOON_MS)
    return page


def see_charts(page: Page) -> None:
    """Wait for the charts, which are asked for when the screen comes near them."""
    page.locator("#sidecar-overview .col-lg-7").scroll_into_view_if_needed()
    expect(page.locator("sidecar-chart svg")).to_have_count(3, timeout=SOON_MS)


def give(page: Page, tag: str, until: str = "") -> None:
    page.get_by_label("Tag", exact=True).fill(tag)
    page.get_by_label("Until (day included)").fill(until)
    page.locator("#sidecar-reason").fill(REASON)
    page.get_by_role("button", name="Add tag").click()


def test_the_list_leads_to_the_page_of_a_customer(admin: Desk, somebody: int, store: Store) -> None:
    email = store.value("SELECT email FROM {customer} WHERE customer_id = %s", somebody)
    page = admin.ours("customers", search=email)
    page.locator("#customers-list tbody a").first.click()
    admin.rest()

    assert parse_qs(page.url)["customer_id"] == [str(somebody)]
    expect(page.locator("h2")).to_be_visible()
    expect(page.locator("#content")).to_contain_text(f"Customer {somebody}")
    expect(page.locator("#content")).to_contain_text(email)


def test_a_tag_is_given_until_a_day_taken_off_and_given_back(
    admin: Desk, somebody: int, store: Store
) -> None:
    page = admin.ours("customers.info", customer_id=somebody)
    give(page, TAG, "2099-12-30")

    expect(page.locator(".sidecar-tag", has_text=TAG)).to_be_visible(timeout=SOON_MS)
    expect(standing(page, TAG)).to_contain_text("set by admin")
    expect(standing(page, TAG)).to_contain_text(REASON)
    (said,) = asserted(store, somebody, TAG)
    assert (said["source_kind"], said["actor"], said["reason"]) == ("pin_in", "admin:admin", REASON)
    until = datetime.fromtimestamp(int(str(said["until"])), UTC)
    assert "2099-12-30 10" <= f"{until:%Y-%m-%d %H}" <= "2099-12-31 13"
    admin.shot("customer-tag")

    admin.confirms = False
    page.get_by_role("button", name=f"Remove: {TAG}").click()
    assert TAG in admin.asked[0]
    assert [row["source_kind"] for row in asserted(store, somebody, TAG)] == ["pin_in"]
    admin.confirms = True
    page.get_by_role("button", name=f"Remove: {TAG}").click()

    expect(standing(page, TAG)).to_have_count(0, timeout=SOON_MS)
    assert asserted(store, somebody, TAG) == []

    give(page, TAG)
    expect(standing(page, TAG)).to_contain_text("set by admin", timeout=SOON_MS)
    assert [row["until"] for row in asserted(store, somebody, TAG)] == [None]
    # Nobody but a person gives it: to give it back would be to remove it.
    assert page.get_by_role("button", name=f"Give back to automatic: {TAG}").count() == 0
    page.get_by_role("button", name=f"Remove: {TAG}").click()

    expect(standing(page, TAG)).to_have_count(0, timeout=SOON_MS)
    assert asserted(store, somebody, TAG) == []


def test_a_tag_of_a_rule_comes_back_when_the_rules_decide_again(
    admin: Desk, somebody: int, store: Store
) -> None:
    page = admin.ours("customers.info", customer_id=somebody)
    expect(standing(page, "vip")).to_contain_text("by a rule")
    page.get_by_role("button", name="Remove: vip").click()
    expect(standing(page, "vip")).to_contain_text("taken off by a person", timeout=SOON_MS)
    kinds = {row["source_kind"] for row in asserted(store, somebody, "vip")}
    assert "pin_out" in kinds

    page.get_by_role("button", name="Give back to automatic: vip").click()

    expect(page.locator(".sidecar-tag", has_text="vip")).to_be_visible(timeout=SOON_MS)
    assert [row["source_kind"] for row in asserted(store, somebody, "vip")] == ["rule"]


def test_a_group_set_by_hand_needs_a_reason_and_is_given_back(
    admin: Desk, somebody: int, store: Store
) -> None:
    group = "SELECT customer_group_id FROM {customer} WHERE customer_id = %s"
    pins = "SELECT target_id, actor, reason FROM {sidecar_pin} WHERE customer_id = %s"
    before = store.value(group, somebody)
    other = store.value(
        "SELECT customer_group_id FROM {customer_group} ORDER BY customer_group_id = %s, 1 LIMIT 1",
        before,
    )
    page = admin.ours("customers.info", customer_id=somebody)
    page.get_by_text("Set by hand").click()
    setting = page.locator("[data-command='group.set']")
    setting.get_by_label("Group").select_option(f"#{other}")
    setting.get_by_role("button", name="Set group").click()
    expect(setting.locator("[data-progress] .alert-danger")).to_contain_text(
        "reason", timeout=SOON_MS
    )
    assert store.value(group, somebody) == before

    setting.get_by_label("Reason (required)").fill(REASON)
    setting.get_by_role("button", name="Set group").click()

    expect(page.locator("#sidecar-standing")).to_contain_text("set by admin", timeout=SOON_MS)
    expect(page.locator("#sidecar-standing")).to_contain_text(REASON)
    assert store.value(group, somebody) == other
    assert store.rows(pins, somebody) == [
        {"target_id": other, "actor": "admin:admin", "reason": REASON}
    ]
    admin.shot("customer-group")

    page.locator("[data-command='group.auto'] button").click()

    expect(page.locator("[data-command='group.auto']")).to_have_count(0, timeout=SOON_MS)
    assert store.rows(pins, somebody) == []


def test_the_segments_of_a_customer_are_those_of_the_command_line(
    admin: Desk, bridge: Program, somebody: int
) -> None:
    told = bridge.json("explain", str(somebody))
    page = admin.ours("customers.info", customer_id=somebody)

    shown = page.locator(".sidecar-segment").all_inner_texts()
    assert shown
    assert sorted(shown) == sorted(n for n, one in told["segment"].items() if one["holds"])


def test_purchases_are_told_in_numbers_and_charts(admin: Desk, somebody: int, store: Store) -> None:
    row = store.rows("SELECT * FROM {sidecar_customer} WHERE customer_id = %s", somebody)[0]
    page = admin.ours("customers.info", customer_id=somebody)
    numbers = page.locator("[data-asks='customer.show'] dl").first
    expect(numbers).to_be_visible(timeout=SOON_MS)

    expect(numbers.locator("dt:text-is('Orders') + dd")).to_have_text(str(row["orders"]))
    spent = numbers.locator("dt:text-is('Total spent') + dd").inner_text()
    assert re.sub(r"[^\d.]", "", spent) == f"{row['total_spent'] / 10000:.2f}"
    see_charts(page)
    sizes = page.locator("sidecar-chart[title='Orders by units'] td").all_text_contents()
    assert sum(map(int, sizes)) == row["orders"]


def test_facts_and_reasons_are_asked_for_when_their_tab_opens(
    admin: Desk, somebody: int, store: Store
) -> None:
    asked = "SELECT COUNT(*) FROM {sidecar_command} WHERE name = 'explain'"
    orders = store.value("SELECT orders FROM {sidecar_customer} WHERE customer_id = %s", somebody)
    page = admin.ours("customers.info", customer_id=somebody)
    before = store.value(asked)

    page.get_by_role("tab", name="Facts").click()
    fact = page.locator("#sidecar-facts tr", has=page.locator("th:text-is('Orders')"))
    expect(fact.locator("td")).to_have_text(str(orders), timeout=SOON_MS)
    assert store.value(asked) == before
    admin.shot("customer-facts")

    page.get_by_role("tab", name="Why").click()
    vip = page.locator("#sidecar-why details", has=page.locator("strong:text-is('vip')"))
    expect(vip).to_be_visible(timeout=SOON_MS)
    assert store.value(asked) == before + 1
    vip.locator("summary").click()
    expect(vip.locator("tbody code")).to_have_text("total_spent > 1000")
    expect(vip.locator("tbody .text-success")).to_be_visible()
    admin.shot("customer-why")


def test_the_timeline_has_a_filter_and_goes_back_in_time(
    admin: Desk, somebody: int, notes: list[str]
) -> None:
    page = admin.ours("customers.info", customer_id=somebody)
    page.get_by_role("tab", name="Timeline").click()
    history = page.locator("#sidecar-timeline")
    history.get_by_role("link", name="Tags").click()
    expect(history.locator("[aria-current]")).to_have_text("Tags")
    expect(history.locator("li.list-group-item").first).to_be_visible()
    told = history.locator("li.list-group-item").all_inner_texts()
    assert all(line.startswith(("Tag gained", "Tag lost")) for line in told), told

    history.get_by_role("link", name="Orders").click()
    expect(history.locator("[aria-current]")).to_have_text("Orders")
    found: list[str] = []
    for _ in range(20):
        admin.rest()
        lines = history.locator("li.list-group-item")
        found += re.findall(r"note \d+\.", " ".join(lines.all_inner_texts()))
        older = history.get_by_role("link", name="Older")
        if len(found) >= NOTES or not older.count():
            break
        assert lines.count() == 25
        older.click()
    assert found == notes
    admin.shot("customer-timeline")

    history.get_by_role("link", name="Newest").click()
    expect(history.get_by_role("link", name="Newest")).to_have_count(0)
    expect(history.locator("[aria-current]")).to_have_text("Orders")


def test_our_tab_in_the_stores_form_loads_when_it_opens(admin: Desk, somebody: int) -> None:
    loaded: list[str] = []

    def note(request: Request) -> None:
        if "sidecar/page/" in request.url:
            loaded.append(request.url)

    admin.page.on("request", note)
    try:
        page = admin.goto("customer/customer.form", customer_id=somebody)
        assert loaded == []
        page.locator('a[href="#tab-sidecar"]').click()
        see_charts(page)
    finally:
        admin.page.remove_listener("request", note)

    assert "customers.tab" in loaded[0]
    expect(standing(page, "vip")).to_be_visible()
    page.get_by_role("tab", name="Facts").click()
    expect(page.locator("#sidecar-facts table").first).to_be_visible(timeout=SOON_MS)
    expect(page.locator("#tab-sidecar")).to_be_visible()
    admin.shot("customer-tab")


def test_enter_in_our_tab_gives_the_tag_and_saves_nothing_of_the_store(
    admin: Desk, somebody: int, store: Store
) -> None:
    page = open_tab(admin, somebody)
    saved: list[str] = []

    def note(request: Request) -> None:
        if "customer.save" in request.url:
            saved.append(request.url)

    admin.page.on("request", note)
    address = page.url
    try:
        page.get_by_label("Tag", exact=True).fill("by enter")
        page.locator("#sidecar-reason").press("Enter")
        expect(page.locator(".sidecar-tag", has_text="by enter")).to_be_visible(timeout=SOON_MS)
    finally:
        admin.page.remove_listener("request", note)

    assert (saved, page.url) == ([], address)
    assert [row["source_kind"] for row in asserted(store, somebody, "by enter")] == ["pin_in"]
    page.get_by_role("button", name="Remove: by enter").click()
    expect(standing(page, "by enter")).to_have_count(0, timeout=SOON_MS)


def test_the_stores_form_saves_nothing_of_ours(admin: Desk, somebody: int, store: Store) -> None:
    before = store.value("SELECT COUNT(*) FROM {sidecar_command} WHERE name LIKE 'tag.%%'")
    page = open_tab(admin, somebody)
    see_charts(page)
    page.get_by_label("Tag", exact=True).fill("never given")
    page.locator("#sidecar-reason").fill("never said")
    ours = page.locator("#tab-sidecar [name], #tab-sidecar form")
    assert ours.count() == 0

    with page.expect_request("**customer.save**") as posted:
        page.locator("#content .page-header button[type=submit]").click()
    expect(page.locator("#alert .alert-success")).to_be_visible()

    body = posted.value.post_data or ""
    assert "firstname" in parse_qs(body, keep_blank_values=True)
    assert "never" not in body
    assert before == store.value("SELECT COUNT(*) FROM {sidecar_command} WHERE name LIKE 'tag.%%'")
    assert asserted(store, somebody, "never given") == []


def test_badges_stand_beside_the_names_in_the_stores_list(
    admin: Desk, somebody: int, store: Store
) -> None:
    email = store.value("SELECT email FROM {customer} WHERE customer_id = %s", somebody)
    page = admin.goto("customer/customer", filter_email=email)

    badges = page.locator("#content tbody tr", has_text=email).locator(".sidecar-badges .badge")
    expect(badges.filter(has_text="vip")).to_be_visible()
    number = store.value(
        "SELECT COUNT(DISTINCT tag_id) FROM {sidecar_assertion} a WHERE customer_id = %s"
        " AND source_kind <> 'pin_out'",
        somebody,
    )
    assert badges.count() == number
    admin.shot("customer-badges")


@pytest.mark.parametrize("language", ["en-gb", "de-de"])
def test_the_page_fits_a_telephone_and_everything_has_a_name(
    admin: Desk, somebody: int, language: str
) -> None:
    admin.language(language)
    admin.narrow()
    german = language == "de-de"
    page = admin.ours("customers.info", customer_id=somebody)
    see_charts(page)
    page.get_by_text("Von Hand setzen" if german else "Set by hand").click()
    assert (admin.overflows(), admin.unlabelled()) == ([], [])
    admin.shot(f"customer-{language}-narrow")

    filled = {"why": "details", "facts": "table", "history": "time"}
    for name, content in filled.items():
        page.locator(f'a[href="#sidecar-{name}"]').click()
        expect(page.locator(f"#sidecar-{name} {content}").first).to_be_visible(timeout=SOON_MS)
        assert (admin.overflows(), admin.unlabelled()) == ([], []), name
        admin.shot(f"customer-{name}-{language}-narrow")
    expect(page.get_by_role("tab", name="Chronik" if german else "Timeline")).to_be_visible()


@pytest.mark.parametrize("language", ["en-gb", "de-de"])
def test_the_tab_fits_a_telephone(admin: Desk, somebody: int, language: str) -> None:
    admin.language(language)
    admin.narrow()
    page = open_tab(admin, somebody)
    see_charts(page)

    assert [each for each in admin.overflows() if "sidecar" in each.lower()] == []
    wide = page.locator("#tab-sidecar").evaluate(
        "(tab) => [...tab.querySelectorAll('*')].filter((each) => each.checkVisibility()"
        " && !each.closest('.visually-hidden')"
        " && each.getBoundingClientRect().right > innerWidth + 1).map((each) => each.outerHTML)"
    )
    assert wide == []
    admin.shot(f"customer-tab-{language}-narrow")


def test_who_may_only_look_sees_everything_and_no_button(reader: Desk, somebody: int) -> None:
    page = reader.ours("customers.info", customer_id=somebody)
    expect(standing(page, "vip")).to_be_visible()
    see_charts(page)
    assert page.locator("#sidecar [data-submit], #sidecar [data-command]").count() == 0
    assert page.locator("#sidecar-tag").count() == 0
    reader.shot("customer-reader")

    page = open_tab(reader, somebody)
    expect(standing(page, "vip")).to_be_visible()
    see_charts(page)
    assert page.locator("#tab-sidecar [data-submit], #tab-sidecar [data-command]").count() == 0


def test_who_has_no_right_has_neither_tab_nor_badges(clerk: Desk, somebody: int) -> None:
    page = clerk.goto("customer/customer.form", customer_id=somebody)
    expect(page.locator('a[href="#tab-general"]')).to_be_visible()
    assert page.locator("[href='#tab-sidecar'], #tab-sidecar").count() == 0
    clerk.goto("customer/customer")
    assert page.locator("#content tbody tr").count() > 1
    assert page.locator(".sidecar-badges").count() == 0


def test_a_customer_who_is_not_there_is_told_of_in_words(admin: Desk) -> None:
    page = admin.ours("customers.info", customer_id=99_999_999)

    expect(page.locator("#sidecar")).to_contain_text("no such customer")


def test_without_the_daemon_what_is_known_stands_and_what_is_asked_for_waits(
    admin: Desk, bridge: Program, somebody: int, store: Store, in_place: bool
) -> None:
    if in_place:
        pytest.skip("the daemon is not ours to stop")
    bridge.stop()
    try:
        page = admin.ours("customers.info", customer_id=somebody)
        expect(page.locator("#sidecar-daemon .alert")).to_contain_text("The sidecar is not running")
        expect(standing(page, "vip")).to_be_visible()
        panel = page.locator("[data-asks='customer.show']").first
        expect(panel.locator(".alert-info")).to_contain_text("when it runs again")
        admin.shot("customer-down")
        with page.expect_response("**customers.ask**"):
            give(page, "patience")
        expect(page.locator("[data-command='tag.add'] [data-progress]")).not_to_be_empty()
        state = "SELECT state FROM {sidecar_command} ORDER BY command_id DESC LIMIT 1"
        assert store.value(state) == "new"
    finally:
        bridge.start()

    expect(page.locator(".sidecar-tag", has_text="patience")).to_be_visible(timeout=SOON_MS)
    assert [row["source_kind"] for row in asserted(store, somebody, "patience")] == ["pin_in"]
