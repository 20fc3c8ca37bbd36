"""
The shop of the tutorial: ``.venv/bin/python docs/tutorial_shop.py DIR``.

A private MariaDB with a made-up store of 2,000 customers, and in DIR the two files of the
store that `sidecar init` reads. It runs until Ctrl-C; then everything but DIR is gone. The
customers are the same every time, and all dates move along with today.
"""

from __future__ import annotations

import datetime
import secrets
import signal
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

from sidecar import clock
from sidecar.service.demo_store import create_store, generate
from sidecar.service.demo_store.reference import ZONE
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect

CUSTOMERS = 2_000
SEED = 7
DATABASE = "shop"
VERSION = "4.1.0.4"

#: What the account of the tutorial may do, as the installation guide says it.
GRANTS = Path(__file__).parent / "howto" / "grants.sql"


def run(directory: Path) -> None:
    """Make the shop, say where it is, and keep it until a signal comes."""
    password = secrets.token_hex(16)
    with PrivateServer(tcp=True) as server:
        server.execute(f"CREATE DATABASE `{DATABASE}` CHARACTER SET utf8mb4")
        _fill(server)
        server.execute(*grants(GRANTS.read_text("utf-8"), password))
        _write_files(directory, server.port, password)
        print(f"A shop with {CUSTOMERS:,} customers: {directory}. Ctrl-C ends it.", flush=True)  # noqa: T201
        signal.pause()


def _fill(server: PrivateServer) -> None:
    engine = connect(server.settings(DATABASE))
    create_store(engine, "oc_")
    # Midnight: then the windows of rules, which are counted in days, hold the same customers;
    # and within two days of 200 days ago nobody of the tutorial's rule ordered for the last time,
    # so neither a summer time nor a midnight on the way changes what it shows.
    now = clock.now().astimezone(ZoneInfo(ZONE)).replace(hour=0, minute=0, second=0, microsecond=0)
    generate(
        engine,
        "oc_",
        customers=CUSTOMERS,
        orders=5 * CUSTOMERS,
        seed=SEED,
        now=now.astimezone(datetime.UTC),
    )
    engine.dispose()


def grants(text: str, password: str) -> list[str]:
    """The statements of *text*, for an account with *password* that connects by TCP."""
    lines = (line for line in text.splitlines() if not line.startswith("--"))
    words = "\n".join(lines).replace("a long password", password).replace("localhost", "127.0.0.1")
    statements = words.split(";")
    return [statement.strip() for statement in statements if statement.strip()]


def _write_files(directory: Path, port: int, password: str) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "index.php").write_text(f"<?php\ndefine('VERSION', '{VERSION}');\n", "utf-8")
    values = {
        "DB_DRIVER": "mysqli",
        "DB_HOSTNAME": "127.0.0.1",
        "DB_USERNAME": "sidecar",
        "DB_PASSWORD": password,
        "DB_DATABASE": DATABASE,
        "DB_PORT": str(port),
        "DB_PREFIX": "oc_",
    }
    lines = [f"define('{name}', '{value}');" for name, value in values.items()]
    config = directory / "config.php"
    config.touch(mode=0o600)
    config.write_text("\n".join(["<?php", *lines]) + "\n", "utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: .venv/bin/python docs/tutorial_shop.py DIR")
    # By way of every `finally`, or the server would stay behind.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: sys.exit(0))
    run(Path(sys.argv[1]).absolute())
