"""The built-in segments, and what takes their place or turns them off."""

from __future__ import annotations

import pytest

from sidecar.errors import RuleError
from sidecar.model import Names, NameTable, fold
from sidecar.rules.admin_rule import AdminRule
from sidecar.rules.built_in import built_in_segments
from sidecar.rules.catalogue import RFM_GROUPS, Catalogue
from sidecar.rules.language.printer import print_expr
from sidecar.rules.rule_sources import read_and_check
from sidecar.rules.ruleset import RuleCheck, RuleSet

CATALOGUE = Catalogue()


def _names(*groups: str) -> Names:
    table = NameTable()
    for identifier, name in enumerate(groups, 1):
        table.add(identifier, name)
    return Names({"group": table})


def _rules(
    text: str = "", *groups: str, admin: list[AdminRule] | None = None, **more: object
) -> RuleSet:
    files = [("program.toml", b"[loyalty]\nstart = 2027-01-01\n")]
    files += [("rules.toml", text.encode())] if text else []
    return read_and_check(
        files,
        CATALOGUE,
        _names("Default", *groups),
        admin=admin or [],
        builtins=True,
        **more,  # type: ignore[arg-type]
    )


def _on(rules: RuleSet) -> dict[str, str]:
    return {rule.name: rule.made_in for rule in rules.segments}


def test_every_built_in_segment_makes_sense_and_describes_itself() -> None:
    check = RuleCheck(CATALOGUE, _names("Wholesale"), {}, [], [])

    for rule in built_in_segments():
        assert check.of(rule) == [], rule.name
        assert rule.made_in == "builtin"
        assert rule.description
        assert not rule.description.endswith("."), rule.name


def test_no_two_built_in_segments_have_one_name_or_one_meaning() -> None:
    found = built_in_segments()

    assert len({fold(rule.name) for rule in found}) == len(found)
    assert len({print_expr(rule.when) for rule in found}) == len(found)


def test_each_rfm_group_has_its_segment() -> None:
    asked = {rule.name: rule.text for rule in built_in_segments() if "rfm_group" in rule.text}

    assert asked == {f"RFM {group}": f'rfm_group = "{group}"' for group in RFM_GROUPS}


def test_they_are_there_only_when_they_are_switched_on() -> None:
    assert len(_rules().segments) == len(built_in_segments()) - 1  # there is no group Wholesale
    assert read_and_check([], CATALOGUE, _names()).segments == ()


def test_one_that_names_what_the_store_lacks_is_off_with_the_reason_and_no_error() -> None:
    rules = _rules()

    (off,) = rules.off
    assert (off.kind, off.name, off.made_in) == ("segment", "wholesale", "builtin")
    assert off.why == "there is no customer group 'Wholesale'"
    assert off.description
    assert "wholesale" not in _on(rules)
    assert rules.warnings == ()
    assert _rules("", "WHOLESALE").off == ()


def test_one_that_asks_for_a_fact_the_store_cannot_have_is_off() -> None:
    rules = _rules("", "Wholesale", absent={"birthday": "no field holds it"})

    assert [(rule.name, rule.why) for rule in rules.off] == [("birthday soon", "no field holds it")]


def test_those_that_ask_for_points_and_tiers_are_off_without_a_program() -> None:
    rules = read_and_check([], CATALOGUE, _names("Wholesale"), builtins=True)

    assert [(rule.name, rule.why) for rule in rules.off] == [
        ("points expire soon", "there is no loyalty program"),
        ("close to the next tier", "there is no loyalty program"),
    ]


def test_a_segment_of_a_file_takes_the_place_of_the_built_in_one_of_its_name() -> None:
    rules = _rules("[[segment]]\nname = 'Loyal'\nwhen = 'orders >= 7'")

    loyal = [rule for rule in rules.segments if fold(rule.name) == "loyal"]
    assert [(rule.text, rule.made_in) for rule in loyal] == [("orders >= 7", "file")]


def test_a_segment_of_the_admin_takes_its_place_too_even_when_it_is_off() -> None:
    rules = _rules(admin=[AdminRule("segment", "LOYAL", {"when": "ordrs >= 7"})])

    assert "loyal" not in _on(rules)
    assert [(rule.name, rule.made_in) for rule in rules.off] == [
        ("wholesale", "builtin"),
        ("LOYAL", "admin"),
    ]


def test_a_rule_may_ask_for_a_built_in_segment() -> None:
    rules = _rules("[[tag]]\nname = 'a'\nwhen = 'in segment \"Big Spenders\"'")

    order = list(rules.order)
    assert order.index(("segment", "big spenders")) < order.index(("tag", "a"))
    assert rules.warnings == ()


def test_who_asks_for_one_that_is_off_is_told_that_nobody_is_in_it() -> None:
    (warning,) = _rules("[[tag]]\nname = 'a'\nwhen = 'in segment \"wholesale\"'").warnings

    assert (warning.file, warning.line, warning.column) == ("rules.toml", 3, 9)
    assert warning.message == (
        "the segment 'wholesale' is off, so it is empty: there is no customer group 'Wholesale'"
    )


def test_a_segment_that_nobody_made_is_still_an_error() -> None:
    with pytest.raises(RuleError, match=r"there is no segment 'loyl' \(did you mean 'loyal'\?\)"):
        _rules("[[tag]]\nname = 'a'\nwhen = 'in segment \"loyl\"'")
    with pytest.raises(RuleError, match="there is no segment 'loyal'"):
        read_and_check(
            [("a.toml", b"[[tag]]\nname = 'a'\nwhen = 'in segment \"loyal\"'")],
            CATALOGUE,
            _names(),
        )


def test_a_rules_file_cannot_describe_a_segment() -> None:
    with pytest.raises(RuleError, match="there is no key 'description' here"):
        _rules("[[segment]]\nname = 'a'\nwhen = 'status'\ndescription = 'b'")
