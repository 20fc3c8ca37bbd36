"""Consents: whether they can be kept, the end of their chain, and the suppression list."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, Table, func, select

from sidecar.service.doctor.case import StoreCase
from sidecar.service.doctor.finding import Finding
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import OwnTables
from sidecar.sync.consents import chain

_VERIFY = "sidecar consent verify"


def check_consents(case: StoreCase) -> Iterator[Finding]:
    """What a look at the newest consent and at the list can tell; `consent verify` looks at all."""
    key, own = case.shop.key, case.shop.own
    with transaction(case.engine) as tx:
        if not tx.dialect.has_table(tx, own.privacy.consent.name):
            return  # `own.version` says it
        consents, listed = _any(tx, own.privacy.consent), _any(tx, own.privacy.suppression)
        lost = _missing_from_journal(tx, own)
        fits = key is None or chain.fits_its_end(tx, own, key)
    if key is None and (consents or listed):
        yield _key_is_gone(case)
    elif key is None:
        return  # consents are not kept
    elif fits:
        yield Finding("consents.chain", "ok", "the newest consent is the one that was written last")
    else:
        yield Finding(
            "consents.chain",
            "error",
            "the newest consent is not the one that was written last",
            "somebody changed the consents, or a part of the database was restored: they prove"
            " less than they should",
            f"{_VERIFY} names what is missing; restore our tables from one backup",
        )
    if lost:
        yield Finding(
            "consents.journal",
            "warning",
            f"{lost:,} addresses on the suppression list are not in the journal",
            "after a restore of the database they could be written to again",
            "restore sidecar_suppression and sidecar_journal from the same backup",
        )
    elif listed:
        yield Finding("consents.journal", "ok", "the journal knows every suppressed address")


def _key_is_gone(case: StoreCase) -> Finding:
    file = case.config.privacy.key_file
    return Finding(
        "consents.key",
        "error",
        f"the key is gone: {file}",
        "no consent is noted, nobody's suppressed address is known again",
        f"put the copy of the key back to {file}; a new one does not know what the old one made",
    )


def _any(tx: Connection, table: Table) -> bool:
    return tx.execute(select(next(iter(table.c))).limit(1)).first() is not None


def _missing_from_journal(tx: Connection, own: OwnTables) -> int:
    listed, journal = own.privacy.suppression, own.privacy.journal
    query = (
        select(func.count())
        .select_from(listed.outerjoin(journal, journal.c.entry == listed.c.entry))
        .where(journal.c.entry.is_(None))
    )
    return int(tx.scalar(query) or 0)
