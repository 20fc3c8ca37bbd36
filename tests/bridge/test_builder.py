"""The builder of conditions in a browser: what comes out of it, and what a person can do in it."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from playwright.sync_api import Locator, Page, Position, expect

from bridge.builder_page import ADMIN, GIVEN, PAUSE_MS, Editor, stop_time, text_of, tree, words
from sidecar.rules.language.jsonform import to_json
from sidecar.rules.language.parser import parse
from sidecar.rules.language.printer import print_expr
from sidecar.rules.syntax import Expr
from support.samples import CATALOGUE, LISTS, NAMES, SEGMENTS
from support.strategies import expressions, trees

T = TypeVar("T")

SCRIPTS = ADMIN / "view" / "javascript"

HOSTILE = "<img src=x onerror=alert(1)>'\"&amp; \\ %s 🦊"

#: Touches every row: another operator and back, its pop-up opened and applied.
TOUCH = """
(it, documents) => {
  // Where the focus is makes no difference here, and each time the page would be laid out for it.
  HTMLElement.prototype.focus = () => {};

  return documents.map((document, number) => {
    it.value = document;
    const shown = it.value;
    for (const {dataset: {entry}} of it.querySelectorAll('.sidecar-row')) {
      const part = (name) => it.querySelector(`[data-entry="${entry}"] [data-focus="${name}"]`);
      const choose = (value) => {
        part('operator').value = value;
        part('operator').dispatchEvent(new Event('change', {bubbles: true}));
      };
      const key = part('operator').value;
      const others = [...part('operator').options].filter((each) => each.value !== key);
      choose(others[number % others.length].value);
      choose(key);
      part('filters')?.click();
      const dialog = it.querySelector('dialog');
      dialog?.close('done');
      dialog?.dispatchEvent(new Event('close'));
    }
    return [shown, it.value, it.isComplete];
  });
}
"""


def examples(strategy: SearchStrategy[T], count: int) -> list[T]:
    """The first examples of a strategy, the same each time."""
    found: list[T] = []

    @settings(
        max_examples=count,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: T) -> None:
        found.append(example)

    collect()
    return found


@pytest.fixture
def builder(page: Page) -> Editor:
    return Editor(page, "sidecar-builder")


# -- what comes out --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "made",
    [
        expressions(CATALOGUE, names=NAMES, lists=list(LISTS), segments=SEGMENTS),
        trees(),
    ],
    ids=["that the checker accepts", "of any shape"],
)
def test_a_condition_comes_out_as_it_went_in(builder: Editor, made: SearchStrategy[Expr]) -> None:
    expected = [print_expr(expr) for expr in examples(made, 60)]
    documents = [to_json(parse(text)) for text in expected]

    told = builder.it.evaluate(TOUCH, documents)
    for text, document, (shown, touched, complete) in zip(expected, documents, told, strict=True):
        assert shown == document, text
        assert touched == document, text
        assert text_of(touched) == text
        assert complete, text


def test_nothing_is_null_and_null_is_nothing(builder: Editor) -> None:
    assert builder.get("value") is None

    builder.set("value", tree("orders > 1"))
    builder.set("value", None)

    assert builder.get("value") is None
    assert builder.get("isComplete")
    expect(builder.it.get_by_text("Nothing is chosen yet.")).to_be_visible()


def test_groups_are_all_any_none_and_not_all(builder: Editor) -> None:
    builder.set("value", tree("orders > 1 and newsletter"))

    for join, text in [
        ("any", "orders > 1 or newsletter"),
        ("none", "not (orders > 1 or newsletter)"),
        ("not all", "not (orders > 1 and newsletter)"),
        ("all", "orders > 1 and newsletter"),
    ]:
        builder.it.get_by_label("How these are joined").select_option(join)
        assert text_of(builder.get("value")) == text


def test_a_group_within_one_of_its_kind_is_written_flat(builder: Editor) -> None:
    builder.set("value", tree("newsletter and (orders > 1 or status)"))
    builder.it.get_by_label("How these are joined").nth(1).select_option("all")

    assert text_of(builder.get("value")) == "newsletter and orders > 1 and status"
    assert len(builder.get("value")["condition"]["items"]) == 3


def test_what_is_set_again_leaves_everything_as_it_is(builder: Editor) -> None:
    document = tree('orders(within = 1 year) > 1 and not tags has "vip"')
    builder.set("value", document)
    builder.it.get_by_label("Value").first.focus()
    builder.it.evaluate("(it) => { window.first = it.querySelector('.sidecar-row'); }")

    builder.set("value", document)
    builder.set("disabled", False)

    assert builder.it.evaluate("(it) => window.first === it.querySelector('.sidecar-row')")


def test_a_shape_of_a_newer_daemon_is_shown_and_carried(builder: Editor) -> None:
    later = {"node": "near", "fact": {"name": "city"}, "place": "<b>here</b>"}
    document = {"version": 1, "condition": {"node": "and", "items": [later, *_two()]}}
    builder.set("value", document)
    row(builder, 1).get_by_label("Value").fill("7")

    assert builder.get("value")["condition"]["items"][0] == later
    expect(builder.it.get_by_text('"place":"<b>here</b>"')).to_be_visible()


def _two() -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = tree("orders > 1 and newsletter")["condition"]["items"]
    return items


def row(builder: Editor, number: int) -> Locator:
    """A row, counted from 0."""
    return builder.it.locator(".sidecar-row").nth(number)


def written(builder: Editor) -> str:
    return text_of(builder.get("value"))


# -- by keyboard alone -----------------------------------------------------------------------


def test_a_condition_is_made_from_nothing_by_keyboard(builder: Editor, page: Page) -> None:
    press, write = page.keyboard.press, page.keyboard.type
    press("Tab")  # how they are joined
    press("Tab")  # add
    press("Enter")
    write("total sp")
    press("Enter")
    press("Shift+Tab")  # from the operator to the filters
    press("Enter")
    page.locator("dialog").wait_for()
    press("Enter")  # within
    write("2")
    press("Tab")
    write("y")
    page.get_by_role("button", name="Apply").press("Enter")
    page.locator("dialog").wait_for(state="detached")
    press("Tab")
    write("is more")
    press("Tab")
    write("99,50")

    assert written(builder) == "total_spent(within = 2 years) > 99.5"


def test_rows_and_groups_move_by_keyboard(builder: Editor, page: Page) -> None:
    builder.set("value", tree('city = "a" and city = "b" and (city = "c" or city = "d")'))
    row(builder, 0).get_by_label("Value").focus()

    for text in (
        'city = "b" and city = "a" and (city = "c" or city = "d")',
        'city = "b" and (city = "a" or city = "c" or city = "d")',
        'city = "b" and (city = "c" or city = "a" or city = "d")',
        'city = "b" and (city = "c" or city = "d" or city = "a")',
        'city = "b" and (city = "c" or city = "d") and city = "a"',
        'city = "b" and (city = "c" or city = "d") and city = "a"',
    ):
        page.keyboard.press("Alt+ArrowDown")
        assert written(builder) == text
    for _ in range(4):
        page.keyboard.press("Alt+ArrowUp")

    assert written(builder) == 'city = "b" and city = "a" and (city = "c" or city = "d")'


def test_the_focus_stays_where_the_person_is(builder: Editor, page: Page) -> None:
    builder.set("value", tree('city = "a" and city = "b" and city = "c"'))
    remove = builder.it.get_by_label("Remove")

    remove.nth(1).press("Enter")
    expect(remove.nth(1)).to_be_focused()
    assert written(builder) == 'city = "a" and city = "c"'
    page.keyboard.press("Enter")
    expect(remove.nth(0)).to_be_focused()
    page.keyboard.press("Enter")
    expect(builder.it.get_by_text("Add condition")).to_be_focused()
    assert builder.get("value") is None


def test_escape_closes_what_is_open_and_nothing_else(builder: Editor, page: Page) -> None:
    builder.set("value", tree("orders(total >= 5) > 1"))
    page.get_by_label("More").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.get_by_label("More")).to_be_focused()
    expect(page.get_by_text("Duplicate")).to_be_hidden()

    page.get_by_label("What is compared").fill("zzz")
    page.keyboard.press("Escape")
    page.get_by_text("with a total of at least 5").click()
    page.get_by_label("with a total of at least", exact=True).fill("7")
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")

    assert written(builder) == "orders(total >= 5) > 1"


def test_enter_in_an_input_sends_nothing_that_is_around(builder: Editor, page: Page) -> None:
    builder.set("value", tree("orders > 1"))
    page.evaluate(
        "document.addEventListener('keydown', (event) => { window.last = event.key; })",
    )
    builder.it.get_by_label("Value").press("5")
    builder.it.get_by_label("Value").press("Enter")

    assert page.evaluate("window.last") == "5"


# -- what a menu does ------------------------------------------------------------------------


def act(builder: Editor, number: int, name: str) -> None:
    builder.it.get_by_label("More").nth(number).click()
    builder.it.locator("details[open]").get_by_role("button", name=name, exact=True).click()


def test_a_menu_duplicates_negates_wraps_and_dissolves(builder: Editor) -> None:
    builder.set("value", tree('orders > 1 and city = "a"'))

    act(builder, 0, "Duplicate")
    row(builder, 1).get_by_label("Value").fill("2")
    assert written(builder) == 'orders > 1 and orders > 2 and city = "a"'
    act(builder, 1, "Negate")
    assert written(builder) == 'orders > 1 and not orders > 2 and city = "a"'
    act(builder, 2, "Wrap into a group")
    row(builder, 2).locator("xpath=../..").get_by_text("Add condition").click()
    row(builder, 3).get_by_label("What is compared").fill("newsl")
    row(builder, 3).get_by_label("What is compared").press("Enter")
    assert written(builder) == 'orders > 1 and not orders > 2 and (city = "a" or newsletter)'
    act(builder, 1, "Move down")
    assert written(builder) == 'orders > 1 and (not orders > 2 or city = "a" or newsletter)'
    builder.it.get_by_label("Negated").click()
    assert written(builder) == 'orders > 1 and (orders > 2 or city = "a" or newsletter)'
    act(builder, 1, "Dissolve the group")
    assert written(builder) == 'orders > 1 and orders > 2 and city = "a" and newsletter'


# -- inputs ----------------------------------------------------------------------------------


def pick_fact(builder: Editor, name: str) -> None:
    fact = builder.it.get_by_label("What is compared")
    fact.fill(name)
    fact.press("Enter")


def test_a_condition_is_changed_where_its_type_allows(builder: Editor, page: Page) -> None:
    builder.set("value", tree("orders > 1"))
    operator, value = (
        builder.it.get_by_label("How it is compared"),
        builder.it.get_by_label("Value"),
    )
    unit = builder.it.get_by_label("Unit")

    value.fill("1.50")
    assert written(builder) == "orders > 1.5"
    operator.select_option("between")
    builder.it.get_by_label("To", exact=True).fill("007")
    assert written(builder) == "orders between 1.5 and 7"
    operator.select_option("not in")
    page.get_by_label("Value: add one").fill("12")
    page.keyboard.press("Enter")
    assert written(builder) == "orders not in (1.5, 7, 12)"
    page.get_by_label("Take away 7").click()
    assert written(builder) == "orders not in (1.5, 12)"
    operator.select_option("not missing")
    assert written(builder) == "orders is not missing"

    pick_fact(builder, "order_span")
    operator.select_option(">=")
    value.fill("3")
    assert written(builder) == "order_span >= 3"
    unit.select_option("week")
    assert written(builder) == "order_span >= 3 weeks"

    builder.set("value", tree("order_span >= 3 days"))
    value.fill("4")
    assert written(builder) == "order_span >= 4 days"

    pick_fact(builder, "newsletter")
    operator.select_option("=")
    value.select_option("no")
    assert written(builder) == "newsletter = no"

    pick_fact(builder, "last_order")
    operator.select_option("older than")
    value.fill("90")
    unit.select_option("day")
    assert written(builder) == "last_order older than 90 days"
    operator.select_option("before")
    value.fill("2026-01-31")
    assert written(builder) == "last_order before 2026-01-31"
    builder.it.get_by_label("Which day").select_option("yesterday")
    assert written(builder) == "last_order before yesterday"

    pick_fact(builder, "group")
    value.select_option("Größe")
    assert written(builder) == 'group = "Größe"'
    operator.select_option("in")
    page.get_by_label("Value: add one").fill("whole")
    page.keyboard.press("Enter")
    assert written(builder) == 'group in ("Größe", "Wholesale")'
    operator.select_option("in list")
    builder.it.get_by_label("List").select_option("friends")
    assert written(builder) == "group in @friends"

    pick_fact(builder, "tags")
    operator.select_option("not has all")
    page.get_by_label("Value: add one").fill("VIP")
    page.keyboard.press("Enter")
    page.get_by_label("Value: add one").fill("brand new")
    page.keyboard.press("Enter")
    assert written(builder) == 'tags not has all of ("vip", "brand new")'

    pick_fact(builder, "Segment")
    builder.it.get_by_label("Segment", exact=True).select_option("Große")
    assert written(builder) == 'in segment "Große"'

    pick_fact(builder, "city")
    operator.select_option("starts with")
    value.fill(" Ab")
    assert written(builder) == 'city starts with " Ab"'


@pytest.mark.parametrize(
    "text", ["orders > 1", "last_order within 5 days", "last_order on 2026-01-31"]
)
def test_what_is_no_value_is_marked_and_makes_it_incomplete(builder: Editor, text: str) -> None:
    builder.set("value", tree(text))
    value = builder.it.get_by_label("Value")
    value.fill("" if value.get_attribute("type") == "date" else "many")

    assert not builder.get("isComplete")
    expect(builder.it.get_by_text("Something is missing here still.")).to_be_visible()


def test_many_values_are_pasted_one_a_line(builder: Editor, page: Page) -> None:
    builder.set("value", tree('email in ("a@example.com")'))
    page.get_by_label("Value: add one").evaluate(
        """(input) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData('text', 'b@example.com\\r\\n\\n c@example.com\\na@example.com');
          const how = {clipboardData, bubbles: true, cancelable: true};
          input.dispatchEvent(new ClipboardEvent('paste', how));
        }"""
    )

    assert builder.get("value")["condition"]["values"] == [
        {"type": "text", "text": f"{letter}@example.com"} for letter in "abc"
    ]


def test_a_fact_is_found_by_its_name_or_label_under_headings(builder: Editor, page: Page) -> None:
    builder.set("value", tree("orders > 1"))
    builder.it.get_by_label("What is compared").fill("spent")

    options = page.locator(".sidecar-options [role=option]")
    expect(options.first).to_contain_text("total_spent")
    expect(page.locator(".dropdown-header").first).to_have_text("Orders")
    builder.it.get_by_label("What is compared").fill("nothing such")
    expect(options).to_have_count(0)
    builder.it.get_by_label("Value").focus()
    expect(builder.it.get_by_label("What is compared")).to_have_value("Orders")


# -- events, problems, dragging --------------------------------------------------------------


def test_a_change_is_told_once_and_typing_after_a_pause(builder: Editor, page: Page) -> None:
    builder.set("value", tree("orders > 1"))
    stop_time(page)
    builder.count_changes()

    builder.it.get_by_label("Value").press_sequentially("234")
    assert builder.changes == 0
    page.clock.run_for(PAUSE_MS)
    assert builder.changes == 1
    builder.it.get_by_label("Value").blur()
    builder.it.get_by_label("How it is compared").select_option("<")
    builder.set("value", tree("orders > 3"))
    page.clock.run_for(PAUSE_MS)

    assert builder.changes == 2


def test_problems_stand_at_their_rows(builder: Editor) -> None:
    builder.set("value", tree('newsletter and not (orders > 1 or tags has "x") and city = ""'))
    builder.set(
        "problems",
        [
            {
                "path": "$.condition.items[1].item.items[0].value",
                "message": "one",
                "severity": "error",
            },
            {"path": "$.condition.items[2]", "message": "two", "hint": "do", "severity": "warning"},
            {"path": "$.condition.items[1]", "message": "three", "severity": "error"},
            {"path": "$", "message": "four", "severity": "error"},
            {"message": "elsewhere", "severity": "error"},
        ],
    )

    problems = builder.it.locator("[data-problems]").all_inner_texts()
    assert problems == ["", "one", "", "three", "two – do", "four"]


def test_a_row_is_dragged_into_a_group_and_a_group_never_into_itself(
    builder: Editor, page: Page
) -> None:
    builder.set("value", tree('city = "a" and (city = "b" or city = "c") and city = "d"'))
    handles = builder.it.get_by_label("Move: drag")

    def drag(handle: int, target: int, part: float) -> None:
        box = row(builder, target).bounding_box()
        assert box is not None
        place = Position(x=box["width"] / 2, y=box["height"] * part)
        handles.nth(handle).drag_to(row(builder, target), target_position=place)

    drag(0, 2, 0.9)
    assert written(builder) == '(city = "b" or city = "c" or city = "a") and city = "d"'
    drag(0, 1, 0.1)
    assert written(builder) == '(city = "b" or city = "c" or city = "a") and city = "d"'
    drag(0, 3, 0.9)
    assert written(builder) == 'city = "d" and (city = "b" or city = "c" or city = "a")'
    drag(1, 0, 0.1)
    assert written(builder) == '(city = "b" or city = "c" or city = "a") and city = "d"'


# -- names and words -------------------------------------------------------------------------


def test_hostile_names_are_text_everywhere(builder: Editor, page: Page) -> None:
    names = [{"value": HOSTILE, "label": HOSTILE}]
    fact = {**GIVEN["facts"][0], "name": "custom_x", "label": HOSTILE, "area": HOSTILE}
    builder.set(
        "catalogue",
        GIVEN
        | {"facts": [*GIVEN["facts"], fact], "segments": [HOSTILE], "tags": [HOSTILE]}
        | {"lists": [{"name": HOSTILE, "texts": 1}], "names": {"group": names, "status": names}},
    )
    condition = to_json(parse('orders(status = "x") > 1 and tags has "x" and in segment "x"'))
    text = json.dumps(condition).replace('"x"', json.dumps(HOSTILE))
    builder.set("value", json.loads(text))
    builder.set("problems", [{"path": "$.condition.items[0]", "message": HOSTILE, "hint": HOSTILE}])
    builder.it.get_by_label("What is compared").first.fill("img")
    page.locator("[data-focus=filters]").click()

    assert builder.get("value") == json.loads(text)
    assert builder.it.locator("img").count() == 0
    expect(page.get_by_label("with the status")).to_have_value(HOSTILE)


def test_it_speaks_german_and_names_facts_in_it(page: Page) -> None:
    builder = Editor(page, "sidecar-builder", language="de-de")
    builder.set("value", tree("total_spent(within = 1 year) >= 5"))

    expect(builder.it.get_by_label("Was verglichen wird")).to_have_value("Umsatz gesamt")
    expect(builder.it.get_by_text("nicht älter als 1 Jahr")).to_be_visible()
    expect(builder.it.get_by_text("Bedingung hinzufügen")).to_be_visible()


def test_every_text_that_it_says_is_there() -> None:
    used = set(
        re.findall(r"'(builder_\w+)'", "".join(p.read_text("utf-8") for p in SCRIPTS.glob("*.js")))
    )

    assert used == {name for name in words("en-gb") if name.startswith("builder_")}


def test_nothing_in_it_can_be_sent_or_changed_where_it_is_only_looked_at(builder: Editor) -> None:
    builder.set("value", tree("orders(within = 1 day) > 1"))
    assert builder.it.locator("[name], form").count() == 0

    builder.set("disabled", True)

    expect(builder.it.get_by_label("Value")).to_be_disabled()
    expect(builder.it.get_by_label("Remove")).to_be_disabled()
