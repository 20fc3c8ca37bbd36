"""Customers by what people call them: an id or an e-mail."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import polars as pl
from sqlalchemy import Connection, func, or_, select

from sidecar.errors import UsageError
from sidecar.model import Scope
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.shop.text import escape
from sidecar.sync.reading import TEXT, WHOLE, in_utf8

#: Names looked up in one statement.
_CHUNK = 1_000

#: From so many e-mails on, all of the store's are read once instead of being searched.
_MANY = 5_000

#: Customers that cannot be found are listed up to so many.
_SHOWN = 100

#: Digits of the longest number that is read; a longer one is nobody's id.
_LONGEST_NUMBER = 18

_EVERYONE = Scope.span(1, 2**31 - 1)


def find_customers(shop: Shop, wanted: Sequence[str]) -> tuple[dict[str, int], dict[str, str]]:
    """
    Customers by what names them, an id or an e-mail.

    Returns:
        The ids of those that are found, and what is wrong with each of the others.
    """
    # Python refuses to read numbers of any length.
    numbers = {
        text: int(text) if len(text) <= _LONGEST_NUMBER else 10**_LONGEST_NUMBER
        for text in wanted
        if text.isascii() and text.isdigit()
    }
    emails = {text: text.strip().lower() for text in wanted if text not in numbers}
    with transaction(shop.engine) as tx:
        known = _known(tx, shop, numbers.values())
        by_email = _by_email(tx, shop, set(emails.values()))
    found: dict[str, int] = {}
    problems: dict[str, str] = {}
    for text, number in numbers.items():
        if number in known:
            found[text] = number
        else:
            problems[text] = f"no customer has the id {text}"
    for text, email in emails.items():
        ids = by_email.get(email) or by_email.get(escape(email)) or ()
        if len(ids) == 1:
            found[text] = ids[0]
        elif ids:
            listed = ", ".join(map(str, ids))
            problems[text] = f"{text!r} is the e-mail of several customers: {listed}"
        else:
            problems[text] = f"no customer has the e-mail {text!r}"
    return found, problems


def require_customers(shop: Shop, wanted: Sequence[str]) -> dict[str, int]:
    """
    The ids of customers by what names them, an id or an e-mail.

    Raises:
        UsageError: One is unknown, or an e-mail has several accounts (listed).
    """
    ids, problems = find_customers(shop, wanted)
    if problems:
        listed = list(problems.values())
        more = len(listed) - _SHOWN
        raise UsageError(
            "\n".join([*listed[:_SHOWN], *([f"and {more:,} more"] if more > 0 else [])])
        )
    return ids


def accounts_with(tx: Connection, shop: Shop, emails: Collection[str]) -> list[int]:
    """The ids of all accounts with one of *emails*, ascending."""
    found = _by_email(tx, shop, {email.strip().lower() for email in emails})
    return sorted({customer_id for ids in found.values() for customer_id in ids})


def _known(tx: Connection, shop: Shop, numbers: Collection[int]) -> set[int]:
    customer_id = shop.tables.customer.c.customer_id
    values = sorted({number for number in numbers if number < 2**31})
    return {
        found
        for start in range(0, len(values), _CHUNK)
        for found in tx.scalars(
            select(customer_id).where(customer_id.in_(values[start : start + _CHUNK]))
        )
    }


def _by_email(tx: Connection, shop: Shop, emails: set[str]) -> Mapping[str, list[int]]:
    """The ids of the accounts of each of *emails*, as the store keeps them but in lower case."""
    # The store escapes what HTML would read.
    both = emails | set(map(escape, emails))
    found: dict[str, list[int]] = {}
    rows = _searched(tx, shop, sorted(both)) if len(emails) < _MANY else _all_of(tx, shop, both)
    for customer_id, email in rows:
        found.setdefault(str(email).strip(" ").lower(), []).append(customer_id)
    return found


def _searched(tx: Connection, shop: Shop, emails: Sequence[str]) -> Iterator[tuple[int, str]]:
    customer = shop.tables.customer
    email = in_utf8(customer.c.email)
    for start in range(0, len(emails), _CHUNK):
        part = emails[start : start + _CHUNK]
        query = (
            select(customer.c.customer_id, customer.c.email)
            .where(or_(email.in_(part), func.lower(func.trim(email)).in_(part)))
            .order_by(customer.c.customer_id)
        )
        for rows in shop.key_blocks.each(
            tx, query, customer.c.customer_id, None, lambda part: tx.execute(part).all()
        ):
            yield from ((row.customer_id, row.email) for row in rows)


def _all_of(tx: Connection, shop: Shop, emails: set[str]) -> Iterator[tuple[int, str]]:
    customer = shop.tables.customer
    query = select(customer.c.customer_id, customer.c.email).order_by(customer.c.customer_id)
    schema = {"customer_id": WHOLE, "email": TEXT}
    frame = shop.read_keys(tx, _EVERYONE, query, schema, customer.c.customer_id, None)
    wanted = pl.DataFrame({"email": sorted(emails)}, schema={"email": TEXT})
    lower = pl.col("email").str.strip_chars(" ").str.to_lowercase()
    theirs = frame.with_columns(lower).join(wanted, on="email", how="semi", maintain_order="left")
    yield from theirs.iter_rows()
