"""The rows every store has before its first customer: languages, statuses, settings, goods."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Table, insert

from sidecar.shop.tables import Generation, StoreTables

#: The store's time zone; its DATETIMEs are local to it.
ZONE = "Europe/Berlin"

#: Language ids with their codes; the first is the default.
LANGUAGES = {1: "en-gb", 2: "de-de"}

ORDER_STATUSES = {
    1: ("Pending", "Offen"),
    2: ("Processing", "In Bearbeitung"),
    3: ("Shipped", "Versendet"),
    5: ("Complete", "Abgeschlossen"),
    7: ("Canceled", "Storniert"),
    8: ("Denied", "Abgelehnt"),
    9: ("Canceled Reversal", "Storno aufgehoben"),
    10: ("Failed", "Fehlgeschlagen"),
    11: ("Refunded", "Erstattet"),
    12: ("Reversed", "Rückgängig"),
    13: ("Chargeback", "Rückbuchung"),
    14: ("Expired", "Abgelaufen"),
    15: ("Processed", "Bearbeitet"),
    16: ("Voided", "Ungültig"),
}
RETURN_STATUSES = {
    1: ("Pending", "Offen"),
    2: ("Awaiting Products", "Warten auf Ware"),
    3: ("Complete", "Erledigt"),
}
GROUPS = {
    1: ("Default", "Standard"),
    2: ("Wholesale", "Großhandel"),
    3: ("Staff", "Mitarbeiter"),
}
#: OpenCart's own ids.
COUNTRIES = {14: "AT", 21: "BE", 74: "FR", 81: "DE", 150: "NL", 170: "PL", 204: "CH", 222: "GB"}
ZONES_PER_COUNTRY = 4

#: Custom fields of the account: id, type, names; the values of the second.
CUSTOM_FIELDS = {
    1: ("date", "Birthday", "Geburtstag"),
    2: ("select", "How did you find us", "Wie gefunden"),
    3: ("text", "Loyalty card", "Kundenkarte"),
}
FOUND_BY = {
    1: ("A friend", "Freunde"),
    2: ("Search engine", "Suchmaschine"),
    3: ("Fair &amp; market", "Messe &amp; Markt"),
}

PRODUCTS = 300
MANUFACTURERS = ("Aldermoor", "Brightwell", "Castanea", "Dunlin &amp; Rook", "Eiderholm", "Fennick")
_THINGS = ("Lamp", "Chair", "Mug", "Blanket", "Shelf", "Teapot", "Rug", "Clock", "Basket", "Vase")
_STYLES = ("Aster", "Birch", "Cobalt", "Dune", "Ember", "Fjord", "Grove", "Harbour", "Iris", "Jute")

#: Categories of the goods: parents, and each with its children.
CATEGORIES = {
    "Living": ("Lighting", "Seating", "Textiles"),
    "Kitchen": ("Cups", "Pots", "Storage"),
    "Garden &amp; balcony": ("Planters", "Outdoor seating"),
    "Sale": (),
}


def write_reference(tx: Connection, tables: StoreTables, generation: Generation) -> None:
    """Insert every reference row."""
    for table, rows in _reference(tables, generation):
        tx.execute(insert(table), rows)


def category_ids() -> tuple[list[dict[str, int]], list[tuple[int, str]]]:
    """The rows of ``category_path``, and every category's id with its English name."""
    paths: list[dict[str, int]] = []
    named: list[tuple[int, str]] = []
    for parent, (name, children) in enumerate(CATEGORIES.items(), start=1):
        top = parent * 20
        named.append((top, name))
        paths.append({"category_id": top, "path_id": top})
        for number, child in enumerate(children, start=1):
            named.append((top + number, child))
            paths += [
                {"category_id": top + number, "path_id": path} for path in (top, top + number)
            ]
    return paths, named


#: The one that orders of the demo were paid with.
COUPON = {
    "coupon_id": 1,
    "name": "Welcome",
    "code": "WELCOME",
    "type": "P",
    "discount": "10.0000",
    "date_start": "0000-00-00",
    "date_end": "0000-00-00",
    "status": 1,
    "date_added": "2020-01-01 00:00:00",
}


