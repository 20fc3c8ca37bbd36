"""What can be said of a command: the right it takes, and its parameters with their kinds."""

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
Area = Literal["customers", "tags", "points", "credit", "privacy", "rules", "runs", "operation"]

#: What a person with the rights of an area may do; each becomes a permission of its own.
AREAS: Final[Mapping[Area, str]] = {
    "customers": "tags, pins and customer groups of single customers, and looking at them",
    "tags": "the tags themselves: their names, merging and archiving them",
    "points": "points of single customers by hand, and looking at all that was given",
    "credit": "issuing store credit, approving what another person issued, and looking at it",
    "privacy": "requests about personal data, erasure, consents",
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
        acts: Whether a command that otherwise only looks changes something with it.
    """

    name: str
    kind: Kind
    about: str
    required: bool = True
    choices: tuple[str, ...] = ()
    longest: int = 1_000
    acts: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """
    Attributes:
        name: ``subject.verb``, or one word.
        area: The right that it takes.
        summary: For people.
        parameters: In the order in which they are told.
        looks: Whether it changes nothing, unless with a parameter that `acts`: who may see the
            area's page may ask for it.
        one_of: Parameters of which exactly one must be given; none of them is required.
    """

    name: str
    area: Area
    summary: str
    parameters: tuple[Parameter, ...] = ()
    looks: bool = False
    one_of: tuple[str, ...] = ()
