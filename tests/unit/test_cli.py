"""How a command can end, and what the command line is before any command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
import typer

from sidecar import __version__, cli
from sidecar.cli import root
from sidecar.errors import (
    ConfigError,
    DatabaseRefusedError,
    FatalError,
    NotNowError,
    SidecarError,
    UsageError,
)

Ends = Callable[[BaseException], int]


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Ends:
    """The exit code of a command that raises."""
    monkeypatch.delenv("SIDECAR_DEBUG", raising=False)

    def run(error: BaseException, *options: str) -> int:
        def work() -> None:
            raise error

        app = typer.Typer()
        app.callback()(root.options)
        app.command("work")(work)
        monkeypatch.setattr(root, "root", lambda: app)
        return cli.run([*options, "work"])

    return run


def sidecar(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sidecar", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **environ},
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("no such customer"), 64),
        (typer.BadParameter("not so"), 64),
        (DatabaseRefusedError("no"), 69),
        (FatalError("stop"), 70),
        (SidecarError("stop"), 70),
        (NotNowError("later"), 75),
        (ConfigError("sync.mode", "wrong"), 78),
        (typer.Exit(75), 75),
        (typer.Exit(), 0),
        (KeyboardInterrupt(), 130),
        (typer.Abort(), 130),
    ],
    ids=str,
)
def test_each_way_to_end_has_its_exit_code(ends: Ends, error: BaseException, code: int) -> None:
    assert ends(error) == code


def test_an_error_is_said_on_stderr_only(ends: Ends, capsys: pytest.CaptureFixture[str]) -> None:
    ends(ConfigError("sync.mode", "is wrong", "make it right"))

    assert capsys.readouterr() == ("", "sidecar: sync.mode: is wrong (make it right)\n")


def test_a_fault_of_the_program_is_short_without_personal_data(
    ends: Ends, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends(ValueError("no ann@example.org")) == 70

    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "sidecar: internal error: ValueError: no [removed]",
        "sidecar: this is a fault of the program; --debug or SIDECAR_DEBUG=1 shows where it is",
    ]


@pytest.mark.parametrize("way", ["option", "environment"])
def test_where_a_fault_is_can_be_asked_for(
    ends: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    if way == "environment":
        monkeypatch.setenv("SIDECAR_DEBUG", "1")
    ends(ValueError("no"), *(["--debug"] if way == "option" else []))

    assert "test_cli.py" in capsys.readouterr().err


def test_what_nobody_understands_is_a_usage_error() -> None:
    for arguments in (["no-such-command"], ["--no-such-option"], ["init"]):
        done = sidecar(*arguments)
        assert (done.returncode, done.stdout) == (64, "")
        assert "Usage: sidecar" in done.stderr


def test_asking_for_nothing_shows_the_help() -> None:
    done = sidecar()

    assert done.returncode == 64
    assert "Usage: sidecar" in done.stdout


def test_a_command_that_is_nearly_right_is_suggested() -> None:
    assert "Did you mean 'migrate'?" in sidecar("migrte").stderr


def test_the_version_is_told() -> None:
    done = sidecar("--version")

    assert (done.returncode, done.stdout) == (0, f"sidecar {__version__}\n")


LATE = """
import time, typer
from sidecar import cli
from sidecar.cli import root
time.sleep(0.1)
"""

OWN_COMMAND = """
app = typer.Typer()
app.callback()(root.options)
app.command("work")(lambda: print("x" * 100_000))
root.root = lambda: app
cli.main(["work"])
"""


@pytest.mark.parametrize("writes", ["cli.main(['--help'])", OWN_COMMAND], ids=["help", "command"])
def test_a_reader_that_goes_away_is_no_error(writes: str) -> None:
    done = subprocess.run(
        ["bash", "-c", '"$0" -c "$1" | true; exit ${PIPESTATUS[0]}', sys.executable, LATE + writes],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (141, "")


def in_shell(redirected: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command line *arguments* in a shell, with streams *redirected*."""
    return subprocess.run(
        ["sh", "-c", f'"$0" -m sidecar "$@" {redirected}', sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **environ},
    )


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_is_no_error(closed: str) -> None:
    assert in_shell(closed, "--version").returncode == 0
    assert in_shell(closed, "--config", "/nowhere.toml", "plan").returncode == 78


def test_an_answer_that_a_full_disk_cannot_take_is_told() -> None:
    done = in_shell("> /dev/full", "--version")

    assert done.returncode == 70
    assert done.stderr == "sidecar: the answer cannot be written: No space left on device\n"


def test_a_terminal_that_lacks_a_character_is_shown_its_number() -> None:
    script = "import sys; from sidecar import cli; cli._mend_streams(); print('\N{BLACK STAR}')"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )

    assert done.stdout == "\\u2605\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands(shell: str) -> None:
    # Else it is the shell that runs the tests, which may be one without completion.
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    script = sidecar("--show-completion", shell, **named)
    assert "sidecar" in script.stdout

    words = {"COMP_WORDS": "sidecar in", "COMP_CWORD": "1", "_TYPER_COMPLETE_ARGS": "sidecar in"}
    done = sidecar(
        _SIDECAR_COMPLETE=f"complete_{shell}", _TYPER_COMPLETE_FISH_ACTION="get-args", **words
    )
    assert "init" in done.stdout


def test_help_comes_without_loading_what_it_does_not_need() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "sidecar", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}

    assert "Usage: sidecar" in done.stdout
    assert not loaded & {"polars", "connectorx", "sqlalchemy", "pymysql", "lark", "structlog"}


def test_no_family_takes_the_name_of_a_function_that_is_called_here() -> None:
    # Importing a module puts it into its package, over whatever had its name.
    root.root()

    assert callable(cli.run)
    assert callable(cli.main)
