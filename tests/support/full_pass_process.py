"""A full pass in small ranges as a process of its own, to be killed: CONFIG MOMENT SIZE."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

from sidecar import app, config
from sidecar.model import Moment
from sidecar.sync.compiled_rules import open_rulebook
from sidecar.sync.full_pass import FullPass
from sidecar.sync.pass_runs import Approval


def main(config_file: str, moment: str, size: str) -> None:
    sidecar = app.open_sidecar(config.load(Path(config_file), {}))
    now = Moment(datetime.datetime.fromisoformat(moment), sidecar.shop.settings.zone)
    book = open_rulebook(sidecar.shop, sidecar.check_rules(), now, writing=True, new_limits=True)
    approval = Approval(actor="cli:ann", everything=True)
    FullPass(
        shop=sidecar.shop, book=book, moment=now, cap=0, approval=approval, size=int(size)
    ).carry_out()


if __name__ == "__main__":
    main(*sys.argv[1:])
