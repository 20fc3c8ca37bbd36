"""The bridge's scripts in a browser: what they ask for, and what they make of the answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from bridge.php_database import BRIDGE

SCRIPTS = BRIDGE / "admin" / "view" / "javascript"
ADMIN = "http://admin.test/"

WORDS = {
    name: f"<{name}>"
    for name in (
        "working",
        "waits",
        "done",
        "approval",
        "failed",
        "lost",
        "slow",
        "login",
        "close",
        "idle",
    )
}

LOGIN = "<!DOCTYPE html>\n<html><body>Login</body></html>"

ADD = """
<form id="native" action="/saved">
  <input name="firstname" value="Ann">
  <div id="add" data-command="tag.add">
    <input id="tag" data-parameter="tag" required value="vip">
    <input data-parameter="customers" data-kind="json" type="hidden" value="[7]">
    <input data-parameter="until" value="">
    <input data-parameter="points" data-kind="integer" value="12">
    <textarea data-parameter="names" data-kind="names"> a
 b\n\n</textarea>
    <input type="checkbox" data-parameter="sure" checked>
    <input type="checkbox" data-parameter="other">
    <button type="button" data-submit>Add</button>
    <button type="button" data-submit data-command="tag.remove" data-confirm="Sure?">Remove</button>
  </div>
