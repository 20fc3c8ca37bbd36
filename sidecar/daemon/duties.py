"""What the loop asks for, done with the parts of `sync`: one installation's daily work."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
import structlog
from sqlalchemy import Engine, delete, select

from sidecar import clock
from sidecar.config import Config
from sidecar.daemon.work import Done, Lease, Pulse
from sidecar.errors import ConfigError
from sidecar.model import Moment
from sidecar.shop import migrate
from sidecar.shop.database import transaction
from sidecar.shop.leader import leader_lock
from sidecar.shop.place import read_place
from sidecar.shop.shop import Shop, open_shop
from sidecar.sync import findings, full_pass, identity, retention, rulebook, runs, state
from sidecar.sync.cycle import Pass, Rulebook
from sidecar.sync.state import Json
from sidecar.sync.status import HEARTBEAT

#: Customers looked at before commands and hints are asked for again.
BATCH = 1_000

#: Name of the state that says when the last full pass that ended began.
LAST_FULL_PASS = "last_full_pass"  # noqa: S105 no password


class _StoppedError(SystemExit):
    """Ends a full pass, whose run is marked interrupted; the next one finds the rest."""


class Duties:
    """
    The work of a daemon on one store.

    Args:
        config: As first read.
        engine: The store's database, which stays the same over reloads.
        read_config: Reads the settings again.
        dispatch: Carries out the next command that waits; whether there was one.

    Attributes:
        config: As it holds now.
        shop: The store, looked at with these settings.
        book: The rules that hold now.
    """

    def __init__(
        self,
        config: Config,
        engine: Engine,
        read_config: Callable[[], Config],
        dispatch: Callable[[Duties, Pulse], bool] = lambda _duties, _pulse: False,
    ) -> None:
        self.config = config
        self.engine = engine
        self.shop: Shop
        self.book: Rulebook
        self._read_config = read_config
        self._dispatch = dispatch
        self._began = False
        self._log = structlog.get_logger()

    @property
    def poll_interval_s(self) -> float:
        """Seconds between two polls."""
        return self.config.sync.poll_interval.total_seconds()

    @property
    def mode(self) -> str:
        """How changes are noticed."""
        return "poll"

    def moment(self) -> Moment:
        """Now, in the store's zone."""
        return Moment(clock.now(), self.shop.settings.zone)

    # -- beginning and reloading -----------------------------------------------------------

    @contextlib.contextmanager
    def leading(self, wait_s: float) -> Iterator[Lease]:
        """Be the only sidecar that writes, within."""
        # Connections from before the database went away are of no use any more.
        self.engine.dispose()
        database = self.config.database
        with leader_lock(self.engine, database.name, database.prefix, wait_s) as lock:
            yield Lease(lock.connection_id, lock.verify)

    def begin(self) -> bool:
        """Look at the store and read the rules, as if for the first time."""
        migrate.require_current(self.engine, self.config.database.prefix)
        try:
            self._adopt(self.config)
        except ConfigError as error:
            if not self._began:
                raise
            # They were usable when they were read: what holds goes on to hold.
            self._log.warning("reload.refused", error=str(error))
        owed = not self._began  # what changed since the last process is not known yet
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
        return True

    def _adopt(self, config: Config) -> None:
        """Make *config* and its rules those that hold, all or nothing."""
        shop = open_shop(self.engine, config)
        with transaction(self.engine) as tx:
            identity.require_same_place(tx, shop.own, read_place(tx, config))
        checked = rulebook.check_files(shop, config.rules.directory, own_tables=True)
        moment = Moment(clock.now(), shop.settings.zone)
        book = rulebook.apply_to(shop, checked, moment, writing=True)
        self.config, self.shop, self.book = config, shop, book

    # -- duties ----------------------------------------------------------------------------

    def commands(self, pulse: Pulse) -> Done:
        """Carry out the next command that waits."""
        return Done(more=self._dispatch(self, pulse))

    def hints(self, pulse: Pulse) -> Done:
        """Look at customers that hints name; a hint is gone only when that was done."""
        hint = self.shop.own.hint
        query = select(hint.c.hint_id, hint.c.customer_id).order_by(hint.c.hint_id).limit(BATCH)
        with transaction(self.engine) as tx:
            rows = tx.execute(query).all()
        if not rows:
            return Done()
        customers = self._look_at([row.customer_id for row in rows], pulse)
        with transaction(self.engine) as tx:
            tx.execute(delete(hint).where(hint.c.hint_id.in_([row.hint_id for row in rows])))
        return Done(customers, more=len(rows) == BATCH)

    def poll(self, pulse: Pulse) -> Done:  # noqa: ARG002 no source exists yet
        """Look at customers whose rows changed since the last poll."""
        return Done()

    def due(self, pulse: Pulse) -> Done:
        """Look at customers for whom time alone can have changed something."""
        customer = self.shop.own.customer
        query = (
            select(customer.c.customer_id)
            .where(customer.c.next_at <= self.moment().epoch_s)
            .order_by(customer.c.next_at)
            .limit(BATCH)
        )
        with transaction(self.engine) as tx:
            ids = tx.scalars(query).all()
        # Not again at once although there may be more, were they not to go away.
        return Done(self._look_at(ids, pulse)) if ids else Done()

    def _look_at(self, ids: Sequence[int], pulse: Pulse) -> int:
        work = Pass(self.shop, self.book, self.moment())
        unique = sorted(set(ids))
        outcome = runs.run_ids(work, unique, kind="changed", progress=pulse.beat)
        return outcome.customers

    def last_full_pass_at(self) -> int | None:
        """When the last full pass that ended began."""
        with transaction(self.engine) as tx:
            found = state.read(tx, self.shop.own, LAST_FULL_PASS)
        at = found.get("at") if isinstance(found, Mapping) else None
        return at if isinstance(at, int) else None

    def full_pass(self, pulse: Pulse) -> Done:
        """Look at everybody."""
        moment = self.moment()
        work = Pass(self.shop, self.book, moment)

        def progress(done: int, total: int) -> None:
            pulse.beat(done, total)
            if pulse.stopping():
                raise _StoppedError

        try:
            outcome = full_pass.run_full_pass(work, actor=None, progress=progress)
        except _StoppedError:
            return Done(more=True)
        with transaction(self.engine) as tx:
            state.write(tx, self.shop.own, LAST_FULL_PASS, {"at": moment.epoch_s}, moment)
        return Done(outcome.customers)

    def upkeep(self, pulse: Pulse) -> Done:
        """Remove rows of ours that are older than they may become."""

        def stop() -> bool:
            pulse.beat()
            return pulse.stopping()

        ages = retention.Ages(
            audit=self.config.upkeep.audit_age, commands=self.config.upkeep.commands_age
        )
        retention.clean(self.engine, self.shop.own, ages, self.moment(), stop)
        return Done()

    # -- what people see -------------------------------------------------------------------

    def write_heartbeat(self, heartbeat: Mapping[str, Json]) -> None:
        """Keep *heartbeat* where `status` finds it."""
        with transaction(self.engine) as tx:
            state.write(tx, self.shop.own, HEARTBEAT, heartbeat, self.moment())

    def report(self, kind: str, message: str | None) -> None:
        """Raise the finding *kind* for people to see; None: it is mended."""
        with transaction(self.engine) as tx:
            if message is None:
                findings.mend(tx, self.shop.own, kind, None, self.moment())
            else:
                findings.raise_finding(tx, self.shop.own, kind, "", message, self.moment())
