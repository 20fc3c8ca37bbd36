"""``doctor``: everything that can be checked, and how each fault is mended."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sidecar.cli import show

if TYPE_CHECKING:
    from sidecar.service.doctor.finding import Finding

#: When something does not work.
BROKEN = 70

#: On a terminal, and its colour; elsewhere the state's own name stands.
_MARKS = {
    "ok": ("✓", "green"),
    "note": ("·", "cyan"),
    "warning": ("!", "yellow"),
    "error": ("✗", "red"),
}


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("doctor")(doctor)


def doctor(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    cpu: Annotated[
        bool, typer.Option("--cpu", help="Only whether this processor can run the program.")
    ] = False,
) -> None:
    """Check everything, and say how each fault is mended; exit code 70 when something is broken."""
    # Nothing here may import Polars before the processor is known to run it.
    from sidecar.service.doctor.processor import check_processor

    found, code = [check_processor()], 0
    if not cpu and found[0].state != "error":
        more, code = _examined(context)
        found += more
    if json:
        show.as_json([finding.as_json() for finding in found])
    else:
        _print(found)
    if code or any(finding.state == "error" for finding in found):
        raise typer.Exit(code or BROKEN)


def _examined(context: typer.Context) -> tuple[list[Finding], int]:
    """Everything but the processor, and the exit code of settings that cannot be used."""
    from sidecar import clock, config
    from sidecar.errors import ConfigError
    from sidecar.service.doctor.finding import Finding

    flag: Path | None = context.find_root().params.get("config")
    try:
        settings = config.load(config.find(flag, os.environ), os.environ)
    except ConfigError as error:
        first, *more = str(error).splitlines()
        file = first.rpartition(": ")[0]
        return [
            Finding(
                "settings.file",
                "error",
                problem,
                "nothing works, and nothing else can be checked",
                "mend the settings: docs/reference/config.md has them all",
            )
            for problem in ([f"{file}: {line.strip()}" for line in more] or [first])
        ], error.exit_code
    os.environ.setdefault("POLARS_MAX_THREADS", str(settings.sync.threads))
    from sidecar.service.doctor.examine import examine

    return examine(settings, clock.now), 0


def _print(found: list[Finding]) -> None:
    terminal = sys.stdout.isatty()
    coloured = terminal and not os.environ.get("NO_COLOR")
    subject = ""
    for finding in found:
        if finding.subject != subject:
            subject = finding.subject
            show.out(typer.style(subject, bold=True) if coloured else subject)
        sign, colour = _MARKS[finding.state]
        mark = typer.style(sign, fg=colour) if coloured else sign
        mark = mark if terminal else f"{finding.state:<7}"
        indent = " " * (4 if terminal else 10)
        show.out(f"  {mark} {_line(finding.found)}")
        if finding.state != "ok":
            if finding.consequence:
                show.out(f"{indent}so: {_line(finding.consequence)}")
            if finding.mend:
                lines = (show.plain(line) for line in finding.mend.splitlines())
                show.out(f"{indent}do: " + f"\n{indent}    ".join(lines))
    show.out(_summary(found))


def _line(text: str) -> str:
    """*text* in one line that can forge no other: it may quote what is stored."""
    return show.plain(" ".join(text.split()))


def _summary(found: list[Finding]) -> str:
    counts = [
        show.counted(number, noun)
        for state, noun in (("error", "error"), ("warning", "warning"), ("note", "note"))
        if (number := sum(finding.state == state for finding in found))
    ]
    return f"{show.counted(len(found), 'check')}: {', '.join(counts) or 'all is well'}"
