"""Who matches a condition asked in between is who a rule would tag."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from sidecar.rules.catalogue import Catalogue
from sidecar.rules.language.printer import print_expr
from sidecar.rules.ruleset import RuleSet, TagRule, assemble
from sidecar.rules.syntax import Expr
from sidecar.sync import rfm_limits, rulebook
from sidecar.sync.matching import Matcher
from support.random_store import FACTS, a_few, start_anew, tag_rules
from support.small_store import SmallStore
from support.strategies import expressions


def matching(store: SmallStore, condition: Expr, limit: int | None = None) -> list[int]:
    """The customers that match *condition*, in the order in which they are found."""
    known = store.tags().values()
    shop = store.sidecar.shop
    matcher = Matcher(
        shop,
        store.sidecar.view.dictionary(),
        rulebook.read_names(shop, own_tables=True),
        condition,
        RuleSet(),
        {tag.tag_id: tag.as_slot for tag in known},
        (),
        {tag.tag_id: tag.name for tag in known},
        rfm_limits.stored(shop),
        has_restrictions=True,
    )
    frames = matcher.matches(store.moment, limit)
    return [customer for frame in frames for customer in frame["customer_id"]]


@a_few
@given(st.integers(0, 2**32), st.data())
def test_a_condition_finds_whom_a_rule_of_it_would_tag(
    store: SmallStore, small_engine: Engine, seed: int, data: st.DataObject
) -> None:
    start_anew(store, small_engine, random.Random(seed))
    names = rulebook.read_names(store.sidecar.shop, own_tables=False)
    others = data.draw(tag_rules(names, [fact for fact in FACTS if fact != "tags"]))
    store.full_pass(rules=assemble(tags=others))
    known = rulebook.read_names(store.sidecar.shop, own_tables=True)
    asked = data.draw(expressions(Catalogue(), names=known, facts=FACTS, max_leaves=4))
    before = store.checksums()

    found = matching(store, asked)

    assert store.checksums() == before
    assert matching(store, asked, limit=2) == found[:2]
    # The rule of a tag cannot ask for any tag at all, which would be its own, too.
    rule = TagRule(name="asked", when=asked, text=print_expr(asked))
    if "tags is" not in rule.text:
        store.full_pass(rules=assemble(tags=[*others, rule]))
        assert found == store.who("asked")
