"""
The suppression list: addresses to which nothing may be sent, whatever is imported.

It holds keyed hashes only, so it outlives an erasure. What is put on it is put into the
journal too, to be done again after a restore; taking off is not: after a restore an
address is on the list rather than not.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection, delete, insert, or_, select, update

from sidecar.config.key import Key
from sidecar.model import Moment
from sidecar.rules.privacy.addresses import email_key, telephone_key
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync.consents.chain import require_key

#: From the weakest to the strongest: a stronger one takes the place of a weaker.
Reason = Literal["withdrawn", "bounced", "complained", "objected", "erased"]
REASONS: Final[tuple[Reason, ...]] = ("withdrawn", "bounced", "complained", "objected", "erased")

#: Hashes in one statement.
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """
    Attributes:
        purpose: What nothing may be sent for; empty: anything.
        reason: Why.
        since: Since when, in seconds since 1970.
        entry: Of the journal.
        address: Keyed hash of the address, by whichever key.
    """

    purpose: str
    reason: Reason
    since: int
    entry: str
    address: str


def hashes(key: Key, channel: str, address: str) -> tuple[str, ...]:
    """The keyed hashes of *address*, by every key, the newest first; none of an empty one."""
    comparable = _comparable(channel, address)
    return key.digests("suppression", channel, comparable) if comparable else ()


def _comparable(channel: str, address: str) -> str:
    if channel == "email":
        return email_key(address)
    if channel in ("sms", "telephone"):
        return telephone_key(address, None)
    return " ".join(unicodedata.normalize("NFKC", address).lower().split())


def is_empty(tx: Connection, own: OwnTables, channel: str) -> bool:
    """Whether nobody is suppressed on *channel*."""
    table = own.privacy.suppression
    query = select(table.c.address).where(table.c.channel == channel).limit(1)
    return tx.scalar(query) is None


def among(
    tx: Connection, shop: Shop, channel: str, addresses: Collection[str], purpose: str = ""
) -> dict[str, Entry]:
    """
    Those of *addresses* that are on the list, each with the latest entry that applies.

    Args:
        purpose: Also those for this purpose only; empty: only those for any.

    Raises:
        ConfigError: There is no key.
    """
    key, table = require_key(shop), shop.own.privacy.suppression
    whose = {found: one for one in set(addresses) for found in hashes(key, channel, one)}
    found: dict[str, Entry] = {}
    wanted = sorted(whose)
    for start in range(0, len(wanted), _CHUNK):
        query = select(
            table.c.purpose, table.c.reason, table.c.since, table.c.entry, table.c.address
        ).where(
            table.c.channel == channel,
            table.c.address.in_(wanted[start : start + _CHUNK]),
            table.c.purpose.in_(("", purpose)),
        )
        for row in tx.execute(query):
            entry, address = Entry(*row), whose[row.address]
            if address not in found or entry.since > found[address].since:
                found[address] = entry
    return found


def find(tx: Connection, shop: Shop, channel: str, address: str, purpose: str = "") -> Entry | None:
    """The entry that keeps *address* from being written to; None: there is none."""
    return among(tx, shop, channel, [address], purpose).get(address)


def suppress(
    tx: Connection,
    shop: Shop,
    channel: str,
    address: str,
    reason: Reason,
    moment: Moment,
    purpose: str = "",
) -> bool:
    """
    Put *address* on the list, and into the journal; not where it is for as strong a reason.

    Returns:
        Whether anything changed. An empty address is none.

    Raises:
        ConfigError: There is no key.
    """
    digests = hashes(require_key(shop), channel, address)
    if not digests:
        return False
    own, table = shop.own, shop.own.privacy.suppression
    here = (table.c.channel == channel) & (table.c.purpose == purpose)
    query = select(table.c.address, table.c.reason).where(here, table.c.address.in_(digests))
    rows = tx.execute(query).all()
    if any(REASONS.index(row.reason) >= REASONS.index(reason) for row in rows):
        return False
    entry = secrets.token_hex(16)
    hashed = rows[0].address if rows else digests[0]
    if rows:
        changed = update(table).where(here, table.c.address == hashed)
        tx.execute(changed.values(reason=reason, since=moment.epoch_s, entry=entry))
    else:
        row = {
            "channel": channel,
            "address": hashed,
            "purpose": purpose,
            "reason": reason,
            "since": moment.epoch_s,
            "entry": entry,
        }
        tx.execute(insert(table).values(row))
    journal = {
        "entry": entry,
        "kind": "suppression",
        "customer": None,
        "address": hashed,
        "channel": channel,
        "purpose": purpose,
        "reason": reason,
        "at": moment.epoch_s,
    }
    tx.execute(insert(own.privacy.journal).values(journal))
    return True


def suppress_for_erasure(
    tx: Connection,
    shop: Shop,
    emails: Iterable[str],
    telephones: Iterable[str],
    moment: Moment,
) -> int:
    """
    Put what an erased person could be reached by on the list; returns how many entries changed.

    Raises:
        ConfigError: There is no key.
    """
    wanted = [("email", address) for address in emails]
    wanted += [(channel, number) for number in telephones for channel in ("sms", "telephone")]
    return sum(suppress(tx, shop, *one, "erased", moment) for one in wanted)


def take_back(
    tx: Connection,
    own: OwnTables,
    channel: str,
    address: str,
    purpose: str,
    reason: str,
    since: int,
    entry: str,
) -> bool:
    """
    Put an entry of the journal on the list again, after a restore; *address* is its hash.

    Returns:
        Whether it was missing. One that is there for another reason stays as it is.
    """
    table = own.privacy.suppression
    here = (table.c.channel == channel) & (table.c.address == address)
    if tx.scalar(select(table.c.entry).where(here, table.c.purpose == purpose)) is not None:
        return False
    row = {
        "channel": channel,
        "address": address,
        "purpose": purpose,
        "reason": reason,
        "since": since,
        "entry": entry,
    }
    tx.execute(insert(table).values(row))
    return True


def lift(tx: Connection, shop: Shop, channel: str, address: str, purpose: str) -> None:
    """Take *address* off the list, for any purpose and for *purpose*; the journal keeps it."""
    table = shop.own.privacy.suppression
    digests = hashes(require_key(shop), channel, address)
    applies = or_(table.c.purpose == "", table.c.purpose == purpose)
    tx.execute(
        delete(table).where(table.c.channel == channel, table.c.address.in_(digests), applies)
    )
