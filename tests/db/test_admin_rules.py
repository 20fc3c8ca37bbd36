"""Rules made in the admin: kept as rows, checked with everything else, off when they break."""
# ruff: noqa: E501 (a case stands on one line)

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from sqlalchemy import MetaData

from sidecar.errors import RuleError, UsageError
from sidecar.model import fold
from sidecar.rules.admin_rule import AdminRule
from sidecar.rules.rule import RuleKind
from sidecar.rules.ruleset import RuleSet
from sidecar.shop.database import transaction
from sidecar.sync import admin_rules, findings, rulebook
from support.small_store import SmallStore


@dataclasses.dataclass
class Admin:
    """What the admin asks of the daemon."""

    store: SmallStore

    def check(self) -> Callable[[Sequence[AdminRule]], RuleSet]:
        files = rulebook.read_files(self.store.folder)
        check = rulebook.checker(self.store.sidecar.shop, files, own_tables=True)
        return lambda rules: check(rules).rules

    def save(self, kind: RuleKind, name: str, when: object, **more: object) -> RuleSet:
        rule = AdminRule(kind, name, {"when": when, **more})
        check = self.check()
        with transaction(self.store.sidecar.engine) as tx:
            own = self.store.sidecar.shop.own
            return admin_rules.save(tx, own, check, rule, "admin:ann", self.store.moment)

    def delete(self, kind: RuleKind, name: str) -> RuleSet:
        check = self.check()
        with transaction(self.store.sidecar.engine) as tx:
            own = self.store.sidecar.shop.own
            return admin_rules.delete(tx, own, check, kind, name, "admin:ann", self.store.moment)

    def order(self, *names: str) -> RuleSet:
        check = self.check()
        with transaction(self.store.sidecar.engine) as tx:
            own = self.store.sidecar.shop.own
            return admin_rules.order(tx, own, check, names, "admin:bob", self.store.moment)

    def spoil(self, name: str, definition: str) -> None:
        """Write what no check ever saw."""
        key = {"name_key": fold(name)}
        self.store.given.update("sidecar_rule", key, definition=definition)

    def rows(self) -> list[dict[str, Any]]:
        return self.store.rows("SELECT * FROM `{own}rule` ORDER BY rule_id")

    def rules(self) -> RuleSet:
        return self.store.sidecar.check_rules().rules

    def refused(self, action: Callable[[], object]) -> str:
        """Why *action* is refused; nothing has changed by it."""
        before = self.rows()
        with pytest.raises(RuleError) as caught:
            action()
        assert self.rows() == before
        return str(caught.value)


@pytest.fixture
def admin(store: SmallStore) -> Admin:
    settings = store.sidecar.config
    rules = msgspec.structs.replace(settings.rules, builtins=True)
    store.sidecar.config = msgspec.structs.replace(settings, rules=rules)
    return Admin(store)


def test_a_rule_of_each_kind_is_kept_and_read_again(admin: Admin) -> None:
    admin.store.given.group("VIP")
    admin.save("segment", "big", "total_spent > 1000")
    admin.save("tag", "Vip", "in segment 'big'  and  orders>=3")
    admin.save(
        "group", "VIP", "orders >= 5", keep_when="orders >= 4", grace="30 days", min_stay=None
    )

    rules = admin.rules()

    assert [(rule.name, rule.text, rule.made_in) for rule in rules.tags] == [
        ("Vip", 'in segment "big" and orders >= 3', "admin")
    ]
    assert [rule.name for rule in rules.segments if rule.made_in == "admin"] == ["big"]
    (rung,) = rules.groups
    assert (rung.keep_text, rung.grace is None, rung.min_stay) == ("orders >= 4", False, None)
    assert [rule.made_in for rule in rules.off] == ["builtin"] * 4


def test_a_row_says_who_made_it_and_leaves_alone_what_a_pass_remembers(admin: Admin) -> None:
    admin.save("tag", "Vip", "orders >= 3")
    row = admin.rows()[0]
    assert (row["kind"], row["name"], row["name_key"], row["origin"], row["actor"]) == (
        "tag",
        "Vip",
        "vip",
        "admin",
        "admin:ann",
    )
    assert row["changed_at"] == admin.store.moment.epoch_s
    memory = {"fingerprint": "a" * 16, "settled": "b" * 16, "held": "c" * 16}
    admin.store.given.update("sidecar_rule", {"rule_id": row["rule_id"]}, **memory)

    admin.save("tag", "VIP", "orders >= 4")

    (again,) = admin.rows()
    assert again["rule_id"] == row["rule_id"]
    assert again["name"] == "VIP"
    assert {key: again[key] for key in memory} == memory
    assert [rule.text for rule in admin.rules().tags] == ["orders >= 4"]


