"""A person at the admin, in a browser: opens pages, acts, and notices whatever goes wrong."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlparse

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Locator, Page, Response, Route

#: How PHP and OpenCart say in a page that something is wrong.
_FAULT = re.compile(
    r"<b>(Warning|Notice|Deprecated|Fatal error|Parse error|Unknown)</b>:|"
    r"\b(Warning|Notice|Deprecated|Fatal error|Parse error):\s.+ in <b>?/|"
    r"Error: Could not (load|call)",
)

_OVERFLOWS = """() => {
  const scrolls = (element) => element !== null && (
    ['auto', 'scroll', 'hidden'].includes(getComputedStyle(element).overflowX)
    || scrolls(element.parentElement));
  return [...document.querySelectorAll('#content *')]
    .filter((element) => element.getBoundingClientRect().width > 0)
    .filter((element) => element.getBoundingClientRect().right > window.innerWidth + 1)
    .filter((element) => !scrolls(element))
    .map((element) => `${element.tagName} ${element.className}`);
}"""

_UNLABELLED = """() => {
  const named = (element) => element.labels?.length || element.title || element.textContent.trim()
    || element.getAttribute('aria-label') || element.getAttribute('aria-labelledby')
    || element.dataset.bsOriginalTitle;
  const kinds = ['input:not([type=hidden])', 'select', 'textarea', 'button'];
  return [...document.querySelectorAll(kinds.map((kind) => `#sidecar ${kind}`).join())]
    .filter((element) => !named(element))
    .map((element) => element.outerHTML.slice(0, 200));
}"""

#: Our pages, each a right of its own.
PAGES = ("customers", "rules", "loyalty", "gdpr", "reports", "activity", "status")

WIDE, NARROW = 1400, 390
PATIENCE_MS = 15_000


class Desk:
    """
    Somebody who is logged in to the admin.

    Attributes:
        page: Playwright's, for whatever is not here.
        troubles: What went wrong so far: errors of scripts and of the console, requests that
            failed, faults that PHP wrote into a page, texts of pop-ups that no page of ours shows.
        confirms: Whether questions ("Sure?") are answered with yes; what was asked is in `asked`.
        asked: The questions so far.
    """

    def __init__(self, browser: Browser, admin_url: str, pictures: Path, name: str) -> None:
        self.admin_url = admin_url
        self.name = name
        self.troubles: list[str] = []
        self.confirms = True
        self.asked: list[str] = []
        self.token = ""
        self._pictures = pictures
        self._host = urlparse(admin_url).netloc
        self.context = browser.new_context(viewport={"width": WIDE, "height": 900})
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.route("**/*", self._only_the_store)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        self.page.on("dialog", self._dialog)
        self.page.on("response", self._response)

    # -- moving about ----------------------------------------------------------------------

    def log_in(self, user: str, password: str) -> None:
        """Log in as *user*."""
        self.page.goto(self.admin_url)
        self.page.fill("#input-username", user)
        self.page.fill("#input-password", password)
        self.page.click("button[type=submit]")
        self.page.wait_for_url("**user_token=**")
        self.token = parse_qs(urlparse(self.page.url).query)["user_token"][0]

    def url(self, route: str, **arguments: object) -> str:
        """Where a *route* of the admin is, with the token."""
        more = {"route": route, "user_token": self.token, **arguments}
        return f"{self.admin_url}index.php?{urlencode(more)}"

    def goto(self, route: str, **arguments: object) -> Page:
        """Open *route* and wait until it rests."""
        self.page.goto(self.url(route, **arguments))
        self.rest()
        return self.page

    def ours(self, name: str, /, **arguments: object) -> Page:
        """Open our page *name*, e.g. ``status`` or ``customers.info``."""
        return self.goto(f"extension/sidecar/page/{name}", **arguments)

    def rest(self) -> None:
        """Wait until nothing loads and no panel is being filled."""
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_function("!document.querySelector('[aria-busy=true]')")

    def done(self, within: Locator | None = None) -> Locator:
        """Wait until a command is over; the line that says so. An alert of danger is a trouble."""
        line = (within or self.page.locator("#content")).locator("[data-progress] .alert").first
        line.wait_for()
        if "alert-danger" in (line.get_attribute("class") or ""):
            self.troubles.append(f"command: {line.inner_text()}")
        return line

    def wide(self) -> None:
        """A screen of a desk."""
        self.page.set_viewport_size({"width": WIDE, "height": 900})

    def narrow(self) -> None:
        """A screen of a telephone."""
        self.page.set_viewport_size({"width": NARROW, "height": 844})

    def language(self, code: str) -> None:
        """Go on in another language of the admin, e.g. ``de-de``."""
        self.context.add_cookies([{"name": "language", "value": code, "url": self.admin_url}])

    # -- looking ---------------------------------------------------------------------------

    def shot(self, name: str, *, full: bool = True) -> None:
        """Save a picture of the page; *full*: with what is below the screen."""
        self.page.screenshot(path=self._pictures / f"{name}.png", full_page=full)

    def overflows(self) -> list[str]:
        """What is wider than the screen, and not in something that scrolls."""
        found: list[str] = self.page.evaluate(_OVERFLOWS)
        return found

    def unlabelled(self) -> list[str]:
        """Inputs and buttons of ours that a screen reader could not name."""
        found: list[str] = self.page.evaluate(_UNLABELLED)
        return found

    # -- noticing --------------------------------------------------------------------------

    def _only_the_store(self, route: Route) -> None:
        # Fonts of others would be waited for where there is no network.
        if urlparse(route.request.url).netloc == self._host:
            route.continue_()
        else:
            route.abort()

    def _console(self, message: ConsoleMessage) -> None:
        place = urlparse(str(message.location.get("url", ""))).netloc
        if message.type in ("error", "warning") and place in ("", self._host):
            self.troubles.append(f"console: {message.text} at {message.location}")

    def _dialog(self, dialog: Dialog) -> None:
        if dialog.type != "confirm":
            self.troubles.append(f"{dialog.type}: {dialog.message}")
            dialog.dismiss()
            return
        self.asked.append(dialog.message)
        if self.confirms:
            dialog.accept()
        else:
            dialog.dismiss()

    def _response(self, response: Response) -> None:
        if urlparse(response.url).netloc != self._host or response.url.endswith("favicon.ico"):
            return
        if response.status >= 400:
            self.troubles.append(f"{response.status}: {response.url}")
        kind = response.headers.get("content-type", "")
        if response.ok and ("html" in kind or "json" in kind):
            try:
                text = response.text()
            except Exception:  # noqa: BLE001 - a page that was left has no text any more
                return
            if fault := _FAULT.search(text):
                self.troubles.append(f"{response.url}: {text[fault.start() : fault.start() + 300]}")
