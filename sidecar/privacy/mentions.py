"""Who is named in a text: customers' ids and addresses in JSON or in plain words, and uploads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

#: What may be the code of an upload, and what an id or an address in a text that is no JSON.
_CODE = re.compile(r"[0-9A-Za-z]{20,64}")
_EMAIL = re.compile(r"[^\s\"<>,;:()\[\]{}\\=?&/|]+@[^\s\"'<>,;:()\[\]{}\\=?&/|]+")
_AROUND = "'.!*_-"
_NAMED_ID = re.compile(r'"customers?(?:_id)?"\s*:\s*"?([0-9]{1,10})\b')

#: Keys in JSON under which customers' ids stand.
_ID_KEYS = frozenset({"customer_id", "customer", "customers"})


def named_in(text: str) -> tuple[list[int], Iterator[str]]:
    """The ids of customers, and the addresses, that stand in *text*."""
    try:
        ids, words = _said(json.loads(text))
    except (ValueError, RecursionError):
        ids, words = [int(found) for found in _NAMED_ID.findall(text)], [text]
    return ids, _addresses(words)


def codes_in(text: str) -> list[str]:
    """What may be codes of uploads in *text*."""
    return _CODE.findall(text)


def may_hold_codes(table: str, column: str) -> bool:
    """Whether OpenCart keeps the code of an uploaded file there, as a field's or option's value."""
    if "custom_field" in column:
        return True
    return ("option" in table and column == "value") or (table, column) == ("cart", "option")


def _addresses(words: list[str]) -> Iterator[str]:
    for word in words:
        for address in _EMAIL.findall(word) if "@" in word else ():
            yield address
            # A sentence ends with a dot, and quotes may stand around it.
            yield address.strip(_AROUND)


def _said(value: object) -> tuple[list[int], list[str]]:
    """Customers' ids and all texts in what JSON said."""
    ids: list[int] = []
    words: list[str] = []
    waiting: list[tuple[bool, object]] = [(False, value)]
    while waiting:
        is_id, each = waiting.pop()
        if isinstance(each, dict):
            words.extend(str(key) for key in each)
            waiting.extend((key in _ID_KEYS, item) for key, item in each.items())
        elif isinstance(each, list):
            waiting.extend((is_id, item) for item in each)
        elif isinstance(each, str):
            words.append(each)
            if is_id and each.isascii() and each.isdecimal():
                ids.append(int(each))
        elif is_id and isinstance(each, int) and not isinstance(each, bool):
            ids.append(each)
    return ids, words
