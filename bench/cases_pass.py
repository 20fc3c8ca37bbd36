"""Passes over the whole store: nothing to change, everything to write, one customer."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
from sqlalchemy import Table, delete, select, text

from bench.frame import Bench, case
from bench.rules import as_toml, everything_as_toml, fifty, with_goods
from sidecar.config import Config, Rules
from sidecar.model import Moment, Outcome, Scope
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop, open_shop
from sidecar.sync import cycle, rulebook
from sidecar.sync.compiled_rules import open_rulebook
from sidecar.sync.cycle import Pass
from sidecar.sync.full_pass import FullPass
from sidecar.sync.pass_runs import Approval
from sidecar.sync.reading import Reading
from sidecar.sync.runs import Run

_RANGE = 100_000


def work_with(bench: Bench, rules: Iterator[tuple[str, str]] | bytes) -> Pass:
    """A pass that applies *rules* to the store; bytes: a rules file."""
    with tempfile.TemporaryDirectory() as folder:
        content = rules if isinstance(rules, bytes) else as_toml(rules)
        Path(folder, "rules.toml").write_bytes(content)
        settings = Rules(directory=Path(folder), builtins=False)
        config = Config(database=bench.database, rules=settings, file=Path())
        shop = open_shop(bench.engine(), config)
        checked = rulebook.check_files(shop, Path(folder), own_tables=True, builtins=False)
    moment = Moment(bench.now, shop.settings.zone)
    book = open_rulebook(shop, checked, moment, writing=True, new_limits=True)
    run = Run(kind="changed", moment=moment)
    return Pass(shop, book.blocking(frozenset()), moment, [run])


def whole_pass(work: Pass) -> Outcome:
    """A full pass, with everything approved."""
    approval = Approval(actor="bench", everything=True)
    full = FullPass(
        shop=work.shop, book=work.rulebook, moment=work.moment, cap=0, approval=approval
    )
    return full.carry_out().outcome


def ready(bench: Bench, rules: Iterator[tuple[str, str]] | bytes) -> Pass:
    """A pass that finds nothing to change, because one has just been made if need be."""
    work = work_with(bench, rules)
    with transaction(work.shop.engine) as tx:
        _, changes = cycle.look(work, tx, Scope.span(1, 1_000))
    if not changes.is_empty:
        whole_pass(work)
    return work


def _nothing_to_change(bench: Bench, work: Pass) -> None:
    with bench.clock():
        outcome = whole_pass(work)
    bench.note("changed", outcome.changed)
    bench.note("customers", outcome.customers)
    if work.shop.bulk is None:
        raise RuntimeError("connectorx was not used")


@case(
    "full pass: nothing to change",
    about="50 rules without filters by goods: read, facts, rules, compare",
    floor="floor: read",
    at_most=2.5,
    peak_at_most_mb=700,
)
def nothing_to_change(bench: Bench) -> None:
    _nothing_to_change(bench, ready(bench, fifty()))


@case(
    "full pass: with goods",
    about="the same and five rules by category, product and manufacturer, which read order lines",
    floor="floor: read",
    peak_at_most_mb=700,
)
def nothing_to_change_with_goods(bench: Bench) -> None:
    _nothing_to_change(bench, ready(bench, with_goods()))


@case(
    "full pass: 200 rules, 40 segments, ladder",
    about="the same with 200 tags, 40 segments and a ladder",
    floor="floor: read",
    at_most=3,
    peak_at_most_mb=900,
)
def nothing_to_change_of_everything(bench: Bench) -> None:
    _nothing_to_change(bench, ready(bench, everything_as_toml()))


def _truncate(shop: Shop) -> None:
    with transaction(shop.engine) as tx:
        for name in ("customer", "assertion", "audit", "purchase"):
            tx.execute(text(f"TRUNCATE TABLE `{shop.prefix}sidecar_{name}`"))
        tx.execute(text(f"UPDATE `{shop.prefix}sidecar_tag` SET customers = 0"))


def part_of(bench: Bench) -> Scope:
    """One range of customers."""
    return Scope.span(1, min(bench.customers, _RANGE))


@case(
    "floor: write",
    about="bare multi-row INSERTs of the rows that the first pass of one range writes",
)
def write_floor(bench: Bench) -> None:
    work = work_with(bench, fifty())
    _truncate(work.shop)
    cycle.run(work, part_of(bench))
    own = work.shop.own
    names = ("customer", "assertion", "audit")
    with transaction(work.shop.engine) as tx:
        everything = Reading(work.shop, tx, part_of(bench), work.moment)
        frames = {name: _rows(everything, getattr(own, name)) for name in names}
    _truncate(work.shop)
    rows = 0
    for name, frame in frames.items():
        rows += frame.height
        for statement in _statements(getattr(own, name).name, frame):
            with bench.clock(), transaction(work.shop.engine) as tx:
                tx.exec_driver_sql(statement)
    bench.note("rows", rows)
    _truncate(work.shop)


def _rows(reading: Reading, table: Table) -> pl.DataFrame:
    kept = [c for c in table.c if c.name not in ("actor", "reason", "until", "audit_id")]
    kinds: dict[str, pl.DataType] = {
        c.name: pl.String()
        if "char" in str(c.type).lower() or "text" in str(c.type).lower()
        else pl.Int64()
        for c in kept
    }
    words = ("verdict", "tags", "segment_verdict", "segments")
    kinds |= {c.name: pl.UInt64() for c in kept if c.name[:-1] in words}
    return reading.rows(select(*kept), kinds)


def _statements(table: str, frame: pl.DataFrame, size: int = 10_000) -> Iterator[str]:
    cells = [
        pl.lit("'") + pl.col(name) + pl.lit("'")
        if kind == pl.String
        else pl.col(name).cast(pl.String)
        for name, kind in frame.schema.items()
    ]
    row = pl.format(
        "({})", pl.concat_str([cell.fill_null("NULL") for cell in cells], separator=",")
    )
    names = ",".join(f"`{name}`" for name in frame.columns)
    for part in frame.iter_slices(size):
        yield f"INSERT INTO `{table}` ({names}) VALUES " + ",".join(part.select(row).to_series())


@case(
    "first pass: everything to write",
    about="one range of customers, from reading the store to the last commit",
    floor="floor: write",
    at_most=1 / 0.7,
)
def first_pass(bench: Bench) -> None:
    work = work_with(bench, fifty())
    _truncate(work.shop)
    with bench.clock():
        outcome = cycle.run(work, part_of(bench))
    bench.note("tags", outcome.tag_added)
    _truncate(work.shop)


@case(
    "one customer: read to written",
    about="one order each for 200 customers, one cycle each; median and p95 in the notes",
)
def one_customer(bench: Bench) -> None:
    work = ready(bench, fifty())
    step = max(1, bench.customers // 200)
    taken: list[float] = []
    own = work.shop.own
    for customer_id in range(1, bench.customers, step):
        with transaction(work.shop.engine) as tx:
            # Unknown to us, so that the cycle writes all there is to write of a customer.
            for table in (own.assertion, own.customer):
                tx.execute(delete(table).where(table.c.customer_id == customer_id))
        before = bench.seconds
        gc.disable()
        with bench.clock():
            cycle.run(work, Scope.of([customer_id]))
        gc.enable()
        taken.append(bench.seconds - before)
    taken.sort()
    bench.note("median ms", 1000 * taken[len(taken) // 2])
    bench.note("p95 ms", 1000 * taken[len(taken) * 95 // 100])
