"""Requests about data in the admin: entered, decided, exported, erased; consents, retention."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.desk import Desk
from browser.program import PATIENCE_S, Program
from browser.store import Store
from sidecar import clock

HOSTILE = 'it\'s "<b>50%_\\</b>" 🦊'

ROUTE = "extension/sidecar/page/gdpr"


def until(found: Callable[[], object], what: str) -> None:
    """Wait until *found* finds something."""
    deadline = clock.monotonic() + PATIENCE_S
    while not found():
        assert clock.monotonic() < deadline, what
        clock.sleep(0.2)


def enter(admin: Desk, kind: str, who: str, *, guest: bool = False) -> int:
    """Enter a request on the page; its number. The page of the request is open then."""
    page = admin.ours("gdpr")
    page.locator("#new-kind").select_option(kind)
    page.locator("#new-guest" if guest else "#new-customer").fill(who)
    page.get_by_role("button", name="Enter").click()
    page.wait_for_url("**gdpr.info**")
    admin.rest()
    return int(page.url.split("request=")[1].split("&")[0])


def press(page: Page, name: str) -> None:
    """Press a button, and wait until the piece says what came of it."""
    page.evaluate("document.querySelectorAll('[data-progress]').forEach((old) => old.remove())")
    # Not by its role: some browsers count an icon as a part of the name.
    whole = re.compile(rf"^\s*{re.escape(name)}\s*$")
    page.locator("#gdpr-head button", has_text=whole).click()
    line = page.locator("#gdpr-head [data-progress] .alert").first
    line.wait_for()
    assert "alert-danger" not in (line.get_attribute("class") or ""), line.inner_text()


def verify(page: Page, how: str = HOSTILE) -> None:
    page.get_by_label("How they know").fill(how)
    press(page, "Verified")


def state(store: Store, request: int) -> str:
    found = store.value(
        "SELECT state FROM {sidecar_privacy_request} WHERE request_id = %s", request
    )
    return str(found)


@pytest.fixture
def customer(store: Store, people: dict[str, int], in_place: bool) -> int:
    """Somebody who has bought something."""
    found = store.value(
        "SELECT MIN(customer_id) FROM {order} WHERE customer_id > 0 AND order_status_id > 0"
    )
    return int(found)


# -- requests ------------------------------------------------------------------------------


def test_a_request_is_entered_verified_extended_and_refused(
    admin: Desk, store: Store, hostile: int
) -> None:
    request = enter(admin, "erase", str(hostile))
    page = admin.page
    head = page.locator("#gdpr-head")
    expect(head).to_contain_text("not verified")
    expect(page.locator("#gdpr-plan table")).to_be_visible()
    expect(page.locator("#gdpr-plan")).to_contain_text("customer")
    expect(head).to_contain_text("alert(1)")
    admin.shot("gdpr-request")

    verify(page)
    expect(head).to_contain_text(HOSTILE)
    page.get_by_text("Extend by two months").click()
    page.locator("#gdpr-extend").fill(HOSTILE)
    press(page, "Extend")
    expect(head).to_contain_text(f"Extended: {HOSTILE}")
    page.locator("summary", has_text="Refuse").click()
    page.locator("#gdpr-refuse").fill(HOSTILE)
    press(page, "Refuse")

    expect(head).to_contain_text("refused")
    assert state(store, request) == "refused"
    expect(page.locator("#gdpr-head [data-command]")).to_have_count(0)
    acts = store.rows(
        "SELECT actor, reason FROM {sidecar_privacy_act} WHERE request_id = %s", request
    )
    assert {row["actor"].split(":")[0] for row in acts} == {"admin"}
    assert HOSTILE in {row["reason"] for row in acts}


def test_an_erasure_is_approved_and_cancelled_while_it_waits(
    admin: Desk, store: Store, customer: int
) -> None:
    request = enter(admin, "erase", str(customer))
    page = admin.page
    verify(page)
    admin.confirms = False
    page.get_by_role("button", name="Approve the erasure").click()
    assert "Let the data of" in admin.asked[-1]
    assert state(store, request) == "open"
    admin.confirms = True
    press(page, "Approve the erasure")
    expect(page.locator("#gdpr-head")).to_contain_text("can be cancelled until then")
    admin.shot("gdpr-waiting")
    page.locator("#gdpr-cancel").fill(HOSTILE)
    press(page, "Cancel the request")

    assert state(store, request) == "cancelled"


def test_requests_are_listed_by_state_kind_and_person_and_overdue_ones_stand_out(
    admin: Desk, store: Store, customer: int
) -> None:
    request = enter(admin, "rectify", str(customer))
    store.rows(
        "UPDATE {sidecar_privacy_request} SET due_at = %s WHERE request_id = %s",
        int(clock.now().timestamp()) - 5 * 86_400,
        request,
    )
    page = admin.ours("gdpr", kind="rectify", who=customer)
    row = page.locator("#gdpr-requests tbody tr").first
    expect(row).to_contain_text("days overdue")
    expect(row.locator(".text-danger")).to_be_visible()
    expect(page.locator("#gdpr-requests")).to_contain_text("overdue.")
    admin.shot("gdpr")

    page = admin.ours("gdpr.info", request=request)
    page.locator("#gdpr-what").fill("the street")
    press(page, "Data are right now")
    assert state(store, request) == "done"
    page = admin.ours("gdpr")
    expect(page.locator("#gdpr-requests")).not_to_contain_text("days overdue")
    page.get_by_label("State").first.select_option("done")
    page.get_by_role("button", name="Filter").click()
    admin.rest()
    expect(page.locator("#gdpr-requests tbody")).to_contain_text("Putting data right")


def test_what_cannot_be_entered_says_why(admin: Desk, store: Store) -> None:
    page = admin.ours("gdpr")
    page.locator("#new-customer").fill("nobody@example.invalid")
    page.get_by_role("button", name="Enter").click()

    line = page.locator("[data-leads] .alert-danger")
    expect(line).to_contain_text("nobody@example.invalid")


def test_a_guests_objection_to_marketing_is_carried_out(admin: Desk, store: Store) -> None:
    request = enter(admin, "object_marketing", "guest-objects@example.com", guest=True)
    page = admin.page
    page.locator("#gdpr-object").fill(HOSTILE)
    press(page, "Note the objection")

    assert state(store, request) == "done"
    page = admin.ours("gdpr.consents")
    page.locator("#suppress-address").fill("GUEST-objects@example.com")
    page.get_by_role("button", name="Look it up").click()
    expect(page.locator("[data-found]")).to_contain_text("On the list: objected")


# -- exports -------------------------------------------------------------------------------


def test_an_export_is_fetched_once_and_its_password_is_shown_once(
    admin: Desk, store: Store, customer: int, bridge: Program, tmp_path: Path
) -> None:
    request = enter(admin, "access", str(customer))
    page = admin.page
    verify(page)
    press(page, "Make the archive")
    card = page.locator("#gdpr-export")
    expect(card).to_contain_text(f"export-{request}.zip")

    with page.expect_request("**gdpr.download**") as posted, page.expect_download() as fetched:
        card.get_by_role("button", name="Download").click()
    file = tmp_path / "export.zip"
    fetched.value.save_as(file)
    assert fetched.value.suggested_filename == f"export-{request}.zip"
    form = posted.value.post_data or ""
    again = admin.context.request.post(
        posted.value.url,
        data=form,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert "This download was fetched already" in again.text()

    with (
        page.expect_response("**gdpr.seal**") as sealed,
        page.expect_request("**gdpr.password**") as told,
    ):
        card.get_by_role("button", name="Show the password").click()
    cookie = str(sealed.value.all_headers()["set-cookie"])
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert f"path=/{store.admin_directory.name}/" in cookie
    place = page.locator("#gdpr-password")
    place.wait_for()
    password = place.inner_text()
    admin.shot("gdpr-export")

    pyzipper = pytest.importorskip("pyzipper")
    with pyzipper.AESZipFile(file) as archive:
        archive.setpassword(password.encode())
        assert json.loads(archive.read("export.json"))["person"]["customer_id"] == customer
    assert "was shown already" in admin.context.request.get(told.value.url).text()
    assert not [one for one in admin.context.cookies() if one["name"] == "sidecar_letter"]
    store.back_up(tmp_path)
    dump = (tmp_path / "before.sql").read_text("utf-8", "surrogateescape")
    assert password not in dump
    acts = [
        str(row["act"])
        for row in store.rows(
            "SELECT act FROM {sidecar_privacy_act} WHERE request_id = %s", request
        )
    ]
    until(
        lambda: store.value(
            "SELECT COUNT(*) FROM {sidecar_privacy_act} WHERE request_id = %s"
            " AND act = 'downloaded'",
            request,
        ),
        "nobody noted the download",
    )
    assert acts.count("password") == 1
    expect(page.locator("#gdpr-head")).to_contain_text("export fetched")


# -- consents and rights -------------------------------------------------------------------


def test_a_consent_is_recorded_with_evidence_and_withdrawn(
    admin: Desk, store: Store, hostile: int
) -> None:
    page = admin.ours("gdpr.customer", customer_id=hostile)
    expect(page.locator("#gdpr-consented h3, #gdpr-consented table").first).to_be_visible()
    page.locator("#grant-channel").select_option("sms")
    page.locator("#grant-purpose").fill("offers")
    page.locator("#grant-evidence").select_option("document")
    page.locator("#grant-reason").fill(HOSTILE)
    page.locator("#grant-wording").fill(f"I agree {HOSTILE}")
    page.get_by_role("button", name="Record").click()

    row = page.locator("#gdpr-consented tbody tr", has_text="offers")
    expect(row).to_contain_text("granted")
    history = page.locator("#gdpr-consented ul")
    expect(history).to_contain_text(HOSTILE)
    expect(history).to_contain_text(f"I agree {HOSTILE}")
    expect(history).to_contain_text("signed")
    admin.shot("gdpr-customer")
    row.locator("summary").click()
    row.get_by_role("button", name="Withdraw").click()
    expect(row).to_contain_text("withdrawn")


def test_a_guests_consents_are_found_by_address_and_withdrawn(
    admin: Desk, reader: Desk, bridge: Program, store: Store, hostile: int, in_place: bool
) -> None:
    address = "o'guest+50%_&<b>@example.com"
    page = admin.ours("gdpr.consents")
    page.get_by_text("Take somebody off the list").click()
    page.locator("#leave-customer").fill(address)
    page.locator("#leave-reason").fill(HOSTILE)
    page.get_by_role("button", name="They consent again").click()
    expect(page.get_by_text("The consent is recorded.")).to_be_visible()

    page.locator("#consents-of").fill(address)
    page.locator("#consents-of").press("Enter")
    found = page.locator("#gdpr-consented")
    expect(found.locator("strong")).to_have_text(address)
    expect(found).to_contain_text("guest")
    row = found.locator("tbody tr", has_text="newsletter")
    expect(row).to_contain_text("granted")
    expect(found.locator("ul")).to_contain_text(HOSTILE)
    assert "guest%2B" not in page.url
    admin.shot("gdpr-guest")
    row.locator("summary").click()
    row.get_by_label("Reason (may be empty)").fill("said so")
    row.get_by_role("button", name="Withdraw").click()
    expect(row).to_contain_text("withdrawn")
    expect(found.locator("ul")).to_contain_text("said so")
    if not in_place:
        told = bridge.json("consent", "show", address)
        assert [one["state"] for one in told["consents"]] == ["withdrawn"]

    # Of a customer the same, with the way to their page; who is not known is told.
    page.locator("#consents-of").fill(str(hostile))
    page.locator("[data-show]").click()
    expect(found.get_by_role("link", name=f"The customer #{hostile}")).to_be_visible()
    page.locator("#consents-of").fill("99999999")
    page.locator("#consents-of").press("Enter")
    expect(found.locator(".alert-danger")).to_contain_text("99999999")

    # Who may only look sees them, and cannot withdraw.
    page = reader.ours("gdpr.consents")
    page.locator("#consents-of").fill(address)
    page.locator("[data-show]").click()
    expect(page.locator("#gdpr-consented strong")).to_have_text(address)
    assert page.locator("[data-submit]").count() == 0


def test_enter_after_an_address_looks_it_up_and_suppresses_nothing(
    admin: Desk, store: Store
) -> None:
    before = store.value("SELECT COUNT(*) FROM {sidecar_suppression}")
    page = admin.ours("gdpr.consents")
    page.locator("#suppress-address").fill("only-asked@example.com")
    page.locator("#suppress-address").press("Enter")

    expect(page.locator("[data-found]")).to_contain_text("Not on the list")
    assert store.value("SELECT COUNT(*) FROM {sidecar_suppression}") == before


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        ("restricted", "sidecar_restriction"),
        ("no_profiling", "sidecar_restriction"),
        ("no_marketing", "sidecar_restriction"),
        ("hold", "sidecar_legal_hold"),
    ],
)
def test_a_right_is_claimed_and_given_up(
    admin: Desk, store: Store, customer: int, kind: str, table: str
) -> None:
    page = admin.ours("gdpr.customer", customer_id=customer)
    item = page.locator("#gdpr-rights li", has=page.locator(f"#right-{kind}"))

    def stands() -> int:
        query = f"SELECT COUNT(*) FROM {{{table}}} WHERE customer_id = %s AND reason = %s"
        return int(store.value(query, customer, HOSTILE))

    for is_there in (1, 0):
        item.locator("summary").click()
        item.locator(f"#right-{kind}").fill(HOSTILE)
        item.locator("[data-submit]").click()
        expect(item.locator(".badge")).to_have_count(is_there)
        assert stands() == is_there


def test_the_chain_is_verified_and_an_address_suppressed(admin: Desk, store: Store) -> None:
    page = admin.ours("gdpr.consents")
    page.get_by_role("button", name="Verify the whole chain").click()
    expect(page.locator("#gdpr-chain")).to_contain_text("The chain is whole")
    address = "suppressed-here@example.com"
    page.locator("#suppress-address").fill(address)
    page.get_by_role("button", name="Look it up").click()
    expect(page.locator("[data-found]")).to_contain_text("Not on the list")
    page.get_by_text("Put it on the list").click()
    page.locator("#suppress-because").select_option("complained")
    page.get_by_role("button", name="Suppress").click()
    expect(page.locator("#gdpr-suppression .alert-success").last).to_contain_text("Nothing is sent")
    page.get_by_role("button", name="Look it up").click()
    expect(page.locator("[data-found]")).to_contain_text("On the list: complained")
    admin.shot("gdpr-consents")

    page.get_by_text("Take somebody off the list").click()
    page.locator("#leave-customer").fill(address)
    page.locator("#leave-reason").fill("signed anew")
    page.get_by_role("button", name="They consent again").click()
    expect(page.get_by_text("The consent is recorded.")).to_be_visible()
    page.get_by_role("button", name="Look it up").click()
    expect(page.locator("[data-found]")).to_contain_text("Not on the list")


# -- retention -----------------------------------------------------------------------------


@pytest.fixture
def old_search(bridge: Program, store: Store, in_place: bool) -> Iterator[str]:
    """A rule that something in the store is too old for; its name."""
    if in_place:
        pytest.skip("the rules of a daemon that runs already are left alone")
    name = "old searches"
    file = bridge.folder / "rules.d" / "retention.toml"
    store.rows(
        "INSERT INTO {customer_search} SET store_id = 0, language_id = 1, customer_id = 0,"
        " keyword = 'retention-test', category_id = 0, sub_category = 0, description = 0,"
        " products = 0, ip = '192.0.2.1', date_added = '2020-01-02 03:04:05'"
    )
    file.write_text(f'[[retention]]\nname = "{name}"\nof = "searches"\nage = "1 year"\n', "utf-8")
    yield name
    file.unlink()
    store.rows("DELETE FROM {customer_search} WHERE keyword = 'retention-test'")


def test_what_a_rule_would_end_is_looked_at_planned_and_discarded(
    admin: Desk, store: Store, old_search: str
) -> None:
    page = admin.ours("gdpr.retention")

    def told() -> bool:
        page.get_by_role("button", name="See what they would end").click()
        admin.rest()
        return page.locator("#gdpr-rules", has_text=old_search).count() > 0

    until(told, "the rule is not told")
    row = page.locator("#gdpr-rules tbody tr", has_text=old_search)
    expect(row).to_contain_text("1")
    assert store.value("SELECT COUNT(*) FROM {sidecar_purge}") == 0
    page.get_by_role("button", name="Note it now").click()
    purge = page.locator("#gdpr-purges tbody tr", has_text=old_search).first
    expect(purge).to_contain_text("waits")
    admin.shot("gdpr-retention")
    purge.get_by_role("button", name="Discard").click()

    expect(purge).to_contain_text("discarded")
    assert store.value("SELECT state FROM {sidecar_purge}") == "discarded"
    assert store.value("SELECT COUNT(*) FROM {customer_search} WHERE ip = '192.0.2.1'") == 1


def test_who_may_only_look_sees_what_rules_would_end_and_notes_nothing(
    reader: Desk, admin: Desk, store: Store
) -> None:
    purges = store.value("SELECT COUNT(*) FROM {sidecar_purge}")
    page = reader.ours("gdpr.retention")
    page.get_by_role("button", name="See what they would end").click()
    expect(page.locator("#gdpr-rules table, #gdpr-rules p")).to_be_visible()
    reader.rest()
    assert page.locator("#gdpr-rules .alert-danger").count() == 0
    assert page.locator("[data-submit]").count() == 0

    for parameters in ({"plan": True}, {"plan": False}, {"plan": None}):
        answer = reader.context.request.post(
            reader.url(f"{ROUTE}.ask"),
            data={"name": "retention.look", "parameters": parameters, "key": f"r {parameters}"},
        )
        assert list(answer.json()) == ["error"]
    assert store.value("SELECT COUNT(*) FROM {sidecar_purge}") == purges


def test_legal_holds_are_listed(admin: Desk, bridge: Program, store: Store, customer: int) -> None:
    page = admin.ours("gdpr.customer", customer_id=customer)
    item = page.locator("#gdpr-rights li", has=page.locator("#right-hold"))
    item.locator("summary").click()
    item.locator("#right-hold").fill("court case")
    item.locator("[data-submit]").click()
    expect(item.locator(".badge")).to_be_visible()

    holds = admin.ours("gdpr.retention").locator("#gdpr-holds")

    expect(holds).to_contain_text("court case")
    request = enter(admin, "erase", str(customer))
    expect(admin.page.locator("#gdpr-plan")).to_contain_text("A legal hold keeps all of it")
    page = admin.page
    page.locator("summary", has_text="Cancel").click()
    press(page, "Cancel the request")
    assert state(store, request) == "cancelled"
    page = admin.ours("gdpr.customer", customer_id=customer)
    item = page.locator("#gdpr-rights li", has=page.locator("#right-hold"))
    item.locator("summary").click()
    item.locator("#right-hold").fill("over")
    item.locator("[data-submit]").click()
    expect(item.locator(".badge")).to_have_count(0)


# -- OpenCart's own ------------------------------------------------------------------------


@pytest.fixture
def native(store: Store) -> Iterator[dict[str, int]]:
    """Two rows of OpenCart's own page, to be removed and to be copied; their numbers by action."""
    emails = ("native-remove@example.com", "native-export@example.com")
    found = {}
    for action, email in zip(("remove", "export"), emails, strict=True):
        store.rows(
            "INSERT INTO {gdpr} SET store_id = 0, language_id = 1, code = 'c', email = %s,"
            " action = %s, status = 1, date_added = NOW()",
            email,
            action,
        )
        found[action] = int(store.value("SELECT MAX(gdpr_id) FROM {gdpr}"))
    yield found
    store.rows("DELETE FROM {gdpr} WHERE email IN (%s, %s)", *emails)


