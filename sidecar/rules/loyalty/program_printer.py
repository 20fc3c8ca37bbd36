"""
A program as one text, which is kept for the orders that were rewarded by it; and back.

What no order depends on is not in it: how points are redeemed, store credit, cards.

Every key is written out, also where it says what it would say without being written: what
the program was does not change when a later version starts from something else.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from sidecar.errors import RuleError
from sidecar.rules.language.source_file import UnreadableError, read_source
from sidecar.rules.language.words import write_number, write_span
from sidecar.rules.loyalty.expiry import Expiry, FixedDates, Inactivity, Rolling
from sidecar.rules.loyalty.program import RATE_SCALE, EarnRule, Program, Tier, Window
from sidecar.rules.loyalty.program_file import ProgramReader, assembled_program
from sidecar.rules.syntax import Span

_TABLES: Final = ("loyalty", "tier", "earn")


def print_program(program: Program) -> str:
    """
    *program* as TOML: ``[loyalty]``, each ``[[tier]]``, each ``[[earn]]``.

    Programs that reward orders alike have the same text, in whichever files and order of keys they
    were written.
    """
    tables = [("[loyalty]", _loyalty(program))]
    tables += [("[[tier]]", _tier(tier)) for tier in program.tiers]
    tables += [("[[earn]]", _earn(rule)) for rule in program.earn]
    return "\n".join(_table(header, values) for header, values in tables)


def read_program(text: str, name: str) -> Program:
    """
    The program that `print_program` wrote as *text*.

    Args:
        name: What it is called in problems.

    Raises:
        RuleError: This version does not read it.
    """
    try:
        source = read_source(name, text.encode())
    except UnreadableError as error:
        raise RuleError([error.problem]) from None
    reader = ProgramReader(source)
    reader.unknown(source.tables, (), _TABLES)
    reader.read_loyalty(source.tables.get("loyalty", {}))
    for index, table in enumerate(source.tables.get("tier", ())):
        reader.read_tier(table, ("tier", index))
    for index, table in enumerate(source.tables.get("earn", ())):
        reader.read_earn(table, ("earn", index))
    program, problems = assembled_program([reader])
    wrong = [one for one in (*reader.problems, *problems) if one.severity == "error"]
    if program is None or wrong:
        raise RuleError(wrong)
    return program


# -- tables --------------------------------------------------------------------------------


def _loyalty(program: Program) -> dict[str, object]:
    return {
        "start": program.start or "all",
        "points_per_unit": _rate(program.per_unit),
        "points_worth_one": program.points_for_one,
        "basis": program.basis,
        "rounding": program.rounding,
        "round_each": program.round_each,
        "statuses": program.statuses,
        "pending": write_span(program.pending),
        "expiry": _expiry(program.expiry),
        "restored": "never" if program.restored is None else write_span(program.restored),
        "most_debt": program.most_debt,
        "stack": program.stack,
        "most_multiplied": _rate(program.most_multiplied),
        "timezone": program.zone or None,
        "tier_metric": program.metric,
        "tier_window": _window(program.window),
    }


def _tier(tier: Tier) -> dict[str, object]:
    return {
        "name": tier.name,
        "threshold": _rate(tier.threshold),
        "keep": _rate(tier.keep),
        "multiplier": _rate(tier.multiplier),
        "window": None if tier.window is None else _window(tier.window),
        "grace": write_span(tier.grace),
        "downgrade": tier.downgrade,
        "benefits": dict(sorted(tier.benefits.items())),
    }


def _earn(rule: EarnRule) -> dict[str, object]:
    goods = rule.goods
    return {
        "name": rule.name,
        "when": rule.text or None,
        "points": rule.points,
        "points_per_unit": _rate(rule.per_unit),
        "multiply": _rate(rule.multiply),
        "category": goods.category,
        "product": goods.product,
        "manufacturer": goods.manufacturer,
        "tier": rule.tiers,
        "from": rule.first,
        "until": rule.last,
        "order_total": _rate(rule.least_total),
        **{f"most_per_{cap.per}": cap.points for cap in rule.caps},
        "on_refund": rule.on_refund,
    }


# -- values --------------------------------------------------------------------------------


def _rate(ten_thousandths: int | None) -> Decimal | None:
    return None if ten_thousandths is None else Decimal(ten_thousandths) / RATE_SCALE


def _window(window: Window) -> str:
    return window if window == "lifetime" else write_span(window)


def _expiry(expiry: Expiry) -> str | dict[str, object]:
    match expiry:
        case None:
            return "never"
        case Rolling(after, end):
            return {"after": write_span(after), "to_end_of": end}
        case FixedDates(days, grace):
            written = tuple(f"{month:02}-{day:02}" for month, day in days)
            return {"on": written, "grace": _span(grace)}
        case Inactivity(after, by):
            return {"inactivity": write_span(after), "renewed_by": by}


def _span(span: Span | None) -> str | None:
    return None if span is None else write_span(span)


# -- TOML ----------------------------------------------------------------------------------


def _table(header: str, values: Mapping[str, object]) -> str:
    lines = [f"{key} = {_toml(value)}\n" for key, value in values.items() if _is_said(value)]
    return f"{header}\n{''.join(lines)}"


def _is_said(value: object) -> bool:
    """Whether there is a value at all: no cap, no goods and no tier have no key."""
    return value is not None and value != ()


def _toml(value: object) -> str:
    match value:
        case Decimal():
            return write_number(value)
        case datetime.date():
            return value.isoformat()
        case tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case Mapping():
            pairs = [f"{_text(key)} = {_toml(one)}" for key, one in value.items() if _is_said(one)]
            return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
        case str():
            return _text(value)
        case _:
            return str(value)


def _text(text: str) -> str:
    # JSON leaves this one control character as it is, and TOML does not allow it.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
