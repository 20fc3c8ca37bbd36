"""Which products belong to a category or manufacturer now, by id."""

from __future__ import annotations

from typing import Any, Literal

import polars as pl
from sqlalchemy import Column, Select, select

from sidecar.shop.reader import Schema
from sidecar.sync.reading import WHOLE, Reading

Kind = Literal["product", "category", "manufacturer"]


def products_in(reading: Reading, kind: Kind, ids: frozenset[int], among: pl.Series) -> pl.Series:
    """
    The products in any of the categories (with sub-categories) or manufacturers *ids*.

    Args:
        among: The products that matter; a large reading may give others too.
    """
    wanted = sorted(ids)
    if kind == "product":
        return pl.Series("product_id", wanted, dtype=pl.Int64)
    groups = product_groups(reading, kind, among)
    return groups.filter(pl.col("group_id").is_in(wanted))["product_id"].unique()


def product_groups(reading: Reading, kind: Kind, among: pl.Series) -> pl.DataFrame:
    """
    product_id and group_id: the manufacturer, or every category with all its parents.

    Args:
        among: For few customers only of these products; else of all, read once a pass.
    """
    if reading.is_small:
        return _read(reading, kind, among.unique().sort().to_list())
    name = f"products by {kind}"
    if name not in reading.whole_store:
        reading.whole_store[name] = _read(reading, kind, None)
    return reading.whole_store[name]


def _read(reading: Reading, kind: Kind, products: list[int] | None) -> pl.DataFrame:
    tables = reading.shop.tables

    def rows(query: Select[Any], schema: Schema, key: Column[int], ids: list[int]) -> pl.DataFrame:
        if products is None:
            return reading.all_rows(query, schema, key)
        return reading.rows_at(query, schema, key, ids)

    wanted = products or []
    schema = {"product_id": WHOLE, "group_id": WHOLE}
    if kind == "manufacturer":
        product = tables.product
        query = select(product.c.product_id, product.c.manufacturer_id.label("group_id"))
        query = query.where(product.c.manufacturer_id > 0)
        return rows(query, schema, product.c.product_id, wanted)
    link, path = tables.product_to_category, tables.category_path
    query = select(link.c.product_id, link.c.category_id.label("group_id"))
    links = rows(query, schema, link.c.product_id, wanted)
    paths = rows(
        select(path.c.category_id.label("group_id"), path.c.path_id),
        {"group_id": WHOLE, "path_id": WHOLE},
        path.c.category_id,
        links["group_id"].to_list(),
    )
    parents = links.join(paths, on="group_id").select("product_id", group_id="path_id")
    # A category may lack its own row in the paths of a store in need of repair.
    return pl.concat([links, parents]).unique()
