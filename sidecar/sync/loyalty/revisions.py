"""
The programs that orders are rewarded by, as they were, and the numbers of their earn rules.

An order keeps the revision of the program under which it first qualified. Earn rules are
numbered for ever by their folded name, whichever revisions they are in.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping

from sqlalchemy import Connection, Table, insert, select

from sidecar.errors import FatalError, RuleError
from sidecar.model import fold
from sidecar.rules.loyalty.earning import BASE
from sidecar.rules.loyalty.program import Program
from sidecar.rules.loyalty.program_printer import print_program, read_program
from sidecar.shop.own_tables import OwnTables

#: Revisions that are kept read: those that orders of these days were rewarded by.
_KEPT = 32


class Revisions:
    """The revisions of the program, and the numbers of rules, in one transaction."""

    def __init__(self, tx: Connection, own: OwnTables) -> None:
        self._tx, self._own = tx, own
        self._programs: dict[int, Program] = {}
        self._earners: dict[int, Mapping[int, str]] = {}

    def current(self, program: Program, now_s: int) -> int:
        """
        The revision that is *program*; it is written when it is new.

        Raises:
            FatalError: It could not be read back.
        """
        text = print_program(program)
        table = self._own.program
        # Found again by its text, also after it was another program for a time.
        fingerprint = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        query = select(table.c.revision).where(table.c.fingerprint == fingerprint)
        found: int | None = self._tx.scalar(query)
        if found is None:
            found = self._new(
                table, fingerprint=fingerprint, definition=text, since=now_s
            )
            self._programs[found] = _read(found, text)
        return found

    def program(self, revision: int) -> Program:
        """
        The program as it was at *revision*.

        Raises:
            FatalError: This version cannot read it.
        """
        found = self._programs.get(revision)
        if found is None:
            table = self._own.program
            query = select(table.c.definition).where(table.c.revision == revision)
            text = self._tx.scalar(query)
            if text is None:
                raise FatalError(f"there is no revision {revision} of the loyalty program")
            found = self._programs[revision] = _read(revision, text)
        return found