def test_requests_of_opencarts_page_are_taken_over_and_it_tells_the_truth(
    admin: Desk, store: Store, native: dict[str, int]
) -> None:
    before = store.rows("SELECT cron_id, status FROM {cron} WHERE code = 'gdpr'")
    page = admin.ours("gdpr.native")
    page.get_by_role("button", name="Take over").click()
    takeover = page.locator("#gdpr-takeover")
    expect(takeover).to_contain_text("They are taken over")
    admin.shot("gdpr-native")
    assert not any(
        row["status"] for row in store.rows("SELECT status FROM {cron} WHERE code = 'gdpr'")
    )
    requests = {
        action: int(
            store.value(
                "SELECT request_id FROM {sidecar_privacy_request} WHERE native_id = %s", number
            )
        )
        for action, number in native.items()
    }

    page = admin.ours("gdpr.info", request=requests["remove"])
    press(page, "Approve the erasure")
    page = admin.ours("gdpr.info", request=requests["export"])
    page.locator("summary", has_text="Refuse").click()
    page.locator("#gdpr-refuse").fill("not them")
    press(page, "Refuse")

    page = admin.goto("customer/gdpr")
    expect(page.locator("tr", has_text="native-remove@example.com")).to_contain_text("Processing")
    expect(page.locator("tr", has_text="native-export@example.com")).to_contain_text("Denied")
    page = admin.ours("gdpr.info", request=requests["remove"])
    press(page, "Cancel the request")
    page = admin.goto("customer/gdpr")
    expect(page.locator("tr", has_text="native-remove@example.com")).to_contain_text("Denied")
    page = admin.ours("gdpr.native")
    page.get_by_role("button", name="Give back").click()
    expect(page.locator("#gdpr-takeover")).to_contain_text("OpenCart carries them out")
    assert store.rows("SELECT cron_id, status FROM {cron} WHERE code = 'gdpr'") == before


