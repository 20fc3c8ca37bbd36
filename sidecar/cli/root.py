"""The root of the command line: the options before a command, and the list of families."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, Literal

import typer

from sidecar import __version__

NAME = "sidecar"

Level = Literal["debug", "info", "warning", "error"]

#: One module each; its ``register(app)`` adds its commands. They stay quick to import:
#: what a command needs is imported when it runs.
FAMILIES = (
    "init",
    "key",
    "passes",
    "customers",
    "explain",
    "rules",
    "tags",
    "pins",
    "points",
    "credit",
    "loyalty",
    "tier",
    "consent",
    "gdpr",
    "runs",
    "daemon",
    "status",
    "doctor",
    "upkeep",
    "bridge",
    "demo",
)


def root() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        name=NAME,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(options)
    for family in FAMILIES:
        importlib.import_module(f"sidecar.cli.{family}").register(app)
    return app


def options(
    context: typer.Context,
    config: Annotated[  # noqa: ARG001 - commands find it in the context
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The settings; default: $SIDECAR_CONFIG, ./config.toml, "
            "/etc/opencart-sidecar/config.toml.",
            show_default=False,
        ),
    ] = None,
    log_level: Annotated[
        Level | None,
        typer.Option(
            envvar="SIDECAR_LOG_LEVEL",
            metavar="LEVEL",
            help="debug, info, warning or error; default: info for `run`, else warning.",
            show_default=False,
        ),
    ] = None,
    debug: Annotated[  # noqa: ARG001 - `main` looks for it
        bool, typer.Option("--debug", help="Show where in the program an internal error is.")
    ] = False,
    version: Annotated[  # noqa: ARG001 - its callback ends the program
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=lambda asked: _version(asked=asked),
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """Facts, tags, groups and segments for the customers of an OpenCart store."""
    from sidecar import log

    log.set_up(log_level or ("info" if context.invoked_subcommand == "run" else "warning"))


def _version(*, asked: bool) -> None:
    if asked:
        typer.echo(f"{NAME} {__version__}")
        raise typer.Exit
