"""Whether a column looks as if it held personal data, told by the words of its name."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Final

from sidecar.rules.privacy.register import Class

_WORD: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")

#: Words that are enough by themselves; a column `mobile` is, `automobile` is not.
_WORDS: Final[Mapping[Class, str]] = {
    "identity": (
        "author birth birthdate birthday born buyer cardholder company dob firstname forename"
        " fullname gender guest lastname middlename nickname passport payee payer recipient sender"
        " shopper ssn subscriber surname username visitor"
    ),
    "contact": (
        "cellphone email emails fax mail mobile msisdn phone phones skype tel telephone telegram"
        " viber whatsapp"
    ),
    "address": "address addresses postal postcode street zip zipcode",
    "network": "cookie ip ipaddress ips referer referrer useragent",
    "payment": "cardnumber cheque iban",
    "reference": "customer customerid orderid",
    "credential": "passwd password",
}

#: Two words, one after the other.
_PAIRS: Final[Mapping[Class, str]] = {
    "identity": (
        "billing-name client-name contact-name customer-name family-name first-name from-name"
        " full-name given-name last-name middle-name nick-name tax-id to-name tax-number user-name"
        " vat-id vat-number"
    ),
    "network": "remote-addr session-id user-agent",
    "payment": "account-holder account-number bank-account card-number",
    "reference": "customer-id customers-id order-id orders-id",
}

#: As a word these say enough only when they are the whole name: ``uses_customer`` is a number.
_ALONE: Final = frozenset({"customer"})

#: What one of the words above is no more when one of these follows: ``address_format``.
_AFTER: Final = frozenset({"count", "format", "group", "template", "total"})

#: Types that hold a yes or a no.
_FLAGS: Final = frozenset({"tinyint", "bit", "bool"})

_BY_WORD: Final = {word: kind for kind, words in _WORDS.items() for word in words.split()}
_BY_PAIR: Final = {
    tuple(pair.split("-")): kind for kind, pairs in _PAIRS.items() for pair in pairs.split()
}


def personal_class(name: str, kind_of_column: str) -> Class | None:
    """
    What a column called *name* seems to hold; None: nothing personal.

    Args:
        kind_of_column: Its type in the database, in small letters, e.g. ``varchar``.
    """
    if kind_of_column in _FLAGS:
        return None
    words = [word.lower() for word in _WORD.findall(name)]
    for at, pair in enumerate(itertools.pairwise(words)):
        if pair in _BY_PAIR and not _turned(words, at + 2):
            return _BY_PAIR[pair]
    for at, word in enumerate(words):
        if (
            word in _BY_WORD
            and not _turned(words, at + 1)
            and (word not in _ALONE or len(words) == 1)
        ):
            return _BY_WORD[word]
    return None


def _turned(words: list[str], after: int) -> bool:
    return after < len(words) and words[after] in _AFTER
