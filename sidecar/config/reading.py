"""From file, environment and defaults to settings; every problem is found, not only the first."""

from __future__ import annotations

import dataclasses
import datetime
import re
import stat
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo, fields

from sidecar.config import document, values
from sidecar.config.document import keys
from sidecar.config.settings import SECTIONS, Config
from sidecar.config.values import Address, Age, Secret, SettingError, did_you_mean, shown
from sidecar.errors import ConfigError

#: What systemd's LoadCredential= calls the password.
CREDENTIAL = "database-password"

#: How a setting of a type is read; every other type is left to msgspec.
_READERS: dict[type | UnionType, Callable[[object], object]] = {
    Address | None: values.address,
    Age: values.age,
    Decimal: values.share,
    Path: values.needed_path,
    Path | None: values.path,
    Secret: values.secret,
    ZoneInfo | None: values.zone,
    datetime.timedelta: values.interval,
    tuple[str, ...]: values.names,
    tuple[str, ...] | None: values.statuses,
}

#: Settings of one section that exclude each other in the same source.
_RIVALS = (("host", "socket"), ("password", "password_file"))

#: What msgspec says, and what a person is told.
_WORDS = {
    r"Expected `int` >= (-?\d+).*": r"must be at least \1",
    r"Expected `int` <= (-?\d+).*": r"must be at most \1",
    r"Expected `int`.*": "must be a whole number",
    r"Expected `bool`.*": "must be true or false",
    r"Expected `str` of length >= 1.*": "must not be empty",
    r"Expected `str` matching.*": "must be at most 32 letters, digits and underscores",
    r"Expected `str`.*": "must be text in quotes",
}

Values = Mapping[str, object]


def load(
    path: Path, environ: Mapping[str, str], flags: Mapping[str, object] | None = None
) -> Config:
    """
    Read the config file *path*.

    A setting is taken from *flags* (``{"sync.mode": "poll"}``), else from the environment
    (``SIDECAR_SYNC_MODE``; empty is not set), else from the file, else it has its default.
    Relative paths, wherever they come from, are relative to the file.

    Raises:
        ConfigError: The file cannot be used; with every problem in it and the environment.
    """
    path = path.absolute()
    found = document.read(path)
    problems = document.unknown(found)
    settings: dict[str, Any] = {}
    warnings = [*_open_password(path, found), *_unknown_variables(environ)]
    for name, struct in SECTIONS.items():
        file = found.get(name)
        sources = [_flags(flags or {}, name), _environment(environ, name, struct)]
        sources += [file] if isinstance(file, dict) else []
        given, wrong = _section(name, struct, sources)
        problems += wrong
        settings[name] = {key: _anchored(value, path.parent) for key, value in given.items()}
    if not problems:
        problems += _password(settings["database"], environ, warnings)
    if problems:
        count = f"{len(problems)} problems:\n  " if len(problems) > 1 else ""
        raise ConfigError(str(path), count + "\n  ".join(problems))
    sections: dict[str, Any] = {name: SECTIONS[name](**given) for name, given in settings.items()}
    return Config(file=path, warnings=tuple(warnings), **sections)


def _flags(flags: Mapping[str, object], section: str) -> Values:
    return {
        key.removeprefix(f"{section}."): value
        for key, value in flags.items()
        if key.startswith(f"{section}.")
    }


def _environment(environ: Mapping[str, str], section: str, struct: type[Struct]) -> Values:
    found = {}
    for field in fields(struct):
        text = environ.get(f"SIDECAR_{section}_{field.name}".upper(), "")
        if text:
            found[field.name] = _from_text(field, text)
    return found


def _from_text(field: FieldInfo, text: str) -> object:
    # What a file would hold: the environment knows only text.
    if field.type == tuple[str, ...] or (field.type == tuple[str, ...] | None and text != "auto"):
        return [part.strip() for part in text.split(",")]
    if field.type in _READERS:
        return text
    try:
        return msgspec.convert(text, field.type, strict=False)
    except msgspec.ValidationError:
        return text


