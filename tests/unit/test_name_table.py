"""The names of a namespace, found and shown."""

from __future__ import annotations

import pytest

from sidecar.model import NameTable


def table() -> NameTable:
    names = NameTable()
    names.add(5, "Complete")
    names.add(7, "Complete", preferred=False)
    names.add(7, "Canceled")
    names.add(9, "Лише тут", preferred=False)
    return names


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("ＣＯＭＰＬＥＴＥ", (5,)),
        ("лише ТУТ", (9,)),
        ("#7", (7,)),
        ("#8", ()),
        ("#" + "9" * 5_000, ()),
        ("#٧", ()),
        ("#", ()),
    ],
    ids=["folded", "other language", "id", "no such id", "long id", "other digits", "no id"],
)
def test_a_name_is_found_by_text_or_by_id(name: str, ids: tuple[int, ...]) -> None:
    assert table().find(name) == ids


def test_the_default_language_goes_before_another() -> None:
    assert table().display() == {5: "Complete", 7: "Canceled", 9: "Лише тут"}
