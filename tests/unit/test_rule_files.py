"""Rules files: what they hold, and problems that point into them."""
# ruff: noqa: E501, ISC004 (a case stands on one line, as it is read)

from __future__ import annotations

import textwrap
from decimal import Decimal

import pytest

from sidecar.errors import Problem, RuleError
from sidecar.rules.language.parser import parse
from sidecar.rules.ruleset import Ladder, RuleSet, read_rules
from sidecar.rules.syntax import Span


def _read(*texts: str | bytes) -> RuleSet:
    return read_rules(
        [
            (f"{number}.toml", text if isinstance(text, bytes) else textwrap.dedent(text).encode())
            for number, text in enumerate(texts, 1)
        ]
    )


def _problems(*texts: str | bytes) -> tuple[Problem, ...]:
    with pytest.raises(RuleError) as caught:
        _read(*texts)
    return caught.value.problems


def _shown(*texts: str | bytes) -> str:
    return "\n".join(str(problem) for problem in _problems(*texts))


#: The examples of the language's design, word for word.
EXAMPLE = """\
[[tag]]
name = "vip"
when = 'total_spent > 5000'

[ladder]
fallback = "Default"          # where who fell off every rung goes
from = ["Default"]            # groups a customer may be moved out of on first sight
protected = ["Staff"]         # never left, never entered
upgrade_only = false
position = "after"            # rungs made in the admin come after those of files, or "before"

[[group]]                     # a rung; the first that holds wins
name = "VIP"                  # an existing OpenCart customer group
when = 'total_spent > 5000'
keep_when = 'total_spent > 4000'
grace = "30 days"
min_stay = "30 days"

[[group]]
name = "Wholesale"
when = 'email_domain is not missing and email_domain not in @free_mail and orders(within = 1 year) >= 3'

[[segment]]
name = "Sleeping regulars"
when = 'orders >= 3 and last_order older than 90 days and total_spent >= 500'

[[tag]]                       # structural form of a condition, same AST
name = "lapsing"
all = [ { fact = "last_order", older_than = "90 days" }, { any = [ { fact = "orders", at_least = 2 }, { fact = "total_spent", at_least = 300 } ] } ]
none = [ { tag = "do-not-contact" } ]

[lists]
partners = ["a.example", "B.EXAMPLE"]
"""


def test_a_file_is_read_whole() -> None:
    rules = _read(EXAMPLE)

    vip, lapsing = rules.tags
    assert (vip.name, vip.when, vip.text) == ("vip", parse(vip.text), "total_spent > 5000")
    assert (vip.file, vip.line) == ("1.toml", 1)
    assert lapsing.when == parse(
        "last_order older than 90 days and (orders >= 2 or total_spent >= 300) "
        'and not tags has "do-not-contact"'
    )
    assert (lapsing.text, lapsing.line) == (
        "last_order older than 90 days and (orders >= 2 or total_spent >= 300) "
        'and not tags has "do-not-contact"',
        27,
    )
    top, wholesale = rules.groups
    assert (top.name, top.text, top.keep_text) == (
        "VIP",
        "total_spent > 5000",
        "total_spent > 4000",
    )
    assert top.keep_when == parse("total_spent > 4000")
    assert (top.grace, top.min_stay, top.line) == (Span(30, "day"), Span(30, "day"), 12)
    assert (wholesale.keep_when, wholesale.grace, wholesale.min_stay) == (None, None, None)
    (segment,) = rules.segments
    assert (segment.name, segment.line) == ("Sleeping regulars", 23)
    assert rules.ladder == Ladder(
        fallback="Default", from_=("Default",), protected=("Staff",), file="1.toml", line=5
    )
    assert rules.lists["partners"] == {"a.example", "b.example"}
    assert "gmail.com" in rules.lists["free_mail"]
    assert rules.order == (
        ("tag", "vip"),
        ("tag", "lapsing"),
        ("segment", "Sleeping regulars"),
        ("ladder", "ladder"),
    )
    assert rules.warnings == ()


def test_no_files_hold_no_rules() -> None:
    assert read_rules([]) == RuleSet()
    assert RuleSet().ladder == Ladder()


def test_files_are_read_in_the_order_of_their_names() -> None:
    tags = "[[tag]]\nname = '%s'\nwhen = 'newsletter'"
    files = [(name, (tags % name).encode()) for name in ("20", "b", "10", "a")]

    assert [rule.name for rule in read_rules(files).tags] == ["10", "20", "a", "b"]


@pytest.mark.parametrize("text", ["", "\n", "# nothing here\n", b"\xef\xbb\xbf"])
def test_a_file_without_rules_is_a_warning(text: str | bytes) -> None:
    (warning,) = _read(text).warnings

    assert str(warning) == ("1.toml: warning: holds no rules (add a [[tag]], or delete the file)")


