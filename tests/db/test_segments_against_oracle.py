"""Built-in segments, the ladder's groups and the clock on real stores, against plain SQL."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

from oracle.tags import Rule, tags
from sidecar.model import Moment
from sidecar.rules.built_in import built_in_segments
from sidecar.rules.language.parser import parse
from sidecar.rules.rule import GroupRule
from sidecar.rules.ruleset import assemble
from sidecar.service.private_server import PrivateServer
from sidecar.sync import changed
from sidecar.sync.caps import Budget
from sidecar.sync.compiled_rules import Rulebook, open_rulebook
from sidecar.sync.full_pass import FullPass
from sidecar.sync.pass_runs import Approval
from sidecar.sync.rulebook import CheckedRules
from support.given import Given
from support.planted_store import NOW, REAL_STORES, PlantedStore, Variant, planted_store

#: What each built-in segment means, in SQL; those told from limits have tests of their own.
MEANT = {
    "everyone": "TRUE",
    "active accounts": "f.status",
    "never ordered": "f.orders = 0",
    "one-time buyers": "f.orders = 1 AND f.last_order < {since 30 days}",
    "repeat buyers": "f.orders >= 2",
    "loyal": "f.orders >= 5",
    "new": "f.registered BETWEEN {since 30 days} AND {now} AND f.orders < 3",
    "ordered recently": "f.last_order BETWEEN {since 90 days} AND {now}",
    "inactive": "f.last_order < {since 180 days}",
    "high value": "f.total_spent > 1000 AND f.last_order BETWEEN {since 90 days} AND {now}",
    "at risk": "f.total_spent > 1000 AND f.last_order < {since 90 days}",
    "newsletter subscribers": "f.newsletter",
    "birthday soon": "f.birthday IN ({birthdays 30 days})",
    "wishlist holders": "f.wishlist_items >= 1",
    "full carts": "f.cart_items >= 1 AND f.cart_added < {since 24 hours}",
    "with reviews": "f.reviews >= 1",
}
#: When everybody is looked at whom the clock names, after `NOW`.
LATER = (1, 24, 31 * 24, 92 * 24, 190 * 24)


@pytest.fixture(
    params=[
        pytest.param(
            variant,
            id=variant.name,
            marks=[
                pytest.mark.xdist_group(variant.name),
                *([pytest.mark.both_kinds] if variant.version.startswith("3.") else []),
            ],
        )
        for variant in REAL_STORES
    ]
)
def store(
    request: pytest.FixtureRequest,
    mariadb: PrivateServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[PlantedStore]:
    variant: Variant = request.param
    source = request.getfixturevalue("load_store")(variant.version)
    folder = tmp_path_factory.mktemp("segments")
    with planted_store(mariadb, source, variant, folder.name, folder) as planted:
        planted.sidecar.migrate()
        yield planted


def book_of(store: PlantedStore, gold: int, silver: int, moment: Moment) -> Rulebook:
    checked = store.sidecar.check_rules()
    many, some = "orders >= 3", "orders >= 1"
    rules = assemble(
        segments=[rule for rule in built_in_segments() if rule.name in MEANT],
        groups=[
            GroupRule(name=f"#{gold}", when=parse(many), text=many),
            GroupRule(name=f"#{silver}", when=parse(some), text=some),
        ],
    )
    checked = CheckedRules(rules, checked.dictionary, checked.names)
    return open_rulebook(store.sidecar.shop, checked, moment, writing=True, new_limits=True)


def meant(store: PlantedStore, now: datetime.datetime) -> dict[str, set[int]]:
    """Who must be in each segment at *now*."""
    variant = store.variant
    texts = {rule.name: rule.text for rule in built_in_segments()}
    return tags(
        store.connection,
        variant.prefix,
        variant.version,
        now,
        ZoneInfo(variant.zone),
        [Rule(name, texts[name], sql) for name, sql in MEANT.items()],
        birthday_field=store.planted.birthday_field,
        guest_orders=variant.guest_orders,
        refunded_return_statuses=store.planted.refunded_return_statuses,
    )


def rows(store: PlantedStore, query: str, *values: object) -> list[tuple[int, ...]]:
    with store.connection.cursor() as cursor:
        cursor.execute(query.replace("{p}", store.variant.prefix), values)
        return list(cursor.fetchall())


def members(store: PlantedStore) -> dict[str, set[int]]:
    """Who is in each segment, by the words."""
    found: dict[str, set[int]] = {}
    for name, slot in rows(store, "SELECT name, slot FROM `{p}sidecar_segment`"):
        word = f"segments{slot // 64}"
        query = f"SELECT customer_id FROM `{{p}}sidecar_customer` WHERE {word} >> %s & 1"
        found[str(name)] = {row[0] for row in rows(store, query, slot % 64)}
    return found


def test_segments_groups_and_the_clock_are_as_plain_sql_says(store: PlantedStore) -> None:
    variant = store.variant
    given = Given(store.connection, NOW, ZoneInfo(variant.zone), variant.prefix)
    gold, silver = given.group("Oracle Gold"), given.group("Oracle Silver")
    store.connection.commit()
    native = "SELECT customer_id, customer_group_id FROM `{p}customer`"
    before = {row[0]: row[1] for row in rows(store, native)}
    moment = store.moment

    FullPass(
        shop=store.sidecar.shop,
        book=book_of(store, gold, silver, moment),
        moment=moment,
        cap=0,
        approval=Approval(actor="cli:ann", everything=True),
    ).carry_out()

    found, right = members(store), meant(store, NOW)
    assert {name: found[name] ^ right[name] for name in right if found[name] != right[name]} == {}
    store.connection.commit()
    orders = {customer: facts["orders"] for customer, facts in store.expected().items()}
    from_ = store.sidecar.shop.settings.group_id
    assert {row[0]: row[1] for row in rows(store, native)} == {
        customer: group
        if group != from_
        else (gold if orders[customer] >= 3 else silver if orders[customer] else group)
        for customer, group in before.items()
    }

    for hours in LATER:
        now = NOW + datetime.timedelta(hours=hours)
        moment = Moment(now, store.moment.zone)
        query = "SELECT customer_id FROM `{p}sidecar_customer` WHERE next_at <= %s"
        due = [row[0] for row in rows(store, query, moment.epoch_s)]
        book = book_of(store, gold, silver, moment)
        budget = Budget(store.sidecar.shop.own, 10**9, moment)
        changed.answer(store.sidecar.shop, book, due, moment, budget, kind="clock")
        store.connection.commit()
        found = members(store)
        right = meant(store, now)
        assert {
            name: found[name] ^ right[name] for name in right if found[name] != right[name]
        } == {}
