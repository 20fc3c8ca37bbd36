"""Restriction and objection: what a person may ask for without being erased, and its lifting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sqlalchemy import Connection, delete

from sidecar.model import Moment
from sidecar.privacy import acts, request_steps, requests
from sidecar.privacy.person import Person
from sidecar.privacy.requests import Kind
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync import restrictions
from sidecar.sync.consents import people, recording

Right = Literal["restricted", "no_profiling", "no_marketing"]

#: The kind of request that asks for each.
ASKED_BY: Mapping[Right, Kind] = {
    "restricted": "restrict",
    "no_profiling": "object_profiling",
    "no_marketing": "object_marketing",
}


def claim(
    tx: Connection,
    shop: Shop,
    person: Person,
    right: Right,
    actor: str,
    reason: str,
    moment: Moment,
) -> int | None:
    """
    Let *right* be so of *person*; their request for it, if there is one, is done with that.

    What follows for what stands is for the next look. Of a guest there is only marketing.

    Returns:
        The number of the request.
    """
    own = shop.own
    request = requests.unanswered(tx, own, ASKED_BY[right], person, lock=True)
    number = None if request is None else request.request_id
    is_new = not person.customer_id or restrictions.put(
        tx, own, person.customer_id, right, actor, reason, moment, number
    )
    if right == "no_marketing":
        who = (
            people.account(tx, shop, person.customer_id)
            if person.customer_id
            else people.guest(shop, person.email)
        )
        recording.object_to_marketing(tx, shop, who, actor=actor, reason=reason, moment=moment)
    elif right == "no_profiling":
        _forget_tier(tx, own, person.customer_id)
    if is_new:
        said = f"customer {person.customer_id}: {reason}" if person.customer_id else reason
        acts.note(tx, own, right, actor, moment, request_id=number or 0, reason=said)
    if number is not None:
        request_steps.finish(tx, own, number, "done", actor, moment)
    return number


def waive(
    tx: Connection, own: OwnTables, customer_id: int, right: Right, actor: str, reason: str,
    moment: Moment,
) -> bool:  # fmt: skip
    """
    Let *right* be so of a customer no more; False: it was not.

    Consents that an objection withdrew stay so, until there is evidence of new ones.
    """
    if not restrictions.lift(tx, own, customer_id, right):
        return False
    acts.note(tx, own, f"{right}_lifted", actor, moment, reason=f"customer {customer_id}: {reason}")
    return True


def _forget_tier(tx: Connection, own: OwnTables, customer_id: int) -> None:
    for table in (own.loyalty.tier, own.loyalty.tier_change):
        tx.execute(delete(table).where(table.c.customer_id == customer_id))
