"""Before anybody has approved of anything: the first full pass waits, and what may go on."""

from __future__ import annotations

from support.deciding import approve, discard, ring
from support.small_store import SmallStore


def test_the_first_full_pass_waits_as_one_run_whatever_its_size(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules(quiet="orders = 0")
    (run,) = (found.run_id for found in store.whole_pass(cap=1000).waiting)
    assert store.has(ann) == set()
    assert store.standing().facts  # facts are always written
    # What is shown is what it would do, counted once.
    row = store.last_run()
    assert (row["changed"], row["tag_added"]) == (1, 1)
    assert [rule["changes"] for rule in store.rows("SELECT * FROM `{own}run_rule`")] == [1]

    assert approve(store, run, cap=1000).state == "applied"

    assert store.has(ann) == {"quiet"}
    store.given.order(ann)
    assert store.whole_pass(cap=1000).waiting == []


# -- discarding ----------------------------------------------------------------------------


def test_the_first_full_pass_waits_also_where_it_would_change_nobody(store: SmallStore) -> None:
    store.rules(quiet="orders = 0")
    (first,) = store.whole_pass(cap=1000).waiting
    assert (first.customers, len(first.rule_ids)) == (0, 1)
    assert [run.run_id for run in store.whole_pass(cap=1000).waiting] == [first.run_id]

    found = approve(store, first.run_id, cap=1000)

    assert (found.state, found.was, found.now) == ("applied", 0, 0)
    ann = store.given.customer()
    ring(store, ann)
    assert store.has(ann) == {"quiet"}


def test_a_first_full_pass_that_waits_is_renewed_by_the_next(store: SmallStore) -> None:
    store.rules(quiet="orders = 0")
    (first,) = store.whole_pass().waiting
    ann = store.given.customer()
    ring(store, ann)
    assert store.has(ann) == set()

    store.rules(quiet="orders = 0", mail="newsletter")
    (renewed,) = store.whole_pass().waiting

    assert (renewed.run_id, renewed.customers) == (first.run_id, 1)
    assert len(renewed.rule_ids) == 2
    assert approve(store, first.run_id).state == "applied"
    assert store.has(ann) == {"quiet"}


def test_a_first_full_pass_that_grew_opens_nothing_when_it_is_approved(store: SmallStore) -> None:
    store.rules(quiet="orders = 0")
    (first,) = store.whole_pass().waiting
    ann = store.given.customer()

    assert approve(store, first.run_id).state == "waiting"

    assert not store.book().registry.approved
    ring(store, ann)
    assert store.has(ann) == set()
    assert [run.run_id for run in store.whole_pass(cap=1000).waiting] == [first.run_id]
    assert approve(store, first.run_id).state == "applied"
    assert store.has(ann) == {"quiet"}


def test_before_it_is_approved_bells_write_nothing_though_a_rule_were_settled(
    store: SmallStore,
) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    store.rules(quiet="orders = 0", gone="status")
    store.full_pass()
    store.rules(quiet="orders = 0")
    own = store.given.prefix + "sidecar"
    # As on a copy that was adopted: tables of before, and nobody has approved of anything.
    store.given.execute(f"DELETE FROM `{own}_state` WHERE name = 'first_approval'")
    store.given.execute(f"DELETE FROM `{own}_rule` WHERE name = 'gone'")
    store.given.order(ann)

    ring(store, ann, bob)

    assert (store.has(ann), store.has(bob)) == ({"quiet", "gone"}, {"quiet", "gone"})


def test_without_rules_no_first_full_pass_waits(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules()
    assert store.whole_pass().waiting == []

    store.rules(quiet="orders = 0")

    assert [run.customers for run in store.whole_pass(cap=1000).waiting] == [1]
    assert store.has(ann) == set()


def test_a_first_full_pass_that_is_discarded_holds_its_rules_and_opens_nothing(
    store: SmallStore,
) -> None:
    ann = store.given.customer()
    store.rules(quiet="orders = 0")
    (first,) = store.whole_pass().waiting

    assert discard(store, first.run_id) == ["quiet"]

    assert store.whole_pass(cap=1000).waiting == []
    store.rules(quiet="orders < 1")
    assert [run.customers for run in store.whole_pass(cap=1000).waiting] == [1]
    assert store.has(ann) == set()
