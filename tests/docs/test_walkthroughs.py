"""A reader who does what the pages say sees what the pages show."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.walkthrough import follow, same_always
from sidecar.config import Config, load
from sidecar.errors import SidecarError
from sidecar.shop.database import connect, transaction
from sidecar.shop.indexes import missing_indexes
from sidecar.shop.server import probe
from support import warm_start

DOCS = Path(__file__).parents[2] / "docs"

# They share one shop.
pytestmark = pytest.mark.xdist_group("walkthroughs")


@pytest.fixture(scope="module")
def shop() -> Iterator[Path]:
    """The folder of the store that the tutorial makes its readers start."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(DOCS / "tutorial_shop.py"), f"{folder}/store"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert "Ctrl-C ends it" in process.stdout.readline()
            yield Path(folder) / "store"
            process.terminate()
            assert process.wait(30) == 0


@pytest.fixture(scope="module")
def groups(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[int]]:
    """The customers of each customer group before anybody reads a page."""
    folder = tmp_path_factory.mktemp("groups")
    shutil.copytree(shop, folder / "store")
    list(follow("```console\n$ sidecar init --opencart store --write config.toml\n```\n", folder))
    found: dict[int, list[int]] = {}
    with transaction(connect(load(folder / "config.toml", {}).database)) as tx:
        for customer, group in tx.exec_driver_sql(
            "SELECT customer_id, customer_group_id FROM oc_customer ORDER BY customer_id"
        ):
            found.setdefault(group, []).append(customer)
    return found


@pytest.fixture
def place(shop: Path, groups: dict[int, list[int]], tmp_path: Path) -> Iterator[Path]:
    """A reader's folder with the store in it; what was put into the database goes at the end."""
    shutil.copytree(shop, tmp_path / "store")
    yield tmp_path
    config = load(tmp_path / "config.toml", {})
    uninstall(config)
    with transaction(connect(config.database)) as tx:
        tx.exec_driver_sql(
            "DELETE FROM oc_customer_transaction WHERE description LIKE '%%[sidecar:%%'"
        )
        for group, customers in groups.items():
            tx.exec_driver_sql(
                f"UPDATE oc_customer SET customer_group_id = {group}"
                f" WHERE customer_id IN ({', '.join(map(str, customers))})"
            )


def uninstall(config: Config) -> None:
    """Run what the page on uninstalling says, but for the account."""
    engine = connect(config.database)
    blocks = re.findall(r"^```sql\n(.*?)^```$", page("howto/uninstall.md"), re.M | re.S)
    with engine.connect() as connection:
        for statement in blocks[0].split(";\n") + blocks[1].split(";\n"):
            if statement:
                connection.exec_driver_sql(statement)
    engine.dispose()


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


@pytest.mark.parametrize(
    "name",
    [
        "tutorial.md",
        "howto/approve-and-undo.md",
        "howto/consents.md",
        "howto/customer-groups.md",
        "howto/import-tags.md",
        "howto/segments.md",
        "howto/store-credit.md",
        "howto/when-refused.md",
    ],
    ids=str,
)
def test_every_command_of_the_page_answers_what_stands_there(name: str, place: Path) -> None:
    for command, said, answered in follow(page(name), place, warm_start.programs()):
        assert same_always(answered) == same_always(said), f"$ {command}"


def test_uninstalling_leaves_nothing_behind(place: Path) -> None:
    steps = ["sidecar init --opencart store --write config.toml", "sidecar migrate"]
    commands = "".join(f"$ {step}\n" for step in steps)
    assert len(list(follow(f"```console\n{commands}```\n", place))) == 2
    config = load(place / "config.toml", {})
    engine = connect(config.database)
    assert missing_indexes(engine, "oc_") == []

    uninstall(config)

    with engine.connect() as connection:
        for kind, name in (("tables", "table_name"), ("statistics", "index_name")):
            query = f"SELECT COUNT(*) FROM information_schema.{kind} WHERE INSTR({name}, 'sidecar')"
            assert connection.exec_driver_sql(query).scalar() == 0
    engine.dispose()
    # For the fixture, which uninstalls once more.
    list(follow("```console\n$ sidecar migrate\n```\n", place))


def test_the_account_of_the_grants_can_change_nothing_of_the_store_but_groups(place: Path) -> None:
    list(follow("```console\n$ sidecar init --opencart store --write config.toml\n```\n", place))
    list(follow("```console\n$ sidecar migrate\n```\n", place))
    engine = connect(load(place / "config.toml", {}).database)
    probe(engine, "oc_")

    for statement in (
        "UPDATE oc_customer SET status = 0",
        "UPDATE oc_customer_group SET approval = 1",
        "DELETE FROM oc_order",
        "ALTER TABLE oc_customer ADD COLUMN extra INT",
        "CREATE TABLE oc_other (id INT)",
    ):
        with pytest.raises(SidecarError, match="command denied"), transaction(engine) as tx:
            tx.exec_driver_sql(statement)
    with transaction(engine) as tx:
        tx.exec_driver_sql("UPDATE oc_customer SET customer_group_id = 2 WHERE customer_id = 1")
        tx.exec_driver_sql("UPDATE oc_customer SET customer_group_id = 1 WHERE customer_id = 1")
    engine.dispose()


def test_the_grants_name_every_table_of_ours() -> None:
    granted = re.findall(r"`oc_(sidecar_\w+)`", page("howto/grants.sql"))
    dropped = re.findall(r"DROP TABLE IF EXISTS oc_(sidecar_\w+);", page("howto/uninstall.md"))
    told = re.findall(r"^## oc_(sidecar_\w+)$", page("reference/tables.md"), re.MULTILINE)

    assert granted == dropped == sorted(told)
