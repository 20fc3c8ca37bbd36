"""``tag``: tags by hand and by CSV."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sidecar.cli import options, show
from sidecar.errors import UsageError
from sidecar.model import Outcome

#: Bad rows of an import that are listed; the rest is counted.
_SHOWN = 100

Name = Annotated[str, typer.Argument(metavar="NAME", help="The tag.")]
Customers = Annotated[
    list[str], typer.Argument(metavar="CUSTOMER...", help="Ids or e-mail addresses.")
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="DAY", help="Through that day, e.g. 2027-01-31."),
]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Kept in the audit.")]
Wait = Annotated[
    float,
    typer.Option(
        "--wait", min=0, metavar="S", help="Seconds to wait while another sidecar writes."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def register(app: typer.Typer) -> None:
    """Add the command family to *app*."""
    family = typer.Typer(no_args_is_help=True, help="Tags by hand and by CSV.")
    for name, command in (
        ("list", list_),
        ("add", add),
        ("remove", remove),
        ("create", create),
        ("describe", describe),
        ("rename", rename),
        ("merge", merge),
        ("archive", archive),
        ("import", import_),
    ):
        family.command(name)(command)
    app.add_typer(family, name="tag")


def list_(
    context: typer.Context,
    archived: Annotated[bool, typer.Option("--archived", help="Also archived tags.")] = False,
    json: Json = False,
) -> None:
    """List the tags and how many customers have each."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    tags = [tag for tag in sidecar.tags() if archived or not tag.archived]
    if json:
        show.as_json(
            [
                {
                    "name": tag.name,
                    "customers": tag.customers,
                    "colour": tag.colour,
                    "description": tag.description,
                    "archived": tag.archived,
                }
                for tag in tags
            ]
        )
        return
    show.table(
        ("tag", "customers", "colour", "description"),
        [
            (
                tag.name + (" (archived)" if tag.archived else ""),
                f"{tag.customers:,}",
                tag.colour or "",
                tag.description,
            )
            for tag in tags
        ],
        right=(1,),
    )


def add(
    context: typer.Context,
    name: Name,
    customers: Customers,
    until: Until = None,
    reason: Reason = None,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Give customers a tag; it stays, whatever the rules say, until it is removed."""
    sidecar = options.opened(context)
    with sidecar.tagging(options.actor(), wait) as hand:
        ids = hand.find_customers(customers)
        outcome = hand.add(name, ids, _day(until), reason)
    _answer(outcome, json, hand.created)


def remove(
    context: typer.Context,
    name: Name,
    customers: Customers,
    until: Until = None,
    reason: Reason = None,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Take a tag off customers; a rule that would give it again is overruled for them."""
    sidecar = options.opened(context)
    with sidecar.tagging(options.actor(), wait) as hand:
        outcome = hand.remove(name, hand.find_customers(customers), _day(until), reason)
    _answer(outcome, json)


def create(
    context: typer.Context,
    name: Name,
    colour: Annotated[
        str | None, typer.Option("--colour", metavar="#RRGGBB", help="For the badge.")
    ] = None,
    description: Annotated[
        str, typer.Option("--description", metavar="TEXT", help="For people.")
    ] = "",
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Create a tag without giving it to anybody."""
    sidecar = options.opened(context)
    with sidecar.tagging(options.actor(), wait) as hand:
        tag = hand.create(name, colour, description)
    if json:
        show.as_json({"tag": tag.name, "created": True})
    else:
        show.note(f"created the tag '{tag.name}'")


def describe(
    context: typer.Context,
    name: Name,
    colour: Annotated[
        str | None, typer.Option("--colour", metavar="#RRGGBB", help="For the badge.")
    ] = None,
    description: Annotated[
        str | None, typer.Option("--description", metavar="TEXT", help="For people.")
    ] = None,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Change a tag's colour or description."""
    if colour is None and description is None:
        raise UsageError("nothing to change: give --colour, --description or both")
    sidecar = options.opened(context)
    with sidecar.tagging(options.actor(), wait) as hand:
        hand.describe(name, colour, description)
    if json:
        show.as_json({"tag": name, "colour": colour, "description": description})
    else:
        show.note(f"changed the tag '{show.plain(name)}'")


def rename(
    context: typer.Context,
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help="What it is called from now on.")],
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Give a tag another name; everybody keeps it."""
    sidecar = options.opened(context)
    with sidecar.tagging(options.actor(), wait) as hand:
        hand.rename(name, new)
    if json:
        show.as_json({"tag": new, "renamed_from": name})
    else:
        show.note(f"'{show.plain(name)}' is now '{show.plain(new)}'")


def merge(
    context: typer.Context,
    name: Name,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The tag that stays.")],
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Give everybody with tag NAME the tag INTO instead, and archive NAME."""
    sidecar = options.opened(context)
    with sidecar.tagging(options.actor(), wait) as hand, show.progress("merging") as told:
        outcome = hand.merge(name, into, told)
    _answer(outcome, json)


def archive(
    context: typer.Context,
    name: Name,
    restore: Annotated[bool, typer.Option("--restore", help="Take it into use again.")] = False,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Put a tag out of use; who had it is remembered."""
    sidecar = options.opened(context)
    with sidecar.tagging(options.actor(), wait) as hand, show.progress("archiving") as told:
        outcome = hand.archive(name, told, restore=restore)
    _answer(outcome, json)


def import_(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE.csv", help="UTF-8, with commas, semicolons or tabs.")
    ],
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Import the good rows, list the bad ones.")
    ] = False,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """
    Import tags from a CSV file with the columns customer_id or email, tag, and perhaps until.
    """
    from sidecar.sync.tag_import import read_csv

    sidecar = options.opened(context)
    with sidecar.tagging(options.actor(), wait) as hand:
        imported = read_csv(sidecar.shop, file, hand.moment)
        for problem in imported.problems[:_SHOWN]:
            show.note(show.plain(problem))
        if len(imported.problems) > _SHOWN:
            show.note(f"and {len(imported.problems) - _SHOWN:,} more")
        if imported.problems and not skip_bad:
            bad = len(imported.problems)
            raise UsageError(f"{bad:,} rows cannot be imported, so none was (--skip-bad: the rest)")
        with show.progress("importing") as told:
            outcome = hand.import_rows(imported.rows, file.name, told)
    _answer(outcome, json, hand.created, rows=imported.good, bad_rows=len(imported.problems))


def _answer(outcome: Outcome, json: bool, created: Sequence[str] = (), **more: int) -> None:
    if json:
        counts = dataclasses.asdict(outcome)
        show.as_json({**counts, "created": list(created), **more})
        return
    for name in created:
        show.note(f"created the tag '{show.plain(name)}'")
    show.note(f"{outcome.changed:,} of {show.counted(outcome.customers, 'customer')} changed")


def _day(text: str | None) -> datetime.date | None:
    from sidecar.rules import calendar

    if text is None:
        return None
    try:
        return calendar.read_day(text)
    except ValueError as error:
        raise UsageError(f"--until: {error}") from error
