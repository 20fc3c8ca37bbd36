"""``run``: the daemon."""

from __future__ import annotations

import os

import typer

from sidecar.cli import options


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("run")(run)


def run(context: typer.Context) -> None:
    """Keep every customer in line, at once and for good: the daemon that systemd runs."""
    from sidecar.daemon.signals import Signals
    from sidecar.service.doctor.processor import require_processor

    require_processor()  # before anything imports Polars
    with Signals() as signals:  # first of all: it may take long to connect, too
        sidecar = options.opened(context)
        sidecar.require_own_tables()
        from sidecar import config
        from sidecar.app.duties import duties
        from sidecar.daemon.files import Files
        from sidecar.daemon.http import Http
        from sidecar.daemon.loop import Daemon
        from sidecar.daemon.systemd import Systemd

        file = sidecar.config.file
        work = duties(sidecar, lambda: config.load(file, os.environ))
        files = Files(file, lambda: work.installed.config.rules.directory, signals.wake)
        http = Http(lambda: work.installed.config.http.listen, work.metrics.pages())
        with files.watching(), http:
            Daemon(work, signals, files, Systemd(), http).run()
