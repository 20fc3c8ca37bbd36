"""Rules of the admin that do not fit any more: what they made stays until they are mended."""

from __future__ import annotations

import dataclasses
import json

import pytest

from sidecar.errors import Problem
from sidecar.rules.language.parser import parse
from sidecar.rules.rule import OffRule
from sidecar.rules.ruleset import RuleSet, SegmentRule, TagRule, assemble
from support.small_store import SmallStore

WHY = "2 customer groups are called 'Trade'"


class Trade:
    """A store with the group Trade, and rules of the admin that ask for it."""

    def __init__(self, store: SmallStore) -> None:
        self.store = store
        self.group = store.given.group("Trade")
        self.ann = store.given.customer(customer_group_id=self.group)
        self.bob = store.given.customer()

    def made(self, kind: str, name: str) -> None:
        """A rule of the admin for who is in the group."""
        definition = json.dumps({"when": 'group = "Trade"'})
        self.store.given.insert(
            "sidecar_rule",
            {},
            kind=kind,
            name=name,
            name_key=name,
            origin="admin",
            definition=definition,
            changed_at=0,
            fingerprint="",
            settled="",
        )

    def another(self) -> None:
        """A second group has the name too, so that nobody can tell which is meant."""
        self.other = self.store.given.group("Trade")

    def no_other(self) -> None:
        where = {"customer_group_id": self.other}
        self.store.given.update("customer_group_description", where, name="Renamed")

    def move(self, customer: int, group: int) -> None:
        self.store.given.update("customer", {"customer_id": customer}, customer_group_id=group)


@pytest.fixture
def trade(store: SmallStore) -> Trade:
    return Trade(store)


def test_a_tag_whose_rule_is_off_stays_as_it_is_until_the_rule_fits_again(trade: Trade) -> None:
    store, ann, bob = trade.store, trade.ann, trade.bob
    trade.made("tag", "trader")
    store.rules(fan='tags has "trader"', other="orders = 0")
    store.full_pass()
    assert store.has(ann) == {"trader", "fan", "other"}
    trade.another()
    before = store.rows("SELECT * FROM `{own}rule`")
    trade.move(ann, 1)
    trade.move(bob, trade.group)

    result = store.whole_pass(cap=0)
    store.process(ann, bob)

    assert (result.run_id, result.waiting, result.outcome.changed) == (None, [], 0)
    assert store.who("trader") == store.who("fan") == [ann]
    assert store.rows("SELECT * FROM `{own}rule`") == before
    store.verify()
    trade.no_other()
    assert store.whole_pass(cap=9).waiting == []
    assert store.who("trader") == store.who("fan") == [bob]
    store.verify()


def test_a_rule_that_is_off_brings_no_full_pass_of_its_own(trade: Trade) -> None:
    trade.made("tag", "trader")
    trade.store.full_pass()
    trade.another()

    known = trade.store.book().registry

    assert known.fresh() == frozenset()
    assert known.held() == known.blocked() == {("tag", "trader")}


def test_a_tag_whose_rule_was_never_on_is_had_by_nobody(trade: Trade) -> None:
    trade.made("tag", "trader")
    trade.another()
    trade.store.rules(fan='tags not has "trader"')

    trade.store.full_pass()

    assert trade.store.who("fan") == [trade.ann, trade.bob]
    assert trade.store.who("trader") == []


def test_who_is_in_a_segment_whose_rule_is_off_stays_in_it(trade: Trade) -> None:
    store, ann, bob = trade.store, trade.ann, trade.bob
    trade.made("segment", "traders")
    store.rules(fan='in segment "traders"')
    store.full_pass()
    trade.another()
    trade.move(ann, 1)
    trade.move(bob, trade.group)

    result = store.whole_pass(cap=0)

    assert (result.run_id, result.outcome.segment_left) == (None, 0)
    assert store.who("fan") == [ann]
    assert [row["gone_at"] for row in store.rows("SELECT * FROM `{own}segment`")] == [None]
    warned: list[Problem] = []
    found = [
        row["customer_id"]
        for row in store.sidecar.view.customers('in segment "traders"', warn=warned.append)
    ]
    assert found == [ann]
    assert [problem.message for problem in warned] == [
        f"the segment 'traders' is off, so who was in it stays in it: {WHY}"
    ]
    store.verify()
    trade.no_other()
    store.whole_pass(cap=9)
    assert store.who("fan") == [bob]


def test_a_segment_that_was_never_evaluated_and_is_off_has_nobody(trade: Trade) -> None:
    trade.made("segment", "traders")
    trade.another()

    asked = trade.store.sidecar.view.customers

    assert list(asked('in segment "traders"')) == []
    assert len(list(asked('not in segment "traders"'))) == 2
    trade.store.rules(fan='in segment "traders"', rest='not in segment "traders"')
    trade.store.full_pass()
    assert (trade.store.who("fan"), len(trade.store.who("rest"))) == ([], 2)
    assert trade.store.rows("SELECT * FROM `{own}segment`") == []


def test_a_built_in_segment_that_is_off_is_empty(store: SmallStore) -> None:
    ann = store.given.customer()
    fan = TagRule(name="fan", when=parse('in segment "all"'), text="")
    everyone = SegmentRule(name="all", when=parse("orders = 0"), text="", made_in="builtin")
    store.full_pass(rules=assemble(tags=[fan], segments=[everyone]))
    assert store.who("fan") == [ann]
    off = OffRule("segment", "all", "builtin", (Problem("", 0, 0, "no birthday", ""),))
    rules: RuleSet = dataclasses.replace(assemble(tags=[fan]), off=(off,))

    store.full_pass(rules=rules)

    assert store.who("fan") == []
    store.verify()


def test_a_rule_says_where_it_was_made(trade: Trade) -> None:
    def origins() -> dict[str, str]:
        rows = trade.store.rows("SELECT name, origin FROM `{own}rule`")
        return {row["name"]: row["origin"] for row in rows}

    trade.made("tag", "trader")
    trade.store.rules(mine="orders > 1")
    trade.store.full_pass()
    assert origins() == {"trader": "admin", "mine": "file"}

    trade.store.given.update("sidecar_rule", {"name": "trader"}, definition=None)
    trade.store.rules(trader="orders > 1")
    trade.store.full_pass()

    assert origins() == {"trader": "file", "mine": "file"}
