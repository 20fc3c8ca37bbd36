"""Every metric, with what it means: `docs/reference/metrics.md` is made from these."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from sidecar.model import CHANGES

#: How changes can be noticed.
MODES = ("binlog", "poll")

#: Labels that are known from the start. Their series begin at 0 at once: Prometheus does not
#: see the increase of one that begins with 1.
KNOWN: Mapping[str, Sequence[str]] = {
    "class": ("refused", "unavailable"),
    "duty": ("due", "full_pass", "hints", "log", "poll"),
    "kind": CHANGES,
    "mode": MODES,
    "source": ("again", "binlog", "checksum", "due", "hints", "trailing"),
    "state": ("done", "failed", "waiting"),
}

#: Upper bounds in seconds: of a cycle, and of waiting until a change can be seen.
_CYCLE_S = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
_VISIBLE_S = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


class Meters:
    """
    The metrics, to be counted up and set by whoever knows.

    Attributes:
        registry: Has all of them, and those of the process itself.
        labels: Of each that has some, by its name as in the registry.
    """

    def __init__(self) -> None:
        # When each counter was made: as many series again, and nobody's question.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.labels: dict[str, tuple[str, ...]] = {}
        self._state()
        self._work()
        self._waiting()
        self._capture()
        self._database()
        ProcessCollector(registry=self.registry)

    def _state(self) -> None:
        self.info = self._gauge("info", "1, with the program's version", "version")
        self.mode = self._gauge("mode", "1 for how changes are noticed now, else 0", "mode")
        self.leads = self._gauge("leads", "1 while it holds the lock, so that it may write")
        self.connected = self._gauge("connected", "1 while the database answers")
        self.ready = self._gauge("ready", "1 while changes are dealt with in time: /readyz")
        self.lag_seconds = self._gauge(
            "lag_seconds",
            "changes younger than this may not have been looked at; NaN before the first look",
        )
        self.reload_failing = self._gauge(
            "reload_failing", "1 while the files cannot be used and the old settings and rules hold"
        )
        self.watchdog_pings = self._counter("watchdog_pings", "times systemd was told of progress")

    def _work(self) -> None:
        self.rings = self._counter("rings", "customers to be looked at, by who said so", "source")
        self.cycle_customers = self._counter("cycle_customers", "customers looked at")
        self.cycle_seconds = self._histogram(
            "cycle_seconds", "what it took to look at the customers of one call", _CYCLE_S, "duty"
        )
        self.last_cycle = self._instant("last_cycle", "when customers were last looked at")
        self.changes = self._counter(
            "changes", "what doorbells, time and full passes changed, not people", "kind"
        )
        self.commands = self._counter("commands", "requests answered", "state")
        self.full_pass_seconds = self._gauge("full_pass_seconds", "what the last full pass took")
        self.full_pass_seconds.set(math.nan)
        self.last_full_pass = self._instant(
            "last_full_pass", "when the last full pass began that ended"
        )

    def _waiting(self) -> None:
        self.commands_waiting = self._gauge("commands_waiting", "requests not yet answered")
        self.hints_waiting = self._gauge("hints_waiting", "hints not yet looked at")
        self.due_customers = self._gauge(
            "due_customers", "customers whose next instant has come and who wait for a cycle"
        )
        self.set_aside_customers = self._gauge(
            "set_aside_customers", "customers whose own data cannot be processed"
        )
        self.waiting_runs = self._gauge("waiting_runs", "runs that wait for approval")
        self.oldest_waiting_run = self._instant(
            "oldest_waiting_run", "when the oldest run began that waits for approval"
        )
        self.held_rules = self._gauge("held_rules", "rules held by an undo or a discard")
        self.findings = self._gauge("findings", "findings that nobody has mended")
        self.requests = self._gauge(
            "data_requests", "requests of people for their data that are not answered yet"
        )
        self.request_due = self._instant(
            "data_request_due", "until when the first of them has to be answered"
        )
        self.paused = self._gauge("paused", "1 while the store's own tables are not written to")

    def _capture(self) -> None:
        self.transactions = self._counter(
            "binlog_transactions", "transactions of anybody that ended in the binary log"
        )
        self.own_transactions = self._counter(
            "binlog_own_transactions", "those of them that are ours and ring nobody"
        )
        self.rows = self._counter("binlog_rows", "changed rows of the log that ring somebody")
        self.gaps = self._counter(
            "gaps", "times the binary log did not say all, so that everybody is looked at", "reason"
        )
        self.skipped_backlogs = self._counter(
            "binlog_backlogs_skipped", "times a full pass was quicker than reading what had waited"
        )
        self.visibility_wait_seconds = self._histogram(
            "visibility_wait_seconds",
            "from reading a transaction to seeing in the tables what it wrote",
            _VISIBLE_S,
        )
        self.checksum_mismatches = self._counter(
            "checksum_mismatches",
            "customers whose change only the rolling checksum found, though the binary log"
            " should have told of it: this must stay 0; not counted when polling",
        )

    def _database(self) -> None:
        self.database_errors = self._counter(
            "database_errors",
            "tries at which the database was away or refused; it is tried again",
            "class",
        )
        self.reconnects = self._counter(
            "database_reconnects", "times the database was back after it had been away"
        )
        self.own_tables_bytes = self._gauge(
            "own_tables_bytes", "what our tables take up in the database; looked at every hour"
        )
        self.own_tables_bytes.set(math.nan)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        made = Counter(f"sidecar_{name}", about, labels, registry=self.registry)
        self._label(made, name, labels)
        return made

    def _gauge(self, name: str, about: str, *labels: str) -> Gauge:
        made = Gauge(f"sidecar_{name}", about, labels, registry=self.registry)
        self._label(made, name, labels)
        return made

    def _instant(self, name: str, about: str) -> Gauge:
        made = self._gauge(f"{name}_timestamp_seconds", f"{about}; NaN: none")
        made.set(math.nan)
        return made

    def _histogram(self, name: str, about: str, bounds: Sequence[float], *labels: str) -> Histogram:
        made = Histogram(f"sidecar_{name}", about, labels, buckets=bounds, registry=self.registry)
        self._label(made, name, labels)
        return made

    def _label(self, made: Counter | Gauge | Histogram, name: str, labels: tuple[str, ...]) -> None:
        for label in labels:
            self.labels[f"sidecar_{name}"] = labels
            for value in KNOWN.get(label, ()):
                made.labels(value)
