"""A store with a person planted everywhere, their erasure, and what is left of them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pymysql

from sidecar import app, config
from sidecar.config.key import create_key
from sidecar.privacy import erasure_ground, erasure_requests, person, request_steps, requests
from sidecar.privacy.erasure_ground import Ground
from sidecar.privacy.erasure_outcome import Outcome
from sidecar.privacy.means import Means
from sidecar.rules.privacy.register import Register
from sidecar.rules.privacy.register_file import shipped
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from support.dumped import dumped
from support.planted_person import PlantedPerson, Value, plant_person

#: Ours, whose made-up rows would be work that nobody asked for.
WORKING = frozenset(
    {
        "sidecar_erasure",
        "sidecar_intent",
        "sidecar_journal",
        "sidecar_legal_hold",
        "sidecar_suppression",
    }
)


class ErasedStore:
    """
    A store on a server of its own.

    Attributes:
        settings: With a key and a journal of its own, and a folder of uploads.
        uploads: The folder.
    """

    def __init__(self, server: PrivateServer, database: str, folder: Path) -> None:
        self._server, self._database = server, database
        self._connection = server.connect(database)
        if not (folder / "key").exists():
            create_key(folder / "key")
        self.uploads = folder / "store" / "system" / "storage" / "upload"
        self.uploads.mkdir(parents=True, exist_ok=True)
        self.settings = config.Config(
            file=folder / "config.toml",
            database=server.settings(database),
            shop=config.Shop(directory=folder / "store"),
            privacy=config.Privacy(
                key_file=folder / "key",
                journal=folder / "journal.jsonl",
                register=folder / "privacy.d",
                erase_after=timedelta(),
            ),
            rules=config.Rules(directory=folder / "rules.d", builtins=False),
        )
        self.sidecar = app.open_sidecar(self.settings)
        self.sidecar.migrate()
        self.register: Register = shipped()

    @property
    def means(self) -> Means:
        """As the program has them now."""
        return Means(self.settings, self.sidecar.shop, self.sidecar.moment())

    def ground(self) -> Ground:
        """The tables and the register as they are now."""
        return erasure_ground.open_ground(self.means)

    def plant(self, seed: str, customer_id: int, email: str, **more: Any) -> PlantedPerson:
        """Plant a person in every table and column of the register."""
        with contextlib.closing(self._server.connect(self._database)) as connection:
            return plant_person(
                connection,
                self.register,
                seed,
                customer_id=customer_id,
                email=email,
                uploads=self.uploads,
                without=WORKING,
                **more,
            )

    def rows(self, query: str, *parameters: object) -> list[dict[str, Any]]:
        """What *query* selects."""
        with self._connection.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute(query, parameters)
            return list(cursor.fetchall())

    def execute(self, *statements: str) -> None:
        """Run *statements*, each committed."""
        with self._connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def close(self) -> None:
        """Leave no connection behind."""
        self._connection.close()
        self.sidecar.engine.dispose()

    def dump(self) -> dict[str, list[str]]:
        """The whole database."""
        return dumped(self._server, self._database)

    def ask(self, customer_id: int, guest: str = "") -> int:
        """Enter a request for erasure that may begin; its number."""
        shop, moment = self.sidecar.shop, self.sidecar.moment()
        with transaction(shop.engine) as tx:
            who = (
                person.account(tx, shop, customer_id)
                if customer_id
                else person.guest(tx, shop, guest)
            )
            wanted = requests.Wanted(
                kind="erase",
                person=who,
                actor="cli:eve",
                identity="staff",
                verified_by="eve",
                verified_how="showed a card",
            )
            made, _ = requests.enter(tx, shop, wanted, moment)
            request_steps.approve(tx, shop, made.request_id, "cli:eve", moment, moment.epoch_s)
        return made.request_id

    def erase(self, customer_id: int, guest: str = "") -> Outcome:
        """Erase a person from the request on."""
        number = self.ask(customer_id, guest)
        outcome = erasure_requests.erase_request(self.ground(), number)
        assert outcome is not None
        return outcome

    def totals(self) -> list[dict[str, Any]]:
        """What was sold, by month, product and tax country, added up by the server."""
        prefix = self.sidecar.shop.prefix
        return self.rows(
            f"SELECT DATE_FORMAT(o.date_added, '%%Y-%%m') AS month, p.product_id,"
            " o.payment_country_id, o.order_status_id, COUNT(*) AS number,"
            " SUM(p.quantity) AS quantity, SUM(p.total) AS total, SUM(p.tax) AS tax,"
            " SUM(o.total) AS of_orders"
            f" FROM `{prefix}order` o LEFT JOIN `{prefix}order_product` p USING (order_id)"
            " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
        )


def left_of(
    planted: PlantedPerson, dump: Mapping[str, list[str]], register: Register
) -> list[Value]:
    """What of *planted* stands in *dump*, but for what the register says is kept."""
    wanted = [
        value for value in planted.values if value.is_findable and not _is_kept(value, register)
    ]
    everything = "\n".join(row for rows in dump.values() for row in rows)
    return [
        value for value in wanted if not _is_kept(value, register) and needle(value) in everything
    ]


def needle(value: Value) -> str:
    """The part of *value* that looks the same however it is escaped: its own word."""
    word = value.plain.split(" ")[0]
    return word if len(word) >= 7 else value.plain


def _is_kept(value: Value, register: Register) -> bool:
    one = register.tables[value.table]
    if one.rows == "delete":
        return False
    column = one.columns.get(value.column)
    if column is None:
        return True  # says nothing about the person once the others are gone
    if one.name == "sidecar_consent":
        return False
    return one.rows == "keep" or column.erase == "keep"
