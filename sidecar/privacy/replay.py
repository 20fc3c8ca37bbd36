"""
After a restore of the database: who was erased since that backup is erased again.

The file of the journal has outlived the restore. Its entries are keyed hashes, so customers
and addresses of the store are hashed and compared. An account is the same one only with the
day it was made, as ids are given again; an address that came back later is left to a person.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from sidecar.privacy import erasing, erasure_persons, journal
from sidecar.privacy.eraser import Progress
from sidecar.privacy.erasure_ground import Ground, open_ground
from sidecar.privacy.erasure_outcome import Outcome
from sidecar.privacy.erasure_rows import Person
from sidecar.privacy.journal import Entry
from sidecar.privacy.means import Means
from sidecar.privacy.person import account_hashes, accounts_with, guest_hashes, require_key
from sidecar.shop.database import transaction
from sidecar.shop.text import unescape
from sidecar.sync.consents import obeying, suppression
from sidecar.sync.reading import wall_seconds

#: How the tables of the store say when a row was made.
_DATES = ("date_added", "date_modified")


@dataclass(slots=True)
class Replay:
    """
    What the journal asks for, and what was done about it.

    Attributes:
        entries: Of the journal, in the table and in the file together.
        only_in_file: Of those, entries that the table lacks: it was restored.
        only_in_table: Entries that the file lacks.
        unreadable: Lines of the file that are no entries.
        accounts: Accounts that were erased before, and are there.
        addresses: E-mail addresses of guests that are there again.
        came_back: Addresses with newer rows, or an account: somebody uses them again.
        suppressed: Suppressions that were restored.
        erased: How many persons were erased again.
        outcome: What that came to; None: nothing was to be done, or it was only planned.
    """

    entries: int = 0
    only_in_file: int = 0
    only_in_table: int = 0
    unreadable: int = 0
    accounts: list[int] = field(default_factory=list)
    addresses: int = 0
    came_back: int = 0
    suppressed: int = 0
    erased: int = 0
    outcome: Outcome | None = None

    def as_json(self) -> dict[str, Any]:
        """For an answer."""
        return {
            "entries": self.entries,
            "only_in_file": self.only_in_file,
            "only_in_table": self.only_in_table,
            "unreadable": self.unreadable,
            "accounts": self.accounts,
            "addresses": self.addresses,
            "came_back": self.came_back,
            "suppressed": self.suppressed,
            "erased": self.erased,
            "result": None if self.outcome is None else self.outcome.as_json(),
        }


@dataclass(slots=True)
class _Wanted:
    """What the journal says of erasures, by hash: when the last of them was."""

    accounts: dict[str, int] = field(default_factory=dict)
    addresses: dict[str, int] = field(default_factory=dict)


def plan(means: Means) -> Replay:
    """What would be done; writes nothing."""
    found, _, _ = _look(means, open_ground(means))
    return found


def carry_out(means: Means, progress: Progress | None = None) -> Replay:
    """
    Erase again, and bring table and file of the journal together.

    Raises:
        NotNowError: A legal hold keeps the data of one.
        FatalError: The journal cannot be read or written; nothing was erased.
        StoppedError: We were asked to end; what is done stands.
    """
    ground = open_ground(means)
    own = means.shop.own
    found, persons, missing = _look(means, ground)
    with transaction(means.shop.engine) as tx:
        found.suppressed = sum(_suppress_again(means, tx, entry) for entry in missing)
        journal.add(tx, own, missing)
    journal.copy_to_file(means)
    obeying.obey(means.shop, means.moment)
    erasing.begin(ground, persons, in_journal=True)
    found.outcome = erasing.go_on(ground, progress=progress)
    found.erased = 0 if found.outcome is None else found.outcome.persons
    return found


def _look(means: Means, ground: Ground) -> tuple[Replay, list[Person], list[Entry]]:
    file = journal.read_file(means.config.privacy.journal)
    with transaction(means.shop.engine) as tx:
        table = {entry.entry: entry for entry in journal.read_table(tx, means.shop.own)}
    missing = [entry for name, entry in file.entries.items() if name not in table]
    every = {**table, **file.entries}
    found = Replay(
        entries=len(every),
        only_in_file=len(missing),
        only_in_table=len(table.keys() - file.entries.keys()),
        unreadable=file.unreadable + int(file.is_torn),
    )
    wanted = _Wanted()
    for entry in every.values():
        if entry.kind != "erasure":
            continue
        for hashed, into in (
            (entry.customer, wanted.accounts),
            (entry.address, wanted.addresses),
        ):
            if hashed is not None:
                into[hashed] = max(entry.at, into.get(hashed, 0))
    found.accounts = list(_accounts(means, wanted)) if wanted.accounts else []
    persons = erasure_persons.accounts(means, found.accounts)
    if wanted.addresses:
        persons += _guests(ground, wanted, {one.subject.emails for one in persons}, found)
    return found, persons, missing


def _accounts(means: Means, wanted: _Wanted) -> Iterator[int]:
    """The accounts of the store that were erased before."""
    shop = means.shop
    key, customer = require_key(shop), shop.tables.customer
    made = wall_seconds(customer.c.date_added)
    query = select(customer.c.customer_id, made)
    with transaction(shop.engine) as tx:
        parts = shop.key_blocks.each(
            tx, query, customer.c.customer_id, None, lambda part: tx.execute(part).all()
        )
        for part in parts:
            for customer_id, at in part:
                hashes = account_hashes(key, customer_id, None if at is None else int(at))
                if any(hashed in wanted.accounts for hashed in hashes):
                    yield int(customer_id)


def _guests(
    ground: Ground, wanted: _Wanted, known: set[frozenset[str]], found: Replay
) -> list[Person]:
    """Whoever ordered by an address that was erased before, and has not come back since."""
    means = ground.means
    key, zone = require_key(means.shop), means.moment.zone
    erased = frozenset().union(*known) if known else frozenset()
    persons: list[Person] = []
    for stored, newest in sorted(_addresses(ground).items()):
        address = unescape(stored)
        if stored in erased:
            continue
        at = max((wanted.addresses.get(one, 0) for one in guest_hashes(key, address)), default=0)
        if not at:
            continue
        then = datetime.datetime.fromtimestamp(at, zone).replace(tzinfo=None)
        with transaction(means.shop.engine) as tx:
            has_account = bool(accounts_with(tx, means.shop, address))
        if has_account or (newest is not None and newest > then):
            found.came_back += 1
            continue
        found.addresses += 1
        persons.append(erasure_persons.guest(means, address))
    return persons


def _addresses(ground: Ground) -> dict[str, datetime.datetime | None]:
    """The addresses of rows that name no account that there is, each with the newest row's date."""
    rows = ground.rows([])
    found: dict[str, datetime.datetime | None] = {}
    for one in ground.register.tables.values():
        live = ground.live.get(one.name)
        if live is None or one.own or one.name == "customer":
            continue
        emails = [link.column for link in one.links if link.to == "email"]
        emails = [name for name in emails if name in live.columns]
        if not emails:
            continue
        sql, width = rows.sql(one), len(rows.key_of(one))
        dates = [name for name in _DATES if name in live.columns]
        columns = [sql.c[name] for name in (*rows.key_of(one), *emails, *dates)]
        for block in rows.reads.blocks(live, rows.key_of(one), columns):
            for row in block:
                at = _newest(row[width + len(emails) :])
                for email in row[width : width + len(emails)]:
                    if email and "@" in email:
                        address = email.strip().lower()
                        found[address] = _newest((at, found.get(address)))
    return found


def _newest(dates: Sequence[Any]) -> datetime.datetime | None:
    return max((one for one in dates if isinstance(one, datetime.datetime)), default=None)


def _suppress_again(means: Means, tx: Connection, entry: Entry) -> bool:
    if entry.kind != "suppression" or entry.channel is None or entry.address is None:
        return False
    return suppression.take_back(
        tx,
        means.shop.own,
        entry.channel,
        entry.address,
        entry.purpose,
        entry.reason,
        entry.at,
        entry.entry,
    )
