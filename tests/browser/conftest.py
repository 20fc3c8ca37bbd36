"""
The bridge's pages in a browser, on a real store: ``./dev e2e``, told about it by the environment.

A test takes `admin` (a `Desk`, logged in with every right); or `clerk`, who may log in and see
OpenCart's own customers and nothing of ours, `reader`, who sees our pages and may do nothing there,
`staff`, who has the right of our customers only, or `cashier`, who has that of points and store
credit only; `store` to look into the database; `bridge` for the daemon and the command line (it is
installed and runs for all of them anyway); `hostile`, the id of a customer whose data are an
attack. Whatever goes wrong in any page fails the test by itself: faults of PHP, errors of scripts,
requests that fail, pop-ups that the data opened::

    def test_the_status_tells_the_mode(admin: Desk) -> None:
        page = admin.ours("status")

        assert page.get_by_text("polling").is_visible()
        admin.shot("status")

The store has at least 25 customers with orders, the rules of `program.RULES`, and everything is as
before when the tests are over.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, expect

from browser import deploy
from browser.desk import PAGES, PATIENCE_MS, Desk
from browser.program import Program
from browser.store import Store, differing
from sidecar import clock
from support import browser
from support.given import Given

_ROOT = os.environ.get("OPENCART_ROOT", "")

expect.set_options(timeout=PATIENCE_MS)

# Without a store there is nothing to try it on; `./dev e2e` says so.
collect_ignore_glob = [] if _ROOT else ["test_*.py"]

#: First what needs the store without the bridge, then pictures of it before anybody acted.
_FIRST = ("test_deploying.py", "test_showcase.py")

#: Tables that the acts of tests are meant to change, and what the daemon tells in the admin.
WRITTEN = (
    "coupon",
    "customer",
    "customer_history",
    "customer_reward",
    "customer_transaction",
    "notification",
)

_OURS = [f"extension/sidecar/page/{page}" for page in PAGES]
_NATIVE = ["common/dashboard", "customer/customer"]

#: What people besides the admin may, by name.
_RIGHTS = {
    "clerk": {"access": _NATIVE, "modify": ["customer/customer"]},
    "reader": {"access": [*_NATIVE, *_OURS], "modify": []},
    "staff": {
        "access": [*_NATIVE, "extension/sidecar/page/customers"],
        "modify": ["customer/customer", "extension/sidecar/page/customers"],
    },
    "cashier": {
        "access": [*_NATIVE, "extension/sidecar/page/loyalty"],
        "modify": ["extension/sidecar/page/loyalty"],
    },
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("the store that the pages are tried on")
    group.addoption("--pictures", default="", help="folder for a picture of each page")
    group.addoption("--screenshots", default="", help="folder for the pictures of the README")
    group.addoption("--deploy", choices=("upload", "command"), default="upload")
    group.addoption(
        "--in-place",
        action="store_true",
        help="the bridge is installed and its daemon runs; nothing is brought back afterwards",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(_FIRST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


@pytest.fixture(scope="session")
def in_place(request: pytest.FixtureRequest) -> bool:
    """Whether the bridge was there before, and stays."""
    return bool(request.config.getoption("--in-place"))


@pytest.fixture(scope="session")
def pictures(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go."""
    named = str(request.config.getoption("--pictures"))
    folder = Path(named) if named else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    with browser.chromium() as started:
        yield started


