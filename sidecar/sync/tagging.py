"""
Tags by hand: what people add, remove, merge and import, each as one audited run.

An assertion and its effect are one transaction: the cycle of the customers
concerned runs in it, so other tags that depend on the tag follow at once.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from sidecar.errors import ConfigError, SidecarError, UsageError
from sidecar.model import Moment, Outcome, fold
from sidecar.rules.calendar import Boundary
from sidecar.rules.dependencies import needs, rung_needs
from sidecar.rules.rule import GroupRule, Rule, TagRule
from sidecar.rules.rule_places import place_of
from sidecar.rules.ruleset import RuleSet
from sidecar.rules.syntax import Day
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import assertions, changed, tags
from sidecar.sync.assertions import Author
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.cycle import Before
from sidecar.sync.finding import require_customers
from sidecar.sync.ranges import Progress
from sidecar.sync.tags import Tag

#: More to do in a transaction.
Also = Callable[[Connection], None]


def _nothing(_tx: Connection) -> None:
    pass


@dataclass(slots=True)
class Tagging:
    """
    Attributes:
        shop: The store.
        rules: As read; a tag that they make or ask for cannot be renamed, merged or archived.
        rulebook: Compiles the rules anew, after tags were created or archived.
        moment: Of what is done.
        actor: Who does it.
        created: Names of the tags made on the way.
        run_id: Of the last run; None when no tag and no group changed.
    """

    shop: Shop
    rules: RuleSet
    rulebook: Callable[[], Rulebook]
    moment: Moment
    actor: str
    created: list[str] = field(default_factory=list)
    run_id: int | None = None

    def find_customers(self, wanted: Sequence[str]) -> list[int]:
        """
        The ids of customers named by id or e-mail, ascending.

        Raises:
            UsageError: One is unknown, or an e-mail has several accounts (listed).
        """
        return sorted(set(self.ids_of(wanted).values()))

    def ids_of(self, wanted: Sequence[str]) -> dict[str, int]:
        """As `find_customers`, by what names them."""
        return require_customers(self.shop, wanted)

    def ensure(self, names: Iterable[str]) -> None:
        """Create those of *names* that are no tags yet; `created` names them."""
        with transaction(self.shop.engine) as tx:
            known = {fold(tag.name) for tag in tags.load_tags(tx, self.shop.own)}
            for name in names:
                if fold(name) not in known:
                    tags.create(tx, self.shop.own, name, self.moment)
                    known.add(fold(name))
                    self.created.append(name)

    def create(self, name: str, colour: str | None, description: str, also: Also = _nothing) -> Tag:
        """Create a tag and do *also* in one transaction; see `tags.create`."""
        with transaction(self.shop.engine) as tx:
            tag = tags.create(
                tx, self.shop.own, name, self.moment, colour=colour, description=description
            )
            also(tx)
        return tag

    def add(
        self,
        name: str,
        ids: Sequence[int],
        until: datetime.date | None,
        reason: str | None,
        progress: Progress | None = None,
    ) -> Outcome:
        """Pin a tag in for customers *ids*, through the day *until* or for ever."""
        ends = self.end_of(until)
        author = Author(actor=self.actor, reason=reason)
        with self._made([name]):
            tag = self._in_use(name)

            def before(tx: Connection, part: Sequence[int]) -> None:
                until_of = dict.fromkeys(part, ends)
                assertions.add(tx, self.shop.own, "pin_in", tag, until_of, author, self.moment)

            return self._run(f"tag add {tag.name}", ids, before, progress)

    def remove(
        self,
        name: str,
        ids: Sequence[int],
        until: datetime.date | None,
        reason: str | None,
        progress: Progress | None = None,
    ) -> Outcome:
        """Take a tag off customers *ids*; whoever else asserts it is overruled."""
        tag = self._tag(name)
        ends = self.end_of(until)
        author = Author(actor=self.actor, reason=reason)

        def before(tx: Connection, part: Sequence[int]) -> None:
            assertions.remove(tx, self.shop.own, tag, part, ends, author, self.moment)

        return self._run(f"tag remove {tag.name}", ids, before, progress)

    def describe(self, name: str, colour: str | None, description: str | None) -> None:
        """Change a tag's colour or description."""
        tag = self._tag(name)
        with transaction(self.shop.engine) as tx:
            tags.describe(tx, self.shop.own, tag, colour, description)

    def rename(self, name: str, new: str, also: Also = _nothing) -> None:
        """Give a tag another name and do *also*, in one transaction."""
        tag = self._tag(name)
        self._refuse_ruled(tag)
        with transaction(self.shop.engine) as tx:
            tags.rename(tx, self.shop.own, tag, new)
            also(tx)

    def merge(self, name: str, into: str, progress: Progress | None) -> Outcome:
        """Give everybody who has tag *name* the tag *into* instead, then archive *name*."""
        old, new = self._tag(name), self._in_use(into)
        if old.tag_id == new.tag_id:
            raise UsageError(f"'{old.name}' cannot be merged into itself")
        self._refuse_ruled(old)
        author = Author(actor=self.actor, reason=f"merged from {old.name}")

        def before(tx: Connection, part: Sequence[int]) -> None:
            assertions.hand_over(tx, self.shop.own, old, new, part, author, self.moment)

        with transaction(self.shop.engine) as tx:
            ids = assertions.holders(tx, self.shop.own, old)
        outcome = self._run(f"tag merge {old.name} into {new.name}", ids, before, progress)
        # Whoever was set aside still has only the old tag; merging again finishes it.
        if not outcome.set_aside:
            with transaction(self.shop.engine) as tx:
                tags.archive(tx, self.shop.own, old, self.moment, merged_into=new.tag_id)
        return outcome

    def archive(self, name: str, progress: Progress | None, *, restore: bool) -> Outcome:
        """Put a tag out of use, or (*restore*) take it into use again, for all who have it."""
        tag = self._tag(name)
        if not restore:
            self._refuse_ruled(tag)
        with transaction(self.shop.engine) as tx:
            tags.archive(tx, self.shop.own, tag, None if restore else self.moment)
            ids = assertions.holders(tx, self.shop.own, tag)
        verb = "restore" if restore else "archive"
        return self._run(f"tag {verb} {tag.name}", ids, None, progress)

    def import_rows(
        self, rows: Mapping[str, Mapping[int, int | None]], file: str, progress: Progress | None
    ) -> Outcome:
        """
        Assert imported tags.

        Args:
            rows: By tag name: customers, each with the instant its tag ends, or None.
            file: Its name, kept as the reason.
        """
        known = self._known()
        for name in rows:
            if fold(name) in known:
                refuse_archived(known[fold(name)])
        ids = sorted({customer_id for until in rows.values() for customer_id in until})
        author = Author(actor=self.actor, reason=file)
        with self._made(rows):
            wanted = {name: self._in_use(name) for name in rows}

            def before(tx: Connection, part: Sequence[int]) -> None:
                inside = frozenset(part)
                for name, tag in wanted.items():
                    until = {c: end for c, end in rows[name].items() if c in inside}
                    if until:
                        own = self.shop.own
                        assertions.add(tx, own, "import", tag, until, author, self.moment)

            return self._run(f"tag import {file}", ids, before, progress)

    def end_of(self, day: datetime.date | None) -> int | None:
        """As the function `end_of`, at the moment of what is done."""
        return end_of(day, self.moment)

    @contextlib.contextmanager
    def _made(self, names: Iterable[str]) -> Iterator[None]:
        """Those of *names* that are no tags yet are, within; a failure takes unused ones away."""
        self.ensure(names)
        try:
            yield
        except Exception:
            # The first failure is told, whatever becomes of this.
            with contextlib.suppress(SidecarError), transaction(self.shop.engine) as tx:
                tags.remove_unused(tx, self.shop.own, self.created)
            raise

    def _run(
        self,
        what: str,
        ids: Sequence[int],
        before: Before | None,
        progress: Progress | None = None,
    ) -> Outcome:
        self.run_id, outcome = changed.command(
            self.shop,
            self.rulebook(),
            ids,
            self.moment,
            actor=self.actor,
            what=what,
            before=before,
            progress=progress,
        )
        return outcome

    def _tag(self, name: str) -> Tag:
        with transaction(self.shop.engine) as tx:
            return tags.find(tags.load_tags(tx, self.shop.own), name)

    def _known(self) -> dict[str, Tag]:
        with transaction(self.shop.engine) as tx:
            return {fold(tag.name): tag for tag in tags.load_tags(tx, self.shop.own)}

    def _in_use(self, name: str) -> Tag:
        tag = self._tag(name)
        refuse_archived(tag)
        return tag

    def _refuse_ruled(self, tag: Tag) -> None:
        node = ("tag", fold(tag.name))
        rules: tuple[Rule, ...] = (*self.rules.tags, *self.rules.segments, *self.rules.groups)
        for rule in rules:
            makes = isinstance(rule, TagRule) and fold(rule.name) == node[1]
            asked = rung_needs(rule) if isinstance(rule, GroupRule) else needs(rule.when)
            if makes or node in asked:
                said = "makes it" if makes else "asks for it"
                raise ConfigError(
                    f'tag "{tag.name}"',
                    f"a rule {said} ({place_of(rule)})",
                    "change the rule first",
                )


def end_of(day: datetime.date | None, moment: Moment) -> int | None:
    """
    The instant at which what holds through *day* ends; None: never.

    Raises:
        UsageError: The day is over.
    """
    if day is None:
        return None
    if day < moment.today:
        raise UsageError(f"{day} is over")
    return Boundary("day_end", Day(day)).value(moment)


def refuse_archived(tag: Tag) -> None:
    """Raise a UsageError where *tag* is out of use."""
    if tag.archived:
        raise UsageError(
            f"'{tag.name}' is archived (`sidecar tag archive --restore` takes it into use)"
        )
