"""The daemon's work, with what carries out commands."""

from __future__ import annotations

from collections.abc import Callable

from sidecar.app.sidecar import Sidecar
from sidecar.config import Config
from sidecar.daemon.duties import Duties
from sidecar.daemon.work import Pulse


def duties(sidecar: Sidecar, read_config: Callable[[], Config]) -> Duties:
    """The work of the daemon of *sidecar*; *read_config* reads the settings again."""

    def dispatch(duties: Duties, pulse: Pulse) -> str:
        installed = duties.installed
        now = Sidecar(
            installed.config, installed.engine, installed.shop, pulse.stopping, pulse.meanwhile
        )
        asked = now.requests.dispatcher(pulse.beat).dispatch_next()
        return asked.state if asked else ""

    return Duties(sidecar.config, sidecar.engine, read_config, dispatch)
