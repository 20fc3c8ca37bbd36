"""
Whether the chain of consents is whole, row by row, and what holds follows from it.

Only reads, in short transactions; rows that are added meanwhile belong to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from sidecar.config.key import Key
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync.consents import chain
from sidecar.sync.consents.chain import Head, require_key
from sidecar.sync.ranges import Progress

#: Rows, and ids of customers, in one transaction.
_BLOCK: Final = 5_000
_CUSTOMERS: Final = 20_000

#: Problems that are named one by one.
MOST: Final = 100

#: ``altered``: a row is not as it was written · ``missing``: rows are not there any more ·
#: ``order``: a row does not follow the one before it · ``key``: it was made by a key that is not
#: in the file · ``head``: what is remembered of the chain's end does not fit · ``state``: what
#: holds is not what was said last.
Kind = Literal["altered", "missing", "order", "key", "head", "state"]


@dataclass(frozen=True, slots=True)
class Problem:
    """
    Attributes:
        consent_id: Of the first row that is concerned; None: none is there.
        message: For a person.
    """

    kind: Kind
    consent_id: int | None
    message: str


@dataclass(slots=True)
class Verified:
    """
    Attributes:
        rows: That were looked at.
        erased: Of them, without their personal part.
        states: That hold.
        found: How many problems.
        problems: The first of them.
        first: The lowest number of a row that is concerned; None: none is.
    """

    rows: int = 0
    erased: int = 0
    states: int = 0
    found: int = 0
    problems: list[Problem] = field(default_factory=list)
    first: int | None = None

    def add(self, kind: Kind, consent_id: int | None, message: str) -> None:
        """Note one more problem."""
        self.found += 1
        if len(self.problems) < MOST:
            self.problems.append(Problem(kind, consent_id, message))
        if consent_id is not None and (self.first is None or consent_id < self.first):
            self.first = consent_id


def verify(shop: Shop, progress: Progress | None = None) -> Verified:
    """
    Look at every consent, and at every state that holds.

    Raises:
        ConfigError: There is no key.
    """
    key, found = require_key(shop), Verified()
    with transaction(shop.engine) as tx:
        first_head = chain.read_head(tx, shop.own, key)
    _Walk(shop, key, found, first_head).rows(progress)
    for rows in _parts(shop):
        _compare(rows, found)
    return found


class _Walk:
    """From the first row to the last."""

    def __init__(self, shop: Shop, key: Key, found: Verified, head: Head | None) -> None:
        self._shop, self._key, self._found, self._head = shop, key, found, head
        self._last, self._digest = 0, chain.FIRST

    def rows(self, progress: Progress | None) -> None:
        consent = self._shop.own.privacy.consent
        query = select(consent).order_by(consent.c.consent_id).limit(_BLOCK)
        while True:
            with transaction(self._shop.engine) as tx:
                block = tx.execute(query.where(consent.c.consent_id > self._last)).all()
                for row in block:
                    self._row(row)
                if len(block) < _BLOCK:
                    self._end(tx)
                    return
            if progress is not None and self._head is not None:
                progress(self._last, max(self._last, self._head.consent_id))

    def _row(self, row: Row[Any]) -> None:
        number, found = int(row.consent_id), self._found
        found.rows += 1
        if number != self._last + 1:
            gone = f"{self._last + 1:,}" + (
                f" to {number - 1:,}" if number > self._last + 2 else ""
            )
            found.add("missing", number, f"consent {gone} is missing")
        elif row.previous != self._digest:
            found.add("order", number, f"consent {number:,} does not follow the one before it")
        if row.key_id not in self._key.secrets:
            text = f"consent {number:,} was made by key {row.key_id}, which is not in the key file"
            found.add("key", number, text)
        elif not self._is_as_written(row):
            found.add("altered", number, f"consent {number:,} is not as it was written")
        self._last, self._digest = number, row.digest

    def _is_as_written(self, row: Row[Any]) -> bool:
        columns = {str(name): value for name, value in row._mapping.items()}
        personal = [columns[name] for name in ("customer_id", "subject", "personal", "salt")]
        if personal == [None] * len(personal):
            self._found.erased += 1
        elif row.salt is None or chain.personal_mac(self._key, columns) != row.personal_mac:
            return False
        return bool(chain.digest(self._key, columns) == row.digest)

    def _end(self, tx: Connection) -> None:
        """What is remembered of the end, as of the same moment as the last row."""
        found, head = self._found, chain.read_head(tx, self._shop.own, self._key)
        if head is None:
            if found.rows or self._head is not None:
                text = "what is remembered of the end of the chain is gone, or was changed"
                found.add("head", None, text)
            return
        for number in head.lost:
            text = (
                f"when consent {number:,} was written, the end of the chain was not known any more"
            )
            found.add("head", number, text)
        if head.consent_id > self._last:
            gone = f"{self._last + 1:,} to {head.consent_id:,}"
            found.add("missing", None, f"the last consents, {gone}, are missing")
        elif (head.consent_id, head.digest) != (self._last, self._digest):
            number = min(self._last, head.consent_id + 1)
            found.add("head", number, "the last consent is not the one that was written last")
        # Somebody may just be erased.
        unchanged = self._head is not None and self._head.blank == head.blank
        if unchanged and head.blank != found.erased and not head.lost:
            text = (
                f"{found.erased:,} consents have no personal part, but {head.blank:,} were erased"
            )
            found.add("head", None, text)


#: Of one part of the people: what holds, and the last that was said, by whom and what it is about.
_Part = tuple[Sequence[Row[Any]], Sequence[Row[Any]]]


def _parts(shop: Shop) -> Iterator[_Part]:
    consent, held = shop.own.privacy.consent, shop.own.privacy.consent_state
    with transaction(shop.engine) as tx:
        tops = [tx.scalar(select(func.max(one.c.customer_id))) or 0 for one in (consent, held)]
    for first in range(1, max(tops) + 1, _CUSTOMERS):
        last = first + _CUSTOMERS - 1
        yield _read(
            shop,
            consent.c.customer_id.between(first, last),
            held.c.customer_id.between(first, last),
        )
    for digit in "0123456789abcdef":
        yield _read(
            shop,
            (consent.c.customer_id == 0) & consent.c.subject.startswith(digit),
            (held.c.customer_id == 0) & held.c.subject.startswith(digit),
        )


def _read(shop: Shop, said_by: ColumnElement[bool], held_by: ColumnElement[bool]) -> _Part:
    consent, held = shop.own.privacy.consent, shop.own.privacy.consent_state
    theirs = (
        consent.c.customer_id,
        consent.c.subject,
        consent.c.store_id,
        consent.c.channel,
        consent.c.purpose,
    )
    last = (
        select(func.max(consent.c.consent_id).label("consent_id"))
        .where(said_by)
        .group_by(*theirs)
        .subquery()
    )
    said: Select[Any] = select(*theirs, consent.c.consent_id, consent.c.state, consent.c.at).join(
        last, last.c.consent_id == consent.c.consent_id
    )
    with transaction(shop.engine) as tx:
        return tx.execute(select(held).where(held_by)).all(), tx.execute(said).all()


def _compare(part: _Part, found: Verified) -> None:
    held, said = part
    found.states += len(held)
    last = {_whose(row): row for row in said}
    for row in held:
        by = last.pop(_whose(row), None)
        if by is None:
            text = f"{_named(row)} is {row.state}, and nobody said so"
            found.add("state", row.consent_id, text)
        elif (row.consent_id, row.state, row.at) != (by.consent_id, by.state, by.at):
            text = f"{_named(row)} is {row.state}, but consent {by.consent_id:,} says {by.state}"
            found.add("state", by.consent_id, text)
    for row in last.values():
        text = f"{_named(row)} is not kept, but consent {row.consent_id:,} says {row.state}"
        found.add("state", row.consent_id, text)


def _whose(row: Row[Any]) -> tuple[object, ...]:
    return row.customer_id, row.subject or "", row.store_id, row.channel, row.purpose


def _named(row: Row[Any]) -> str:
    who = f"customer {row.customer_id}" if row.customer_id else f"guest {row.subject[:12]}"
    return f"the consent {row.channel}:{row.purpose} of {who}"
