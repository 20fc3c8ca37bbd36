"""``gdpr retention`` and purges: what is too old, and letting it be ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from sidecar.cli import options, show
from sidecar.cli.asking import ask
from sidecar.cli.options import Json, Wait

Number = Annotated[int, typer.Argument(metavar="PURGE", help="Its number.", min=1)]


def register(family: typer.Typer) -> None:
    """Add the commands to the family ``gdpr``."""
    family.command("retention")(retention)
    family.command("purges")(purges)
    purge = typer.Typer(no_args_is_help=True, help="What a retention rule would end.")
    purge.command("approve")(approve)
    purge.command("discard")(discard)
    family.add_typer(purge, name="purge")


def retention(
    context: typer.Context,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan",
            help="Also note it as purges now, as the daemon does once a day.",
            show_default=False,
        ),
    ] = False,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Show what the retention rules would end now, and what is protected; nothing is ended."""
    answer = ask(options.opened(context), "retention.look", {"plan": plan}, wait, "looking").answer
    if json:
        show.as_json(answer)
        return
    if not answer["rules"]:
        show.note("there are no retention rules ([[retention]] in a rules file)")
        return
    show.table(
        ("rule", "of", "older than", "too old", "protected", "next", "purge"),
        [
            (
                show.plain(rule["name"]),
                rule["of"],
                rule["age"],
                f"{rule['due']:,}",
                _protected(rule["protected"]),
                (rule["next"] or "")[:10],
                _state(rule["purge"]),
            )
            for rule in answer["rules"]
        ],
        right=(3,),
    )
    for rule in answer["rules"]:
        if rule["named"]:
            some = ", ".join(map(str, rule["named"]))
            more = rule["due"] - len(rule["named"])
            also = f" and {more:,} more" if more > 0 else ""
            show.note(f"{show.plain(rule['name'])}: customers {some}{also}")
    if any(rule["purge"] and rule["purge"]["state"] == "waiting" for rule in answer["rules"]):
        show.note("`sidecar gdpr purge approve PURGE` lets one begin that waits")


def purges(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 20,
    json: Json = False,
) -> None:
    """List the newest purges."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    found = sidecar.privacy_view.purges(limit)
    if json:
        show.as_json(found)
        return
    if not found:
        show.note("nothing was purged yet, and nothing waits")
        return
    show.table(
        ("purge", "rule", "state", "planned", "ended", "when", "by"),
        [
            (
                str(one["purge"]),
                show.plain(one["rule"]),
                one["state"],
                f"{one['planned']:,}",
                f"{one['erased']:,}",
                (one["finished_at"] or one["planned_at"])[:16].replace("T", " "),
                show.plain(one["decided_by"] or ""),
            )
            for one in found
        ],
        right=(0, 3, 4),
    )


def approve(context: typer.Context, purge: Number, wait: Wait = 30.0, json: Json = False) -> None:
    """Let PURGE begin: what it names is erased, and cannot be brought back."""
    asked = ask(options.opened(context), "purge.approve", {"purge": purge}, wait, "approving")
    _say(asked.answer, json, "the daemon begins within a minute; without one, `sidecar once` does")


def discard(context: typer.Context, purge: Number, wait: Wait = 30.0, json: Json = False) -> None:
    """Drop PURGE, and hold its rule until it becomes another."""
    asked = ask(options.opened(context), "purge.discard", {"purge": purge}, wait, "discarding")
    _say(asked.answer, json, "its rule ends nothing until it becomes another")


def _say(answer: Mapping[str, Any], json: bool, what: str) -> None:
    if json:
        show.as_json(answer)
        return
    rule = show.plain(answer["rule"])
    show.note(f"purge {answer['purge']} of {rule} ({answer['planned']:,} too old): {what}")


def _protected(found: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} by {why}" for why, number in sorted(found.items()))


def _state(purge: Mapping[str, Any] | None) -> str:
    return "" if purge is None else f"{purge['purge']} {purge['state']}"
