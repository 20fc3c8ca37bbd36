"""What the doctor makes of what it reads, where no database is needed for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sidecar import __version__
from sidecar.config import Config, Database, Rules
from sidecar.errors import DatabaseRefusedError, DatabaseUnavailableError, SchemaError
from sidecar.service.doctor.connection import hint_of, judge_tls, unreachable
from sidecar.service.doctor.daemon import check_daemon
from sidecar.service.doctor.files import check_disk, check_settings, judge_room
from sidecar.service.doctor.finding import Finding
from sidecar.service.doctor.policy import judge_attempts, judge_passwords
from sidecar.service.doctor.work import check_work

NOW_S = 1_800_000_000

#: What `status` says of an installation where all is well.
WELL: dict[str, Any] = {
    "running": True,
    "busy": True,
    "paused": None,
    "last_full_pass": NOW_S - 7200,
    "waiting": [],
    "held": [],
    "set_aside": 0,
    "findings": [],
    "daemon": {
        "pid": 4711,
        "version": __version__,
        "at": NOW_S - 3,
        "doing": "idle",
        "reload_error": None,
        "errors": [],
    },
}


def one(found: Any, check: str) -> Finding:
    """The finding of *check*."""
    (finding,) = (finding for finding in found if finding.check == check)
    assert isinstance(finding, Finding)
    return finding


# -- TLS ---------------------------------------------------------------------------------------


def test_another_machine_without_encryption_is_a_warning() -> None:
    found = judge_tls(Database(host="db.example.com"), "")

    assert found.state == "warning"
    assert 'database.tls = "required"' in found.mend


def test_a_certificate_that_nobody_checks_is_worth_knowing() -> None:
    unchecked = judge_tls(Database(host="db.example.com"), "TLS_AES_256_GCM_SHA384")
    checked = judge_tls(Database(host="db.example.com", tls_ca=Path("/ca.pem")), "TLS_AES_256")

    assert (unchecked.state, checked.state) == ("note", "ok")
    assert "database.tls_ca" in unchecked.mend


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.1.1"])
def test_within_this_machine_no_encryption_is_needed(host: str) -> None:
    assert judge_tls(Database(host=host), "").state == "ok"
    assert judge_tls(Database(socket=Path("/run/mysqld/mysqld.sock")), "").state == "ok"


# -- errors ------------------------------------------------------------------------------------


def test_the_way_out_of_an_error_is_the_mend() -> None:
    error = DatabaseRefusedError(
        "database 'a' on b:1: no (check database.user, or (x); error 1045)"
    )
    found = unreachable(error)

    assert found.found == "database 'a' on b:1: no (error 1045)"
    assert found.mend == "check database.user, or (x)"
    assert unreachable(DatabaseUnavailableError("database 'a' on b:1: no server")).mend
    assert hint_of(SchemaError("own tables", "they are old", "run `sidecar migrate`")) == (
        "own tables: they are old",
        "run `sidecar migrate`",
    )


# -- the store's settings ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "state"),
    [
        ("5", "ok"),
        ("10", "ok"),
        ("0", "warning"),
        ("", "warning"),
        ("500", "warning"),
        ("<b>5</b>", "warning"),
        ("99999999999999999999", "warning"),
    ],
)
def test_too_few_and_too_many_wrong_passwords(value: str, state: str) -> None:
    assert judge_attempts(value).state == state


@pytest.mark.parametrize(
    ("generation", "settings", "state"),
    [
        ("3.0", {}, "note"),
        ("4.0", {}, "ok"),
        ("4.1", {"config_password_length": "6"}, "note"),
        ("4.1", {"config_password_length": "12", "config_password_symbol": "1"}, "ok"),
        ("4.1", {"config_password_length": "<script>"}, "note"),
    ],
)
def test_weak_passwords_are_worth_knowing(
    generation: str, settings: dict[str, str], state: str
) -> None:
    assert judge_passwords(generation, settings).state == state


# -- files -------------------------------------------------------------------------------------


def test_settings_that_others_read_or_change_are_warnings(tmp_path: Path) -> None:
    file, rules = tmp_path / "config.toml", tmp_path / "rules.d"
    file.write_text("")
    rules.mkdir()
    config = Config(
        file=file,
        rules=Rules(directory=rules),
        warnings=(f"{file}: everyone on this machine can read it (chmod 600 {file})",),
    )
    file.chmod(0o606)
    rules.chmod(0o777)

    found = list(check_settings(config))

    assert one(found, "settings.secret").mend == f"chmod 600 {file}"
    assert [finding.mend for finding in found if finding.check == "settings.writable"] == [
        f"chmod o-w {file}",
        f"chmod o-w {rules}",
    ]


def test_a_folder_that_everybody_may_add_rules_to_is_a_warning(tmp_path: Path) -> None:
    rules = tmp_path / "rules.d"
    rules.mkdir()
    rules.chmod(0o1777)
    config = Config(file=tmp_path / "config.toml", rules=Rules(directory=rules))

    # That only its owner can remove a file does not help: one more is one more rule.
    assert one(check_settings(config), "settings.writable").state == "warning"


def test_little_room_is_a_warning_and_none_an_error(tmp_path: Path) -> None:
    states = [judge_room(tmp_path, free).state for free in (10**12, 10**8, 10**5)]

    assert states == ["ok", "warning", "error"]
    config = Config(file=tmp_path / "config.toml")
    found = [finding.found for finding in check_disk(config, {"STATE_DIRECTORY": str(tmp_path)})]
    assert any(f"are free in {tmp_path}" in text for text in found)


# -- the daemon --------------------------------------------------------------------------------


def daemon(root: Path, **changes: Any) -> list[Finding]:
    """What is found of a daemon that is well but for *changes*."""
    of_daemon = {k: changes.pop(k) for k in list(changes) if k in WELL["daemon"]}
    status = {**WELL, "daemon": {**WELL["daemon"], **of_daemon}, **changes}
    return list(check_daemon(status, NOW_S, root))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine with our unit."""
    folder = tmp_path / "etc/systemd/system"
    folder.mkdir(parents=True)
    unit = Path("systemd/opencart-sidecar.service").read_text("utf-8")
    (folder / "opencart-sidecar.service").write_text(unit)
    return tmp_path


