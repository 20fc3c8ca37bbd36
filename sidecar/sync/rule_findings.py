"""What a person should mend about the rules: those that are off, rungs whose group is gone."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from sidecar.model import Moment, fold
from sidecar.rules.ruleset import RuleSet
from sidecar.rules.rungs import LadderPlan
from sidecar.shop.own_tables import OwnTables
from sidecar.sync import admin_rules, findings

#: The kind of finding that a rung's group is no longer in the store.
GROUP_GONE = "ladder.group_gone"

#: More findings than are ever open at once.
_MANY = 100_000


def note(
    tx: Connection,
    own: OwnTables,
    rules: RuleSet,
    ladder: LadderPlan | None,
    bits: Mapping[str, int],
    moment: Moment,
) -> None:
    """
    Raise a finding for each of *rules* that does nothing, and mend those that do again.

    Args:
        ladder: Of the rules; its rungs whose group is gone have none.
        bits: The bit of each rung by its folded name.
    """
    admin_rules.note_off(tx, own, rules.off, moment)
    lost = {rung.slot for rung in ladder.rungs if rung.group_id is None} if ladder else set()
    gone = {rung.name for rung in rules.groups if bits.get(fold(rung.name)) in lost}
    for known in findings.open_findings(tx, own, _MANY):
        if known.kind == GROUP_GONE and known.subject not in gone:
            findings.mend(tx, own, GROUP_GONE, known.subject, moment)
    for name in sorted(gone):
        message = (
            f"the customer group '{name}' was deleted in the store: its rung is off and its"
            " customers stay where they are; remove the rung, or name another group"
        )
        findings.raise_finding(tx, own, GROUP_GONE, name, message, moment, again=False)
