"""The example config and the structs say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from msgspec.structs import fields

from sidecar.config import Config, load
from sidecar.config.settings import SECTIONS

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"

LINE = re.compile(r"(?P<off># )?(?P<key>[a-z_]+) = (?P<value>.+?)\s+# (?P<comment>\S.+)")


def lines() -> list[tuple[str, re.Match[str]]]:
    found, section = [], ""
    for line in EXAMPLE.read_text("utf-8").splitlines():
        if header := re.fullmatch(r"\[(\w+)\]", line):
            section = header[1]
        elif section and line:
            match = LINE.fullmatch(line)
            assert match, f"not a setting with a comment: {line}"
            found.append((section, match))
    return found


def test_the_example_lists_every_setting_once_and_in_order() -> None:
    listed = [(section, match["key"]) for section, match in lines()]

    assert listed == [
        (name, field.name) for name, struct in SECTIONS.items() for field in fields(struct)
    ]


def test_the_example_is_the_defaults() -> None:
    assert load(EXAMPLE, {}) == Config(
        file=EXAMPLE,
        rules=SECTIONS["rules"](directory=EXAMPLE.parent / "rules.d"),  # type: ignore[arg-type]
        privacy=SECTIONS["privacy"](register=EXAMPLE.parent / "privacy.d"),  # type: ignore[arg-type]
    )


def test_only_what_has_no_value_is_commented_out() -> None:
    for section, match in lines():
        if match["off"]:
            default = {field.name: field.default for field in fields(SECTIONS[section])}
            assert not default[match["key"]], match[0]


def test_what_is_commented_out_can_be_used_as_it_stands() -> None:
    for section, match in lines():
        if match["off"]:
            document = tomllib.loads(f"{match['key']} = {match['value']}")
            assert isinstance(document[match["key"]], str), section