</form>
"""


class Admin:
    """
    Plays OpenCart: answers what the scripts ask, and keeps what that was.

    Attributes:
        asked: Bodies of requests for commands.
        answers: What is told of a command, one after the other; the last again and again.
        refuses: Answers of `ask` instead of a number; "lost" breaks the connection.
        pieces: HTML of panels by path, or what makes it.
        loaded: Paths of panels that were asked for.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[dict[str, Any]] = []
        self.answers: list[object] = [done()]
        self.refuses: list[object] = []
        self.pieces: dict[str, str | Callable[[Route], None]] = {}
        self.loaded: list[str] = []
        self.body = ""
        self._keys: dict[str, int] = {}

    def open(self, body: str, *, daemon: str = "running", scripts: tuple[str, ...] = ()) -> None:
        modules = "".join(
            f'<script type="module" src="/js/{name}?v=1"></script>'
            for name in ("sidecar.js", *scripts)
        )
        words = json.dumps(WORDS).replace("<", "&lt;").replace('"', "&quot;")
        self.body = (
            '<!DOCTYPE html><html><body><div id="sidecar" data-ask="/ask?t=1"'
            f' data-answer="/answer?t=1" data-daemon="{daemon}" data-words="{words}">'
            f"{body}</div>{modules}</body></html>"
        )
        self.page.goto(ADMIN)

    def handle(self, route: Route) -> None:
        path = route.request.url.removeprefix(ADMIN).split("?")[0]
        if path == "":
            route.fulfill(body=self.body, content_type="text/html; charset=utf-8")
        elif path.startswith("js/"):
            route.fulfill(path=SCRIPTS / path.removeprefix("js/"), content_type="text/javascript")
        elif path == "ask":
            self._ask(route)
        elif path == "answer":
            self._tell(route, self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
        elif path in self.pieces:
            self.loaded.append(route.request.url.removeprefix(ADMIN))
            piece = self.pieces[path]
            if isinstance(piece, str):
                route.fulfill(body=piece, content_type="text/html; charset=utf-8")
            else:
                piece(route)
        else:
            route.fulfill(status=404)

    def _ask(self, route: Route) -> None:
        asked = json.loads(route.request.post_data or "")
        self.asked.append(asked)
        if self.refuses:
            self._tell(route, self.refuses.pop(0))
        else:
            number = self._keys.setdefault(asked["key"], len(self._keys) + 1)
            self._tell(route, {"command": number})

    def _tell(self, route: Route, what: object) -> None:
        if what == "lost":
            route.abort()
        elif isinstance(what, str):
            route.fulfill(body=what, content_type="text/html; charset=utf-8")
        else:
            route.fulfill(json=what)


def done(**more: object) -> dict[str, object]:
    return {"command": 1, "name": "tag.add", "state": "done", "done": 1, "total": 1} | more


@pytest.fixture
def admin(page: Page) -> Admin:
    admin = Admin(page)
    page.route("**/*", admin.handle)
    return admin


def said(page: Page) -> str:
    line = page.locator("[data-progress] .alert")
    line.wait_for()
    return line.inner_text().strip()


# -- asking ----------------------------------------------------------------------------------


def test_a_command_is_asked_for_with_what_its_inputs_say(admin: Admin, page: Page) -> None:
    admin.open(ADD)
    page.click("text=Add")

    assert said(page) == "<done>"
    (asked,) = admin.asked
    assert asked["name"] == "tag.add"
    assert asked["parameters"] == {
        "tag": "vip",
        "customers": [7],
        "points": 12,
        "names": ["a", "b"],
        "sure": True,
    }
    assert len(asked["key"]) == 32


def test_a_double_click_asks_once(admin: Admin, page: Page) -> None:
    admin.answers = [*[{"command": 1, "state": "running", "done": 0, "total": 0}] * 2, done()]
    admin.open(ADD)
    page.dblclick("text=Add")
    page.evaluate("document.querySelector('#add [data-submit]').click()")

    assert said(page) == "<done>"
    assert len(admin.asked) == 1
    assert page.locator("text=Add").is_enabled()


def test_asked_for_again_later_it_is_another_command(admin: Admin, page: Page) -> None:
    admin.open(ADD)
    for _ in range(2):
        page.click("text=Add")
        said(page)
        page.locator(".btn-close").click()

    first, second = admin.asked
    assert first["key"] != second["key"]


def test_after_a_lost_answer_it_is_the_same_command_again(admin: Admin, page: Page) -> None:
    admin.refuses = ["lost"]
    admin.open(ADD)
    page.click("text=Add")
    assert said(page) == "<lost>"

    page.click("text=Add")
    page.get_by_text("<done>").wait_for()

    first, second = admin.asked
    assert first == second


def test_after_a_lost_answer_another_request_is_another_command(admin: Admin, page: Page) -> None:
    admin.refuses = ["lost"]
    admin.open(ADD)
    page.click("text=Add")
    said(page)
    page.fill("#tag", "regular")

    page.click("text=Add")
    page.get_by_text("<done>").wait_for()

    first, second = admin.asked
    assert first["key"] != second["key"]


def test_a_question_that_is_answered_with_no_asks_for_nothing(admin: Admin, page: Page) -> None:
    admin.open(ADD)
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.click("text=Remove")
    page.wait_for_timeout(100)

    assert admin.asked == []


def test_a_button_may_ask_for_another_command_of_the_same_inputs(admin: Admin, page: Page) -> None:
    admin.open(ADD)
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("text=Remove")
    said(page)

    assert [asked["name"] for asked in admin.asked] == ["tag.remove"]


def test_what_an_input_does_not_take_is_not_asked_for(admin: Admin, page: Page) -> None:
    admin.open(ADD)
    page.fill("#tag", "")
    page.click("text=Add")
    page.wait_for_timeout(100)

    assert admin.asked == []
    assert page.evaluate("document.activeElement.id") == "tag"


def test_enter_asks_for_the_command_and_leaves_the_native_form_alone(
    admin: Admin, page: Page
) -> None:
    admin.open(ADD)
    page.press("#tag", "Enter")

    assert said(page) == "<done>"
    assert page.url == ADMIN
    assert len(admin.asked) == 1


def test_nothing_of_ours_is_sent_with_the_native_form(admin: Admin, page: Page) -> None:
    admin.open(ADD)
    sent = page.evaluate(
        "new URLSearchParams(new FormData(document.querySelector('#native'))).toString()"
    )

    assert sent == "firstname=Ann"


# -- following -------------------------------------------------------------------------------


def test_progress_is_shown_until_it_is_over(admin: Admin, page: Page) -> None:
    working = {"command": 1, "state": "running", "done": 3, "total": 12}
    admin.answers = [{**working, "state": "new", "total": 0}, *[working] * 5, done()]
    admin.open(ADD)
    page.click("text=Add")

    page.locator("progress").wait_for()
    assert page.locator("progress").get_attribute("max") == "12"
    assert page.locator("[data-progress]").get_attribute("role") == "status"
    assert "<working>" in page.locator("[data-progress]").inner_text()
    assert said(page) == "<done>"


@pytest.mark.parametrize(
    ("answer", "text", "kind"),
    [
        (done(state="failed", error="tag: <b>no</b>"), "<failed> tag: <b>no</b>", "danger"),
        (done(state="waiting"), "<approval>", "info"),
        ({"error": "There is none."}, "There is none.", "danger"),
    ],
    ids=["failed", "waits", "none"],
)
def test_how_it_ended_is_said_as_plain_text(
    admin: Admin, page: Page, answer: object, text: str, kind: str
) -> None:
    admin.answers = [answer]
    admin.open(ADD)
    page.click("text=Add")

    assert said(page) == text
    assert page.locator(f".alert-{kind}").count() == 1
    assert page.locator(".alert b").count() == 0


@pytest.mark.parametrize(
    ("refusal", "text"),
    [({"error": "No right."}, "No right."), (LOGIN, "<login>"), ("lost", "<lost>")],
    ids=["refused", "logged out", "lost"],
)
def test_what_is_not_taken_is_said(admin: Admin, page: Page, refusal: object, text: str) -> None:
    admin.refuses = [refusal]
    admin.open(ADD)
    page.click("text=Add")

    assert said(page) == text
    assert page.locator("text=Add").is_enabled()


def test_an_answer_that_is_lost_once_is_asked_for_again(admin: Admin, page: Page) -> None:
    admin.answers = ["lost", LOGIN, done()]
    admin.open(ADD)
    page.click("text=Add")

    assert said(page) == "<done>"


# -- panels ----------------------------------------------------------------------------------


def test_a_panel_is_filled_and_its_links_stay_in_it(admin: Admin, page: Page) -> None:
    admin.pieces = {
        "one": '<ul class="pagination"><li><a href="/two">2</a></li></ul>',
        "two": '<p>second</p><a data-in-panel href="/three">3</a><a href="/away">away</a>',
        "three": "<p>third</p>",
    }
    admin.open('<div id="p" data-panel="/one"></div>')
    page.click("text=2")
    page.get_by_text("second").wait_for()
    page.click("text=3")
    page.get_by_text("third").wait_for()

    assert page.url == ADMIN
    assert admin.loaded == ["one", "two", "three"]


def test_a_panel_loads_again_when_its_command_is_over(admin: Admin, page: Page) -> None:
    admin.pieces = {"one": ADD, "other": "<p>other</p>"}
    admin.open('<div data-panel="/one"></div><div id="o" data-panel="/other"></div>')
    page.get_by_text("other").wait_for()
    page.click("text=Add")
    page.wait_for_function("performance.getEntriesByName('http://admin.test/one').length === 2")

    assert admin.loaded.count("one") == 2
    assert admin.loaded.count("other") == 1


def test_what_came_of_a_command_is_said_above_what_its_panel_shows_then(
    admin: Admin, page: Page
) -> None:
    button = '<button data-submit type="button">x</button>'
    admin.pieces = {"one": f'<div data-command="pause" data-done="<paused>">{button}</div>'}
    admin.open('<div id="p" data-panel="/one"></div>')
    for _ in range(2):
        page.click("text=x")
        page.get_by_text("<paused>").wait_for()
        page.wait_for_function("document.querySelector('#p').firstChild.dataset.progress === ''")
        assert page.locator(".alert").count() == 1


def test_an_older_answer_never_replaces_a_newer_one(admin: Admin, page: Page) -> None:
    held: list[Route] = []
    admin.pieces = {"one": held.append, "two": "<p>two</p>"}
    admin.open('<div id="p" data-panel="/one"></div>')
    page.wait_for_function("document.querySelector('#p').ariaBusy === 'true'")
    page.evaluate("import('/js/sidecar.js?v=1').then((m) => m.load(p, '/two'))")
    page.get_by_text("two").wait_for()

    held[0].fulfill(body="<p>one</p>", content_type="text/html")
    page.wait_for_timeout(100)

    assert page.locator("#p").inner_text() == "two"


def test_of_one_url_too_the_newest_answer_stays(admin: Admin, page: Page) -> None:
    held: list[Route] = []
    admin.pieces = {"one": held.append}
    admin.open('<div id="p" data-panel="/one"></div>')
    page.wait_for_function("document.querySelector('#p').ariaBusy === 'true'")
    page.evaluate("void import('/js/sidecar.js?v=1').then((m) => m.load(p))")
    page.wait_for_timeout(100)

    held[1].fulfill(body="<p>new</p>", content_type="text/html")
    page.get_by_text("new").wait_for()
    held[0].fulfill(body="<p>old</p>", content_type="text/html")
    page.wait_for_timeout(100)

    assert page.locator("#p").inner_text() == "new"
    assert page.locator("#p").get_attribute("aria-busy") is None


@pytest.mark.parametrize(("piece", "text"), [(LOGIN, "<login>"), ("", "<lost>")])
def test_a_panel_that_cannot_be_filled_says_so(
    admin: Admin, page: Page, piece: str, text: str
) -> None:
    admin.pieces = {"one": piece} if piece else {}
    admin.open('<div id="p" data-panel="/one"></div>')
    page.locator(".alert").wait_for()

    assert page.locator("#p").inner_text() == text


def test_a_panel_asks_for_the_command_whose_answer_it_tells(admin: Admin, page: Page) -> None:
    admin.pieces = {"why": "<p>because</p>"}
    admin.open(
        '<div data-panel="/why?t=1" data-asks="explain" data-parameters=\'{"customer":7}\'></div>'
    )
    page.get_by_text("because").wait_for()

    assert [(a["name"], a["parameters"]) for a in admin.asked] == [("explain", {"customer": 7})]
    assert admin.loaded == ["why?t=1&command=1"]


def test_nothing_is_asked_of_a_daemon_that_is_not_there(admin: Admin, page: Page) -> None:
    admin.pieces = {"why": "<p>because</p>"}
    admin.open('<div id="p" data-panel="/why?t=1" data-asks="explain"></div>', daemon="silent")
    page.locator(".alert-info").wait_for()

    assert admin.asked == []
    assert page.locator("#p").inner_text() == "<idle>"
