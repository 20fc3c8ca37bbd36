"""Rules files that hold a loyalty program: read and checked with everything else there."""
# ruff: noqa: E501 (a case stands on one line)

from __future__ import annotations

import textwrap

import pytest

from sidecar.errors import Problem, RuleError
from sidecar.model import Names, NameTable
from sidecar.rules.catalogue import Catalogue
from sidecar.rules.language.source_file import read_source
from sidecar.rules.loyalty.program import EXAMPLE_TIERS
from sidecar.rules.rule import MadeIn
from sidecar.rules.rule_file import read_tables
from sidecar.rules.rule_sources import read_and_check
from sidecar.rules.ruleset import RuleSet, check_rules, read_rules

CATALOGUE = Catalogue()
LOYALTY = '[loyalty]\nstart = "all"\n'
EARN = '[[earn]]\nname = "x"\npoints = 5\n'


def _files(*texts: str) -> list[tuple[str, bytes]]:
    return [(f"{n}.toml", textwrap.dedent(text).encode()) for n, text in enumerate(texts, 1)]


def _names() -> Names:
    known = {
        "status": ["Pending", "Complete", "Shipped"],
        "category": ["Shoes", "Hats", "Hats"],
        "product": ["Lamp"],
        "manufacturer": ["Acme"],
        "group": ["Default"],
    }
    tables = {kind: NameTable() for kind in known}
    for kind, names in known.items():
        for number, name in enumerate(names, 1):
            tables[kind].add(number, name)
    return Names(tables)


def _checked(*texts: str, names: Names | None = None) -> RuleSet:
    return read_and_check(_files(*texts), CATALOGUE, _names() if names is None else names)


def _problems(*texts: str) -> tuple[Problem, ...]:
    with pytest.raises(RuleError) as caught:
        _checked(*texts)
    return caught.value.problems


def _shown(*texts: str) -> str:
    return "\n".join(str(problem) for problem in _problems(*texts))


def test_a_program_of_several_files_is_part_of_the_rules() -> None:
    rules = _checked(
        "[[tag]]\nname = 'vip'\nwhen = 'orders > 3'\n[[tier]]\nname = 'Gold'\nthreshold = 5\n",
        LOYALTY,
        EARN + "category = 'Shoes'\nwhen = 'tags has \"vip\"'\n",
    )

    assert rules.program is not None
    assert [tier.name for tier in rules.program.tiers] == ["Gold"]
    assert [rule.name for rule in rules.earn] == ["x"]
    assert rules.earn == rules.program.earn
    assert rules.warnings == ()
    # Nobody waits for what orders earn.
    assert rules.order == (("tag", "vip"),)


def test_without_a_program_there_is_none() -> None:
    rules = _checked("[[tag]]\nname = 'vip'\nwhen = 'orders > 3'\n")

    assert (rules.program, rules.earn) == (None, ())


def test_a_file_may_hold_the_program_alone() -> None:
    rules = _checked(LOYALTY)

    assert rules.program is not None
    assert (rules.program.tiers, rules.warnings) == (EXAMPLE_TIERS, ())


@pytest.mark.parametrize("made_in", ["admin", "builtin"])
@pytest.mark.parametrize("table", [LOYALTY, EARN, "[[tier]]\nname = 'A'\nthreshold = 0"])
def test_the_program_stands_in_files_only(made_in: MadeIn, table: str) -> None:
    read = read_tables(read_source("x", table.encode()), made_in=made_in)

    (problem,) = read.problems
    name = table.strip("[").split("]")[0]
    assert str(problem).splitlines()[0] == f"x:1:1: '{name}' stands in rules files only"
    program = read.program
    assert (program.loyalty, program.tiers, program.earn) == (None, [], [])


# -- conditions ----------------------------------------------------------------------------


def test_the_condition_of_an_earn_rule_is_checked_as_that_of_a_tag() -> None:
    when = """when = 'ordrs > 3 and orders(status = "Shiped") > 1 and in segment "s"'"""

    found = _problems(f"{LOYALTY}{EARN}{when}")

    assert [(one.line, one.column, one.length, one.message) for one in found] == [
        (6, 9, 5, "there is no fact 'ordrs'"),
        (6, 30, 17, "there is no order status 'Shiped'"),
        (6, 57, 14, "there is no segment 's'"),
    ]
    assert found == _problems(f"{LOYALTY}[[tag]]\nname = 'x'\n\n{when}")


def test_a_condition_as_a_table_is_checked_too() -> None:
    (problem,) = _problems(LOYALTY + EARN + "all = [\n  { fact = 'ordrs', at_least = 3 },\n]\n")

    assert (problem.line, problem.column) == (7, 12)
    assert problem.message == "there is no fact 'ordrs'"


