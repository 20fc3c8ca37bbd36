"""Golden cases of the definition of rules: what is renamed or deleted while rules name it."""

from __future__ import annotations

import pytest

from sidecar.errors import RuleError
from sidecar.shop.database import transaction
from sidecar.sync import findings
from support.given import Line
from support.small_store import SmallStore

#: Of a rule: what it asks, the namespace in words, the old name, and the new one.
KINDS = {
    "status": ("orders(status = 'Complete') >= 1", "order status"),
    "group": ("group = 'Trade'", "customer group"),
    "category": ("bought(category = 'Lamps') >= 1", "category"),
    "manufacturer": ("manufacturers has 'Acme'", "manufacturer"),
    "product": ("products has 'Lamp'", "product"),
    "return_status": ("returns(status = 'Complete') >= 1", "return status"),
    "store": ("store = 'Second'", "store"),
}
KEYS = {"status": "order_status", "group": "customer_group"}
kinds = pytest.mark.parametrize("kind", KINDS)


class Shop:
    """A store with one customer whom every rule of `KINDS` fits, and one whom none does."""

    def __init__(self, store: SmallStore) -> None:
        given = store.given
        self.store = store
        self.ids = {
            "status": 5,
            "group": given.group("Trade"),
            "category": given.category("Lamps"),
            "manufacturer": given.manufacturer("Acme"),
            "return_status": 3,
            "store": given.store("Second"),
        }
        maker, category = self.ids["manufacturer"], self.ids["category"]
        lamp = given.product("Lamp", manufacturer=maker, categories=[category])
        self.ids["product"] = lamp
        self.ann = given.customer(group=self.ids["group"], store=self.ids["store"])
        given.order(self.ann, lines=[Line(lamp)])
        given.goods_return(self.ann, product=lamp, status=3)
        given.customer()

    def rename(self, kind: str, name: str) -> None:
        table = KEYS.get(kind, kind)
        plain = kind in ("status", "manufacturer", "return_status", "store")
        where = {f"{table}_id": self.ids[kind]}
        self.store.given.update(table if plain else f"{table}_description", where, name=name)

    def delete(self, kind: str) -> None:
        table = KEYS.get(kind, kind)
        where = {f"{table}_id": self.ids[kind]}
        for name in (table, f"{table}_description"):
            if self.store.given.exists(name):
                self.store.given.delete(name, **where)

    def warnings(self) -> list[str]:
        return [problem.message for problem in self.store.sidecar.check_rules().rules.warnings]


@pytest.fixture
def shop(store: SmallStore) -> Shop:
    return Shop(store)


@kinds
def test_what_is_renamed_goes_on_being_meant_and_is_warned_of(shop: Shop, kind: str) -> None:
    when, words = KINDS[kind]
    old = when.split("'")[1]
    shop.store.rules(it=when, other="orders = 0")
    shop.store.full_pass()
    assert (shop.store.who("it"), shop.warnings()) == ([shop.ann], [])

    shop.rename(kind, "Renamed")

    assert shop.store.whole_pass(cap=0).waiting == []
    assert shop.store.who("it") == [shop.ann]
    assert shop.warnings() == [f"the {words} '{old}' is called 'Renamed' now"]
    shop.store.rules(it=when.replace(old, "Renamed"), other="orders = 0")
    assert shop.store.whole_pass(cap=0).waiting == []
    assert (shop.store.who("it"), shop.warnings()) == ([shop.ann], [])
    shop.store.rules(it=when)
    with pytest.raises(RuleError, match=f"there is no {words} '{old}'"):
        shop.store.full_pass()


@kinds
def test_what_is_deleted_stops_no_rule_and_is_warned_of(shop: Shop, kind: str) -> None:
    when, words = KINDS[kind]
    old = when.split("'")[1]
    shop.store.rules(it=when, other="orders = 0")
    shop.store.full_pass()

    shop.delete(kind)
    eve = shop.store.given.customer()
    shop.store.process(eve)

    assert shop.store.has(eve) == {"other"}
    assert shop.warnings() == [
        f"the {words} '{old}' was deleted in the store: nothing belongs to it any more"
    ]


@kinds
def test_a_name_that_was_never_there_is_an_error(shop: Shop, kind: str) -> None:
    when, words = KINDS[kind]
    shop.rename(kind, "Renamed")
    shop.store.rules(it=when)

    with pytest.raises(RuleError, match=f"there is no {words}"):
        shop.store.full_pass()


def test_a_rule_of_the_admin_goes_on_too(shop: Shop) -> None:
    shop.store.sidecar.check_rules()
    shop.store.given.insert(
        "sidecar_rule",
        {},
        kind="tag",
        name="it",
        name_key="it",
        origin="admin",
        definition='{"when": "orders(status = \'Complete\') >= 1"}',
        changed_at=0,
        fingerprint="",
        settled="",
    )
    shop.store.full_pass()
    shop.rename("status", "Renamed")

    shop.store.full_pass()

    assert shop.store.who("it") == [shop.ann]
    assert shop.store.sidecar.check_rules().rules.off == ()


def test_what_is_so_counts_once_however_often_the_rules_are_read(shop: Shop) -> None:
    shop.store.named_rules({}, "[[group]]\nname = 'Trade'\nwhen = 'orders > 0'\n")
    shop.store.full_pass()
    shop.delete("group")

    for _ in range(3):
        shop.store.book()

    with transaction(shop.store.sidecar.engine) as tx:
        (found,) = findings.open_findings(tx, shop.store.sidecar.shop.own, 9)
    assert (found.kind, found.subject, found.times) == ("ladder.group_gone", "Trade", 1)
