"""``credit`` as people use it."""

from __future__ import annotations

import datetime

import pytest

from sidecar import clock
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import own_tables
from sidecar.sync.commands import queue
from support.installation import Installation
from support.running import running

PROGRAM = '[loyalty]\nstart = "2020-01-01"\n\n[credit]\napprove_above = 50\n'

#: What a terminal would obey.
HOSTILE = "it's \"so\" \\ \N{PARTY POPPER} \x1b[2J\x1b]0;owned\x07 '); DROP TABLE oc_customer; -- "


def program(installation: Installation, text: str = PROGRAM) -> None:
    rules = f"{text}[[tag]]\nname = 'rich'\nwhen = 'credit >= 10'\n"
    (installation.folder / "rules.d" / "rules.toml").write_text(rules, "utf-8")


def money(installation: Installation) -> list[str]:
    """The store's own rows."""
    query = "SELECT amount FROM oc_customer_transaction ORDER BY customer_transaction_id"
    return [str(amount) for amount in installation.column(query)]


def rich(installation: Installation) -> list[int]:
    return [row["customer_id"] for row in installation.json("customers", 'tags has "rich"')]


def asked_by(installation: Installation, actor: str, name: str, **parameters: object) -> int:
    """Somebody else asked, e.g. in the admin; the number of the command."""
    own = own_tables(installation.database.prefix)
    with transaction(installation.engine) as tx:
        return queue.ask(tx, own, name, parameters, actor, clock.now())


@pytest.fixture
def ann(installation: Installation) -> int:
    """A customer of a shop that keeps store credit."""
    ann = installation.given.customer("ann@example.com")
    program(installation)
    installation.done("migrate")
    installation.done("once", "--yes")
    return ann


def test_credit_that_a_person_issues_is_there_at_once_with_what_depends_on_it(
    installation: Installation, ann: int
) -> None:
    issued = installation.sidecar(
        "credit", "issue", "ANN@example.com", "12.5", "--for", "goodwill", "--reason", "sorry"
    )

    assert (issued.returncode, issued.stdout) == (0, "")
    assert issued.stderr == f"12.50 issued as 1: customer {ann} has 12.50 EUR\n"
    assert (money(installation), rich(installation)) == (["12.5000"], [ann])
    ended = installation.sidecar("credit", "expire", "1", "--reason", "typo")
    assert ended.stderr == f"12.50 of issue 1 expired: customer {ann} has 0.00 EUR\n"
    assert (money(installation), rich(installation)) == (["12.5000", "-12.5000"], [])
    assert installation.json("once")["state"] == "nothing"


def test_a_refund_of_an_order_is_shown_with_its_reason_and_last_day(
    installation: Installation, ann: int
) -> None:
    order_id = installation.given.order(ann, "30")
    installation.done(
        "credit", "issue", str(ann), "30", "--for", "refund", "--order", str(order_id),
        "--reason", HOSTILE,
    )  # fmt: skip
    today = clock.now().date()
    last = today + datetime.timedelta(days=90)
    installation.done(
        "credit", "issue", str(ann), "1.2345", "--for", "gift", "--until", last.isoformat(),
        "--reason", "x",
    )  # fmt: skip

    found = installation.json("credit", "show", "ann@example.com")
    shown = installation.done("credit", "show", str(ann), "--limit", "1")

    assert found["available"] == "31.2345"
    assert [bucket["what"] for bucket in found["buckets"]] == [
        "gift, issue 2",
        f"refund of order {order_id}, issue 1",
    ]
    assert found["buckets"][1]["reason"] == HOSTILE
    assert found["buckets"][0]["until"] == last.isoformat()
    lines = shown.splitlines()
    assert lines[0] == "available  31.2345 EUR"
    assert lines[3].split("\t")[:4] == ["1.2345", "1.2345", "gift, issue 2", last.isoformat()]
    assert lines[-1].split("\t")[1:4] == ["gift, issue 2", "+1.2345", "+1.2345"]
    assert not any(ord(character) < 32 for character in shown.replace("\n", "").replace("\t", ""))


