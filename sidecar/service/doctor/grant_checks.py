"""Each privilege that the account of the sidecar needs, one by one, and what it has beyond them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Table, inspect

from sidecar.service.doctor.case import ServerCase
from sidecar.service.doctor.finding import Finding
from sidecar.service.doctor.grants import ALL, Grants, quoted, read_grants
from sidecar.shop.database import transaction
from sidecar.shop.indexes import INDEXES
from sidecar.shop.own_tables import own_tables
from sidecar.shop.tables import store_tables

#: What daily work asks of our own tables, and what making, changing and removing them does.
WORK = ("SELECT", "INSERT", "UPDATE", "DELETE")
MAKING = ("CREATE", "ALTER", "INDEX", "DROP")

#: The one column of the store that is changed, and the one that is where consents are kept.
GROUP = "customer_group_id"
NEWSLETTER = "newsletter"

#: OpenCart's table of what its bell shows, without the prefix; 3.0 has none.
BELL = "notification"


@dataclass(frozen=True, slots=True)
class Kept:
    """
    What a loyalty program keeps in a table of the store's own.

    Attributes:
        name: Of the check.
        table: Without the prefix.
        needed: Privileges on it.
        what: For people.
        without: What they are not needed for.
    """

    name: str
    table: str
    needed: tuple[str, ...]
    what: str
    without: str


KEPT = (
    # The last two only to mend it.
    Kept(
        "grants.points",
        "customer_reward",
        ("INSERT", "UPDATE", "DELETE"),
        "points",
        "a loyalty program cannot give points; without one nothing is amiss",
    ),
    Kept(
        "grants.credit",
        "customer_transaction",
        ("INSERT", "UPDATE", "DELETE"),
        "store credit",
        "store credit cannot be kept; without [credit] nothing is amiss",
    ),
    Kept(
        "grants.coupons",
        "coupon",
        ("INSERT", "UPDATE"),
        "coupons",
        "points cannot become coupons; without a loyalty program nothing is amiss",
    ),
)

#: Privileges of the whole server that would let whoever has our password do anything.
POWERFUL = (
    "SUPER",
    "FILE",
    "CREATE USER",
    "GRANT OPTION",
    "SHUTDOWN",
    "INSERT",
    "UPDATE",
    "DELETE",
    "DROP",
)

#: Changes of the store beyond the one column and the points.
_CHANGES = ("INSERT", "UPDATE", "DELETE", "DROP", "ALTER")


def check_grants(case: ServerCase) -> Iterator[Finding]:
    """What the account lacks, with the statement that grants it, and what it has too much."""
    with transaction(case.engine) as tx:
        grants = read_grants(tx)
    database, prefix = case.config.database.name, case.config.database.prefix
    yield _read(grants, database, prefix)
    yield _index(grants, database, prefix, wanted=case.config.database.create_indexes)
    yield _groups(grants, database, f"{prefix}customer")
    yield _newsletter(grants, database, f"{prefix}customer")
    for kept in KEPT:
        yield _kept(grants, database, kept, prefix)
    with transaction(case.engine) as tx:
        # Of the tables that the account sees; to ask for one that it may not read is an error.
        has_bell = f"{prefix}{BELL}" in inspect(tx).get_table_names()
    if has_bell:
        yield _bell(grants, database, f"{prefix}{BELL}")
    yield _own(grants, database, own_names(prefix))
    yield _too_much(grants, database)


def own_names(prefix: str) -> list[str]:
    """The names of all our tables, sorted."""
    names = [table.name for table in own_tables(prefix).metadata.sorted_tables]
    return sorted([*names, f"{prefix}sidecar_migration"])


def _read(grants: Grants, database: str, prefix: str) -> Finding:
    # Which columns a generation has does not matter: the names of the tables are the same.
    lacking = [
        table.name
        for table in store_tables(prefix, "3.0").metadata.sorted_tables
        if not grants.on_columns("SELECT", database, table.name, _columns(table))
    ]
    if not lacking:
        return Finding("grants.read", "ok", "the account may read the store")
    return Finding(
        "grants.read",
        "error",
        f"the account may not read {_listed(lacking)}",
        "no customer can be looked at",
        f"GRANT SELECT ON {grants.place(database)} TO {grants.account};",
    )


def _columns(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _index(grants: Grants, database: str, prefix: str, *, wanted: bool) -> Finding:
    lacking = sorted(
        {
            prefix + index.table
            for index in INDEXES
            if not grants.on_table("INDEX", database, prefix + index.table)
        }
    )
    if not lacking:
        return Finding("grants.index", "ok", "the account may add our indexes")
    found = f"the account may not add indexes to {_listed(lacking)}"
    if not wanted:
        return Finding(
            "grants.index", "ok", f"{found}, and is not to (database.create_indexes is false)"
        )
    return Finding(
        "grants.index",
        "warning",
        found,
        "everything works, slower",
        f"GRANT INDEX ON {grants.place(database)} TO {grants.account};",
    )


def _groups(grants: Grants, database: str, customer: str) -> Finding:
    if grants.on_columns("UPDATE", database, customer, [GROUP]):
        return Finding("grants.group", "ok", "the account may move customers between groups")
    return Finding(
        "grants.group",
        "warning",
        f"the account may not change {customer}.{GROUP}",
        "a ladder and pins of customer groups cannot move anybody",
        f"GRANT UPDATE ({GROUP}) ON {quoted(database)}.{quoted(customer)} TO {grants.account};",
    )


def _newsletter(grants: Grants, database: str, customer: str) -> Finding:
    if grants.on_columns("UPDATE", database, customer, [NEWSLETTER]):
        return Finding("grants.newsletter", "ok", "the account may write the newsletter flag")
    return Finding(
        "grants.newsletter",
        "note",
        f"the account may not change {customer}.{NEWSLETTER}",
        "the flag does not follow consents; without a key nothing is amiss",
        f"GRANT UPDATE ({NEWSLETTER}) ON {quoted(database)}.{quoted(customer)}"
        f" TO {grants.account};",
    )


def _kept(grants: Grants, database: str, kept: Kept, prefix: str) -> Finding:
    """Whether what a loyalty program keeps can be written to the store's own table of it."""
    check, table = kept.name, prefix + kept.table
    if all(grants.on_table(privilege, database, table) for privilege in kept.needed):
        return Finding(check, "ok", f"the account may write {kept.what}")
    listed = ", ".join(kept.needed)
    return Finding(
        check,
        "note",
        f"the account may not write {table}",
        kept.without,
        f"GRANT {listed} ON {quoted(database)}.{quoted(table)} TO {grants.account};",
    )


