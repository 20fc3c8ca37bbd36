"""The real daemon beside a store that several connections write to: nothing is missed."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

import pytest
from sqlalchemy import text

from oracle.oracle import facts
from oracle.tags import Rule, tags
from sidecar import clock
from sidecar.service.demo_store import generate
from sidecar.service.demo_store.reference import PRODUCTS
from support.busy_store import STAY, STORE_ZONE, BusyStore, writers
from support.given import Given
from support.installation import Installation
from support.running import running

#: How long the store is written to; the whole two minutes where somebody asks for them.
SECONDS = float(os.environ.get("SIDECAR_TEST_BUSY_S", "12"))

CUSTOMERS = 600

#: What only the rolling checksum can find comes within a round of it, which begins every 30 s.
CAUGHT_UP_WITHIN_S = 100.0

BY_HAND = range(1, 1 + STAY // 2)
OFF_BY_HAND = range(1 + STAY // 4, 1 + STAY)


def _ids(some: range) -> str:
    return f"f.customer_id BETWEEN {some[0]} AND {some[-1]}"


TAGS = [
    # No rule makes it: people give it.
    Rule("by hand", "", _ids(BY_HAND)),
    Rule("first order", "orders = 1", "f.orders = 1"),
    # People take it off some, whatever the rule says.
    Rule("regular", "orders >= 5", f"f.orders >= 5 AND NOT {_ids(OFF_BY_HAND)}"),
    Rule("spends", "total_spent >= 2000", "f.total_spent >= 2000"),
    Rule(
        "letters",
        'newsletter and (tags has "by hand" or tags has "regular")',
        "f.newsletter AND ({has tags by hand} OR {has tags regular})",
    ),
    Rule(
        "open checkout",
        "last_unfinished_order within 1 day",
        "f.last_unfinished_order BETWEEN {since 1 day} AND {now}",
    ),
    Rule("lives well", 'categories has "Living"', "{has categories Living}"),
    Rule("collects", "cart_items >= 1", "f.cart_items >= 1"),
    Rule("promoted", 'group = "Gold"', "f.`group` = {text Gold}"),
]

SEGMENTS = [
    Rule("everyone", "", "TRUE"),
    Rule("active accounts", "", "f.status"),
    Rule("never ordered", "", "f.orders = 0"),
    Rule("one-time buyers", "", "f.orders = 1 AND f.last_order < {since 30 days}"),
    Rule("repeat buyers", "", "f.orders >= 2"),
    # People say that some are not, whatever they buy …
    Rule("loyal", "", f"f.orders >= 5 AND NOT {_ids(BY_HAND)}"),
    Rule("new", "", "f.registered BETWEEN {since 30 days} AND {now} AND f.orders < 3"),
    Rule("ordered recently", "", "f.last_order BETWEEN {since 90 days} AND {now}"),
    Rule("inactive", "", "f.last_order < {since 180 days}"),
    Rule(
        "high value",
        "",
        "f.total_spent > 1000 AND f.last_order BETWEEN {since 90 days} AND {now}",
    ),
    Rule("at risk", "", "f.total_spent > 1000 AND f.last_order < {since 90 days}"),
    Rule("wholesale", "", "f.`group` = {text Wholesale}"),
    Rule("newsletter subscribers", "", "f.newsletter"),
    Rule("birthday soon", "", "f.birthday IN ({birthdays 30 days})"),
    Rule("wishlist holders", "", "f.wishlist_items >= 1"),
    Rule("full carts", "", "f.cart_items >= 1 AND f.cart_added < {since 24 hours}"),
    Rule("many returns", "", "f.lately >= 3", {"lately": ("returns", {"within": "1 year"})}),
    # … and that some are, whatever they write.
    Rule("with reviews", "", f"f.reviews >= 1 OR {_ids(OFF_BY_HAND)}"),
    Rule("in no group", "", "f.`group` IS NULL"),
    Rule(
        "faithful readers",
        'in segment "loyal" and in segment "newsletter subscribers" and not tags has "spends"',
        "{has tags loyal} AND {has tags newsletter subscribers} AND NOT {has tags spends}",
    ),
]

#: The rungs, the highest first.
RUNGS = [
    Rule("Gold", "total_spent >= 2000", "f.total_spent >= 2000"),
    Rule("Silver", "orders >= 4", "f.orders >= 4"),
]


@pytest.fixture(params=["poll", "binlog"])
def busy(
    request: pytest.FixtureRequest,
) -> Iterator[tuple[Installation, BusyStore, Callable[[], Given]]]:
    """A made-up store with rules, a ladder and an approved first pass; what opens connections."""
    if request.param == "poll":
        server, installation = map(request.getfixturevalue, ("mariadb", "installation"))
    else:
        names = ("binlog_mariadb", "binlog_installation")
        server, installation = map(request.getfixturevalue, names)
    opened = []

    def open_given() -> Given:
        connection = server.connect(installation.database.name, autocommit=False)
        opened.append(connection)
        return Given(connection, clock.now(), STORE_ZONE)

    for rung in RUNGS:
        group = installation.given.group(rung.tag)
        installation.given.describe("customer_group", group, rung.tag, language=2)
    prefix = installation.database.prefix
    generate(
        installation.engine,
        prefix,
        customers=CUSTOMERS,
        orders=CUSTOMERS * 4,
        seed=3,
        now=clock.now(),
    )
    installation.write_config(
        more='[rules]\nmax_change_floor = 1000000\n[shop]\nbirthday_field = "Birthday"\n'
    )
    (installation.folder / "rules.d" / "rules.toml").write_text(_rules(), "utf-8")
    installation.done("migrate")
    installation.done("tag", "create", "by hand")
    installation.done("once", "--yes")
    store = BusyStore(CUSTOMERS, PRODUCTS)
    found = (
        "SELECT customer_id, customer_group_id FROM oc_customer WHERE customer_group_id IN (2, 3)"
    )
    with installation.engine.connect() as tx:
        store.left_alone.update((row[0], row[1]) for row in tx.execute(text(found)))
        silver = "SELECT customer_group_id FROM oc_customer_group_description WHERE name = 'Silver'"
        store.move_by_hand(BY_HAND, tx.scalars(text(silver)).first() or 0)
    yield installation, store, open_given
    for connection in opened:
        connection.close()


def _rules() -> str:
    def table(kind: str, rule: Rule) -> str:
        return f"[[{kind}]]\nname = '{rule.tag}'\nwhen = '''{rule.when}'''\n"

    tables = [table("tag", rule) for rule in TAGS if rule.when]
    tables += [table("segment", rule) for rule in SEGMENTS if rule.when]
    tables += ["[ladder]\nfallback = 'Default'\n", *(table("group", rung) for rung in RUNGS)]
    return "\n".join(tables)


def test_after_several_connections_wrote_at_once_everything_is_as_plain_sql_has_it(
    busy: tuple[Installation, BusyStore, Callable[[], Given]],
) -> None:
    installation, store, open_given = busy
    looking = open_given()
    limits = _limits(looking)
    with running(installation) as daemon:
        daemon.logged("full_pass.finished")
        until_s = clock.monotonic() + SECONDS
        with writers(store, open_given, number=4, pause_s=0.1):
            _people_decide(installation, store)
            while clock.monotonic() < until_s:
                daemon.heard()
                clock.sleep(0.2)
        ended_s = clock.monotonic()
        while found := _differences(installation, store, looking, limits):
            assert clock.monotonic() < ended_s + CAUGHT_UP_WITHIN_S, "\n".join(found)
            daemon.heard()
            clock.sleep(1)
        took_s = clock.monotonic() - ended_s
        planned = installation.json("plan")
        status = installation.json("status")
        code, _ = daemon.stop()
        capture = status["daemon"]["capture"]

    print(f"{sum(store.done.values())} things done, caught up after {took_s:.1f} s: {store.done}")
    assert set(planned["changes"].values()) == {0}, planned
    assert (status["waiting"], status["findings"], status["set_aside"]) == ([], [], 0)
    assert (code, daemon.events("full_pass.found"), daemon.events("database.lost")) == (0, [], [])
    assert min(store.done.values()) > 0
    assert (capture.get("gaps", {}), capture.get("unannounced", 0)) == ({}, 0)


def _people_decide(installation: Installation, store: BusyStore) -> None:
    """Commands of people, which the daemon carries out; each as a process of its own."""
    by_hand, off = [str(one) for one in BY_HAND], [str(one) for one in OFF_BY_HAND]
    for some in by_hand[: len(by_hand) // 2], by_hand[len(by_hand) // 2 :]:
        installation.done("tag", "add", "by hand", *some)
    installation.done("tag", "remove", "regular", *off)
    installation.done("pin", "segment", "with reviews", *off, "--in", "--reason", "in a shop")
    installation.done("pin", "segment", "loyal", *by_hand, "--out", "--reason", "resells")
    moved = [str(one) for one in store.moved_by_hand]
    installation.done("group", "set", "Silver", *moved, "--reason", "by phone")


#: The RFM groups by the score of recency and the mean of the other two.
RFM = {
    "RFM champions": "r >= 4 AND fm >= 4",
    "RFM loyal": "r = 3 AND fm >= 4",
    "RFM promising": "r >= 4 AND fm IN (2, 3)",
    "RFM new": "r >= 4 AND fm = 1",
    "RFM needs attention": "r = 3 AND fm = 3",
    "RFM about to sleep": "r = 3 AND fm <= 2",
    "RFM at risk": "r = 2 AND fm >= 3",
    "RFM cannot lose": "r = 1 AND fm >= 3",
    "RFM hibernating": "r = 2 AND fm <= 2",
    "RFM lost": "r = 1 AND fm <= 2",
}


def _limits(given: Given) -> list[Rule]:
    """The segments that compare with everybody else, as everybody is now: before the writers."""
    known = facts(given.connection, "oc_", "4.1.0.4", clock.now(), STORE_ZONE)
    given.connection.commit()
    buyers = [row for row in known.values() if row["orders"]]
    spent = sorted(Decimal(str(row["total_spent"])) for row in buyers)
    last = sorted(datetime.datetime.fromisoformat(str(row["last_order"])) for row in buyers)

    def score(fact: str, values: Sequence[object]) -> str:
        ranks = (-(-percent * len(values) // 100) - 1 for percent in (20, 40, 60, 80))
        return "(1 + " + " + ".join(f"(f.{fact} > {values[rank]})" for rank in ranks) + ")"

    r = score("last_order", [int(at.timestamp()) for at in last])
    f = score("orders", sorted(int(str(row["orders"])) for row in buyers))
    fm = f"(({f} + {score('total_spent', spent)} + 1) DIV 2)"
    words = {"r": r, "fm": fm}
    rules = [
        Rule(name, "", "f.orders > 0 AND " + re.sub(r"\bf?[rm]\b", lambda m: words[m[0]], said))
        for name, said in RFM.items()
    ]
    top = spent[::-1][-(-10 * len(spent) // 100) - 1]
    return [*rules, Rule("big spenders", "", f"f.orders > 0 AND f.total_spent >= {top}")]


def _differences(
    installation: Installation, store: BusyStore, given: Given, limits: list[Rule]
) -> list[str]:
    """A line for each tag, segment and group that is not as plain SQL has it."""
    segments = [*SEGMENTS, *limits]
    segments.sort(key=lambda rule: rule.when)  # those that speak of others come last
    rungs = [Rule(f"rung {rung.tag}", "", rung.sql) for rung in RUNGS]
    now = clock.now()
    should = tags(
        *(given.connection, "oc_", "4.1.0.4", now, STORE_ZONE, [*TAGS, *segments, *rungs]),
        birthday_field="Birthday",
    )
    given.connection.commit()
    lines = [
        f"{kind} {name}: SQL has {_some(should[name] - ids)},"
        f" the sidecar {_some(ids - should[name])}"
        for kind, found in (
            ("tag", _of_words(installation, "tag", "tags")),
            ("segment", _of_words(installation, "segment", "segments")),
        )
        for name, ids in found.items()
        if should[name] != ids
    ]
    expected = {rung.tag for rung in TAGS} | {rule.tag for rule in segments}
    assert should.keys() == expected | {rule.tag for rule in rungs}
    return lines + _groups(installation, store, should)


def _of_words(installation: Installation, kind: str, words: str) -> dict[str, set[int]]:
    """Who has each tag or segment by our words; the number that is kept of each is held to it."""
    found: dict[str, set[int]] = {}
    with installation.engine.connect() as tx:
        listed = f"SELECT name, slot, customers FROM oc_sidecar_{kind} WHERE slot IS NOT NULL"
        for row in tx.execute(text(listed)).all():
            bit = f"{words}{row.slot // 64} >> {row.slot % 64} & 1"
            query = f"SELECT customer_id FROM oc_sidecar_customer WHERE {bit}"
            found[row.name] = {int(customer) for customer in tx.scalars(text(query))}
            if len(found[row.name]) != row.customers:
                found[row.name].add(-row.customers)  # shows among the differences
    return found


def _groups(
    installation: Installation, store: BusyStore, should: Mapping[str, set[int]]
) -> list[str]:
    with installation.engine.connect() as tx:
        names = "SELECT name, customer_group_id FROM oc_customer_group_description"
        ids = {
            str(row[0]): int(row[1]) for row in tx.execute(text(f"{names} WHERE language_id = 1"))
        }
        query = "SELECT customer_id, customer_group_id FROM oc_customer"
        are = {int(row[0]): int(row[1]) for row in tx.execute(text(query))}
    lines = []
    for customer, group in are.items():
        rung = next((r.tag for r in RUNGS if customer in should[f"rung {r.tag}"]), "Default")
        if group != (wanted := store.left_alone.get(customer, ids[rung])):
            lines.append(f"group of {customer}: {group}, not {wanted}")
    return lines


def _some(ids: set[int]) -> str:
    return ", ".join(map(str, sorted(ids)[:8])) or "nobody"
