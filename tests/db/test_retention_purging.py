"""Accounts that a retention rule ends: erased as on request, and told before as a fact."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from sidecar.config import Privacy
from sidecar.privacy import purges, retaining
from sidecar.privacy.means import Means
from sidecar.privacy.retaining import retain
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from sidecar.sync.planning import StoppedError
from support import small_store
from support.consents import KEY
from support.given import Given
from support.small_store import SmallStore

NOW = datetime.datetime(2026, 3, 31, 12, 0, tzinfo=datetime.UTC)
KYIV = ZoneInfo("Europe/Kyiv")
RULE = (
    '[[retention]]\nname = "asleep"\nof = "accounts"\nage = "2 years"\n'
    "when = \"email ends with '.test'\"\nmost = 3\n"
)


@pytest.fixture(params=["3.0.5.1", "4.1.0.4"])
def real(
    request: pytest.FixtureRequest,
    mariadb: PrivateServer,
    clone_store: Callable[[str], str],
    tmp_path: Path,
) -> Iterator[SmallStore]:
    """A real store with the sidecar on it, which may erase."""
    database = clone_store(request.param)
    with contextlib.closing(mariadb.connect(database)) as connection:
        given = Given(connection, NOW, KYIV)
        for store in small_store.open_on(mariadb.settings(database), tmp_path, given):
            privacy = Privacy(key_file=tmp_path / "key", journal=tmp_path / "journal.jsonl")
            store.sidecar.config = msgspec.structs.replace(store.sidecar.config, privacy=privacy)
            store.sidecar.shop.key = KEY
            store.now = NOW
            store.named_rules({}, RULE)
            yield store


def means(store: SmallStore) -> Means:
    """As the program has them now."""
    return Means(store.sidecar.config, store.sidecar.shop, store.moment)


def sleeper(store: SmallStore, name: str, at: str = "2020-01-31 12:00:00") -> int:
    """An account without a sign of life since *at*, with an order and an address."""
    email = f"{name}@sleepers.test"
    customer = store.given.customer(email, last_name="Sleeper", at=at)
    store.given.order(customer, "10", at=at, email=email, lastname="Sleeper")
    store.given.address(customer, city="Sleepytown")
    return customer


def approve(store: SmallStore) -> None:
    """Let the purge begin that waits."""
    with transaction(store.sidecar.engine) as tx:
        own = store.sidecar.shop.own
        (purge,) = [one for one in purges.listed(tx, own, 9) if one.state == "waiting"]
        purges.approve(tx, own, purge.purge_id, "cli:ann", store.moment)


def sleepers(store: SmallStore) -> list[int]:
    """Those that are left."""
    rows = store.rows(
        "SELECT customer_id FROM oc_customer WHERE email LIKE %s ORDER BY 1", "%sleepers.test"
    )
    return [row["customer_id"] for row in rows]


def test_sleeping_accounts_are_erased_once_somebody_let_them_and_others_stay(
    real: SmallStore,
) -> None:
    gone = [sleeper(real, "ann"), sleeper(real, "bob")]
    awake = sleeper(real, "cat", at="2025-01-31 12:00:00")
    rich = sleeper(real, "dan")
    real.given.credit(rich, "5")
    others = real.rows("SELECT COUNT(*) AS n FROM oc_customer")[0]["n"]
    retain(means(real))
    assert sleepers(real) == [*gone, awake, rich]
    approve(real)
    retain(means(real))
    assert sleepers(real) == [awake, rich]
    assert real.rows("SELECT COUNT(*) AS n FROM oc_customer")[0]["n"] == others - 2
    orders = real.rows(
        "SELECT customer_id, lastname, email, total FROM oc_order WHERE lastname LIKE %s", "anon-%"
    )
    assert len(orders) == 2
    assert {(row["customer_id"], str(row["total"])) for row in orders} == {(0, "10.0000")}
    assert all(row["email"].endswith("@anonymous.invalid") for row in orders)
    (purge,) = real.rows("SELECT state, planned, erased FROM {own}purge")
    assert purge == {"state": "done", "planned": 2, "erased": 2}
    entries = Path(real.sidecar.config.privacy.journal).read_text().splitlines()
    assert sum('"erasure"' in line for line in entries) == 2


def test_the_day_on_which_an_account_ends_is_a_fact_a_day_after_it_is_known(
    real: SmallStore,
) -> None:
    asleep = sleeper(real, "cat", at="2025-01-31 12:00:00")
    awake = real.given.customer("ann@example.com", at="2020-01-31 12:00:00")
    real.named_rules({"soon gone": "purged_on in next 400 days"}, RULE)
    retain(means(real))
    real.process(asleep, awake)
    assert real.standing().tags[asleep] == {"soon gone"}
    assert not real.standing().tags.get(awake)
    (row,) = real.rows("SELECT * FROM {own}purge_date")
    assert row["customer_id"] == asleep
    day = datetime.datetime.fromtimestamp(row["purge_at"], real.moment.zone)
    assert day.replace(tzinfo=None) == datetime.datetime(2027, 2, 1)
    real.given.order(asleep, at="2026-03-01 12:00:00")
    real.now += datetime.timedelta(days=1)
    retain(means(real))
    (row,) = real.rows("SELECT * FROM {own}purge_date")
    assert datetime.datetime.fromtimestamp(row["purge_at"], KYIV).year == 2028
    real.named_rules({})
    real.now += datetime.timedelta(days=1)
    retain(means(real))
    assert real.rows("SELECT * FROM {own}purge_date") == []


def test_the_next_day_goes_by_itself_up_to_the_most_of_the_rule(real: SmallStore) -> None:
    sleeper(real, "ann")
    retain(means(real))
    approve(real)
    retain(means(real))
    assert sleepers(real) == []
    few = [sleeper(real, name) for name in ("bob", "cat", "dan")]
    retain(means(real))
    assert sleepers(real) == few  # that day was planned already
    real.now += datetime.timedelta(days=1)
    retain(means(real))
    assert sleepers(real) == []
    many = [sleeper(real, name) for name in ("eve", "fay", "gus", "hal")]
    real.now += datetime.timedelta(days=1)
    retain(means(real))
    assert sleepers(real) == many


def test_a_purge_that_was_interrupted_goes_on(
    real: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retaining, "RUN", 1)
    for name in ("ann", "bob", "cat"):
        sleeper(real, name)
    retain(means(real))
    approve(real)
    asked = iter([False, False, False, True, True, True])
    interrupted = dataclasses.replace(means(real), stop=lambda: next(asked, True))
    with contextlib.suppress(StoppedError):
        retain(interrupted)
    assert sleepers(real)
    retain(means(real))
    assert sleepers(real) == []
    (purge,) = real.rows("SELECT state, planned, erased FROM {own}purge")
    assert purge == {"state": "done", "planned": 3, "erased": 3}
