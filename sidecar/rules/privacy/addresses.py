"""E-mail addresses and telephone numbers as they are compared, hashed and looked for."""

from __future__ import annotations

import functools
import unicodedata

#: Addresses that are remembered: many are asked for some hundreds at a time, again and again.
_REMEMBERED = 1_024


@functools.lru_cache(_REMEMBERED)
def email_key(address: str) -> str:
    """
    *address* as it is compared: lower case, its domain as internationalised text.

    What is no address, as an import may hold anything, is only folded.
    """
    from email_validator import EmailNotValidError, validate_email

    folded = unicodedata.normalize("NFKC", address).strip().lower()
    try:
        found = validate_email(
            folded, check_deliverability=False, test_environment=True, allow_quoted_local=True
        )
    except EmailNotValidError:
        return folded
    return found.normalized.lower()


@functools.lru_cache(_REMEMBERED)
def telephone_key(number: str, country: str | None) -> str:
    """
    *number* as it is compared: E.164 as ``+4930123456`` where it can be read, else its digits.

    Args:
        country: ISO code of where it is dialled from, when it names no country; None: not known.
    """
    import phonenumbers

    text = unicodedata.normalize("NFKC", number).strip()
    try:
        found = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return "".join(character for character in text if character.isdecimal() or character == "+")
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
