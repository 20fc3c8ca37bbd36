"""``sidecar init``: a config from the store's own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("init")(init)


def init(
    opencart: Annotated[
        Path, typer.Option(metavar="DIR", help="The store's folder, with index.php and config.php.")
    ],
    write: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write there, mode 0600; never over a file."),
    ] = None,
) -> None:
    """Read the store's own config.php, test the connection, print a config."""
    from sidecar.service import first_config
    from sidecar.shop.installation import read_installation

    if write is not None:
        first_config.refuse_existing(write)
    installation = read_installation(opencart)
    database, server = first_config.reach(installation)
    typer.echo(
        f"OpenCart {installation.version} in {installation.directory}; its database "
        f"'{database.name}' answers ({server.version_text})",
        err=True,
    )
    if write is not None:
        first_config.write_new(write, first_config.toml(installation, database, with_password=True))
        typer.echo(f"written: {write}", err=True)
        return
    hidden = sys.stdout.isatty()
    typer.echo(first_config.toml(installation, database, with_password=not hidden), nl=False)
    if hidden:
        typer.echo("the password is not shown on a terminal: use --write FILE", err=True)
    else:
        typer.echo("the output holds the password: keep its file to yourself (mode 0600)", err=True)
