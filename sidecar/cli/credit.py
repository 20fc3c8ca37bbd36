"""``credit``: store credit of single customers, and what waits for another person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from sidecar.cli import options, show
from sidecar.cli.asking import ask
from sidecar.cli.options import Customer, Json, Wait

Amount = Annotated[
    str,
    typer.Argument(
        metavar="AMOUNT", help="In the store's currency, e.g. 12.50.", show_default=False
    ),
]
Issue = Annotated[
    int, typer.Argument(metavar="ISSUE", min=1, help="Its number.", show_default=False)
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Kept in the ledger.")]


def register(app: typer.Typer) -> None:
    """Add the command family to *app*."""
    family = typer.Typer(no_args_is_help=True, help="Store credit of single customers.")
    for name, command in (
        ("show", show_),
        ("issue", issue),
        ("waiting", waiting),
        ("approve", approve),
        ("refuse", refuse),
        ("expire", expire),
    ):
        family.command(name)(command)
    app.add_typer(family, name="credit")


# -- looking -------------------------------------------------------------------------------


def show_(
    context: typer.Context,
    customer: Customer,
    limit: Annotated[
        int, typer.Option("--limit", min=0, metavar="N", help="The latest entries, at most.")
    ] = 20,
    json: Json = False,
) -> None:
    """Show what CUSTOMER has in store credit, of which buckets, and how it came to that."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    options.say_if_elsewhere(sidecar)
    found: dict[str, Any] = sidecar.loyalty_view.credit(customer, limit)
    if json:
        show.as_json(found)
        return
    show.out(f"{'available':<11}{show.money(found['available'])} {show.plain(found['currency'])}")
    if found["buckets"]:
        show.out("")
        show.table(
            ("amount", "of", "what", "through", "reason", "by"),
            [
                (
                    show.money(bucket["amount"]),
                    "" if bucket["issued"] is None else show.money(bucket["issued"]),
                    bucket["what"],
                    bucket["until"] or "",
                    bucket["reason"] or "",
                    bucket["actor"] or "",
                )
                for bucket in found["buckets"]
            ],
            right=(0, 1),
        )
    if found["waiting"]:
        show.out("")
        _table_of_waiting(found["waiting"])
    if found["entries"]:
        show.out("")
        show.table(
            ("date", "what", "amount", "available", "reason", "by"),
            [
                (
                    str(entry["at"])[:16].replace("T", " "),
                    entry["what"],
                    _change(entry["amount"]),
                    _change(entry["available"]),
                    entry["reason"] or "",
                    entry["actor"] or "",
                )
                for entry in found["entries"]
            ],
            right=(2, 3),
        )


def waiting(
    context: typer.Context,
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="The oldest, at most.")
    ] = 100,
    json: Json = False,
) -> None:
    """Show which store credit waits for another person's approval."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    options.say_if_elsewhere(sidecar)
    found: dict[str, Any] = sidecar.loyalty_view.credit_waiting(limit)
    if json:
        show.as_json(found)
        return
    if found["waiting"]:
        _table_of_waiting(found["waiting"])
    total = f"{show.money(found['amount_waiting'])} {show.plain(found['currency'])}"
    number = found["issues_waiting"]
    show.note(f"{show.counted(number, 'issue')} waiting" + (f", {total}" if number else ""))


def _table_of_waiting(found: list[Mapping[str, Any]]) -> None:
    show.table(
        ("waiting", "customer", "amount", "for", "through", "reason", "by"),
        [
            (
                one["issue"],
                one["customer_id"],
                show.money(one["amount"]),
                _given_for(one),
                one["until"] or "",
                one["reason"],
                one["actor"],
            )
            for one in found
        ],
        right=(0, 1, 2),
    )


# -- issuing and deciding ------------------------------------------------------------------


def issue(
    context: typer.Context,
    customer: Customer,
    amount: Amount,
    kind: Annotated[
        str,
        typer.Option("--for", metavar="KIND", help="refund, goodwill, promotion or gift."),
    ],
    reason: Reason,
    order: Annotated[
        int | None, typer.Option("--order", min=1, metavar="ORDER", help="Of a refund.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DAY", help="The last day it is good.")
    ] = None,
    valid: Annotated[
        str | None,
        typer.Option(
            "--valid",
            metavar="SPAN",
            help='How long it is good, e.g. "90 days", or "never"; default: as [credit] says.',
        ),
    ] = None,
    wait: Wait = 30.0,
    json: Json = False,
) -> None:
    """Give CUSTOMER store credit; more than one person may issue alone waits for another."""
    asked = {
        "customer": customer,
        "amount": amount,
        "kind": kind,
        "reason": reason,
        "order": order,
        "until": until,
        "valid": valid,
    }
    done = ask(options.opened(context), "credit.issue", asked, wait, "issuing")
    _answer(done.answer, json)
    if done.exit_code:
        raise typer.Exit(done.exit_code)


def approve(context: typer.Context, issue: Issue, wait: Wait = 30.0, json: Json = False) -> None:
    """Give store credit that waits; not by who issued it."""
    asked = {"issue": issue}
    _answer(ask(options.opened(context), "credit.approve", asked, wait, "approving").answer, json)


def refuse(
    context: typer.Context, issue: Issue, reason: Reason, wait: Wait = 30.0, json: Json = False
) -> None:
    """Drop store credit that waits; not by who issued it."""
    asked = {"issue": issue, "reason": reason}
    answer = ask(options.opened(context), "credit.refuse", asked, wait, "refusing").answer
    if json:
        show.as_json(answer)
        return
    show.note(f"issue {answer['issue']} is refused: {show.money(answer['amount'])} are not given")


def expire(
    context: typer.Context, issue: Issue, reason: Reason, wait: Wait = 30.0, json: Json = False
) -> None:
    """Let what is left of ISSUE expire now."""
    asked = {"issue": issue, "reason": reason}
    answer = ask(options.opened(context), "credit.expire", asked, wait, "expiring").answer
    if json:
        show.as_json(answer)
        return
    show.note(f"{show.money(answer['expired'])} of issue {answer['issue']} expired: {_has(answer)}")


def _answer(answer: Mapping[str, Any], json: bool) -> None:
    if json:
        show.as_json(answer)
        return
    number, amount = answer["issue"], show.money(answer["amount"])
    if answer["state"] == "waiting":
        show.note(
            f"issue {number} over {amount} waits until another person approves it"
            f" (`sidecar credit approve {number}`): {_has(answer)}"
        )
        return
    until = f" through {answer['until']}" if answer["until"] else ""
    show.note(f"{amount} issued as {number}{until}: {_has(answer)}")


def _has(answer: Mapping[str, Any]) -> str:
    money = f"{show.money(answer['available'])} {show.plain(answer['currency'])}"
    return f"customer {answer['customer_id']} has {money}"


def _given_for(issued: Mapping[str, Any]) -> str:
    return str(issued["kind"]) + (f" of order {issued['order']}" if issued["order"] else "")


def _change(text: str) -> str:
    return "" if not text.strip("0.") else ("" if text.startswith("-") else "+") + show.money(text)
