"""Runs every check; one that fails is a finding, and the others go on."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Engine, event

from sidecar.config import Config
from sidecar.errors import DatabaseRefusedError, SidecarError
from sidecar.log import scrubbed
from sidecar.service.doctor import (
    binlog,
    bridge,
    clocks,
    connection,
    consents,
    erasures,
    files,
    grant_checks,
    opencart,
    own,
    policy,
    privacy,
    requests,
    rules,
    tables,
)
from sidecar.service.doctor.case import ServerCase, StoreCase
from sidecar.service.doctor.daemon import check_daemon
from sidecar.service.doctor.finding import Finding, State
from sidecar.service.doctor.grants import to_read
from sidecar.service.doctor.work import check_work
from sidecar.shop import size
from sidecar.shop.database import connect, transaction
from sidecar.shop.shop import Shop, open_shop
from sidecar.sync import status

#: A question of the doctor is given up after so many seconds.
PATIENCE_S = 20

#: Only reads, and not for long. What stands in a comment only the one server or the other reads.
_SESSION = (
    "SET SESSION TRANSACTION READ ONLY",
    f"SET SESSION sql_warnings = 0 /*M! , max_statement_time = {PATIENCE_S} */",
    f"SET SESSION sql_warnings = 0 /*!80003 , max_execution_time = {PATIENCE_S * 1000} */",
)

_Check = Callable[[Any], Iterable[Finding]]

#: How many checks are done, of how many.
Progress = Callable[[int, int], None] | None

#: By name; what each looks at is said by its argument.
ON_THIS_MACHINE: dict[str, _Check] = {"settings": files.check_settings, "disk": files.check_disk}
OF_THE_SERVER: dict[str, _Check] = {
    "grants": grant_checks.check_grants,
    "clock": clocks.check_skew,
    "tables": tables.check_engines,
    "tables.indexes": tables.check_indexes,
    "tables.size": tables.check_size,
    "binlog": binlog.check_binlog,
}
OF_THE_STORE: dict[str, _Check] = {
    "clock.zone": clocks.check_zone,
    "binlog.columns": binlog.check_columns,
    "store.version": opencart.check_version,
    "store.policy": policy.check_policy,
    "store.gdpr": requests.check_gdpr,
    "store.bridge": bridge.check_bridge,
    "currency": policy.check_currency,
    "own": own.check_own_tables,
    "rules": rules.check_rules,
    "gdpr.requests": requests.check_requests,
    "privacy.register": privacy.check_register,
    "privacy.journal": erasures.check_journal,
    "privacy.erasures": erasures.check_erasures,
    "consents": consents.check_consents,
}

#: A table or column that an OpenCart has: what is looked at is no store that OpenCart made.
_NOT_THERE = ("(error 1146)", "(error 1054)")


def examine(
    config: Config,
    now: Callable[[], datetime.datetime],
    progress: Progress = None,
) -> list[Finding]:
    """
    Check everything about the installation of *config*; writes nothing.

    Args:
        now: The wall clock.
        progress: Told how many checks are done, of how many.
    """
    found = list(_each(ON_THIS_MACHINE, config, progress, 0))
    try:
        engine = _reading(connect(config.database))
    except SidecarError as error:
        what, mend = connection.hint_of(error)
        return [*found, Finding("connection.server", "error", what, "nothing works", mend)]
    try:
        return [*found, *_of_database(ServerCase(config, engine, now), progress)]
    finally:
        engine.dispose()


def _each(
    checks: Mapping[str, _Check], case: object, progress: Progress, done: int
) -> Iterator[Finding]:
    """What *checks* find, after *done* others."""
    total = len(ON_THIS_MACHINE) + len(OF_THE_SERVER) + len(OF_THE_STORE)
    for place, (name, check) in enumerate(checks.items()):
        if progress is not None:
            progress(done + place, total)
        yield from _run(name, check, case)


def _of_database(case: ServerCase, progress: Progress) -> list[Finding]:
    try:
        found = list(connection.check_connection(case))
    except SidecarError as error:
        return [connection.unreachable(error)]
    except Exception as error:  # noqa: BLE001 - as of `_run`
        found = [_fault("connection.checked", error)]
    found += _each(OF_THE_SERVER, case, progress, len(ON_THIS_MACHINE))
    found += _of_store(case, progress)
    # Checks of one subject stand together, in the order in which the first of each came.
    order = list(dict.fromkeys(finding.subject for finding in found))
    return sorted(found, key=lambda finding: order.index(finding.subject))


def _of_store(case: ServerCase, progress: Progress) -> list[Finding]:
    opened: list[Shop] = []

    def open_(case: ServerCase) -> list[Finding]:
        opened.append(open_shop(case.engine, case.config))
        return []

    if refused := _run("store.opened", open_, case, refused="error"):
        return refused
    store = StoreCase(case.config, case.engine, case.now, opened[0])
    found = list(_each(OF_THE_STORE, store, progress, len(ON_THIS_MACHINE) + len(OF_THE_SERVER)))
    if not any(finding.check == "own.version" and finding.state == "error" for finding in found):
        found += _run("work", _standing, store)
    return found


def _standing(case: StoreCase) -> Iterable[Finding]:
    moment, name = case.moment(), case.config.database.name
    taken = size.own_size(case.engine, case.prefix)
    with transaction(case.engine) as tx:
        said = status.read(tx, case.shop.own, name, case.prefix, taken, moment)
    yield from check_work(said)
    yield from check_daemon(said, moment.epoch_s)


def _run(name: str, check: _Check, case: object, *, refused: State = "warning") -> list[Finding]:
    """
    What *check* finds, and as a finding what kept it from its end.

    Args:
        refused: How bad it is that the database refuses what it asks.
    """
    found: list[Finding] = []
    check_name = name if "." in name else f"{name}.checked"
    try:
        found.extend(check(case))
    except SidecarError as error:
        what, mend = connection.hint_of(error)
        state: State = refused if isinstance(error, DatabaseRefusedError) else "error"
        if isinstance(case, ServerCase):
            with contextlib.suppress(SidecarError):  # which may be gone by now
                mend = to_read(case.engine, what) or mend
        if what.endswith(_NOT_THERE) and state == "warning":
            state, mend = "note", "nothing, if the store is none of OpenCart's own"
        mend = mend or "ask again when that is over: sidecar doctor"
        found.append(Finding(check_name, state, what, "the rest of this cannot be checked", mend))
    except Exception as error:  # noqa: BLE001 - the other checks shall go on
        found.append(_fault(check_name, error))
    return found


def _fault(check: str, error: Exception) -> Finding:
    what = f"{type(error).__name__}: {scrubbed(str(error))}"
    mend = "this is a fault of the program: please report it"
    return Finding(check, "error", what, "this was not checked", mend)


def _reading(engine: Engine) -> Engine:
    """*engine*, with sessions that only read."""

    def prepare(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            for statement in _SESSION:
                cursor.execute(statement)

    event.listen(engine, "connect", prepare)
    return engine
