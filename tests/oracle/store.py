"""
How the oracle reads a store: SQL, and the store's own settings and zone.

Nothing here or beside it imports the sidecar: the oracle says what is right.
"""

from __future__ import annotations

import datetime
import html
import json
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from pymysql.connections import Connection
from pymysql.cursors import Cursor


class Store:
    """
    One store, read with plain SQL.

    Args:
        version: Of its OpenCart, e.g. ``4.1.0.4``.
        guest_orders: ``ignore`` or ``by_email``.
        refunded_return_statuses: Ids.
    """

    def __init__(
        self,
        connection: Connection,
        prefix: str,
        version: str,
        zone: ZoneInfo,
        *,
        guest_orders: str = "ignore",
        refunded_return_statuses: Iterable[int] = (),
    ) -> None:
        self.connection = connection
        self.prefix = prefix
        self.version = tuple(int(part) for part in version.split("."))
        self.zone = zone
        self.guest_orders = guest_orders
        self.refunded = ids(refunded_return_statuses)
        self.on_mysql = "mariadb" not in connection.get_server_info().lower()
        self._binary = "utf8mb4_0900_bin" if self.on_mysql else "utf8mb4_nopad_bin"
        self.complete = ids(self._statuses("config_complete_status"))
        self.paid = ids(
            [
                *self._statuses("config_complete_status"),
                *self._statuses("config_processing_status"),
            ]
        )
        self.language = self._language()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """
        The rows of *query*.

        In it ``{p}`` is the prefix of the tables, ``{binary}`` a collation to which every byte
        matters, blanks at the end too.
        """
        with self.connection.cursor(Cursor) as cursor:
            cursor.execute(query.replace("{p}", self.prefix).replace("{binary}", self._binary))
            return list(cursor.fetchall())

    def by_customer(self, query: str) -> dict[int, Any]:
        """The second column of *query* by its first, the customer."""
        return {int(customer): value for customer, value in self.rows(query)}

    def names_by_customer(self, query: str) -> dict[int, list[str]]:
        """The names of *query* (customer, name), each once, sorted."""
        found: dict[int, set[str]] = {}
        for customer, name in self.rows(query):
            if shown := text(name):
                found.setdefault(int(customer), set()).add(shown)
        return {customer: sorted(names) for customer, names in found.items()}

    def named(self, table: str, key: str) -> str:
        """
        SQL: *key* and ``name`` of the rows of *table* that have a name.

        In the default language, else in the first that has one.
        """
        return f"""(SELECT {key}, name FROM (
            SELECT {key}, name, ROW_NUMBER() OVER (
                PARTITION BY {key} ORDER BY language_id = {self.language} DESC, language_id
            ) AS place
            FROM `{{p}}{table}` WHERE CHAR_LENGTH(name) > 0) each_language WHERE place = 1)"""

    def tables(self) -> set[str]:
        """The tables of the store, without the prefix."""
        names = (str(row[0]) for row in self.rows("SHOW TABLES"))
        return {name[len(self.prefix) :] for name in names if name.startswith(self.prefix)}

    # -- time ------------------------------------------------------------------------

    def instant(self, wall: str | None) -> datetime.datetime | None:
        """
        The instant of the store's wall time; a repeated hour is its first occurrence.

        None without one, and where it lies in no year from 1 to 9999 of UTC.
        """
        if wall is None:
            return None
        local = datetime.datetime.fromisoformat(wall).replace(tzinfo=self.zone, fold=0)
        try:
            return local.astimezone(datetime.UTC)
        except OverflowError:
            return None

    def shown(self, instant: datetime.datetime | None) -> str | None:
        """*instant* as ISO 8601 in the store's zone."""
        return None if instant is None else instant.astimezone(self.zone).isoformat()

    def shown_by_customer(self, query: str) -> dict[int, str | None]:
        """Wall times of *query* by customer, as they are shown."""
        found = self.by_customer(query)
        return {customer: self.shown(self.instant(wall)) for customer, wall in found.items()}

    # -- orders ----------------------------------------------------------------------

    def orders(self) -> str:
        """
        The head of a query: the CTEs ``every`` order with its owner, the ``qualifying``
        ones, the ``credit`` ones, and each ``refund`` of a qualifying order.
        """
        owner, guests = "COALESCE(o.customer_id, 0)", ""
        if self.guest_orders == "by_email":
            owner = f"IF({owner} = 0, COALESCE(g.customer_id, 0), o.customer_id)"
            guests = (
                "LEFT JOIN (SELECT MIN(c.customer_id) AS customer_id,"
                f" {mail('TRIM(c.email)')} AS mail FROM `{{p}}customer` c GROUP BY mail"
                f" HAVING mail <> '') g ON g.mail = {mail('TRIM(o.email)')}"
            )
        return f"""WITH every AS (
            SELECT o.order_id, {owner} AS customer_id, COALESCE(o.total, 0) AS total,
                   COALESCE(o.order_status_id, 0) AS status, COALESCE(o.store_id, 0) AS store_id,
                   COALESCE(o.payment_country_id, 0) AS country_id,
                   {possible("o.date_added")} AS dated
            FROM `{{p}}order` o {guests}
        ), qualifying AS (
            SELECT * FROM every WHERE status IN ({self.paid}) AND total >= 0
        ), credit AS (
            SELECT * FROM every WHERE status > 0 AND total < 0
        ), refund AS (
            SELECT q.customer_id, q.order_id,
                   COALESCE(r.quantity, 0) * (COALESCE(l.price, 0) + COALESCE(l.tax, 0)) AS amount
            FROM `{{p}}return` r
            JOIN qualifying q ON q.order_id = r.order_id
            JOIN `{{p}}order_product` l ON l.order_product_id = (
                SELECT MIN(s.order_product_id) FROM `{{p}}order_product` s
                WHERE s.order_id = r.order_id AND s.product_id = r.product_id)
            WHERE r.return_status_id IN ({self.refunded})
        )"""

    # -- settings --------------------------------------------------------------------

    def setting(self, key: str) -> str:
        """A setting of the default store, as it stands there; empty when there is none."""
        found = self.rows(
            f"SELECT value FROM `{{p}}setting` WHERE store_id = 0 AND `key` = '{key}'"
        )
        return str(found[0][0] or "") if found else ""

    def _statuses(self, key: str) -> list[int]:
        return [int(status) for status in json.loads(self.setting(key) or "[]")]

    def _language(self) -> int:
        code = self.setting("config_language_catalog") or self.setting("config_language")
        found = self.rows(f"SELECT language_id FROM `{{p}}language` WHERE code = '{code}'")
        return int(found[0][0]) if found else 0


