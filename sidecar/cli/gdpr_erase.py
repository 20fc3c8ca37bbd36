"""``gdpr erase`` and ``gdpr replay``: what an erasure does, and doing it again after a restore."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sidecar.cli import options, show
from sidecar.cli.asking import ask
from sidecar.cli.options import Json, Wait
from sidecar.cli.person_options import Guest, PerhapsCustomer, PerhapsHow, PerhapsVerifiedBy
from sidecar.errors import UsageError

if TYPE_CHECKING:
    from sidecar.app import Sidecar

#: Seconds: the whole database is looked through at the end.
_WAIT = 3_600.0

Plan = Annotated[bool, typer.Option("--plan", help="Show what would be done, and do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def register(family: typer.Typer) -> None:
    """Add the commands to the family ``gdpr``."""
    family.command("erase")(erase)
    family.command("replay")(replay)


def erase(
    context: typer.Context,
    customer: PerhapsCustomer = None,
    guest: Guest = None,
    plan: Plan = False,
    verified_by: PerhapsVerifiedBy = None,
    how: PerhapsHow = None,
    now: Annotated[
        bool, typer.Option("--now", help="Do not wait for the time in which it can be cancelled.")
    ] = False,
    yes: Yes = False,
    wait: Wait = _WAIT,
    json: Json = False,
) -> None:
    """Erase a person's data once the time to cancel it is over; --plan shows what that does."""
    sidecar = options.opened(context)
    if plan:
        sidecar.require_own_tables()
        options.say_if_elsewhere(sidecar)
        found = sidecar.privacy_view.erasure_plan(customer, guest)
        _show_plan(found, json)
        return
    if now:
        _confirm("it is erased now and cannot be brought back", yes=yes)
    asked = {
        "kind": "erase",
        "customer": customer,
        "guest": guest,
        "verified_by": verified_by,
        "how": how,
    }
    answer = ask(sidecar, "gdpr.request", asked, wait, "entering").answer
    if now:
        _erase_now(sidecar, answer["request"], wait, json)
        return
    if answer["state"] in ("unverified", "open"):
        number = {"request": answer["request"]}
        answer = ask(sidecar, "gdpr.approve", number, wait, "approving").answer
    if json:
        show.as_json(answer)
        return
    show.note(
        f"request {answer['request']} is {answer['state']}: the erasure begins on"
        f" {str(answer['starts_at'])[:16].replace('T', ' ')}"
        f" (`sidecar gdpr cancel {answer['request']}` stops it until then)"
    )


def _erase_now(sidecar: Sidecar, number: int, wait: float, json: bool) -> None:
    answer = ask(sidecar, "gdpr.erase", {"request": number}, wait, "erasing").answer
    if json:
        show.as_json(answer)
        return
    _show_result(f"request {number} is {answer['state']}", answer)


def replay(
    context: typer.Context,
    plan: Plan = False,
    yes: Yes = False,
    wait: Wait = _WAIT,
    json: Json = False,
) -> None:
    """After a restore of the database, erase again whom the journal of erasures names."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    options.say_if_elsewhere(sidecar)
    if plan:
        found: Mapping[str, Any] = sidecar.privacy_view.replay_plan()
    else:
        _confirm("whom the journal names is erased again", yes=yes)
        found = ask(sidecar, "gdpr.replay", {}, wait, "erasing").answer
    if json:
        show.as_json(found)
        return
    show.note(f"entries of the journal: {found['entries']:,}")
    for name, what in (
        ("only_in_file", "only in the file: the database was restored"),
        ("only_in_table", "only in the database: the file is another, or was lost"),
        ("unreadable", "lines of the file that cannot be read"),
        ("suppressed", "addresses on the suppression list again"),
        ("came_back", "addresses in use again since, which are left alone"),
    ):
        if found[name]:
            show.note(f"{found[name]:,} {what}")
    people = show.counted(len(found["accounts"]), "account")
    guests = show.counted(found["addresses"], "guest")
    show.note(f"{'to be erased' if plan else 'erased'} again: {people}, {guests}")
    if found["result"] is not None:
        _show_result("erased", found["result"])


# -- showing -------------------------------------------------------------------------------


def _show_plan(found: Mapping[str, Any], json: bool) -> None:
    if json:
        show.as_json(found)
        return
    _table(found["tables"])
    if found["legal_hold"] is not None:
        show.note(show.plain(f"a legal hold keeps all of it: {found['legal_hold']}"))
    _say_gaps(found["gaps"])
    if found["files"]:
        show.note(f"{show.counted(found['files'], 'uploaded file')} deleted")
    if found["files_left"]:
        number = show.counted(len(found["files_left"]), "uploaded file")
        show.note(f"{number} left: [shop] directory is not set, or has no such folder")


def _table(tables: list[Mapping[str, Any]]) -> None:
    show.table(
        ("table", "rows", "what", "until", "why"),
        [(one["label"], one["rows"], _does(one), one["until"] or "", _why(one)) for one in tables],
        right=(1,),
    )


def _does(one: Mapping[str, Any]) -> str:
    if one["kept_for_now"] and one["kept_for_now"] == one["rows"]:
        return f"kept for now, then {one['does']}"
    later = f", {one['kept_for_now']:,} of them later" if one["kept_for_now"] else ""
    return f"{one['does']}{later}"


def _why(one: Mapping[str, Any]) -> str:
    kept = [f"{each['column']}: {each['why']}" for each in one["columns_kept"]]
    return "; ".join([one["why"], *kept] if one["why"] else kept)


def _show_result(what: str, found: Mapping[str, Any]) -> None:
    show.note(what)
    for one in found["residue"]:
        key = ", ".join(map(str, one["key"]))
        show.note(f"left: {one['kind']} in {one['table']}.{one['column']}, row {key}")
    more = found["residue_found"] - len(found["residue"])
    if more > 0:
        show.note(f"left: {more:,} more")
    for name in found["files_left"]:
        show.note(f"left: an uploaded file, {show.plain(name)}")
    if not found["settled"]:
        show.note("incomplete: rows kept coming while it was erased, or it was another account")
    _say_gaps(found["gaps"])


def _say_gaps(gaps: list[str]) -> None:
    for gap in gaps:
        show.note(
            show.plain(f"the register does not know {gap} (`sidecar doctor` has the way out)")
        )


def _confirm(what: str, *, yes: bool) -> None:
    """
    Raises:
        UsageError: There is nobody to ask.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{what}: nobody to ask here: call it with --yes")
    show.note(what)
    typer.confirm("Go on?", abort=True, err=True)
