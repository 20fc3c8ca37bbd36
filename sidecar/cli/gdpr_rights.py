"""``gdpr restrict``, ``object`` and ``hold``: what may not be done with a person's data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from sidecar.cli import options, show
from sidecar.cli.asking import ask
from sidecar.cli.options import Customer, Json, Wait
from sidecar.cli.person_options import Guest, PerhapsCustomer, Reason

To = Annotated[str, typer.Option("--to", metavar="WHAT", help="marketing or profiling.")]


def register(family: typer.Typer) -> None:
    """Add the commands to the family ``gdpr``."""
    for name, command in (
        ("restrict", restrict),
        ("unrestrict", unrestrict),
        ("object", object_),
        ("unobject", unobject),
        ("hold", hold),
        ("unhold", unhold),
    ):
        family.command(name)(command)


def restrict(
    context: typer.Context,
    customer: Customer,
    reason: Reason,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Make nothing of the data of CUSTOMER any more; what stands stays."""
    asked = {"customer": customer, "reason": reason}
    _right(context, "gdpr.restrict", asked, wait, json)


def unrestrict(
    context: typer.Context,
    customer: Customer,
    reason: Reason,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Treat CUSTOMER as everybody else again."""
    asked = {"customer": customer, "reason": reason}
    _right(context, "gdpr.unrestrict", asked, wait, json)


def object_(
    context: typer.Context,
    to: To,
    reason: Reason,
    customer: PerhapsCustomer = None,
    guest: Guest = None,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Note that somebody objects to marketing, or CUSTOMER to being judged by their facts."""
    asked = {"to": to, "customer": customer, "guest": guest, "reason": reason}
    _right(context, "gdpr.object", asked, wait, json)


def unobject(
    context: typer.Context,
    customer: Customer,
    to: To,
    reason: Reason,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Note that CUSTOMER objects no more; consents that it withdrew stay withdrawn."""
    asked = {"to": to, "customer": customer, "reason": reason}
    _right(context, "gdpr.unobject", asked, wait, json)


def _right(
    context: typer.Context, name: str, asked: Mapping[str, object], wait: float, json: bool
) -> None:
    answer = ask(options.opened(context), name, asked, wait, "noting").answer
    if json:
        show.as_json(answer)
        return
    who = f"customer {answer['customer_id']}" if answer["customer_id"] else "the guest"
    is_so = "is" if answer["holds"] else "is no longer"
    show.note(f"{who} {is_so} {answer['right'].replace('_', ' ')}")
    if answer.get("request"):
        show.note(f"request {answer['request']} is done with that")


def hold(
    context: typer.Context,
    customer: Customer,
    reason: Reason,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DAY", help="Its last day; default: none.")
    ] = None,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Keep the data of CUSTOMER from being erased, as while a lawsuit goes on."""
    asked = {"customer": customer, "until": until, "reason": reason}
    answer = ask(options.opened(context), "gdpr.hold", asked, wait, "noting").answer
    if json:
        show.as_json(answer)
        return
    ends = f" until {answer['until']}" if answer["until"] else ""
    show.note(f"customer {answer['customer_id']} is held{ends}: nothing of them is erased")


def unhold(
    context: typer.Context,
    customer: Customer,
    reason: Reason,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Let the data of CUSTOMER be erased again."""
    asked = {"customer": customer, "reason": reason}
    answer = ask(options.opened(context), "gdpr.unhold", asked, wait, "noting").answer
    if json:
        show.as_json(answer)
        return
    show.note(f"customer {answer['customer_id']} is held no longer")
