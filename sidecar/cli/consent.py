"""``consent``: what people consented to, with proof, and where nothing may be sent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from sidecar.cli import options, show
from sidecar.cli.asking import ask
from sidecar.cli.options import Json, Wait
from sidecar.cli.person_options import CustomerOrGuest
from sidecar.errors import FatalError, UsageError

Address = Annotated[
    str,
    typer.Argument(
        metavar="ADDRESS", help="E-mail address or telephone number.", show_default=False
    ),
]
Channel = Annotated[
    str,
    typer.Option(
        "--channel",
        metavar="CHANNEL",
        help="email, sms, telephone, post, messenger, cookie or processing.",
    ),
]
Purpose = Annotated[str, typer.Option("--purpose", metavar="NAME", help="What it is for.")]
Store = Annotated[
    str | None,
    typer.Option("--store", metavar="ID", help="Default: the customer's.", show_default=False),
]
Reason = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Kept with it.", show_default=False)
]
At = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="TIME",
        help='When it was said, e.g. "2026-03-31 14:30"; default: now.',
        show_default=False,
    ),
]
Words = Annotated[
    str | None,
    typer.Option(
        "--wording",
        metavar="TEXT",
        help="The words they read, or the beginning of their hash.",
        show_default=False,
    ),
]
Locale = Annotated[
    str | None,
    typer.Option("--locale", metavar="CODE", help="Their language.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the command family to *app*."""
    family = typer.Typer(
        no_args_is_help=True, help="Consents with proof, and where nothing may be sent."
    )
    for name, command in (
        ("show", show_),
        ("grant", grant),
        ("await", await_),
        ("withdraw", withdraw),
        ("note", note),
        ("object", object_),
        ("suppress", suppress),
        ("suppressed", suppressed),
        ("verify", verify),
    ):
        family.command(name)(command)
    words = typer.Typer(no_args_is_help=True, help="The words that people consent to.")
    words.command("add")(add_wording)
    words.command("list")(list_wordings)
    family.add_typer(words, name="wording")
    app.add_typer(family, name="consent")


# -- looking -------------------------------------------------------------------------------


def show_(context: typer.Context, customer: CustomerOrGuest, json: Json = False) -> None:
    """Show what CUSTOMER consented to, where nothing may be sent, and how it came about."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    options.say_if_elsewhere(sidecar)
    found: dict[str, Any] = sidecar.privacy_view.consents(customer)
    if json:
        show.as_json(found)
        return
    show.table(
        ("channel", "purpose", "store", "state", "since"),
        [
            (one["channel"], one["purpose"], one["store_id"], one["state"], _time(one["since"]))
            for one in found["consents"]
        ],
    )
    for one in found["suppressed"]:
        show.out(f"nothing may be sent by {one['channel']}: {one['reason']}, {_time(one['since'])}")
    if found["history"]:
        show.out("")
        show.table(
            ("date", "channel", "purpose", "what", "evidence", "words", "by"),
            [
                (
                    _time(one["at"]),
                    one["channel"],
                    one["purpose"],
                    one["state"],
                    _proof(one),
                    one["words"] or "",
                    one["actor"] or one["source"],
                )
                for one in found["history"]
            ],
        )


def suppressed(
    context: typer.Context, address: Address, channel: Channel = "email", json: Json = False
) -> None:
    """Show whether ADDRESS is on the suppression list."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    options.say_if_elsewhere(sidecar)
    found: dict[str, Any] = sidecar.privacy_view.suppressed(channel, address)
    if json:
        show.as_json(found)
    elif found["suppressed"]:
        show.out(f"suppressed: {found['reason']}, {_time(found['since'])}")
    else:
        show.out("not suppressed")


def verify(context: typer.Context, json: Json = False) -> None:
    """Look whether every consent is as it was written, and none is missing."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    options.say_if_elsewhere(sidecar)
    with show.progress("verifying") as told:
        found: dict[str, Any] = sidecar.privacy_view.consents_verified(told)
    if json:
        show.as_json(found)
    else:
        for one in found["problems"]:
            show.out(one["message"])
        more = found["found"] - len(found["problems"])
        if more:
            show.out(f"and {show.counted(more, 'more problem')}")
        whole = "the chain is whole" if found["whole"] else "the chain is not whole"
        erased = f", {found['erased']:,} of them erased" if found["erased"] else ""
        show.note(f"{whole}: {show.counted(found['consents'], 'consent')}{erased}")
    if not found["whole"]:
        raise typer.Exit(FatalError.exit_code)


# -- saying --------------------------------------------------------------------------------


def grant(
    context: typer.Context,
    customer: CustomerOrGuest,
    evidence: Annotated[
        str,
        typer.Option("--evidence", metavar="KIND", help="form, double_opt_in, staff or document."),
    ],
    channel: Channel = "email",
    purpose: Purpose = "newsletter",
    store: Store = None,
    reason: Reason = None,
    wording: Words = None,
    locale: Locale = None,
    at: At = None,
    ip: Annotated[
        str | None,
        typer.Option("--ip", metavar="IP", help="From which address.", show_default=False),
    ] = None,
    user_agent: Annotated[
        str | None,
        typer.Option(
            "--user-agent", metavar="TEXT", help="With which program.", show_default=False
        ),
    ] = None,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Grant a consent of CUSTOMER of which there is evidence: a reason, or the wording."""
    asked = {
        "customer": customer,
        "channel": channel,
        "purpose": purpose,
        "store": store,
        "evidence": evidence,
        "reason": reason,
        "wording": wording,
        "locale": locale,
        "at": at,
        "ip": ip,
        "user_agent": user_agent,
    }
    _tell(ask(options.opened(context), "consent.grant", asked, wait, "granting").answer, json)


