"""Exports of persons: who gets one, what it says of its completeness, its file and its password."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import event

from sidecar import config
from sidecar.privacy import export_archive, export_html, export_json
from sidecar.privacy.exporting import name_of
from sidecar.sync.planning import StoppedError
from support import gdpr
from support.commanding import ask, dispatched, done, refused
from support.consents import KEY
from support.exported import Exported, Page, open_export
from support.gdpr import CrashError, acts, minute, prepared, requests, states
from support.small_store import SmallStore

WHO = {"verified_by": "eve", "how": "showed a card"}

UPLOAD = """CREATE TABLE `{prefix}upload` (
  `upload_id` int NOT NULL AUTO_INCREMENT, `name` varchar(255) NOT NULL,
  `filename` varchar(255) NOT NULL, `code` varchar(255) NOT NULL, `date_added` datetime NOT NULL,
  PRIMARY KEY (`upload_id`))"""
WISHES = """CREATE TABLE `{prefix}acme_wish` (
  `wish_id` int NOT NULL AUTO_INCREMENT, `customer_id` int NOT NULL, `wish` text NOT NULL,
  PRIMARY KEY (`wish_id`))"""
CODE = "c0de" * 10


@pytest.fixture
def shop(store: SmallStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SmallStore:
    prepared(store, monkeypatch)
    privacy = config.Privacy(exports=tmp_path / "deep" / "exports", register=tmp_path / "privacy.d")
    store.sidecar.config = msgspec.structs.replace(store.sidecar.config, privacy=privacy)
    store.given.execute(
        f"ALTER TABLE `{store.given.prefix}sidecar_privacy_request` AUTO_INCREMENT = 1"
    )
    return store


@pytest.fixture
def ann(shop: SmallStore) -> int:
    return shop.given.customer("ann@example.com", first_name='Ann "A" <b>')


@pytest.fixture
def uploads(shop: SmallStore, ann: int, tmp_path: Path) -> Iterator[Path]:
    """A file of Ann's, which nothing but a custom field leads to; the store's folder of uploads."""
    folder = tmp_path / "store" / "system" / "storage" / "upload"
    folder.mkdir(parents=True)
    (folder / "a.png.1234").write_bytes(b"PNG")
    given = shop.given
    given.execute(UPLOAD.format(prefix=given.prefix))
    given.execute(
        f"INSERT INTO `{given.prefix}upload` (name, filename, code, date_added) VALUES"
        f" ('../my photo &lt;1&gt;.png', 'a.png.1234', '{CODE}', '2026-01-01 00:00:00'),"
        f" ('other.png', 'b.png', '{'d' * 40}', '2026-01-01 00:00:00')"
    )
    field = json.dumps({"9": CODE})
    given.execute(
        f"UPDATE `{given.prefix}customer` SET custom_field = '{field}' WHERE customer_id = {ann}"
    )
    yield folder
    given.execute(f"DROP TABLE `{given.prefix}upload`")


def in_folder(shop: SmallStore, folder: Path) -> None:
    """The store's folder is *folder*."""
    with_folder = msgspec.structs.replace(shop.sidecar.config.shop, directory=folder)
    shop.sidecar.config = msgspec.structs.replace(shop.sidecar.config, shop=with_folder)


def folder_of(shop: SmallStore) -> Path:
    return shop.sidecar.config.privacy.exports


def opened(shop: SmallStore, answer: Any) -> Exported:
    (row,) = shop.rows(
        "SELECT salt FROM {own}export WHERE request_id = %s AND deleted_at IS NULL",
        answer["request"],
    )
    return open_export(Path(answer["file"]), KEY.password(row["salt"]))


def export(shop: SmallStore, **asked: Any) -> Exported:
    return opened(shop, done(shop, "gdpr.export", **{**WHO, **asked}))


# -- who gets one --------------------------------------------------------------------------


