"""What a loyalty program says, and what became of its points month by month."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import typer

from sidecar.cli import options, show
from sidecar.cli.options import Json

if TYPE_CHECKING:
    from sidecar.app.loyalty_view import LoyaltyView


def program(context: typer.Context, json: Json = False) -> None:
    """Show what the loyalty program in the rules files says, its tiers and earn rules."""
    found: dict[str, Any] = _view(context).program()
    if json:
        show.as_json(found)
        return
    for label, value in _lines(found):
        show.out(f"{show.plain(label):<20}{show.plain(value)}")


def _lines(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Label and text of each line for people."""
    yield "program", found["text"]
    if found["waits"]:
        yield "", "waits to begin: `sidecar loyalty start`"
    for tier in found["tiers"]:
        yield tier["name"], f"{tier['text']} {show.counted(tier['customers'], 'customer')}"
    if found["tiers_wait"]:
        yield "", "other tiers hold until these are applied: `sidecar tier plan`"
    for rule in found["earn"]:
        yield rule["name"], rule["text"]


def months(context: typer.Context, json: Json = False) -> None:
    """Show what became of points in each of the last months, and which expire in the next."""
    found: dict[str, Any] = _view(context).months()
    if json:
        show.as_json(found)
        return
    names = ("issued", "spent", "taken", "expired", "waived")
    rows = [(one["month"], *(f"{one[name]:,}" for name in names)) for one in found["months"]]
    show.table(("month", *names), rows, right=range(1, len(names) + 1))
    show.out("")
    ending = [*found["expiring"], *({"month": name, **found[name]} for name in ("later", "never"))]
    show.table(
        ("expire in", "points", found["currency"]),
        [
            (one["month"], f"{one['points']:,}", show.money(one["worth"]))
            for one in ending
            if one["points"]
        ],
        right=(1, 2),
    )


def _view(context: typer.Context) -> LoyaltyView:
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    return sidecar.loyalty_view
