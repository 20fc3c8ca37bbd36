"""What all our pages have in common: the frame, the menu, rights, languages, narrow screens."""

from __future__ import annotations

import pytest

from browser.desk import PAGES, Desk
from browser.store import Store


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_from_the_menu(admin: Desk, name: str) -> None:
    page = admin.goto("customer/customer")
    route = f"extension/sidecar/page/{name}&"
    href = page.locator(f"#menu a[href*='{route}']").get_attribute("href")
    assert href is not None
    page.goto(href)
    admin.rest()

    assert page.locator("#sidecar").is_visible()
    assert page.locator(".nav-pills .active").count() == 1
    assert admin.unlabelled() == []
    admin.shot(name)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_a_telephone(admin: Desk, name: str) -> None:
    admin.narrow()
    admin.ours(name)

    assert admin.overflows() == []
    admin.shot(f"{name}-narrow")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_speaks_german(admin: Desk, store: Store, name: str) -> None:
    if not store.value("SELECT COUNT(*) FROM {language} WHERE code = 'de-de' AND status = 1"):
        pytest.skip("the store has no German")
    admin.language("de-de")
    page = admin.ours(name)

    assert page.locator(".nav-pills").get_by_text("Zustand").is_visible()
    admin.shot(f"{name}-german")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_closed_to_who_has_no_right(clerk: Desk, name: str) -> None:
    page = clerk.ours(name)

    assert page.locator("#sidecar").count() == 0
    assert all("401" in trouble for trouble in clerk.troubles), clerk.troubles
    clerk.troubles.clear()


def test_who_has_no_right_finds_nothing_of_ours(clerk: Desk) -> None:
    for route in ("common/dashboard", "customer/customer"):
        page = clerk.goto(route)

        assert page.locator("a[href*='extension/sidecar']").count() == 0
        assert page.locator("[data-ask]").count() == 0
