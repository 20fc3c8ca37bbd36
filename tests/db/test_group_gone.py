"""A customer group that rules name and the store renames or deletes while we run."""

from __future__ import annotations

import pytest

from sidecar.errors import RuleError
from sidecar.shop.database import transaction
from sidecar.sync import findings
from support.small_store import SmallStore

RUNGS = (
    "[[group]]\nname = 'Gold'\nwhen = 'orders >= 2'\n"
    "[[group]]\nname = 'Silver'\nwhen = 'orders >= 1'\n"
)


class Ranks:
    """A store with two rungs and a customer on each."""

    def __init__(self, store: SmallStore) -> None:
        self.store = store
        self.gold, self.silver = store.given.group("Gold"), store.given.group("Silver")
        self.ann, self.bob = store.given.customer(), store.given.customer()
        for customer in (self.ann, self.ann, self.bob):
            store.given.order(customer, "5")
        store.named_rules({}, RUNGS)

    def groups(self) -> dict[int, int]:
        rows = self.store.rows("SELECT customer_id AS c, customer_group_id AS g FROM oc_customer")
        return {row["c"]: row["g"] for row in rows}

    def found(self) -> list[tuple[str, str]]:
        with transaction(self.store.sidecar.engine) as tx:
            every = findings.open_findings(tx, self.store.sidecar.shop.own, 9)
        return [(finding.kind, finding.subject) for finding in every]

    def warnings(self) -> list[tuple[int, str]]:
        return [(p.line, p.message) for p in self.store.sidecar.check_rules().rules.warnings]

    def delete(self, group: int) -> None:
        for table in ("customer_group", "customer_group_description"):
            self.store.given.execute(f"DELETE FROM oc_{table} WHERE customer_group_id = {group}")

    def rename(self, group: int, name: str) -> None:
        where = {"customer_group_id": group}
        self.store.given.update("customer_group_description", where, name=name)


@pytest.fixture
def ranks(store: SmallStore) -> Ranks:
    found = Ranks(store)
    store.full_pass()
    assert found.groups() == {found.ann: found.gold, found.bob: found.silver}
    assert (found.found(), found.warnings()) == ([], [])
    return found


def test_the_rung_of_a_group_that_is_deleted_is_off_and_its_customers_stay(ranks: Ranks) -> None:
    ranks.delete(ranks.gold)
    ranks.store.given.order(ranks.bob, "5")

    result = ranks.store.whole_pass(cap=9)
    ranks.store.process(ranks.ann, ranks.bob)

    assert result.outcome.group_changed == 0
    assert ranks.groups() == {ranks.ann: ranks.gold, ranks.bob: ranks.silver}
    assert ranks.found() == [("ladder.group_gone", "Gold")]
    ((line, warned),) = ranks.warnings()
    assert line == 2
    assert warned == (
        "the customer group 'Gold' was deleted in the store:"
        " its rung is off and its customers stay where they are"
    )


def test_the_other_rungs_go_on(ranks: Ranks) -> None:
    ranks.delete(ranks.gold)
    eve = ranks.store.given.customer()
    ranks.store.given.order(eve, "5")

    ranks.store.process(eve)

    assert ranks.groups()[eve] == ranks.silver


def test_the_finding_is_mended_when_the_rung_is_removed(ranks: Ranks) -> None:
    ranks.delete(ranks.gold)
    ranks.store.full_pass()
    ranks.store.named_rules({}, RUNGS[RUNGS.index("[[group]]", 1) :])

    ranks.store.full_pass()

    assert ranks.found() == []
    assert ranks.groups()[ranks.ann] == ranks.gold


def test_a_group_that_is_renamed_is_found_and_warned_of(ranks: Ranks) -> None:
    ranks.rename(ranks.gold, "Platinum")
    ranks.store.given.order(ranks.bob, "5")

    ranks.store.full_pass()

    assert ranks.groups() == {ranks.ann: ranks.gold, ranks.bob: ranks.gold}
    assert ranks.found() == []
    assert ranks.warnings() == [(2, "the customer group 'Gold' is called 'Platinum' now")]


def test_a_name_that_another_group_takes_means_that_group(ranks: Ranks) -> None:
    ranks.rename(ranks.gold, "Platinum")
    other = ranks.store.given.group("Gold")

    assert ranks.warnings() == []
    table = ranks.store.sidecar.check_rules().names.get("group")
    assert table is not None
    assert table.find("gold") == (other,)


def test_a_group_that_rules_name_for_the_first_time_must_be_there(ranks: Ranks) -> None:
    ranks.store.named_rules({}, RUNGS + "[[group]]\nname = 'Bronze'\nwhen = 'orders >= 0'\n")

    with pytest.raises(RuleError, match="there is no customer group 'Bronze'"):
        ranks.store.sidecar.check_rules()