def await_(
    context: typer.Context,
    customer: CustomerOrGuest,
    channel: Channel = "email",
    purpose: Purpose = "newsletter",
    store: Store = None,
    reason: Reason = None,
    wording: Words = None,
    locale: Locale = None,
    at: At = None,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Note that CUSTOMER was asked for a consent and has not answered yet."""
    asked = {
        "customer": customer,
        "channel": channel,
        "purpose": purpose,
        "store": store,
        "reason": reason,
        "wording": wording,
        "locale": locale,
        "at": at,
    }
    _tell(ask(options.opened(context), "consent.await", asked, wait, "noting").answer, json)


def withdraw(
    context: typer.Context,
    customer: CustomerOrGuest,
    channel: Channel = "email",
    purpose: Purpose = "newsletter",
    store: Store = None,
    reason: Reason = None,
    at: At = None,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Withdraw a consent of CUSTOMER; that always counts, and at once."""
    asked = {
        "customer": customer,
        "channel": channel,
        "purpose": purpose,
        "store": store,
        "reason": reason,
        "at": at,
    }
    _tell(ask(options.opened(context), "consent.withdraw", asked, wait, "withdrawing").answer, json)


def note(
    context: typer.Context,
    customer: CustomerOrGuest,
    state: Annotated[
        str, typer.Argument(metavar="STATE", help="bounced or complained.", show_default=False)
    ],
    channel: Channel = "email",
    reason: Reason = None,
    at: At = None,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Note that messages to CUSTOMER bounced, or a complaint: no more is sent there."""
    asked = {
        "customer": customer,
        "state": state,
        "channel": channel,
        "reason": reason,
        "at": at,
    }
    _tell_all(ask(options.opened(context), "consent.note", asked, wait, "noting").answer, json)


def object_(
    context: typer.Context,
    customer: CustomerOrGuest,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Kept with it.")],
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Withdraw all that CUSTOMER consented to, who objects to marketing, for good."""
    asked = {"customer": customer, "reason": reason}
    _tell_all(ask(options.opened(context), "consent.object", asked, wait, "objecting").answer, json)


def suppress(
    context: typer.Context,
    address: Address,
    because: Annotated[
        str,
        typer.Option(
            "--because", metavar="WHY", help="withdrawn, bounced, complained or objected."
        ),
    ],
    channel: Channel = "email",
    reason: Reason = None,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Put ADDRESS on the suppression list, and end what was consented to for it."""
    asked = {"address": address, "channel": channel, "because": because, "reason": reason}
    answer = ask(options.opened(context), "consent.suppress", asked, wait, "suppressing").answer
    _tell_all(answer, json)


# -- wordings ------------------------------------------------------------------------------


def add_wording(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A text in UTF-8.", show_default=False)
    ],
    locale: Locale = None,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Keep the words of FILE, which people consent to; `grant --wording` names their hash."""
    try:
        words = file.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise UsageError(f"{file}: is no text in UTF-8") from None
    asked = {"words": words, "locale": locale}
    answer = ask(options.opened(context), "consent.word", asked, wait, "keeping").answer
    if json:
        show.as_json(answer)
    else:
        show.out(answer["wording"])


def list_wordings(context: typer.Context, json: Json = False) -> None:
    """Show the words that are kept, the newest first."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    found: list[dict[str, Any]] = sidecar.privacy_view.wordings()
    if json:
        show.as_json(found)
        return
    show.table(
        ("wording", "language", "since", "words"),
        [
            (one["wording"][:12], one["locale"], _time(one["since"]), _beginning(one["words"]))
            for one in found
        ],
    )


# -- in words ------------------------------------------------------------------------------


def _tell(answer: Mapping[str, Any], json: bool) -> None:
    if json:
        show.as_json(answer)
        return
    what = f"{answer['channel']}:{answer['purpose']} of {_who(answer['customer_id'])}"
    already = "" if answer["changed"] else " already"
    show.note(f"{what} is {answer['state']}{already}, since {_time(answer['since'])}")


def _tell_all(answer: Mapping[str, Any], json: bool) -> None:
    if json:
        show.as_json(answer)
        return
    changed = show.counted(answer["changed"], "consent")
    show.note(f"nothing is sent there any more ({changed} changed)")


def _who(customer_id: int | None) -> str:
    return "the guest" if customer_id is None else f"customer {customer_id}"


def _proof(one: Mapping[str, Any]) -> str:
    if one["evidence"] != "none":
        return str(one["evidence"])
    return "no evidence" if one["state"] == "granted" else ""


def _time(text: str | None) -> str:
    return (text or "")[:16].replace("T", " ")


def _beginning(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= 60 else f"{line[:59]}…"
