"""The names a store knows (groups, statuses, categories …), for rules and for people."""

from __future__ import annotations

from sqlalchemy import Column, ColumnElement, Connection, Table, select

from sidecar.model import Names, NameTable
from sidecar.shop.key_blocks import KeyBlocks
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.settings import StoreSettings
from sidecar.shop.tables import StoreTables
from sidecar.shop.text import unescape


def load_names(
    tx: Connection,
    tables: StoreTables,
    settings: StoreSettings,
    own: OwnTables | None = None,
    key_blocks: KeyBlocks | None = None,
    *,
    products: bool = True,
) -> Names:
    """
    Load every namespace a rule may name.

    Args:
        own: Our tables, for the names of tags; None while they do not exist.
        key_blocks: How tables are read that are locked as a whole; None: at once.
        products: Without them a large catalogue is not read.
    """
    blocks = key_blocks or KeyBlocks()

    def described(table: Table, key: Column[int]) -> NameTable:
        return _described(tx, table, key, settings.language_id, blocks)

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
        found["product"] = _products(tx, tables, settings, blocks)
    if own is not None:
        found["tag"] = NameTable()
        tag = own.tag
        for row in tx.execute(select(tag.c.tag_id, tag.c.name).where(tag.c.archived_at.is_(None))):
            found["tag"].add(row.tag_id, row.name)
    return Names(found)


def _products(
    tx: Connection, tables: StoreTables, settings: StoreSettings, blocks: KeyBlocks
) -> NameTable:
    # Descriptions may outlive their product.
    named, product = tables.product_description, tables.product
    exists = named.c.product_id.in_(select(product.c.product_id))
    return _described(tx, named, named.c.product_id, settings.language_id, blocks, exists)


def _described(
    tx: Connection,
    table: Table,
    key: Column[int],
    default_language_id: int,
    blocks: KeyBlocks,
    *conditions: ColumnElement[bool],
) -> NameTable:
    names = NameTable()
    query = (
        select(key.label("id"), table.c.name, table.c.language_id)
        .where(*conditions)
        .order_by(key, table.c.language_id)
    )
    for rows in blocks.each(tx, query, key, None, lambda part: tx.execute(part).all()):
        for row in rows:
            if name := unescape(row.name or ""):
                names.add(row.id, name, preferred=row.language_id == default_language_id)
    return names


def _plain(tx: Connection, key: Column[int], name: Column[str]) -> NameTable:
    names = NameTable()
    for row in tx.execute(select(key.label("id"), name.label("name")).order_by(key)):
        if shown := unescape(row.name or ""):
            names.add(row.id, shown)
    return names
