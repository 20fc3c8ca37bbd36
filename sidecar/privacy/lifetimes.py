"""
How long accounts live: their last sign of life, who a retention rule would purge, and when.

A sign of life is the registration, an order of any status, a login, a cart, a return or a
review. Days are the store's; an account without any date is never purged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl
from sqlalchemy import select

from sidecar.model import Moment, Scope
from sidecar.privacy.subscribers import subscribers
from sidecar.rules.calendar import day_start
from sidecar.rules.columns import Column
from sidecar.rules.privacy.retention import RetentionRule, purged_on
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import rfm_limits, segments, set_aside, tags
from sidecar.sync.facts.load import Dictionary, load
from sidecar.sync.ranges import ranges
from sidecar.sync.reading import WHOLE, Limits, Reading, wall
from sidecar.sync.rulebook import CheckedRules
from sidecar.sync.standing_conditions import StandingConditions

#: Facts that are signs of life; orders are asked for beside them, whatever their status.
_SIGNS = ("registered", "last_login", "cart_added", "last_return", "last_review")

#: What protects an account from every rule.
HOLD = "a legal hold"
RESTRICTED = "a restriction"
REQUESTED = "a request"
ALWAYS = (HOLD, RESTRICTED, REQUESTED)

_BALANCES = ("orders", "complete_orders", "points", "points_pending", "credit")


class Lifetimes:
    """
    The accounts of one store under some retention rules.

    Args:
        rules: Of accounts.
    """

    def __init__(
        self, shop: Shop, checked: CheckedRules, rules: Sequence[RetentionRule], moment: Moment
    ) -> None:
        self._shop, self._rules, self._moment = shop, rules, moment
        self._dictionary: Dictionary = checked.dictionary
        self._limits: Limits | None = rfm_limits.stored(shop)
        with transaction(shop.engine) as tx:
            known = tags.load_tags(tx, shop.own)
            standing = segments.load_segments(tx, shop.own)
        self._asked = StandingConditions(
            [rule.when for rule in rules if rule.when is not None],
            checked.dictionary,
            checked.names,
            checked.rules,
            {tag.name: tag.as_slot for tag in known},
            standing,
        )
        self._subscribers = sorted(subscribers(shop))
        self._whole_store: dict[str, pl.DataFrame] = {}

    def frames(self) -> Iterator[tuple[Scope, pl.DataFrame]]:
        """
        Parts of the store, each with the accounts that rules end.

        Columns: ``customer_id``, ``rule`` (its place), ``purge_at`` (seconds since 1970, the
        beginning of a day), ``held`` (what of `PROTECTIONS` and `ALWAYS` protects them; a list).
        Customers whose data cannot be processed are left out.
        """
        for scope in ranges(self._shop):
            parts = list(set_aside.readable(self._shop, scope, self._read))
            yield scope, pl.concat(parts)

    def _read(self, scope: Scope) -> pl.DataFrame:
        with transaction(self._shop.engine) as tx:
            reading = Reading(self._shop, tx, scope, self._moment, self._limits, self._whole_store)
            told = self._asked.told(reading)
            columns = [Column(name) for name in (*_SIGNS, *_BALANCES)]
            facts = load(reading, columns, self._dictionary).frame
            orders = _last_orders(reading)
            always = self._always(reading)
        frame = facts.join(told, on="customer_id", how="left").join(
            orders, on="customer_id", how="left"
        )
        last = pl.max_horizontal(*_SIGNS, "last_of_any")
        frame = frame.with_columns(last=last).filter(pl.col("last").is_not_null())
        frame = frame.join(always, on="customer_id", how="left").with_columns(
            pl.col(name).fill_null(False) for name in ALWAYS
        )
        return pl.concat([self._of(frame, place) for place in range(len(self._rules))])

    def _of(self, frame: pl.DataFrame, place: int) -> pl.DataFrame:
        rule = self._rules[place]
        if rule.when is not None:
            asked = [each.when for each in self._rules if each.when is not None]
            number = next(n for n, when in enumerate(asked) if when is rule.when)
            frame = frame.filter(pl.col(str(number)))
        found = {
            "open orders": pl.col("orders") > pl.col("complete_orders"),
            "subscriptions": pl.col("customer_id").is_in(self._subscribers),
            "points": (pl.col("points") != 0) | (pl.col("points_pending").fill_null(0) != 0),
            "credit": pl.col("credit") != 0,
        }
        held = [pl.when(found[name]).then(pl.lit(name)) for name in rule.protections] + [
            pl.when(pl.col(name)).then(pl.lit(name)) for name in ALWAYS
        ]
        return frame.select(
            "customer_id",
            rule=pl.lit(place, pl.Int64),
            purge_at=self._ended(frame["last"], rule),
            held=pl.concat_list(held).list.drop_nulls(),
        )

    def _ended(self, last: pl.Series, rule: RetentionRule) -> pl.Series:
        """When accounts end by *rule* whose last sign of life was at *last*."""
        zone = self._moment.zone
        days = pl.from_epoch(last).dt.replace_time_zone("UTC").dt.convert_time_zone(str(zone))
        dates = days.dt.date()
        ends = {day: day_start(purged_on(day, rule.age), zone) for day in dates.unique()}
        return dates.replace_strict(ends, return_dtype=pl.Int64) if ends else last.cast(pl.Int64)

    def _always(self, reading: Reading) -> pl.DataFrame:
        """Of the scope: who may not be purged whatever the rules say."""
        own = self._shop.own.privacy
        now = self._moment.epoch_s
        schema: dict[str, pl.DataType] = {"customer_id": WHOLE}
        parts = [pl.DataFrame(schema=schema | dict.fromkeys(ALWAYS, pl.Boolean()))]
        hold, restriction, request = own.legal_hold, own.restriction, own.privacy_request
        queries = {
            HOLD: select(hold.c.customer_id).where(
                hold.c.until.is_(None) | (hold.c.until > now), reading.of(hold.c.customer_id)
            ),
            RESTRICTED: select(restriction.c.customer_id).where(
                restriction.c.kind == "restricted", reading.of(restriction.c.customer_id)
            ),
            REQUESTED: select(request.c.customer_id).where(
                request.c.state.in_(("unverified", "open", "waiting", "running")),
                reading.of(request.c.customer_id),
            ),
        }
        for name, query in queries.items():
            rows = reading.rows_here(query, {"customer_id": WHOLE}).unique()
            parts.append(rows.with_columns(pl.lit(True).alias(name)))
        return (
            pl.concat(parts, how="diagonal")
            .group_by("customer_id")
            .agg(pl.col(name).any() for name in ALWAYS)
        )


def _last_orders(reading: Reading) -> pl.DataFrame:
    """``customer_id`` and ``last_of_any``, the instant of the latest order of any status."""
    order = reading.shop.tables.order
    query = select(order.c.customer_id, wall(order.c.date_added, "last_of_any"))
    schema = {"customer_id": WHOLE, "last_of_any": WHOLE}
    rows = reading.instants(reading.rows_of(query, schema, order.c.customer_id), "last_of_any")
    return rows.group_by("customer_id").agg(pl.col("last_of_any").max())
