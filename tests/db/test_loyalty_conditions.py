"""Whose customers the conditions of earn rules hold for, as everything stands in a transaction."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, update

from sidecar.errors import CustomerError
from sidecar.rules.catalogue import Catalogue
from sidecar.rules.language.check import check
from sidecar.rules.language.printer import print_expr
from sidecar.rules.loyalty.program import EarnRule, Program
from sidecar.rules.loyalty.program_printer import read_program
from sidecar.rules.ruleset import TagRule, assemble
from sidecar.rules.syntax import Expr
from sidecar.shop.database import transaction
from sidecar.shop.shop import BULK_FROM
from sidecar.sync import rulebook
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.loyalty.conditions import Conditions
from support.random_store import FACTS, a_few, start_anew, tag_rules
from support.small_store import SmallStore
from support.statements import statements
from support.strategies import expressions


def program_of(**conditions: str) -> Program:
    """A program with an earn rule for each of *conditions*, and one for everybody."""
    tables = [
        f"[[earn]]\nname = '{name}'\npoints = 5\nwhen = '''{when}'''\n"
        for name, when in conditions.items()
    ]
    everybody = "[[earn]]\nname = 'everybody'\npoints = 5\n"
    return read_program("\n".join(['[loyalty]\nstart = "all"', everybody, *tables]), "program")


def checked(book: Rulebook, program: Program) -> Program:
    """*program*, whose conditions can be asked of the store."""
    rules = book.checked.rules
    for rule in program.earn:
        if rule.when is not None:
            problems = check(
                rule.when,
                book.dictionary.catalogue,
                book.checked.names,
                rules.lists,
                [segment.name for segment in rules.segments],
                file="program",
                source=rule.text,
                tags=[tag.name for tag in rules.tags],
            )
            assert not [str(found) for found in problems if found.severity == "error"]
    return program


def holding(
    store: SmallStore, program: Program, customers: Sequence[int]
) -> Mapping[int, frozenset[str]]:
    """What holds for *customers*, with the rules of the store as they are."""
    book = store.book()
    conditions = Conditions(store.sidecar.shop, book, checked(book, program))
    with transaction(store.sidecar.engine) as tx:
        return conditions.holding(tx, customers, store.moment)


# -- what conditions may ask ---------------------------------------------------------------


def test_facts_are_those_of_the_store_now(store: SmallStore) -> None:
    store.full_pass()
    ann, bob = store.given.customer(newsletter=True), store.given.customer()
    store.given.order(bob, "600", country=222)

    program = program_of(
        reader="newsletter", buyer="orders >= 1 and total_spent > 500", none="reviews > 0"
    )

    assert holding(store, program, [ann, bob]) == {ann: {"reader"}, bob: {"buyer"}}


def test_tags_are_those_in_effect_since_the_last_cycle(store: SmallStore) -> None:
    store.rules(reader="newsletter", buyer="orders >= 1")
    ann, bob, eve = (store.given.customer(newsletter=True) for _ in range(3))
    store.full_pass()
    hand = store.tagging()
    hand.ensure(["by hand"])
    hand.add("by hand", [bob], None, None)
    hand.remove("reader", [eve], None, None)
    store.given.order(bob)  # which no cycle has seen
    program = program_of(
        a='tags has "Reader"', b='tags has "by hand"', c='tags has "buyer"', d="tags is missing"
    )

    assert holding(store, program, [ann, bob, eve]) == {ann: {"a"}, bob: {"a", "b"}, eve: {"d"}}

    store.process(bob)
    assert holding(store, program, [bob]) == {bob: {"a", "b", "c"}}


def test_a_customer_whom_no_cycle_has_seen_has_no_tag(store: SmallStore) -> None:
    store.rules(reader="newsletter")
    store.full_pass()
    zoe = store.given.customer(newsletter=True)
    program = program_of(a='tags has "reader"', b='not tags has "reader"', c="tags is missing")

    assert holding(store, program, [zoe]) == {zoe: {"b", "c"}}


def test_segments_are_what_stands_and_new_ones_what_their_condition_says(
    store: SmallStore,
) -> None:
    segment = "[[segment]]\nname = 'Readers'\nwhen = 'newsletter'\n"
    store.named_rules({}, segment)
    ann, bob = store.given.customer(newsletter=True), store.given.customer()
    program = program_of(old='in segment "readers"', out='not in segment "readers"')
    assert holding(store, program, [ann, bob]) == {ann: {"old"}, bob: {"out"}}

    store.full_pass()
    store.given.update("customer", {"customer_id": bob}, newsletter=1)  # which no cycle has seen

    assert holding(store, program, [ann, bob]) == {ann: {"old"}, bob: {"out"}}
    store.process(bob)
    assert holding(store, program, [ann, bob]) == {ann: {"old"}, bob: {"old"}}


def test_lists_are_those_of_the_rules_files(store: SmallStore) -> None:
    store.named_rules({}, "[lists]\npartners = ['partner.example']\n")
    store.full_pass()
    ann, bob = store.given.customer("a@partner.example"), store.given.customer("b@gmail.com")
    program = program_of(ours="email_domain in @partners", mail="email_domain in @free_mail")

    assert holding(store, program, [ann, bob]) == {ann: {"ours"}, bob: {"mail"}}


# -- which rules, which customers ----------------------------------------------------------


def test_rules_are_called_as_the_ledger_calls_them(store: SmallStore) -> None:
    ann = store.given.customer()

    assert holding(store, program_of(**{"Double Shoes": "orders = 0"}), [ann]) == {
        ann: {"double shoes"}
    }


def test_a_rule_may_be_called_like_a_column(store: SmallStore) -> None:
    ann = store.given.customer()
    program = program_of(customer_id="orders = 0", orders="orders = 0", tags0="orders = 1")

    assert holding(store, program, [ann]) == {ann: {"customer_id", "orders"}}


def test_customers_that_do_not_exist_fulfil_nothing(store: SmallStore) -> None:
    ann = store.given.customer()
    program = program_of(new="orders = 0")

    assert holding(store, program, [ann, 4_000_000]) == {ann: {"new"}, 4_000_000: frozenset()}
    assert holding(store, program, []) == {}


def test_without_conditions_nothing_is_read(store: SmallStore) -> None:
    ann = store.given.customer()
    conditions = Conditions(store.sidecar.shop, store.book(), program_of())

    with transaction(store.sidecar.engine) as tx, statements(store.sidecar.engine) as sent:
        found = conditions.holding(tx, [ann], store.moment)

    assert (found, sent) == ({ann: frozenset()}, [])


def test_all_conditions_are_told_from_one_reading(store: SmallStore) -> None:
    ann = store.given.customer()
    book = store.book()

    def asked(**conditions: str) -> int:
        told = Conditions(store.sidecar.shop, book, program_of(**conditions))
        with transaction(store.sidecar.engine) as tx, statements(store.sidecar.engine) as sent:
            told.holding(tx, [ann], store.moment)
        return len(sent)

    several = asked(a="orders > 1", b="orders > 2", c="total_spent > 5", d="last_order is missing")

    assert several == asked(a="orders > 1")


def test_a_customer_whose_numbers_do_not_fit_is_an_error_of_that_customer(
    store: SmallStore,
) -> None:
    ann = store.given.customer()
    store.given.insert_many(
        "order",
        [{"total": "99999999999.9999"}] * 9_300,
        customer_id=ann,
        order_status_id=5,
        date_added="2026-01-01",
    )
    book = store.book()
    conditions = Conditions(store.sidecar.shop, book, program_of(rich="total_spent > 5"))

    with transaction(store.sidecar.engine) as tx, pytest.raises(CustomerError):
        conditions.holding(tx, [ann], store.moment)


# -- few and many --------------------------------------------------------------------------


def test_many_customers_are_told_of_the_transaction_as_few_are(store: SmallStore) -> None:
    store.rules(reader="newsletter")
    ids = [store.given.customer() for _ in range(BULK_FROM + 1)]
    store.full_pass()
    store.given.connection.commit()
    book, shop = store.book(), store.sidecar.shop
    conditions = Conditions(shop, book, program_of(mail="newsletter", tag='tags has "reader"'))
    (tag,) = book.tags.values()
    customer = shop.tables.customer

    with transaction(store.sidecar.engine) as tx:
        # As a cycle does that has just looked at them.
        tx.execute(update(customer).values(newsletter=1))
        tx.execute(update(shop.own.customer).values(tags0=1 << tag.slot))
        many = conditions.holding(tx, ids, store.moment)
        few = conditions.holding(tx, ids[:3], store.moment)
        tx.rollback()

    assert few == {customer_id: {"mail", "tag"} for customer_id in ids[:3]}
    assert many == {customer_id: {"mail", "tag"} for customer_id in ids}


def test_what_holds_for_the_whole_store_is_read_anew_at_each_moment(store: SmallStore) -> None:
    ids = [store.given.customer() for _ in range(BULK_FROM + 1)]
    store.given.ip(ids[0], "192.0.2.1")
    book = store.book()
    conditions = Conditions(store.sidecar.shop, book, program_of(shares="shared_ips > 0"))

    def sharing() -> list[int]:
        with transaction(store.sidecar.engine) as tx:
            found = conditions.holding(tx, ids, store.moment)
        return [customer_id for customer_id, held in found.items() if held]

    assert sharing() == []
    store.given.ip(ids[1], "192.0.2.1")
    store.now = store.now.replace(second=store.now.second + 1)

    assert sharing() == ids[:2]


@a_few
@given(st.integers(0, 2**32), st.data())
def test_conditions_hold_for_whom_a_rule_of_them_would_tag(
    store: SmallStore, small_engine: Engine, seed: int, data: st.DataObject
) -> None:
    made = start_anew(store, small_engine, random.Random(seed))
    made.fill(BULK_FROM + 3)
    names = rulebook.read_names(store.sidecar.shop, own_tables=False)
    others = data.draw(tag_rules(names, [fact for fact in FACTS if fact != "tags"]))
    store.full_pass(rules=assemble(tags=others))
    known = rulebook.read_names(store.sidecar.shop, own_tables=True)
    conditions = expressions(Catalogue(), names=known, facts=FACTS, max_leaves=4)
    asked = data.draw(st.lists(conditions.filter(_asks_for_no_tag_at_all), min_size=1, max_size=4))
    rules = [
        EarnRule(name=f"asked {number}", points=5, when=when, text=print_expr(when))
        for number, when in enumerate(asked)
    ]
    book = store.book(assemble(tags=others))
    program = checked(book, Program(start=None, earn=tuple(rules)))
    told = Conditions(store.sidecar.shop, book, program)

    with transaction(store.sidecar.engine) as tx:
        many = told.holding(tx, made.customers, store.moment)
        few: dict[int, frozenset[str]] = {}
        for start in range(0, len(made.customers), 20):
            few |= told.holding(tx, made.customers[start : start + 20], store.moment)

    assert few == many
    pairs = zip(rules, asked, strict=True)
    tags = [TagRule(name=rule.name, when=when, text=rule.text) for rule, when in pairs]
    store.full_pass(rules=assemble(tags=[*others, *tags]))
    for rule in rules:
        assert sorted(c for c, held in many.items() if rule.name in held) == store.who(rule.name)


def _asks_for_no_tag_at_all(condition: Expr) -> bool:
    # As the rule of a tag it would ask for that, too.
    return "tags is" not in print_expr(condition)
