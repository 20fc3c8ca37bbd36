"""Which products belong to a category or manufacturer now, by id."""

from __future__ import annotations

from typing import Literal

import polars as pl
from sqlalchemy import ColumnElement, select

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

    def chosen(column: ColumnElement[int]) -> list[ColumnElement[bool]]:
        return [] if products is None else [column.in_(products)]

    schema = {"product_id": WHOLE, "group_id": WHOLE}
    if kind == "manufacturer":
        product = tables.product
        query = select(product.c.product_id, product.c.manufacturer_id.label("group_id"))
        return reading.rows_here(
            query.where(product.c.manufacturer_id > 0, *chosen(product.c.product_id)), schema
        )
    link, path = tables.product_to_category, tables.category_path
    links = reading.rows_here(
        select(link.c.product_id, link.c.category_id.label("group_id")).where(
            *chosen(link.c.product_id)
        ),
        schema,
    )
    categories = [] if products is None else [path.c.category_id.in_(links["group_id"].to_list())]
    paths = reading.rows_here(
        select(path.c.category_id.label("group_id"), path.c.path_id).where(*categories),
        {"group_id": WHOLE, "path_id": WHOLE},
    )
    parents = links.join(paths, on="group_id").select("product_id", group_id="path_id")
    # A category may lack its own row in the paths of a store in need of repair.
    return pl.concat([links, parents]).unique()