def test_a_byte_order_mark_and_windows_line_ends_are_accepted() -> None:
    rules = _read(b"\xef\xbb\xbf[[tag]]\r\nname = 'a'\r\nwhen = '''\r\norders\r\n >= 3'''\r\n")

    assert rules.tags[0].text == "orders >= 3"
    assert rules.tags[0].line == 1


def test_an_own_list_replaces_the_shipped_one_of_its_name() -> None:
    rules = _read('[lists]\nFree_Mail = ["ours.example"]')

    assert rules.lists["free_mail"] == {"ours.example"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            b"[[tag]]\nname = 'caf\xe9'",
            "1.toml:2:12: is not encoded in UTF-8 (save it as UTF-8)",
        ),
        (
            "[[tag]]".encode("utf-16"),
            "1.toml: is not encoded in UTF-8 (save it as UTF-8, not as UTF-16)",
        ),
        (
            "[[tag]]\nname = \nwhen = 'a'",
            "1.toml:2:8: not TOML: invalid value\n    name = \n           ^",
        ),
        (
            '[[tag]]\nwhen = "city = "x""',
            "1.toml:2:17: not TOML: expected newline or end of document after a statement "
            "(put a condition that holds double quotes into single ones: when = '…')\n"
            '    when = "city = "x""\n'
            "                    ^",
        ),
        (
            "[[tag]]\nname = 'a",
            "1.toml:2:10: not TOML: expected \"'\"\n    name = 'a\n             ^",
        ),
        ("x = " + "[" * 100_000, "1.toml: is nested too deep to be read (use fewer brackets)"),
        ("x = " + "9" * 5_000, "1.toml: holds a number that is too long (shorten it)"),
        ("#" * 1_000_001, "1.toml: is larger than 1 MB (split it into several files)"),
    ],
    ids=lambda value: "" if len(value) > 99 else None,
)
def test_a_file_that_cannot_be_read_says_where_and_why(text: str | bytes, shown: str) -> None:
    assert _shown(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[tag]\nname = 'a'", "1.toml:1:1: 'tag' needs two brackets (write [[tag]])"),
        ("tag = [3]", "1.toml:1:8: is not a table (write [[tag]])"),
        ("[[ladder]]", "1.toml:1:1: 'ladder' is one table (write [ladder])"),
        ("[[tags]]", "1.toml:1:1: there is no table 'tags' (did you mean 'tag'?)"),
        ("[x]", "1.toml:1:1: there is no table 'x' (there are tag, segment, group, ladder, lists, loyalty, credit, earn, tier and retention)"),
        ("[earn]\nname = 'a'", "1.toml:1:1: 'earn' needs two brackets (write [[earn]])"),
        ("[[loyalty]]", "1.toml:1:1: 'loyalty' is one table (write [loyalty])"),
        ("[[credit]]", "1.toml:1:1: 'credit' is one table (write [credit])"),
        ("[[earns]]", "1.toml:1:1: there is no table 'earns' (did you mean 'earn'?)"),
        ("[loyality]", "1.toml:1:1: there is no table 'loyality' (did you mean 'loyalty'?)"),
        ("name = 'a'", "1.toml:1:1: 'name' stands in no table (put it below [[tag]])"),
        ("grace = '1 day'", "1.toml:1:1: 'grace' stands in no table (put it below [[group]])"),
    ],
)  # fmt: skip
def test_a_table_that_is_not_known_is_refused(text: str, shown: str) -> None:
    assert str(_problems(text)[0]).splitlines()[0] == shown


