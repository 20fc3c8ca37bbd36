"""The doctor and the log tell what the register does not know; a shop's files close it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from sidecar.config import Config, Database, Privacy
from sidecar.errors import ConfigError
from sidecar.privacy.coverage import read_registered, tell_gaps
from sidecar.rules.privacy.register_file import shipped
from sidecar.service.doctor.finding import Finding
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect
from support.doctor_store import DoctorStore, made, opened

_PAY = "CREATE TABLE oc_pay (pay_id INT PRIMARY KEY, order_id INT, payer_email VARCHAR(96))"


@pytest.fixture(scope="module")
def shop(mariadb: PrivateServer) -> Iterator[Database]:
    with made(mariadb, "privacy_coverage") as database:
        yield database


@pytest.fixture
def store(mariadb: PrivateServer, shop: Database, tmp_path: Path) -> Iterator[DoctorStore]:
    with opened(mariadb, shop, tmp_path) as found:
        yield found


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "privacy.d"


@contextlib.contextmanager
def _with_an_extension(store: DoctorStore) -> Iterator[None]:
    store.given.execute(_PAY)
    try:
        yield
    finally:
        store.given.execute("DROP TABLE oc_pay")


def _found(store: DoctorStore, directory: Path) -> list[Finding]:
    found = store.found(privacy=Privacy(register=directory))
    return [finding for finding in found if finding.check == "privacy.register"]


def _logged(store: DoctorStore, directory: Path) -> Sequence[Mapping[str, Any]]:
    config: Config = msgspec.structs.replace(store.config, privacy=Privacy(register=directory))
    engine = connect(config.database)
    try:
        with capture_logs() as lines:
            tell_gaps(engine, config)
    finally:
        engine.dispose()
    return lines


def test_of_a_store_without_extensions_there_is_nothing_to_tell(
    store: DoctorStore, directory: Path
) -> None:
    (finding,) = _found(store, directory)

    assert finding.state == "ok"
    assert finding.found.endswith("and no others look personal")
    assert _logged(store, directory) == []


def test_a_table_of_an_extension_is_a_warning_until_the_shop_registers_it_as_proposed(
    store: DoctorStore, directory: Path
) -> None:
    with _with_an_extension(store):
        (warning,) = _found(store, directory)
        logged = _logged(store, directory)
        way_out, _, snippet = warning.mend.partition("\n")
        directory.mkdir()
        (directory / "more.toml").write_text(snippet)
        (registered,) = _found(store, directory)
        silent = _logged(store, directory)

    assert warning.state == "warning"
    assert warning.found == "pay (order_id and payer_email): not registered, and looks personal"
    assert "called complete" in warning.consequence
    assert str(directory / "more.toml") in way_out
    assert logged == [
        {"event": "register.incomplete", "log_level": "warning", "tables": "pay", "gaps": 1}
    ]
    assert (registered.state, silent) == ("ok", [])


def test_many_tables_are_counted_and_five_named(store: DoctorStore, directory: Path) -> None:
    names = [f"oc_a{number}" for number in range(7)]
    for name in names:
        store.given.execute(f"CREATE TABLE {name} (id INT PRIMARY KEY, email VARCHAR(9))")
    try:
        (warning,) = _found(store, directory)
    finally:
        store.given.execute(f"DROP TABLE {', '.join(names)}")

    assert "a4 (email)" in warning.found
    assert "a5" not in warning.found
    assert warning.found.endswith("; and 2 tables more")


def test_what_a_file_names_and_the_store_lacks_is_noted(
    store: DoctorStore, directory: Path
) -> None:
    directory.mkdir()
    (directory / "gone.toml").write_text("[table.gone]\nkey = 'id'\nrows = 'delete'")

    note, well = _found(store, directory)

    assert (note.state, well.state) == ("note", "ok")
    assert note.found == "privacy.d/gone.toml registers gone, which is not in the database"


def test_a_file_that_is_wrong_is_an_error_with_its_place_and_stops_the_daemon(
    store: DoctorStore, directory: Path
) -> None:
    directory.mkdir()
    (directory / "a.toml").write_text("[table.pay]\nkey = 'pay_id'\nrows = 'remove'\n")

    (finding,) = _found(store, directory)

    assert finding.state == "error"
    assert finding.found.startswith("privacy.d/a.toml:3:8: 'rows' is")
    with pytest.raises(ConfigError, match=r"privacy\.d/a\.toml:3:8"):
        _logged(store, directory)


def test_files_are_read_in_the_order_of_their_names_and_others_are_left_alone(
    directory: Path,
) -> None:
    directory.mkdir()
    (directory / "b.toml").write_text("[table.wish]\nlabel = 'B'\nkey = 'id'\nrows = 'delete'")
    (directory / "a.toml").write_text("[table.wish]\nlabel = 'A'\nkey = 'id'\nrows = 'delete'")
    (directory / "c.toml.bak").write_text("[[")

    register = read_registered(directory)

    assert register.tables["wish"].label == "B"
    assert register.tables.keys() - shipped().tables.keys() == {"wish"}


def test_a_folder_that_is_not_there_adds_nothing(directory: Path) -> None:
    assert read_registered(directory) == shipped()


@pytest.mark.parametrize("content", [b"\xff\xfe[\x00", b"\x00", b"[table.x\n", b"\x80" * 2_000_000])
def test_a_file_of_anything_else_is_refused(directory: Path, content: bytes) -> None:
    directory.mkdir()
    (directory / "a.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"privacy\.d/a\.toml"):
        read_registered(directory)


def test_a_folder_that_is_a_file_and_a_file_that_is_a_folder_are_refused(directory: Path) -> None:
    directory.write_text("")
    with pytest.raises(ConfigError, match=r"privacy\.d: cannot be read"):
        read_registered(directory)
    directory.unlink()
    (directory / "a.toml").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"a\.toml: is not a file"):
        read_registered(directory)
