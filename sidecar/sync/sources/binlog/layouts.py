"""
Which position each watched column has in a table's events, and whom its rows lead to.

With FULL metadata events carry the names of their columns. Without, all that can be said is
what `information_schema` says now, so it counts only where the number of columns and every
type agree with the event; a table that was altered since is decoded by nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from sidecar.shop.settings import KEYS
from sidecar.sync.sources.binlog.columns import TEXTS, WHOLE_NUMBERS, Column, Columns
from sidecar.sync.sources.binlog.events import TableMap
from sidecar.sync.sources.binlog.row_images import ABSENT, Images, Shape, shapes_of
from sidecar.sync.sources.references import References
from sidecar.sync.sources.watched import Lead, TextLead, Watched

#: E-mails found in changed rows.
Texts = dict[TextLead, set[str]]

#: The watched columns of a row, raw.
Row = list[bytes | None]

#: The column that a lead is read from.
_REFERENCE: Final[Mapping[Lead, str]] = {
    "customer": "customer_id",
    "order": "order_id",
    "lines": "order_id",
    "return": "return_id",
    "product": "product_id",
    "email": "email",
}


class LayoutError(ValueError):
    """The columns of a table's events are not those that are known."""


class RowImageError(ValueError):
    """The image of a row leaves out whom the row leads to."""


def undecodable(watched: Iterable[Watched], prefix: str, columns: Columns) -> list[str]:
    """
    What of the *watched* tables keeps their events from being read.

    Returns:
        ``table.column (type)`` each, the table by its whole name; ``table`` alone where its
        columns are not known.
    """
    found = set()
    for table in watched:
        name = (prefix + table.name).lower()
        known = columns.get(name, ())
        if not known:
            found.add(name)
        texts, numbers = _read(table, guests=True)
        for column in known:
            is_read = (
                bool(column.types)
                and (column.name not in texts or column.codec is not None)
                and (column.name not in numbers or column.types <= WHOLE_NUMBERS)
            )
            if not is_read:
                found.add(f"{name}.{column.name} ({column.whole_type})")
    return sorted(found)