@pytest.mark.parametrize(
    ("table", "shown"),
    [
        ("when = 'a'", ":1:1: has no name (e.g. name = \"vip\")"),
        ("name = 3\nwhen = 'a'", ":2:8: a name is a text in quotes"),
        ("name = ''\nwhen = 'a'", ":2:8: the name is empty"),
        ("name = ' '\nwhen = 'a'", ":2:8: the name is empty"),
        ("name = 'x '\nwhen = 'a'", ':2:8: the name begins or ends with a blank (write "x")'),
        ("name = '" + "x" * 65 + "'\nwhen = 'a'", ":2:8: a name has at most 64 characters, this has 65"),
        ('name = "x\\u0007"\nwhen = "a"', ":2:8: a name cannot hold the control character U+0007"),
        ("name = 'x'", ":1:1: has no condition (e.g. when = 'orders >= 3')"),
        ("name = 'x'\nwhen = 3", ":3:8: a condition is a text in quotes (e.g. when = 'orders >= 3')"),
        ("name = 'x'\nwhen = {all = []}", ":3:8: 'when' is a text in quotes (all, any or none stand beside 'name')"),
        ("name = 'x'\nwhen = 'a'\nall = []", ":4:1: 'when' cannot stand beside all, any or none (keep one of the two)"),
        ("name = 'x'\nwhn = 'a'\nwhen = 'a'", ":3:1: there is no key 'whn' here (did you mean 'when'?)"),
        ("name = 'x'\nwhen = 'a'\nzzz = 1", ":4:1: there is no key 'zzz' here (there are name, when, all, any and none)"),
        ("name = 'x'\nany = [{fact = 'a'},\n  {fact = 'a', is_nt = 3}]", ":4:16: there is no key 'is_nt' (did you mean 'is_not'?)"),
        ("name = 'x'\n[[tag.any]]\nfct = 'a'", ":3:1: needs one of fact, tag, segment, all, any or none (did you mean 'fact'?)"),
    ],
)  # fmt: skip
def test_a_tag_that_cannot_be_used_says_where_and_why(table: str, shown: str) -> None:
    (problem,) = _problems("[[tag]]\n" + table)

    assert str(problem).splitlines()[0] == f"1.toml{shown}"
    for kind in ("segment", "group"):
        (other,) = _problems(f"[[{kind}]]\n" + table.replace("tag.", f"{kind}."))
        assert (other.line, other.column) == (problem.line, problem.column)


@pytest.mark.parametrize(
    ("table", "shown"),
    [
        ("grace = 30", "1.toml:4:9: 'grace' needs a span in quotes (e.g. \"30 days\")"),
        ("grace = '30 dais'", "1.toml:4:9: 'grace' needs a span in quotes (e.g. \"30 days\")"),
        ("min_stay = '201 years'", "1.toml:4:12: a span is at most 200 years"),
        ("keep_when = 'a =='", "1.toml:4:16: '==' is not an operator (did you mean '='?)"),
        ("keep_when = 3", "1.toml:4:13: a condition is a text in quotes (e.g. when = 'orders >= 3')"),
        ("keep_when = { any = [] }", "1.toml:4:15: 'any' needs a list of at least one condition"),
        ("keep = 'a'", "1.toml:4:1: there is no key 'keep' here (did you mean 'keep_when'?)"),
    ],
)  # fmt: skip
def test_a_rung_that_cannot_be_used_says_where_and_why(table: str, shown: str) -> None:
    (problem,) = _problems("[[group]]\nname = 'x'\nwhen = 'a'\n" + table)

    assert str(problem).splitlines()[0] == shown


def test_a_ladder_says_only_what_differs_from_the_usual() -> None:
    usual = _read("[ladder]").ladder
    other = _read(
        "[ladder]\nfrom = []\nupgrade_only = true\nposition = 'before'\nfallback = '#1'"
    ).ladder

    assert usual == Ladder(file="1.toml", line=1)
    assert (usual.fallback, usual.from_, usual.protected) == (None, None, ())
    assert (usual.upgrade_only, usual.position) == (False, "after")
    assert (other.fallback, other.from_, other.protected) == ("#1", (), ())
    assert (other.upgrade_only, other.position) == (True, "before")


def test_a_rung_may_be_kept_by_a_table() -> None:
    rules = _read(
        "[[group]]\nname = 'x'\nwhen = 'a'\nkeep_when = { any = [{fact = 'b', is = 1.10}] }"
    )

    assert rules.groups[0].keep_when == parse("b = 1.1")
    assert Decimal("1.1") == rules.groups[0].keep_when.value  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("table", "shown"),
    [
        ("fallback = 3", "1.toml:2:12: a name is a text in quotes"),
        ("from = 'Default'", "1.toml:2:8: 'from' needs a list of groups (e.g. from = [\"Default\"])"),
        ("protected = ['a', '']", "1.toml:2:19: the name is empty"),
        ("upgrade_only = 1", "1.toml:2:16: 'upgrade_only' needs true or false"),
        ("position = 'first'", "1.toml:2:12: 'position' is \"after\" or \"before\""),
        ("form = []", "1.toml:2:1: there is no key 'form' here (did you mean 'from'?)"),
    ],
)  # fmt: skip
def test_a_ladder_that_cannot_be_used_says_where_and_why(table: str, shown: str) -> None:
    (problem,) = _problems("[ladder]\n" + table)

    assert str(problem).splitlines()[0] == shown


@pytest.mark.parametrize(
    ("table", "shown"),
    [
        ("a = 'x'", "1.toml:2:5: a list is made of texts in square brackets (e.g. [\"a.example\"])"),
        ("a = ['x', 3]", "1.toml:2:11: a list holds texts in quotes only"),
        ('a = ["x\\u0000"]', "1.toml:2:6: a text cannot hold the control character U+0000"),
        ("'a b' = ['x']", "1.toml:2:1: no list can be called 'a b' (use letters, digits and _)"),
        ("a = ['x']\nA = ['y']", "1.toml:3:1: the list 'a' stands here twice (rename one)"),
        ("a = [" + "'x'," * 1001 + "]", "1.toml:2:5: a list has at most 1,000 values (split it)"),
    ],
    ids=lambda value: value[:20],
)  # fmt: skip
def test_a_list_that_cannot_be_used_says_where_and_why(table: str, shown: str) -> None:
    (problem,) = _problems("[lists]\n" + table)

    assert str(problem).splitlines()[0] == shown


