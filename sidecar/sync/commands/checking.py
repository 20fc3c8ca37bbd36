"""Hold what was asked against the catalogue: whoever inserts a command may send anything."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from sidecar.errors import UsageError
from sidecar.model import MONEY_SCALE
from sidecar.rules import calendar
from sidecar.rules.language.suggest import did_you_mean, listing
from sidecar.sync.commands.catalogue import BY_NAME
from sidecar.sync.commands.command import Kind, Parameter

#: Bytes of a command's parameters; servers take packets of 16 MiB or more by default, some of 4.
LARGEST = 3_500_000

MOST_CUSTOMERS = 100_000
_MOST_NAMES = 1_000
_LONGEST_NAME = 255
_LARGEST_INTEGER = 2**32 - 1

#: Money as far as `DECIMAL(15,4)` holds it.
_AMOUNT = re.compile(r"([0-9]{1,11})(?:\.([0-9]{1,4}))?", re.ASCII)

#: Characters of what people sent that an error repeats.
_SHOWN = 80


def check(name: str, raw: object) -> dict[str, Any]:
    """
    The parameters *raw* of the command *name*, as its handler takes them.

    Returns:
        Every parameter of the catalogue; None where it was not given. Days are dates,
        amounts ten-thousandths, customers texts, ``rows`` triples of tag, customers and day;
        the rest as in JSON.

    Raises:
        UsageError: No such command, or a parameter that is unknown, missing or wrong; named.
    """
    command = BY_NAME.get(name)
    if command is None:
        hint = did_you_mean(name[:_SHOWN], BY_NAME, "the reference lists them")
        raise UsageError(f"no command is called {name[:_SHOWN]!r} ({hint})")
    if not isinstance(raw, Mapping):
        raise UsageError(f"{name}: the parameters are no JSON object")
    known = {parameter.name: parameter for parameter in command.parameters}
    for key in raw:
        if key not in known:
            text = str(key)[:_SHOWN]
            hint = did_you_mean(text, known, f"it has {listing(known, 'and')}" if known else "")
            raise UsageError(f"{name}: unknown parameter {text!r}" + (f" ({hint})" if hint else ""))
    values = {key: _value(name, parameter, raw.get(key)) for key, parameter in known.items()}
    given = [key for key in command.one_of if values[key] is not None]
    if command.one_of and len(given) != 1:
        if given:
            raise UsageError(f"{name}: {listing(given, 'and')} cannot be given together")
        raise UsageError(
            f"{name}: {command.one_of[0]} is missing ({listing(command.one_of)} must be given)"
        )
    return values


def encode(name: str, raw: Mapping[str, object]) -> str:
    """
    *raw* as JSON to be stored, after a `check`.

    Raises:
        UsageError: As `check`, or it is larger than a command can be.
    """
    check(name, raw)
    given = {key: value for key, value in raw.items() if value is not None}
    text = msgspec.json.encode(given, order="deterministic").decode()
    _refuse_large(name, text)
    return text


def decode(name: str, text: str) -> dict[str, Any]:
    """
    What `check` makes of stored JSON.

    Raises:
        UsageError: As `check`, or *text* is too large or no JSON.
    """
    _refuse_large(name, text)
    try:
        raw = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UsageError(f"{name[:_SHOWN]}: the parameters are no JSON that can be read") from error
    return check(name, raw)


def _refuse_large(name: str, text: str) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > LARGEST:
        raise UsageError(
            f"{name[:_SHOWN]}: {size:,} bytes of parameters are more than {LARGEST:,}"
            " (ask in several parts)"
        )


def _value(command: str, parameter: Parameter, value: object) -> Any:
    if value is None:
        if parameter.required:
            raise UsageError(f"{command}: {parameter.name} is missing ({parameter.about})")
        return None
    try:
        return _READERS[parameter.kind](parameter, value)
    except ValueError as error:
        raise UsageError(f"{command}: {parameter.name}: {error}") from error


def _text(parameter: Parameter, value: object) -> str:
    return _short_text(value, parameter.longest)


def _short_text(value: object, longest: int) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {_said(value)}")
    if len(value) > longest:
        raise ValueError(f"at most {longest:,} characters, not {len(value):,}")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("is not UTF-8 (check the encoding of the terminal)")
    return value


def _name(_parameter: Parameter, value: object) -> str:
    name = _short_text(value, _LONGEST_NAME)
    if not name:
        raise ValueError("is empty")
    return name


def _names(parameter: Parameter, value: object) -> list[str]:
    names = [_name(parameter, item) for item in _array(value, _MOST_NAMES)]
    if len(set(names)) < len(names):
        raise ValueError("has a name twice")
    return names


def _choice(parameter: Parameter, value: object) -> str:
    if not isinstance(value, str) or value not in parameter.choices:
        raise ValueError(f"must be {listing(map(repr, parameter.choices))}, not {_said(value)}")
    return value


def _day(_parameter: Parameter, value: object) -> datetime.date:
    return calendar.read_day(_short_text(value, _LONGEST_NAME))


def _boolean(_parameter: Parameter, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {_said(value)}")
    return value


def _integer(_parameter: Parameter, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _LARGEST_INTEGER:
        raise ValueError(f"must be a whole number from 1 on, not {_said(value)}")
    return value


def _amount(_parameter: Parameter, value: object) -> int:
    match = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
    parts = int(match[1]) * MONEY_SCALE + int((match[2] or "").ljust(4, "0")) if match else 0
    if not parts:
        raise ValueError(f"must be above 0, as '12.50' with at most 4 places, not {_said(value)}")
    return parts


def _customer(_parameter: Parameter, value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
        return str(value)
    if not isinstance(value, str):
        raise ValueError(f"must be an id or an e-mail address, not {_said(value)}")
    return _short_text(value, _LONGEST_NAME)


def _customers(parameter: Parameter, value: object) -> list[str]:
    customers = [_customer(parameter, item) for item in _array(value, MOST_CUSTOMERS)]
    if not customers:
        raise ValueError("names nobody")
    return customers


def _rows(parameter: Parameter, value: object) -> list[tuple[str, list[str], datetime.date | None]]:
    rows = []
    total = 0
    for row in _array(value, MOST_CUSTOMERS):
        if not isinstance(row, Mapping) or not {"tag", "customers"} <= row.keys():
            raise ValueError(f"a row must have tag and customers, unlike {_said(row)}")
        other = row.keys() - {"tag", "customers", "until"}
        if other:
            raise ValueError(f"a row has no {str(min(other, key=str))[:_SHOWN]!r}")
        named = _array(row["customers"], MOST_CUSTOMERS)
        total += len(named)
        until = row.get("until")
        rows.append(
            (
                _name(parameter, row["tag"]),
                [_customer(parameter, item) for item in named],
                None if until is None else _day(parameter, until),
            )
        )
    if total > MOST_CUSTOMERS:
        raise ValueError(f"at most {MOST_CUSTOMERS:,} customers at once, not {total:,}")
    return rows


def _array(value: object, most: int) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"must be an array, not {_said(value)}")
    if len(value) > most:
        raise ValueError(f"at most {most:,}, not {len(value):,}")
    return value


def _said(value: object) -> str:
    """*value* in a few words, for an error."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "an array"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) >= 10**20:  # Python refuses to write any length
        return "such a number"
    return repr(value)[:_SHOWN] if isinstance(value, str | int | float) else "that"


_READERS: Mapping[Kind, Callable[[Parameter, object], Any]] = {
    "text": _text,
    "name": _name,
    "names": _names,
    "choice": _choice,
    "day": _day,
    "boolean": _boolean,
    "integer": _integer,
    "amount": _amount,
    "customer": _customer,
    "customers": _customers,
    "rows": _rows,
}
