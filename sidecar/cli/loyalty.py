"""``loyalty``: what a program owes, how it begins, and whether the store agrees with the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from sidecar.cli import cards, options, program, show, simulation
from sidecar.cli.asking import ask
from sidecar.cli.options import Json, Wait

#: Drifts that are shown; ``--json`` has more.
_SHOWN = 100


def register(app: typer.Typer) -> None:
    """Add the command family to *app*."""
    family = typer.Typer(no_args_is_help=True, help="The loyalty program as a whole.")
    for name, command in (
        ("status", status),
        ("program", program.program),
        ("months", program.months),
        ("start", start),
        ("reconcile", reconcile),
        ("card", cards.card),
        ("reissue", cards.reissue),
        ("simulate", simulation.simulate),
    ):
        family.command(name)(command)
    app.add_typer(family, name="loyalty")


# -- what is owed --------------------------------------------------------------------------


def status(context: typer.Context, json: Json = False) -> None:
    """Show how many points are outstanding, their value, and what became of those given."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    options.say_if_elsewhere(sidecar)
    found: dict[str, Any] = sidecar.loyalty_view.status()
    if json:
        show.as_json(found)
        return
    for label, value in _lines(found):
        show.out(f"{label:<20}{show.plain(value)}")


def _lines(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Label and text of each line for people."""
    which = "all" if found["start"] == "all" else f"placed on {found['start']} or later"
    yield "orders that earn", which
    if found["waits"]:
        yield "", "waits to begin: `sidecar loyalty start`"
    if found["begun_by"]:
        yield "begun", f"{_day(found['begun_at'])} by {found['begun_by']}"
    if found["since"]:
        yield "in use since", _day(found["since"])
    yield "customers", f"{found['customers']:,} with points"
    for tier in found["tiers"]:
        yield tier["tier"], show.counted(tier["customers"], "customer")
    for name in ("available", "pending", "owed"):
        if not found[name] and name != "available":
            continue
        money = f"{found[f'{name}_worth'][:-2]} {found['currency']}"
        yield name, f"{show.counted(found[name], 'point')}, worth {money}"
    yield "since " + _day(found["counted_since"]), f"{found['issued']:,} issued"
    for name in ("spent", "taken", "expired"):
        yield "", f"{found[name]:,} {name}" + (" by hand" if name == "taken" else "")
    if found["waived"]:
        yield "", f"{found['waived']:,} waived"
    if found["breakage_percent"] is not None:
        of = f"{found['did_expire']:,} of {found['could_expire']:,} whose last day is over expired"
        yield "breakage", f"{found['breakage_percent']} %: {of}"
    if found["credit"] is not None:
        yield from _credit_lines(found["credit"], found["currency"])


def _credit_lines(found: Mapping[str, Any], currency: str) -> Iterator[tuple[str, str]]:
    customers = show.counted(found["customers"], "customer")
    yield "store credit", f"{show.money(found['available'])} {currency} of {customers}"
    if found["owed"].strip("0."):
        yield "", f"{show.money(found['owed'])} {currency} owed by customers"
    if found["issues_waiting"]:
        waits = f"{show.money(found['amount_waiting'])} {currency}"
        yield "", f"{waits} in {show.counted(found['issues_waiting'], 'issue')} to be approved"


def _day(instant: str) -> str:
    return instant[:10]


# -- the beginning -------------------------------------------------------------------------


def start(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Let it begin.")] = False,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Show what a program with `start = "all"` would give for the orders there are; or begin."""
    asked = {"begin": yes}
    answer = ask(options.opened(context), "loyalty.start", asked, wait, "counting").answer
    if json:
        show.as_json(answer)
        return
    gives = answer["would_give"]
    if gives is None:
        by = f"{_day(answer['at'])} by {show.plain(answer['by'])}"
        then = "; the next full pass gives the points" if answer["began_now"] else ""
        show.note(f"the program has begun, {by}{then}")
        return
    orders, customers = (
        show.counted(gives["orders"], "order"),
        show.counted(gives["customers"], "customer"),
    )
    money = f"{gives['worth'][:-2]} {show.plain(gives['currency'])}"
    show.out(f"{orders} of {customers} would earn {gives['points']:,} points, worth {money}")
    show.note("nothing was written: `sidecar loyalty start --yes` lets it begin")


# -- drift ---------------------------------------------------------------------------------


def reconcile(
    context: typer.Context,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix",
            help="Put altered rows of ours back, delete rows beside rewarded orders,"
            " write missing ones.",
        ),
    ] = False,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Compare every customer's points with the store's own rows; exit code 1 when they differ."""
    sidecar = options.opened(context)
    asked = ask(sidecar, "loyalty.reconcile", {"fix": fix}, wait, "comparing")
    answer = asked.answer
    if json:
        show.as_json(answer)
    else:
        _say_drift(answer)
    if asked.exit_code:
        raise typer.Exit(asked.exit_code)


def _say_drift(answer: Mapping[str, Any]) -> None:
    found = answer["found"]
    if found:
        show.table(
            ("customer", "what", "mended"),
            [
                (one["customer_id"], one["text"], "yes" if one["mended"] else "")
                for one in found[:_SHOWN]
            ],
            right=(0,),
        )
    total = sum(answer["kinds"].values())
    if total > _SHOWN:
        show.note(f"and {total - _SHOWN:,} more")
    customers = show.counted(answer["customers"], "customer")
    if not answer["drift"]:
        show.note(f"{customers} compared: the store and the ledger agree")
        return
    left = answer["drift"] - answer["mended"]
    mended = f", {answer['mended']:,} mended" if answer["mended"] else ""
    way = "" if answer["mended"] or not left else " (`sidecar loyalty reconcile --fix` mends rows)"
    show.note(f"{customers} compared: {show.counted(answer['drift'], 'difference')}{mended}{way}")
