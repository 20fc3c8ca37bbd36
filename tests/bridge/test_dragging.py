"""Carrying rows of a condition and rungs of a ladder by mouse, finger and keys."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, Route

from bridge.builder_page import ADDRESS, ADMIN, Editor, text_of, tree
from bridge.php_database import BRIDGE

NAMES = ["Gold <b>'x'</b>", "Silver \\", "Bronze 🦊"]

#: As the page of rules has it, without the store's own style.
RUNGS = """
<div data-rungs data-command="rule.order">
  <input type="hidden" data-parameter="names" data-kind="json">
  <ol data-items></ol>
  <button data-submit disabled>Save</button>
</div>
<script>
const list = document.querySelector('[data-rungs]');
list.dataset.rungs = NAMES;
for (const name of JSON.parse(NAMES)) {
  const rung = document.createElement('li');
  rung.dataset.entry = name;
  rung.style.cssText = 'display: flex; padding: 12px';
  rung.innerHTML = '<span data-handle class="sidecar-handle">::</span> <b></b>'
    + '<button data-move="-1">up</button><button data-move="1">down</button>';
  rung.querySelector('b').textContent = name;
  document.querySelector('ol').append(rung);
}
</script>
<script type="module" src="/rungs.js?v=1"></script>
"""


class Finger:
    """A finger on the screen of *page*."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)

    def down(self, x: float, y: float) -> None:
        """Put it on the screen."""
        self._send("touchStart", x, y)

    def to(self, x: float, y: float) -> None:
        """Move it there without lifting it."""
        self._send("touchMove", x, y)

    def up(self) -> None:
        """Lift it."""
        self._session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def lost(self) -> None:
        """The system takes the touch for something of its own."""
        self._session.send("Input.dispatchTouchEvent", {"type": "touchCancel", "touchPoints": []})

    def carry(self, what: Locator, over: Locator, part: float) -> None:
        """Carry *what* to a *part* of the height of another, in some steps."""
        start, end = what.bounding_box(), over.bounding_box()
        assert start is not None
        assert end is not None
        x, y = start["x"] + start["width"] / 2, start["y"] + start["height"] / 2
        there = end["y"] + end["height"] * part
        self.down(x, y)
        for step in (0.3, 0.6, 0.9, 1.0):
            self.to(x + 20 * step, y + (there - y) * step)
        self.up()

    def _send(self, kind: str, x: float, y: float) -> None:
        points = [{"x": x, "y": y}]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


