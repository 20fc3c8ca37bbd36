"""A loyalty program in the rules of a store: its names, what lists it, and reading it anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar import cli
from sidecar.config import Config
from sidecar.daemon.installed import Installed
from sidecar.errors import RuleError
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect
from sidecar.shop.shop import open_shop
from sidecar.sync import rulebook
from sidecar.sync.rulebook import CheckedRules
from support.small_store import SmallStore

PROGRAM = """\
[loyalty]
start = "all"
statuses = ["Processing"]

[[tier]]
name = "Gold"
threshold = 100

[[earn]]
name = "lamps"
category = "Lamps"
manufacturer = "Acme"
product = "Lamp"
when = 'group = "Trade" and orders(status = "Complete") >= 1'
multiply = 2
"""


class Catalogue:
    """A store in which everything that `PROGRAM` names is there."""

    def __init__(self, store: SmallStore) -> None:
        given = store.given
        self.store = store
        self.group = given.group("Trade")
        self.category = given.category("Lamps")
        maker = given.manufacturer("Acme")
        self.product = given.product("Lamp", manufacturer=maker, categories=[self.category])

    def checked(self, text: str = PROGRAM) -> CheckedRules:
        self.store.named_rules({}, text)
        return self.store.sidecar.check_rules()

    def warnings(self, text: str = PROGRAM) -> list[str]:
        return [problem.message for problem in self.checked(text).rules.warnings]


@pytest.fixture
def shop(store: SmallStore) -> Catalogue:
    return Catalogue(store)


def test_the_names_of_a_program_are_those_of_the_store(shop: Catalogue) -> None:
    assert shop.warnings() == []


@pytest.mark.parametrize(
    ("key", "place", "problem"),
    [
        ('statuses = ["Processing', "3:13", "there is no order status 'Processingd'"),
        ('category = "Lamp', "11:12", "there is no category 'Lampds'"),
        ('manufacturer = "Acme', "12:16", "there is no manufacturer 'Acmed'"),
        ('product = "Lamp', "13:11", "there is no product 'Lampd'"),
        ('group = "Trade', "14:9", "there is no customer group 'Traded'"),
    ],
)
def test_a_name_that_the_store_does_not_have_is_an_error(
    shop: Catalogue, key: str, place: str, problem: str
) -> None:
    with pytest.raises(RuleError) as caught:
        shop.checked(PROGRAM.replace(key, f"{key}d"))

    (found,) = caught.value.problems
    assert str(found).startswith(f"rules.toml:{place}: {problem} (did you mean ")


@pytest.mark.parametrize(
    ("table", "key", "word"),
    [
        ("order_status", "Complete", "order status"),
        ("order_status", "Processing", "order status"),
        ("category_description", "Lamps", "category"),
        ("manufacturer", "Acme", "manufacturer"),
        ("product_description", "Lamp", "product"),
        ("customer_group_description", "Trade", "customer group"),
    ],
)
def test_what_is_renamed_in_the_store_stops_no_rule_and_is_warned_of(
    shop: Catalogue, table: str, key: str, word: str
) -> None:
    shop.checked()
    shop.store.full_pass()

    shop.store.given.update(table, {"name": key}, name="Renamed")

    assert set(shop.warnings()) == {f"the {word} '{key}' is called 'Renamed' now"}
    shop.store.full_pass()
    assert set(shop.warnings()) == {f"the {word} '{key}' is called 'Renamed' now"}


def test_a_program_is_no_rule_that_waits_for_an_approval(shop: Catalogue) -> None:
    shop.store.given.customer()
    shop.checked()

    result = shop.store.whole_pass(cap=0)

    assert result.waiting == []
    assert shop.store.rows("SELECT * FROM `{own}rule` WHERE kind IN ('tag', 'ladder')") == []


def test_the_program_is_listed_after_the_rules(shop: Catalogue) -> None:
    checked = shop.checked("[[tag]]\nname = 'a'\nwhen = 'orders > 1'\n" + PROGRAM)

    rows = shop.store.sidecar.view.rule_list(checked)

    shown = [(row["kind"], row["name"], row["state"], row["line"]) for row in rows]
    assert shown == [
        ("tag", "a", "new", 1),
        ("loyalty", "loyalty", None, 4),
        ("tier", "Gold", None, 8),
        ("earn", "lamps", None, 12),
    ]
    assert {row["file"] for row in rows} == {"rules.toml"}
    assert str(rows[1]["sentence"]).startswith("An order earns 10 points for each currency unit")
    assert rows[3]["text"] == 'group = "Trade" and orders(status = "Complete") >= 1'
    assert "Customers for whom the customer group is “Trade”" in str(rows[3]["sentence"])


def test_the_tiers_that_nobody_wrote_stand_where_the_program_does(shop: Catalogue) -> None:
    rows = shop.store.sidecar.view.rule_list(shop.checked('[loyalty]\nstart = "all"\n'))

    assert [(row["kind"], row["name"]) for row in rows] == [
        ("loyalty", "loyalty"),
        ("tier", "Bronze"),
        ("tier", "Silver"),
        ("tier", "Gold"),
    ]
    assert {(row["file"], row["line"]) for row in rows} == {("rules.toml", 1)}


def test_the_list_for_people_has_no_state_of_a_program(
    shop: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.checked()
    database = shop.store.sidecar.config.database
    file = shop.store.folder.parent / "config.toml"
    file.write_text(
        f'[database]\nsocket = "{database.socket}"\nuser = "{database.user}"\n'
        f'password = "{database.password.reveal()}"\nname = "{database.name}"\n'
        "[rules]\nbuiltins = false\n",
        "utf-8",
    )
    file.chmod(0o600)

    assert cli.run(["--config", str(file), "rules", "list"]) == 0
    _, program, tier, earn = capsys.readouterr().out.splitlines()
    assert cli.run(["--config", str(file), "rules", "check"]) == 0
    counts = "0 tags, 0 segments, 0 groups, a loyalty program with 1 tier and 1 earn rule"

    assert program.startswith("loyalty\tloyalty\t\t\trules.toml:1\tAn order earns 10 points")
    assert tier.startswith("tier\tGold\t\t\trules.toml:5\tFrom 100 points earned")
    assert earn.startswith("earn\tlamps\t\t\trules.toml:9\tThe points per unit times 2, for goods")
    assert capsys.readouterr().out == f"{shop.store.folder}: {counts}: no errors\n"


# -- read anew -----------------------------------------------------------------------------


def test_a_daemon_that_reads_the_files_anew_has_the_program_as_it_is_now(shop: Catalogue) -> None:
    sidecar = shop.store.sidecar
    installed = Installed(sidecar.config, sidecar.engine)

    def worth() -> int | None:
        installed.adopt(sidecar.config)
        program = installed.book.checked.rules.program
        return None if program is None else program.points_for_one

    shop.store.named_rules({}, PROGRAM)
    assert worth() == 100
    shop.store.named_rules({}, PROGRAM.replace("[[tier]]", "points_worth_one = 50\n[[tier]]"))
    assert worth() == 50
    shop.store.named_rules({}, PROGRAM.replace("[[tier]]", "points_worth_one = 0\n[[tier]]"))
    with pytest.raises(RuleError, match="whole number of at least 1"):
        worth()
    installed.reopen_book()
    assert installed.book.checked.rules.program is not None
    assert installed.book.checked.rules.program.points_for_one == 50
    shop.store.named_rules({}, "")
    assert worth() is None


# -- real stores ---------------------------------------------------------------------------

OPENCARTS_OWN = """\
[loyalty]
start = "all"
statuses = ["Complete", "Shipped"]

