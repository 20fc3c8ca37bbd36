"""Why a customer has what they have, why not, and what comes next."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from sidecar.errors import CustomerError, UsageError
from sidecar.shop.database import transaction
from sidecar.sync import pins, state
from sidecar.sync.compiled_rules import Rulebook, open_rulebook
from sidecar.sync.explaining import explain
from sidecar.sync.pass_runs import Approval
from sidecar.sync.pins import Pin
from support.given import Line
from support.small_store import SmallStore

DAY = datetime.timedelta(days=1)


def book_of(store: SmallStore) -> Rulebook:
    """The rules as a cycle of changed customers applies them, nothing written."""
    shop, checked = store.sidecar.shop, store.sidecar.check_rules()
    return open_rulebook(shop, checked, store.moment, writing=False, new_limits=False)


def explained(store: SmallStore, customer: int) -> Any:
    """The explanation of *customer* at the store's moment."""
    return explain.explain(store.sidecar.shop, book_of(store), customer, store.moment)


def pin(
    store: SmallStore, customer: int, kind: Any, target: int, direction: Any, **more: Any
) -> None:
    """Put a pin as Ann and look at the customer."""
    said = Pin(kind=kind, target_id=target, direction=direction, actor="cli:ann", **more)
    with transaction(store.sidecar.engine) as tx:
        pins.put(tx, store.sidecar.shop.own, said, [customer], store.moment)
    store.process(customer)


# -- tags ----------------------------------------------------------------------------------


def test_a_tag_of_a_rule_names_the_rule_its_values_and_when_it_ends(store: SmallStore) -> None:
    ann = store.given.customer()
    store.given.order(ann, "600", at="2026-03-10 12:00:00")
    store.rules(vip="total_spent > 500 and last_order within 90 days")
    store.full_pass()

    tag = explained(store, ann)["tag"]["vip"]

    assert tag["holds"] is True
    assert tag["since"] == "2026-03-31T09:30:00+00:00"
    assert tag["why"] == "rule: total_spent > 500 and last_order within 90 days"
    assert [one["kind"] for one in tag["sources"]] == ["rule"]
    assert tag["sources"][0]["place"] == "rules.toml:1"
    assert tag["pin"] is None
    assert tag["blocked"] is None
    # Since 10 March is a day of the last 90 through 8 June.
    assert tag["next_change"] == "2026-06-09T00:00:00+00:00"
    assert tag["next_state"] is False
    values = {part["text"]: part["actual"] for part in tag["tree"]["items"]}
    assert values == {
        "total_spent > 500": "600.0000",
        "last_order within 90 days": "2026-03-10T12:00:00+00:00",
    }


def test_a_tag_that_somebody_lacks_says_how_much_is_missing_and_until_when(
    store: SmallStore,
) -> None:
    ann = store.given.customer()
    store.given.order(ann, "312.40", at="2025-03-31 12:00:00")
    store.given.order(ann, "100", at="2025-12-01 12:00:00")
    store.rules(loyal="orders(within = 1 year) >= 3 or total_spent(within = 1 year) >= 500")
    store.full_pass()

    tag = explained(store, ann)["tag"]["loyal"]

    assert (tag["holds"], tag["verdict"], tag["since"]) == (False, False, None)
    assert tag["nearest"]["text"] == (
        "needs 1 more order by 31 March 2026, or 87.60 more spent by 31 March 2026"
    )
    (orders,), (spent,) = tag["nearest"]["ways"]
    assert (orders["amount"], spent["amount"]) == (1, "87.6000")
    assert orders["by"] == "2026-04-01T00:00:00+00:00"
    assert (tag["next_change"], tag["next_why"]) == (None, "time alone does not change it")


