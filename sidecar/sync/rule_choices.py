"""What a condition can be made of in this store: for editors that offer it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Column, select

from sidecar.model import NameTable, fold
from sidecar.rules.catalogue import OPERATORS, PROGRAM_FACTS, Fact
from sidecar.rules.language.words import FILTERS, UNITS
from sidecar.rules.syntax import FilterName
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.shop.text import unescape
from sidecar.sync.rulebook import CheckedRules
from sidecar.sync.state import Json

#: Names of one namespace that are told; of a large catalogue people type the others.
MOST: Final = 1_000

#: What the value of a filter is; of those that are missing here a name.
_FILTER_TYPES: Final[dict[FilterName, str]] = {
    "within": "span",
    "from": "day",
    "until": "day",
    "total": "number",
}


def choices(shop: Shop, checked: CheckedRules) -> dict[str, Json]:
    """
    Everything that an editor of conditions offers.

    Returns:
        ``facts``, in the order of the catalogue, each with ``name``, ``label``, ``kind``,
        ``area``, ``unit``, ``source``, ``missing`` (when it has no value, or ``never``),
        ``names`` (the namespace of its values, or None), ``values`` (those of a choice without
        a namespace), ``filters`` (the namespace of each by its name; None: no names) and
        ``absent`` (why this store has it not, or None).
        ``operators`` by kind of fact, as the language writes them.
        ``filters``: what each takes: ``span``, ``day``, ``number`` or ``name``.
        ``units`` of spans.
        ``names`` by namespace, each with ``value``, as a condition says it, and ``label``; at
        most 1,000 each, and ``more`` by namespace how many are left out.
        ``segments`` and ``tags``: names. ``lists``: name, and how many ``texts`` it has.
        ``texts``: values that a fact of the kind ``text`` is known to take, by fact.
    """
    rules, dictionary, names = checked.rules, checked.dictionary, checked.names
    absent: dict[str, str] = {}
    if dictionary.birthday is None:
        absent["birthday"] = "no custom field holds the birthday"
    if rules.program is None:
        absent |= dict.fromkeys(PROGRAM_FACTS, "there is no loyalty program")
    tables = {namespace: _named(table) for namespace, table in sorted(names.tables.items())}
    tags = {fold(tag.name): tag.name for tag in rules.tags}
    tags |= {fold(one["label"]): one["label"] for one in tables.pop("tag", [])}
    segments = [*(rule.name for rule in rules.segments)]
    segments += [rule.name for rule in rules.off if rule.kind == "segment"]
    return {
        "facts": [_fact(fact, absent.get(fact.name)) for fact in dictionary.catalogue],
        "operators": {kind: list(operators) for kind, operators in OPERATORS.items()},
        "filters": {name: _FILTER_TYPES.get(name, "name") for name in FILTERS},
        "units": list(UNITS),
        "names": {namespace: [*found[:MOST]] for namespace, found in tables.items()},
        "more": {
            namespace: len(found) - MOST for namespace, found in tables.items() if found[MOST:]
        },
        "segments": [*_sorted(segments)],
        "tags": [*_sorted(tags.values())],
        "lists": [
            {"name": name, "texts": len(texts)} for name, texts in sorted(rules.lists.items())
        ],
        "texts": _texts(shop, checked),
    }


def _fact(fact: Fact, absent: str | None) -> dict[str, Json]:
    return {
        "name": fact.name,
        "label": fact.label,
        "kind": fact.kind,
        "area": fact.area,
        "unit": fact.unit,
        "source": fact.source,
        "missing": fact.missing,
        "names": fact.names,
        "values": list(fact.values),
        "filters": {str(name): names for name, names in fact.filters.items()},
        "absent": absent,
    }


def _named(table: NameTable) -> list[dict[str, str]]:
    """The names of *table* by name, each as a condition has to say it to mean one thing."""
    shown = table.display()
    found = []
    for identifier, name in shown.items():
        plain = table.find(name) == (identifier,)
        found.append(
            {
                "value": name if plain else f"#{identifier}",
                "label": name if plain else f"{name} (#{identifier})",
            }
        )
    return sorted(found, key=lambda one: (fold(one["label"]), one["label"]))


def _texts(shop: Shop, checked: CheckedRules) -> dict[str, Json]:
    tables, program = shop.tables, checked.rules.program
    tiers: list[Json] = [tier.name for tier in program.tiers] if program is not None else []
    return {
        "country": _codes(shop, tables.country.c.iso_code_2),
        "language": _codes(shop, tables.language.c.code),
        "tier": tiers,
        "next_tier": tiers[1:],
    }


def _codes(shop: Shop, column: Column[str]) -> list[Json]:
    with transaction(shop.engine) as tx:
        found = tx.scalars(select(column).distinct()).all()
    return [*sorted({unescape(code) for code in found if code})]


def _sorted(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (fold(name), name))
