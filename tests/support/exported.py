"""An export as a person gets it, opened by a program that shares no code with ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyzipper

#: HTML that needs no end.
_VOID = frozenset({"meta", "br", "hr", "img", "input", "link"})


@dataclass(frozen=True, slots=True)
class Exported:
    """
    Attributes:
        names: Of what the archive holds.
        json: What export.json says.
        html: The text of export.html.
        readme: The text of README.txt.
        files: What was uploaded, by its place.
    """

    names: tuple[str, ...]
    json: Any
    html: str
    readme: str
    files: dict[str, bytes]

    def table(self, name: str) -> dict[str, Any]:
        """A table of export.json."""
        found: dict[str, Any] = next(one for one in self.json["tables"] if one["name"] == name)
        return found

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Its rows; none where there is no such table."""
        tables = [one for one in self.json["tables"] if one["name"] == name]
        return [row for one in tables for row in one["rows"]]

    def texts(self) -> set[str]:
        """Every text that stands anywhere in the rows of export.json."""
        return {text for one in self.json["tables"] for row in one["rows"] for text in _texts(row)}


def open_export(file: Path, password: str) -> Exported:
    """
    Unpack *file*.

    Raises:
        RuntimeError: The password is wrong.
    """
    with pyzipper.AESZipFile(file) as archive:
        archive.setpassword(password.encode())
        assert all(each.flag_bits & 1 for each in archive.infolist())
        content = {name: archive.read(name) for name in archive.namelist()}
    return Exported(
        names=tuple(content),
        json=json.loads(content["export.json"].decode()),
        html=content["export.html"].decode(),
        readme=content["README.txt"].decode(),
        files={name: data for name, data in content.items() if name.startswith("files/")},
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif value is not None:
        yield str(value)


class Page(HTMLParser):
    """
    A page as a browser reads it.

    Attributes:
        text: What people see.
        tags: Names of all elements.
        unclosed: Elements that were not closed, or closed in another order.
        links: Where attributes lead.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._open: list[str] = []
        self.tags: set[str] = set()
        self.unclosed: list[str] = []
        self.links: set[str] = set()
        self.handlers: set[str] = set()
        self.feed(html)
        self.close()
        self.unclosed += self._open
        self.text = "".join(self._parts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in _VOID:
            self._open.append(tag)
        self.links |= {value or "" for name, value in attrs if name in ("href", "src")}
        self.handlers |= {name for name, _ in attrs if name.startswith("on")}

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.unclosed.append(tag)

    def handle_data(self, data: str) -> None:
        self._parts.append(data)
