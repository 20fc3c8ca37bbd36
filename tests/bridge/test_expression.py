"""The box for the text of a condition in a browser: what it marks, tells and offers."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from bridge.builder_page import GIVEN, PAUSE_MS, Editor, stop_time

HOSTILE = "<img src=x onerror=alert(1)>'\"&amp; \\ 🦊"

#: What stands already, and some of what is offered then; nothing where that is empty.
OFFERS: list[tuple[str, list[str]]] = [
    ("", ["orders", "in segment", "not"]),
    ("tot", ["total_spent"]),
    ("orders ", [">=", "between", "not in", "is not missing"]),
    ("tags ", ["has", "not has", "has all of"]),
    ("tags has ", ['"vip"', '"Do not contact"']),
    ('tags has any of ("vip", "d', ['"Do not contact"']),
    ('tags has "vip" ', ["and", "or"]),
    ("newsletter an", ["and"]),
    ("orders > 1 and not (tags has all of ('x', ", ['"vip"']),
    ("orders(", ["within", "status", "total"]),
    ("orders(status = ", ['"Complete"']),
    ("orders(within = 3 ", ["days", "years"]),
    ("orders(within = 3 days) ", [">="]),
    ("orders between 1 and 3 ", ["and", "or"]),
    ("last_order older than 90 d", ["days"]),
    ("last_order before ", ["today"]),
    ("in segment ", ['"Regulars"']),
    ("email_domain not in ", ["@friends"]),
    ("email_domain in @fr", ["@friends"]),
    ("email is ", ["missing", "not missing"]),
    ("group = 'whole", ['"Wholesale"']),
    ("newsletter = ", ["yes", "no"]),
    ('bought(product = "a', ["'A \"B\" & C'"]),
    ("country = ", ['"DE"']),
    ("city contains ", []),
    ("rfm_group = gef", []),
]


@pytest.fixture
def box(page: Page) -> Editor:
    return Editor(page, "sidecar-expression")


@pytest.fixture
def text(box: Editor) -> Locator:
    return box.it.get_by_label("When")


def offered(box: Editor) -> list[str]:
    """What the open list offers, without what explains it."""
    found: list[str] = box.it.locator("[role=option]").evaluate_all(
        "(options) => options.map((option) => option.firstChild.data)"
    )
    return found


def problem(begin: int, end: int, message: str, severity: str = "error") -> dict[str, object]:
    return {
        "from": begin,
        "to": end,
        "line": 1,
        "column": begin + 1,
        "message": message,
        "severity": severity,
    }


# -- problems --------------------------------------------------------------------------------


def test_what_is_wrong_is_underlined_at_its_place_and_told_below(
    box: Editor, text: Locator
) -> None:
    text.fill("🦊rders > 1 and\ntagz has 1")
    box.set("problems", [problem(16, 20, "no fact 'tagz'"), problem(12, 15, "hm", "warning")])

    assert box.it.locator(".sidecar-fault").all_text_contents() == ["tagz"]
    assert box.it.locator(".sidecar-doubt").all_text_contents() == ["and"]
    expect(box.it.get_by_text("no fact 'tagz'")).to_be_visible()
    expect(text).to_have_attribute("aria-invalid", "true")
    box.it.get_by_text("Line 1, column 17:").click()
    assert text.evaluate("(it) => it.value.slice(it.selectionStart, it.selectionEnd)") == "tagz"


def test_marks_lie_exactly_beneath_their_letters(box: Editor, text: Locator, page: Page) -> None:
    text.fill("newsletter and " * 40 + "wrong")
    box.set("problems", [problem(600, 605, "there")])

    inner = text.evaluate("(it) => [it.clientWidth, it.scrollHeight]")
    assert box.it.locator(".sidecar-marks").evaluate(
        "(it) => [it.clientWidth, it.scrollHeight]"
    ) == pytest.approx(inner)
    text.evaluate("(it) => { it.scrollTop = 20; }")
    page.wait_for_function("document.querySelector('.sidecar-marks').scrollTop === 20")


def test_a_fault_behind_the_end_can_be_seen(box: Editor, text: Locator) -> None:
    text.fill("orders >")
    box.set("problems", [problem(8, 8, "a value is missing")])

    assert box.it.locator(".sidecar-fault").all_text_contents() == ["\u00a0"]


def test_the_mouse_over_a_fault_tells_it(box: Editor, text: Locator) -> None:
    text.fill("tagz has 1")
    box.set("problems", [problem(0, 4, "no fact")])

    box.it.locator(".sidecar-fault").hover(force=True)
    expect(text).to_have_attribute("title", "no fact")


def test_marks_go_as_soon_as_somebody_types(box: Editor, text: Locator) -> None:
    text.fill("tagz")
    box.set("problems", [problem(0, 4, "no fact")])
    text.press("End")
    text.press("x")

    assert box.it.locator(".sidecar-fault").count() == 0


def test_what_is_told_is_text(box: Editor, text: Locator) -> None:
    text.fill(HOSTILE)
    box.set("problems", [problem(0, 9, HOSTILE)])

    assert box.it.locator("img").count() == 0
    assert box.get("value") == HOSTILE


# -- suggestions -----------------------------------------------------------------------------


def test_it_offers_what_can_stand_there(box: Editor, text: Locator) -> None:
    for written, some in OFFERS:
        text.fill(written)
        text.press("Control+Space")

        found = offered(box)
        assert set(some) <= set(found), written
        assert bool(found) == bool(some), written


def test_a_condition_is_written_with_suggestions_alone(
    box: Editor, text: Locator, page: Page
) -> None:
    text.focus()
    for typed in ("total_s", "> 1 an", "tag", "has", "vi"):
        page.keyboard.type(typed)
        page.keyboard.press("Control+Space")
        page.keyboard.press("Enter")

    assert box.get("value") == 'total_spent > 1 and tags has "vip" '


def test_keys_walk_take_and_close_the_list(box: Editor, text: Locator) -> None:
    text.fill("tags has ")
    text.press("Control+Space")
    text.press("ArrowUp")
    text.press("ArrowDown")
    text.press("ArrowDown")
    active = text.get_attribute("aria-activedescendant")
    expect(box.it.locator(".active")).to_have_attribute("id", active or "")
    text.press("Escape")
    expect(box.it.locator("[role=option]")).to_have_count(0)
    text.press("Control+Space")
    text.press("ArrowDown")
    text.press("Enter")

    assert box.get("value") == 'tags has "Do not contact" '


def test_what_was_taken_can_be_undone(box: Editor, text: Locator) -> None:
    text.press_sequentially("tot")
    text.press("Control+Space")
    text.press("Enter")
    assert box.get("value") == "total_spent "
    text.press("Control+z")

    assert box.get("value") == "tot"


def test_a_name_in_the_middle_takes_the_place_of_what_was_begun(box: Editor, text: Locator) -> None:
    text.fill('tags has "vi" and newsletter')
    text.evaluate("(it) => it.setSelectionRange(12, 12)")
    text.press("Control+Space")
    text.press("Enter")

    assert box.get("value") == 'tags has "vip" and newsletter'


def test_hostile_names_are_quoted_and_stay_text(box: Editor, text: Locator) -> None:
    box.set("catalogue", GIVEN | {"tags": [HOSTILE]})
    text.fill("tags has ")
    box.it.get_by_role("button", name="Suggest").click()
    box.it.locator("[role=option]").click()

    escaped = HOSTILE.replace("\\", "\\\\").replace('"', '\\"')
    assert box.get("value") == f'tags has "{escaped}" '
    assert box.it.locator("img").count() == 0


# -- being a text area -----------------------------------------------------------------------


def test_a_change_is_told_after_a_pause_and_at_once_when_one_leaves(
    box: Editor, text: Locator, page: Page
) -> None:
    stop_time(page)
    box.count_changes()
    text.press_sequentially("orders")
    assert box.changes == 0
    page.clock.run_for(PAUSE_MS)
    assert box.changes == 1
    text.press("x")
    text.blur()
    assert box.changes == 2
    text.focus()
    text.blur()
    box.set("value", "newsletter")
    page.clock.run_for(PAUSE_MS)

    assert box.changes == 2


def test_it_has_no_name_and_can_be_locked(box: Editor, text: Locator) -> None:
    assert box.it.locator("[name], form").count() == 0
    box.set("disabled", True)

    expect(text).to_be_disabled()
