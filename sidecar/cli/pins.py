"""``pin``, ``unpin``, ``group set`` and ``group auto``: what people say of single customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import typer

from sidecar.cli import options, show
from sidecar.cli.asking import ask
from sidecar.cli.options import Json, Wait
from sidecar.errors import UsageError

Kind = Annotated[
    Literal["tag", "segment", "group"],
    typer.Argument(metavar="KIND", help="tag, segment or group (a customer group)."),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Of it; of a group also #ID.")]
Customers = Annotated[
    list[str], typer.Argument(metavar="CUSTOMER...", help="Ids or e-mail addresses.")
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Kept in the audit.")]


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.command("pin")(pin)
    app.command("unpin")(unpin)
    family = typer.Typer(no_args_is_help=True, help="The customer groups of single customers.")
    family.command("set")(set_)
    family.command("auto")(auto)
    app.add_typer(family, name="group")


def pin(
    context: typer.Context,
    kind: Kind,
    name: Name,
    customers: Customers,
    reason: Reason,
    into: Annotated[
        bool | None,
        typer.Option("--in/--out", help="Whatever the rules say: yes, or no.", show_default=False),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="DAY", help="Through that day, e.g. 2027-01-31."),
    ] = None,
    requalify: Annotated[
        bool, typer.Option("--requalify", help="Until the rule itself next turns true.")
    ] = False,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Say for customers what a rule would decide; the newer word counts."""
    if into is None:
        raise UsageError("say --in or --out")
    asked = {
        "kind": kind,
        "name": name,
        "customers": customers,
        "direction": "in" if into else "out",
        "until": options.day(until),
        "requalify": requalify,
        "reason": reason,
    }
    _said(ask(options.opened(context), "pin.set", asked, wait, "pinning").answer, "pinned", json)


def unpin(
    context: typer.Context,
    kind: Kind,
    name: Name,
    customers: Customers,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """End what `pin` said; the rules decide again."""
    asked = {"kind": kind, "name": name, "customers": customers}
    sidecar = options.opened(context)
    _said(ask(sidecar, "pin.end", asked, wait, "unpinning").answer, "unpinned", json)


def set_(
    context: typer.Context,
    name: Name,
    customers: Customers,
    reason: Reason,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Move customers to a customer group and leave them there: like `pin group --in`."""
    confirmed = len(customers)
    asked = {"group": name, "customers": customers, "confirmed": confirmed, "reason": reason}
    _said(ask(options.opened(context), "group.set", asked, wait, "moving").answer, "pinned", json)


def auto(
    context: typer.Context,
    customers: Annotated[
        list[str] | None, typer.Argument(metavar="CUSTOMER...", help="Ids or e-mail addresses.")
    ] = None,
    found: Annotated[
        bool,
        typer.Option("--found", help="Everybody whose group was found at installation."),
    ] = False,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Let the ladder decide the customer group of customers again."""
    if found == bool(customers):
        raise UsageError("say whose: customers, or --found, not both")
    sidecar = options.opened(context)
    if customers:
        asked = {"customers": customers, "confirmed": len(customers)}
        _said(ask(sidecar, "group.auto", asked, wait, "releasing").answer, "released", json)
        return
    answer = ask(sidecar, "group.auto_found", {}, wait, "releasing").answer
    if json:
        show.as_json(answer)
        return
    customers_ = show.counted(answer["released"], "customer")
    show.note(f"{customers_} released: {answer['decides']} decides")


def _said(answer: Mapping[str, Any], what: str, json: bool) -> None:
    if json:
        show.as_json(answer)
        return
    customers = show.counted(answer["customers"], "customer")
    if not answer["run"]:
        show.note(f"{customers}: nothing new, they were {what} before")
        return
    show.note(f"{customers} {what}: {show.changes(answer) or 'nothing changes by it now'}")
    show.note(f"`sidecar undo {answer['run']}` takes it back")
