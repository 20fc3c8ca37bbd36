"""The bell in the store's own admin: what a person should look at is told there, once."""

from __future__ import annotations

import dataclasses
import datetime
import html
from collections.abc import Callable, Iterator

import msgspec
import pytest

from sidecar.config import Secret
from sidecar.errors import DatabaseUnavailableError
from sidecar.model import Moment
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect, transaction
from sidecar.shop.notifications import add_notifications
from sidecar.shop.shop import open_shop
from sidecar.sync import bell, findings
from sidecar.sync.runs import Run, add
from support.database import changed
from support.small_store import SmallStore

TABLE = """
CREATE TABLE IF NOT EXISTS oc_notification (notification_id INT PRIMARY KEY AUTO_INCREMENT,
    title VARCHAR(64) NOT NULL, text TEXT NOT NULL, status TINYINT(11) NOT NULL,
    date_added DATETIME NOT NULL)
"""


@pytest.fixture
def told(store: SmallStore) -> Iterator[Callable[..., list[str]]]:
    """Tells, so many seconds after the store's moment, and gives the titles that are new."""
    with transaction(store.sidecar.engine) as tx:
        tx.exec_driver_sql(TABLE)

    def tell(seconds: int = 0) -> list[str]:
        before = titles(store)
        number = bell.tell(store.sidecar.shop, at(store, seconds))
        new = titles(store)[len(before) :]
        assert min(number, bell.MOST) == len(new)
        return new

    yield tell
    with transaction(store.sidecar.engine) as tx:
        tx.exec_driver_sql("DROP TABLE oc_notification")


def titles(store: SmallStore) -> list[str]:
    with transaction(store.sidecar.engine) as tx:
        query = "SELECT title FROM oc_notification ORDER BY notification_id"
        return [title for (title,) in tx.exec_driver_sql(query)]


def at(store: SmallStore, seconds: int) -> Moment:
    return Moment(store.now + datetime.timedelta(seconds=seconds), store.moment.zone)


def find(store: SmallStore, message: str, seconds: int = 0, subject: str = "") -> None:
    own = store.sidecar.shop.own
    with transaction(store.sidecar.engine) as tx:
        findings.raise_finding(tx, own, "kind.of", subject, message, at(store, seconds))


def mend(store: SmallStore, seconds: int = 0) -> None:
    with transaction(store.sidecar.engine) as tx:
        findings.mend(tx, store.sidecar.shop.own, "kind.of", None, at(store, seconds))


def park(store: SmallStore, *, state: str = "waiting") -> int:
    with transaction(store.sidecar.engine) as tx:
        return add(tx, store.sidecar.shop.own, Run(kind="full", moment=store.moment), state)


def test_a_finding_is_told_once_while_it_stays_open(
    store: SmallStore, told: Callable[..., list[str]]
) -> None:
    find(store, "the group Gold is gone")

    assert told(1) == ["Sidecar: the group Gold is gone"]
    find(store, "the group Gold is gone, still", 5)
    assert told(6) == []


def test_a_finding_that_was_mended_and_is_back_is_told_again(
    store: SmallStore, told: Callable[..., list[str]]
) -> None:
    find(store, "gone")
    told(1)
    mend(store, 10)

    assert told(11) == []
    find(store, "gone again", 20)
    assert told(21) == ["Sidecar: gone again"]
    assert told(22) == []


def test_a_finding_that_was_mended_before_it_was_told_is_not_told(
    store: SmallStore, told: Callable[..., list[str]]
) -> None:
    find(store, "gone")
    mend(store, 1)

    assert told(2) == []


def test_a_run_that_waits_is_told_once_and_one_that_does_not_never(
    store: SmallStore, told: Callable[..., list[str]]
) -> None:
    park(store, state="applied")
    first = park(store)

    assert told() == [f"Sidecar: run {first} waits for approval"]
    second = park(store)
    assert told() == [f"Sidecar: run {second} waits for approval"]
    assert told() == []


