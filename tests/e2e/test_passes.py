"""``migrate``, ``plan``, ``once`` and ``customers`` as a sysadmin and a shop owner run them."""

from __future__ import annotations

import datetime
import json

import pytest
from sqlalchemy import text

from sidecar.config import Secret
from sidecar.shop.leader import leader_lock
from support.database import changed
from support.installation import Installation

CHANGES = ["tag_added", "tag_removed", "segment_entered", "segment_left", "group_changed"]
KEYS = {"run", "state", "customers", "changed", "set_aside", "changes", "waiting"}


def test_without_own_tables_a_pass_says_how_to_make_them(installation: Installation) -> None:
    process = installation.sidecar("once", "--json")

    assert process.returncode == 78
    assert process.stdout == ""
    assert "run `sidecar migrate`" in process.stderr


def test_migrate_twice_does_something_once(installation: Installation) -> None:
    first = installation.sidecar("migrate")
    second = installation.sidecar("migrate")

    assert (first.returncode, second.returncode) == (0, 0)
    assert "migrated to 0001" in first.stderr
    assert "adding index oc_order.sidecar_customer" in first.stderr
    assert second.stderr == "own tables and indexes are up to date\n"


def test_a_pass_writes_what_the_plan_said_and_the_next_finds_nothing(
    installation: Installation,
) -> None:
    given = installation.given
    ann, ben = given.customer(), given.customer()
    given.order(ann, "600")
    given.order(ben, "20")
    installation.rules(vip="total_spent >= 500", buyer="orders >= 1")
    installation.done("migrate")

    plan = installation.json("plan")
    once = installation.json("once", "--yes")
    again = installation.json("once")

    assert plan.keys() == KEYS | {"sample", "found"}
    assert once.keys() == again.keys() == KEYS
    assert (plan["run"], plan["state"]) == (None, "planned")
    assert (once["run"], once["state"], once["waiting"]) == (1, "applied", [])
    assert (again["run"], again["state"], again["changed"]) == (None, "nothing", 0)
    assert plan["changes"] == once["changes"]
    assert once["changes"] == dict.fromkeys([*CHANGES, "tier_changed"], 0) | {"tag_added": 3}
    assert {"customer_id", "kind", "name", "before", "after", "why"} == plan["sample"][0].keys()
    tags = {row["customer_id"]: row["tags"] for row in installation.json("customers", "orders > 0")}
    assert tags == {ann: ["buyer", "vip"], ben: ["buyer"]}


def test_a_plan_writes_nothing(installation: Installation) -> None:
    installation.given.customer()
    installation.rules(everyone="orders >= 0")
    installation.done("migrate")

    installation.done("plan")

    for table in ("tag", "customer", "assertion", "run", "audit", "rfm_limits"):
        assert installation.column(f"SELECT COUNT(*) FROM oc_sidecar_{table}") == [0]


def test_a_plan_of_one_rule_counts_only_what_it_does(installation: Installation) -> None:
    installation.given.customer()
    installation.rules(one="orders >= 0", two="orders >= 0")
    installation.done("migrate")

    plan = installation.json("plan", "--rule", "ONE")

    assert plan["changes"]["tag_added"] == 1
    assert [step["name"] for step in plan["sample"]] == ["one"]


def test_customers_needs_neither_rules_nor_own_tables(installation: Installation) -> None:
    ann = installation.given.customer("ann@example.com")
    installation.given.order(ann, "12.5")

    (row,) = installation.json("customers", 'email = "ANN@example.com"')

    assert row["customer_id"] == ann
    assert (row["orders"], row["total_spent"], row["tags"]) == (1, "12.5000", [])
    assert row["rfm_group"] is not None
    assert row["company"] is None
    assert datetime.datetime.fromisoformat(row["last_order"]).utcoffset() is not None


