"""
Everything that people can ask for, as data: names, parameters, and who may.

The command line, the bridge, the checks and the reference page read this list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sidecar.rules.privacy.consent import EVIDENCES, NOES
from sidecar.shop.own_privacy_tables import ADDRESS_CHANNELS, CHANNELS

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
        looks: Whether it changes nothing: who may see the area's page may ask for it.
        one_of: Parameters of which exactly one must be given; none of them is required.
    """

    name: str
    area: Area
    summary: str
    parameters: tuple[Parameter, ...] = ()
    looks: bool = False
    one_of: tuple[str, ...] = ()


_LONGEST_EXPRESSION = 8_192

#: Of what is only checked, so that what is too long can be told as any other problem.
_LONGEST_CHECKED = 100_000

_TAG = Parameter("tag", "name", "the tag's name")
_CUSTOMERS = Parameter("customers", "customers", "whom")
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
_UNTIL = Parameter("until", "day", "through that day; without it, for ever", required=False)
_REASON = Parameter("reason", "text", "kept in the audit", required=False)
_WHY = Parameter("reason", "text", "kept in the audit")
_COLOUR = Parameter("colour", "text", "of the badge, as `#rrggbb`", required=False, longest=50)
_DESCRIPTION = Parameter("description", "text", "for people", required=False)
_PINNED = Parameter("kind", "choice", "what is pinned", choices=("tag", "segment", "group"))
_PIN_NAME = Parameter("name", "name", "of the tag, segment or customer group")
_RULE_KIND = Parameter("kind", "choice", "what it makes", choices=("tag", "segment", "group"))
_RULE_NAME = Parameter("name", "name", "the rule's name")
_CONDITION = Parameter("when", "text", "its condition", longest=_LONGEST_EXPRESSION)
_OF_A_RUNG = (
    Parameter(
        "keep_when", "text", "of a group: who stays", required=False, longest=_LONGEST_EXPRESSION
    ),
    Parameter("grace", "text", "of a group: a span", required=False, longest=50),
    Parameter("min_stay", "text", "of a group: a span", required=False, longest=50),
)
_ITS_KIND = Parameter(
    "kind", "choice", "of the rule", required=False, choices=("tag", "segment", "group")
)
_ITS_NAME = Parameter("name", "text", "of the rule", required=False, longest=255)
_RUN = Parameter("run", "integer", "the run's number")
_CUSTOMER = Parameter("customer", "customer", "who")
_ISSUE = Parameter("issue", "integer", "the issue's number")
_POINTS = Parameter("points", "integer", "how many")
_PURGE = Parameter("purge", "integer", "the purge's number")
_REQUEST = Parameter("request", "integer", "the request's number")
_ACCOUNT = Parameter("customer", "customer", "who, if it is no guest", required=False)
_GUEST = Parameter("guest", "text", "the e-mail address of a guest", required=False, longest=96)
_NOTED = Parameter("reason", "text", "kept with it", longest=255)
_OBJECTED = Parameter("to", "choice", "to what", choices=("marketing", "profiling"))
_KNOWN_BY = "who knows that it is the person"
_KNOWN_HOW = "how they know, in their words"
_CHANNEL = Parameter("channel", "choice", "by which means", choices=CHANNELS)
_ADDRESS_CHANNEL = Parameter("channel", "choice", "by which means", choices=ADDRESS_CHANNELS)
_PURPOSE = Parameter("purpose", "text", "what for, e.g. newsletter", longest=64)
_STORE = Parameter(
    "store", "text", "the store's id; without it, the customer's", required=False, longest=50
)
_SAID_AT = Parameter(
    "at",
    "text",
    "a day or an instant, when it was said; without it, now",
    required=False,
    longest=50,
)
_WORDING = Parameter(
    "wording", "text", "the words, or the beginning of their hash", required=False, longest=100_000
)
_LOCALE = Parameter(
    "locale", "text", "language of the words, e.g. en-gb", required=False, longest=50
)
_ADDRESS = Parameter("address", "text", "e-mail address or telephone number", longest=255)

