"""
Plants in a loaded store what real ones hold and a fresh one lacks.

Every peculiarity that breaks naive code is there at least once, each on customers of
its own, so that a difference names its cause.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from pymysql.connections import Connection

from support import plant_accounts, plant_goods, plant_orders
from support.given import Given
from support.plant import Clock, Plot

#: Tables that a store upgraded over the years keeps in another character set or
#: collation; text is converted, so what does not fit becomes a question mark.
COLLATIONS = {
    "customer_login": "latin1 COLLATE latin1_bin",
    "customer_ip": "latin1 COLLATE latin1_bin",
    "address": "latin1 COLLATE latin1_swedish_ci",
    "order": "utf8mb4 COLLATE utf8mb4_bin",
    "manufacturer": "utf8mb4 COLLATE utf8mb4_bin",
}


@dataclass(frozen=True, slots=True)
class Planted:
    """
    What was planted, for tests that speak of one case.

    Attributes:
        who: Ids of customers by the name of their case.
        birthday_field: The name of the custom field with birthdays.
        refunded_return_statuses: Ids of the return statuses meant to be refunded.
    """

    who: dict[str, int] = field(default_factory=dict)
    birthday_field: str = plant_accounts.BIRTHDAY
    refunded_return_statuses: tuple[int, ...] = (plant_orders.REFUNDED,)


def plant(
    connection: Connection,
    prefix: str,
    version: str,
    zone: ZoneInfo,
    now: datetime.datetime,
    *,
    collations: bool = True,
) -> Planted:
    """
    Plant every case in the store of *connection* and say who is who.

    Args:
        connection: PyMySQL's, with the store's database selected, in autocommit mode.
        version: Of the store's OpenCart, e.g. ``4.1.0.4``.
        zone: What the store's zone becomes.
        now: Aware; the moment that windows are counted from in the tests.
        collations: Whether some tables get another character set or collation first.
    """
    given = Given(connection, now, zone, prefix)
    given.execute("SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION'")
    if collations:
        for table, charset in COLLATIONS.items():
            given.execute(f"ALTER TABLE `{prefix}{table}` CONVERT TO CHARACTER SET {charset}")
    planted = Planted()
    plot = Plot(given, Clock(zone, now), given.language("uk-ua"), planted.who)
    plant_goods.plant(plot)
    plant_accounts.plant(plot)
    plant_orders.plant(plot)
    _plant_session(plot)
    return planted


def rename_tables(connection: Connection, old: str, new: str) -> None:
    """Give every table whose name begins with the prefix *old* the prefix *new*."""
    if old == new:
        return
    with connection.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        names = [str(row[0]) for row in cursor.fetchall()]
        renamed = [f"`{n}` TO `{new}{n[len(old) :]}`" for n in names if n.startswith(old)]
        cursor.execute("RENAME TABLE " + ", ".join(renamed))


def _plant_session(plot: Plot) -> None:
    # The largest a session can be: whoever reads that table will notice.
    if not plot.given.exists("session"):
        return
    kind = plot.given.column_type("session", "data")
    size = {"text": 2**16 - 1, "mediumtext": 2**24 - 1}.get(kind, 0)
    allowed = plot.given.value("SELECT @@max_allowed_packet")
    if size and int(str(allowed)) >= size:
        plot.given.execute(
            f"INSERT INTO `{plot.given.prefix}session` (session_id, data, expire)"
            f" VALUES ('{'f' * 32}', REPEAT('x', {size}), '2030-01-01 00:00:00')"
        )
