"""``gdpr export`` and ``gdpr password``: a person's data in one archive, and what opens it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from sidecar.cli import options, show
from sidecar.cli.asking import ask
from sidecar.cli.options import Json, Wait
from sidecar.cli.person_options import (
    Guest,
    PerhapsCustomer,
    PerhapsHow,
    PerhapsVerifiedBy,
    Request,
)
from sidecar.errors import UsageError

#: Seconds: the archive of somebody with very many orders takes its time.
_WAIT = 300.0


def register(family: typer.Typer) -> None:
    """Add the commands to the family ``gdpr``."""
    family.command("export")(export)
    family.command("password")(password)


def export(
    context: typer.Context,
    customer: PerhapsCustomer = None,
    guest: Guest = None,
    request: Annotated[
        int | None,
        typer.Option("--request", metavar="N", min=1, help="What a request asks for."),
    ] = None,
    verified_by: PerhapsVerifiedBy = None,
    how: PerhapsHow = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Copy the archive there, never over a file."),
    ] = None,
    wait: Wait = _WAIT,
    json: Json = False,
) -> None:
    """Make an archive of a person's data; `sidecar gdpr password` tells what opens it."""
    if output is not None and (output.exists() or not output.parent.is_dir()):
        what = "there is a file already" if output.exists() else "there is no such folder"
        raise UsageError(f"{output}: {what} (nothing was made)")
    asked = {
        "customer": customer,
        "guest": guest,
        "request": request,
        "verified_by": verified_by,
        "how": how,
    }
    answer = ask(options.opened(context), "gdpr.export", asked, wait, "exporting").answer
    if output is not None:
        from sidecar.privacy.export_archive import copy_to

        copy_to(Path(answer["file"]), output)
    if json:
        show.as_json(answer if output is None else {**answer, "copy": str(output.absolute())})
        return
    _say(answer, output)


def _say(answer: Mapping[str, Any], output: Path | None) -> None:
    show.out(answer["file"] if output is None else str(output))
    rows, tables = show.counted(answer["rows"], "row"), show.counted(answer["tables"], "table")
    files = show.counted(answer["files"], "file")
    show.note(f"request {answer['request']} is {answer['state']}: {rows} of {tables}, {files}")
    for why in answer["missing"]:
        show.note(f"incomplete: {show.plain(why)}")
    show.note(f"{answer['file']} is deleted after {str(answer['until'])[:10]}")
    show.note(f"`sidecar gdpr password {answer['request']}` tells the password")
    show.note(f"{answer['look']}")


def password(
    context: typer.Context,
    request: Request,
    again: Annotated[
        bool, typer.Option("--again", help="Though it was told before; it is noted.")
    ] = False,
    wait: Wait = 30.0,
) -> None:
    """Tell the password of the export that was made for REQUEST, once; who asked is noted."""
    sidecar = options.opened(context)
    ask(sidecar, "gdpr.password", {"request": request, "again": again}, wait, "asking")
    show.out(sidecar.privacy_view.export_password(request))
