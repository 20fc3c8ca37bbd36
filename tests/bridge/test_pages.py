"""The bridge's templates, scripts and handlers: what each may do, and commands that are there."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import sidecar
from bridge.php_database import BRIDGE, php_call
from sidecar.config import Database
from sidecar.shop import migrate
from sidecar.sync.commands.catalogue import BY_NAME, COMMANDS

VIEW = BRIDGE / "admin" / "view"
TEMPLATES = sorted((VIEW / "template").rglob("*.twig"))
SCRIPTS = sorted((VIEW / "javascript").glob("*.js"))
PHP = sorted(BRIDGE.rglob("*.php"))

#: HTML that OpenCart makes, and what `Page::show` hands to the frame.
NATIVE_HTML = {"header", "column_left", "footer", "pagination", "content", "buttons"}

#: Pages by what the names of their templates begin with, where that is another name.
PAGE = {"customer": "customers"}


def by_name(paths: list[Path]) -> list[object]:
    return [pytest.param(path, id=str(path.relative_to(BRIDGE))) for path in paths]


def page_of(template: Path) -> str:
    name = template.stem.split("_")[0]
    return PAGE.get(name, name)


# -- templates -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", by_name(TEMPLATES))
def test_a_template_escapes_everything_but_html_of_ours_and_opencarts(path: Path) -> None:
    text = path.read_text("utf-8")
    php = "\n".join(each.read_text("utf-8") for each in PHP)

    assert text.startswith("{% autoescape 'html' %}\n")
    assert text.endswith("{% endautoescape %}\n")
    assert text.count("autoescape") == 2
    for shown in re.findall(r"\{\{([^}]*)\|\s*raw\b", text):
        assert shown.strip() in NATIVE_HTML or re.search(
            rf"'{shown.strip()}' *=> \$this->(view|body|\w*Html|rows|alerts)\(", php
        ), f"{shown}|raw"


@pytest.mark.parametrize("path", by_name(TEMPLATES))
def test_a_template_has_no_script_and_works_in_the_native_form(path: Path) -> None:
    text = path.read_text("utf-8")
    tags = re.findall(r"<\w[^>]*>", re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", text, flags=re.DOTALL))

    for tag in tags:
        assert not re.search(r"\son\w+\s*=|javascript:", tag), tag
        assert not tag.startswith("<script") or 'type="module" src=' in tag, tag
        assert not tag.startswith("<button") or "type=" in tag, tag
        if path.stem.startswith("customer") and not path.stem.startswith("customers"):
            assert not re.match(r"<form\b|<\w+[^>]*\sname=", tag), tag
    assert not re.search(r"\{%-?\s*(extends|include|embed|import|from)\b", text)


class Commands(HTMLParser):
    """
    The commands that markup asks for.

    Attributes:
        found: Name, parameters, and whether another page is asked.
    """

    VOID = frozenset({"input", "br", "hr", "img", "link", "meta"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, frozenset[str], bool]] = []
        self._open: list[tuple[str, set[str], set[str], bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        elsewhere = "data-ask" in has or bool(self._open and self._open[-1][3])
        names: set[str] = {has["data-command"]} if "data-command" in has else set()
        if (tag == "button" and names) or "data-parameter" in has:
            for _, around, parameters, _ in reversed(self._open):
                if around:
                    around |= names if tag == "button" else set()
                    parameters |= {has["data-parameter"]} if "data-parameter" in has else set()
                    break
            names = set() if tag == "button" else names
        if tag not in self.VOID:
            self._open.append((tag, names, set(), elsewhere))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            opened, names, parameters, elsewhere = self._open.pop()
            self.found += [(name, frozenset(parameters), elsewhere) for name in names]
            if opened == tag:
                break


def commands_of(path: Path) -> list[tuple[str, frozenset[str], bool]]:
    text = path.read_text("utf-8")
    parser = Commands()
    parser.feed(re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "", text, flags=re.DOTALL))
    parser.close()
    parser.handle_endtag("")
    asked = re.findall(
        r'data-asks="([^"]+)"(?:\s+data-parameters="\{\{ \{([^}]*)\}[^}]*\}\}")?', text
    )
    return parser.found + [
        (name, frozenset(re.findall(r"(\w+):", given)), False) for name, given in asked
    ]


@pytest.mark.parametrize("path", by_name(TEMPLATES))
def test_a_template_asks_for_commands_that_are_there_and_belong_to_its_page(
    path: Path, small_database: Database
) -> None:
    found = [each for each in commands_of(path) if each[0]]
    belongs = {}
    if found:
        belongs = php_call(
            small_database,
            "$found = []; foreach ($values['names'] as $name) {"
            " $found[$name] = Sidecar\\Commands::belongs($values['page'], $name); }"
            " return $found;",
            page=page_of(path),
            names=[name for name, _, _ in found],
        )

    for name, parameters, elsewhere in found:
        command = BY_NAME[name]
        known = {parameter.name: parameter for parameter in command.parameters}
        needed = {each.name for each in command.parameters if each.required}

        assert parameters <= known.keys(), name
        assert needed <= parameters, name
        assert belongs[name] or elsewhere, name


def test_a_command_looks_unless_a_parameter_makes_it_act(small_database: Database) -> None:
    code = (
        "return array_map(function ($one) { return Sidecar\\Commands::looks($one[0], $one[1]); },"
        " $values['asked']);"
    )
    acting = [(each.name, one.name) for each in COMMANDS for one in each.parameters if one.acts]
    assert ("retention.look", "plan") in acting
    assert all(BY_NAME[name].looks for name, _ in acting)

    looking = [[each.name, {"limit": 3}] for each in COMMANDS if each.looks]
    changing = [[each.name, {}] for each in COMMANDS if not each.looks]
    values: tuple[object, ...] = (True, None, "", [])
    with_it = [[name, {one: value}] for name, one in acting for value in values]
    told = php_call(small_database, code, asked=looking + changing + with_it + [["no.such", {}]])

    assert told == [True] * len(looking) + [False] * (len(changing) + len(with_it) + 1)


def test_what_a_command_was_asked_with_is_told_to_who_asked(small_database: Database) -> None:
    code = (
        "$commands = new Sidecar\\Commands($database);"
        " $number = $commands->ask('consent.show', $values['text'], 'admin:eve', 'its-key');"
        " return [$commands->parameters($number, 'admin:eve'),"
        " $commands->parameters($number, 'admin:mallory'),"
        " $commands->parameters($number + 1, 'admin:eve')];"
    )
    asked = {"customer": "o'guest \\ 50%_ <b> 🦊@example.com"}

    assert php_call(small_database, code, text=json.dumps(asked)) == [asked, [], []]


def test_commands_are_found_in_the_templates() -> None:
    found = {name for path in TEMPLATES for name, _, _ in commands_of(path)}

    assert {"tag.add", "tag.remove", "pause", "run.approve", "explain"} <= found


# -- scripts ---------------------------------------------------------------------------------

#: What may take HTML from the store: the page that made it escaped it.
HTML_FROM_THE_STORE = {"sidecar.js": 1, "panels.js": 1}


@pytest.mark.parametrize("path", by_name(SCRIPTS))
def test_a_script_uses_nothing_of_others_and_makes_no_html(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*", "", path.read_text("utf-8"), flags=re.DOTALL)

    # `'$.condition'` is a path in JSON.
    assert not re.search(
        r"\$\(|(?<!')\$\.|jQuery|require\(|\beval\(|new Function|document\.write", text
    )
    assert not re.search(r"insertAdjacentHTML|outerHTML\s*=|srcdoc|\bon\w+\s*=\s*[^=>]", text)
    assert not re.search(r"https?://(?!www\.w3\.org)", text)
    assert len(re.findall(r"innerHTML\s*=(?!=)", text)) == HTML_FROM_THE_STORE.get(path.name, 0)


@pytest.mark.parametrize("path", by_name([*SCRIPTS, *(BRIDGE / "admin/controller/page").glob("*")]))
def test_what_looks_like_a_command_is_one(path: Path) -> None:
    families = "|".join({name.split(".")[0] for name in BY_NAME if "." in name})
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text("utf-8"), flags=re.DOTALL)
    named = set(re.findall(rf"'((?:{families})\.[a-z_]+)'", text))

    assert named <= set(BY_NAME)


# -- handlers and routes ---------------------------------------------------------------------


@pytest.mark.parametrize("area", ["Admin", "Catalog"])
def test_a_handler_returns_nothing_and_lets_no_exception_out(
    area: str, small_database: Database
) -> None:
    handlers = php_call(
        small_database,
        r"""
        $class = new ReflectionClass("Opencart\\$values[area]\\Controller\\Extension\\Sidecar\\Event\\Sidecar");
        $found = [];
        foreach ($class->getMethods(ReflectionMethod::IS_PUBLIC) as $method) {
            if ($method->class === $class->name) {
                $lines = array_slice(file($method->getFileName()), $method->getStartLine() - 1, $method->getEndLine() - $method->getStartLine() + 1);
                $parameters = $method->getParameters();
                $found[$method->name] = [(string)$method->getReturnType(), $parameters[0]->isPassedByReference(), implode('', $lines)];
            }
        }
        return $found;
        """,  # noqa: E501
        area=area,
    )

    assert handlers
    for name, (returns, by_reference, body) in handlers.items():
        assert name.startswith("_"), name
        assert returns == "void", name
        assert by_reference, name
        assert "catch (\\Throwable $e)" in body, name
        inside = body.split("{", 1)[1]
        assert re.match(r"\s*(if \(\$route === ''\) \{\s*return;\s*\}\s*)?try \{", inside), name


@pytest.mark.parametrize("area", ["admin", "catalog"])
def test_what_the_start_registers_is_there(area: str) -> None:
    start = (BRIDGE / area / "controller/startup/sidecar.php").read_text("utf-8")
    event = (BRIDGE / area / "controller/event/sidecar.php").read_text("utf-8")
    there = set(re.findall(r"public function (_\w+)", event))
    named = set(re.findall(r"=> '(_\w+)'", start)) | set(re.findall(r"\.(_\w+)'\)", start))

    assert named == there


def test_every_page_of_the_menu_has_a_controller_and_every_controller_a_right(
    small_database: Database,
) -> None:
    ask = "return [Sidecar\\Bridge::PAGES, Sidecar\\Bridge::MENU, Sidecar\\Bridge::routes()];"
    pages, menu, routes = php_call(small_database, ask)
    controllers = {path.stem for path in (BRIDGE / "admin/controller/page").glob("*.php")}

    assert set(menu) <= controllers <= set(pages)
    for path in (BRIDGE / "admin/controller").glob("*/*.php"):
        if path.parent.name not in ("startup", "event"):
            assert f"extension/sidecar/{path.parent.name}/{path.stem}" in routes
    for page in pages:
        assert f"extension/sidecar/page/{page}" in routes


def test_nothing_is_written_but_commands_and_hints() -> None:
    for path in PHP:
        text = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text("utf-8"), flags=re.DOTALL)
        # The installing page uses OpenCart's own models.
        if path.name == "database.php":
            continue
        assert "db->query" not in text, path
        assert not re.search(
            r"['\"`\s](INSERT|UPDATE|DELETE|REPLACE|ALTER|DROP|TRUNCATE|CREATE)\s+\S", text
        ), path


def test_the_versions_are_one(small_database: Database) -> None:
    version, schema = php_call(
        small_database, "return [Sidecar\\Bridge::VERSION, Sidecar\\Bridge::SCHEMA];"
    )
    manifest = json.loads((BRIDGE / "install.json").read_text("utf-8"))

    assert version == manifest["version"] == sidecar.__version__
    assert schema == _newest()


def _newest() -> int:
    folder = Path(migrate.__file__).parent / "migrations"
    return max(int(path.name[:4]) for path in folder.glob("*.sql"))