[[earn]]
name = "x"
category = ["Desktops", "Laptops & Notebooks"]
manufacturer = "Hewlett-Packard"
product = "iPhone"
when = 'group = "Default"'
points = 5
"""


@pytest.mark.parametrize("version", ["3.0.5.1", "4.0.2.3", "4.1.0.4"])
def test_a_program_may_name_what_a_real_store_has(
    mariadb: PrivateServer, load_store: Callable[[str], str], tmp_path: Path, version: str
) -> None:
    database = mariadb.settings(load_store(version))
    engine = connect(database)
    shop = open_shop(engine, Config(database=database, file=tmp_path / "config.toml"))
    file = tmp_path / "rules.toml"

    file.write_text(OPENCARTS_OWN, "utf-8")
    assert rulebook.check_files(shop, tmp_path, own_tables=False).rules.warnings == ()
    wrong = OPENCARTS_OWN.replace("Laptops &", "Laptop and").replace("Packard", "Pakard")
    file.write_text(wrong.replace("Shipped", "Shiped").replace("iPhone", "iPhon"), "utf-8")
    with pytest.raises(RuleError) as caught:
        rulebook.check_files(shop, tmp_path, own_tables=False)

    engine.dispose()
    assert [(problem.line, problem.hint) for problem in caught.value.problems] == [
        (3, "did you mean 'Shipped'?"),
        (7, "did you mean 'Laptops & Notebooks'?"),
        (8, "did you mean 'Hewlett-Packard'?"),
        (9, "did you mean 'iPhone'?"),
    ]