class Layout:
    """
    How the events of a watched table are read, and whom its rows lead to.

    Args:
        table_map: Of these events.
        watched: The table.
        columns: What `information_schema` says of it; None: nothing.
        guests: Orders without a customer belong to the account of their e-mail.

    Raises:
        LayoutError: The events' columns are not those that are known.

    Attributes:
        table: As OpenCart names it.
        images: Of its rows: the watched columns.
    """

    def __init__(
        self,
        table_map: TableMap,
        watched: Watched,
        columns: tuple[Column, ...] | None,
        *,
        guests: bool,
    ) -> None:
        self.table = watched.name
        try:
            shapes = shapes_of(table_map.types, table_map.metadata)
        except (IndexError, ValueError) as error:
            raise LayoutError(str(error)) from error
        positions = _positions(table_map, shapes, columns)
        wanted = [c.name.lower() for c in watched.columns if c.name.lower() in positions]
        self.images = Images(shapes, [positions[name] for name in wanted])
        self._lead = watched.lead
        self._reference = _REFERENCE.get(watched.lead, "")
        self._guests = guests and watched.name == "order"
        self._of_settings = watched.name == "setting"
        self._at = {name: index for index, name in enumerate(wanted)}
        self._signed: dict[str, bool] = {}
        self._texts: dict[str, tuple[int, str]] = {}
        known = {column.name: column for column in columns or ()}
        texts, numbers = _read(watched, guests=self._guests)
        for name in (*texts, *numbers):
            if name not in self._at:
                raise LayoutError(f"{name} is not there")
            shape, column = shapes[positions[name]], known.get(name)
            if name in texts:
                self._texts[name] = _text_form(name, shape, column)
            elif shape.kind not in WHOLE_NUMBERS:
                raise LayoutError(f"{name} is no whole number")
            else:
                self._signed[name] = column is None or "unsigned" not in column.whole_type

    def ring(self, before: Row | None, after: Row | None, into: References, texts: Texts) -> bool:
        """
        Add whom a row leads to, by what it was and what it is; None: it was not, is not.

        Returns:
            Whether the row can matter to anybody.

        Raises:
            RowImageError: That column is left out.
            UnicodeDecodeError: An e-mail is not in its character set.
        """
        if self._lead == "everyone":
            if self._of_settings and not self._is_setting_read(before, after):
                return False
            into.setdefault("everyone", set()).add(1)
            return True
        images = [row for row in (before, after) if row is not None]
        if images[0][self._at[self._reference]] is ABSENT:
            raise RowImageError(self._reference)
        for row in images:
            if self._lead == "email":
                _add(texts, "email", self._text(row, "email"))
            elif (number := self._number(row, self._reference)) > 0:
                into.setdefault(self._lead, set()).add(number)
        if self._guests:
            self._ring_guest(before, after, into, texts)
        return True

    def _ring_guest(
        self, before: Row | None, after: Row | None, into: References, texts: Texts
    ) -> None:
        """Whose guest order it was, by its e-mail then; whose it is, by its number."""
        if before is not None and self._number(before, "customer_id") <= 0:
            if before[self._at["email"]] is ABSENT:
                raise RowImageError("email")
            _add(texts, "guest", self._text(before, "email"))
        if after is None:
            return
        of_customer = after[self._at["customer_id"]]
        if of_customer is ABSENT and before is not None:
            is_guest = self._number(before, "customer_id") <= 0
        else:
            is_guest = self._number(after, "customer_id") <= 0
        if not is_guest:
            return
        number = self._number(after, "order_id")
        if number <= 0 and before is not None:
            number = self._number(before, "order_id")
        if number <= 0:
            raise RowImageError("order_id")
        into.setdefault("order", set()).add(number)

    def _is_setting_read(self, before: Row | None, after: Row | None) -> bool:
        """Whether it is a setting of the default store that `sidecar.shop.settings` reads."""
        for row in (before, after):
            if row is None:
                continue
            if any(row[self._at[name]] is ABSENT for name in ("key", "store_id")):
                return True  # rather once too often
            # As the server compares: without regard to case and spaces at the end.
            key = self._text(row, "key").rstrip().lower()
            if key in KEYS and self._number(row, "store_id") == 0:
                return True
        return False

    def _number(self, row: Row, name: str) -> int:
        """A whole number; 0 where it is NULL or left out."""
        raw = row[self._at[name]]
        if raw is None or raw is ABSENT:
            return 0
        return int.from_bytes(raw, "little", signed=self._signed[name])

    def _text(self, row: Row, name: str) -> str:
        """A text; empty where it is NULL or left out."""
        raw = row[self._at[name]]
        if raw is None or raw is ABSENT:
            return ""
        size, codec = self._texts[name]
        return raw[size:].decode(codec)


def _read(watched: Watched, *, guests: bool) -> tuple[list[str], list[str]]:
    """The columns that are decoded: texts, and whole numbers."""
    if watched.name == "setting":
        return ["key"], ["store_id"]
    if watched.lead == "email":
        return ["email"], []
    numbers = [_REFERENCE[watched.lead]] if watched.lead in _REFERENCE else []
    if watched.name == "order" and guests:
        return ["email"], [*numbers, "order_id"]
    return [], numbers


def _positions(
    table_map: TableMap, shapes: tuple[Shape, ...], columns: tuple[Column, ...] | None
) -> dict[str, int]:
    """Where each column is, by its name in small letters."""
    known = {column.name: column for column in columns or ()}
    if table_map.names is not None:
        names = [name.lower() for name in table_map.names]
    elif len(known) == len(shapes):
        names = list(known)
    else:
        raise LayoutError("another number of columns")
    for name, shape in zip(names, shapes, strict=True):
        column = known.get(name)
        if column is not None and shape.kind not in column.types:
            raise LayoutError(f"{name} has another type")
    return {name: index for index, name in enumerate(names)}


def _text_form(name: str, shape: Shape, column: Column | None) -> tuple[int, str]:
    """Bytes of a text's length, and its codec."""
    if column is None or column.codec is None or shape.kind not in TEXTS:
        raise LayoutError(f"{name} is no text in a character set that is known")
    return shape.size, column.codec


def _add(texts: Texts, lead: TextLead, value: str) -> None:
    if value.strip():
        texts.setdefault(lead, set()).add(value)
