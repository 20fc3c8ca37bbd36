"""A page of its own for the editors of conditions, with a catalogue as `rule.facts` gives it."""

from __future__ import annotations

import datetime
import functools
import html
import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Route

from bridge.php_database import BRIDGE, run_php
from sidecar import clock
from sidecar.rules.catalogue import OPERATORS
from sidecar.rules.language.jsonform import from_json, to_json
from sidecar.rules.language.parser import parse
from sidecar.rules.language.printer import print_expr
from support.samples import CATALOGUE, LISTS, NAMED, SEGMENTS

ADMIN = BRIDGE / "admin"
ADDRESS = "http://admin.test/"

#: After which a change that was typed is told, in milliseconds, and some more.
PAUSE_MS = 350

#: What the admin's own style does for us.
STYLE = """
.dropdown-menu { position: absolute; display: none }
.dropdown-menu.show { display: block }
.form-control { display: block; width: 100%; padding: 6px 12px; border: 1px solid; margin: 0 }
* { box-sizing: border-box; font-size: 14px }
"""

#: What a store's catalogue holds here; names are hostile enough to be somebody's.
GIVEN: dict[str, Any] = {
    "facts": [
        {
            "name": fact.name,
            "label": fact.label,
            "kind": fact.kind,
            "area": fact.area,
            "unit": fact.unit,
            "missing": fact.missing,
            "names": fact.names,
            "values": list(fact.values),
            "filters": dict(fact.filters),
            "absent": None,
        }
        for fact in CATALOGUE
    ],
    "operators": {kind: list(operators) for kind, operators in OPERATORS.items()},
    "names": {
        namespace: [{"value": name, "label": name} for name in names.values()]
        for namespace, names in NAMED.items()
        if namespace != "tag"
    },
    "more": {},
    "segments": list(SEGMENTS),
    "tags": list(NAMED["tag"].values()),
    "lists": [{"name": name, "texts": len(texts)} for name, texts in LISTS.items()],
    "texts": {"country": ["AT", "DE"], "language": ["de-de", "en-gb"], "tier": ["Gold"]},
}


@functools.cache
def words(language: str) -> dict[str, str]:
    """The texts of the page of rules as its scripts get them, and those of facts."""
    folder = ADMIN / "language" / language / "page"
    paths = f"{folder / 'rules.php'}\n{folder / 'facts.php'}"
    rules, facts = json.loads(run_php(Path(__file__).with_name("php") / "texts.php", paths))
    return {name.removeprefix("js_"): text for name, text in {**rules, **facts}.items()}


class Editor:
    """
    One of the elements on a page that has nothing else.

    Attributes:
        page: Where it is.
        it: The element.
    """

    def __init__(
        self, page: Page, tag: str, *, language: str = "en-gb", style: str = STYLE
    ) -> None:
        self.page = page
        said = html.escape(json.dumps(words(language)))
        own = (ADMIN / "view" / "stylesheet" / "sidecar.css").read_text("utf-8")
        body = (
            f'<!DOCTYPE html><html lang="{language[:2]}"><head><style>{style}{own}</style>'
            "</head><body>"
            f'<div class="p-3" data-words="{said}"><{tag} label="When"></{tag}></div>'
            f'<script type="module" src="/{tag.removeprefix("sidecar-")}.js?v=1"></script>'
            "</body></html>"
        )

        def answer(route: Route) -> None:
            name = route.request.url.removeprefix(ADDRESS).split("?")[0]
            if name == "":
                route.fulfill(body=body, content_type="text/html; charset=utf-8")
            elif name.endswith(".js"):
                path = ADMIN / "view" / "javascript" / name
                route.fulfill(path=path, content_type="text/javascript")
            else:
                route.fulfill(status=404)

        page.route(f"{ADDRESS}**", answer)
        page.goto(ADDRESS)
        page.wait_for_function("(tag) => !!customElements.get(tag)", arg=tag)
        self.it: Locator = page.locator(tag)
        self.set("catalogue", GIVEN)

    def get(self, name: str) -> Any:
        """A property."""
        return self.it.evaluate("(it, name) => it[name]", name)

    def set(self, name: str, value: object) -> None:
        """Set a property."""
        self.it.evaluate("(it, [name, value]) => { it[name] = value; }", [name, value])

    def count_changes(self) -> None:
        """Begin to count its events; `changes` tells."""
        self.it.evaluate(
            "(it) => { window.changes = 0; it.addEventListener('change', () => window.changes++); }"
        )

    @property
    def changes(self) -> int:
        return int(self.page.evaluate("window.changes"))


def tree(text: str) -> dict[str, Any]:
    """The JSON of a condition."""
    return to_json(parse(text))


def text_of(document: object) -> str:
    """The text of a condition's JSON."""
    return print_expr(from_json(document))


def stop_time(page: Page) -> None:
    """From now on time passes only by ``page.clock.run_for``, however slow the machine is."""
    page.clock.install()
    page.clock.pause_at(clock.now() + datetime.timedelta(hours=1))
