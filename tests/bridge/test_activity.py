"""Runs and the audit as the bridge reads them, held to the sidecar's own words and to plain SQL."""

from __future__ import annotations

from typing import Any

from bridge.php_database import php_call
from sidecar.config import Database
from sidecar.shop.database import transaction
from sidecar.sync import state
from sidecar.sync import undo as undoing
from support.deciding import discard
from support.small_store import SmallStore

HOSTILE = 'it\'s "<b>50%_\\</b>" 🦊'

RUNS = (
    "return (new Sidecar\\Activity($database))"
    "->runs($values['state'], $values['kind'], $values['before']);"
)
PAGE = (
    "$changes = new Sidecar\\Changes($database, new Sidecar\\Vocabulary($database, 1));"
    " return $changes->page($values['kind'], $values['only'], $values['before']);"
)


def runs_of(
    database: Database, state: str = "", kind: str = "", before: int = 0
) -> tuple[list[dict[str, Any]], int]:
    found, following = php_call(database, RUNS, state=state, kind=kind, before=before)
    return found, following


def changes_of(
    database: Database, kind: str = "audit", before: int = 0, **only: int
) -> tuple[list[dict[str, Any]], int]:
    found, following = php_call(database, PAGE, kind=kind, only=only, before=before)
    return found, following


def every_change(database: Database, kind: str = "audit", **only: int) -> list[dict[str, Any]]:
    """Page after page."""
    found, before = changes_of(database, kind, **only)
    while before:
        more, before = changes_of(database, kind, before, **only)
        found += more
    return found


def undo(store: SmallStore, run: int) -> int:
    """Take *run* back; the number of the undo."""
    undoing.undo(
        store.sidecar.shop,
        store.book,
        run,
        store.moment,
        "admin:ann",
        lambda done, total: None,
        lambda tx, undone: None,
    )
    return int(store.last_run()["run_id"])


def history(store: SmallStore) -> list[int]:
    """A store with runs of every kind that a test makes; its customers."""
    ids = [store.given.customer() for _ in range(6)]
    for customer in ids[:3]:
        store.given.order(customer, "50")
    store.named_rules({"buyer": "orders > 0", HOSTILE: "orders = 0"})
    store.full_pass()
    store.tagging("admin:o'neil").add("gold & <b>", ids[:2], None, HOSTILE)
    store.named_rules({"buyer": "orders > 0", HOSTILE: "orders = 0", "all": "orders >= 0"})
    store.whole_pass(cap=2)
    return ids


def run_of(store: SmallStore, kind: str, state: str = "applied") -> int:
    """The one run of a kind in a state."""
    (row,) = store.rows("SELECT run_id FROM `{own}run` WHERE kind = %s AND state = %s", kind, state)
    return int(row["run_id"])


# -- runs ------------------------------------------------------------------------------------


def test_the_runs_are_those_that_the_command_line_lists(
    store: SmallStore, small_database: Database
) -> None:
    history(store)
    told = {run["run"]: run for run in store.sidecar.view.run_list(100)}

    found, following = runs_of(small_database)

    assert following == 0
    assert [int(run["run_id"]) for run in found] == sorted(told, reverse=True)
    for run in found:
        said = told[int(run["run_id"])]
        for name in ("state", "kind", "what", "actor"):
            assert run[name] == said[name]
        assert int(run["changed"]) == said["changed"]
        assert dict(run["changes"]) == {k: n for k, n in said["changes"].items() if n}
        assert sorted(rule["name"] for rule in run["rules"]) == said["rules"]


def test_the_runs_that_wait_are_told_with_what_each_rule_would_change(
    store: SmallStore, small_database: Database
) -> None:
    history(store)

    (run,) = php_call(small_database, "return (new Sidecar\\Activity($database))->waiting();")

    assert (run["state"], run["changed"], run["can_undo"]) == ("waiting", "6", False)
    assert run["rules"] == [{"kind": "tag", "name": "all", "changes": 6}]
    assert run["changes"] == {"tag_added": 6}


def test_runs_are_chosen_by_state_and_kind(store: SmallStore, small_database: Database) -> None:
    history(store)
    discard(store, int(store.last_run()["run_id"]))
    rows = store.rows("SELECT run_id, state, kind FROM `{own}run` ORDER BY run_id DESC")

    def chosen(state: str, kind: str) -> list[int]:
        return [
            row["run_id"]
            for row in rows
            if state in ("", row["state"]) and kind in ("", row["kind"])
        ]

    def found(state: str, kind: str) -> list[int]:
        return [int(run["run_id"]) for run in runs_of(small_database, state, kind)[0]]

    for state_ in ("applied", "discarded", "failed", ""):
        for kind in ("full", "command", ""):
            assert found(state_, kind) == chosen(state_, kind)
    # What no run can be chooses nothing out.
    assert found("no'such", "x' OR 1=1 -- ") == chosen("", "")


