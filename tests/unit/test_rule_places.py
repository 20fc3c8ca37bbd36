"""Where things stand in a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.language.toml_places import Path, Place, find_places, string_offsets

TRICKY = r'''
# [[tag]] name = "in a comment"
title = "a # b" # c
'quoted key' = 1
a.b."c d" = "dotted"

[[tag]]
name = "one"
when = """
x = "y" \
   and z""""

[[tag]] # second
name = 'two'
list = [ "a", # ]
  'b', [ 3, """]""" ], { k = "}", l.m = '"' },
]
[tag.sub]
deep = 'it'
[[tag.inner]]
x = 1
[[tag.inner]]
x = 2026-01-01 10:00:00
[ "other" . table ]
y = """"quoted"""""
z = ''
'''


def _leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    else:
        yield path, value


def _check(text: str) -> None:
    """Every value stands where it is said to, every character of a text too."""
    places = find_places(text)
    leaves = list(_leaves(tomllib.loads(text)))
    assert {path for path, _ in leaves} <= places.keys()
    for path, value in leaves:
        start = places[path].value
        if not isinstance(value, str):
            assert str(value).lower().split("-")[0] in text[start : start + 25]
            continue
        offsets = string_offsets(text, start)
        assert len(offsets) == len(value) + 1
        for character, offset in zip(value, offsets, strict=False):
            assert text[offset] in (character, "\\")
        assert text[offsets[-1]] == text[start]


def test_tables_keys_and_values_are_found_among_comments_quotes_and_brackets() -> None:
    _check(TRICKY)
    places = find_places(TRICKY)

    def shown(path: Path) -> tuple[str, str]:
        place = places[path]
        return TRICKY[place.key :].split()[0], TRICKY[place.value :].split()[0]

    assert shown(("title",)) == ("title", '"a')
    assert shown(("quoted key",)) == ("'quoted", "1")
    assert shown(("a", "b", "c d")) == ('a.b."c', '"dotted"')
    assert shown(("tag", 0)) == ("[[tag]]", "[[tag]]")
    assert TRICKY.count("\n", 0, places["tag", 1].key) == 12
    assert shown(("tag", 1, "list", 3, "k")) == ("k", '"}",')
    assert shown(("tag", 1, "sub", "deep")) == ("deep", "'it'")
    assert shown(("tag", 1, "inner", 1, "x")) == ("x", "2026-01-01")
    assert shown(("other", "table", "z")) == ("z", "''")


_any_text = st.text(st.characters(codec="utf-8"), max_size=12)
_plain = _any_text.map(lambda text: "".join(c for c in text if c.isprintable()))


@st.composite
def _strings(draw: st.DrawFn) -> str:
    """A TOML string in any of the four ways to quote it."""
    way = draw(st.sampled_from(("basic", "literal", "long basic", "long literal")))
    if way == "literal":
        return "'" + draw(_plain).replace("'", "") + "'"
    if way == "long literal":
        return "'''" + draw(_plain).replace("'", "\n") + "'''"
    escaped = "".join(_escaped(draw, character) for character in draw(_any_text))
    if way == "basic":
        return f'"{escaped}"'
    gap = draw(st.sampled_from(("", "\\\n   ", "\n", 'a "" b', "\\ \n\n\t")))
    start = draw(st.sampled_from(("", "\n")))
    end = draw(st.sampled_from(("", '"', '""')))
    return f'"""{start}{escaped}{gap}x{end}"""'


def _escaped(draw: st.DrawFn, character: str) -> str:
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    if character in short:
        return short[character]
    if not character.isprintable() or draw(st.booleans()):
        return (
            f"\\U{ord(character):08X}"
            if draw(st.booleans()) or ord(character) > 0xFFFF
            else f"\\u{ord(character):04X}"
        )
    return character


_scalars = _strings() | st.sampled_from(("1", "true", "2026-01-01", "1.5"))
_inline = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[ {' , '.join(items)} ]")
        | st.lists(inner, max_size=3).map(lambda items: "[\n" + ", # ]\n".join(items) + "\n]")
        | st.lists(inner, max_size=3).map(
            lambda items: (
                "{ " + ", ".join(f"k{i}.x = {item}" for i, item in enumerate(items)) + " }"
            )
        )
    ),
    max_leaves=6,
)
_pairs = st.lists(_inline, max_size=3).map(
    lambda items: "".join(f"key{i}{' ' * i}=\t{item} # '\"[\n" for i, item in enumerate(items))
)
_documents = st.lists(
    st.tuples(st.sampled_from(("[[tag]]", "[[ 'tag' ]] # x", "[[group.tag]]")), _pairs), max_size=4
).map(lambda tables: "".join(f"{header}\n{pairs}" for header, pairs in tables))


@given(_documents)
def test_everything_in_any_document_is_found_where_it_stands(text: str) -> None:
    _check(text)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment"])
def test_a_document_without_anything_has_no_places(text: str) -> None:
    assert find_places(text) == {}


def test_a_dotted_table_stands_where_its_first_key_does() -> None:
    assert find_places("ladder.fallback = 'x'")["ladder",] == Place(0, 0)
