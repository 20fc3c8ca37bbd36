"""The rules of this store, from files, the admin and the package: read and checked."""

from __future__ import annotations

import dataclasses
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sidecar.errors import ConfigError, RuleError
from sidecar.model import Names
from sidecar.rules.admin_rule import AdminRule
from sidecar.rules.catalogue import Catalogue
from sidecar.rules.ladder_check import group_warnings
from sidecar.rules.privacy.retention import ACCOUNTS
from sidecar.rules.rule_sources import read_and_check
from sidecar.rules.ruleset import RuleSet
from sidecar.shop import groups
from sidecar.shop.database import transaction
from sidecar.shop.names import load_names
from sidecar.shop.shop import Shop
from sidecar.sync import admin_rules, ladder_plan, name_memory
from sidecar.sync.facts import custom_fields
from sidecar.sync.facts.load import Dictionary


@dataclass(frozen=True, slots=True)
class CheckedRules:
    """
    Rules that can be applied to this store.

    Attributes:
        rules: As read; their warnings stop nothing.
        dictionary: The facts of this store.
        names: The names they were checked against.
    """

    rules: RuleSet
    dictionary: Dictionary
    names: Names


def read_files(directory: Path) -> list[tuple[str, bytes]]:
    """
    Name and content of every ``*.toml`` in *directory*, by name; none when it does not exist.

    Raises:
        ConfigError: The folder or one of them cannot be read.
    """
    try:
        paths = sorted(path for path in directory.iterdir() if path.name.endswith(".toml"))
    except FileNotFoundError:
        return []
    except OSError as error:
        # Not as if it were empty: then everybody would lose the tags that rules gave.
        raise ConfigError(str(directory), f"cannot be read: {error.strerror}") from error
    found: list[tuple[str, bytes]] = []
    for path in paths:
        try:
            # A pipe would be waited for, and a device may have no end.
            if not stat.S_ISREG(path.stat().st_mode):
                raise ConfigError(str(path), "is not a file")
            found.append((path.name, path.read_bytes()))
        except OSError as error:
            raise ConfigError(str(path), f"cannot be read: {error.strerror}") from error
    return found


def read_dictionary(shop: Shop) -> Dictionary:
    """The facts of this store: the catalogue and its custom fields."""
    with transaction(shop.engine) as tx:
        fields = custom_fields.read_fields(tx, shop)
    birthday = custom_fields.birthday_field(fields, shop.birthday_field)
    if shop.birthday_field and birthday is None:
        labels = ", ".join(repr(field.label) for field in fields) or "there are none"
        raise ConfigError(
            "shop.birthday_field",
            f"no custom field of the account is called {shop.birthday_field!r}",
            f"the fields: {labels}",
        )
    catalogue = Catalogue(custom_fields.facts(fields))
    return Dictionary(catalogue, tuple(fields), birthday)


def with_kept(dictionary: Dictionary, rules: RuleSet) -> Dictionary:
    """*dictionary* for a store with the loyalty program and the retention of *rules*."""
    program = rules.program
    worth = None if program is None else program.points_for_one
    purges = any(rule.of == ACCOUNTS for rule in rules.retention)
    return dataclasses.replace(dictionary, points_for_one=worth, purges=purges)


def read_names(shop: Shop, *, own_tables: bool, products: bool = True) -> Names:
    """The names of the store and, where *own_tables* exist, of the tags; as `load_names`."""
    own = shop.own if own_tables else None
    with transaction(shop.engine) as tx:
        names = load_names(tx, shop.tables, shop.settings, own, shop.key_blocks, products=products)
        if own_tables and tx.dialect.has_table(tx, shop.own.state.name):
            ladder_plan.with_remembered(names, ladder_plan.remembered(tx, shop.own))
            name_memory.recall(tx, shop.own, names)
    return names


def check_files(
    shop: Shop, directory: Path, *, own_tables: bool, builtins: bool = True
) -> CheckedRules:
    """
    Read and check the rules of *directory*, of the admin, and the built-in ones.

    Raises:
        RuleError: With every problem found in the files.
    """
    admin = read_admin(shop) if own_tables else []
    files = read_files(directory)
    return checker(shop, files, own_tables=own_tables, builtins=builtins)(admin)


def checker(
    shop: Shop,
    files: Sequence[tuple[str, bytes]],
    *,
    own_tables: bool,
    builtins: bool = True,
    products: bool = True,
) -> Callable[[Sequence[AdminRule]], CheckedRules]:
    """
    `check_files` for any rules of the admin, e.g. those there would be after a change.

    The store is read now, and not again. Without *products* nothing says that a rule names one
    that is not there, and a large catalogue is not read.
    """
    dictionary = read_dictionary(shop)
    names = read_names(shop, own_tables=own_tables, products=products)
    with transaction(shop.engine) as tx:
        found = groups.read_groups(tx, shop.tables)

    def check(admin: Sequence[AdminRule]) -> CheckedRules:
        rules = read_and_check(
            files,
            dictionary.catalogue,
            names,
            admin=admin,
            builtins=builtins,
            absent=_absent(dictionary),
            paid_statuses=shop.paid,
        )
        more = group_warnings(rules.groups, rules.ladder, names, found)
        warnings = sorted([*rules.warnings, *more], key=lambda found: (found.file, found.line))
        rules = dataclasses.replace(rules, warnings=tuple(warnings))
        known = with_kept(dictionary, rules) if own_tables else dictionary
        return CheckedRules(rules, known, names)

    return check


def read_admin(shop: Shop) -> list[AdminRule]:
    """The rules made in the admin; none where our tables are older than these."""
    with transaction(shop.engine) as tx:
        if not tx.dialect.has_table(tx, shop.own.rule.name):
            return []
        return admin_rules.read(tx, shop.own)


def _absent(dictionary: Dictionary) -> dict[str, str]:
    """Facts that this store does not have, and why."""
    if dictionary.birthday is not None:
        return {}
    return {"birthday": "no custom field holds the birthday ([shop] birthday_field)"}


def vocabulary(shop: Shop, directory: Path, *, own_tables: bool, builtins: bool = True) -> RuleSet:
    """Lists and segments that an expression may name; without the files where they are wrong."""
    admin = read_admin(shop) if own_tables else []
    try:
        files = read_files(directory)
        return checker(shop, files, own_tables=own_tables, builtins=builtins)(admin).rules
    except RuleError:
        return checker(shop, [], own_tables=own_tables, builtins=builtins)(admin).rules


def check_offline(directory: Path, *, builtins: bool = True) -> RuleSet:
    """
    Check the rules of *directory* without a store: its names and custom fields are not known.

    Raises:
        RuleError: With every problem found.
    """
    return read_and_check(read_files(directory), Catalogue(), Names(), builtins=builtins)
