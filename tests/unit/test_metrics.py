"""What Prometheus is told, read by its own parser; and the alerts that are made of it."""

from __future__ import annotations

import datetime
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sidecar import __version__
from sidecar.daemon import meters
from sidecar.daemon.metrics import Metrics
from sidecar.daemon.vitals import Vitals
from sidecar.errors import DatabaseRefusedError, DatabaseUnavailableError
from sidecar.model import CHANGES, Outcome
from sidecar.sync.sources.binlog.source import Told
from support.gauges import NOTHING

NOW = datetime.datetime(2026, 4, 1, 10, 0, tzinfo=datetime.UTC)
NOW_S = int(NOW.timestamp())
ALERTS = Path(__file__).parents[2] / "docs" / "howto" / "prometheus-alerts.yml"

#: Name and labels of a series.
Series = tuple[str, frozenset[tuple[str, str]]]


class Clock:
    """Clocks that the test moves."""

    def __init__(self) -> None:
        self.s = 0.0

    def now(self) -> datetime.datetime:
        return NOW + datetime.timedelta(seconds=self.s)

    def monotonic(self) -> float:
        return 1_000.0 + self.s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def metrics(clock: Clock) -> Metrics:
    return Metrics(clock.now, clock.monotonic)


def served(metrics: Metrics) -> dict[Series, float]:
    """Every series of the page, as Prometheus reads it."""
    page = metrics.pages()["/metrics"]()
    assert page.kind == "text/plain; version=0.0.4; charset=utf-8"
    assert isinstance(page.body, bytes)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page.body.decode())
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return served(metrics)[f"sidecar_{name}", frozenset(labels.items())]


def test_what_happens_is_counted(metrics: Metrics) -> None:
    metrics.rang({"trailing": 3, "checksum": 2})
    metrics.rang({"trailing": 1})
    metrics.changed(Outcome(customers=4, changed=3, tag_added=2, group_changed=1))
    metrics.cycle_done("poll", 4, 0.05)
    metrics.cycle_done("full_pass", 100, 12.0)

    assert value(metrics, "rings_total", source="trailing") == 4
    assert value(metrics, "rings_total", source="checksum") == 2
    assert value(metrics, "changes_total", kind="tag_added") == 2
    assert value(metrics, "changes_total", kind="group_changed") == 1
    assert value(metrics, "changes_total", kind="tag_removed") == 0
    assert value(metrics, "cycle_customers_total") == 104
    assert value(metrics, "cycle_seconds_count", duty="poll") == 1
    assert value(metrics, "cycle_seconds_sum", duty="full_pass") == 12
    assert value(metrics, "cycle_seconds_bucket", duty="full_pass", le="30.0") == 1
    assert value(metrics, "last_cycle_timestamp_seconds") == NOW_S


def test_every_series_with_known_labels_is_there_before_anything_happened(
    metrics: Metrics,
) -> None:
    found = {labels for name, labels in served(metrics) if name == "sidecar_changes_total"}

    assert found == {frozenset({("kind", kind)}) for kind in CHANGES}
    assert value(metrics, "database_errors_total", **{"class": "refused"}) == 0
    assert value(metrics, "rings_total", source="binlog") == 0


def test_every_change_that_an_outcome_knows_is_counted() -> None:
    known = set(Outcome.__dataclass_fields__)

    assert set(CHANGES) == known - {"customers", "changed", "set_aside"}


def test_only_labels_of_few_values_are_used(metrics: Metrics) -> None:
    assert {label for labels in metrics.meters.labels.values() for label in labels} - {
        "version",
        "reason",
    } == set(meters.KNOWN)


def test_no_metric_says_when_it_was_made(metrics: Metrics) -> None:
    assert not [name for name, _ in served(metrics) if name.endswith("_created")]


def test_version_mode_and_the_process_are_told(metrics: Metrics) -> None:
    assert value(metrics, "info", version=__version__) == 1
    assert value(metrics, "mode", mode="poll") == 0
    metrics.began("poll", Vitals(NOW_S))
    assert [value(metrics, "mode", mode=mode) for mode in ("poll", "binlog")] == [1, 0]
    metrics.noticing("binlog")
    assert [value(metrics, "mode", mode=mode) for mode in ("poll", "binlog")] == [0, 1]
    assert served(metrics)["process_resident_memory_bytes", frozenset()] > 1e6
    assert served(metrics)["process_open_fds", frozenset()] > 2


def test_the_lag_grows_while_the_loop_does_nothing(metrics: Metrics, clock: Clock) -> None:
    assert math.isnan(value(metrics, "lag_seconds"))
    metrics.began("poll", Vitals(NOW_S, changes_at=NOW_S))
    clock.s = 7.0
    assert value(metrics, "lag_seconds") == 7


