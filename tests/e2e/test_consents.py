"""``consent`` as people use it."""

from __future__ import annotations

import json
import time

import pytest

from support.installation import Installation
from support.rows import Value
from support.running import running

#: What a terminal would obey.
HOSTILE = "it's \"so\" \\ \N{PARTY POPPER} \x1b[2J\x1b]0;owned\x07 '); DROP TABLE oc_customer; -- "


@pytest.fixture
def ann(installation: Installation) -> int:
    """A customer of a shop with a key, whose flags were all looked at."""
    ann = installation.given.customer("ann@example.com", newsletter=True)
    installation.rules(reader="newsletter")
    installation.write_config(more='[privacy]\nkey_file = "key"\n')
    installation.done("key", "create")
    installation.done("migrate")
    installation.done("once", "--yes")
    return ann


def flag(installation: Installation, customer: int) -> int:
    query = f"SELECT newsletter FROM oc_customer WHERE customer_id = {customer}"
    return int(installation.column(query)[0])


def test_a_consent_is_granted_withdrawn_and_shown(installation: Installation, ann: int) -> None:
    withdrawn = installation.sidecar("consent", "withdraw", "Ann@example.com", "--reason", HOSTILE)
    again = installation.sidecar("consent", "withdraw", "Ann@example.com")

    assert (withdrawn.returncode, withdrawn.stdout) == (0, "")
    assert withdrawn.stderr.startswith(f"email:newsletter of customer {ann} is withdrawn, since 20")
    assert "is withdrawn already" in again.stderr
    assert flag(installation, ann) == 0
    words = installation.folder / "words.txt"
    words.write_text("Yes, write to me.\n", "utf-8")
    wording = installation.done("consent", "wording", "add", "words.txt", "--locale", "en-gb")
    # Evidence of the very second of the withdrawal does not overcome it.
    time.sleep(1)
    granted = installation.json(
        "consent", "grant", str(ann), "--evidence", "form", "--wording", wording.strip()[:10]
    )
    assert (granted["state"], flag(installation, ann)) == ("granted", 1)
    shown = installation.done("consent", "show", str(ann))
    assert "\x1b" not in shown
    assert [line.split("\t")[3] for line in shown.splitlines() if "\t" in line] == [
        *("state", "granted", "what"),
        *("granted", "withdrawn", "granted"),
    ]
    assert "no evidence" in shown
    history = installation.json("consent", "show", str(ann))["history"]
    assert history[1]["words"] == HOSTILE
    assert history[2]["wording_text"] == "Yes, write to me.\n"
    assert "Yes, write to me." in installation.done("consent", "wording", "list")


def test_who_objects_gets_nothing_more_whatever_is_ticked_or_imported(
    installation: Installation, ann: int
) -> None:
    told = installation.sidecar("consent", "object", str(ann), "--reason", "letter")
    assert told.stderr == "nothing is sent there any more (1 consent changed)\n"
    installation.given.update("customer", {"customer_id": ann}, newsletter=1)
    twin = installation.given.customer("ANN@example.com", newsletter=True)

    installation.done("once", "--yes")

    assert (flag(installation, ann), flag(installation, twin)) == (0, 0)
    assert installation.json("customers", "newsletter") == []
    assert installation.done("consent", "suppressed", "ann@EXAMPLE.com").startswith("suppressed: ")
    refused = installation.sidecar(
        "consent", "grant", str(ann), "--evidence", "staff", "--reason", "by phone"
    )
    assert refused.returncode == 64
    assert "suppression list (the evidence has to be double_opt_in or document)" in refused.stderr


def test_a_running_sidecar_brings_flag_and_consent_in_line(
    installation: Installation, ann: int
) -> None:
    bob = installation.given.customer("bob@example.com")
    with running(installation) as sidecar:
        sidecar.logged("daemon.started")
        granted = installation.sidecar(
            "consent", "grant", str(bob), "--evidence", "document", "--reason", "signed"
        )
        assert granted.returncode == 0, granted.stderr
        installation.given.update("customer", {"customer_id": ann}, newsletter=0)
        hint: dict[str, Value] = {"customer_id": ann, "reason": "newsletter", "at": 1}
        installation.given.insert("sidecar_hint", hint)

        def states() -> dict[int, str]:
            found = installation.column(
                "SELECT JSON_OBJECTAGG(customer_id, state) FROM oc_sidecar_consent_state"
            )
            return {int(key): value for key, value in json.loads(found[0]).items()}

        sidecar.until(lambda: states()[ann] == "withdrawn", "the withdrawal is written down")
        sidecar.until(
            lambda: (
                [one["customer_id"] for one in installation.json("customers", "newsletter")]
                == [bob]
            ),
            "the facts follow",
        )
        assert installation.json("consent", "verify")["whole"] is True


def test_tampering_is_found(installation: Installation, ann: int) -> None:
    for _ in range(2):
        installation.done("consent", "withdraw", str(ann), "--purpose", "surveys")
    fine = installation.sidecar("consent", "verify")
    assert (fine.returncode, fine.stderr) == (0, "the chain is whole: 2 consents\n")
    installation.given.execute(
        "UPDATE oc_sidecar_consent SET evidence = 'document' WHERE consent_id = 1"
    )

    found = installation.sidecar("consent", "verify", "--json")

    assert found.returncode == 70
    assert json.loads(found.stdout)["first"] == 1
    said = installation.sidecar("consent", "verify")
    assert said.stdout == "consent 1 is not as it was written\n"
    assert said.stderr == "the chain is not whole: 2 consents\n"


def test_what_cannot_be_used_is_said(installation: Installation, ann: int) -> None:
    for arguments, code, words in (
        (("consent", "show", "999999"), 64, "no customer has the id 999999"),
        (("consent", "suppressed", "x", "--channel", "fax"), 64, "--channel: must be email, sms"),
        (("consent", "wording", "add", "none.txt"), 64, "none.txt: cannot be read"),
        (("consent", "grant", str(ann), "--evidence", "rumour"), 64, "must be 'form'"),
    ):
        process = installation.sidecar(*arguments)
        assert (process.returncode, words in process.stderr) == (code, True), process.stderr
    (installation.folder / "key").unlink()
    process = installation.sidecar("consent", "verify")
    assert process.returncode == 78
    assert "sidecar key create" in process.stderr
