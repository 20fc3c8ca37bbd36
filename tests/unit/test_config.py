"""The settings: what a file, the environment and defaults make of them."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sidecar.config import Address, Age, Config, Database, Secret, find, load
from sidecar.errors import ConfigError

NOWHERE: dict[str, str] = {}


def read(folder: Path, text: str | bytes, environ: dict[str, str] = NOWHERE) -> Config:
    file = folder / "config.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    file.chmod(0o600)
    return load(file, environ)


def test_a_file_with_only_a_database_has_every_default(tmp_path: Path) -> None:
    config = read(tmp_path, '[database]\nuser = "shop"\n')

    assert config.database == Database(user="shop")
    assert config.sync.poll_interval == datetime.timedelta(seconds=2)
    assert config.rules.max_change == Decimal("0.05")
    assert config.rules.directory == tmp_path / "rules.d"
    assert config.privacy.register == tmp_path / "privacy.d"
    assert config.upkeep.audit_age == Age(24, "month")
    assert config.file == tmp_path / "config.toml"
    assert config.warnings == ()


def test_every_kind_of_value_is_read(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        """
        [database]
        socket = "/run/mysqld/mysqld.sock"
        password = "p"
        prefix = ""
        tls = "required"
        create_indexes = false
        [shop]
        timezone = "Europe/Berlin"
        paid_statuses = ["Complete", "#5"]
        refunded_return_statuses = ["Refunded"]
        guest_orders = "by_email"
        birthday_field = "#3"
        [rules]
        max_change = "2.5 %"
        max_change_floor = 0
        [sync]
        poll_interval = "1 minute"
        [http]
        listen = "[::1]:9100"
        [upkeep]
        audit_age = "1 year"
        """,
    )

    assert config.database.socket == Path("/run/mysqld/mysqld.sock")
    assert config.database.password == Secret("p")
    assert config.shop.timezone == ZoneInfo("Europe/Berlin")
    assert config.shop.paid_statuses == ("Complete", "#5")
    assert config.shop.refunded_return_statuses == ("Refunded",)
    assert config.rules.max_change == Decimal("0.025")
    assert config.sync.poll_interval == datetime.timedelta(minutes=1)
    assert config.http.listen == Address(None, "::1", 9100)
    assert config.upkeep.audit_age == Age(1, "year")


def test_relative_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        '[rules]\ndirectory = "r"\n[http]\nlisten = "./x.sock"\n[database]\ntls_ca = "/ca"\n',
        {"SIDECAR_SHOP_DIRECTORY": "../store"},
    )

    assert config.rules.directory == tmp_path / "r"
    assert config.http.listen == Address(tmp_path / "x.sock")
    assert config.database.tls_ca == Path("/ca")
    assert config.shop.directory == tmp_path / "../store"


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf[sync]\nthreads = 1\n").sync.threads == 1


def test_a_flag_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[sync]\nthreads = 3\nmode = "poll"\npoll_interval = "3 seconds"\n')
    environ = {"SIDECAR_SYNC_THREADS": "4", "SIDECAR_SYNC_MODE": "binlog"}

    sync = load(file, environ, {"sync.threads": 5}).sync

    assert (sync.threads, sync.mode, sync.poll_interval.seconds) == (5, "binlog", 3)


def test_the_environment_can_set_every_kind_of_value(tmp_path: Path) -> None:
    environ = {
        "SIDECAR_DATABASE_PORT": "3307",
        "SIDECAR_DATABASE_CREATE_INDEXES": "false",
        "SIDECAR_DATABASE_NAME": "",
        "SIDECAR_SHOP_PAID_STATUSES": "Complete, #5",
        "SIDECAR_SHOP_REFUNDED_RETURN_STATUSES": "Refunded",
        "SIDECAR_RULES_MAX_CHANGE": "7%",
    }
    config = read(tmp_path, "", environ)

    assert (config.database.port, config.database.create_indexes) == (3307, False)
    assert config.database.name == "opencart"
    assert config.shop.paid_statuses == ("Complete", "#5")
    assert config.shop.refunded_return_statuses == ("Refunded",)
    assert config.rules.max_change == Decimal("0.07")
    assert read(tmp_path, "", {"SIDECAR_SHOP_PAID_STATUSES": "auto"}).shop.paid_statuses is None


def test_an_environment_variable_that_is_no_setting_is_a_warning(tmp_path: Path) -> None:
    config = read(tmp_path, "", {"SIDECAR_SYNC_TREADS": "4", "SIDECAR_DEBUG": "1"})

    assert config.warnings == (
        "SIDECAR_SYNC_TREADS: is not a setting (did you mean 'SIDECAR_SYNC_THREADS'?)",
    )


def test_a_password_comes_from_a_file_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(" päss word \n")
    (tmp_path / "password").chmod(0o600)
    config = read(tmp_path, "[database]\npassword_file = 'password'")

    assert config.database.password == Secret(" päss word ")
    assert config.database.password_file == tmp_path / "password"
    assert config.warnings == ()


def test_a_password_comes_from_the_credentials_when_nothing_else_has_it(tmp_path: Path) -> None:
    (tmp_path / "database-password").write_text("from systemd\n")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}

    assert read(tmp_path, "", environ).database.password == Secret("from systemd")
    assert read(tmp_path, "[database]\npassword = 'file'", environ).database.password == Secret(
        "file"
    )


@pytest.mark.parametrize("text", ["", "\n"], ids=["empty", "line break"])
def test_a_credential_without_a_password_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "database-password").write_text(text)

    config = read(tmp_path, "", {"CREDENTIALS_DIRECTORY": str(tmp_path)})

    assert (config.database.password, config.database.password_file) == (Secret(""), None)


def test_a_password_in_the_environment_wins_over_a_password_file(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        "[database]\npassword_file = 'missing'",
        {"SIDECAR_DATABASE_PASSWORD": "env"},
    )

    assert config.database.password == Secret("env")
    assert config.database.password_file is None


def test_a_host_in_the_environment_wins_over_a_socket_in_the_file(tmp_path: Path) -> None:
    config = read(
        tmp_path, "[database]\nsocket = '/run/x'", {"SIDECAR_DATABASE_HOST": "db.example"}
    )

    assert (config.database.host, config.database.socket) == ("db.example", None)


def test_a_password_everyone_can_read_is_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[database]\npassword = 'secret'")
    file.chmod(0o644)
    (tmp_path / "p").write_text("secret")
    (tmp_path / "p").chmod(0o644)

    assert load(file, {}).warnings == (
        (
            f"{file}: holds database.password and everyone on this machine can read it "
            f"(chmod 600 {file})"
        ),
    )
    assert read(tmp_path, "[database]\npassword_file = 'p'").warnings == (
        f"{tmp_path}/p: everyone on this machine can read it (chmod 600 {tmp_path}/p)",
    )


def test_a_secret_is_never_shown(tmp_path: Path) -> None:
    config = read(tmp_path, "[database]\npassword = 'hunter2'")

    assert "hunter2" not in f"{config!r} {config} {config.database.password!s}"
    assert config.database.password.reveal() == "hunter2"


def test_the_flag_goes_before_the_environment_and_that_before_the_usual_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("flag.toml", "environment.toml", "config.toml"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    environ = {"SIDECAR_CONFIG": "environment.toml"}

    assert find(Path("flag.toml"), environ) == Path("flag.toml")
    assert find(None, environ) == Path("environment.toml")
    assert find(None, {}) == Path("config.toml")


def test_without_a_config_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigError, match=r"not found: looked for config\.toml and /etc/.*init"):
        find(None, {})
    with pytest.raises(ConfigError, match=r"nowhere\.toml: there is no such file .*init"):
        find(None, {"SIDECAR_CONFIG": "nowhere.toml"})


def test_a_config_that_cannot_even_be_looked_for_is_no_internal_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.toml").symlink_to("config.toml")

    with pytest.raises(ConfigError, match="not found: looked for"):
        find(None, {})
    with pytest.raises(ConfigError, match=r"config\.toml: cannot be read: Too many levels"):
        load(find(Path("config.toml"), {}), {})


def test_an_age_counts_back_in_calendar_months() -> None:
    moment = datetime.datetime(2026, 3, 31, 12, tzinfo=datetime.UTC)

    assert Age(1, "month").before(moment).date() == datetime.date(2026, 2, 28)
    assert Age(24, "month").before(moment).date() == datetime.date(2024, 3, 31)
    assert Age(1, "year").before(moment.replace(year=2024, month=2, day=29)).date() == (
        datetime.date(2023, 2, 28)
    )
    assert Age(2, "week").before(moment).date() == datetime.date(2026, 3, 17)
