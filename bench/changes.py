"""What a shop writes while it is measured, and when the answer to it is there."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, text

from sidecar import clock
from sidecar.service.demo_store.reference import ZONE


def place_order(tx: Connection, customer: int) -> None:
    """A paid order, as a shop writes it."""
    now = clock.now().astimezone(ZoneInfo(ZONE)).replace(tzinfo=None, microsecond=0)
    statement = (
        "INSERT INTO oc_order (customer_id, email, store_id, total, order_status_id,"
        " payment_country_id, date_added, date_modified) VALUES (%s, '', 0, 50, 1, 81, %s, %s)"
    )
    order = tx.exec_driver_sql(statement, (customer, now, now)).lastrowid
    tx.exec_driver_sql("INSERT INTO oc_order_history (order_id) VALUES (%s)", (order,))


@contextlib.contextmanager
def without_new_orders(engine: Engine) -> Iterator[None]:
    """Remove at the end what `place_order` wrote inside."""
    with engine.connect() as tx:
        last = tx.exec_driver_sql("SELECT MAX(order_id) FROM oc_order").scalar()
    try:
        yield
    finally:
        with engine.begin() as tx:
            for table in ("oc_order", "oc_order_history"):
                tx.exec_driver_sql(f"DELETE FROM {table} WHERE order_id > %s", (last,))


@contextlib.contextmanager
def put_back(engine: Engine) -> Iterator[None]:
    """
    New orders are gone and what is watched of old ones and of customers is as before at the end.

    Neither is in the binary log.
    """
    kept = {"order": ("total", "date_modified"), "customer": ("newsletter",)}
    with without_new_orders(engine):
        for name, columns in kept.items():
            _unlogged(
                engine,
                f"CREATE OR REPLACE TABLE bench_{name} (PRIMARY KEY ({name}_id))"
                f" SELECT {name}_id, {', '.join(columns)} FROM oc_{name}",
            )
        try:
            yield
        finally:
            for name, columns in kept.items():
                changes = ", ".join(f"now.{column} = old.{column}" for column in columns)
                _unlogged(
                    engine,
                    f"UPDATE oc_{name} AS now JOIN bench_{name} AS old USING ({name}_id)"
                    f" SET {changes}",
                    f"DROP TABLE bench_{name}",
                )


def _unlogged(engine: Engine, *statements: str) -> None:
    with engine.connect() as tx:
        tx.exec_driver_sql("SET SESSION sql_log_bin = 0")
        for statement in statements:
            tx.exec_driver_sql(statement)
        tx.commit()
        tx.invalidate()


@contextlib.contextmanager
def audited(engine: Engine, look_every_s: float = 0.02) -> Iterator[dict[int, float]]:
    """Customers whose audit entries appear inside, and when: by ``time.perf_counter``."""
    written: dict[int, float] = {}
    ready, over = threading.Event(), threading.Event()

    def watch() -> None:
        with engine.connect() as tx:
            last = tx.exec_driver_sql("SELECT MAX(audit_id) FROM oc_sidecar_audit").scalar() or 0
            tx.commit()
            ready.set()
            query = text("SELECT audit_id, customer_id FROM oc_sidecar_audit WHERE audit_id > :a")
            while not over.is_set():
                for audit_id, customer in tx.execute(query, {"a": last}):
                    last = max(last, audit_id)
                    written.setdefault(customer, time.perf_counter())
                tx.commit()
                time.sleep(look_every_s)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        ready.wait()
        yield written
    finally:
        over.set()
        thread.join()


def percentile(found: list[float], share: float) -> float:
    """That of *found*, ascending, below which *share* (0 to 1) of them are."""
    return found[min(len(found) - 1, int(len(found) * share))]
