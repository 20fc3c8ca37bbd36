"""The config file itself: where it is, what it says, and what in it is no setting at all."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import fields

from sidecar.config.settings import SECTIONS
from sidecar.config.values import did_you_mean
from sidecar.errors import ConfigError

#: Where a config is looked for when neither ``--config`` nor SIDECAR_CONFIG names one.
PLACES = (Path("config.toml"), Path("/etc/opencart-sidecar/config.toml"))


def find(flag: Path | None, environ: Mapping[str, str]) -> Path:
    """
    The config file to use: *flag*, else SIDECAR_CONFIG, else the first of ``PLACES`` there is.

    Raises:
        ConfigError: There is none, or not where it was said to be.
    """
    way_out = "`sidecar init --opencart DIR` prints one for a store"
    named = flag or (Path(environ["SIDECAR_CONFIG"]) if environ.get("SIDECAR_CONFIG") else None)
    if named is not None:
        if not _is_there(named.absolute()):
            raise ConfigError(str(named), "there is no such file", way_out)
        return named
    for place in PLACES:
        if _is_there(place):
            return place
    looked = " and ".join(str(place) for place in PLACES)
    raise ConfigError("config.toml", f"not found: looked for {looked}", way_out)


def _is_there(place: Path) -> bool:
    # Where we may not look, `read` says so; but a working directory that is not ours holds none.
    try:
        place.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return place.is_absolute()
    return True


def read(path: Path) -> dict[str, object]:
    """
    What the TOML file *path* says.

    Raises:
        ConfigError: It cannot be read, or is not UTF-8 or not TOML; with line and column.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(str(path), f"cannot be read: {error.strerror}") from error
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise ConfigError(
            f"{path}:{line}:{column}", "is not UTF-8", "save the file with this encoding"
        ) from error
    except tomllib.TOMLDecodeError as error:
        match = re.fullmatch(r"(?s)(.*) \(at (?:line (\d+), column (\d+)|.*)\)", str(error))
        message, at, _ = match.groups() if match else (str(error), None, None)
        place = f"{path}:{at}:{match[3]}" if match and at else f"{path}: at its end"
        raise ConfigError(place, f"is not TOML: {message}") from error
    except RecursionError as error:
        raise ConfigError(str(path), "is nested too deep to be read") from error
    except ValueError as error:  # Python does not read whole numbers of thousands of digits
        raise ConfigError(str(path), "holds a number that is too long") from error


def unknown(document: Mapping[str, object]) -> list[str]:
    """A problem for each section and setting of *document* that does not exist."""
    problems = []
    for name, found in document.items():
        if name not in SECTIONS:
            kind = "a section" if isinstance(found, dict) else "a setting; it stands in no section"
            owners = [section for section, struct in SECTIONS.items() if name in keys(struct)]
            hint = f" (it belongs under [{owners[0]}])" if owners else did_you_mean(name, SECTIONS)
            problems.append(f"{name}: is not {kind}{hint}")
        elif not isinstance(found, dict):
            problems.append(f"{name}: is a section: write [{name}], and its settings below")
        else:
            problems += [
                f"{name}.{key}: is not a setting{_suggestion(name, key)}"
                for key in found
                if key not in keys(SECTIONS[name])
            ]
    return problems


def _suggestion(section: str, key: str) -> str:
    for other, struct in SECTIONS.items():
        if other != section and key in keys(struct):
            return f" (it belongs under [{other}])"
    return did_you_mean(key, keys(SECTIONS[section]))


def keys(struct: type[Struct]) -> tuple[str, ...]:
    """The names of a section's settings."""
    return tuple(field.name for field in fields(struct))
