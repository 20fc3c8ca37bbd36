"""What a rung's group lacks in the store, told before customers stand in it."""

from __future__ import annotations

from sidecar.shop.database import transaction
from sidecar.shop.groups import read_groups
from support.small_store import SmallStore

RUNG = "[[group]]\nname = 'VIP'\nwhen = 'orders >= 3'\n"


def _warnings(store: SmallStore, text: str = RUNG) -> list[tuple[int, str]]:
    store.named_rules({}, text)
    return [(p.line, p.message) for p in store.sidecar.check_rules().rules.warnings]


def _taxed(store: SmallStore, group: int, rate: int = 1) -> None:
    row = {"tax_rate_id": rate, "customer_group_id": group}
    store.given.insert("tax_rate_to_customer_group", {}, **row)


def test_a_group_with_everything_is_not_warned_of(store: SmallStore) -> None:
    _taxed(store, store.given.group("VIP"))

    assert _warnings(store) == []


def test_a_group_without_tax_rates_is_warned_of_only_where_others_have_some(
    store: SmallStore,
) -> None:
    store.given.group("VIP")

    assert _warnings(store) == []
    _taxed(store, 1)
    assert _warnings(store) == [
        (2, "the group 'VIP' has no tax rates while others have: its customers pay no tax")
    ]


def test_a_group_without_a_name_in_an_enabled_language_is_warned_of(store: SmallStore) -> None:
    group = store.given.group("VIP")
    german = store.given.language("de-de")
    store.given.update("language", {"language_id": store.given.language("fr-fr")}, status=0)

    assert _warnings(store) == [
        (
            2,
            "the group 'VIP' has no name in de-de: the store's list leaves out its customers there",
        )
    ]
    store.given.describe("customer_group", group, "WIP", language=german)
    assert _warnings(store) == []


def test_a_group_that_asks_for_approval_is_noted(store: SmallStore) -> None:
    group = store.given.group("VIP")
    store.given.update("customer_group", {"customer_group_id": group}, approval=1)

    ((line, message),) = _warnings(store)
    assert line == 2
    assert message == (
        "the group 'VIP' asks for approval of new accounts;"
        " the ladder moves customers into it without one"
    )


def test_the_fallback_is_held_to_the_same_and_other_groups_are_not(store: SmallStore) -> None:
    _taxed(store, store.given.group("VIP"))
    store.given.group("Nobody")

    ((line, message),) = _warnings(store, "[ladder]\nfallback = 'Default'\n" + RUNG)

    assert line == 2
    assert message.startswith("the group 'Default' has no tax rates while others have")
    assert _warnings(store, "[ladder]\nfallback = 'Default'\n") == []


def test_what_the_store_has_for_its_groups_is_read(store: SmallStore) -> None:
    vip = store.given.group("VIP")
    _taxed(store, vip)
    _taxed(store, vip, 2)

    with transaction(store.sidecar.engine) as tx:
        groups = read_groups(tx, store.sidecar.shop.tables)

    assert {identifier: group.tax_rates for identifier, group in groups.items()} == {1: 0, vip: 2}
    assert all(not group.undescribed and not group.approval for group in groups.values())
