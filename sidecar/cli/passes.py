"""``migrate``, ``once`` and ``plan``: our tables, a full pass, and what one would do."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sidecar.cli import options, show
from sidecar.model import Outcome

_KINDS = (
    "tag_added",
    "tag_removed",
    "segment_entered",
    "segment_left",
    "group_changed",
    "tier_changed",
)

#: Named changes in the answer of a plan.
_SAMPLE = 20


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.command("migrate")(migrate)
    app.command("once")(once)
    app.command("plan")(plan)


def migrate(
    context: typer.Context,
    indexes: Annotated[
        bool,
        typer.Option(
            "--indexes", help="Add our indexes also where that blocks the store (MyISAM)."
        ),
    ] = False,
) -> None:
    """Make or update our own tables, and the indexes on the store's."""
    sidecar = options.opened(context)
    for migration in sidecar.migrate():
        show.note(f"migrated to {migration.version:04d} {migration.name}")
    for missing in sidecar.missing_indexes():
        name = f"{sidecar.shop.prefix}{missing.index.table}.{missing.index.name}"
        size = f"{missing.rows:,} rows, {missing.megabytes:,.0f} MB"
        if missing.blocking and not indexes:
            show.note(
                f"index {name} is missing; adding it would block that table for about"
                f" {max(1, round(missing.block_s))} s ({size}): `sidecar migrate --indexes`"
            )
        elif not missing.blocking and not (sidecar.config.database.create_indexes or indexes):
            show.note(f"index {name} is missing, and database.create_indexes is off")
        else:
            blocked = (
                f", blocks for about {max(1, round(missing.block_s))} s" if missing.blocking else ""
            )
            show.note(f"adding index {name} ({size}{blocked})")
            sidecar.add_index(
                missing, lambda attempt: show.note(f"  the table is in use, attempt {attempt}")
            )
    show.note("own tables and indexes are up to date")


def once(
    context: typer.Context,
    yes: Annotated[  # noqa: ARG001 every pass writes until approval exists
        bool,
        typer.Option(
            "--yes", help="Approve what this pass plans. Not needed yet: every pass writes."
        ),
    ] = False,
    wait: Annotated[
        float,
        typer.Option(
            "--wait", min=0, metavar="S", help="Seconds to wait while another sidecar writes."
        ),
    ] = 0.0,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Look at every customer once, write what differs, and exit: for cron instead of systemd."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    with sidecar.leading(wait):
        checked = options.checked_rules(sidecar)
        options.say_not_applied(checked)
        with show.progress("full pass") as told:
            run_id, outcome = sidecar.full_pass(checked, progress=told)
    changes = _changes(outcome)
    state = "applied" if any(changes.values()) else "nothing"
    if json:
        show.as_json(
            {
                "run": run_id if state == "applied" else None,
                "state": state,
                "customers": outcome.customers,
                "changed": outcome.changed,
                "set_aside": outcome.set_aside,
                "changes": changes,
                "waiting": [],
            }
        )
        return
    _say(outcome, f"run {run_id}" if state == "applied" else "nothing to change")
    if outcome.set_aside:
        show.note(f"{outcome.set_aside} set aside because their data cannot be processed:")
        for customer_id, error in sidecar.set_aside(20):
            show.note(f"  customer {customer_id}: {show.plain(error)}")


def plan(
    context: typer.Context,
    rule: Annotated[
        str | None, typer.Option("--rule", metavar="NAME", help="Only what this rule would do.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Say what a full pass would change; writes nothing."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    options.say_if_elsewhere(sidecar)
    checked = options.checked_rules(sidecar)
    options.say_not_applied(checked)
    with show.progress("planning") as told:
        planned = sidecar.plan(checked, rule=rule, sample=_SAMPLE, progress=told)
    if json:
        show.as_json(
            {
                "run": None,
                "state": "planned",
                "customers": planned.outcome.customers,
                "changed": planned.outcome.changed,
                "set_aside": planned.outcome.set_aside,
                "changes": _changes(planned.outcome),
                "waiting": [],
                "sample": planned.sample,
            }
        )
        return
    _say(
        planned.outcome,
        "a full pass would change" if planned.outcome.changed else "nothing to change",
    )
    if planned.sample:
        rows = [
            (
                step["customer_id"],
                "+" if step["after"] else "-",
                step["name"],
                step["why"],
            )
            for step in planned.sample
        ]
        show.table(("customer", "", "tag", "why"), rows, right=(0,))
        rest = planned.outcome.tag_added + planned.outcome.tag_removed - len(planned.sample)
        if rest > 0:
            show.out(f"and {rest:,} more")


def _changes(outcome: Outcome) -> dict[str, int]:
    return {kind: getattr(outcome, kind, 0) for kind in _KINDS}


def _say(outcome: Outcome, headline: str) -> None:
    rows: list[tuple[Any, ...]] = [
        ("customers looked at", f"{outcome.customers:,}"),
        ("customers changed", f"{outcome.changed:,}"),
        ("tags added", f"{outcome.tag_added:,}"),
        ("tags removed", f"{outcome.tag_removed:,}"),
    ]
    show.out(headline)
    for label, number in rows:
        show.out(f"  {label:<20}{number:>12}")
