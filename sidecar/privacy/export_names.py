"""Names that stand beside numbers in an export, as far as the store has them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Select, column, select, table

from sidecar.privacy.live_schema import LiveTable
from sidecar.privacy.rows import Rows
from sidecar.privacy.short_reads import in_parts
from sidecar.shop.text import unescape


@dataclass(frozen=True, slots=True)
class _Source:
    """Where names of one kind stand: a table, its id and the column with the name."""

    table: str
    key: str
    name: str = "name"


#: By kind; the first whose table and columns there are is read.
_SOURCES: Final[Mapping[str, tuple[_Source, ...]]] = {
    "group": (_Source("customer_group_description", "customer_group_id"),),
    "order status": (_Source("order_status", "order_status_id"),),
    "return status": (_Source("return_status", "return_status_id"),),
    "return reason": (_Source("return_reason", "return_reason_id"),),
    "return action": (_Source("return_action", "return_action_id"),),
    "subscription status": (_Source("subscription_status", "subscription_status_id"),),
    "product": (_Source("product_description", "product_id"),),
    "category": (_Source("category_description", "category_id"),),
    "country": (_Source("country_description", "country_id"), _Source("country", "country_id")),
    "zone": (_Source("zone_description", "zone_id"), _Source("zone", "zone_id")),
    "store": (_Source("store", "store_id"),),
    "language": (_Source("language", "language_id"),),
    "currency": (_Source("currency", "currency_id", "title"),),
    "coupon": (_Source("coupon", "coupon_id"),),
    "voucher theme": (_Source("voucher_theme_description", "voucher_theme_id"),),
    "article": (_Source("article_description", "article_id"),),
    "custom field": (_Source("custom_field_description", "custom_field_id"),),
    "custom field value": (
        _Source("custom_field_value_description", "custom_field_value_id"),
    ),
    "tag": (_Source("sidecar_tag", "tag_id"),),
    "segment": (_Source("sidecar_segment", "segment_id"),),
    "earn rule": (_Source("sidecar_earner", "earner_id"),),
}  # fmt: skip

#: The kind of the number that stands in a column, by the column's name.
KIND_OF: Final[Mapping[str, str]] = {
    "customer_group_id": "group",
    "group_id": "group",
    "group_before": "group",
    "group_from": "group",
    "group_to": "group",
    "moved_from": "group",
    "outside_wanted": "group",
    "order_status_id": "order status",
    "return_status_id": "return status",
    "return_reason_id": "return reason",
    "return_action_id": "return action",
    "subscription_status_id": "subscription status",
    "product_id": "product",
    "category_id": "category",
    "country_id": "country",
    "payment_country_id": "country",
    "shipping_country_id": "country",
    "zone_id": "zone",
    "payment_zone_id": "zone",
    "shipping_zone_id": "zone",
    "store_id": "store",
    "language_id": "language",
    "currency_id": "currency",
    "coupon_id": "coupon",
    "voucher_theme_id": "voucher theme",
    "article_id": "article",
    "tag_id": "tag",
    "segment_id": "segment",
    "earner_id": "earn rule",
}


@dataclass(slots=True)
class Names:
    """
    Names by kind and number; each is read once.

    Attributes:
        rows: How the store is read.
        language_id: In which language names are told, where there are several.
    """

    rows: Rows
    language_id: int
    _known: dict[str, dict[int, str | None]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._known["store"] = {0: unescape(self.rows.shop.settings.name)}

    def of(self, kind: str, number: int) -> str | None:
        """The name of *number*; None: the store has none."""
        known = self._known.setdefault(kind, {})
        if number not in known:
            self.learn(kind, [number])
        return known[number]

    def learn(self, kind: str, numbers: Collection[int]) -> None:
        """Read the names of all *numbers* at once, before they are asked for one by one."""
        known = self._known.setdefault(kind, {})
        fresh = sorted({number for number in numbers if number not in known})
        source = self._source(kind)
        for part in in_parts(fresh):
            known.update(dict.fromkeys(part))
            if source is not None:
                known.update(self._read(source, part))

    def _source(self, kind: str) -> _Source | None:
        for source in _SOURCES[kind]:
            live = self.rows.live.get(source.table)
            if live is not None and {source.key, source.name} <= live.columns.keys():
                return source
        return None

    def _read(self, source: _Source, numbers: Collection[int]) -> dict[int, str | None]:
        live: LiveTable = self.rows.live[source.table]
        sql = table(live.name, *(column(name) for name in live.columns))
        columns: list[Any] = [sql.c[source.key], sql.c[source.name]]
        if "language_id" in live.columns:
            columns.append(sql.c.language_id)
        query: Select[Any] = select(*columns).where(sql.c[source.key].in_(sorted(numbers)))
        found: dict[int, str | None] = {}
        is_own = source.table.startswith("sidecar_")
        for number, text, *languages in map(tuple, self.rows.reads.read(query)):
            name = str(text or "")
            if name and (languages == [self.language_id] or number not in found):
                found[int(number)] = name if is_own else unescape(name)
        return found
