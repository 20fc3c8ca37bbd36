"""What the register does not know of a database is found, and how to register it proposed."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from sidecar.rules.privacy.coverage import Coverage, compare
from sidecar.rules.privacy.register import Register
from sidecar.rules.privacy.register_file import merged, read_register, shipped

_ORDER = ("order_id int", "customer_id int", "email varchar", "total decimal")


@dataclass(frozen=True)
class Column:
    type: str

    @property
    def is_text(self) -> bool:
        return self.type in ("varchar", "text", "json", "enum", "blob")


@dataclass(frozen=True)
class Table:
    columns: dict[str, Column]
    key: tuple[str, ...] = field(default=())


def _live(**tables: tuple[str, ...]) -> dict[str, Table]:
    """Tables by their columns, each its name and type; the first is the key."""
    made = {}
    for name, columns in tables.items():
        pairs = [column.rpartition(" ") for column in columns]
        made[name] = Table({column: Column(kind) for column, _, kind in pairs}, (pairs[0][0],))
    return made


def _gaps(found: Coverage) -> dict[str, tuple[str, ...]]:
    return {gap.table: gap.columns for gap in found.gaps}


def test_a_store_of_known_tables_has_no_gaps_and_is_counted() -> None:
    found = compare(shipped(), _live(order=_ORDER, product=("product_id int", "name varchar")))

    assert found.complete
    assert (found.gaps, found.notes) == ((), ())
    assert (found.tables, found.columns) == (1, 1)


@pytest.mark.parametrize("kind", ["varchar", "text", "json", "blob"])
def test_a_text_that_an_extension_added_to_a_known_table_is_a_gap(kind: str) -> None:
    found = compare(shipped(), _live(order=(*_ORDER, f"remark_of_driver {kind}")))

    assert not found.complete
    assert _gaps(found) == {"order": ("remark_of_driver",)}


@pytest.mark.parametrize("column", ["weight decimal", "state enum", "exported tinyint", "at int"])
def test_a_number_that_an_extension_added_is_none(column: str) -> None:
    assert compare(shipped(), _live(order=(*_ORDER, column))).complete


def test_a_number_that_looks_personal_is_one() -> None:
    found = compare(shipped(), _live(order=(*_ORDER, "phone bigint", "driver_customer_id int")))
    assert _gaps(found) == {"order": ("phone", "driver_customer_id")}


def test_a_table_of_an_extension_is_a_gap_when_it_looks_personal() -> None:
    found = compare(
        shipped(),
        _live(
            payments=("payment_id int", "order_id int", "card_number varchar", "note varchar"),
            carriers=("carrier_id int", "name varchar", "customer_group_id int"),
            old_customer=("customer_id int", "firstname varchar"),
        ),
    )
    assert _gaps(found) == {
        "old_customer": ("customer_id", "firstname"),
        "payments": ("order_id", "card_number"),
    }
    assert str(found.gaps[1]).startswith("payments (order_id and card_number): not registered")


def test_a_table_that_the_shop_looked_at_is_none() -> None:
    mine = read_register('[not_personal]\ncouriers = "they work for us"', "privacy.d/a.toml")
    live = _live(couriers=("courier_id int", "email varchar"))

    assert not compare(shipped(), live).complete
    assert compare(merged(shipped(), mine), live).complete


@pytest.mark.parametrize(
    "live",
    [
        _live(order=(*_ORDER, "vat_number varchar", "remark varchar")),
        _live(order_product=("order_product_id int", "order_id int", "engraving text")),
        _live(review=("review_id int", "customer_id int", "photo_author varchar")),
        _live(wishes=("wish_id int", "customer_id int", "email varchar", "order_id int")),
        _live(
            payments=(
                "payment id int",
                "order_id int",
                'card "holder" varchar',
                "t\U0001f3f7g text",
            )
        ),
        _live(logins=("ip varchar", "at datetime")),
    ],
)
def test_what_is_proposed_can_be_read_and_closes_the_gap(live: dict[str, Table]) -> None:
    (gap,) = compare(shipped(), live).gaps

    register = merged(shipped(), read_register(gap.snippet, "privacy.d/a.toml"))

    assert compare(register, live).complete


def test_a_proposal_links_and_classifies_what_it_can() -> None:
    live = _live(wishes=("wish_id int", "customer_id int", "email varchar", "words text", "n int"))
    (gap,) = compare(shipped(), live).gaps
    wishes = read_register(gap.snippet, "a.toml").tables["wishes"]

    assert wishes.key == ("wish_id",)
    assert {(link.column, link.to) for link in wishes.links} == {
        ("customer_id", "customer"),
        ("email", "email"),
    }
    assert {name: column.kind for name, column in wishes.columns.items()} == {
        "email": "contact",
        "words": "content",
    }
    assert wishes.plain == {"n"}


def test_a_table_whose_links_or_keys_are_not_there_is_a_gap_although_it_is_registered() -> None:
    text = "[table.wish]\nkey = 'id'\nlinks = { customer = 'customer' }\nrows = 'delete'\n"
    register = merged(shipped(), read_register(text + "plain = ['n']", "privacy.d/a.toml"))

    found = compare(register, _live(wish=("wish_id int", "n int")))

    assert [gap.why.partition(" ")[0] for gap in found.gaps] == ["none", "its"]
    assert not any(gap.snippet for gap in found.gaps)
    assert compare(register, _live(wish=("id int", "customer int", "n int"))).complete


def test_what_a_shops_file_names_and_the_database_lacks_is_a_note_and_no_gap() -> None:
    text = "[table.wish]\nkey = 'id'\nrows = 'delete'\nplain = ['a', 'b']\n"
    gone = "[table.gone]\nkey = 'id'\nrows = 'delete'"
    register = merged(shipped(), read_register(text + gone, "privacy.d/a.toml"))

    found = compare(register, _live(wish=("id int", "a int")))

    assert found.complete
    assert found.notes == (
        "privacy.d/a.toml registers gone, which is not in the database",
        "privacy.d/a.toml names b of wish, not in the database",
    )


def test_tables_of_a_newer_sidecar_are_gaps_that_an_update_closes() -> None:
    live = _live(
        sidecar_future=("id int", "customer_id int"),
        sidecar_pin=("customer_id int", "kind enum", "target_id int", "words text"),
    )
    found = compare(shipped(), live)
    assert _gaps(found) == {"sidecar_future": ("customer_id",), "sidecar_pin": ("words",)}
    assert all("update it" in gap.why and not gap.snippet for gap in found.gaps)


def test_of_no_tables_there_is_nothing_to_know() -> None:
    assert compare(Register(), {}).complete
