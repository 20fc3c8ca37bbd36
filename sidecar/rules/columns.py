"""What a compiled rule asks of the loader: one column of facts, filters resolved to ids."""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.rules.syntax import Day, FilterName, Span

#: A filter's value with its names resolved: ids for names, ten-thousandths for ``total``.
Resolved = Span | Day | int | frozenset[int]


@dataclass(frozen=True, slots=True)
class Column:
    """
    One column of facts, one value a customer.

    Attributes:
        fact: Its name in the catalogue.
        filters: Sorted by name, each at most once.
        members: Only for sets: the column is yes/no, whether the customer's set
            holds any of these (ids; folded text for custom fields). Empty: whether
            it holds anything at all. None for every other fact.
    """

    fact: str
    filters: tuple[tuple[FilterName, Resolved], ...] = ()
    members: frozenset[int] | frozenset[str] | None = None

    @property
    def key(self) -> str:
        """Its name in a frame; equal columns have equal keys, plain facts their own name."""
        if not self.filters and self.members is None:
            return self.fact
        filters = ",".join(f"{name}={_word(value)}" for name, value in self.filters)
        members = "" if self.members is None else f" has {sorted(map(str, self.members))}"
        return f"{self.fact}({filters}){members}"


def _word(value: Resolved) -> str:
    if isinstance(value, frozenset):
        return "|".join(str(identifier) for identifier in sorted(value))
    if isinstance(value, Span):
        return f"{value.count} {value.unit}"
    return str(value.day) if isinstance(value, Day) else str(value)
