"""How the facts of the sidecar differ from those of the oracle, for people to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: Differences shown; more only hide the first.
_SHOWN = 40
_LONGEST = 160

Facts = Mapping[int, Mapping[str, Any]]


def by_customer(answer: Iterable[Mapping[str, Any]]) -> dict[int, dict[str, Any]]:
    """What ``sidecar customers … --json`` printed, by customer."""
    return {
        row["customer_id"]: {name: value for name, value in row.items() if name != "customer_id"}
        for row in answer
    }


def differences(
    expected: Facts,
    actual: Facts,
    who: Mapping[str, int] | None = None,
    *,
    without: Iterable[str] = (),
) -> str:
    """
    Nothing when the two agree exactly; else a readable list, fact by fact.

    Args:
        who: Names of planted cases, to name the customers by.
        without: Facts not to compare.
    """
    cases = {customer: case for case, customer in (who or {}).items()}
    lines = [f"customer {customer} is missing" for customer in sorted(expected.keys() - actual)]
    lines += [
        f"customer {customer} does not exist" for customer in sorted(actual.keys() - expected)
    ]
    names = {name for row in (*expected.values(), *actual.values()) for name in row}
    for name in sorted(names - set(without)):
        for customer in sorted(expected.keys() & actual.keys()):
            wanted, found = (
                expected[customer].get(name, "no such fact"),
                actual[customer].get(name, "no such fact"),
            )
            if wanted != found or type(wanted) is not type(found):
                case = f" ({cases[customer]})" if customer in cases else ""
                lines.append(
                    f"{name} of customer {customer}{case}:"
                    f"\n    expected {_short(wanted)}\n    found    {_short(found)}"
                )
    if len(lines) > _SHOWN:
        lines[_SHOWN:] = [f"and {len(lines) - _SHOWN} more"]
    return "\n".join(lines)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
