"""What people can ask for about rules."""

from __future__ import annotations

from typing import Final

from sidecar.sync.commands.command import Command, Parameter
from sidecar.sync.commands.parameters import CUSTOMER, LONGEST_EXPRESSION

#: Of what is only checked, so that what is too long can be told as any other problem.
_LONGEST_CHECKED = 100_000

_RULE_KIND = Parameter("kind", "choice", "what it makes", choices=("tag", "segment", "group"))
_RULE_NAME = Parameter("name", "name", "the rule's name")
_CONDITION = Parameter("when", "text", "its condition", longest=LONGEST_EXPRESSION)
_OF_A_RUNG = (
    Parameter(
        "keep_when", "text", "of a group: who stays", required=False, longest=LONGEST_EXPRESSION
    ),
    Parameter("grace", "text", "of a group: a span", required=False, longest=50),
    Parameter("min_stay", "text", "of a group: a span", required=False, longest=50),
)
_ITS_KIND = Parameter(
    "kind", "choice", "of the rule", required=False, choices=("tag", "segment", "group")
)
_ITS_NAME = Parameter("name", "text", "of the rule", required=False, longest=255)

COMMANDS: Final[tuple[Command, ...]] = (
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
            _CONDITION,
            *_OF_A_RUNG,
            Parameter(
                "was",
                "text",
                "the JSON of the definition as it was read, empty for a new rule: refused where"
                " another person changed it meanwhile",
                required=False,
                longest=_LONGEST_CHECKED,
            ),
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
        "rule.list",
        "rules",
        "Tell every rule, what it says and how it is; changes nothing",
        looks=True,
    ),
    Command(
        "rule.check",
        "rules",
        "Tell what is wrong with a condition, its text, its JSON and a sentence for it;"
        " changes nothing",
        (
            Parameter("when", "text", "its text", required=False, longest=_LONGEST_CHECKED),
            Parameter("tree", "text", "its JSON", required=False, longest=_LONGEST_CHECKED),
            _ITS_KIND,
            _ITS_NAME,
        ),
        looks=True,
        one_of=("when", "tree"),
    ),
    Command(
        "rule.facts",
        "rules",
        "Tell the facts, operators and names that a condition can be made of; changes nothing",
        looks=True,
    ),
    Command(
        "rule.try",
        "rules",
        "Tell how many customers a condition is true of, about or exactly; changes nothing",
        (
            _CONDITION,
            Parameter(
                "exact",
                "boolean",
                "look at everybody; without it, at a sample of 20,000",
                required=False,
            ),
        ),
        looks=True,
    ),
    Command(
        "rule.why",
        "rules",
        "Tell why a condition is true of one customer or not; changes nothing",
        (_CONDITION, CUSTOMER),
        looks=True,
    ),
    Command(
        "rule.plan",
        "rules",
        "Tell what a rule would change if it were saved so; changes nothing",
        (_RULE_KIND, _RULE_NAME, _CONDITION, *_OF_A_RUNG),
        looks=True,
    ),
    Command(
        "rule.uses",
        "rules",
        "Tell which rules ask for what a rule makes; changes nothing",
        (_RULE_KIND, _RULE_NAME),
        looks=True,
    ),
)
