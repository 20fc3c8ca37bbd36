"""The units of systemd, what they let through, and what the package and the guides say of them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from systemd.deb.tree import HERE, HOME, NAME

PROJECT = Path(__file__).parents[2]
SYSTEMD = PROJECT / "systemd"
SINGLE = SYSTEMD / "opencart-sidecar.service"
TEMPLATE = SYSTEMD / "opencart-sidecar@.service"
SERVICES = (SINGLE, TEMPLATE)
DROP_INS = sorted((SYSTEMD / "drop-ins").glob("*.conf"))

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here"
)


def settings(unit: Path) -> list[str]:
    """The lines of *unit* but comments and empty ones."""
    lines = unit.read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def value(unit: Path, name: str) -> list[str]:
    """All that *unit* sets *name* to."""
    return [line.partition("=")[2] for line in settings(unit) if line.startswith(f"{name}=")]


def test_the_template_is_the_unit_but_for_names() -> None:
    of_one = [
        line.replace(" for %i", "")
        .replace("%i.toml", "config.toml")
        .replace("%i.database-password", "database-password")
        .replace("opencart-sidecar-%i", "opencart-sidecar")
        for line in settings(TEMPLATE)
    ]

    assert of_one == settings(SINGLE)


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_unit_exposes_at_most_1_2(unit: Path, tmp_path: Path) -> None:
    # A template is analysed as one of its instances.
    file = tmp_path / unit.name.replace("@", "@shop")
    shutil.copyfile(unit, file)
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=12", str(file)]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    if "unrecognized option" in done.stderr:
        pytest.skip("systemd is too old to analyse a file")
    assert done.returncode == 0, done.stdout
    # What it does not know it ignores, with a word: a fence that is not there.
    assert "ignoring" not in done.stderr.lower()
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert exposure is not None
    assert float(exposure[1]) <= 1.2


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_unit_stays_down_where_only_a_person_can_help(unit: Path) -> None:
    assert value(unit, "Restart") == ["on-failure"]
    assert value(unit, "RestartPreventExitStatus") == ["64 78"]
    assert value(unit, "StartLimitIntervalSec") == ["0"]
    # systemd knows no exit code of a command before it that keeps it down: `run` refuses itself.
    assert value(unit, "ExecStartPre") == ["-/usr/bin/sidecar doctor --cpu"]


def test_a_unit_starts_what_the_package_installs() -> None:
    for unit in SERVICES:
        for command in value(unit, "ExecStart") + value(unit, "ExecStartPre"):
            assert command.removeprefix("-").split()[0] == "/usr/bin/sidecar"
    assert (SYSTEMD / "deb/tree.py").read_text("utf-8").count('"usr/bin/sidecar"') == 1


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_the_files_of_a_unit_are_those_that_the_package_knows(unit: Path) -> None:
    said = "\n".join(settings(unit))
    config, credential = re.findall(r"/etc/\S+", said)
    script = (HERE / "postinst").read_text("utf-8")
    name = "$name" if unit is TEMPLATE else "config"

    folder = f"/etc/{NAME}"
    assert f"settings={folder}\n" in script
    assert config == f"{folder}/{name}.toml".replace("$name", "%i")
    secret = (
        "$settings/$name.database-password" if unit is TEMPLATE else "$settings/database-password"
    )
    assert f"credential={secret} ;;" in script
    expected = secret.replace("$settings", folder).replace("$name", "%i")
    assert credential == expected
    assert value(unit, "LoadCredential") == [f"database-password:{expected}"]


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_health_is_in_a_folder_that_the_unit_makes(unit: Path) -> None:
    (folder,) = value(unit, "RuntimeDirectory")

    assert f"SIDECAR_HTTP_LISTEN=%t/{folder}/http.sock" in value(unit, "Environment")


def test_the_package_makes_the_user_of_the_units() -> None:
    user = (HERE / "opencart-sidecar.sysusers").read_text("utf-8").split()[1]

    assert [value(unit, "User") + value(unit, "Group") for unit in SERVICES] == [[user, user]] * 2


@pytest.mark.parametrize("drop_in", DROP_INS, ids=lambda file: file.name)
def test_a_drop_in_is_named_by_the_guide_and_only_adds(drop_in: Path) -> None:
    guide = (PROJECT / "docs/howto/run-as-a-service.md").read_text("utf-8")

    assert f"`{drop_in.name}`" in guide
    assert settings(drop_in)[0] in {"[Service]", "[Unit]"}
    assert not any(line.startswith("Exec") for line in settings(drop_in))


@needs_systemd
def test_systemd_understands_the_unit_with_every_drop_in(tmp_path: Path) -> None:
    folder = tmp_path / f"{SINGLE.name}.d"
    folder.mkdir()
    # The program is not installed where the tests run.
    text = SINGLE.read_text("utf-8").replace("/usr/bin/sidecar", "/bin/true")
    (tmp_path / SINGLE.name).write_text(text)
    for drop_in in DROP_INS:
        shutil.copy(drop_in, folder)
    shutil.copy(SYSTEMD / "opencart-sidecar-failure@.service", tmp_path)

    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / SINGLE.name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    ours = [line for line in done.stderr.splitlines() if "opencart-sidecar" in line]
    assert ours == []


@pytest.mark.parametrize("script", ["postinst", "prerm", "postrm"])
def test_a_script_of_the_package_is_sound_for_its_shell(script: str) -> None:
    subprocess.run(["dash", "-n", str(HERE / script)], check=True)


def test_the_scripts_of_the_package_use_the_place_of_the_program() -> None:
    assert f"{HOME}/bin/python3" in (HERE / "postinst").read_text("utf-8")
    assert Path(f"/usr/lib/{NAME}") == HOME
