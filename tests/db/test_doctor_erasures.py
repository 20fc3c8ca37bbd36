"""The doctor on erasures: a journal that differs after a restore, and erasures that stand still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sidecar import clock
from sidecar.privacy.journal import Entry, append, copy_to_file
from sidecar.service.doctor.case import StoreCase
from sidecar.service.doctor.erasures import check_erasures, check_journal
from sidecar.service.doctor.finding import Finding
from sidecar.service.private_server import PrivateServer
from support.erased_store import ErasedStore

OLD = Entry(kind="erasure", customer="a" * 64, at=1)


@pytest.fixture
def store(
    mariadb: PrivateServer, clone_store: Callable[[str], str], tmp_path: Path
) -> Iterator[ErasedStore]:
    found = ErasedStore(mariadb, clone_store("4.1.0.4"), tmp_path)
    yield found
    found.close()


def journal_of(store: ErasedStore) -> list[Finding]:
    case = StoreCase(store.settings, store.sidecar.engine, clock.now, store.sidecar.shop)
    return list(check_journal(case))


def erasures_of(store: ErasedStore) -> Finding:
    case = StoreCase(store.settings, store.sidecar.engine, clock.now, store.sidecar.shop)
    (found,) = check_erasures(case)
    return found


def noted(store: ErasedStore, entry: Entry) -> None:
    store.rows(
        "INSERT INTO oc_sidecar_journal (entry, kind, customer, at) VALUES (%s, 'erasure', %s, %s)",
        entry.entry, entry.customer, entry.at,
    )  # fmt: skip


def test_a_journal_that_is_whole_is_well_and_a_restored_database_is_told(
    store: ErasedStore,
) -> None:
    path = store.settings.privacy.journal
    assert [(one.state, one.found) for one in journal_of(store)] == [
        ("ok", "nobody was erased yet")
    ]

    noted(store, OLD)
    (lost,) = journal_of(store)
    assert (lost.state, lost.found[:9]) == ("warning", "1 entries")

    copy_to_file(store.means)
    assert [one.state for one in journal_of(store)] == ["ok"]

    append(path, [Entry(kind="erasure", customer="b" * 64, at=2)])
    (restored,) = journal_of(store)
    assert restored.state == "error"
    assert "gdpr replay" in restored.mend

    store.execute("DELETE FROM oc_sidecar_journal")
    path.write_text("no entry\n")
    path.chmod(0o644)
    assert [one.state for one in journal_of(store)] == ["warning", "note"]

    path.unlink()
    path.mkdir()
    assert [one.state for one in journal_of(store)] == ["error"]


def test_an_erasure_that_stands_still_is_an_error(store: ErasedStore) -> None:
    assert erasures_of(store).state == "ok"
    at = int(clock.now().timestamp())
    insert = "INSERT INTO oc_sidecar_erasure (person, stage, at) VALUES ('x', 'noted', %s)"

    store.rows(insert, at - 3_600)
    assert erasures_of(store).state == "ok"

    store.rows(insert, at - 86_400)
    assert erasures_of(store).state == "error"
