"""The part of the builder that writes what a store sells and how it is set up."""

from __future__ import annotations

import json
from collections.abc import Iterable

from support.rows import Rows, Value, escaped

PAID = ("5", "1", "2", "12", "3")
COMPLETE = ("5", "3")

_STATUSES = {
    1: "Pending",
    2: "Processing",
    3: "Shipped",
    5: "Complete",
    7: "Canceled",
    11: "Refunded",
    12: "Reversed",
}
_RETURN_STATUSES = {1: "Pending", 2: "Awaiting Products", 3: "Complete"}
_COUNTRIES = {222: "GB", 220: "UA", 223: "US", 81: "DE"}


class GivenStore(Rows):
    """Goods, names and settings."""

    # -- goods -----------------------------------------------------------------------

    def manufacturer(self, name: str) -> int:
        """One manufacturer; the id."""
        return self.insert("manufacturer", {}, name=escaped(name))

    def category(self, name: str, *, parent: int = 0, language: int = 1) -> int:
        """One category below *parent*, with its path as OpenCart keeps it; the id."""
        row: dict[str, Value] = {"parent_id": parent, "status": 1}
        table = "category" if self.exists("category") else "category_path"
        if table == "category":
            category = self.insert("category", row)
        else:
            category = self._next_id("category_path", "category_id")
        path = [*self._path(parent), category]
        for level, step in enumerate(path):
            self.insert("category_path", {"level": level}, category_id=category, path_id=step)
        self.describe("category", category, name, language=language)
        return category

    def product(
        self,
        name: str,
        *,
        manufacturer: int = 0,
        categories: Iterable[int] = (),
        language: int = 1,
    ) -> int:
        """One product; the id."""
        row: dict[str, Value] = {"model": escaped(name)[:64], "status": 1}
        product = self.insert("product", row, manufacturer_id=manufacturer)
        self.describe("product", product, name, language=language)
        for category in categories:
            self.insert("product_to_category", {}, product_id=product, category_id=category)
        return product

    def describe(self, table: str, identifier: int, name: str | None, *, language: int = 1) -> None:
        """The *name* of a row of *table* in one language."""
        self.insert(
            f"{table}_description",
            {},
            **{
                f"{table}_id": identifier,
                "language_id": language,
                "name": None if name is None else escaped(name),
            },
        )

    # -- the store -------------------------------------------------------------------

    def setting(self, key: str, value: object, *, store: int = 0) -> None:
        """One setting, replacing the one there is; lists and maps become JSON."""
        self.settings(store, **{key: value})

    def settings(self, store: int = 0, /, **values: object) -> None:
        """Settings, as `setting` does."""
        marks = ", ".join(["%s"] * len(values))
        self.execute(
            f"DELETE FROM `{self.prefix}setting` WHERE store_id = %s AND `key` IN ({marks})",
            store,
            *values,
        )
        rows: list[dict[str, Value]] = [
            {
                "code": "config",
                "key": key,
                "value": value
                if isinstance(value, str)
                else json.dumps(value, separators=(",", ":")),
                "serialized": int(not isinstance(value, str)),
            }
            for key, value in values.items()
        ]
        self.insert_many("setting", rows, store_id=store)

    def store(self, name: str) -> int:
        """One more store; the id."""
        return self.insert("store", {"url": "https://shop.test/"}, name=escaped(name))

    def language(self, code: str) -> int:
        """One language; the id."""
        return self.insert("language", {"name": code, "status": 1, "locale": code}, code=code)

    def order_status(self, status: int, name: str | None, *, language: int = 1) -> None:
        """The name of an order status."""
        self._status("order_status", status, name, language)

    def return_status(self, status: int, name: str | None, *, language: int = 1) -> None:
        """The name of a return status."""
        self._status("return_status", status, name, language)

    def custom_field(
        self,
        name: str,
        kind: str = "text",
        values: Iterable[str] = (),
        *,
        location: str = "account",
        enabled: bool = True,
    ) -> tuple[int, list[int]]:
        """One custom field; its id and the ids of its values."""
        field = self.insert("custom_field", {}, type=kind, location=location, status=int(enabled))
        self.describe("custom_field", field, name)
        ids = []
        for value in values:
            if self.exists("custom_field_value"):
                number = self.insert("custom_field_value", {}, custom_field_id=field)
            else:
                number = self._next_id("custom_field_value_description", "custom_field_value_id")
            self.insert(
                "custom_field_value_description",
                {},
                custom_field_value_id=number,
                language_id=1,
                custom_field_id=field,
                name=escaped(value),
            )
            ids.append(number)
        return field, ids

    def basics(self) -> None:
        """What OpenCart's installer writes, as far as facts need it, into an empty schema."""
        self.insert("language", {"name": "English", "status": 1}, language_id=1, code="en-gb")
        self.insert("customer_group", {}, customer_group_id=1)
        self.describe("customer_group", 1, "Default")
        self.settings(
            config_name="Your Store",
            config_timezone=self.zone.key,
            config_language="en-gb",
            config_language_catalog="en-gb",
            config_currency="USD",
            config_customer_group_id="1",
            config_processing_status=list(PAID),
            config_complete_status=list(COMPLETE),
        )
        for table, names in (("order_status", _STATUSES), ("return_status", _RETURN_STATUSES)):
            rows: list[dict[str, Value]] = [
                {f"{table}_id": status, "name": name} for status, name in names.items()
            ]
            self.insert_many(table, rows, language_id=1)
        countries: list[dict[str, Value]] = [
            {"country_id": country, "iso_code_2": iso, "status": 1}
            for country, iso in _COUNTRIES.items()
        ]
        self.insert_many("country", countries)

    def _status(self, table: str, status: int, name: str | None, language: int) -> None:
        self.insert(
            table,
            {},
            **{
                f"{table}_id": status,
                "language_id": language,
                "name": None if name is None else escaped(name),
            },
        )

    def _path(self, category: int) -> list[int]:
        if not category:
            return []
        rows = self._rows(
            f"SELECT path_id FROM `{self.prefix}category_path` WHERE category_id = %s"
            " ORDER BY " + ("level" if self.has("category_path", "level") else "path_id"),
            category,
        )
        return [int(str(row[0])) for row in rows]

    def _next_id(self, table: str, column: str) -> int:
        rows = self._rows(f"SELECT COALESCE(MAX(`{column}`), 0) + 1 FROM `{self.prefix}{table}`")
        return int(str(rows[0][0]))
