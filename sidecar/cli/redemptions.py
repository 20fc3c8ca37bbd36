"""``points redeem`` and ``points cancel``: points that become a coupon of the store's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from sidecar.cli import options, show
from sidecar.cli.asking import ask
from sidecar.cli.options import Customer, Json, Wait
from sidecar.errors import UsageError


def redeem(
    context: typer.Context,
    customer: Customer,
    points: Annotated[
        str, typer.Argument(metavar="POINTS", help="How many, at most; `all`: all that there are.")
    ],
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Kept in the ledger.")
    ] = None,
    credit: Annotated[
        bool, typer.Option("--credit", help="They become store credit, and no coupon.")
    ] = False,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Make points of CUSTOMER a coupon that they use once; its code is written to stdout."""
    asked = {
        "customer": customer,
        "points": _number(points),
        "becomes": "credit" if credit else "coupon",
        "reason": reason,
    }
    answer = ask(options.opened(context), "points.redeem", asked, wait, "redeeming").answer
    if json:
        show.as_json(answer)
        return
    became = f"{_money(answer, 'value')} of store credit"
    if not credit:
        show.out(show.plain(answer["code"] or ""))
        became = f"a coupon of {_money(answer, 'value')}, {_terms(answer)}"
    show.note(
        f"{show.counted(answer['points'], 'point')} of customer {answer['customer_id']} became"
        f" {became}; {answer['available']:,} are left (redemption {answer['redemption']})"
    )


def _number(text: str) -> int | None:
    """How many points *text* says; None: all."""
    if text == "all":
        return None
    digits = text.replace(",", "")
    if not (digits.isascii() and digits.isdigit() and 0 < len(digits) <= 18) or int(digits) < 1:
        raise UsageError(f"{text[:40]!r} is no number of points (1 or more, or `all`)")
    return int(digits)


def cancel(
    context: typer.Context,
    redemption: Annotated[
        int,
        typer.Argument(metavar="REDEMPTION", min=1, help="Its number, as `points show` tells it."),
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Kept with it.")],
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """End the coupon of a redemption; its points come back a day later, unless it is used."""
    asked = {"redemption": redemption, "reason": reason}
    answer = ask(options.opened(context), "points.cancel", asked, wait, "ending").answer
    if json:
        show.as_json(answer)
        return
    show.note(
        f"the coupon of redemption {answer['redemption']} is on no new order from now on:"
        f" {show.counted(answer['points'], 'point')} come back to customer"
        f" {answer['customer_id']} in a day, unless an order that is being paid has it"
    )


def say(found: Sequence[Mapping[str, Any]], currency: str) -> None:
    """The redemptions of an account."""
    if not found:
        return
    show.out("")
    show.table(
        ("redemption", "date", "points", "value", "state", "code", "through", "order"),
        [
            (
                one["redemption"],
                str(one["at"])[:10],
                f"{one['points']:,}",
                f"{one['value'][:-2]} {show.plain(currency)}",
                _state(one),
                one["code"] or "",
                one["until"] or "",
                one["order"] or "",
            )
            for one in found
        ],
        right=(0, 2, 3),
    )


def _state(one: Mapping[str, Any]) -> str:
    if one["becomes"] == "credit":
        return "store credit"
    if one["state"] == "foreign":
        who = f"customer {one['used_by']}" if one["used_by"] else "a guest"
        return f"used by {who}, points given back"
    words = {"closing": "ended, points come back", "returned": "ended, points given back"}
    return words.get(one["state"], str(one["state"]))


def _terms(answer: Mapping[str, Any]) -> str:
    until = f"through {answer['until']}" if answer["until"] else "for ever"
    return f"for goods of {_money(answer, 'least_order')} and more, {until}"


def _money(answer: Mapping[str, Any], name: str) -> str:
    return f"{answer[name][:-2]} {show.plain(answer['currency'])}"
