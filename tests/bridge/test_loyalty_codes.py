"""QR codes and barcodes of the bridge, drawn by a browser and read by a scanner's own program."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, sync_playwright

from bridge.php_database import BRIDGE

FOLDER = BRIDGE / "admin" / "view" / "javascript"
ADDRESS = "http://admin.test/"
CARD = "9123456789012345"
HOSTILE = "</title></svg><img src=x onerror=alert(1)>'\"& \\"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(ADDRESS)
        if name == "":
            body = '<!DOCTYPE html><body style="margin: 0; background: #fff"></body>'
            route.fulfill(body=body, content_type="text/html; charset=utf-8")
        elif (FOLDER / name).is_file():
            route.fulfill(path=FOLDER / name, content_type="text/javascript")
        else:
            route.fulfill(status=404)

    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 900, "height": 700})
        page.set_default_timeout(30_000)
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: dialog.accept())
        page.route("**/*", answer)
        page.goto(ADDRESS)
        page.evaluate("async () => { await import('/qr.js'); await import('/barcode.js'); }")
        yield page
        browser.close()
        assert wrong == []


def drawn(page: Page, kind: str, value: str, title: str = "Card") -> Locator:
    page.evaluate(
        "([kind, value, title]) => { const made = document.createElement(kind);"
        " made.setAttribute('value', value); made.setAttribute('title', title);"
        " document.body.replaceChildren(made); }",
        [f"sidecar-{kind}", value, title],
    )
    return page.locator(f"sidecar-{kind}")


def scanned(element: Locator, tmp_path: Path) -> list[str]:
    """What a scanner reads in the picture: the kind of code, a colon and its text."""
    if shutil.which("zbarimg") is None:
        pytest.fail("zbarimg is not installed (apt install zbar-tools)", pytrace=False)
    picture = tmp_path / "code.png"
    element.screenshot(path=picture)
    read = subprocess.run(
        ["zbarimg", "--quiet", "--nodbus", str(picture)],
        capture_output=True,
        encoding="utf-8",
        timeout=30,
    )
    return read.stdout.splitlines()


def test_the_number_of_a_card_is_read_from_both(page: Page, tmp_path: Path) -> None:
    assert scanned(drawn(page, "qr", CARD), tmp_path) == [f"QR-Code:{CARD}"]
    assert scanned(drawn(page, "barcode", CARD), tmp_path) == [f"CODE-128:{CARD}"]


@pytest.mark.parametrize("length", [1, 14, 15, 26, 27, 42, 43, 61, 62])
def test_a_text_of_any_size_is_read_from_a_qr_code(page: Page, tmp_path: Path, length: int) -> None:
    text = "".join(random.Random(length).choices("0123456789ABCxyz-./:%", k=length))

    assert scanned(drawn(page, "qr", text), tmp_path) == [f"QR-Code:{text}"]


def test_a_code_can_be_read_whichever_mask_is_best_for_it(page: Page, tmp_path: Path) -> None:
    masks: set[tuple[bool, ...]] = set()
    for number in range(60):
        text = f"9{number * 7919:015d}"
        rows = page.evaluate("async (text) => (await import('/qr.js')).qr(text)", text)
        mask = tuple(rows[8][x] for x in (2, 3, 4))
        if mask not in masks:
            masks.add(mask)
            assert scanned(drawn(page, "qr", text), tmp_path) == [f"QR-Code:{text}"]

    assert len(masks) >= 7


@pytest.mark.parametrize("text", ["A", "odd", "123", '~ 100% "of" <it>', "0" * 30])
def test_any_printable_text_is_read_from_a_barcode(page: Page, tmp_path: Path, text: str) -> None:
    assert scanned(drawn(page, "barcode", text), tmp_path) == [f"CODE-128:{text}"]


def test_correction_is_that_of_the_standards_own_example(page: Page) -> None:
    # Annex I of ISO/IEC 18004 works it out for the digits 01234567 in version 1, M.
    data = [16, 32, 12, 86, 97, 128, 236, 17, 236, 17, 236, 17, 236, 17, 236, 17]
    wanted = [165, 36, 212, 193, 237, 54, 199, 135, 44, 85]

    found: Any = page.evaluate(
        "async (data) => (await import('/qr.js')).correction(data, 10)", data
    )
    assert found == wanted


@pytest.mark.parametrize(
    ("kind", "value"), [("qr", "é" * 32), ("barcode", ""), ("barcode", "é"), ("barcode", "\n")]
)
def test_what_cannot_be_drawn_leaves_nothing(page: Page, kind: str, value: str) -> None:
    assert drawn(page, kind, value).locator("svg").count() == 0


@pytest.mark.parametrize("kind", ["qr", "barcode"])
def test_a_title_is_text_and_said_to_who_cannot_see(page: Page, kind: str) -> None:
    element = drawn(page, kind, CARD, HOSTILE)

    assert page.get_by_role("img", name=HOSTILE, exact=True).count() == 1
    assert element.locator("img").count() == 0