def test_customers_are_sorted_and_limited(installation: Installation) -> None:
    ids = [installation.given.customer() for _ in range(5)]

    everyone = installation.json("customers", "orders >= 0")
    some = installation.json("customers", "orders >= 0", "--limit", "2")
    nobody = installation.json("customers", "orders > 0")

    assert [row["customer_id"] for row in everyone] == ids
    assert [row["customer_id"] for row in some] == ids[:2]
    assert nobody == []


def test_a_store_without_customers_is_no_error(installation: Installation) -> None:
    installation.rules(vip="total_spent > 5", top="top_percent <= 10")
    installation.done("migrate")

    assert installation.json("once", "--yes")["state"] == "nothing"
    assert installation.json("customers", "orders >= 0") == []


def test_no_rules_are_said_once_and_are_no_error(installation: Installation) -> None:
    (installation.folder / "rules.d").rmdir()
    installation.done("migrate")

    process = installation.sidecar("once")

    assert process.returncode == 0
    assert process.stderr.count("no rules") == 1


def test_the_first_pass_waits_until_a_person_approves_of_it(installation: Installation) -> None:
    installation.given.customer()
    installation.rules(everyone="orders >= 0")
    installation.done("migrate")

    waits = installation.sidecar("once", "--json")
    again = installation.sidecar("once")

    assert (waits.returncode, again.returncode) == (75, 75)
    assert "run 1 waits for approval: it would change 1 customer (everyone)" in again.stderr
    answer = json.loads(waits.stdout)
    assert (answer["run"], answer["state"], answer["changed"]) == (None, "waiting", 0)
    assert [(run["run"], run["customers"]) for run in answer["waiting"]] == [(1, 1)]
    assert installation.column("SELECT COUNT(*) FROM oc_sidecar_assertion") == [0]
    once = installation.json("once", "--yes")
    assert (once["run"], once["state"], once["waiting"]) == (1, "applied", [])
    # From now on only what goes over the cap waits.
    installation.given.customer()
    assert installation.json("once")["state"] == "applied"


def test_the_first_pass_is_approved_also_where_it_would_change_nobody(
    installation: Installation,
) -> None:
    installation.rules(everyone="orders >= 0")
    installation.done("migrate")

    waits = installation.sidecar("once")
    approved = installation.json("approve", "1")

    assert waits.returncode == 75
    assert "run 1 waits for approval: it would change nobody now (everyone)" in waits.stderr
    assert (approved["state"], approved["customers"]) == ("applied", 0)
    installation.given.customer()
    assert installation.json("once")["state"] == "applied"


def test_tags_segments_and_groups_are_applied_together(installation: Installation) -> None:
    ann, ben = installation.given.customer(), installation.given.customer()
    for _ in range(6):
        installation.given.order(ann, "5")
    installation.done("migrate")
    (installation.folder / "rules.d" / "a.toml").write_text(
        "[[segment]]\nname = 'all'\nwhen = 'orders >= 0'\n"
        "[[group]]\nname = 'Wholesale'\nwhen = 'orders > 5'\n"
        "[[tag]]\nname = 'in it'\nwhen = 'in segment \"all\"'\n"
    )

    plan = installation.json("plan")
    once = installation.json("once", "--yes")

    assert plan["changes"] == once["changes"]
    assert (once["changes"]["tag_added"], once["changes"]["group_changed"]) == (2, 1)
    for asked in ('tags has "in it"', 'in segment "all"'):
        found = installation.json("customers", asked)
        assert {row["customer_id"]: row["group"] for row in found} == {
            ann: "Wholesale",
            ben: "Default",
        }


def test_broken_rules_stop_a_pass_with_every_problem(installation: Installation) -> None:
    installation.done("migrate")
    installation.rules(a="ordrs > 3", b="orders >")

    process = installation.sidecar("once", "--json")

    assert process.returncode == 78
    assert process.stdout == ""
    assert "rules.toml:3:11" in process.stderr
    assert "did you mean 'orders'" in process.stderr
    assert "rules.toml:7:" in process.stderr


