"""Every fact and tag on whole stores with planted cases, against plain SQL."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from oracle.compare import by_customer, differences
from oracle.filtered import Filters
from sidecar.model import Scope
from sidecar.service.private_server import PrivateServer
from support.planted_store import MADE_UP_STORE, REAL_STORES, PlantedStore, Variant, planted_store

#: What needs limits, which only a pass stores.
RFM = ("rfm_recency", "rfm_frequency", "rfm_monetary", "rfm_group", "top_percent")

EVERYBODY = Scope.span(1, 2**31 - 1)


#: Each with all its tests on one worker, because making a store takes longer than a test.
STORES = [
    pytest.param(variant, id=variant.name, marks=pytest.mark.xdist_group(variant.name))
    for variant in (*REAL_STORES, MADE_UP_STORE)
]


@pytest.fixture(scope="module", params=STORES)
def store(
    request: pytest.FixtureRequest,
    mariadb: PrivateServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[PlantedStore]:
    """A planted store, without our own tables until `passed` makes them."""
    variant: Variant = request.param
    source: str | None = None
    if variant in REAL_STORES:
        source = request.getfixturevalue("load_store")(variant.version)
    folder = tmp_path_factory.mktemp("planted")
    with planted_store(mariadb, source, variant, folder.name, folder) as planted:
        yield planted


@pytest.fixture(scope="module")
def passed(store: PlantedStore) -> PlantedStore:
    """The same after a full pass with every rule of `oracle.rules`."""
    store.sidecar.migrate()
    outcome = store.full_pass(store.rules())
    assert outcome.set_aside == 0
    return store


def asked(store: PlantedStore) -> list[dict[str, object]]:
    """What the command answers."""
    arguments = ("--config", str(store.config_file), "customers", "orders >= 0", "--json")
    done = subprocess.run(
        [sys.executable, "-m", "sidecar", *arguments], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    answer: list[dict[str, object]] = json.loads(done.stdout)
    return answer


def test_the_command_shows_every_fact_before_the_first_pass(store: PlantedStore) -> None:
    expected = store.expected()
    answer = asked(store)

    assert [row["customer_id"] for row in answer] == sorted(expected)
    found = differences(expected, by_customer(answer), store.planted.who, without=RFM)
    assert not found, found


def test_a_range_read_in_bulk_has_every_fact(store: PlantedStore) -> None:
    found = differences(
        store.expected(),
        store.loaded(EVERYBODY, store.limits()),
        store.planted.who,
        without=["tags"],
    )

    assert not found, found


def test_few_customers_read_by_the_other_reader_have_the_same_facts(store: PlantedStore) -> None:
    ids = sorted(store.expected())
    limits = store.limits()
    answer: dict[int, dict[str, object]] = {}
    for start in range(0, len(ids), 50):
        answer |= store.loaded(Scope.of(ids[start : start + 50]), limits)

    found = differences(store.expected(), answer, store.planted.who, without=["tags"])
    assert not found, found


@pytest.mark.parametrize(
    ("fact", "filters"),
    [
        ("orders", {"within": "90 days"}),
        ("orders", {"within": "1 month"}),
        ("orders", {"within": "0 days"}),
        ("orders", {"within": "36 hours"}),
        ("orders", {"status": "Complete", "within": "1 year"}),
        ("orders", {"from": "2026-01-01", "until": "2026-03-29"}),
        # The days on which the clocks of the three stores changed, one of them at midnight.
        ("orders", {"from": "2026-09-06", "until": "2026-09-06"}),
        ("orders", {"from": "2026-04-05", "until": "2026-04-05"}),
        ("orders", {"from": "2026-10-25", "until": "2026-10-25"}),
        ("total_spent", {"within": "76 days"}),
        ("orders", {"until": "yesterday"}),
        ("orders", {"from": "today"}),
        ("orders", {"total": "20.0001"}),
        ("orders", {"store": 'Outlet &amp; "Sons" <b>'}),
        ("total_spent", {"store": "<store>"}),
        ("total_spent", {"within": "1 week"}),
        ("total_spent", {"status": "Refunded"}),
        ("total_spent", {"status": "Complete"}),
        ("total_spent", {"category": "<other_category>"}),
        ("total_spent", {"category": "<category>", "within": "400 days"}),
        ("total_spent", {"total": 0}),
        ("average_order", {"product": "<product>"}),
        ("average_order", {"manufacturer": "<manufacturer>", "category": "<category>"}),
        ("average_order", {"within": "31 days"}),
        ("bought", {}),
        ("bought", {"category": "<other_category>"}),
        ("bought", {"product": "<other_product>", "within": "1 year"}),
        ("bought", {"manufacturer": "<manufacturer>", "category": "<category>"}),
        ("bought", {"status": "Shipped", "total": 100}),
        ("returns", {"within": "30 days"}),
        ("returns", {"status": "Complete"}),
        ("returns", {"product": "<product>", "from": "2026-01-01"}),
        ("reviews", {"within": "5 days"}),
        ("reviews", {"product": "<other_product>", "until": "2026-11-18"}),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else None,
)
def test_a_fact_with_filters_is_the_same_of_many_and_of_few(
    store: PlantedStore, fact: str, filters: Filters
) -> None:
    words = dataclasses.asdict(store.variant.words)
    filters = {name: words.get(str(value).strip("<>"), value) for name, value in filters.items()}
    expected = {c: {fact: value} for c, value in store.expected_values(fact, filters).items()}
    text = f"{fact}({', '.join(map(written, filters.items()))})" if filters else fact
    everybody = store.values(text, EVERYBODY)
    few = store.values(text, Scope.of(sorted(expected)[-40:]))

    found = differences(expected, {c: {fact: v} for c, v in everybody.items()}, store.planted.who)
    assert not found, found
    assert few == {customer: everybody[customer] for customer in few}


def written(filter_: tuple[str, object]) -> str:
    """One filter as a rule says it."""
    name, value = filter_
    if name == "total":
        return f"total >= {value}"
    plain = name in ("within", "from", "until")
    return f"{name} = {value if plain else json.dumps(value)}"


def test_after_a_pass_the_command_shows_every_fact_and_the_tags(passed: PlantedStore) -> None:
    expected = passed.expected()
    for tag, customers in passed.expected_tags().items():
        for customer in customers:
            assert tag in expected[customer]["tags"], (tag, customer)

    found = differences(expected, by_customer(asked(passed)), passed.planted.who)
    assert not found, found


def test_a_pass_gives_each_tag_to_whom_sql_gives_it(passed: PlantedStore) -> None:
    wanted = passed.expected_tags()
    standing = passed.expected()
    given = {
        tag: {customer for customer, facts in standing.items() if tag in facts["tags"]}
        for tag in wanted
    }

    wrong = {
        tag: (sorted(wanted[tag] - given[tag])[:9], sorted(given[tag] - wanted[tag])[:9])
        for tag in wanted
        if wanted[tag] != given[tag]
    }
    assert not wrong, f"tag: (should have it, should not) {wrong}"


def test_customers_looked_at_in_small_parts_change_nothing(passed: PlantedStore) -> None:
    ids = sorted(passed.expected())
    parts = [*([customer] for customer in ids[::40]), *(ids[n : n + 45] for n in range(0, 400, 45))]

    outcomes = passed.process(passed.rules(), parts)

    assert [outcome.customers for outcome in outcomes] == [len(part) for part in parts]
    assert {(outcome.tag_added, outcome.tag_removed) for outcome in outcomes} == {(0, 0)}


def test_a_second_pass_changes_nothing(passed: PlantedStore) -> None:
    outcome = passed.full_pass(passed.rules())

    assert (outcome.tag_added, outcome.tag_removed, outcome.set_aside) == (0, 0, 0)


#: By which some are in each tier, something is pending, and something expires on several days.
PROGRAM = """
[loyalty]
start = "2024-01-01"
points_worth_one = 70
pending = "2 days"
expiry = { after = "3 months", to_end_of = "month" }