def test_a_person_s_no_is_named_with_their_reason_though_the_rule_holds(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules(everyone="orders >= 0")
    store.full_pass()
    until = store.moment.today + 2 * DAY
    store.tagging().remove("everyone", [ann], until, "asked to")

    tag = explained(store, ann)["tag"]["everyone"]

    assert (tag["holds"], tag["verdict"]) == (False, True)
    assert tag["pin"]["direction"] == "out"
    assert tag["pin"]["actor"] == "cli:ann"
    assert tag["why"] == "pinned out by cli:ann until 3 April 2026: asked to"
    assert (tag["next_change"], tag["next_state"]) == ("2026-04-03T00:00:00+00:00", True)


def test_every_source_of_a_tag_is_named(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules(fair="orders >= 0")
    store.full_pass()
    store.tagging().add("fair", [ann], None, "met us")
    store.tagging("cli:bob").import_rows({"fair": {ann: store.moment.epoch_s + 60}}, "f.csv", None)

    tag = explained(store, ann)["tag"]["fair"]

    assert {one["kind"]: (one["actor"], one["reason"]) for one in tag["sources"]} == {
        "rule": (None, None),
        "pin_in": ("cli:ann", "met us"),
        "import": ("cli:bob", "f.csv"),
    }
    assert tag["pin"]["direction"] == "in"


def test_a_merged_tag_is_named_as_the_source(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules()
    store.tagging().add("old", [ann], None, None)
    store.tagging().ensure(["new"])
    store.tagging().merge("old", "new", None)

    tags = explained(store, ann)["tag"]

    assert tags["new"]["sources"][0]["merged_from"] == "old"
    assert (tags["old"]["holds"], tags["old"]["archived"]) == (False, True)
    assert tags["old"]["why"] == "archived: nobody has it"


def test_a_new_rule_says_that_it_waits_for_a_full_pass(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules(a="orders >= 0")
    store.full_pass()
    store.rules(a="orders >= 0", b="orders >= 0")

    tag = explained(store, ann)["tag"]["b"]

    assert (tag["holds"], tag["verdict"], tag["next_change"]) == (False, True, None)
    assert tag["blocked"]["why"] == "new"
    assert "next full pass" in tag["next_why"]


def test_a_rule_that_waits_names_its_run(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules()
    store.full_pass()
    store.rules(all="orders >= 0")
    store.whole_pass(cap=0)
    (waiting,) = store.sidecar.view.waiting()

    tag = explained(store, ann)["tag"]["all"]

    assert (tag["blocked"]["why"], tag["blocked"]["run"]) == ("waiting", waiting.run_id)
    assert f"sidecar approve {waiting.run_id}" in tag["why"]


def test_before_the_first_approval_every_rule_says_so(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules(all="orders >= 0")

    assert explained(store, ann)["tag"]["all"]["blocked"]["why"] == "not_approved"


def test_a_change_of_the_store_that_nobody_looked_at_yet_comes_next(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules(buyer="orders >= 1", new="orders = 0")
    store.full_pass()
    store.given.order(ann)

    tags = explained(store, ann)["tag"]

    assert [tags[name]["holds"] for name in ("buyer", "new")] == [False, True]
    assert [tags[name]["next_state"] for name in ("buyer", "new")] == [True, False]
    assert tags["buyer"]["next_change"] == "2026-03-31T09:30:00+00:00"
    assert "next look" in tags["new"]["why"]


def test_scores_name_the_number_of_their_limits(store: SmallStore) -> None:
    ann = store.given.customer()
    store.given.order(ann)
    store.rules(top="top_percent <= 10 and orders >= 1")
    store.full_pass()

    found = explained(store, ann)

    limits = store.rows("SELECT MAX(limits_id) AS n FROM `{own}rfm_limits`")[0]["n"]
    assert found["limits"] == limits
    assert [part["limits"] for part in found["tag"]["top"]["tree"]["items"]] == [limits, None]


def test_names_are_shown_as_the_store_has_them(store: SmallStore) -> None:
    ann = store.given.customer(group=store.given.group("Größe \x1b[31m"))
    mouse = store.given.product("Mouse")
    store.given.order(ann, lines=[Line(mouse)])
    store.rules(
        a="group != 'Default' and products has any of ('Mouse') and last_order_status = 'Complete'"
    )
    store.full_pass()

    parts = explained(store, ann)["tag"]["a"]["tree"]["items"]

    assert [part["actual"] for part in parts] == ["Größe \x1b[31m", ["Mouse"], "Complete"]


# -- segments ------------------------------------------------------------------------------


def segment(when: str, name: str = "S") -> str:
    return f"[[segment]]\nname = '{name}'\nwhen = '''{when}'''\n"


def test_a_segment_tells_since_when_by_its_baseline_and_by_its_history(store: SmallStore) -> None:
    ann, ben = store.given.customer(), store.given.customer()
    store.given.order(ann)
    store.named_rules({}, segment("orders >= 1"))
    store.full_pass()
    store.now += DAY
    store.given.order(ben)
    store.process(ben)

    old, new = (explained(store, who)["segment"]["S"] for who in (ann, ben))

    assert (old["holds"], old["since"]) == (True, "2026-03-31T09:30:00+00:00")
    assert (new["holds"], new["since"]) == (True, "2026-04-01T09:30:00+00:00")
    assert old["sources"][0]["kind"] == "rule"


def test_a_pinned_segment_names_the_pin(store: SmallStore) -> None:
    ann = store.given.customer()
    store.named_rules({"t": "in segment 'S'"}, segment("orders >= 1"))
    store.full_pass()
    number = store.rows("SELECT segment_id AS n FROM `{own}segment`")[0]["n"]
    pin(store, ann, "segment", number, "in", reason="a friend")

    found = explained(store, ann)

    entry = found["segment"]["S"]
    assert (entry["holds"], entry["verdict"]) == (True, False)
    assert entry["why"] == "pinned in by cli:ann: a friend"
    assert found["tag"]["t"]["tree"]["actual"] is True


def test_a_pin_that_ends_when_the_rule_turns_true_is_foreseen_to_end(store: SmallStore) -> None:
    ann = store.given.customer()
    store.given.order(ann, at="2026-03-30 12:00:00")
    store.named_rules({}, segment("last_order older than 10 days"))
    store.full_pass()
    number = store.rows("SELECT segment_id AS n FROM `{own}segment`")[0]["n"]
    pin(store, ann, "segment", number, "out", requalify=True)

    entry = explained(store, ann)["segment"]["S"]

    assert (entry["next_change"], entry["next_state"]) == ("2026-04-10T00:00:00+00:00", True)


# -- groups --------------------------------------------------------------------------------

LADDER = """
[[group]]
name = "Gold"
when = 'total_spent >= 1000'
[[group]]
name = "Silver"
when = 'orders(within = 30 days) >= 2'
keep_when = 'orders(within = 30 days) >= 1'
grace = "10 days"
"""


@pytest.fixture
def silver(store: SmallStore) -> int:
    """A customer who rose to Silver, with orders of 1 and 20 March."""
    store.given.group("Gold")
    store.given.group("Silver")
    ann = store.given.customer()
    store.given.order(ann, "100", at="2026-03-05 12:00:00")
    store.given.order(ann, "100", at="2026-03-20 12:00:00")
    store.named_rules({"s": "group = 'Silver'"}, LADDER)
    store.full_pass()
    return ann


def test_a_group_tells_its_rung_each_other_rung_and_the_end_of_grace(
    store: SmallStore, silver: int
) -> None:
    found = explained(store, silver)

    group = found["group"]
    assert (group["name"], group["rung"], group["hold"]) == ("Silver", "Silver", None)
    assert group["last_move"]["from"] == "Default"
    gold, stands = group["rungs"]
    assert (gold["holds"], gold["judged_by"]) == (False, "when")
    assert gold["nearest"]["text"] == "needs 800.00 more spent"
    assert (stands["stands"], stands["holds"], stands["judged_by"]) == (True, True, "keep_when")
    # One order keeps it through 19 April; then ten days of grace.
    assert group["next_change"] == "2026-04-30T00:00:00+00:00"
    assert group["next_state"] == "Default"
    assert found["tag"]["s"]["next_change"] == group["next_change"]


def test_a_group_whose_rung_ceased_tells_since_when_and_until_when(
    store: SmallStore, silver: int
) -> None:
    store.now = datetime.datetime(2026, 4, 20, tzinfo=datetime.UTC)
    store.process(silver)
    store.now += DAY

    group = explained(store, silver)["group"]

    assert group["ceased_at"] == "2026-04-20T00:00:00+00:00"
    assert group["grace_until"] == group["next_change"] == "2026-04-30T00:00:00+00:00"
    assert "grace until 30 April 2026" in group["why"]


def test_a_pinned_a_found_and_a_paused_customer_say_so(store: SmallStore, silver: int) -> None:
    found = store.given.customer(group=store.given.group("Staff"))
    store.process(found)
    gold = store.sidecar.check_rules().names.tables["group"].find("Gold")[0]
    pinned = store.given.customer()
    pin(store, pinned, "group", gold, "in", reason="boss")

    assert explained(store, found)["group"]["hold"]["why"] == "found"
    group = explained(store, pinned)["group"]
    assert (group["name"], group["why"]) == ("Gold", "pinned in by cli:ann: boss")
    assert group["sources"][0]["kind"] == "pin_in"
    with transaction(store.sidecar.engine) as tx:
        state.write(tx, store.sidecar.shop.own, "paused", {"actor": "x"}, store.moment)
    paused = explained(store, silver)["group"]
    assert (paused["blocked"]["why"], paused["next_change"]) == ("paused", None)


def test_without_a_ladder_the_group_is_still_named(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules()

    found = explained(store, ann)

    assert (found["group"]["name"], found["group"]["rungs"]) == ("Default", [])
    assert found["tier"]["name"] is None


# -- customers -----------------------------------------------------------------------------


def test_a_customer_set_aside_is_told_by_what_stands(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules(all="total_spent >= 0")
    store.full_pass()
    for _ in range(3):
        store.given.order(ann, "99999999999.9999")
    for number in range(10):
        store.given.order(ann, "99999999999.9999", days_ago=number)

    def fails(*_: object, **__: object) -> None:
        raise CustomerError("the numbers do not fit")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(explain, "situation", fails)
        found = explained(store, ann)

    assert found["set_aside"] == "the numbers do not fit"
    tag = found["tag"]["all"]
    assert (tag["holds"], tag["verdict"], tag["tree"], tag["next_change"]) == (
        True,
        None,
        None,
        None,
    )


def test_customers_are_found_by_id_and_e_mail_and_a_deleted_one_is_said_to_be(
    store: SmallStore,
) -> None:
    ann = store.given.customer("ann@example.com")
    store.rules()
    store.full_pass()
    shop = store.sidecar.shop

    assert explain.find(shop, "ANN@example.com") == explain.find(shop, str(ann)) == ann
    with pytest.raises(UsageError, match="nobody"):
        explain.find(shop, "nobody@example.com")
    store.given.delete("customer", customer_id=ann)
    with pytest.raises(UsageError, match="deleted"):
        explain.find(shop, str(ann))


def test_a_customer_whom_our_tables_do_not_know_yet_is_explained(store: SmallStore) -> None:
    store.rules(all="orders >= 0")
    store.full_pass()
    ann = store.given.customer()

    tag = explained(store, ann)["tag"]["all"]

    assert (tag["holds"], tag["verdict"], tag["next_state"]) == (False, True, True)


def test_explaining_writes_nothing(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules(a="orders >= 0")
    store.whole_pass(approval=Approval(actor="cli:ann", everything=True))
    store.given.order(ann)
    store.rules(a="orders >= 1", b="orders >= 0")
    before = store.checksums()

    explained(store, ann)

    assert store.checksums() == before


def test_the_command_answers_what_the_command_line_does(store: SmallStore) -> None:
    ann = store.given.customer("ann@example.com")
    store.rules(a="orders >= 0")
    number = store.sidecar.requests.ask("explain", {"customer": "ann@example.com"}, "admin:anna")

    asked = store.sidecar.requests.dispatcher().dispatch(number)

    assert (asked.state, asked.answer["customer_id"]) == ("done", ann)
    assert asked.answer["tag"]["a"]["verdict"] is True
