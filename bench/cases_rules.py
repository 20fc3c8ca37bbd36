"""Rules alone: fifty rules over one range of facts, against the same written by hand."""

from __future__ import annotations

import polars as pl

from bench.cases_pass import part_of, work_with
from bench.frame import Bench, case
from bench.rules import fifty
from sidecar.model import Moment, Scope
from sidecar.rules import calendar
from sidecar.rules.evaluate import evaluate
from sidecar.rules.language.lists import shipped_lists
from sidecar.rules.syntax import Span
from sidecar.shop.database import transaction
from sidecar.sync.cycle import Pass
from sidecar.sync.facts.load import load
from sidecar.sync.reading import Reading

#: What stands of the tags, beside the facts.
WORDS = ("was:verdict", "on", "off", "req")

#: Evaluations a run: one takes milliseconds.
_TIMES = 20


def _facts(work: Pass, scope: Scope) -> pl.DataFrame:
    with transaction(work.shop.engine) as tx:
        reading = Reading(work.shop, tx, scope, work.moment)
        compiled = work.rulebook.compiled
        frame = load(reading, compiled.columns, work.rulebook.dictionary, moves=True).frame
    zero = pl.lit(0, dtype=pl.UInt64)
    words = [f"{kind}{word}" for kind in WORDS for word in range(compiled.words)]
    return frame.with_columns(
        *(zero.alias(name) for name in words),
        pl.lit(None, dtype=pl.Int64).alias("until_at"),
    )


@case(
    "floor: rules by hand",
    about="the fifty conditions as Polars expressions written by hand, packed into a word",
)
def by_hand(bench: Bench) -> None:
    work = work_with(bench, fifty())
    frame = _facts(work, part_of(bench))
    wholesale = work.shop.settings.group_id
    expressions = _written(work.moment, wholesale)
    names = [expression.meta.output_name() for expression in expressions]
    with bench.clock():
        for _ in range(_TIMES):
            done = frame.with_columns(expressions).with_columns(_tags(work.moment))
            bits = [pl.col(name).cast(pl.UInt64) * (1 << i) for i, name in enumerate(names)]
            done.select("customer_id", pl.sum_horizontal(bits))
    bench.note("rows", frame.height)


def _days(moment: Moment, days: int) -> int:
    return calendar.since(Span(days, "day"), moment)


def _written(moment: Moment, group: int) -> list[pl.Expr]:
    col, now = pl.col, moment.epoch_s
    written: list[pl.Expr] = []
    for days in (30, 60, 90, 180, 365):
        since = _days(moment, days)
        last, registered = col("last_order"), col("registered")
        count, spent = (col(f"{fact}(within={days} day)") for fact in ("orders", "total_spent"))
        written += [
            last.is_between(since, now).alias(f"ordered-{days}"),
            (last < since).alias(f"asleep-{days}"),
            (count >= 2).alias(f"busy-{days}"),
            (spent >= 250_0000).alias(f"spent-{days}"),
            (registered.is_between(since, now) & (col("orders") < 3)).alias(f"new-{days}"),
        ]
    written += [(col("orders") >= n).alias(f"orders-{n}") for n in (1, 2, 3, 5, 10, 20)]
    written += [
        (col("total_spent") > n * 10_000).alias(f"total-{n}") for n in (100, 500, 1000, 5000)
    ]
    free = col("email_domain").is_in(sorted(shipped_lists()["free_mail"]))
    year, quarter = calendar.since(Span(1, "year"), moment), _days(moment, 90)
    written += [
        (col("average_order") >= 120_0000).alias("large-basket"),
        ((col("largest_order") > 400_0000) & (col("orders") <= 2)).alias("one-big"),
        (col("newsletter") & col("status")).alias("newsletter-on"),
        (~col("newsletter") & (col("last_order") < year)).alias("unreachable"),
        ((col("group") == group) | (col("total_spent") > 100_000_000)).alias("wholesale"),
        free.alias("free-mail"),
        (col("email_domain").is_not_null() & ~free).alias("company-mail"),
        (col("average_gap").is_between(7, 60) & (col("orders") >= 4)).alias("regular"),
        ((col("orders") == 0) & (col("registered") < _days(moment, 30))).alias("never"),
        (
            (col("orders") >= 3) & (col("last_order") < quarter) & (col("total_spent") >= 200_0000)
        ).alias("lapsing"),
        (col("total_spent") < 0).alias("credit"),
    ]
    return [expression.fill_null(False) for expression in written]


def _tags(moment: Moment) -> list[pl.Expr]:
    vip = (pl.col("total_spent") > 2000_0000) | pl.col("orders-20")
    asleep = vip & pl.col("asleep-90")
    lost = asleep & (pl.col("last_order") < calendar.since(Span(1, "year"), moment))
    return [
        vip.alias("vip"),
        asleep.alias("vip-asleep"),
        lost.fill_null(False).alias("vip-lost"),
        (vip & pl.col("newsletter") & ~lost.fill_null(False)).alias("reach-vip"),
    ]


@case(
    "rules: compiled",
    about="the same fifty rules from their text, compiled once",
    floor="floor: rules by hand",
    at_most=3.0,
)
def compiled(bench: Bench) -> None:
    work = work_with(bench, fifty())
    frame = _facts(work, part_of(bench))
    with bench.clock():
        for _ in range(_TIMES):
            evaluate(work.rulebook.compiled, frame, work.moment)
    bench.note("rows", frame.height)