[[tier]]
name = "Iron & <wood>"
threshold = 0

[[tier]]
name = "Copper"
threshold = 300.5

[[tier]]
name = "Silver"
threshold = 9000
"""


@pytest.fixture(scope="module")
def rewarded(passed: PlantedStore) -> PlantedStore:
    """The same with a loyalty program; it comes last, because it stays."""
    passed.begin(PROGRAM, 70)
    own = f"{passed.variant.prefix}sidecar_"
    # Everything was earned in one pass, so some is made to expire sooner or to be pending.
    for change in (
        f"UPDATE `{own}lot` SET expires_at = expires_at - lot_id % 5 * 86400",
        f"UPDATE `{own}lot` SET is_released = lot_id % 3 > 0",
        f"UPDATE `{own}tier` SET since = 1 + customer_id, tier = NULL WHERE customer_id % 7 = 0",
    ):
        passed.execute(change)
    return passed


def test_with_a_loyalty_program_every_fact_is_as_plain_sql_says(rewarded: PlantedStore) -> None:
    expected = rewarded.expected()
    tiers = {row["tier"] for row in expected.values()}

    assert tiers == {None, "Iron & <wood>", "Copper", "Silver"}
    assert len({row["points_expire"] for row in expected.values()}) > 5
    found = differences(expected, by_customer(asked(rewarded)), rewarded.planted.who)
    assert not found, found
    bulk = rewarded.loaded(EVERYBODY, rewarded.limits())
    found = differences(expected, bulk, rewarded.planted.who, without=["tags"])
    assert not found, found
    few = rewarded.loaded(Scope.of(sorted(expected)[:40]), rewarded.limits())
    assert few == {who: bulk[who] for who in few}
