"""``gdpr export`` and ``gdpr password`` as people use them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.exported import open_export
from support.installation import Installation
from support.running import running

WHO = ("--verified-by", "eve", "--how", "showed a card")


@pytest.fixture
def ann(installation: Installation) -> int:
    """A customer of a shop with a key."""
    ann = installation.given.customer("ann@example.com", first_name="Änn <b>")
    installation.given.order(ann, "12.5")
    folder = installation.folder
    installation.write_config(
        more=f'[privacy]\nkey_file = "{folder}/key"\nexports = "{folder}/exports"\n'
    )
    installation.done("key", "create")
    installation.done("migrate")
    return ann


def test_an_export_is_made_copied_and_opened(installation: Installation, ann: int) -> None:
    copy = installation.folder / "for ann.zip"

    process = installation.sidecar("gdpr", "export", "ann@example.com", *WHO, "--output", str(copy))

    assert process.returncode == 0, process.stderr
    assert process.stdout == f"{copy}\n"
    assert "request 1 is done" in process.stderr
    assert "sidecar gdpr password 1" in process.stderr
    assert "other people" in process.stderr
    made = installation.folder / "exports" / "export-1.zip"
    assert copy.read_bytes() == made.read_bytes()
    assert copy.stat().st_mode & 0o777 == 0o600

    password = installation.done("gdpr", "password", "1")

    assert password.count("\n") == 1
    found = open_export(copy, password.strip())
    assert found.rows("customer")[0]["firstname"] == "Änn <b>"
    assert "Änn &lt;b&gt;" in found.html
    again = installation.sidecar("gdpr", "password", "1")
    assert (again.returncode, again.stdout) == (64, "")
    assert installation.done("gdpr", "password", "1", "--again") == password


def test_a_copy_is_never_made_over_a_file(installation: Installation, ann: int) -> None:
    copy = installation.folder / "mine.zip"
    copy.write_text("mine")

    process = installation.sidecar("gdpr", "export", str(ann), *WHO, "--output", str(copy))

    assert process.returncode == 64
    assert "there is a file already" in process.stderr
    assert copy.read_text() == "mine"
    assert not (installation.folder / "exports").exists()


def test_without_knowing_who_asks_there_is_no_export(installation: Installation, ann: int) -> None:
    process = installation.sidecar("gdpr", "export", str(ann))

    assert process.returncode == 64
    assert "sidecar gdpr verify 1" in process.stderr
    assert not (installation.folder / "exports").exists()


def test_a_running_sidecar_makes_the_export_that_is_asked_for_beside_it(
    installation: Installation, ann: int
) -> None:
    with running(installation) as daemon:
        daemon.logged("daemon.started")
        answer = installation.json("gdpr", "export", str(ann), *WHO)
        password = installation.done("gdpr", "password", str(answer["request"])).strip()

        assert (answer["state"], answer["complete"]) == ("done", True)
        assert open_export(Path(answer["file"]), password).rows("order")
        assert password not in daemon.log
        assert "ann@example.com" not in daemon.log


def test_two_at_once_get_an_export_each(installation: Installation, ann: int) -> None:
    asked = ("gdpr", "export", str(ann), *WHO, "--json")
    with ThreadPoolExecutor(2) as both:
        answers = [json.loads(out) for out in both.map(lambda _: installation.done(*asked), "ab")]

    assert len({answer["file"] for answer in answers}) == 2
    for answer in answers:
        password = installation.done("gdpr", "password", str(answer["request"])).strip()
        assert open_export(Path(answer["file"]), password).rows("order")
