"""Points that expire, and those that what a customer does lets live on."""

from __future__ import annotations

from typing import Literal
from zoneinfo import ZoneInfo

from sidecar.rules.loyalty.account import Entry
from sidecar.rules.loyalty.expiry import Expiry, Inactivity, expires_at
from sidecar.sync.loyalty.holder import Holder, Key, KnownCause


def expire(holder: Holder, policy: Expiry, at: int, zone: ZoneInfo) -> None:
    """Let expire what is over *at*, once what the customer did meanwhile renewed the rest."""
    account = holder.account
    done = {_activity(entry) for entry in account.entries}
    if isinstance(policy, Inactivity) and any(kind in policy.renewed_by for kind in done):
        # What the store let be spent had not expired then; nobody looked in between.
        is_late = "spend" in done and "spend" in policy.renewed_by
        for lot in account.lots:
            if lot.expires_at > at or (is_late and lot.remaining):
                since = at if lot.is_released else max(at, lot.available_at)
                lot.expires_at = expires_at(policy, since, zone)
        account.release(at)  # what is good again pays what is owed
    if any(lot.expires_at <= at and lot.remaining for lot in account.lots):
        account.expire(holder.cause(Key("expire", at), at), at)


def _activity(entry: Entry) -> Literal["earn", "spend", "none"]:
    """What *entry* says that the customer did."""
    cause = entry.cause
    if entry.kind == "post" and isinstance(cause, KnownCause):
        if entry.amount > 0 and cause.key.kind == "earn":
            # An order that comes back to what it earned once is no new one.
            known = any(one.cause_id for one in (cause, *cause.kin))
            return "none" if known else "earn"
        if entry.amount < 0 and cause.key.kind in ("native", "redeem"):
            return "spend"
    return "none"
