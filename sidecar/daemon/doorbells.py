"""Doorbells of a running daemon: whom its sources ring for is looked at, and then noted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import structlog

from sidecar import clock
from sidecar.daemon.installed import Installed
from sidecar.daemon.metrics import Metrics
from sidecar.daemon.queues import Queues
from sidecar.daemon.work import Done, Pulse
from sidecar.errors import ConfigError, DatabaseRefusedError, SchemaChangedError
from sidecar.model import Outcome
from sidecar.shop.database import transaction
from sidecar.sync import changed, nightly
from sidecar.sync.cycle import After
from sidecar.sync.loyalty import posting
from sidecar.sync.sources.binlog.source import Told
from sidecar.sync.sources.capture import Capture
from sidecar.sync.sources.due import Due
from sidecar.sync.sources.hints import Hints
from sidecar.sync.sources.source import Doorbell, Source
from sidecar.sync.state import Json


class _StoppedError(SystemExit):
    """Ends a pass, whose run is marked interrupted; what is left is found again."""


def _progress(pulse: Pulse) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        pulse.beat(done, total)
        if pulse.stopping():
            raise _StoppedError

    return progress


def _changed(outcome: Outcome) -> bool:
    """Whether anything came of it but facts."""
    return bool(outcome.changed or outcome.segment_entered or outcome.segment_left)


class Doorbells:
    """
    The sources of *installed*, answered one at a time.

    Args:
        installed: Looked at anew where a source says that the store is not what it was.
        queues: Says whether there are hints.
        metrics: Told what is done.

    Attributes:
        is_settled: A full pass has made everything right, and no rule or setting changed since.
        missed: What a full pass found and nothing has rung for yet.
        full_pass_s: What the last one took.
    """

    def __init__(self, installed: Installed, queues: Queues, metrics: Metrics) -> None:
        self._installed = installed
        self._queues = queues
        self._metrics = metrics
        self._capture: Capture | None = None
        self._told = Told()
        self._were_due: frozenset[int] = frozenset()
        self.is_settled = False
        self.missed = nightly.Missed()
        self.full_pass_s = 0.0
        self._log = structlog.get_logger()

    @property
    def capture(self) -> Capture:
        """How changes are noticed; there once it was started."""
        assert self._capture is not None  # noqa: S101 - `begin` comes first
        return self._capture

    def fileno(self) -> int | None:
        """Readable when the binary log has something to tell."""
        return None if self._capture is None else self._capture.fileno()

    def start_capture(self, *, anew: bool = False) -> None:
        """
        Take the sources over; whoever read them before, such as a daemon that hung, ends.

        Args:
            anew: The server was away, and may be set up otherwise since.
        """
        before = self._capture
        if anew:
            self._told.left_out = False
        # Later, what was possible when we started is worth more than what was asked for.
        self._capture = Capture(
            self._installed.shop,
            self._installed.config,
            self._installed.moment(),
            self._told,
            strict=before is None,
        )
        if before is not None:
            before.close()

    def hints(self, pulse: Pulse) -> Done:
        """Look at customers that hints name; a hint is gone only when that was done."""
        if not self._queues.look().hints:
            return Done()
        return self._answer(Hints(self._installed.shop), "changed", pulse)

    def log(self, pulse: Pulse) -> Done:
        """Look at customers whom the binary log names."""
        log = self.capture.log
        if log is None:
            return Done()
        try:
            done = self._answer(log, "changed", pulse)
        except SchemaChangedError:
            raise
        except DatabaseRefusedError:
            # E.g. a privilege is gone, or the log: then there is polling.
            self.start_capture()
            if self.capture.log is not None:
                raise
            return Done(everyone=True)
        if log.behind:
            self.capture.skip_backlog(self.full_pass_s)
        return replace(done, more=done.more or log.behind)

    def poll(self, pulse: Pulse) -> Done:
        """Look at customers whose rows changed since the last poll, or by the checksum."""
        polling = self.capture.polling
        if surprises := self.capture.report_surprises(self._installed.moment()):
            self._log.error("binlog.unannounced", customers=surprises)
            self._metrics.meters.checksum_mismatches.inc(surprises)
        again = self.capture.log is None and polling.again
        return self._answer(again or polling, "changed", pulse)

    def due(self, pulse: Pulse) -> Done:
        """Look at customers for whom time alone can have changed something."""
        if missed := self.missed.report(
            self._installed.shop, clock.monotonic(), self._installed.moment()
        ):
            self._log.error("full_pass.found", customers=missed)
        before = self._were_due
        shop = self._installed.shop
        due = Due(shop, keeps=posting.are_kept(shop, self._installed.book))
        done = self._answer(due, "clock", pulse)
        # At midnight everybody may be due; but whom a cycle cannot help shall not keep us busy.
        return replace(done, more=bool(self._were_due) and self._were_due != before)

    def _answer(self, source: Source, kind: str, pulse: Pulse) -> Done:
        """Look at the customers that *source* rings for; when broken off, it rings again."""
        doorbell = source.ring(self._installed.moment().epoch_s)
        polling = self.capture.polling
        again = polling.again
        self._metrics.rang(doorbell.sources)
        if source is not again:
            self.missed.rang(doorbell.ids)
        if source is not again and source is not polling:
            self.capture.announced(doorbell.ids)
        if source.name == Due.name:
            self._were_due = doorbell.ids
        before = self._installed.book
        # In the transaction of the last changes, so that both stand or neither; what is
        # remembered here only is forgotten when that is over.
        after = None if source is again else partial(source.note, doorbell=doorbell)
        try:
            outcome = self._look_at(doorbell, kind, pulse, after)
        except _StoppedError:
            return Done()
        if self.capture.log is None and (source is not again or _changed(outcome)):
            again.looked_at(doorbell.ids)
        # What goes over the budget waits; only a full pass can say how much it is.
        owed = self._installed.book is not before or doorbell.everyone
        if after is None or (not doorbell.ids and doorbell.noted is not None):
            with transaction(self._installed.engine) as tx:
                source.note(tx, doorbell)
        if doorbell.everyone:
            polling.surprises.everyone()
            self.is_settled = False
            self._look_at_store()
        return Done(outcome.customers, more=bool(outcome.customers), everyone=owed)

    def _look_at_store(self) -> None:
        """Read the store's own settings anew; after the answer, because polling starts anew."""
        try:
            self._installed.look_anew()
        except ConfigError as error:  # e.g. a status that our settings name is gone
            self._log.error("reload.refused", error=str(error))
        self.start_capture()

    def _look_at(self, doorbell: Doorbell, kind: str, pulse: Pulse, after: After | None) -> Outcome:
        if not doorbell.ids:
            return Outcome()
        moment = self._installed.moment()
        outcome, self._installed.book = changed.answer(
            self._installed.shop,
            self._installed.book,
            sorted(doorbell.ids),
            moment,
            self._installed.budget(moment),
            kind=kind,
            touched=doorbell.actors,
            buyers=doorbell.buyers,
            after=after,
            progress=_progress(pulse),
        )
        self._metrics.changed(outcome)
        return outcome

    def told(self) -> None:
        """Count what the log has told, for monitors."""
        self._metrics.log_told(self._told)

    def as_json(self) -> Mapping[str, Json]:
        """What is known of how changes are noticed."""
        return self.capture.as_json()
