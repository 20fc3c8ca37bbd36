"""A small store with customer groups and a ladder, and what the ladder made of it."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from sqlalchemy import Connection

from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import changed, runs
from sidecar.sync.caps import Budget
from sidecar.sync.compiled_rules import Rulebook, open_rulebook
from sidecar.sync.pinning import Pinning, Word
from sidecar.sync.runs import Waiting
from sidecar.sync.writers import customer_group
from support.small_store import SmallStore


class LadderStore:
    """
    *store* with the groups Silver, Gold and Staff beside Default, by their ids.
    """

    def __init__(self, store: SmallStore) -> None:
        self.store = store
        self.ids = {"Default": 1}
        for name in ("Silver", "Gold", "Staff"):
            self.ids[name] = store.given.group(name)

    def rules(self, more: str, **tags: str) -> None:
        """Rules of tags, and *more* as TOML."""
        self.store.named_rules(tags, more)

    def customer(self, group: str = "Default", **more: Any) -> int:
        """One in a group."""
        return self.store.given.customer(group=self.ids[group], **more)

    def group(self, customer: int) -> str:
        """The native group of *customer*."""
        query = "SELECT customer_group_id AS n FROM `oc_customer` WHERE customer_id = %s"
        (row,) = self.store.rows(query, customer)
        return {number: name for name, number in self.ids.items()}.get(row["n"], "?")

    def save(self, customer: int, group: str | int) -> None:
        """Something writes the native group."""
        number = self.ids[group] if isinstance(group, str) else group
        where = {"customer_id": customer}
        self.store.given.update("customer", where, customer_group_id=number)

    def ring(self, *customers: int, by: str | None = None, cap: int = 1000) -> None:
        """Look at *customers*, of whom something told that they changed; *by* a person."""
        shop, moment = self.store.sidecar.shop, self.store.moment
        budget = Budget(shop.own, cap, moment)
        touched = dict.fromkeys(customers, by) if by else {}
        book = self.store.book()
        changed.answer(shop, book, customers, moment, budget, kind="changed", touched=touched)

    def due(self) -> list[int]:
        """Whom the clock names now."""
        rows = self.store.rows(
            "SELECT customer_id FROM `{own}customer` WHERE next_at <= %s ORDER BY customer_id",
            self.store.moment.epoch_s,
        )
        return [row["customer_id"] for row in rows]

    def pin(self, kind: str, name: str, customer: int, direction: str = "in") -> None:
        """A person pins."""
        word = Word(direction=direction, reason="said so")  # type: ignore[arg-type]
        self.pinning().pin(kind, name, [customer], word)  # type: ignore[arg-type]

    def pinning(self) -> Pinning:
        """Pins by hand."""
        store, shop = self.store, self.store.sidecar.shop

        def book(groups: bool) -> Rulebook:
            return open_rulebook(
                shop,
                store.sidecar.check_rules(),
                store.moment,
                writing=True,
                new_limits=True,
                pinning=groups,
            )

        return Pinning(shop, book, store.moment, "cli:ann")

    def waiting(self) -> list[Waiting]:
        """The runs that wait."""
        with transaction(self.store.sidecar.engine) as tx:
            return runs.waiting(tx, self.store.sidecar.shop.own)

    def segment(self, name: str) -> dict[str, Any]:
        """The row of a segment."""
        return self.store.rows("SELECT * FROM `{own}segment` WHERE name = %s", name)[0]

    def members(self, name: str) -> list[int]:
        """Who is in a segment, by the words."""
        slot = self.segment(name)["slot"]
        rows = self.store.rows(
            f"SELECT customer_id, segments{slot // 64} AS w FROM `{{own}}customer`"
        )
        return sorted(row["customer_id"] for row in rows if (row["w"] or 0) >> slot % 64 & 1)

    def listed(self, name: str) -> list[int] | None:
        """Who has a row as a member; None where none is kept."""
        segment = self.segment(name)
        if not segment["listed"]:
            return None
        query = "SELECT customer_id FROM `{own}member` WHERE segment_id = %s"
        return sorted(row["customer_id"] for row in self.store.rows(query, segment["segment_id"]))

    def history(self, name: str) -> list[tuple[int, int]]:
        """Customer and whether they entered, of each change of a segment."""
        query = "SELECT * FROM `{own}segment_change` WHERE segment_id = %s ORDER BY at, customer_id"
        rows = self.store.rows(query, self.segment(name)["segment_id"])
        return [(row["customer_id"], row["entered"]) for row in rows]

    def somebody_faster(self, customer: int, group: str, patch: pytest.MonkeyPatch) -> None:
        """The group of *customer* is saved once just before we write groups."""
        ours = customer_group.move
        saved: list[int] = []

        def move(tx: Connection, shop: Shop, moved: pl.DataFrame) -> set[int]:
            if not saved:
                self.save(customer, group)
                saved.append(customer)
            return ours(tx, shop, moved)

        patch.setattr(customer_group, "move", move)
