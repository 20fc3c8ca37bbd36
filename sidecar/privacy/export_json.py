"""``export.json``: for programs, in pieces; docs/reference/export.schema.json is its form."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from sidecar.privacy.export_about import About, retention
from sidecar.privacy.export_contents import Contents, ExportTable
from sidecar.sync.state import Json

FORMAT = "opencart-sidecar-export"
VERSION = 1

#: What is told of consents.
_CONSENTS = ("consents", "suppressed", "history")

#: Rows that make one piece.
_ROWS = 200


def pieces(
    about: About, contents: Contents, told: Callable[[int], None] = lambda _: None
) -> Iterator[bytes]:
    """
    The whole file, UTF-8.

    Args:
        told: Told how many rows a piece holds.
    """
    head: dict[str, Json] = {
        "format": FORMAT,
        "version": VERSION,
        "request": about.request,
        "made_at": about.made_at,
        "store": about.store,
        "person": {
            "customer_id": about.customer_id or None,
            "email": about.email,
            "identity": about.identity,
        },
        "complete": not about.missing,
        "missing": list(about.missing),
        "decisions": about.decisions,
        "consents": {name: about.consents[name] for name in _CONSENTS},
        "files": [
            {
                "name": upload.name,
                "file": upload.place or None,
                "bytes": upload.size if upload.place else None,
                "why_not": upload.why_not or None,
            }
            for upload in about.uploads
        ],
    }
    yield _bytes(f'{_json(head)[:-1]},"tables":[')
    for number, table in enumerate(contents.tables):
        yield _bytes(("," if number else "") + _json(_head(table))[:-1] + ',"rows":[')
        yield from _rows(contents.told(table), told)
        yield b"]}"
    yield b"]}\n"


def _head(table: ExportTable) -> dict[str, Json]:
    one = table.register
    return {
        "name": one.name,
        "label": one.label,
        "retention": retention(one),
        "columns": [
            {
                "name": column.name,
                "label": column.label,
                "class": column.kind,
                "shown": not column.why_not,
                "why_not": column.why_not or None,
            }
            for column in table.columns
        ],
    }


def _rows(rows: Iterable[Json], told: Callable[[int], None]) -> Iterator[bytes]:
    part: list[str] = []
    joint = ""
    for row in rows:
        part.append(_json(row))
        if len(part) == _ROWS:
            yield _bytes(joint + ",\n".join(part))
            told(len(part))
            part, joint = [], ",\n"
    if part:
        yield _bytes(joint + ",\n".join(part))
        told(len(part))


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _bytes(text: str) -> bytes:
    # Half of a character, which JSON of others may hold, is written as JSON writes it.
    return text.encode("utf-8", "backslashreplace")
