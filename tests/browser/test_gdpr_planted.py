"""A person planted all over the store is exported and erased through the pages alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from browser.desk import Desk
from browser.store import Store
from browser.test_gdpr import enter, press, state, verify
from sidecar.rules.privacy.register_file import shipped
from support.erased_store import left_of, needle
from support.exported import Exported, open_export
from support.planted_person import PlantedPerson, plant_person

ANN, EMAIL = 7_001_001, "planted-ann@example.com"

#: Ours are filled by the sidecar itself, which runs meanwhile.
OURS = frozenset(name for name in shipped().tables if name.startswith("sidecar_"))

#: Milliseconds: the whole database is looked through.
LONG = 120_000


@pytest.fixture
def ann(admin: Desk, store: Store) -> Iterator[PlantedPerson]:
    """Somebody in every table and free text of OpenCart's; what is left of the rows goes after."""
    admin.page.goto("about:blank")  # no page clears away old carts and sessions meanwhile
    store.connection.autocommit(False)
    try:
        found = plant_person(
            store.connection,
            shipped(),
            "qann",
            customer_id=ANN,
            email=EMAIL,
            prefix=store.database.prefix,
            uploads=store.storage / "upload",
            without=OURS,
        )
        refresh(store, found)
        store.connection.commit()
    finally:
        store.connection.rollback()
        store.connection.autocommit(True)
    yield found
    clear(store, found)


def refresh(store: Store, found: PlantedPerson) -> None:
    """OpenCart clears away what is old by itself: it is new."""
    for (session_id,) in found.keys["session"]:
        store.rows("UPDATE {session} SET expire = '2035-01-01' WHERE session_id = %s", session_id)
    for (cart_id,) in found.keys["cart"]:
        store.rows("UPDATE {cart} SET date_added = NOW() WHERE cart_id = %s", cart_id)


def clear(store: Store, found: PlantedPerson) -> None:
    """Take away what is left of planted rows and files."""
    for name, keys in found.keys.items():
        there = {row["Field"] for row in store.rows(f"SHOW COLUMNS FROM {{{name}}}")}
        columns = [column for column in shipped().tables[name].key if column in there]
        where = " AND ".join(f"`{column}` = %s" for column in columns)
        for key in keys:
            store.rows(f"DELETE FROM {{{name}}} WHERE {where}", *key)
    for file in found.files:
        (store.storage / "upload" / file).unlink(missing_ok=True)


def dumped(store: Store, folder: Path) -> dict[str, list[str]]:
    """Every line of the whole database."""
    store.back_up(folder)
    text = (folder / "before.sql").read_bytes().decode("utf-8", "surrogateescape")
    return {"dump": text.splitlines()}


def test_what_was_planted_is_in_the_export_and_nowhere_after_the_erasure(
    admin: Desk, store: Store, ann: PlantedPerson, tmp_path: Path
) -> None:
    assert len(left_of(ann, dumped(store, tmp_path), shipped())) > 100

    # A copy.
    request = enter(admin, "access", str(ANN))
    page = admin.page
    verify(page, "rang her")
    press(page, "Make the archive")
    card = page.locator("#gdpr-export")
    with page.expect_download() as fetched:
        card.get_by_role("button", name="Download").click()
    file = tmp_path / "export.zip"
    fetched.value.save_as(file)
    card.get_by_role("button", name="Show the password").click()
    page.locator("#gdpr-password").wait_for()
    password = page.locator("#gdpr-password").inner_text()
    export = open_export(file, password)
    assert missing(export, ann) == []
    assert set(export.files.values()) == set(ann.files.values())

    # Its erasure, by its plan.
    erasure = enter(admin, "erase", str(ANN))
    verify(page, "rang her")
    plan = page.locator("#gdpr-plan")
    plan.locator("table").wait_for()
    expect(plan).to_contain_text("kept")
    kept = told(admin, "kept") | told(admin, "rewritten")
    assert {"order", "order_product"} <= kept
    admin.shot("gdpr-plan")
    press(page, "Approve the erasure")
    assert state(store, erasure) == "waiting"
    assert left_of(ann, dumped(store, tmp_path), shipped())
    page.get_by_role("button", name="Erase now").click()
    head = page.locator("#gdpr-head")
    expect(head).to_contain_text("rows deleted", timeout=LONG)
    admin.shot("gdpr-erased")

    dump = dumped(store, tmp_path)
    assert left_of(ann, dump, shipped()) == []
    whole = "\n".join(dump["dump"])
    assert EMAIL not in whole
    assert password not in whole
    assert state(store, erasure) == "done", head.inner_text()
    expect(head).to_contain_text("erased")
    for name in stays(ann, whole):
        assert name in kept, f"{name} was not in the plan"
    assert not [one for one in ann.files if (store.storage / "upload" / one).exists()]
    page = admin.ours("gdpr.info", request=request)
    expect(page.locator("#gdpr-export")).to_contain_text("was deleted")


def missing(export: Exported, ann: PlantedPerson) -> list[str]:
    """Planted values that the export has nowhere, but for columns that it says it does not show."""
    whole = "\n".join(export.texts())
    hidden = {
        (table["name"], column["name"])
        for table in export.json["tables"]
        for column in table["columns"]
        if not column["shown"]
    }
    return [
        f"{value.table}.{value.column}"
        for value in ann.values
        if value.is_findable
        and value.personal
        and value.kind != "code"
        and (value.table, value.column) not in hidden
        and value.plain not in whole
    ]


def stays(ann: PlantedPerson, whole: str) -> set[str]:
    """Tables of whose planted values something is left."""
    return {value.table for value in ann.values if value.is_findable and needle(value) in whole}


def told(admin: Desk, does: str) -> set[str]:
    """Tables of which the plan says that rows are *does*."""
    rows = admin.page.locator("#gdpr-plan tbody tr", has_text=does)
    return set(rows.locator("td:first-child small").all_inner_texts())
