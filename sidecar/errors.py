"""
Every error the sidecar raises, grouped by what the program does next.

* SidecarError
  x UsageError               a person asks again                     exit 64
  x ConfigError              stop at start-up; a person edits a file exit 78
    + RuleError              a rules file; carries every problem found
    + SchemaError            own tables missing, older or newer
  x DatabaseError            69 at the command line
    + DatabaseUnavailableError   the same work may succeed later
    + DatabaseRefusedError       connection, password, privilege, missing table
      + SchemaChangedError         the store's tables are being changed, or are not OpenCart's
    + LogLostError               the binary log does not go on from where we were
  x NotNowError              nothing is wrong; wait or ask another   exit 75
  x CustomerError            set one customer aside, carry on
  x FatalError               stop; a person decides                  exit 70
    + FencedError            another sidecar leads; end               exit 75
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class SidecarError(Exception):
    """The root of everything raised on purpose; its text is meant for a person."""

    exit_code = 70


class UsageError(SidecarError):
    """What was asked cannot be understood: unknown customer, run, tag, or a bad expression."""

    exit_code = 64


class ConfigError(SidecarError):
    """
    A setting or rule that only a person can mend.

    Args:
        where: The key or file, e.g. ``sync.poll_intervall``.
        problem: What is wrong with it.
        hint: The way out; empty when there is none to give.
    """

    exit_code = 78

    def __init__(self, where: str, problem: str, hint: str = "") -> None:
        super().__init__(f"{where}: {problem}" + (f" ({hint})" if hint else ""))


@dataclass(frozen=True, slots=True)
class Problem:
    """
    One thing wrong in a rules file or an expression.

    Attributes:
        file: Its name, or ``expression`` on the command line.
        line: Counted from 1; 0 when the problem is the whole file.
        column: Counted from 1; 0 when it is the whole line.
        message: What is wrong.
        hint: The way out, or empty.
        source: The line of text it stands in, or empty.
        length: Characters to underline.
        severity: ``warning`` never stops anything.
    """

    file: str
    line: int
    column: int
    message: str
    hint: str = ""
    source: str = ""
    length: int = 1
    severity: str = "error"

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        mark = "warning: " if self.severity == "warning" else ""
        text = f"{place}: {mark}{self.message}" + (f" ({self.hint})" if self.hint else "")
        if not self.source or not self.column:
            return text
        margin = "".join("\t" if c == "\t" else " " for c in self.source[: self.column - 1])
        return f"{text}\n    {self.source}\n    {margin}{'^' * max(1, self.length)}"


class RuleError(ConfigError):
    """
    Rules that cannot be used; every problem found, not only the first.

    Attributes:
        problems: At least one, in order of file, line and column.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        SidecarError.__init__(self, "\n".join(str(problem) for problem in problems))


class SchemaError(ConfigError):
    """Our own tables are missing, or older or newer than this program."""


class DatabaseError(SidecarError):
    """The database did not do what was asked; see the two kinds."""

    exit_code = 69


class DatabaseUnavailableError(DatabaseError):
    """The same work may succeed later: gone, restarting, deadlock, lock wait."""


class ServerSilentError(DatabaseUnavailableError):
    """The server neither answers nor lets anybody in: frozen, or the network is cut."""


class DatabaseRefusedError(DatabaseError):
    """The database will go on refusing: password, privilege, missing table, wrong prefix."""


class LogLostError(DatabaseError):
    """
    The binary log cannot be read on from our position: look at everybody, begin at its end.

    Attributes:
        reason: One word, such as ``purged`` or ``reset``, for counting.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class SchemaChangedError(DatabaseRefusedError):
    """
    A table or column is not there: the store is being upgraded, or it is no OpenCart's.

    Who saw the store before waits, looks at its tables anew and goes on.
    """


class NotNowError(SidecarError):
    """Nothing is wrong, but the work was not done now."""

    exit_code = 75


class CustomerError(SidecarError):
    """One customer's data cannot be processed; the others' may."""


class FatalError(SidecarError):
    """Going on could do harm; a person decides."""


class FencedError(FatalError):
    """Another sidecar leads this store since: the process ends, with nothing half done."""

    exit_code = 75
