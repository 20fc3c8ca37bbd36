"""What explanations say of any customer under any rules, held against passes that do happen."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from sidecar.model import Scope, fold
from sidecar.rules.evaluate import evaluate
from sidecar.rules.language.parser import parse
from sidecar.rules.rule import GroupRule, SegmentRule, TagRule
from sidecar.rules.ruleset import RuleSet, assemble
from sidecar.rules.syntax import Span
from sidecar.shop.database import transaction
from sidecar.sync import cycle
from sidecar.sync.compiled_rules import Rulebook, open_rulebook
from sidecar.sync.cycle import Pass
from sidecar.sync.explaining import explain
from sidecar.sync.rulebook import CheckedRules
from sidecar.sync.runs import Run
from support.random_store import FACTS, a_few, start_anew, tag_by_hand, tag_rules
from support.small_store import SmallStore

#: How far time is walked through, in days.
DAYS = 45

#: Conditions that time changes, some of which ask for others.
TIMED = (
    "last_order within 30 days",
    "last_order older than 20 days",
    "orders(within = 1 month) >= 1",
    "orders(within = 90 days) < 2 and orders >= 1",
    "total_spent(within = 60 days) >= 100",
    "registered within 31 days or last_order in next 9 days",
    "registered on yesterday",
    "reviews(within = 12 hours) = 0 and registered within 3 days",
    "orders(from = yesterday) >= 1",
)


def book_of(store: SmallStore, rules: RuleSet) -> Rulebook:
    """*rules* as the clock applies them."""
    checked = store.sidecar.check_rules()
    checked = CheckedRules(rules, checked.dictionary, checked.names)
    shop = store.sidecar.shop
    return open_rulebook(shop, checked, store.moment, writing=False, new_limits=False)


def explained(store: SmallStore, rules: RuleSet, customer: int) -> Any:
    return explain.explain(store.sidecar.shop, book_of(store, rules), customer, store.moment)


@a_few
@given(st.integers(0, 2**32), st.data())
def test_a_tree_says_of_every_customer_what_a_pass_does(
    store: SmallStore, small_engine: Engine, seed: int, data: st.DataObject
) -> None:
    made = start_anew(store, small_engine, random.Random(seed))
    names = store.sidecar.check_rules().names
    rules = assemble(tags=data.draw(tag_rules(names, FACTS)))
    store.full_pass(rules=rules)
    tag_by_hand(store, rules, made)
    book = book_of(store, rules)

    for customer in made.customers:
        with transaction(small_engine) as tx:
            work = Pass(store.sidecar.shop, book, store.moment)
            frame = cycle.situation(work, tx, Scope.of([customer])).frame
        verdict = evaluate(book.compiled, frame, store.moment).row(0, named=True)
        found = explained(store, rules, customer)["tag"]
        for rule in rules.tags:
            slot = next(s for s, tag in book.tags.items() if fold(tag.name) == fold(rule.name))
            entry = found[rule.name]
            held = bool(verdict[f"verdict{slot // 64}"] >> slot % 64 & 1)
            assert entry["verdict"] == entry["tree"]["holds"] == held, rule.text
            assert entry["holds"] == (rule.name in store.has(customer))
            assert (entry["nearest"] is None) or not held
            _hold_joints(entry["tree"])


def _hold_joints(tree: Mapping[str, Any]) -> None:
    """Every part follows from its own parts."""
    held = [item["holds"] for item in tree["items"]]
    expected: dict[str, Callable[[list[bool]], bool]] = {
        "and": all,
        "or": any,
        "not": lambda items: not items[0],
    }
    if tree["kind"] in expected:
        assert tree["holds"] == expected[tree["kind"]](held), tree["text"]
    for item in tree["items"]:
        _hold_joints(item)


@a_few
@given(st.integers(0, 2**32))
def test_the_next_change_comes_at_its_instant_and_not_a_second_sooner(
    store: SmallStore, small_engine: Engine, seed: int
) -> None:
    chance = random.Random(seed)
    made = start_anew(store, small_engine, chance)
    rules = _rules(store, chance)
    store.full_pass(rules=rules)
    tag_by_hand(store, rules, made)
    store.now += datetime.timedelta(seconds=chance.randint(0, 80_000))
    # Twice, as the end of a pin can leave something for the next look.
    store.process(*made.customers, rules=rules)

    begun = store.now
    for customer in made.customers[:2]:
        store.now = begun
        found = explained(store, rules, customer)
        told = {thing: _told(entry) for thing, entry in _things(found)}
        _walk(store, rules, customer, told, _state(found))


def _rules(store: SmallStore, chance: random.Random) -> RuleSet:
    wanted = chance.sample(TIMED, 5)
    tags = [_tag(f"t{number}", when) for number, when in enumerate(wanted[:3])]
    tags.append(_tag("of group", "group = 'Wholesale' and not in segment 's'"))
    tags.append(_tag("of tag", "tags has 't0' or tags has 't1'"))
    segments = [SegmentRule(name="s", when=parse(wanted[3]), text=wanted[3])]
    rung = GroupRule(
        name="Wholesale",
        when=parse(wanted[4]),
        text=wanted[4],
        grace=chance.choice([None, Span(3, "day"), Span(40, "hour"), Span(1, "month")]),
        min_stay=chance.choice([None, Span(10, "day")]),
    )
    return assemble(tags=tags, segments=segments, groups=[rung])


def _tag(name: str, when: str) -> TagRule:
    return TagRule(name=name, when=parse(when), text=when)


def _things(found: Any) -> list[tuple[tuple[str, str], Any]]:
    things = [((kind, name), e) for kind in ("tag", "segment") for name, e in found[kind].items()]
    return [*things, (("group", ""), found["group"])]


def _told(entry: Any) -> tuple[datetime.datetime, Any] | None:
    if entry["next_change"] is None:
        return None
    return datetime.datetime.fromisoformat(entry["next_change"]), entry["next_state"]


def _state(found: Any) -> dict[tuple[str, str], Any]:
    return {
        thing: entry["name"] if thing[0] == "group" else entry["holds"]
        for thing, entry in _things(found)
    }


def _walk(
    store: SmallStore,
    rules: RuleSet,
    customer: int,
    told: Mapping[tuple[str, str], tuple[datetime.datetime, Any] | None],
    before: Mapping[tuple[str, str], Any],
) -> None:
    """Let time pass as the clock does, and also look a second before whatever was foretold."""
    end = store.now + datetime.timedelta(days=DAYS)
    foretold = {at for one in told.values() if one for at in _around(one[0])}
    waiting = dict(told)
    work = store.work(rules)
    while True:
        row = _row(store, customer)
        stops = [at for at in foretold if at > store.now]
        if row["next_at"] is not None:
            stops.append(datetime.datetime.fromtimestamp(row["next_at"], datetime.UTC))
        if not stops or min(stops) > end:
            return
        store.now = min(stops)
        work.moment, work.runs = store.moment, [Run(kind="clock", moment=store.moment)]
        cycle.run(work, Scope.of([customer]))
        state = _stands(store, work.rulebook, customer)
        for thing, expected in list(waiting.items()):
            if expected is not None and store.now == expected[0]:
                assert state[thing] == expected[1] != before[thing], (thing, store.now)
                del waiting[thing]
            else:
                assert state[thing] == before[thing], (thing, store.now, expected)


def _row(store: SmallStore, customer: int) -> Mapping[str, Any]:
    query = "SELECT * FROM `{own}customer` WHERE customer_id = %s"
    return store.rows(query, customer)[0]


def _stands(store: SmallStore, book: Rulebook, customer: int) -> dict[tuple[str, str], Any]:
    """What our tables and the store say, as `_state` has it."""
    row = _row(store, customer)
    found: dict[tuple[str, str], Any] = {
        ("tag", tag.name): bool(row["tags0"] >> slot & 1) for slot, tag in book.tags.items()
    }
    found |= {
        ("segment", segment.name): bool(row["segments0"] >> slot & 1)
        for slot, segment in book.segments.items()
    }
    group = store.given.value(
        "SELECT customer_group_id FROM `oc_customer` WHERE customer_id = %s", customer
    )
    return found | {("group", ""): book.checked.names.tables["group"].display()[int(str(group))]}


def _around(at: datetime.datetime) -> Sequence[datetime.datetime]:
    at = at.astimezone(datetime.UTC)
    return (at - datetime.timedelta(seconds=1), at)


def test_the_same_holds_of_a_pin_that_ends_when_its_rule_turns_true(store: SmallStore) -> None:
    ann = store.given.customer(days_ago=100)
    store.given.order(ann, at="2026-03-30 12:00:00")
    rules = assemble(
        tags=[_tag("late", "last_order older than 10 days and orders(within = 20 days) >= 1")]
    )
    store.full_pass(rules=rules)
    store.tagging(rules=rules).add("late", [ann], None, None)
    store.given.execute(
        "UPDATE oc_sidecar_assertion SET requalify = 1 WHERE source_kind = 'pin_in'"
    )
    store.process(ann, rules=rules)
    found = explained(store, rules, ann)
    told = {thing: _told(entry) for thing, entry in _things(found)}

    # It lasts while the rule then holds, and ends with it.
    assert told["tag", "late"] == (datetime.datetime(2026, 4, 20, tzinfo=datetime.UTC), False)
    _walk(store, rules, ann, told, _state(found))
