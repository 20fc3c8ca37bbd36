"""
What is under way for persons who are to be erased ends first.

Else a login, a coupon, a command that waits or a cart would bring back what is erased. Every
step can be done again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, delete, insert, not_, or_, select, update

from sidecar.model import Scope
from sidecar.privacy import (
    acts,
    export_parts,
    export_rows,
    holds,
    journal,
    request_steps,
    requests,
)
from sidecar.privacy.eraser import Eraser
from sidecar.privacy.means import Means
from sidecar.privacy.person import require_key
from sidecar.privacy.rewriting import rewritten
from sidecar.privacy.short_reads import in_parts
from sidecar.privacy.traces import Traces
from sidecar.rules.privacy.addresses import email_key
from sidecar.rules.privacy.register import PersonalColumn, PersonalTable
from sidecar.shop.database import transaction
from sidecar.shop.fence import prove
from sidecar.sync import leaving
from sidecar.sync.commands import queue
from sidecar.sync.consents import chain, suppression
from sidecar.sync.loyalty.coupons import Coupons
from sidecar.sync.loyalty.redemption_rows import RedemptionRows
from sidecar.sync.reading import Reading

#: A command that was to do something for somebody who is erased.
_CANCELLED = "the customer is being erased"

#: Where a visit goes on: without these nobody is logged in, and no cart asks to be finished.
_VISITS = ("session", "cart", "customer_online", "customer_token", "customer_authorize")

#: What lets somebody log in.
_LOGIN = ("password", "salt", "token", "code", "newsletter", "status")


@dataclass(frozen=True, slots=True)
class Leaving:
    """
    A person who is to be erased.

    Attributes:
        customer_id: 0: a guest.
        person: Keyed hash.
        request_id: What asks for it; None: nobody did.
        traces: What they can be recognised by.
    """

    customer_id: int
    person: str
    request_id: int | None
    traces: Traces


def stop(means: Means, eraser: Eraser, persons: Sequence[Leaving]) -> None:
    """End what is under way for *persons*, who are those of *eraser*."""
    accounts = [one.customer_id for one in persons if one.customer_id]
    for part in in_parts(accounts):
        _lock_out(means, eraser, part)
    files = [one.name for one in eraser.register.tables.values() if _by_code(one)]
    # Uploads before carts, which say whose they are.
    eraser.erase_once(files)
    eraser.erase_once(_VISITS)
    _cancel_commands(means, eraser)
    for part in in_parts(accounts):
        _end_coupons(means, part)
        with transaction(means.shop.engine) as tx:
            leaving.leave(tx, means.shop.own, part)
            holds.forget(tx, means.shop.own, part)
    for some in in_parts(persons):
        _end_requests(means, some)
        _end_consents(means, some)


def _by_code(one: PersonalTable) -> bool:
    return any(link.to == "code" for link in one.links)


def _lock_out(means: Means, eraser: Eraser, accounts: Sequence[int]) -> None:
    """Nobody can log in any more, and gets no newsletter."""
    live = eraser.live["customer"]
    names = [name for name in _LOGIN if name in live.columns]
    columns = {name: PersonalColumn(name, "credential", "blank", name) for name in names}
    one = PersonalTable("customer", "", live.key, (), "rewrite", "", columns)
    values = rewritten(one, live, 0)
    rows = eraser.rows()
    sql = rows.sql(one)
    clean = and_(*(sql.c[name].is_not_distinct_from(value) for name, value in values.items()))
    here = rows.named(one) & not_(clean)
    with transaction(means.shop.engine) as tx:
        prove(tx)
        keys = rows.naming(one, [(number,) for number in accounts])
        tx.execute(update(sql).where(here).values(values), keys)


def _cancel_commands(means: Means, eraser: Eraser) -> None:
    rows, own = eraser.rows(), means.shop.own
    one = eraser.register.tables.get("sidecar_command")
    if one is None or one.name not in eraser.live:
        return
    for part in rows.of(one):
        with transaction(means.shop.engine) as tx:
            for found in part:
                number, now = int(found.key[0]), means.moment.now
                queue.fail(tx, own, number, _CANCELLED, 64, now, before="new")


def _end_coupons(means: Means, accounts: Sequence[int]) -> None:
    """Coupons that points became cannot be used any more; what was told of them goes."""
    shop, own = means.shop, means.shop.own
    coupons, rows = Coupons(shop), RedemptionRows(own)
    with transaction(shop.engine) as tx:
        live = list(rows.live(Reading(shop, tx, Scope.of(accounts), means.moment)))
        table = own.loyalty.redemption
        query = select(table.c.redemption_id, table.c.customer_id)
        every = tx.execute(query.where(table.c.customer_id.in_(accounts))).all()
    for one in live:
        number = one.coupon_id
        if number is None:
            with transaction(shop.engine) as tx:
                number = coupons.find(tx, one.coupon)
        if number is not None and one.state != "used":
            with transaction(shop.engine) as tx:
                coupons.switch(tx, number, one.ours, on=False)
    told = [f"customer {number}" for number in accounts]
    told += [f"redemption {row.redemption_id}" for row in every]
    told += [f"redemption {row.redemption_id} of customer {row.customer_id}" for row in every]
    finding = own.finding
    for part in in_parts(told):
        with transaction(shop.engine) as tx:
            tx.execute(delete(finding).where(finding.c.subject.in_(part)))


def _end_requests(means: Means, persons: Sequence[Leaving]) -> None:
    """What else they asked for about their data is not answered any more; copies of it go."""
    own, moment = means.shop.own, means.moment
    table, export = own.privacy.privacy_request, own.privacy.export
    accounts = [one.customer_id for one in persons if one.customer_id]
    ours = {one.request_id for one in persons}
    query = select(table.c.request_id, table.c.state).where(
        or_(table.c.person.in_([one.person for one in persons]), table.c.customer_id.in_(accounts))
    )
    with transaction(means.shop.engine) as tx:
        theirs = tx.execute(query).all()
        for row in theirs:
            if row.request_id not in ours and row.state in requests.NOT_BEGUN:
                why = "the person's data was erased"
                request_steps.cancel(tx, own, row.request_id, acts.OURSELVES, why, moment)
        copies = export.c.request_id.in_([row.request_id for row in theirs])
        ended = update(export).where(copies, export.c.deleted_at.is_(None))
        found = tx.execute(ended.values(ends_at=moment.epoch_s)).rowcount if theirs else 0
        if found:
            export_parts.end_all(tx, own)
    if found:
        export_rows.delete_old(means)
        export_parts.delete_old(means)


# -- consents ------------------------------------------------------------------------------


def _end_consents(means: Means, persons: Sequence[Leaving]) -> None:
    """Nothing may be sent to them, and consents say no more who gave them."""
    shop, key = means.shop, require_key(means.shop)
    emails = {email for one in persons for email in one.traces.emails}
    telephones = {number for one in persons for number in one.traces.telephones}
    subjects = [
        digest for email in emails for digest in key.digests("person.email", email_key(email))
    ]
    accounts = [one.customer_id for one in persons if one.customer_id]
    wanted = [("email", email) for email in sorted(emails)]
    wanted += [(channel, one) for one in sorted(telephones) for channel in ("sms", "telephone")]
    for part in in_parts(wanted):
        _suppress(means, part)
    with transaction(shop.engine) as tx:
        chain.blank(tx, shop, accounts, subjects, means.moment)


def _suppress(means: Means, wanted: Sequence[tuple[str, str]]) -> None:
    """As `suppression.suppress` for many at once: those who are on no list yet."""
    shop, own, moment = means.shop, means.shop.own, means.moment
    table, key = own.privacy.suppression, require_key(shop)
    digests = {one: suppression.hashes(key, *one) for one in wanted}
    digests = {one: found for one, found in digests.items() if found}
    if not digests:
        return
    by_channel: dict[str, list[str]] = {}
    for (channel, _), found in digests.items():
        by_channel.setdefault(channel, []).extend(found)
    columns = (table.c.channel, table.c.address, table.c.reason)
    with transaction(shop.engine) as tx:
        known: dict[tuple[str, str], str] = {}
        for channel, hashed in sorted(by_channel.items()):
            query = select(*columns).where(
                table.c.channel == channel, table.c.purpose == "", table.c.address.in_(hashed)
            )
            known |= {(row.channel, row.address): row.reason for row in tx.execute(query)}
        new = []
        for (channel, address), found in digests.items():
            reasons = {known[channel, digest] for digest in found if (channel, digest) in known}
            if not reasons:
                new.append((channel, found[0]))
            elif "erased" not in reasons:
                suppression.suppress(tx, shop, channel, address, "erased", moment)
        entries = [
            journal.Entry(
                kind="suppression",
                address=address,
                channel=channel,
                reason="erased",
                at=moment.epoch_s,
            )
            for channel, address in dict.fromkeys(new)
        ]
        if entries:
            journal.add(tx, own, entries)
            rows = [
                {
                    "channel": one.channel,
                    "address": one.address,
                    "purpose": "",
                    "reason": "erased",
                    "since": one.at,
                    "entry": one.entry,
                }
                for one in entries
            ]
            tx.execute(insert(table), rows)