def _section(
    name: str, struct: type[Struct], sources: list[Values]
) -> tuple[dict[str, object], list[str]]:
    # The first source that has a setting wins, and silences its rival in the later ones.
    problems = []
    chosen: dict[str, object] = {}
    for source in sources:
        taken = set(chosen)
        for one, other in _RIVALS:
            if source.get(one) and source.get(other) and {one, other} <= set(keys(struct)):
                problems.append(f"{name}.{one}: cannot be set together with {name}.{other}")
            taken |= {one, other} if taken & {one, other} else set()
        chosen |= {key: value for key, value in source.items() if key not in taken}
    settings: dict[str, object] = {}
    for field in fields(struct):
        try:
            settings[field.name] = (
                _read(field, chosen[field.name]) if field.name in chosen else field.default
            )
        except SettingError as error:
            problems.append(f"{name}.{field.name}: {error}")
    for one, other in (("tls_cert", "tls_key"), ("tls_key", "tls_cert")):
        if settings.get(one) and other in settings and not settings[other]:
            problems.append(f"{name}.{one}: needs {name}.{other} too")
    return settings, problems


def _read(field: FieldInfo, value: object) -> object:
    if isinstance(value, str) and field.type not in (Path, Path | None):
        try:
            value.encode()
        except UnicodeEncodeError:  # the environment holds bytes
            raise SettingError("is not UTF-8") from None
    if field.type in _READERS:
        return _READERS[field.type](value)
    if get_origin(field.type) is Literal:
        choices = get_args(field.type)
        if value not in choices:
            listed = ", ".join(f'"{choice}"' for choice in choices)
            hint = did_you_mean(value, choices) if isinstance(value, str) else ""
            raise SettingError(f"must be one of {listed}, not {shown(value)}{hint}")
        return value
    try:
        return msgspec.convert(value, field.type)
    except msgspec.ValidationError as error:
        for pattern, words in _WORDS.items():
            if re.fullmatch(pattern, str(error)):
                said = re.sub(pattern, words, str(error))
                raise SettingError(f"{said}, not {shown(value)}") from None
        raise SettingError(f"{error}, not {shown(value)}") from None


def _anchored(value: object, directory: Path) -> object:
    if isinstance(value, Path):
        return directory / value
    if isinstance(value, Address) and value.socket:
        return dataclasses.replace(value, socket=directory / value.socket)
    return value


def _password(
    database: dict[str, Any], environ: Mapping[str, str], warnings: list[str]
) -> list[str]:
    # Fills in the password where the file itself does not hold it.
    file, key = database["password_file"], "database.password_file"
    if file is None and not database["password"] and environ.get("CREDENTIALS_DIRECTORY"):
        place = Path(environ["CREDENTIALS_DIRECTORY"]) / CREDENTIAL
        file, key = (place, "$CREDENTIALS_DIRECTORY") if _is_given(place) else (None, "")
    if file is None:
        return []
    try:
        text = file.read_text("utf-8").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        return [f"{key}: {file} cannot be read: {error.strerror}"]
    except UnicodeDecodeError:
        return [f"{key}: {file} is not UTF-8"]
    if not text:
        return [f"{key}: {file} is empty"]
    database["password"], database["password_file"] = Secret(text), file
    if _open_to_all(file):
        warnings.append(f"{file}: everyone on this machine can read it (chmod 600 {file})")
    return []


def _is_given(credential: Path) -> bool:
    # Our units give a line break where the administrator's file is missing.
    try:
        return credential.read_bytes() not in (b"", b"\n")
    except OSError:
        return credential.exists()  # then reading it says what is wrong


def _open_password(path: Path, found: Values) -> list[str]:
    database = found.get("database")
    if not isinstance(database, dict) or not database.get("password") or not _open_to_all(path):
        return []
    what = "holds database.password and everyone on this machine can read it"
    return [f"{path}: {what} (chmod 600 {path})"]


def _unknown_variables(environ: Mapping[str, str]) -> list[str]:
    warnings = []
    for section, struct in SECTIONS.items():
        prefix = f"SIDECAR_{section.upper()}_"
        known = [f"{prefix}{key.upper()}" for key in keys(struct)]
        warnings += [
            f"{name}: is not a setting{did_you_mean(name, known)}"
            for name in sorted(environ)
            if name.startswith(prefix) and name not in known
        ]
    return warnings


def _open_to_all(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IROTH)
