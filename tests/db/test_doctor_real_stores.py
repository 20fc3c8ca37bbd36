"""The doctor on stores that OpenCart's own installers made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar import clock
from sidecar.config import Config, Rules
from sidecar.service.doctor.examine import examine
from sidecar.service.private_server import PrivateServer


@pytest.mark.parametrize("version", ["3.0.5.1", "4.0.2.3", "4.1.0.4"])
def test_every_check_works_on_every_version_before_anything_of_ours_is_there(
    mariadb: PrivateServer, load_store: Callable[[str], str], tmp_path: Path, version: str
) -> None:
    database = mariadb.settings(load_store(version))
    rules = Rules(directory=tmp_path)
    config = Config(file=tmp_path / "config.toml", database=database, rules=rules)

    found = examine(config, clock.now)

    # Nothing failed, and the one thing that does not work is that our tables are not made yet.
    assert not [finding for finding in found if finding.check.endswith(".checked")]
    assert [finding.check for finding in found if finding.state == "error"] == ["own.version"]
    states = {finding.check: finding.state for finding in found}
    assert states["currency.base"] == states["store.login_attempts"] == "ok"
    assert states["store.bridge"] == "note"
    assert states["tables.engines"] == ("note" if version.startswith("3.") else "ok")
    assert version[:3] in next(one.found for one in found if one.check == "store.version")