def test_readiness_follows_lock_database_and_progress(metrics: Metrics, clock: Clock) -> None:
    pages = metrics.pages()
    vitals = Vitals(NOW_S, changes_at=NOW_S)
    assert (pages["/livez"]().status, pages["/readyz"]().status) == (200, 503)

    metrics.began("poll", vitals)
    assert pages["/readyz"]().status == 200
    assert value(metrics, "ready") == value(metrics, "leads") == value(metrics, "connected") == 1

    metrics.database_lost(DatabaseUnavailableError("secret@host: gone"))
    page = pages["/readyz"]()
    assert (page.status, page.body) == (503, "the database is away\n")
    assert (value(metrics, "ready"), value(metrics, "connected")) == (0, 0)
    assert value(metrics, "database_errors_total", **{"class": "unavailable"}) == 1

    metrics.database_back()
    assert pages["/readyz"]().status == 200
    assert value(metrics, "database_reconnects_total") == 1

    metrics.database_lost(DatabaseRefusedError("no"))
    assert value(metrics, "database_errors_total", **{"class": "refused"}) == 1
    metrics.database_back()

    metrics.ended()
    assert pages["/readyz"]().body == "it does not lead\n"
    metrics.began("poll", vitals)

    clock.s = vitals_s = 61.0
    assert pages["/livez"]().status == pages["/readyz"]().status == 503
    metrics.ticked()
    vitals.changes_at = NOW_S + int(vitals_s)
    assert pages["/livez"]().status == pages["/readyz"]().status == 200


def test_counts_of_the_database_are_told_as_they_were_found(metrics: Metrics) -> None:
    assert math.isnan(value(metrics, "last_full_pass_timestamp_seconds"))
    metrics.counted(
        replace(
            NOTHING,
            waiting_runs=2,
            waiting_since=NOW_S - 90_000,
            held_rules=1,
            set_aside=3,
            commands=4,
            hints=5,
            due=6,
            findings=7,
            is_paused=True,
            last_full_pass_at=NOW_S - 50,
        )
    )

    assert value(metrics, "waiting_runs") == 2
    assert value(metrics, "oldest_waiting_run_timestamp_seconds") == NOW_S - 90_000
    assert value(metrics, "held_rules") == 1
    assert value(metrics, "set_aside_customers") == 3
    assert value(metrics, "commands_waiting") == 4
    assert value(metrics, "hints_waiting") == 5
    assert value(metrics, "due_customers") == 6
    assert value(metrics, "findings") == 7
    assert value(metrics, "paused") == 1
    assert value(metrics, "last_full_pass_timestamp_seconds") == NOW_S - 50

    metrics.counted(NOTHING)
    assert math.isnan(value(metrics, "oldest_waiting_run_timestamp_seconds"))


def test_what_the_log_told_is_counted_once_also_over_a_new_source(metrics: Metrics) -> None:
    first = Told(transactions=10, own=4, rows=7, skips=1)
    first.gaps["purged"] += 1
    first.waited_s.extend([0.002, 0.5])
    metrics.log_told(first)
    metrics.log_told(first)
    first.transactions += 5
    first.gaps["purged"] += 1
    first.gaps["xa"] += 1
    metrics.log_told(first)
    metrics.log_told(Told(transactions=3, rows=1))

    assert value(metrics, "binlog_transactions_total") == 18
    assert value(metrics, "binlog_own_transactions_total") == 4
    assert value(metrics, "binlog_rows_total") == 8
    assert value(metrics, "binlog_backlogs_skipped_total") == 1
    assert value(metrics, "gaps_total", reason="purged") == 2
    assert value(metrics, "gaps_total", reason="xa") == 1
    assert value(metrics, "visibility_wait_seconds_count") == 2
    assert value(metrics, "visibility_wait_seconds_bucket", le="0.003") == 1


def test_alerts_ask_only_for_what_there_is(metrics: Metrics) -> None:
    text = ALERTS.read_text("utf-8")
    asked = set(re.findall(r"\bsidecar_\w+", " ".join(re.findall(r"(?m)^ +expr: (.+)$", text))))
    labels = re.findall(r'\b(\w+)="([^"]+)"', text)
    metrics.meters.gaps.labels("purged").inc()  # whose reasons are not known from the start
    found = served(metrics)

    assert len(asked) >= 8
    assert asked - {name for name, _ in found} == set()
    known = {pair for _, pairs in found for pair in pairs}
    assert {pair for pair in labels if pair[0] != "job"} - known == set()
