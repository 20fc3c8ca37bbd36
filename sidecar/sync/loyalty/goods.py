"""What a program names of the store: statuses, and the goods that earn rules are about."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping

import polars as pl

from sidecar.model import Names
from sidecar.rules.loyalty.program import Goods, Program
from sidecar.sync.facts.goods import Kind, products_in
from sidecar.sync.reading import WHOLE, Reading

_KINDS: tuple[Kind, ...] = ("category", "product", "manufacturer")


def by_id(program: Program, names: Names, complete: Iterable[int]) -> Program:
    """
    *program* with ids in the place of names, so that it means the same when they change.

    Args:
        complete: The statuses of a program that names none.
    """

    def ids(namespace: str, wanted: Iterable[str]) -> tuple[str, ...]:
        table = names.tables[namespace]
        # Two names may mean the same.
        found = dict.fromkeys(number for name in wanted for number in table.find(name))
        return tuple(f"#{number}" for number in found)

    def goods(named: Goods) -> Goods:
        each = {kind: wanted for kind in _KINDS if (wanted := getattr(named, kind))}
        # What is not there any more must not become a rule for all goods.
        return Goods(**{kind: ids(kind, wanted) or ("#0",) for kind, wanted in each.items()})

    earn = tuple(dataclasses.replace(rule, goods=goods(rule.goods)) for rule in program.earn)
    statuses = tuple(f"#{number}" for number in sorted(complete))
    if program.statuses:
        statuses = ids("status", program.statuses)
    return dataclasses.replace(program, statuses=statuses, earn=earn)


def numbers(ids: Iterable[str]) -> frozenset[int]:
    """What `by_id` wrote, as numbers."""
    return frozenset(int(one.removeprefix("#")) for one in ids)


class GoodsOfRules:
    """
    The goods of a program's earn rules, as the store's catalogue has them now.

    Args:
        program: As of `by_id`.
    """

    def __init__(self, program: Program) -> None:
        every = {
            rule.name: {kind: numbers(ids) for kind in _KINDS if (ids := getattr(rule.goods, kind))}
            for rule in program.earn
        }
        self._rules = {name: kinds for name, kinds in every.items() if kinds}

    def chosen(self, reading: Reading, products: Collection[int]) -> Mapping[int, frozenset[str]]:
        """Of *products*, those that rules with goods choose, with the names of these rules."""
        if not self._rules or not products:
            return {}
        among = pl.Series("product_id", sorted(products), dtype=WHOLE)
        found: dict[int, set[str]] = {}
        for name, kinds in self._rules.items():
            theirs = among
            for kind, ids in kinds.items():
                theirs = theirs.filter(
                    theirs.is_in(products_in(reading, kind, ids, among).implode())
                )
            for product_id in theirs:
                found.setdefault(product_id, set()).add(name)
        return {product_id: frozenset(rules) for product_id, rules in found.items()}
