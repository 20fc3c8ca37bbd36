"""
What people of the shop say about consents: granting, withdrawing, objecting, for one person.

The store's flag follows by the doorbell that is rung with each of them; see `newsletter`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from sqlalchemy import Connection, insert

from sidecar.errors import UsageError
from sidecar.model import Moment
from sidecar.rules.privacy import consent as lattice
from sidecar.rules.privacy.consent import NEWSLETTER, Standing
from sidecar.shop.shop import Shop
from sidecar.sync.consents import chain, held, suppression, telling
from sidecar.sync.consents.chain import Saying
from sidecar.sync.consents.held import Held, states
from sidecar.sync.consents.people import Who
from sidecar.sync.consents.suppression import Reason

#: Why the customer is looked at again.
_RUNG: Final = "consent.said"

#: A consent to what is done with data is no marketing; objecting to that leaves it.
_NO_MARKETING: Final = "processing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    What is to be said.

    Attributes:
        store_id: None: that of the flag, where it shows this consent; else the person's.
        at: When it was said, in seconds since 1970.
        wording: Hash of the words that were shown; None: not known.
        personal: IP, user agent, locale, words.
        actor: Who says it.
    """

    channel: str
    purpose: str
    store_id: int | None = None
    at: int
    wording: str | None = None
    personal: Mapping[str, str] = field(default_factory=dict)
    actor: str


# -- saying --------------------------------------------------------------------------------


def grant(
    tx: Connection, shop: Shop, who: Who, wanted: Wanted, evidence: str, moment: Moment
) -> None:
    """
    Grant a consent, of which there is *evidence*; its address leaves the suppression list.

    Raises:
        UsageError: What stands is not overcome by this evidence.
        ConfigError: There is no key.
    """
    stands, since = _held(tx, shop, who, wanted), _suppressed(tx, shop, who, wanted)
    if problem := lattice.refusal(stands.standing, since, evidence, wanted.at):
        raise UsageError(f"the consent cannot be granted: {problem}")
    if since is not None:
        suppression.lift(tx, shop, wanted.channel, who.address(wanted.channel), wanted.purpose)
    _say(tx, shop, who, wanted, stands, "granted", evidence, moment)


def await_answer(tx: Connection, shop: Shop, who: Who, wanted: Wanted, moment: Moment) -> None:
    """
    Note that somebody was asked for a consent and has not answered yet.

    Raises:
        UsageError: They may not be asked.
        ConfigError: There is no key.
    """
    stands, since = _held(tx, shop, who, wanted), _suppressed(tx, shop, who, wanted)
    if problem := lattice.asking_refusal(stands.standing, since):
        raise UsageError(f"the consent cannot be pending: {problem}")
    _say(tx, shop, who, wanted, stands, "pending", "none", moment)


def lower(
    tx: Connection,
    shop: Shop,
    who: Who,
    wanted: Wanted,
    state: lattice.State,
    moment: Moment,
    source: lattice.Source = "command",
) -> bool:
    """
    Say no: *state* is ``withdrawn``, ``bounced``, ``complained`` or ``objected``.

    Returns:
        Whether it says more than what stood.

    Raises:
        ConfigError: There is no key.
    """
    stands = _held(tx, shop, who, wanted, also_as_guest=False)
    if not lattice.adds(stands.standing, Standing(state, source, wanted.at)):
        return False
    _say(tx, shop, who, wanted, stands, state, "none", moment, source)
    return True


def lower_channel(
    tx: Connection,
    shop: Shop,
    who: Who,
    channel: str,
    state: lattice.State,
    *,
    actor: str,
    reason: str,
    at: int,
    moment: Moment,
    source: lattice.Source = "command",
) -> int:
    """
    Say no for all that is sent to *who* by *channel*, and put their address on the list.

    Args:
        reason: In the words of *actor*; empty: none.
        at: When it was said, in seconds since 1970.

    Returns:
        How many consents this changed; the newsletter is one also if it was never granted.

    Raises:
        ConfigError: There is no key.
    """
    wanted = {(who.store_id, NEWSLETTER[1])} if channel == NEWSLETTER[0] else set()
    wanted.update(
        (row.store_id, row.purpose) for row in states(tx, shop, who) if row.channel == channel
    )
    said = 0
    for store_id, purpose in sorted(wanted):
        one = Wanted(
            channel=channel,
            purpose=purpose,
            store_id=store_id,
            at=at,
            personal={"words": reason} if reason else {},
            actor=actor,
        )
        said += lower(tx, shop, who, one, state, moment, source)
    if address := who.address(channel):
        suppression.suppress(tx, shop, channel, address, cast("Reason", state), moment)
    return said


def object_to_marketing(
    tx: Connection, shop: Shop, who: Who, *, actor: str, reason: str, moment: Moment
) -> int:
    """
    Withdraw every consent of *who*, for good, and put their addresses on the suppression list.

    Consents to what is done with their data, channel ``processing``, stay.

    Returns:
        How many consents this changed; the newsletter is one also if it was never granted.

    Raises:
        ConfigError: There is no key.
    """
    channels = {"email", "sms", "telephone", *(row.channel for row in states(tx, shop, who))}
    return sum(
        lower_channel(
            tx,
            shop,
            who,
            channel,
            "objected",
            actor=actor,
            reason=reason,
            at=moment.epoch_s,
            moment=moment,
            source="objection",
        )
        for channel in sorted(channels - {_NO_MARKETING})
    )


def _say(
    tx: Connection,
    shop: Shop,
    who: Who,
    wanted: Wanted,
    stands: Held,
    state: lattice.State,
    evidence: str,
    moment: Moment,
    source: str = "command",
) -> None:
    address = who.address(wanted.channel)
    saying = Saying(
        customer_id=who.customer_id,
        subject=stands.subject,
        channel=wanted.channel,
        purpose=wanted.purpose,
        store_id=stands.store_id,
        state=state,
        source=source,
        evidence=evidence,
        at=wanted.at,
        wording=wanted.wording,
        personal={**({"address": address} if address else {}), **wanted.personal},
        actor=wanted.actor,
        native=stands.native,
    )
    chain.say(tx, shop, [saying], moment)
    if who.customer_id:
        hint = {"customer_id": who.customer_id, "reason": _RUNG, "at": moment.epoch_s}
        tx.execute(insert(shop.own.hint).values(hint))
        telling.mend(tx, shop.own, [who.customer_id], moment)


def _suppressed(tx: Connection, shop: Shop, who: Who, wanted: Wanted) -> int | None:
    """Since when the address may not be written to; None: it may."""
    address = who.address(wanted.channel)
    if not address:
        return None
    entry = suppression.find(tx, shop, wanted.channel, address, wanted.purpose)
    return None if entry is None else entry.since


def _held(
    tx: Connection, shop: Shop, who: Who, wanted: Wanted, *, also_as_guest: bool = True
) -> Held:
    return held.read(
        tx, shop, who, wanted.channel, wanted.purpose, wanted.store_id, also_as_guest=also_as_guest
    )