def test_a_wrong_expression_is_a_usage_error(installation: Installation) -> None:
    process = installation.sidecar("customers", "orders ==  3")

    assert process.returncode == 64
    assert "did you mean '='" in process.stderr
    assert "^^" in process.stderr


def test_while_another_sidecar_writes_a_pass_is_put_off(installation: Installation) -> None:
    installation.done("migrate")

    with leader_lock(installation.engine, installation.database.name, "oc_"):
        process = installation.sidecar("once", "--json")
        looking = installation.sidecar("plan", "--json")

    assert process.returncode == 75
    assert "another sidecar holds the lock" in process.stderr
    assert looking.returncode == 0


def test_json_is_alone_on_stdout_also_with_warnings(installation: Installation) -> None:
    installation.given.customer()
    installation.rules(odd="total_spent between 5 and 1")
    installation.done("migrate")

    process = installation.sidecar("once", "--yes", "--json")

    assert process.returncode == 0
    json.loads(process.stdout)
    assert "warning" in process.stderr


def test_hostile_names_reach_neither_the_terminal_nor_sql(installation: Installation) -> None:
    hostile = "Bobby\x1b[31m'; DROP TABLE oc_customer; -- <script>"
    ann = installation.given.customer("x\x1b]0;@example.com", first_name=hostile[:32])
    installation.rules(
        bobby=f'first_name starts with "{hostile[5:9].strip(chr(27))}" or orders >= 0'
    )
    installation.done("migrate")

    shown = installation.sidecar("customers", "orders >= 0")
    (row,) = installation.json("customers", 'first_name contains "drop"')

    assert "\x1b" not in shown.stdout + shown.stderr
    assert row["first_name"] == hostile[:32]
    assert installation.json("once", "--yes")["changes"]["tag_added"] == 1
    assert installation.column("SELECT customer_id FROM oc_customer") == [ann]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"password": Secret("wrong")}, "password wrong"),
        ({"prefix": "shop_"}, "oc_"),
        ({"name": "nowhere"}, "nowhere"),
        ({"socket": None, "host": "127.0.0.1", "port": 9}, "127.0.0.1"),
    ],
    ids=["password", "prefix", "database", "server away"],
)
def test_a_database_that_cannot_be_used_is_told_with_the_way_out(
    installation: Installation, values: dict[str, object], said: str
) -> None:
    installation.write_config(changed(installation.database, **values))

    process = installation.sidecar("once")

    assert process.returncode == 69
    assert said in process.stderr
    assert installation.database.password.reveal() not in process.stderr
    assert "Traceback" not in process.stderr


def test_a_table_that_is_missing_is_named(installation: Installation) -> None:
    with installation.engine.begin() as connection:
        connection.execute(text("DROP TABLE oc_return"))

    process = installation.sidecar("customers", "orders >= 0")

    assert process.returncode == 69
    assert "oc_return" in process.stderr


def test_another_prefix_is_another_store(installation: Installation) -> None:
    with installation.engine.begin() as connection:
        for name in connection.scalars(text("SHOW TABLES")).all():
            connection.execute(text(f"RENAME TABLE `{name}` TO `my{name}`"))
    installation.write_config(changed(installation.database, prefix="myoc_"))
    installation.rules(everyone="orders >= 0")

    installation.done("migrate")

    assert installation.json("once", "--yes")["state"] == "nothing"
    assert installation.column("SELECT name FROM myoc_sidecar_tag") == ["everyone"]


def test_a_question_that_is_hardly_meant_is_answered_with_a_warning(
    installation: Installation,
) -> None:
    installation.rules(vip="orders > 3")
    installation.done("migrate")

    odd = installation.sidecar("customers", 'tags has "vpi"', "--json")
    fine = installation.sidecar("customers", 'tags has "vip"', "--json")

    assert (odd.stdout, fine.stdout) == ("[]\n", "[]\n")
    assert "warning" in odd.stderr
    assert "vpi" in odd.stderr
    assert fine.stderr == ""
