"""
OpenCart's own requests taken over: its job, which would delete at its next run, is off.

Noted first, then switched: whatever happens in between, what to put back is known, and the
takeover holds only when all of it is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from sidecar.errors import NotNowError, UsageError
from sidecar.model import Moment
from sidecar.privacy import acts
from sidecar.shop import gdpr_tables
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync import state
from sidecar.sync.compiled_rules import PAUSED
from sidecar.sync.state import Json

#: In ``sidecar_state``.
TAKEOVER = "gdpr_takeover"


@dataclass(frozen=True, slots=True)
class Takeover:
    """
    Attributes:
        by: Who asked for it.
        at: When, in UTC epoch seconds.
        jobs: ``cron_id`` of what we switched off, to be switched on again.
        is_done: Whether all of it is off since; else a crash or an undo was in between.
    """

    by: str
    at: int
    jobs: frozenset[int]
    is_done: bool

    def as_json(self) -> Json:
        """As it is kept."""
        jobs = sorted(self.jobs)
        return {"by": self.by, "at": self.at, "jobs": jobs, "done": self.is_done}


def read(tx: Connection, own: OwnTables) -> Takeover | None:
    """The takeover that stands or is half done; None: there is none."""
    found = state.read(tx, own, TAKEOVER)
    if not isinstance(found, Mapping):
        return None
    jobs, at = found["jobs"], found["at"]
    assert isinstance(jobs, list) and isinstance(at, int)  # noqa: PT018, S101 - as written
    numbers = frozenset(number for number in jobs if isinstance(number, int))
    return Takeover(str(found["by"]), at, numbers, bool(found["done"]))


def stands(tx: Connection, own: OwnTables) -> bool:
    """Whether OpenCart's own requests are ours to carry out."""
    found = read(tx, own)
    return found is not None and found.is_done


def take(shop: Shop, actor: str, moment: Moment) -> Takeover:
    """
    Switch the job off; `settle` makes it hold.

    Raises:
        UsageError: This OpenCart takes no requests.
        NotNowError: The sidecar is paused.
    """
    own, prefix = shop.own, shop.prefix
    with transaction(shop.engine) as tx:
        if not gdpr_tables.has_requests(tx, prefix):
            raise UsageError("this OpenCart takes no requests for one's data: nothing to take over")
        _require_not_paused(tx, own)
        was = read(tx, own)
        running = [number for number, is_on in gdpr_tables.jobs(tx, prefix).items() if is_on]
        jobs = frozenset(running) | (was.jobs if was else frozenset())
        by, at = (was.by, was.at) if was else (actor[: acts.ACTOR], moment.epoch_s)
        taken = Takeover(by, at, jobs, was is not None and was.is_done)
        state.write(tx, own, TAKEOVER, taken.as_json(), moment)
    # Apart: MySQL with GTID writes no tables of both kinds in one transaction.
    with transaction(shop.engine) as tx:
        for number in running:
            gdpr_tables.switch_job(tx, prefix, number, on=False)
    return taken


def settle(tx: Connection, own: OwnTables, taken: Takeover, actor: str, moment: Moment) -> None:
    """Let the takeover hold whose job `take` switched off."""
    done = Takeover(taken.by, taken.at, taken.jobs, is_done=True)
    state.write(tx, own, TAKEOVER, done.as_json(), moment)
    if not taken.is_done:
        acts.note(tx, own, "takeover", actor, moment)


def give_back(shop: Shop) -> frozenset[int]:
    """
    Switch on again what we switched off, also when only half of it was done.

    Somebody who switched it on already, or deleted it, is left alone. `forget` is to follow.

    Returns:
        ``cron_id`` of what is on again now by us.
    """
    with transaction(shop.engine) as tx:
        taken = read(tx, shop.own)
        there = gdpr_tables.has_requests(tx, shop.prefix)
    if taken is None or not there:
        return frozenset()
    with transaction(shop.engine) as tx:
        return frozenset(
            number
            for number in sorted(taken.jobs)
            if gdpr_tables.switch_job(tx, shop.prefix, number, on=True)
        )


def forget(tx: Connection, own: OwnTables, actor: str, moment: Moment) -> None:
    """Note that nothing is taken over any more."""
    if read(tx, own) is not None:
        state.remove(tx, own, TAKEOVER)
        acts.note(tx, own, "takeover_undone", actor, moment)


def require_taken(tx: Connection, own: OwnTables) -> None:
    """
    Refuse to undo what was never done.

    Raises:
        UsageError: Nothing is taken over.
        NotNowError: The sidecar is paused.
    """
    if read(tx, own) is None:
        raise UsageError("OpenCart's own requests are not taken over: there is nothing to undo")
    _require_not_paused(tx, own)


def _require_not_paused(tx: Connection, own: OwnTables) -> None:
    if state.read(tx, own, PAUSED) is not None:
        raise NotNowError(
            "the sidecar is paused, and the store's own tables are not written meanwhile"
            " (`sidecar resume`)"
        )
