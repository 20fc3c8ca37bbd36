"""The names a store knows (groups, statuses, categories …), for rules and for people."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Column, Connection, Table, select

from sidecar.model import Names, NameTable
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.settings import StoreSettings
from sidecar.shop.tables import StoreTables
from sidecar.shop.text import unescape


def load_names(
    tx: Connection,
    tables: StoreTables,
    settings: StoreSettings,
    own: OwnTables | None = None,
    *,
    products: bool = True,
) -> Names:
    """
    Load every namespace a rule may name.

    Args:
        own: Our tables, for the names of tags; None while they do not exist.
        products: Without them a large catalogue is not read.
    """

    def described(table: Table, key: Column[int]) -> NameTable:
        return _described(tx, table, key, settings.language_id)

    found = {
        "group": described(
            tables.customer_group_description,
            tables.customer_group_description.c.customer_group_id,
        ),
        "status": described(tables.order_status, tables.order_status.c.order_status_id),
        "return status": described(tables.return_status, tables.return_status.c.return_status_id),
        "category": described(
            tables.category_description, tables.category_description.c.category_id
        ),
        "manufacturer": _plain(
            tx, tables.manufacturer.c.manufacturer_id, tables.manufacturer.c.name
        ),
        "store": _plain(tx, tables.store.c.store_id, tables.store.c.name),
    }
    found["store"].add(0, unescape(settings.name))
    if products:
        found["product"] = described(
            tables.product_description, tables.product_description.c.product_id
        )
    if own is not None:
        found["tag"] = NameTable()
        tag = own.tag
        for row in tx.execute(select(tag.c.tag_id, tag.c.name).where(tag.c.archived_at.is_(None))):
            found["tag"].add(row.tag_id, row.name)
    return Names(found)


def product_names(
    tx: Connection, tables: StoreTables, settings: StoreSettings, ids: Iterable[int]
) -> dict[int, str]:
    """The names of the products *ids* in the default language; ids without one are left out."""
    description = tables.product_description
    query = select(description.c.product_id, description.c.name).where(
        description.c.product_id.in_(sorted(ids)),
        description.c.language_id == settings.language_id,
    )
    return {row.product_id: unescape(row.name or "") for row in tx.execute(query)}


def _described(
    tx: Connection, table: Table, key: Column[int], default_language_id: int
) -> NameTable:
    names = NameTable()
    query = select(key.label("id"), table.c.name, table.c.language_id).order_by(
        key, table.c.language_id
    )
    for row in tx.execute(query):
        preferred = row.language_id == default_language_id
        names.add(row.id, unescape(row.name or ""), preferred=preferred)
    return names


def _plain(tx: Connection, key: Column[int], name: Column[str]) -> NameTable:
    names = NameTable()
    for row in tx.execute(select(key.label("id"), name.label("name")).order_by(key)):
        names.add(row.id, unescape(row.name or ""))
    return names
