"""Erasures: whether their journal is whole, and none of them stands still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sqlalchemy import func, select

from sidecar.errors import FatalError
from sidecar.privacy import journal
from sidecar.service.doctor.case import StoreCase
from sidecar.service.doctor.finding import Finding
from sidecar.shop.database import transaction

_JOURNAL, _ERASURES = "privacy.journal", "privacy.erasures"

#: An erasure that began so long ago and is not done needs a person.
_LONG_S = 6 * 3_600

#: The daemon copies suppressions into the file every minute.
_COPIED_AFTER_S = 600

_REPLAY = "sidecar gdpr replay --plan, then sidecar gdpr replay"


def check_journal(case: StoreCase) -> Iterator[Finding]:
    """Whether table and file of the journal say the same; they differ after a restore."""
    own, path = case.shop.own, case.config.privacy.journal
    with transaction(case.engine) as tx:
        if not tx.dialect.has_table(tx, own.privacy.journal.name):
            return
        table = {entry.entry: entry for entry in journal.read_table(tx, own)}
    try:
        file = journal.read_file(path)
    except FatalError as error:
        nothing = "nothing can be erased, and nothing erased again after a restore"
        yield Finding(_JOURNAL, "error", str(error), nothing, "let the sidecar's user read it")
        return
    problems = [*_differences(path, table, file, case.moment().epoch_s), *_faults(path, file)]
    yield from problems
    if not problems:
        number = len(table)
        said = f"{number:,} entries, the same in {path} and in the database"
        yield Finding(_JOURNAL, "ok", said if number else "nobody was erased yet")


def _differences(
    path: Path, table: dict[str, journal.Entry], file: journal.File, now: int
) -> Iterator[Finding]:
    if new := file.entries.keys() - table.keys():
        yield Finding(
            _JOURNAL,
            "error",
            f"{len(new):,} entries of {path} are not in the database: it was restored from a"
            " backup, or the file is another store's",
            "people who were erased since that backup are in the store again",
            _REPLAY,
        )
    lost = [one for name, one in table.items() if name not in file.entries]
    if missing := [one for one in lost if one.at < now - _COPIED_AFTER_S]:
        yield Finding(
            _JOURNAL,
            "warning",
            f"{len(missing):,} entries of the database are not in {path}",
            "after a restore nobody knows that those people were erased",
            "the daemon adds them within a minute, and `sidecar once` too; keep a copy of the file",
        )


def _faults(path: Path, file: journal.File) -> Iterator[Finding]:
    if not file.is_there:
        return
    if file.unreadable:
        yield Finding(
            _JOURNAL,
            "warning",
            f"{file.unreadable:,} lines of {path} are no entries",
            "whom they meant is not erased again after a restore",
            f"restore {path} from its copy; whole lines of both files can be put together",
        )
    if path.stat().st_mode & 0o077:
        yield Finding(
            _JOURNAL,
            "note",
            f"others than its owner can read {path}",
            "it holds keyed hashes only, which say nothing without the key",
            f"chmod 600 {path}",
        )


def check_erasures(case: StoreCase) -> Iterator[Finding]:
    """Erasures that began long ago and are not verified."""
    own, now = case.shop.own, case.moment().epoch_s
    table = own.privacy.erasure
    with transaction(case.engine) as tx:
        if not tx.dialect.has_table(tx, table.name):
            return
        query = select(func.count(), func.min(table.c.at)).where(table.c.stage != "verified")
        number, first = tx.execute(query).one()
    if not number:
        yield Finding(_ERASURES, "ok", "no erasure is under way")
        return
    hours = (now - int(first)) // 3_600
    said = f"{number:,} persons are being erased, the first since {hours:,} hours"
    found = Finding(_ERASURES, "ok", said)
    if now - int(first) > _LONG_S:
        found = replace(
            found,
            state="error",
            consequence="what is left of them stands in the store, though it was to be erased",
            mend="start the daemon, or run `sidecar once`; `sidecar status` and the log say what"
            " keeps it",
        )
    yield found
