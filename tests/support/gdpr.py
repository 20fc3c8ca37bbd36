"""Requests for one's data: asked for by commands, and OpenCart's own rows beside them."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, event

from sidecar import clock, config
from sidecar.privacy import duty, export_parts
from sidecar.privacy.means import Means
from support.consents import with_key
from support.small_store import SmallStore

#: As OpenCart 4.1 makes them.
NATIVE = (
    """CREATE TABLE `{prefix}gdpr` (
      `gdpr_id` int(11) NOT NULL AUTO_INCREMENT, `store_id` int(11) DEFAULT 0,
      `language_id` int(11) DEFAULT NULL, `code` varchar(40) DEFAULT NULL,
      `email` varchar(96) DEFAULT NULL, `action` varchar(6) DEFAULT NULL,
      `status` tinyint(1) DEFAULT 0, `date_added` datetime DEFAULT NULL,
      PRIMARY KEY (`gdpr_id`)) ENGINE={engine} DEFAULT CHARSET=utf8mb4""",
    """CREATE TABLE `{prefix}cron` (
      `cron_id` int(11) NOT NULL AUTO_INCREMENT, `code` varchar(128) DEFAULT NULL,
      `cycle` varchar(12) DEFAULT NULL, `action` text DEFAULT NULL,
      `status` tinyint(1) DEFAULT 0, `date_added` datetime DEFAULT NULL,
      `date_modified` datetime DEFAULT NULL, PRIMARY KEY (`cron_id`))
      ENGINE={engine} DEFAULT CHARSET=utf8mb4""",
    """INSERT INTO `{prefix}cron` VALUES
      (1, 'currency', 'day', 'cron/currency', 1, '2014-09-25 14:40:00', '2014-09-25 14:40:00'),
      (2, 'gdpr', 'day', 'cron/gdpr', 1, '2014-09-25 14:40:00', '2014-09-25 14:40:00'),
      (3, 'subscription', 'day', 'cron/subscription', 0, '2014-09-25', '2014-09-25')""",
)


class CrashError(BaseException):
    """The process ends here, in this test."""


def prepared(store: SmallStore, monkeypatch: pytest.MonkeyPatch) -> SmallStore:
    """*store* with a key, where commands go by its clock."""
    monkeypatch.setattr(clock, "now", lambda: store.now)
    return with_key(store)


def with_exports(store: SmallStore, monkeypatch: pytest.MonkeyPatch, folder: Path) -> SmallStore:
    """*store* that writes exports in *folder*, and brings them to the admin in many parts."""
    monkeypatch.setattr(export_parts, "PART", 1_000)
    privacy = config.Privacy(
        exports=folder / "exports",
        register=folder / "privacy.d",
        journal=folder / "erasures.jsonl",
    )
    store.sidecar.config = msgspec.structs.replace(store.sidecar.config, privacy=privacy)
    return store


def with_native(store: SmallStore, engine: str = "InnoDB") -> Iterator[SmallStore]:
    """*store* with OpenCart's own tables of requests and jobs."""
    prefix = store.given.prefix
    for statement in NATIVE:
        store.given.execute(statement.format(prefix=prefix, engine=engine))
    yield store
    for name in ("gdpr", "cron"):
        store.given.execute(f"DROP TABLE IF EXISTS `{prefix}{name}`")


def minute(store: SmallStore) -> None:
    """What the daemon does every minute, without erasing anybody."""
    sidecar = store.sidecar
    some = [one for one in duty.DUTIES if one[0] not in ("erasures", "retention")]
    duty.carry_out(Means(sidecar.config, sidecar.shop, store.moment), some)


# -- what stands ---------------------------------------------------------------------------


def requests(store: SmallStore) -> list[dict[str, Any]]:
    return store.rows("SELECT * FROM {own}privacy_request ORDER BY request_id")


def states(store: SmallStore) -> list[str]:
    return [str(row["state"]) for row in requests(store)]


def acts(store: SmallStore) -> list[str]:
    return [str(row["act"]) for row in store.rows("SELECT act FROM {own}privacy_act ORDER BY 1")]


def native(
    store: SmallStore,
    email: str,
    action: str = "remove",
    status: int = 1,
    at: datetime.datetime | None = None,
) -> int:
    """A row as the store's own page writes it; its number."""
    local = (at or store.now).astimezone(store.moment.zone).replace(tzinfo=None)
    with store.given.connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO `{store.given.prefix}gdpr` (store_id, language_id, code, email, action,"
            " status, date_added) VALUES (0, 1, 'c', %s, %s, %s, %s)",
            (email, action, status, local.replace(microsecond=0)),
        )
        return int(cursor.lastrowid)


def set_status(store: SmallStore, native_id: int, status: int) -> None:
    """The store's admin, or its own program, wrote it."""
    table = f"`{store.given.prefix}gdpr`"
    store.given.execute(f"UPDATE {table} SET status = {status} WHERE gdpr_id = {native_id}")


def statuses(store: SmallStore) -> list[int]:
    table = f"`{store.given.prefix}gdpr`"
    return [row["status"] for row in store.rows(f"SELECT status FROM {table} ORDER BY gdpr_id")]


def jobs(store: SmallStore) -> dict[int, int]:
    """Every job of the store, and whether it is on."""
    rows = store.rows(f"SELECT cron_id, status FROM `{store.given.prefix}cron`")
    return {row["cron_id"]: row["status"] for row in rows}


def findings(store: SmallStore) -> set[str]:
    rows = store.rows("SELECT kind FROM {own}finding WHERE mended_at IS NULL")
    return {str(row["kind"]) for row in rows}


# -- crashes -------------------------------------------------------------------------------


def crash_before(engine: Engine, statement: int) -> Callable[[], bool]:
    """
    The process ends before the write or commit of that number.

    Returns:
        Ends it; whether there were so many.
    """
    left = [statement]

    def count(*_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise CrashError

    def execute(_c: Any, _cursor: Any, text: str, *_: Any) -> None:
        if text.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE", "REPLACE")):
            count()

    event.listen(engine, "before_cursor_execute", execute)
    event.listen(engine, "commit", count)

    def end() -> bool:
        event.remove(engine, "before_cursor_execute", execute)
        event.remove(engine, "commit", count)
        return left[0] <= 0

    return end
