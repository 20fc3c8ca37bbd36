"""The register of personal data: how its files are read, put together and ordered."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import ConfigError, RuleError
from sidecar.rules.privacy.register import (
    Link,
    PersonalColumn,
    PersonalTable,
    Register,
)
from sidecar.rules.privacy.register_file import merged, read_register, shipped
from sidecar.rules.syntax import Span

_WISHES = """
[table.wish]
label = "Wishes"
key = "wish_id"
links = { customer_id = "customer", mail = "email" }
rows = "rewrite"
why = "counted"
plain = ["made"]
keep_for = "2 years"
dated = "made"
[table.wish.columns]
mail = { class = "contact", erase = "pseudonymise", label = "E-mail" }
note_text = { class = "content", erase = "keep", why = "because" }
secret = { class = "credential", erase = "blank" }
"""


#: A table begins so, and the case goes on with it.
_DELETED = '[table.x]\nkey = "id"\nrows = "delete"\n'
_KEPT = '[table.x]\nkey = "id"\nrows = "keep"\nwhy = "x"\n'
_REWRITTEN = '[table.x]\nkey = "id"\nrows = "rewrite"\nwhy = "x"\n'


def _table(name: str, *links: tuple[str, str], key: tuple[str, ...] = ("id",)) -> PersonalTable:
    made = tuple(Link(column, to) for column, to in links)
    return PersonalTable(name, name, key, made, "delete", "", {}, file="test.toml")


def _register(*tables: PersonalTable) -> Register:
    return Register({table.name: table for table in tables})


def _order(register: Register) -> list[str]:
    return [table.name for table in register.erase_order()]


# -- one file ----------------------------------------------------------------------------------


def test_a_table_is_read_with_all_that_it_says() -> None:
    register = read_register(_WISHES, "more.toml")

    wish = register.tables["wish"]
    assert wish == PersonalTable(
        name="wish",
        label="Wishes",
        key=("wish_id",),
        links=(Link("customer_id", "customer"), Link("mail", "email")),
        rows="rewrite",
        why="counted",
        columns={
            "mail": PersonalColumn("mail", "contact", "pseudonymise", "E-mail"),
            "note_text": PersonalColumn("note_text", "content", "keep", "Note text", "because"),
            "secret": PersonalColumn("secret", "credential", "blank", "Secret", export=False),
        },
        plain=frozenset({"made"}),
        keep_for=Span(2, "year"),
        dated="made",
        file="more.toml",
    )
    assert wish.classified == {"wish_id", "customer_id", "mail", "note_text", "secret", "made"}


def test_columns_of_rows_that_stay_are_kept_for_the_reason_of_the_table() -> None:
    text = """
    [table.tax]
    key = ["a", "b"]
    rows = "keep"
    why = "the law"
    [table.tax.columns]
    name = { class = "identity" }
    """
    tax = read_register(text, "a.toml").tables["tax"]
    assert tax.key == ("a", "b")
    assert (tax.columns["name"].erase, tax.columns["name"].why) == ("keep", "the law")


def test_an_empty_file_registers_nothing() -> None:
    assert read_register("", "a.toml") == Register()


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("[tabel.x]", "a.toml:1:1", "did you mean 'table'?"),
        ("table = 3", "a.toml:1:9", "'table' is a table"),
        ("[table]\nx = 3", "a.toml:2:1", "is a table"),
        ('[table.x]\nrows = "delete"', "a.toml:1:1", "has no key"),
        ('[table.x]\nkey = "id"', "a.toml:1:1", "has no rows"),
        ('[table.x]\nkey = []\nrows = "delete"', "a.toml:2:7", "'key' is empty"),
        ('[table.x]\nkey = 3\nrows = "delete"', "a.toml:2:7", "a name or a list of names"),
        ('[table.x]\nkey = [3]\nrows = "delete"', "a.toml:2:8", "no name of a table or column"),
        ('[table.x]\nkey = ["a", "a"]\nrows = "delete"', "a.toml:2:7", "names something twice"),
        ('[table.x]\nkey = "id"\nrows = "remove"', "a.toml:3:8", "'rows' is \"delete\""),
        ('[table.x]\nkey = "id"\nrows = ["delete"]', "a.toml:3:8", "'rows' is \"delete\""),
        ('[table.x]\nkey = "id"\nrows = "keep"', "a.toml:1:1", 'rows = "keep" needs a why'),
        ('[table.x]\nkey = "id"\nrows = "rewrite"\nwhy = " "', "a.toml:4:7", "says something"),
        ('[table.x]\nkey = "i`d"\nrows = "delete"', "a.toml:2:7", "no name of a table or column"),
        ('[table."x\\u0000"]\nkey = "id"\nrows = "delete"', "a.toml:1:1", "no name of a table"),
        (f'[table.x]\nkey = "{"k" * 65}"\nrows = "delete"', "a.toml:2:7", "no name of a table"),
        (_DELETED + "label = 3", "a.toml:4:9", "a text in quotes"),
        (
            _DELETED + f'label = "{"x" * 256}"',
            "a.toml:4:9",
            "at most 255 characters, this has 256",
        ),
        (
            _DELETED + 'label = "\\u001b[31m"',
            "a.toml:4:9",
            "the control character U+001B",
        ),
        (_DELETED + 'links = ["a"]', "a.toml:4:9", "'links' is a"),
        (
            _DELETED + "links = { a = 3 }",
            "a.toml:4:15",
            "a link leads to a name",
        ),
        (
            _DELETED + 'keep_for = "2 years"',
            "a.toml:4:1",
            "'keep_for' and 'dated' stand together",
        ),
        (
            _DELETED + 'keep_for = 3\ndated = "id"',
            "a.toml:4:12",
            "needs a span in quotes",
        ),
        (
            _DELETED + 'keep_for = "2 years"\ndated = "made"',
            "a.toml:5:9",
            "neither in columns nor in plain",
        ),
        (
            _DELETED + 'file_column = "file"',
            "a.toml:4:15",
            "neither in columns nor in plain",
        ),
        (
            _REWRITTEN + 'links = { m = "email" }',
            "a.toml:5:15",
            "so it stands in columns too",
        ),
        (
            _DELETED + 'plain = ["a"]\n[table.x.columns]\na = { class = "contact" }',
            "a.toml:4:9",
            "'a' is plain and personal",
        ),
        (
            _DELETED + "[table.x.columns]\na = {}",
            "a.toml:5:1",
            "has no class",
        ),
        (
            _DELETED + '[table.x.columns]\na = { class = "kontact" }',
            "a.toml:5:15",
            "did you mean 'contact'?",
        ),
        (
            _DELETED + '[table.x.columns]\na = { class = "contact", erase = "blank" }',
            "a.toml:5:34",
            "'erase' has no effect where rows are deleted",
        ),
        (
            _KEPT + '[table.x.columns]\na = { class = "contact", erase = "blank" }',
            "a.toml:6:34",
            "'erase' has no effect where rows are kept",
        ),
        (
            _REWRITTEN + '[table.x.columns]\na = { class = "contact" }',
            "a.toml:6:1",
            "has no erase",
        ),
        (
            _REWRITTEN + '[table.x.columns]\na = { class = "contact", erase = "keep" }',
            "a.toml:6:1",
            'erase = "keep" needs a why',
        ),
        (
            _DELETED + '[table.x.columns]\na = { class = "contact", export = "no" }',
            "a.toml:5:35",
            "'export' is true or false",
        ),
        (
            _DELETED + '[not_personal]\nx = "why"',
            "a.toml:5:1",
            "'x' is registered in this file too",
        ),
        ("[not_personal]\nx = 3", "a.toml:2:5", "a text in quotes"),
        ("[not_personal]\nx = ''", "a.toml:2:5", "says something"),
        ("[add.order]\nrows = 'delete'", "a.toml:2:1", "there is no key 'rows' here"),
        ("[add]\norder = 3", "a.toml:2:1", "is a table"),
        (
            "[add.order]\nplain = ['a']\n[add.order.columns]\na = { class = 'contact' }",
            "a.toml:2:9",
            "'a' is plain and personal",
        ),
        ("[table.x", "a.toml:1", "not TOML"),
        ("x = " + "[" * 5000, "a.toml", "nested too deep"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_place(text: str, place: str, said: str) -> None:
    with pytest.raises(RuleError) as caught:
        read_register(text, "a.toml")

    assert any(
        str(problem).startswith(f"{place}") and said in str(problem)
        for problem in caught.value.problems
    ), str(caught.value)
    assert caught.value.exit_code == 78


def test_everything_that_is_wrong_is_told_in_the_order_of_the_file() -> None:
    text = '[table.x]\nkey = 3\nrows = "no"\nplain = 4\n[not_personal]\ny = 5'
    with pytest.raises(RuleError) as caught:
        read_register(text, "a.toml")
    assert [problem.line for problem in caught.value.problems] == [2, 3, 4, 6]


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(content: bytes) -> None:
    with contextlib.suppress(RuleError):
        read_register(content, "a.toml")


@given(
    st.recursive(
        st.none().map(lambda _: "x") | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=10,
    ),
    st.sampled_from(["label", "key", "links", "rows", "why", "columns", "plain", "keep_for",
                     "dated", "file_column"]),
)  # fmt: skip
def test_no_value_does_more_than_be_refused(value: object, key: str) -> None:
    text = f"[table.x]\n{key} = {_toml(value)}\n"
    with contextlib.suppress(RuleError):
        read_register(text, "a.toml")


def _toml(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return '"' + "".join(f"\\U{ord(c):08x}" for c in value if c.isprintable()) + '"'
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case dict():
            pairs = {_toml(name): _toml(inner) for name, inner in value.items()}
            return "{" + ", ".join(f"{name} = {inner}" for name, inner in pairs.items()) + "}"
    raise AssertionError(value)


# -- several files -----------------------------------------------------------------------------


def test_a_table_of_a_later_file_takes_the_place_of_an_earlier_one() -> None:
    first, second = _table("wish", ("a", "customer")), _table("wish", ("b", "customer"))

    assert merged(_register(first), _register(second)).tables == {"wish": second}


def test_columns_of_an_extension_are_added_to_a_table() -> None:
    base = read_register(_WISHES, "more.toml")
    text = """
    [add.wish]
    plain = ["flag", "note_text"]
    links = { giver = "customer" }
    [add.wish.columns]
    vat = { class = "identity" }
    made = { class = "content" }
    """
    wish = merged(base, read_register(text, "b.toml")).tables["wish"]

    # What is personal stays so; what was plain may become personal.
    assert set(wish.columns) == {"mail", "note_text", "secret", "vat", "made"}
    assert wish.columns["vat"].erase == "blank"
    assert wish.plain == {"flag"}
    assert [link.column for link in wish.links] == ["customer_id", "mail", "giver"]
    assert wish.file == "more.toml"


def test_a_link_can_be_told_otherwise() -> None:
    text = "[add.order]\nlinks = { customer_id = 'json' }"
    order = merged(shipped(), read_register(text, "b.toml")).tables["order"]
    assert [link for link in order.links if link.column == "customer_id"] == [
        Link("customer_id", "json")
    ]


def test_columns_added_to_rows_that_stay_stay_too() -> None:
    text = "[add.order_product.columns]\nengraving = { class = 'content' }"
    table = merged(shipped(), read_register(text, "b.toml")).tables["order_product"]
    assert table.columns["engraving"].erase == "keep"
    assert table.columns["engraving"].why == table.why


def test_what_was_not_personal_is_once_it_is_registered() -> None:
    base = Register(not_personal={"wish": "toys", "toy": "toys"})
    found = merged(base, _register(_table("wish")), Register(not_personal={"ball": "toys"}))
    assert dict(found.not_personal) == {"toy": "toys", "ball": "toys"}
    assert "wish" in found.tables


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[not_personal]\norder = 'mine'", "not_personal.order: is registered in opencart.toml"),
        ("[not_personal]\nsidecar_tag = 'x'", "sidecar_tag: is one of the sidecar's own tables"),
        ("[add.sidecar_pin]\nplain = ['x']", "sidecar_pin: is one of the sidecar's own tables"),
        ("[table.sidecar_x]\nkey = 'id'\nrows = 'delete'", "one of the sidecar's own tables"),
        ("[add.ordr]\nplain = ['x']", "shop.toml: add.ordr: no such table is registered (did you"),
        (
            "[table.x]\nkey = 'id'\nlinks = { order_id = 'ordr' }\nrows = 'delete'",
            "shop.toml: table.x.links.order_id: no table 'ordr' is registered (did you mean",
        ),
        (
            "[table.x]\nkey = 'id'\nlinks = { w = 'customer_wishlist' }\nrows = 'delete'",
            "the key of 'customer_wishlist' has several columns",
        ),
        (
            (
                "[table.x]\nkey = 'id'\nlinks = { y = 'y' }\nrows = 'delete'\n"
                "[table.y]\nkey = 'id'\nlinks = { x = 'x' }\nrows = 'delete'"
            ),
            "links in a circle",
        ),
    ],
)
def test_what_does_not_fit_the_other_files_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        merged(shipped(), read_register(text, "shop.toml"))
    assert said in str(caught.value)
    assert caught.value.exit_code == 78


def test_a_table_may_link_to_itself() -> None:
    replies = "[table.x]\nkey = 'id'\nlinks = { parent = 'x', c = 'customer' }\nrows = 'delete'"
    assert "x" in merged(shipped(), read_register(replies, "a.toml")).tables


# -- the order of an erasure -------------------------------------------------------------------


def test_children_are_erased_before_what_they_link_to_and_the_account_is_last() -> None:
    register = _register(
        _table("customer", ("customer_id", "customer")),
        _table("a_order", ("customer_id", "customer")),
        _table("b_line", ("order_id", "a_order")),
        _table("c_note", ("line_id", "b_line")),
        _table("z_login", ("email", "email")),
    )
    assert _order(register) == ["c_note", "z_login", "b_line", "a_order", "customer"]


def test_uploads_are_erased_before_whatever_holds_their_codes() -> None:
    register = _register(
        _table("a_option", ("order_id", "order")),
        _table("order", ("customer_id", "customer")),
        _table("upload", ("code", "code")),
        _table("upload_scan", ("upload_id", "upload")),
    )
    assert _order(register) == ["upload_scan", "upload", "a_option", "order"]


@given(st.permutations(range(7)), st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6))))
def test_in_every_register_no_parent_is_erased_before_its_child(
    names: list[int], pairs: set[tuple[int, int]]
) -> None:
    links = {(child, parent) for child, parent in pairs if child < parent}
    tables = []
    for name in names:
        parents = [(f"c{parent}", f"t{parent}") for child, parent in links if child == name]
        person = "code" if name % 3 == 0 else "customer"
        tables.append(_table(f"t{name}", *parents, ("who", person)))
    order = _order(_register(*tables))

    assert len(order) == 7
    for child, parent in links:
        assert order.index(f"t{child}") < order.index(f"t{parent}")
    assert order == _order(_register(*sorted(tables, key=lambda table: table.name)))


def test_the_shipped_register_is_erased_in_an_order_in_which_nothing_is_lost() -> None:
    order = _order(shipped())

    assert order[0] == "upload"
    assert order[-1] == "customer"
    for child, parent in itertools.chain(
        (("order_history", "order"), ("order_option", "order"), ("voucher", "order")),
        (("return_history", "return"), ("order_recurring_transaction", "order_recurring")),
        (("sidecar_move", "sidecar_entry"), ("sidecar_privacy_act", "sidecar_privacy_request")),
    ):
        assert order.index(child) < order.index(parent), (child, parent)
