"""
The tiers of customers, in one transaction: what they are by the metric, the locks and the
reviews, and what becomes of our rows.

    orders that earned ──> metric ──> tier (sidecar.rules.loyalty.tiers) ──> rows, changes
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence

import polars as pl
from sqlalchemy import select

from sidecar.model import Moment, Scope
from sidecar.rules.calendar import day_start
from sidecar.rules.loyalty.account import NEVER
from sidecar.rules.loyalty.program import Program, Tier
from sidecar.rules.loyalty.tiers import MEMORY, tier_levels, tier_plan
from sidecar.sync import restrictions
from sidecar.sync.loyalty.metrics import Metrics, metrics
from sidecar.sync.loyalty.orders import StoreOrder
from sidecar.sync.loyalty.rewarding import Rewarding
from sidecar.sync.loyalty.tier_definition import Definition
from sidecar.sync.reading import TEXT, WHOLE, Reading
from sidecar.sync.values import insert

#: Customers in one statement.
_CHUNK = 1_000

#: What a look may change of our rows; a lock is a person's.
_CHANGING: dict[str, pl.DataType] = {
    "tier": TEXT,
    "since": WHOLE,
    "review_at": WHOLE,
    "grace_until": WHOLE,
    "led_by": WHOLE,
    "led_from": TEXT,
    "metric": WHOLE,
    "next_at": WHOLE,
}
_ROW = {"customer_id": WHOLE, **_CHANGING, "lock_tier": TEXT, "lock_until": WHOLE}


class Tiers:
    """
    The tiers of one store at one moment.

    Args:
        definition: The tiers that hold.
        current: Of the program that orders earn by now: how long they can be given back.
        at: Seconds since 1970.
    """

    def __init__(self, definition: Definition, current: Rewarding, at: int) -> None:
        self._definition, self._current = definition, current
        now = datetime.datetime.fromtimestamp(at, datetime.UTC)
        self._moment = Moment(now, current.zone)
        self._plan = tier_plan(self._program, self._moment)
        self._places = {tier.name: place for place, tier in enumerate(self._program.tiers)}

    @property
    def _program(self) -> Program:
        return self._definition.program

    # -- the tier when an order was placed -------------------------------------------------

    def at_placement(
        self, reading: Reading, orders: Collection[StoreOrder]
    ) -> dict[int, Tier | None]:
        """The tier that the customer of each of *orders* was in when it was placed, by order."""
        moves: dict[int, list[tuple[int, str | None]]] = {}
        table = reading.shop.own.loyalty.tier_change
        columns = {"customer_id": WHOLE, "at": WHOLE, "tier": TEXT, "change_id": WHOLE}
        query = select(*(table.c[name] for name in columns))
        customers = sorted({order.customer_id for order in orders})
        for start in range(0, len(customers), _CHUNK):
            some = table.c.customer_id.in_(customers[start : start + _CHUNK])
            rows = reading.rows_here(query.where(some), columns).sort("at", "change_id")
            for customer_id, at, tier, _ in rows.iter_rows():
                moves.setdefault(customer_id, []).append((at, tier))
        found: dict[int, Tier | None] = {}
        unprofiled = restrictions.read(reading.tx, reading.shop.own, Scope.of(customers)).unprofiled
        for order in orders:
            if order.customer_id in unprofiled:
                found[order.order_id] = None
                continue
            # Who has earned nothing is in it, and nothing is written of that.
            tier = self._definition.base
            for at, name in moves.get(order.customer_id, ()):
                if order.placed_at is not None and at <= order.placed_at:
                    tier = self._definition.named(name)
            found[order.order_id] = tier
        return found

    # -- the tier now ----------------------------------------------------------------------

    def look(self, reading: Reading, customers: Sequence[int]) -> int:
        """
        Bring the tiers of *customers* to where they should be.

        Args:
            reading: In whose transaction their ledger was written.

        Returns:
            How many of them moved.
        """
        after = self.judged(reading, customers)
        is_new = pl.any_horizontal(
            pl.col(name).ne_missing(pl.col(f"row:{name}")) for name in _CHANGING
        )
        changed = after.filter(pl.col("row:metric").is_null() | is_new)
        moved = after.filter(pl.col("why").is_not_null())
        own, tx = reading.shop.own, reading.tx
        rows = changed.select("customer_id", *_CHANGING)
        insert(tx, own.loyalty.tier, _written(rows), update=list(_CHANGING))
        moves = moved.select("customer_id", "tier", "why", at=self._plan.now, was="row:tier")
        insert(tx, own.loyalty.tier_change, _written(moves, as_they_are=("why",)), strict=True)
        return moved.height

    def judged(self, reading: Reading, customers: Sequence[int]) -> pl.DataFrame:
        """
        Our rows of *customers* as they should be; of those too who have earned and have none.

        Columns: ``customer_id``, those of our rows, each also as it is now with ``row:`` before
        its name, and ``why`` they moved; null: they did not. Without those who object to it.
        """
        scope = Scope.of(customers)
        unprofiled = restrictions.read(reading.tx, reading.shop.own, scope).unprofiled
        customers = [customer_id for customer_id in customers if customer_id not in unprofiled]
        counted = metrics(reading, customers, self._program, self._moment)
        frame = self._remembered(_rows(reading, customers), counted)
        for level in tier_levels(self._plan):
            frame = frame.with_columns(level)
        return self._as_rows(frame, counted)

    def _remembered(self, rows: pl.DataFrame, counted: Metrics) -> pl.DataFrame:
        """What `tier_levels` asks for, of everybody with a row or an order."""
        every = pl.concat([rows["customer_id"], counted.sums["customer_id"]]).unique().sort()
        was = {name: f"row:{name}" for name in rows.columns if name != "customer_id"}
        frame = every.to_frame().join(rows.rename(was), on="customer_id", how="left")
        frame = frame.join(counted.sums, on="customer_id", how="left").sort("customer_id")
        is_locked = pl.col("row:lock_until").is_null() | (pl.col("row:lock_until") > self._plan.now)
        review = pl.when(pl.col("row:tier").is_not_null()).then(
            pl.col("row:review_at").fill_null(NEVER)
        )
        frame = frame.with_columns(
            *(pl.col(name).fill_null(0) for name in dict.fromkeys(self._plan.metrics)),
            self._place("row:tier").alias("was:tier"),
            pl.col("row:since").alias("was:tier_since"),
            review.alias("was:tier_review"),
            pl.col("row:grace_until").alias("was:tier_grace"),
            pl.when(is_locked).then(self._place("row:lock_tier")).alias("tier_lock"),
            self._place("row:led_from").alias("tier_led_from"),
            tier_reversed=pl.col("customer_id").is_in(self._given_back(rows, counted)),
        )
        if self._definition.unfinished == "now":
            # Who is in none is in the one that is reached.
            nothing = pl.lit(None, dtype=pl.Int64)
            frame = frame.with_columns(nothing.alias(f"was:{name}") for name in MEMORY)
        return frame

    def _place(self, column: str) -> pl.Expr:
        """The position of the tier whose name stands in *column*; null where there is none."""
        return pl.col(column).replace_strict(self._places, default=None, return_dtype=pl.Int64)

    def _given_back(self, rows: pl.DataFrame, counted: Metrics) -> list[int]:
        """Whose order that led up counts no more, and could still be given back."""
        led = rows.filter(pl.col("led_by") > 0).select("customer_id", order_id="led_by")
        found = led.join(counted.orders, on=["customer_id", "order_id"], how="left")
        gone = found.filter(pl.col("value").fill_null(0) <= 0)
        return [
            customer_id
            for customer_id, qualified_at in gone.select("customer_id", "qualified_at").iter_rows()
            # One that is another customer's by now has no row here.
            if qualified_at is None or self._can_return(qualified_at)
        ]

    def _can_return(self, qualified_at: int) -> bool:
        """Whether what qualified then can still be given back."""
        return self._current.terms(qualified_at, self._plan.now).available_at > self._plan.now

    def _as_rows(self, frame: pl.DataFrame, counted: Metrics) -> pl.DataFrame:
        names = dict(enumerate(tier.name for tier in self._program.tiers))
        name = pl.col("tier").replace_strict(names, default=None, return_dtype=pl.String)
        review = pl.when(pl.col("tier_review") < NEVER).then("tier_review")
        frame = frame.with_columns(
            name.alias("name"),
            review.alias("review_at"),
            pl.col("tier_grace").alias("grace_until"),
            self._towards_next().alias("metric"),
            self._next_at().alias("next_at"),
        ).with_columns(pl.col("name").ne_missing(pl.col("row:tier")).alias("moved"))
        frame = frame.with_columns(
            since=pl.when("moved").then("tier_since").otherwise("row:since"),
            why=pl.when("moved").then(self._why()),
        )
        return (
            frame.join(self._leading(counted), on="customer_id", how="left")
            .with_columns(
                led_by=pl.when("moved")
                .then(pl.when(pl.col("why") == "reached").then("newest"))
                .otherwise("row:led_by")
                .fill_null(0),
            )
            .with_columns(
                led_from=pl.when(~pl.col("moved"))
                .then("row:led_from")
                .when(pl.col("led_by") > 0)
                .then("row:tier")
            )
            .with_columns(
                tier="name",
                # Everybody begins there.
                why=pl.when(~(self._is_first() & (pl.col("name") == self._base_name))).then("why"),
            )
        )

    @property
    def _base_name(self) -> str:
        base = self._definition.base
        return "" if base is None else base.name

    @staticmethod
    def _is_first() -> pl.Expr:
        """Whether there is no row yet."""
        return pl.col("row:metric").is_null()

    def _why(self) -> pl.Expr:
        is_new_definition = self._place("row:tier").is_null() & pl.col("row:tier").is_not_null()
        if self._definition.unfinished == "now":
            is_new_definition |= ~self._is_first()
        is_up = pl.col("tier").fill_null(-1) > pl.col("was:tier").fill_null(-1)
        return (
            pl.when(pl.col("tier_lock").is_not_null())
            .then(pl.lit("locked"))
            .when(is_new_definition)
            .then(pl.lit("definition"))
            .when(is_up)
            .then(pl.lit("reached"))
            .when("tier_reversed")
            .then(pl.lit("reversed"))
            .otherwise(pl.lit("missed"))
        )

    def _leading(self, counted: Metrics) -> pl.DataFrame:
        """``newest``: each customer's latest order that counts and could still be given back."""
        schema = {"customer_id": WHOLE, "newest": WHOLE}
        if not self._current.program.pending.count:
            return pl.DataFrame(schema=schema)
        last = (
            counted.orders.filter(pl.col("value") > 0)
            .sort("qualified_at", "order_id")
            .group_by("customer_id")
            .agg(pl.col("order_id").last(), pl.col("qualified_at").last())
        )
        rows = [
            (customer_id, order_id)
            for customer_id, order_id, qualified_at in last.iter_rows()
            if self._can_return(qualified_at)
        ]
        return pl.DataFrame(rows, schema=schema, orient="row")

    def _towards_next(self) -> pl.Expr:
        """What counts for the tier above; of the highest, for itself."""
        metrics = self._plan.metrics
        found = pl.col(metrics[0])
        for place in range(len(metrics)):
            above = pl.col(metrics[min(place + 1, len(metrics) - 1)])
            found = pl.when(pl.col("tier") == place).then(above).otherwise(found)
        return found

    def _next_at(self) -> pl.Expr:
        """When it is reviewed, a grace or a lock ends, or an order counts no more."""
        lock_ends = pl.when(pl.col("tier_lock").is_not_null()).then("row:lock_until")
        tomorrow = self._moment.today + datetime.timedelta(days=1)
        at = pl.min_horizontal("tier_at", lock_ends, "leaves_at")
        # What is over at once, as a window of no days, is looked at once a day.
        soonest = day_start(tomorrow, self._moment.zone)
        return pl.when(at > self._plan.now).then(at).when(at.is_not_null()).then(soonest)


