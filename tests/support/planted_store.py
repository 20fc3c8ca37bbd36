"""Whole stores with planted cases, as the sidecar and as the oracle see them."""

from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy
from pymysql.connections import Connection

from oracle.compare import by_customer
from oracle.filtered import Filters, filtered
from oracle.oracle import facts
from oracle.rules import MADE_UP, REAL, Words, rules
from oracle.tags import Rule, tags
from sidecar import app, config
from sidecar.app import Sidecar
from sidecar.model import Moment, Names, Outcome, Scope
from sidecar.rules.columns import Column
from sidecar.rules.compile import Compiler
from sidecar.rules.language.parser import parse
from sidecar.service.demo_store import create_store, generate
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from sidecar.shop.tables import store_tables
from sidecar.sync import cycle, rfm_limits, rulebook
from sidecar.sync.compiled_rules import open_rulebook
from sidecar.sync.cycle import Pass
from sidecar.sync.facts import as_json
from sidecar.sync.facts.load import Dictionary, load
from sidecar.sync.full_pass import FullPass
from sidecar.sync.pass_runs import Approval
from sidecar.sync.reading import Limits, Reading
from sidecar.sync.runs import Run
from support.planting import Planted, plant, rename_tables

#: The moment that the cases are planted around, and that windows are counted from.
NOW = datetime.datetime(2026, 11, 21, 21, 0, tzinfo=datetime.UTC)

#: The tables of a store that the sidecar reads, and those that cases are planted in beside.
TABLES = (
    *store_tables("", "4.1").metadata.tables,
    *("category", "currency", "custom_field_value", "session"),
)


@dataclass(frozen=True, slots=True)
class Variant:
    """
    A store and how it is set up; together they cover what settings there are.

    Attributes:
        name: Of a real store, its version; else of the made-up one.
        version: Of OpenCart.
        words: For `oracle.rules`.
    """

    name: str
    version: str
    zone: str
    prefix: str
    guest_orders: str
    words: Words = REAL


#: Half an hour's change of the clock; a change at midnight; the usual one.
REAL_STORES = (
    Variant("3.0.5.1", "3.0.5.1", "Australia/Lord_Howe", "oc_", "ignore"),
    Variant("4.0.2.3", "4.0.2.3", "America/Santiago", "shop1_", "by_email"),
    Variant("4.1.0.4", "4.1.0.4", "Europe/Kyiv", "oc_", "by_email"),
)
MADE_UP_STORE = Variant("made up", "4.1.0.4", "Europe/Berlin", "demo_", "ignore", MADE_UP)


