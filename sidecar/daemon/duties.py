"""What the loop asks for, done with the parts of `sync`: one installation's daily work."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import msgspec
import structlog
from sqlalchemy import Engine

from sidecar import clock
from sidecar.config import Config
from sidecar.daemon.metrics import Metrics
from sidecar.daemon.queues import Queues
from sidecar.daemon.work import Done, Lease, Pulse
from sidecar.errors import ConfigError, DatabaseRefusedError, SchemaChangedError
from sidecar.model import Moment, Outcome
from sidecar.shop import migrate
from sidecar.shop.database import transaction
from sidecar.shop.leader import leader_lock
from sidecar.shop.place import read_place
from sidecar.shop.shop import Shop, open_shop
from sidecar.shop.size import own_size
from sidecar.sync import (
    caps,
    changed,
    findings,
    full_pass,
    gauges,
    identity,
    nightly,
    retention,
    rfm_limits,
    rulebook,
    runs,
    state,
)
from sidecar.sync.commands import queue
from sidecar.sync.compiled_rules import Rulebook, open_rulebook
from sidecar.sync.cycle import After
from sidecar.sync.planning import StoppedError
from sidecar.sync.ranges import customers_in_store
from sidecar.sync.sources.binlog.source import Told
from sidecar.sync.sources.capture import Capture
from sidecar.sync.sources.due import Due
from sidecar.sync.sources.hints import Hints
from sidecar.sync.sources.source import Doorbell, Source
from sidecar.sync.state import Json
from sidecar.sync.status import HEARTBEAT
from sidecar.sync.writers import intents

#: Rules files as read: name and content of each.
Files: TypeAlias = Sequence[tuple[str, bytes]]


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


class Duties:
    """
    The work of a daemon on one store.

    Args:
        config: As first read.
        engine: The store's database, which stays the same over reloads.
        read_config: Reads the settings again.
        dispatch: Carries out the next command that waits; the state it is in then, empty when
            there was none.

    Attributes:
        config: As it holds now.
        shop: The store, looked at with these settings.
        book: The rules that hold now.
        metrics: Told what is done.
    """

    def __init__(
        self,
        config: Config,
        engine: Engine,
        read_config: Callable[[], Config],
        dispatch: Callable[[Duties, Pulse], str] = lambda _duties, _pulse: "",
    ) -> None:
        self.config = config
        self.engine = engine
        self.shop: Shop
        self.book: Rulebook
        self.metrics = Metrics()
        self._read_config = read_config
        self._dispatch = dispatch
        self._began = False
        self._queues = Queues(engine, config.database.prefix)
        self._capture: Capture
        self._has_capture = False
        self._told = Told()
        self._full_pass_s = 0.0
        self._files: Files | None = None
        self._cap = 0
        self._were_due: frozenset[int] = frozenset()
        self._missed = nightly.Missed()
        #: A full pass has made everything right, and no rule or setting changed since.
        self._is_settled = False
        self._log = structlog.get_logger()

    @property
    def poll_interval_s(self) -> float:
        """Seconds between two polls."""
        return self.config.sync.poll_interval.total_seconds()

    @property
    def mode(self) -> str:
        """How changes are noticed."""
        return self._capture.mode

    def fileno(self) -> int | None:
        """Readable when the binary log has something to tell."""
        return self._capture.fileno() if self._has_capture else None

    def capture(self) -> Mapping[str, Json]:
        """What is known of how changes are noticed."""
        return self._capture.as_json()

    def moment(self) -> Moment:
        """Now, in the store's zone."""
        return Moment(clock.now(), self.shop.settings.zone)

    # -- beginning and reloading -----------------------------------------------------------

    @contextlib.contextmanager
    def leading(self, wait_s: float) -> Iterator[Lease]:
        """Be the only sidecar that writes, within."""
        # Connections from before the database went away are of no use any more.
        self.engine.dispose()
        self._queues.close()
        database = self.config.database
        with leader_lock(self.engine, database.name, database.prefix, wait_s) as lock:
            yield Lease(lock.connection_id, lock.verify)

    def begin(self) -> bool:
        """Look at the store and read the rules, as if for the first time."""
        migrate.require_current(self.engine, self.config.database.prefix)
        # Later the files as they were last accepted: they may be half written now.
        self._adopt(self.config, self._files)
        with transaction(self.engine) as tx:
            queue.recover(tx, self.shop.own)
            runs.recover(tx, self.shop.own)
        intents.recover(self.shop)
        owed = not self._began  # what became of settings between two processes is not known
        self._began = True
        return owed

    def reload(self) -> bool:
        """Read settings and rules again; the old ones hold where the new ones cannot be used."""
        before = self.config
        found = self._read_config()
        if found.database != before.database:
            self._log.warning("reload.database_kept")
        if found.sync.threads != before.sync.threads:
            self._log.warning("reload.threads_kept")
        self._adopt(msgspec.structs.replace(found, database=before.database))
        self._is_settled = False
        return True

    def _adopt(self, config: Config, files: Files | None = None) -> None:
        """Make *config* and the rules in *files*, by default those there, hold; all or nothing."""
        shop = open_shop(self.engine, config)
        self._require_same_place(config, shop)
        if files is None:
            files = rulebook.read_files(config.rules.directory)
        self._open_book(config, shop, files)
        self._start_capture()

    def _open_book(self, config: Config, shop: Shop, files: Files) -> None:
        checker = rulebook.checker(shop, files, own_tables=True, builtins=config.rules.builtins)
        checked = checker(rulebook.read_admin(shop))
        moment = Moment(clock.now(), shop.settings.zone)
        self.book = open_rulebook(shop, checked, moment, writing=True, new_limits=False)
        self.config, self.shop, self._files = config, shop, files
        self._cap = caps.cap(config.rules, customers_in_store(shop))

    def _require_same_place(self, config: Config, shop: Shop) -> None:
        with transaction(self.engine) as tx:
            identity.require_same_place(tx, shop.own, read_place(tx, config))

    def _start_capture(self) -> None:
        """Take the sources over; whoever read them before, such as a daemon that hung, ends."""
        # Later, what was possible when we started is worth more than what was asked for.
        capture = Capture(self.shop, self.config, self.moment(), self._told, strict=not self._began)
        if self._has_capture:
            self._capture.close()
        self._capture, self._has_capture = capture, True

    # -- duties ----------------------------------------------------------------------------

    def commands(self, pulse: Pulse) -> Done:
        """Carry out the next command that waits."""
        if not self._queues.look().commands:
            return Done()
        try:
            answered = self._dispatch(self, pulse)
        except StoppedError:
            return Done()
        if not answered:
            return Done()
        self.metrics.meters.commands.labels(answered).inc()
        # It may have made rules, merged tags, approved runs.
        was_paused = self.book.paused
        self._open_book(self.config, self.shop, self._files or ())
        resumed = was_paused and not self.book.paused
        with transaction(self.engine) as tx:
            asked = state.read(tx, self.shop.own, full_pass.WANTED) is not None
        owed = asked or resumed or bool(self.book.registry.fresh())
        self._is_settled = self._is_settled and not owed
        return Done(more=True, everyone=owed)

    def hints(self, pulse: Pulse) -> Done:
        """Look at customers that hints name; a hint is gone only when that was done."""
        if not self._queues.look().hints:
            return Done()
        return self._answer(Hints(self.shop), "changed", pulse)

    def log(self, pulse: Pulse) -> Done:
        """Look at customers whom the binary log names."""
        log = self._capture.log
        if log is None:
            return Done()
        try:
            done = self._answer(log, "changed", pulse)
        except SchemaChangedError:
            raise
        except DatabaseRefusedError:
            # E.g. a privilege is gone, or the log: then there is polling.
            self._start_capture()
            if self._capture.log is not None:
                raise
            return Done(everyone=True)
        if log.behind:
            self._capture.skip_backlog(self._full_pass_s)
        return replace(done, more=done.more or log.behind)

    def poll(self, pulse: Pulse) -> Done:
        """Look at customers whose rows changed since the last poll, or by the checksum."""
        polling = self._capture.polling
        if surprises := self._capture.report_surprises(self.moment()):
            self._log.error("binlog.unannounced", customers=surprises)
            self.metrics.meters.checksum_mismatches.inc(surprises)
        again = self._capture.log is None and polling.again
        return self._answer(again or polling, "changed", pulse)

    def due(self, pulse: Pulse) -> Done:
        """Look at customers for whom time alone can have changed something."""
        if missed := self._missed.report(self.shop, clock.monotonic(), self.moment()):
            self._log.error("full_pass.found", customers=missed)
        before = self._were_due
        done = self._answer(Due(self.shop), "clock", pulse)
        # At midnight everybody may be due; but whom a cycle cannot help shall not keep us busy.
        return replace(done, more=bool(self._were_due) and self._were_due != before)

    def _answer(self, source: Source, kind: str, pulse: Pulse) -> Done:
        """Look at the customers that *source* rings for; when broken off, it rings again."""
        doorbell = source.ring(self.moment().epoch_s)
        polling = self._capture.polling
        again = polling.again
        self.metrics.rang(doorbell.sources)
        if source is not again:
            self._missed.rang(doorbell.ids)
        if source is not again and source is not polling:
            self._capture.announced(doorbell.ids)
        if source.name == Due.name:
            self._were_due = doorbell.ids
        before = self.book
        # In the transaction of the last changes, so that both stand or neither; what is
        # remembered here only is forgotten when that is over.
        after = None if source is again else partial(source.note, doorbell=doorbell)
        try:
            outcome = self._look_at(doorbell, kind, pulse, after)
        except _StoppedError:
            return Done()
        if source is not again or _changed(outcome):
            again.looked_at(doorbell.ids)
        # What goes over the budget waits; only a full pass can say how much it is.
        owed = self.book is not before or doorbell.everyone
        if after is None or (not doorbell.ids and doorbell.noted is not None):
            with transaction(self.engine) as tx:
                source.note(tx, doorbell)
        if doorbell.everyone:
            polling.surprises.everyone()
            self._is_settled = False
            self._look_at_store()
        return Done(outcome.customers, more=bool(outcome.customers), everyone=owed)

    def _look_at_store(self) -> None:
        """Read the store's own settings anew; after the answer, because polling starts anew."""
        try:
            self._adopt(self.config, self._files)
        except ConfigError as error:  # e.g. a status that our settings name is gone
            self._log.error("reload.refused", error=str(error))

    def _look_at(self, doorbell: Doorbell, kind: str, pulse: Pulse, after: After | None) -> Outcome:
        if not doorbell.ids:
            return Outcome()
        moment = self.moment()
        outcome, self.book = changed.answer(
            self.shop,
            self.book,
            sorted(doorbell.ids),
            moment,
            caps.Budget(self.shop.own, self._cap, moment),
            kind=kind,
            touched=doorbell.actors,
            buyers=doorbell.buyers,
            after=after,
            progress=_progress(pulse),
        )
        self.metrics.changed(outcome)
        return outcome

    def last_full_pass_at(self) -> int | None:
        """When the last full pass that ended began."""
        with transaction(self.engine) as tx:
            found = state.read(tx, self.shop.own, full_pass.LAST)
        return found if isinstance(found, int) else None

    def full_pass(self, pulse: Pulse) -> Done:
        """Look at everybody; then go on with what became of the rules and of RFM limits."""
        moment, began_s = self.moment(), clock.monotonic()
        checked = self.book.checked
        audit = full_pass.FullPass(
            shop=self.shop,
            book=self.book,
            moment=moment,
            cap=self._cap,
            progress=pulse.beat,
            stop=pulse.stopping,
        )
        limits = rfm_limits.newest_day(self.shop)
        result = nightly.with_new_limits(
            audit,
            lambda: open_rulebook(self.shop, checked, moment, writing=True, new_limits=True),
            caps.Budget(self.shop.own, self._cap, moment),
            due=limits is not None and limits < moment.today,
        )
        self.metrics.changed(result.outcome)
        self._capture.polling.again.looked_at(result.found)
        if not result.stopped:
            self._full_pass_s = clock.monotonic() - began_s
            if self._is_settled:
                self._missed.remember(result.found, clock.monotonic())
            self._is_settled = True
            self._open_book(self.config, self.shop, self._files or ())
        return Done(result.outcome.customers, more=result.stopped)

    def upkeep(self, pulse: Pulse) -> Done:
        """Remove rows of ours that are older than they may become."""

        def stop() -> bool:
            pulse.beat()
            return pulse.stopping()

        ages = retention.Ages(
            audit=self.config.upkeep.audit_age, commands=self.config.upkeep.commands_age
        )
        retention.clean(self.engine, self.shop.own, ages, self.moment(), stop)
        taken = own_size(self.engine, self.config.database.prefix)
        self.metrics.meters.own_tables_bytes.set(taken.table_bytes)
        if not self._capture.is_to_change():
            return Done()
        self._start_capture()
        return Done(everyone=True)

    # -- what people see -------------------------------------------------------------------

    def write_heartbeat(self, heartbeat: Mapping[str, Json]) -> None:
        """Keep *heartbeat* where `status` finds it."""
        self.metrics.log_told(self._told)
        moment = self.moment()
        with transaction(self.engine) as tx:
            state.write(tx, self.shop.own, HEARTBEAT, heartbeat, moment)
            if self.config.http.listen:
                self.metrics.counted(gauges.read_gauges(tx, self.shop.own, moment))

    def report(self, kind: str, message: str | None) -> None:
        """Raise the finding *kind* for people to see; None: it is mended."""
        with transaction(self.engine) as tx:
            if message is None:
                findings.mend(tx, self.shop.own, kind, None, self.moment())
            else:
                findings.raise_finding(tx, self.shop.own, kind, "", message, self.moment())
