"""What people can ask for about points, loyalty cards and tiers."""

from __future__ import annotations

from typing import Final

from sidecar.sync.commands.command import Command, Parameter
from sidecar.sync.commands.parameters import CUSTOMER, REASON, UNTIL, WHY

_POINTS = Parameter("points", "integer", "how many")

COMMANDS: Final[tuple[Command, ...]] = (
    Command(
        "points.show",
        "points",
        "Tell what one customer has in points, what expires next and the latest entries;"
        " changes nothing",
        (CUSTOMER, Parameter("limit", "integer", "entries, at most", required=False)),
        looks=True,
    ),
    Command(
        "points.add",
        "points",
        "Give one customer points, which expire as if they were earned now",
        (CUSTOMER, _POINTS, WHY),
    ),
    Command(
        "points.deduct",
        "points",
        "Take points from one customer, those that expire soonest first",
        (
            CUSTOMER,
            _POINTS,
            WHY,
            Parameter(
                "into_debt", "boolean", "also more than there are: they are owed", required=False
            ),
        ),
    ),
    Command(
        "points.quote",
        "points",
        "Tell what points of one customer would become if they were redeemed; changes nothing",
        (
            CUSTOMER,
            Parameter("points", "integer", "how many; without it, all", required=False),
        ),
        looks=True,
    ),
    Command(
        "points.redeem",
        "points",
        "Make points of one customer a coupon of the store's, which they use once, or store credit",
        (
            CUSTOMER,
            Parameter("points", "integer", "how many, at most; without it, all", required=False),
            Parameter(
                "becomes",
                "choice",
                "what they become; without it, a coupon",
                required=False,
                choices=("coupon", "credit"),
            ),
            REASON,
        ),
    ),
    Command(
        "points.cancel",
        "points",
        "End a redemption's coupon; its points come back a day later, unless it is used",
        (Parameter("redemption", "integer", "its number"), WHY),
    ),
    Command(
        "card.find",
        "points",
        "Tell whose card has a number, and whether it holds; changes nothing",
        (Parameter("number", "text", "as it was typed or scanned", longest=100),),
        looks=True,
    ),
    Command(
        "card.reissue",
        "points",
        "Give one customer a new card; the old one ends, and the points stay",
        (CUSTOMER, WHY),
    ),
    Command(
        "points.restore",
        "points",
        "Let one order of a customer earn again whose points somebody removed in the store",
        (CUSTOMER, Parameter("order", "integer", "the order's number"), WHY),
    ),
    Command(
        "tier.lock",
        "points",
        "Keep one customer in a tier, whatever they have earned",
        (CUSTOMER, Parameter("tier", "name", "the tier"), UNTIL, WHY),
    ),
    Command(
        "tier.unlock",
        "points",
        "Let what one customer has earned decide their tier again, from the next review on",
        (CUSTOMER,),
    ),
    Command(
        "tier.apply",
        "runs",
        "Tell what the tiers in the rules files would change, or let them hold",
        (
            Parameter("apply", "boolean", "let them hold", required=False),
            Parameter("keep", "boolean", "nobody falls before their next review", required=False),
        ),
    ),
)
