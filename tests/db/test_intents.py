"""Groups written to a table without transactions: killed after any statement, nothing is wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pymysql
import pytest
from sqlalchemy import Connection, Engine, event

from sidecar import app
from sidecar.config import Database
from sidecar.errors import DatabaseUnavailableError, FencedError, NotNowError, UsageError
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from sidecar.shop.leader import leader_lock
from sidecar.sync import undo
from support import small_store
from support.database import engine_for
from support.empty_store import empty_store
from support.given import Given
from support.ladder_store import LadderStore
from support.small_store import NOW, SmallStore

pytestmark = pytest.mark.both_kinds

GOLD = "[[group]]\nname = 'Gold'\nwhen = 'total_spent > 500'\n"
SILVER = "[[group]]\nname = 'Silver'\nwhen = 'orders >= 1'\n"


@pytest.fixture(scope="module")
def myisam(mariadb: PrivateServer) -> Iterator[Database]:
    """The tables of an OpenCart 3, which are MyISAM, and our own."""
    with empty_store(mariadb, "myisam_store", "3.0") as found:
        yield found


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


def restarted(ladder: LadderStore) -> LadderStore:
    """The same store, as a process sees it that has just begun."""
    opened = app.open_sidecar(ladder.store.sidecar.config)
    again = object.__new__(LadderStore)
    again.store = SmallStore(ladder.store.given, opened, ladder.store.folder)
    again.ids = ladder.ids
    return again


def statements_of(ladder: LadderStore, work: Callable[[], None]) -> Sequence[int]:
    """After how many statements there is something to lose: from the intent on to the end."""
    with killed_after(ladder.store.sidecar.engine, 1_000) as ran:
        work()
    return range(next(n for n, text in enumerate(ran) if "sidecar_intent" in text), len(ran) + 1)


def sweep(
    ladder: LadderStore, ids: list[int], work: Callable[[LadderStore, int], None]
) -> Iterator[int]:
    """
    Kill *work* after each of its statements, each time with another customer.

    Yields:
        After each restart the customer.
    """
    first, *others = ids
    every = statements_of(ladder, lambda: work(ladder, first))
    assert len(every) > 8
    for statements, customer in zip(every, others, strict=False):
        with (
            contextlib.suppress(KilledError),
            killed_after(ladder.store.sidecar.engine, statements),
        ):
            work(ladder, customer)
        again = restarted(ladder)
        with again.store.sidecar.leading():
            again.store.sidecar.catch_up()
            work(again, customer)
        again.store.sidecar.engine.dispose()
        yield customer
    assert len(others) >= len(every)


def customers(ladder: LadderStore, number: int = 40) -> list[int]:
    """So many, whom a full pass has seen in the group Default."""
    ids = [ladder.customer() for _ in range(number)]
    ladder.store.full_pass()
    return ids


def test_a_cycle_killed_after_any_statement_moves_everybody_once(ladder: LadderStore) -> None:
    def work(ladder: LadderStore, customer: int) -> None:
        if customer not in ordered:
            ladder.store.given.order(customer, "600")
            ladder.store.given.order(customer + 1, "6")
            ordered.add(customer)
        ladder.ring(customer, customer + 1)

    ordered: set[int] = set()
    gold, silver = ladder.ids["Gold"], ladder.ids["Silver"]
    for customer in sweep(ladder, customers(ladder, 70)[::2], work):
        found = {row[0]: row[1:] for row in standing(ladder)}
        assert found[customer] == (gold, gold, 0, 1, 1, 0)
        assert found[customer + 1] == (silver, silver, 0, 1, 1, 0)


def test_an_undo_killed_after_any_statement_can_be_done_again(ladder: LadderStore) -> None:
    def work(ladder: LadderStore, customer: int) -> None:
        query = "SELECT run_id FROM `{own}audit` WHERE customer_id = %s AND group_why = 1"
        (found,) = ladder.store.rows(query, customer)
        store = ladder.store
        with contextlib.suppress(NotNowError, UsageError):  # it is undone already
            shop = store.sidecar.shop
            undo.undo(shop, store.book, found["run_id"], store.moment, "cli:eve")

    ids = customers(ladder)
    for customer in ids:
        order = ladder.store.given.order(customer, "600")
        ladder.ring(customer)
        ladder.store.given.delete("order", order_id=order)
    for customer in sweep(ladder, ids, work):
        (found,) = (row for row in standing(ladder) if row[0] == customer)
        assert found == (customer, 1, 1, 0, 1, 2, 0)


def test_a_pin_killed_after_any_statement_can_be_made_again(ladder: LadderStore) -> None:
    def work(ladder: LadderStore, customer: int) -> None:
        ladder.pin("group", "Staff", customer)

    staff = ladder.ids["Staff"]
    for customer in sweep(ladder, customers(ladder), work):
        (found,) = (row for row in standing(ladder) if row[0] == customer)
        assert found == (customer, staff, staff, 0, 1, 1, 0)


def moved_but_killed(ladder: LadderStore) -> int:
    """A customer moved to Gold by a process that was killed before it could commit that."""
    ann = ladder.customer()
    ladder.store.full_pass()
    ladder.store.given.order(ann, "600")
    engine = ladder.store.sidecar.engine

    def kill(_connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if ladder.group(ann) == "Gold" or dead:
            dead.append(statement)
            raise KilledError

    dead: list[str] = []
    event.listen(engine, "before_cursor_execute", kill)
    with contextlib.suppress(KilledError):
        ladder.ring(ann)
    event.remove(engine, "before_cursor_execute", kill)
    engine.dispose()
    assert dead
    assert ladder.group(ann) == "Gold"
    return ann


def test_what_a_crash_left_half_done_is_taken_back_and_rung_for(ladder: LadderStore) -> None:
    ann = moved_but_killed(ladder)
    store = restarted(ladder).store

    with store.sidecar.leading():
        pass

    assert standing(ladder) == [(ann, 1, 1, 0, 0, 0, 0)]
    hints = store.rows("SELECT customer_id, reason, actor FROM `{own}hint`")
    assert hints == [{"customer_id": ann, "reason": "group.taken_back", "actor": None}]
    with store.sidecar.leading():
        store.sidecar.catch_up()
    assert ladder.group(ann) == "Gold"
    assert standing(ladder)[0][3:6] == (0, 1, 1)
    store.sidecar.engine.dispose()


def test_whom_a_person_moved_after_a_crash_stays_there(ladder: LadderStore) -> None:
    ann = moved_but_killed(ladder)
    ladder.save(ann, "Staff")
    store = restarted(ladder).store

    with store.sidecar.leading():
        pass

    assert ladder.group(ann) == "Staff"
    assert (
        store.rows("SELECT 1 FROM `{own}hint`") == store.rows("SELECT 1 FROM `{own}intent`") == []
    )
    store.sidecar.engine.dispose()


def test_what_is_rolled_back_is_taken_back_at_once(
    ladder: LadderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = ladder.customer()
    ladder.store.full_pass()
    ladder.store.given.order(ann, "600")

    def fail(*_: object) -> None:
        assert ladder.group(ann) == "Gold"
        raise DatabaseUnavailableError("a deadlock with another session")

    with monkeypatch.context() as patch:
        patch.setattr("sidecar.sync.audit.record", fail)
        with pytest.raises(DatabaseUnavailableError):
            ladder.ring(ann)

    assert standing(ladder) == [(ann, 1, 1, 0, 0, 0, 0)]
    ladder.ring(ann)
    assert standing(ladder)[0][3:] == (0, 1, 1, 0)


def test_a_commit_whose_answer_is_lost_stands(
    ladder: LadderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = ladder.customer()
    ladder.store.full_pass()
    ladder.store.given.order(ann, "600")
    dialect = ladder.store.sidecar.engine.dialect
    ours = dialect.do_commit

    def commit(connection: Any) -> None:
        ours(connection)
        if ladder.store.rows("SELECT 1 FROM `{own}audit` WHERE group_to IS NOT NULL"):
            monkeypatch.undo()
            raise pymysql.err.OperationalError(2013, "Lost connection to server during query")

    monkeypatch.setattr(dialect, "do_commit", commit)
    with pytest.raises(DatabaseUnavailableError):
        ladder.ring(ann)

    gold = ladder.ids["Gold"]
    assert standing(ladder) == [(ann, gold, gold, 0, 1, 1, 0)]


def test_what_cannot_be_taken_back_at_once_is_before_anything_else_is_done(
    ladder: LadderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = ladder.customer()
    ladder.store.full_pass()
    ladder.store.given.order(ann, "600")
    engine = ladder.store.sidecar.engine

    def away(*_: object) -> None:
        raise DatabaseUnavailableError("no server answers")

    with monkeypatch.context() as patch:
        patch.setattr("sidecar.sync.audit.record", away)
        patch.setattr("sidecar.sync.writers.intents._take_back", away)
        with pytest.raises(DatabaseUnavailableError):
            ladder.ring(ann)
        assert ladder.group(ann) == "Gold"
        with pytest.raises(DatabaseUnavailableError), transaction(engine):
            pytest.fail("it began")

    with transaction(engine):
        assert standing(ladder) == [(ann, 1, 1, 0, 0, 0, 0)]


def test_who_does_not_lead_any_more_moves_nobody(ladder: LadderStore) -> None:
    ann = ladder.customer()
    ladder.store.full_pass()
    ladder.store.given.order(ann, "600")
    sidecar = ladder.store.sidecar
    name, prefix = sidecar.config.database.name, sidecar.config.database.prefix

    seen: list[str] = []

    def take_over(_connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        # Between the intent, which still was a leader's, and the native write.
        if "sidecar_intent" in statement and "done" in statement and not seen:
            seen.append(statement)
            ladder.store.rows(f"KILL {lock.connection_id}")
            again = restarted(ladder)
            with again.store.sidecar.leading():
                pass
            again.store.sidecar.engine.dispose()

    with leader_lock(sidecar.engine, name, prefix) as lock:
        event.listen(sidecar.engine, "before_cursor_execute", take_over)
        with pytest.raises(FencedError):
            ladder.ring(ann)

    assert seen
    assert ladder.group(ann) == "Default"
    assert standing(ladder)[0][4:6] == (0, 0)


def test_tables_with_transactions_need_no_intents(store: SmallStore) -> None:
    ladder = LadderStore(store)
    ladder.rules(GOLD)
    ann = ladder.customer()
    ladder.store.given.order(ann, "600")

    with killed_after(store.sidecar.engine, 1_000) as ran:
        ladder.store.full_pass()

    assert ladder.group(ann) == "Gold"
    assert not [statement for statement in ran if "sidecar_intent" in statement]