def test_much_waits_until_somebody_else_approves_it(installation: Installation, ann: int) -> None:
    asked_by(
        installation, "admin:eve", "credit.issue",
        customer=ann, amount="80", kind="goodwill", reason="big",
    )  # fmt: skip
    installation.done("once")
    own = installation.sidecar(
        "credit", "issue", str(ann), "50.01", "--for", "gift", "--reason", "x"
    )

    assert own.returncode == 75
    assert "issue 2 over 50.01 waits until another person approves it" in own.stderr
    waiting = installation.sidecar("credit", "waiting")
    assert [line.split("\t")[0] for line in waiting.stdout.splitlines()] == ["waiting", "1", "2"]
    assert waiting.stderr == "2 issues waiting, 130.01 EUR\n"
    status = installation.done("loyalty", "status").splitlines()
    assert "store credit        0.00 EUR of 0 customers" in status
    assert "                    130.01 EUR in 2 issues to be approved" in status

    mine = installation.sidecar("credit", "approve", "2")
    assert (mine.returncode, "another person decides" in mine.stderr) == (64, True)
    approved = installation.sidecar("credit", "approve", "1")
    assert approved.stderr == f"80.00 issued as 1: customer {ann} has 80.00 EUR\n"
    asked_by(installation, "admin:eve", "credit.refuse", issue=2, reason="no")
    installation.done("once")

    assert money(installation) == ["80.0000"]
    assert installation.sidecar("credit", "waiting").stderr == "0 issues waiting\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ann@example.com", "0", "--for", "gift", "--reason", "x"], "amount: must be above 0"),
        (["ann@example.com", "1,5", "--for", "gift", "--reason", "x"], "amount: must be above 0"),
        (["ann@example.com", "1.00001", "--for", "gift", "--reason", "x"], "at most 4 places"),
        (["ann@example.com", "5", "--for", "fun", "--reason", "x"], "kind: must be 'refund'"),
        (["ann@example.com", "5", "--for", "gift"], "Missing option '--reason'"),
        (["ann@example.com", "5", "--reason", "x"], "Missing option '--for'"),
        (["99", "5", "--for", "gift", "--reason", "x"], "no customer has the id 99"),
        (
            ["ann@example.com", "5", "--for", "refund", "--order", "7", "--reason", "x"],
            "has no order 7",
        ),
        (
            ["ann@example.com", "5", "--for", "gift", "--until", "soon", "--reason", "x"],
            "until: 'soon' is not a day",
        ),
    ],
)
def test_what_is_wrong_is_said_and_gives_nothing(
    installation: Installation, ann: int, arguments: list[str], said: str
) -> None:
    done = installation.sidecar("credit", "issue", *arguments)

    assert (done.returncode, done.stdout) == (64, "")
    assert said in " ".join(done.stderr.split())
    assert money(installation) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "1"],
        ["waiting"],
        ["issue", "1", "5", "--for", "gift", "--reason", "x"],
        ["approve", "1"],
        ["refuse", "1", "--reason", "x"],
        ["expire", "1", "--reason", "x"],
    ],
    ids=" ".join,
)
def test_without_credit_in_the_rules_every_command_says_what_to_do(
    installation: Installation, arguments: list[str]
) -> None:
    installation.given.customer()
    program(installation, '[loyalty]\nstart = "2020-01-01"\n')
    installation.done("migrate")

    done = installation.sidecar("credit", *arguments)

    assert (done.returncode, done.stdout) == (78, "")
    assert "write [credit] into a file of the rules" in done.stderr


def test_a_daemon_keeps_what_the_checkout_spends_within_a_cycle(
    installation: Installation, ann: int
) -> None:
    with running(installation):
        installation.done("credit", "issue", str(ann), "40", "--for", "gift", "--reason", "x")
        installation.given.insert(
            "customer_transaction", {"description": ""}, customer_id=ann, order_id=7, amount="-15"
        )
        shown = installation.json("credit", "show", str(ann))
        deadline = clock.monotonic() + 30
        while shown["available"] != "25.0000" and clock.monotonic() < deadline:
            clock.sleep(0.2)
            shown = installation.json("credit", "show", str(ann))

    assert shown["available"] == "25.0000"
    assert [entry["what"].split(",")[0] for entry in shown["entries"]] == ["the store", "gift"]
    assert installation.json("loyalty", "reconcile")["drift"] == 0
