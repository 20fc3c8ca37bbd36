"""``bridge``: the extension that shows what we know in the store's own admin."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sidecar.cli import options, show
from sidecar.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from sidecar.shop.installation import Installation

_Store = Annotated[
    Path | None,
    typer.Option(
        "--opencart",
        metavar="DIR",
        help="The store's folder, with index.php and config.php; default: [shop] directory.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the family to *app*."""
    family = typer.Typer(no_args_is_help=True, help="The pages in the store's own admin.")
    family.command("zip")(zip_)
    family.command("install")(install)
    family.command("uninstall")(uninstall)
    app.add_typer(family, name="bridge")


def zip_(
    output: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Where to write it, over a file that is there."),
    ] = Path("sidecar.ocmod.zip"),
) -> None:
    """Write the package that OpenCart's Extensions > Installer takes; needs no settings."""
    from sidecar.service.bridge import contents, package

    package.write(output)
    show.note(f"{output}: the bridge {contents.manifest().version}")
    if output.name != contents.PACKAGE:
        show.note(f"OpenCart takes it only by the name {contents.PACKAGE}: rename it first")


def install(
    context: typer.Context,
    opencart: _Store = None,
    group: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Users of this group get every right; default: the group of the store's first "
            "user, and later only what is new, to who has the bridge in hand.",
            show_default=False,
        ),
    ] = "",
) -> None:
    """Install the pages into the store, bring them to this version, or mend them."""
    from sidecar import clock
    from sidecar.service.bridge import install as bridge

    with _connected(context, opencart) as (store, engine):
        prefix = store.database.prefix
        done = bridge.install(
            store,
            engine,
            prefix,
            clock.now(),
            group=group,
            told=lambda step: show.note(f"  {step}"),
        )
    if done.given:
        names = ", ".join(f"'{show.plain(name)}'" for name in done.given)
        show.note(f"rights given to the group of users {names}")
    if not done.before:
        show.note(f"the bridge {done.version} is installed: Customers > Sidecar in the admin")
    elif done.before != done.version:
        show.note(f"the bridge {done.version} is installed, before it was {done.before}")
    else:
        show.note(f"the bridge {done.version} is in place")
    if done.has_new_files and done.before:
        show.note("where PHP keeps compiled files without looking again, restart it")


def uninstall(context: typer.Context, opencart: _Store = None) -> None:
    """Take the pages out of the store; what we know stays in our own tables."""
    from sidecar.service.bridge import install as bridge

    with _connected(context, opencart) as (store, engine):
        found = bridge.uninstall(store, engine, store.database.prefix, _step)
    show.note("the bridge is gone" if found else "the bridge was not installed: nothing to remove")


def _step(what: str) -> None:
    show.note(f"  {show.plain(what)}")


@contextlib.contextmanager
def _connected(
    context: typer.Context, opencart: Path | None
) -> Iterator[tuple[Installation, Engine]]:
    """
    The store, and its database by the store's own account: ours may not write its tables.

    Raises:
        ConfigError: No store, or its config.php cannot be read.
        DatabaseError: No connection.
        UsageError: No folder was named.
    """
    from sidecar.service import first_config
    from sidecar.shop.database import connect
    from sidecar.shop.installation import read_installation

    directory = opencart or options.settings(context).shop.directory
    if directory is None:
        raise UsageError("bridge: name the store's folder with --opencart")
    store = read_installation(directory)
    database, _ = first_config.reach(store)
    show.note(
        f"OpenCart {store.version} in {store.directory}, database '{database.name}', "
        f"prefix '{database.prefix}'"
    )
    engine = connect(database)
    try:
        yield store, engine
    finally:
        engine.dispose()
