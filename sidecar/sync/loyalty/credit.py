"""
Store credit on its way into the ledger, and out to the store's own rows.

    native rows ──> causes ─┐
    issues ─────────────────┼─> account ──> entries ══> native rows
    the clock ──> expire ───┘

As with points all of it leads to targets, so doing it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl
from sqlalchemy import Connection, select

from sidecar.errors import ConfigError
from sidecar.model import Moment, Scope
from sidecar.rules.loyalty.account import Terms
from sidecar.rules.loyalty.program import Program
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.loyalty import projection, store_faults
from sidecar.sync.loyalty.accounts import Accounts
from sidecar.sync.loyalty.beginning import require_kept, require_program
from sidecar.sync.loyalty.holder import Holder, Key
from sidecar.sync.loyalty.ledger import Ledger
from sidecar.sync.loyalty.posting import Brought
from sidecar.sync.loyalty.rewarding import restored_until, zone_of
from sidecar.sync.reading import WHOLE, Reading


def require_credit(program: Program) -> Program:
    """
    *program*, which says how store credit is kept.

    Raises:
        ConfigError: It does not.
    """
    if program.credit is None:
        problem = "store credit is the store's own, and is not kept here"
        hint = "write [credit] into a file of the rules; all of its keys may be left out"
        raise ConfigError("[credit]", problem, hint)
    return program


def require_posting(shop: Shop, book: Rulebook, moment: Moment) -> CreditPosting:
    """
    The store credit of *shop*.

    Raises:
        ConfigError: There is no loyalty program, or no ``[credit]``.
        NotNowError: The program waits to begin, or the sidecar is paused.
    """
    require_credit(require_program(book.checked.rules))
    return CreditPosting(shop, require_kept(shop, book), moment)


class CreditPosting:
    """
    The store credit of one store.

    Attributes:
        credit: How it is kept.
        zone: In which its days are counted.
    """

    def __init__(self, shop: Shop, program: Program, moment: Moment) -> None:
        assert program.credit is not None  # noqa: S101 - else it is the store's own
        self.credit, self.zone = program.credit, zone_of(program, shop)
        self._shop, self._program = shop, program
        self._accounts = Accounts(shop, "credit", moment)

    def bring(self, scope: Scope, moment: Moment) -> Brought:
        """Bring the accounts of *scope*'s customers to where they should be *moment*."""
        with transaction(self._shop.engine) as tx:
            due = self._due(Reading(self._shop, tx, scope, moment))
        return Brought(due.height, self._accounts.bring_each(due, moment, self._bring))

    def change(
        self, customer_id: int, moment: Moment, change: Callable[[Connection, Holder], None]
    ) -> None:
        """
        Change one customer's account, and write what became of it.

        Args:
            change: Does it, in the transaction; where it raises, nothing is written.
        """
        with transaction(self._shop.engine) as tx:
            self.change_in(tx, customer_id, moment, change)
        self.write_rows([customer_id], moment)

    def change_in(
        self,
        tx: Connection,
        customer_id: int,
        moment: Moment,
        change: Callable[[Connection, Holder], None],
    ) -> None:
        """As `change`, in *tx*; once it is committed, `write_rows` is to follow."""
        reading = Reading(self._shop, tx, Scope.of([customer_id]), moment)
        ledger = Ledger(reading, "credit")
        change(tx, ledger.holder(customer_id))
        projection.write(reading, ledger, self._accounts.native)

    def write_rows(self, customers: Sequence[int], moment: Moment) -> None:
        """Write the store's rows of *customers* that could not be written with their entries."""
        projection.write_pending(self._shop, self._accounts.native, customers, moment)

    # -- one batch -------------------------------------------------------------------------

    def _due(self, reading: Reading) -> pl.DataFrame:
        """``customer_id`` and ``is_native_new`` of whose native rows or clock say something new."""
        account = self._shop.own.loyalty.account
        names = ("customer_id", "native_mark", "next_at")
        query = select(*(account.c[name] for name in names)).where(
            account.c.unit == "credit", reading.of(account.c.customer_id)
        )
        # What is known comes before what is there: a change in between is seen again.
        known = reading.rows(query, dict.fromkeys(names, WHOLE))
        native = self._accounts.native.marks(reading)
        found = known.join(native, on="customer_id", how="full", coalesce=True, suffix="_now")
        # Their orders say whether it holds on.
        spent_again = self._customers_with_restored_spends(reading)
        mark, now = (pl.col(name).fill_null(0) for name in ("native_mark", "native_mark_now"))
        is_time = (pl.col("next_at") <= reading.moment.epoch_s).fill_null(value=False)
        is_new = (mark != now) | pl.col("customer_id").is_in(spent_again)
        due = found.select("customer_id", is_time.alias("is_time"), is_native_new=is_new)
        due = due.filter(pl.col("is_native_new") | pl.col("is_time")).drop("is_time")
        if due.is_empty():
            return due
        customer_id = self._shop.tables.customer.c.customer_id
        there = reading.rows_of(select(customer_id), {"customer_id": WHOLE}, customer_id)
        return due.join(there, on="customer_id", how="semi").sort("customer_id")

    def _customers_with_restored_spends(self, reading: Reading) -> list[int]:
        cause = self._shop.own.loyalty.cause
        query = select(cause.c.customer_id).where(
            cause.c.unit == "credit",
            cause.c.kind == "restore",
            cause.c.posted < 0,
            reading.of(cause.c.customer_id),
        )
        return reading.rows_here(query, {"customer_id": WHOLE})["customer_id"].to_list()

    def _bring(self, due: pl.DataFrame, moment: Moment) -> int:
        ids, at = due["customer_id"].to_list(), moment.epoch_s
        with transaction(self._shop.engine) as tx:
            reading = Reading(self._shop, tx, Scope.of(ids), moment)
            ledger = Ledger(reading, "credit")
            terms, before = self._terms_of_others(at), store_faults.counted(ledger)
            looked_at = due.filter("is_native_new")["customer_id"].to_list()
            rows = self._accounts.ingest(reading, ledger, looked_at, terms)
            theirs = {customer_id: rows.get(customer_id, ()) for customer_id in looked_at}
            store_faults.restore(reading, ledger, theirs, before, terms)
            for customer_id in ids:
                _expire(ledger.holder(customer_id), at)
            entries = projection.write(reading, ledger, self._accounts.native)
        self.write_rows(ids, moment)
        return entries

    def _terms_of_others(self, at: int) -> Terms:
        # It may be a refund, or a commission: nobody told us.
        until = restored_until(self._program, self.zone, at)
        return Terms(earned_at=at, available_at=at, restored_until=until)


def _expire(holder: Holder, at: int) -> None:
    account = holder.account
    if any(lot.expires_at <= at and lot.remaining for lot in account.lots):
        account.expire(holder.cause(Key("expire", at), at), at)
