"""``points``: what one customer has, and giving and taking points by hand."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

import typer

from sidecar.cli import options, redemptions, show
from sidecar.cli.asking import ask
from sidecar.cli.options import Customer, Json, Wait

Amount = Annotated[
    int, typer.Argument(metavar="AMOUNT", min=1, help="How many points.", show_default=False)
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Kept in the ledger.")]


def register(app: typer.Typer) -> None:
    """Add the command family to *app*."""
    family = typer.Typer(no_args_is_help=True, help="Points of single customers.")
    for name, command in (("show", show_), ("add", add), ("deduct", deduct), ("restore", restore)):
        family.command(name)(command)
    for name, command_ in (("redeem", redemptions.redeem), ("cancel", redemptions.cancel)):
        family.command(name)(command_)
    app.add_typer(family, name="points")


def show_(
    context: typer.Context,
    customer: Customer,
    limit: Annotated[
        int, typer.Option("--limit", min=0, metavar="N", help="The latest entries, at most.")
    ] = 20,
    json: Json = False,
) -> None:
    """Show what CUSTOMER has in points, what expires next, and how it came to that."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    options.say_if_elsewhere(sidecar)
    found: dict[str, Any] = sidecar.loyalty_view.points(customer, limit)
    if json:
        show.as_json(found)
        return
    _balance(found)
    if found["lots"]:
        show.out("")
        show.table(
            ("points", "of", "can be spent", "through"),
            [
                (
                    f"{lot['points']:,}",
                    lot["what"],
                    _from(lot),
                    lot["until"] or "",
                )
                for lot in found["lots"]
            ],
            right=(0,),
        )
    redemptions.say(found["redemptions"], found["currency"])
    if found["entries"]:
        show.out("")
        show.table(
            ("date", "what", "points", "available", "reason", "by"),
            [
                (
                    str(entry["at"])[:16].replace("T", " "),
                    entry["what"],
                    f"{entry['points']:+,}" if entry["points"] else "",
                    f"{entry['available']:+,}" if entry["available"] else "",
                    entry["reason"] or "",
                    entry["actor"] or "",
                )
                for entry in found["entries"]
            ],
            right=(2, 3),
        )


def _from(lot: Mapping[str, Any]) -> str:
    if lot["from"] is not None:
        return f"from {lot['from']}"
    return "now" if lot["points"] > 0 else ""


def _balance(found: Mapping[str, Any]) -> None:
    if found["card"] is not None:
        show.out(f"{'card':<14}{show.card(found['card'])}")
    if found["member_since"] is not None:
        show.out(f"{'member since':<14}{found['member_since'][:10]}")
    _tier(found["tier"])
    show.out(f"{'available':<14}{found['available']:,} ({_money(found)})")
    if found["pending"]:
        show.out(f"{'pending':<14}{found['pending']:,}")
    ending = found["next_expiry"]
    if ending is not None:
        show.out(f"{'expires next':<14}{ending['points']:,}, after {ending['until']}")


def _tier(tier: Mapping[str, Any] | None) -> None:
    if tier is None:
        return
    since = "" if tier["since"] is None else f" since {tier['since'][:10]}"
    name = "none" if tier["name"] is None else show.plain(tier["name"])
    show.out(f"{'tier':<14}{name}{since}: {show.plain(tier['why'])}")
    show.out(f"{'':<14}{show.plain(tier['next_why'])}")
    if tier["next_tier"] is not None:
        what = "points" if tier["metric"] == "points earned" else "spent"
        missing = f"{Decimal(tier['missing']).normalize():,f} {what}"
        show.out(f"{'next tier':<14}{show.plain(tier['next_tier'])}, {missing} from here")


def add(
    context: typer.Context,
    customer: Customer,
    amount: Amount,
    reason: Reason,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Give CUSTOMER points; they expire as if they were earned now."""
    asked = {"customer": customer, "points": amount, "reason": reason}
    _answer(ask(options.opened(context), "points.add", asked, wait, "adding").answer, json)


def deduct(
    context: typer.Context,
    customer: Customer,
    amount: Amount,
    reason: Reason,
    into_debt: Annotated[
        bool,
        typer.Option("--into-debt", help="Also more than there are; what is missing is owed."),
    ] = False,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Take points from CUSTOMER, those that expire soonest first."""
    asked = {"customer": customer, "points": amount, "reason": reason, "into_debt": into_debt}
    _answer(ask(options.opened(context), "points.deduct", asked, wait, "deducting").answer, json)


def restore(
    context: typer.Context,
    customer: Customer,
    order: Annotated[
        int,
        typer.Argument(metavar="ORDER", min=1, help="The order's number.", show_default=False),
    ],
    reason: Reason,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Let ORDER earn again whose points somebody removed in the store."""
    asked = {"customer": customer, "order": order, "reason": reason}
    sidecar = options.opened(context)
    answer = ask(sidecar, "points.restore", asked, wait, "giving back").answer
    if json:
        show.as_json(answer)
        return
    show.note(
        f"order {answer['order']} earns {show.counted(answer['points'], 'point')} again:"
        f" customer {answer['customer_id']} has {answer['available']:,} ({_money(answer)})"
    )


def _answer(answer: Mapping[str, Any], json: bool) -> None:
    if json:
        show.as_json(answer)
        return
    done = "given" if answer["points"] > 0 else "taken"
    show.note(
        f"{show.counted(abs(answer['points']), 'point')} {done}:"
        f" customer {answer['customer_id']} has {answer['available']:,} ({_money(answer)})"
    )


def _money(answer: Mapping[str, Any]) -> str:
    """What is available, in money."""
    return f"worth {answer['worth'][:-2]} {show.plain(answer['currency'])}"
