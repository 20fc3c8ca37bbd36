"""What the loop and the duties tell, as metrics and health for `sidecar.daemon.http`."""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus

import prometheus_client
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from sidecar import __version__, clock
from sidecar.daemon.health import Health, Lag
from sidecar.daemon.http import Page, Pages
from sidecar.daemon.meters import MODES, Meters
from sidecar.errors import DatabaseError, DatabaseRefusedError
from sidecar.model import CHANGES, Outcome
from sidecar.sync.gauges import Gauges
from sidecar.sync.sources.binlog.source import Told


class Metrics:
    """
    Told what happens; any thread may ask how it is.

    Args:
        now: The wall clock.
        monotonic: The clock that never goes back.

    Attributes:
        meters: For whatever has no method here.
        health: What the loop says of itself.
    """

    def __init__(
        self,
        now: Callable[[], datetime.datetime] = clock.now,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        self._now, self._monotonic = now, monotonic
        self.meters = meters = Meters()
        self.health = health = Health(monotonic())
        self._told = self._counted = Told()
        meters.info.labels(__version__).set(1)
        self.noticing("")
        # Worked out when somebody asks: the lag also grows while the loop hangs.
        meters.leads.set_function(lambda: float(health.leads))
        meters.connected.set_function(lambda: float(health.is_connected))
        meters.ready.set_function(lambda: float(not self._unready()))
        meters.lag_seconds.set_function(lambda: _or_nan(health.lag_s(self._epoch_s())))

    # -- told by the loop ------------------------------------------------------------------

    def ticked(self) -> None:
        """The loop came round, or work made progress."""
        self.health.ticked_s = self._monotonic()

    def began(self, mode: str, lag: Lag) -> None:
        """It holds the lock and has read everything anew."""
        self.health.lag = lag
        self.health.leads = self.health.is_connected = True
        self.noticing(mode)

    def noticing(self, mode: str) -> None:
        """Changes are noticed by *mode* now."""
        for known in MODES:
            self.meters.mode.labels(known).set(known == mode)

    def ended(self) -> None:
        """It does not hold the lock any more."""
        self.health.leads = False

    def cycle_done(self, duty: str, customers: int, took_s: float) -> None:
        """So many *customers* were looked at by one call of *duty*."""
        self.meters.cycle_customers.inc(customers)
        self.meters.cycle_seconds.labels(duty).observe(took_s)
        self.meters.last_cycle.set(self._epoch_s())

    def full_pass_done(self, took_s: float) -> None:
        """A full pass looked at everybody."""
        self.meters.full_pass_seconds.set(took_s)

    def database_lost(self, error: DatabaseError) -> None:
        """The database is away or refuses; told at every try."""
        self.health.is_connected = False
        refused = isinstance(error, DatabaseRefusedError)
        self.meters.database_errors.labels("refused" if refused else "unavailable").inc()

    def database_back(self) -> None:
        """The database answers again."""
        self.health.is_connected = True
        self.meters.reconnects.inc()

    # -- told by the duties ----------------------------------------------------------------

    def rang(self, sources: Mapping[str, int]) -> None:
        """So many customers were rung for by each source."""
        for source, customers in sources.items():
            self.meters.rings.labels(source).inc(customers)

    def changed(self, outcome: Outcome) -> None:
        """That was written."""
        for kind in CHANGES:
            self.meters.changes.labels(kind).inc(getattr(outcome, kind))

    def log_told(self, told: Told) -> None:
        """That is what a source of the binary log has told since it began; said often."""
        if told is not self._told:
            self._told, self._counted = told, Told()
        meters, before = self.meters, self._counted
        meters.transactions.inc(told.transactions - before.transactions)
        meters.own_transactions.inc(told.own - before.own)
        meters.rows.inc(told.rows - before.rows)
        meters.skipped_backlogs.inc(told.skips - before.skips)
        for reason, times in (told.gaps - before.gaps).items():
            meters.gaps.labels(reason).inc(times)
        while told.waited_s:
            meters.visibility_wait_seconds.observe(told.waited_s.popleft())
        self._counted = replace(told, gaps=Counter(told.gaps))

    def counted(self, gauges: Gauges) -> None:
        """So many wait, are held, and so on."""
        meters = self.meters
        meters.waiting_runs.set(gauges.waiting_runs)
        meters.oldest_waiting_run.set(_or_nan(gauges.waiting_since))
        meters.held_rules.set(gauges.held_rules)
        meters.set_aside_customers.set(gauges.set_aside)
        meters.commands_waiting.set(gauges.commands)
        meters.hints_waiting.set(gauges.hints)
        meters.due_customers.set(gauges.due)
        meters.findings.set(gauges.findings)
        meters.paused.set(gauges.is_paused)
        meters.requests.set(gauges.requests)
        meters.request_due.set(_or_nan(gauges.request_due_at))
        meters.last_full_pass.set(_or_nan(gauges.last_full_pass_at))

    # -- served ----------------------------------------------------------------------------

    def pages(self) -> Pages:
        """What there is to ask for; nothing of it waits for anything."""
        return {
            "/livez": lambda: _health(self.health.hangs(self._monotonic())),
            "/readyz": lambda: _health(self._unready()),
            "/metrics": self._page,
        }

    def _page(self) -> Page:
        text = prometheus_client.generate_latest(self.meters.registry)
        return Page(HTTPStatus.OK, text, CONTENT_TYPE_PLAIN_0_0_4)

    def _unready(self) -> str:
        return self.health.unready(self._epoch_s(), self._monotonic())

    def _epoch_s(self) -> int:
        return int(self._now().timestamp())


def _health(problem: str) -> Page:
    if problem:
        return Page(HTTPStatus.SERVICE_UNAVAILABLE, f"{problem}\n")
    return Page(HTTPStatus.OK, "ok\n")


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else float(value)
