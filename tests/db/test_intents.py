"""Groups written to a table without transactions: killed after any statement, nothing is wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from sidecar.config import Database
from sidecar.errors import DatabaseUnavailableError, FencedError
from sidecar.service.private_server import PrivateServer
from sidecar.shop import migrate
from sidecar.shop.database import connect, transaction
from sidecar.shop.leader import leader_lock
from sidecar.shop.tables import store_tables
from sidecar.sync import undo
from sidecar.sync.runs import Run
from sidecar.sync.writers import intents
from support import small_store
from support.database import engine_for
from support.given import Given
from support.ladder_store import LadderStore
from support.small_store import NOW, SmallStore

GOLD = "[[group]]\nname = 'Gold'\nwhen = 'total_spent > 500'\n"
SILVER = "[[group]]\nname = 'Silver'\nwhen = 'orders >= 1'\n"


@pytest.fixture(scope="module")
def myisam(mariadb: PrivateServer) -> Iterator[Database]:
    """The tables of an OpenCart 3, which are MyISAM, and our own."""
    name = "myisam_store"
    mariadb.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    settings = mariadb.settings(name)
    engine = connect(settings)
    tables = store_tables(settings.prefix, "3.0").metadata
    tables.create_all(engine)
    for table in tables.tables:
        mariadb.execute(f"ALTER TABLE {name}.`{table}` ENGINE = MyISAM")
    migrate.migrate(engine, settings.prefix)
    engine.dispose()
    yield settings
    mariadb.execute(f"DROP DATABASE {name}")


@pytest.fixture
def ladder(mariadb: PrivateServer, myisam: Database, tmp_path: Path) -> Iterator[LadderStore]:
    """A ladder whose first full pass is behind us; everybody is in the group Default."""
    with engine_for(myisam) as engine, contextlib.closing(mariadb.connect(myisam.name)) as writes:
        given = Given(writes, NOW)
        given.basics()
        for store in small_store.open_on(myisam, tmp_path, given):
            ladder = LadderStore(store)
            ladder.rules(GOLD + SILVER)
            yield ladder
        small_store.empty(engine, myisam.prefix)


def standing(ladder: LadderStore) -> list[tuple[object, ...]]:
    """Of each customer: the group, how often the audit says so, what holds it, and intents."""
    rows = ladder.store.rows(
        "SELECT c.customer_id, c.customer_group_id, o.group_id, o.group_hold,"
        " (SELECT COUNT(*) FROM `{own}audit` a WHERE a.customer_id = c.customer_id"
        "  AND a.group_to = c.customer_group_id) AS said,"
        " (SELECT COUNT(*) FROM `{own}audit` a WHERE a.customer_id = c.customer_id"
        "  AND a.group_to IS NOT NULL) AS moves,"
        " (SELECT COUNT(*) FROM `{own}intent`) AS intents"
        " FROM oc_customer c LEFT JOIN `{own}customer` o USING (customer_id) ORDER BY 1"
    )
    return [tuple(row.values()) for row in rows]


class KilledError(BaseException):
    """The process is gone: nothing more of it reaches the database."""


@contextlib.contextmanager
def killed_after(engine: Engine, statements: int) -> Iterator[list[str]]:
    """
    Within, nothing follows the given number of statements, of any connection.

    Yields:
        The statements that ran.
    """
    ran: list[str] = []

    def count(_connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if len(ran) >= statements:
            raise KilledError
        ran.append(statement)

    def commit(_connection: Connection) -> None:
        if len(ran) >= statements:
            raise KilledError
        ran.append("COMMIT")

    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", commit)
    try:
        yield ran
    finally:
        event.remove(engine, "before_cursor_execute", count)
        event.remove(engine, "commit", commit)
        engine.dispose()


def restarted(ladder: LadderStore) -> SmallStore:
    """The same store, as a process sees it that has just begun."""
    database = ladder.store.sidecar.config.database
    opened = small_store.open_on(database, ladder.store.folder.parent, ladder.store.given)
    return next(opened)


def sweep(
    ladder: LadderStore,
    prepare: Callable[[], list[int]],
    work: Callable[[LadderStore, list[int]], None],
) -> Iterator[tuple[int, list[int]]]:
    """
    Kill *work* after its first statement, after its second, and so on until it is done.

    Yields:
        After each restart, how many statements ran, and the customers.
    """
    for statements in range(1, 1000):
        ids = prepare()
        done = False
        with killed_after(ladder.store.sidecar.engine, statements) as ran:
            with contextlib.suppress(KilledError):
                work(ladder, ids)
                done = len(ran) < statements
        again = LadderStore.__new__(LadderStore)
        again.store, again.ids = restarted(ladder), ladder.ids
        with again.store.sidecar.leading():
            again.store.sidecar.catch_up()
            work(again, ids)
        again.store.sidecar.engine.dispose()
        yield statements, ids
        if done:
            return
    pytest.fail("it never ends")


def test_a_cycle_killed_after_any_statement_moves_everybody_once(ladder: LadderStore) -> None:
    def prepare() -> list[int]:
        ids = [ladder.customer() for _ in range(3)]
        ladder.store.full_pass()
        ladder.store.given.order(ids[0], "600")
        ladder.store.given.order(ids[1], "6")
        return ids

    def work(ladder: LadderStore, ids: list[int]) -> None:
        ladder.ring(*ids)

    kills = 0
    for _, (ann, bob, eve) in sweep(ladder, prepare, work):
        kills += 1
        gold, silver = ladder.ids["Gold"], ladder.ids["Silver"]
        assert standing(ladder)[-3:] == [
            (ann, gold, gold, 0, 1, 1, 0),
            (bob, silver, silver, 0, 1, 1, 0),
            (eve, 1, 1, 0, 0, 0, 0),
        ]
    assert kills > 20
