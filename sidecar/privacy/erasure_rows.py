"""Our rows of erasures: who is being erased, how far it is, and what it needs to go on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, insert, select, update

from sidecar.config.key import Key
from sidecar.model import Moment
from sidecar.privacy import journal
from sidecar.privacy.short_reads import in_parts
from sidecar.privacy.subject import Subject
from sidecar.privacy.traces import Traces
from sidecar.shop.own_tables import OwnTables

#: The last that is done; ``noted``: in the journal.
Stage = Literal["noted", "stopped", "erased", "verified"]

#: What is sealed is of this purpose.
_SEALED = "erasure"


@dataclass(frozen=True, slots=True)
class Person:
    """
    Who is to be erased.

    Attributes:
        subject: By which their rows are found.
        person: Keyed hash of the account, or of the guest's address.
        address: Keyed hash of the account's address; None: it has none, or it is a guest.
    """

    subject: Subject
    person: str
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Erasure:
    """
    One that is not verified yet.

    Attributes:
        request_id: What asked for it; None: a retention rule, or a replay.
        purge_id: Of the retention rule; None: a request, or a replay.
        planned: What was planned, as `Plan.as_json`; None: nobody asked.
    """

    erasure_id: int
    request_id: int | None
    purge_id: int | None
    subject: Subject
    person: str
    traces: Traces
    stage: Stage
    planned: dict[str, Any] | None


def note(
    tx: Connection,
    own: OwnTables,
    key: Key,
    persons: Sequence[tuple[Person, Traces]],
    moment: Moment,
    *,
    request_id: int | None,
    purge_id: int | None,
    planned: dict[str, Any] | None,
    in_journal: bool,
) -> None:
    """
    Write down, in the journal too, that *persons* are erased from now on; at most some hundreds.

    Args:
        in_journal: They are there already: it is done again after a restore.
    """
    rows = [
        {
            "request_id": request_id,
            "purge_id": purge_id,
            "customer_id": person.subject.customer_id,
            "person": person.person,
            "sealed": _seal(key, person.subject, traces),
            "stage": "noted",
            "result": None if planned is None else json.dumps(planned, separators=(",", ":")),
            "at": moment.epoch_s,
        }
        for person, traces in persons
    ]
    if rows:
        tx.execute(insert(own.privacy.erasure), rows)
    if in_journal:
        return
    entries = [
        journal.Entry(
            kind="erasure",
            customer=person.person if person.subject.customer_id else None,
            address=person.address if person.subject.customer_id else person.person,
            at=moment.epoch_s,
        )
        for person, _ in persons
    ]
    journal.add(tx, own, entries)


def begun(tx: Connection, own: OwnTables, persons: Sequence[str]) -> frozenset[str]:
    """Those of the keyed hashes *persons* who are being erased."""
    table = own.privacy.erasure
    found: set[str] = set()
    for part in in_parts(persons):
        query = select(table.c.person).where(table.c.stage != "verified", table.c.person.in_(part))
        found.update(tx.scalars(query))
    return frozenset(found)


def groups(tx: Connection, own: OwnTables) -> list[tuple[int | None, int | None]]:
    """Request and purge of all erasures that are not verified, the oldest first."""
    table = own.privacy.erasure
    query = select(table.c.request_id, table.c.purge_id).where(table.c.stage != "verified")
    found = tx.execute(query.order_by(table.c.erasure_id))
    return list(dict.fromkeys((row.request_id, row.purge_id) for row in found))


def unfinished(
    tx: Connection, own: OwnTables, key: Key, request_id: int | None, purge_id: int | None
) -> list[Erasure]:
    """
    The erasures of one request, one purge, or without both of a replay; the oldest first.

    Raises:
        ConfigError: The key is not the one that they were sealed with.
    """
    table = own.privacy.erasure
    query = select(table).where(
        table.c.stage != "verified",
        table.c.request_id.is_not_distinct_from(request_id),
        table.c.purge_id.is_not_distinct_from(purge_id),
    )
    return [_erasure(key, row) for row in tx.execute(query.order_by(table.c.erasure_id))]


def advance(tx: Connection, own: OwnTables, numbers: Sequence[int], stage: Stage) -> None:
    """Note that the erasures *numbers*, at most some hundreds, have come to *stage*."""
    table = own.privacy.erasure
    tx.execute(update(table).where(table.c.erasure_id.in_(numbers)).values(stage=stage))


def finish(
    tx: Connection, own: OwnTables, numbers: Sequence[int], result: str | None, moment: Moment
) -> None:
    """Note that *numbers*, at most some hundreds, are verified; nothing here says who it was."""
    table = own.privacy.erasure
    values = {
        "stage": "verified",
        "sealed": None,
        "customer_id": 0,
        "result": result,
        "finished_at": moment.epoch_s,
    }
    tx.execute(update(table).where(table.c.erasure_id.in_(numbers)).values(values))


def _seal(key: Key, subject: Subject, traces: Traces) -> bytes:
    said = {"addresses": sorted(subject.emails), **traces.as_json()}
    return key.seal(_SEALED, json.dumps(said).encode())


def _erasure(key: Key, row: Row[Any]) -> Erasure:
    said = json.loads(key.unseal(_SEALED, row.sealed))
    return Erasure(
        erasure_id=row.erasure_id,
        request_id=row.request_id,
        purge_id=row.purge_id,
        subject=Subject(row.customer_id, frozenset(said["addresses"])),
        person=row.person,
        traces=Traces.from_json(said),
        stage=row.stage,
        planned=None if row.result is None else json.loads(row.result),
    )
