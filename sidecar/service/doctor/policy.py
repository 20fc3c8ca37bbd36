"""Settings of the store that weaken it, and what its money is counted in."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from sqlalchemy import (
    ColumnElement,
    Connection,
    column,
    func,
    literal_column,
    select,
    table,
    union_all,
)

from sidecar.service.doctor.case import StoreCase
from sidecar.service.doctor.finding import Finding
from sidecar.shop.database import transaction

#: More tries than this within an hour are no obstacle to guessing passwords.
MANY_ATTEMPTS = 10

#: Shorter passwords are guessed.
SHORT = 8

#: Orders at each end that are looked at: the table has no index that would serve, and on MyISAM
#: a long read holds up the store.
_SOME_ORDERS = 1_000

#: Rates that nobody touched for so long are not refreshed.
_STALE = datetime.timedelta(days=30)

_PASSWORD = ("uppercase", "lowercase", "number", "symbol")
_NUMBER = re.compile(r"-?[0-9]{1,9}")


def check_policy(case: StoreCase) -> Iterator[Finding]:
    """How the store guards its customers' accounts."""
    with transaction(case.engine) as tx:
        settings = _settings(tx, case, "config_login_attempts", "config_password_length") | (
            _settings(tx, case, *(f"config_password_{name}" for name in _PASSWORD))
        )
    yield judge_attempts(settings.get("config_login_attempts", ""))
    yield judge_passwords(case.shop.capabilities.generation, settings)


def judge_attempts(value: str) -> Finding:
    """Whether ``config_login_attempts`` holds off guessing."""
    check, mend = "store.login_attempts", "in the admin, System > Settings > Option: set 5"
    attempts = int(value) if _NUMBER.fullmatch(value) else 0
    if attempts < 1:
        return Finding(
            check,
            "warning",
            "the store allows no wrong password (config_login_attempts is not set)",
            "who mistypes once cannot log in for an hour",
            mend,
        )
    if attempts > MANY_ATTEMPTS:
        return Finding(
            check,
            "warning",
            f"the store allows {attempts:,} wrong passwords an hour, for each address",
            "passwords can be guessed, and `failed_logins` tells little",
            mend,
        )
    return Finding(check, "ok", f"the store allows {attempts} wrong passwords an hour")


def judge_passwords(generation: str, settings: Mapping[str, str]) -> Finding:
    """Whether the store asks for good passwords and keeps them well."""
    check = "store.passwords"
    if generation == "3.0":
        return Finding(
            check,
            "note",
            "OpenCart 3 accepts passwords of 4 characters and keeps them as SHA-1",
            "whoever gets a copy of the database reads most of them",
            "upgrade to OpenCart 4",
        )
    text = settings.get("config_password_length", "")
    length = int(text) if _NUMBER.fullmatch(text) else 0
    if generation == "4.0" and not length:
        return Finding(check, "ok", "OpenCart 4.0 has no setting for how long passwords are")
    asked = [name for name in _PASSWORD if settings.get(f"config_password_{name}") == "1"]
    more = f", with {', '.join(asked)}" if asked else ""
    if length < SHORT:
        return Finding(
            check,
            "note",
            f"the store accepts passwords of {length} characters{more}",
            "short ones are guessed",
            f"in the admin, System > Settings > Option: {SHORT} characters or more",
        )
    return Finding(check, "ok", f"the store asks for passwords of {length} characters{more}")


def check_currency(case: StoreCase) -> Iterator[Finding]:
    """Whether all totals are in one currency, and whether the rates of the others are kept up."""
    base, prefix = case.shop.settings.currency, case.prefix
    currency = table(
        f"{prefix}currency",
        *(column(name) for name in ("code", "value", "status", "date_modified")),
    )
    with transaction(case.engine) as tx:
        rows = tx.execute(
            select(
                currency.c.code,
                currency.c.value,
                currency.c.status,
                func.timestampdiff(_SECOND, currency.c.date_modified, func.utc_timestamp()),
            )
        ).all()
        foreign = _orders_of_another_base(tx, prefix, base)
        settings = _settings(tx, case, "config_currency_auto")
        job = _job(tx, prefix)
    values = {str(row[0]): Decimal(str(row[1] or 0)) for row in rows}
    yield _base(base, values)
    yield _changed_base(base, foreign)
    others = [row for row in rows if row[2] and row[0] != base]
    ages = [int(row[3]) for row in others if row[3] is not None]
    yield _refresh(len(others), settings.get("config_currency_auto") == "1", job, ages)