def test_a_daemon_that_is_well_needs_nothing(root: Path) -> None:
    assert {finding.state for finding in daemon(root)} == {"ok"}


def test_a_daemon_that_says_nothing_hangs(root: Path) -> None:
    found = one(daemon(root, at=NOW_S - 61), "daemon.running")

    assert found.state == "error"
    assert "says nothing for 61 s" in found.found


def test_a_daemon_that_ended_is_a_warning_but_not_beside_cron(root: Path) -> None:
    ended = one(daemon(root, running=False, busy=False), "daemon.running")
    by_cron = one(daemon(root, running=False, busy=False, at=NOW_S - 86_400 * 3), "daemon.running")
    status = {**WELL, "running": False, "busy": False, "daemon": None}
    never = one(check_daemon(status, NOW_S, root), "daemon.running")

    assert (ended.state, by_cron.state, never.state) == ("warning", "note", "note")
    assert "last heard of 3 s ago" in ended.found
    assert "the last full pass was 2 hours ago" in by_cron.found


def test_somebody_else_who_holds_the_lock_is_told(root: Path) -> None:
    found = one(daemon(root, running=False), "daemon.running")

    assert found.state == "note"
    assert "another sidecar holds the lock" in found.found


def test_files_that_were_not_taken_over_and_an_old_program_are_told(root: Path) -> None:
    why = "rules.toml:3: no\n    when = 'x'\n           ^"
    errors = [{"at": 1, "message": "the database is away"}, {"at": 2, "message": why}]
    found = daemon(root, reload_error=why, version="0.0.1", errors=errors)

    assert one(found, "daemon.reload").state == "error"
    assert one(found, "daemon.reload").found.endswith("rules.toml:3: no")
    assert one(found, "daemon.errors").found == "1 errors lately, the last: the database is away"
    assert one(found, "daemon.version").state == "note"


def test_a_unit_that_is_missing_or_has_no_watchdog_is_told(root: Path, tmp_path: Path) -> None:
    missing = one(daemon(tmp_path / "nowhere"), "daemon.unit")
    unit = root / "etc/systemd/system/opencart-sidecar.service"
    unit.write_text(unit.read_text().replace("WatchdogSec=60\n", ""))

    assert missing.state == "warning"
    assert one(daemon(root), "daemon.unit").mend.startswith("WatchdogSec=60")


# -- what waits --------------------------------------------------------------------------------


def test_what_waits_for_a_person_is_told_with_the_command() -> None:
    waiting = {"run": 7, "since": 1, "rules": ["vip"], "customers": 1200, "changes": 1200}
    held = {"kind": "tag", "name": "vip", "since": 1, "by_run": 3}
    finding = {"kind": "ladder.group_gone", "subject": "x", "message": "gone", "times": 4}
    found = list(
        check_work(
            {
                **WELL,
                "waiting": [waiting],
                "held": [held],
                "set_aside": 2,
                "findings": [finding],
                "paused": {"by": "cli:ann", "reason": "sale", "at": 1},
            }
        )
    )

    assert one(found, "work.waiting").mend == "sidecar approve 7, or sidecar discard 7"
    assert "1,200 customers (vip)" in one(found, "work.waiting").found
    assert one(found, "work.held").mend.startswith("sidecar rules resume 'vip'")
    assert one(found, "work.set_aside").state == "warning"
    assert one(found, "work.finding").found == "ladder.group_gone: gone (4 times)"
    assert one(found, "work.paused").mend == "sidecar resume"
    assert [finding.state for finding in check_work(WELL)] == ["ok"]
