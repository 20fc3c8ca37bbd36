"""Reading constants without PHP gives what PHP gives, or nothing."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from sidecar.shop import php_run
from sidecar.shop.php_definitions import Definitions

ENVIRON = {"PATH": os.environ["PATH"], "SHOP_PASSWORD": "p'ä\\$🦊", "SHOP_EMPTY": ""}


def alone(file: Path, source: bytes) -> Definitions:
    file.write_bytes(source)
    return Definitions(file, source, ENVIRON)


def asked(file: Path, source: bytes) -> dict[str, str]:
    if shutil.which("php") is None:
        pytest.fail("php is not installed (apt install php-cli)", pytrace=False)
    file.write_bytes(source)
    answer = php_run.ask(file, ENVIRON)
    assert answer is not None
    return dict(answer.constants)


SAME = {
    "single quotes": r"""define('A', 'it\'s \\ a "b" \n $c \x'); define('B', '');""",
    "double quotes": r"""define("A", "t\t\"q\" \\ \$x $ 5$ {x} \x41\101\u{1F98A} \q \'");""",
    "unicode": "define('A', 'žluťoučký 🦊');",
    "numbers": "define('A', 3306); define('B', 0x1F); define('C', 010); define('D', 0);",
    "booleans": "define('A', true); define('B', FALSE); define('C', null);",
    "comments": "# define('A', 1);\n// define('B', 1);\n/* define('C', 1);\n*/ define('D', 4);",
    "comment marks in texts": "define('A', 'http://x/#y /* z */'); define('B', '// no');",
    "joined": "define('D', '/srv/'); define('A', D . 'a' . '/' . 1 . true . null);",
    "brackets": "define('A', ('x' . ('y')));",
    "magic": "define('A', __DIR__ . '/x'); define('B', dirname(__FILE__)); define('C', __FILE__);",
    "folders": "define('A', dirname('/a/b/c', 2) . dirname('/a') . dirname('a') . dirname('/a/'));",
    "real path": "define('A', realpath(__DIR__ . '/../')); define('B', realpath('/no/such'));",
    "replaced": r"define('A', str_replace('\\', '/', 'a\\b')); define('B', rtrim('/a//', '/'));",
    "environment": "define('A', getenv('SHOP_PASSWORD')); define('B', getenv('SHOP_NO'));",
    "superglobals": "define('A', $_SERVER['SHOP_PASSWORD'] . 'x' . $_SERVER['HTTP_HOST']);",
    "defaults": "define('A', getenv('SHOP_NO') ?: 'd'); define('B', $_SERVER['SHOP_NO'] ?? 'e');",
    "ternary": "define('A', getenv('SHOP_EMPTY') ? 'y' : 'n');",
    "first wins": "define('A', 'first'); define('A', 'second');",
    "guarded": "const A = 1; if (!defined('A')) { f(); } if (!defined('C')) define('C', 3);",
    "guarded else": "if (defined('A')) { define('B', 1); } else { define('B', 2); }",
    "or": "defined('A') || define('A', 1); defined('A') or define('A', 2);",
    "constants": "const A = 'a'; const B = A . 'b'; define('C', constant('B'));",
    "variables": "$base = '/srv'; $x = $base . '/x'; define('A', $x); define('B', \"\\$base\");",
    "case of words": "DEFINE('A', TRUE); \\define('B', __dir__);",
    "third argument": "define('A', 'x', false);",
    "spread out": "define(\n\t'A' ,\n\t'x'\n) ;",
    "other statements": "error_reporting(0); $a = array('b' => [1, '}']); define('A', 1);",
    "closed and opened": "define('A', 1) ?>\n\n<b>define('B', 2);</b>\n<?php define('C', 3);",
    "noise": "echo 'define(\"X\", 1)'; define('A', 1);",
    "end": "define('A', 1); return; define('B', 2);",
}


@pytest.mark.parametrize("source", SAME.values(), ids=SAME.keys())
def test_php_and_we_alone_tell_the_same(tmp_path: Path, source: str) -> None:
    content = f"<?php\n{source}\n".encode()
    expected = asked(tmp_path / "config.php", content)

    assert expected
    assert alone(tmp_path / "config.php", content).constants == expected


def test_bytes_that_are_no_utf8_are_told_the_same(tmp_path: Path) -> None:
    content = b"<?php define('A', 'p\xe4\xff'); define('B', \"\\xe4\");"

    assert alone(tmp_path / "c.php", content).constants == asked(tmp_path / "c.php", content)


def test_any_text_is_told_the_same(tmp_path: Path) -> None:
    randomly = random.Random(7)
    plain = [*r"""ab 0x'"$;?/#*{}""", "\\", "\n", "é", "🦊", "?>", "//", "\r", "\\\\'"]
    escaped = [
        *"ab 0'/#*};",
        "\\n",
        "\\x4",
        "\\101",
        "\\u{e9}",
        "\\$",
        "$ ",
        "\\\\",
        '\\"',
        "\\q",
        "é",
    ]
    lines = ["<?php"]
    for number in range(300):
        single = "".join(randomly.choices(plain, k=randomly.randrange(12)))
        single = single.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"')
        double = "".join(randomly.choices(escaped, k=randomly.randrange(12)))
        lines.append(f"define('S{number}', '{single}'); define('D{number}', \"{double}\");")
    content = "\n".join(lines).encode()

    expected = asked(tmp_path / "c.php", content)
    assert len(expected) == 600
    assert alone(tmp_path / "c.php", content).constants == expected


