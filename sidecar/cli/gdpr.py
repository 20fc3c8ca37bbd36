"""``gdpr``: what people ask for about their data, and what becomes of it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from sidecar.cli import options, show
from sidecar.cli.asking import ask
from sidecar.cli.options import Json, Wait
from sidecar.cli.person_options import (
    Guest,
    How,
    PerhapsCustomer,
    PerhapsHow,
    PerhapsReason,
    PerhapsVerifiedBy,
    Reason,
    Request,
    VerifiedBy,
)

#: What people ask for, as it is written here, and as the command has it.
KINDS = {
    "access": "access",
    "erase": "erase",
    "rectify": "rectify",
    "restrict": "restrict",
    "object-marketing": "object_marketing",
    "object-profiling": "object_profiling",
}

#: Modules with more commands of the family; the ``register(family)`` of each adds them.
MORE = ("gdpr_rights", "gdpr_takeover", "gdpr_erase", "gdpr_export", "gdpr_retention")


def register(app: typer.Typer) -> None:
    """Add the command family to *app*."""
    family = typer.Typer(no_args_is_help=True, help="Requests of people about their data.")
    for name, command in (
        ("list", list_),
        ("show", show_),
        ("request", request),
        ("verify", verify),
        ("approve", approve),
        ("refuse", refuse),
        ("cancel", cancel),
        ("extend", extend),
        ("rectified", rectified),
    ):
        family.command(name)(command)
    for module in MORE:
        importlib.import_module(f"sidecar.cli.{module}").register(family)
    app.add_typer(family, name="gdpr")


# -- looking -------------------------------------------------------------------------------


def list_(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that are answered, the newest first.")
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="At most so many.")
    ] = 100,
    json: Json = False,
) -> None:
    """Show the requests that are not answered yet, the first due first."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    options.say_if_elsewhere(sidecar)
    found: dict[str, Any] = sidecar.privacy_view.requests(everything=everything, limit=limit)
    if json:
        show.as_json(found)
        return
    _table(found["requests"])
    if not found["requests"]:
        show.note("no request waits for an answer")
    if not found["taken_over"] and any(one["source"] == "native" for one in found["requests"]):
        show.note(
            "those of OpenCart's own page are read only: `sidecar gdpr takeover` lets them be"
            " carried out here"
        )


def show_(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            metavar="REQUEST|EMAIL", help="A request's number, or an address.", show_default=False
        ),
    ],
    customer: Annotated[
        bool, typer.Option("--customer", help="It is a customer's id, not a request's number.")
    ] = False,
    json: Json = False,
) -> None:
    """Show a request and what was done about it, or what there is of a person."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    options.say_if_elsewhere(sidecar)
    if what.isascii() and what.isdigit() and not customer:
        found: dict[str, Any] = sidecar.privacy_view.request(int(what[:18]))
        if json:
            show.as_json(found)
        else:
            _one(found)
        return
    found = sidecar.privacy_view.person(what)
    if json:
        show.as_json(found)
    else:
        _person(found)


def _one(found: Mapping[str, Any]) -> None:
    who = found["customer_id"] or found["email"] or "erased"
    lines = {
        "request": found["request"],
        "for": found["kind"],
        "by": who,
        "state": found["state"],
        "identity": _identity(found),
        "received": _minute(found["received_at"]),
        "due": found["due"] + (" (overdue)" if found["overdue"] else ""),
        "begins": _minute(found["starts_at"]),
        "finished": _minute(found["finished_at"]),
    }
    for name, value in lines.items():
        if value:
            show.out(f"{name:<10}{show.plain(str(value))}")
    show.out("")
    show.table(
        ("date", "what", "by", "reason"),
        [
            (_minute(act["at"]), act["act"], act["actor"], act["reason"] or "")
            for act in found["acts"]
        ],
    )


def _person(found: Mapping[str, Any]) -> None:
    for one in found["restrictions"]:
        show.out(
            show.plain(
                f"{one['kind']} since {_minute(one['since'])} ({one['actor']}: {one['reason']})"
            )
        )
    if (held := found["legal_hold"]) is not None:
        until = f" until {held['until']}" if held["until"] else ""
        show.out(show.plain(f"legal hold{until} ({held['actor']}: {held['reason']})"))
    _table(found["requests"])
    if not any(found[name] for name in ("requests", "restrictions", "legal_hold")):
        show.note("there is no request, no restriction and no legal hold")


def _table(found: list[Mapping[str, Any]]) -> None:
    if not found:
        return
    show.table(
        ("request", "for", "by", "state", "identity", "due", "where"),
        [
            (
                one["request"],
                one["kind"],
                one["customer_id"] or one["email"] or "",
                one["state"],
                one["identity"],
                one["due"] + (" overdue" if one["overdue"] else ""),
                "store" if one["source"] == "native" else "here",
            )
            for one in found
        ],
        right=(0,),
    )


# -- entering and deciding -----------------------------------------------------------------


def request(
    context: typer.Context,
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help=", ".join(KINDS) + ".", show_default=False)
    ],
    customer: PerhapsCustomer = None,
    guest: Guest = None,
    verified_by: PerhapsVerifiedBy = None,
    how: PerhapsHow = None,
    received: Annotated[
        str | None,
        typer.Option("--received", metavar="DAY", help="When it was made; default: now."),
    ] = None,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Enter what somebody asks for about their data."""
    asked = {
        "kind": KINDS.get(kind, kind),
        "customer": customer,
        "guest": guest,
        "verified_by": verified_by,
        "how": how,
        "received": received,
    }
    answer = ask(options.opened(context), "gdpr.request", asked, wait, "entering").answer
    if json:
        show.as_json(answer)
        return
    number = answer["request"]
    was = "" if answer["new"] else "there already: "
    show.note(f"{was}request {number}, {answer['state']}, to be answered by {answer['due']}")
    if answer["identity"] == "none" and answer["kind"] in ("access", "erase"):
        show.note(f"next: sidecar gdpr verify {number} --verified-by USER --how TEXT")