def test_nobody_gets_an_export_of_whom_we_do_not_know_that_they_ask(
    shop: SmallStore, ann: int
) -> None:
    assert "is not verified" in refused(shop, "gdpr.export", customer=ann)
    assert states(shop) == ["unverified"]
    assert not folder_of(shop).exists()
    assert not shop.rows("SELECT * FROM {own}export")

    answer = done(shop, "gdpr.export", request=1, **WHO)

    assert (answer["request"], answer["state"]) == (1, "done")
    assert states(shop) == ["done"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "name either a customer or"),
        ({"customer": 1, "guest": "g@example.com"}, "name either a customer or"),
        ({"customer": 1, "request": 1}, "a request says whose it is"),
        ({"customer": 999}, "999"),
        ({"guest": "ann@example.com"}, "of an account"),
        ({"request": 999}, "there is no request 999"),
        ({"customer": 1, "how": None}, "are told together"),
        ({"customer": 1, "how": " "}, "is empty"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    shop: SmallStore, ann: int, asked: dict[str, Any], said: str
) -> None:
    asked = {**WHO, **asked}
    if asked.get("customer") == 1:
        asked["customer"] = ann

    assert said in refused(shop, "gdpr.export", **asked)
    assert not shop.rows("SELECT * FROM {own}export")


def test_a_request_for_something_else_is_no_request_for_a_copy(shop: SmallStore, ann: int) -> None:
    done(shop, "gdpr.request", kind="erase", customer=ann, **WHO)

    assert "is not for a copy" in refused(shop, "gdpr.export", request=1)


def test_without_a_key_nothing_is_exported(shop: SmallStore, ann: int) -> None:
    shop.sidecar.shop.key = None

    said = refused(shop, "gdpr.export", 78, customer=ann, **WHO)

    assert "sidecar key create" in said


def test_orders_by_e_mail_are_an_account_s_only_where_the_address_is_theirs_for_certain(
    shop: SmallStore, ann: int
) -> None:
    mine = shop.given.order(ann, "10")
    guests = shop.given.order(0, "20", email="ANN@example.com")
    done(shop, "gdpr.request", kind="access", customer=ann, login=True)

    by_login = export(shop, request=1, verified_by=None, how=None)
    by_staff = export(shop, customer=ann)

    assert [row["order_id"] for row in by_login.rows("order")] == [mine]
    assert [row["order_id"] for row in by_staff.rows("order")] == [mine, guests]


def test_a_request_of_opencart_s_own_page_is_answered_there_too(shop: SmallStore, ann: int) -> None:
    for natively in gdpr.with_native(shop):
        gdpr.native(natively, "ann@example.com", action="export")
        minute(natively)
        assert "take over first" in refused(natively, "gdpr.export", request=1)
        done(natively, "gdpr.takeover")

        found = export(natively, request=1, verified_by=None, how=None)

        assert found.json["person"]["identity"] == "code"
        assert found.rows("gdpr")
        assert gdpr.statuses(natively) == [3]


def test_a_guest_gets_what_bears_their_address(shop: SmallStore, ann: int) -> None:
    theirs = shop.given.order(0, "20", email="guest@example.com")
    shop.given.order(ann, "10")
    shop.given.order(0, "30", email="xguest@example.com")

    found = export(shop, guest=" Guest@Example.com ")

    assert [row["order_id"] for row in found.rows("order")] == [theirs]
    assert found.json["person"] == {
        "customer_id": None,
        "email": "Guest@Example.com",
        "identity": "staff",
    }
    assert found.json["decisions"] is None


# -- what is in it -------------------------------------------------------------------------


def test_values_are_told_as_people_know_them(shop: SmallStore, ann: int) -> None:
    order = shop.given.order(ann, "1234.5", at="2026-07-01 12:00:00")
    shop.given.execute(
        f"UPDATE `{shop.given.prefix}order` SET date_modified = '0000-00-00 00:00:00',"
        f" email = 'o&amp;k@example.com' WHERE order_id = {order}"
    )

    found = export(shop, customer=ann)

    (row,) = found.rows("order")
    zone = shop.moment.zone
    noon = datetime.datetime(2026, 7, 1, 12, tzinfo=zone)
    assert row["total"] == "1234.5000"
    assert row["date_added"] == noon.isoformat()
    assert row["date_modified"] is None
    assert row["email"] == "o&k@example.com"
    assert set(row["order_status_id"]) == {"id", "name"}
    assert row["order_status_id"]["name"]
    (request,) = found.rows("sidecar_privacy_request")
    assert request["received_at"] == shop.now.astimezone(zone).isoformat()
    assert request["finished_at"] is None


