"""Whose data it is: an account, or a guest by e-mail, and what belongs to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Subject:
    """
    One person, as far as the store can tell.

    Attributes:
        customer_id: The store's id; 0: a guest.
        emails: Addresses by which rows are theirs, as the store has them, folded by
            `as_stored`: the account's own, or the guest's. Not those of their orders, which
            may be somebody else's.
    """

    customer_id: int
    emails: frozenset[str] = field(default_factory=frozenset)


def as_stored(address: str) -> str:
    """*address* of the store as two rows of it are compared."""
    return address.strip().lower()


def by_customer(subjects: Iterable[Subject]) -> dict[int, int]:
    """The place of each account in *subjects*, by its id."""
    return {one.customer_id: place for place, one in enumerate(subjects) if one.customer_id}


def by_email(subjects: Iterable[Subject]) -> dict[str, int]:
    """The place of each person in *subjects*, by their addresses."""
    return {email: place for place, one in enumerate(subjects) for email in one.emails if email}
