"""Whether anybody asked or hinted, looked at all the time and so at the least cost."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, exists, select
from sqlalchemy.exc import SQLAlchemyError

from sidecar import clock
from sidecar.shop.database import answer_within, database_errors
from sidecar.shop.leader import ANSWER_TIMEOUT_S
from sidecar.shop.own_tables import own_tables

#: Commands and hints are asked for together; the second one has the answer of the first.
_KEPT_S = 0.1


@dataclass(frozen=True, slots=True)
class Waiting:
    """Whether there are commands, and whether there are hints."""

    commands: bool
    hints: bool


class Queues:
    """
    One statement on a connection of its own, without a transaction.

    Args:
        engine: Of the database.
        prefix: Of its tables.
    """

    def __init__(self, engine: Engine, prefix: str) -> None:
        self._engine = engine
        own = own_tables(prefix)
        command, hint = own.command, own.hint
        self._query = select(
            exists().where(command.c.state == "new").label("commands"),
            exists(select(hint.c.hint_id)).label("hints"),
        )
        self._connection: Connection | None = None
        self._found = Waiting(commands=False, hints=False)
        self._found_s = -1.0

    def look(self) -> Waiting:
        """What waits now."""
        now_s = clock.monotonic()
        if not 0 <= now_s - self._found_s < _KEPT_S:
            try:
                with database_errors(self._engine):
                    row = self._connected().execute(self._query).one()
            except BaseException:
                self.close()
                raise
            self._found = Waiting(commands=bool(row.commands), hints=bool(row.hints))
            self._found_s = now_s
        return self._found

    def close(self) -> None:
        """Give the connection up, e.g. because the database went away."""
        connection, self._connection = self._connection, None
        self._found_s = -1.0
        if connection is not None:
            with contextlib.suppress(SQLAlchemyError):
                connection.close()

    def _connected(self) -> Connection:
        if self._connection is None:
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            connection.detach()
            answer_within(connection, ANSWER_TIMEOUT_S)
            self._connection = connection
        return self._connection
