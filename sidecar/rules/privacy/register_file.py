"""From TOML to the register of personal data, and several files to one register."""

from __future__ import annotations

import functools
import graphlib
import importlib.resources
from typing import cast

from sidecar.errors import ConfigError, RuleError
from sidecar.rules.language.source_file import UnreadableError, read_source
from sidecar.rules.language.suggest import did_you_mean, listing
from sidecar.rules.privacy.register import OWN, SHIPPED, TO_A_PERSON, Link, PersonalTable, Register
from sidecar.rules.privacy.register_reader import RegisterReader


@functools.cache
def shipped() -> Register:
    """The tables of every OpenCart the program works with, and its own."""
    folder = importlib.resources.files("sidecar.rules.privacy")
    tables: dict[str, PersonalTable] = {}
    not_personal: dict[str, str] = {}
    for name in SHIPPED:
        read = read_register((folder / name).read_bytes(), name)
        tables |= read.tables
        not_personal |= read.not_personal
    return _checked(Register(tables, not_personal))


def read_register(content: str | bytes, file: str) -> Register:
    """
    What the file *file* registers; its links may lead to tables of other files.

    Raises:
        RuleError: A `ConfigError` with everything that is wrong, each with its place.
    """
    try:
        source = read_source(file, content.encode() if isinstance(content, str) else content)
    except UnreadableError as error:
        raise RuleError([error.problem]) from None
    reader = RegisterReader(source)
    register = reader.read()
    if reader.problems:
        raise RuleError(sorted(reader.problems, key=lambda each: (each.line, each.column)))
    return register


def merged(base: Register, *more: Register) -> Register:
    """
    *base* with *more*, in their order.

    A table of a later file replaces an earlier one's, and what a file adds to a table goes to
    the one of that name so far. Tables that are not personal are added up; one that a later
    file registers is personal after all.

    Raises:
        ConfigError: What a shop may not change, links that lead nowhere or in a circle.
    """
    tables, not_personal = dict(base.tables), dict(base.not_personal)
    for each in more:
        _refuse_own(each)
        tables |= each.tables
        for addition in each.additions:
            to = tables.get(addition.table)
            if to is None:
                where = f"{addition.file}: add.{addition.table}"
                hint = did_you_mean(addition.table, tables, "register it: [table.NAME]")
                raise ConfigError(where, "no such table is registered", hint)
            tables[addition.table] = addition.to(to)
        for name in each.not_personal:
            if name in tables:
                problem = f"is registered in {tables[name].file}, so it is personal"
                raise ConfigError(f"not_personal.{name}", problem, "take it out")
        not_personal |= each.not_personal
    kept = {name: why for name, why in not_personal.items() if name not in tables}
    return _checked(Register(tables, kept))


def _refuse_own(register: Register) -> None:
    added = [addition.table for addition in register.additions]
    for name in (*register.tables, *added, *register.not_personal):
        if name.startswith(OWN):
            hint = "they are registered by themselves; leave it out"
            raise ConfigError(name, "is one of the sidecar's own tables", hint)


def _checked(register: Register) -> Register:
    """*register*, when its links lead somewhere and not in a circle."""
    for table in register.tables.values():
        for link in table.links:
            if link.to not in TO_A_PERSON:
                _check_link(register, table, link)
    try:
        register.erase_order()
    except graphlib.CycleError as error:
        circle = cast("list[str]", error.args[1])
        table = register.tables[circle[0]]
        problem = f"links in a circle: {' - '.join(reversed(circle))}"
        raise ConfigError(
            f"{table.file}: table.{table.name}", problem, "leave one of these links out"
        ) from None
    return register


def _check_link(register: Register, table: PersonalTable, link: Link) -> None:
    where = f"{table.file}: table.{table.name}.links.{link.column}"
    to = register.tables.get(link.to)
    if to is None:
        known = [*TO_A_PERSON, *register.tables]
        hint = did_you_mean(link.to, known, f"use {listing(TO_A_PERSON)}, or a registered table")
        raise ConfigError(where, f"no table '{link.to}' is registered", hint)
    if len(to.key) != 1:
        raise ConfigError(
            where, f"the key of '{link.to}' has several columns", "link to a table with one"
        )
