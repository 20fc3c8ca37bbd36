"""What the page on the register shows can be read, and it names all that can be written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from sidecar.rules.privacy import register_reader
from sidecar.rules.privacy.register import TO_A_PERSON, Class, Erase, Rows
from sidecar.rules.privacy.register_file import merged, read_register, shipped

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "privacy-register.md"
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_example_can_be_read(block: str) -> None:
    merged(shipped(), read_register(block, "example.toml"))


def test_the_examples_together_are_a_register() -> None:
    register = merged(shipped(), read_register("\n".join(BLOCKS), "example.toml"))
    assert {"pay", "order"} < register.tables.keys()
    assert register.tables["order"].columns["vat_number"].label == "VAT number"
    assert "courier" in register.not_personal


def test_every_key_and_word_is_explained() -> None:
    page = PAGE.read_text("utf-8")
    keys = {*register_reader.TABLE_KEYS, *register_reader.COLUMN_KEYS}
    words = [*get_args(Class), *get_args(Erase), *get_args(Rows), *TO_A_PERSON]
    rows = "\n".join(line for line in page.splitlines() if line.startswith("|"))

    assert [key for key in sorted(keys) if f"`{key}`" not in rows] == []
    assert [word for word in words if f'`"{word}"`' not in rows] == []
