"""Purges: which wait, which begin by themselves, and what a person's word does to a rule."""

from __future__ import annotations

import dataclasses

import pytest

from sidecar.errors import UsageError
from sidecar.privacy import purges
from sidecar.privacy.purges import Purge
from sidecar.rules.privacy.retention import RetentionRule
from sidecar.rules.syntax import Span
from sidecar.shop.database import transaction
from support.small_store import SmallStore

RULE = RetentionRule(name="Old carts", of="carts", age=Span(30, "day"))
OTHER = dataclasses.replace(RULE, age=Span(31, "day"))


def plan(
    store: SmallStore, number: int, most: int = 10, rule: RetentionRule = RULE
) -> Purge | None:
    with transaction(store.sidecar.engine) as tx:
        return purges.plan(tx, store.sidecar.shop.own, rule, number, most, store.moment)


def planned(store: SmallStore, number: int, most: int = 10, rule: RetentionRule = RULE) -> Purge:
    found = plan(store, number, most, rule)
    assert found is not None
    return found


def decide(store: SmallStore, what: str, purge: Purge) -> Purge:
    with transaction(store.sidecar.engine) as tx:
        return getattr(purges, what)(  # type: ignore[no-any-return]
            tx, store.sidecar.shop.own, purge.purge_id, "cli:ann", store.moment
        )


def finish(store: SmallStore, purge: Purge) -> None:
    with transaction(store.sidecar.engine) as tx:
        purges.finish(tx, store.sidecar.shop.own, purge.purge_id, {"cart": 3}, store.moment)


def let(store: SmallStore, rule: RetentionRule = RULE) -> None:
    """A purge of *rule* was approved and carried out."""
    finish(store, decide(store, "approve", planned(store, 3, rule=rule)))


def test_the_first_purge_of_a_rule_waits_whatever_its_size(store: SmallStore) -> None:
    assert planned(store, 1).state == "waiting"


def test_nothing_that_is_too_old_is_no_purge(store: SmallStore) -> None:
    assert plan(store, 0) is None
    assert store.rows("SELECT * FROM {own}purge") == []


def test_one_that_waits_is_renewed_under_its_number(store: SmallStore) -> None:
    first, second = planned(store, 1), planned(store, 4)
    assert (second.purge_id, second.planned, second.state) == (first.purge_id, 4, "waiting")


def test_one_that_waits_for_nothing_any_more_is_obsolete(store: SmallStore) -> None:
    planned(store, 1)
    assert plan(store, 0) is None
    assert store.rows("SELECT state FROM {own}purge") == [{"state": "obsolete"}]


def test_a_rule_that_was_let_goes_on_by_itself_up_to_its_most(store: SmallStore) -> None:
    let(store)
    assert planned(store, 10).state == "running"


def test_more_than_its_most_waits(store: SmallStore) -> None:
    let(store)
    assert planned(store, 11).state == "waiting"


def test_a_rule_that_became_another_waits_again(store: SmallStore) -> None:
    let(store)
    assert planned(store, 1, rule=OTHER).state == "waiting"


def test_a_rule_that_became_another_ends_what_waited_of_it(store: SmallStore) -> None:
    first = planned(store, 1)
    second = planned(store, 2, rule=OTHER)
    states = store.rows("SELECT purge_id, state FROM {own}purge ORDER BY purge_id")
    assert [(row["purge_id"], row["state"]) for row in states] == [
        (first.purge_id, "obsolete"),
        (second.purge_id, "waiting"),
    ]


def test_a_discarded_purge_holds_its_rule_until_it_becomes_another(store: SmallStore) -> None:
    decide(store, "discard", planned(store, 1))
    assert plan(store, 5) is None
    assert planned(store, 5, rule=OTHER).state == "waiting"


def test_one_that_runs_is_gone_on_with(store: SmallStore) -> None:
    purge = decide(store, "approve", planned(store, 3))
    again = planned(store, 50)
    assert (again.purge_id, again.planned, again.state) == (purge.purge_id, 3, "running")


@pytest.mark.parametrize("what", ["approve", "discard"])
def test_only_what_waits_is_decided(store: SmallStore, what: str) -> None:
    purge = decide(store, "discard", planned(store, 1))
    with pytest.raises(UsageError, match=f"purge {purge.purge_id} does not wait: it is discarded"):
        decide(store, what, purge)
    with (
        pytest.raises(UsageError, match="there is no purge 99"),
        transaction(store.sidecar.engine) as tx,
    ):
        purges.approve(tx, store.sidecar.shop.own, 99, "cli:ann", store.moment)


def test_who_decided_is_kept(store: SmallStore) -> None:
    purge = decide(store, "approve", planned(store, 3))
    assert (purge.decided_by, purge.decided_at) == ("cli:ann", store.moment.epoch_s)
    (act,) = store.rows("SELECT act, actor, reason FROM {own}privacy_act")
    said = f"purge {purge.purge_id} of old carts"
    assert act == {"act": "purge approved", "actor": "cli:ann", "reason": said}


def test_rules_with_another_name_are_others(store: SmallStore) -> None:
    let(store)
    other = dataclasses.replace(RULE, name="Other")
    assert planned(store, 1, rule=other).state == "waiting"
    assert planned(store, 1).state == "running"