def verify(
    context: typer.Context,
    request: Request,
    verified_by: VerifiedBy,
    how: How,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Note how USER knows that it is the person who asks."""
    asked = {"request": request, "verified_by": verified_by, "how": how}
    _decide(context, "gdpr.verify", asked, wait, json)


def approve(
    context: typer.Context, request: Request, wait: Wait = 30.0, json: Json = False
) -> None:
    """Let a copy be made, or an erasure begin once the time to cancel it is over."""
    _decide(context, "gdpr.approve", {"request": request}, wait, json)


def refuse(
    context: typer.Context,
    request: Request,
    reason: Reason,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Answer that it is not done, and why."""
    _decide(context, "gdpr.refuse", {"request": request, "reason": reason}, wait, json)


def cancel(
    context: typer.Context,
    request: Request,
    reason: PerhapsReason = None,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Drop a request that has not begun, as when somebody thought better of it."""
    _decide(context, "gdpr.cancel", {"request": request, "reason": reason}, wait, json)


def extend(
    context: typer.Context,
    request: Request,
    reason: Reason,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Answer two months later; tell the person why, within the first month."""
    _decide(context, "gdpr.extend", {"request": request, "reason": reason}, wait, json)


def rectified(
    context: typer.Context,
    request: Request,
    what: Annotated[
        str, typer.Option("--what", metavar="TEXT", help="Which data, without their values.")
    ],
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Note that data were put right in the store, as REQUEST asks."""
    _decide(context, "gdpr.rectified", {"request": request, "what": what}, wait, json)


def _decide(
    context: typer.Context, name: str, asked: Mapping[str, object], wait: float, json: bool
) -> None:
    answer = ask(options.opened(context), name, asked, wait, "deciding").answer
    if json:
        show.as_json(answer)
        return
    begins = ""
    if answer["state"] == "waiting":
        begins = f", may be carried out from {_minute(answer['starts_at'])} on"
    due = "" if answer["finished_at"] else f", to be answered by {answer['due']}"
    show.note(f"request {answer['request']} is {answer['state']}{begins}{due}")


def _identity(found: Mapping[str, Any]) -> str:
    if found["identity"] != "staff":
        return str(found["identity"])
    return f"{found['verified_by']}: {found['verified_how']}"


def _minute(at: str | None) -> str:
    return "" if at is None else at[:16].replace("T", " ")
