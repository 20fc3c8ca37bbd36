"""Runs and changes in the admin: a run that waits is shown by name, approved, undone, let go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.desk import Desk
from browser.program import PATIENCE_S, Program
from browser.store import Store
from sidecar import clock

EVERYBODY = "everybody's <b>50%_</b> 🦊"


@pytest.fixture(scope="module")
def rules(bridge: Program, in_place: bool) -> Iterator[Path]:
    """The rules of the daemon, which lets wait what changes more than one customer."""
    if in_place:
        pytest.skip("the rules of a daemon that runs already are left alone")
    config = bridge.folder / "config.toml"
    settings = config.read_text("utf-8")
    low = settings.replace("[rules]\n", '[rules]\nmax_change = "1%"\nmax_change_floor = 1\n')
    config.write_text(low, "utf-8")
    file = bridge.folder / "rules.d" / "activity.toml"
    yield file
    file.unlink(missing_ok=True)
    config.write_text(settings, "utf-8")


def until(found: Callable[[], object], what: str) -> None:
    """Wait until *found* finds something."""
    deadline = clock.monotonic() + PATIENCE_S
    while not found():
        assert clock.monotonic() < deadline, what
        clock.sleep(0.2)


def wait_for_run(store: Store, rules: Path, name: str) -> int:
    """Make a rule for everybody; the number of the run that then waits."""
    rules.write_text(f"[[tag]]\nname = \"{name}\"\nwhen = 'orders >= 0'\n", "utf-8")
    until(lambda: waiting(store), "no run waits")
    return waiting(store)


def waiting(store: Store) -> int:
    found = store.value("SELECT MAX(run_id) FROM {sidecar_run} WHERE state = 'waiting'")
    return int(found or 0)


def holders(store: Store, name: str) -> int:
    return int(store.value("SELECT customers FROM {sidecar_tag} WHERE name = %s", name) or 0)


def outcome(page: Page) -> str:
    """What the page says came of the last command."""
    told = page.locator("#activity-outcome .alert")
    told.wait_for()
    return told.inner_text()


def test_a_run_that_waits_is_shown_by_name_approved_and_undone(
    admin: Desk, store: Store, rules: Path
) -> None:
    run = wait_for_run(store, rules, EVERYBODY)
    everybody = store.value("SELECT COUNT(*) FROM {customer}")
    page = admin.ours("activity")
    card = page.locator("#activity-waiting")
    expect(card).to_contain_text(f"It would change {everybody} customers")
    card.get_by_role("button", name="Show whom").click()
    expect(card.locator("tbody tr").first).to_contain_text(f"Tag {EVERYBODY}")
    admin.shot("activity-waiting")
    assert holders(store, EVERYBODY) == 0

    admin.confirms = False
    card.get_by_role("button", name="Approve").click()
    assert f"{everybody} customers" in admin.asked[-1]
    assert waiting(store) == run
    admin.confirms = True
    card.get_by_role("button", name="Approve").click()

    assert f"Run {run} is applied" in outcome(page)
    assert holders(store, EVERYBODY) == everybody
    expect(page.locator("#activity-runs tbody tr").first).to_contain_text("applied")

    page = admin.ours("activity.info", run=run)
    expect(page.locator("#activity-changed tbody tr").first).to_contain_text("its rule holds")
    admin.shot("activity-run")
    page.get_by_role("button", name="Undo").click()

    assert f"Run {run} is undone" in outcome(page)
    assert holders(store, EVERYBODY) == 0
    expect(page.locator("#activity-head")).to_contain_text("undone")


def test_a_held_rule_is_let_go_on(admin: Desk, store: Store, rules: Path) -> None:
    page = admin.ours("activity")
    held = page.locator("#activity-waiting").get_by_text(EVERYBODY)
    expect(held.first).to_be_visible()
    page = admin.ours("rules")
    row = page.locator("#rules-list tr", has_text=EVERYBODY)
    expect(row).to_contain_text("held")
    row.get_by_role("button", name="Let it go on").click()

    until(lambda: waiting(store), "it does not wait anew")
    assert store.value("SELECT COUNT(*) FROM {sidecar_rule} WHERE held IS NOT NULL") == 0


def test_a_run_is_discarded(admin: Desk, store: Store, rules: Path) -> None:
    run = waiting(store)
    page = admin.ours("activity")
    page.get_by_role("button", name="Discard").click()

    said = outcome(page)
    assert f"Run {run} is discarded" in said
    assert EVERYBODY in said
    assert store.value("SELECT state FROM {sidecar_run} WHERE run_id = %s", run) == "discarded"


def test_a_run_that_grew_waits_again_and_one_with_nothing_left_is_over(
    admin: Desk, store: Store, rules: Path
) -> None:
    name = "it's <b>off</b>"
    enabled = "SELECT customer_id FROM {customer} WHERE status = 1 ORDER BY customer_id LIMIT 20"
    some = [row["customer_id"] for row in store.rows(enabled)]
    others = int(store.value("SELECT COUNT(*) FROM {customer} WHERE status = 0"))

    def switch_off(number: int) -> None:
        store.rows("UPDATE {customer} SET status = 1 WHERE customer_id IN %s", some)
        if number:
            off = "UPDATE {customer} SET status = 0 WHERE customer_id IN %s"
            store.rows(off, some[:number])

    try:
        switch_off(4)
        rules.write_text(f'[[tag]]\nname = "{name}"\nwhen = "not status"\n', "utf-8")
        until(lambda: waiting(store), "no run waits")
        run = waiting(store)
        page = admin.ours("activity")
        expect(page.locator("#activity-waiting")).to_contain_text(
            f"It would change {4 + others} customers"
        )
        switch_off(20)
        page.get_by_role("button", name="Approve").click()

        told = page.locator("#activity-outcome .alert-warning")
        told.wait_for()
        assert f"Run {run} " in told.inner_text()
        assert f"{20 + others} customers now, not {4 + others}" in told.inner_text()
        assert waiting(store) == run
        assert holders(store, name) == 0
        admin.shot("activity-again")

        switch_off(0)
        page = admin.ours("activity")
        page.get_by_role("button", name="Approve").click()

        assert f"Run {run} had nothing left to change." in outcome(page)
        assert store.value("SELECT state FROM {sidecar_run} WHERE run_id = %s", run) == "obsolete"
        expect(page.locator("#activity-waiting")).not_to_contain_text("It would change")
    finally:
        switch_off(0)


def test_runs_are_chosen_by_their_state(admin: Desk, store: Store, rules: Path) -> None:
    page = admin.ours("activity")
    page.get_by_label("State").select_option("discarded")
    page.get_by_role("button", name="Filter").click()
    admin.rest()

    wanted = store.value("SELECT COUNT(*) FROM {sidecar_run} WHERE state = 'discarded'")
    expect(page.locator("#activity-runs tbody tr")).to_have_count(wanted)


def test_who_changed_what_of_whom_is_told_page_by_page(
    admin: Desk, bridge: Program, hostile: int, rules: Path
) -> None:
    bridge.run("tag", "create", "activity <i>")
    bridge.run("tag", "add", "activity <i>", str(hostile), "--reason", "it's <b>good</b>")
    page = admin.ours("activity.changes")
    row = page.locator("tbody tr").first
    expect(row).to_contain_text("activity <i>")
    expect(row).to_contain_text("it's <b>good</b>")
    expect(row).to_contain_text("alert(1)")
    admin.shot("activity-changes")

    page.get_by_role("link", name="Older").click()
    admin.rest()
    expect(page.locator("tbody")).not_to_contain_text("activity <i>")

    page = admin.ours("activity.changes", customer_id=hostile)
    expect(page.locator("tbody tr").first).to_contain_text("activity <i>")
    for kind in ("segments", "tiers", "points", "credit", "privacy"):
        assert admin.ours("activity.changes", kind=kind).locator("table").count() == 1
    bridge.run("tag", "archive", "activity <i>")


def test_the_rules_say_what_they_say(admin: Desk, bridge: Program) -> None:
    page = admin.ours("rules")
    expect(page.locator("#rules-list")).to_contain_text("vip")
    page.get_by_role("button", name="Show what they say").click()

    expect(page.locator("#rules-say")).to_contain_text("total_spent > 1000")
    admin.shot("rules")


def test_the_dashboard_leads_to_our_pages(admin: Desk, store: Store) -> None:
    page = admin.goto("common/dashboard")
    widget = page.locator(".card", has_text="OpenCart Sidecar").first
    expect(widget).to_contain_text("running")
    admin.shot("dashboard")
    widget.get_by_role("link", name="Status").click()
    admin.rest()

    expect(page.locator("#status-live")).to_be_visible()


def test_the_widgets_settings_are_kept(admin: Desk, store: Store) -> None:
    page = admin.goto("extension/sidecar/dashboard/sidecar")
    page.get_by_label("Width").select_option("6")
    page.locator("button[form='form-dashboard']").click()
    page.get_by_text("The settings of the widget are saved.").wait_for()

    width = "SELECT `value` FROM {setting} WHERE `key` = 'dashboard_sidecar_width'"
    assert store.value(width) == "6"
    page.get_by_label("Width").select_option("12")
    page.locator("button[form='form-dashboard']").click()
    until(lambda: store.value(width) == "12", "it was not kept")


@pytest.mark.parametrize("name", ["activity", "activity.changes", "rules"])
def test_the_pages_fit_a_telephone_and_speak_german(admin: Desk, name: str) -> None:
    admin.language("de-de")
    admin.narrow()
    page = admin.ours(name)

    assert page.locator("html").get_attribute("lang") == "de"
    assert admin.overflows() == []
    assert admin.unlabelled() == []
    admin.shot(f"{name}-narrow")


def test_who_has_no_right_sees_no_runs_and_decides_nothing(clerk: Desk, store: Store) -> None:
    before = store.value("SELECT COUNT(*) FROM {sidecar_command}")
    routes = ("activity", "activity.waiting", "activity.runs", "activity.changed", "rules.rows")
    for route in routes:
        assert clerk.ours(route).locator("table").count() == 0
    for page, name in (("activity", "run.approve"), ("rules", "rule.resume")):
        answer = clerk.page.request.post(
            clerk.url(f"extension/sidecar/page/{page}.ask"),
            data={"name": name, "parameters": {"run": 1}, "key": f"clerk-{page}"},
        )
        assert "command" not in answer.text()
    assert clerk.goto("common/dashboard").get_by_text("OpenCart Sidecar").count() == 0
    assert store.value("SELECT COUNT(*) FROM {sidecar_command}") == before
    assert all("401" in trouble for trouble in clerk.troubles), clerk.troubles
    clerk.troubles.clear()
