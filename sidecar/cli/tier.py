"""``tier``: keeping one customer in a tier, and letting other tiers hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from sidecar.cli import options, show
from sidecar.cli.asking import ask
from sidecar.cli.options import Customer, Json, Wait

Keep = Annotated[
    bool, typer.Option("--keep", help="Nobody falls before their next review.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the command family to *app*."""
    family = typer.Typer(no_args_is_help=True, help="The tiers of customers.")
    for name, command in (("lock", lock), ("unlock", unlock), ("plan", plan), ("apply", apply)):
        family.command(name)(command)
    app.add_typer(family, name="tier")


# -- one customer --------------------------------------------------------------------------


def lock(
    context: typer.Context,
    customer: Customer,
    tier: Annotated[str, typer.Argument(metavar="TIER", help="Its name.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Kept with the lock.")],
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="DAY", help="Through that day, e.g. 2027-01-31."),
    ] = None,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Keep CUSTOMER in TIER, whatever they have earned."""
    asked = {"customer": customer, "tier": tier, "until": options.day(until), "reason": reason}
    _said(ask(options.opened(context), "tier.lock", asked, wait, "locking").answer, json)


def unlock(
    context: typer.Context, customer: Customer, wait: Wait = 30.0, json: Json = False
) -> None:
    """Let what CUSTOMER has earned decide again; they keep the tier until its next review."""
    asked = {"customer": customer}
    _said(ask(options.opened(context), "tier.unlock", asked, wait, "unlocking").answer, json)


def _said(answer: Mapping[str, Any], json: bool) -> None:
    if json:
        show.as_json(answer)
        return
    tier = "no tier" if answer["tier"] is None else show.plain(answer["tier"])
    how = "is locked in" if answer["locked"] else "is in"
    through = f" through {answer['until'][:10]}" if answer["until"] else ""
    show.note(f"customer {answer['customer_id']} {how} {tier}{through}")


# -- all of them ---------------------------------------------------------------------------


def plan(context: typer.Context, keep: Keep = False, wait: Wait = 30.0, json: Json = False) -> None:
    """Show what the tiers in the rules files would change, when they are not those that hold."""
    asked = {"apply": False, "keep": keep}
    answer = ask(options.opened(context), "tier.apply", asked, wait, "comparing").answer
    if json:
        show.as_json(answer)
        return
    if not answer["waits"]:
        show.note("the tiers in the rules files are those that hold")
        return
    for tier in answer["tiers"]:
        if tier["was"] == tier["will_be"]:
            continue
        show.out(show.plain(tier["tier"]))
        show.out(f"  is:      {_sentence(tier['was'])}")
        show.out(f"  will be: {_sentence(tier['will_be'])}")
    if answer["moves"]:
        show.out("")
        show.table(
            ("customers", "are in", "will be in"),
            [
                (f"{one['customers']:,}", _tier(one["was"]), _tier(one["tier"]))
                for one in answer["moves"]
            ],
            right=(0,),
        )
        show.out("")
        show.table(
            ("for example", "is in", "will be in"),
            [
                (one["customer_id"], _tier(one["was"]), _tier(one["tier"]))
                for one in answer["named"]
            ],
            right=(0,),
        )
    way = "sidecar tier apply" + (" --keep" if keep else "")
    moved = show.counted(answer["moved"], "customer")
    show.note(f"{moved} would be in another tier; nothing was written: `{way}` lets them hold")


def apply(
    context: typer.Context, keep: Keep = False, wait: Wait = 30.0, json: Json = False
) -> None:
    """Let the tiers in the rules files hold; the next full pass brings everybody in line."""
    asked = {"apply": True, "keep": keep}
    answer = ask(options.opened(context), "tier.apply", asked, wait, "applying").answer
    if json:
        show.as_json(answer)
    elif answer["applied"]:
        show.note("they hold; the next full pass brings everybody in line")
    else:
        show.note("the tiers in the rules files are those that hold already")


def _tier(name: str | None) -> str:
    return "no tier" if name is None else show.plain(name)


def _sentence(sentence: str | None) -> str:
    return "not there" if sentence is None else show.plain(sentence)
