"""
The binary log as a source: whom its transactions lead to, as soon as they can be seen.

The place in the log is noted with the last cycle that answers, so that whatever fails or
dies in between rings again. What cannot be read or understood rings everybody, and the
reason is counted; nothing is ever passed over in silence.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Connection

from sidecar import clock
from sidecar.config import Database
from sidecar.errors import DatabaseRefusedError, FatalError, LogLostError
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync.sources import source
from sidecar.sync.sources.binlog.gate import Gate, open_gate
from sidecar.sync.sources.binlog.position import Position, position_from
from sidecar.sync.sources.binlog.server_log import (
    ServerLog,
    backlog_bytes,
    head,
    read_log,
    why_lost,
)
from sidecar.sync.sources.binlog.transactions import Batch, Transactions, open_transactions
from sidecar.sync.sources.binlog.wire import Wire, open_wire
from sidecar.sync.sources.references import Found, checksums, follow
from sidecar.sync.sources.source import Doorbell, Place

#: From the first change on others are waited for, so that they share a cycle …
GATHER_S = 0.1

#: … unless there are so many already.
ENOUGH = 100

#: Where more is waiting than can be answered, so much is taken at a time.
BEHIND_S, BEHIND = 1.0, 5_000

#: Reading ends here at the latest, also within a transaction: others wait to be looked after.
LONGEST_S = 3.0

#: A log in which nothing ends for so long is looked at anew: after RESET MASTER a server keeps
#: the connection and tells nothing more. A daemon writes how it is every five seconds, so a
#: log that is well is never so quiet.
QUIET_S = 15.0

#: Where nothing of ours was told for so long, although everything was read, the database is left
#: out of the log (binlog_do_db, binlog_ignore_db): older servers of MariaDB tell that only those
#: who have another privilege.
LEFT_OUT_S = 60.0

#: A place that nobody was rung for is written this rarely; a quiet store must not fall off
#: the end that the server deletes.
IDLE_NOTE_S = 60

#: Bytes of the log that are read in a second at least, to tell how long catching up takes.
BYTES_A_SECOND = 1_500_000

#: Catching up that takes no longer than this is never given up.
PATIENCE_S = 10.0

LEFT_OUT = (
    "the binary log holds nothing that we write, so the server leaves the database out of it: look"
    " for binlog_do_db and binlog_ignore_db in its configuration"
)


@dataclass(slots=True)
class Told:
    """
    What the log told since the start.

    Attributes:
        transactions: Ended ones.
        rows: Changed rows that mattered.
        own: Transactions of ours, which ring nobody.
        gaps: How often something was not understood or lost, by reason.
        skips: How often a backlog was left to a full pass.
        unannounced: Customers whose change only the checksum found.
        left_out: The log tells nothing of our database; asked anew when the server was away.
        waited_s: For transactions to be visible, since it was last taken.
    """

    transactions: int = 0
    rows: int = 0
    own: int = 0
    gaps: Counter[str] = field(default_factory=Counter)
    skips: int = 0
    unannounced: int = 0
    left_out: bool = False
    waited_s: deque[float] = field(default_factory=lambda: deque(maxlen=1_000))


@dataclass(frozen=True, slots=True)
class _Noted:
    place: Place
    position: Position
    now_s: int


class BinlogSource:
    """
    Rings for whom the server's binary log names.

    Args:
        shop: The store.
        database: Where its log is asked for.
        server_id: Our number among the server's readers.
        told: What it and those before it told so far, counted on.

    Attributes:
        told: The same.
        written: Customers whose rows of the store we wrote; whoever looks at it empties it.
        behind: Whether more was waiting at the last look.
    """

    name = "binlog"

    def __init__(self, shop: Shop, database: Database, server_id: int, told: Told) -> None:
        self._shop = shop
        self._database = database
        self._server_id = server_id
        self.told = told
        self.written: set[int] = set()
        self.behind = False
        self._epoch: int | None = None
        self._log: ServerLog | None = None
        self._wire: Wire | None = None
        self._gate: Gate | None = None
        self._transactions: Transactions | None = None
        self._at: Position | None = None
        self._noted_s = 0
        self._told_s = self._looked_s = self._ours_s = clock.monotonic()
        #: Rang, and not known to be noted.
        self._open: Doorbell | None = None
        self._again: deque[tuple[float, frozenset[int]]] = deque()
        self._reason = ""

    # -- beginning and ending ----------------------------------------------------------------

    def start(self, tx: Connection, now_s: int) -> None:
        """Take the source over, before the first look; needed once."""
        self._epoch = source.take_over(tx, self._shop.own, self.name, now_s).epoch

    def close(self) -> None:
        """Hang up; the next look goes on from the place that was noted last."""
        wire, self._wire = self._wire, None
        self._gate = self._transactions = self._open = None
        if wire is not None:
            wire.close()

    def fileno(self) -> int | None:
        """Readable when the log has something to tell; None while there is no connection."""
        return None if self._wire is None else self._wire.fileno()

    @property
    def gate(self) -> str | None:
        """How it is known that a change can be seen; None while there is no connection."""
        return None if self._gate is None else self._gate.name

    def skip(self, reason: str) -> None:
        """Leave what the log has told and will tell until now to a full pass."""
        self.close()
        self._reason = reason

    # -- ringing -----------------------------------------------------------------------------

    def ring(self, now_s: int) -> Doorbell:
        """
        Whom to look at again; waits a moment for more, once there is something.

        Raises:
            FatalError: Another daemon took the source over.
            DatabaseError: The log cannot be read now, or does not tell of our database.
        """
        try:
            return self._ring(now_s)
        except LogLostError as error:
            self.skip(error.reason)
            return self._ring(now_s)
        except BaseException:
            self.close()
            raise

    def _ring(self, now_s: int) -> Doorbell:
        if clock.monotonic() - self._told_s > QUIET_S:
            self.close()
        if self._wire is None:
            lost = self._connect(now_s)
            if lost is not None:
                return lost
        if self._open is not None and not self._is_noted(self._open):
            return self._open
        batch, arrived_s = self._gather()
        if batch.transactions:
            self._told_s = clock.monotonic()
        self.told.transactions += batch.transactions
        self.told.rows += batch.rows
        self.told.own += batch.own
        self.written |= batch.own_customers
        self._require_ours(batch)
        self._count_gaps(batch.gaps)
        if not batch.transactions and not batch.gaps:
            return self._later(now_s)
        self._at = batch.position
        found = self._follow(batch, arrived_s)
        everyone = found.everyone or bool(batch.gaps)
        if not found.ids and not everyone and 0 <= now_s - self._noted_s < IDLE_NOTE_S:
            return Doorbell()
        if found.ids and self._gate is not None and self._gate.look_again_s is not None:
            self._again.append((clock.monotonic() + self._gate.look_again_s, found.ids))
        return self._rang(found.ids, now_s, buyers=found.buyers, everyone=everyone)

    def note(self, tx: Connection, doorbell: Doorbell) -> None:
        """
        Write in *tx* how far the log was read.

        Raises:
            FatalError: Another daemon moved the source.
        """
        noted: _Noted | None = doorbell.noted
        if noted is not None:
            source.write_place(
                tx, self._shop.own, self.name, noted.place, noted.position.as_json(), noted.now_s
            )
            self._noted_s = noted.now_s

    def _rang(
        self,
        ids: frozenset[int],
        now_s: int,
        *,
        buyers: frozenset[int] = frozenset(),
        everyone: bool = False,
    ) -> Doorbell:
        with transaction(self._shop.engine) as tx:
            place = self._place(tx)
        assert self._at is not None  # noqa: S101 - there is a connection
        self._open = Doorbell(
            ids=ids,
            buyers=buyers,
            sources={self.name: len(ids)} if ids else {},
            everyone=everyone,
            noted=_Noted(place, self._at, now_s),
        )
        return self._open

    def _is_noted(self, doorbell: Doorbell) -> bool:
        """Whether the transaction that noted *doorbell* was committed."""
        noted: _Noted = doorbell.noted
        with transaction(self._shop.engine) as tx:
            is_noted = self._place(tx).seq == noted.place.seq + 1
        if is_noted:
            self._open = None
        return is_noted

    def _later(self, now_s: int) -> Doorbell:
        """Those who have to be looked at once more, because nothing tells what can be seen."""
        if self._again and self._again[0][0] <= clock.monotonic():
            _, ids = self._again.popleft()
            return self._rang(ids, now_s)
        return Doorbell()

    def _place(self, tx: Connection) -> Place:
        if self._epoch is None:
            raise FatalError("source binlog: it was not started")
        return source.read_place(tx, self._shop.own, self.name, self._epoch)

    # -- the log -----------------------------------------------------------------------------

    def _connect(self, now_s: int) -> Doorbell | None:
        """Go on from the place that was noted; a doorbell for everybody where that cannot be."""
        engine = self._shop.engine
        with transaction(engine) as tx:
            stored = position_from(self._place(tx).position)
        reason, self._reason = self._reason, ""
        if stored is None:
            reason = reason or "first"
        reason = reason or (why_lost(engine, stored) if stored else None) or ""
        self._log = read_log(engine)
        self._at = head(engine) if reason or stored is None else stored
        self._wire = open_wire(self._database, self._log, self._at, self._server_id)
        self._gate = open_gate(engine, self._log)
        self._transactions = open_transactions(
            self._shop, self._log.kind, self._at, checksum=self._wire.checksum
        )
        self._open = None
        self._told_s = clock.monotonic()
        structlog.get_logger().info(
            "binlog.opened", file=self._at.file, offset=self._at.offset, skipped=reason or None
        )
        if not reason:
            return None
        if reason == "backlog":
            self.told.skips += 1
        elif reason != "first":
            self._count_gaps({reason: 1})
        return self._rang(frozenset(), now_s, everyone=True)

    def _gather(self) -> tuple[Batch, float]:
        """Read what there is, and a little longer where it names somebody."""
        wire, folded = self._wire, self._transactions
        assert wire is not None  # noqa: S101 - `_ring` connected
        assert folded is not None  # noqa: S101
        self.behind = False
        wait_s, until_s, enough = 0.0, None, ENOUGH
        began_s = arrived_s = clock.monotonic()
        while (packet := wire.read(wait_s)) is not None:
            ended = folded.feed(packet)
            arrived_s = clock.monotonic()
            if arrived_s - began_s > LONGEST_S:
                self.behind = True
                break
            if not ended:
                continue
            waiting = folded.waiting
            if not waiting and until_s is None:
                continue
            if until_s is None:
                until_s = arrived_s + GATHER_S
            if waiting >= enough or arrived_s >= until_s:
                if enough == BEHIND:
                    self.behind = True
                    break
                # There was more than a moment's worth: larger batches cost less each.
                enough, until_s, wait_s = BEHIND, until_s + BEHIND_S, 0.0
                continue
            wait_s = 0.0 if enough == BEHIND else max(0.0, until_s - arrived_s)
        return folded.take(), arrived_s

    def _require_ours(self, batch: Batch) -> None:
        now_s = clock.monotonic()
        if batch.own or self.behind or now_s - self._looked_s > QUIET_S:
            self._ours_s = now_s
        self._looked_s = now_s
        if now_s - self._ours_s > LEFT_OUT_S:
            self.told.left_out = True
            raise DatabaseRefusedError(LEFT_OUT)

    def _follow(self, batch: Batch, arrived_s: float) -> Found:
        """The customers that *batch* leads to, once what it did, or hides, can be seen."""
        if not batch.references and not batch.texts and not batch.gaps:
            return Found(frozenset())
        assert self._gate is not None  # noqa: S101 - there is a connection
        waits_from_s = clock.monotonic()
        self._gate.wait(batch.position, arrived_s)
        self.told.waited_s.append(clock.monotonic() - waits_from_s)
        with transaction(self._shop.engine) as tx:
            references = checksums(tx, batch.references, batch.texts)
            return follow(tx, self._shop, references)

    def _count_gaps(self, gaps: Mapping[str, int]) -> None:
        for reason, times in gaps.items():
            self.told.gaps[reason] += times
            structlog.get_logger().warning("binlog.gap", reason=reason, times=times)

    def backlog_s(self) -> float | None:
        """About how long what is left takes to read; None where the server does not say."""
        if self._at is None:
            return None
        left = backlog_bytes(self._shop.engine, self._at)
        return None if left is None else left / BYTES_A_SECOND


def is_worth_skipping(backlog_s: float | None, full_pass_s: float) -> bool:
    """Whether a full pass is done before a backlog would be read."""
    return backlog_s is not None and backlog_s > max(PATIENCE_S, full_pass_s)
