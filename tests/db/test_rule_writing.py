"""What is asked while somebody writes a rule: whether it is sound, and what it can be made of."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from sidecar.rules.catalogue import FACTS, OPERATORS
from sidecar.sync import rule_choices
from support.commanding import done
from support.small_store import SmallStore
from support.statements import statements

#: What no person writes, and what breaks careless readers.
HOSTILE = (
    "",
    " \n\t",
    "orders >= ",
    "orders >==",
    'first_name = "',
    "' OR 1=1 -- ",
    "orders >= 3; DROP TABLE oc_customer",
    "🦊 = 1",
    "orders = 1\x00",
    "<img src=x onerror=alert(1)>",
    "orders = 99999999999999999999",
    "(" * 300 + "status",
    "not " * 500 + "status",
    "orders = 1 and " * 3_000 + "status",
)

NO_TREES = (
    "",
    "{",
    "[]",
    "null",
    "7",
    '{"version": 1}',
    "[" * 5_000,
    '{"version": 2, "condition": 1}',
)


def marked(text: str, problem: dict[str, Any]) -> str:
    """What a browser underlines of *text*."""
    units = text.encode("utf-16-le")
    return units[problem["from"] * 2 : problem["to"] * 2].decode("utf-16-le")


def at(tree: dict[str, Any], path: str) -> Any:
    """What a path of a problem leads to."""
    found: Any = tree
    for step in path.removeprefix("$").replace("[", ".").replace("]", "").strip(".").split("."):
        found = found[int(step)] if step.isdigit() else found[step]
    return found


# -- rule.check --------------------------------------------------------------------------------


def test_a_sound_condition_is_told_as_text_as_json_and_in_words(store: SmallStore) -> None:
    found = done(store, "rule.check", when="orders>=3   and (tags has 'vip')")

    assert found["text"] == 'orders >= 3 and tags has "vip"'
    assert [node["node"] for node in found["tree"]["condition"]["items"]] == ["compare", "has"]
    assert found["sentence"].startswith("Customers for whom the number of orders is at least 3")
    assert [problem["severity"] for problem in found["problems"]] == ["warning"]


def test_the_json_of_a_condition_is_told_as_the_same_text(store: SmallStore) -> None:
    when = 'not (orders >= 3 or city in ("Köln", "Bonn")) and last_order within 90 days'
    by_text = done(store, "rule.check", when=when)

    by_tree = done(store, "rule.check", tree=json.dumps(by_text["tree"]))

    assert by_tree == by_text
    assert by_tree["text"] == when


def test_every_problem_is_marked_where_it_is(store: SmallStore) -> None:
    when = 'email contains "🦊" and\n  (orderz >= 3 or city = 7)\n  and in segment "gone"'

    found = done(store, "rule.check", when=when)

    assert [marked(when, problem) for problem in found["problems"]] == [
        "orderz",
        "city = 7",
        'in segment "gone"',
    ]
    assert [(p["line"], p["column"]) for p in found["problems"]] == [(2, 4), (2, 19), (3, 7)]
    nodes = [at(found["tree"], problem["path"]) for problem in found["problems"]]
    assert [node.get("fact", {}).get("name") for node in nodes] == ["orderz", "city", None]
    assert nodes[2] == {"node": "in_segment", "segment": "gone"}
    assert "did you mean 'orders'?" in found["problems"][0]["message"]


def test_problems_of_json_are_marked_in_the_text_it_becomes(store: SmallStore) -> None:
    tree = done(store, "rule.check", when="orders > 1 and orderz > 2")["tree"]

    found = done(store, "rule.check", tree=json.dumps(tree))

    (problem,) = found["problems"]
    assert marked(found["text"], problem) == "orderz"
    assert problem["path"] == "$.condition.items[1]"


@pytest.mark.parametrize("when", HOSTILE)
def test_what_cannot_be_read_is_a_problem_and_no_failure(store: SmallStore, when: str) -> None:
    found = done(store, "rule.check", when=when, kind="tag", name="x")

    assert (found["text"], found["tree"], found["sentence"]) == (None, None, None)
    assert [problem["severity"] for problem in found["problems"]] == ["error"]
    for problem in found["problems"]:
        assert 0 <= problem.get("from", 0) <= problem.get("to", 0) <= len(when.encode()) + 1


@pytest.mark.parametrize("tree", NO_TREES)
def test_json_that_is_no_condition_is_a_problem_and_no_failure(
    store: SmallStore, tree: str
) -> None:
    found = done(store, "rule.check", tree=tree)

    assert found["text"] is None
    assert found["problems"]
    assert {problem["severity"] for problem in found["problems"]} == {"error"}


def test_the_path_of_a_wrong_value_leads_to_it(store: SmallStore) -> None:
    number = {"type": "number", "number": "x"}
    compare = {"node": "compare", "fact": {"name": "orders"}, "op": ">", "value": number}
    missing = {"node": "missing", "fact": {"name": "city"}}
    tree = {"version": 1, "condition": {"node": "or", "items": [missing, compare]}}

    (problem,) = done(store, "rule.check", tree=json.dumps(tree))["problems"]

    assert at(tree, problem["path"]) == "x"
    assert problem["message"].startswith("expected a number in quotes")


def test_a_rule_that_needs_itself_is_told_before_it_is_saved(store: SmallStore) -> None:
    done(store, "rule.save", kind="segment", name="Regulars", when="orders > 3")
    store.rules(loyal='in segment "regulars"')
    when = 'tags has "loyal"'

    alone = done(store, "rule.check", when=when)
    inside = done(store, "rule.check", when=when, kind="segment", name="Regulars")

    assert alone["problems"] == []
    messages = [p["message"] for p in inside["problems"] if p["severity"] == "error"]
    assert any("its own result" in message for message in messages)


def test_a_rule_that_the_files_wait_for_is_held_against_them_as_it_would_be(
    store: SmallStore,
) -> None:
    store.rules(loyal='in segment "regulars"')

    found = done(store, "rule.check", when="orders > 3", kind="segment", name="Regulars")

    assert found["problems"] == []


def test_a_name_that_a_file_uses_is_told_before_it_is_saved(store: SmallStore) -> None:
    store.rules(vip="orders > 5")

    (problem,) = done(store, "rule.check", when="orders > 1", kind="tag", name="VIP")["problems"]

    assert "is made in the admin too" in problem["message"]
    assert problem["severity"] == "error"


def test_rules_files_that_are_wrong_are_told_as_such(store: SmallStore) -> None:
    store.rules(vip="orderz > 5")

    found = done(store, "rule.check", when="orders > 1", kind="tag", name="other")

    assert found["text"] == "orders > 1"
    assert "the rules in the files are wrong" in found["problems"][0]["message"]
    assert "orderz" in found["problems"][0]["message"]


def test_a_condition_is_checked_fast_enough_to_be_asked_while_typing(store: SmallStore) -> None:
    when = " and ".join(f"orders(within = {days} days) >= 1" for days in range(1, 40))
    done(store, "rule.check", when=when)

    began = time.perf_counter()
    for _ in range(5):
        done(store, "rule.check", when=when, kind="tag", name="often")

    # Mostly under 0.05 s; the bound leaves room for a busy machine.
    assert (time.perf_counter() - began) / 5 < 0.5


def test_products_are_read_only_for_a_condition_that_names_one(store: SmallStore) -> None:
    store.given.product("Lamp")
    store.rules(lit='products has "Lamp"')
    found = {}

    for when in ("orders > 1", 'products has "Lamp"', 'orders(product = "Lampe") > 1'):
        with statements(store.sidecar.engine) as sent:
            problems = done(store, "rule.check", when=when, kind="tag", name="x")["problems"]
        is_read = any("product_description" in statement for statement in sent)
        found[when] = (is_read, [problem["message"] for problem in problems])

    assert list(found.values()) == [
        (False, []),
        (True, []),
        (True, ["there is no product 'Lampe' (did you mean 'Lamp'?)"]),
    ]


# -- rule.facts --------------------------------------------------------------------------------


def test_an_editor_is_offered_every_fact_and_what_it_takes(store: SmallStore) -> None:
    found = done(store, "rule.facts")

    assert {fact["name"] for fact in found["facts"]} >= {fact.name for fact in FACTS}
    assert found["operators"] == {kind: list(taken) for kind, taken in OPERATORS.items()}
    facts = {fact["name"]: fact for fact in found["facts"]}
    assert facts["orders"]["filters"]["category"] == "category"
    assert facts["orders"]["filters"]["within"] is None
    assert facts["tier"]["absent"] == "there is no loyalty program"
    assert facts["orders"]["absent"] is None
    assert found["filters"]["within"] == "span"
    assert {one["name"] for one in found["lists"]} == {"free_mail"}


def test_an_editor_is_offered_names_as_a_condition_must_say_them(store: SmallStore) -> None:
    twin = [store.given.group("Twin & <b>"), store.given.group("Twin & <b>")]
    store.given.group("Alone")
    store.rules(vip="orders > 5")
    done(store, "rule.save", kind="segment", name="Busy <i>", when="orders > 3")

    found = done(store, "rule.facts")

    groups = {one["value"]: one["label"] for one in found["names"]["group"]}
    assert groups["Alone"] == "Alone"
    assert {f"#{number}" for number in twin} <= groups.keys()
    for value in groups:
        asked = done(store, "rule.check", when=f"group = {json.dumps(value, ensure_ascii=False)}")
        assert asked["problems"] == []
    assert "vip" in found["tags"]
    assert found["segments"] == ["Busy <i>"]


def test_of_a_large_catalogue_only_the_first_names_are_offered(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        store.given.group(f"Group {number}")
    monkeypatch.setattr(rule_choices, "MOST", 3)

    found = done(store, "rule.facts")

    assert len(found["names"]["group"]) == 3
    everything = store.rows("SELECT COUNT(*) AS n FROM oc_customer_group")[0]["n"]
    assert found["more"]["group"] == everything - 3
