"""Whether the statuses and goods that a program names are the store's."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.errors import Problem
from sidecar.model import Names
from sidecar.rules.catalogue import Namespace
from sidecar.rules.language.context import Context
from sidecar.rules.language.naming import check_name
from sidecar.rules.loyalty.program import CHOSEN_BY, Program
from sidecar.rules.loyalty.value_reader import each_name
from sidecar.rules.rule import Origin


def check_program(program: Program, names: Names) -> Iterator[Problem]:
    """
    What is wrong with the names in *program*, which was read from files.

    Args:
        names: What the store knows; a namespace that is absent is not checked.
    """
    yield from _wrong(program.origin, "statuses", "status", names)
    for rule in program.earn:
        for key in CHOSEN_BY:
            yield from _wrong(rule.origin, key, key, names)


def _wrong(
    origin: Origin | None, key: str, namespace: Namespace, names: Names
) -> Iterator[Problem]:
    assert origin is not None  # noqa: S101 - everything here was read from a file
    source, path = origin.source, (*origin.path, key)
    context = Context(names, {}, frozenset(), None, source.name, source.text)
    for at, name in each_name(source.value(path), path):
        if isinstance(name, str):
            check_name(name, namespace, source.position(at), context)
    yield from context.problems
