"""
Carry commands out: whoever holds the lock does, the daemon or a command line.

A command that a crash left behind is run again from its beginning, so a handler
must be idempotent, or answer in the transaction of its last write (`Task.answer_in`).
"""

from __future__ import annotations

import contextlib
import datetime
import math
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import structlog
from sqlalchemy import Connection, Engine

from sidecar import clock
from sidecar.errors import (
    DatabaseError,
    DatabaseUnavailableError,
    FatalError,
    SidecarError,
    UsageError,
)
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import OwnTables
from sidecar.sync.commands import checking, queue
from sidecar.sync.commands.queue import Answered, Asked
from sidecar.sync.planning import StoppedError

_log = structlog.get_logger()

#: Progress is written at most this often.
PROGRESS_EVERY_S = 0.3

#: How much is done, of how much.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """
    Attributes:
        value: Anything that JSON can say.
        state: ``waiting``: what was asked for waits for approval.
        exit_code: As the command line exits.
    """

    value: object
    state: Answered = "done"
    exit_code: int = 0


@dataclass(slots=True)
class Task:
    """
    A command that is being carried out.

    Attributes:
        command_id: Its number.
        name: Of the catalogue.
        parameters: As `checking.check` returns them: each of the catalogue, None where not given.
        actor: Who asked, for the audit.
        answered: Whether `answer_in` was called.
    """

    command_id: int
    name: str
    parameters: Mapping[str, Any]
    actor: str
    _dispatcher: Dispatcher
    answered: bool = False
    _reported: float = -math.inf

    def report(self, done: int, total: int) -> None:
        """Say how far it is; as often as one likes, it is written a few times a second."""
        dispatcher = self._dispatcher
        if dispatcher.watch is not None:
            dispatcher.watch(done, total)
        at = clock.monotonic()
        # After `answer_in` the row is locked until the handler commits.
        if self.answered or at - self._reported < PROGRESS_EVERY_S:
            return
        self._reported = at
        # That nobody sees how far it is, is no reason to stop.
        with contextlib.suppress(DatabaseError), transaction(dispatcher.engine) as tx:
            queue.progress(tx, dispatcher.own, self.command_id, done, total)

    def answer_in(
        self, tx: Connection, value: object, state: Answered = "done", exit_code: int = 0
    ) -> None:
        """
        Answer in *tx*, the transaction of the last write: both are committed, or neither.

        Raises:
            FatalError: Another sidecar took the command over.
        """
        dispatcher = self._dispatcher
        number, now = self.command_id, dispatcher.now()
        queue.finish(tx, dispatcher.own, number, state, value, exit_code, now)
        self.answered = True


#: Carries a command out; returns None when it answered by `Task.answer_in`.
Handler = Callable[[Task], Answer | None]


@dataclass(slots=True)
class Dispatcher:
    """
    Carries commands out, one at a time; only for whoever holds the lock.

    Attributes:
        engine: The store's database.
        own: Our tables.
        handlers: By name of the command.
        now: The clock.
        watch: Told how far a command is, as `Task.report` is.
    """

    engine: Engine
    own: OwnTables
    handlers: Mapping[str, Handler]
    now: Callable[[], datetime.datetime] = clock.now
    watch: Progress | None = None

    def recover(self) -> int:
        """Make commands new again that a crash left behind; returns how many."""
        with transaction(self.engine) as tx:
            return queue.recover(tx, self.own)

    def dispatch_next(self) -> Asked | None:
        """
        Carry out the oldest command that is new, and return it as it stands then.

        Returns:
            None: none is new, or somebody deleted its row meanwhile.

        Raises:
            DatabaseUnavailableError: The command is new again.
            StoppedError: The same; whoever leads is to end.
        """
        with transaction(self.engine) as tx:
            command_id = queue.next_new(tx, self.own)
        if command_id is None:
            return None
        try:
            return self.dispatch(command_id)
        except UsageError:
            return None

    def dispatch(self, command_id: int) -> Asked:
        """
        Carry one command out, unless it is answered already; returns it as it stands then.

        Raises:
            DatabaseUnavailableError: The command is new again.
            UsageError: There is no such command.
        """
        with transaction(self.engine) as tx:
            asked = queue.read(tx, self.own, command_id)
            taken = queue.take(tx, self.own, command_id, self.now())
        if taken:
            self._carry_out(asked)
        with transaction(self.engine) as tx:
            return queue.read(tx, self.own, command_id)

    def _carry_out(self, asked: Asked) -> None:
        number = asked.command_id
        try:
            with transaction(self.engine) as tx:
                text = queue.parameters(tx, self.own, number)
            parameters = checking.decode(asked.name, text)
            handler = self.handlers.get(asked.name)
            if handler is None:
                raise FatalError(f"{asked.name}: this command is not available in this version")
            task = Task(number, asked.name, parameters, asked.actor, self)
            self._finish(task, handler(task))
        except (DatabaseUnavailableError, StoppedError):
            # It may be gone for this too; `recover` does the same later.
            with contextlib.suppress(DatabaseError), transaction(self.engine) as tx:
                queue.release(tx, self.own, number)
            raise
        except SidecarError as error:
            self._fail(number, str(error), error.exit_code)
        except Exception as error:  # noqa: BLE001 - one command's fault must not end the others
            self._fail(number, _unforeseen(asked, error), FatalError.exit_code)

    def _finish(self, task: Task, answer: Answer | None) -> None:
        number = task.command_id
        with transaction(self.engine) as tx:
            if answer is not None and not task.answered:
                queue.finish(
                    tx, self.own, number, answer.state, answer.value, answer.exit_code, self.now()
                )
            elif not queue.read(tx, self.own, number).answered:
                raise FatalError(f"command {number} was carried out without an answer")

    def _fail(self, number: int, error: str, exit_code: int) -> None:
        # Nothing happens to a command that is answered: its last write stands.
        with transaction(self.engine) as tx:
            queue.fail(tx, self.own, number, error, exit_code, self.now())


def _unforeseen(asked: Asked, error: Exception) -> str:
    """Log *error*, without what it says, which may name a person; returns what to answer."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    kind = type(error).__name__
    where = f"{PurePath(last.filename).name}:{last.lineno}"
    _log.error(
        "command.failed", command_id=asked.command_id, command=asked.name, error=kind, where=where
    )
    return f"internal error: {kind} in {where} (a fault of the program; its log has more)"
