"""The developer's script, and what it installs by."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = (
    "setup",
    "demo",
    "test",
    "check",
    "bench",
    "chaos",
    "histories",
    "compat",
    "e2e",
    "docs",
    "deb",
    "service-test",
    "help",
)


def dev(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "dev"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


@pytest.mark.parametrize("arguments", [("help",), ("--help",), ()], ids=str)
def test_dev_help_names_every_command(arguments: tuple[str, ...]) -> None:
    done = dev(*arguments)

    assert done.returncode == 0
    assert done.stderr == ""
    assert re.findall(r"^  ([\w-]+) ", done.stdout, re.MULTILINE) == list(COMMANDS)


def test_dev_refuses_a_command_that_it_does_not_know() -> None:
    done = dev("tset")

    assert done.returncode == 1
    assert done.stdout == ""
    assert "tset is not a command" in done.stderr


def test_dev_e2e_says_that_it_did_not_run_where_there_is_no_store(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENCART_ROOT", raising=False)
    done = dev("e2e")

    assert done.returncode == 0
    assert "did not run" in done.stdout


@pytest.mark.parametrize("shell", [["dash", "-n", "dev"], ["bash", "-n", ".ci/run"]], ids=str)
def test_the_scripts_are_sound_for_their_shell(shell: list[str]) -> None:
    subprocess.run(shell, cwd=ROOT, check=True)


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pairs = (line.split("==") for line in lines if not line.startswith("#"))
    return {name.lower().replace("_", "-"): version for name, version in pairs}


def test_every_library_and_tool_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *project["dependency-groups"]["dev"],
    ]
    names = {re.split(r"[^\w-]", requirement)[0].lower() for requirement in wanted}

    assert names <= set(pinned())


def test_the_pins_name_no_place_to_download_from() -> None:
    pins = [f"{name}=={version}" for name, version in pinned().items()]

    assert not [pin for pin in pins if re.search(r"[:/@ ]", pin)]
