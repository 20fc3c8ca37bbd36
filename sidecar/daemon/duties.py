"""What the loop asks for, done with the parts of `sync`: one installation's daily work."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping

import msgspec
import structlog
from sqlalchemy import Engine

from sidecar import clock
from sidecar.config import Config
from sidecar.daemon.doorbells import Doorbells
from sidecar.daemon.installed import Installed
from sidecar.daemon.metrics import Metrics
from sidecar.daemon.queues import Queues
from sidecar.daemon.work import Done, Lease, Pulse
from sidecar.model import Moment
from sidecar.privacy import coverage, duty
from sidecar.privacy.means import Means
from sidecar.shop import migrate
from sidecar.shop.database import transaction
from sidecar.shop.leader import leader_lock
from sidecar.shop.shop import Shop
from sidecar.shop.size import own_size
from sidecar.sync import (
    bell,
    findings,
    full_pass,
    gauges,
    nightly,
    retention,
    rfm_limits,
    runs,
    state,
)
from sidecar.sync.commands import queue
from sidecar.sync.compiled_rules import open_rulebook
from sidecar.sync.loyalty import coupon_writing, projection
from sidecar.sync.planning import StoppedError
from sidecar.sync.state import Json
from sidecar.sync.status import HEARTBEAT
from sidecar.sync.writers import intents


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
        installed: Settings, store and rules that hold now.
        metrics: Told what is done.
    """

    def __init__(
        self,
        config: Config,
        engine: Engine,
        read_config: Callable[[], Config],
        dispatch: Callable[[Duties, Pulse], str] = lambda _duties, _pulse: "",
    ) -> None:
        self.installed = Installed(config, engine)
        self.metrics = Metrics()
        self._read_config = read_config
        self._dispatch = dispatch
        self._began = False
        self._queues = Queues(engine, config.database.prefix)
        self._doorbells = Doorbells(self.installed, self._queues, self.metrics)
        self._log = structlog.get_logger()

    @property
    def _config(self) -> Config:
        return self.installed.config

    @property
    def _engine(self) -> Engine:
        return self.installed.engine

    @property
    def _shop(self) -> Shop:
        return self.installed.shop

    @property
    def poll_interval_s(self) -> float:
        """Seconds between two polls."""
        return self._config.sync.poll_interval.total_seconds()

    @property
    def mode(self) -> str:
        """How changes are noticed."""
        return self._doorbells.capture.mode

    def fileno(self) -> int | None:
        """Readable when the binary log has something to tell."""
        return self._doorbells.fileno()

    def capture(self) -> Mapping[str, Json]:
        """What is known of how changes are noticed."""
        return self._doorbells.as_json()

    def moment(self) -> Moment:
        """Now, in the store's zone."""
        return self.installed.moment()

    # -- beginning and reloading -----------------------------------------------------------

    @contextlib.contextmanager
    def leading(self, wait_s: float) -> Iterator[Lease]:
        """Be the only sidecar that writes, within."""
        # Connections from before the database went away are of no use any more.
        self._engine.dispose()
        self._queues.close()
        database = self._config.database
        with leader_lock(self._engine, database.name, database.prefix, wait_s) as lock:
            yield Lease(lock.connection_id, lock.verify)

    def begin(self) -> bool:
        """Look at the store and read the rules, as if for the first time."""
        migrate.require_current(self._engine, self._config.database.prefix)
        self.installed.look_anew()
        self._doorbells.start_capture(anew=True)
        with transaction(self._engine) as tx:
            queue.recover(tx, self._shop.own)
            runs.recover(tx, self._shop.own)
        intents.recover(self._shop)
        projection.recover(self._shop)
        coupon_writing.recover(self._shop)
        if not self._began:
            coverage.tell_gaps(self._engine, self._config)
        owed = not self._began  # what became of settings between two processes is not known
        self._began = True
        return owed

    def reload(self) -> bool:
        """Read settings and rules again; the old ones hold where the new ones cannot be used."""
        before = self._config
        found = self._read_config()
        if found.database != before.database:
            self._log.warning("reload.database_kept")
        if found.sync.threads != before.sync.threads:
            self._log.warning("reload.threads_kept")
        found = msgspec.structs.replace(found, database=before.database)
        coverage.tell_gaps(self._engine, found)
        self.installed.adopt(found)
        self._doorbells.start_capture()
        self._doorbells.is_settled = False
        return True

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
        was_paused = self.installed.book.paused
        self.installed.reopen_book()
        resumed = was_paused and not self.installed.book.paused
        with transaction(self._engine) as tx:
            asked = state.read(tx, self._shop.own, full_pass.WANTED) is not None
        owed = asked or resumed or bool(self.installed.book.registry.fresh())
        self._doorbells.is_settled = self._doorbells.is_settled and not owed
        return Done(more=True, everyone=owed)

    def hints(self, pulse: Pulse) -> Done:
        """Look at customers that hints name."""
        return self._doorbells.hints(pulse)

    def log(self, pulse: Pulse) -> Done:
        """Look at customers whom the binary log names."""
        return self._doorbells.log(pulse)

    def poll(self, pulse: Pulse) -> Done:
        """Look at customers whose rows changed since the last poll, or by the checksum."""
        return self._doorbells.poll(pulse)

    def due(self, pulse: Pulse) -> Done:
        """Look at customers for whom time alone can have changed something."""
        return self._doorbells.due(pulse)

    def last_full_pass_at(self) -> int | None:
        """When the last full pass that ended began."""
        with transaction(self._engine) as tx:
            found = state.read(tx, self._shop.own, full_pass.LAST)
        return found if isinstance(found, int) else None

    def full_pass(self, pulse: Pulse) -> Done:
        """Look at everybody; then go on with what became of the rules and of RFM limits."""
        moment, began_s = self.moment(), clock.monotonic()
        checked = self.installed.book.checked
        audit = full_pass.FullPass(
            shop=self._shop,
            book=self.installed.book,
            moment=moment,
            cap=self.installed.cap,
            progress=pulse.beat,
            stop=pulse.stopping,
            kept=self._config.upkeep.audit_age,
        )
        limits = rfm_limits.newest_day(self._shop)
        result = nightly.with_new_limits(
            audit,
            lambda: open_rulebook(self._shop, checked, moment, writing=True, new_limits=True),
            self.installed.budget(moment),
            due=limits is not None and limits != moment.today,
        )
        self.metrics.changed(result.outcome)
        self._doorbells.capture.polling.again.looked_at(result.found)
        if not result.stopped:
            self._doorbells.full_pass_s = clock.monotonic() - began_s
            if self._doorbells.is_settled:
                self._doorbells.missed.remember(result.found, clock.monotonic())
            self._doorbells.is_settled = True
            self.installed.reopen_book()
        return Done(result.outcome.customers, more=result.stopped)

    def privacy(self, pulse: Pulse) -> Done:
        """Do what is due about personal data."""
        asked = _stop(pulse)

        def stop() -> bool:
            pulse.meanwhile()
            return asked()

        duty.carry_out(Means(self._config, self._shop, self.moment(), stop))
        return Done()

    def bell(self, pulse: Pulse) -> Done:  # noqa: ARG002 as every duty
        """Tell in the admin what a person should look at, each once."""
        bell.tell(self._shop, self.moment())
        return Done()

    def upkeep(self, pulse: Pulse) -> Done:
        """Remove rows of ours that are older than they may become."""
        ages = retention.Ages(
            audit=self._config.upkeep.audit_age,
            commands=self._config.upkeep.commands_age,
        )
        retention.clean(self._engine, self._shop.own, ages, self.moment(), _stop(pulse))
        taken = own_size(self._engine, self._config.database.prefix)
        self.metrics.meters.own_tables_bytes.set(taken.table_bytes)
        if not self._doorbells.capture.is_to_change():
            return Done()
        self._doorbells.start_capture()
        return Done(everyone=True)

    # -- what people see -------------------------------------------------------------------

    def write_heartbeat(self, heartbeat: Mapping[str, Json]) -> None:
        """Keep *heartbeat* where `status` finds it."""
        self._doorbells.told()
        moment, rules = self.moment(), self._config.rules
        # The pages in the admin ask for a word more where a command is about more customers.
        unasked: dict[str, Json] = {
            "max_change": float(rules.max_change),
            "max_change_floor": rules.max_change_floor,
        }
        with transaction(self._engine) as tx:
            state.write(tx, self._shop.own, HEARTBEAT, {**heartbeat, **unasked}, moment)
            if self._config.http.listen:
                self.metrics.counted(gauges.read_gauges(tx, self._shop.own, moment))

    def report(self, kind: str, message: str | None) -> None:
        """Raise the finding *kind* for people to see; None: it is mended."""
        with transaction(self._engine) as tx:
            if message is None:
                findings.mend(tx, self._shop.own, kind, None, self.moment())
            else:
                findings.raise_finding(tx, self._shop.own, kind, "", message, self.moment())


def _stop(pulse: Pulse) -> Callable[[], bool]:
    """Asks *pulse* whether to end, and tells it that there was progress."""

    def stop() -> bool:
        pulse.beat()
        return pulse.stopping()

    return stop
