"""The log: JSON for machines, colours for people, no personal data for anybody."""

from __future__ import annotations

import io
import json
import logging
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from sidecar import log
from sidecar.config import Secret
from sidecar.log import drop_personal_data


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def written(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def cleaned(**values: object) -> dict[str, Any]:
    return dict(drop_personal_data(None, "info", dict(values)))


def test_an_email_never_reaches_a_log_line() -> None:
    with capture_logs(processors=[drop_personal_data]) as lines:
        structlog.get_logger().info("message.sent", customer_id=7, email="a@b.c")

    assert lines == [
        {"event": "message.sent", "customer_id": 7, "email": "[removed]", "log_level": "info"}
    ]


@pytest.mark.parametrize(
    "key",
    [
        "email",
        "Email",
        "customer_email",
        "firstname",
        "payment_lastname",
        "name",
        "customer_name",
        "telephone",
        "shipping_address_1",
        "address",
        "ip",
        "user_ip",
        "password",
        "database_password",
        "api_key",
        "token",
        "postcode",
        "birthday",
    ],
)
def test_what_a_personal_key_holds_is_removed(key: str) -> None:
    assert cleaned(**{key: "anything"}) == {key: "[removed]"}


@pytest.mark.parametrize(
    "key",
    ["customer_id", "address_id", "emails_count", "rule_name", "key", "password_file", "tip"],
)
def test_what_only_looks_like_a_personal_key_is_kept(key: str) -> None:
    assert cleaned(**{key: "anything"}) == {key: "anything"}


def test_personal_data_is_removed_at_any_depth() -> None:
    given = {"rows": [{"customer_id": 1, "email": "a@b.c"}, ["to ann@example.org"]]}

    assert cleaned(before=given) == {
        "before": {"rows": [{"customer_id": 1, "email": "[removed]"}, ["to [removed]"]]}
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Duplicate entry 'ann.o@x-y.example' for key", "Duplicate entry '[removed]' for key"),
        ("mysql://shop:hunter2@db/oc", "mysql://[removed]@db/oc"),
        ("host=db password=hunter2 port=1", "host=db password=[removed] port=1"),
        ("{'password': 'hunter 2', 'x': 1}", "{'password': [removed], 'x': 1}"),
        ("API-Key: abc", "API-Key: [removed]"),
        ("user 'shop'@'localhost' at 10:00", "user 'shop'@'localhost' at 10:00"),
    ],
)
def test_emails_and_obvious_secrets_in_texts_are_removed(text: str, expected: str) -> None:
    assert cleaned(error=text) == {"error": expected}


def test_objects_are_written_as_text_without_personal_data() -> None:
    assert cleaned(
        error=ValueError("no ann@example.org"), total=Decimal("1.50"), held=Secret("hunter2")
    ) == {"error": "no [removed]", "total": "1.50", "held": "Secret(hidden)"}


def test_lines_are_json_when_nobody_watches() -> None:
    out = io.StringIO()
    log.set_up(stream=out)
    structlog.get_logger().info("cycle.finished", changes=3, note="grüße")

    (line,) = written(out)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "cycle.finished", "level": "info", "changes": 3, "note": "grüße"}


def test_lines_are_coloured_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Terminal()
    log.set_up(stream=out)
    structlog.get_logger().info("cycle.finished", changes=3, email="a@b.c")

    assert "\x1b[" in out.getvalue()
    assert "cycle.finished" in out.getvalue()
    assert "a@b.c" not in out.getvalue()


def test_no_colours_where_nobody_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    log.set_up(stream=out)
    structlog.get_logger().info("cycle.finished", changes=3)

    assert "\x1b[" not in out.getvalue()


def test_the_level_says_what_is_written() -> None:
    out = io.StringIO()
    log.set_up("warning", out)
    structlog.get_logger().info("cycle.finished")
    structlog.get_logger().warning("customer.set_aside", customer_id=1)

    assert [line["event"] for line in written(out)] == ["customer.set_aside"]


def test_the_log_of_libraries_goes_the_same_way() -> None:
    out = io.StringIO()
    log.set_up(stream=out)
    logging.getLogger("urllib3").warning("Retrying %s", "https://u:p@host/ for ann@example.org")

    assert [(line["event"], line["level"]) for line in written(out)] == [
        ("Retrying https://[removed]@host/ for [removed]", "warning")
    ]


def test_a_traceback_is_written_without_personal_data() -> None:
    out = io.StringIO()
    log.set_up(stream=out)
    try:
        raise ValueError("ann@example.org is twice")
    except ValueError:
        structlog.get_logger().exception("cycle.failed")

    (line,) = written(out)
    assert "ValueError: [removed] is twice" in line["exception"]
    assert "ann@example.org" not in out.getvalue()


HOSTILE = (
    "a\nb\r\nc\x00\x1b[2J \x85 \x9b31m \u2028 \u2029 \u202e gnp.exe \u2066 \ud800 end",
    '"} <3>{"event": "forged"',
)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("key", ["note", "event"])
def test_an_event_is_one_line_whatever_it_says(text: str, key: str) -> None:
    out = io.StringIO()
    log.set_up(stream=out)
    structlog.get_logger().info(**{"event": "odd.seen", key: text})
    logging.getLogger("library").warning(text)

    lines = out.getvalue().splitlines()  # at everything that anybody takes for a line's end
    assert [json.loads(line)[key] for line in lines[:1]] == [text]
    assert [json.loads(line)["event"] for line in lines[1:]] == [text]
    assert all(character.isprintable() for line in lines for character in line)
    assert out.getvalue().encode()


def test_the_journal_is_told_how_important_a_line_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "journal").open("w+") as out:
        at = os.fstat(out.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{at.st_dev}:{at.st_ino}")
        log.set_up("debug", out)
        for level in ("debug", "info", "warning", "error"):
            getattr(structlog.get_logger(), level)("odd.seen", note="a\n<0>b")
        logging.getLogger("library").error("gone")
        out.seek(0)
        lines = out.read().splitlines()

    assert [line[:3] for line in lines] == ["<7>", "<6>", "<4>", "<3>", "<3>"]
    assert [json.loads(line[3:])["level"] for line in lines[:4]] == [
        "debug",
        "info",
        "warning",
        "error",
    ]


def test_what_is_not_the_journal_gets_plain_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "1:2")  # of a service whose log was sent elsewhere
    with (tmp_path / "log").open("w+") as out:
        log.set_up(stream=out)
        structlog.get_logger().info("cycle.finished")
        out.seek(0)
        assert json.loads(out.read())["event"] == "cycle.finished"
