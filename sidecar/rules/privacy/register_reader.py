"""Reading the tables of one register file; every problem is noted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from sidecar.rules.language import limits
from sidecar.rules.language.source_file import SourceFile
from sidecar.rules.language.suggest import listing
from sidecar.rules.language.toml_places import Path
from sidecar.rules.privacy.register import (
    OWN,
    TO_A_PERSON,
    Addition,
    Class,
    Erase,
    Link,
    PersonalColumn,
    PersonalTable,
    Register,
    Rows,
)
from sidecar.rules.table_reader import TableReader

_FILE_KEYS: Final = ("table", "add", "not_personal")
TABLE_KEYS: Final = (
    "label", "key", "links", "rows", "why", "columns", "plain", "keep_for", "dated", "file_column",
)  # fmt: skip
_ADDITION_KEYS: Final = ("links", "columns", "plain")
COLUMN_KEYS: Final = ("class", "erase", "label", "why", "export")

#: Characters of a label or a why.
MAX_WORDS: Final = 255

#: Names of tables and columns, as far as people use them.
_NAME: Final = re.compile(r"[^\x00-\x1f\x7f`]{1,64}")


class RegisterReader(TableReader):
    """Reads one file; every problem is noted."""

    def __init__(self, source: SourceFile) -> None:
        super().__init__(source)
        self._tables: dict[str, PersonalTable] = {}

    def read(self) -> Register:
        """What the file registers; of use only without problems."""
        document = self.source.tables
        self.unknown(document, (), _FILE_KEYS)
        for name, table in self._named(document, "table", ()):
            if self._is_table(table, ("table", name), "e.g. [table.extension_wishes]"):
                self._tables[name] = self._table(name, table, ("table", name))
        additions = [
            self._addition(name, table, ("add", name))
            for name, table in self._named(document, "add", ())
            if self._is_table(table, ("add", name), "e.g. [add.order.columns]")
        ]
        not_personal: dict[str, str] = {}
        for name, why in self._named(document, "not_personal", ()):
            not_personal[name] = self._words(why, ("not_personal", name))
            if name in self._tables:
                message = f"'{name}' is registered in this file too"
                self.error(("not_personal", name), message, "keep one of the two", key=True)
        return Register(self._tables, not_personal, tuple(additions))

    # -- tables and columns ------------------------------------------------------------

    def _table(self, name: str, table: Mapping[str, Any], path: Path) -> PersonalTable:
        self.unknown(table, path, TABLE_KEYS)
        for key in ("key", "rows"):
            if key not in table:
                example = 'key = "wish_id"' if key == "key" else 'rows = "delete"'
                self.error(path, f"has no {key}", f"e.g. {example}", key=True)
        rows: Rows = self.word(table, "rows", path, get_args(Rows)) or "delete"
        why = self._why(table, path, is_needed=rows != "delete", of=f'rows = "{rows}"')
        read = PersonalTable(
            name=name,
            label=self._label(table, path, name),
            key=self._column_names(table, "key", path),
            links=self._links(table, path),
            rows=rows,
            why=why,
            columns=self._columns(table, path, rows, why),
            plain=frozenset(self._column_names(table, "plain", path)),
            keep_for=self.span(table, "keep_for", path),
            dated=self._column_name(table, "dated", path),
            file_column=self._column_name(table, "file_column", path),
            own=name.startswith(OWN),
            file=self.source.name,
        )
        self._check(read, table, path)
        return read

    def _check(self, read: PersonalTable, table: Mapping[str, Any], path: Path) -> None:
        """What must fit together in a table."""
        self._check_plain(read, path)
        if ("keep_for" in table) != ("dated" in table):
            message = "'keep_for' and 'dated' stand together"
            key = "keep_for" if "keep_for" in table else "dated"
            self.error((*path, key), message, 'e.g. dated = "date_added"', key=True)
        named = {"dated": read.dated, "file_column": read.file_column}
        for key, name in named.items():
            if name is not None and name not in read.classified:
                message = f"'{name}' stands neither in columns nor in plain"
                self.error((*path, key), message, "classify it too")
        for link in read.links:
            is_text = link.to in ("email", "json")
            if read.rows == "rewrite" and is_text and link.column not in read.columns:
                message = f"'{link.column}' holds personal data, so it stands in columns too"
                hint = f'e.g. columns.{link.column} = {{ class = "contact", erase = "blank" }}'
                self.error((*path, "links", link.column), message, hint)

    def _check_plain(self, read: PersonalTable | Addition, path: Path) -> None:
        for column in sorted(read.plain & read.columns.keys()):
            message = f"'{column}' is plain and personal"
            self.error((*path, "plain"), message, "keep one of the two")

    def _addition(self, name: str, table: Mapping[str, Any], path: Path) -> Addition:
        self.unknown(table, path, _ADDITION_KEYS)
        addition = Addition(
            table=name,
            links=self._links(table, path),
            columns=self._columns(table, path, None, ""),
            plain=frozenset(self._column_names(table, "plain", path)),
            file=self.source.name,
        )
        self._check_plain(addition, path)
        return addition

    def _columns(
        self, table: Mapping[str, Any], path: Path, rows: Rows | None, why: str
    ) -> Mapping[str, PersonalColumn]:
        return {
            name: self._column(name, column, (*path, "columns", name), rows, why)
            for name, column in self._named(table, "columns", path)
            if self._is_table(column, (*path, "columns", name), 'e.g. { class = "contact" }')
        }

    def _column(
        self, name: str, column: Mapping[str, Any], path: Path, rows: Rows | None, why: str
    ) -> PersonalColumn:
        """A column; *rows* None: of a table that another file registers."""
        self.unknown(column, path, COLUMN_KEYS)
        if "class" not in column:
            self.error(path, "has no class", f"one of {listing(get_args(Class))}", key=True)
        if rows == "rewrite" and "erase" not in column:
            self.error(path, "has no erase", f"one of {listing(get_args(Erase))}", key=True)
        erase: Erase | None = self.word(column, "erase", path, get_args(Erase))
        if rows in ("delete", "keep") and "erase" in column:
            message = f"'erase' has no effect where rows are {'kept' if why else 'deleted'}"
            self.error((*path, "erase"), message, 'leave it out, or write rows = "rewrite"')
        is_kept = erase == "keep"
        said = self._why(column, path, is_needed=is_kept, of='erase = "keep"')
        kind: Class = self.word(column, "class", path, get_args(Class)) or "content"
        export = column.get("export", kind != "credential")
        if not isinstance(export, bool):
            self.error((*path, "export"), "'export' is true or false")
        return PersonalColumn(
            name=name,
            kind=kind,
            erase="keep" if rows == "keep" else erase or "blank",
            label=self._label(column, path, name),
            why=said or (why if rows == "keep" else ""),
            export=export is True,
        )

    def _links(self, table: Mapping[str, Any], path: Path) -> tuple[Link, ...]:
        links = []
        for column, to in self._named(table, "links", path):
            if isinstance(to, str) and _NAME.fullmatch(to):
                links.append(Link(column, to))
            else:
                hint = f"{listing(TO_A_PERSON)}, or a registered table"
                self.error((*path, "links", column), "a link leads to a name", hint)
        return tuple(links)

    # -- values ------------------------------------------------------------------------

    def _named(self, table: Mapping[str, Any], key: str, path: Path) -> Iterator[tuple[str, Any]]:
        """What stands by names of tables or columns in the table *key*."""
        found = table.get(key, {})
        if not isinstance(found, dict):
            self.error((*path, key), f"'{key}' is a table")
            return
        for name, value in found.items():
            if self._is_name(name, (*path, key, name), key=True):
                yield name, value

    def _is_name(self, name: object, path: Path, *, key: bool = False) -> bool:
        if isinstance(name, str) and _NAME.fullmatch(name):
            return True
        message = "is no name of a table or column"
        self.error(path, message, "up to 64 characters, without the prefix", key=key)
        return False

    def _is_table(self, value: object, path: Path, hint: str) -> bool:
        if not isinstance(value, dict):
            self.error(path, "is a table", hint, key=True)
        return isinstance(value, dict)

    def _column_names(self, table: Mapping[str, Any], key: str, path: Path) -> tuple[str, ...]:
        """One name, or a list of them."""
        value = table.get(key, [])
        if isinstance(value, str):
            names: list[tuple[Path, object]] = [((*path, key), value)]
        elif isinstance(value, list):
            names = [((*path, key, index), name) for index, name in enumerate(value)]
            if not names and key == "key" and key in table:
                self.error((*path, key), "'key' is empty", "name the columns of the primary key")
        else:
            self.error((*path, key), f"'{key}' is a name or a list of names")
            return ()
        found = [str(name) for at, name in names if self._is_name(name, at)]
        if len(set(found)) < len(found):
            self.error((*path, key), f"'{key}' names something twice")
        return tuple(found)

    def _column_name(self, table: Mapping[str, Any], key: str, path: Path) -> str | None:
        if key not in table or not self._is_name(table[key], (*path, key)):
            return None
        return str(table[key])

    def _label(self, table: Mapping[str, Any], path: Path, name: str) -> str:
        """For people; made of the *name* where none is given."""
        if "label" not in table:
            words = name.replace("_", " ")
            return words[:1].upper() + words[1:]
        return self._words(table["label"], (*path, "label"))

    def _why(self, table: Mapping[str, Any], path: Path, *, is_needed: bool, of: str) -> str:
        if is_needed and "why" not in table:
            hint = 'the person reads it, e.g. why = "kept for accounting"'
            self.error(path, f"{of} needs a why", hint, key=True)
        if "why" not in table:
            return ""
        return self._words(table["why"], (*path, "why"))

    def _words(self, value: object, path: Path) -> str:
        """A text for people."""
        if not isinstance(value, str) or not value.strip():
            self.error(path, "is a text in quotes that says something")
        elif len(value) > MAX_WORDS:
            self.error(path, f"has at most {MAX_WORDS} characters, this has {len(value)}")
        elif bad := limits.bad_character(value):
            self.error(path, f"cannot hold the control character {bad}")
        else:
            return value
        return ""