COMMANDS: Final[tuple[Command, ...]] = (
    Command(
        "tag.add",
        "customers",
        "Give customers a tag, made where it does not exist; it stays whatever the rules say",
        (_TAG, _WHOM, _SELECTION, _CONFIRMED, _UNTIL, _REASON),
        one_of=_CHOSEN,
    ),
    Command(
        "tag.remove",
        "customers",
        "Take a tag off customers; a rule that would give it again is overruled for them",
        (_TAG, _WHOM, _SELECTION, _CONFIRMED, _UNTIL, _REASON),
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
        (Parameter("group", "name", "the customer group"), _WHOM, _SELECTION, _CONFIRMED, _WHY),
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
                "expression", "text", "as for `sidecar customers`", longest=_LONGEST_EXPRESSION
            ),
        ),
        looks=True,
    ),
    Command(
        "explain",
        "customers",
        "Tell every tag, segment and group of one customer, and why; changes nothing",
        (_CUSTOMER,),
        looks=True,
    ),
    Command(
        "customer.show",
        "customers",
        "Tell the facts of one customer, and what, when and how much they buy; changes nothing",
        (_CUSTOMER,),
        looks=True,
    ),
    Command(
        "points.show",
        "points",
        "Tell what one customer has in points, what expires next and the latest entries;"
        " changes nothing",
        (_CUSTOMER, Parameter("limit", "integer", "entries, at most", required=False)),
        looks=True,
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
        "points.quote",
        "points",
        "Tell what points of one customer would become if they were redeemed; changes nothing",
        (
            _CUSTOMER,
            Parameter("points", "integer", "how many; without it, all", required=False),
        ),
        looks=True,
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
        looks=True,
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
        "consent.show",
        "privacy",
        "Tell the consents of one customer or guest, and how each came about; changes nothing",
        (_CUSTOMER,),
        looks=True,
    ),
    Command(
        "consent.grant",
        "privacy",
        "Grant a consent of which there is evidence; after a no it has to be a later one",
        (
            _CUSTOMER,
            _CHANNEL,
            _PURPOSE,
            _STORE,
            Parameter("evidence", "choice", "what proves it", choices=EVIDENCES),
            Parameter("reason", "text", "kept as evidence; or the wording", required=False),
            _WORDING,
            _LOCALE,
            _SAID_AT,
            Parameter("ip", "text", "from which address", required=False, longest=45),
            Parameter("user_agent", "text", "with which program", required=False),
        ),
    ),
    Command(
        "consent.await",
        "privacy",
        "Note that somebody was asked for a consent and has not answered yet",
        (_CUSTOMER, _CHANNEL, _PURPOSE, _STORE, _REASON, _WORDING, _LOCALE, _SAID_AT),
    ),
    Command(
        "consent.withdraw",
        "privacy",
        "Withdraw a consent; that always counts",
        (_CUSTOMER, _CHANNEL, _PURPOSE, _STORE, _REASON, _SAID_AT),
    ),
    Command(
        "consent.note",
        "privacy",
        "Note that messages bounced, or that somebody complained: no more is sent there",
        (
            _CUSTOMER,
            Parameter("state", "choice", "which", choices=("bounced", "complained")),
            _ADDRESS_CHANNEL,
            _REASON,
            _SAID_AT,
        ),
    ),
    Command(
        "consent.object",
        "privacy",
        "Withdraw every consent of somebody who objects to marketing, and suppress their addresses",
        (_CUSTOMER, _WHY),
    ),
    Command(
        "consent.suppress",
        "privacy",
        "Put an address on the suppression list, and withdraw what was granted for it",
        (
            _ADDRESS,
            _ADDRESS_CHANNEL,
            Parameter("because", "choice", "of what", choices=NOES),
            _REASON,
        ),
    ),
    Command(
        "consent.suppressed",
        "privacy",
        "Tell whether an address is on the suppression list; changes nothing",
        (_ADDRESS, _ADDRESS_CHANNEL),
        looks=True,
    ),
    Command(
        "consent.word",
        "privacy",
        "Keep words that people consent to",
        (
            Parameter("words", "text", "as they read them", longest=100_000),
            _LOCALE,
        ),
    ),
    Command(
        "consent.verify",
        "privacy",
        "Look whether the chain of consents is whole; changes nothing",
        looks=True,
    ),
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
    Command(
        "customers.look",
        "customers",
        "Look at customers again now",
        (_CUSTOMERS,),
    ),
    Command(
        "run.show",
        "runs",
        "Tell what a waiting run would change now, by rule and by name; changes nothing",
        (_RUN,),
        looks=True,
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
        (_CONDITION, _CUSTOMER),
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
    Command(
        "doctor",
        "operation",
        "Check everything, and tell how each fault is mended; changes nothing",
        looks=True,
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
    Command(
        "gdpr.request",
        "privacy",
        "Enter what a person asks for about their data; the same that is not answered yet is told",
        (
            Parameter(
                "kind",
                "choice",
                "what is asked for",
                choices=(
                    "access",
                    "erase",
                    "rectify",
                    "restrict",
                    "object_marketing",
                    "object_profiling",
                ),
            ),
            _ACCOUNT,
            _GUEST,
            Parameter("received", "day", "when it was made; without it, now", required=False),
            Parameter("login", "boolean", "the person was logged in to the store", required=False),
            Parameter("verified_by", "text", _KNOWN_BY, required=False, longest=64),
            Parameter("how", "text", _KNOWN_HOW, required=False, longest=255),
        ),
    ),
    Command(
        "gdpr.verify",
        "privacy",
        "Note that somebody knows who asks, and how",
        (
            _REQUEST,
            Parameter("verified_by", "text", _KNOWN_BY, longest=64),
            Parameter("how", "text", _KNOWN_HOW, longest=255),
        ),
    ),
    Command(
        "gdpr.approve",
        "privacy",
        "Let a copy of the data be made, or its erasure begin once the time to cancel is over",
        (_REQUEST,),
    ),
    Command(
        "gdpr.cancel",
        "privacy",
        "Drop a request that has not begun",
        (_REQUEST, Parameter("reason", "text", "kept with it", required=False, longest=255)),
    ),
    Command("gdpr.refuse", "privacy", "Answer that it is not done, and why", (_REQUEST, _NOTED)),
    Command(
        "gdpr.extend",
        "privacy",
        "Answer two months later; the person has to be told why within the first month",
        (_REQUEST, _NOTED),
    ),
    Command(
        "gdpr.rectified",
        "privacy",
        "Note that data were put right in the store, as a request asks",
        (_REQUEST, Parameter("what", "text", "which data, without their values", longest=255)),
    ),
    Command(
        "gdpr.restrict",
        "privacy",
        "Make nothing of a customer's data any more; what stands stays",
        (_CUSTOMER, _NOTED),
    ),
    Command(
        "gdpr.unrestrict",
        "privacy",
        "Treat a restricted customer as everybody else again",
        (_CUSTOMER, _NOTED),
    ),
    Command(
        "gdpr.object",
        "privacy",
        "Note that a person objects to marketing, or a customer to being judged by their facts",
        (_OBJECTED, _ACCOUNT, _GUEST, _NOTED),
    ),
    Command(
        "gdpr.unobject",
        "privacy",
        "Note that a customer objects no more; consents that it withdrew stay withdrawn",
        (_OBJECTED, _CUSTOMER, _NOTED),
    ),
    Command(
        "gdpr.hold",
        "privacy",
        "Keep a customer's data from being erased, as while a lawsuit goes on",
        (_CUSTOMER, _UNTIL, _NOTED),
    ),
    Command(
        "gdpr.unhold",
        "privacy",
        "Let a customer's data be erased again",
        (_CUSTOMER, _NOTED),
    ),
    Command(
        "gdpr.export",
        "privacy",
        "Make an archive of a person's data, for a request or for the person; its password is"
        " told apart from it",
        (
            _ACCOUNT,
            _GUEST,
            Parameter("request", "integer", "the number of their request", required=False),
            Parameter("verified_by", "text", _KNOWN_BY, required=False, longest=64),
            Parameter("how", "text", _KNOWN_HOW, required=False, longest=255),
        ),
    ),
    Command(
        "gdpr.password",
        "privacy",
        "Note that somebody is told the password of an export, which the answer holds sealed only",
        (
            _REQUEST,
            Parameter("again", "boolean", "though it was told before", required=False),
            Parameter(
                "sealed_for",
                "text",
                "a public key of RSA in PEM: the answer holds the password encrypted for it",
                required=False,
                longest=2_000,
            ),
        ),
    ),
    Command(
        "gdpr.download",
        "privacy",
        "Bring the archive of an export, encrypted as it is, to where the admin can read it, for"
        " ten minutes",
        (_REQUEST,),
    ),
    Command(
        "gdpr.downloaded",
        "privacy",
        "Note that who asked for a download begins to fetch it, which can be done once",
        (Parameter("download", "integer", "the number of the `gdpr.download`"),),
    ),
    Command(
        "gdpr.plan",
        "privacy",
        "Tell what the erasure of a person would delete, rewrite and keep, why and until when;"
        " changes nothing",
        (
            _ACCOUNT,
            _GUEST,
            Parameter("request", "integer", "the number of their request", required=False),
        ),
        looks=True,
        one_of=("customer", "guest", "request"),
    ),
    Command(
        "gdpr.erase",
        "privacy",
        "Carry out a request for erasure now, without waiting; it cannot be brought back",
        (_REQUEST,),
    ),
    Command(
        "gdpr.replay",
        "privacy",
        "After a restore of the database, erase again whom the journal of erasures names",
    ),
    Command(
        "retention.look",
        "privacy",
        "Show what the retention rules would end now",
        (Parameter("plan", "boolean", "also note it as purges, as once a day", required=False),),
    ),
    Command(
        "purge.approve",
        "privacy",
        "Let what a retention rule would end be ended; it cannot be brought back",
        (_PURGE,),
    ),
    Command(
        "purge.discard",
        "privacy",
        "Drop it, and hold its rule until that becomes another",
        (_PURGE,),
    ),
    Command(
        "gdpr.takeover",
        "privacy",
        "Carry out the requests of OpenCart's own page, and switch its own job off",
        (Parameter("undo", "boolean", "give them back, and switch it on", required=False),),
    ),
)

BY_NAME: Final[Mapping[str, Command]] = {command.name: command for command in COMMANDS}
