"""How a command that writes asks: whoever leads carries it out, and where nobody does, we do."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sidecar import clock
from sidecar.cli import options, show
from sidecar.errors import (
    ConfigError,
    DatabaseError,
    DatabaseUnavailableError,
    FatalError,
    NotNowError,
    SidecarError,
    UsageError,
)

if TYPE_CHECKING:
    from sidecar.app import Sidecar
    from sidecar.sync.commands.queue import Asked

#: How often we look for an answer, and try whether the lock is free: its holder may end.
POLL_S = 0.2
LOCK_EVERY_S = 1.0

Told = Callable[[int, int], None]


class _ConfigFailureError(ConfigError):
    """A ConfigError of whoever carried the command out: its text is whole already."""

    def __init__(self, text: str) -> None:
        SidecarError.__init__(self, text)


_ERRORS: Mapping[int, Callable[[str], SidecarError]] = {
    UsageError.exit_code: UsageError,
    DatabaseError.exit_code: DatabaseError,
    NotNowError.exit_code: NotNowError,
    ConfigError.exit_code: _ConfigFailureError,
}


def ask(
    sidecar: Sidecar,
    name: str,
    parameters: Mapping[str, object],
    wait_s: float,
    doing: str = "waiting",
) -> Asked:
    """
    Have the command *name* of the catalogue carried out.

    Args:
        wait_s: Seconds to wait for the answer while another sidecar holds the lock.
        doing: Stands beside the bar of progress.

    Returns:
        The command, done or waiting for approval.

    Raises:
        SidecarError: As it ended for whoever carried it out, of the class of its exit code.
        NotNowError: There is no answer yet; the command stays, and its number is told.
    """
    sidecar.require_own_tables()
    sidecar.upkeep.require_same_place()  # else it would wait until somebody adopts the store
    command_id = sidecar.requests.ask(name, parameters, options.actor())
    try:
        with show.progress(doing) as told:
            asked = _answered(sidecar, command_id, wait_s, told)
    except KeyboardInterrupt:
        with contextlib.suppress(DatabaseError):
            if not sidecar.requests.withdraw(command_id, "interrupted", "new"):
                _say_where_it_stands(sidecar, command_id)
        raise
    if asked.state == "failed":
        raise _ERRORS.get(asked.exit_code or 0, FatalError)(asked.error or "")
    return asked


def _answered(sidecar: Sidecar, command_id: int, wait_s: float, told: Told | None) -> Asked:
    deadline = clock.monotonic() + max(0.0, wait_s)
    tried = -math.inf
    while True:
        if clock.monotonic() - tried >= LOCK_EVERY_S:
            _carry_out(sidecar, command_id, told)
            tried = clock.monotonic()
        asked = sidecar.requests.asked(command_id)
        if asked.answered:
            return asked
        if told is not None and asked.total:
            told(asked.done, asked.total)
        left = deadline - clock.monotonic()
        if left <= 0:
            raise NotNowError(
                "another sidecar holds the lock and has not answered yet:"
                f" asked as command {command_id}, which stays"
            )
        clock.sleep(min(POLL_S, left))


def _carry_out(sidecar: Sidecar, command_id: int, told: Told | None) -> None:
    """Carry the command out ourselves, where no other sidecar holds the lock."""
    with contextlib.suppress(NotNowError), sidecar.leading():
        dispatcher = sidecar.requests.dispatcher(told)
        dispatcher.recover()
        try:
            dispatcher.dispatch(command_id)
        except (KeyboardInterrupt, DatabaseUnavailableError) as error:
            # Whoever asked is told, and asks again: nobody shall do it some days later.
            why = str(error) or "interrupted"
            with contextlib.suppress(DatabaseError):
                for state in ("new", "running"):
                    sidecar.requests.withdraw(command_id, why, state)
            raise


def _say_where_it_stands(sidecar: Sidecar, command_id: int) -> None:
    if sidecar.requests.asked(command_id).state == "running":
        show.note(f"command {command_id} is being carried out by another sidecar")
