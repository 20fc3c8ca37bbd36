"""Exports brought to the admin: in parts, for minutes, to who asked; and their password, sealed."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sidecar.errors import UsageError
from sidecar.shop.database import transaction
from sidecar.sync.commands import queue
from support import gdpr
from support.commanding import ask, dispatched, done, refused
from support.consents import KEY
from support.gdpr import CrashError, minute, prepared, with_exports
from support.small_store import SmallStore

WHO = {"verified_by": "eve", "how": "showed a card"}


@pytest.fixture
def shop(store: SmallStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SmallStore:
    return with_exports(prepared(store, monkeypatch), monkeypatch, tmp_path)


@pytest.fixture
def ann(shop: SmallStore) -> int:
    return shop.given.customer("ann@example.com")


@pytest.fixture
def made(shop: SmallStore, ann: int) -> Any:
    """What the making of an export answered."""
    return done(shop, "gdpr.export", customer=ann, **WHO)


@pytest.fixture(scope="module")
def reader() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem(key: Any) -> str:
    found: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return found.decode()


def opened(sealed: str, key: rsa.RSAPrivateKey) -> str:
    oaep = padding.OAEP(padding.MGF1(SHA1()), SHA1(), label=None)
    return key.decrypt(base64.b64decode(sealed), oaep).decode()


def parts(shop: SmallStore, command: int) -> list[dict[str, Any]]:
    return shop.rows(
        "SELECT part, bytes, ends_at FROM {own}export_part WHERE command_id = %s ORDER BY part",
        command,
    )


def downloaded(shop: SmallStore, request: int) -> int:
    """The number of a download that is ready."""
    number = ask(shop, "gdpr.download", request=request)
    found = dispatched(shop, number)
    assert found.state == "done", found.error
    return number


def password_of(shop: SmallStore, request: int) -> str:
    (row,) = shop.rows("SELECT salt FROM {own}export WHERE request_id = %s", request)
    return KEY.password(row["salt"])


# -- downloads -----------------------------------------------------------------------------


def test_the_parts_of_a_download_are_the_archive_on_the_disk(shop: SmallStore, made: Any) -> None:
    number = ask(shop, "gdpr.download", request=made["request"])
    found = dispatched(shop, number)

    whole = b"".join(row["bytes"] for row in parts(shop, number))
    assert whole == Path(made["file"]).read_bytes()
    assert hashlib.sha256(whole).hexdigest() == found.answer["sha256"] == made["sha256"]
    assert found.answer["parts"] == len(parts(shop, number)) > 1
    assert found.answer["bytes"] == len(whole)
    assert found.answer["file"] == Path(made["file"]).name
    assert max(len(row["bytes"]) for row in parts(shop, number)) == 1_000


def test_parts_can_be_fetched_for_ten_minutes_and_are_gone_then(
    shop: SmallStore, made: Any
) -> None:
    number = downloaded(shop, made["request"])
    shop.now += datetime.timedelta(seconds=599)
    minute(shop)
    assert parts(shop, number)

    shop.now += datetime.timedelta(seconds=1)
    minute(shop)

    assert parts(shop, number) == []


def test_who_fetched_stands_with_the_request_and_the_parts_end_sooner(
    shop: SmallStore, made: Any
) -> None:
    number = downloaded(shop, made["request"])

    assert done(shop, "gdpr.downloaded", download=number) == {"request": made["request"]}

    (act,) = shop.rows(
        "SELECT * FROM {own}privacy_act WHERE request_id = %s AND act = 'downloaded'",
        made["request"],
    )
    assert (act["actor"], act["at"]) == ("admin:eve", shop.moment.epoch_s)
    assert parts(shop, number), "whoever fetches is not done yet"
    shop.now += datetime.timedelta(seconds=300)
    minute(shop)
    assert parts(shop, number) == []


def test_who_begins_late_gains_no_time(shop: SmallStore, made: Any) -> None:
    number = downloaded(shop, made["request"])
    shop.now += datetime.timedelta(seconds=590)
    done(shop, "gdpr.downloaded", download=number)
    shop.now += datetime.timedelta(seconds=10)
    minute(shop)

    assert parts(shop, number) == []


def test_only_who_asked_for_a_download_fetches_it(shop: SmallStore, made: Any) -> None:
    number = downloaded(shop, made["request"])
    with transaction(shop.sidecar.engine) as tx:
        other = queue.ask(
            tx,
            shop.sidecar.shop.own,
            "gdpr.downloaded",
            {"download": number},
            "admin:mallory",
            shop.now,
        )

    found = dispatched(shop, other)

    assert found.state == "failed"
    assert "made no download ready for admin:mallory" in str(found.error)
    assert not shop.rows("SELECT 1 FROM {own}privacy_act WHERE act = 'downloaded'")


def test_what_is_no_download_is_not_fetched(shop: SmallStore, made: Any) -> None:
    new = ask(shop, "gdpr.download", request=made["request"])
    other = ask(shop, "consent.verify")

    for number in (new, other):
        assert "made no download ready" in refused(shop, "gdpr.downloaded", download=number)
    assert "there is no command" in refused(shop, "gdpr.downloaded", download=4_000_000_000)


def test_there_is_no_download_of_what_was_not_made_or_is_gone(
    shop: SmallStore, ann: int, made: Any
) -> None:
    assert "there is no export of request 999" in refused(shop, "gdpr.download", request=999)
    shop.now += datetime.timedelta(days=8)
    minute(shop)

    assert "was deleted" in refused(shop, "gdpr.download", request=made["request"])


def test_an_archive_that_somebody_changed_is_not_handed_out(shop: SmallStore, made: Any) -> None:
    file = Path(made["file"])
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-1] + b"!")

    error = refused(shop, "gdpr.download", 70, request=made["request"])

    assert "not the archive that was made" in error
    assert not shop.rows("SELECT 1 FROM {own}export_part")
    file.unlink()
    assert "cannot be read" in refused(shop, "gdpr.download", 70, request=made["request"])


def test_a_download_that_was_killed_anywhere_is_whole_when_it_is_run_again(
    shop: SmallStore, made: Any
) -> None:
    whole = Path(made["file"]).read_bytes()
    for statement in range(1, 100):
        number = ask(shop, "gdpr.download", request=made["request"])
        end = gdpr.crash_before(shop.sidecar.engine, statement)
        try:
            dispatched(shop, number)
        except CrashError:
            pass
        finally:
            crashed = end()
        found = dispatched(shop, number)
        assert found.state == "done", statement
        assert b"".join(row["bytes"] for row in parts(shop, number)) == whole, statement
        if not crashed:
            break
    assert statement > 10


def test_the_erasure_of_a_person_takes_the_parts_of_their_export_along(
    shop: SmallStore, ann: int, made: Any
) -> None:
    downloaded(shop, made["request"])
    request = done(shop, "gdpr.request", kind="erase", customer=ann, **WHO)["request"]
    done(shop, "gdpr.erase", request=request)

    assert not shop.rows("SELECT 1 FROM {own}export_part")


# -- the password --------------------------------------------------------------------------


def test_the_password_is_told_to_who_has_the_key_and_stands_nowhere(
    shop: SmallStore, made: Any, reader: rsa.RSAPrivateKey, caplog: pytest.LogCaptureFixture
) -> None:
    request = made["request"]
    answer = done(shop, "gdpr.password", request=request, sealed_for=pem(reader))

    password = password_of(shop, request)
    assert opened(answer["sealed"], reader) == password
    everything = json.dumps(
        [
            {name: str(value) for name, value in row.items()}
            for table in ("command", "privacy_act", "export", "privacy_request", "finding")
            for row in shop.rows(f"SELECT * FROM {{own}}{table}")
        ]
    )
    for hidden in (
        password,
        password.replace("-", ""),
        base64.b64encode(password.encode()).decode(),
    ):
        assert hidden not in everything
        assert hidden not in caplog.text
    assert "told before" in refused(shop, "gdpr.password", request=request, sealed_for=pem(reader))
    again = done(shop, "gdpr.password", request=request, again=True, sealed_for=pem(reader))
    assert again["sealed"] != answer["sealed"]
    assert opened(again["sealed"], reader) == password


def test_without_a_key_to_seal_for_the_answer_holds_nothing(shop: SmallStore, made: Any) -> None:
    answer = done(shop, "gdpr.password", request=made["request"])

    assert answer == {"request": made["request"], "file": Path(made["file"]).name}


@pytest.mark.parametrize(
    "key",
    [
        "",
        "x",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "🦊'\"\\",
        "private",
        "short",
        "curve",
    ],
)
def test_what_is_no_key_to_seal_for_is_refused_and_nothing_counts_as_told(
    shop: SmallStore, made: Any, reader: rsa.RSAPrivateKey, key: str
) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat

    if key == "private":
        key = reader.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    elif key == "short":
        key = pem(rsa.generate_private_key(65537, 1024))
    elif key == "curve":
        key = pem(ec.generate_private_key(ec.SECP256R1()))

    assert "sealed_for" in refused(shop, "gdpr.password", request=made["request"], sealed_for=key)
    assert shop.rows("SELECT told_at FROM {own}export") == [{"told_at": None}]


# -- the plan ------------------------------------------------------------------------------


def test_the_plan_of_a_request_is_the_one_of_its_person(shop: SmallStore, ann: int) -> None:
    shop.given.order(ann, "50")
    account = done(shop, "gdpr.request", kind="erase", customer=ann)["request"]
    guest = done(shop, "gdpr.request", kind="erase", guest="guest@example.com")["request"]
    before = shop.rows("SELECT * FROM {own}privacy_act")

    answer = planned(shop, request=account)

    assert answer == planned(shop, customer=ann)
    assert {"order", "customer"} <= answer.keys()
    assert planned(shop, request=guest) == planned(shop, guest="guest@example.com")
    assert "sidecar_privacy_request" in planned(shop, request=guest)
    assert "customer" not in planned(shop, request=guest)
    assert shop.rows("SELECT * FROM {own}privacy_act") == before


def planned(shop: SmallStore, **asked: Any) -> dict[str, int]:
    """Rows by table; each asking is a row of a command itself, which does not count here."""
    tables = done(shop, "gdpr.plan", **asked)["tables"]
    return {one["table"]: one["rows"] for one in tables if one["table"] != "sidecar_command"}


def test_there_is_no_plan_for_who_is_erased_or_not_there(shop: SmallStore, ann: int) -> None:
    request = done(shop, "gdpr.request", kind="erase", customer=ann, **WHO)["request"]
    done(shop, "gdpr.erase", request=request)

    assert "is erased" in refused(shop, "gdpr.plan", request=request)
    assert "there is no request 999" in refused(shop, "gdpr.plan", request=999)
    for asked in ({}, {"request": request, "customer": ann}):
        with pytest.raises(UsageError, match=r"must be given|cannot be given together"):
            ask(shop, "gdpr.plan", **asked)
