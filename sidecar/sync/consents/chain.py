"""
The chain of consents: rows are only added, and each holds the digest of the one before.

    personal_mac = HMAC(salt, personal columns)        digest = HMAC(previous, personal_mac, rest)

An erasure blanks the personal columns and the salt, and leaves ``personal_mac``: the chain
still fits, and nobody can find out by trying whom it was about. The head, the last row's
digest and how many rows were blanked, stands in `sidecar_state`, sealed too: rows that are cut
off at the end are missed. What it cannot show is that the whole database is an older one.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import polars as pl
from sqlalchemy import ColumnElement, Connection, delete, select, update

from sidecar.config.key import Key
from sidecar.errors import ConfigError
from sidecar.model import Moment
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync import state as kept
from sidecar.sync import values
from sidecar.sync.consents import telling

#: In ``sidecar_state``: the chain's head.
HEAD: Final = "consents.head"

#: What the first row has in the place of a digest before it.
FIRST: Final = "0" * 64

#: Sayings in one transaction, and rows in one UPDATE.
BATCH: Final = 2_000
_CHUNK: Final = 500

_ACTOR: Final = 64

_TEXTS: Final = ("purpose", "personal", "actor")
_STATE: Final = ("customer_id", "subject", "store_id", "channel", "purpose")


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """
    One consent or no, as it is to be added.

    Attributes:
        customer_id: The store's id; 0: a guest.
        subject: Keyed hash of a guest's address; empty: an account.
        at: When it was said, in seconds since 1970.
        wording: Hash of the words; None: not known.
        personal: Address, IP, user agent, locale, words.
        actor: The person of the shop; None: nobody.
        native: The flag in the store; None: not projected.
    """

    customer_id: int
    subject: str = ""
    channel: str
    purpose: str
    store_id: int
    state: str
    source: str
    evidence: str = "none"
    at: int
    wording: str | None = None
    personal: Mapping[str, str] = field(default_factory=dict)
    actor: str | None = None
    native: int | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """
    Attributes:
        consent_id: Of the last row; 0: there is none.
        digest: Of it.
        blank: Rows whose personal part was erased.
        lost: Rows before which the head was gone or not ours.
    """

    consent_id: int = 0
    digest: str = FIRST
    blank: int = 0
    lost: tuple[int, ...] = ()


def require_key(shop: Shop) -> Key:
    """
    The installation's key.

    Raises:
        ConfigError: None was made.
    """
    if shop.key is None:
        raise ConfigError("privacy.key_file", "there is no key yet", "run `sidecar key create`")
    return shop.key


def say(tx: Connection, shop: Shop, sayings: Sequence[Saying], moment: Moment) -> None:
    """
    Add *sayings* to the chain, and make them what holds.

    Raises:
        ConfigError: There is no key.
    """
    if not sayings:
        return
    key, own = require_key(shop), shop.own
    head = _trusted(tx, own, key)
    rows, standing = [], []
    for saying in sayings:
        row = _row(key, head, saying, moment)
        head = replace(head, consent_id=row["consent_id"], digest=row["digest"])
        rows.append(row)
        theirs = {name: getattr(saying, name) for name in (*_STATE, "state", "at", "native")}
        standing.append(theirs | {"consent_id": row["consent_id"]})
    values.insert(tx, own.privacy.consent, _frame(rows), strict=True)
    update_ = ("state", "at", "consent_id", "native")
    values.insert(tx, own.privacy.consent_state, _frame(standing), update=update_)
    _write_head(tx, own, key, head, moment)


def blank(
    tx: Connection,
    shop: Shop,
    customer_ids: Collection[int],
    subjects: Collection[str],
    moment: Moment,
) -> int:
    """
    Erase who said it, and what is personal of it, from the sayings of some people.

    Args:
        customer_ids: Of accounts; not 0.
        subjects: Of guests, by every key of the installation.

    Returns:
        How many rows lost their personal part.

    Raises:
        ConfigError: There is no key.
    """
    key, own = require_key(shop), shop.own
    ids = set(
        _ids(tx, own.privacy.consent.c.consent_id, own.privacy.consent.c.customer_id, customer_ids)
    )
    ids.update(_ids(tx, own.privacy.consent.c.consent_id, own.privacy.consent.c.subject, subjects))
    nothing = {"customer_id": None, "subject": None, "personal": None, "salt": None}
    for part in _parts(ids):
        here = own.privacy.consent.c.consent_id.in_(part)
        tx.execute(update(own.privacy.consent).where(here).values(nothing))
    state = own.privacy.consent_state
    for column, wanted in ((state.c.customer_id, customer_ids), (state.c.subject, subjects)):
        for some in _parts(wanted):
            tx.execute(delete(state).where(column.in_(some)))
    telling.forget(tx, own, sorted(customer_ids))
    if ids:
        head = _trusted(tx, own, key)
        _write_head(tx, own, key, replace(head, blank=head.blank + len(ids)), moment)
    return len(ids)


def _ids(
    tx: Connection, key: ColumnElement[int], column: ColumnElement[Any], wanted: Collection[Any]
) -> list[int]:
    return [
        found
        for some in _parts(wanted)
        for found in tx.scalars(select(key).where(column.in_(some)))
    ]


def _parts(wanted: Collection[Any]) -> list[list[Any]]:
    # A guest has no id, and an account no subject: 0 and nothing would be everybody.
    some = sorted(one for one in set(wanted) if one)
    return [some[start : start + _CHUNK] for start in range(0, len(some), _CHUNK)]


# -- the head ------------------------------------------------------------------------------


def read_head(tx: Connection, own: OwnTables, key: Key) -> Head | None:
    """The head; None where it is gone, or was not written by us."""
    return _head(kept.read(tx, own, HEAD), key)


def fits_its_end(tx: Connection, own: OwnTables, key: Key) -> bool:
    """Whether the last row is the one that the head remembers."""
    head, row = read_head(tx, own, key), _last(tx, own)
    if row is None:
        return head is None and kept.read(tx, own, HEAD) is None
    return head is not None and not head.lost and (head.consent_id, head.digest) == row


def _last(tx: Connection, own: OwnTables) -> tuple[int, str] | None:
    consent = own.privacy.consent.c
    query = select(consent.consent_id, consent.digest).order_by(consent.consent_id.desc()).limit(1)
    row = tx.execute(query).one_or_none()
    return None if row is None else (int(row.consent_id), str(row.digest))


def _head(value: object, key: Key) -> Head | None:
    if not isinstance(value, dict):
        return None
    try:
        number, digest, blanked, lost = (value[name] for name in ("id", "digest", "blank", "lost"))
        head = Head(int(number), str(digest), int(blanked), tuple(map(int, lost)))
        is_ours = _mac(key, head, int(value["key"])) == value["mac"]
    except (KeyError, TypeError, ValueError):
        return None
    return head if is_ours else None


def _trusted(tx: Connection, own: OwnTables, key: Key) -> Head:
    """The head to go on from, locked: one writer at a time."""
    query = select(own.state.c.value).where(own.state.c.name == HEAD).with_for_update()
    text = tx.scalar(query)
    if text is not None and (head := _head(json.loads(text), key)) is not None:
        return head
    last = _last(tx, own)
    if last is None and text is None:
        return Head()
    # What was there is not known any more; that is said for ever, and the chain goes on.
    number, digest = last or (0, FIRST)
    return Head(number, digest, 0, (number + 1,))


def _write_head(tx: Connection, own: OwnTables, key: Key, head: Head, moment: Moment) -> None:
    value: dict[str, kept.Json] = {
        "id": head.consent_id,
        "digest": head.digest,
        "blank": head.blank,
        "lost": head.lost,
        "key": key.number,
        "mac": _mac(key, head, key.number),
    }
    kept.write(tx, own, HEAD, value, moment)


def _mac(key: Key, head: Head, number: int) -> str:
    lost = ",".join(map(str, head.lost))
    parts = (str(head.consent_id), head.digest, str(head.blank), lost)
    return key.digest("consent.head", *parts, number=number)


# -- digests -------------------------------------------------------------------------------


def personal_mac(key: Key, row: Mapping[str, Any]) -> str:
    """The salted hash of the personal columns of *row*, by the key that it names."""
    parts = (row["salt"], str(row["customer_id"]), row["subject"], row["personal"])
    return key.digest("consent.personal", *map(_part, parts), number=row["key_id"])


def digest(key: Key, row: Mapping[str, Any]) -> str:
    """The hash of what is not personal in *row*, and of the row before."""
    names = (
        "previous", "personal_mac", "consent_id", "at", "noted_at", "channel", "purpose",
        "store_id", "state", "source", "evidence", "wording", "actor", "key_id",
    )  # fmt: skip
    return key.digest("consent", *(_part(row[name]) for name in names), number=row["key_id"])


def _part(value: object) -> str:
    """Nothing and empty text are not the same."""
    return "" if value is None else f"={value}"


def _row(key: Key, head: Head, saying: Saying, moment: Moment) -> dict[str, Any]:
    personal = json.dumps(
        dict(saying.personal), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    row: dict[str, Any] = {
        "consent_id": head.consent_id + 1,
        "at": saying.at,
        "noted_at": moment.epoch_s,
        "channel": saying.channel,
        "purpose": saying.purpose,
        "store_id": saying.store_id,
        "state": saying.state,
        "source": saying.source,
        "evidence": saying.evidence,
        "wording": saying.wording,
        "customer_id": saying.customer_id,
        "subject": saying.subject or None,
        "personal": personal,
        "salt": secrets.token_hex(16),
        "actor": saying.actor and saying.actor[:_ACTOR],
        "key_id": key.number,
        "previous": head.digest,
    }
    row["personal_mac"] = personal_mac(key, row)
    row["digest"] = digest(key, row)
    return row


def _frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """*rows* for `values.insert`: text of others as bytes."""
    columns: dict[str, pl.Series] = {}
    for name in rows[0]:
        found = [row[name] for row in rows]
        if name in _TEXTS:
            binary = [None if text is None else text.encode() for text in found]
            columns[name] = pl.Series(name, binary, dtype=pl.Binary)
        elif any(isinstance(value, str) for value in found):
            columns[name] = pl.Series(name, found, dtype=pl.String)
        else:
            columns[name] = pl.Series(name, found, dtype=pl.Int64)
    return pl.DataFrame(columns)
