"""What the loop asks for, and what it tells those who work for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from sidecar.daemon.metrics import Metrics
from sidecar.model import Moment
from sidecar.sync.state import Json


@dataclass(frozen=True, slots=True)
class Done:
    """
    What a duty did.

    Attributes:
        customers: Looked at.
        more: Whether it is to be called again at once: there may be another batch.
        everyone: Whether a full pass is owed: what changed concerns everybody.
    """

    customers: int = 0
    more: bool = False
    everyone: bool = False


class Pulse(Protocol):
    """Asked and told between the batches of anything that may take longer than a second."""

    def stopping(self) -> bool:
        """Whether to end now; what is committed stands."""

    def beat(self, done: int = 0, total: int = 0) -> None:
        """
        Tell that there was progress, of *total* when that is known.

        Raises:
            DatabaseUnavailableError: Another sidecar may write: end without writing more.
        """

    def meanwhile(self) -> None:
        """Look at what rang; asked outside of transactions, of something that may take minutes."""


@dataclass(frozen=True, slots=True)
class Lease:
    """
    Being the only sidecar that writes.

    Attributes:
        connection_id: Of the connection that holds the lock.
        verify: Asks the server whether it is still so; DatabaseUnavailableError when not.
    """

    connection_id: int
    verify: Callable[[], None]


class Work(Protocol):
    """
    What is to be done, without when; everything may raise a DatabaseError.

    A duty that raised is called again later, and goes on from what was committed.

    Attributes:
        metrics: Told what the duties do; the loop tells them the rest.
    """

    metrics: Metrics

    @property
    def poll_interval_s(self) -> float:
        """Seconds between two polls, by the settings that hold now."""

    @property
    def mode(self) -> str:
        """How changes are noticed: ``poll`` or ``binlog``."""

    def moment(self) -> Moment:
        """Now, in the store's zone."""

    def fileno(self) -> int | None:
        """Readable when `log` has something to do; None: nothing to wait for."""

    def capture(self) -> Mapping[str, Json]:
        """What is known of how changes are noticed."""

    def leading(self, wait_s: float) -> AbstractContextManager[Lease]:
        """
        Be the only sidecar that writes, within.

        Raises:
            NotNowError: Another is, also after *wait_s*.
        """

    def begin(self) -> bool:
        """
        Read everything anew that is kept in memory; called whenever the lock was taken.

        Returns:
            Whether a full pass is owed: rules or settings are not those of the last one.

        Raises:
            SchemaError: Our tables are missing, older or newer.
            ConfigError: Settings or rules cannot be used, and there are no older ones.
        """

    def reload(self) -> bool:
        """
        Read settings and rules again; on any error the old ones go on to hold.

        Returns:
            Whether a full pass is owed.

        Raises:
            ConfigError: The new ones cannot be used.
        """

    def commands(self, pulse: Pulse) -> Done:
        """Carry out the next command that waits; ``more`` when there was one."""

    def hints(self, pulse: Pulse) -> Done:
        """Look at customers that hints name."""

    def log(self, pulse: Pulse) -> Done:
        """Look at customers whom the binary log names."""

    def poll(self, pulse: Pulse) -> Done:
        """Look at customers whose rows changed since the last poll."""

    def due(self, pulse: Pulse) -> Done:
        """Look at customers for whom time alone can have changed something."""

    def last_full_pass_at(self) -> int | None:
        """When the last full pass that ended began, in UTC epoch seconds; None: there was none."""

    def full_pass(self, pulse: Pulse) -> Done:
        """Look at everybody; ``more`` when it ended early because the pulse is stopping."""

    def privacy(self, pulse: Pulse) -> Done:
        """Do what is due about personal data: requests, erasures that waited, old exports."""

    def bell(self, pulse: Pulse) -> Done:
        """Tell in the admin what a person should look at, each once."""

    def upkeep(self, pulse: Pulse) -> Done:
        """Remove rows of ours that are older than they may become, a batch at a time."""

    def write_heartbeat(self, heartbeat: Mapping[str, Json]) -> None:
        """Keep *heartbeat* where `status` finds it, and count what waits for the metrics."""

    def report(self, kind: str, message: str | None) -> None:
        """Raise the finding *kind* for people to see; None: it is mended."""
