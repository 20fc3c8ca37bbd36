"""The lists a rule may name with ``@``: those that are shipped, and the limits of one's own."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Final

from sidecar.model import fold

#: Lists that come with the package, each a file of ``rules/lists``.
SHIPPED: Final = ("free_mail",)

_NAME = re.compile(r"\w[\w-]*")


@functools.cache
def shipped_lists() -> Mapping[str, frozenset[str]]:
    """The shipped lists by name, their texts folded."""
    folder = resources.files("sidecar.rules").joinpath("lists")
    found: dict[str, frozenset[str]] = {}
    for name in SHIPPED:
        lines = folder.joinpath(f"{name}.txt").read_text(encoding="utf-8").splitlines()
        found[name] = frozenset(fold(line) for line in lines if line and not line.startswith("#"))
    return MappingProxyType(found)


def is_list_name(name: str) -> bool:
    """Whether a list can be called *name*: letters, digits, ``_``, and ``-`` within."""
    return _NAME.fullmatch(name) is not None
