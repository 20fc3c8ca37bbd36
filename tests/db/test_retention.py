"""What is deleted of our tables with age, and what never is."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping

import pytest

from sidecar.config import Age
from sidecar.shop.database import transaction
from sidecar.sync import retention
from sidecar.sync.retention import Ages, Deleted
from support.small_store import NOW, SmallStore

AGES = Ages(audit=Age(24, "month"), commands=Age(90, "day"))
DAY = 86_400

#: The first second of our time that is kept, two years before now in the calendar.
KEPT = int(datetime.datetime(2024, 3, 31, 9, 30, tzinfo=datetime.UTC).timestamp())
TODAY = int(NOW.timestamp())
ANSWERED = TODAY - 90 * DAY


def _clean(store: SmallStore, stops: Iterator[bool] | None = None) -> Deleted:
    engine, own = store.sidecar.engine, store.sidecar.shop.own
    stop = (lambda: False) if stops is None else lambda: next(stops)
    return retention.clean(engine, own, AGES, store.moment, stop)


def _put(store: SmallStore, table: str, *rows: Mapping[str, object]) -> None:
    with transaction(store.sidecar.engine) as tx:
        for row in rows:
            tx.execute(getattr(store.sidecar.shop.own, table).insert().values(**row))


def _run(store: SmallStore, number: int, at: int, **columns: object) -> None:
    row = {"run_id": number, "kind": "full", "state": "applied", "started_at": at, **columns}
    _put(store, "run", row)


def _audit(store: SmallStore, run: int, at: int, customer: int = 1) -> None:
    row = {"run_id": run, "customer_id": customer, "at": at, "tags_added": "1", "tags_removed": ""}
    _put(store, "audit", row)


def _column(store: SmallStore, table: str, column: str) -> list[object]:
    rows = store.rows(f"SELECT `{column}` AS v FROM `{{own}}{table}` ORDER BY 1")
    return [row["v"] for row in rows]


def test_the_audit_is_kept_to_the_second_of_its_age(store: SmallStore) -> None:
    _run(store, 1, KEPT - 10)
    _audit(store, 1, KEPT - 1)
    _audit(store, 1, KEPT)
    for at in (KEPT - 1, KEPT):
        row = {"segment_id": 1, "customer_id": 1, "at": at, "entered": 1}
        _put(store, "segment_change", row)

    deleted = _clean(store)

    assert (deleted.audit, deleted.segment_change) == (1, 1)
    assert _column(store, "audit", "at") == [KEPT]
    assert _column(store, "segment_change", "at") == [KEPT]


def test_a_run_stays_while_something_leads_to_it(store: SmallStore) -> None:
    old = KEPT - DAY
    _run(store, 1, old)  # nothing leads to it
    _run(store, 2, old, state="waiting")
    _run(store, 3, old, state="undone")
    _run(store, 4, KEPT, kind="undo", undoes=3)
    _run(store, 5, old)
    _run(store, 6, old)  # went on for long
    _audit(store, 6, KEPT)
    _run(store, 7, old, state="running")
    rule = {"kind": "tag", "name": "a", "name_key": "a", "origin": "file", "changed_at": 1}
    _put(store, "rule", {**rule, "held": "1", "held_by": 5})
    for number in range(1, 8):
        _put(store, "run_rule", {"run_id": number, "rule_id": 1, "fingerprint": "x"})

    assert _clean(store).run == 1

    assert _column(store, "run", "run_id") == [2, 3, 4, 5, 6, 7]
    assert _column(store, "run_rule", "run_id") == [2, 3, 4, 5, 6, 7]


def test_what_an_old_command_said_before_goes_with_its_run(store: SmallStore) -> None:
    _run(store, 1, KEPT - 1, kind="command")
    _run(store, 2, KEPT, kind="command")
    for number in (1, 2):
        row = {"run_id": number, "customer_id": 7, "before": "[]", "after": "[]"}
        _put(store, "audit_pin", row)

    deleted = _clean(store)

    assert (deleted.audit_pin, deleted.run) == (1, 1)
    assert _column(store, "audit_pin", "run_id") == [2]


def test_an_answered_command_goes_and_one_that_nobody_answered_stays(store: SmallStore) -> None:
    row = {"name": "tag.add", "parameters": "{}", "actor": "cli:ann", "created_at": ANSWERED - 5}
    for state, finished in (
        ("done", ANSWERED - 1),
        ("failed", ANSWERED - 1),
        ("waiting", ANSWERED - 1),
        ("done", ANSWERED),
        ("new", None),
        ("running", None),
    ):
        _put(store, "command", {**row, "state": state, "finished_at": finished})

    assert _clean(store).command == 3

    rows = store.rows("SELECT state FROM `{own}command` ORDER BY command_id")
    assert [found["state"] for found in rows] == ["done", "new", "running"]


def test_only_a_finding_that_was_mended_long_ago_goes(store: SmallStore) -> None:
    row = {"kind": "k", "message": "m", "first_at": 1, "last_at": 1}
    for subject, mended in (("open", None), ("long ago", ANSWERED - 1), ("lately", ANSWERED)):
        _put(store, "finding", {**row, "subject": subject, "mended_at": mended})

    assert _clean(store).finding == 1
    assert _column(store, "finding", "subject") == ["lately", "open"]


def test_a_hint_goes_only_when_a_full_pass_has_looked_since(store: SmallStore) -> None:
    hint = {"customer_id": 1, "reason": "customer.edit"}
    _put(store, "hint", *({**hint, "at": TODAY - days * DAY} for days in (9, 5, 0)))
    assert _clean(store).hint == 0

    _run(store, 1, TODAY - 7 * DAY)
    _run(store, 2, TODAY - 2 * DAY, kind="changed")
    _run(store, 3, TODAY - DAY, state="failed")
    assert _clean(store).hint == 1

    _run(store, 4, TODAY)
    assert _clean(store).hint == 1
    assert _column(store, "hint", "at") == [TODAY]


def test_the_newest_limits_are_kept_however_old(store: SmallStore) -> None:
    limits = {"recency": "[]", "frequency": "[]", "monetary": "[]", "top": "[]"}
    for number in (1, 2):
        at = {"day": "2023-01-01", "computed_at": KEPT - 1}
        _put(store, "rfm_limits", {"limits_id": number, **at, **limits})

    assert _clean(store).rfm_limits == 1
    assert _column(store, "rfm_limits", "limits_id") == [2]


def test_more_than_a_batch_is_deleted_to_the_end(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    for number in range(1, 8):
        # Every other run stays, so that a batch is not always deleted whole.
        _run(store, number, KEPT - 1, state="waiting" if number == 5 else "applied")
        _audit(store, number, KEPT - 1, customer=number)
        for customer in range(1, 5):
            pins = {"run_id": number, "customer_id": customer, "before": "[]", "after": "[]"}
            _put(store, "audit_pin", pins)
    _audit(store, 2, KEPT)

    deleted = _clean(store)

    assert (deleted.audit, deleted.run) == (7, 5)
    assert deleted.audit_pin == 24
    assert _column(store, "run", "run_id") == [2, 5]
    assert _clean(store) == Deleted()


def test_it_stops_where_it_is_told_and_goes_on_the_next_time(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    _run(store, 1, KEPT - 1)
    for customer in range(1, 8):
        _audit(store, 1, KEPT - 1, customer=customer)

    first = _clean(store, iter([False, False] + [True] * 50))

    assert (first.audit, first.run) == (4, 0)
    assert len(_column(store, "audit", "at")) == 3
    second = _clean(store)
    assert (second.audit, second.run) == (3, 1)


def test_what_is_true_now_is_never_deleted(store: SmallStore) -> None:
    customer = store.given.customer()
    store.given.order(customer, "600")
    store.rules(buyer="orders > 0")
    store.full_pass()
    before = store.standing()
    store.now += datetime.timedelta(days=3_650)

    deleted = _clean(store)

    assert (deleted.audit, deleted.run) == (1, 1)
    assert store.standing() == before
    store.verify()
