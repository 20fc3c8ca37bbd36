"""Personal data: whether the register knows every table that holds some."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.privacy.coverage import read_coverage, read_registered
from sidecar.service.doctor.case import StoreCase
from sidecar.service.doctor.finding import Finding
from sidecar.shop.database import transaction

#: So many tables are named; the others are counted.
_NAMED = 5


def check_register(case: StoreCase) -> Iterator[Finding]:
    """Tables and columns that look personal and are not registered."""
    check, directory = "privacy.register", case.config.privacy.register
    register = read_registered(directory)
    with transaction(case.engine) as tx:
        found = read_coverage(tx, case.config.database.name, case.prefix, register)
    for note in found.notes:
        yield Finding(check, "note", note, "nothing is exported or erased there", "mend the file")
    if found.complete:
        known = f"{found.columns} personal columns in {found.tables} tables are registered"
        yield Finding(check, "ok", f"{known}, and no others look personal")
        return
    named = [str(gap) for gap in found.gaps[:_NAMED]]
    more = len(found.gaps) - len(named)
    first = found.gaps[0]
    yield Finding(
        check,
        "warning",
        "; ".join(named) + (f"; and {more} tables more" if more else ""),
        "no export and no erasure is called complete: what stands there is not looked at",
        f"look at {first.table}, and write what holds into {directory / 'more.toml'}, such as\n"
        f"{first.snippet}"
        if first.snippet
        else "see above",
    )