def ids(numbers: Iterable[int]) -> str:
    """*numbers* as a list in SQL; one that nothing is in when there are none."""
    return ", ".join(str(number) for number in sorted(set(numbers))) or "NULL"


def possible(column: str) -> str:
    """SQL: the date *column* where it is a day of the calendar, else NULL."""
    month = f"CONCAT(LPAD(YEAR({column}), 4, '0'), '-', LPAD(MONTH({column}), 2, '0'), '-01')"
    return (
        f"CASE WHEN YEAR({column}) > 0 AND MONTH({column}) > 0 AND DAY({column}) > 0"
        f" AND DAY({column}) <= DAY(LAST_DAY({month})) THEN {column} END"
    )


def mail(column: str) -> str:
    """SQL: an e-mail *column* as it is compared, byte by byte whatever its collation."""
    return f"CAST(LOWER(CONVERT({column} USING utf8mb4)) AS BINARY)"


def text(stored: str | None) -> str | None:
    """A text of the store as it was typed; None when it is empty."""
    return html.unescape(stored or "") or None


def money(amount: Decimal | int | None) -> str:
    """*amount* with 4 decimals."""
    return f"{Decimal(amount or 0):.4f}"


def half_up(numerator: Decimal | int, denominator: int, places: int) -> str:
    """The quotient to *places*, ties away from zero."""
    exact = Decimal(numerator) / Decimal(denominator)
    return str(exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))
