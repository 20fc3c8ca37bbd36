"""The names of a namespace, found and shown."""

from __future__ import annotations

import time

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


@pytest.mark.parametrize("number", [3, 400, 20_000])
@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Rad Lamp 2", "Red Lamp 2"),
        ("Rd Lamp 2", "Red Lamp 2"),
        ("Red Lapm 2", "Red Lamp 2"),
        ("nothing of the kind", None),
        ("", None),
    ],
)
def test_the_name_most_like_it_is_suggested_out_of_any_number(
    number: int, name: str, meant: str | None
) -> None:
    names = NameTable()
    for key in range(number):
        names.add(key, f"{'Red' if key % 2 == 0 else 'Blue'} Lamp {key}")

    began = time.process_time()
    assert names.suggest(name) == meant

    # All of 20,000 take 0.7 s.
    assert time.process_time() - began < 0.3
