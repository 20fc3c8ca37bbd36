"""``doctor`` as a person, a monitor and systemd run it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.config import Secret
from support.database import changed
from support.installation import ENVIRONMENT, Installation

KEYS = ["subject", "check", "state", "found", "consequence", "mend"]


@pytest.fixture
def well(installation: Installation) -> Installation:
    """An installation that works."""
    installation.rules(buyer="orders > 0")
    installation.done("migrate")
    return installation


def test_an_installation_that_works_ends_with_0_and_says_so_plainly_and_in_json(
    well: Installation,
) -> None:
    done = well.sidecar("doctor", LANG="C.UTF-8")

    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    assert lines[0] == "processor"
    assert lines[1].startswith("  ok      this processor")
    assert any(line.startswith("          do: ") for line in lines)
    assert lines[-1].split()[1] == "checks:"

    told = well.sidecar("doctor", "--json")
    found = json.loads(told.stdout)
    assert told.returncode == 0
    assert {tuple(one) for one in found} == {tuple(KEYS)}
    assert {one["state"] for one in found} <= {"ok", "note", "warning", "error"}
    assert all(isinstance(value, str) for one in found for value in one.values())
    assert all(one["mend"] for one in found if one["state"] in ("warning", "error"))
    assert all(one["consequence"] for one in found if one["state"] != "ok")
    assert all(one["check"].startswith(one["subject"] + ".") for one in found)


def test_what_does_not_work_ends_with_70_and_what_mends_it(
    installation: Installation,
) -> None:
    done = installation.sidecar("doctor")

    assert done.returncode == 70
    assert "  error   own tables: they do not exist yet\n" in done.stdout
    assert "          do: run `sidecar migrate`\n" in done.stdout

    wrong = changed(installation.database, password=Secret("hunter2"))
    installation.write_config(wrong)
    refused, told = installation.sidecar("doctor"), installation.sidecar("doctor", "--json")

    assert (refused.returncode, told.returncode) == (70, 70)
    assert "unknown or the password wrong" in refused.stdout
    assert "hunter2" not in refused.stdout + refused.stderr + told.stdout + told.stderr
    assert json.loads(told.stdout)[-1]["check"] == "connection.server"


@pytest.mark.parametrize("text", ["[database", "[database]\nprot = 1\n"])
def test_settings_that_cannot_be_used_are_what_is_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.toml").write_text(text)

    shown, told = _bare(tmp_path, "doctor"), _bare(tmp_path, "doctor", "--json")

    assert (shown.returncode, told.returncode) == (78, 78)
    assert "config.toml" in shown.stdout
    last = json.loads(told.stdout)[-1]
    assert (last["check"], last["state"]) == ("settings.file", "error")


def test_without_settings_it_says_where_it_looked(tmp_path: Path) -> None:
    done = _bare(tmp_path, "doctor")

    assert done.returncode == 78
    assert "not found: looked for config.toml" in done.stdout
    assert "sidecar init" in done.stdout


def test_the_processor_is_told_without_settings(tmp_path: Path) -> None:
    done = _bare(tmp_path, "doctor", "--cpu", "--json")

    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert found["check"] == "processor.polars"


def test_a_terminal_has_signs_and_colours_that_nothing_read_can_forge(well: Installation) -> None:
    paused = json.dumps({"by": "x", "reason": "sale \x1b[31m\u202e\n  ok all", "at": 1})
    well.given.execute("INSERT INTO oc_sidecar_state (name, value) VALUES ('paused', %s)", paused)
    well.given.connection.commit()
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "sidecar", "doctor"],
        cwd=well.folder,
        env={**ENVIRONMENT, "PYTHONPATH": str(Path.cwd()), "LANG": "C.UTF-8"},
        stdout=slave,
    ) as process:
        os.close(slave)
        shown = b""
        while part := _read(master):
            shown += part
    os.close(master)

    assert process.returncode == 0
    text = shown.decode()
    assert "\x1b[32m✓\x1b[0m this processor" in text
    assert "\x1b[1mgrants\x1b[0m" in text
    assert "paused: sale" in text
    assert "\x1b[31m" not in text
    assert "\u202e" not in text
    assert not any(line.strip() == "ok all" for line in text.splitlines())


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # the other end is closed
        return b""


def _bare(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sidecar", *arguments],
        cwd=folder,
        env={**ENVIRONMENT, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=False,
    )
