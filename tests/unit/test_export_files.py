"""Names of files in an export, whatever people called them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.privacy.export_files import place_of


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("photo.png", "photo.png"),
        ("Müller 🦊.pdf", "Müller 🦊.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\Users\\ann\\photo.png", "C__Users_ann_photo.png"),
        ("", "file"),
        ("..", "file"),
        (" . ", "file"),
        (".htaccess", "htaccess"),
        ("con.txt", "_con.txt"),
        ("COM1", "_COM1"),
        ("a\x00b\r\n.txt", "a_b__.txt"),
        ("gnp.\u202efdp.exe", "gnp._fdp.exe"),
        ('<img src="x">.html', "_img src=_x__.html"),
        ("half \ud800.txt", "half _.txt"),
        ("no ending at all but.a very long one", "no ending at all but.a very long one"),
    ],
)
def test_a_name_leads_nowhere_and_is_still_known(name: str, place: str) -> None:
    assert place_of(name, set()) == place


def test_names_that_a_file_system_takes_for_the_same_are_numbered() -> None:
    taken: set[str] = set()

    found = [place_of(name, taken) for name in ("a.png", "A.PNG", "a.png", "a (2).png", "b", "b")]

    assert found == ["a.png", "A (2).PNG", "a (3).png", "a (2) (2).png", "b", "b (2)"]


@given(st.lists(st.text(max_size=300), max_size=8))
def test_no_name_leaves_its_folder_or_takes_the_place_of_another(names: list[str]) -> None:
    taken: set[str] = set()

    found = [place_of(name, taken) for name in names]

    assert len({unicodedata.normalize("NFC", name).casefold() for name in found}) == len(found)
    for name in found:
        assert name.strip(" .") == name
        assert name
        assert not set(name) & set('/\\:*?"<>|\0\n')
        assert len(name.encode()) <= 255
