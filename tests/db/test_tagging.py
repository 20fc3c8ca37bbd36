"""Tags by hand: who asserts what, for how long, and what comes of it."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sidecar.config import Database
from sidecar.errors import ConfigError, FatalError, UsageError
from sidecar.shop.database import transaction
from sidecar.sync import assertions, tag_import
from sidecar.sync.tag_import import read_csv
from support import small_store
from support.small_store import NOW, SmallStore

DAY = datetime.timedelta(days=1)
TODAY = NOW.date()

#: Tags to import: by tag, customers and the instants at which it ends for them.
Rows = dict[str, dict[int, int | None]]


def kinds(store: SmallStore, customer: int, tag: str) -> set[str]:
    """The kinds of those who assert *tag* of *customer*."""
    return {row[2] for row in store.standing().assertions if row[:2] == (customer, tag)}


# -- adding --------------------------------------------------------------------------------


def test_a_tag_by_hand_is_a_pin_with_its_author_and_reason(store: SmallStore) -> None:
    ann, bob = store.given.customer(), store.given.customer()

    outcome = store.tagging("cli:eve").add("friend", [ann], None, "met at the fair")

    assert store.who("friend") == [ann]
    assert (outcome.customers, outcome.changed, outcome.tag_added) == (1, 1, 1)
    (row,) = store.rows("SELECT * FROM `{own}assertion`")
    assert (row["source_kind"], row["actor"]) == ("pin_in", "cli:eve")
    assert (row["reason"], row["since"]) == ("met at the fair", NOW.timestamp())
    run = store.last_run()
    assert (run["kind"], run["actor"], run["what"]) == ("command", "cli:eve", "tag add friend")
    assert store.audit() == {ann: ({"friend"}, set())}
    assert bob not in store.standing().facts
    store.verify()


def test_a_tag_said_again_stands_since_it_was_first_said(store: SmallStore) -> None:
    ann = store.given.customer()
    store.tagging().add("friend", [ann], TODAY + DAY, "first")
    store.now += datetime.timedelta(hours=1)

    outcome = store.tagging().add("Friend", [ann], None, "second")

    (row,) = store.rows("SELECT * FROM `{own}assertion`")
    assert (row["since"], row["until"], row["reason"]) == (NOW.timestamp(), None, "second")
    assert outcome.changed == 0


def test_a_pin_stays_when_a_rule_joins_and_leaves(store: SmallStore) -> None:
    ann = store.given.customer()
    store.tagging().add("quiet", [ann], None, None)
    store.rules(quiet="orders = 0")
    assert store.full_pass().changed == 0
    assert kinds(store, ann, "quiet") == {"pin_in", "rule"}
    store.given.order(ann)

    store.full_pass()

    assert kinds(store, ann, "quiet") == {"pin_in"}
    assert store.who("quiet") == [ann]
    store.verify()


@pytest.mark.parametrize(
    ("zone", "ends"),
    [
        ("UTC", "2026-04-02T00:00:00+00:00"),
        ("Pacific/Kiritimati", "2026-04-01T10:00:00+00:00"),
        ("America/Los_Angeles", "2026-04-02T07:00:00+00:00"),
    ],
)
def test_until_a_day_is_through_that_day_where_the_store_is(
    store: SmallStore, small_database: Database, tmp_path: Path, zone: str, ends: str
) -> None:
    ann = store.given.customer()
    store.rules(fan='tags has "friend"')
    instant = datetime.datetime.fromisoformat(ends)
    there = contextlib.contextmanager(small_store.open_on)
    with there(small_database, tmp_path, store.given, timezone=ZoneInfo(zone)) as local:
        local.full_pass()  # from now on the rule is not new
        local.tagging().add("friend", [ann], datetime.date(2026, 4, 1), None)
        local.now = instant - datetime.timedelta(seconds=1)
        assert local.full_pass().changed == 0
        assert local.has(ann) == {"friend", "fan"}

        local.now = instant
        outcome = local.full_pass()

        assert local.has(ann) == set()
        assert (outcome.changed, outcome.tag_removed) == (1, 2)
        local.verify()


def test_a_day_that_is_over_is_refused(store: SmallStore) -> None:
    ann = store.given.customer()

    with pytest.raises(UsageError, match="2026-03-30 is over"):
        store.tagging().add("friend", [ann], TODAY - DAY, None)

    assert store.standing().assertions == frozenset()
    assert store.tags() == {}


def test_a_run_that_fails_leaves_no_tag_that_nobody_has(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = store.given.customer()
    store.tagging().add("friend", [ann], None, None)

    def broken(*_: object) -> None:
        raise FatalError("broken")

    monkeypatch.setattr(assertions, "add", broken)

    with pytest.raises(FatalError):
        store.tagging().add("pal", [ann], None, None)
    with pytest.raises(FatalError):
        store.tagging().import_rows({"lead": {ann: None}, "friend": {ann: None}}, "x.csv", None)

    assert list(store.tags()) == ["friend"]


# -- removing ------------------------------------------------------------------------------


def test_removing_what_only_a_person_gave_leaves_nothing(store: SmallStore) -> None:
    ann = store.given.customer()
    store.tagging().add("friend", [ann], None, None)

    outcome = store.tagging().remove("friend", [ann], None, None)

    assert store.standing().assertions == frozenset()
    assert (outcome.changed, outcome.tag_removed) == (1, 1)
    assert store.tags()["friend"].customers == 0
    store.verify()


def test_removing_what_a_rule_gives_overrules_it_until_it_is_added_again(
    store: SmallStore,
) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    store.rules(quiet="orders = 0", calm='tags has "quiet"')
    store.full_pass()

    store.tagging().remove("quiet", [ann], None, "asked for it")

    assert kinds(store, ann, "quiet") == {"rule", "pin_out"}
    assert store.who("quiet") == store.who("calm") == [bob]
    assert store.full_pass().changed == 0
    store.verify()
    store.tagging().add("quiet", [ann], None, None)
    assert kinds(store, ann, "quiet") == {"rule", "pin_in"}
    assert store.who("quiet") == store.who("calm") == [ann, bob]
    store.verify()


def test_a_removal_until_a_day_ends_by_itself(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules(quiet="orders = 0")
    store.full_pass()
    store.tagging().remove("quiet", [ann], TODAY, None)
    assert store.who("quiet") == []

    store.now = datetime.datetime.combine(TODAY + DAY, datetime.time(), datetime.UTC)
    store.full_pass()

    assert store.who("quiet") == [ann]
    store.verify()


def test_a_removal_holds_against_an_import_before_and_after_it(store: SmallStore) -> None:
    ann = store.given.customer()
    rows: Rows = {"lead": {ann: None}}
    store.tagging().import_rows(rows, "leads.csv", None)
    store.tagging().remove("lead", [ann], None, None)

    store.tagging().import_rows(rows, "leads.csv", None)

    assert kinds(store, ann, "lead") == {"import", "pin_out"}
    assert store.who("lead") == []
    store.verify()


def test_removing_what_nobody_gave_writes_no_pin(store: SmallStore) -> None:
    ann = store.given.customer()
    store.tagging().create("friend", None, "")

    outcome = store.tagging().remove("friend", [ann], None, None)

    assert outcome.changed == 0
    assert store.standing().assertions == frozenset()


def test_an_assertion_that_has_ended_is_not_overruled(store: SmallStore) -> None:
    ann = store.given.customer()
    ends = int((NOW + DAY).timestamp())
    store.tagging().import_rows({"lead": {ann: ends}}, "leads.csv", None)
    store.now += 2 * DAY

    store.tagging().remove("lead", [ann], None, None)

    assert kinds(store, ann, "lead") == {"import"}
    store.verify()


@pytest.mark.parametrize("kind", ["pin_in", "import", "api", "workflow", "merge"])
def test_whoever_asserts_a_tag_it_is_in_effect_unless_pinned_out(
    store: SmallStore, kind: str
) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    tag = store.tagging().create("friend", None, "")
    who = assertions.Author(actor="test")
    with transaction(store.sidecar.engine) as tx:
        own = store.sidecar.shop.own
        assertions.add(tx, own, kind, tag, {ann: None, bob: None}, who, store.moment)
        assertions.add(tx, own, "pin_out", tag, {bob: None}, who, store.moment)

    store.full_pass()

    assert store.who("friend") == [ann]
    store.verify()


def test_many_customers_at_once_are_read_as_they_stand_in_the_same_transaction(
    store: SmallStore,
) -> None:
    first = store.given.insert_many(
        "customer", [{"email": f"c{n}@example.com"} for n in range(130)], date_added="2026-01-01"
    )
    ids = list(range(first, first + 130))
    store.rules(quiet="orders = 0", fan='tags has "pal"')
    store.full_pass()

    added = store.tagging().add("friend", ids, None, None)
    removed = store.tagging().remove("quiet", ids[:70], None, None)
    store.tagging().create("pal", None, "")
    merged = store.tagging().merge("friend", "pal", None)

    assert (added.changed, added.tag_added) == (130, 130)
    assert (removed.changed, removed.tag_removed) == (70, 70)
    assert (merged.changed, merged.tag_added, merged.tag_removed) == (130, 260, 130)
    assert store.who("pal") == store.who("fan") == ids
    assert store.who("friend") == []
    assert store.who("quiet") == ids[70:]
    store.verify()


# -- naming --------------------------------------------------------------------------------


def test_a_tag_has_one_name_in_any_case_and_width(store: SmallStore) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    store.tagging().add("VIP", [ann], None, None)

    store.tagging().add("ｖｉｐ", [bob], None, None)

    assert store.who("VIP") == [ann, bob]
    assert list(store.tags()) == ["VIP"]
    with pytest.raises(UsageError, match="there is a tag 'VIP' already"):
        store.tagging().create("vip", None, "")


@pytest.mark.parametrize(
    "name",
    [
        "Robert'); DROP TABLE oc_sidecar_tag; --",
        '<script>alert("x")</script>',
        "100 % \\ `quoted` {0} :name",
        "👩‍👩‍👧 emoji".replace("\u200d", ""),
        "Їжак-читач",
        "مرحبا",
        "#1",
        "x" * 64,
    ],
)
def test_a_name_may_be_any_text_that_shows(store: SmallStore, name: str) -> None:
    ann = store.given.customer()

    store.tagging().add(name, [ann], None, None)

    assert store.who(name) == [ann]
    store.named_rules({"fan": "tags is not missing" if "'''" in name else "orders = 0"})
    store.full_pass()
    assert store.has(ann) == {name, "fan"}


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        " x",
        "x ",
        "x\u00a0",
        "a\nb",
        "a\x00b",
        "a\x1b[31mb",
        "a\u202eb",
        "\u200b",
        "x" * 65,
    ],
    ids=repr,
)
def test_a_name_that_cannot_be_shown_or_told_apart_is_refused(store: SmallStore, name: str) -> None:
    ann = store.given.customer()

    with pytest.raises(UsageError, match="cannot be a tag"):
        store.tagging().add(name, [ann], None, None)

    assert store.tags() == {}


def test_a_name_that_grows_when_folded_is_refused_before_the_database_does(
    store: SmallStore,
) -> None:
    with pytest.raises(UsageError, match="cannot be a tag"):
        store.tagging().create("\ufdfa" * 64, None, "")


def test_a_tag_keeps_its_colour_and_description(store: SmallStore) -> None:
    store.tagging().create("friend", "#2E7D32", "People we like")

    tag = store.tags()["friend"]
    assert (tag.colour, tag.description, tag.customers) == ("#2e7d32", "People we like", 0)


@pytest.mark.parametrize("colour", ["red", "#fff", "2e7d32", "#2e7d3g", "#2e7d322", ""])
def test_a_colour_is_six_digits(store: SmallStore, colour: str) -> None:
    with pytest.raises(UsageError, match="is not a colour"):
        store.tagging().create("friend", colour, "")


def test_there_can_be_512_tags(store: SmallStore) -> None:
    ann = store.given.customer()
    table = "oc_sidecar_tag"
    for slot in range(511):
        store.given.execute(
            f"INSERT INTO {table} (name, name_key, slot, created_at) VALUES (%s, %s, %s, 0)",
            *(f"tag {slot}", f"tag {slot}", slot),
        )

    store.tagging().add("the last", [ann], None, None)

    assert store.tags()["the last"].slot == 511
    assert store.who("the last") == [ann]
    with pytest.raises(ConfigError, match="there can be 512 at most"):
        store.tagging().add("one more", [ann], None, None)
    store.rules(rule="orders = 0")
    with pytest.raises(ConfigError, match="there can be 512 at most"):
        store.full_pass()


def test_another_name_changes_nothing_else(store: SmallStore) -> None:
    ann = store.given.customer()
    store.tagging().add("friend", [ann], None, None)
    before = store.tags()["friend"]

    store.tagging().rename("Friend", "FRIEND of ours")

    after = store.tags()["FRIEND of ours"]
    assert (after.tag_id, after.slot, after.customers) == (before.tag_id, before.slot, 1)
    assert store.who("FRIEND of ours") == [ann]
    store.tagging().rename("friend of ours", "Friend of Ours")
    assert list(store.tags()) == ["Friend of Ours"]


def test_a_name_that_is_taken_is_refused(store: SmallStore) -> None:
    for name in ("friend", "foe"):
        store.tagging().create(name, None, "")

    with pytest.raises(UsageError, match="there is a tag 'foe' already"):
        store.tagging().rename("friend", "FOE")


def test_a_tag_that_is_not_there_is_suggested(store: SmallStore) -> None:
    store.tagging().create("friend", None, "")

    with pytest.raises(UsageError, match="did you mean 'friend'"):
        store.tagging().rename("freind", "x")


@pytest.mark.parametrize(
    "change",
    [
        lambda store: store.tagging().rename("quiet", "x"),
        lambda store: store.tagging().merge("quiet", "friend", None),
        lambda store: store.tagging().archive("quiet", None, restore=False),
    ],
    ids=["rename", "merge", "archive"],
)
def test_a_tag_that_a_rule_makes_is_the_rules(
    store: SmallStore, change: Callable[[SmallStore], object]
) -> None:
    store.tagging().create("friend", None, "")
    store.rules(quiet="orders = 0")
    store.full_pass()

    with pytest.raises(ConfigError, match=r"a rule makes it \(rules.toml:1\)"):
        change(store)

    assert not store.tags()["quiet"].archived


@pytest.mark.parametrize(
    "change",
    [
        lambda store: store.tagging().rename("friend", "x"),
        lambda store: store.tagging().merge("friend", "pal", None),
        lambda store: store.tagging().archive("friend", None, restore=False),
    ],
    ids=["rename", "merge", "archive"],
)
@pytest.mark.parametrize(
    "rule",
    [
        '[[tag]]\nname = "fan"\nwhen = \'orders > 3 or not (tags has "FRIEND")\'',
        '[[segment]]\nname = "fans"\nwhen = \'tags has any of ("x", "friend")\'',
        '[[group]]\nname = "Default"\nwhen = "orders > 3"\nkeep_when = \'tags has "friend"\'',
    ],
    ids=["tag", "segment", "rung"],
)
def test_a_tag_that_a_rule_asks_for_stays_as_the_rule_knows_it(
    store: SmallStore, rule: str, change: Callable[[SmallStore], object]
) -> None:
    for name in ("friend", "pal"):
        store.tagging().create(name, None, "")
    store.named_rules({}, f"# ours\n{rule}")

    with pytest.raises(ConfigError, match=r"a rule asks for it \(rules.toml:2\)"):
        change(store)

    assert not store.tags()["friend"].archived


# -- merging and archiving -------------------------------------------------------------------


def test_a_merge_gives_everybody_the_other_tag_and_remembers_where_from(
    store: SmallStore,
) -> None:
    ann, bob, eve = (store.given.customer() for _ in range(3))
    store.tagging().add("friend", [ann, bob], None, None)
    store.tagging().add("pal", [bob, eve], None, None)
    store.rules(fan='tags has "pal"')
    store.full_pass()

    outcome = store.tagging().merge("friend", "pal", None)

    assert store.who("pal") == store.who("fan") == [ann, bob, eve]
    assert store.who("friend") == []
    old, new = store.tags()["friend"], store.tags()["pal"]
    assert (old.archived, old.merged_into, old.customers, new.customers) == (
        True,
        new.tag_id,
        0,
        3,
    )
    assert kinds(store, ann, "pal") == {"merge"}
    assert kinds(store, bob, "pal") == {"merge", "pin_in"}
    sources = store.rows("SELECT source_id FROM `{own}assertion` WHERE source_kind = 'merge'")
    assert {row["source_id"] for row in sources} == {old.tag_id}
    assert (outcome.customers, outcome.tag_added, outcome.tag_removed) == (2, 2, 2)
    assert store.full_pass().changed == 0
    store.verify()


def test_a_merge_gives_nothing_to_whom_the_tag_was_removed_from(store: SmallStore) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    imported = {ann: None, bob: None}
    store.tagging().import_rows({"friend": imported, "pal": {bob: None}}, "x.csv", None)
    store.tagging().remove("friend", [ann], None, None)
    store.tagging().remove("pal", [bob], None, None)

    store.tagging().merge("friend", "pal", None)

    assert store.who("pal") == []
    assert kinds(store, ann, "pal") == set()
    assert kinds(store, bob, "pal") == {"import", "merge", "pin_out"}
    store.verify()


def test_a_tag_cannot_be_merged_into_itself_or_into_what_is_out_of_use(
    store: SmallStore,
) -> None:
    for name in ("friend", "old"):
        store.tagging().create(name, None, "")
    store.tagging().archive("old", None, restore=False)

    with pytest.raises(UsageError, match="cannot be merged into itself"):
        store.tagging().merge("friend", "FRIEND", None)
    with pytest.raises(UsageError, match="is archived"):
        store.tagging().merge("friend", "old", None)


def test_an_archived_tag_is_had_by_nobody_until_it_is_restored(store: SmallStore) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    store.tagging().add("friend", [ann], None, None)
    store.tagging().import_rows({"friend": {bob: None}}, "x.csv", None)

    gone = store.tagging().archive("friend", None, restore=False)

    assert store.who("friend") == []
    assert (gone.customers, gone.tag_removed) == (2, 2)
    assert store.full_pass().changed == 0
    store.verify()
    back = store.tagging().archive("friend", None, restore=True)
    assert store.who("friend") == [ann, bob]
    assert back.tag_added == 2
    store.verify()


def test_a_tag_that_a_rule_makes_can_be_taken_into_use_again(store: SmallStore) -> None:
    ann = store.given.customer()
    store.tagging().create("quiet", None, "")
    store.tagging().archive("quiet", None, restore=False)
    store.rules(quiet="orders = 0")

    store.tagging().archive("quiet", None, restore=True)

    store.full_pass()
    assert store.who("quiet") == [ann]


def test_a_tag_that_is_out_of_use_is_given_to_nobody(store: SmallStore) -> None:
    ann = store.given.customer()
    store.tagging().create("old", None, "")
    store.tagging().archive("old", None, restore=False)

    with pytest.raises(UsageError, match="'old' is archived"):
        store.tagging().add("old", [ann], None, None)
    with pytest.raises(UsageError, match="'old' is archived"):
        store.tagging().import_rows({"new": {ann: None}, "Old": {ann: None}}, "x.csv", None)

    assert store.standing().assertions == frozenset()
    assert list(store.tags()) == ["old"]


def test_a_rule_for_a_tag_that_is_out_of_use_stops_the_pass(store: SmallStore) -> None:
    store.tagging().create("old", None, "")
    store.tagging().archive("old", None, restore=False)
    store.rules(Old="orders = 0")

    with pytest.raises(ConfigError, match="a rule makes it, but it is archived"):
        store.full_pass()


# -- importing -----------------------------------------------------------------------------


def test_an_import_done_twice_writes_once(store: SmallStore) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    rows: Rows = {"lead": {ann: None, bob: int((NOW + DAY).timestamp())}, "fair": {ann: None}}
    first = store.tagging().import_rows(rows, "leads.csv", None)
    before = store.checksums(without=["run", "figure"])
    store.now += datetime.timedelta(hours=1)

    second = store.tagging().import_rows(rows, "leads.csv", None)

    assert (first.changed, first.tag_added) == (2, 3)
    assert (second.changed, second.tag_added) == (0, 0)
    assert store.checksums(without=["run", "figure"]) == before
    assert {row["reason"] for row in store.rows("SELECT reason FROM `{own}assertion`")} == {
        "leads.csv"
    }
    store.verify()


def test_an_import_may_set_another_end(store: SmallStore) -> None:
    ann = store.given.customer()
    store.tagging().import_rows({"lead": {ann: None}}, "a.csv", None)
    ends = int((NOW + DAY).timestamp())

    store.tagging().import_rows({"LEAD": {ann: ends}}, "b.csv", None)

    assert store.standing().assertions == {(ann, "lead", "import", ends)}
    store.now += DAY
    store.full_pass()
    assert store.who("lead") == []
    store.verify()


def read(
    store: SmallStore, tmp_path: Path, content: str | bytes
) -> tuple[tag_import.Rows, list[str]]:
    path = tmp_path / "tags.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    imported = read_csv(store.sidecar.shop, path, store.moment)
    return imported.rows, imported.problems


def test_every_bad_row_is_told_with_its_line(store: SmallStore, tmp_path: Path) -> None:
    ann = store.given.customer("ann@example.com")
    twins = [store.given.customer("Twin@example.com") for _ in range(2)]
    content = "\n".join(
        [
            "customer_id,email,tag,until",
            f"{ann},,good,",
            "999999,,x,",
            ",nobody@example.com,x,",
            ",twin@example.com,x,",
            ",,x,",
            f"{ann},,,",
            f"{ann},,x,31.01.2027",
            f"{ann},,x,2026-03-30",
            f"{ann},,{'x' * 65},",
            "",
            ",ANN@example.com,Good,2026-04-01",
            f'{ann},,"two\nlines",',
            f"{10**30},,x,",
            "-1,,x,",
        ]
    )

    rows, problems = read(store, tmp_path, content)

    listed = ", ".join(map(str, twins))
    starts = [
        "tags.csv:3: no customer has the id 999999",
        "tags.csv:4: no customer has the e-mail 'nobody@example.com'",
        "tags.csv:5: 'twin@example.com' is the e-mail of several customers: " + listed,
        "tags.csv:6: neither customer_id nor email is filled in",
        "tags.csv:7: '' cannot be a tag",
        "tags.csv:8: until: '31.01.2027' is not a day",
        "tags.csv:9: until: 2026-03-30 is over",
        "tags.csv:10: 'xxx",
        "tags.csv:14: 'two\\nlines' cannot be a tag",
        "tags.csv:15: no customer has the id",
        "tags.csv:16: no customer has the e-mail '-1'",
    ]
    assert len(problems) == len(starts)
    for problem, start in zip(problems, starts, strict=True):
        assert problem.startswith(start)
    # The same tag and customer twice: the later row counts.
    assert rows == {"good": {ann: datetime.date(2026, 4, 1)}}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "the first line must name the columns"),
        ("id,tag\n1,x", "the first line must name the columns"),
        ("customer_id\n1", "the first line must name the columns"),
        ("customer_id,tag,colour\n1,x,red", "'colour' is no column of ours"),
        ("email,tag,tag\na,b,c", "a column is named twice"),
        (b"customer_id,tag\n1,\xff", "not UTF-8 at byte 18"),
        (b"customer_id,tag\n1,\x00", "not a text file"),
        ('customer_id,tag\n1,"x' + "y" * 200_000, "tags.csv:2: field larger than field limit"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_file_that_is_no_list_of_tags_is_refused_as_a_whole(
    store: SmallStore, tmp_path: Path, content: str | bytes, problem: str
) -> None:
    with pytest.raises(UsageError) as error:
        read(store, tmp_path, content)

    assert problem in str(error.value)


def test_a_file_that_is_not_there_is_named(store: SmallStore, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.csv: No such file"):
        read_csv(store.sidecar.shop, tmp_path / "none.csv", store.moment)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_files_of_any_spreadsheet_are_read(
    store: SmallStore, tmp_path: Path, delimiter: str, newline: str
) -> None:
    ann, bob = store.given.customer(), store.given.customer("o&x@example.com")
    table = [
        ("Tag ", "CUSTOMER_ID", "email"),
        ('"one, two; three"', str(ann), ""),
        ("plain", "", "o&x@example.com"),
    ]
    content = newline.join(delimiter.join(row) for row in table) + newline

    rows, problems = read(store, tmp_path, "\ufeff" + content)

    assert problems == []
    assert rows == {"one, two; three": {ann: None}, "plain": {bob: None}}


def test_many_rows_are_imported_in_parts_that_each_hold_whole_customers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tag_import, "MOST_CUSTOMERS", 3)
    rows: tag_import.Rows = {
        "lead": {1: None, 2: TODAY, 3: None, 5: None},
        "fair": {2: None, 1: TODAY, 4: TODAY},
    }

    parts = list(tag_import.parts(rows))

    theirs = [{c for row in part for c in row["customers"]} for part in parts]  # type: ignore[attr-defined]
    assert theirs == [{1}, {2, 3}, {4, 5}]
    assert {row["tag"] for row in parts[0]} == {"lead", "fair"}
    told = {
        (row["tag"], customer, row["until"])
        for part in parts
        for row in part
        for customer in row["customers"]  # type: ignore[attr-defined]
    }
    assert told == {
        (tag, customer, day and day.isoformat())
        for tag, of in rows.items()
        for customer, day in of.items()
    }
    assert list(tag_import.parts({})) == [[]]


# -- who is meant --------------------------------------------------------------------------


def test_customers_are_named_by_id_or_by_their_e_mail_in_any_case(store: SmallStore) -> None:
    ann = store.given.customer("Ann@Example.com")
    bob = store.given.customer("o'neil&sons@example.com")
    eve = store.given.customer("їжак@приклад.test")

    hand = store.tagging()

    wanted = [str(ann), "ANN@example.COM", "o'neil&sons@example.com", "ЇЖАК@приклад.test"]
    assert hand.find_customers(wanted) == [ann, bob, eve]


def test_everything_wrong_with_the_customers_named_is_said_at_once(store: SmallStore) -> None:
    twins = [store.given.customer(email) for email in ("twin@example.com", "TWIN@example.com")]

    with pytest.raises(UsageError) as error:
        store.tagging().find_customers(["999999", "twin@EXAMPLE.com", "nobody", str(2**70)])

    lines = str(error.value).splitlines()
    assert len(lines) == 4
    assert f"{twins[0]}, {twins[1]}" in str(error.value)


@pytest.mark.parametrize("text", ["%", "_____@example.com", "' OR 1=1 -- ", "ann@example.com\x00"])
def test_an_e_mail_is_no_pattern_and_no_sql(store: SmallStore, text: str) -> None:
    store.given.customer("ann12@example.com")

    with pytest.raises(UsageError, match="no customer has the e-mail"):
        store.tagging().find_customers([text])
