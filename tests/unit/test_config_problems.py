"""What is wrong with a config file: named by key, all of it at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sidecar.config import load
from sidecar.errors import ConfigError


def problem(folder: Path, text: str | bytes, environ: dict[str, str] | None = None) -> str:
    file = folder / "config.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError) as error:
        load(file, environ or {})
    assert error.value.exit_code == 78
    return str(error.value).removeprefix(str(file)).removeprefix(": ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[sync]\npoll_intervall = 1",
            "sync.poll_intervall: is not a setting (did you mean 'poll_interval'?)",
        ),
        ("[synk]\nmode = 'poll'", "synk: is not a section (did you mean 'sync'?)"),
        (
            "[sync]\npassword = 'x'",
            "sync.password: is not a setting (it belongs under [database])",
        ),
        (
            "host = 'x'",
            "host: is not a setting; it stands in no section (it belongs under [database])",
        ),
        ("sync = 'poll'", "sync: is a section: write [sync], and its settings below"),
        ("[database]\nport = '3306'", 'database.port: must be a whole number, not "3306"'),
        ("[database]\nport = 0", "database.port: must be at least 1, not 0"),
        ("[database]\nport = 70000", "database.port: must be at most 65535, not 70000"),
        ("[database]\nuser = 7", "database.user: must be text in quotes, not 7"),
        ("[database]\nname = ''", 'database.name: must not be empty, not ""'),
        (
            "[database]\nprefix = 'a-b'",
            'database.prefix: must be at most 32 letters, digits and underscores, not "a-b"',
        ),
        ("[rules]\nbuiltins = 1", "rules.builtins: must be true or false, not 1"),
        (
            "[database]\ntls = 'reqired'",
            (
                'database.tls: must be one of "auto", "off", "required", not "reqired" '
                "(did you mean 'required'?)"
            ),
        ),
        (
            "[sync]\npoll_interval = 2",
            (
                'sync.poll_interval: must be a number and a unit in quotes, e.g. "2 seconds", '
                "not 2; units: second, minute, hour, day"
            ),
        ),
        (
            "[upkeep]\naudit_age = '24 mouths'",
            (
                'upkeep.audit_age: must be a number and a unit in quotes, e.g. "24 months", '
                'not "24 mouths"; units: day, week, month, year'
            ),
        ),
        (
            "[rules]\nmax_change = '105%'",
            'rules.max_change: must be a share from "0%" to "100%", e.g. "5%", not "105%"',
        ),
        (
            "[rules]\nmax_change = 5",
            'rules.max_change: must be a share from "0%" to "100%", e.g. "5%", not 5',
        ),
        (
            "[shop]\ntimezone = 'Europe/Belrin'",
            (
                'shop.timezone: must be "auto" or a time zone such as "Europe/Berlin", '
                "not \"Europe/Belrin\" (did you mean 'Europe/Berlin'?)"
            ),
        ),
        (
            "[shop]\ntimezone = '../../etc/passwd'",
            (
                'shop.timezone: must be "auto" or a time zone such as "Europe/Berlin", '
                'not "../../etc/passwd"'
            ),
        ),
        (
            "[shop]\npaid_statuses = 'Complete'",
            'shop.paid_statuses: must be "auto" or a list such as ["Complete"], not "Complete"',
        ),
        (
            "[shop]\nrefunded_return_statuses = [3]",
            (
                'shop.refunded_return_statuses: must be a list of names, 3 is none, write "#3" '
                "for an id"
            ),
        ),
        (
            "[http]\nlisten = '9100'",
            (
                "http.listen: must be the path of a socket or a host and port such as "
                '"127.0.0.1:9100", not "9100"'
            ),
        ),
        (
            "[database]\nhost = 'a'\nsocket = '/b'",
            "database.host: cannot be set together with database.socket",
        ),
        (
            "[database]\npassword = 'secret'\npassword_file = 'b'",
            "database.password: cannot be set together with database.password_file",
        ),
        ("[database]\ntls_cert = 'a'", "database.tls_cert: needs database.tls_key too"),
        ("[privacy]\njournal = ''", "privacy.journal: must be a path, not empty"),
        ("[database]\npassword = 12345", "database.password: must be text in quotes"),
    ],
)
def test_what_is_wrong_is_named_by_its_key(tmp_path: Path, text: str, message: str) -> None:
    assert problem(tmp_path, text) == message


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    text = "[database]\nport = 'x'\n[synk]\n[rules]\nmax_chance = '5%'\nmax_change = 5\n"

    assert problem(tmp_path, text, {"SIDECAR_SYNC_MODE": "pol"}).splitlines() == [
        "5 problems:",
        "  synk: is not a section (did you mean 'sync'?)",
        "  rules.max_chance: is not a setting (did you mean 'max_change'?)",
        '  database.port: must be a whole number, not "x"',
        '  rules.max_change: must be a share from "0%" to "100%", e.g. "5%", not 5',
        '  sync.mode: must be one of "auto", "binlog", "poll", not "pol" (did you mean \'poll\'?)',
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[sync]\nmode = \n", ":2:8: is not TOML: Invalid value"),
        (b"[sync]\nmode = 'poll", 'at its end: is not TOML: Expected "\'"'),
        (b"[sync]\nmode = 'auto'\nmode = 'poll'", "Cannot overwrite a value"),
        (b"# ok\n# gr\xfc\xdfe\n", ":2:5: is not UTF-8 (save the file with this encoding)"),
        (b"x = " + b"[" * 50_000, "is nested too deep to be read"),
        (b"[database]\nport = " + b"9" * 5_000, "holds a number that is too long"),
    ],
)
def test_a_file_that_is_no_toml_names_line_and_column(
    tmp_path: Path, text: bytes, message: str
) -> None:
    assert message in problem(tmp_path, text)


def test_bytes_of_the_environment_that_are_no_text_are_a_problem(tmp_path: Path) -> None:
    environ = {
        f"SIDECAR_DATABASE_{name}": os.fsdecode(b"\xff") for name in ("NAME", "PASSWORD", "SOCKET")
    }

    assert problem(tmp_path, "[database]", environ) == (
        "2 problems:\n  database.password: is not UTF-8\n  database.name: is not UTF-8"
    )


def test_a_config_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path, {})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfe", "is not UTF-8"),
    ],
)
def test_a_password_file_that_holds_none_is_a_problem(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "p").write_bytes(content)

    assert problem(tmp_path, "[database]\npassword_file = 'p'") == (
        f"database.password_file: {tmp_path}/p {message}"
    )


def test_a_problem_with_the_password_does_not_show_it(tmp_path: Path) -> None:
    assert "hunter2" not in problem(tmp_path, "[database]\npassword = ['hunter2']")
    assert "hunter2" not in problem(tmp_path, "[database]\npassword = 'hunter2")
