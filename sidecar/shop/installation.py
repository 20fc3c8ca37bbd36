"""A store on disk: its version and what its own config files say."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.config import Secret
from sidecar.errors import ConfigError
from sidecar.shop import php_run
from sidecar.shop.php_definitions import Definitions

#: Without these there is no store; the others have a default.
NEEDED = ("DB_HOSTNAME", "DB_USERNAME", "DB_PASSWORD", "DB_DATABASE", "DB_PREFIX")

#: OpenCart's drivers that talk to MySQL or MariaDB.
DRIVERS = frozenset({"", "mysqli", "mpdo", "pdo", "mysql"})

#: Folders of every store whose config.php is not the admin's.
NOT_ADMIN = frozenset({"catalog", "extension", "image", "install", "system", "vqmod"})


@dataclass(frozen=True, slots=True)
class StoreDatabase:
    """
    How the store reaches its database, as it says itself.

    Attributes:
        hostname: ``localhost`` means the server's socket.
        port: 3306 where the store names none.
        user: The account.
        password: Its password.
        name: The database's name.
        prefix: What the names of its tables begin with; may be empty.
        ssl_key: PEM text, not a path, as OpenCart 4.1 keeps it; empty without TLS.
        ssl_cert: The same.
        ssl_ca: The same, without the first and last line.
    """

    hostname: str
    port: int
    user: str
    password: Secret
    name: str
    prefix: str
    ssl_key: Secret = field(default_factory=lambda: Secret(""))
    ssl_cert: str = ""
    ssl_ca: str = ""


@dataclass(frozen=True, slots=True)
class Installation:
    """
    A store's folder.

    Attributes:
        directory: Absolute; holds index.php and config.php.
        version: The constant VERSION, e.g. ``4.1.0.4``; 3.0.3.9 calls itself 3.0.3.8.
        database: From config.php.
        url: HTTP_SERVER, with a slash at the end; empty when not told.
        storage: DIR_STORAGE, which may be outside the folder; None when not told.
        extensions: DIR_EXTENSION; None when not told, as by OpenCart 3, which has none.
        admin_directory: The admin's folder, which may be renamed; None when there is none.
        admin_url: The admin's HTTP_SERVER; empty when not told.
    """

    directory: Path
    version: str
    database: StoreDatabase
    url: str
    storage: Path | None
    extensions: Path | None
    admin_directory: Path | None
    admin_url: str


def read_installation(directory: Path, environ: Mapping[str, str] | None = None) -> Installation:
    """
    Read a store's index.php, config.php and its admin's config.php.

    The config files are asked of PHP where there is one, else read without.

    Args:
        directory: The folder with index.php.
        environ: For config files that take values from it, and PATH; by default our own.

    Raises:
        ConfigError: It is no store, not installed, or cannot be read; names file and remedy.
    """
    environ = os.environ if environ is None else environ
    directory = directory.absolute()
    version = _version(directory, environ)
    config = directory / "config.php"
    constants, trouble = _constants(config, environ, required=True)
    database = _database(config, constants, trouble)
    admin = _admin(directory, environ)
    admin_constants = _constants(admin / "config.php", environ)[0] if admin else {}
    storage = constants.get("DIR_STORAGE") or admin_constants.get("DIR_STORAGE")
    extensions = constants.get("DIR_EXTENSION") or admin_constants.get("DIR_EXTENSION")
    return Installation(
        directory=directory,
        version=version,
        database=database,
        url=constants.get("HTTP_SERVER", ""),
        storage=Path(storage) if storage else None,
        extensions=Path(extensions) if extensions else None,
        admin_directory=admin,
        admin_url=admin_constants.get("HTTP_SERVER", ""),
    )


def _version(directory: Path, environ: Mapping[str, str]) -> str:
    index = directory / "index.php"
    content = _read(index)
    if content is None and not directory.is_dir():
        raise ConfigError(str(directory), "is no folder")
    version = "" if content is None else _defined(index, content, environ).get("VERSION", "")
    if version:
        return version
    inner = directory / "upload"
    inside = (inner / "index.php").exists()
    hint = f"did you mean {inner}?" if inside else "name the folder with the store's index.php"
    raise ConfigError(
        str(directory), "is no OpenCart store: no index.php that defines VERSION", hint
    )


def _database(config: Path, constants: Mapping[str, str], trouble: str) -> StoreDatabase:
    missing = [name for name in NEEDED if name not in constants]
    if missing:
        hint = trouble or "is the store installed?"
        raise ConfigError(str(config), f"does not define {', '.join(missing)}", hint)
    for name in NEEDED:
        if constants[name].encode("utf-8", "replace").decode() != constants[name]:
            raise ConfigError(str(config), f"{name} is not UTF-8")
    driver = constants.get("DB_DRIVER", "")
    if driver.lower() not in DRIVERS:
        raise ConfigError(str(config), f"DB_DRIVER is '{driver}'", "only MySQL and MariaDB work")
    port = constants.get("DB_PORT", "") or "3306"
    if not port.isdecimal() or not 0 <= int(port) <= 65_535:
        raise ConfigError(str(config), f"DB_PORT is '{port}', which is no port")
    return StoreDatabase(
        hostname=constants["DB_HOSTNAME"].removeprefix("p:") or "localhost",
        port=int(port) or 3306,
        user=constants["DB_USERNAME"],
        password=Secret(constants["DB_PASSWORD"]),
        name=constants["DB_DATABASE"],
        prefix=constants["DB_PREFIX"],
        ssl_key=Secret(constants.get("DB_SSL_KEY", "")),
        ssl_cert=constants.get("DB_SSL_CERT", ""),
        ssl_ca=constants.get("DB_SSL_CA", ""),
    )


def _admin(directory: Path, environ: Mapping[str, str]) -> Path | None:
    # A copy kept beside it says that it is elsewhere: the one that names itself goes first.
    found: list[tuple[bool, bool, Path]] = []
    for config in sorted(directory.glob("*/config.php")):
        if config.parent.name in NOT_ADMIN or not (content := _read(config)):
            continue
        constants = _defined(config, content, environ)
        if constants.get("APPLICATION") == "Admin" or constants.keys() & {
            "HTTP_CATALOG",
            "DIR_CATALOG",
        }:
            said = constants.get("DIR_APPLICATION", "").rstrip("/")
            elsewhere = not said or Path(said).resolve() != config.parent.resolve()
            found.append((elsewhere, config.parent.name != "admin", config.parent))
    return min(found)[2] if found else None


def _constants(
    file: Path, environ: Mapping[str, str], *, required: bool = False
) -> tuple[Mapping[str, str], str]:
    # The constants, and what may be behind one that is missing.
    content = _read(file)
    if content is None:
        if required:
            raise ConfigError(str(file), "does not exist", "is the store installed?")
        return {}, ""
    if not content.strip():
        problem = "is empty: the store is not installed yet"
        raise ConfigError(str(file), problem, "run OpenCart's installer first")
    answer = php_run.ask(file.resolve(), environ)
    if answer is not None and (answer.constants or answer.wrong):
        return answer.constants, answer.wrong and f"PHP says: {answer.wrong}"
    definitions = Definitions(file.resolve(), content, environ)
    trouble = f"line {definitions.skipped} is more than a definition; install php-cli to read it"
    return definitions.constants, trouble if definitions.skipped else ""


def _defined(file: Path, content: bytes, environ: Mapping[str, str]) -> Mapping[str, str]:
    return Definitions(file.resolve(), content, environ).constants


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise ConfigError(
            str(file),
            f"user {getpass.getuser()} may not read it",
            "run as the owner of the store's files, or as root",
        ) from error
    except OSError as error:
        raise ConfigError(str(file), f"cannot be read: {error.strerror}") from error
