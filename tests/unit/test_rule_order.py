"""In what order rules are worked out, and when there is no such order."""
# ruff: noqa: E501 (a case stands on one line)

from __future__ import annotations

import pytest

from sidecar.errors import RuleError
from sidecar.rules.language.parser import parse
from sidecar.rules.language.printer import print_expr
from sidecar.rules.ruleset import GroupRule, RuleSet, SegmentRule, TagRule, assemble, read_rules


def _rule(kind: str, name: str, when: str) -> str:
    return f"[[{kind}]]\nname = '{name}'\nwhen = '{when}'\n"


def _read(*rules: tuple[str, str, str]) -> RuleSet:
    return read_rules([("rules.toml", "".join(_rule(*rule) for rule in rules).encode())])


def _messages(*rules: tuple[str, str, str]) -> list[tuple[int, str]]:
    with pytest.raises(RuleError) as caught:
        _read(*rules)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_what_is_needed_comes_first() -> None:
    rules = _read(
        ("tag", "a", 'in segment "S"'),
        ("tag", "b", 'tags has any of ("C", "unknown")'),
        ("tag", "c", "newsletter"),
        ("segment", "s", 'tags has all of ("b") or group = "x"'),
        ("group", "x", 'not tags has "b"'),
    )

    order = [name for _, name in rules.order]

    assert sorted(order) == ["a", "b", "c", "ladder", "s"]
    for first, then in (("s", "a"), ("c", "b"), ("b", "s"), ("ladder", "s"), ("b", "ladder")):
        assert order.index(first) < order.index(then)


def test_the_order_is_that_of_the_files_where_nothing_is_needed() -> None:
    rules = _read(*(("tag", name, "newsletter") for name in ("d", "a", "c", "b")))

    assert [name for _, name in rules.order] == ["d", "a", "c", "b"]


def test_keep_when_counts_too() -> None:
    text = _rule("group", "x", "newsletter") + "keep_when = 'tags has \"a\"'\n"
    rules = read_rules([("rules.toml", (text + _rule("tag", "a", "newsletter")).encode())])

    assert rules.order == (("tag", "a"), ("ladder", "ladder"))


def test_what_asks_for_all_tags_comes_after_every_tag() -> None:
    rules = _read(
        ("segment", "untagged", "tags is missing"),
        ("tag", "a", "newsletter"),
        ("tag", "b", "newsletter"),
    )

    assert rules.order[-1] == ("segment", "untagged")
    assert _messages(("tag", "a", "tags is missing")) == [(3, "needs its own result: a -> a")]


def test_without_rungs_group_is_a_fact_like_any_other() -> None:
    assert _read(("tag", "a", 'group = "x"')).order == (("tag", "a"),)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([("tag", "vip", 'tags has "VIP"')], [(3, "needs its own result: vip -> vip")]),
        (
            [
                ("tag", "other", "newsletter"),
                ("tag", "vip", 'tags has "loyal"'),
                ("tag", "loyal", 'not tags has "vip"'),
            ],
            [(6, "needs its own result: vip -> loyal -> vip")],
        ),
        (
            [
                ("tag", "a", 'in segment "b"'),
                ("segment", "b", 'in segment "c"'),
                ("segment", "c", 'tags has "a"'),
            ],
            [(3, "needs its own result: a -> b -> c -> a")],
        ),
        (
            [("tag", "same", 'in segment "same"'), ("segment", "same", 'tags has "same"')],
            [(3, "needs its own result: tag same -> segment same -> tag same")],
        ),
        (
            [
                ("tag", "a", 'tags has "a"'),
                ("tag", "b", 'tags has "c"'),
                ("tag", "c", 'tags has "b"'),
            ],
            [(3, "needs its own result: a -> a"), (6, "needs its own result: b -> c -> b")],
        ),
        (
            [("group", "x", "newsletter"), ("group", "y", 'group = "x"')],
            [(6, "a rung cannot ask for 'group', because it decides it")],
        ),
        (
            [("tag", "a", 'group = "x"'), ("group", "z", "newsletter"), ("group", "x", 'tags has "a"')],
            [(3, "needs its own result: a -> ladder -> a")],
        ),
        (
            [("group", "z", "newsletter"), ("group", "x", "tags is missing"), ("tag", "a", 'group = "x"')],
            [(9, "needs its own result: a -> ladder -> a")],
        ),
    ],
)  # fmt: skip
def test_a_cycle_is_refused_by_name(
    rules: list[tuple[str, str, str]], expected: list[tuple[int, str]]
) -> None:
    assert _messages(*rules) == expected


def _nested(levels: int) -> list[tuple[str, str, str]]:
    inner = ("segment", "s1", "newsletter")
    return [inner, *(("segment", f"s{n}", f'in segment "s{n - 1}"') for n in range(2, levels + 1))]


def test_segments_need_each_other_at_most_5_deep() -> None:
    assert len(_read(*_nested(5)).order) == 5
    assert _messages(*_nested(7)) == [(18, "segments need each other more than 5 deep here")]


def test_a_tag_between_two_segments_does_not_hide_their_nesting() -> None:
    rules = _nested(5)
    rules += [("tag", "t", 'in segment "s5"'), ("segment", "s", 'tags has "t"')]

    assert _messages(*rules) == [(21, "segments need each other more than 5 deep here")]


def test_a_long_chain_of_tags_is_fine() -> None:
    rules = [("tag", f"t{n}", f'tags has "t{n + 1}"') for n in range(500)]

    assert _read(*rules).order[0] == ("tag", "t499")


def _tag(name: str, when: str) -> TagRule:
    tree = parse(when)
    return TagRule(name=name, when=tree, text=print_expr(tree))


def test_rules_from_elsewhere_join_those_of_files() -> None:
    files = _read(("tag", "a", 'in segment "s"'))
    segment = SegmentRule(name="s", when=parse("newsletter"), text="newsletter")
    rung = GroupRule(name="x", when=parse("newsletter"), text="newsletter")

    rules = assemble(
        [*files.tags, _tag("b", 'group = "x"')], [segment], [rung], lists={"l": frozenset()}
    )

    assert rules.order == (("segment", "s"), ("ladder", "ladder"), ("tag", "a"), ("tag", "b"))
    assert rules.lists.keys() == {"free_mail", "l"}


def test_a_name_that_a_file_has_cannot_be_made_in_the_admin() -> None:
    files = _read(("tag", "a", "newsletter"))

    with pytest.raises(RuleError) as caught:
        assemble([*files.tags, _tag("A", "status")])
    with pytest.raises(RuleError) as turned:
        assemble([_tag("A", "status"), *files.tags])

    assert str(caught.value) == (
        "tag 'A': the tag 'A' stands here again, first in rules.toml:1 (rename one)"
    )
    assert str(turned.value).splitlines()[0] == (
        "rules.toml:2:8: the tag 'a' stands here again, first in the rules made in the admin "
        "(rename one)"
    )


def test_a_cycle_between_a_file_and_the_admin_is_refused() -> None:
    files = _read(("tag", "a", 'tags has "b"'))

    with pytest.raises(RuleError, match="a -> b -> a"):
        assemble([*files.tags, _tag("b", 'tags has "a"')])
