"""What the bridge says: complete in every language, and nothing of it unused."""

from __future__ import annotations

import functools
import itertools
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from bridge.php_database import BRIDGE, run_php

FOLDER = BRIDGE / "admin" / "language"
LANGUAGES = ("en-gb", "de-de")
FILES = sorted(
    str(path.relative_to(FOLDER / "en-gb")) for path in (FOLDER / "en-gb").rglob("*.php")
)

#: Pages whose texts are in files of other names, by what the names of their templates begin with.
ALSO = {
    "customer": ("page/customers.php", "page/facts.php"),
    "customers": ("page/customer.php",),
    "rules": ("page/customer.php", "page/activity.php", "page/facts.php"),
    "loyalty": ("page/customer.php",),
}


@functools.cache
def texts(language: str) -> dict[str, dict[str, str]]:
    """Of a language: the texts of each file by name. Reading them writes nothing."""
    paths = [str(FOLDER / language / name) for name in FILES]
    found = json.loads(run_php(Path(__file__).with_name("php") / "texts.php", "\n".join(paths)))
    return dict(zip(FILES, (texts or {} for texts in found), strict=True))


@functools.cache
def sources(kind: str) -> dict[str, str]:
    """Every file of a kind, without the texts themselves."""
    return {
        str(path.relative_to(BRIDGE)): path.read_text("utf-8")
        for path in sorted(BRIDGE.rglob(f"*.{kind}"))
        if FOLDER not in path.parents
    }


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"%(?:\d+\$)?[sd%]", text))


def test_every_language_has_every_file() -> None:
    for language in LANGUAGES:
        there = (FOLDER / language).rglob("*.php")
        assert sorted(str(path.relative_to(FOLDER / language)) for path in there) == FILES


@pytest.mark.parametrize("name", FILES)
def test_languages_say_the_same(name: str) -> None:
    english, german = (texts(language)[name] for language in LANGUAGES)

    assert list(english) == list(german)
    for key in english:
        assert english[key].strip(), key
        assert german[key].strip(), key
        assert placeholders(english[key]) == placeholders(german[key]), key


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", FILES)
def test_a_text_is_plain_and_given_once(language: str, name: str) -> None:
    written = (FOLDER / language / name).read_text("utf-8")
    keys = re.findall(r"^\$_\['(\w+)'\] *=", written, re.MULTILINE)

    assert [key for key, times in Counter(keys).items() if times > 1] == []
    assert len(keys) == len(texts(language)[name])
    for key, text in texts(language)[name].items():
        assert not re.search(r"</?\w+[^>]*>|&\w+;|&#", text), key


#: How the admin's own language writes days and numbers.
FORMATS = {"format_day", "format_time", "thousand_point", "decimal_point"}


def test_a_template_says_what_its_page_has() -> None:
    english = texts("en-gb")
    for path, source in sources("twig").items():
        _, _, _, area, name = Path(path).parts
        page = name.removesuffix(".twig").split("_")[0]
        files = ["sidecar.php", f"{area}/{page}.php", *ALSO.get(page, ())]
        known = set(itertools.chain.from_iterable(english.get(file, {}) for file in files))
        used = set(re.findall(r"\bt\.(\w+)", source))

        if page in ("frame", "daemon"):
            known = set(english["sidecar.php"])
        assert used <= known | FORMATS, f"{path}: {used - known}"


def test_what_php_says_is_there() -> None:
    known = set(itertools.chain.from_iterable(texts("en-gb").values()))
    for path, source in sources("php").items():
        used = set(re.findall(r"\bwords(?:\(\))?\['(\w+)'\]", source))

        assert used <= known | FORMATS, f"{path}: {used - known}"


def test_what_scripts_say_is_handed_to_them() -> None:
    for path, source in sources("js").items():
        used = set(re.findall(r"\b(?:words\([^()]*\)|texts)\.(\w+)", source)) - {"length"}
        known = {key.removeprefix("js_") for file in texts("en-gb").values() for key in file}

        assert used <= known | {"permission"}, f"{path}: {used - known}"


def test_no_text_is_there_for_nothing() -> None:
    everything = "\n".join(itertools.chain(*(sources(k).values() for k in ("php", "twig", "js"))))
    words = set(re.findall(r"\w+", everything))
    begun = {part for part in re.findall(r"'(\w+_)'", everything) if part != "sidecar_"}
    begun |= set(re.findall(r"[`\"](\w+_)[$\"]", everything))
    for name, file in texts("en-gb").items():
        unused = [
            key
            for key in file
            if not {key, f"sidecar_{key}", key.removeprefix("js_")} & words
            and not any(key.startswith(part) for part in begun)
        ]

        assert unused == [], name
