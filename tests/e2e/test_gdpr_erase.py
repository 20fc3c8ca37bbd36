"""``gdpr erase`` and ``gdpr replay`` as people use them."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from support.installation import Installation

VERIFIED = ("--verified-by", "eve", "--how", "rang her")


@pytest.fixture
def ann(installation: Installation) -> int:
    """A customer with a tag and an order, in an installation with a key."""
    installation.write_config(
        more='[privacy]\nkey_file = "key"\njournal = "erasures.jsonl"\nerase_after = "2 hours"\n'
    )
    ann = installation.given.customer("ann@example.com")
    installation.given.order(ann, "50")
    installation.rules(buyer="orders > 0")
    installation.done("key", "create")
    installation.done("migrate")
    installation.done("once", "--yes")
    return ann


def emails(installation: Installation) -> list[str]:
    with installation.engine.connect() as tx:
        return list(tx.scalars(text("SELECT email FROM oc_customer ORDER BY customer_id")))


def test_the_plan_shows_tables_and_why_and_writes_nothing(
    installation: Installation, ann: int
) -> None:
    shown = installation.done("gdpr", "erase", str(ann), "--plan")
    found = installation.json("gdpr", "erase", "ann@example.com", "--plan")

    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in shown.splitlines()}
    assert rows["Account"][:2] == ["1", "deleted"]
    assert rows["Orders"][:2] == ["1", "rewritten"]
    assert "accounting" in rows["Orders"][3]
    assert found["customer_id"] == ann
    assert {one["table"] for one in found["tables"]} >= {"customer", "order", "sidecar_customer"}
    assert emails(installation) == ["ann@example.com"]
    assert installation.json("gdpr", "list")["requests"] == []


def test_it_waits_and_can_be_cancelled_and_is_done_at_once_where_that_is_said(
    installation: Installation, ann: int
) -> None:
    waiting = installation.sidecar("gdpr", "erase", str(ann), *VERIFIED)
    assert waiting.stderr.startswith("request 1 is waiting: the erasure begins on 20")
    installation.done("once")
    assert emails(installation) == ["ann@example.com"]
    unasked = installation.sidecar("gdpr", "erase", str(ann), "--now")
    assert (unasked.returncode, "call it with --yes" in unasked.stderr) == (64, True)

    done = installation.json("gdpr", "erase", str(ann), "--now", "--yes")

    assert (done["request"], done["state"], done["complete"]) == (1, "done", True)
    assert emails(installation) == []
    assert installation.json("gdpr", "list", "--all")["requests"][0]["customer_id"] is None
    again = installation.sidecar("gdpr", "erase", str(ann), "--now", "--yes", *VERIFIED)
    assert again.returncode == 64
    assert installation.json("once")["state"] == "nothing"


def test_nobody_is_erased_of_whom_it_is_not_known_that_they_ask(
    installation: Installation, ann: int
) -> None:
    refused = installation.sidecar("gdpr", "erase", str(ann), "--now", "--yes")

    assert (refused.returncode, "is not verified" in refused.stderr) == (64, True)
    assert emails(installation) == ["ann@example.com"]


def test_a_journal_that_cannot_be_written_keeps_everything(
    installation: Installation, ann: int
) -> None:
    journal = installation.folder / "erasures.jsonl"
    journal.mkdir()

    refused = installation.sidecar("gdpr", "erase", str(ann), "--now", "--yes", *VERIFIED)

    assert refused.returncode == 70
    assert "the journal of erasures" in refused.stderr
    assert emails(installation) == ["ann@example.com"]
    journal.rmdir()
    installation.done("once")
    assert emails(installation) == []


def test_after_a_restore_everybody_is_erased_again(installation: Installation, ann: int) -> None:
    with installation.engine.connect() as tx:
        backup = dict(tx.execute(text("SELECT * FROM oc_customer")).mappings().one())
    installation.done("gdpr", "erase", str(ann), "--now", "--yes", *VERIFIED)
    with installation.engine.begin() as tx:
        names = ", ".join(f"`{name}`" for name in backup)
        marks = ", ".join(f":{name}" for name in backup)
        tx.execute(text(f"INSERT INTO oc_customer ({names}) VALUES ({marks})"), backup)
        tx.execute(text("DELETE FROM oc_sidecar_journal"))
    doctor = json.loads(installation.sidecar("doctor", "--json").stdout)
    assert [one["state"] for one in doctor if one["check"] == "privacy.journal"] == ["error"]

    assert installation.json("gdpr", "replay", "--plan")["accounts"] == [ann]
    assert emails(installation) == ["ann@example.com"]
    done = installation.sidecar("gdpr", "replay", "--yes")

    assert done.stderr.splitlines()[-2:] == ["erased again: 1 account, 0 guests", "erased"]
    assert emails(installation) == []