def _reference(
    tables: StoreTables, generation: Generation
) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    yield (
        tables.language,
        [{"language_id": key, "code": code, "status": 1} for key, code in LANGUAGES.items()],
    )
    yield tables.store, [{"store_id": 1, "name": "Outlet"}]
    yield tables.coupon, [COUPON]
    yield tables.order_status, _named("order_status_id", ORDER_STATUSES)
    yield tables.return_status, _named("return_status_id", RETURN_STATUSES)
    yield (
        tables.customer_group,
        [{"customer_group_id": key, "approval": int(key == 2)} for key in GROUPS],
    )
    yield tables.customer_group_description, _named("customer_group_id", GROUPS)
    yield (
        tables.tax_rate_to_customer_group,
        [{"tax_rate_id": 1, "customer_group_id": key} for key in GROUPS],
    )
    yield (
        tables.country,
        [{"country_id": key, "iso_code_2": code} for key, code in COUNTRIES.items()],
    )
    yield (
        tables.zone,
        [
            {"zone_id": key * 10 + number, "country_id": key, "code": f"{code}{number}"}
            for key, code in COUNTRIES.items()
            for number in range(ZONES_PER_COUNTRY)
        ],
    )
    yield tables.setting, _settings(generation)
    yield (
        tables.custom_field,
        [
            {"custom_field_id": key, "type": kind, "location": "account", "status": 1}
            for key, (kind, *_) in CUSTOM_FIELDS.items()
        ],
    )
    yield (
        tables.custom_field_description,
        _named("custom_field_id", {key: names for key, (_, *names) in CUSTOM_FIELDS.items()}),
    )
    yield (
        tables.custom_field_value_description,
        [row | {"custom_field_id": 2} for row in _named("custom_field_value_id", FOUND_BY)],
    )
    yield from _goods(tables)


def _goods(tables: StoreTables) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    paths, named = category_ids()
    yield tables.category_path, list(paths)
    yield tables.category_description, _named("category_id", {key: (n, n) for key, n in named})
    yield (
        tables.manufacturer,
        [{"manufacturer_id": key, "name": name} for key, name in enumerate(MANUFACTURERS, start=1)],
    )
    products = range(1, PRODUCTS + 1)
    yield (
        tables.product,
        [
            {"product_id": key, "manufacturer_id": key * 5 % (len(MANUFACTURERS) + 1)}
            for key in products
        ],
    )
    yield (
        tables.product_description,
        _named("product_id", {key: (product_name(key),) * 2 for key in products}),
    )
    leaves = [key for key, _ in named if key % 20]
    links = {(key, leaves[key * 3 % len(leaves)]) for key in products}
    links |= {(key, named[-1][0]) for key in products if key % 6 == 0}
    yield (
        tables.product_to_category,
        [{"product_id": key, "category_id": category} for key, category in sorted(links)],
    )


def product_name(product_id: int) -> str:
    """What the product is called, in every language."""
    number = product_id - 1
    style, thing = _STYLES[number % 10], _THINGS[number // 10 % 10]
    return f"{style} {thing} {number // 100 + 1}"


def _named(key: str, names: Any) -> list[dict[str, Any]]:
    return [
        {key: identifier, "language_id": language, "name": name}
        for identifier, texts in names.items()
        for language, name in zip(LANGUAGES, texts, strict=True)
    ]


def _settings(generation: Generation) -> list[dict[str, Any]]:
    if generation == "4.1":
        languages = {"config_language_catalog": "en-gb", "config_language_admin": "en-gb"}
    else:
        languages = {"config_language": "en-gb", "config_admin_language": "en-gb"}
    plain = {
        "config_name": "The Made-up Store",
        "config_currency": "EUR",
        "config_customer_group_id": "1",
        "config_order_status_id": "1",
        "config_return_status_id": "2",
        "config_timezone": ZONE,
        **languages,
    }
    lists = {
        "config_complete_status": ["5", "3"],
        "config_processing_status": ["5", "1", "2", "12", "3"],
        "config_customer_group_display": ["1"],
    }
    rows = [(key, value, 0) for key, value in plain.items()]
    rows += [(key, json.dumps(value), 1) for key, value in lists.items()]
    return [
        {"store_id": 0, "code": "config", "key": key, "value": value, "serialized": serialized}
        for key, value, serialized in rows
    ]
