"""
The rows of persons are erased: table by table, a few rows at a time, each time the same.

Keys are read first and then written by, so that the store waits for nobody. Every step can
be done again: whoever goes on after a crash begins at the first table, and finds less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import BindParameter, and_, bindparam, delete, not_, update

from sidecar.errors import FatalError
from sidecar.privacy import keeping
from sidecar.privacy.live_schema import LiveTable
from sidecar.privacy.means import Means
from sidecar.privacy.rewriting import bears_a_number, rewritten
from sidecar.privacy.rows import Found, Rows
from sidecar.privacy.short_reads import BATCH, Key, in_parts
from sidecar.privacy.subject import Subject
from sidecar.privacy.uploads import end_of, uploaded_file
from sidecar.rules.privacy.register import PersonalTable, Register
from sidecar.shop.database import transaction
from sidecar.shop.fence import prove
from sidecar.sync import leaving
from sidecar.sync.planning import StoppedError

#: Parameters of statements begin so, and no column's name does.
_TO = "sidecar_to_"

#: Looks at all tables, until one finds nothing more.
ROUNDS = 3

#: Rows in one statement on a table that is locked as a whole.
_LOCKED_BATCH = 100

#: Tables of ours that are emptied together, and counted.
_STANDING = frozenset({"sidecar_customer", "sidecar_assertion", "sidecar_member"})

#: Names of files that are told when nobody knows where they are.
TOLD_FILES = 100

#: What was done to rows: ``deleted``, ``rewritten`` or ``kept``; by table.
Counts = Counter[tuple[str, str]]

#: How many tables are done, of how many.
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Done:
    """
    What an erasure did.

    Attributes:
        rows: By table and what was done to them.
        files: That were deleted.
        files_left: How the names of files end that are left, as nobody knows the folder.
        is_settled: Whether the last look at all tables found nothing more.
    """

    rows: Counts = field(default_factory=Counter)
    files: int = 0
    files_left: list[str] = field(default_factory=list)
    is_settled: bool = False


@dataclass(slots=True)
class Eraser:
    """
    Erases some persons.

    Attributes:
        means: The store, and how it is asked.
        register: What is known of its tables.
        live: The tables that there are.
        uploads: The store's folder of uploaded files; None: not known.
        subjects: The persons.
        numbers: Of their erasures, in the same order.
        done: What was done so far.
    """

    means: Means
    register: Register
    live: Mapping[str, LiveTable]
    uploads: Path | None
    subjects: Sequence[Subject]
    numbers: Sequence[int]
    done: Done = field(default_factory=Done)

    def rows(self) -> Rows:
        """The persons' rows, to be looked for anew."""
        return Rows(self.means.shop, self.register, self.live, self.subjects)

    def erase(self, progress: Progress | None = None) -> Done:
        """
        Erase everything, and look again until nothing is found.

        Raises:
            StoppedError: We were asked to end; what is done stands.
        """
        for _ in range(ROUNDS):
            if not self.erase_once(progress=progress):
                self.done.is_settled = True
                break
        return self.done

    def erase_once(
        self, only: Collection[str] | None = None, progress: Progress | None = None
    ) -> int:
        """
        Erase what is found now; returns how many rows changed.

        Args:
            only: Names of tables; None: all.
        """
        rows, changed = self.rows(), 0
        tables = [one for one in rows.tables() if only is None or one.name in only]
        for place, one in enumerate(tables):
            changed += self.erase_table(rows, one)
            if progress is not None:
                progress(place + 1, len(tables))
        return changed

    def erase_table(self, rows: Rows, one: PersonalTable) -> int:
        """The same of one table."""
        if one.rows == "keep":
            return 0
        return sum(self._erase_part(rows, one, part) for part in rows.of(one))

    def erase_by_key(self, name: str, keys: Sequence[Key]) -> int:
        """Erase rows of the table *name* by their keys; their erasure is the first."""
        rows, one = self.rows(), self.register.tables.get(name)
        if one is None or name not in self.live or one.rows == "keep":
            return 0
        return self._erase_now(rows, one, [Found(key, 0) for key in keys])

    def _erase_part(self, rows: Rows, one: PersonalTable, part: Sequence[Found]) -> int:
        if self.means.stop():
            raise StoppedError
        parts = keeping.split(rows, one, part, self.means.moment.epoch_s)
        if parts.later:
            with transaction(self.means.shop.engine) as tx:
                keeping.note(tx, self.means.shop.own, one, parts.later, self.numbers)
        return self._erase_now(rows, one, parts.now)

    def _erase_now(self, rows: Rows, one: PersonalTable, found: Sequence[Found]) -> int:
        size = BATCH if self.live[one.name].is_transactional else _LOCKED_BATCH
        changed = 0
        for part in in_parts(found, size):
            if one.rows == "delete":
                changed += self._delete(rows, one, part)
            else:
                changed += self._rewrite(rows, one, part)
        return changed

    def _delete(self, rows: Rows, one: PersonalTable, part: Sequence[Found]) -> int:
        if one.name in _STANDING:
            return self._leave(one, part)
        keys = [found.key for found in part]
        if one.file_column is not None and one.file_column in self.live[one.name].columns:
            names = rows.values(one, [one.file_column], keys)
            for row in names:  # before the row, which is the only one who knows of it
                self._delete_file(str(row[-1] or ""))
        with transaction(self.means.shop.engine) as tx:
            prove(tx)
            statement = delete(rows.sql(one)).where(rows.named(one))
            changed = tx.execute(statement, rows.naming(one, keys)).rowcount
        self.done.rows[one.name, "deleted"] += changed
        return changed

    def _leave(self, one: PersonalTable, part: Sequence[Found]) -> int:
        # Tags and segments are counted, and counted anew by a cycle meanwhile.
        ids = sorted({self.subjects[found.place].customer_id for found in part})
        with transaction(self.means.shop.engine) as tx:
            leaving.leave(tx, self.means.shop.own, ids)
        self.done.rows[one.name, "deleted"] += len(part)
        return len(part)

    def _rewrite(self, rows: Rows, one: PersonalTable, part: Sequence[Found]) -> int:
        live, sql = self.live[one.name], rows.sql(one)
        groups = [(self.numbers[0], list(part))]
        if bears_a_number(one, live):
            ordered = sorted(part, key=lambda found: found.place)
            groups = [
                (self.numbers[place], list(theirs))
                for place, theirs in groupby(ordered, key=lambda found: found.place)
            ]
        if not (names := rewritten(one, live, 0)):
            return 0
        # One statement for all of them: there may be one for each person.
        to: dict[str, BindParameter[Any]] = {name: bindparam(_TO + name) for name in names}
        # Only rows that are not so yet: what is found again is not told as changed.
        clean = and_(*(sql.c[name].is_not_distinct_from(value) for name, value in to.items()))
        rewrite = update(sql).where(rows.named(one), not_(clean)).values(to)
        changed = 0
        with transaction(self.means.shop.engine) as tx:
            prove(tx)
            for number, theirs in groups:
                values = rewritten(one, live, number)
                parameters = {_TO + name: value for name, value in values.items()}
                parameters |= rows.naming(one, [found.key for found in theirs])
                changed += tx.execute(rewrite, parameters).rowcount
        self.done.rows[one.name, "rewritten"] += changed
        return changed

    def _delete_file(self, name: str) -> None:
        if not name:
            return
        file = None if self.uploads is None else uploaded_file(self.uploads, name)
        if file is None:
            if len(self.done.files_left) < TOLD_FILES:
                self.done.files_left.append(end_of(name))
            return
        try:
            file.unlink()
        except FileNotFoundError:
            return
        except OSError as error:
            raise FatalError(
                f"an uploaded file in {file.parent} cannot be deleted: {error.strerror}"
                " (let the sidecar write there; the erasure then goes on)"
            ) from error
        self.done.files += 1
