"""A problem at a position of a condition, with the line of text it stands in."""

from __future__ import annotations

from typing import Final

from sidecar.errors import Problem
from sidecar.rules.language.limits import bad_character
from sidecar.rules.syntax import Position

#: Lines longer than this are not shown: their caret would be nowhere near on a screen.
_LONGEST_SOURCE: Final = 500


def problem_at(
    at: Position | None,
    message: str,
    hint: str = "",
    *,
    file: str,
    source: str,
    severity: str = "error",
) -> Problem:
    """
    The problem *message* at *at* in *source*, the whole text of the condition.

    Without a position (the structural form, JSON) it names the file only.
    """
    if at is None:
        return Problem(file, 0, 0, message, hint, severity=severity)
    return Problem(
        file=file,
        line=at.line,
        column=at.column,
        message=message,
        hint=hint,
        source=source_line(source, at.line),
        length=at.length,
        severity=severity,
    )


def source_line(text: str, line: int) -> str:
    """Line *line* of *text* as it may be shown, or empty when it is too long to be."""
    lines = text.split("\n")
    return showable(lines[line - 1]) if 0 < line <= len(lines) else ""


def showable(line: str) -> str:
    """*line* with nothing in it that could upset a terminal; empty when it is too long."""
    line = line.rstrip("\r")
    if len(line) > _LONGEST_SOURCE:
        return ""
    # One character for each, so that the caret still falls where it should.
    return "".join(c if c == "\t" or not bad_character(c) else "\ufffd" for c in line)
