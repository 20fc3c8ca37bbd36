"""
A made-up person in every table and column of the register, with a value of their own in each.

Whatever the live schema has is filled: by each link that leads to the person there is a row
of each table, and rows of the tables that link to these rows in turn. Texts hold what breaks
naive code, and stand in the store as OpenCart would write them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pymysql.connections import Connection

from sidecar.rules.privacy.register import PersonalTable, Register
from support.rows import escaped

Kind = Literal["text", "json", "number", "money", "date", "code"]

#: What people write, after a word that only this value has.
HOSTILE = (
    'O\'Brien & "Söhne"',
    '<script>alert("x")</script>',
    "100%_\\' OR 1=1 --",
    "🦊 &amp; &lt;b&gt; </table>",
    "=cmd()|{{7*7}}${x}",
    "two\nlines\tand a tab",
)

#: Columns whose value has to make sense wherever they stand.
_SENSIBLE: Mapping[str, object] = {
    "store_id": 0,
    "language_id": 1,
    "customer_group_id": 1,
    "order_status_id": 5,
    "return_status_id": 1,
    "product_id": 40,
    "status": 1,
    "currency_id": 1,
    "currency_code": "USD",
    "currency_value": "1.00000000",
    "country_id": 222,
    "payment_country_id": 222,
    "shipping_country_id": 222,
    "newsletter": 1,
}

#: The same of our own tables, whose rows the sidecar reads.
_SENSIBLE_OF_OURS: Mapping[tuple[str, str], object] = {
    ("sidecar_audit", "tags_added"): "",
    ("sidecar_audit", "tags_removed"): "",
    ("sidecar_audit", "asserted"): "",
    ("sidecar_audit", "retracted"): "",
    ("sidecar_redemption", "state"): "returned",
    ("sidecar_command", "state"): "done",
}

#: Tables that begin so are ours, where text stands as it is.
_OWN = "sidecar_"

#: Below so many characters a value cannot be told from others by chance.
FINDABLE = 7

#: 2025-03-01 00:00 UTC; dates and instants of the planted are counted from here.
_FIRST_INSTANT = 1_740_787_200


@dataclass(frozen=True, slots=True)
class Value:
    """
    One planted value.

    Attributes:
        table: Without prefix.
        column: Of the table.
        key: The row's primary key.
        kind: ``code``: of an uploaded file, as it stands in options and custom fields.
        plain: As people read it; numbers and dates as the database tells them.
        stored: As it stands in the column; of ``json`` only a part of it.
        personal: Whether the register calls the column personal.
    """

    table: str
    column: str
    key: tuple[object, ...]
    kind: Kind
    plain: str
    stored: str
    personal: bool

    @property
    def is_findable(self) -> bool:
        """Whether it stands nowhere else by chance."""
        return self.kind in ("text", "json", "code") and len(self.plain) >= FINDABLE


@dataclass(slots=True)
class PlantedPerson:
    """
    Attributes:
        customer_id: 0: a guest.
        email: Of the account, or of the guest.
        values: Everything planted.
        keys: Of the planted rows, by table.
        files: Of uploads, by the path they have in the store's folder for them.
    """

    customer_id: int
    email: str
    values: list[Value] = field(default_factory=list)
    keys: dict[str, list[tuple[object, ...]]] = field(default_factory=dict)
    files: dict[Path, bytes] = field(default_factory=dict)

    def value(self, table: str, column: str) -> Value:
        """The first value of a column."""
        return next(one for one in self.values if (one.table, one.column) == (table, column))

    def plain(self, table: str, column: str) -> str:
        """The first value of a column, as people read it."""
        return self.value(table, column).plain


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    kind: str
    whole: str
    length: int
    whole_digits: int
    comment: str


def plant_person(
    connection: Connection,
    register: Register,
    seed: str,
    *,
    customer_id: int,
    email: str,
    prefix: str = "oc_",
    uploads: Path | None = None,
    fixed: Mapping[tuple[str, str], str] | None = None,
    without: frozenset[str] = frozenset(),
) -> PlantedPerson:
    """
    Plant one person in the store of *connection*.

    Args:
        connection: PyMySQL's, with the store's database selected.
        seed: Three to five small letters that only this person's values begin with.
        customer_id: Of the account, which must not be there; 0: a guest.
        uploads: The store's folder of uploads, where the files are made; None: none are.
        fixed: Values as people write them, by table and column, instead of made-up ones.
        without: Tables that nothing is planted in.
    """
    planting = _Planting(connection, register, seed, customer_id, email, prefix, fixed or {})
    with _session(connection):
        planting.all(uploads, without)
        connection.commit()
    return planting.planted


@contextlib.contextmanager
def _session(connection: Connection) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@SESSION.sql_mode")
        (before,) = cursor.fetchone() or ("",)
        cursor.execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'")
        try:
            yield
        finally:
            cursor.execute("SET SESSION sql_mode = %s", (before,))


class _Planting:
    def __init__(
        self,
        connection: Connection,
        register: Register,
        seed: str,
        customer_id: int,
        email: str,
        prefix: str,
        fixed: Mapping[tuple[str, str], str],
    ) -> None:
        self._connection = connection
        self._register = register
        self._seed = seed
        self._prefix = prefix
        self._fixed = fixed
        self._number = 0
        # Numbers of two people are far apart.
        self._base = int(hashlib.sha256(seed.encode()).hexdigest(), 16) % 900 + 100
        self._live = self._read_live()
        self._codes: list[str] = []
        self.planted = PlantedPerson(customer_id, email)

    def all(self, uploads: Path | None, without: frozenset[str]) -> None:
        order = list(reversed(self._register.erase_order()))
        order.sort(key=lambda one: any(link.to == "code" for link in one.links))
        for one in order:
            if one.name in self._live and one.name not in without:
                for links in self._ways(one):
                    self._row(one, links)
                if one.name == "order_option" and self.planted.keys.get(one.name):
                    self._row(one, {"order_id": self.planted.keys["order"][0][0]}, code=True)
        self._write_files(uploads)

    # -- rows --------------------------------------------------------------------------

    def _ways(self, one: PersonalTable) -> Iterator[dict[str, object]]:
        """What the linking columns hold in each row that is the person's."""
        person = self.planted
        links = [link for link in one.links if link.column in self._live[one.name]]
        to_none: dict[str, object] = {
            link.column: 0 for link in links if link.to not in ("email", "json", "code")
        }
        alone = {link.column for link in links if link.to == "customer"} == set(one.key)
        for link in links:
            if link.to == "customer":
                account = {"email": person.email} if one.name == "customer" else {}
                if person.customer_id:
                    yield to_none | {link.column: person.customer_id} | account
            elif link.to == "email":
                if one.name == "customer":
                    continue
                yield to_none | {link.column: person.email}
            elif link.to == "json":
                for said in self._said():
                    yield to_none | {link.column: said}
            elif link.to == "code":
                for code in self._codes:
                    yield to_none | {link.column: code}
            else:
                for key in person.keys.get(link.to, []):
                    yield to_none | {link.column: key[0]}
            if alone:
                return

    def _said(self) -> Iterator[dict[str, object]]:
        """What JSON says of the person, by their id and by their address."""
        person = self.planted
        if person.customer_id:
            yield {"customer_id": str(person.customer_id), "url": "a/b"}
        yield {"customer": {"email": person.email}}

    def _row(self, one: PersonalTable, links: Mapping[str, object], *, code: bool = False) -> None:
        columns = self._live[one.name]
        values: dict[str, object] = {}
        planted: list[tuple[str, Kind, str, str]] = []
        for name, column in columns.items():
            if name in links and not isinstance(links[name], dict):
                values[name] = links[name]
                continue
            if name in one.key and column.kind in _WHOLE:
                values[name] = self._next_key(column)
                continue
            if code and name == "value":
                of_file = self._code()
                values[name] = of_file
                planted.append((name, "code", of_file, of_file))
                continue
            stored, kind, plain = self._value(one, column, links.get(name))
            values[name] = stored
            if plain:
                planted.append((name, kind, plain, str(stored)))
        key = tuple(values[name] for name in one.key if name in values)
        self._insert(one.name, values)
        self.planted.keys.setdefault(one.name, []).append(key)
        for name, kind, plain, text in planted:
            personal = name in one.columns
            value = Value(one.name, name, key, kind, plain, text, personal)
            self.planted.values.append(value)

    def _insert(self, name: str, values: Mapping[str, object]) -> None:
        names = ", ".join(f"`{column}`" for column in values)
        marks = ", ".join(["%s"] * len(values))
        with self._connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO `{self._prefix}{name}` ({names}) VALUES ({marks})",
                list(values.values()),
            )

    # -- values ------------------------------------------------------------------------

    def _value(self, one: PersonalTable, column: _Column, said: object) -> tuple[object, Kind, str]:
        """As stored, its kind, and as people read it; an empty text: nothing to look for."""
        self._number += 1
        own, number = one.name.startswith(_OWN), self._number
        fixed = self._fixed.get((one.name, column.name))
        if fixed is None and column.name in _SENSIBLE and not own:
            return _SENSIBLE[column.name], "number", ""
        if (one.name, column.name) in _SENSIBLE_OF_OURS:
            return _SENSIBLE_OF_OURS[one.name, column.name], "text", ""
        if column.kind in _WHOLE:
            return self._whole_number(column, own, number)
        if column.kind in ("decimal", "double", "float"):
            if column.kind != "decimal" or column.whole_digits < len(str(self._base)) + 3:
                return "7.25", "money", ""
            money = f"{self._base}{number % 1000:03d}.2500"
            return money, "money", money
        if column.kind in ("datetime", "timestamp", "date"):
            return _date(column, number)
        if column.kind in ("enum", "set"):
            return column.whole.split("'")[1], "text", ""
        if fixed is not None:
            return (fixed if own else escaped(fixed)), "text", fixed
        return self._text(one, column, said, own=own)

    def _text(
        self, one: PersonalTable, column: _Column, said: object, *, own: bool
    ) -> tuple[object, Kind, str]:
        word = f"{self._seed}{self._base}x{self._number:03d}z"
        if column.name == one.file_column:
            name = f"{word}.png.{hashlib.sha256(word.encode()).hexdigest()[:32]}"
            return name, "text", name
        if said is not None or "JSON" in column.comment or _is_json(one, column):
            plain = self._hostile(word, 60, own=own)
            stored = plain if own else escaped(plain)
            found: dict[str, object] = dict(said) if isinstance(said, dict) else {}
            found[str(self._number)] = stored
            if "custom_field" in column.name:
                found["999"] = self._code()
            return _as_php(found), "json", plain
        if column.name.endswith("email"):
            return f"{word}@example.com", "text", f"{word}@example.com"
        if column.name in ("telephone", "fax"):
            number = f"+49 30 {self._base}{self._number:04d}"
            return number, "text", number
        if column.name.endswith("ip"):
            address = f"2001:db8:{self._base:x}:{self._number:x}::a1"
            return address, "text", address
        if column.length < len(word):
            return word[-column.length :], "text", ""
        plain = word if column.name in one.key else self._hostile(word, column.length, own=own)
        return (plain if own else escaped(plain)), "text", plain

    def _hostile(self, word: str, length: int, *, own: bool) -> str:
        text = f"{word} {HOSTILE[self._number % len(HOSTILE)]}"
        room = len(text if own else escaped(text))
        return text if room <= length else word

    def _code(self) -> str:
        self._number += 1
        text = f"{self._seed}{self._base}{self._number}"
        code = text + hashlib.sha256(text.encode()).hexdigest()[: 40 - len(text)]
        self._codes.append(code)
        return code

    def _whole_number(self, column: _Column, own: bool, number: int) -> tuple[object, Kind, str]:
        if own and column.kind == "bigint" and _is_instant(column.name):
            return _FIRST_INSTANT + number * 61, "date", ""
        largest = {"tinyint": 1, "smallint": 30_000, "mediumint": 8_000_000}.get(column.kind)
        if largest is not None:
            return min(number, largest), "number", ""
        value = self._base * 10**6 + 777_000 + number
        return value, "number", str(value)

    def _next_key(self, column: _Column) -> int:
        self._number += 1
        if column.kind in ("tinyint", "smallint"):
            return self._number % 100
        return self._base * 10**6 + 555_000 + self._number

    # -- files -------------------------------------------------------------------------

    def _write_files(self, uploads: Path | None) -> None:
        names = [
            value
            for value in self.planted.values
            if value.column == self._register.tables[value.table].file_column
        ]
        for value in names:
            path, content = Path(value.stored), f"file of {value.plain}".encode()
            self.planted.files[path] = content
            if uploads is not None:
                (uploads / path).write_bytes(content)

    # -- the schema --------------------------------------------------------------------

    def _read_live(self) -> dict[str, dict[str, _Column]]:
        found: dict[str, dict[str, _Column]] = {}
        with self._connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_name, column_name, data_type, column_type,"
                " character_maximum_length, numeric_precision - numeric_scale,"
                " column_comment, extra"
                " FROM information_schema.columns"
                " WHERE table_schema = DATABASE() AND LEFT(table_name, %s) = %s"
                " ORDER BY table_name, ordinal_position",
                (len(self._prefix), self._prefix),
            )
            for name, column, kind, whole, length, digits, comment, extra in cursor.fetchall():
                if "GENERATED" in str(extra).upper():
                    continue
                size = min(int(length or 0), 500)
                table = found.setdefault(str(name)[len(self._prefix) :], {})
                table[str(column)] = _Column(
                    str(column),
                    str(kind).lower(),
                    str(whole),
                    size,
                    int(digits or 0),
                    str(comment),
                )
        return found


_WHOLE = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint"})


def _date(column: _Column, number: int) -> tuple[object, Kind, str]:
    day, minute = number % 28 + 1, number % 60
    if column.kind == "date":
        return f"2025-03-{day:02d}", "date", f"2025-03-{day:02d}"
    at = f"2025-03-{day:02d} {number % 24:02d}:{minute:02d}:{number % 57:02d}"
    return at, "date", at


def _is_instant(name: str) -> bool:
    return name.rpartition("_")[2] in ("at", "since", "until")


def _is_json(one: PersonalTable, column: _Column) -> bool:
    if column.kind == "json" or "custom_field" in column.name:
        return True
    if column.name in ("payment_method", "shipping_method"):
        return "text" in column.kind
    return (one.name, column.name) == ("cart", "option")


def _as_php(value: Mapping[str, Any]) -> str:
    """As PHP's ``json_encode`` writes it."""
    return json.dumps(value).replace("/", "\\/")
