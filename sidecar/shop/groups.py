"""What the store has for each customer group: rates of tax, names in its languages."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from sidecar.model import CustomerGroup
from sidecar.shop.tables import StoreTables


def read_groups(tx: Connection, tables: StoreTables) -> dict[int, CustomerGroup]:
    """Every customer group of the store, by id."""
    group, rate, named = (
        tables.customer_group,
        tables.tax_rate_to_customer_group,
        tables.customer_group_description,
    )
    rates = {
        row.customer_group_id: row.n
        for row in tx.execute(
            select(rate.c.customer_group_id, func.count().label("n")).group_by(
                rate.c.customer_group_id
            )
        )
    }
    language = tables.language
    languages = {
        row.language_id: row.code
        for row in tx.execute(
            select(language.c.language_id, language.c.code)
            .where(language.c.status == 1)
            .order_by(language.c.language_id)
        )
    }
    described = {
        (row.customer_group_id, row.language_id)
        for row in tx.execute(select(named.c.customer_group_id, named.c.language_id))
    }
    return {
        row.customer_group_id: CustomerGroup(
            tax_rates=rates.get(row.customer_group_id, 0),
            undescribed=tuple(
                code
                for language_id, code in languages.items()
                if (row.customer_group_id, language_id) not in described
            ),
            approval=bool(row.approval),
        )
        for row in tx.execute(select(group.c.customer_group_id, group.c.approval))
    }
