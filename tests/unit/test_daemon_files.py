"""Changed files are noticed once they are whole, however they were written."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sidecar.daemon.files import LONGEST_S, Files, Settling, look


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A config file and a rules directory with one file."""
    (tmp_path / "config.toml").write_text("[database]\n")
    (tmp_path / "rules.d").mkdir()
    (tmp_path / "rules.d" / "a.toml").write_text("# nothing\n")
    return tmp_path


def files(folder: Path, wake: threading.Event | None = None) -> Files:
    return Files(
        folder / "config.toml", lambda: folder / "rules.d", wake.set if wake else lambda: None
    )


def changed_from(found: Files, start_s: float) -> list[float]:
    """When a change was reported, asked every tenth of a second for ten seconds."""
    return [at / 10 for at in range(100) if found.changed(start_s + at / 10)]


def test_files_that_stay_as_they_are_are_not_reported(folder: Path) -> None:
    assert changed_from(files(folder), 0) == []


def test_reading_them_is_no_change(folder: Path) -> None:
    found = files(folder)
    (folder / "rules.d" / "a.toml").read_text()

    assert changed_from(found, 0) == []


@pytest.mark.parametrize(
    "change",
    ["config", "rule", "new", "gone", "replaced", "directory gone", "directory replaced", "link"],
)
def test_a_change_is_reported_once(folder: Path, change: str) -> None:
    found = files(folder)
    rules = folder / "rules.d"
    match change:
        case "config":
            (folder / "config.toml").write_text("[sync]\n")
        case "rule":
            (rules / "a.toml").write_text("# something\n")
        case "new":
            (rules / "b.toml").write_text("")
        case "gone":
            (rules / "a.toml").unlink()
        case "replaced":  # as editors write: beside it, then in its place
            (folder / "a.toml.swp").write_text("# nothing\n")
            (folder / "a.toml.swp").rename(rules / "a.toml")
        case "directory gone":
            rules.rename(folder / "away")
        case "directory replaced":
            rules.rename(folder / "away")
            rules.mkdir()
            (rules / "a.toml").write_text("# nothing\n")
        case "link":
            (folder / "elsewhere.toml").write_text("# nothing\n")
            (rules / "a.toml").unlink()
            (rules / "a.toml").symlink_to(folder / "elsewhere.toml")

    assert len(changed_from(found, 0)) == 1
    assert changed_from(found, 20) == []


def test_what_a_link_leads_to_is_looked_at(folder: Path) -> None:
    (folder / "elsewhere.toml").write_text("# nothing\n")
    (folder / "rules.d" / "b.toml").symlink_to(folder / "elsewhere.toml")
    found = files(folder)
    (folder / "elsewhere.toml").write_text("# something\n")

    assert len(changed_from(found, 0)) == 1


def test_other_files_beside_the_rules_do_not_matter(folder: Path) -> None:
    found = files(folder)
    (folder / "rules.d" / "a.toml~").write_text("")
    (folder / "rules.d" / "4913").write_text("")

    assert changed_from(found, 0) == []


def test_a_file_that_is_still_being_written_is_waited_for(folder: Path) -> None:
    before = look(folder / "config.toml", folder / "rules.d")
    settling = Settling(before)
    reported = []
    for at in range(10):
        seen = (*before, ("written", at if at < 8 else 8))
        if settling.settled(seen, at / 10):
            reported.append(at / 10)
    assert reported == []
    assert settling.settled((*before, ("written", 8)), 1.2)
    assert not settling.settled((*before, ("written", 8)), 1.3)


def test_files_that_never_come_to_rest_are_read_now_and_then(folder: Path) -> None:
    before = look(folder / "config.toml", folder / "rules.d")
    settling = Settling(before)
    reported = [at for at in range(120) if settling.settled((("written", at),), at / 10)]

    assert 2 <= len(reported) <= 12 / LONGEST_S + 1


def test_a_change_that_was_taken_back_is_none(folder: Path) -> None:
    before = look(folder / "config.toml", folder / "rules.d")
    settling = Settling(before)

    assert not settling.settled((("other", 1),), 0)
    assert not settling.settled(before, 0.1)
    assert not settling.settled(before, 10)


@pytest.mark.parametrize("place", ["config.toml", "rules.d/b.toml", "later/c.toml"])
def test_a_change_wakes_whoever_waits(folder: Path, place: str) -> None:
    woken = threading.Event()
    rules = folder / ("later" if place.startswith("later") else "rules.d")
    found = Files(folder / "config.toml", lambda: rules, woken.set)
    with found.watching():
        if place.startswith("later"):  # a directory that was not there
            rules.mkdir()
            assert woken.wait(5)
            woken.clear()
            found.changed(0)
            found.changed(1)
            woken.clear()
        (folder / place).write_text("# new\n")

        assert woken.wait(5)
