"""What people can ask for about personal data, their erasure and retention."""

from __future__ import annotations

from typing import Final

from sidecar.sync.commands.command import Command, Parameter
from sidecar.sync.commands.parameters import CUSTOMER, UNTIL

_PURGE = Parameter("purge", "integer", "the purge's number")
_REQUEST = Parameter("request", "integer", "the request's number")
_ACCOUNT = Parameter("customer", "customer", "who, if it is no guest", required=False)
_GUEST = Parameter("guest", "text", "the e-mail address of a guest", required=False, longest=96)
_NOTED = Parameter("reason", "text", "kept with it", longest=255)
_OBJECTED = Parameter("to", "choice", "to what", choices=("marketing", "profiling"))
_KNOWN_BY = "who knows that it is the person"
_KNOWN_HOW = "how they know, in their words"

COMMANDS: Final[tuple[Command, ...]] = (
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
        (CUSTOMER, _NOTED),
    ),
    Command(
        "gdpr.unrestrict",
        "privacy",
        "Treat a restricted customer as everybody else again",
        (CUSTOMER, _NOTED),
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
        (_OBJECTED, CUSTOMER, _NOTED),
    ),
    Command(
        "gdpr.hold",
        "privacy",
        "Keep a customer's data from being erased, as while a lawsuit goes on",
        (CUSTOMER, UNTIL, _NOTED),
    ),
    Command(
        "gdpr.unhold",
        "privacy",
        "Let a customer's data be erased again",
        (CUSTOMER, _NOTED),
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
        (
            Parameter(
                "plan",
                "boolean",
                "also note it as purges, as once a day",
                required=False,
                acts=True,
            ),
        ),
        looks=True,
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
