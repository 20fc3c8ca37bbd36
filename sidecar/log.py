"""
Set-up of structlog: JSON lines for machines, colours for people, personal data for nobody.

Events are ``noun.verb_past`` with key-value context; a customer is a ``customer_id``.
Into systemd's journal each line goes with its priority, so that ``journalctl -p`` works.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Mapping
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

Level = Literal["debug", "info", "warning", "error"]

REMOVED = "[removed]"

#: A key is personal when one of its words (``payment_firstname``) is among these …
_PERSONAL = frozenset(
    {"address", "birthday", "company", "email", "emails", "fax", "firstname", "fullname", "iban"}
    | {"ip", "lastname", "mail", "passphrase", "passwd", "password", "phone", "postcode", "secret"}
    | {"telephone", "token", "username"}
)

#: … or when the whole of it is.
_PERSONAL_KEYS = frozenset(
    {"api_key", "customer", "customer_name", "name", "private_key", "recipient"}
)

#: Words that turn the rest of a key into something harmless: ``address_id``, ``emails_count``.
_HARMLESS_LAST = frozenset({"count", "file", "id", "ids", "ms", "s"})

#: What syslog and systemd call a level: a number before the line.
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}

#: JSON escapes the control characters of ASCII. These end a line, steer a terminal or turn
#: the direction of text for some readers, or are no characters at all.
_UNSEEN = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_EMAIL = re.compile(r"[\w.!#$%&*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
_LOGIN = re.compile(r"(?<=://)[^/\s:@]*:[^/\s]*(?=@)")
_ASSIGNMENT = re.compile(
    r"""((?:password|passwd|secret|token|api[_-]?key)["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&)]+)""",
    re.IGNORECASE,
)


def set_up(level: Level = "info", stream: TextIO | None = None) -> None:
    """
    Send our log, and that of libraries, to *stream*, by default stderr.

    On a terminal lines are for people, in colour unless NO_COLOR is set; else JSON, and one
    event is one line whatever its values are. Where *stream* is systemd's journal, ``<N>``
    with the priority stands before the JSON; the journal takes it off.
    """
    out = stream or sys.stderr
    terminal = out.isatty()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=not terminal),
        structlog.processors.format_exc_info,
        drop_personal_data,
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors="NO_COLOR" not in os.environ)
        if terminal
        else _json_lines(journal=_is_journal(out))
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.captureWarnings(capture=True)
    # It logs how a broken connection could not be reset, with a trace; the loop says the rest.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)


def _json_lines(*, journal: bool) -> Processor:
    render = structlog.processors.JSONRenderer(ensure_ascii=False)

    def line(logger: WrappedLogger, method: str, event_dict: EventDict) -> str:
        priority = _PRIORITIES.get(str(event_dict.get("level")), 6)
        text = str(render(logger, method, event_dict))
        text = _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
        return f"<{priority}>{text}" if journal else text

    return line


def _is_journal(stream: TextIO) -> bool:
    """Whether *stream* is the one of which systemd says that its journal reads it."""
    try:
        at = os.fstat(stream.fileno())
    except (OSError, ValueError):  # ValueError: of no file at all
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{at.st_dev}:{at.st_ino}"


def drop_personal_data(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """
    Remove personal data and secrets, whoever put them there.

    Values of personal keys become ``[removed]``, at any depth; in all other texts e-mail
    addresses, logins of addresses (``://user:password@``) and ``password=…`` do.
    """
    return {
        key: value if key.startswith("_") else _cleaned(key, value)  # "_": structlog's own
        for key, value in event_dict.items()
    }


def _cleaned(key: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if _is_personal(key):
        return REMOVED
    if isinstance(value, Mapping):
        return {inner: _cleaned(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_cleaned("", item) for item in value]
    return value if isinstance(value, int | float) else scrubbed(str(value))


def scrubbed(text: str) -> str:
    """*text* without e-mail addresses and what is obviously a secret."""
    text = _LOGIN.sub(REMOVED, text)
    text = _ASSIGNMENT.sub(rf"\1{REMOVED}", text)
    return _EMAIL.sub(REMOVED, text)


def _is_personal(key: str) -> bool:
    folded = key.lower()
    words = re.split(r"[_\-. \d]+", folded.rstrip("_0123456789"))
    if folded in _PERSONAL_KEYS:
        return True
    return words[-1] not in _HARMLESS_LAST and not _PERSONAL.isdisjoint(words)
