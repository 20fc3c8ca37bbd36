"""Fixtures of the bridge's tests: a browser, and a page in it that must not go wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog, Page, ViewportSize, expect

from support import browser

#: A busy machine takes its time.
PATIENCE_MS = 30_000

expect.set_options(timeout=PATIENCE_MS)


# Not for the whole session: while it runs, nothing else can use an event loop.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.chromium() as started:
        yield started


@pytest.fixture
def viewport() -> ViewportSize:
    """How large pages are; a module may have its own."""
    return {"width": 1280, "height": 720}


@pytest.fixture
def page(chromium: Browser, viewport: ViewportSize) -> Iterator[Page]:
    """A page; errors of scripts and pop-ups that the data opened fail the test by themselves."""
    page = chromium.new_page(viewport=viewport)
    page.set_default_timeout(PATIENCE_MS)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))

    def pop_up(dialog: Dialog) -> None:
        # What a person is asked, a test answers.
        if dialog.type != "confirm":
            wrong.append(dialog.message)
            dialog.dismiss()

    page.on("dialog", pop_up)
    yield page
    page.close()
    assert wrong == []
