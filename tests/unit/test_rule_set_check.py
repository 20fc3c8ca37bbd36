"""A set of rules held against the catalogue and a store's names."""
# ruff: noqa: E501, ISC004 (a case stands on one line)

from __future__ import annotations

import textwrap

import pytest

from sidecar.errors import RuleError
from sidecar.model import Names, NameTable
from sidecar.rules.catalogue import Catalogue
from sidecar.rules.language.parser import parse
from sidecar.rules.rule_sources import read_and_check
from sidecar.rules.ruleset import (
    Ladder,
    RuleSet,
    TagRule,
    assemble,
    check_rules,
    read_rules,
)

CATALOGUE = Catalogue()


def _names() -> Names:
    groups, tags = NameTable(), NameTable()
    for identifier, name in enumerate(("Default", "VIP", "Wholesale", "Staff", "Staff"), 1):
        groups.add(identifier, name)
    tags.add(1, "known")
    return Names({"group": groups, "tag": tags})


def _checked(text: str, names: Names | None = None) -> RuleSet:
    rules = read_rules([("rules.toml", textwrap.dedent(text).encode())])
    return check_rules(rules, CATALOGUE, _names() if names is None else names)


def _shown(text: str) -> str:
    with pytest.raises(RuleError) as caught:
        _checked(text)
    return str(caught.value)


def test_a_condition_that_makes_no_sense_is_shown_in_its_file() -> None:
    text = '''
        [[tag]]
        name = "a"
        when = """
          ordrs >= 3 \\
            and city = "x"
            and total_spend > 5"""
        [[group]]
        name = "VIP"
        when = "newsletter"
        keep_when = "lst_order within 3 days"
        '''

    assert _shown(text) == (
        "rules.toml:5:3: there is no fact 'ordrs' (did you mean 'orders'?)\n"
        "      ordrs >= 3 \\\n"
        "      ^^^^^\n"
        "rules.toml:7:9: there is no fact 'total_spend' (did you mean 'total_spent'?)\n"
        '        and total_spend > 5"""\n'
        "            ^^^^^^^^^^^\n"
        "rules.toml:11:14: there is no fact 'lst_order' (did you mean 'last_order'?)\n"
        '    keep_when = "lst_order within 3 days"\n'
        "                 ^^^^^^^^^"
    )


def test_what_goes_on_in_the_next_line_is_underlined_to_the_end_of_its_first() -> None:
    text = """[[tag]]\nname = 'a'\nwhen = \"\"\"newsletter and orders \\\n  = \\"x\\"\"\"\""""

    assert _shown(text) == (
        "rules.toml:3:26: 'orders' is compared with a number, not with \"x\"\n"
        '    when = """newsletter and orders \\\n'
        "                             ^^^^^^^^"
    )


def test_so_is_one_in_the_structural_form() -> None:
    text = """
        [[tag]]
        name = "a"
        all = [ { fact = "ordrs" },
          { any = [ { segment = "x" }, { fact = "orders", with = { status = "x", store = "y" }, contains = "x" } ] } ]
        """

    assert _shown(text).splitlines()[::3] == [
        "rules.toml:4:18: there is no fact 'ordrs' (did you mean 'orders'?)",
        "rules.toml:5:13: there is no segment 'x' (segments are made by [[segment]])",
        "rules.toml:5:100: 'contains' does not work on 'orders', which is a number "
        "(it takes =, !=, >, >=, <, <=, between, in and is missing)",
    ]


def test_warnings_are_kept_and_stop_nothing() -> None:
    rules = _checked(
        """
        [lists]
        a = []
        [[tag]]
        name = "ours"
        when = 'tags has any of ("known", "Unheard of") and not tags has "second"'
        [[tag]]
        name = "second"
        when = 'orders between 3 and 1'
        """
    )

    assert [(problem.line, problem.severity, problem.message) for problem in rules.warnings] == [
        (3, "warning", "the list is empty, so nothing is in it"),
        (6, "warning", "there is no tag 'Unheard of' yet"),
        (9, "warning", "the first value is greater than the second, so this is never true"),
    ]


def test_segments_and_tags_from_outside_count_as_known() -> None:
    rules = read_rules(
        [("rules.toml", b"[[tag]]\nname = 'a'\nwhen = 'in segment \"out\" and tags has \"out\"'")]
    )

    checked = check_rules(rules, CATALOGUE, _names(), segments=["Out"], tags=["OUT"])

    assert checked.warnings == ()
    with pytest.raises(RuleError, match="there is no segment 'out'"):
        check_rules(rules, CATALOGUE, _names())


