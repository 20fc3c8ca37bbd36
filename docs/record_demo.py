"""
Record the demo as pictures for the README: ``.venv/bin/python docs/record_demo.py``.

It runs the real demo and keeps what was last on its screen: nothing in the pictures
is made up but the store.
"""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console, RenderableType

from sidecar.cli.demo import opened
from sidecar.service.demo import Options, Screen, run_demo

IMAGES = Path(__file__).parent / "images"
WIDTH = 122


def record() -> None:
    """Run the demo and write ``demo-live.svg`` and ``demo-summary.svg``."""
    screen = Screen(Console(file=io.StringIO(), force_terminal=True, width=WIDTH))
    run_demo(opened, Options(), screen)
    IMAGES.mkdir(exist_ok=True)
    for name, picture in (("live", screen.live), ("summary", screen.summary)):
        assert picture is not None  # noqa: S101 - the demo came to its end
        _save(IMAGES / f"demo-{name}.svg", picture)


def _save(path: Path, picture: RenderableType) -> None:
    console = Console(file=io.StringIO(), record=True, width=WIDTH, force_terminal=True)
    console.print(picture)
    # A fixed id, or every recording would differ in each line.
    text = console.export_svg(title="sidecar demo", unique_id="demo")
    path.write_text(_without_fonts(text), "utf-8")


def _without_fonts(svg: str) -> str:
    """*svg* with the viewer's own monospaced font: rich names one to be downloaded."""
    before, _, rest = svg.partition("@font-face")
    _, _, after = rest.rpartition("@font-face")
    _, _, after = after.partition("}")
    return (before + after).replace("Fira Code, monospace", "ui-monospace, monospace")


if __name__ == "__main__":
    record()
