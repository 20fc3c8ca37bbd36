"""A full pass in small ranges as a process of its own, to be killed: CONFIG MOMENT SIZE."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

from sidecar import app, config
from sidecar.model import Moment
from sidecar.sync import full_pass, rulebook
from sidecar.sync.cycle import Pass


def main(config_file: str, moment: str, size: str) -> None:
    sidecar = app.open_sidecar(config.load(Path(config_file), {}))
    now = Moment(datetime.datetime.fromisoformat(moment), sidecar.shop.settings.zone)
    book = rulebook.apply_to(sidecar.shop, sidecar.check_rules(), now, writing=True)
    full_pass.run_full_pass(Pass(sidecar.shop, book, now), actor=None, size=int(size))


if __name__ == "__main__":
    main(*sys.argv[1:])
