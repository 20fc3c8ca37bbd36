"""
What people of the shop say about consents: granting, withdrawing, objecting, for one person.

The store's flag follows by the doorbell that is rung with each of them; see `newsletter`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from sqlalchemy import Connection, insert, select

from sidecar.errors import UsageError
from sidecar.model import Moment
from sidecar.rules.privacy import consent as lattice
from sidecar.rules.privacy.addresses import email_key
from sidecar.rules.privacy.consent import NEWSLETTER, Standing
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.shop.text import unescape
from sidecar.sync import finding
from sidecar.sync.consents import chain, suppression, telling
from sidecar.sync.consents.chain import Saying, require_key
from sidecar.sync.consents.suppression import Reason

#: Why the customer is looked at again.
_RUNG: Final = "consent.said"

#: A consent to what is done with data is no marketing; objecting to that leaves it.
_NO_MARKETING: Final = "processing"


@dataclass(frozen=True, slots=True)
class Who:
    """
    Whose consents these are.

    Attributes:
        customer_id: The store's id; 0: a guest.
        subjects: Keyed hashes of the e-mail address, by every key, the newest first.
        email: Unescaped.
        telephone: Unescaped; empty: none.
        store_id: Of the account; 0: the default store, or a guest.
        other: Their address on the channels that are neither; empty: not known.
    """

    customer_id: int
    subjects: tuple[str, ...]
    email: str
    telephone: str = ""
    store_id: int = 0
    other: str = ""

    def address(self, channel: str) -> str:
        """Where they are reached on *channel*; empty: not known."""
        if channel == "email":
            return self.email
        return self.telephone if channel in ("sms", "telephone") else self.other


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


@dataclass(frozen=True, slots=True)
class _Held:
    """What stands of one consent, in which store, and what stands of the flag."""

    store_id: int
    standing: Standing | None
    subject: str
    native: int | None


# -- whom ----------------------------------------------------------------------------------


def account(tx: Connection, shop: Shop, customer_id: int) -> Who:
    """
    The account with that id.

    Raises:
        UsageError: There is none.
        ConfigError: There is no key.
    """
    customer = shop.tables.customer.c
    query = select(customer.email, customer.telephone, customer.store_id)
    row = tx.execute(query.where(customer.customer_id == customer_id)).one_or_none()
    if row is None:
        raise UsageError(f"no customer has the id {customer_id}")
    email, telephone = (unescape(str(text or "")).strip() for text in row[:2])
    return Who(customer_id, subjects(shop, email), email, telephone, int(row.store_id or 0))


def guest(shop: Shop, address: str) -> Who:
    """Whoever has the e-mail *address*."""
    return Who(0, subjects(shop, address), address.strip())


def subjects(shop: Shop, email: str) -> tuple[str, ...]:
    """The keyed hashes of whoever has the address *email*, by every key; none of an empty one."""
    comparable = email_key(email)
    return require_key(shop).digests("person.email", comparable) if comparable else ()


def whose(shop: Shop, text: str) -> Who:
    """
    The account that *text*, an id or an e-mail address, names; else the guest of the address.

    Raises:
        UsageError: There is no such id, it is no address, or several accounts have it (listed).
        ConfigError: There is no key.
    """
    require_key(shop)
    with transaction(shop.engine) as tx:
        ids = accounts_of(tx, shop, text) if "@" in text else []
    if len(ids) != 1 and "@" in text.strip(" @") and not ids:
        return guest(shop, text)
    customer_id = ids[0] if len(ids) == 1 else finding.require_customers(shop, [text])[text]
    with transaction(shop.engine) as tx:
        return account(tx, shop, customer_id)


def reached_at(shop: Shop, channel: str, address: str) -> list[Who]:
    """
    Who is reached at *address*: by e-mail all its accounts and its guest; else nobody we know.

    There is always one who has the address, so that it can be put on the list.
    """
    if channel != "email":
        return [Who(0, (), "", telephone=address, other=address)]
    with transaction(shop.engine) as tx:
        people = [account(tx, shop, found) for found in accounts_of(tx, shop, address)]
    return [*people, guest(shop, address)]


def accounts_of(tx: Connection, shop: Shop, email: str) -> list[int]:
    """The ids of the accounts with the address *email*, ascending."""
    return finding.accounts_with(tx, shop, [email, email_key(email)])


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
    held, since = _read(tx, shop, who, wanted), _suppressed(tx, shop, who, wanted)
    if problem := lattice.refusal(held.standing, since, evidence, wanted.at):
        raise UsageError(f"the consent cannot be granted: {problem}")
    if since is not None:
        suppression.lift(tx, shop, wanted.channel, who.address(wanted.channel), wanted.purpose)
    _say(tx, shop, who, wanted, held, "granted", evidence, moment)


def await_answer(tx: Connection, shop: Shop, who: Who, wanted: Wanted, moment: Moment) -> None:
    """
    Note that somebody was asked for a consent and has not answered yet.

    Raises:
        UsageError: They may not be asked.
        ConfigError: There is no key.
    """
    held, since = _read(tx, shop, who, wanted), _suppressed(tx, shop, who, wanted)
    if problem := lattice.asking_refusal(held.standing, since):
        raise UsageError(f"the consent cannot be pending: {problem}")
    _say(tx, shop, who, wanted, held, "pending", "none", moment)


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
    held = _read(tx, shop, who, wanted, also_as_guest=False)
    if not lattice.adds(held.standing, Standing(state, source, wanted.at)):
        return False
    _say(tx, shop, who, wanted, held, state, "none", moment, source)
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


def states(tx: Connection, shop: Shop, who: Who) -> list[Any]:
    """Rows of `sidecar_consent_state`: of the account; of a guest by every hash."""
    table = shop.own.privacy.consent_state
    query = select(table).where(table.c.customer_id == who.customer_id)
    if not who.customer_id:
        query = query.where(table.c.subject.in_(sorted(who.subjects)))
    ordered = query.order_by(table.c.store_id, table.c.channel, table.c.purpose, table.c.at)
    return list(tx.execute(ordered))


def _say(
    tx: Connection,
    shop: Shop,
    who: Who,
    wanted: Wanted,
    held: _Held,
    state: lattice.State,
    evidence: str,
    moment: Moment,
    source: str = "command",
) -> None:
    address = who.address(wanted.channel)
    saying = Saying(
        customer_id=who.customer_id,
        subject=held.subject,
        channel=wanted.channel,
        purpose=wanted.purpose,
        store_id=held.store_id,
        state=state,
        source=source,
        evidence=evidence,
        at=wanted.at,
        wording=wanted.wording,
        personal={**({"address": address} if address else {}), **wanted.personal},
        actor=wanted.actor,
        native=held.native,
    )
    chain.say(tx, shop, [saying], moment)
    if who.customer_id:
        hint = {"customer_id": who.customer_id, "reason": _RUNG, "at": moment.epoch_s}
        tx.execute(insert(shop.own.hint).values(hint))
        telling.mend(tx, shop.own, [who.customer_id], moment)


# -- what stands ---------------------------------------------------------------------------


def _suppressed(tx: Connection, shop: Shop, who: Who, wanted: Wanted) -> int | None:
    """Since when the address may not be written to; None: it may."""
    address = who.address(wanted.channel)
    if not address:
        return None
    entry = suppression.find(tx, shop, wanted.channel, address, wanted.purpose)
    return None if entry is None else entry.since


def store_of(tx: Connection, shop: Shop, who: Who, wanted: Wanted) -> int:
    """The store whose consent *wanted* is about."""
    if wanted.store_id is not None:
        return wanted.store_id
    if who.customer_id and (wanted.channel, wanted.purpose) == NEWSLETTER:
        # An account that moved to another store has one flag all the same.
        for row in states(tx, shop, who):
            if row.native is not None:
                return int(row.store_id)
    return who.store_id


def _read(
    tx: Connection, shop: Shop, who: Who, wanted: Wanted, *, also_as_guest: bool = True
) -> _Held:
    store_id = store_of(tx, shop, who, wanted)
    rows = [
        row
        for row in states(tx, shop, who)
        if (row.store_id, row.channel, row.purpose) == (store_id, wanted.channel, wanted.purpose)
    ]
    native = _native(tx, shop, who, store_id, wanted)
    if rows:
        # Of a guest there may be a row by each key; the firmest no of them holds.
        standings = standings_of(tx, shop, [row.consent_id for row in rows])
        found = {row.subject: standings[row.consent_id] for row in rows}
        standing = max(found.values(), key=lambda one: (one.firmness, one.at))
        subject = next((one for one in who.subjects if one in found), rows[0].subject)
        return _Held(store_id, standing, "" if who.customer_id else subject, native)
    if not who.customer_id:
        return _Held(store_id, None, who.subjects[0], native)
    if not also_as_guest:
        return _Held(store_id, None, "", native)
    said = as_guests(tx, shop, {who.customer_id: who.subjects}, wanted.channel, wanted.purpose)
    return _Held(store_id, said.get(who.customer_id), "", native)


def _native(tx: Connection, shop: Shop, who: Who, store_id: int, wanted: Wanted) -> int | None:
    """What is known of the flag; None: it does not show this consent."""
    if not who.customer_id or (wanted.channel, wanted.purpose) != NEWSLETTER:
        return None
    for row in states(tx, shop, who):
        if row.native is not None:
            return int(row.native) if row.store_id == store_id else None
    if store_id != who.store_id:
        return None
    customer = shop.tables.customer.c
    flag = select(customer.newsletter).where(customer.customer_id == who.customer_id)
    return int(tx.scalar(flag) == 1)


def standings_of(tx: Connection, shop: Shop, numbers: Iterable[int]) -> dict[int, Standing]:
    """What consents say, by their number."""
    consent = shop.own.privacy.consent.c
    query = select(consent.consent_id, consent.state, consent.source, consent.at)
    rows = tx.execute(query.where(consent.consent_id.in_(sorted(numbers))))
    return {int(number): Standing(state, source, int(at)) for number, state, source, at in rows}


def has_guests(tx: Connection, shop: Shop) -> bool:
    """Whether any guest said anything."""
    table = shop.own.privacy.consent_state
    query = select(table.c.consent_id).where(table.c.customer_id == 0).limit(1)
    return tx.scalar(query) is not None


def as_guests(
    tx: Connection,
    shop: Shop,
    people: Mapping[int, tuple[str, ...]],
    channel: str,
    purpose: str,
) -> dict[int, Standing]:
    """
    The firmest no that customers said as guests, in any store, before they had an account.

    Args:
        people: Customers with the hashes of their addresses.
    """
    table = shop.own.privacy.consent_state
    whose: dict[str, list[int]] = {}
    for customer_id, theirs in people.items():
        for subject in theirs:
            whose.setdefault(subject, []).append(customer_id)
    query = select(table.c.subject, table.c.consent_id).where(
        table.c.customer_id == 0,
        table.c.subject.in_(sorted(whose)),
        table.c.channel == channel,
        table.c.purpose == purpose,
    )
    rows = tx.execute(query).all() if whose else []
    standings = standings_of(tx, shop, [row.consent_id for row in rows])
    found: dict[int, Standing] = {}
    for subject, number in rows:
        standing = standings[number]
        for customer_id in whose[subject]:
            before = found.get(customer_id)
            if standing.firmness and (before is None or standing.firmness > before.firmness):
                found[customer_id] = standing
    return found
