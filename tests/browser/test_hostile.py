"""A customer whose data are an attack is shown as text, wherever customers are shown."""

from __future__ import annotations

import pytest

from browser.desk import Desk
from browser.store import Store


def name_of(store: Store, customer: int) -> str:
    """First name as the person typed it."""
    import html

    stored = store.value("SELECT firstname FROM {customer} WHERE customer_id = %s", customer)
    return html.unescape(str(stored))


@pytest.mark.parametrize("width", ["wide", "narrow"])
@pytest.mark.parametrize("language", ["en-gb", "de-de"])
def test_the_page_of_a_hostile_customer_shows_text(
    admin: Desk, store: Store, hostile: int, language: str, width: str
) -> None:
    getattr(admin, width)()
    admin.language(language)
    page = admin.ours("customers.info", customer_id=hostile)

    assert name_of(store, hostile) in page.locator("#content").inner_text()
    assert page.locator("#sidecar script, #sidecar img[src='']").count() == 0
    if width == "narrow":
        assert admin.overflows() == []
    admin.shot(f"hostile-{language}-{width}")


def test_the_list_shows_a_hostile_customer_as_text(admin: Desk, store: Store, hostile: int) -> None:
    page = admin.ours("customers", search="hostile@example.com")

    assert name_of(store, hostile) in page.locator("#content").inner_text()
    assert admin.unlabelled() == []


def test_a_hostile_tag_is_shown_as_text_everywhere(admin: Desk, store: Store, hostile: int) -> None:
    tag = '<i>it\'s "50%"</i> \\ 🦊'
    page = admin.ours("customers.info", customer_id=hostile)
    page.fill("#sidecar-tag", tag)
    page.locator("[data-command='tag.add'] [data-submit]").first.click()
    page.locator(".sidecar-tag", has_text=tag).first.wait_for()

    assert page.locator(".sidecar-tag i", has_text="it's").count() == 0
    assert store.value("SELECT name FROM {sidecar_tag} WHERE name = %s", tag) == tag
    for route in ("customers", "activity", "activity.changes", "rules", "status"):
        admin.ours(route)
    for route in ("customer/customer", "common/dashboard"):
        admin.goto(route)
        assert page.locator("i", has_text="it's").count() == 0
