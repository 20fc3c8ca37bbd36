"""``loyalty simulate``: what a change of the program would have cost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from sidecar.cli import options, show
from sidecar.cli.options import Json


def simulate(
    context: typer.Context,
    rules: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where the changed rules are; default: the rules of the settings.",
            show_default=False,
        ),
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, metavar="N", help="How far back orders are looked at.")
    ] = 90,
    json: Json = False,
) -> None:
    """Show what changed rules would have given for the last orders, and what those in force."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    options.say_if_elsewhere(sidecar)
    with show.progress("simulating") as told:
        found: dict[str, Any] = sidecar.loyalty_view.simulate(rules, days, told)
    if json:
        show.as_json(found)
        return
    _tell(found)


def _tell(found: Mapping[str, Any]) -> None:
    orders, customers = (
        show.counted(found["orders"], "order"),
        show.counted(found["customers"], "customer"),
    )
    show.out(f"{orders} of {customers} since {found['since']}")
    currency = found["currency"]
    for name in ("before", "after", "difference"):
        one = found[name]
        sign = "+" if name == "difference" else ""
        points, money = f"{one['points']:{sign},} points", f"{one['worth'][:-2]} {currency}"
        show.out(f"{name:<14}{points}, worth {show.plain(money)}")
    if found["most_affected"] or any(one["difference"] for one in found["rules"]):
        _tell_difference(found)
    elif found["difference"]["worth"] == "0.0000":
        show.out("nothing differs")
    else:
        show.out("nobody gets more points or fewer, but they are worth something else")
    for one in found["left_out_customers"]:
        show.note(f"left out: customer {one['customer_id']}: {one['why']}")
    more = found["left_out"] - len(found["left_out_customers"])
    if more > 0:
        show.note(f"left out: {show.counted(more, 'more customer')}")
    for note in found["notes"]:
        show.note(f"note: {show.plain(note)}")


def _tell_difference(found: Mapping[str, Any]) -> None:
    show.out(
        f"{'customers':<14}{found['more']:,} get more, {found['less']:,} less,"
        f" {found['same']:,} the same"
    )
    show.out("")
    show.table(
        ("rule", "before", "after", "difference"),
        [(one["rule"], *_numbers(one)) for one in found["rules"]],
        right=(1, 2, 3),
    )
    if found["most_affected"]:
        show.out("")
        show.table(
            ("most affected", "before", "after", "difference"),
            [(f"customer {one['customer_id']}", *_numbers(one)) for one in found["most_affected"]],
            right=(1, 2, 3),
        )


def _numbers(one: Mapping[str, Any]) -> tuple[str, str, str]:
    return f"{one['before']:,}", f"{one['after']:,}", f"{one['difference']:+,}"
