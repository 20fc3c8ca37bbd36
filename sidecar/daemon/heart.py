"""What beats between two pieces of work: the lock is asked for, people see that all is well."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from sidecar.daemon.schedule import Schedule
from sidecar.daemon.signals import Signals
from sidecar.daemon.systemd import Systemd
from sidecar.daemon.vitals import Vitals
from sidecar.daemon.work import Lease, Work

#: Between two questions whether the lock is still ours, and two heartbeats.
ALIVE_EVERY_S = 5.0


class Heart:
    """
    The pulse of a daemon's work: during a long pass it is this that says that all is well.

    Args:
        work: Keeps the heartbeat.
        now: The wall clock.
        monotonic: Paces it.
        meanwhile: Looks at what rang.

    Attributes:
        vitals: What is known about the daemon, said by the loop.
    """

    def __init__(
        self,
        work: Work,
        signals: Signals,
        systemd: Systemd,
        now: Callable[[], datetime.datetime],
        monotonic: Callable[[], float],
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self._work, self._signals, self._systemd = work, signals, systemd
        self._meanwhile = meanwhile
        self._metrics = work.metrics
        self._now, self._monotonic = now, monotonic
        self._lease: Lease | None = None
        self._schedule = self._all_due()
        self._pinged_s = monotonic()
        self.vitals = Vitals(self.epoch_s())

    def epoch_s(self) -> int:
        """Now, in UTC epoch seconds."""
        return int(self._now().timestamp())

    # -- the pulse -------------------------------------------------------------------------

    def stopping(self) -> bool:
        """Whether work shall end now."""
        return self._signals.stopping()

    def beat(self, done: int = 0, total: int = 0) -> None:
        """Work made progress: say so, and make sure that it may go on."""
        if total:
            what = self.vitals.doing.replace("_", " ")
            self._systemd.status(f"{what}, {done} of {total} customers")
        self.ping()
        self._keep_alive()

    def meanwhile(self) -> None:
        """Look at what rang, so that nothing waits for something that may take minutes."""
        self._meanwhile()

    # -- told by the loop ------------------------------------------------------------------

    def lead(self, lease: Lease) -> None:
        """From now on it is *lease* that says whether the lock is ours."""
        self._lease = lease
        self.vitals.mode, self.vitals.connection_id = self._work.mode, lease.connection_id
        self._schedule = self._all_due()

    def show(self) -> None:
        """Have the next beat write what is known now."""
        self._schedule.done("heartbeat", self._monotonic(), again_in_s=0.0)

    def wait(self, seconds: float, also: int | None = None) -> bool:
        """Sleep as `Signals.wait` does, but not for so long that systemd misses us."""
        return self._signals.wait(min(seconds, self._systemd.alive_every_s or seconds), also)

    def ping(self) -> None:
        """Tell systemd that we do not hang."""
        # Only from here, between two pieces of work: a thread would live on while we hang.
        every_s, now_s = self._systemd.alive_every_s, self._monotonic()
        self._metrics.ticked()
        if every_s is not None and now_s - self._pinged_s >= every_s / 2:
            self._pinged_s = now_s
            self._systemd.alive()
            self._metrics.meters.watchdog_pings.inc()

    def _keep_alive(self) -> None:
        """
        Make sure that the lock is ours, and let people see that we live.

        Raises:
            DatabaseUnavailableError: It is not: another may write.
        """
        for name in self._schedule.due(self._monotonic()):
            if name == "verify" and self._lease:
                self._lease.verify()
            elif name == "heartbeat":
                self._write_heartbeat()
            self._schedule.done(name, self._monotonic())

    def _write_heartbeat(self) -> None:
        now = self.epoch_s()
        self.vitals.mode, self.vitals.capture = self._work.mode, self._work.capture()
        self._metrics.noticing(self._work.mode)
        self._work.write_heartbeat(self.vitals.heartbeat(now))
        if self.vitals.doing != "full_pass":
            self._systemd.status(self.vitals.line(now))

    def _all_due(self) -> Schedule:
        return Schedule(dict.fromkeys(("verify", "heartbeat"), ALIVE_EVERY_S), self._monotonic())
