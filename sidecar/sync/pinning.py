"""
Pins by hand: a person's yes or no on tags, segments and customer groups of single customers.

A pin and its effect are one transaction, and one audited run that can be undone.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl
from sqlalchemy import Connection, select

from sidecar.errors import UsageError
from sidecar.model import Moment, NameTable, Outcome, fold
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import assertions, changed, findings, pins, tags
from sidecar.sync.assertions import Author
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.cycle import Before
from sidecar.sync.pins import Pin
from sidecar.sync.ranges import Progress
from sidecar.sync.tagging import end_of, refuse_archived
from sidecar.sync.tags import Tag
from sidecar.sync.values import insert

Kind = Literal["tag", "segment", "group"]

#: Customers in one statement.
_CHUNK = 5_000

#: Values of ``group_hold`` that come with a finding.
_AGAIN, _STOPPED = 3, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """
    Attributes:
        direction: In: it holds whatever the rules say. Out: it does not.
        until: The last day of it, in the store's zone; None: no end.
        requalify: It ends when the rule's own verdict next turns true.
        reason: Why, in a person's words.
    """

    direction: Literal["in", "out"]
    until: datetime.date | None = None
    requalify: bool = False
    reason: str


@dataclass(slots=True)
class Pinning:
    """
    Attributes:
        shop: The store.
        rulebook: Compiles the rules; with True also where no group was ever pinned.
        moment: Of what is done.
        actor: Who does it.
        run_id: Of the last run; None when nothing was said anew.
    """

    shop: Shop
    rulebook: Callable[[bool], Rulebook]
    moment: Moment
    actor: str
    run_id: int | None = None

    def pin(
        self,
        kind: Kind,
        name: str,
        ids: Sequence[int],
        word: Word,
        progress: Progress | None = None,
    ) -> Outcome:
        """
        Say for customers *ids* what a rule would decide; the newer word counts.

        Raises:
            UsageError: There is no such tag, segment or customer group; the day is over;
                there is no reason; or the pin is to end in two ways.
        """
        if word.until is not None and word.requalify:
            raise UsageError("a pin ends either after a day or when its rule turns true, not both")
        if not word.reason.strip():
            raise UsageError("say why: a pin without a reason helps nobody later")
        ends = end_of(word.until, self.moment)
        book = self.rulebook(kind == "group")
        if kind == "tag":
            before = self._tag_pin(self._tag(name), word, ends)
        else:
            target = self._segment(book, name) if kind == "segment" else self._group(book, name)
            pin = Pin(
                kind=kind,
                target_id=target,
                direction=word.direction,
                until=ends,
                requalify=word.requalify,
                actor=self.actor,
                reason=word.reason,
            )

            def before(tx: Connection, part: Sequence[int]) -> None:
                pins.put(tx, self.shop.own, pin, part, self.moment)

        return self._run(book, f"pin {kind} {name} {word.direction}", ids, before, progress)

    def unpin(
        self, kind: Kind, name: str, ids: Sequence[int], progress: Progress | None = None
    ) -> Outcome:
        """
        End what was said for customers *ids*; the rules decide again.

        Raises:
            UsageError: There is no such tag, segment or customer group.
        """
        own = self.shop.own
        book = self.rulebook(kind == "group")
        if kind == "tag":
            tag = self._tag(name)

            def before(tx: Connection, part: Sequence[int]) -> None:
                assertions.end(tx, own, ("pin_in", "pin_out"), tag, part)
                assertions.count_others(tx, own, part)
        else:
            target = self._segment(book, name) if kind == "segment" else self._group(book, name)

            def before(tx: Connection, part: Sequence[int]) -> None:
                pins.end(tx, own, kind, part, target)

        return self._run(book, f"unpin {kind} {name}", ids, before, progress)

    def set_group(
        self, name: str, ids: Sequence[int], reason: str, progress: Progress | None = None
    ) -> Outcome:
        """Move customers *ids* to a customer group and leave them there; see `pin`."""
        return self.pin("group", name, ids, Word(direction="in", reason=reason), progress)

    def free_groups(self, ids: Sequence[int], progress: Progress | None = None) -> Outcome:
        """End every pin of the customer groups of customers *ids* and let the ladder decide."""
        book = self.rulebook(True)
        return self._run(book, "group auto", ids, self._free, progress)

    def _free(self, tx: Connection, part: Sequence[int]) -> None:
        own = self.shop.own
        pins.end(tx, own, "group", part)
        for start in range(0, len(part), _CHUNK):
            ids = part[start : start + _CHUNK]
            table = own.customer
            # What was noted because they were left alone is over.
            noted = select(table.c.customer_id, table.c.group_hold).where(
                table.c.customer_id.in_(ids), table.c.group_hold.in_((_AGAIN, _STOPPED))
            )
            for customer_id, hold in tx.execute(noted).all():
                kind = "ladder.changed_again" if hold == _AGAIN else "ladder.breaker"
                findings.mend(tx, own, kind, f"customer {customer_id}", self.moment)
            nothing = pl.lit(None, dtype=pl.Int64)
            rows = pl.DataFrame({"customer_id": ids}, {"customer_id": pl.Int64}).select(
                "customer_id",
                pl.lit(0).alias("group_hold"),
                nothing.alias("outside_at"),
                nothing.alias("outside_wanted"),
            )
            insert(tx, table, rows, update=rows.columns[1:])

    def _tag_pin(self, tag: Tag, word: Word, ends: int | None) -> Before:
        own = self.shop.own
        kind = f"pin_{word.direction}"
        other = "pin_out" if word.direction == "in" else "pin_in"
        author = Author(actor=self.actor, reason=word.reason)

        def before(tx: Connection, part: Sequence[int]) -> None:
            assertions.end(tx, own, (other,), tag, part)
            until = dict.fromkeys(part, ends)
            requalify = word.requalify
            assertions.add(tx, own, kind, tag, until, author, self.moment, requalify=requalify)

        return before

    def _tag(self, name: str) -> Tag:
        with transaction(self.shop.engine) as tx:
            tag = tags.find(tags.load_tags(tx, self.shop.own), name)
        refuse_archived(tag)
        return tag

    def _segment(self, book: Rulebook, name: str) -> int:
        names = NameTable()
        for segment in book.segments.values():
            names.add(segment.segment_id, segment.name)
        found = {fold(segment.name): segment.segment_id for segment in book.segments.values()}
        if fold(name) in found:
            return found[fold(name)]
        like = names.suggest(name)
        hint = f"did you mean '{like}'?" if like else "`sidecar rules list` shows them"
        raise UsageError(f"no segment is called {name!r} ({hint})")

    def _group(self, book: Rulebook, name: str) -> int:
        names = book.checked.names.get("group") or NameTable()
        group = self.shop.tables.customer_group.c.customer_group_id
        with transaction(self.shop.engine) as tx:
            there = set(tx.scalars(select(group)))
        # Rules also find a group under the name it had, and when it is gone.
        found = [group_id for group_id in names.find(name) if group_id in there]
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(f"#{group_id}" for group_id in found)
            raise UsageError(f"several customer groups are called {name!r}: name one as {listed}")
        like = names.suggest(name)
        hint = f" (did you mean '{like}'?)" if like else ""
        raise UsageError(f"no customer group is called {name!r}{hint}")

    def _run(
        self,
        book: Rulebook,
        what: str,
        ids: Sequence[int],
        before: Before,
        progress: Progress | None,
    ) -> Outcome:
        self.run_id, outcome = changed.command(
            self.shop,
            book,
            ids,
            self.moment,
            actor=self.actor,
            what=what,
            before=before,
            progress=progress,
        )
        return outcome
