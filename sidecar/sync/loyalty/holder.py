"""Who holds an account, and what its causes are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from sidecar.rules.loyalty.account import Account, Cause, Entry, Terms

Unit = Literal["points", "credit"]

Kind = Literal[
    "opening", "earn", "native", "adjust", "expire", "redeem", "issue", "waive", "restore"
]

#: What is taken from whom: a revocation empties the newest lots, a spend the soonest to expire.
_TAKES: Mapping[Kind, Literal["soonest", "newest"]] = {
    "opening": "newest",
    "earn": "newest",
    "native": "soonest",
    "adjust": "soonest",
    "expire": "soonest",
    "redeem": "soonest",
    "issue": "newest",
    "waive": "soonest",
    "restore": "soonest",
}


class Key(NamedTuple):
    """
    What a cause is, of one customer.

    Attributes:
        kind: Why an amount stands in the account.
        source_id: The order, the store's row, the instant of an expiry; None: it has none, and
            there may be several.
        earner_id: By which rule an order earns; 0: the points per unit.
    """

    kind: Kind
    source_id: int | None = None
    earner_id: int = 0


#: What is forgiven of a customer's debt.
WAIVER = Key("waive", 0)


@dataclass(slots=True, eq=False, kw_only=True)
class KnownCause(Cause):
    """
    Attributes:
        key: What it is.
        is_overruled: Its target is 0 until a person gives back what was taken.
        actor: The person who asked for it; empty: nobody.
        reason: What they said.
        at: When it was first looked at, in seconds since 1970.
        order_id: Of a row of the store's, and of what is restored: the order it names; 0: none.
    """

    key: Key
    is_overruled: bool = False
    actor: str = ""
    reason: str = ""
    at: int = 0
    order_id: int = 0


@dataclass(slots=True)
class Holder:
    """
    One customer's account, and what is known of it.

    Attributes:
        account: Lots and debt; its entries are those to be written.
        causes: Those with a source, by what they are.
        others: New ones without a source.
        earned: Of *causes*, those of each order.
        orders_mark: Fingerprint of the orders that were looked at.
        native_mark: Fingerprint of the native rows that were looked at.
        lost: What somebody removed of our native rows since, by the cause of their entries.
        is_altered: Rows of ours have another amount in the store; None: it was not looked at.
        is_beside: Others gave something there that does not count; None: as before.
        rewritten: Rows of ours that took something, were deleted, and are written again.
        is_new: It has no row yet.
    """

    customer_id: int
    account: Account
    causes: dict[Key, KnownCause] = field(default_factory=dict)
    others: list[KnownCause] = field(default_factory=list)
    earned: dict[int, list[KnownCause]] = field(default_factory=dict)
    lost: dict[KnownCause, int] = field(default_factory=dict)
    orders_mark: int = 0
    native_mark: int = 0
    is_altered: bool | None = None
    is_beside: bool | None = None
    rewritten: int = 0
    is_new: bool = True

    def cause(self, key: Key, at: int) -> KnownCause:
        """The one that *key* says; a new one when there is none."""
        found = self.causes.get(key)
        if found is None:
            waives = key.kind == "waive"
            found = KnownCause(takes=_TAKES[key.kind], waives=waives, key=key, at=at)
            if key.source_id is None:
                self.others.append(found)
            else:
                self.causes[key] = found
            if key.kind == "earn" and key.source_id is not None:
                same = self.earned.setdefault(key.source_id, [])
                found.kin = [*same]
                for other in same:
                    other.kin = [*other.kin, found]
                same.append(found)
        return found

    def post(self, cause: KnownCause, target: int, at: int, terms: Terms | None = None) -> None:
        """As `Account.post`, but what is taken back and has expired is not taken twice."""
        lot = cause.own
        left = 0 if lot is None else cause.posted - target - lot.remaining
        if lot is not None and left > 0:
            for key, expired in self.causes.items():
                if key.kind == "expire" and left > 0:
                    left -= self.account.unexpire(expired, lot, left)
        self.account.post(cause, target, at, terms)

    def waive(self, most: int | None, at: int) -> None:
        """
        Forgive what is owed for revocations beyond *most*; None: nothing is forgiven.

        Once somebody removed such a row in the store, nothing is forgiven any more.
        """
        if most is None or self.account.debt.remaining >= -most:
            return
        cause = self.cause(WAIVER, at)
        if not cause.is_overruled:
            self.account.waive(cause, most, at)


@dataclass(slots=True)
class Posted:
    """
    An entry that is about to be written.

    Attributes:
        holder: Whose account.
        entry: What happened there.
        entry_id: Its number.
        written: Of what it shows, the row of ours in the store; 0: none.
        native_id: That row's number; None: none, or not written yet.
    """

    holder: Holder
    entry: Entry
    entry_id: int
    written: int = 0
    native_id: int | None = None

    @property
    def cause(self) -> KnownCause:
        """Why."""
        assert isinstance(self.entry.cause, KnownCause)  # noqa: S101 - the ledger makes no other
        return self.entry.cause
