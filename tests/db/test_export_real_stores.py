"""The export of a person planted everywhere in real stores: everything of theirs, nothing else."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import pytest

from sidecar import app, config
from sidecar.config.key import create_key
from sidecar.privacy.export_contents import CREDENTIAL, OTHERS, STAFF
from sidecar.privacy.export_rows import of_request
from sidecar.rules.privacy.register_file import shipped
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from support.exported import Exported, Page, open_export
from support.planted_person import PlantedPerson, Value, plant_person

SCHEMA = Path(__file__).parents[2] / "docs" / "reference" / "export.schema.json"

VERSIONS = ("3.0.5.1", "4.0.2.3", "4.1.0.4")

#: Where a made-up row would be carried out.
WORKING = frozenset({"sidecar_intent"})


class Store:
    """A real store with a person, a guest, and somebody else, planted everywhere."""

    def __init__(self, server: PrivateServer, database: str, folder: Path) -> None:
        create_key(folder / "key")
        self.uploads = folder / "store" / "system" / "storage" / "upload"
        self.uploads.mkdir(parents=True)
        self.settings = config.Config(
            file=folder / "config.toml",
            database=server.settings(database),
            shop=config.Shop(directory=folder / "store"),
            privacy=config.Privacy(
                key_file=folder / "key", exports=folder / "exports", register=folder / "none"
            ),
            rules=config.Rules(directory=folder / "none", builtins=False),
        )
        self.sidecar = app.open_sidecar(self.settings)
        self.sidecar.migrate()
        with contextlib.closing(server.connect(database)) as connection:

            def planted(seed: str, customer_id: int, email: str) -> PlantedPerson:
                return plant_person(
                    connection,
                    shipped(),
                    seed,
                    customer_id=customer_id,
                    email=email,
                    uploads=self.uploads,
                    without=WORKING,
                )

            self.ann = planted("qann", 7001, "ann@example.com")
            self.guest = planted("qgst", 0, "guest@example.com")
            self.bob = planted("qbob", 7002, "xann@example.com")

    def export(self, **asked: object) -> Exported:
        requests = self.sidecar.requests
        told = {"verified_by": "eve", "how": "showed a card", **asked}
        with self.sidecar.leading():
            done = requests.dispatcher().dispatch(requests.ask("gdpr.export", told, "eve"))
        assert done.error is None, done.error
        self.answer = done.answer
        salt = self._salt(done.answer["request"])
        assert self.sidecar.shop.key is not None
        return open_export(Path(done.answer["file"]), self.sidecar.shop.key.password(salt))

    def _salt(self, request: int) -> str:
        with transaction(self.sidecar.engine) as tx:
            return of_request(tx, self.sidecar.shop.own, request).salt


@pytest.fixture(params=VERSIONS)
def store(
    request: pytest.FixtureRequest,
    mariadb: PrivateServer,
    clone_store: Callable[[str], str],
    tmp_path: Path,
) -> Iterator[Store]:
    found = Store(mariadb, clone_store(request.param), tmp_path)
    yield found
    found.sidecar.engine.dispose()


def test_an_export_holds_everything_of_a_person_and_nothing_of_others(store: Store) -> None:
    ann = store.export(customer=7001)

    lost, shown = misses(ann, store.ann)
    assert not lost
    assert shown > 250
    assert not strangers(ann, store.bob, store.guest)
    assert ann.json["complete"] is True
    held_by_schema(ann)
    page = Page(ann.html)
    assert not page.unclosed
    assert not page.tags & {"script", "img", "iframe", "link", "object", "form", "svg", "base"}
    assert not page.handlers
    assert all(link.startswith("#") for link in page.links)
    assert page_lacks(page, ann) == []
    assert len(ann.files) == len(store.ann.files)
    assert set(ann.files.values()) == set(store.ann.files.values())

    guest = store.export(guest="guest@example.com")

    held_by_schema(guest)
    assert not misses(guest, store.guest)[0]
    assert not strangers(guest, store.bob, store.ann)


def held_by_schema(found: Exported) -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(found.json, schema, jsonschema.Draft202012Validator)


def misses(found: Exported, person: PlantedPerson) -> tuple[list[str], int]:
    """Planted values that an export lacks, or shows though it may not; and how many it has."""
    lost, shown = [], 0
    register, texts = shipped(), found.texts()
    whole = "\n".join(texts)
    for value in person.values:
        columns = {one["name"]: one for one in found.table(value.table)["columns"]}
        if value.column not in columns:
            assert value.table == "sidecar_customer", value
            continue
        column = columns[value.column]
        if not column["shown"]:
            assert column["why_not"] in (CREDENTIAL, OTHERS, STAFF)
            personal = register.tables[value.table].columns.get(value.column)
            assert column["why_not"] == STAFF or (personal and not personal.export)
            if value.is_findable and value.plain in whole:
                lost.append(f"{value.table}.{value.column} is shown")
            continue
        if value.kind == "date":
            there = value.plain[:10] in whole
        elif value.kind in ("json", "code"):
            there = value.plain in whole
        else:
            there = value.plain in texts or in_money(value) in texts
        if there:
            shown += 1
        else:
            lost.append(f"{value.table}.{value.column}: {value.plain!r}")
    return lost, shown


def in_money(value: Value) -> str:
    """Money of ours, which is kept in ten-thousandths."""
    is_ours = value.kind == "number" and value.table.startswith("sidecar_")
    return f"{value.plain[:-4]}.{value.plain[-4:]}" if is_ours else value.plain


def strangers(found: Exported, *others: PlantedPerson) -> list[str]:
    """Values of others that stand in an export."""
    whole = "\n".join([*found.texts(), found.html, found.readme, str(found.json)])
    return [
        f"{value.table}.{value.column}"
        for person in others
        for value in person.values
        if value.is_findable and value.plain in whole
    ]


def page_lacks(page: Page, found: Exported) -> list[str]:
    """Texts of export.json that nobody reads on the page."""
    squeezed = "".join(page.text.split())
    rows = [row for one in found.json["tables"] for row in one["rows"]]
    shown = {value for row in rows for value in row.values() if isinstance(value, str)}
    return [text for text in shown if "".join(text.split()) not in squeezed]