def test_own_lists_may_be_used() -> None:
    assert (
        _checked("[lists]\nOurs = ['x']\n[[tag]]\nname = 'a'\nwhen = 'city in @OURS'").warnings
        == ()
    )


def test_paid_statuses_are_passed_on() -> None:
    names = _names()
    statuses = NameTable()
    statuses.add(1, "Pending")
    text = b"[[tag]]\nname = 'a'\nwhen = 'orders(status = \"Pending\") > 1'"
    rules = read_rules([("rules.toml", text)])
    known = Names({**names.tables, "status": statuses})

    assert check_rules(rules, CATALOGUE, known, paid_statuses=frozenset({1})).warnings == ()
    assert len(check_rules(rules, CATALOGUE, known, paid_statuses=frozenset({2})).warnings) == 1


def test_what_is_wrong_behind_an_unreadable_rule_is_shown_with_it() -> None:
    text = b"""
[[tag]]
name = "a"
when = 'orders >> 3'
[[segment]]
name = "S"
when = 'newsletter and'
[[tag]]
name = "b"
when = 'ordrs > 3 or in segment "S"'
"""

    with pytest.raises(RuleError) as caught:
        read_and_check([("a.toml", text), ("b.toml", b"\xff")], CATALOGUE, _names())

    found = [(problem.file, problem.line) for problem in caught.value.problems]
    assert found == [("a.toml", 4), ("a.toml", 7), ("a.toml", 10), ("b.toml", 1)]
    assert "no fact 'ordrs'" in str(caught.value)


def test_a_rule_without_a_file_is_called_by_its_name() -> None:
    rules = assemble([TagRule(name="a", when=parse("  ordrs>3"), text="ordrs > 3")])

    with pytest.raises(RuleError) as caught:
        check_rules(rules, CATALOGUE, Names())

    assert str(caught.value) == (
        "tag 'a':1:1: there is no fact 'ordrs' (did you mean 'orders'?)\n    ordrs > 3\n    ^^^^^"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[[group]]\nname = 'Wholesal'\nwhen = 'status'", "rules.toml:2:8: there is no customer group 'Wholesal' (did you mean 'Wholesale'?)"),
        ("[[group]]\nname = '#9'\nwhen = 'status'", "rules.toml:2:8: there is no customer group '#9'"),
        ("[[group]]\nname = 'Staff'\nwhen = 'status'", "rules.toml:2:8: 2 customer groups are called 'Staff' (say which: \"#4\" or \"#5\")"),
        ("[[group]]\nname = 'VIP'\nwhen = 'status'\n[[group]]\nname = '#2'\nwhen = 'status'", "rules.toml:5:8: '#2' is the group 'VIP', which has a rung in rules.toml:1 (keep one of them)"),
        ("[ladder]\nfallback = 'Defalt'", "rules.toml:2:12: there is no customer group 'Defalt' (did you mean 'Default'?)"),
        ("[ladder]\nfrom = ['Default', 'Defalt']", "rules.toml:2:20: there is no customer group 'Defalt' (did you mean 'Default'?)"),
        ("[ladder]\nprotected = [\n  'Stuff',\n]", "rules.toml:3:3: there is no customer group 'Stuff' (did you mean 'Staff'?)"),
    ],
)  # fmt: skip
def test_the_groups_of_the_ladder_are_groups_of_the_store(text: str, shown: str) -> None:
    assert _shown(text).splitlines()[0] == shown
    assert _checked(text, Names()).warnings == ()


def test_a_rung_that_nobody_may_enter_is_a_warning() -> None:
    (warning,) = _checked(
        "[ladder]\nprotected = ['#2']\n[[group]]\nname = 'vip'\nwhen = 'status'"
    ).warnings

    assert (warning.line, warning.message) == (
        4,
        "the group 'vip' is protected, so nobody ever enters it",
    )


def test_a_ladder_without_a_file_is_checked_too() -> None:
    rules = assemble(ladder=Ladder(fallback="Defalt"))

    with pytest.raises(RuleError, match=r"^\[ladder\]: there is no customer group 'Defalt'"):
        check_rules(rules, CATALOGUE, _names())
