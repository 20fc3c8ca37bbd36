"""Files on this machine: who may read and change them, and whether there is room."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from sidecar.config import Config
from sidecar.service.doctor.finding import Finding

#: Free bytes below which writing a file may soon fail, and below which it will.
_LITTLE = 200_000_000
_NONE = 1_000_000

_MEND = re.compile(r"^(?P<what>.*) \((?P<mend>chmod [^()]*)\)$")


def check_settings(config: Config) -> Iterator[Finding]:
    """What reading the settings found, and who else may read or change them."""
    for warning in config.warnings:
        match = _MEND.match(warning)
        what, mend = (match["what"], match["mend"]) if match else (warning, "")
        readable = "can read it" in what
        yield Finding(
            "settings.secret" if readable else "settings.file",
            "warning",
            what,
            "they log in to the store's database as we do" if readable else "it has no effect",
            mend or "correct or remove it",
        )
    if not config.warnings:
        yield Finding("settings.file", "ok", f"{config.file} can be used")
    yield from _changeable(config)


def _changeable(config: Config) -> Iterator[Finding]:
    places = [config.file, config.rules.directory, config.database.password_file]
    found = [place for place in places if place is not None and _others_write(place)]
    for place in found:
        yield Finding(
            "settings.writable",
            "warning",
            f"{place}: everyone on this machine can change it",
            "they decide where we log in, and what we do to the store's customers",
            f"chmod o-w {place}",
        )
    if not found:
        yield Finding("settings.writable", "ok", "only its owner or group can change it")


def _others_write(place: Path) -> bool:
    try:
        return bool(place.stat().st_mode & stat.S_IWOTH)
    except OSError:
        return False


def check_disk(config: Config, environ: Mapping[str, str] | None = None) -> Iterator[Finding]:
    """Room for what we write on this machine; of the database's disk nothing can be seen."""
    state = (os.environ if environ is None else environ).get("STATE_DIRECTORY", "")
    places = {config.privacy.journal.parent}
    places |= {Path(state.partition(":")[0])} if state else set()
    for place in sorted(places):
        yield _room(place)


def _room(place: Path) -> Finding:
    if not place.is_dir():
        return Finding("disk.state", "ok", f"{place} is not there yet, and not needed yet")
    return judge_room(place, shutil.disk_usage(place).free)


def judge_room(place: Path, free: int) -> Finding:
    """Whether *free* bytes in *place* are enough."""
    found = f"{free / 1e6:,.0f} MB are free in {place}"
    if free >= _LITTLE:
        return Finding("disk.state", "ok", found)
    return Finding(
        "disk.state",
        "error" if free < _NONE else "warning",
        found,
        "what was erased cannot be written down there, so nothing can be erased",
        f"make room on the disk of {place} (df -h {place})",
    )
