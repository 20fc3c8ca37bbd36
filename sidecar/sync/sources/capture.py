"""
How changes of the store are noticed: by the binary log where it can be read, else by polling.

The rolling checksum goes round in either mode. Where the log announces changes, what only
the checksum finds is counted: it is the proof that the log missed nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import structlog

from sidecar import clock
from sidecar.config import Config
from sidecar.errors import ConfigError, DatabaseRefusedError
from sidecar.model import Moment
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import findings
from sidecar.sync.sources.binlog.columns import read_columns
from sidecar.sync.sources.binlog.layouts import undecodable
from sidecar.sync.sources.binlog.offered import offered
from sidecar.sync.sources.binlog.source import LEFT_OUT, BinlogSource, Told, is_worth_skipping
from sidecar.sync.sources.binlog.wire import reader_id
from sidecar.sync.sources.polling import Polling
from sidecar.sync.sources.watched import appended, changed
from sidecar.sync.state import Json

Mode = Literal["binlog", "poll"]

#: Whether the backlog is worth reading is asked this rarely.
BACKLOG_EVERY_S = 10.0

#: The kind of finding that says that the log did not tell of a change.
UNANNOUNCED = "binlog.unannounced"


class Capture:
    """
    The sources of changed rows of *shop*, started.

    Args:
        config: Which mode is asked for, and the database.
        told: What the log told so far, counted on.
        strict: Whether it is an error where the log is asked for and cannot be read; without
            it there is polling then, and `why`.

    Attributes:
        mode: How changes are noticed.
        why: Why it is polling although the log was asked for, or may be used; else empty.
        polling: New rows when polling, and the checksum in either mode.
        log: The binary log; None when polling.

    Raises:
        ConfigError: The log is asked for and cannot be read.
        DatabaseError: As of ``transaction``.
    """

    def __init__(
        self, shop: Shop, config: Config, moment: Moment, told: Told, *, strict: bool = True
    ) -> None:
        self._shop = shop
        self._config = config
        self._told = told
        self._interval_s = config.sync.poll_interval.total_seconds()
        self._asked_backlog_s = 0.0
        self.log: BinlogSource | None = None
        self.why = self._in_the_way()
        if self.why and config.sync.mode == "binlog" and strict:
            raise ConfigError("sync.mode", f"the binary log cannot be read: {self.why}")
        if config.sync.mode != "poll" and not self.why:
            self.log = BinlogSource(shop, config.database, self._reader_id(), told)
        self.mode: Mode = "poll" if self.log is None else "binlog"
        self.polling = Polling(shop, self._interval_s, announced=self.log is not None)
        with transaction(shop.engine) as tx:
            self.polling.start(tx, moment.epoch_s)
            if self.log is not None:
                self.log.start(tx, moment.epoch_s)
        structlog.get_logger().info("capture.mode", mode=self.mode, why=self.why or None)

    def close(self) -> None:
        """Hang up."""
        if self.log is not None:
            self.log.close()

    def fileno(self) -> int | None:
        """Readable when the log has something to tell."""
        return None if self.log is None else self.log.fileno()

    def as_json(self) -> dict[str, Json]:
        """What is known of it, for people."""
        found: dict[str, Json] = {"mode": self.mode, "why": self.why or None}
        if self.log is not None:
            told = self.log.told
            found |= {
                "gate": self.log.gate,
                "transactions": told.transactions,
                "rows": told.rows,
                "own": told.own,
                "gaps": dict(told.gaps),
                "skips": told.skips,
                "unannounced": told.unannounced,
            }
        return found

    def is_to_change(self) -> bool:
        """Whether the other mode should be used from now on: asked of the server anew."""
        if self._config.sync.mode == "poll":
            return False
        return bool(self._in_the_way()) == (self.mode == "binlog")

    def announced(self, ids: Iterable[int]) -> None:
        """The log, a hint or the clock rang for *ids*."""
        if self.log is not None:
            self.polling.surprises.announced([*ids, *self.log.written])
            self.log.written.clear()

    def skip_backlog(self, full_pass_s: float) -> None:
        """Leave to a full pass, which takes *full_pass_s*, what takes longer to read."""
        now_s = clock.monotonic()
        if self.log is None or now_s - self._asked_backlog_s < BACKLOG_EVERY_S:
            return
        self._asked_backlog_s = now_s
        backlog_s = self.log.backlog_s()
        if is_worth_skipping(backlog_s, full_pass_s):
            structlog.get_logger().info("binlog.backlog", seconds=backlog_s)
            self.log.skip("backlog")

    def report_surprises(self, moment: Moment) -> int:
        """Raise a finding for customers whose change nothing announced; returns how many."""
        if self.log is None:
            return 0
        found = self.polling.surprises.settle(clock.monotonic())
        if found:
            self.log.told.unannounced += len(found)
            listed = ", ".join(map(str, found[:10])) + (" and more" if len(found) > 10 else "")
            message = (
                f"the binary log told nothing of changes of {len(found)} customers, which the"
                f" rolling checksum found: {listed}; they are right now (written with"
                " sql_log_bin=0 or by a foreign key; otherwise please report it)"
            )
            with transaction(self._shop.engine) as tx:
                findings.raise_finding(tx, self._shop.own, UNANNOUNCED, "", message, moment)
        return len(found)

    def _in_the_way(self) -> str:
        """Why the log cannot be read; empty when it can."""
        if self._config.sync.mode == "poll":
            return ""
        if self._told.left_out:
            return LEFT_OUT
        database, engine = self._config.database, self._shop.engine
        try:
            why = offered(engine, database, self._reader_id(trial=True))
        except DatabaseRefusedError as error:
            return str(error)
        if why:
            return why
        watched = [*changed(self._shop), *appended(self._shop)]
        with transaction(engine) as tx:
            columns = read_columns(tx, database.name, self._shop.prefix, watched)
        if odd := undecodable(watched, self._shop.prefix, columns):
            return f"columns of types that are not known: {', '.join(odd)}"
        return ""

    def _reader_id(self, *, trial: bool = False) -> int:
        database = self._config.database
        name = f"{database.name}\0{database.prefix}" + ("\0trial" if trial else "")
        return reader_id(name)
