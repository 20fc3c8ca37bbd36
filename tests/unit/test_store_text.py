"""Text at the border of the store."""

from __future__ import annotations

import polars as pl
import pytest

from sidecar.shop.text import escape, plain, unescape


@pytest.mark.parametrize("text", ["", "a", 'say "yes" & <go>', "&amp; as typed", "it's"])
def test_what_was_escaped_comes_back(text: str) -> None:
    assert unescape(escape(text)) == text


@pytest.mark.parametrize("number", ["9" * 5_000, "0" * 5_000, "9" * 60_000])
def test_a_character_whose_number_has_no_end_is_no_character(number: str) -> None:
    text = f"a&#{number};b &lt;"

    assert unescape(text) == "a\N{REPLACEMENT CHARACTER}b <"
    assert pl.Series("x", [text]).to_frame().select(plain(pl.col("x"))).item() == unescape(text)
