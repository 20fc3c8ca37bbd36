"""
Everything that people can ask for, as data: names, parameters, and who may.

The command line, the bridge, the checks and the reference page read this list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal[
    "text",
    "name",
    "names",
    "choice",
    "day",
    "boolean",
    "integer",
    "amount",
    "customer",
    "customers",
    "rows",
]
Area = Literal["customers", "tags", "points", "credit", "rules", "runs", "operation"]

#: What a person with the rights of an area may do; each becomes a permission of its own.
AREAS: Final[Mapping[Area, str]] = {
    "customers": "tags, pins and customer groups of single customers, and looking at them",
    "tags": "the tags themselves: their names, merging and archiving them",
    "points": "points of single customers by hand, and looking at all that was given",
    "credit": "issuing store credit, approving what another person issued, and looking at it",
    "rules": "rules made in the admin, and letting held ones go on",
    "runs": "approving, discarding and undoing what rules want to change",
    "operation": "pausing, and passes out of turn",
}

#: What a value of each kind is in JSON.
KINDS: Final[Mapping[Kind, str]] = {
    "text": "text",
    "name": "text of 1 to 255 characters",
    "names": "array of names, each once, at most 1,000",
    "choice": "one of the texts listed",
    "day": 'text, e.g. `"2027-01-31"`, in the store\'s zone',
    "boolean": "true or false",
    "integer": "whole number from 1 to 4,294,967,295",
    "amount": 'text, money above 0 in the store\'s currency with at most 4 places, e.g. `"12.50"`',
    "customer": "an id as a number, or an e-mail address as text",
    "customers": "array of ids and e-mail addresses, 1 to 100,000",
    "rows": "array of objects with `tag`, `customers` (array of ids and e-mail addresses),"
    " and perhaps `until` (day); at most 100,000 customers together",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """
    Attributes:
        name: The key in JSON.
        kind: What its value is.
        about: For people.
        required: Whether it must be given; else null and absent are the same.
        choices: Of a ``choice``.
        longest: Characters of a ``text``.
    """

    name: str
    kind: Kind
    about: str
    required: bool = True
    choices: tuple[str, ...] = ()
    longest: int = 1_000


@dataclass(frozen=True, slots=True)
class Command:
    """
    Attributes:
        name: ``subject.verb``, or one word.
        area: The right that it takes.
        summary: For people.
        parameters: In the order in which they are told.
    """

    name: str
    area: Area
    summary: str
    parameters: tuple[Parameter, ...] = ()


_LONGEST_EXPRESSION = 8_192

_TAG = Parameter("tag", "name", "the tag's name")
_CUSTOMERS = Parameter("customers", "customers", "whom")
_UNTIL = Parameter("until", "day", "through that day; without it, for ever", required=False)
_REASON = Parameter("reason", "text", "kept in the audit", required=False)
_WHY = Parameter("reason", "text", "kept in the audit")
_COLOUR = Parameter("colour", "text", "of the badge, as `#rrggbb`", required=False, longest=50)
_DESCRIPTION = Parameter("description", "text", "for people", required=False)
_PINNED = Parameter("kind", "choice", "what is pinned", choices=("tag", "segment", "group"))
_PIN_NAME = Parameter("name", "name", "of the tag, segment or customer group")
_RULE_KIND = Parameter("kind", "choice", "what it makes", choices=("tag", "segment", "group"))
_RULE_NAME = Parameter("name", "name", "the rule's name")
_RUN = Parameter("run", "integer", "the run's number")
_CUSTOMER = Parameter("customer", "customer", "who")
_ISSUE = Parameter("issue", "integer", "the issue's number")
_POINTS = Parameter("points", "integer", "how many")

COMMANDS: Final[tuple[Command, ...]] = (
    Command(
        "tag.add",
        "customers",
        "Give customers a tag, made where it does not exist; it stays whatever the rules say",
        (_TAG, _CUSTOMERS, _UNTIL, _REASON),
    ),
    Command(
        "tag.remove",
        "customers",
        "Take a tag off customers; a rule that would give it again is overruled for them",
        (_TAG, _CUSTOMERS, _UNTIL, _REASON),
    ),
    Command(
        "tag.import",
        "customers",
        "Give many customers many tags, each through a day or for ever",
        (
            Parameter("file", "text", "where they come from, kept in the audit", longest=255),
            Parameter("rows", "rows", "who gets what"),
        ),
    ),
    Command(
        "tag.create",
        "tags",
        "Make a tag without giving it to anybody",
        (_TAG, _COLOUR, _DESCRIPTION),
    ),
    Command(
        "tag.describe",
        "tags",
        "Change a tag's colour or description",
        (_TAG, _COLOUR, _DESCRIPTION),
    ),
    Command(
        "tag.rename",
        "tags",
        "Give a tag another name; everybody keeps it",
        (_TAG, Parameter("new", "name", "what it is called from now on")),
    ),
    Command(
        "tag.merge",
        "tags",
        "Give everybody with one tag another instead, and archive the first",
        (_TAG, Parameter("into", "name", "the tag that stays")),
    ),
    Command("tag.archive", "tags", "Put a tag out of use; who had it is remembered", (_TAG,)),
    Command("tag.restore", "tags", "Take an archived tag into use again", (_TAG,)),
    Command(
        "pin.set",
        "customers",
        "Say for customers what a rule would decide: in or out, whatever it says",
        (
            _PINNED,
            _PIN_NAME,
            _CUSTOMERS,
            Parameter("direction", "choice", "yes or no", choices=("in", "out")),
            _UNTIL,
            Parameter(
                "requalify", "boolean", "the pin ends when the rule next turns true", required=False
            ),
            _WHY,
        ),
    ),
    Command(
        "pin.end",
        "customers",
        "End what `pin.set` said; the rules decide again",
        (_PINNED, _PIN_NAME, _CUSTOMERS),
    ),
    Command(
        "group.set",
        "customers",
        "Move customers to a customer group and leave them there",
        (Parameter("group", "name", "the customer group"), _CUSTOMERS, _WHY),
    ),
    Command(
        "group.auto",
        "customers",
        "Let the ladder decide the customer group of customers again",
        (_CUSTOMERS,),
    ),
    Command(
        "group.auto_found",
        "runs",
        "Let the ladder decide for everybody whose customer group was found at installation",
    ),
    Command(
        "explain",
        "customers",
        "Tell every tag, segment and group of one customer, and why; changes nothing",
        (_CUSTOMER,),
    ),
    Command(
        "points.show",
        "points",
        "Tell what one customer has in points, what expires next and the latest entries;"
        " changes nothing",
        (_CUSTOMER, Parameter("limit", "integer", "entries, at most", required=False)),
    ),
    Command(
        "points.add",
        "points",
        "Give one customer points, which expire as if they were earned now",
        (_CUSTOMER, _POINTS, _WHY),
    ),
    Command(
        "points.deduct",
        "points",
        "Take points from one customer, those that expire soonest first",
        (
            _CUSTOMER,
            _POINTS,
            _WHY,
            Parameter(
                "into_debt", "boolean", "also more than there are: they are owed", required=False
            ),
        ),
    ),
    Command(
        "points.redeem",
        "points",
        "Make points of one customer a coupon of the store's, which they use once, or store credit",
        (
            _CUSTOMER,
            Parameter("points", "integer", "how many, at most; without it, all", required=False),
            Parameter(
                "becomes",
                "choice",
                "what they become; without it, a coupon",
                required=False,
                choices=("coupon", "credit"),
            ),
            _REASON,
        ),
    ),
    Command(
        "points.cancel",
        "points",
        "End a redemption's coupon; its points come back a day later, unless it is used",
        (Parameter("redemption", "integer", "its number"), _WHY),
    ),
    Command(
        "card.find",
        "points",
        "Tell whose card has a number, and whether it holds; changes nothing",
        (Parameter("number", "text", "as it was typed or scanned", longest=100),),
    ),
    Command(
        "card.reissue",
        "points",
        "Give one customer a new card; the old one ends, and the points stay",
        (_CUSTOMER, _WHY),
    ),
    Command(
        "points.restore",
        "points",
        "Let one order of a customer earn again whose points somebody removed in the store",
        (_CUSTOMER, Parameter("order", "integer", "the order's number"), _WHY),
    ),
    Command(
        "tier.lock",
        "points",
        "Keep one customer in a tier, whatever they have earned",
        (_CUSTOMER, Parameter("tier", "name", "the tier"), _UNTIL, _WHY),
    ),
    Command(
        "tier.unlock",
        "points",
        "Let what one customer has earned decide their tier again, from the next review on",
        (_CUSTOMER,),
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
    Command(
        "credit.show",
        "credit",
        "Tell what one customer has in store credit, of which buckets, and the latest entries;"
        " changes nothing",
        (_CUSTOMER, Parameter("limit", "integer", "entries, at most", required=False)),
    ),
    Command(
        "credit.waiting",
        "credit",
        "Tell which store credit waits for another person's approval; changes nothing",
        (Parameter("limit", "integer", "issues, at most", required=False),),
    ),
    Command(
        "credit.issue",
        "credit",
        "Give one customer store credit; more than one person may issue alone waits",
        (
            _CUSTOMER,
            Parameter("amount", "amount", "how much"),
            Parameter(
                "kind",
                "choice",
                "what it is given for",
                choices=("refund", "goodwill", "promotion", "gift"),
            ),
            _WHY,
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
        (_ISSUE, _WHY),
    ),
    Command(
        "credit.expire",
        "credit",
        "Let what is left of one issue of store credit expire now",
        (_ISSUE, _WHY),
    ),
    Command(
        "loyalty.status",
        "points",
        "Tell how many points are outstanding, their value, and what became of those that"
        " were given; changes nothing",
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
    Command(
        "customers.look",
        "customers",
        "Look at customers again now",
        (_CUSTOMERS,),
    ),
    Command("run.approve", "runs", "Write what a waiting run would change", (_RUN,)),
    Command("run.discard", "runs", "Drop a waiting run and hold its rules", (_RUN,)),
    Command(
        "run.undo",
        "runs",
        "Take back what a run changed and nobody changed since, and hold its rules",
        (_RUN,),
    ),
    Command(
        "rule.resume",
        "rules",
        "Let a held rule go on",
        (
            Parameter(
                "kind",
                "choice",
                "what it makes, where several have the name",
                required=False,
                choices=("tag", "ladder"),
            ),
            _RULE_NAME,
        ),
    ),
    Command(
        "rule.save",
        "rules",
        "Make a rule, or change one that was made in the admin",
        (
            _RULE_KIND,
            _RULE_NAME,
            Parameter("when", "text", "its condition", longest=_LONGEST_EXPRESSION),
            Parameter(
                "keep_when",
                "text",
                "of a group: who stays",
                required=False,
                longest=_LONGEST_EXPRESSION,
            ),
            Parameter("grace", "text", "of a group: a span", required=False, longest=50),
            Parameter("min_stay", "text", "of a group: a span", required=False, longest=50),
        ),
    ),
    Command("rule.delete", "rules", "Delete a rule made in the admin", (_RULE_KIND, _RULE_NAME)),
    Command(
        "rule.order",
        "rules",
        "Put the ladder's groups made in the admin in another order",
        (Parameter("names", "names", "the groups, the highest first"),),
    ),
    Command(
        "pass.run",
        "operation",
        "Look at every customer now; what passes the cap waits for approval",
    ),
    Command(
        "pass.approve",
        "runs",
        "Look at every customer now, and approve what that plans",
    ),
    Command(
        "pause",
        "operation",
        "Go on reading, and write nothing to the store's own tables",
        (Parameter("reason", "text", "shown to everybody", required=False),),
    ),
    Command("resume", "operation", "End a pause"),
)

BY_NAME: Final[Mapping[str, Command]] = {command.name: command for command in COMMANDS}
