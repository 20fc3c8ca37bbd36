"""``customers`` and ``facts``: who matches an expression, and what can be said of them."""

from __future__ import annotations

import json as json_format
from typing import Annotated

import typer

from sidecar.cli import options, show
from sidecar.errors import ConfigError

_SHOWN = ("email", "group", "orders", "total_spent", "last_order", "tags")


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.command("customers")(customers)
    app.command("facts")(facts)


def customers(
    context: typer.Context,
    expression: Annotated[str, typer.Argument(metavar="EXPRESSION", help="E.g. 'orders >= 3'.")],
    limit: Annotated[
        int | None, typer.Option("--limit", min=0, metavar="N", help="At most so many.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, with every fact.")] = False,
) -> None:
    """List who matches EXPRESSION, with their facts, from the store as it is now."""
    sidecar = options.opened(context)
    options.say_if_elsewhere(sidecar)
    found = sidecar.view.customers(expression, limit=limit, warn=lambda said: show.note(str(said)))
    if json:
        # Streamed: a list of a million customers is never held at once.
        separator = "["
        for row in found:
            show.out(separator + json_format.dumps(row, ensure_ascii=False))
            separator = ","
        show.out("]" if separator == "," else "[]")
        return
    rows = []
    for row in found:
        cells = [row["customer_id"]]
        for name in _SHOWN:
            value = row[name]
            cells.append(", ".join(value) if isinstance(value, list) else value)
        rows.append(["" if cell is None else cell for cell in cells])
    show.table(("customer", *(name.replace("_", " ") for name in _SHOWN)), rows, right=(0, 3, 4))
    show.note(show.counted(len(rows), "customer"))


def facts(
    context: typer.Context,
    json: options.Json = False,
) -> None:
    """Show the catalogue of facts that rules and expressions can use."""
    from sidecar.rules.catalogue import OPERATORS, Catalogue

    try:
        catalogue = options.opened(context).view.dictionary().catalogue
    except ConfigError as error:
        catalogue = Catalogue()
        show.note(f"without the store's custom fields: {error}")
    if json:
        show.as_json(
            [
                {
                    "name": fact.name,
                    "label": fact.label,
                    "kind": fact.kind,
                    "area": fact.area,
                    "unit": fact.unit,
                    "source": fact.source,
                    "missing": fact.missing,
                    "filters": sorted(fact.filters),
                    "operators": list(OPERATORS[fact.kind]),
                    "values": list(fact.values),
                }
                for fact in catalogue
            ]
        )
        return
    rows = [
        (fact.name, fact.kind, fact.unit, ", ".join(sorted(fact.filters)), fact.missing)
        for fact in catalogue
    ]
    show.table(("fact", "type", "unit", "filters", "missing"), rows)
