"""
Random histories of a store: whatever happens, in whatever order, and wherever the process ends,
the ledger adds up.

Some hundreds here; ``./dev histories 10000`` runs as many others as it is told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.service.private_server import PrivateServer
from sidecar.shop.tables import Generation
from support import small_store
from support.empty_store import empty_store
from support.given import Given
from support.loyalty_histories import Crashes, Histories
from support.small_store import NOW, SmallStore

#: Histories side by side.
SIZE = 50

#: Seeds of batches of that many, where nobody asks for more.
SEEDS = {"InnoDB": range(7), "MyISAM": range(7, 10)}

#: Names of environment variables: how many histories in all, and which is the first.
ASKED, FIRST = "LOYALTY_HISTORIES", "LOYALTY_HISTORIES_FROM"


@pytest.fixture(params=["InnoDB", pytest.param("MyISAM", marks=pytest.mark.both_kinds)])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def either(kind: str, mariadb: PrivateServer, tmp_path: Path) -> Iterator[SmallStore]:
    """A store of OpenCart 4.1, or of 3.0 where nothing is rolled back."""
    generation: Generation = "4.1" if kind == "InnoDB" else "3.0"
    with empty_store(mariadb, f"histories_{kind.lower()}", generation) as database:
        connection = mariadb.connect(database.name)
        given = Given(connection, NOW)
        given.basics()
        shop = {"refunded_return_statuses": ("Complete",), "guest_orders": "by_email"}
        yield from small_store.open_on(database, tmp_path, given, **shop)
        connection.close()


def test_whatever_happens_the_ledger_adds_up(either: SmallStore, kind: str) -> None:
    crashes = Crashes(either.sidecar.engine)
    asked, first = os.environ.get(ASKED), int(os.environ.get(FIRST, "0"))
    seeds = SEEDS[kind] if asked is None else range(first, first - -int(asked) // (2 * SIZE))
    crashed = 0
    for seed in seeds:
        histories = Histories(either, seed, SIZE, crashes)
        try:
            histories.run()
        except BaseException as error:
            error.add_note(f"{kind}, seed {seed}")
            raise
        crashed += histories.crashed
        if asked is not None:
            done = (seed - seeds[0] + 1) * SIZE
            print(f"{kind}: {done:,} histories, {crashed:,} crashes", flush=True)
    assert crashed > len(seeds)
