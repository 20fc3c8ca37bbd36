"""Which products an earn rule is about, by the names that a program gives them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from sidecar.model import Names
from sidecar.rules.loyalty.program import EarnRule, Program
from sidecar.sync.facts.goods import Kind, products_in
from sidecar.sync.reading import WHOLE, Reading

_KINDS: tuple[Kind, ...] = ("category", "product", "manufacturer")


class Goods:
    """
    The goods of a program's earn rules, as the store's catalogue has them now.

    Args:
        names: Of categories, products and manufacturers.
    """

    def __init__(self, program: Program, names: Names) -> None:
        chosen = ((rule.name, self._ids(rule, names)) for rule in program.earn)
        self._rules = {name: ids for name, ids in chosen if ids}

    @staticmethod
    def _ids(rule: EarnRule, names: Names) -> Mapping[Kind, frozenset[int]]:
        found: dict[Kind, frozenset[int]] = {}
        for kind in _KINDS:
            wanted: Collection[str] = getattr(rule.goods, kind)
            if wanted:
                table = names.tables[kind]
                found[kind] = frozenset(number for name in wanted for number in table.find(name))
        return found

    def chosen(self, reading: Reading, products: Collection[int]) -> Mapping[int, frozenset[str]]:
        """Of *products*, those that rules with goods choose, with the names of these rules."""
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
