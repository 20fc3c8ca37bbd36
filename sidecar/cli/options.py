"""What commands have in common: options, opening the installation, reading its rules."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sidecar.cli import show
from sidecar.errors import Problem, UsageError

if TYPE_CHECKING:
    from sidecar.app import Sidecar
    from sidecar.config import Config
    from sidecar.sync.rulebook import CheckedRules

#: Options of several commands.
Customer = Annotated[str, typer.Argument(metavar="CUSTOMER", help="An id or an e-mail address.")]
Wait = Annotated[
    float,
    typer.Option(
        "--wait", min=0, metavar="S", help="Seconds to wait for the answer of another sidecar."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def settings(context: typer.Context) -> Config:
    """
    The settings that ``--config`` or its default names.

    Raises:
        ConfigError: With every problem.
    """
    from sidecar import config

    flag: Path | None = context.find_root().params.get("config")
    found = config.load(config.find(flag, os.environ), os.environ)
    for warning in found.warnings:
        show.note(f"warning: {warning}")
    return found


def opened(context: typer.Context) -> Sidecar:
    """
    The installation that ``--config`` or its default names, connected.

    Raises:
        ConfigError: The settings cannot be used.
        DatabaseError: No connection, or no OpenCart.
    """
    found = settings(context)
    # Polars reads it when it is first imported, which the next line does.
    os.environ.setdefault("POLARS_MAX_THREADS", str(found.sync.threads))
    from sidecar.app import open_sidecar

    return open_sidecar(found)


def say_if_elsewhere(sidecar: Sidecar) -> None:
    """Say when the installation stands elsewhere than it was, so that nothing may be written."""
    if found := sidecar.upkeep.elsewhere():
        show.note(f"{found}; nothing is written here before `sidecar adopt`")


def checked_rules(sidecar: Sidecar) -> CheckedRules:
    """
    The rules of *sidecar*, their warnings said.

    Raises:
        RuleError: With every problem found.
    """
    checked = sidecar.check_rules()
    for warning in checked.rules.warnings:
        show.note(str(warning))
    directory = sidecar.config.rules.directory
    if not checked.rules.tags and not directory.is_dir():
        show.note(f"no rules: {directory} does not exist")
    return checked


def day(text: str | None) -> str | None:
    """
    The day of ``--until`` as a command takes it; None where none was given.

    Raises:
        UsageError: It is none.
    """
    from sidecar.rules import calendar

    try:
        return text and calendar.read_day(text).isoformat()
    except ValueError as error:
        raise UsageError(f"--until: {error}") from error


def problem(found: Problem) -> dict[str, object]:
    """*found* as JSON."""
    return {
        "file": found.file,
        "line": found.line,
        "column": found.column,
        "severity": found.severity,
        "message": found.message,
        "hint": found.hint,
    }


def actor() -> str:
    """Who runs this command, for the audit."""
    try:
        name = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"cli:{name}"
