"""How explanations are told: instants, values, trees and near misses, as JSON and in words."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sidecar.model import MONEY_SCALE, Moment, Names
from sidecar.rules.ahead import on_words, when_words
from sidecar.rules.catalogue import Catalogue
from sidecar.rules.explain import Node
from sidecar.rules.language.phrases import number_words
from sidecar.rules.language.printer import print_expr
from sidecar.rules.language.sentence import sentence
from sidecar.rules.nearest import in_words, nearest
from sidecar.rules.needs import Need
from sidecar.rules.syntax import And, Expr, InSegment, Missing, Not, Or
from sidecar.sync.explaining.foresight import FARTHEST_YEARS, Foresight, Thing
from sidecar.sync.facts import as_json
from sidecar.sync.facts.as_json import money
from sidecar.sync.state import Json

#: Members of a set that are told.
_MEMBERS: Final = 20

_MISSING: Final = "missing, and a comparison with a missing value is false"


@dataclass(frozen=True, slots=True)
class Telling:
    """
    Attributes:
        catalogue: The facts there are.
        names: The store's.
        moment: Now, in the store's zone.
        limits_id: The number of the RFM limits that scores are told from; None: none yet.
    """

    catalogue: Catalogue
    names: Names
    moment: Moment
    limits_id: int | None

    def at(self, epoch_s: int | None) -> str | None:
        """An instant as ISO 8601 with the store's offset."""
        return None if epoch_s is None else as_json.iso(epoch_s, self.moment.zone)

    def day(self, epoch_s: int) -> str:
        """An instant in words, a midnight as its day."""
        return when_words(epoch_s, self.moment)

    def group(self, group_id: int | None) -> str | None:
        """The name of a customer group, ``#7`` where it has none."""
        if group_id is None:
            return None
        table = self.names.get("group")
        known = table.display() if table is not None else {}
        return known.get(group_id, f"#{group_id}")

    # -- trees -----------------------------------------------------------------------------

    def tree(self, node: Node) -> dict[str, Json]:
        """A condition and its parts, each with what it says and the value it is told by."""
        found: dict[str, Json] = {
            "kind": _kind(node.expr),
            "text": print_expr(node.expr),
            "holds": node.holds,
            "fact": None if node.fact is None else node.fact.name,
            "actual": self.actual(node),
            "missing": node.missing,
            "note": _MISSING if node.missing and not isinstance(node.expr, Missing) else None,
            "limits": self.limits_id if node.fact is not None and node.fact.area == "rfm" else None,
            "items": [self.tree(item) for item in node.items],
        }
        return found

    def actual(self, node: Node) -> Json:
        """The value of a comparison as JSON; None where it is missing, and of ``and`` and so on."""
        if node.fact is None:
            return bool(node.value) if isinstance(node.expr, InSegment) else None
        if node.fact.kind == "set" and not isinstance(node.expr, Missing):
            return [str(name) for name in node.value]
        if node.fact.name == "tags":
            return [str(name) for name in node.value[:_MEMBERS]]
        shown = as_json.shown_as(node.fact, self.names, self.moment.zone)(node.value)
        return shown[:_MEMBERS] if isinstance(shown, list) else shown

    def words(self, node: Node) -> str:
        """The value of a comparison in words."""
        value = self.actual(node)
        if value is None:
            return "missing"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, list):
            return ", ".join(map(str, value)) or "none"
        if node.fact is not None and isinstance(node.value, int):
            if node.fact.kind == "money":
                return number_words(Decimal(node.value) / MONEY_SCALE)
            if node.fact.kind == "date":
                local = datetime.datetime.fromisoformat(str(value))
                return local.strftime("%Y-%m-%d %H:%M")
        return str(value)

    def sentence(self, expr: Expr) -> str:
        """A condition as a sentence, which says what becomes of missing values."""
        return sentence(expr, self.catalogue)

    # -- near misses -----------------------------------------------------------------------

    def nearest(self, node: Node) -> Json:
        """What would have to happen for a condition to become true; None when it is."""
        ways = nearest(node, self.moment, self.words)
        if not ways:
            return None
        return {
            "text": in_words(ways, self.moment),
            "reachable": all(need.reachable for way in ways for need in way),
            "ways": [[self._need(need) for need in way] for way in ways],
        }

    def _need(self, need: Need) -> dict[str, Json]:
        amount: Json = need.amount
        fact = self.catalogue.get(need.fact or "")
        if need.amount is not None and fact is not None and fact.kind == "money":
            amount = money(need.amount)
        return {
            "text": need.text,
            "fact": need.fact,
            "amount": amount,
            "by": self.at(need.by),
            "at": self.at(need.at),
            "reachable": need.reachable,
        }

    # -- what comes ------------------------------------------------------------------------

    def coming(
        self, seen: Foresight | None, thing: Thing, stands: bool | int | None, why_not: str | None
    ) -> dict[str, Json]:
        """
        ``next_change``, ``next_state`` and ``next_why`` of *thing*.

        Args:
            seen: None: nothing can be foreseen.
            stands: What our tables say of it.
            why_not: Why its rule changes nothing for now; None: it may.
        """
        at: int | None = None
        state = stands
        if seen is None or thing not in seen.now:
            why = why_not or "nothing can be said of it"
        elif seen.now[thing] != stands:
            at, state = self.moment.epoch_s, seen.now[thing]
            why = "the next look at this customer changes it"
        elif thing in seen.first:
            at, state = seen.first[thing]
            when = on_words(at, self.moment)
            why = f"{self._turn(thing, state)} {when}, unless something else happens"
        elif why_not is not None:
            why = why_not
        elif seen.until is None:
            why = "time alone does not change it"
        elif seen.is_far:
            why = f"not within {FARTHEST_YEARS} years"
        else:
            why = f"not before {self.day(seen.until)}"
        told = state if thing[0] != "group" or isinstance(state, bool) else self.group(state)
        return {
            "next_change": self.at(at),
            "next_state": told if at is not None else None,
            "next_why": why,
        }

    def _turn(self, thing: Thing, state: bool | int | None) -> str:
        if thing[0] == "group":
            return f"moves to {self.group(state)}"
        if thing[0] == "segment":
            return "enters" if state else "leaves"
        return "comes" if state else "goes"


def _kind(expr: Expr) -> str:
    match expr:
        case And():
            return "and"
        case Or():
            return "or"
        case Not():
            return "not"
        case InSegment():
            return "segment"
    return "fact"


def no_change(why: str) -> Mapping[str, Json]:
    """What `Telling.coming` says where nothing comes."""
    return {"next_change": None, "next_state": None, "next_why": why}