def test_a_condition_may_ask_for_tags_segments_groups_and_what_time_moves() -> None:
    rules = _checked(
        LOYALTY
        + EARN
        + """when = 'tags has "t" and in segment "s" and group = "Default" and orders(within = 1 day) > 0'
[[tag]]
name = "t"
when = 'orders > 1'
[[segment]]
name = "s"
when = 'orders > 1'
"""
    )

    assert rules.warnings == ()


def test_a_tag_that_nobody_gives_is_a_warning() -> None:
    names = Names({**_names().tables, "tag": NameTable()})

    (warning,) = _checked(LOYALTY + EARN + "when = 'tags has \"t\"'", names=names).warnings

    assert (warning.line, warning.message) == (6, "there is no tag 't' yet")


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("orders > 3 and orders < 2", "the condition contradicts itself: it is never true"),
        ("orders > 3 or not orders > 3", "the condition is always true"),
    ],
)
def test_a_condition_that_says_nothing_is_a_warning(when: str, message: str) -> None:
    (warning,) = _checked(LOYALTY + EARN + f"when = '{when}'").warnings

    assert (warning.line, warning.message) == (6, message)


def test_a_segment_that_is_off_is_warned_of() -> None:
    earn = EARN + "when = 'in segment \"wholesale\"'"

    rules = read_and_check(_files(LOYALTY + earn), CATALOGUE, _names(), builtins=True)

    (warning,) = rules.warnings
    assert (warning.file, warning.line, warning.column) == ("1.toml", 6, 9)
    assert warning.message.startswith("the segment 'wholesale' is off")


# -- names ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "shown"),
    [
        ("statuses = ['Complete', 'Shiped']\n", "1.toml:3:25: there is no order status 'Shiped' (did you mean 'Shipped'?)"),
        ("statuses = 'Complet'\n", "1.toml:3:12: there is no order status 'Complet' (did you mean 'Complete'?)"),
        (EARN + "category = 'Shose'", "1.toml:6:12: there is no category 'Shose' (did you mean 'Shoes'?)"),
        (EARN + "category = [\n  'shoes',\n  'Hats']", "1.toml:8:3: 2 categories are called 'Hats' (say which: \"#2\" or \"#3\")"),
        (EARN + "product = ['Lamp', 'Lampp']", "1.toml:6:20: there is no product 'Lampp' (did you mean 'Lamp'?)"),
        (EARN + "manufacturer = '#9'", "1.toml:6:16: there is no manufacturer '#9'"),
    ],
)  # fmt: skip
def test_the_names_of_a_program_are_names_of_the_store(table: str, shown: str) -> None:
    first, source, caret = _shown(LOYALTY + table).splitlines()

    assert first == shown
    at = int(first.split(":")[2])
    assert source[4 + at - 1] == "'"
    assert caret == " " * (4 + at - 1) + "^"


def test_names_are_not_checked_where_they_are_not_known() -> None:
    text = LOYALTY + "statuses = ['Nowhere']\n" + EARN + "category = 'Nowhere'"

    assert _checked(text, names=Names()).warnings == ()


def test_a_name_that_was_renamed_in_the_store_is_a_warning() -> None:
    names = _names()
    names.tables["status"].remember(2, "Done")

    (warning,) = _checked(LOYALTY + "statuses = ['Done']", names=names).warnings

    assert str(warning).splitlines()[0] == (
        "1.toml:3:13: warning: the order status 'Done' is called 'Complete' now (write 'Complete')"
    )


def test_rules_without_a_store_check_the_program_too() -> None:
    rules = read_rules(_files(LOYALTY + "statuses = ['Nowhere']"))

    assert check_rules(rules, CATALOGUE, Names()).program == rules.program
    with pytest.raises(RuleError, match="there is no order status 'Nowhere'"):
        check_rules(rules, CATALOGUE, _names())


# -- what could not be read ----------------------------------------------------------------


@pytest.mark.parametrize("broken", ["[loyalty", "[[loyalty]]\nstart = 'all'"])
def test_what_could_not_be_read_is_not_missed(broken: str) -> None:
    tier = "[[tier]]\nname = 'Gold'\nthreshold = 'x'\n"

    found = [(p.file, p.line) for p in _problems(broken, EARN + "tier = 'Gold'", tier)]

    assert found == [("1.toml", 1), ("3.toml", 3)]


def test_what_is_wrong_behind_an_unreadable_program_is_shown_with_it() -> None:
    found = [
        (p.line, p.message.split("'")[0])
        for p in _problems(
            LOYALTY
            + "statuses = ['Nowhere']\npending = 'soon'\n"
            + EARN
            + "category = 'Nowhere'\nwhen = 'ordrs > 1'"
        )
    ]

    assert found == [
        (3, "there is no order status "),
        (4, ""),
        (8, "there is no category "),
        (9, "there is no fact "),
    ]
