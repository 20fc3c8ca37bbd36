"""What the page of privacy reads, held to what the sidecar wrote; downloads and letters."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from bridge.php_database import php_call
from sidecar.config import Database
from sidecar.privacy import sealing
from support import gdpr
from support.commanding import ask, dispatched, done
from support.gdpr import prepared, with_exports, with_native
from support.small_store import SmallStore

HOSTILE = 'it\'s "<b>50%_\\</b>" 🦊'

WHO = {"verified_by": "eve", "how": HOSTILE}

PAGE = (
    "return (new Sidecar\\DataRequests($database))"
    "->page($values['state'], $values['kind'], $values['who'], $values['page']);"
)
DOWNLOAD = "$download = new Sidecar\\ExportDownload($database, $values['command']);"


@pytest.fixture
def shop(store: SmallStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SmallStore:
    return with_exports(prepared(store, monkeypatch), monkeypatch, tmp_path)


def listed(
    database: Database, state: str = "", kind: str = "", who: str = "", page: int = 1
) -> tuple[list[int], int]:
    rows, total = php_call(database, PAGE, state=state, kind=kind, who=who, page=page)
    return [int(row["request_id"]) for row in rows], total


def request(shop: SmallStore, kind: str, **asked: Any) -> int:
    return int(done(shop, "gdpr.request", kind=kind, **asked)["request"])


# -- requests ------------------------------------------------------------------------------


def test_requests_are_those_that_the_command_line_lists(
    shop: SmallStore, small_database: Database
) -> None:
    ann = shop.given.customer(first_name=HOSTILE)
    numbers = [
        request(shop, "access", customer=ann, received="2026-01-05", **WHO)
        if n % 2
        else request(shop, "rectify", guest=f"guest{n}@example.com")
        for n in range(2, 6)
    ]
    done(shop, "gdpr.refuse", request=numbers[0], reason=HOSTILE)
    listing: Any = shop.sidecar.privacy_view.requests(everything=False, limit=100)
    told = listing["requests"]

    found, total = listed(small_database)

    assert found == [one["request"] for one in told]
    assert total == len(told) == 2
    everything, _ = listed(small_database, "all")
    assert everything == sorted(set(numbers), reverse=True)
    assert listed(small_database, "refused")[0] == [numbers[0]]
    assert listed(small_database, kind="access")[0] == [numbers[1]]
    assert listed(small_database, who=str(ann))[0] == [numbers[1]]
    assert listed(small_database, who="guest4@example.com")[0] == [numbers[2]]
    assert listed(small_database, who="x' OR 1=1 -- ") == ([], 0)
    assert listed(small_database, "no'such", "x' OR 1=1 -- ")[0] == found


def test_pages_follow_each_other_without_gap_or_double(
    shop: SmallStore, small_database: Database
) -> None:
    numbers = [request(shop, "rectify", guest=f"g{n}@example.com") for n in range(27)]
    first, total = listed(small_database)
    second, _ = listed(small_database, page=2)

    assert (len(first), len(second), total) == (25, 2, 27)
    assert sorted(first + second) == numbers


def test_a_request_tells_who_did_what_and_its_archive(
    shop: SmallStore, small_database: Database
) -> None:
    ann = shop.given.customer()
    made = done(shop, "gdpr.export", customer=ann, **WHO)
    done(shop, "gdpr.password", request=made["request"])
    code = (
        "$requests = new Sidecar\\DataRequests($database); return ["
        "$requests->one($values['n']), $requests->acts($values['n']),"
        " $requests->export($values['n']), $requests->one(4294967295), $requests->export(1 << 31)];"
    )

    one, acts, export, nobody, nothing = php_call(small_database, code, n=made["request"])

    assert (one["verified_by"], one["verified_how"], one["state"]) == ("eve", HOSTILE, "done")
    one_told: Any = shop.sidecar.privacy_view.request(made["request"])
    said = one_told["acts"]
    assert [(act["act"], act["reason"]) for act in acts] == [
        (act["act"], act["reason"]) for act in said
    ]
    assert export["sha256"] == made["sha256"]
    assert int(export["told_at"]) == shop.moment.epoch_s
    assert (nobody, nothing) == (None, None)


def test_overdue_ones_are_counted(shop: SmallStore, small_database: Database) -> None:
    late = request(shop, "rectify", guest="a@example.com")
    request(shop, "rectify", guest="b@example.com")
    shop.rows("UPDATE {own}privacy_request SET due_at = 2000000000 + request_id")
    shop.rows("UPDATE {own}privacy_request SET due_at = 5 WHERE request_id = %s", late)
    shop.given.connection.commit()

    found = php_call(small_database, "return (new Sidecar\\DataRequests($database))->counts();")

    assert found == {"open": 2, "overdue": 1}


# -- retention and holds -------------------------------------------------------------------


def test_holds_that_stand_are_listed_and_ended_ones_are_not(
    shop: SmallStore, small_database: Database
) -> None:
    ann, bob = shop.given.customer(first_name="Ann", last_name="<b>"), shop.given.customer()
    done(shop, "gdpr.hold", customer=ann, reason=HOSTILE)
    done(shop, "gdpr.hold", customer=bob, reason="over")
    shop.rows("UPDATE {own}legal_hold SET until = 5 WHERE customer_id = %s", bob)
    shop.given.connection.commit()

    (hold,) = php_call(small_database, "return (new Sidecar\\Keeping($database))->holds();")

    assert (hold["customer_id"], hold["name"], hold["until"]) == (str(ann), "Ann <b>", None)
    assert (hold["actor"], hold["reason"]) == ("eve", HOSTILE)


def test_purges_that_wait_come_first_and_the_next_day_is_told(
    shop: SmallStore, small_database: Database
) -> None:
    for state in ("waiting", "done", "discarded"):
        shop.rows(
            "INSERT INTO {own}purge (rule, fingerprint, state, planned, erased, planned_at)"
            f" VALUES (%s, 'x', '{state}', 3, 0, 7)",
            HOSTILE,
        )
    shop.rows(
        "INSERT INTO {own}purge_date (customer_id, purge_at) VALUES (1, 5), (2, 4000000000),"
        " (3, 4000000001)"
    )
    shop.given.connection.commit()
    code = "$k = new Sidecar\\Keeping($database); return [$k->purges(), $k->next()];"

    found, following = php_call(small_database, code)

    assert [one["state"] for one in found] == ["waiting", "discarded", "done"]
    assert {one["rule"] for one in found} == {HOSTILE}
    assert following == {"at": "4000000000", "accounts": 2}


def test_the_takeover_is_told_as_it_stands(shop: SmallStore, small_database: Database) -> None:
    code = "$t = new Sidecar\\Takeover($database); return [$t->state(), $t->rows()];"
    natives = with_native(shop)
    next(natives)
    try:
        gdpr.native(shop, "a@example.com", status=1)
        gdpr.native(shop, "b@example.com", status=-1)
        before, rows = php_call(small_database, code)
        done(shop, "gdpr.takeover")
        after, _ = php_call(small_database, code)
        done(shop, "gdpr.takeover", undo=True)
        again, _ = php_call(small_database, code)
    finally:
        next(natives, None)

    assert (before["taken"], before["job_on"], before["jobs"]) == (False, True, 1)
    assert (after["taken"], after["job_on"], after["by"]) == (True, False, "eve")
    assert (again["taken"], again["half"], again["job_on"]) == (False, False, True)
    assert rows == {"-1": 1, "1": 1}


# -- downloads -----------------------------------------------------------------------------


@pytest.fixture
def ready(shop: SmallStore, monkeypatch: pytest.MonkeyPatch) -> tuple[int, bytes]:
    """The number of a download that is ready now, by PHP's clock; and the file."""
    made = done(shop, "gdpr.export", customer=shop.given.customer(), **WHO)
    number = ask(shop, "gdpr.download", request=made["request"])
    assert dispatched(shop, number).state == "done"
    shop.rows("UPDATE {own}export_part SET ends_at = 4000000000")
    shop.given.connection.commit()
    return number, Path(made["file"]).read_bytes()


