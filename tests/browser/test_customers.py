"""The list of customers in the admin: filters, the way back, expressions, and many at once."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from browser.desk import Desk
from browser.store import Store

PATIENCE_MS = 30_000


def listed(page: Page) -> Locator:
    """The rows of the list."""
    return page.locator("#customers-list tbody tr:has([data-tick])")


def said(page: Page) -> dict[str, str]:
    """What the address of the page asks for, without the route and the token."""
    asked = parse_qs(urlsplit(page.url).query)
    return {name: one[0] for name, one in asked.items() if name not in ("route", "user_token")}


def test_filters_stand_in_the_address_and_the_way_back_undoes_them(admin: Desk) -> None:
    page = admin.ours("customers")
    everybody = page.locator("[data-list]").get_attribute("data-total")

    page.locator("#filter-search").fill("hostile@")
    page.keyboard.press("Enter")
    expect(listed(page)).to_have_count(1)
    admin.rest()
    assert said(page)["search"] == "hostile@"
    page.get_by_role("link", name="Total spent").click()
    admin.rest()
    assert (said(page)["sort"], said(page)["search"]) == ("spent", "hostile@")

    page.go_back()
    page.go_back()
    admin.rest()
    expect(page.locator("[data-list]")).to_have_attribute("data-total", everybody or "")
    assert page.locator("#filter-search").input_value() == ""
    page.go_forward()
    expect(listed(page)).to_have_count(1)
    assert page.locator("#filter-search").input_value() == "hostile@"


def test_a_segment_and_its_expression_find_the_same(admin: Desk) -> None:
    page = admin.ours("customers")
    page.locator('button[data-segment][title="active accounts"]').click()
    admin.rest()
    number = page.locator("[data-list]").get_attribute("data-total")
    expression = page.locator("[data-as-expression]").text_content() or ""
    assert expression == 'in segment "active accounts"'

    page.locator("[data-reset]").click()
    admin.rest()
    page.locator("#expression").fill(expression)
    page.locator("[data-search]").click()
    expect(page.locator("[data-list]")).to_have_attribute(
        "data-total", number or "", timeout=PATIENCE_MS
    )
    expect(page.locator("#customers-expression .alert-success")).to_be_visible(timeout=PATIENCE_MS)
    admin.shot("customers-expression")


def test_who_lives_in_a_country_and_a_region_is_found_beside_the_other_filters(
    admin: Desk, store: Store
) -> None:
    there = (
        "SELECT COUNT(*) FROM {address} a JOIN {zone} z USING (zone_id)"
        " WHERE a.`default` = 1 AND z.code = 'ANG'"
    )
    page = admin.ours("customers")
    everybody = page.locator("[data-list]").get_attribute("data-total")
    listing = page.locator("[data-list]")

    page.locator("#filter-country").select_option(label="United Kingdom")
    expect(listing).to_have_attribute("data-expression", 'country = "GB"', timeout=PATIENCE_MS)
    page.locator("#filter-region").select_option(label="Anglesey")
    number = str(store.value(there))
    expect(listing).to_have_attribute("data-total", number, timeout=PATIENCE_MS)
    assert 0 < int(number) < int(everybody or 0)

    page.locator('[data-filter="orders_from"]').fill("1000")
    page.keyboard.press("Enter")
    expect(listing).to_have_attribute("data-total", "0")
    expect(listing).to_have_attribute(
        "data-expression", '(country = "GB" and zone = "ANG") and orders >= 1000'
    )
    page.reload()
    expect(page.locator("#filter-region option:checked")).to_have_text("Anglesey")
    expect(page.locator("#filter-country option:checked")).to_have_text("United Kingdom")
    admin.shot("customers-region")

    page.locator('[data-filter="orders_from"]').fill("")
    page.locator("#expression").fill("orders >= 0")
    page.locator("[data-search]").click()
    expect(listing).to_have_attribute("data-total", number, timeout=PATIENCE_MS)
    page.locator('[data-unselect="selection"]').click()
    page.locator("#filter-country").select_option(label="Andorra")
    expect(listing).to_have_attribute("data-total", "0", timeout=PATIENCE_MS)
    page.locator("#filter-country").select_option("")
    expect(listing).to_have_attribute("data-total", everybody or "")
    assert said(page).get("location") is None


def test_a_fault_of_an_expression_is_shown_at_its_place(admin: Desk) -> None:
    page = admin.ours("customers")

    page.locator("#expression").fill("orders >== 3")
    page.locator("[data-search]").click()

    alert = page.locator("#customers-expression .alert-danger")
    expect(alert).to_contain_text("expression:1:10", timeout=PATIENCE_MS)


def test_who_is_ticked_on_several_pages_gets_a_tag_and_loses_it_again(
    admin: Desk, store: Store
) -> None:
    page = admin.ours("customers")
    name = 'spring <b>"50%_" 🦊'
    page.locator("[data-tick]").first.check()
    page.locator("#customers-list .pagination").get_by_text("2", exact=True).click()
    admin.rest()
    page.locator("[data-tick]").first.check()
    page.locator("#customers-list .pagination").get_by_text("1", exact=True).click()
    admin.rest()
    expect(page.locator("[data-tick]").first).to_be_checked()

    for command, had in (("tag.add", 0), ("tag.remove", 2)):
        if had:
            page.locator("#customers-list .pagination").get_by_text("2", exact=True).click()
            admin.rest()
            page.locator("[data-choose-all]").click()
        page.locator('[data-bulk="command"]').select_option(command)
        page.locator('[data-bulk="tag"]').fill(name)
        page.locator("[data-preview-bulk]").click()
        expect(page.locator("[data-says]")).to_be_visible(timeout=PATIENCE_MS)
        expect(page.locator("[data-says]")).to_contain_text("2 of")
        if page.locator("#bulk-number").is_visible():
            expect(page.locator("[data-carry-out]")).to_be_disabled()
            total = page.locator("[data-number-label]").inner_text().split("(")[1].split(")")[0]
            page.locator("#bulk-number").fill(total)
        page.locator("[data-carry-out]").click()
        told = page.locator("#customers-bulk .alert-success")
        expect(told).to_contain_text("changed: 2", timeout=PATIENCE_MS)
        number = store.value("SELECT customers FROM {sidecar_tag} WHERE name = %s", name)
        assert int(number or 0) == 2 - had

    told.get_by_role("link").click()
    page.wait_for_load_state("networkidle")
    assert "activity.info" in page.url


@pytest.mark.parametrize("language", ["en-gb", "de-de"])
def test_it_fits_a_telephone_and_everything_has_a_name(admin: Desk, language: str) -> None:
    admin.language(language)
    try:
        page = admin.ours("customers")
        admin.shot(f"customers-{language}")
        assert admin.unlabelled() == []

        admin.narrow()
        page.locator("[data-show-filter]").click()
        assert admin.overflows() == []
        admin.shot(f"customers-{language}-narrow")
    finally:
        admin.wide()
        admin.language("en-gb")
