"""What a scenario works on: a server, a store that is written to, and daemons beside it."""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from chaos import verdict
from chaos.lives import Life, Lives
from chaos.load import Load, writing
from chaos.small_disk import mounted
from oracle.tags import Rule
from sidecar import clock
from sidecar.config import Database, Secret
from sidecar.service.demo_store import create_store
from sidecar.service.mariadb_programs import give_away
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import CONNECT_TIMEOUT_S, connect
from support.busy_store import STORE_ZONE
from support.given import Given
from support.installation import Installation

CUSTOMERS = 300

#: What changed last must have been answered so soon after the load stopped.
CAUGHT_UP_WITHIN_S = 60.0

#: As a store that cares for its orders has it.
DURABLE: Mapping[str, str | int] = {"sync-binlog": 1, "innodb-flush-log-at-trx-commit": 1}

CONFIG = '[rules]\nmax_change_floor = 1000000\nbuiltins = false\n[sync]\nmode = "{mode}"\n'


@dataclass(slots=True)
class Found:
    """
    What a scenario found.

    Attributes:
        counts: What was done and what came of it, for people.
        faults: What must not be; empty when all is well.
    """

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def of_load(self, load: Load) -> None:
        """Count what the writers did and met."""
        self.counts["transactions of the store"] += sum(load.done.values())
        self.counts["errors 1205 and 1213 of the store"] += sum(load.locked.values())
        self.faults += [f"{times} {what} in the store" for what, times in load.locked.items()]
        self.faults += load.broken

    def of_life(self, life: Life) -> None:
        """Count what a life logged of the binary log."""
        for gap in life.events("binlog.gap"):
            self.counts[f"gap: {gap['reason']}"] += 1
        self.counts["full passes"] += len(life.events("full_pass.finished"))
        if "internal error" in life.log:
            self.faults.append(f"a life met what nobody foresaw: {life.tail()}")


