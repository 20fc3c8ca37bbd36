"""What is due about personal data: called every minute by the daemon, and by `once`."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from pathlib import PurePath

import structlog

from sidecar.errors import DatabaseUnavailableError, FencedError, SidecarError
from sidecar.log import scrubbed
from sidecar.privacy import (
    due,
    erasure_requests,
    export_parts,
    export_rows,
    journal,
    native_requests,
    retaining,
)
from sidecar.privacy.means import Means
from sidecar.shop.database import transaction
from sidecar.sync import findings
from sidecar.sync.planning import StoppedError

#: The finding that something of this could not be done; its subject says means.
FAILED = "gdpr.failed"

_log = structlog.get_logger()


#: By name, in the order in which they are done. Each goes on from what was committed, is quick
#: when nothing is due, and returns early when it is asked to stop.
DUTIES: tuple[tuple[str, Callable[[Means], None]], ...] = (
    ("requests", native_requests.keep),
    ("due", due.tell),
    ("retention", retaining.retain),
    ("exports", export_rows.delete_old),
    ("downloads", export_parts.delete_old),
    ("journal", journal.copy),
    ("erasures", erasure_requests.carry_out),
)


def carry_out(means: Means, duties: Iterable[tuple[str, Callable[[Means], None]]] = DUTIES) -> None:
    """
    Do what is due; what fails is a finding, and the others are done all the same.

    Raises:
        DatabaseUnavailableError: The same work may succeed later.
        FencedError: Another sidecar leads.
    """
    for name, duty in duties:
        if means.stop():
            return
        try:
            duty(means)
        except (DatabaseUnavailableError, FencedError):
            raise
        except StoppedError:
            return
        except SidecarError as error:
            _failed(means, name, scrubbed(str(error)))
        except Exception as error:  # noqa: BLE001 - one duty's fault must not end the others
            _failed(means, name, _unforeseen(error))
        else:
            with transaction(means.shop.engine) as tx:
                findings.mend(tx, means.shop.own, FAILED, name, means.moment)


def _failed(means: Means, name: str, error: str) -> None:
    _log.error("gdpr.failed", duty=name, error=error)
    with transaction(means.shop.engine) as tx:
        findings.raise_finding(tx, means.shop.own, FAILED, name, f"{name}: {error}", means.moment)


def _unforeseen(error: Exception) -> str:
    """Where *error* is, without what it says, which may name a person."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"internal error: {type(error).__name__} in {PurePath(last.filename).name}:{last.lineno}"