# -- how it looks, and who may -------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["gdpr", "gdpr.consents", "gdpr.retention", "gdpr.native", "gdpr.info", "gdpr.customer"]
)
def test_the_pages_fit_a_telephone_and_speak_german(
    admin: Desk, store: Store, hostile: int, name: str
) -> None:
    request = 0
    if name == "gdpr.info":
        request = enter(admin, "erase", str(hostile))
    admin.language("de-de")
    admin.narrow()
    page = admin.ours(name, customer_id=hostile, request=request)

    assert page.locator("html").get_attribute("lang") == "de"
    assert admin.overflows() == []
    assert admin.unlabelled() == []
    admin.shot(f"{name}-narrow")
    if request:
        page.locator("summary", has_text="Abbrechen").click()
        press(page, "Antrag abbrechen")


LOOKED_AT = (
    "gdpr",
    "gdpr.requests",
    "gdpr.info",
    "gdpr.head",
    "gdpr.export",
    "gdpr.customer",
    "gdpr.rights",
    "gdpr.consented",
    "gdpr.consents",
    "gdpr.retention",
    "gdpr.purges",
    "gdpr.holds",
    "gdpr.takeover",
    "gdpr.password",
)


def test_who_has_no_right_sees_and_fetches_nothing(clerk: Desk, store: Store) -> None:
    before = store.value("SELECT COUNT(*) FROM {sidecar_command}")
    for name in LOOKED_AT:
        page = clerk.ours(name, request=1, customer_id=1, command=1)
        assert page.locator("#sidecar, table, code").count() == 0, name
    for name in ("gdpr.seal", "gdpr.download"):
        answer = clerk.context.request.post(
            clerk.url(f"extension/sidecar/page/{name}"), form={"command": "1"}
        )
        assert "PUBLIC KEY" not in answer.text()
        assert "set-cookie" not in answer.headers or "sidecar_letter" not in str(
            answer.headers["set-cookie"]
        )
        assert "zip" not in answer.headers.get("content-type", "")
    assert store.value("SELECT COUNT(*) FROM {sidecar_command}") == before
    clerk.troubles.clear()


def test_a_download_of_somebody_else_or_by_a_link_is_not_handed_out(
    admin: Desk, store: Store
) -> None:
    store.rows(
        "INSERT INTO {sidecar_command} (name, parameters, actor, idempotency_key, state, answer,"
        " created_at) VALUES ('gdpr.download', '{}', 'admin:somebody', 'their-download', 'done',"
        ' \'{"request": 1, "parts": 1}\', 1)'
    )
    number = store.value(
        "SELECT command_id FROM {sidecar_command} WHERE idempotency_key = 'their-download'"
    )
    url = admin.url(f"{ROUTE}.download", command=number)

    for answer in (
        admin.context.request.post(url, form={"command": str(number)}),
        admin.context.request.get(url),
    ):
        assert "is not yours" in answer.text()

    store.rows("DELETE FROM {sidecar_command} WHERE command_id = %s", number)
    assert not store.value(
        "SELECT COUNT(*) FROM {sidecar_command} WHERE idempotency_key = %s", f"downloaded-{number}"
    )
