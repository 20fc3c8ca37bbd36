"""Whether the names in a condition are names the store knows, and only one thing each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sidecar.model import NameTable, fold
from sidecar.rules.catalogue import Fact, Namespace
from sidecar.rules.language.context import Context
from sidecar.rules.language.suggest import did_you_mean, listing
from sidecar.rules.syntax import Position

#: One and several of a namespace, for messages.
_WORDS: Final[Mapping[Namespace, tuple[str, str]]] = {
    "group": ("customer group", "customer groups"),
    "status": ("order status", "order statuses"),
    "return status": ("return status", "return statuses"),
    "store": ("store", "stores"),
    "category": ("category", "categories"),
    "product": ("product", "products"),
    "manufacturer": ("manufacturer", "manufacturers"),
    "tag": ("tag", "tags"),
}


def check_value_of_choice(name: str, fact: Fact, at: Position | None, context: Context) -> None:
    """Note what is wrong with *name* as a value of the choice *fact*."""
    if fact.names is not None:
        check_name(name, fact.names, at, context)
    elif fold(name) not in {fold(value) for value in fact.values}:
        context.error(
            at,
            f"'{fact.name}' is never '{name}'",
            did_you_mean(name, fact.values, f"it is {listing(fact.values)}"),
        )


def check_name(
    name: str, namespace: Namespace | None, at: Position | None, context: Context
) -> tuple[int, ...]:
    """
    Note what is wrong with *name* in *namespace*.

    Returns:
        Its one id; none when it is wrong, or when the namespace is not known here.
    """
    table = context.names.get(namespace) if namespace else None
    if namespace is None or table is None:
        return ()
    found = table.find(name)
    if len(found) == 1:
        if table.is_former(name):
            _former(name, found[0], namespace, at, table, context)
        return found
    if namespace == "tag":
        _unknown_tag(name, at, table, context)
    elif found:
        ids = listing(f'"#{identifier}"' for identifier in found)
        several = _WORDS[namespace][1]
        context.error(at, f"{len(found)} {several} are called '{name}'", f"say which: {ids}")
    else:
        near = table.suggest(name)
        hint = f"did you mean '{near}'?" if near else ""
        context.error(at, f"there is no {_WORDS[namespace][0]} '{name}'", hint)
    return ()


def _former(
    name: str,
    identifier: int,
    namespace: Namespace,
    at: Position | None,
    table: NameTable,
    context: Context,
) -> None:
    """Say what *identifier* is called now that had *name* when rules first named it."""
    word, now = _WORDS[namespace][0], table.display()[identifier]
    if fold(now) == fold(name):
        context.warning(
            at,
            f"the {word} '{name}' was deleted in the store: nothing belongs to it any more",
            "name another one",
        )
    else:
        context.warning(at, f"the {word} '{name}' is called '{now}' now", f"write '{now}'")


def _unknown_tag(name: str, at: Position | None, table: NameTable, context: Context) -> None:
    # A tag may be given by hand or by an import tomorrow, so its name is never an error.
    if fold(name) in context.tags or table.find(name):
        return
    known = [*table.display().values(), *context.tags]
    context.warning(at, f"there is no tag '{name}' yet", did_you_mean(name, known))
