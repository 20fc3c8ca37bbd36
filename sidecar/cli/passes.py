"""``migrate``, ``once`` and ``plan``: our tables, a full pass, and what one would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from sidecar.cli import options, show
from sidecar.errors import NotNowError
from sidecar.model import CHANGES, Outcome

if TYPE_CHECKING:
    from sidecar.app import Sidecar
    from sidecar.sync.full_pass import Result
    from sidecar.sync.runs import Waiting

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
    yes: Annotated[
        bool,
        typer.Option(
            "--yes",
            help="Approve what this pass plans: past the cap, and as the first of all.",
        ),
    ] = False,
    wait: Annotated[
        float,
        typer.Option(
            "--wait", min=0, metavar="S", help="Seconds to wait while another sidecar writes."
        ),
    ] = 0.0,
    json: options.Json = False,
) -> None:
    """Look at every customer once, write what differs, and exit: for cron instead of systemd."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    actor = options.actor()
    with sidecar.leading(wait):
        sidecar.catch_up()
        checked = options.checked_rules(sidecar)
        with show.progress("full pass") as told:
            result = sidecar.full_pass(
                checked, actor=actor, approved_by=actor if yes else None, progress=told
            )
        sidecar.ring_bell()
        sidecar.upkeep.clean(sidecar.moment())
    outcome = result.outcome
    state = "waiting" if result.waiting else "applied" if result.run_id else "nothing"
    if json:
        show.as_json(
            {
                "run": result.run_id,
                "state": state,
                "customers": outcome.customers,
                "changed": outcome.changed,
                "set_aside": outcome.set_aside,
                "changes": _changes(outcome),
                "waiting": [_waiting(sidecar, run) for run in result.waiting],
            }
        )
    else:
        _say(outcome, _headline(result))
        if outcome.set_aside:
            show.note(f"{outcome.set_aside} set aside because their data cannot be processed:")
            for customer_id, error in sidecar.view.set_aside(20):
                show.note(f"  customer {customer_id}: {show.plain(error)}")
    if result.waiting:
        raise NotNowError(_say_waiting(sidecar, result.waiting))


def plan(
    context: typer.Context,
    rule: Annotated[
        str | None, typer.Option("--rule", metavar="NAME", help="Only what this rule would do.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Say what a full pass would change if everything were approved; writes nothing."""
    sidecar = options.opened(context)
    options.say_if_elsewhere(sidecar)
    sidecar.require_own_tables()
    checked = options.checked_rules(sidecar)
    with show.progress("planning") as told:
        planned = sidecar.plan(checked, rule=rule, sample=_SAMPLE, progress=told)
    outcome = planned.outcome
    if json:
        show.as_json(
            {
                "run": None,
                "state": "planned",
                "customers": outcome.customers,
                "changed": outcome.changed,
                "set_aside": outcome.set_aside,
                "changes": _changes(outcome),
                "waiting": [_waiting(sidecar, run) for run in sidecar.view.waiting()],
                "sample": planned.sample,
                "found": {"customers": planned.found_total, "sample": planned.found},
            }
        )
        return
    some = any(_changes(outcome).values())
    _say(outcome, "a full pass would change" if some else "nothing to change")
    if planned.sample:
        rows = [(step["customer_id"], _what(step), step["why"]) for step in planned.sample]
        show.table(("customer", "change", "why"), rows, right=(0,))
        rest = sum(_changes(outcome).values()) - len(planned.sample)
        if rest > 0:
            show.out(f"and {rest:,} more")
    if planned.found_total:
        listed = ", ".join(map(str, planned.found))
        more = planned.found_total - len(planned.found)
        listed += f" and {more:,} more" if more else ""
        show.note(
            f"{show.counted(planned.found_total, 'customer')} found in a group outside [ladder]"
            f" from, left there until `sidecar group auto`: {listed}"
        )
    cap = sidecar.cap()
    if outcome.changed > cap:
        show.note(
            f"more than {cap:,} customers would change: such a run waits for approval"
            " (rules.max_change, rules.max_change_floor)"
        )


def _headline(result: Result) -> str:
    if result.run_id:
        return f"run {result.run_id}"
    if result.waiting or any(_changes(result.outcome).values()):
        return "nothing written but facts and segments"
    return "nothing to change"


def _changes(outcome: Outcome) -> dict[str, int]:
    return {kind: getattr(outcome, kind) for kind in CHANGES}


def _what(step: dict[str, object]) -> str:
    if step["kind"] == "group":
        return f"{step['before']} -> {step['after']}"
    return f"{'+' if step['after'] else '-'} {step['kind']} {step['name']}"


def _waiting(sidecar: Sidecar, run: Waiting) -> dict[str, object]:
    return {
        "run": run.run_id,
        "rules": sidecar.view.rule_names(run.rule_ids),
        "customers": run.customers,
        "changes": dict(run.changes),
    }


def _say_waiting(sidecar: Sidecar, waiting: Sequence[Waiting]) -> str:
    lines = []
    for run in waiting:
        listed = show.listed(sidecar.view.rule_names(run.rule_ids))
        whom = show.counted(run.customers, "customer") if run.customers else "nobody now"
        lines.append(
            f"run {run.run_id} waits for approval: it would change {whom} ({listed or 'no rule'});"
            f" `sidecar approve {run.run_id}` or `sidecar discard {run.run_id}`"
        )
    return "\n".join(lines)


def _say(outcome: Outcome, headline: str) -> None:
    rows: list[tuple[str, int]] = [
        ("customers looked at", outcome.customers),
        ("customers changed", outcome.changed),
        ("tags added", outcome.tag_added),
        ("tags removed", outcome.tag_removed),
        ("groups changed", outcome.group_changed),
        ("segments entered", outcome.segment_entered),
        ("segments left", outcome.segment_left),
    ]
    show.out(headline)
    for label, number in rows:
        show.out(f"  {label:<20}{number:>12,}")
