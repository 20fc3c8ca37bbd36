"""What people can ask for about the loyalty program as a whole."""

from __future__ import annotations

from typing import Final

from sidecar.sync.commands.command import Command, Parameter

COMMANDS: Final[tuple[Command, ...]] = (
    Command(
        "loyalty.status",
        "points",
        "Tell how many points are outstanding, their value, and what became of those that"
        " were given; changes nothing",
        looks=True,
    ),
    Command(
        "loyalty.months",
        "points",
        "Tell what became of points in each of the last months, and which expire in the next;"
        " changes nothing",
        looks=True,
    ),
    Command(
        "loyalty.program",
        "points",
        "Tell what the loyalty program in the rules files says, its tiers and earn rules;"
        " changes nothing",
        looks=True,
    ),
    Command(
        "loyalty.start",
        "runs",
        'Count what a program with `start = "all"` would give for the orders there are, or let'
        " it begin",
        (Parameter("begin", "boolean", "let it begin", required=False),),
    ),
    Command(
        "loyalty.simulate",
        "points",
        "Tell what the program of the rules files would have given for the orders of the last"
        " days, and what the one in force; changes nothing",
        (Parameter("days", "integer", "how many, 90 where nothing is said", required=False),),
        looks=True,
    ),
    Command(
        "loyalty.reconcile",
        "operation",
        "Compare every customer's points with the store's own rows, and perhaps mend these",
        (
            Parameter(
                "fix",
                "boolean",
                "put altered rows back, delete rows beside rewarded orders, write missing ones",
                required=False,
            ),
        ),
    ),
)
