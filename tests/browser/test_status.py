"""The page of the sidecar's state: what it says, that it keeps up to date, pause, the doctor."""

from __future__ import annotations

from playwright.sync_api import expect

from browser.desk import Desk
from browser.program import Program
from browser.store import Store

#: The page asks every five seconds; an examination takes some, where the machine is busy more.
SOON_MS = 40_000

HOSTILE = "price list 'x' <b>50%_\\</b> 🦊"


def test_the_status_says_what_the_command_line_says(admin: Desk, bridge: Program) -> None:
    said = bridge.json("status")
    page = admin.ours("status")
    live = page.locator("#status-live")

    expect(live.get_by_text("Running")).to_be_visible()
    expect(live).to_contain_text(f"process {said['daemon']['pid']},")
    expect(live).to_contain_text(
        "noticed by the binary log" if said["mode"] == "binlog" else "noticed by polling"
    )
    expect(live).to_contain_text("They fit.")
    admin.shot("status")


def test_the_status_keeps_up_to_date_by_itself(admin: Desk, bridge: Program) -> None:
    page = admin.ours("status")
    alerts = page.locator("#sidecar-daemon .alert")
    expect(alerts).to_have_count(0)

    bridge.stop()
    try:
        expect(page.locator("#status-live").get_by_text("Not running")).to_be_visible(
            timeout=SOON_MS
        )
        expect(alerts).to_contain_text("The sidecar is not running")
        admin.shot("status-down")
    finally:
        bridge.start()

    expect(page.locator("#status-live").get_by_text("Running", exact=True)).to_be_visible(
        timeout=SOON_MS
    )
    expect(alerts).to_have_count(0)


def test_a_pause_is_asked_for_shown_to_everybody_and_ended(admin: Desk, store: Store) -> None:
    page = admin.ours("status")
    page.get_by_label("Reason").fill(HOSTILE)
    page.get_by_role("button", name="Pause").click()

    expect(page.locator("#status-pausing")).to_contain_text(HOSTILE)
    expect(page.locator("#sidecar-daemon")).to_contain_text(HOSTILE)
    admin.shot("status-paused")
    assert store.value("SELECT COUNT(*) FROM {sidecar_state} WHERE name = 'paused'") == 1

    page.get_by_role("button", name="Resume").click()

    expect(page.get_by_label("Reason")).to_be_visible()
    expect(page.locator("#sidecar-daemon .alert")).to_have_count(0)
    assert store.value("SELECT COUNT(*) FROM {sidecar_state} WHERE name = 'paused'") == 0
    actors = store.rows("SELECT DISTINCT actor FROM {sidecar_command} WHERE name = 'pause'")
    assert [row["actor"].partition(":")[0] for row in actors] == ["admin"]


def test_what_somebody_types_is_not_swept_away(admin: Desk) -> None:
    page = admin.ours("status")
    page.get_by_label("Reason").fill("half a sen")
    page.locator("h1").click()
    page.wait_for_timeout(11_000)

    expect(page.get_by_label("Reason")).to_have_value("half a sen")


def test_everybody_is_looked_at_when_it_is_asked_for(admin: Desk, store: Store) -> None:
    page = admin.ours("status")
    command = page.locator("[data-command='pass.run']")
    command.get_by_role("button").click()
    admin.done(command)

    asked = store.rows("SELECT state FROM {sidecar_command} WHERE name = 'pass.run'")
    assert {row["state"] for row in asked} <= {"done", "waiting"}


def test_the_doctor_tells_what_it_finds(admin: Desk) -> None:
    page = admin.ours("status")
    page.get_by_role("button", name="Check everything").click()
    found = page.locator("#status-doctor")

    expect(found.locator("details")).to_be_visible(timeout=SOON_MS)
    found.locator("summary").click()
    expect(found.get_by_text("own.version")).to_be_visible()
    admin.shot("doctor")


def test_the_status_fits_a_telephone_and_speaks_german(admin: Desk) -> None:
    admin.language("de-de")
    admin.narrow()
    page = admin.ours("status")
    page.get_by_role("button", name="Alles prüfen").click()
    expect(page.locator("#status-doctor details")).to_be_visible(timeout=SOON_MS)

    expect(page.locator("h1")).to_have_text("Zustand")
    assert admin.overflows() == []
    assert admin.unlabelled() == []
    admin.shot("status-narrow")


def test_who_has_no_right_sees_no_status_and_asks_for_nothing(clerk: Desk, store: Store) -> None:
    before = store.value("SELECT COUNT(*) FROM {sidecar_command}")
    for method in ("", ".live", ".size", ".pausing", ".doctor"):
        page = clerk.ours(f"status{method}")
        assert page.locator("#status-live, table").count() == 0
    answer = page.request.post(
        clerk.url("extension/sidecar/page/status.ask"),
        data={"name": "pause", "parameters": {}, "key": "clerk"},
    )

    assert "command" not in answer.text()
    assert store.value("SELECT COUNT(*) FROM {sidecar_command}") == before
    assert all("401" in trouble for trouble in clerk.troubles), clerk.troubles
    clerk.troubles.clear()