@pytest.fixture(scope="module")
def screen(chromium: Browser) -> Iterator[Page]:
    """A page on a telephone or a tablet."""
    context = chromium.new_context(has_touch=True, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.set_default_timeout(5_000)
    yield page
    context.close()


@pytest.fixture
def rungs(screen: Page) -> Iterator[Page]:
    """The rungs on a page of their own."""
    style = (BRIDGE / "admin" / "view" / "stylesheet" / "sidecar.css").read_text("utf-8")
    body = f"<!DOCTYPE html><style>{style}</style>{RUNGS}".replace(
        "NAMES", json.dumps(json.dumps(NAMES)).replace("</", "<\\/")
    )

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(ADDRESS).split("?")[0]
        if name.endswith(".js"):
            path = ADMIN / "view" / "javascript" / name
            route.fulfill(path=path, content_type="text/javascript")
        else:
            route.fulfill(body=body, content_type="text/html; charset=utf-8")

    screen.route(f"{ADDRESS}**", answer)
    screen.goto(ADDRESS)
    screen.wait_for_load_state("networkidle")
    yield screen
    screen.unroute(f"{ADDRESS}**")


def shown(page: Page) -> list[str]:
    """The order on the page; it is what a command would say."""
    names = page.locator("[data-entry] b").all_inner_texts()
    said = page.locator("[data-parameter=names]").input_value()
    assert said == "" or json.loads(said) == names
    return names


def rung(page: Page, place: int) -> Locator:
    return page.locator("[data-entry]").nth(place)


def test_a_finger_carries_a_rung_up_and_down(rungs: Page) -> None:
    finger = Finger(rungs)
    first, second, third = NAMES

    finger.carry(rung(rungs, 2).locator("[data-handle]"), rung(rungs, 0), 0.2)
    assert shown(rungs) == [third, first, second]
    assert rungs.locator("[data-submit]").is_enabled()
    finger.carry(rung(rungs, 0).locator("[data-handle]"), rung(rungs, 2), 0.8)
    assert shown(rungs) == NAMES
    assert rungs.locator("[data-submit]").is_disabled()
    assert rungs.locator(".sidecar-drop, .sidecar-carried").count() == 0


def test_a_mouse_and_keys_do_the_same(rungs: Page) -> None:
    first, second, third = NAMES

    rung(rungs, 0).locator("[data-handle]").drag_to(
        rung(rungs, 1), target_position={"x": 60, "y": 40}
    )
    assert shown(rungs) == [second, first, third]
    rung(rungs, 2).get_by_text("up").press("Enter")
    assert shown(rungs) == [second, third, first]


def test_what_is_carried_is_put_back_by_escape_and_when_the_touch_is_taken_away(
    rungs: Page,
) -> None:
    box = rung(rungs, 0).locator("[data-handle]").bounding_box()
    assert box is not None
    rungs.mouse.move(box["x"] + 2, box["y"] + 2)
    rungs.mouse.down()
    rungs.mouse.move(box["x"] + 30, box["y"] + 200, steps=4)
    assert rungs.locator(".sidecar-drop").count() == 1
    rungs.keyboard.press("Escape")
    assert rungs.locator(".sidecar-drop").count() == 0
    rungs.mouse.up()
    assert shown(rungs) == NAMES

    finger = Finger(rungs)
    finger.down(box["x"] + 2, box["y"] + 2)
    finger.to(box["x"] + 30, box["y"] + 100)
    assert rungs.locator(".sidecar-carried").count() == 1
    finger.lost()
    rungs.wait_for_function("!document.querySelector('.sidecar-carried, .sidecar-drop')")
    assert shown(rungs) == NAMES


def test_a_touch_beside_the_handle_and_a_press_on_it_carry_nothing(rungs: Page) -> None:
    finger = Finger(rungs)

    finger.carry(rung(rungs, 2).locator("b"), rung(rungs, 0), 0.2)
    rung(rungs, 1).locator("[data-handle]").tap()

    assert shown(rungs) == NAMES
    assert rungs.locator("[data-submit]").is_disabled()


def test_a_finger_carries_a_row_into_a_group(screen: Page) -> None:
    builder = Editor(screen, "sidecar-builder")
    builder.set("value", tree('city = "a" and (city = "b" or city = "c") and city = "d"'))
    finger = Finger(screen)
    handles = builder.it.get_by_label("Move: drag")
    rows = builder.it.locator(".sidecar-row")

    finger.carry(handles.nth(0), rows.nth(2), 0.9)
    assert (
        text_of(builder.get("value")) == '(city = "b" or city = "c" or city = "a") and city = "d"'
    )
    finger.carry(handles.nth(0), rows.nth(1), 0.1)
    assert (
        text_of(builder.get("value")) == '(city = "b" or city = "c" or city = "a") and city = "d"'
    )


def test_the_page_moves_along_at_its_edge(screen: Page) -> None:
    builder = Editor(screen, "sidecar-builder")
    many = " and ".join(f'city = "{number}"' for number in range(30))
    builder.set("value", tree(many))
    finger = Finger(screen)
    box = builder.it.get_by_label("Move: drag").first.bounding_box()
    assert box is not None

    finger.down(box["x"] + 5, box["y"] + 5)
    finger.to(box["x"] + 5, box["y"] + 60)
    finger.to(box["x"] + 5, 840)
    screen.wait_for_function(
        "scrollY + innerHeight >= document.documentElement.scrollHeight - 1", timeout=10_000
    )
    finger.up()

    assert text_of(builder.get("value")).endswith('city = "0"')
    builder.set("disabled", True)
    finger.carry(
        builder.it.get_by_label("Move: drag").last, builder.it.locator(".sidecar-row").nth(28), 0.1
    )
    assert text_of(builder.get("value")).endswith('city = "0"')