def test_pages_of_runs_follow_each_other_without_gap_or_double(
    store: SmallStore, small_database: Database
) -> None:
    for _ in range(57):
        store.rows(
            "INSERT INTO `{own}run` (kind, state, what, started_at) VALUES"
            " ('clock', 'applied', '', 1)"
        )
    store.given.connection.commit()
    found, before = runs_of(small_database)
    pages = [len(found)]
    while before:
        more, before = runs_of(small_database, "applied", "clock", before)
        pages.append(len(more))
        found += more

    assert pages == [25, 25, 7]
    numbers = [int(run["run_id"]) for run in found]
    assert numbers == sorted(set(numbers), reverse=True)
    assert len(numbers) == 57


def test_what_can_be_undone_is_what_the_sidecar_would_undo(
    store: SmallStore, small_database: Database
) -> None:
    history(store)
    undo(store, run_of(store, "command"))

    found, _ = runs_of(small_database)

    assert {(r["kind"], r["state"]): r["can_undo"] for r in found} == {
        ("full", "applied"): True,
        ("command", "undone"): False,
        ("full", "waiting"): False,
        ("undo", "applied"): False,
    }


def test_a_run_that_is_not_there_is_none(store: SmallStore, small_database: Database) -> None:
    code = "return (new Sidecar\\Activity($database))->run(4294967295);"

    assert php_call(small_database, code) is None


def test_a_loyalty_program_that_waits_is_told(store: SmallStore, small_database: Database) -> None:
    waits: dict[str, state.Json] = {"of": "x", "at": 7, "orders": 3, "customers": 2, "points": 1200}
    waits |= {"worth": "12.0000", "currency": "EUR"}
    with transaction(store.sidecar.engine) as tx:
        state.write(tx, store.sidecar.shop.own, "loyalty.waits", waits, store.moment)

    code = "return (new Sidecar\\Activity($database))->program();"

    assert php_call(small_database, code) == waits


# -- the audit -------------------------------------------------------------------------------


def test_every_change_of_a_tag_is_told_once_with_before_and_after(
    store: SmallStore, small_database: Database
) -> None:
    history(store)
    found = every_change(small_database)

    told = [(c["customer"], c["name"], c["after"] == "yes", c["run"]) for c in found]
    wanted = [
        (customer, name, after, run["run_id"])
        for run in store.rows("SELECT run_id FROM `{own}run`")
        for customer, (added, removed) in store.audit(run["run_id"]).items()
        for names, after in ((added, True), (removed, False))
        for name in names
    ]
    assert sorted(told) == sorted(wanted)
    assert wanted
    assert all((c["before"], c["after"]) in {("no", "yes"), ("yes", "no")} for c in found)


def test_it_is_told_who_changed_a_tag_and_why(store: SmallStore, small_database: Database) -> None:
    ids = history(store)
    found = changes_of(small_database, run=run_of(store, "command"))[0]
    by_hand = {change["customer"]: change for change in found}
    by_rule = changes_of(small_database, run=run_of(store, "full"))[0]

    assert by_hand.keys() == {ids[0], ids[1]}
    for change in by_hand.values():
        assert (change["actor"], change["name"]) == ("admin:o'neil", "gold & <b>")
        assert (change["why"], change["detail"]) == ("word", HOSTILE)
    assert {(c["why"], c["detail"]) for c in by_rule} == {("rule_true", "")}
    assert {c["name"] for c in by_rule} == {"buyer", HOSTILE}


def test_an_undo_names_the_run_that_it_undoes(store: SmallStore, small_database: Database) -> None:
    history(store)
    undone = run_of(store, "command")
    number = undo(store, undone)

    found, _ = changes_of(small_database, run=number)

    assert {(c["before"], c["after"], c["why"], c["detail"]) for c in found} == {
        ("yes", "no", "undo", str(undone))
    }


def test_a_rule_that_a_persons_word_outweighs_is_told_as_unseen(
    store: SmallStore, small_database: Database
) -> None:
    ann = store.given.customer()
    store.given.order(ann, "50")
    store.rules(buyer="orders > 5")
    store.full_pass()
    store.tagging().add("buyer", [ann], None, None)
    store.rules(buyer="orders > 0")
    store.full_pass()

    newest = changes_of(small_database, customer=ann)[0][0]

    assert (newest["name"], newest["why"]) == ("buyer", "rule_true_unseen")
    assert (newest["before"], newest["after"]) == ("", "")