def test_decisions_are_told_with_the_rule_behind_them_and_without_who_of_the_shop_made_them(
    shop: SmallStore, ann: int
) -> None:
    shop.rules(Big="total_spent >= 100", Small="total_spent < 5")
    shop.given.order(ann, "200")
    shop.full_pass()
    shop.sidecar.tagging("cli:zoe").add("Friend", [ann], until=None, reason="nice")

    found = export(shop, customer=ann)

    tags = found.json["decisions"]["tag"]
    assert (tags["Big"]["holds"], tags["Small"]["holds"]) == (True, False)
    assert tags["Big"]["rule"] == "total_spent >= 100"
    assert tags["Big"]["sentence"]
    facts = found.json["decisions"]["fact"]
    assert facts["total_spent"]["value"] == "200.0000"
    assert (facts["orders"]["value"], facts["email_domain"]["value"]) == (1, "example.com")
    page = Page(found.html)
    assert tags["Big"]["sentence"] in page.text
    assert "nice" in json.dumps(found.json)
    whole = json.dumps(found.json) + found.html
    assert "zoe" not in whole, whole[whole.index("zoe") - 300 :][:400]


def test_of_who_objects_to_profiling_no_facts_are_worked_out(shop: SmallStore, ann: int) -> None:
    shop.rules(Big="total_spent >= 100")
    shop.full_pass()
    done(shop, "gdpr.object", customer=ann, to="profiling", reason="asked by letter")

    found = export(shop, customer=ann)

    decisions = found.json["decisions"]
    assert decisions["fact"] == {}
    assert "object to profiling" in decisions["tag"]["Big"]["why"]
    (row,) = found.rows("sidecar_restriction")
    assert (row["kind"], row["reason"]) == ("no_profiling", "asked by letter")


def test_rules_with_errors_leave_an_export_incomplete(shop: SmallStore, ann: int) -> None:
    shop.rules(Big="total_spend >= 100")

    answer = done(shop, "gdpr.export", customer=ann, **WHO)

    assert answer["state"] == "incomplete"
    assert "rules" in answer["missing"][0]
    assert opened(shop, answer).json["decisions"] is None


def test_an_unknown_table_of_an_extension_leaves_it_incomplete_until_it_is_registered(
    shop: SmallStore, ann: int
) -> None:
    prefix, register = shop.given.prefix, shop.sidecar.config.privacy.register
    shop.given.execute(WISHES.format(prefix=prefix))
    try:
        shop.given.execute(
            f"INSERT INTO `{prefix}acme_wish` VALUES (7, {ann}, 'A &amp; B'), (8, 99, 'C')"
        )

        before = done(shop, "gdpr.export", customer=ann, **WHO)
        register.mkdir()
        (register / "acme.toml").write_text(
            '[table.acme_wish]\nkey = "wish_id"\nrows = "delete"\n'
            'links = { customer_id = "customer" }\ncolumns.wish = { class = "content" }\n'
        )
        after = done(shop, "gdpr.export", customer=ann, **WHO)
    finally:
        shop.given.execute(f"DROP TABLE `{prefix}acme_wish`")

    assert (before["state"], after["state"]) == ("incomplete", "done")
    assert "acme_wish" in before["missing"][0]
    assert requests(shop)[0]["state"] == "incomplete"
    assert opened(shop, after).rows("acme_wish") == [
        {"wish_id": 7, "customer_id": ann, "wish": "A & B"}
    ]


# -- files ---------------------------------------------------------------------------------


