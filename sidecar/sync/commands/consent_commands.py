"""What people can ask for about consents and the suppression list."""

from __future__ import annotations

from typing import Final

from sidecar.rules.privacy.consent import EVIDENCES, NOES
from sidecar.shop.own_privacy_tables import ADDRESS_CHANNELS, CHANNELS
from sidecar.sync.commands.command import Command, Parameter
from sidecar.sync.commands.parameters import CUSTOMER, REASON, WHY

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
        "consent.show",
        "privacy",
        "Tell the consents of one customer or guest, and how each came about; changes nothing",
        (CUSTOMER,),
        looks=True,
    ),
    Command(
        "consent.grant",
        "privacy",
        "Grant a consent of which there is evidence; after a no it has to be a later one",
        (
            CUSTOMER,
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
        (CUSTOMER, _CHANNEL, _PURPOSE, _STORE, REASON, _WORDING, _LOCALE, _SAID_AT),
    ),
    Command(
        "consent.withdraw",
        "privacy",
        "Withdraw a consent; that always counts",
        (CUSTOMER, _CHANNEL, _PURPOSE, _STORE, REASON, _SAID_AT),
    ),
    Command(
        "consent.note",
        "privacy",
        "Note that messages bounced, or that somebody complained: no more is sent there",
        (
            CUSTOMER,
            Parameter("state", "choice", "which", choices=("bounced", "complained")),
            _ADDRESS_CHANNEL,
            REASON,
            _SAID_AT,
        ),
    ),
    Command(
        "consent.object",
        "privacy",
        "Withdraw every consent of somebody who objects to marketing, and suppress their addresses",
        (CUSTOMER, WHY),
    ),
    Command(
        "consent.suppress",
        "privacy",
        "Put an address on the suppression list, and withdraw what was granted for it",
        (
            _ADDRESS,
            _ADDRESS_CHANNEL,
            Parameter("because", "choice", "of what", choices=NOES),
            REASON,
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
)
