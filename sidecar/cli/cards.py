"""``loyalty card`` and ``loyalty reissue``: whose card it is, and a new one in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from sidecar.cli import options, show
from sidecar.cli.asking import ask
from sidecar.cli.options import Customer, Json, Wait
from sidecar.errors import UsageError


def card(
    context: typer.Context,
    which: Annotated[
        str,
        typer.Argument(
            metavar="NUMBER|CUSTOMER", help="Of a card, or an id or e-mail address of a customer."
        ),
    ],
    json: Json = False,
) -> None:
    """Show whose card has a NUMBER and whether it holds, or the card of CUSTOMER."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    options.say_if_elsewhere(sidecar)
    found: dict[str, Any] = sidecar.loyalty_view.card(which)
    if json:
        show.as_json(found)
    if found["state"] == "mistyped":
        raise UsageError(f"{which}: {found['problem']}")
    if found["state"] == "unknown":
        raise UsageError(f"{which}: no card has this number")
    if not json:
        _tell(found)


def _tell(found: Mapping[str, Any]) -> None:
    show.out(f"{'customer':<14}{found['customer_id']}")
    match found["state"]:
        case "none":
            show.out(f"{'card':<14}none")
        case "holds":
            show.out(f"{'card':<14}{show.card(found['number'])}")
        case "ended":
            show.out(f"{'card':<14}{show.card(found['number'])}, which has ended")
            holds = found["holds"]
            show.out(f"{'in its place':<14}{show.card(holds) if holds else 'none'}")
    show.out("")
    show.table(
        ("card", "issued", "ended", "reason", "by"),
        [
            (
                show.card(one["number"]),
                one["issued"][:10],
                (one["ended"] or "")[:10],
                one["reason"] or "",
                one["actor"] or "",
            )
            for one in found["cards"]
        ],
    )


def reissue(
    context: typer.Context,
    customer: Customer,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Kept with the card.")],
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Give CUSTOMER a new card; the old one ends, and the points stay."""
    asked = {"customer": customer, "reason": reason}
    answer = ask(options.opened(context), "card.reissue", asked, wait, "issuing").answer
    if json:
        show.as_json(answer)
        return
    was = answer["in_place_of"]
    ended = f"; {show.card(was)} has ended" if was else ""
    show.note(f"customer {answer['customer_id']} has card {show.card(answer['number'])}{ended}")
