"""What a full pass would change, in numbers and by name, writing nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from sidecar.model import Moment, Outcome, fold
from sidecar.rules.dependencies import LADDER, Node
from sidecar.rules.plan import Changes
from sidecar.shop.shop import Shop
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.cycle import Pass, counted
from sidecar.sync.planning import plan_pass
from sidecar.sync.ranges import Progress
from sidecar.sync.runs import Run

#: Why a customer moves to another group, by the codes of the ladder.
WHY_MOVED = {
    1: "rose: {text}",
    2: "fell to this rung: {text}",
    3: "no rung holds any more",
    4: "a person pinned it",
    5: "a form that was open before our last move had put the old group back",
    6: "undone",
}
_FOUND = 1


@dataclass(slots=True)
class Preview:
    """
    Attributes:
        outcome: What would be done, counted.
        found: Customers that the ladder would leave where it finds them, the first of them.
        found_total: How many they are.
        sample: The first changes, each with customer_id, kind, name, before, after, why.
    """

    outcome: Outcome = field(default_factory=Outcome)
    found: list[int] = field(default_factory=list)
    found_total: int = 0
    sample: list[dict[str, object]] = field(default_factory=list)


def preview(
    shop: Shop,
    book: Rulebook,
    moment: Moment,
    *,
    rule: Node | None = None,
    sample: int = 0,
    progress: Progress | None = None,
) -> Preview:
    """
    What a full pass would change if everything that waits were approved.

    Args:
        rule: Count and show only what this does.
        sample: How many changes to name.
    """
    found = Preview()
    names = Names(book)
    if rule is not None and rule[0] == "segment":
        book = dataclasses.replace(book, lists_all=True)
    work = Pass(
        shop, book.blocking(book.registry.held()), moment, [Run(kind="full", moment=moment)]
    )

    def shown(changes: Changes) -> None:
        part = changes if rule is None else of_rules(changes, book, [rule])
        found.outcome.add(counted(0, part))
        if rule in (None, LADDER):
            left = part.notes.filter(pl.col("note") == _FOUND)["customer_id"].to_list()
            found.found_total += len(left)
            found.found += left[: max(0, sample - len(found.found))]
        if len(found.sample) < sample:
            for step in names.steps(part, changes):
                found.sample.append(step)
                if len(found.sample) == sample:
                    break

    plan = plan_pass(work, progress=progress, shown=shown, keep=False)
    found.outcome.customers = plan.outcome.customers
    found.outcome.set_aside = plan.outcome.set_aside
    return found


def of_rules(changes: Changes, book: Rulebook, rules: Collection[Node]) -> Changes:
    """What *rules* do of *changes*, segments among them."""
    segments = [slot for slot, s in book.segments.items() if ("segment", fold(s.name)) in rules]
    mine = pl.col("slot").is_in(sorted(segments))
    return dataclasses.replace(
        changes.of_rules(book.tag_slots(rules), ladder=LADDER in rules),
        entered=changes.entered.filter(mine),
        left=changes.left.filter(mine),
    )


class Names:
    """Steps by the names of what they change."""

    def __init__(self, book: Rulebook) -> None:
        self._book = book
        rules = book.checked.rules
        self._texts = {fold(rule.name): rule.text for rule in rules.tags}
        self._segment_texts = {fold(rule.name): rule.text for rule in rules.segments}
        table = book.checked.names.get("group")
        self._groups: Mapping[int, str] = table.display() if table is not None else {}
        self._rungs = {
            group: rung.text
            for rung in rules.groups
            for group in (table.find(rung.name) if table is not None else ())
        }

    def steps(self, part: Changes, whole: Changes) -> Iterator[dict[str, object]]:
        """Every step of *part*, by customer and kind."""
        found = [*self._tags(part, whole), *self._moves(part), *self._entries(part, whole)]
        yield from sorted(found, key=lambda step: int(str(step["customer_id"])))

    def _tags(self, part: Changes, whole: Changes) -> Iterator[dict[str, object]]:
        gone = set(whole.gone["customer_id"])
        ruled = set(whole.asserted.rows()) | set(whole.retracted.rows())
        for customer_id, slot, after in _both(part.added, part.removed):
            name = self._book.tags[slot].name
            text = self._texts.get(fold(name))
            if customer_id in gone:
                why = "the customer was deleted"
            elif (customer_id, slot) in ruled and text is not None:
                why = f"rule: {text}" if after else f"no longer: {text}"
            elif (customer_id, slot) in ruled:
                why = "no rule makes this tag any more"
            else:
                why = "a person's or import's word began or ended"
            yield _step(customer_id, "tag", name, not after, after, why)

    def _entries(self, part: Changes, whole: Changes) -> Iterator[dict[str, object]]:
        gone = set(whole.gone["customer_id"])
        for customer_id, slot, after in _both(part.entered, part.left):
            name = self._book.segments[slot].name if slot in self._book.segments else f"#{slot}"
            text = self._segment_texts.get(fold(name), "")
            why = f"rule: {text}" if after else f"no longer: {text}"
            if customer_id in gone:
                why = "the customer was deleted"
            yield _step(customer_id, "segment", name, not after, after, why)

    def _moves(self, part: Changes) -> Iterator[dict[str, object]]:
        for customer_id, before, after, why in part.moved.iter_rows():
            name = self._groups.get(after, f"#{after}")
            was = self._groups.get(before, f"#{before}")
            text = WHY_MOVED[why].format(text=self._rungs.get(after, ""))
            yield _step(customer_id, "group", name, was, name, text)


def _both(on: pl.DataFrame, off: pl.DataFrame) -> Iterator[tuple[int, int, bool]]:
    both = pl.concat([on.with_columns(after=pl.lit(True)), off.with_columns(after=pl.lit(False))])
    yield from both.sort("customer_id", "slot").iter_rows()


def _step(
    customer_id: int, kind: str, name: str, before: object, after: object, why: str
) -> dict[str, object]:
    return {
        "customer_id": customer_id,
        "kind": kind,
        "name": name,
        "before": before,
        "after": after,
        "why": why,
    }
