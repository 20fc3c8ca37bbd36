"""Every setting with its type and default: the structs a config file becomes."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from sidecar.config.values import Address, Age, Secret

Port = Annotated[int, Meta(ge=1, le=65_535)]
Prefix = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_]{0,32}$")]
Text = Annotated[str, Meta(min_length=1)]


class Database(Struct, frozen=True, kw_only=True):
    """
    Where the store's database is.

    Attributes:
        host: Name or number; not used when *socket* is set.
        socket: Path of the server's Unix socket, or None.
        port: Of *host*.
        user: The account.
        password: As found in the file, *password_file* or the credentials directory.
        password_file: Where the password was read from, if it was.
        name: The database's name.
        prefix: What the names of the store's tables begin with; may be empty.
        tls: ``auto``: where the server offers it and is another machine.
        tls_ca: The server's certificate must be signed by one of these; None: not checked.
        tls_cert: Our certificate, with *tls_key*.
        tls_key: Our key, with *tls_cert*.
        create_indexes: Whether ``migrate`` may add indexes to InnoDB tables of the store.
    """

    host: Text = "127.0.0.1"
    socket: Path | None = None
    port: Port = 3306
    user: Text = "opencart"
    password: Secret = Secret("")
    password_file: Path | None = None
    name: Text = "opencart"
    prefix: Prefix = "oc_"
    tls: Literal["auto", "off", "required"] = "auto"
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    create_indexes: bool = True


class Shop(Struct, frozen=True, kw_only=True):
    """
    How the store is read.

    Attributes:
        directory: The store's folder, or None.
        timezone: Its DATETIMEs are in; None: the store's config_timezone.
        paid_statuses: Names of the statuses of orders that count; None: the store's own.
        refunded_return_statuses: Names of the return statuses that take money back.
        guest_orders: Whether an order without an account counts for the account of its e-mail.
        birthday_field: Name or ``#id`` of the custom field that holds it; empty: none.
    """

    directory: Path | None = None
    timezone: ZoneInfo | None = None
    paid_statuses: tuple[str, ...] | None = None
    refunded_return_statuses: tuple[str, ...] = ()
    guest_orders: Literal["ignore", "by_email"] = "ignore"
    birthday_field: str = ""


class Rules(Struct, frozen=True, kw_only=True):
    """
    Where the rules are and how much a pass may change.

    Attributes:
        directory: Folder of ``*.toml``; need not exist.
        builtins: Whether the built-in segments are on.
        max_change: Share of the customers, 0 to 1; a run over both limits waits for approval.
        max_change_floor: Customers.
    """

    directory: Path = Path("rules.d")
    builtins: bool = True
    max_change: Decimal = Decimal("0.05")
    max_change_floor: Annotated[int, Meta(ge=0)] = 50


class Sync(Struct, frozen=True, kw_only=True):
    """
    How changes are noticed.

    Attributes:
        mode: ``auto``: the binary log where it can be read, else polling.
        poll_interval: Between two looks when polling.
        threads: Of Polars.
    """

    mode: Literal["auto", "binlog", "poll"] = "auto"
    poll_interval: datetime.timedelta = datetime.timedelta(seconds=2)
    threads: Annotated[int, Meta(ge=1, le=256)] = 2


class Http(Struct, frozen=True, kw_only=True):
    """
    Health and metrics.

    Attributes:
        listen: Where; None: off.
    """

    listen: Address | None = None


class Privacy(Struct, frozen=True, kw_only=True):
    """
    Files of export and erasure.

    Attributes:
        key_file: The installation's secret, made by ``key create``.
        journal: What was erased, to be erased again after a restore.
        register: Folder of descriptions of more tables with personal data; need not exist.
        exports: Folder in which exports of persons are made.
        exports_age: After this they are deleted there.
        erase_after: For so long an approved erasure can be cancelled.
    """

    key_file: Path = Path("/var/lib/opencart-sidecar/key")
    journal: Path = Path("/var/lib/opencart-sidecar/erasures.jsonl")
    register: Path = Path("privacy.d")
    exports: Path = Path("/var/lib/opencart-sidecar/exports")
    exports_age: Age = Age(7, "day")
    erase_after: datetime.timedelta = datetime.timedelta(hours=72)


class Upkeep(Struct, frozen=True, kw_only=True):
    """
    How long our own rows are kept.

    Attributes:
        audit_age: Audit entries.
        commands_age: Finished commands.
    """

    audit_age: Age = Age(24, "month")
    commands_age: Age = Age(90, "day")


class Config(Struct, frozen=True, kw_only=True):
    """
    One installation's settings, one attribute a section.

    Attributes:
        file: What they were read from, absolute.
        warnings: What should be mended though it works; each a line for a person.
    """

    database: Database = Database()
    shop: Shop = Shop()
    rules: Rules = Rules()
    sync: Sync = Sync()
    http: Http = Http()
    privacy: Privacy = Privacy()
    upkeep: Upkeep = Upkeep()
    file: Path
    warnings: tuple[str, ...] = ()


#: Name of a section to its struct, in the order of the example file.
SECTIONS: dict[str, type[Struct]] = {
    "database": Database,
    "shop": Shop,
    "rules": Rules,
    "sync": Sync,
    "http": Http,
    "privacy": Privacy,
    "upkeep": Upkeep,
}