@pytest.fixture(scope="session")
def store(in_place: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The store; brought back to what it was, with our tables gone."""
    found = Store(Path(_ROOT), os.environ.get("OPENCART_URL"))
    if in_place:
        yield found
        return
    there = [name for name in found.tables(own=True) if name.startswith("sidecar_")]
    if there or (found.installation.directory / "extension" / "sidecar").exists():
        pytest.exit(f"{_ROOT} has the sidecar already; try it on a store without", returncode=64)
    folder = tmp_path_factory.mktemp("store")
    found.back_up(folder)
    files = found.files()
    yield found
    deploy.put_away(found)
    found.restore(folder)
    assert found.files() == files


@pytest.fixture(scope="session")
def people(store: Store) -> dict[str, int]:
    """Made-up customers by first name, with orders; ``hostile`` is one whose data are an attack."""
    given = _given(store)
    there = store.value("SELECT customer_id FROM {customer} WHERE email = 'hostile@example.com'")
    if there is not None:
        return {"hostile": int(there)}
    found: dict[str, int] = {}
    names = ("Ada", "Bela", "Cleo", "Dora", "Egon", "Fina", "Gero", "Hana", "Ivo", "Jana")
    for number in range(30):
        name = f"{names[number % 10]} {'ABC'[number // 10]}"
        found[name] = given.customer(first_name=name, days_ago=400 - number)
        for order in range(number % 7):
            given.order(found[name], str(80 + 90 * order + number), days_ago=5 + 40 * order)
    found["hostile"] = given.customer(
        "hostile@example.com",
        first_name="<img src onerror=alert(1)>",
        last_name="O'Neil \\ 50%_ 🦊 ${1}",
        telephone='"><b>1</b>',
        days_ago=3,
    )
    given.order(found["hostile"], "1234.5", days_ago=2)
    return found


@pytest.fixture(scope="session")
def hostile(people: dict[str, int]) -> int:
    """The customer whose data are an attack."""
    return people["hostile"]


@pytest.fixture(scope="session")
def users(store: Store, in_place: bool) -> Iterator[dict[str, tuple[str, str]]]:
    """Name and password of the people who log in: ``admin``, and those with fewer rights."""
    _without_people(store)
    given = _given(store)
    password = "clerk-Pass-1"
    hashed = subprocess.run(
        ["php", "-r", "echo password_hash($argv[1], PASSWORD_DEFAULT);", password],
        capture_output=True,
        check=True,
        encoding="ascii",
    ).stdout
    for name in _RIGHTS:
        group = given.insert("user_group", {}, name=_user(name), permission="{}")
        given.insert(
            "user",
            {
                "firstname": name.title(),
                "lastname": "Example",
                "email": f"{name}@example.com",
                "status": 1,
                **dict.fromkeys(("image", "code", "ip"), ""),
            },
            user_group_id=group,
            username=_user(name),
            password=hashed,
        )
    _allow(store, ours=in_place)
    admin = (os.environ.get("OPENCART_USER", "admin"), os.environ.get("OPENCART_PASSWORD", ""))
    yield {"admin": admin, **{name: (_user(name), password) for name in _RIGHTS}}
    _without_people(store)


def _allow(store: Store, *, ours: bool) -> None:
    """Give people their rights; those of *ours* are taken away with the bridge."""
    for name, may in _RIGHTS.items():
        given = {
            kind: [route for route in routes if ours or route not in _OURS]
            for kind, routes in may.items()
        }
        change = "UPDATE {user_group} SET permission = %s WHERE name = %s"
        store.rows(change, json.dumps(given), _user(name))


def _user(name: str) -> str:
    return f"sidecar-{name}"


def _given(store: Store) -> Given:
    zone = store.value("SELECT `value` FROM {setting} WHERE `key` = 'config_timezone'")
    prefix = store.database.prefix
    return Given(store.connection, clock.now(), ZoneInfo(zone or "UTC"), prefix)


def _without_people(store: Store) -> None:
    for name in _RIGHTS:
        store.rows("DELETE FROM {user} WHERE username = %s", _user(name))
        store.rows("DELETE FROM {user_group} WHERE name = %s", _user(name))


@pytest.fixture(scope="session")
def desks(
    chromium: Browser, store: Store, users: dict[str, tuple[str, str]], pictures: Path
) -> dict[str, Desk]:
    """Who is logged in, by name; one login for all tests."""
    found: dict[str, Desk] = {}
    for name, (user, password) in users.items():
        found[name] = Desk(chromium, store.admin_url, pictures, name)
        found[name].log_in(user, password)
    return found


@pytest.fixture(scope="session")
def program(
    store: Store, in_place: bool, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    """The command line, with settings for the store; nothing is in the store yet."""
    made = Program(tmp_path_factory.mktemp("sidecar"), store.installation.directory)
    yield made
    made.stop()


@pytest.fixture(scope="session")
def bridge(
    request: pytest.FixtureRequest,
    store: Store,
    program: Program,
    people: dict[str, int],
    desks: dict[str, Desk],
    in_place: bool,
) -> Iterator[Program]:
    """The bridge is installed, our tables are filled and the daemon runs."""
    if in_place:
        yield program
        return
    upload = request.config.getoption("--deploy") == "upload"
    program.run("key", "create")
    program.run("migrate")
    program.run("once", "--yes")
    desks["admin"].goto("marketplace/installer")  # lists the examples that OpenCart brings
    before = store.snapshot(without=WRITTEN)
    if upload:
        deploy.install_by_upload(desks["admin"], program)
    else:
        deploy.install_by_command(program, store)
    _allow(store, ours=True)
    program.start()
    yield program
    program.stop()
    if upload:
        deploy.leave_by_installer(desks["admin"])
    else:
        deploy.leave_by_command(program, store)
    _allow(store, ours=False)
    assert differing(before, store.snapshot(without=WRITTEN)) == {}


@pytest.fixture
def admin(desks: dict[str, Desk], bridge: Program) -> Desk:
    """Somebody with every right, at a wide screen, in English."""
    return _rested(desks["admin"])


@pytest.fixture
def clerk(desks: dict[str, Desk], bridge: Program) -> Desk:
    """Somebody who sees OpenCart's customers and has no right to anything of ours."""
    return _rested(desks["clerk"])


@pytest.fixture
def reader(desks: dict[str, Desk], bridge: Program) -> Desk:
    """Somebody who sees all our pages and may act on none."""
    return _rested(desks["reader"])


@pytest.fixture
def staff(desks: dict[str, Desk], bridge: Program) -> Desk:
    """Somebody who may see and change customers, and has no other page of ours."""
    return _rested(desks["staff"])


@pytest.fixture
def cashier(desks: dict[str, Desk], bridge: Program) -> Desk:
    """Somebody who sees customers and has the right of points and store credit only."""
    return _rested(desks["cashier"])


def _rested(desk: Desk) -> Desk:
    desk.wide()
    desk.language("en-gb")
    desk.confirms = True
    desk.asked.clear()
    return desk


@pytest.fixture(autouse=True)
def _no_troubles(desks: dict[str, Desk], store: Store) -> Iterator[None]:
    """Fails a test in which anything went wrong that it did not look at."""
    logs = [store.log(), *(Path(path) for path in os.environ.get("OPENCART_LOGS", "").split())]
    before = [log.stat().st_size if log.exists() else 0 for log in logs]
    for desk in desks.values():
        desk.troubles.clear()
    yield
    for log, size in zip(logs, before, strict=True):
        written = log.read_bytes()[size:] if log.exists() else b""
        assert not written, f"{log}: {written.decode(errors='replace')}"
    for desk in desks.values():
        assert desk.troubles == [], desk.name