RIDDLES = {
    "interpolation": "$a = 'x'; define('A', \"$a\");",
    "unknown function": "define('A', strrev('x'));",
    "unknown constant": "define('A', PHP_VERSION);",
    "condition": "if (PHP_OS === 'x') { define('A', 1); } else { define('A', 2); } define('A', 3);",
    "variable of a condition": "$a = 'x'; if (time()) { $a = 'y'; } define('A', $a);",
    "function": "function f() { define('A', 1); } f();",
    "here document": "define('A', <<<X\nx\nX);",
    "unfinished": "define('A', 'x",
    "alternative syntax": "if (!defined('A')): define('A', 1); endif;",
}


@pytest.mark.parametrize("source", RIDDLES.values(), ids=RIDDLES.keys())
def test_what_only_php_can_tell_is_missing_never_guessed(tmp_path: Path, source: str) -> None:
    definitions = alone(tmp_path / "c.php", f"<?php define('Z', 1);\n{source}".encode())

    assert definitions.constants == {"Z": "1"}
    assert definitions.skipped >= 2


@pytest.mark.parametrize(
    "source",
    [b"", b"<?php", b"<?php }}}", b"define('A', 1);", b"<?php if (", b"\0\xff<?php define("],
)
def test_a_file_of_anything_ends(tmp_path: Path, source: bytes) -> None:
    assert alone(tmp_path / "c.php", source).constants == {}


# PHP itself


def test_noise_and_an_early_end_do_not_matter(tmp_path: Path) -> None:
    source = b"<?php echo 'x'; define('A', 1); ob_end_flush(); echo str_repeat('y', 9999); exit(3);"

    assert asked(tmp_path / "c.php", source) == {"A": "1"}


def test_a_file_that_php_cannot_read_names_the_line_only(tmp_path: Path) -> None:
    file = tmp_path / "c.php"
    file.write_bytes(b"<?php\ndefine('A', 1);\ndefine('PASSWORD', hunter2 hunter3);")

    answer = php_run.ask(file, ENVIRON)

    assert answer is not None
    assert answer.wrong == "ParseError in line 3"


def test_without_php_there_is_no_answer(tmp_path: Path) -> None:
    assert php_run.ask(tmp_path, {"PATH": str(tmp_path)}) is None


def test_a_file_that_never_ends_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(php_run, "TIMEOUT_S", 0.3)
    file = tmp_path / "c.php"
    file.write_bytes(b"<?php while (true) { usleep(1000); }")

    assert php_run.ask(file, ENVIRON) is None


def test_a_file_can_start_no_program(tmp_path: Path) -> None:
    source = b"<?php define('A', 1); define('B', shell_exec('echo x'));"

    assert asked(tmp_path / "c.php", source) == {"A": "1"}
