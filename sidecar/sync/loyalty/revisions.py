"""
The programs that orders are rewarded by, as they were, and the numbers of their earn rules.

An order keeps the revision of the program under which it first qualified. An earn rule keeps
its number from revision to revision, and however its name is spelled there.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib

from sqlalchemy import Connection, insert, select

from sidecar.errors import FatalError, RuleError
from sidecar.model import fold
from sidecar.rules.loyalty.earning import BASE
from sidecar.rules.loyalty.program import Program
from sidecar.rules.loyalty.program_printer import print_program, read_program
from sidecar.shop.own_tables import OwnTables

#: How many revisions stay read from one transaction to the next.
_KEPT = 32

#: The number of the points per unit, which no rule gives.
_BASE_ID = 0


class Revisions:
    """Revisions of the program and numbers of earn rules, in one transaction."""

    def __init__(self, tx: Connection, own: OwnTables) -> None:
        self._tx, self._own = tx, own
        self._programs: dict[int, Program] = {}

    # -- programs --------------------------------------------------------------------------

    def current(self, program: Program, now_s: int) -> int:
        """
        The revision that *program* is; a new one when it never was the program before.

        Raises:
            FatalError: It could not be read again.
        """
        text = print_program(program)
        fingerprint = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        table = self._own.loyalty.program
        known = select(table.c.revision).where(table.c.fingerprint == fingerprint)
        revision: int | None = self._tx.scalar(known)
        if revision is None:
            row = {"fingerprint": fingerprint, "definition": text, "since": now_s}
            result = self._tx.execute(insert(table).values(row))
            revision = int(result.lastrowid)
            # Now, when a person looks, and not when a refund comes years later.
            self._programs[revision] = _read(revision, text)
        return revision

    def program(self, revision: int) -> Program:
        """
        The program as it was at *revision*, its earn rules named by their `earner_key`.

        Raises:
            FatalError: It is not there, or this version cannot read it.
        """
        found = self._programs.get(revision)
        if found is None:
            table = self._own.loyalty.program
            definition = select(table.c.definition).where(table.c.revision == revision)
            text = self._tx.scalar(definition)
            if text is None:
                raise FatalError(f"revision {revision} of the loyalty program is not there")
            found = self._programs[revision] = _read(revision, text)
        return found

    # -- earn rules ------------------------------------------------------------------------

    def earner_id(self, name: str) -> int:
        """The number of the earn rule *name*, or of `BASE` or `MULTIPLIED`; it may be new."""
        if name == BASE:
            return _BASE_ID
        key, ids = earner_key(name), self._earner_ids
        if key not in ids:
            result = self._tx.execute(insert(self._own.loyalty.earner).values(name=key))
            ids[key] = int(result.lastrowid)
        return ids[key]

    def earner_name(self, earner_id: int) -> str:
        """
        The `earner_key` of the earn rule with the number *earner_id*.

        Raises:
            FatalError: No rule has it.
        """
        if earner_id == _BASE_ID:
            return BASE
        for name, number in self._earner_ids.items():
            if number == earner_id:
                return name
        raise FatalError(f"the earn rule with the number {earner_id} is not there")

    @functools.cached_property
    def _earner_ids(self) -> dict[str, int]:
        """Numbers by name."""
        table = self._own.loyalty.earner
        rows = self._tx.execute(select(table.c.name, table.c.earner_id))
        return {row.name: row.earner_id for row in rows}


def earner_key(name: str) -> str:
    """What the ledger calls the earn rule *name*: so it is in every revision and everywhere."""
    # Twice, so that a key is its own: once it is lower case, T with two dots is one character.
    return fold(fold(name))


@functools.lru_cache(maxsize=_KEPT)
def _read(revision: int, text: str) -> Program:
    try:
        found = read_program(text, f"revision {revision}")
    except RuleError as error:
        message = f"revision {revision} of the loyalty program cannot be read"
        raise FatalError(f"{message}: {error}") from error
    named = (dataclasses.replace(rule, name=earner_key(rule.name)) for rule in found.earn)
    return dataclasses.replace(found, earn=tuple(named))
