"""What the pages point at is there, and what they say of the code is so."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from sidecar.cli.root import root

PROJECT = Path(__file__).parents[2]
PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")])
PAGES = [page for page in PAGES if page.parent.name != "templates"]

#: Where commands of later versions are named.
EARLY = {"docs/reference/config.md"}


def name_of(page: Path) -> str:
    return page.relative_to(PROJECT).as_posix()


each_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


def anchors(page: Path) -> set[str]:
    """The anchors of the headings of *page*, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if re.match(r"https?:", target):
            continue
        file, _, anchor = target.partition("#")
        found = page if not file else page.parent / file
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


@each_page
def test_every_file_that_is_named_is_there(page: Path) -> None:
    pattern = r"`((?:sidecar|tests|docs|bench|systemd|\.ci)/[\w./-]+)`"
    named = re.findall(pattern, page.read_text("utf-8"))

    assert [name for name in named if not (PROJECT / name).exists()] == []


@each_page
def test_what_is_said_to_be_in_a_file_is_defined_there(page: Path) -> None:
    pattern = r"`(\w+)` (?:in|of|or) `(sidecar/[\w/]+\.py)`"
    for name, file in re.findall(pattern, page.read_text("utf-8")):
        assert name in defined(PROJECT / file), f"{name} in {file}"


def defined(file: Path) -> set[str]:
    return set(_names(ast.parse(file.read_text("utf-8"))))


def _names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name


@each_page
def test_every_command_that_is_named_exists(page: Path) -> None:
    if name_of(page) in EARLY:
        return
    app = typer.main.get_command(root())
    known: set[str] = set(getattr(app, "commands", {}))
    text = page.read_text("utf-8")
    code = re.findall(r"`sidecar ([a-z]+)", text)
    code += re.findall(
        r"^(?:\$ )?(?:[A-Z_]+=\S+ |sudo -u \S+ )*sidecar ([a-z]+)", text, re.MULTILINE
    )

    assert set(code) - known == set()


@each_page
def test_no_page_names_a_line_number_or_a_path_of_somebody_s_machine(page: Path) -> None:
    text = page.read_text("utf-8")

    assert not re.search(r"\.py:\d+|\bline \d+ of\b", text)
    assert not re.search(r"(?<![\w.])/(?:work|root|Users)/|/home/(?!you/)", text)


def test_the_readme_shows_the_plan_of_the_tutorial() -> None:
    readme = (PROJECT / "README.md").read_text("utf-8")
    tutorial = (PROJECT / "docs" / "tutorial.md").read_text("utf-8")
    shown = re.findall(r"^```text\n(\$ sidecar plan.*?)^```$", readme, re.MULTILINE | re.DOTALL)

    assert len(shown) == 1
    assert shown[0] in tutorial


def test_every_library_has_its_row_in_the_decision_on_dependencies() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    wanted = {re.split(r"[^\w-]", line)[0] for line in project["project"]["dependencies"]}
    text = (PROJECT / "docs" / "adr" / "0008-dependencies.md").read_text("utf-8")
    rows = re.findall(r"^\| ([\w, -]+) \| [^|]+ \| [^|]+ \|$", text, re.MULTILINE)

    assert wanted <= {name for row in rows for name in row.split(", ")}


def test_every_decision_is_listed() -> None:
    text = (PROJECT / "docs" / "architecture.md").read_text("utf-8")
    listed = re.findall(r"^\| \[\d+\]\(adr/([\w-]+\.md)\) \|", text, re.MULTILINE)

    assert listed == sorted(path.name for path in (PROJECT / "docs" / "adr").iterdir())
