"""Lists of customers in the admin: the statements that the bridge's own PHP asks, page by page."""

from __future__ import annotations

import datetime
import json
import os
import random
import statistics
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sqlalchemy import Engine, text

import sidecar.rules
from bench.cases_pass import ready
from bench.daemon import daemon
from bench.frame import Bench, case
from bench.rules import as_toml, fifty
from sidecar import clock
from sidecar.shop.database import transaction

_PHP = Path(__file__).with_name("php") / "lists.php"
_BRIDGE = Path(sidecar.rules.__file__).parent.parent / "bridge_php"

_SORTS = ("name", "spent", "orders", "last", "registered")

#: Pages of each kind, so that each weighs the same.
_EACH = 60

#: Of many customers, of few, with facts that the rows of customers do not have, and of nobody.
_EXPRESSIONS = (
    "orders >= 3 and last_order within 2 years",
    "total_spent > 5000 and average_order between 300 and 400",
    "orders(within = 1 year) >= 2 and newsletter",
    "city = 'Nowhere at all'",
)

Asked = Mapping[str, object]


def _rules() -> bytes:
    file = Path(sidecar.rules.__file__).with_name("built_in_segments.toml")
    built_in = tomllib.loads(file.read_text("utf-8"))["segment"]
    segments = (
        f"[[segment]]\nname = '{one['name']}'\nwhen = '''{one['when']}'''\n" for one in built_in
    )
    return as_toml(fifty()) + "\n".join(segments).encode()


def _times(bench: Bench, asked: Sequence[Asked]) -> list[tuple[float, int]]:
    """Milliseconds and rows of each of *asked*."""
    place = bench.database
    told = {
        "bridge": str(_BRIDGE),
        "database": {
            "socket": str(place.socket),
            "user": place.user,
            "password": place.password.reveal(),
            "name": place.name,
            "prefix": place.prefix,
        },
        "asked": asked,
    }
    done = subprocess.run(
        ["php", str(_PHP)], input=json.dumps(told), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr or done.stdout)
    return [(float(ms), int(rows)) for ms, rows in json.loads(done.stdout)]


