"""What people can ask for about customers: their tags, pins and groups, and the tags themselves."""

from __future__ import annotations

from typing import Final

from sidecar.sync.commands.command import Command, Parameter
from sidecar.sync.commands.parameters import (
    CUSTOMER,
    CUSTOMERS,
    LONGEST_EXPRESSION,
    REASON,
    UNTIL,
    WHY,
)

_TAG = Parameter("tag", "name", "the tag's name")
_WHOM = Parameter("customers", "customers", "whom", required=False)
_SELECTION = Parameter(
    "selection", "integer", "whom: the number of a `customers.select`", required=False
)
_CONFIRMED = Parameter(
    "confirmed",
    "integer",
    "how many the person was told that they are; has to be said past the cap of a run",
    required=False,
)
_CHOSEN = ("customers", "selection")
_COLOUR = Parameter("colour", "text", "of the badge, as `#rrggbb`", required=False, longest=50)
_DESCRIPTION = Parameter("description", "text", "for people", required=False)
_PINNED = Parameter("kind", "choice", "what is pinned", choices=("tag", "segment", "group"))
_PIN_NAME = Parameter("name", "name", "of the tag, segment or customer group")

COMMANDS: Final[tuple[Command, ...]] = (
    Command(
        "tag.add",
        "customers",
        "Give customers a tag, made where it does not exist; it stays whatever the rules say",
        (_TAG, _WHOM, _SELECTION, _CONFIRMED, UNTIL, REASON),
        one_of=_CHOSEN,
    ),
    Command(
        "tag.remove",
        "customers",
        "Take a tag off customers; a rule that would give it again is overruled for them",
        (_TAG, _WHOM, _SELECTION, _CONFIRMED, UNTIL, REASON),
        one_of=_CHOSEN,
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
            CUSTOMERS,
            Parameter("direction", "choice", "yes or no", choices=("in", "out")),
            UNTIL,
            Parameter(
                "requalify", "boolean", "the pin ends when the rule next turns true", required=False
            ),
            WHY,
        ),
    ),
    Command(
        "pin.end",
        "customers",
        "End what `pin.set` said; the rules decide again",
        (_PINNED, _PIN_NAME, CUSTOMERS),
    ),
    Command(
        "group.set",
        "customers",
        "Move customers to a customer group and leave them there",
        (Parameter("group", "name", "the customer group"), _WHOM, _SELECTION, _CONFIRMED, WHY),
        one_of=_CHOSEN,
    ),
    Command(
        "group.auto",
        "customers",
        "Let the ladder decide the customer group of customers again",
        (_WHOM, _SELECTION, _CONFIRMED),
        one_of=_CHOSEN,
    ),
    Command(
        "group.auto_found",
        "runs",
        "Let the ladder decide for everybody whose customer group was found at installation",
    ),
    Command(
        "customers.select",
        "customers",
        "Find the customers that match an expression and keep their ids for an hour;"
        " changes nothing else",
        (
            Parameter(
                "expression", "text", "as for `sidecar customers`", longest=LONGEST_EXPRESSION
            ),
        ),
        looks=True,
    ),
    Command(
        "explain",
        "customers",
        "Tell every tag, segment and group of one customer, and why; changes nothing",
        (CUSTOMER,),
        looks=True,
    ),
    Command(
        "customer.show",
        "customers",
        "Tell the facts of one customer, and what, when and how much they buy; changes nothing",
        (CUSTOMER,),
        looks=True,
    ),
)
