"""``rules check`` and ``rules list``: what stands in the rules directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sidecar.cli import options, show
from sidecar.errors import ConfigError, RuleError


def register(app: typer.Typer) -> None:
    """Add the command family to *app*."""
    family = typer.Typer(no_args_is_help=True, help="Check and list the rules.")
    family.command("check")(check)
    family.command("list")(list_)
    app.add_typer(family, name="rules")


def check(
    context: typer.Context,
    directory: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="Default: rules.directory.")
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Without the store: its names are not checked.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Check every rule and show every problem, not only the first."""
    from sidecar.sync import rulebook

    if directory is not None and not directory.is_dir():
        raise ConfigError(str(directory), "is not a directory")
    try:
        if offline:
            place = directory or options.settings(context).rules.directory
            rules = rulebook.check_offline(place)
        else:
            sidecar = options.opened(context)
            place = directory or sidecar.config.rules.directory
            rules = sidecar.check_rules(place).rules
    except RuleError as error:
        if not json:
            raise
        show.as_json({"ok": False, "problems": [options.problem(p) for p in error.problems]})
        raise typer.Exit(error.exit_code) from error
    if json:
        problems = [options.problem(p) for p in rules.warnings]
        show.as_json({"ok": True, "problems": problems})
        return
    for warning in rules.warnings:
        show.note(str(warning))
    show.out(
        f"{place}: {show.counted(len(rules.tags), 'tag')},"
        f" {show.counted(len(rules.segments), 'segment')},"
        f" {show.counted(len(rules.groups), 'group')}: no errors"
    )


def list_(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """List the rules: what each makes, where it stands, what it says."""
    sidecar = options.opened(context)
    checked = options.checked_rules(sidecar)
    rows = sidecar.rule_list(checked)
    if json:
        show.as_json(rows)
        return
    show.table(
        ("kind", "name", "customers", "where", "says"),
        [
            (
                row["kind"],
                row["name"],
                "" if row["customers"] is None else row["customers"],
                f"{row['file']}:{row['line']}",
                row["sentence"],
            )
            for row in rows
        ],
        right=(2,),
    )
