"""What the page of rules reads: every rule, how it is, and the history of segments."""

from __future__ import annotations

import datetime
from typing import Any

from bridge.php_database import php_call
from sidecar import clock
from sidecar.config import Database
from sidecar.shop.database import transaction
from sidecar.sync import admin_rules
from support.commanding import done
from support.deciding import discard
from support.small_store import SmallStore

RULES = "return (new Sidecar\\RuleList($database))->rules();"
FIND = "return (new Sidecar\\RuleList($database))->find($values['kind'], $values['name']);"
HISTORY = (
    "$history = new Sidecar\\SegmentHistory($database);"
    " return [$history->sizes([$values['id']], $values['days']), $history->changes($values['id'])];"
)

HOSTILE = 'it\'s "<b>50%_\\</b>" 🦊'


def rules(database: Database) -> dict[tuple[str, str], dict[str, Any]]:
    return {(rule["kind"], rule["name"]): rule for rule in php_call(database, RULES)}


def test_the_list_tells_each_rule_as_the_daemon_does(
    store: SmallStore, small_database: Database
) -> None:
    customers = [store.given.customer() for _ in range(4)]
    store.given.order(customers[0], "100")
    store.rules(buyer="orders > 0", never="orders > 100")
    done(store, "rule.save", kind="segment", name=HOSTILE, when="orders = 0")
    store.full_pass()

    found = rules(small_database)

    told = {
        (rule["kind"], rule["name"]): rule
        for rule in store.sidecar.view.rule_list(store.sidecar.check_rules())
    }
    assert found.keys() == told.keys()
    for key, rule in found.items():
        for name in ("origin", "state", "customers"):
            assert rule[name] == told[key][name], (key, name)
    made = found["segment", HOSTILE]
    assert made["definition"] == {"when": "orders = 0"}
    assert (made["actor"], made["customers"]) == ("eve", 3)
    assert found["tag", "buyer"]["definition"] is None


def test_what_was_saved_is_new_until_a_pass_has_applied_it(
    store: SmallStore, small_database: Database
) -> None:
    store.given.customer()
    store.rules(never="orders > 100")
    store.full_pass()
    for kind in ("segment", "tag", "group"):
        name = "Retail" if kind == "group" else f"new {kind}"
        if kind == "group":
            store.given.group(name)
        done(store, "rule.save", kind=kind, name=name, when="orders > 100")

    found = rules(small_database)
    assert {found[key]["state"] for key in found if found[key]["definition"]} == {"new"}

    store.now = clock.now() + datetime.timedelta(minutes=1)
    store.full_pass()
    found = rules(small_database)
    assert {found[key]["state"] for key in found} == {"applied"}
    assert ("ladder", "ladder") in found


def test_a_rule_that_waits_or_is_held_names_its_run(
    store: SmallStore, small_database: Database
) -> None:
    ids = [store.given.customer() for _ in range(4)]
    store.rules(never="orders > 100")
    store.full_pass()
    store.rules(never="orders > 100", quiet="orders = 0")
    (run,) = (waiting.run_id for waiting in store.whole_pass(cap=2).waiting)

    waiting = rules(small_database)["tag", "quiet"]
    discard(store, run)
    held = rules(small_database)["tag", "quiet"]

    assert (waiting["state"], waiting["run"]) == ("waiting", run)
    assert (held["state"], held["run"]) == ("held", run)
    assert store.who("quiet") == []
    assert len(ids) == 4


def test_a_rule_that_does_not_fit_any_more_says_why(
    store: SmallStore, small_database: Database
) -> None:
    store.rules()
    done(store, "rule.save", kind="tag", name="broken", when="orders > 100")
    store.given.update("sidecar_rule", {"name_key": "broken"}, definition='{"when": "orderz > 1"}')
    checked = store.sidecar.check_rules()
    with transaction(store.sidecar.engine) as tx:
        admin_rules.note_off(tx, store.sidecar.shop.own, checked.rules.off, store.moment)

    found = rules(small_database)["tag", "broken"]

    assert found["state"] == "off"
    assert "there is no fact 'orderz'" in found["off"]


def test_a_rule_is_found_by_its_name_however_it_is_written(
    store: SmallStore, small_database: Database
) -> None:
    done(store, "rule.save", kind="segment", name="Größe <i>", when="orders > 1")

    for name in ("Größe <i>", "GRÖSSE <I>", "größe <i>", "' OR 1=1 -- ", ""):
        found = php_call(small_database, FIND, kind="segment", name=name)
        assert (found is not None) == (name.lower() == "größe <i>")
    assert php_call(small_database, FIND, kind="tag", name="Größe <i>") is None


def test_the_history_of_a_segment_is_what_our_tables_have(
    store: SmallStore, small_database: Database
) -> None:
    first, second = store.given.customer(), store.given.customer()
    store.rules()
    done(store, "rule.save", kind="segment", name="Buyers", when="orders > 0")
    store.full_pass()
    store.given.order(first, "100")
    store.full_pass()
    store.given.order(second, "100")
    store.full_pass()
    number = store.rows("SELECT segment_id AS n FROM `{own}segment` WHERE name = 'Buyers'")[0]["n"]
    today = clock.now().date()
    days = [today - datetime.timedelta(days=ago) for ago in (2, 40)]
    for day in days:
        store.given.insert(
            "sidecar_segment_size", {"segment_id": number, "day": day.isoformat(), "customers": 7}
        )

    sizes, changes = php_call(small_database, HISTORY, id=number, days=30)

    assert sizes[str(number)][days[0].isoformat()] == 7
    assert days[1].isoformat() not in sizes[str(number)]
    assert {(change["customer_id"], change["entered"]) for change in changes} == {
        (first, True),
        (second, True),
    }
