"""The package of the bridge: what OpenCart's own installer is given."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import sidecar
from sidecar import cli
from sidecar.service.bridge import contents, package

FOLDER = Path(sidecar.__file__).parent / "bridge_php"


def entries() -> list[zipfile.ZipInfo]:
    return zipfile.ZipFile(io.BytesIO(package.package())).infolist()


def test_the_same_files_make_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    for file in ("a.zip", "b.zip"):
        script = "import sys; from sidecar import cli; sys.exit(cli.run(sys.argv[1:]))"
        arguments = ["bridge", "zip", "--output", str(tmp_path / file)]
        subprocess.run([sys.executable, "-c", script, *arguments], check=True, capture_output=True)

    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_it_needs_no_settings_and_says_so_when_opencart_would_not_take_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert cli.run(["bridge", "zip"]) == 0
    assert "takes it only" not in capfd.readouterr().err
    assert cli.run(["bridge", "zip", "--output", "other.zip"]) == 0
    assert "sidecar.ocmod.zip: rename it first" in capfd.readouterr().err

    # Written over, and nothing half is left beside.
    assert cli.run(["bridge", "zip"]) == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["other.zip", "sidecar.ocmod.zip"]


def test_where_it_cannot_be_written_that_is_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["bridge", "zip", "--output", str(tmp_path)]) == 64
    assert "is a folder" in capfd.readouterr().err
    assert cli.run(["bridge", "zip", "--output", str(tmp_path / "none" / "x.zip")]) == 64
    assert "No such file" in capfd.readouterr().err


def test_it_holds_every_file_of_the_bridge_and_nothing_else() -> None:
    # OpenCart's own list of what goes where; everything else it would copy just as well.
    expected = subprocess.run(
        ["find", ".", "-type", "f", "-not", "-name", ".*"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    names = [entry.filename for entry in entries()]

    assert sorted(names) == names == sorted(name.removeprefix("./") for name in expected)
    assert "install.json" in names
    assert all(re.fullmatch(r"[a-z0-9_./-]+", name) for name in names)
    assert {name.split("/")[0] for name in names} == {
        "admin", "catalog", "system", "install.json",
    }  # fmt: skip


def test_nothing_in_it_depends_on_when_and_by_whom_it_was_made() -> None:
    assert {entry.date_time for entry in entries()} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries()} == {0o100644}
    assert {entry.create_system for entry in entries()} == {3}


def test_a_page_of_200_entries_takes_it_whole() -> None:
    # OpenCart's installer works in pages of 200, and each page is a request of its own.
    assert len(entries()) < 200


def test_all_parts_say_the_same_version() -> None:
    said = json.loads((FOLDER / "install.json").read_text("utf-8"))
    source = (FOLDER / "system/library/bridge.php").read_text("utf-8")
    version = re.search(r"const VERSION = '([^']+)'", source)

    assert version is not None
    assert said["version"] == version[1] == sidecar.__version__ == contents.manifest().version
    # Empty ones are refused by 4.0.
    assert all(said[key] for key in ("name", "version", "author", "link"))


def test_php_and_the_program_know_the_same_routes() -> None:
    script = (
        "require $argv[1]; "
        r"echo json_encode(\Opencart\System\Library\Extension\Sidecar\Bridge::routes());"
    )
    done = subprocess.run(
        ["php", "-r", script, str(FOLDER / "system/library/bridge.php")],
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout) == list(contents.ROUTES)


def test_every_controller_that_takes_a_right_is_a_route_that_is_given_one() -> None:
    found = {contents.route_of(path) for path in contents.paths()} - {""}
    # What the admin runs itself, and nobody calls.
    own = {f"extension/sidecar/{part}/sidecar" for part in ("event", "startup")}

    assert found - own <= set(contents.ROUTES)


def test_folders_and_files_are_noted_as_the_installer_does() -> None:
    paths = contents.paths()

    assert paths[0] == "sidecar"
    assert len(set(paths)) == len(paths)
    for path in paths[1:]:
        assert path.rpartition("/")[0] in paths[: paths.index(path)]
