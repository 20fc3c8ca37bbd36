"""The loop of `sidecar run`: what is due is done, until somebody stops it."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable

import structlog

from sidecar import __version__, clock
from sidecar.daemon import memory
from sidecar.daemon.files import QUIET_S, Files
from sidecar.daemon.full_passes import AGAIN_S, FullPasses
from sidecar.daemon.heart import ALIVE_EVERY_S, Heart
from sidecar.daemon.http import Http
from sidecar.daemon.outage import Outage
from sidecar.daemon.schedule import Schedule
from sidecar.daemon.signals import Signals
from sidecar.daemon.systemd import Systemd
from sidecar.daemon.work import Done, Lease, Work
from sidecar.errors import ConfigError, DatabaseError, SchemaChangedError, SchemaError

#: Seconds between two looks, in the order in which they are done when several are due.
#: Polling is added by the settings.
EVERY_S = {
    "commands": 0.5,
    "hints": 0.5,
    "log": 1.0,
    "poll": 2.0,
    "due": 5.0,
    "full_pass": 10.0,
    "privacy": 60.0,
    "bell": 60.0,
    "upkeep": 3600.0,
}

#: Of them, what goes on while an erasure, which may take minutes, is carried out.
MEANWHILE = ("hints", "log", "poll", "due")

#: How long the lock may be held by another, such as a command that is about to end.
LOCK_WAIT_S = 5.0


class Daemon:
    """
    One sidecar that runs.

    Args:
        work: What there is to do.
        http: Serves health and metrics, or nothing.
        now: The wall clock, which may jump: instants are of it, and nothing is paced by it.
        monotonic: Paces everything.

    Attributes:
        vitals: What is known about it.
    """

    def __init__(
        self,
        work: Work,
        signals: Signals,
        files: Files,
        systemd: Systemd,
        http: Http,
        *,
        now: Callable[[], datetime.datetime] = clock.now,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        self._work, self._signals, self._files, self._systemd = work, signals, files, systemd
        self._http, self._metrics = http, work.metrics
        self._monotonic = monotonic
        self._heart = Heart(work, signals, systemd, now, monotonic, self._meanwhile)
        self._full_passes = FullPasses(monotonic())
        self._outage = Outage()
        self._reload = False
        self._store_changed = False
        self._schedule = Schedule(EVERY_S, monotonic())
        self._log = structlog.get_logger()
        self.vitals = self._heart.vitals

    def run(self) -> None:
        """
        Work until stopped.

        Raises:
            DatabaseError: At the start; later only when the database refused for
                `sidecar.daemon.outage.REFUSED_S`.
            NotNowError: Another sidecar holds the lock.
            ConfigError: At the start; later only for what makes writing wrong.
        """
        started = False
        try:
            while not self._signals.stopping():
                try:
                    with self._work.leading(LOCK_WAIT_S) as lease:
                        self._begin(lease, again=started)
                        started = True
                        self._lead(lease)
                except DatabaseError as error:
                    if not started:
                        raise
                    self._database_failed(error)
                    self._wait_for_database()
        except SystemExit:
            self._log.warning("daemon.broken_off", doing=self.vitals.doing)
            raise
        finally:
            self._systemd.stopping()
            self._log.info("daemon.stopped", customers=self.vitals.customers)

    # -- one leadership --------------------------------------------------------------------

    def _begin(self, lease: Lease, *, again: bool) -> None:
        if self._work.begin():
            self._full_passes.owe("rules")
        # What was due before the database went away is due now.
        every_s = {**EVERY_S, "poll": self._work.poll_interval_s}
        self._schedule = Schedule(every_s, self._monotonic())
        self._heart.lead(lease)
        self._metrics.began(self._work.mode, self.vitals)
        self._heart.beat()
        self._listen()
        self._systemd.ready()
        if not again:
            self._log.info("daemon.started", version=__version__, mode=self._work.mode)

    def _lead(self, lease: Lease) -> None:
        try:
            self._come_round(lease)
        finally:
            self._metrics.ended()

    def _come_round(self, lease: Lease) -> None:
        while not self._signals.stopping():
            try:
                self._look_anew_when_changed()
                self._round()
            except DatabaseError as error:
                # Said first: of a frozen server, the lock's own connection says nothing for long.
                self._database_failed(error)
                lease.verify()  # where the lock went too, it is taken anew
                self._store_changed = self._store_changed or isinstance(error, SchemaChangedError)
                self._wait_for_database()
                continue
            self._database_works()
            wait_s = min(self._schedule.wait_s(self._monotonic()), ALIVE_EVERY_S)
            if self._files.waiting:
                wait_s = min(wait_s, QUIET_S)
            if self._heart.wait(wait_s, self._work.fileno()):
                self._schedule.done("log", self._monotonic(), again_in_s=0.0)

    def _look_anew_when_changed(self) -> None:
        """After the store's tables were altered, as by its own upgrade, read what they are now."""
        if not self._store_changed:
            return
        try:
            self._work.begin()
        except SchemaError:
            raise
        except ConfigError as error:  # e.g. statuses that are not there while it upgrades
            raise SchemaChangedError(str(error)) from error
        self._store_changed = False
        self._log.info("store.changed")
        self._owe_full_pass("store")

    def _round(self) -> None:
        self._heart.beat()
        self._reload_when_asked()
        for duty in self._schedule.due(self._monotonic()):
            self._heart.ping()
            self._do(duty)
            if self._signals.stopping():
                return

    def _do(self, duty: str) -> None:
        began = self._heart.epoch_s()
        began_s = self._monotonic()
        self._full_passes.look_at_clock(began, began_s)
        self.vitals.doing = duty
        done = self._full_pass() if duty == "full_pass" else self._call(duty)
        if done.customers:
            self._log.info(
                "cycle.done",
                duty=duty,
                customers=done.customers,
                ms=round((self._monotonic() - began_s) * 1000),
            )
            self._metrics.cycle_done(duty, done.customers, self._monotonic() - began_s)
            self.vitals.customers += done.customers
            self.vitals.last_cycle_at = self._heart.epoch_s()
        if duty == ("log" if self._work.mode == "binlog" else "poll") and not done.more:
            self.vitals.changes_at = began
        self._schedule.done(duty, self._monotonic(), again_in_s=0.0 if done.more else None)
        if done.everyone:
            asked = duty == "commands"
            self._owe_full_pass("rules" if asked else "store", at_once=asked)
        self.vitals.doing = "waiting"

    def _meanwhile(self) -> None:
        doing = self.vitals.doing
        for duty in self._schedule.due(self._monotonic()):
            if duty in MEANWHILE:
                # What fails here fails again when it is due by itself, and is met there.
                with contextlib.suppress(DatabaseError):
                    self._do(duty)
        self.vitals.doing = doing

    def _call(self, duty: str) -> Done:
        work, pulse = self._work, self._heart
        match duty:
            case "commands":
                return work.commands(pulse)
            case "hints":
                return work.hints(pulse)
            case "log":
                return work.log(pulse)
            case "poll":
                return work.poll(pulse)
            case "due":
                return work.due(pulse)
            case "privacy":
                return work.privacy(pulse)
            case "bell":
                return work.bell(pulse)
            case _:
                return work.upkeep(pulse)

    def _full_pass(self) -> Done:
        began_s, last_at = self._monotonic(), self._work.last_full_pass_at()
        reason = self._full_passes.reason(last_at, self._work.moment(), began_s)
        if not reason:
            return Done()
        self._log.info("full_pass.started", reason=reason)
        try:
            done = self._work.full_pass(self._heart)
        except DatabaseError:
            self._full_passes.failed(self._monotonic())
            self._log.warning("full_pass.failed", again_in_s=AGAIN_S)
            raise
        memory.give_back()
        now_s = self._monotonic()
        self._full_passes.done(now_s - began_s, now_s, everybody=not done.more)
        if not done.more:
            self._metrics.full_pass_done(now_s - began_s)
            self.vitals.last_full_pass_at = self._heart.epoch_s()
            self._log.info("full_pass.finished", customers=done.customers)
        return done

    def _owe_full_pass(self, why: str, *, at_once: bool = True) -> None:
        """Plan one; unless *at_once*, full passes keep to a share of the time."""
        now_s = self._monotonic()
        in_s = self._full_passes.plan(why, now_s, at_once=at_once)
        self._schedule.done("full_pass", now_s, again_in_s=in_s)

    # -- settings and rules ----------------------------------------------------------------

    def _reload_when_asked(self) -> None:
        asked = self._signals.reload_asked()
        changed = self._files.changed(self._monotonic())
        self._reload = self._reload or asked or changed  # until it was done, the database willing
        if not self._reload:
            return
        self._systemd.reloading()
        try:
            owed = self._work.reload()
        except SchemaError:
            raise
        except ConfigError as error:
            self._refuse_reload(str(error))
        else:
            self._accept_reload(owed=owed)
        finally:
            self._systemd.ready()
        self._reload = False

    def _refuse_reload(self, problem: str) -> None:
        self._log.error("reload.refused", error=problem)
        self.vitals.reload_error = problem
        self._metrics.meters.reload_failing.set(1)
        self.vitals.failed(self._heart.epoch_s(), problem)
        self._work.report("reload.refused", f"the old settings and rules hold: {problem}")
        self._heart.show()

    def _accept_reload(self, *, owed: bool) -> None:
        self._log.info("reload.done", full_pass=owed)
        self.vitals.reload_error = ""
        self.vitals.mode = self._work.mode
        self._metrics.meters.reload_failing.set(0)
        self._work.report("reload.refused", None)
        self._listen()
        self._schedule.change("poll", self._work.poll_interval_s, self._monotonic())
        if owed:
            self._owe_full_pass("rules")
        self._heart.show()

    def _listen(self) -> None:
        """Serve health and metrics where the settings say now; where that fails, go on."""
        self._work.report("http.refused", self._http.renew())

    # -- a database that is away -----------------------------------------------------------

    def _database_failed(self, error: DatabaseError) -> None:
        """
        Say that the database is away: once, not at every try.

        Raises:
            DatabaseRefusedError: It has been refusing for too long.
        """
        self._metrics.database_lost(error)
        if self._outage.begins(error, self._monotonic()):
            self._log.error("database.lost", error=str(error))
            self.vitals.failed(self._heart.epoch_s(), str(error))
            self._systemd.status(f"database away, trying again: {error}")
        self.vitals.doing = "waiting for the database"

    def _wait_for_database(self) -> None:
        """Wait before the next try."""
        until_s = self._monotonic() + self._outage.wait_s()
        # That the database is away is no reason to be killed, so systemd goes on hearing of us.
        while not self._signals.stopping() and (left_s := until_s - self._monotonic()) > 0:
            self._heart.wait(left_s)
            self._heart.ping()

    def _database_works(self) -> None:
        away_s = self._outage.ended(self._monotonic())
        if away_s is not None:
            self._log.info("database.back", away_s=round(away_s, 1))
            self._metrics.database_back()
            self.vitals.doing = "waiting"
