"""What people ask for: put down as rows, carried out by whoever leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sidecar import clock
from sidecar.errors import NotNowError
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync.commands import queue
from sidecar.sync.commands.dispatcher import Dispatcher, Handler
from sidecar.sync.commands.queue import Asked
from sidecar.sync.ranges import Progress


@dataclass(frozen=True, slots=True)
class Requests:
    """
    The commands of an installation.

    Attributes:
        shop: Its store.
        handlers: What carries out each command of the catalogue.
    """

    shop: Shop
    handlers: Mapping[str, Handler]

    def dispatcher(self, watch: Progress | None = None) -> Dispatcher:
        """Carries commands out; only for whoever leads. *watch* is told how far one is."""
        return Dispatcher(self.shop.engine, self.shop.own, self.handlers, watch=watch)

    def ask(self, name: str, parameters: Mapping[str, object], actor: str) -> int:
        """
        Ask for the command *name*; returns its number.

        Raises:
            UsageError: The command or a parameter is wrong.
        """
        with transaction(self.shop.engine) as tx:
            return queue.ask(tx, self.shop.own, name, parameters, actor, clock.now())

    def asked(self, command_id: int) -> Asked:
        """A command as it stands."""
        with transaction(self.shop.engine) as tx:
            return queue.read(tx, self.shop.own, command_id)

    def withdraw(self, command_id: int, why: str, state: Literal["new", "running"]) -> bool:
        """Give a command up that is in *state*; False when it is not."""
        own, now = self.shop.own, clock.now()
        with transaction(self.shop.engine) as tx:
            return queue.fail(tx, own, command_id, why, NotNowError.exit_code, now, state)
