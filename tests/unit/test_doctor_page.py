"""The page about the doctor lists every check there is."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).parents[2]
CODE = [*(PROJECT / "sidecar/service/doctor").glob("*.py"), PROJECT / "sidecar/cli/doctor.py"]
PAGE = (PROJECT / "docs/howto/doctor.md").read_text("utf-8")


def test_every_check_has_its_place_on_the_page() -> None:
    table = PAGE.split("## What is checked")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (\w+) \| (`.+?`) \|", table, re.MULTILINE)
    told = {name for _, cell in rows for name in re.findall(r"`([a-z_.]+)`", cell)}
    subjects = "|".join(subject for subject, _ in rows)
    code = "\n".join(file.read_text("utf-8") for file in CODE)
    # Names of the functions in `examine` that give no finding of that name.
    only_run = {"store.policy"}

    found = set(re.findall(rf'"((?:{subjects})\.[a-z_]+)"', code)) - only_run
    assert told == {name for name in found if not name.endswith(".checked")}
    assert all(
        name.startswith(f"{subject}.") for subject, cell in rows for name in told if name in cell
    )
