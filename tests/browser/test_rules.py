"""Segments and rules: the list, one rule, and writing one by text and by rows."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browser.desk import Desk
from browser.store import Store

#: A full pass is made within ten seconds of being asked for, on a machine that has time.
SOON_MS = 60_000

HOSTILE = 'Big <b>"spenders"</b> 50%_\\ O\'Neil 🦊'


def ask(desk: Desk, command: str, /, **parameters: object) -> Any:
    """What a command of the page of rules answers, asked beside the page."""
    page = desk.ours("rules")
    return page.evaluate(
        """async ([name, parameters]) => {
          const script = document.querySelector('script[src*="javascript/sidecar.js"]').src;
          const {ask} = await import(script);
          const found = await ask(document.querySelector('[data-ask]'), name, parameters);
          return found.answer;
        }""",
        [command, parameters],
    )


def made(store: Store) -> list[dict[str, Any]]:
    return store.rows(
        "SELECT kind, name, definition, actor FROM {sidecar_rule}"
        " WHERE definition IS NOT NULL ORDER BY kind, position, name_key"
    )


@pytest.fixture(autouse=True)
def _nothing_is_left(admin: Desk, store: Store) -> Iterator[None]:
    yield
    for _ in range(3):  # what others ask for cannot go before them
        for rule in made(store):
            admin.page.goto(admin.url("extension/sidecar/page/rules"))
            used = ask(admin, "rule.uses", kind=rule["kind"], name=rule["name"])
            if not used["refused"]:
                ask(admin, "rule.delete", kind=rule["kind"], name=rule["name"])
    assert made(store) == []


def write(page: Page, when: str) -> None:
    page.locator("#rule-when textarea").fill(when)


def can_be_saved(page: Page) -> None:
    expect(page.locator("#rule-save [data-submit]")).to_be_enabled()


def saved(desk: Desk) -> Page:
    """Save, and wait for the page of the rule."""
    can_be_saved(desk.page)
    desk.page.locator("#rule-save [data-submit]").click()
    desk.page.wait_for_url("**rules.info**")
    desk.rest()
    return desk.page


def by_sql(store: Store, having: str) -> set[int]:
    rows = store.rows(
        "SELECT c.customer_id FROM {customer} c LEFT JOIN {order} o ON"
        " (o.customer_id = c.customer_id AND o.order_status_id > 0 AND o.total >= 0)"
        f" GROUP BY c.customer_id HAVING {having}"
    )
    return {int(row["customer_id"]) for row in rows}


# -- looking -----------------------------------------------------------------------------------


def test_the_list_tells_every_rule_where_it_stands_and_how_it_is(admin: Desk, store: Store) -> None:
    page = admin.ours("rules")
    rows = page.locator("#rules-list tbody tr")

    vip = rows.filter(has=page.get_by_role("link", name="vip", exact=True))
    expect(vip).to_contain_text("file")
    expect(vip).to_contain_text("applied")
    counted = store.value("SELECT customers FROM {sidecar_tag} WHERE name = 'vip'")
    expect(vip.locator("td").nth(4)).to_have_text(str(counted))
    assert vip.get_by_role("link", name="Edit").count() == 0
    segments = store.value("SELECT COUNT(*) FROM {sidecar_segment} WHERE slot IS NOT NULL")
    expect(rows.filter(has_text="segment")).to_have_count(segments)
    assert admin.unlabelled() == []
    admin.shot("rules")


def test_a_rule_of_a_file_is_told_and_not_changed(admin: Desk) -> None:
    page = admin.ours("rules.info", kind="segment", name="Big baskets")

    expect(page.locator("#rule-says")).to_contain_text("average order is more than 300")
    expect(page.locator("#rule-says")).to_contain_text("rules.toml:")
    expect(page.locator("#rule-uses")).to_contain_text("No rule asks for it.")
    assert page.get_by_role("button", name="Delete").count() == 0
    assert page.get_by_role("link", name="Edit").count() == 0
    admin.shot("rule")

    page = admin.ours("rules.edit", kind="segment", name="Big baskets")
    expect(page.locator("#sidecar")).to_contain_text("It stands in a file")
    assert page.locator("#rule-save").count() == 0


def test_a_rule_that_is_not_there_is_said_to_be_gone(admin: Desk) -> None:
    for method in ("info", "edit"):
        page = admin.ours(f"rules.{method}", kind="tag", name="<b>nobody</b>")
        expect(page.locator("#sidecar")).to_contain_text("There is no such rule")


# -- writing -----------------------------------------------------------------------------------


def test_a_segment_is_written_as_text_tried_and_saved(admin: Desk, store: Store) -> None:
    page = admin.ours("rules.edit")
    expect(page.locator("#rule-save [data-submit]")).to_be_disabled()
    page.get_by_label("Name").fill(HOSTILE)
    write(page, "orders >= 4 and total_spent > 500")

    expect(page.locator("#rule-sentence")).to_contain_text("the number of orders is at least 4")
    expected = by_sql(store, "COUNT(o.order_id) >= 4")
    tried = page.locator("#rule-tried [data-customers]")
    expect(tried).not_to_have_text("0")
    shown = int(tried.inner_text())
    assert 0 < shown <= len(expected)
    assert page.locator("#rule-tried [data-sample] a").count() == min(10, shown)

    page.locator("#rule-customer").fill(str(max(expected)))
    page.get_by_role("button", name="Why?").click()
    expect(page.locator("#rule-judged")).to_contain_text("orders >= 4")
    page.get_by_role("button", name="Show what it would change").click()
    expect(page.locator("#rule-planned")).to_contain_text(f"It would change {shown} customers")
    assert page.locator("#rule-planned b").count() == 0
    assert admin.unlabelled() == []
    admin.shot("rule-edit")

    page = saved(admin)
    expect(page.locator("h1")).to_have_text(HOSTILE)
    expect(page.locator("#rule-head")).to_contain_text("applied", timeout=SOON_MS)
    (row,) = made(store)
    assert (row["kind"], row["name"], row["actor"]) == ("segment", HOSTILE, "admin:admin")
    assert json.loads(row["definition"]) == {"when": "orders >= 4 and total_spent > 500"}
    members = store.value("SELECT customers FROM {sidecar_segment} WHERE name = %s", HOSTILE)
    assert members == shown
    expect(page.locator("#rule-head")).to_contain_text(str(shown))
    admin.shot("rule-saved")


def test_counting_exactly_tells_what_sql_tells(admin: Desk, store: Store) -> None:
    page = admin.ours("rules.edit")
    write(page, "registered older than 1 day")
    page.get_by_role("button", name="Count exactly").click()

    number = len(
        store.rows("SELECT customer_id FROM {customer} WHERE date_added < NOW() - INTERVAL 1 DAY")
    )
    expect(page.locator("#rule-tried [data-customers]")).to_have_text(str(number))


def test_a_problem_is_shown_at_its_place_and_keeps_from_saving(admin: Desk) -> None:
    page = admin.ours("rules.edit")
    page.get_by_label("Name").fill("wrong")
    write(page, "orders >= 3 and orderz > 2")

    marked = page.locator("#rule-when .sidecar-marks span")
    expect(marked).to_have_text("orderz")
    expect(page.locator("#rule-builder")).to_contain_text("there is no fact 'orderz'")
    expect(page.locator("#rule-save [data-submit]")).to_be_disabled()
    admin.shot("rule-wrong")

    write(page, "orders >= 3 and (")
    expect(page.locator("#rule-unread")).to_be_visible()
    write(page, "orders >= 3 and orders > 2")
    expect(marked).to_have_count(0)
    can_be_saved(page)


def test_text_and_rows_are_kept_in_step(admin: Desk, store: Store) -> None:
    page = admin.ours("rules.edit")
    page.get_by_label("Name").fill("In step")
    write(page, "orders >= 3 and newsletter")
    text = page.locator("#rule-when textarea")
    number = page.locator("#rule-builder input[value='3'], #rule-builder input[inputmode]").first

    expect(number).to_have_value("3")
    number.fill("5")
    number.press("Tab")
    expect(text).to_have_value("orders >= 5 and newsletter")
    page.locator("#rule-builder select").first.select_option("any")
    expect(text).to_have_value("orders >= 5 or newsletter")

    saved(admin)
    assert json.loads(made(store)[0]["definition"]) == {"when": "orders >= 5 or newsletter"}


def test_a_tag_is_written_by_rows_and_the_keyboard(admin: Desk, store: Store) -> None:
    page = admin.ours("rules.edit")
    page.locator("#rule-kind").select_option("tag")
    page.get_by_label("Name").fill("by rows")
    page.get_by_role("button", name="Add condition").press("Enter")
    fact = page.get_by_label("What is compared")
    fact.fill("total sp")
    page.get_by_role("option", name="Total spent").wait_for()
    fact.press("ArrowDown")
    fact.press("Enter")
    page.get_by_label("How it is compared").select_option(label="is more than")
    page.get_by_label("Value").fill("100000")
    page.get_by_label("Value").press("Tab")

    expect(page.locator("#rule-when textarea")).to_have_value("total_spent > 100000")
    page = saved(admin)
    (row,) = made(store)
    assert (row["kind"], row["name"]) == ("tag", "by rows")
    assert json.loads(row["definition"]) == {"when": "total_spent > 100000"}
    # It would change nobody, so nobody has to approve.
    expect(page.locator("#rule-head")).to_contain_text("applied", timeout=SOON_MS)


def test_what_another_person_saved_meanwhile_is_not_overwritten(admin: Desk, store: Store) -> None:
    ask(admin, "rule.save", kind="segment", name="Ours", when="orders > 1")
    page = admin.ours("rules.edit", kind="segment", name="Ours")
    expect(page.locator("#rule-when textarea")).to_have_value("orders > 1")
    definition = json.dumps({"when": "orders > 7"})
    store.rows(
        "UPDATE {sidecar_rule} SET definition = %s, actor = 'admin:eve' WHERE name = 'Ours'",
        definition,
    )

    write(page, "orders > 2")
    can_be_saved(page)
    page.locator("#rule-save [data-submit]").click()

    expect(page.locator("#rule-save .alert-danger")).to_contain_text("admin:eve changed")
    expect(page.locator("#rule-when textarea")).to_have_value("orders > 2")
    assert made(store)[0]["definition"] == definition


def test_a_name_that_is_taken_is_not_overwritten(admin: Desk, store: Store) -> None:
    ask(admin, "rule.save", kind="segment", name="Taken", when="orders > 1")
    page = admin.ours("rules.edit")
    page.get_by_label("Name").fill("taken")
    write(page, "orders > 2")
    can_be_saved(page)
    page.locator("#rule-save [data-submit]").click()

    expect(page.locator("#rule-save .alert-danger")).to_contain_text("already")
    assert json.loads(made(store)[0]["definition"]) == {"when": "orders > 1"}


def test_pressed_twice_it_is_saved_once(admin: Desk, store: Store) -> None:
    page = admin.ours("rules.edit")
    page.get_by_label("Name").fill("Once")
    write(page, "orders > 3")
    can_be_saved(page)
    before = store.value("SELECT COUNT(*) FROM {sidecar_command} WHERE name = 'rule.save'")
    page.locator("#rule-save [data-submit]").dblclick()
    page.wait_for_url("**rules.info**")

    after = store.value("SELECT COUNT(*) FROM {sidecar_command} WHERE name = 'rule.save'")
    assert after == before + 1


# -- deleting and order ------------------------------------------------------------------------


def test_before_deleting_it_is_told_what_depends_on_it(admin: Desk, store: Store) -> None:
    ask(admin, "rule.save", kind="tag", name="root", when="orders > 1")
    ask(admin, "rule.save", kind="segment", name="Leaf", when='tags has "root"')
    page = admin.ours("rules.info", kind="tag", name="root")
    uses = page.locator("#rule-uses")
    expect(uses.get_by_role("link", name="Leaf")).to_be_visible()
    admin.shot("rule-uses")

    admin.confirms = False
    uses.get_by_role("button", name="Delete").click()
    assert len(made(store)) == 2
    admin.confirms = True
    uses.get_by_role("button", name="Delete").click()

    # With the next full pass, where one has applied it.
    expect(page.locator("#rule-head")).to_contain_text(re.compile("deleted|no such rule"))
    expect(uses.get_by_role("button", name="Delete")).to_have_count(0)
    assert "1 rules ask for it" in admin.asked[-1]
    assert [row["name"] for row in made(store)] == ["Leaf"]


@pytest.fixture
def groups(store: Store) -> Iterator[list[str]]:
    """Two customer groups in which nobody is."""
    names = ["Upper 'rung'", "Lower <b>rung</b>"]
    language = store.value("SELECT language_id FROM {customer_group_description} LIMIT 1")
    numbers = []
    for name in names:
        store.rows("INSERT INTO {customer_group} (approval, sort_order) VALUES (0, 9)")
        numbers.append(store.value("SELECT MAX(customer_group_id) FROM {customer_group}"))
        store.rows(
            "INSERT INTO {customer_group_description}"
            " (customer_group_id, language_id, name, description) VALUES (%s, %s, %s, '')",
            numbers[-1],
            language,
            html.escape(name, quote=False),
        )
    yield names
    for number in numbers:
        store.rows("DELETE FROM {customer_group} WHERE customer_group_id = %s", number)
        store.rows("DELETE FROM {customer_group_description} WHERE customer_group_id = %s", number)


def test_rungs_are_put_in_order_by_buttons_and_by_dragging(
    admin: Desk, store: Store, groups: list[str]
) -> None:
    names = groups
    for name in names:
        # True of nobody: nobody is moved.
        ask(admin, "rule.save", kind="group", name=name, when="orders > 1000000")
    page = admin.ours("rules")
    rungs = page.locator("#rules-rungs [data-entry]")
    save = page.get_by_role("button", name="Save this order")
    expect(rungs.first).to_contain_text(names[0])
    expect(save).to_be_disabled()

    page.get_by_role("button", name=f"Move {names[1]} up").press("Enter")
    expect(rungs.first).to_contain_text(names[1])
    save.click()
    admin.done(page.locator("#rules-rungs"))
    assert [row["name"] for row in made(store) if row["kind"] == "group"] == names[::-1]

    handle = rungs.last.locator("[data-handle]")
    handle.drag_to(rungs.first, target_position={"x": 30, "y": 2})
    expect(rungs.first).to_contain_text(names[0])
    expect(save).to_be_enabled()
    admin.shot("rungs")
    save.click()
    shown = page.locator("[data-rungs]")
    page.wait_for_function(
        "names => document.querySelector('[data-rungs]').dataset.rungs.startsWith('[' + names)",
        arg=json.dumps(names[0]),
    )
    expect(shown).to_be_visible()
    assert [row["name"] for row in made(store) if row["kind"] == "group"] == names


# -- rights, narrow screens, German ------------------------------------------------------------


def test_who_may_only_look_writes_no_rule(reader: Desk, admin: Desk, store: Store) -> None:
    ask(admin, "rule.save", kind="segment", name="Theirs", when="orders > 1")

    page = reader.ours("rules.info", kind="segment", name="Theirs")
    expect(page.locator("#rule-uses")).to_contain_text("No rule asks for it.")
    assert page.get_by_role("button", name="Delete").count() == 0
    page = reader.ours("rules.edit", kind="segment", name="Theirs")
    expect(page.locator("#sidecar")).to_contain_text("You do not have the right")
    assert reader.ours("rules").get_by_role("link", name="New rule").count() == 0


def test_who_has_no_right_sees_no_rule(clerk: Desk) -> None:
    for method in (
        "",
        ".rows",
        ".info",
        ".edit",
        ".tried",
        ".judged",
        ".planned",
        ".uses",
        ".rungs",
    ):
        page = clerk.ours(f"rules{method}", kind="tag", name="vip")
        assert page.locator("#rules-list, #rule-head, #rule-editor, table").count() == 0
    assert all("401" in trouble for trouble in clerk.troubles), clerk.troubles
    clerk.troubles.clear()


def test_the_pages_fit_a_telephone_and_speak_german(admin: Desk) -> None:
    admin.language("de-de")
    admin.narrow()
    admin.ours("rules")
    assert admin.overflows() == []
    admin.shot("rules-narrow")

    page = admin.ours("rules.info", kind="tag", name="vip")
    expect(page.locator("#rule-uses")).to_contain_text("Keine Regel fragt danach.")
    assert admin.overflows() == []
    admin.shot("rule-narrow")

    page = admin.ours("rules.edit")
    page.locator("#rule-kind").select_option("group")
    write(page, "orders >= 3 and total_spent > 100")
    expect(page.locator("#rule-tried [data-sample]")).to_be_visible()
    assert admin.overflows() == []
    assert admin.unlabelled() == []
    admin.shot("rule-edit-narrow")