def test_only_the_changes_of_one_customer_are_told(
    store: SmallStore, small_database: Database
) -> None:
    ids = history(store)

    assert {c["customer"] for c in every_change(small_database, customer=ids[0])} == {ids[0]}
    assert every_change(small_database, customer=999_999) == []


def test_a_move_between_groups_has_names_and_the_reason(
    store: SmallStore, small_database: Database
) -> None:
    ann = store.given.customer()
    store.rows(
        "INSERT INTO `{own}run` (run_id, kind, state, actor, what, started_at) VALUES"
        " (9, 'command', 'applied', 'admin:ann', 'pin', 7)"
    )
    store.rows(
        "INSERT INTO `{own}audit` (run_id, customer_id, at, tags_added, tags_removed,"
        " group_from, group_to, group_why) VALUES (9, %s, 7, '', '', 1, 77, 4)",
        ann,
    )
    store.rows(
        "INSERT INTO `{own}audit_pin` (run_id, customer_id, `before`, `after`) VALUES"
        " (9, %s, '{}', %s)",
        ann,
        '{"assertions": [], "pins": [["group", 77, "in", 7, null, 0, "admin:ann", "big <b>"]]}',
    )
    store.given.connection.commit()

    (change,) = changes_of(small_database)[0]

    assert (change["kind"], change["after"]) == ("group", "#77")
    assert change["before"] not in ("", "#1")
    assert (change["why"], change["detail"]) == ("group_pinned", "big <b>")


def test_pages_of_the_audit_follow_each_other_without_gap_or_double(
    store: SmallStore, small_database: Database
) -> None:
    ids = [store.given.customer() for _ in range(60)]
    store.rules(quiet="orders = 0")
    store.full_pass()

    found = every_change(small_database)

    assert [c["customer"] for c in found] == sorted(ids, reverse=True)


def test_people_are_named_as_they_are_called_and_who_is_gone_is_not(
    store: SmallStore, small_database: Database
) -> None:
    ann = store.given.customer()
    store.rows(
        "UPDATE oc_customer SET firstname = '&lt;b&gt;Ann', lastname = 'O&#039;Neil &amp; 🦊'"
        " WHERE customer_id = %s",
        ann,
    )
    store.given.connection.commit()
    code = (
        "$changes = new Sidecar\\Changes($database, new Sidecar\\Vocabulary($database, 1));"
        " return $changes->customers($values['ids']);"
    )

    assert php_call(small_database, code, ids=[ann, ann, 999_999]) == {
        str(ann): "<b>Ann O'Neil & 🦊"
    }


# -- the other kinds -------------------------------------------------------------------------


def test_the_other_kinds_are_told_from_their_tables(
    store: SmallStore, small_database: Database
) -> None:
    store.rows(
        "INSERT INTO `{own}segment` (segment_id, name, name_key, slot) VALUES (3, 'x<', 'x<', 1)"
    )
    store.rows(
        "INSERT INTO `{own}segment_change` (segment_id, customer_id, at, entered) VALUES"
        " (3, 5, 70, 1), (3, 6, 71, 0)"
    )
    store.rows(
        "INSERT INTO `{own}tier_change` (customer_id, at, was, tier, why) VALUES"
        " (5, 70, NULL, 'Gold', 'reached'), (6, 71, 'Gold', NULL, 'missed')"
    )
    store.rows(
        "INSERT INTO `{own}cause` (unit, customer_id, kind, source_id, posted, taken, actor,"
        " reason, at) VALUES ('points', 5, 'earn', 1, 9, '[]', NULL, NULL, 70),"
        " ('points', 5, 'adjust', 1, -30, '[]', 'admin:ann', 'o''neil', 71),"
        " ('credit', 5, 'issue', 1, 50000, '[]', 'admin:ann', 'sorry', 72)"
    )
    store.rows(
        "INSERT INTO `{own}privacy_act` (request_id, at, actor, act, reason) VALUES"
        " (4, 70, 'admin:ann', 'approved', 'Ann Example said so')"
    )
    store.given.connection.commit()

    segments = changes_of(small_database, "segments")[0]
    assert [(c["customer"], c["name"], c["before"], c["after"]) for c in segments] == [
        (6, "x<", "yes", "no"),
        (5, "x<", "no", "yes"),
    ]
    tiers = changes_of(small_database, "tiers")[0]
    assert [(c["before"], c["after"], c["why"]) for c in tiers] == [
        ("Gold", "", "tier_missed"),
        ("", "Gold", "tier_reached"),
    ]
    (points,) = changes_of(small_database, "points")[0]
    assert (points["after"], points["actor"], points["detail"]) == ("-30", "admin:ann", "o'neil")
    (credit,) = changes_of(small_database, "credit", customer=5)[0]
    assert (credit["after"], credit["why"]) == ("50000", "cause_issue")


