"""The built-in segments: rules in the form of a rules file, with a description each."""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
from collections.abc import Mapping
from typing import Any, Final

from sidecar.rules.language.source_file import read_source
from sidecar.rules.rule import SegmentRule
from sidecar.rules.rule_file import read_tables

_FILE: Final = "built_in_segments.toml"


@functools.cache
def built_in_segments() -> tuple[SegmentRule, ...]:
    """Every built-in segment, in the order in which they are listed."""
    content = (importlib.resources.files("sidecar.rules") / _FILE).read_bytes()
    source = read_source(_FILE, content)
    tables: list[Mapping[str, Any]] = source.tables["segment"]
    descriptions = [table["description"] for table in tables]
    # Only here a segment has a description; a rules file may not give one.
    bare = [{k: v for k, v in table.items() if k != "description"} for table in tables]
    read = read_tables(dataclasses.replace(source, tables={"segment": bare}), made_in="builtin")
    if read.problems:
        raise ValueError("\n".join(map(str, read.problems)))
    return tuple(
        dataclasses.replace(rule, description=description)
        for rule, description in zip(read.segments, descriptions, strict=True)
    )