def test_an_empty_list_is_a_warning() -> None:
    (warning,) = _read("[lists]\na = []").warnings

    assert warning.message == "the list is empty, so nothing is in it"


def test_an_error_in_a_condition_points_into_the_file() -> None:
    assert _shown(
        """
        # when = 'not this'
        [[tag]]
        name = "vip"   # [[tag]]
        when = 'orders >= 3 and total_spent == 5'
        """
    ) == (
        "1.toml:5:37: '==' is not an operator (did you mean '='?)\n"
        "    when = 'orders >= 3 and total_spent == 5'\n"
        "                                        ^^"
    )


@pytest.mark.parametrize(
    ("value", "line", "column", "source", "length"),
    [
        ("'a == 1'", 3, 11, "when = 'a == 1'", 2),
        ('"a == 1"', 3, 11, 'when = "a == 1"', 2),
        (r'"b = \"x\" and a == 1"', 3, 25, r'when = "b = \"x\" and a == 1"', 2),
        (r'"b = \"\u00e9\U0001F600\" and a == 1"', 3, 40, None, 2),
        ("'''a == 1'''", 3, 13, "when = '''a == 1'''", 2),
        ("'''\nb and\n  a == 1'''", 5, 5, "  a == 1'''", 2),
        ('"""\nb and \\\n\n   c and a == 1"""', 6, 12, '   c and a == 1"""', 2),
        ("'b = \"x\" and\ta == 1'", 3, 23, "when = 'b = \"x\" and\ta == 1'", 2),
        ("'a ='", 3, 12, "when = 'a ='", 1),
        ("''", 3, 9, "when = ''", 1),
        ('"""a = "x" == ""\\""""""', 3, 19, None, 1),
    ],
)
def test_each_way_of_quoting_in_toml_keeps_the_place(
    value: str, line: int, column: int, source: str | None, length: int
) -> None:
    (problem,) = _problems(f"[[tag]]\nname = 'x'\nwhen = {value}\n")

    assert (problem.line, problem.column, problem.length) == (line, column, length)
    if source is not None:
        assert problem.source == source


def test_every_problem_of_every_file_is_reported_in_order() -> None:
    found = [
        (problem.file, problem.line)
        for problem in _problems(
            "[[tag]]\nname = 'a'\nwhen = 'b =='\n[[tag]]\nname = 'b'\n[x]\ny = 1",
            "[[segment]\n",
            "",
            b"\xff",
        )
    ]

    assert found == [
        ("1.toml", 3),
        ("1.toml", 4),
        ("1.toml", 6),
        ("2.toml", 1),
        ("3.toml", 0),
        ("4.toml", 1),
    ]


def test_a_name_stands_once_for_each_kind_over_all_files() -> None:
    tag = "[[tag]]\nname = '%s'\nwhen = 'a'\n"

    assert _shown(tag % "vip" + tag % "VIP", tag % "ｖｉｐ") == (
        "1.toml:5:8: the tag 'VIP' stands here again, first in 1.toml:1 (rename one)\n"
        "    name = 'VIP'\n"
        "           ^\n"
        "2.toml:2:8: the tag 'ｖｉｐ' stands here again, first in 1.toml:1 (rename one)\n"
        "    name = 'ｖｉｐ'\n"
        "           ^"
    )
    both = _read(tag % "vip", (tag % "vip").replace("tag", "segment"))
    assert len(both.tags) == len(both.segments) == 1


@pytest.mark.parametrize("kind", ["segment", "group"])
def test_segments_and_rungs_stand_once_too(kind: str) -> None:
    rule = f"[[{kind}]]\nname = 'x'\nwhen = 'a'\n"

    (problem,) = _problems(rule, rule)

    assert problem.message == f"the {kind} 'x' stands here again, first in 1.toml:1"


def test_ladder_and_lists_stand_once() -> None:
    (ladder,) = _problems("[ladder]", "\n[ladder]")
    (lists,) = _problems("[lists]\na = ['x']", "[lists]\nA = ['x']")

    assert (
        str(ladder) == "2.toml:2: [ladder] stands here again, first in 1.toml:1 (keep one of them)"
    )
    assert (lists.line, lists.column) == (2, 1)
    assert lists.message == "the list 'a' stands here again, first in 1.toml:2"