def _told(bench: Bench, times: Sequence[float]) -> None:
    ordered = sorted(times)
    bench.seconds = sum(ordered) / 1000
    bench.note("pages", len(ordered))
    bench.note("median ms", ordered[len(ordered) // 2])
    bench.note("p95 ms", ordered[len(ordered) * 95 // 100])
    bench.note("max ms", ordered[-1])


def _kinds(bench: Bench) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Filters of each kind."""
    engine, prefix = bench.engine(), bench.database.prefix
    with transaction(engine) as tx:
        tags = [str(row[0]) for row in tx.execute(text(f"SELECT tag_id FROM {prefix}sidecar_tag"))]
        segments = [
            str(row[0])
            for row in tx.execute(text(f"SELECT segment_id FROM {prefix}sidecar_segment"))
        ]
        groups = [
            str(row[0])
            for row in tx.execute(text(f"SELECT customer_group_id FROM {prefix}customer_group"))
        ]
        people = tx.execute(
            text(
                f"SELECT firstname, lastname, email, telephone FROM {prefix}customer"
                f" WHERE customer_id % {max(1, bench.customers // 200)} = 0"
            )
        ).all()
    engine.dispose()
    chance = random.Random(5)
    beginnings = [value[: chance.randrange(1, 8)] for person in people for value in person if value]
    today = bench.now.date()

    def day(most: int) -> str:
        return (today - datetime.timedelta(days=chance.randrange(most))).isoformat()

    yield "all", [{}]
    yield "segment", [{"segment": segment} for segment in segments]
    yield "tag", [{"tags_all": tag} for tag in tags]
    yield "two tags", [{"tags_all": ",".join(chance.sample(tags, 2))} for _ in range(_EACH)]
    yield "without a tag", [{"tags_none": tag} for tag in tags]
    yield (
        "range",
        [
            chance.choice(
                (
                    {"spent_from": str(chance.choice((50, 100, 500, 1000, 2500)))},
                    {"spent_from": "100", "spent_to": str(chance.randrange(101, 2000))},
                    {"orders_from": str(chance.randrange(1, 30))},
                    {"orders_from": "1", "orders_to": str(chance.randrange(1, 5))},
                    {"last_from": day(700)},
                    {"last_to": day(700)},
                    {"registered_from": day(900)},
                    {"registered_to": day(900), "orders_from": "2"},
                )
            )
            for _ in range(_EACH)
        ],
    )
    yield "search", [{"search": chance.choice(beginnings)} for _ in range(_EACH)]
    yield (
        "group or status",
        [
            *({"group": group} for group in groups),
            {"status": "0"},
            {"status": "1"},
            {"status": "0", "group": groups[0]},
        ],
    )


@case(
    "lists: a page",
    about="pages 1 to 100 of the bridge's list with 50 tags and the built-in segments, by"
    " the statements of its own PHP: everybody, segments, tags, ranges, searches",
    notes_at_most={"median ms": 30, "p95 ms": 300},
)
def pages(bench: Bench) -> None:
    ready(bench, _rules())
    chance = random.Random(3)
    asked: list[Asked] = []
    kinds: list[str] = []
    for kind, queries in _kinds(bench):
        for _ in range(_EACH):
            query = chance.choice(queries)
            sort, descending = chance.choice(_SORTS), chance.random() < 0.5
            place = 0.0 if chance.random() < 0.3 else chance.random()
            asked.append({"query": query, "sort": sort, "descending": descending, "place": place})
            kinds.append(kind)
    _times(bench, asked[:5])
    times = _times(bench, asked)
    _told(bench, [ms for ms, _ in times])
    for kind in dict.fromkeys(kinds):
        some = sorted(ms for (ms, _), one in zip(times, kinds, strict=True) if one == kind)
        bench.note(f"{kind}, p95 ms", some[len(some) * 95 // 100])
    if os.environ.get("BENCH_SLOWEST"):
        slowest = sorted(zip(times, asked, strict=True), key=lambda one: -one[0][0])
        for (ms, rows), one in slowest[:25]:
            print(f"{ms:8.1f} ms {rows:3} rows {json.dumps(one)}", file=sys.stderr)


@case(
    "lists: OpenCart's own page",
    about="pages of the store's own list of customers, by its statements: by name or by date",
)
def own_pages(bench: Bench) -> None:
    chance = random.Random(3)
    found = (
        "FROM {customer} c LEFT JOIN {customer_group_description} d"
        " ON (c.customer_group_id = d.customer_group_id) WHERE d.language_id = '1'"
    )
    asked = []
    for _ in range(6):
        by = chance.choice(("name", "c.date_added"))
        start = chance.randrange(100) * 20
        columns = "*, CONCAT(c.firstname, ' ', c.lastname) AS name, d.name AS customer_group"
        page = f"SELECT {columns} {found} ORDER BY {by} ASC LIMIT {start},20"
        asked.append({"statements": [page, "SELECT COUNT(*) AS total FROM {customer} c"]})
    _told(bench, [ms for ms, _ in _times(bench, asked)])


def _selected(engine: Engine, expression: str) -> tuple[float | None, float]:
    """Seconds from asking to the first of the selection, None: there is nobody; and to its end."""
    asked = json.dumps({"expression": expression})
    key = f"bench-{clock.now().timestamp()}"
    with engine.begin() as tx:
        query = (
            "INSERT INTO oc_sidecar_command (name, parameters, actor, idempotency_key, created_at)"
            " VALUES ('customers.select', %s, 'bench', %s, %s)"
        )
        done = tx.exec_driver_sql(query, (asked, key, int(clock.now().timestamp())))
        number = done.lastrowid
    started, first = time.perf_counter(), None
    there = "SELECT 1 FROM oc_sidecar_selection WHERE selection_id = %s LIMIT 1"
    state = "SELECT state, error FROM oc_sidecar_command WHERE command_id = %s"
    while True:
        with engine.connect() as tx:
            found = tx.exec_driver_sql(state, (number,)).one()
            if first is None and tx.exec_driver_sql(there, (number,)).first():
                first = time.perf_counter() - started
        if found.state == "failed":
            raise RuntimeError(f"{expression}: {found.error}")
        if found.state == "done":
            return first, time.perf_counter() - started
        time.sleep(0.01)


@case(
    "lists: an expression",
    about="a running daemon is asked for the customers of an expression as the bridge asks it:"
    " until the first of them are there to be shown, and until all are",
    notes_at_most={"first rows at the latest, s": 3},
)
def an_expression(bench: Bench) -> None:
    with daemon(bench, list(fifty()), has_read_everything=False):
        engine = bench.engine()
        times = [_selected(engine, expression) for expression in _EXPRESSIONS]
        engine.dispose()
    # Where nobody is found, that is the first answer, and it takes a look at everybody.
    first = [first for first, _ in times if first is not None]
    bench.seconds = statistics.median(first)
    bench.note("first rows at the latest, s", max(first))
    bench.note("all rows at the latest, s", max(end for _, end in times))