@pytest.mark.parametrize(
    ("kind", "name", "definition", "why"),
    [
        ("tag", "a", {"when": "ordrs > 3"}, "tag 'a' in the admin:3:9: there is no fact 'ordrs' (did you mean 'orders'?)"),
        ("tag", "a", {"when": 'tags has "x" and\nordrs > 3'}, "there is no fact 'ordrs'"),
        ("tag", "a", {"when": "orders >> 3"}, "tag 'a' in the admin:3:"),
        ("tag", "a", {"when": ""}, "tag 'a' in the admin:1:1: has no condition"),
        ("tag", "a", {"when": ["orders > 3"]}, "tag 'a' in the admin:3:"),
        ("tag", "a", {"when": "status \x7f \ud800"}, "tag 'a' in the admin:3:"),
        ("tag", "", {"when": "status"}, "the name is empty"),
        ("tag", "a\nb", {"when": "status"}, "control character"),
        ("tag", "a", {"when": "status", "grace": "1 day"}, "there is no key 'grace' here"),
        ("tag", "a", {"when": "status", "nme": "b"}, "there is no key 'nme' in a rule"),
        ("segment", "a", {"when": 'in segment "b"'}, "there is no segment 'b'"),
        ("segment", "a", {"when": 'in segment "a"'}, "needs its own result: a -> a"),
        ("group", "a", {"when": "status"}, "there is no customer group 'a'"),
        ("group", "VIP", {"when": "status", "grace": "soon"}, "'grace' needs a span in quotes"),
        ("group", "VIP", {"when": 'group = "Default"'}, "a rung cannot ask for 'group'"),
        ("ladder", "ladder", {"when": "status"}, "there is no kind of rule 'ladder'"),
    ],
)  # fmt: skip
def test_a_rule_that_does_not_fit_is_refused_with_its_place(
    admin: Admin, kind: RuleKind, name: str, definition: dict[str, Any], why: str
) -> None:
    admin.store.given.group("VIP")
    when = definition.pop("when")

    assert why in admin.refused(lambda: admin.save(kind, name, when, **definition))


def test_a_name_stands_once_over_files_and_admin(admin: Admin) -> None:
    admin.store.rules(vip="orders >= 3")

    refused = admin.refused(lambda: admin.save("tag", "VIP", "orders >= 4"))

    assert refused.startswith("rules.toml:2:8: the tag 'vip' is made in the admin too (rename one")
    admin.save("segment", "VIP", "orders >= 4")  # another kind
    admin.save("tag", "new", "orders >= 4")
    admin.store.rules(vip="orders >= 3", NEW="orders >= 5")
    with pytest.raises(RuleError, match="the tag 'NEW' is made in the admin too"):
        admin.rules()


def test_a_segment_takes_the_place_of_the_built_in_one_and_gives_it_back(admin: Admin) -> None:
    def loyal() -> list[tuple[str, str]]:
        return [(r.text, r.made_in) for r in admin.rules().segments if fold(r.name) == "loyal"]

    admin.save("segment", "Loyal", "orders >= 7")
    assert loyal() == [("orders >= 7", "admin")]

    admin.delete("segment", "LOYAL")
    assert loyal() == [("orders >= 5", "builtin")]


def test_a_rule_that_another_needs_cannot_be_deleted(admin: Admin) -> None:
    admin.save("segment", "s", "orders >= 7")
    admin.save("tag", "t", 'in segment "s"')

    assert "there is no segment 's'" in admin.refused(lambda: admin.delete("segment", "s"))
    admin.delete("tag", "t")
    admin.delete("segment", "s")

    assert admin_rules_of(admin) == []
    assert [row["definition"] for row in admin.rows()] == [None, None]
    with pytest.raises(UsageError, match="there is no segment 's' among the rules made"):
        admin.delete("segment", "s")


def test_a_rule_made_again_begins_anew_in_its_row(admin: Admin) -> None:
    admin.store.given.group("A")
    admin.store.given.group("B")
    admin.save("group", "A", "orders >= 3")
    admin.save("group", "B", "orders >= 2")
    admin.delete("group", "A")
    admin.save("group", "A", "orders >= 4")

    assert [rung.name for rung in admin.rules().groups] == ["B", "A"]
    assert len(admin.rows()) == 2


def test_rungs_stand_in_their_order_after_those_of_files_or_before(admin: Admin) -> None:
    for name in ("File", "A", "B", "C"):
        admin.store.given.group(name)
    for place, name in enumerate(("A", "B", "C")):
        admin.save("group", name, f"orders = {place}")
    rung = "[[group]]\nname = 'File'\nwhen = 'orders = 9'\n"
    admin.store.named_rules({}, rung)

    assert [rung.name for rung in admin.order("c", "A", "B").groups] == ["File", "C", "A", "B"]
    assert [rung.name for rung in admin.rules().groups] == ["File", "C", "A", "B"]
    admin.store.named_rules({}, rung + "[ladder]\nposition = 'before'\n")
    assert [rung.name for rung in admin.rules().groups] == ["C", "A", "B", "File"]
    for wrong in (("A", "B"), ("A", "B", "C", "C"), ("A", "B", "C", "File")):
        with pytest.raises(UsageError, match="name every rung made in the admin once"):
            admin.order(*wrong)


