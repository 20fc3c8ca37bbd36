"""``tag``: tags by hand and by CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from sidecar.cli import options, show
from sidecar.cli.asking import ask
from sidecar.cli.options import Json, Wait
from sidecar.errors import UsageError

#: Bad rows of an import that are listed; the rest is counted.
_SHOWN = 100

#: Characters of a file's name that a command takes.
_LONGEST_FILE = 255

Name = Annotated[str, typer.Argument(metavar="NAME", help="The tag.")]
Customers = Annotated[
    list[str], typer.Argument(metavar="CUSTOMER...", help="Ids or e-mail addresses.")
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="DAY", help="Through that day, e.g. 2027-01-31."),
]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Kept in the audit.")]


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
    tags = [tag for tag in sidecar.view.tags() if archived or not tag.archived]
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
    asked = _asked(name, customers, until, reason)
    _answer(ask(options.opened(context), "tag.add", asked, wait, "adding").answer, json)


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
    asked = _asked(name, customers, until, reason)
    _answer(ask(options.opened(context), "tag.remove", asked, wait, "removing").answer, json)


def _asked(
    name: str, customers: Sequence[str], until: str | None, reason: str | None
) -> Mapping[str, Any]:
    return {
        "tag": name,
        "customers": customers,
        # Who types them has counted them.
        "confirmed": len(customers),
        "until": options.day(until),
        "reason": reason,
    }


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
    asked = {"tag": name, "colour": colour, "description": description}
    answer = ask(options.opened(context), "tag.create", asked, wait).answer
    if json:
        show.as_json(answer)
    else:
        show.note(f"created the tag '{show.plain(name)}'")


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
    asked = {"tag": name, "colour": colour, "description": description}
    answer = ask(options.opened(context), "tag.describe", asked, wait).answer
    if json:
        show.as_json(answer)
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
    asked = {"tag": name, "new": new}
    answer = ask(options.opened(context), "tag.rename", asked, wait).answer
    if json:
        show.as_json(answer)
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
    asked = {"tag": name, "into": into}
    _answer(ask(options.opened(context), "tag.merge", asked, wait, "merging").answer, json)


def archive(
    context: typer.Context,
    name: Name,
    restore: Annotated[bool, typer.Option("--restore", help="Take it into use again.")] = False,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Put a tag out of use; who had it is remembered."""
    command, doing = ("tag.restore", "restoring") if restore else ("tag.archive", "archiving")
    _answer(ask(options.opened(context), command, {"tag": name}, wait, doing).answer, json)


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
    from sidecar.sync.tag_import import parts, read_csv

    sidecar = options.opened(context)
    sidecar.require_own_tables()
    imported = read_csv(sidecar.shop, file, sidecar.moment())
    for problem in imported.problems[:_SHOWN]:
        show.note(show.plain(problem))
    if len(imported.problems) > _SHOWN:
        show.note(f"and {len(imported.problems) - _SHOWN:,} more")
    if imported.problems and not skip_bad:
        bad = len(imported.problems)
        raise UsageError(f"{bad:,} rows cannot be imported, so none was (--skip-bad: the rest)")
    total: dict[str, Any] = {}
    for rows in parts(imported.rows):
        asked = {"file": file.name[:_LONGEST_FILE], "rows": rows}
        answer = ask(sidecar, "tag.import", asked, wait, "importing").answer
        # Numbers add up, and so do lists.
        total = {key: total[key] + value if total else value for key, value in answer.items()}
    _answer({**total, "rows": imported.good, "bad_rows": len(imported.problems)}, json)


def _answer(answer: Mapping[str, Any], json: bool) -> None:
    if json:
        show.as_json(answer)
        return
    for name in answer["created"]:
        show.note(f"created the tag '{show.plain(name)}'")
    customers = show.counted(answer["customers"], "customer")
    show.note(f"{answer['changed']:,} of {customers} changed")