def _bell(grants: Grants, database: str, table: str) -> Finding:
    if grants.on_table("INSERT", database, table):
        return Finding("grants.bell", "ok", "the account may tell the admin's bell")
    return Finding(
        "grants.bell",
        "note",
        f"the account may not add to {table}",
        "the admin's bell does not tell what needs a person; `sidecar status` does",
        f"GRANT INSERT ON {quoted(database)}.{quoted(table)} TO {grants.account};",
    )


def _own(grants: Grants, database: str, names: Iterable[str]) -> Finding:
    names = list(names)
    unable, stiff = (
        [
            name
            for name in names
            if not all(grants.on_table(privilege, database, name) for privilege in needed)
        ]
        for needed in (WORK, MAKING)
    )
    if not unable and not stiff:
        return Finding("grants.own", "ok", f"the account has our own {len(names)} tables")
    lacking = [name for name in names if name in {*unable, *stiff}]
    what = "work on" if unable else "make, change and remove"
    return Finding(
        "grants.own",
        "error" if unable else "warning",
        f"the account may not {what} {_listed(unable or stiff)}",
        "nothing can be kept there" if unable else "`sidecar migrate` fails where it needs to",
        "\n".join(
            f"GRANT ALL ON {quoted(database)}.{quoted(name)} TO {grants.account};"
            for name in lacking
        ),
    )


def _too_much(grants: Grants, database: str) -> Finding:
    check, way = "grants.least", "docs/howto/grants.sql makes an account with only what is needed"
    powers = [name for name in POWERFUL if grants.on_server(name)]
    if powers:
        all_of_them = any(g.privilege == ALL and g.database is None for g in grants.granted)
        what = ALL if all_of_them else ", ".join(powers)
        return Finding(
            check,
            "warning",
            f"the account has {what} on the whole server",
            "whoever gets at our password can do far more than we do",
            way,
        )
    changes = [name for name in _CHANGES if grants.on_database(name, database)]
    if changes:
        return Finding(
            check,
            "note",
            f"the account has {', '.join(changes)} on every table of the store",
            "whoever gets at our password can change all of the store",
            way,
        )
    return Finding(check, "ok", "the account can change nothing else of the store")


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"