def test_a_person_s_files_are_in_the_archive_by_a_name_that_leads_nowhere(
    shop: SmallStore, ann: int, uploads: Path
) -> None:
    in_folder(shop, uploads.parents[2])

    answer = done(shop, "gdpr.export", customer=ann, **WHO)

    found = opened(shop, answer)
    assert (answer["state"], answer["files"], answer["files_missing"]) == ("done", 1, 0)
    assert found.files == {"files/_my photo _1_.png": b"PNG"}
    assert found.json["files"] == [
        {
            "name": "../my photo <1>.png",
            "file": "files/_my photo _1_.png",
            "bytes": 3,
            "why_not": None,
        }
    ]


@pytest.mark.parametrize("reason", ["no folder", "gone", "a link", "elsewhere"])
def test_without_its_files_an_export_is_incomplete_and_lists_them(
    shop: SmallStore, ann: int, uploads: Path, reason: str
) -> None:
    if reason != "no folder":
        in_folder(shop, uploads.parents[2])
    if reason in ("gone", "a link"):
        (uploads / "a.png.1234").unlink()
    if reason == "a link":
        (uploads / "a.png.1234").symlink_to(__file__)
    if reason == "elsewhere":
        (uploads.parent / "secret").write_bytes(b"secret")
        shop.given.execute(f"UPDATE `{shop.given.prefix}upload` SET filename = '../secret'")

    answer = done(shop, "gdpr.export", customer=ann, **WHO)

    found = opened(shop, answer)
    assert (answer["state"], answer["files"], answer["files_missing"]) == ("incomplete", 0, 1)
    assert not found.files
    (listed,) = found.json["files"]
    assert (listed["name"], listed["file"]) == ("../my photo <1>.png", None)
    assert listed["why_not"]
    assert "my photo" in Page(found.html).text


# -- the file ------------------------------------------------------------------------------


def test_only_its_owner_reads_it_and_only_with_the_password(shop: SmallStore, ann: int) -> None:
    answer = done(shop, "gdpr.export", customer=ann, **WHO)

    file = Path(answer["file"])
    assert file == folder_of(shop) / "export-1.zip"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in file.parent.iterdir()] == ["export-1.zip"]
    with pytest.raises(RuntimeError, match="password"):
        open_export(file, "aaaa-bbbb-cccc-dddd")
    found = opened(shop, answer)
    assert found.names == ("README.txt", "export.html", "export.json")
    assert b"ann@example.com" not in file.read_bytes()