@dataclass(slots=True)
class PlantedStore:
    """
    Attributes:
        sidecar: Opened on it.
        config_file: The settings it was opened with.
        connection: For the oracle.
        planted: Who is who.
        points_for_one: How many points are worth one currency unit; None: there is no program.
    """

    sidecar: Sidecar
    config_file: Path
    connection: Connection
    variant: Variant
    planted: Planted
    points_for_one: int | None = None
    _expected: dict[int, dict[str, Any]] = field(default_factory=dict)
    _expected_tags: dict[str, set[int]] = field(default_factory=dict)
    _dictionary: Dictionary | None = None
    _names: Names | None = None

    @property
    def moment(self) -> Moment:
        """`NOW` in the store's zone."""
        return Moment(NOW, ZoneInfo(self.variant.zone))

    def rules(self) -> list[Rule]:
        """Rules that speak of this store."""
        return rules(self.variant.words)

    # -- what is right -------------------------------------------------------------------

    def expected(self) -> dict[int, dict[str, Any]]:
        """Every fact, by the oracle."""
        if not self._expected:
            birthday = self.planted.birthday_field
            self._expected = facts(
                *self._store(),
                birthday_field=birthday,
                points_for_one=self.points_for_one,
                **self._shop(),
            )
        return self._expected

    def expected_values(self, fact: str, filters: Filters) -> dict[int, object]:
        """One fact with *filters*, by the oracle."""
        return filtered(*self._store(), fact, filters, **self._shop())

    def expected_tags(self) -> dict[str, set[int]]:
        """Who has which tag by `rules`, by the oracle."""
        if not self._expected_tags:
            birthday = self.planted.birthday_field
            self._expected_tags = tags(
                *self._store(), self.rules(), birthday_field=birthday, **self._shop()
            )
        return self._expected_tags

    def execute(self, statement: str) -> None:
        """Change what stands in the database."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
        self._expected = {}

    # -- what the sidecar says -----------------------------------------------------------

    def loaded(self, scope: Scope, limits: Limits | None) -> dict[int, dict[str, Any]]:
        """Every fact but the tags of the customers in *scope*, by the loader."""
        dictionary, names = self.words()
        columns = [Column(fact.name) for fact in dictionary.catalogue if fact.name != "tags"]
        with transaction(self.sidecar.engine) as tx:
            reading = Reading(self.sidecar.shop, tx, scope, self.moment, limits)
            frame = load(reading, columns, dictionary).frame
        rows = list(as_json.rows(frame, dictionary.catalogue, names, self.moment.zone))
        return by_customer(json.loads(json.dumps(rows)))

    def limits(self) -> Limits | None:
        """The RFM limits of the store as it is."""
        return rfm_limits.compute(self.sidecar.shop, self.words()[0], self.moment)

    def values(self, fact: str, scope: Scope) -> dict[int, object]:
        """One fact as a rule writes it, with its filters."""
        dictionary, names = self.words()
        compiler = Compiler(dictionary.catalogue, names, {}, _no_such, _no_such)
        compiler.condition(parse(f"{fact} >= 0"))
        (column,) = compiler.columns.values()
        with transaction(self.sidecar.engine) as tx:
            reading = Reading(self.sidecar.shop, tx, scope, self.moment)
            frame = load(reading, [column], dictionary).frame.rename({column.key: column.fact})
        rows = as_json.rows(frame, dictionary.catalogue, names, self.moment.zone)
        return {customer: row[column.fact] for customer, row in by_customer(rows).items()}

    def words(self) -> tuple[Dictionary, Names]:
        """What the store's facts and rows are called."""
        if self._dictionary is None or self._names is None:
            self._dictionary = self.sidecar.view.dictionary()
            self._names = rulebook.read_names(self.sidecar.shop, own_tables=False)
        return self._dictionary, self._names

    def full_pass(self, wanted: Sequence[Rule]) -> Outcome:
        """Bring every customer in line with *wanted*, written last rule first, as of `NOW`."""
        self._expected = {}  # with other tags
        work = self._pass(wanted)
        return (
            FullPass(
                shop=work.shop,
                book=work.rulebook,
                moment=work.moment,
                cap=0,
                approval=Approval(actor="cli:ann", everything=True),
            )
            .carry_out()
            .outcome
        )

    def process(self, wanted: Sequence[Rule], parts: Iterable[Sequence[int]]) -> list[Outcome]:
        """As `full_pass`, but only the customers of *parts*, one part after the other."""
        work = self._pass(wanted)
        return [cycle.run(work, Scope.of(part)) for part in parts]

    def _pass(self, wanted: Sequence[Rule]) -> Pass:
        folder = self.config_file.parent / "rules.d"
        folder.mkdir(exist_ok=True)
        written = [f"[[tag]]\nname = {json.dumps(r.tag)}\nwhen = {_toml(r.when)}\n" for r in wanted]
        (folder / "rules.toml").write_text("\n".join(reversed(written)), encoding="utf-8")
        checked = self.sidecar.check_rules()
        shop = self.sidecar.shop
        book = open_rulebook(shop, checked, self.moment, writing=True, new_limits=True)
        book = book.blocking(frozenset())
        return Pass(shop, book, self.moment, [Run(kind="changed", moment=self.moment)])

    def _store(self) -> tuple[Connection, str, str, datetime.datetime, ZoneInfo]:
        variant = self.variant
        return self.connection, variant.prefix, variant.version, NOW, ZoneInfo(variant.zone)

    def _shop(self) -> dict[str, Any]:
        return {
            "guest_orders": self.variant.guest_orders,
            "refunded_return_statuses": self.planted.refunded_return_statuses,
        }

    def begin(self, program: str, points_for_one: int) -> None:
        """Let the loyalty *program* hold, by which so many points are worth one."""
        self.full_pass(self.rules())  # the folder is there
        (self.config_file.parent / "rules.d" / "program.toml").write_text(program, "utf-8")
        self.points_for_one = points_for_one
        assert self.full_pass(self.rules()).set_aside == 0
        self.words()
        self._dictionary = self.sidecar.check_rules().dictionary


@contextlib.contextmanager
def planted_store(
    server: PrivateServer, source: str | None, variant: Variant, name: str, folder: Path
) -> Iterator[PlantedStore]:
    """
    A store in the database *name*, planted and opened.

    Args:
        source: The database that holds the real store; None for the made-up one.
    """
    server.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
    try:
        with contextlib.closing(server.connect(name)) as connection:
            if source is None:
                _make_up(server.url(name), variant.prefix)
            else:
                _copy(connection, source)
                rename_tables(connection, "oc_", variant.prefix)
            zone = ZoneInfo(variant.zone)
            planted = plant(connection, variant.prefix, variant.version, zone, NOW)
            file = folder / "config.toml"
            file.write_text(_settings(server, name, variant, planted), encoding="utf-8")
            sidecar = app.open_sidecar(config.load(file, {}))
            try:
                yield PlantedStore(sidecar, file, connection, variant, planted)
            finally:
                sidecar.engine.dispose()
    finally:
        server.execute(f"DROP DATABASE `{name}`")


def _copy(connection: Connection, source: str) -> None:
    # Only what is read or planted: of a whole store, copying would be most of the work.
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
        for table in TABLES:
            cursor.execute(f"CREATE TABLE `oc_{table}` LIKE `{source}`.`oc_{table}`")
            cursor.execute(f"INSERT INTO `oc_{table}` SELECT * FROM `{source}`.`oc_{table}`")


def _make_up(url: sqlalchemy.URL, prefix: str) -> None:
    engine = sqlalchemy.create_engine(url)
    create_store(engine, prefix)
    generate(engine, prefix, customers=300, orders=1_500, seed=11, now=NOW)
    engine.dispose()


def _settings(server: PrivateServer, name: str, variant: Variant, planted: Planted) -> str:
    refunded = ", ".join(f'"#{status}"' for status in planted.refunded_return_statuses)
    return f"""
[database]
socket = {json.dumps(str(server.socket))}
user = {json.dumps(server.user)}
password = {json.dumps(server.password)}
name = {json.dumps(name)}
prefix = {json.dumps(variant.prefix)}

[shop]
guest_orders = {json.dumps(variant.guest_orders)}
birthday_field = {json.dumps(planted.birthday_field)}
refunded_return_statuses = [{refunded}]
"""


def _toml(text: str) -> str:
    return f"'''{text}'''"


def _no_such(name: str) -> Any:
    raise KeyError(name)
