"""
The store's newsletter flag and the consent that it shows, each brought in line with the other.

    the flag was changed ──> granted or withdrawn in the chain; or it does not count, and goes back
    somebody said something ──> the flag
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, Select, and_, case, func, or_, select

from sidecar.model import Moment, Scope
from sidecar.rules.authorship import HINT_WITHIN_S
from sidecar.rules.privacy.consent import NEWSLETTER, Standing, flag_counts
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.shop.text import unescape
from sidecar.sync import state
from sidecar.sync.compiled_rules import PAUSED
from sidecar.sync.consents import chain, suppression, telling
from sidecar.sync.consents.chain import Saying
from sidecar.sync.consents.flags import flag_of, leave_restricted, seen, write
from sidecar.sync.consents.held import as_guests, has_guests, standings_of
from sidecar.sync.consents.people import subjects_of
from sidecar.sync.reading import TEXT, WHOLE, Reading, in_utf8

#: In ``sidecar_state``: every flag was looked at once; one that is set later was not found so.
OPENED: Final = "consents.opened"


@dataclass(frozen=True, slots=True)
class _Row:
    """
    A customer whose flag and consent differ, or whose flag was changed.

    Attributes:
        store_id: Of the account.
        flag: In the store.
        granted: Whether the consent is.
        native: The flag as last seen or written; None: nothing was said yet.
        consent_id: That says what holds; None: none does.
        said_in: The store of what holds.
    """

    customer_id: int
    store_id: int
    flag: int
    granted: int
    native: int | None
    consent_id: int | None
    said_in: int | None

    @property
    def is_raised(self) -> bool:
        """Whether somebody set the flag in the store, and that is not said yet."""
        return bool(self.flag and not self.native and not self.granted)


@dataclass(slots=True)
class _Todo:
    """
    What is to be done for a part of the customers.

    Attributes:
        sayings: For the chain.
        seen: Flags that are as they should be, by customer.
        write: Flags to be written, by customer.
        refused: Customers whose flag does not count.
        unreasoned: Customers whom a person of the shop gave the flag, with who it was.
    """

    sayings: list[Saying] = field(default_factory=list)
    seen: dict[int, int] = field(default_factory=dict)
    write: dict[int, int] = field(default_factory=dict)
    refused: list[int] = field(default_factory=list)
    unreasoned: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Known:
    """
    What is known of customers whose flag was set.

    Attributes:
        people: E-mail address and IP.
        standings: What holds of them, or of them as guests.
        suppressed: Since when their address is suppressed.
    """

    people: Mapping[int, tuple[str, str]]
    standings: Mapping[int, Standing]
    suppressed: Mapping[int, int]


def bring(
    shop: Shop, scope: Scope, moment: Moment, touched: Mapping[int, str] | None = None
) -> int:
    """
    Bring flags and consents of *scope*'s customers in line; nothing where there is no key.

    Args:
        touched: Customers that a person just saved in the admin, with who it was.

    Returns:
        How many customers differed.
    """
    if shop.key is None or scope.ids == ():
        return 0
    actors = touched or {}
    with transaction(shop.engine) as tx:
        rows = _differing(Reading(shop, tx, scope, moment))
        is_open = state.read(tx, shop.own, OPENED) is not None
        paused = state.read(tx, shop.own, PAUSED) is not None
    for start in range(0, len(rows), chain.BATCH):
        part = rows[start : start + chain.BATCH]
        with transaction(shop.engine) as tx:
            todo = _decide(Reading(shop, tx, scope, moment), part, actors, is_open=is_open)
            _note(tx, shop, todo, moment)
            if paused:
                todo.write.clear()
            leave_restricted(tx, shop, todo.write)
        write(shop, todo.write, moment)
    if actors:
        _by_staff(shop, moment, actors)
    return len(rows)


def open_(shop: Shop, moment: Moment) -> None:
    """Note that every flag was looked at, unless it is noted; nothing without a key."""
    if shop.key is None:
        return
    with transaction(shop.engine) as tx:
        if state.read(tx, shop.own, OPENED) is None:
            state.write(tx, shop.own, OPENED, moment.epoch_s, moment)


# -- looking -------------------------------------------------------------------------------


def _differing(reading: Reading) -> list[_Row]:
    """The customers of *reading* for whom there is something to do, ascending."""
    shop = reading.shop
    customer, held = shop.tables.customer.c, shop.own.privacy.consent_state
    channel, purpose = NEWSLETTER
    shown = and_(
        held.c.customer_id == customer.customer_id,
        held.c.subject == "",
        held.c.channel == channel,
        held.c.purpose == purpose,
        held.c.native.is_not(None),
    )
    flag, granted = flag_of(shop), case((held.c.state == "granted", 1), else_=0)
    columns = {
        "customer_id": customer.customer_id,
        "store_id": func.coalesce(customer.store_id, 0),
        "flag": flag,
        "granted": granted,
        "native": held.c.native,
        "consent_id": held.c.consent_id,
        "said_in": held.c.store_id,
    }
    query: Select[tuple[int, ...]] = (
        select(*(column.label(name) for name, column in columns.items()))
        .select_from(shop.tables.customer.outerjoin(held, shown))
        .where(
            or_(
                and_(held.c.native.is_(None), customer.newsletter == 1),
                held.c.native != flag,
                and_(held.c.native.is_not(None), granted != flag),
            )
        )
    )
    schema = dict.fromkeys(columns, WHOLE)
    frame = reading.rows_of(query, schema, customer.customer_id).sort("customer_id")
    return [_Row(*row) for row in frame.iter_rows()]


def _decide(
    reading: Reading, rows: Sequence[_Row], actors: Mapping[int, str], *, is_open: bool
) -> _Todo:
    todo, at = _Todo(), reading.moment.epoch_s
    known = _known(reading, [row for row in rows if row.is_raised], is_open=is_open)
    for row in rows:
        customer_id, actor = row.customer_id, actors.get(row.customer_id)
        if row.is_raised:
            if flag_counts(known.standings.get(customer_id), known.suppressed.get(customer_id)):
                saying = _granted(row, known, actor, at, is_open=is_open)
                todo.sayings.append(saying)
                if saying.source == "staff" and actor is not None:
                    todo.unreasoned[customer_id] = actor
            else:
                todo.refused.append(customer_id)
                todo.write[customer_id] = 0
        elif row.flag == row.native:
            todo.write[customer_id] = row.granted
        elif row.granted and not row.flag:
            todo.sayings.append(_saying(row, "withdrawn", "store", "none", at, actor))
        else:
            todo.seen[customer_id] = row.flag
    return todo


def _granted(row: _Row, known: _Known, actor: str | None, at: int, *, is_open: bool) -> Saying:
    address, ip = known.people.get(row.customer_id, ("", ""))
    personal = {name: text for name, text in (("address", address), ("ip", ip)) if text}
    if not is_open and row.customer_id not in known.standings:
        return _saying(row, "granted", "found", "none", at, None)
    if actor is not None:
        personal.pop("ip", None)  # the flag was set from somewhere else
        return _saying(row, "granted", "staff", "staff", at, actor, personal)
    return _saying(row, "granted", "store", "form", at, None, personal)


def _saying(
    row: _Row,
    said: str,
    source: str,
    evidence: str,
    at: int,
    actor: str | None,
    personal: Mapping[str, str] | None = None,
) -> Saying:
    channel, purpose = NEWSLETTER
    return Saying(
        customer_id=row.customer_id,
        channel=channel,
        purpose=purpose,
        store_id=row.store_id if row.said_in is None else row.said_in,
        state=said,
        source=source,
        evidence=evidence,
        at=at,
        personal=personal or {},
        actor=actor,
        native=row.flag,
    )


def _known(reading: Reading, rows: Sequence[_Row], *, is_open: bool) -> _Known:
    shop, tx = reading.shop, reading.tx
    if not rows:
        return _Known({}, {}, {})
    held = {row.customer_id: row.consent_id for row in rows if row.consent_id is not None}
    said = standings_of(tx, shop, held.values())
    standings = {customer_id: said[number] for customer_id, number in held.items()}
    channel, purpose = NEWSLETTER
    list_is_empty = suppression.is_empty(tx, shop.own, channel)
    guests = has_guests(tx, shop)
    if list_is_empty and not guests and not is_open and not held:
        return _Known({}, {}, {})
    people = _people(reading, [row.customer_id for row in rows])
    if guests:
        subjects = {
            customer_id: subjects_of(shop, address)
            for customer_id, (address, _) in people.items()
            if customer_id not in held
        }
        standings |= as_guests(tx, shop, subjects, channel, purpose)
    suppressed: dict[int, int] = {}
    if not list_is_empty:
        addresses = {address for address, _ in people.values()}
        entries = suppression.among(tx, shop, channel, addresses, purpose)
        suppressed = {
            customer_id: entries[address].since
            for customer_id, (address, _) in people.items()
            if address in entries
        }
    return _Known(people, standings, suppressed)


def _people(reading: Reading, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """E-mail address, unescaped, and the last IP of customers."""
    customer = reading.shop.tables.customer.c
    query = select(
        customer.customer_id,
        in_utf8(customer.email).label("email"),
        in_utf8(customer.ip).label("ip"),
    )
    schema = {"customer_id": WHOLE, "email": TEXT, "ip": TEXT}
    frame = reading.rows_at(query, schema, customer.customer_id, ids)
    return {
        customer_id: (unescape(email or "").strip(), ip or "")
        for customer_id, email, ip in frame.iter_rows()
    }


# -- writing -------------------------------------------------------------------------------


def _note(tx: Connection, shop: Shop, todo: _Todo, moment: Moment) -> None:
    """Write down what was decided, in our own tables."""
    chain.say(tx, shop, todo.sayings, moment)
    for value in (0, 1):
        seen(tx, shop, [one for one, flag in todo.seen.items() if flag == value], value)
    telling.raised(tx, shop.own, todo.refused, moment)
    telling.unreasoned(tx, shop.own, todo.unreasoned, moment)
    gone = [one.customer_id for one in todo.sayings if one.state == "withdrawn"]
    telling.mend(tx, shop.own, gone, moment)


# -- what a hint says later ----------------------------------------------------------------


def _by_staff(shop: Shop, moment: Moment, actors: Mapping[int, str]) -> None:
    """
    Say whose it was that a flag was set, where the log was faster than the hint.

    It was taken for the customer's own, which proves more.
    """
    with transaction(shop.engine) as tx:
        rows = _lately(tx, shop, sorted(actors), moment)
        sayings = [
            _saying(row, "granted", "staff", "staff", at, actors[row.customer_id])
            for row, at in rows
        ]
        chain.say(tx, shop, sayings, moment)
        theirs = {one.customer_id: str(one.actor) for one in sayings}
        telling.unreasoned(tx, shop.own, theirs, moment)


def _lately(
    tx: Connection, shop: Shop, ids: Collection[int], moment: Moment
) -> Iterable[tuple[_Row, int]]:
    """Those of *ids* whose own form granted the newsletter a moment ago, and when."""
    held, consent = shop.own.privacy.consent_state, shop.own.privacy.consent
    channel, purpose = NEWSLETTER
    query = (
        select(held.c.customer_id, held.c.store_id, held.c.native, held.c.consent_id, consent.c.at)
        .join(consent, consent.c.consent_id == held.c.consent_id)
        .where(
            held.c.customer_id.in_(ids),
            held.c.channel == channel,
            held.c.purpose == purpose,
            held.c.native == 1,
            held.c.state == "granted",
            consent.c.source == "store",
            consent.c.noted_at >= moment.epoch_s - HINT_WITHIN_S,
        )
        .order_by(held.c.customer_id)
    )
    for one in tx.execute(query).all():
        row = _Row(one.customer_id, one.store_id, 1, 1, 1, one.consent_id, one.store_id)
        yield row, int(one.at)
