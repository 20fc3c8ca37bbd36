"""Runs PHP of the bridge's library from a test, against a database of the test's."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import sidecar
from sidecar.config import Database

#: What is packed and installed.
BRIDGE = Path(sidecar.__file__).parent / "bridge_php"

_CALL = Path(__file__).with_name("php") / "call.php"


class PhpError(Exception):
    """PHP ended with an exception; its text."""


def php_call(
    store: Database, code: str, /, *, zone: str = "UTC", bridge: Path = BRIDGE, **values: Any
) -> Any:
    """
    What PHP *code* returns, through JSON.

    The code is the body of a function. It has ``$database``, the bridge's own `Database` on
    *store*; ``$db``, what stands for OpenCart's, whose ``asked`` are the statements so far; and
    ``$values``, which are *values* by name. Classes of the bridge are found under `Sidecar`::

        php_call(small_database, "return (new Sidecar\\Daemon($database))->state();")

    Args:
        zone: The store's time zone, which PHP and the session of the database have.
        bridge: The folder of the bridge's files.

    Raises:
        PhpError: An exception, or a warning, which is one.
    """
    place = {
        "host": store.host,
        "port": store.port,
        "socket": store.socket and str(store.socket),
        "user": store.user,
        "password": store.password.reveal(),
        "name": store.name,
        "prefix": store.prefix,
    }
    asked = {
        "bridge": str(bridge),
        "database": place,
        "zone": zone,
        "code": code,
        "values": values,
    }
    return json.loads(run_php(_CALL, json.dumps(asked)))


def run_php(script: Path, text: str, *arguments: str) -> str:
    """What *script* writes when it reads *text*. PHP missing fails the test, never skips."""
    if shutil.which("php") is None:
        pytest.fail("php is not installed (apt install php-cli php-mysql)", pytrace=False)
    ended = subprocess.run(
        ["php", "-d", "display_errors=stderr", "-d", "error_reporting=-1", str(script), *arguments],
        input=text,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    if ended.returncode or ended.stderr:
        raise PhpError(ended.stderr or ended.stdout)
    return ended.stdout