class Bed:
    """
    One store on a server.

    Attributes:
        server: Of the store, killed and started again as a scenario likes.
        installation: The program's, with its rules.
        lives: Starts daemons.
        given: Writes to the store, each statement committed.
        chosen: The customer group of whom somebody but the ladder moved last.
        tags: Rules of tags beside those that every bed has.
        ahead_s: How far the clock of daemons is ahead of everybody's.
    """

    def __init__(
        self,
        server: PrivateServer,
        folder: Path,
        *,
        mode: str = "binlog",
        settings: Database | None = None,
        engines: Mapping[str, str] | None = None,
    ) -> None:
        self.chosen: dict[int, int] = {}
        self.tags: Sequence[Rule] = ()
        self.ahead_s = 0.0
        self.server = server
        self.folder = folder
        name = f"bed_{folder.name}".replace("-", "_")[:60]
        server.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        self.name = name
        self.settings = server.settings(name)
        self.engine: Engine = connect(self.settings)
        create_store(self.engine, "oc_")
        self.given = self.connect(autocommit=True)
        self.installation = Installation(folder, self.settings, self.engine, self.given)
        for group in ("Gold", "Silver"):
            self.given.describe("customer_group", self.given.group(group), group, language=2)
        rows = [{"email": f"c{n}@example.com", "custom_field": "[]"} for n in range(CUSTOMERS)]
        self.given.insert_many(
            "customer", rows, status=1, customer_group_id=1, store_id=0, language_id=1,
            date_added="2026-01-01 00:00:00",
        )  # fmt: skip
        for table, storage in (engines or {}).items():
            self.given.execute(f"ALTER TABLE `oc_{table}` ENGINE = {storage}")
        (folder / "rules.d").mkdir()
        (folder / "rules.d" / "rules.toml").write_text(verdict.rules_toml(), "utf-8")
        self.configure(mode, settings)
        self.lives = Lives(folder)
        self.run("migrate")
        self.run("once", "--yes")
        # A log that is read for the first time is a full pass, which is not to be cut short.
        life = self.lives.start()
        life.logged("full_pass.finished")
        life.logged("binlog.opened" if mode == "binlog" else "daemon.started")
        life.stop()

    def run(self, *command: str) -> None:
        """Carry out a command of the program."""
        life = self.lives.start(command=command)
        assert life.ended(within_s=60), command
        assert life.code == 0, life.log

    def configure(self, mode: str = "binlog", settings: Database | None = None) -> None:
        """Write config.toml."""
        self.installation.write_config(settings, more=CONFIG.format(mode=mode))

    def by_network(self, port: int) -> Database:
        """How the store is reached at *port* of this machine."""
        return Database(
            user=self.server.user,
            password=Secret(self.server.password),
            name=self.name,
            host="127.0.0.1",
            port=port,
        )

    def close(self) -> None:
        """End every life, and forget the store."""
        self.lives.__exit__(None, None, None)
        self.given.connection.close()
        self.engine.dispose()

    def connect(self, *, autocommit: bool = False) -> Given:
        """A builder of rows on a connection of its own."""
        found = self.server.connect(self.name, autocommit=autocommit, defer_connect=True)
        # By hand, because PyMySQL leaves its socket open when nobody listens.
        opened = socket.socket(socket.AF_UNIX)
        opened.settimeout(CONNECT_TIMEOUT_S)
        try:
            opened.connect(str(self.server.socket))
            found.connect(opened)
        except BaseException:
            opened.close()
            raise
        return Given(found, clock.now(), STORE_ZONE)

    def again(self) -> None:
        """Connect anew, after the server was away."""
        with contextlib.suppress(Exception):
            self.given.connection.close()
        self.engine.dispose()
        self.given = self.connect(autocommit=True)
        self.installation.given = self.given

    @contextlib.contextmanager
    def load(self, seed: int, *, may_miss_tables: bool = False) -> Iterator[Load]:
        """The store is written to, within; *may_miss_tables* while they are altered."""
        with writing(self.connect, CUSTOMERS, seed, writers=2, pause_s=0.02) as load:
            load.may_miss_tables = may_miss_tables
            yield load

    def log_files(self) -> list[Path]:
        """The files of the server's binary log, the oldest first."""
        found = (self.server.directory / "data").glob("binlog.[0-9]*")
        return sorted(file for file in found if file.suffix[1:].isdigit())

    def rows(self, query: str) -> list[dict[str, Any]]:
        """What *query* selects."""
        return list(verdict._rows(self.given, query))

    def leads(self, *faults: str) -> Life:
        """A life that reads the log."""
        life = self.lives.start(*faults)
        life.logged("binlog.opened")
        return life

    def wrong(self, looking: Given) -> list[str]:
        """What is not as plain SQL has it, asked on *looking*."""
        return verdict.wrong(looking, self.chosen, self.tags, self.ahead_s)

    def converges(
        self,
        life: Life,
        found: Found,
        within_s: float = CAUGHT_UP_WITHIN_S,
    ) -> float:
        """Wait until nothing is wrong, while *life* works; what stays wrong is a fault."""
        looking = self.connect(autocommit=True)
        began_s = clock.monotonic()
        took_s = 0.0
        while lines := self.wrong(looking):
            took_s = clock.monotonic() - began_s
            if life.ended():
                found.faults.append(f"it ended with {life.code}: {life.tail()}")
                break
            if took_s > within_s:
                found.faults += [f"after {took_s:.0f} s: {line}" for line in lines[:10]]
                break
            clock.sleep(0.2)
        looking.connection.close()
        return took_s

    def audited(self, found: Found) -> None:
        """Hold the audit against what stands; nobody may write meanwhile."""
        looking = self.connect(autocommit=True)
        lines = verdict.audit_faults(looking, outsiders=self.chosen)
        found.counts["rows of audit"] = int(
            str(looking.value("SELECT COUNT(*) FROM oc_sidecar_audit"))
        )
        found.faults += lines[:10]
        looking.connection.close()

    def ends_well(
        self,
        found: Found,
        life: Life | None = None,
        within_s: float = CAUGHT_UP_WITHIN_S,
    ) -> None:
        """After the load: a life catches up, stops in order, and nothing is wrong."""
        life = life or self.leads("only the log")
        took_s = self.converges(life, found, within_s)
        found.of_life(life)
        code = life.stop()
        if code:
            found.faults.append(f"the last life ended with {code}: {life.tail()}")
        self.audited(found)
        found.counts["ms until nothing was wrong, at most"] = max(
            found.counts["ms until nothing was wrong, at most"], round(took_s * 1000)
        )


@contextlib.contextmanager
def beds(template: Path | None = None) -> Iterator[Beds]:
    """What makes beds, all gone after it."""
    made = Beds(template)
    try:
        yield made
    finally:
        made.close()


class Beds:
    """Makes beds; *template* as `PrivateServer` takes it."""

    def __init__(self, template: Path | None) -> None:
        self._stack = contextlib.ExitStack()
        self._template = template

    def make(
        self,
        options: Mapping[str, str | int] | None = None,
        *,
        mode: str = "binlog",
        engines: Mapping[str, str] | None = None,
        tcp: bool = False,
        small_disk: bool = False,
    ) -> Bed:
        """A bed on a server of its own, with *options*; *small_disk* needs root."""
        folder = Path(tempfile.mkdtemp(prefix="sidecar-chaos-"))
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        keep = None
        if small_disk:
            folder.chmod(0o711)  # as root, the server is another user
            keep = folder / "disk"
            keep.mkdir()
            self._stack.enter_context(mounted(keep))
            give_away(keep)
        server = PrivateServer(
            binlog=True,
            tcp=tcp,
            extra_options=options or {},
            template=self._template,
            keep=keep,
        )
        self._stack.callback(server.remove)
        self._stack.callback(server.kill)
        server.start()
        bed = Bed(server, folder, mode=mode, engines=engines)
        self._stack.callback(bed.close)
        return bed

    def close(self) -> None:
        """Remove all of them."""
        self._stack.close()
