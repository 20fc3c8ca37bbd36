"""The table of a page: how the tests went on each server."""

from __future__ import annotations

import re
from pathlib import Path

_BEGIN, _END = "<!-- results -->", "<!-- end of results -->"


def write_report(page: Path, server: str, day: str, tests: str, counts: tuple[int, ...]) -> None:
    """
    Put a row into the table of *page*, in place of what stood there of the *server*.

    Args:
        day: As 2026-01-31.
        tests: Which were run.
        counts: How many were run, failed and were skipped.
    """
    head, _, rest = page.read_text("utf-8").partition(_BEGIN)
    before, _, tail = rest.partition(_END)
    rows = dict(re.findall(r"^\| (\w[^|]*) (\|.*\d \|)$", before, re.MULTILINE))
    rows[server] = f"| {day} | {tests} | {' | '.join(f'{count:,}' for count in counts)} |"
    table = [
        "| server | day | tests | run | failed | skipped |",
        "| --- | --- | --- | --- | --- | --- |",
        *(f"| {name} {row}" for name, row in sorted(rows.items())),
    ]
    page.write_text("\n".join([head + _BEGIN, "", *table, "", _END + tail]), "utf-8")
