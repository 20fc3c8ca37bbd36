"""What people can ask for about store credit."""

from __future__ import annotations

from typing import Final

from sidecar.sync.commands.command import Command, Parameter
from sidecar.sync.commands.parameters import CUSTOMER, WHY

_ISSUE = Parameter("issue", "integer", "the issue's number")

COMMANDS: Final[tuple[Command, ...]] = (
    Command(
        "credit.show",
        "credit",
        "Tell what one customer has in store credit, of which buckets, and the latest entries;"
        " changes nothing",
        (CUSTOMER, Parameter("limit", "integer", "entries, at most", required=False)),
        looks=True,
    ),
    Command(
        "credit.waiting",
        "credit",
        "Tell which store credit waits for another person's approval; changes nothing",
        (Parameter("limit", "integer", "issues, at most", required=False),),
        looks=True,
    ),
    Command(
        "credit.issue",
        "credit",
        "Give one customer store credit; more than one person may issue alone waits",
        (
            CUSTOMER,
            Parameter("amount", "amount", "how much"),
            Parameter(
                "kind",
                "choice",
                "what it is given for",
                choices=("refund", "goodwill", "promotion", "gift"),
            ),
            WHY,
            Parameter("order", "integer", "of a refund: of which order", required=False),
            Parameter("until", "day", "its last day, instead of `valid`", required=False),
            Parameter(
                "valid",
                "text",
                "how long it is good: a span or `never`; without both, as `[credit]` says",
                required=False,
                longest=50,
            ),
        ),
    ),
    Command(
        "credit.approve",
        "credit",
        "Give store credit that waits; not by who issued it",
        (_ISSUE,),
    ),
    Command(
        "credit.refuse",
        "credit",
        "Drop store credit that waits; not by who issued it",
        (_ISSUE, WHY),
    ),
    Command(
        "credit.expire",
        "credit",
        "Let what is left of one issue of store credit expire now",
        (_ISSUE, WHY),
    ),
)