def next_looks(reading: Reading) -> pl.DataFrame:
    """
    Those of the reading with a tier of their own: ``customer_id``, ``has_tier``, ``tier_at``.

    The last is when time alone may change it; null: never.
    """
    table = reading.shop.own.loyalty.tier
    query = select(table.c.customer_id, table.c.next_at.label("tier_at"))
    found = reading.rows(
        query.where(reading.of(table.c.customer_id)), {"customer_id": WHOLE, "tier_at": WHOLE}
    )
    return found.with_columns(has_tier=pl.lit(True))


def _rows(reading: Reading, customers: Sequence[int]) -> pl.DataFrame:
    table = reading.shop.own.loyalty.tier
    query = select(*(table.c[name] for name in _ROW))
    parts = [
        reading.rows_here(
            query.where(table.c.customer_id.in_(customers[start : start + _CHUNK])), _ROW
        )
        for start in range(0, len(customers), _CHUNK)
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema=_ROW)


def _written(frame: pl.DataFrame, as_they_are: Collection[str] = ()) -> pl.DataFrame:
    """*frame* with the text of people as bytes; *as_they_are* is ours."""
    texts = [n for n, kind in frame.schema.items() if kind == pl.String and n not in as_they_are]
    return frame.with_columns(pl.col(name).cast(pl.Binary) for name in texts)
