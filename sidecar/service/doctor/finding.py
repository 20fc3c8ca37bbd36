"""What one check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: ``ok``; ``note``: worth knowing; ``warning``: works and should be mended; ``error``: does not.
State = Literal["ok", "note", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """
    What one check found.

    Attributes:
        check: Subject and what of it, e.g. ``grants.read``; stays the same from version to version.
        state: How bad it is.
        found: What is so; without personal data and secrets.
        consequence: What it leads to; empty when all is well.
        mend: The statement, setting or command that mends it, one a line; empty: nothing to do.
    """

    check: str
    state: State
    found: str
    consequence: str = ""
    mend: str = ""

    @property
    def subject(self) -> str:
        """What it is about, e.g. ``grants``."""
        return self.check.partition(".")[0]

    def as_json(self) -> dict[str, str]:
        """As `doctor --json` tells it; keys are only ever added."""
        return {
            "subject": self.subject,
            "check": self.check,
            "state": self.state,
            "found": self.found,
            "consequence": self.consequence,
            "mend": self.mend,
        }