def test_a_download_is_the_file_part_by_part_and_claimed_once(
    shop: SmallStore, small_database: Database, ready: tuple[int, bytes]
) -> None:
    number, whole = ready
    code = (
        DOWNLOAD + " $found = $download->find('admin:eve'); $parts = [];"
        " for ($part = 0; $part < $found['parts']; $part++) {"
        " $parts[] = base64_encode($download->part($part)); }"
        " return [$found, $download->isWhole($found), $parts, $download->claim('admin:eve'),"
        " $download->claim('admin:eve')];"
    )

    found, is_whole, parts, first, second = php_call(small_database, code, command=number)

    assert b"".join(base64.b64decode(part) for part in parts) == whole
    assert (found["bytes"], is_whole, first, second) == (len(whole), True, True, False)
    (row,) = shop.rows("SELECT * FROM {own}command WHERE name = 'gdpr.downloaded'")
    assert (row["actor"], row["idempotency_key"]) == ("admin:eve", f"downloaded-{number}")
    assert dispatched(shop, row["command_id"]).state == "done"


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE {own}export_part SET ends_at = 5",
        "DELETE FROM {own}export_part WHERE part = 1",
        "UPDATE {own}command SET actor = 'admin:mallory'",
        "UPDATE {own}command SET name = 'gdpr.export' WHERE name = 'gdpr.download'",
        "UPDATE {own}command SET state = 'running', answer = NULL",
        "UPDATE {own}export SET deleted_at = 5",
        "DELETE FROM {own}export",
    ],
)
def test_what_is_not_ready_or_not_theirs_is_not_found(
    shop: SmallStore, small_database: Database, ready: tuple[int, bytes], spoil: str
) -> None:
    shop.rows(spoil)
    shop.given.connection.commit()

    code = DOWNLOAD + " return $download->find('admin:eve');"

    assert php_call(small_database, code, command=ready[0]) is None


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE {own}export_part SET bytes = CONCAT('x', SUBSTRING(bytes, 2)) WHERE part = 1",
        "UPDATE {own}export SET sha256 = REPEAT('0', 64)",
        "UPDATE {own}export SET bytes = bytes + 1",
    ],
)
def test_what_is_another_file_is_not_whole(
    shop: SmallStore, small_database: Database, ready: tuple[int, bytes], spoil: str
) -> None:
    shop.rows(spoil)
    shop.given.connection.commit()

    code = DOWNLOAD + " return $download->isWhole($download->find('admin:eve'));"

    assert php_call(small_database, code, command=ready[0]) is False


# -- letters -------------------------------------------------------------------------------


def test_what_the_sidecar_seals_php_opens_and_nobody_else(small_database: Database) -> None:
    mine, theirs = php_call(
        small_database, "return [Sidecar\\SealedLetter::keys(), Sidecar\\SealedLetter::keys()];"
    )
    sealed = sealing.seal(HOSTILE, mine["public"])
    opened = "return Sidecar\\SealedLetter::open($values['sealed'], $values['private']);"

    key = load_pem_public_key(mine["public"].encode())
    assert key.key_size == 2048  # type: ignore[union-attr]
    assert mine["private"].isascii()
    assert not set(mine["private"]) & set("+/=;, \n")
    assert len(mine["private"]) < 2_000, "browsers keep 4,096 bytes"
    assert php_call(small_database, opened, sealed=sealed, private=mine["private"]) == HOSTILE
    for text, private in (
        (sealed, theirs["private"]),
        (sealed, ""),
        (sealed, "🦊'"),
        ("", mine["private"]),
        ("no base64!", mine["private"]),
        (sealed[:-8] + "AAAAAAA=", mine["private"]),
    ):
        assert php_call(small_database, opened, sealed=text, private=private) is None
