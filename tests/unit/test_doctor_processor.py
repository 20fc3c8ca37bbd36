"""Whether a processor can run the Polars that is installed, told without importing Polars."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.service.doctor.processor import (
    asked,
    features_of,
    installed_build,
    judge,
    needed_features,
)

#: A processor of 2013 and later, and one of 2011 without AVX2, as Linux says them.
MODERN = """processor\t: 0
model name\t: Something with AVX2
flags\t\t: sse sse2 pni pclmulqdq ssse3 fma cx16 sse4_1 sse4_2 movbe popcnt avx bmi1 avx2 bmi2 abm
bugs\t\t: spectre_v1 avx2
"""
OLD = """processor\t: 0
flags\t\t: fpu sse sse2 pni pclmulqdq ssse3 cx16 sse4_1 sse4_2 popcnt avx
"""
ARM = "processor\t: 0\nFeatures\t: fp asimd evtstrm aes pmull sha1 sha2 crc32\n"

NEEDED = frozenset(
    {"sse3", "ssse3", "sse4.1", "sse4.2", "popcnt", "cmpxchg16b", "avx", "avx2", "fma", "bmi1"}
    | {"bmi2", "lzcnt", "pclmulqdq", "movbe"}
)


def test_a_processor_with_everything_is_fine() -> None:
    found = judge("32", NEEDED, "x86_64", features_of(MODERN))

    assert found.state == "ok"
    assert "can run the installed Polars (runtime 32)" in found.found


def test_a_processor_that_lacks_something_is_told_the_package_that_runs_on_it() -> None:
    found = judge("32", NEEDED, "x86_64", features_of(OLD))

    assert found.state == "error"
    assert "lacks avx2, bmi1, bmi2, fma, lzcnt, movbe" in found.found
    assert "illegal instruction" in found.consequence
    assert "pip install 'polars[rtcompat]'" in found.mend


def test_an_old_processor_runs_the_compatible_build() -> None:
    needed = frozenset({"sse3", "ssse3", "sse4.1", "sse4.2", "popcnt", "cmpxchg16b"})

    assert judge("compat", needed, "x86_64", features_of(OLD)).state == "ok"


def test_other_kinds_of_processors_are_fine() -> None:
    assert features_of(ARM) == frozenset()
    assert judge("32", NEEDED, "aarch64", features_of(ARM)).state == "ok"
    assert judge("32", frozenset(), "x86_64", frozenset()).state == "ok"


def test_what_is_not_known_stops_nobody() -> None:
    nothing_known = judge("32", NEEDED, "x86_64", frozenset())
    newer_build = judge("32", NEEDED | {"avx1024"}, "x86_64", features_of(MODERN))

    assert (nothing_known.state, newer_build.state) == ("note", "note")
    assert "avx1024" in newer_build.found


def test_a_feature_counts_only_when_every_processor_has_it() -> None:
    assert features_of(MODERN + "\n" + OLD) == features_of(OLD)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="asks x86")
def test_the_c_library_says_the_same_as_the_system() -> None:
    # The service cannot see /proc/cpuinfo.
    assert asked() == features_of(Path("/proc/cpuinfo").read_text("utf-8"))


def test_the_build_is_the_one_that_polars_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"_polars_runtime_32", "_polars_runtime_compat"}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name if name in there else None)

    assert installed_build({}) == "compat"
    assert installed_build({"POLARS_PREFER_PKG": "32"}) == "32"
    assert installed_build({"POLARS_FORCE_PKG": "64"}) is None


def test_what_the_installed_build_needs_is_known_by_name() -> None:
    build = installed_build({})

    assert build is not None
    assert needed_features(build) <= NEEDED


@pytest.mark.parametrize(("command", "exit_code"), [("doctor", 70), ("run", 78)])
def test_on_a_processor_that_lacks_something_nothing_of_polars_is_touched(
    command: str, exit_code: int, tmp_path: Path
) -> None:
    (tmp_path / "cpuinfo").write_text(OLD)
    code = (
        "import pathlib, sys, sidecar.cli\n"
        "from sidecar.service.doctor import processor\n"
        "processor.CPUINFO = pathlib.Path('cpuinfo')\n"
        "processor.platform.machine = lambda: 'x86_64'\n"
        f"processor.needed_features = lambda _: {set(NEEDED)!r}\n"
        f"print(sidecar.cli.run([{command!r}]), 'polars' in sys.modules)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.splitlines()[-1] == f"{exit_code} False", done.stderr
    assert "polars[rtcompat]" in done.stdout + done.stderr


def test_asking_for_the_processor_imports_no_polars_and_needs_no_settings(tmp_path: Path) -> None:
    asked_for = (
        "import sys, sidecar.cli; code = sidecar.cli.run(['doctor', '--cpu']);"
        " print(sorted(name for name in sys.modules if 'polars' in name)); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked_for],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path.cwd()), "POLARS_SKIP_CPU_CHECK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    loaded = done.stdout.splitlines()[-1]
    assert "'polars" not in loaded
    assert "_polars_runtime'" not in loaded
    assert "can run" in done.stdout
