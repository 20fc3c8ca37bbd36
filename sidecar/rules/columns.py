"""What a compiled rule asks of the loader: one column of facts, filters resolved to ids."""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.rules.syntax import Day, FilterName, Span

#: A filter's value with its names resolved: ids for names, ten-thousandths for ``total``.
Resolved = Span | Day | int | frozenset[int]

_ROWS = {"total_spent": "orders", "average_order": "orders"}


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
    def is_moving(self) -> bool:
        """Whether rows enter or leave its windows as time passes."""
        return any(
            name == "within" or (isinstance(value, Day) and isinstance(value.day, str))
            for name, value in self.filters
        )

    @property
    def leaves(self) -> str:
        """The column of the earliest instant of its rows inside: the next to leave."""
        return f"{self._rows} leaves"

    @property
    def enters(self) -> str:
        """The column of the earliest instant of its rows that are outside only for now."""
        return f"{self._rows} enters"

    @property
    def _rows(self) -> str:
        # One pair for all that is told from the same orders.
        return Column(_ROWS.get(self.fact, self.fact), self.filters).key

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
