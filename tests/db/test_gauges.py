"""What is counted for a monitor, on tables as they may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from sqlalchemy import Connection, event

from sidecar.shop.database import transaction
from sidecar.sync import findings, gauges, state
from sidecar.sync.gauges import Gauges, read_gauges
from support.gauges import NOTHING
from support.small_store import NOW, SmallStore

TODAY = int(NOW.timestamp())


def _put(store: SmallStore, table: str, *rows: Mapping[str, object]) -> None:
    with transaction(store.sidecar.engine) as tx:
        for row in rows:
            tx.execute(getattr(store.sidecar.shop.own, table).insert().values(**row))


def _read(store: SmallStore) -> Gauges:
    with transaction(store.sidecar.engine) as tx:
        return read_gauges(tx, store.sidecar.shop.own, store.moment)


def _run(number: int, state_: str, at: int) -> dict[str, object]:
    return {"run_id": number, "kind": "full", "state": state_, "started_at": at}


def _rule(name: str, held: str) -> dict[str, object]:
    return {
        "kind": "tag",
        "name": name,
        "name_key": name,
        "origin": "file",
        "fingerprint": "now",
        "held": held or None,
        "changed_at": 1,
    }


def test_nothing_is_counted_where_nothing_is(store: SmallStore) -> None:
    assert _read(store) == NOTHING


def test_each_count_is_of_what_waits_and_of_nothing_else(store: SmallStore) -> None:
    moment, own = store.moment, store.sidecar.shop.own
    _put(store, "run", _run(1, "applied", 5), _run(2, "waiting", TODAY - 90), _run(3, "waiting", 9))
    _put(store, "rule", _rule("held", "now"), _rule("edited since", "before"), _rule("free", ""))
    _put(store, "set_aside", {"customer_id": 7, "at": 1, "times": 1, "error": "odd"})
    for number, found in enumerate(("new", "running", "done", "failed", "waiting"), 1):
        asked = {"name": "x", "parameters": "{}", "actor": "a", "created_at": 1, "state": found}
        _put(store, "command", asked)
        _put(store, "hint", {"customer_id": number, "reason": "r", "actor": "a", "at": 1})
    with transaction(store.sidecar.engine) as tx:
        findings.raise_finding(tx, own, "one", "", "open", moment)
        findings.raise_finding(tx, own, "two", "", "mended", moment)
        findings.mend(tx, own, "two", "", moment)
        state.write(tx, own, "paused", {"by": "x"}, moment)
        state.write(tx, own, "last_full_pass", TODAY - 5, moment)

    assert _read(store) == replace(
        NOTHING,
        waiting_runs=2,
        waiting_since=9,
        held_rules=1,
        set_aside=1,
        commands=2,
        hints=5,
        findings=1,
        is_paused=True,
        last_full_pass_at=TODAY - 5,
    )


def test_customers_are_due_whose_instant_has_come(store: SmallStore) -> None:
    for number, at in enumerate((TODAY - 1, TODAY, TODAY + 1, None), 1):
        _put(store, "customer", {"customer_id": number, "next_at": at})

    assert _read(store).due == 2


def test_requests_for_ones_data_count_until_they_are_answered(store: SmallStore) -> None:
    states = ("unverified", "open", "waiting", "running", "done", "incomplete", "refused")
    for number, found in enumerate(states):
        made = {"kind": "erase", "person": "p", "source": "staff", "actor": "a", "received_at": 1}
        with transaction(store.sidecar.engine) as tx:
            table = store.sidecar.shop.own.privacy.privacy_request
            tx.execute(table.insert().values(**made, state=found, due_at=70 - number))

    assert (_read(store).requests, _read(store).request_due_at) == (4, 67)


def test_a_long_queue_is_counted_up_to_a_limit(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gauges, "MOST", 3)
    rows = [{"customer_id": n, "reason": "r", "actor": "a", "at": 1} for n in range(1, 9)]
    _put(store, "hint", *rows)

    assert _read(store).hints == 3


def test_everything_is_asked_in_one_statement(store: SmallStore) -> None:
    statements: list[str] = []

    def note(_c: Connection, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(store.sidecar.engine, "before_cursor_execute", note)
    try:
        _read(store)
    finally:
        event.remove(store.sidecar.engine, "before_cursor_execute", note)

    assert len(statements) == 1
