"""``adopt`` and ``uninstall``: an installation that moved or was copied, and its end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sidecar.cli import options, show
from sidecar.errors import UsageError

if TYPE_CHECKING:
    from sidecar.service.upkeep import Upkeep
    from sidecar.shop.removal import Ours


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.command("adopt")(adopt)
    app.command("uninstall")(uninstall)


def adopt(
    context: typer.Context,
    moved: Annotated[
        bool,
        typer.Option("--moved", help="It is the same installation: everything goes on."),
    ] = False,
    copy: Annotated[
        bool,
        typer.Option(
            "--copy", help="It is a copy, e.g. for trying something: an installation of its own."
        ),
    ] = False,
) -> None:
    """Say what this store is, after it or its database moved or was copied."""
    if moved == copy:
        raise UsageError("adopt: say which it is, --moved or --copy")
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    if moved:
        identifier = sidecar.upkeep.adopt_moved(sidecar.moment())
        show.note(f"installation {identifier} is here now, and goes on as it was")
        return
    identifier, left = sidecar.upkeep.adopt_copy(options.actor(), sidecar.moment())
    show.note(f"this is installation {identifier} now; tags, pins and history were taken over")
    for number, noun, what in (
        (left.commands, "request", "not answered yet, will not be done here"),
        (left.runs, "run", "that waited for approval, planned anew by the next full pass"),
        (left.hints, "hint", "dropped"),
    ):
        if number:
            show.note(f"  {show.counted(number, noun)} {what}")
    show.note("its first full pass has to be approved: `sidecar plan`, then `sidecar once --yes`")


def uninstall(
    context: typer.Context,
    purge: Annotated[
        bool,
        typer.Option(
            "--purge", help="Also drop our own tables: tags, pins, runs and audit are lost."
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove our indexes from the store's tables; what is the store's own stays valid."""
    sidecar = options.opened(context)
    upkeep = sidecar.upkeep
    with upkeep.uninstalling():
        ours = upkeep.ours()
        took_over = upkeep.took_over(ours)
        if ours.indexes or took_over or (ours.tables and purge):
            _say_what_goes(sidecar.shop.prefix, ours, purge=purge, took_over=took_over)
            _ask(yes=yes)
            if took_over:
                upkeep.give_back(options.actor(), sidecar.moment())
                show.note("OpenCart's own requests are given back: its job deletes at its next run")
            upkeep.remove(
                ours,
                purge=purge,
                told=lambda name: show.note(f"removing {name}"),
                retried=lambda attempt: show.note(f"  the table is in use, attempt {attempt}"),
            )
        else:
            show.note("nothing to remove")
        _say_what_stays(upkeep, ours, purge=purge)


def _say_what_goes(prefix: str, ours: Ours, *, purge: bool, took_over: bool) -> None:
    show.note("this removes:")
    if took_over:
        show.note("  the takeover of OpenCart's own requests: its job `gdpr` goes on again")
    for index in ours.indexes:
        blocks = (
            f", blocks that table for about {max(1, round(index.block_s))} s"
            if index.blocking
            else ""
        )
        size = f"{index.rows:,} rows, {index.megabytes:,.0f} MB{blocks}"
        show.note(f"  index {prefix}{index.table}.{index.name} ({size})")
    if purge:
        for name in ours.tables:
            show.note(f"  table {name} with everything in it")


def _ask(*, yes: bool) -> None:
    """
    Raises:
        UsageError: There is nobody to ask, or they say no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("uninstall: nobody to ask here: call it with --yes")
    typer.confirm("Go on?", abort=True, err=True)


def _say_what_stays(upkeep: Upkeep, ours: Ours, *, purge: bool) -> None:
    if ours.tables and not purge:
        show.note(f"our {show.counted(len(ours.tables), 'table')} stay: --purge drops them too")
    for name in ours.unknown:
        show.note(f"table {name} is none of this version's, and stays")
    if upkeep.has_bridge():
        show.note("the pages in the admin stay: `sidecar bridge uninstall --opencart DIR`")
    show.note("customers stay in the customer groups they are in:")
    for name, number in upkeep.groups():
        show.note(f"  {show.plain(name)}: {show.counted(number, 'customer')}")
