"""The bridge's PHP: sound for PHP 8.0, and no name in it that nothing defines."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bridge.php_database import BRIDGE, run_php

READ = Path(__file__).with_name("php") / "read.php"
FILES = sorted(BRIDGE.rglob("*.php"))


def faults(folder: Path) -> list[str]:
    return run_php(READ, "", str(folder), "faults").splitlines()


def test_every_file_is_php() -> None:
    assert shutil.which("php"), "php is not installed (apt install php-cli)"
    done = subprocess.run(
        ["xargs", "-0", "-n1", "-P2", "php", "-l"],
        input="\0".join(map(str, FILES)),
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("No syntax errors") == len(FILES)


def test_it_needs_no_more_than_php_80_and_names_nothing_that_is_not_there() -> None:
    assert faults(BRIDGE) == []


WRONG = {
    "enum A: string { case B = 'b'; }": "Enum_|syntax",
    "class A { public function b(): void { $c = strlen(...); echo $c; } }": "VariadicPlaceholder",
    "class A { public function __construct(private readonly int $b) {} }": "readonly|syntax",
    "class A { public function b(): never { exit; } }": "never",
    "trait A { const B = 1; }": "constant of a trait",
    "class A { public function b($c = new \\stdClass()) {} }": "new as a default",
    "class A { public function b() { return array_is_list([]); } }": "array_is_list",
    "class A { public function b() { return strlne(''); } }": "no function",
    "class A { public function b() { return $this->c(); } }": "method c",
    "class A { public function b() { return $this->c; } }": "property c",
    "class A { public function b() { return self::C; } }": "constant C",
    "class A { public function b() { return $c; } }": r"\$c has no value",
    "class A { public function b() { $c = 1; } }": r"\$c is not read",
    "use Opencart\\System\\Library\\Extension\\Sidecar\\Tex; "
    "class A { public function b() { return Tex::plain(''); } }": "nobody",
    "class B {} class A { private B $b; public function c() { return $this->b->d(); } }": "B::d",
    "class B {} class A { private function b(): B { return new B(); } "
    "public function c() { return $this->b()->d(); } }": "B::d",
    "class B { public function __construct(int $c) {} } "
    "class A { public function b() { return new B(); } }": "0 arguments",
}


@pytest.mark.parametrize("code", WRONG)
def test_what_is_wrong_is_found(code: str, tmp_path: Path) -> None:
    (tmp_path / "a.php").write_text(f"<?php\nnamespace Opencart\\A;\n{code}\n", "utf-8")
    try:
        said = "\n".join(faults(tmp_path))
    except Exception as error:  # noqa: BLE001 - what the parser refuses
        said = str(error).lower()

    assert re.search(WRONG[code], said, re.IGNORECASE), said


def test_a_file_holds_the_class_that_its_path_says_and_writes_nothing() -> None:
    for path in FILES:
        if "language" in path.parts:
            continue
        inside = path.relative_to(BRIDGE).with_suffix("").parts
        area = {"admin": "Admin", "catalog": "Catalog", "system": "System"}[inside[0]]
        folders = [area, inside[1].title(), "Extension", "Sidecar", *map(_named, inside[2:-1])]
        namespace = "\\".join(["Opencart", *folders])
        text = path.read_text("utf-8")

        assert text.startswith(f"<?php\nnamespace {namespace};\n"), path
        assert re.findall(
            r"^(?:abstract |final )?(?:class|trait|interface) (\w+)", text, re.MULTILINE
        ) == [_named(inside[-1])], path
        assert "?>" not in text, path


def _named(part: str) -> str:
    return part.title().replace("_", "")
