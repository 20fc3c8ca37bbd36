"""An installation of the program beside a store, driven as a process."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from sidecar.config import Database
from support import warm_start
from support.given import Given

#: What a command needs of the environment; the developer's own settings shall not matter.
ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
#: Beside the settings, not where that of a real installation is.
ENVIRONMENT["SIDECAR_PRIVACY_JOURNAL"] = "erasures.jsonl"


@dataclass(slots=True)
class Installation:
    """
    A folder with a config.toml and a rules.d, and the store they are for.

    Attributes:
        folder: Where commands run.
        database: The store's.
        engine: For looking at what was written.
        given: Writes to the store.
    """

    folder: Path
    database: Database
    engine: Engine
    given: Given

    def sidecar(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command line *arguments* as a process."""
        return warm_start.run(
            arguments,
            folder=self.folder,
            environment={**ENVIRONMENT, "PYTHONPATH": str(Path.cwd()), **environment},
        )

    def done(self, *arguments: str) -> str:
        """What a command that must succeed prints on stdout."""
        process = self.sidecar(*arguments)
        assert process.returncode == 0, process.stderr
        return process.stdout

    def json(self, *arguments: str) -> Any:
        """What a command that must succeed answers with ``--json``."""
        return json.loads(self.done(*arguments, "--json"))

    def rules(self, **conditions: str) -> None:
        """Replace the rules: a tag for each of *conditions*."""
        tables = (f"[[tag]]\nname = '{n}'\nwhen = '''{c}'''\n" for n, c in conditions.items())
        (self.folder / "rules.d" / "rules.toml").write_text("\n".join(tables), "utf-8")

    def write_config(self, database: Database | None = None, more: str = "") -> None:
        """Write config.toml for *database*, by default the store's."""
        where = database or self.database
        place = f'socket = "{where.socket}"' if where.socket else f'host = "{where.host}"'
        if not where.socket:
            place += f"\nport = {where.port}"
        (self.folder / "config.toml").write_text(
            f'[database]\n{place}\nuser = "{where.user}"\n'
            f'password = "{where.password.reveal()}"\nname = "{where.name}"\n'
            f'prefix = "{where.prefix}"\n{more}',
            "utf-8",
        )
        (self.folder / "config.toml").chmod(0o600)

    def column(self, query: str) -> list[Any]:
        """The first column of what *query* selects."""
        with self.engine.connect() as connection:
            return list(connection.scalars(text(query)))
