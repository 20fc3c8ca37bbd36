"""The loop of `sidecar run`: what is due is done, until somebody stops it."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import structlog

from sidecar import __version__, clock
from sidecar.daemon import memory
from sidecar.daemon.files import QUIET_S, Files
from sidecar.daemon.http import Http
from sidecar.daemon.schedule import Backoff, Schedule, full_pass_reason
from sidecar.daemon.signals import Signals
from sidecar.daemon.systemd import Systemd
from sidecar.daemon.vitals import Vitals
from sidecar.daemon.work import Done, Lease, Work
from sidecar.errors import (
    ConfigError,
    DatabaseError,
    DatabaseRefusedError,
    SchemaChangedError,
    SchemaError,
)

#: Seconds between two looks, in the order in which they are done when several are due.
#: Polling is added by the settings.
EVERY_S = {
    "commands": 0.5,
    "hints": 0.5,
    "log": 1.0,
    "poll": 2.0,
    "due": 5.0,
    "full_pass": 10.0,
    "upkeep": 3600.0,
}

#: Between two questions whether the lock is still ours, and two heartbeats.
ALIVE_EVERY_S = 5.0

#: How long the lock may be held by another, such as a command that is about to end.
LOCK_WAIT_S = 5.0

#: A full pass that failed is tried again after this, so that it does not keep all else waiting.
FULL_PASS_AGAIN_S = 600.0

#: Full passes that a source asks for, such as a log with gaps, take at most this share of the
#: time; those that a person asks for begin at once.
FULL_PASS_SHARE = 0.1

#: A database that refuses for so long will not stop by itself.
REFUSED_S = 300.0


class Daemon:
    """
    One sidecar that runs.

    Also the pulse of its work: during a long pass it is this that says that all is well.

    Args:
        work: What there is to do.
        http: Serves health and metrics, or nothing.
        now: The wall clock, which may jump: instants are of it, and nothing is paced by it.
        monotonic: Paces everything.
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
        self._now, self._monotonic = now, monotonic
        self._log = structlog.get_logger()
        self._backoff = Backoff()
        self._away_since_s: float | None = None
        self._owed = ""
        self._reload = False
        self._store_changed = False
        self._lease: Lease | None = None
        self._schedule = Schedule(EVERY_S, monotonic())
        self._alive = Schedule({"verify": ALIVE_EVERY_S, "heartbeat": ALIVE_EVERY_S}, monotonic())
        self._pinged_s = self._full_pass_from_s = self._rests_until_s = monotonic()
        self.vitals = Vitals(self._epoch_s())

    def run(self) -> None:
        """
        Work until stopped.

        Raises:
            DatabaseError: At the start; later only when the database refused for `REFUSED_S`.
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
                    self._wait_for_database(error)
        except SystemExit:
            self._log.warning("daemon.broken_off", doing=self.vitals.doing)
            raise
        finally:
            self._systemd.stopping()
            self._log.info("daemon.stopped", customers=self.vitals.customers)

    # -- the pulse -------------------------------------------------------------------------

    def stopping(self) -> bool:
        """Whether work shall end now."""
        return self._signals.stopping()

    def beat(self, done: int = 0, total: int = 0) -> None:
        """Work made progress: say so, and make sure that it may go on."""
        if total:
            what = self.vitals.doing.replace("_", " ")
            self._systemd.status(f"{what}, {done} of {total} customers")
        self._ping()
        self._keep_alive()

    # -- one leadership --------------------------------------------------------------------

    def _begin(self, lease: Lease, *, again: bool) -> None:
        self._owed = self._owed or ("rules" if self._work.begin() else "")
        now_s = self._monotonic()
        every_s = {**EVERY_S, "poll": self._work.poll_interval_s}
        # What was due before the database went away is due now.
        self._schedule = Schedule(every_s, now_s)
        self._alive = Schedule(dict.fromkeys(("verify", "heartbeat"), ALIVE_EVERY_S), now_s)
        self.vitals.mode, self.vitals.connection_id = self._work.mode, lease.connection_id
        self._lease = lease
        self._metrics.began(self._work.mode, self.vitals)
        self._keep_alive()
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
        while not self.stopping():
            try:
                self._look_anew_when_changed()
                self._round()
            except DatabaseError as error:
                lease.verify()  # where the lock went too, it is taken anew
                self._store_changed = self._store_changed or isinstance(error, SchemaChangedError)
                self._wait_for_database(error)
                continue
            self._database_works()
            wait_s = min(self._schedule.wait_s(self._monotonic()), ALIVE_EVERY_S)
            if self._files.waiting:
                wait_s = min(wait_s, QUIET_S)
            wait_s = min(wait_s, self._systemd.alive_every_s or wait_s)
            if self._signals.wait(wait_s, self._work.fileno()):
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
        self._ping()
        self._keep_alive()
        self._reload_when_asked()
        for duty in self._schedule.due(self._monotonic()):
            self._ping()
            self._do(duty)
            if self.stopping():
                return

    def _do(self, duty: str) -> None:
        began = self._epoch_s()
        began_s = self._monotonic()
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
            self.vitals.last_cycle_at = self._epoch_s()
        if duty == ("log" if self._work.mode == "binlog" else "poll") and not done.more:
            self.vitals.changes_at = began
        self._schedule.done(duty, self._monotonic(), again_in_s=0.0 if done.more else None)
        if done.everyone:
            asked = duty == "commands"
            self._owe_full_pass("rules" if asked else "store", at_once=asked)
        self.vitals.doing = "waiting"

    def _call(self, duty: str) -> Done:
        work = self._work
        match duty:
            case "commands":
                return work.commands(self)
            case "hints":
                return work.hints(self)
            case "log":
                return work.log(self)
            case "poll":
                return work.poll(self)
            case "due":
                return work.due(self)
            case _:
                return work.upkeep(self)

    def _full_pass(self) -> Done:
        last = self._work.last_full_pass_at()
        moment = self._work.moment()
        at = None if last is None else datetime.datetime.fromtimestamp(last, datetime.UTC)
        reason = full_pass_reason(at, moment.now, moment.zone, owed=self._owed)
        if not reason or self._monotonic() < self._full_pass_from_s:
            return Done()
        self._log.info("full_pass.started", reason=reason)
        began_s = self._monotonic()
        try:
            done = self._work.full_pass(self)
        except DatabaseError:
            self._full_pass_from_s = self._monotonic() + FULL_PASS_AGAIN_S
            self._log.warning("full_pass.failed", again_in_s=FULL_PASS_AGAIN_S)
            raise
        memory.give_back()
        now_s = self._monotonic()
        self._rests_until_s = now_s + (now_s - began_s) / FULL_PASS_SHARE
        if not done.more:
            self._owed = ""
            self._metrics.full_pass_done(now_s - began_s)
            self.vitals.last_full_pass_at = self._epoch_s()
            self._log.info("full_pass.finished", customers=done.customers)
        return done

    def _owe_full_pass(self, why: str, *, at_once: bool = True) -> None:
        """Plan one; unless *at_once*, full passes keep to a share of the time."""
        now_s = self._monotonic()
        self._owed = self._owed or why
        self._full_pass_from_s = now_s if at_once else max(now_s, self._rests_until_s)
        self._schedule.done("full_pass", now_s, again_in_s=self._full_pass_from_s - now_s)

    # -- staying alive ---------------------------------------------------------------------

    def _keep_alive(self) -> None:
        """
        Make sure that the lock is ours, and let people see that we live.

        Raises:
            DatabaseUnavailableError: It is not: another may write.
        """
        for name in self._alive.due(self._monotonic()):
            if name == "verify" and self._lease:
                self._lease.verify()
            elif name == "heartbeat":
                now = self._epoch_s()
                self.vitals.mode, self.vitals.capture = self._work.mode, self._work.capture()
                self._metrics.noticing(self._work.mode)
                self._work.write_heartbeat(self.vitals.heartbeat(now))
                if self.vitals.doing != "full_pass":
                    self._systemd.status(self.vitals.line(now))
            self._alive.done(name, self._monotonic())

    def _ping(self) -> None:
        # Only from here, between two pieces of work: a thread would live on while we hang.
        every_s, now_s = self._systemd.alive_every_s, self._monotonic()
        self._metrics.ticked()
        if every_s is not None and now_s - self._pinged_s >= every_s / 2:
            self._pinged_s = now_s
            self._systemd.alive()
            self._metrics.meters.watchdog_pings.inc()

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
        self.vitals.failed(self._epoch_s(), problem)
        self._work.report("reload.refused", f"the old settings and rules hold: {problem}")
        self._alive.done("heartbeat", self._monotonic(), again_in_s=0.0)

    def _accept_reload(self, *, owed: bool) -> None:
        self._log.info("reload.done", full_pass=owed)
        self.vitals.reload_error = ""
        self.vitals.mode = self._work.mode
        self._metrics.meters.reload_failing.set(0)
        self._work.report("reload.refused", None)
        self._listen()
        now_s = self._monotonic()
        self._schedule.change("poll", self._work.poll_interval_s, now_s)
        if owed:
            self._owe_full_pass("rules")
        self._alive.done("heartbeat", now_s, again_in_s=0.0)

    def _listen(self) -> None:
        """Serve health and metrics where the settings say now; where that fails, go on."""
        self._work.report("http.refused", self._http.renew())

    # -- a database that is away -----------------------------------------------------------

    def _wait_for_database(self, error: DatabaseError) -> None:
        """
        Wait before the next try; said once, not at every try.

        Raises:
            DatabaseRefusedError: It has been refusing for `REFUSED_S`.
        """
        now_s = self._monotonic()
        self._metrics.database_lost(error)
        if self._away_since_s is None:
            self._away_since_s = now_s
            self._log.error("database.lost", error=str(error))
            self.vitals.failed(self._epoch_s(), str(error))
            self._systemd.status(f"database away, trying again: {_ascii(error)}")
        elif (
            isinstance(error, DatabaseRefusedError)
            and not isinstance(error, SchemaChangedError)
            and now_s - self._away_since_s > REFUSED_S
        ):
            raise error
        self.vitals.doing = "waiting for the database"
        until_s = now_s + self._backoff.next_s()
        # That the database is away is no reason to be killed, so systemd goes on hearing of us.
        while not self.stopping() and (left_s := until_s - self._monotonic()) > 0:
            self._signals.wait(min(left_s, self._systemd.alive_every_s or left_s))
            self._ping()

    def _database_works(self) -> None:
        if self._away_since_s is not None:
            away_s = round(self._monotonic() - self._away_since_s, 1)
            self._log.info("database.back", away_s=away_s)
            self._metrics.database_back()
            self._away_since_s = None
            self._backoff.reset()
            self.vitals.doing = "waiting"

    def _epoch_s(self) -> int:
        return int(self._now().timestamp())


def _ascii(error: DatabaseError) -> str:
    return str(error).splitlines()[0].encode("ascii", "replace").decode()
