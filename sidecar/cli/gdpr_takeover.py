"""``gdpr takeover``: OpenCart's own requests are carried out here."""

from __future__ import annotations

from typing import Annotated

import typer

from sidecar.cli import options, show
from sidecar.cli.asking import ask
from sidecar.cli.options import Json, Wait


def register(family: typer.Typer) -> None:
    """Add the command to the family ``gdpr``."""
    family.command("takeover")(takeover)


def takeover(
    context: typer.Context,
    undo: Annotated[
        bool, typer.Option("--undo", help="Give them back, and switch the job on again.")
    ] = False,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """
    Carry out the requests of OpenCart's own page here, and switch its own job off.

    The job would delete the account of an approved removal at its next run, and leave the rest.
    """
    asked = {"undo": True} if undo else {}
    answer = ask(options.opened(context), "gdpr.takeover", asked, wait, "taking over").answer
    if json:
        show.as_json(answer)
        return
    if not answer["taken_over"]:
        on = "is on again" if answer["jobs_on"] else "is as it was"
        show.note(f"given back: OpenCart's own job {on}; it deletes approved removals when it runs")
        return
    show.note("taken over: OpenCart's own job `gdpr` is off, so that it deletes nobody")
    show.note("approving and denying in its page, Customers > GDPR, counts here")
    show.note("its page shows how requests stand here; `sidecar gdpr list` lists them")
    show.note("`sidecar gdpr takeover --undo` and `sidecar uninstall` put all of it back")