def test_one_group_has_one_rung_however_it_is_named(admin: Admin) -> None:
    group = admin.store.given.group("VIP")
    admin.store.named_rules({}, "[[group]]\nname = 'VIP'\nwhen = 'orders = 9'\n")

    refused = admin.refused(lambda: admin.save("group", f"#{group}", "orders >= 5"))

    assert f"'#{group}' is the group 'VIP', which has a rung in rules.toml:" in refused


def test_a_rule_that_no_longer_fits_is_off_and_the_others_go_on(admin: Admin) -> None:
    group = admin.store.given.group("Wholesale")
    admin.save("tag", "trade", 'group = "Wholesale"')
    admin.save("segment", "traders", 'group = "Wholesale"')
    admin.save("group", "Wholesale", "orders >= 3")
    admin.save("tag", "other", "orders >= 2")
    admin.store.rules(mine='in segment "traders"')
    where = {"customer_group_id": group}
    admin.store.given.update("customer_group_description", where, name="Trade")

    rules = admin.rules()

    off = [(rule.kind, rule.name, rule.why) for rule in rules.off if rule.made_in == "admin"]
    assert off == [
        ("tag", "trade", "there is no customer group 'Wholesale'"),
        ("segment", "traders", "there is no customer group 'Wholesale'"),
        ("group", "Wholesale", "there is no customer group 'Wholesale'"),
    ]
    assert [rule.name for rule in rules.tags] == ["mine", "other"]
    (warning,) = rules.warnings
    assert warning.message == (
        "the segment 'traders' is off, so who was in it stays in it:"
        " there is no customer group 'Wholesale'"
    )
    # What is off does not stand in the way of other changes.
    admin.save("tag", "third", "orders >= 1")
    admin.delete("tag", "third")


def test_a_spoilt_row_is_off(admin: Admin) -> None:
    admin.save("tag", "a", "orders >= 2")
    for spoilt in ("", "[", "[1]", '{"when": 5}', '{"when": {"all": []}}', '{"nothing": 1}'):
        admin.spoil("a", spoilt)

        off = [rule.name for rule in admin.rules().off if rule.made_in == "admin"]

        assert off == ["a"], spoilt


def test_who_stands_on_a_rung_that_is_off_is_left_alone(admin: Admin) -> None:
    admin.store.given.group("VIP")
    admin.save("group", "VIP", "orders >= 2")
    admin.spoil("VIP", '{"when": "ordrs"}')

    rules = admin.rules()

    assert rules.groups == ()
    assert rules.ladder.protected == ("VIP",)


def test_of_rules_that_need_each_other_the_one_that_closes_the_circle_is_off(
    admin: Admin,
) -> None:
    admin.save("tag", "first", "orders >= 2")
    admin.save("tag", "second", 'tags has "mine"')
    admin.store.rules(mine='tags has "second"')

    rules = admin.rules()

    assert [rule.name for rule in rules.tags] == ["mine", "first"]
    ((name, why),) = [(r.name, r.why) for r in rules.off if r.made_in == "admin"]
    assert name == "second"
    assert why == "needs its own result: mine -> second -> mine"


def test_a_change_that_would_turn_another_rule_off_is_refused(admin: Admin) -> None:
    admin.save("tag", "a", 'tags has "b"')

    assert "needs its own result" in admin.refused(
        lambda: admin.save("tag", "b", 'not tags has "a"')
    )


def test_a_rule_that_is_off_is_a_finding_until_it_is_mended(admin: Admin) -> None:
    admin.save("tag", "a", "orders >= 2")
    admin.save("tag", "b", "orders >= 2")
    admin.spoil("a", "{}")
    own = admin.store.sidecar.shop.own

    def found() -> list[tuple[str, str, int]]:
        with transaction(admin.store.sidecar.engine) as tx:
            admin_rules.note_off(tx, own, admin.rules().off, admin.store.moment)
            return [(f.kind, f.subject, f.times) for f in findings.open_findings(tx, own, 9)]

    assert found() == [("rule.off", "tag a", 1)]
    # However often the rules are read.
    assert found() == [("rule.off", "tag a", 1)]
    admin.save("tag", "a", "orders >= 3")
    assert found() == []


def test_tables_that_are_older_than_these_rules_hold_none(admin: Admin) -> None:
    own = admin.store.sidecar.shop.own
    elsewhere = dataclasses.replace(own, rule=own.rule.to_metadata(MetaData(), name="no"))
    shop = dataclasses.replace(admin.store.sidecar.shop, own=elsewhere)

    assert rulebook.read_admin(shop) == []


def admin_rules_of(admin: Admin) -> list[AdminRule]:
    """The rules as they are kept."""
    with transaction(admin.store.sidecar.engine) as tx:
        return admin_rules.read(tx, admin.store.sidecar.shop.own)
