"""``key``: the installation's secret, which privacy needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from sidecar.cli import options, show

if TYPE_CHECKING:
    from pathlib import Path


def register(app: typer.Typer) -> None:
    """Add the family to *app*."""
    family = typer.Typer(no_args_is_help=True, help="The installation's secret.")
    family.command("create")(create)
    family.command("rotate")(rotate)
    app.add_typer(family, name="key")


def create(context: typer.Context) -> None:
    """Make the secret that requests, erasures and consents need, in `[privacy] key_file`."""
    from sidecar.config.key import create_key

    file = options.settings(context).privacy.key_file
    create_key(file)
    show.note(f"{file}: the key was made")
    _say_what_next(file)


def rotate(context: typer.Context) -> None:
    """Add a new secret; what the older ones made stays known as long as they stay in the file."""
    from sidecar.config.key import rotate_key

    file = options.settings(context).privacy.key_file
    key = rotate_key(file)
    show.note(f"{file}: key {key.number} makes what is new from now on")
    _say_what_next(file)


def _say_what_next(file: Path) -> None:
    show.note("keep a copy of it, apart from the backups of the database")
    show.note(f"the daemon must own it (chown opencart-sidecar {file}) and be started anew")