def test_the_password_stands_in_no_row_answer_or_log(
    shop: SmallStore, ann: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    export(shop, customer=ann)
    done(shop, "gdpr.password", request=1)

    (row,) = shop.rows("SELECT salt FROM {own}export")
    password = KEY.password(row["salt"])

    tables = [next(iter(each.values())) for each in shop.rows("SHOW TABLES")]
    rows = [shop.rows(f"SELECT * FROM `{table}`") for table in tables]
    assert row["salt"] in str(rows)
    assert password not in str(rows) + caplog.text
    assert shop.sidecar.privacy_view.export_password(1) == password


def test_the_password_is_told_once_and_again_only_where_that_is_asked_for(
    shop: SmallStore, ann: int
) -> None:
    assert "no export of request 1" in refused(shop, "gdpr.password", request=1)
    export(shop, customer=ann)

    done(shop, "gdpr.password", request=1)
    assert "--again" in refused(shop, "gdpr.password", request=1)
    done(shop, "gdpr.password", request=1, again=True)

    assert [act for act in acts(shop) if "password" in act] == ["password", "password again"]


def test_a_second_export_is_a_request_of_its_own(shop: SmallStore, ann: int) -> None:
    first = done(shop, "gdpr.export", customer=ann, **WHO)
    second = done(shop, "gdpr.export", customer=ann, **WHO)

    assert (first["request"], second["request"]) == (1, 2)
    assert opened(shop, first).json["request"] == 1
    assert opened(shop, second).json["request"] == 2


def test_it_is_deleted_when_its_time_is_over(shop: SmallStore, ann: int) -> None:
    first = Path(done(shop, "gdpr.export", customer=ann, **WHO)["file"])
    shop.now += datetime.timedelta(days=6)
    second = Path(done(shop, "gdpr.export", customer=ann, **WHO)["file"])
    minute(shop)
    assert first.exists()

    shop.now += datetime.timedelta(days=1)
    minute(shop)

    assert (first.exists(), second.exists()) == (False, True)
    assert "was deleted" in refused(shop, "gdpr.password", request=1)
    second.unlink()
    shop.now += datetime.timedelta(days=7)
    minute(shop)
    assert not shop.rows("SELECT * FROM {own}export WHERE deleted_at IS NULL")
    assert not gdpr.findings(shop)


# -- crashes -------------------------------------------------------------------------------


def test_whenever_the_process_ends_there_is_a_whole_file_or_none_and_it_is_made_again(
    shop: SmallStore, ann: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.given.order(ann, "10")
    for step in itertools.count(1):
        number = ask(shop, "gdpr.export", customer=ann, **WHO)
        with contextlib.suppress(CrashError), crash_at(step, shop, monkeypatch):
            dispatched(shop, number)
            break
        before = list(folder_of(shop).glob("*.zip"))
        answer = dispatched(shop, number).answer
        assert opened(shop, answer).rows("order")
        assert {name_of(row["request_id"]) for row in requests(shop)} >= {b.name for b in before}
    assert step > 10
    assert set(states(shop)) == {"done"}
    assert len(requests(shop)) == step
    files = sorted(each.name for each in folder_of(shop).iterdir())
    assert files == sorted(name_of(row["request_id"]) for row in requests(shop))


@contextlib.contextmanager
def crash_at(step: int, shop: SmallStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process ends at the write of that number, to the database or the folder."""
    left = [step]

    def count() -> None:
        left[0] -= 1
        if left[0] == 0:
            raise CrashError

    def execute(_c: Any, _cursor: Any, text: str, *_: Any) -> None:
        if text.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE", "REPLACE")):
            count()

    event.listen(shop.sidecar.engine, "before_cursor_execute", execute)
    try:
        with monkeypatch.context() as crashing:
            for owner, name in (
                (export_archive, "_sync"),
                (Path, "replace"),
                (export_html, "_list"),
                (export_json, "_head"),
            ):
                crashing.setattr(owner, name, counted(getattr(owner, name), count))
            yield
    finally:
        event.remove(shop.sidecar.engine, "before_cursor_execute", execute)


def counted(original: Callable[..., Any], count: Callable[[], None]) -> Callable[..., Any]:
    def before(*arguments: Any) -> Any:
        count()
        return original(*arguments)

    return before


def test_what_a_killed_export_left_behind_is_removed_by_the_next(
    shop: SmallStore, ann: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise CrashError

    with monkeypatch.context() as crashing:
        crashing.setattr(Path, "unlink", lambda *_, **__: None)
        crashing.setattr(Path, "replace", killed)
        with pytest.raises(CrashError):
            done(shop, "gdpr.export", customer=ann, **WHO)
    (left,) = folder_of(shop).iterdir()
    assert not left.name.endswith(".zip")

    shop.sidecar.requests.dispatcher().recover()
    done(shop, "gdpr.export", request=1)

    assert [each.name for each in folder_of(shop).iterdir()] == ["export-1.zip"]


def test_a_daemon_that_is_to_end_leaves_an_export_for_the_next(shop: SmallStore, ann: int) -> None:
    number = ask(shop, "gdpr.export", customer=ann, **WHO)
    asked = [0]

    def stop() -> bool:
        asked[0] += 1
        return asked[0] > 30

    shop.sidecar.stop = stop
    with pytest.raises(StoppedError):
        dispatched(shop, number)
    shop.sidecar.stop = None

    assert not list(folder_of(shop).glob("*"))
    assert shop.sidecar.requests.asked(number).state == "new"
    assert dispatched(shop, number).answer["state"] == "done"


def test_a_folder_that_cannot_be_written_fails_with_the_way_out_and_leaves_nothing(
    shop: SmallStore, ann: int
) -> None:
    folder_of(shop).parent.mkdir()
    folder_of(shop).write_text("no folder")

    said = refused(shop, "gdpr.export", 70, customer=ann, **WHO)

    assert "[privacy] exports" in said
    folder_of(shop).unlink()
    assert done(shop, "gdpr.export", request=1)["state"] == "done"
