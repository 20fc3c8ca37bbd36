"""``rules check``, ``list`` and ``resume``: what stands in the rules directory, and goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sidecar.cli import options, show
from sidecar.cli.asking import ask
from sidecar.errors import ConfigError, RuleError

if TYPE_CHECKING:
    from sidecar.rules.rule import MadeIn, Rule
    from sidecar.rules.ruleset import RuleSet


def register(app: typer.Typer) -> None:
    """Add the command family to *app*."""
    family = typer.Typer(no_args_is_help=True, help="Check and list the rules, let them go on.")
    family.command("check")(check)
    family.command("list")(list_)
    family.command("resume")(resume)
    app.add_typer(family, name="rules")


def check(
    context: typer.Context,
    directory: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="Default: rules.directory.")
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Without the store: its names are not checked.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Check every rule and show every problem, not only the first."""
    from sidecar.sync import rulebook

    if directory is not None and not directory.is_dir():
        raise ConfigError(str(directory), "is not a directory")
    try:
        if offline:
            place = directory or options.settings(context).rules.directory
            builtins = options.settings(context).rules.builtins
            rules = rulebook.check_offline(place, builtins=builtins)
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
        show.as_json({"ok": True, "problems": problems, "off": _off(rules)})
        return
    for warning in rules.warnings:
        show.note(str(warning))
    for off in rules.off:
        if off.made_in == "admin":
            show.note(f"the {off.kind} '{off.name}', made in the admin, is off: {off.why}")
    found = ", ".join(filter(None, (_counts(rules, "file"), _program(rules))))
    show.out(f"{place}: {found}: no errors")
    everything: tuple[Rule, ...] = (*rules.tags, *rules.segments, *rules.groups)
    if any(rule.made_in == "admin" for rule in everything):
        show.out(f"made in the admin: {_counts(rules, 'admin')}")


def _counts(rules: RuleSet, made_in: MadeIn) -> str:
    kinds: tuple[tuple[str, Sequence[Rule]], ...] = (
        ("tag", rules.tags),
        ("segment", rules.segments),
        ("group", rules.groups),
    )
    return ", ".join(
        show.counted(sum(rule.made_in == made_in for rule in found), kind) for kind, found in kinds
    )


def _program(rules: RuleSet) -> str:
    program = rules.program
    if program is None:
        return ""
    tiers, earn = len(program.tiers), len(program.earn)
    counts = f"{show.counted(tiers, 'tier')} and {show.counted(earn, 'earn rule')}"
    return f"a loyalty program with {counts}"


def _off(rules: RuleSet) -> list[dict[str, object]]:
    return [
        {
            "kind": rule.kind,
            "name": rule.name,
            "origin": rule.made_in,
            "problems": [options.problem(found) for found in rule.problems],
        }
        for rule in rules.off
    ]


def list_(
    context: typer.Context,
    json: options.Json = False,
) -> None:
    """List the rules: what each makes, where it stands, what it says."""
    sidecar = options.opened(context)
    checked = options.checked_rules(sidecar)
    rows = sidecar.view.rule_list(checked)
    if json:
        show.as_json(rows)
        return
    show.table(
        ("kind", "name", "state", "customers", "where", "says"),
        [
            (
                row["kind"],
                row["name"],
                row["state"] or "",
                "" if row["customers"] is None else row["customers"],
                _where(row),
                row["off"] or row["sentence"],
            )
            for row in rows
        ],
        right=(3,),
    )


def resume(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Of a tag; of a rung, or `ladder`, for them all.")
    ],
    kind: Annotated[
        Literal["tag", "ladder"] | None,
        typer.Option("--kind", help="Where a tag and a rung have the name."),
    ] = None,
    wait: options.Wait = 30.0,
    json: options.Json = False,
) -> None:
    """Let a rule go on that an undo or a discard holds: it is then like a new one."""
    asked = {"name": name, "kind": kind}
    answer = ask(options.opened(context), "rule.resume", asked, wait).answer
    if json:
        show.as_json(answer)
    else:
        show.note(f"'{show.plain(answer['name'])}' goes on with {answer['decides']}")


def _where(row: Mapping[str, object]) -> str:
    if row["origin"] == "file":
        return f"{row['file']}:{row['line']}"
    return "built in" if row["origin"] == "builtin" else "the admin"
