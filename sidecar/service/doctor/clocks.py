"""The clock of the database, and the zones that dates are in."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from sqlalchemy import text

from sidecar.service.doctor.case import ServerCase, StoreCase
from sidecar.service.doctor.finding import Finding
from sidecar.shop.database import transaction

#: Seconds by which the two clocks may differ before it is worth knowing, and before it matters.
NOTED_S = 2.0
MATTERS_S = 30.0


def check_skew(case: ServerCase) -> Iterator[Finding]:
    """How far the database's clock is from this machine's."""
    with transaction(case.engine) as tx:
        before = case.now()
        there_s = float(tx.scalar(text("SELECT UNIX_TIMESTAMP(NOW(6))")) or 0)
        after = case.now()
    ahead_s = there_s - (before.timestamp() + after.timestamp()) / 2
    apart_s = abs(ahead_s)
    if apart_s <= NOTED_S:
        yield Finding("clock.skew", "ok", "the database's clock is the same as this machine's")
        return
    yield Finding(
        "clock.skew",
        "warning" if apart_s > MATTERS_S else "note",
        f"the database's clock is {apart_s:,.0f} s {'ahead of' if ahead_s > 0 else 'behind'}"
        " this machine's",
        "what time changes comes too early or too late by that, and the lag that is shown is wrong",
        "have both machines set their clocks by the network: timedatectl set-ntp true",
    )


def check_zone(case: StoreCase) -> Iterator[Finding]:
    """What zone the store's dates are taken to be in, and whether the database agrees."""
    zone, chosen = case.shop.settings.zone, case.config.shop.timezone is not None
    whose = "[shop] timezone" if chosen else "the store's config_timezone"
    yield Finding("clock.zone", "ok", f"the store's dates are taken to be in {zone.key} ({whose})")
    with transaction(case.engine) as tx:
        name = str(tx.scalar(text("SELECT @@global.time_zone")))
        system = str(tx.scalar(text("SELECT @@system_time_zone")))
        named = tx.scalar(text("SELECT CONVERT_TZ('2026-01-01', 'UTC', 'Europe/London')"))
        offset_s = tx.scalar(
            text(
                "SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(),"
                " CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', @@global.time_zone))"
            )
        )
    shown = f"{name}, {system}" if name == "SYSTEM" else name
    yield _judge_database(case, shown, None if offset_s is None else int(offset_s))
    yield Finding(
        "clock.named_zones",
        "ok",
        "the database knows named time zones"
        if named is not None
        else "the database knows no named time zones; nothing here needs them",
    )


def _judge_database(case: StoreCase, name: str, offset_s: int | None) -> Finding:
    check, zone = "clock.database_zone", case.shop.settings.zone
    store = case.now().astimezone(zone).utcoffset() or datetime.timedelta()
    store_s = store.total_seconds()
    if offset_s is None or offset_s == store_s:
        return Finding(check, "ok", f"the database's time zone ({name}) fits")
    found = (
        f"the database's time zone ({name}) is {_hours(offset_s)} from UTC,"
        f" the store's {_hours(store_s)}"
    )
    if case.shop.capabilities.generation != "3.0":
        return Finding(check, "ok", f"{found}; OpenCart 4 sets its own, so nothing depends on it")
    return Finding(
        check,
        "warning",
        found,
        "OpenCart 3 lets the database say what time it is: its dates are in that zone, and"
        " `last_order within 1 day` is off by the difference",
        "set [shop] timezone to the zone of the database's machine"
        + (', timezone = "UTC"' if offset_s == 0 else " (timedatectl shows it there)"),
    )


def _hours(seconds: float) -> str:
    minutes = round(abs(seconds) / 60)
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
