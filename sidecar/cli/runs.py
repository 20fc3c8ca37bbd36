"""``runs``, ``approve``, ``discard``, ``undo``, ``pause``, ``resume``: what people decide."""

from __future__ import annotations

from typing import Annotated

import typer

from sidecar.cli import options, show
from sidecar.cli.asking import ask
from sidecar.cli.options import Json, Wait
from sidecar.errors import NotNowError

Run = Annotated[int, typer.Argument(metavar="RUN", min=1, help="Its number.", show_default=False)]


#: Names of rules in a line of the list.
_NAMES = 3


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    for name, command in (
        ("runs", runs),
        ("approve", approve),
        ("discard", discard),
        ("undo", undo),
        ("pause", pause),
        ("resume", resume),
    ):
        app.command(name)(command)


def runs(
    context: typer.Context,
    limit: Annotated[
        int, typer.Option("--limit", min=0, metavar="N", help="Runs that do not wait.")
    ] = 20,
    json: Json = False,
) -> None:
    """List the runs: those that wait for approval, then the newest, and what each changed."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    found = sidecar.view.run_list(limit)
    if json:
        show.as_json(found)
        return
    show.table(
        ("run", "state", "kind", "when", "by", "what", "customers", "changes", "rules"),
        [
            (
                run["run"] or "",
                run["state"],
                run["kind"],
                str(run["started_at"])[:16].replace("T", " "),
                run["actor"] or "",
                run["what"],
                run["changed"],
                show.changes(run["changes"]),
                show.listed(run["rules"], most=_NAMES),
            )
            for run in found
        ],
        right=(0, 6),
    )


def approve(context: typer.Context, run: Run, wait: Wait = 30.0, json: Json = False) -> None:
    """Write what a waiting run would change; it waits again when that grew by a tenth."""
    asked = ask(options.opened(context), "run.approve", {"run": run}, wait, "approving")
    answer = asked.answer
    if json:
        show.as_json(answer)
    if answer["state"] == "waiting":
        customers = show.counted(answer["customers"], "customer")
        raise NotNowError(
            f"run {run} waits again: it would change {customers}"
            f" now, not {answer['was']:,} (`sidecar plan` shows what)"
        )
    if json:
        return
    if answer["state"] == "obsolete":
        show.note(f"run {run} had nothing left to change")
        return
    customers = show.counted(answer["customers"], "customer")
    told = show.changes(answer["changes"])
    show.note(f"run {run} is applied: {customers} changed" + (f" ({told})" if told else ""))


def discard(context: typer.Context, run: Run, wait: Wait = 30.0, json: Json = False) -> None:
    """Drop a waiting run; its rules are held until their text changes or they are resumed."""
    answer = ask(options.opened(context), "run.discard", {"run": run}, wait, "discarding").answer
    if json:
        show.as_json(answer)
        return
    show.note(f"run {run} is discarded")
    _say_held(answer["held"])


def undo(context: typer.Context, run: Run, wait: Wait = 30.0, json: Json = False) -> None:
    """Take back what a run changed and nobody changed since; its rules are held."""
    answer = ask(options.opened(context), "run.undo", {"run": run}, wait, "undoing").answer
    if json:
        show.as_json(answer)
        return
    rest = answer["rest"]
    if rest:
        show.table(
            ("customer", "stays", "name", "why"),
            [(kept["customer_id"], kept["kind"], kept["name"], kept["why"]) for kept in rest],
            right=(0,),
        )
    if answer["rest_total"] > len(rest):
        show.out(f"and {answer['rest_total'] - len(rest):,} more stay")
    customers = show.counted(answer["customers"], "customer")
    under = f", as run {answer['undone']}" if answer["undone"] else ""
    show.note(f"run {run} is undone{under}: {answer['changes']:,} changes of {customers}")
    _say_held(answer["held"])


def pause(
    context: typer.Context,
    reason: Annotated[
        str | None, typer.Argument(metavar="REASON", help="Shown to everybody.")
    ] = None,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Write nothing to the store's own tables until `resume`; everything else goes on."""
    answer = ask(options.opened(context), "pause", {"reason": reason}, wait).answer
    if json:
        show.as_json(answer)
    else:
        show.note("paused: customer groups are not written until `sidecar resume`")


def resume(context: typer.Context, wait: Wait = 30.0, json: Json = False) -> None:
    """End a pause; the next full pass writes what is due."""
    answer = ask(options.opened(context), "resume", {}, wait).answer
    if json:
        show.as_json(answer)
    else:
        show.note(
            "the pause is over: the next full pass writes what is due"
            if answer["was_paused"]
            else "nothing was paused"
        )


def _say_held(names: list[str]) -> None:
    if names:
        listed = ", ".join(show.plain(name) for name in names)
        show.note(f"held until their text changes or `sidecar rules resume NAME`: {listed}")
