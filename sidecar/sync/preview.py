"""The plan: what a full pass would change, in numbers and by name, writing nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from sidecar.model import Outcome, fold
from sidecar.rules.plan import Changes
from sidecar.rules.ruleset import RuleSet
from sidecar.sync import cycle
from sidecar.sync.cycle import Pass
from sidecar.sync.full_pass import Progress, customers_in_store, ranges
from sidecar.sync.tags import Tag


@dataclass(slots=True)
class Planned:
    """
    Attributes:
        outcome: What would be done, counted.
        sample: The first changes, each with customer_id, kind, name, before, after, why.
    """

    outcome: Outcome = field(default_factory=Outcome)
    sample: list[dict[str, object]] = field(default_factory=list)


def plan(
    work: Pass,
    rules: RuleSet,
    tags: Mapping[int, Tag],
    *,
    rule: str | None = None,
    sample: int = 0,
    progress: Progress | None = None,
) -> Planned:
    """
    What a full pass would change.

    Args:
        tags: By slot.
        rule: Count and show only what happens to this tag.
        sample: How many changes to name.
    """
    planned = Planned()
    texts = {fold(found.name): found.text for found in rules.tags}
    only = [slot for slot, tag in tags.items() if rule is None or fold(tag.name) == fold(rule)]
    total = customers_in_store(work.shop) if progress else 0
    for scope in ranges(work.shop):
        for outcome, changes in cycle.preview(work, scope):
            part = outcome
            if changes is not None and rule is not None:
                changes = _only(changes, only)
                part = cycle.counted(outcome.customers, changes)
            planned.outcome.add(part)
            if changes is not None and len(planned.sample) < sample:
                for step in _steps(changes, tags, texts):
                    planned.sample.append(step)
                    if len(planned.sample) == sample:
                        break
        if progress:
            progress(min(planned.outcome.customers, total), total)
    return planned


def _only(changes: Changes, slots: list[int]) -> Changes:
    wanted = pl.col("slot").is_in(slots)
    return changes.with_tags(changes.added.filter(wanted), changes.removed.filter(wanted))


def _steps(
    changes: Changes, tags: Mapping[int, Tag], texts: Mapping[str, str]
) -> Iterator[dict[str, object]]:
    both = pl.concat(
        [
            changes.added.with_columns(after=pl.lit(True)),
            changes.removed.with_columns(after=pl.lit(False)),
        ]
    ).sort("customer_id", "slot")
    gone = set(changes.gone["customer_id"])
    ruled = set(changes.asserted.rows()) | set(changes.retracted.rows())
    for customer_id, slot, after in both.iter_rows():
        name = tags[slot].name
        text = texts.get(fold(name))
        if customer_id in gone:
            why = "the customer was deleted"
        elif (customer_id, slot) in ruled and text is not None:
            why = f"rule: {text}" if after else f"no longer: {text}"
        elif (customer_id, slot) in ruled:
            why = "no rule makes this tag any more"
        else:
            why = "a person's or import's word began or ended"
        yield {
            "customer_id": customer_id,
            "kind": "tag",
            "name": name,
            "before": not after,
            "after": after,
            "why": why,
        }
