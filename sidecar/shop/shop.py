"""The store as the stages see it: its tables, its settings, and how to read rows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
import structlog
from sqlalchemy import Column, Connection, Engine, Select

from sidecar.config import Config, Database
from sidecar.config.key import Key, read_key
from sidecar.errors import (
    ConfigError,
    DatabaseRefusedError,
    DatabaseUnavailableError,
    SchemaChangedError,
    ServerSilentError,
)
from sidecar.model import Names, Scope
from sidecar.shop.database import transaction
from sidecar.shop.key_blocks import KeyBlocks, read_key_blocks
from sidecar.shop.names import load_names
from sidecar.shop.own_tables import OwnTables, own_tables
from sidecar.shop.reader import BulkReader, Schema, read_rows
from sidecar.shop.server import Server, probe
from sidecar.shop.settings import StoreSettings, read_settings
from sidecar.shop.tables import StoreTables, store_tables
from sidecar.shop.versions import Capabilities, detect

#: Above so many customers connectorx is faster than PyMySQL, below it the other way round.
BULK_FROM = 50

#: Ways of logging in that connectorx speaks; the empty one is a socket's or a server's own.
_BULK_LOGINS = frozenset(
    {"", "mysql_native_password", "caching_sha2_password", "mysql_old_password"}
)


@dataclass(slots=True)
class Shop:
    """
    One store and how to reach it.

    Attributes:
        engine: For PyMySQL connections.
        prefix: Of the store's tables and, before ``sidecar_``, of ours.
        server: What it is and can do.
        capabilities: Detected, never configured.
        tables: The store's.
        own: Ours.
        settings: The store's own.
        paid: Statuses of qualifying orders.
        refunded: Return statuses that reduce what was spent.
        guests_by_email: Whether guest orders belong to the account of their e-mail.
        birthday_field: Name or ``#id`` of the custom field with the birthday; empty: none.
        bulk: None where only PyMySQL can connect.
        key_blocks: How tables are read that are locked as a whole.
        key: The installation's; None: none was made.
    """

    engine: Engine
    prefix: str
    server: Server
    capabilities: Capabilities
    tables: StoreTables
    own: OwnTables
    settings: StoreSettings
    paid: frozenset[int]
    refunded: frozenset[int]
    guests_by_email: bool
    birthday_field: str
    bulk: BulkReader | None
    key_blocks: KeyBlocks
    key: Key | None

    def read(
        self, tx: Connection, scope: Scope, query: Select[Any], schema: Schema
    ) -> pl.DataFrame:
        """
        The rows of *query* as a frame of *schema*: in bulk for a large *scope*, else in *tx*.

        Where connectorx fails, PyMySQL reads the same; from then on always. For our own
        tables; the store's are read by `read_keys`.
        """
        bulk = self.bulk  # once: another thread may give it up meanwhile
        if bulk is not None and (scope.ids is None or len(scope.ids) > BULK_FROM):
            try:
                return bulk.read(query, schema)
            except SchemaChangedError:
                return read_rows(tx, query, schema)  # says it better, unless it is there again
            except ServerSilentError:
                raise  # PyMySQL would wait as long again
            except DatabaseUnavailableError as error:
                frame = read_rows(tx, query, schema)
                # PyMySQL could, so it is connectorx that cannot; it need not try again.
                structlog.get_logger().warning("bulk_reader.given_up", error=str(error))
                self.bulk = None
                return frame
        return read_rows(tx, query, schema)

    def read_keys(
        self,
        tx: Connection,
        scope: Scope,
        query: Select[Any],
        schema: Schema,
        key: Column[int],
        keys: Scope | None,
    ) -> pl.DataFrame:
        """
        As `read`, but only rows whose *key* is in *keys*, and so that the store hardly waits.

        Args:
            key: Of a table of *query*. Where it has no index, on MyISAM, what is grouped by it
                comes in several rows, see `KeyBlocks.each`.
            keys: None: all rows.
        """

        in_blocks = self.key_blocks.are_locked(query)

        def read(part: Select[Any]) -> pl.DataFrame:
            if in_blocks:
                # connectorx connects anew for each, and leaves threads behind for half a minute.
                return read_rows(tx, part, schema)
            return self.read(tx, scope, part, schema)

        return pl.concat(list(self.key_blocks.each(tx, query, key, keys, read)))


def open_shop(engine: Engine, config: Config) -> Shop:
    """
    Look at the store behind *engine*: version, settings, statuses.

    Raises:
        DatabaseError: As of `probe` and `detect`.
        ConfigError: A status that the settings name is not one of the store's, or the
            installation's key cannot be used.
    """
    prefix = config.database.prefix
    server = probe(engine, prefix)
    with transaction(engine) as tx:
        capabilities = detect(tx, config.database.name, prefix)
        tables = store_tables(prefix, capabilities.generation)
        settings = read_settings(tx, tables, config.shop.timezone)
        names = load_names(tx, tables, settings, products=False)
        key_blocks = read_key_blocks(tx, config.database.name, tables)
    paid = settings.complete | settings.processing
    if config.shop.paid_statuses is not None:
        paid = _statuses(names, "status", config.shop.paid_statuses, "shop.paid_statuses")
    key = "shop.refunded_return_statuses"
    return Shop(
        engine=engine,
        prefix=prefix,
        server=server,
        capabilities=capabilities,
        tables=tables,
        own=own_tables(prefix),
        settings=settings,
        paid=paid,
        refunded=_statuses(names, "return status", config.shop.refunded_return_statuses, key),
        guests_by_email=config.shop.guest_orders == "by_email",
        birthday_field=config.shop.birthday_field,
        bulk=_bulk_reader(engine, config.database),
        key_blocks=key_blocks,
        key=read_key(config.privacy.key_file),
    )


def _bulk_reader(engine: Engine, database: Database) -> BulkReader | None:
    with transaction(engine) as tx:
        connection = tx.connection.dbapi_connection
        # It would try for half a minute before it said that it cannot log in so.
        if getattr(connection, "_auth_plugin_name", "") not in _BULK_LOGINS:
            return None
        encrypted = bool(tx.exec_driver_sql("SHOW STATUS LIKE 'Ssl_cipher'").one()[1])
    try:
        return BulkReader(database, encrypted=encrypted)
    except DatabaseRefusedError:
        return None


def _statuses(names: Names, namespace: str, wanted: tuple[str, ...], key: str) -> frozenset[int]:
    table = names.tables[namespace]
    found: set[int] = set()
    for name in wanted:
        ids = table.find(name)
        if not ids:
            like = table.suggest(name)
            hint = f"did you mean '{like}'?" if like else ""
            raise ConfigError(key, f"{name!r} is not a {namespace} of this store", hint)
        if len(ids) > 1:
            choice = ", ".join(f'"#{identifier}"' for identifier in ids)
            raise ConfigError(key, f"{name!r} names several, write one of {choice}")
        found.update(ids)
    return frozenset(found)