def test_of_requests_about_personal_data_only_numbers_are_told(
    store: SmallStore, small_database: Database
) -> None:
    store.rows(
        "INSERT INTO `{own}privacy_act` (request_id, at, actor, act, reason) VALUES"
        " (4, 70, 'admin:ann', 'approved', 'Ann Example said so')"
    )
    store.given.connection.commit()

    (act,) = changes_of(small_database, "privacy")[0]

    assert (act["customer"], act["name"], act["after"]) == (0, "#4", "approved")
    assert "Example" not in str(act)


# -- the dashboard and the rules -------------------------------------------------------------


def test_the_dashboard_counts_entries_of_the_last_seven_days(
    store: SmallStore, small_database: Database
) -> None:
    store.rows(
        "INSERT INTO `{own}segment` (segment_id, name, name_key, slot, customers, baseline_at)"
        " VALUES (1, 'at risk', 'at risk', 0, 12, 1), (2, 'gone', 'gone', NULL, 3, 1),"
        " (3, 'RFM at risk', 'rfm at risk', 2, 4, NULL)"
    )
    store.rows(
        "INSERT INTO `{own}segment_change` (segment_id, customer_id, at, entered) VALUES"
        " (1, 5, UNIX_TIMESTAMP() - 60, 1), (1, 6, UNIX_TIMESTAMP() - 6 * 86400, 1),"
        " (1, 7, UNIX_TIMESTAMP() - 8 * 86400, 1), (1, 8, UNIX_TIMESTAMP(), 0),"
        " (2, 9, UNIX_TIMESTAMP(), 1)"
    )
    store.given.connection.commit()

    entered, more = php_call(
        small_database, "return (new Sidecar\\Overview($database))->entered();"
    )
    at_risk = php_call(small_database, "return (new Sidecar\\Overview($database))->atRisk();")

    assert [(s["name"], s["entered"]) for s in entered] == [("at risk", "2")]
    assert more is False
    assert [(s["name"], s["customers"]) for s in at_risk] == [("at risk", "12")]


def test_the_dashboard_says_what_waits_for_a_person(
    store: SmallStore, small_database: Database
) -> None:
    history(store)
    code = "return (new Sidecar\\Overview($database))->toDecide();"

    assert php_call(small_database, code) == {"waiting": 1, "customers": 6, "held": 0}
    discard(store, int(store.last_run()["run_id"]))
    assert php_call(small_database, code) == {"waiting": 0, "customers": 0, "held": 1}


def test_the_rules_are_in_the_state_that_the_sidecar_says(
    store: SmallStore, small_database: Database
) -> None:
    history(store)

    def states() -> tuple[dict[tuple[str, str], Any], dict[tuple[str, str], Any]]:
        found = php_call(small_database, "return (new Sidecar\\RuleList($database))->rules();")
        told = store.sidecar.view.rule_list(store.sidecar.check_rules())
        return (
            {(r["kind"], r["name"]): (r["state"], r["customers"]) for r in found},
            {
                (str(r["kind"]), str(r["name"])): (r["state"], r["customers"])
                for r in told
                if r["state"] != "off"
            },
        )

    found, told = states()
    assert found == told
    assert found["tag", "all"] == ("waiting", 0)
    assert found["tag", HOSTILE] == ("applied", 3)

    discard(store, int(store.last_run()["run_id"]))

    found, told = states()
    assert found == told
    assert found["tag", "all"][0] == "held"


def test_a_rule_that_was_edited_while_it_waited_waits_no_more(
    store: SmallStore, small_database: Database
) -> None:
    history(store)
    store.named_rules({"buyer": "orders > 0", HOSTILE: "orders = 0", "all": "orders < 99"})
    store.book()  # as any cycle does, it notes what the rules say now

    found = php_call(small_database, "return (new Sidecar\\RuleList($database))->rules();")
    told = store.sidecar.view.rule_list(store.sidecar.check_rules())

    assert {rule["state"] for rule in found if rule["name"] == "all"} == {"new"}
    assert {rule["state"] for rule in told if rule["name"] == "all"} == {"new"}