def test_of_many_at_a_time_the_last_says_how_many(
    store: SmallStore, told: Callable[..., list[str]]
) -> None:
    for number in range(bell.MOST + 2):
        find(store, f"finding {number}", subject=str(number))

    new = told()

    assert len(new) == bell.MOST
    assert new[0] == "Sidecar: finding 0"
    assert new[-1] == "Sidecar: 3 more findings and runs"
    assert told() == []


@pytest.mark.parametrize(
    "message",
    [
        "<script>alert(1)</script>",
        "&" * 200,
        "é" * 500,
        'a "quoted" \\ 50% _ 🦊 \' name',
        "x" * 500,
    ],
)
def test_what_a_message_holds_is_text_in_the_admin(
    store: SmallStore, told: Callable[..., list[str]], message: str
) -> None:
    find(store, message)

    (title,) = told()

    # The title is put into a page as it is; the text, in 4.1, after one unescaping.
    assert len(title) <= 64
    assert "<" not in title
    shown = html.unescape(title).removesuffix("…")
    assert f"Sidecar: {message}".startswith(shown)
    assert len(title) > 55 or shown == f"Sidecar: {message}"
    with transaction(store.sidecar.engine) as tx:
        (text,) = tx.exec_driver_sql("SELECT text FROM oc_notification").one()
    assert "<" not in html.unescape(text)
    assert html.unescape(html.unescape(text)).startswith(message)


def test_it_is_unread_and_of_the_stores_own_time(
    store: SmallStore, told: Callable[..., list[str]]
) -> None:
    kyiv = store.moment.zone
    find(store, "gone")
    told()

    with transaction(store.sidecar.engine) as tx:
        (row,) = tx.exec_driver_sql("SELECT status, date_added FROM oc_notification").all()
    assert tuple(row) == (0, store.now.astimezone(kyiv).replace(tzinfo=None))


def test_what_could_not_be_written_counts_as_not_told(
    store: SmallStore, told: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    find(store, "gone")
    park(store)

    def fails(*arguments: object) -> None:
        add_notifications(*arguments)  # type: ignore[arg-type]
        raise DatabaseUnavailableError("away")

    monkeypatch.setattr(bell, "add_notifications", fails)
    with pytest.raises(DatabaseUnavailableError):
        bell.tell(store.sidecar.shop, store.moment)
    monkeypatch.undo()

    assert titles(store) == []
    assert len(told()) == 2


def test_without_the_right_to_write_it_nothing_is_told_and_nothing_fails(
    store: SmallStore, told: Callable[..., list[str]], mariadb: PrivateServer
) -> None:
    name = store.sidecar.config.database.name
    mariadb.execute(
        "CREATE OR REPLACE USER bellman@'%' IDENTIFIED BY ''",
        f"GRANT SELECT ON `{name}`.* TO bellman@'%'",
        *(
            f"GRANT ALL ON `{name}`.`oc_sidecar_{own}` TO bellman@'%'"
            for own in ("finding", "run", "state", "run_rule")
        ),
    )
    find(store, "gone")
    settings = changed(store.sidecar.config.database, user="bellman", password=Secret(""))
    engine = connect(settings)
    mine = open_shop(engine, msgspec.structs.replace(store.sidecar.config, database=settings))
    try:
        assert bell.tell(mine, store.moment) == 0
    finally:
        engine.dispose()
        mariadb.execute("DROP USER bellman@'%'")

    assert told() == ["Sidecar: gone"]


def test_a_store_without_a_bell_is_told_nothing(store: SmallStore) -> None:
    find(store, "gone")

    assert bell.tell(store.sidecar.shop, store.moment) == 0
    store.sidecar.shop.capabilities = dataclasses.replace(
        store.sidecar.shop.capabilities, generation="3.0"
    )
    assert bell.tell(store.sidecar.shop, store.moment) == 0
