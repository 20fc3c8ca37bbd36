"""A small store of either kind: whose tables roll back, or as OpenCart 3 makes them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sidecar.service.private_server import PrivateServer
from sidecar.shop.tables import store_tables
from support import small_store
from support.database import engine_for
from support.given import Given
from support.small_store import NOW, SmallStore


def either_store(
    kind: str, server: PrivateServer, database: str, folder: Path, rules: str = ""
) -> Iterator[SmallStore]:
    """
    A store of OpenCart 4.1 on InnoDB, or of 3.0 on MyISAM.

    Args:
        kind: ``InnoDB`` or ``MyISAM``.
        rules: What its rules file says; empty: there is none.
    """
    settings = server.settings(database)
    generation: Any = "4.1" if kind == "InnoDB" else "3.0"
    with engine_for(settings) as engine, contextlib.closing(server.connect(database)) as writes:
        store_tables(settings.prefix, generation).metadata.create_all(engine)
        given = Given(writes, NOW)
        given.basics()
        for store in small_store.open_on(settings, folder, given):
            if rules:
                store.named_rules({}, rules)
            yield store