_SECOND: ColumnElement[str] = literal_column("SECOND")


def _base(base: str, values: Mapping[str, Decimal]) -> Finding:
    check, page = "currency.base", "in the admin, System > Localisation > Currencies"
    if base not in values:
        return Finding(
            check,
            "warning",
            f"the store's base currency {base!r} is none of its currencies",
            "OpenCart cannot show prices, and nobody can say what totals are in",
            f"{page}: add it, or choose another in System > Settings",
        )
    if abs(values[base] - 1) > Decimal("0.00001"):
        return Finding(
            check,
            "warning",
            f"the value of the base currency {base} is {values[base].normalize():f}, not 1",
            "OpenCart shows prices and totals multiplied by it; our facts are not",
            f"{page}: set the value of {base} to 1 and refresh the others",
        )
    return Finding(check, "ok", f"totals are in {base}")


def _changed_base(base: str, foreign: int) -> Finding:
    check = "currency.changed"
    if not foreign:
        return Finding(check, "ok", "the orders looked at were all placed with this base currency")
    return Finding(
        check,
        "warning",
        f"{foreign:,} of the oldest and newest orders were placed in {base} when another currency"
        " was the base",
        "their totals are in that other currency: `total_spent` and what counts money add up both",
        "count from the change on, e.g. total_spent(from = 2026-01-01) >= 500",
    )


def _refresh(others: int, auto: bool, job: bool | None, ages: list[int]) -> Finding:
    check, found = "currency.refresh", ""
    if not others:
        return Finding(check, "ok", "the store has one currency only")
    if not auto:
        found = "automatic updates of rates are off (config_currency_auto)"
    elif job is False:
        found = "OpenCart's job `currency` is off"
    elif ages and max(ages) > _STALE.total_seconds():
        found = f"rates are up to {max(ages) // 86_400:,} days old, though updates are on"
    if not found:
        return Finding(check, "ok", f"rates of {others} other currencies are kept up")
    return Finding(
        check,
        "note",
        found,
        f"prices in {others} other currencies drift; our facts are in the base currency",
        "in the admin, System > Settings > Local, and System > Maintenance > Cron Jobs",
    )


def _orders_of_another_base(tx: Connection, prefix: str, base: str) -> int:
    """Orders in the base currency that were then converted into it, so it was not the base."""
    order = table(
        f"{prefix}order",
        *(column(name) for name in ("order_id", "currency_code", "currency_value")),
    )
    columns = (order.c.order_id, order.c.currency_code, order.c.currency_value)
    ends = [
        select(select(*columns).order_by(place).limit(_SOME_ORDERS).subquery())
        for place in (order.c.order_id.asc(), order.c.order_id.desc())
    ]
    some = union_all(*ends).subquery()
    query = select(func.count(some.c.order_id.distinct())).where(
        some.c.currency_code == base, func.abs(some.c.currency_value - 1) > 0.00001
    )
    return int(tx.scalar(query) or 0)


def _job(tx: Connection, prefix: str) -> bool | None:
    """Whether OpenCart's job that refreshes rates is on; None: it has no jobs."""
    cron = table(f"{prefix}cron", column("code"), column("status"))
    if not tx.dialect.has_table(tx, cron.name):
        return None
    return bool(tx.scalar(select(func.max(cron.c.status)).where(cron.c.code == "currency")))


def _settings(tx: Connection, case: StoreCase, *keys: str) -> dict[str, str]:
    """Settings of the default store by key, those that are there."""
    setting = case.shop.tables.setting
    query = select(setting.c.key, setting.c.value).where(
        setting.c.store_id == 0, setting.c.key.in_(keys)
    )
    return {str(row.key): str(row.value or "") for row in tx.execute(query)}
