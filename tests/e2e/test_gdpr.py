"""``gdpr`` as people use it: requests, rights, holds and the takeover."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from support.gdpr import NATIVE
from support.installation import Installation

#: What a terminal would obey.
HOSTILE = "it's \"so\" \\ \N{PARTY POPPER} \x1b[2J\x1b]0;owned\x07 '); DROP TABLE oc_customer; -- "


@pytest.fixture
def ann(installation: Installation) -> int:
    """A customer with a tag, in an installation with a key."""
    installation.write_config(more='[privacy]\nkey_file = "key"\nerase_after = "2 hours"\n')
    ann = installation.given.customer("ann@example.com")
    installation.given.order(ann, "50")
    installation.rules(buyer="orders > 0")
    installation.done("key", "create")
    installation.done("migrate")
    installation.done("once", "--yes")
    return ann


def native(installation: Installation, *statements: str) -> None:
    with installation.engine.begin() as tx:
        for statement in statements:
            tx.execute(text(statement.format(prefix="oc_", engine="InnoDB")))


def test_a_request_from_its_entry_to_its_answer(installation: Installation, ann: int) -> None:
    entered = installation.sidecar("gdpr", "request", "erase", "ANN@example.com")
    assert (entered.returncode, entered.stdout) == (0, "")
    first, second = entered.stderr.splitlines()
    assert first.startswith("request 1, unverified, to be answered by 20")
    assert second == "next: sidecar gdpr verify 1 --verified-by USER --how TEXT"
    again = installation.sidecar("gdpr", "request", "erase", str(ann))
    assert again.stderr.startswith("there already: request 1")
    refused = installation.sidecar("gdpr", "approve", "1")
    assert (refused.returncode, "is not verified" in refused.stderr) == (64, True)

    installation.done("gdpr", "verify", "1", "--verified-by", "eve", "--how", HOSTILE)
    approved = installation.sidecar("gdpr", "approve", "1")

    assert approved.stderr.startswith("request 1 is waiting, may be carried out from 20")
    listed = installation.done("gdpr", "list").splitlines()
    assert listed[1].split("\t")[:5] == ["1", "erase", str(ann), "waiting", "staff"]
    assert "1 request, the first due 20" in installation.sidecar("status").stdout
    cancelled = installation.sidecar("gdpr", "cancel", "1", "--reason", HOSTILE)
    assert cancelled.stderr == "request 1 is cancelled\n"
    shown = installation.done("gdpr", "show", "1")
    assert [line.split("\t")[1] for line in shown.splitlines() if line.count("\t") == 3] == [
        "what", "entered", "verified", "approved", "cancelled",
    ]  # fmt: skip
    assert "\x1b" not in shown
    assert installation.json("gdpr", "show", "1")["acts"][-1]["reason"] == HOSTILE
    assert installation.sidecar("gdpr", "list").stderr == "no request waits for an answer\n"
    assert len(installation.json("gdpr", "list", "--all")["requests"]) == 1


def test_a_guest_is_found_by_the_address_and_nobody_else_is(
    installation: Installation, ann: int
) -> None:
    installation.done("gdpr", "request", "access", "--guest", "gus@example.com")

    assert installation.json("gdpr", "show", "GUS@example.com")["requests"][0]["request"] == 1
    nobody = installation.json("gdpr", "show", "eve@example.com")
    assert (nobody["requests"], nobody["legal_hold"]) == ([], None)
    for wrong in (
        ("gdpr", "request", "access"),
        ("gdpr", "request", "everything", str(ann)),
        ("gdpr", "request", "access", "nobody@example.com"),
        ("gdpr", "request", "access", "--guest", "ann@example.com"),
        ("gdpr", "approve", "77"),
        ("gdpr", "show", "77"),
        ("gdpr", "show", "77", "--customer"),
        ("gdpr", "takeover"),
    ):
        assert installation.sidecar(*wrong).returncode == 64, wrong


def test_restriction_objection_and_hold_are_entered_shown_and_lifted(
    installation: Installation, ann: int
) -> None:
    done = installation.sidecar("gdpr", "restrict", str(ann), "--reason", HOSTILE)
    assert done.stderr == f"customer {ann} is restricted\n"
    assert installation.json("customers", "orders > 0") == []
    installation.done("gdpr", "hold", str(ann), "--reason", "a lawsuit", "--until", "2099-12-31")
    shown = installation.done("gdpr", "show", str(ann), "--customer")
    assert shown.startswith("restricted since 20")
    assert "legal hold until 2099-12-31" in shown
    assert "\x1b" not in shown
    explained = installation.sidecar("explain", str(ann))
    assert f"restricted: `sidecar gdpr show {ann} --customer`" in explained.stderr
    assert "1 restricted, 1 legal holds" in installation.sidecar("status").stdout
    installation.done(
        "gdpr", "request", "erase", str(ann), "--verified-by", "eve", "--how", "passport"
    )
    held = installation.sidecar("gdpr", "approve", "1")
    assert (held.returncode, "a lawsuit" in held.stderr) == (75, True)

    installation.done("gdpr", "unhold", str(ann), "--reason", "settled")
    installation.done("gdpr", "unrestrict", "ann@example.com", "--reason", "settled")

    assert [row["tags"] for row in installation.json("customers", "orders > 0")] == [["buyer"]]
    installation.done("gdpr", "object", str(ann), "--to", "profiling", "--reason", "a letter")
    assert installation.json("explain", str(ann))["tag"]["buyer"]["holds"] is False
    installation.done("gdpr", "unobject", str(ann), "--to", "profiling", "--reason", "a letter")
    assert installation.json("explain", str(ann))["tag"]["buyer"]["holds"] is True


def test_opencarts_own_requests_are_taken_over_and_given_back_with_the_rest(
    installation: Installation, ann: int
) -> None:
    native(
        installation, *NATIVE,
        "INSERT INTO oc_gdpr (email, action, status, date_added)"
        " VALUES ('ann@example.com', 'remove', 1, UTC_TIMESTAMP())",
    )  # fmt: skip
    installation.done("once")
    assert "read only" in installation.sidecar("gdpr", "list").stderr
    refused = installation.sidecar("gdpr", "refuse", "1", "--reason", "x")
    assert "sidecar gdpr takeover" in refused.stderr
    said = installation.sidecar("gdpr", "takeover").stderr
    assert said.startswith("taken over: OpenCart's own job `gdpr` is off")
    jobs = "SELECT status FROM oc_cron ORDER BY cron_id"
    assert installation.column(jobs) == [1, 0, 0]
    installation.done("gdpr", "approve", "1")
    assert installation.column("SELECT status FROM oc_gdpr") == [2]

    removed = installation.sidecar("uninstall", "--yes")

    assert "the takeover of OpenCart's own requests" in removed.stderr
    assert installation.column(jobs) == [1, 1, 0]
    assert "takeover" not in installation.sidecar("uninstall", "--yes").stderr
    undone = installation.sidecar("gdpr", "takeover", "--undo")
    assert (undone.returncode, "nothing to undo" in undone.stderr) == (64, True)


def test_without_a_key_it_is_said_what_to_do(installation: Installation) -> None:
    installation.write_config(more='[privacy]\nkey_file = "nowhere"\n')
    ann = installation.given.customer("ann@example.com")
    installation.done("migrate")

    refused = installation.sidecar("gdpr", "request", "erase", str(ann))

    assert (refused.returncode, "sidecar key create" in refused.stderr) == (78, True)
