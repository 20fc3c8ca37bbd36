"""
Retention, once a day: what is too old is told, planned, and ended where a person let it.

    rules of files ──> who and what is too old ──> purge (waits, or may begin) ──> ended in parts

A purge that was interrupted goes on with what is still too old.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl
from sqlalchemy import Connection, delete, or_, select
from sqlalchemy.dialects.mysql import insert

from sidecar.model import Moment, Scope, fold
from sidecar.privacy import erasing, purges
from sidecar.privacy.coverage import read_registered
from sidecar.privacy.eraser import Eraser
from sidecar.privacy.lifetimes import Lifetimes
from sidecar.privacy.live_schema import read_live_schema
from sidecar.privacy.means import Means
from sidecar.privacy.old_rows import OldRows
from sidecar.privacy.purges import Purge
from sidecar.privacy.rows import Rows
from sidecar.privacy.short_reads import Key
from sidecar.privacy.uploads import uploads_folder
from sidecar.rules.privacy.register import PersonalTable, Register
from sidecar.rules.privacy.retention import ACCOUNTS, ROW_CLASSES, RetentionRule
from sidecar.shop.database import transaction
from sidecar.shop.key_blocks import within
from sidecar.shop.reader import read_rows
from sidecar.shop.shop import Shop
from sidecar.sync import caps, rulebook, state
from sidecar.sync.compiled_rules import PAUSED
from sidecar.sync.ranges import Progress, customers_in_store
from sidecar.sync.reading import WHOLE
from sidecar.sync.rulebook import CheckedRules

#: In ``sidecar_state``: the day that was planned last.
_PLANNED = "retention.day"

#: Accounts that are erased in one run: the database is read through once for each.
RUN = 20_000

#: Rows of a class that a rule may end in a day without approval, where it says nothing.
MOST_ROWS = 100_000

#: A purge that grew by more percent since it was let waits again.
_GROWTH = 10


@dataclass(slots=True)
class Looked:
    """
    What a rule would end now.

    Attributes:
        rule: The rule.
        due: Persons or rows.
        protected: Accounts that would be due, by what protects them; each counted once.
        next_at: When the next account comes of age; None: none is known to.
        ids: The accounts, ascending; none for a class of rows.
    """

    rule: RetentionRule
    due: int = 0
    protected: dict[str, int] = field(default_factory=dict)
    next_at: int | None = None
    ids: list[int] = field(default_factory=list)


class Retention:
    """The retention rules of one store at one moment."""

    def __init__(self, means: Means, checked: CheckedRules) -> None:
        self._means, self._shop, self._moment = means, means.shop, means.moment
        self._checked = checked
        self.rules = checked.rules.retention

    # -- looking -----------------------------------------------------------------------

    def look(self, *, writing: bool = False, progress: Progress | None = None) -> list[Looked]:
        """
        What every rule would end now, in the order of the rules.

        Args:
            writing: Keep the days on which accounts end, for the fact.
        """
        accounts = [rule for rule in self.rules if rule.of == ACCOUNTS]
        found = {rule.name: Looked(rule) for rule in self.rules}
        if accounts:
            self._look_at_accounts(
                [found[rule.name] for rule in accounts], writing=writing, progress=progress
            )
        elif writing:
            self._forget_dates()
        for rule in self.rules:
            if rule.of in ROW_CLASSES:
                found[rule.name].due = self._old(rule).count()
        return [found[rule.name] for rule in self.rules]

    def _look_at_accounts(
        self, found: Sequence[Looked], *, writing: bool, progress: Progress | None = None
    ) -> None:
        rules = [each.rule for each in found]
        total = customers_in_store(self._shop) if progress is not None else 0
        seen, now = 0, self._moment.epoch_s
        for scope, frame in Lifetimes(self._shop, self._checked, rules, self._moment).frames():
            for place, each in enumerate(found):
                mine = frame.filter(pl.col("rule") == place)
                coming = mine.filter(pl.col("purge_at") > now)["purge_at"].min()
                if isinstance(coming, int):
                    each.next_at = min(coming, each.next_at or coming)
                aged = mine.filter(pl.col("purge_at") <= now)
                free = aged.filter(pl.col("held").list.len() == 0)
                each.ids += free["customer_id"].sort().to_list()
                each.due = len(each.ids)
                held = aged.filter(pl.col("held").list.len() > 0)
                for why, number in held["held"].list.first().value_counts().iter_rows():
                    each.protected[why] = each.protected.get(why, 0) + number
            if writing:
                self._keep_dates(scope, frame)
            seen += frame.height
            if progress is not None:
                progress(min(seen, total), total)

    def _keep_dates(self, scope: Scope, frame: pl.DataFrame) -> None:
        """Write what differs of the days on which accounts of *scope* end."""
        table = self._shop.own.privacy.purge_date
        wanted = frame.group_by("customer_id").agg(pl.col("purge_at").min())
        with transaction(self._shop.engine) as tx:
            query = select(table.c.customer_id, table.c.purge_at).where(
                within(table.c.customer_id, scope)
            )
            kept = read_rows(tx, query, {"customer_id": WHOLE, "purge_at": WHOLE})
        gone = kept.join(wanted, on="customer_id", how="anti")["customer_id"].to_list()
        new = wanted.join(kept, on=["customer_id", "purge_at"], how="anti").sort("customer_id")
        for start in range(0, len(gone), 1_000):
            with transaction(self._shop.engine) as tx:
                tx.execute(
                    delete(table).where(table.c.customer_id.in_(gone[start : start + 1_000]))
                )
        for rows in new.iter_slices(5_000):
            statement = insert(table).values(rows.to_dicts())
            with transaction(self._shop.engine) as tx:
                tx.execute(statement.on_duplicate_key_update(purge_at=statement.inserted.purge_at))

    def _forget_dates(self) -> None:
        number = self._shop.own.privacy.purge_date.c.customer_id
        found = True
        while found:
            with transaction(self._shop.engine) as tx:
                ids = list(tx.scalars(select(number).limit(1_000)))
                found = tx.execute(delete(number.table).where(number.in_(ids))).rowcount > 0

    # -- planning ----------------------------------------------------------------------

    def plan(self, progress: Progress | None = None) -> list[Looked]:
        """Tell the days, and note what is due as purges; returns what was found."""
        found = self.look(writing=True, progress=progress)
        with transaction(self._shop.engine) as tx:
            for each in found:
                purges.plan(
                    tx, self._shop.own, each.rule, each.due, self._most(each.rule), self._moment
                )
            state.write(tx, self._shop.own, _PLANNED, self._moment.today.isoformat(), self._moment)
        return found

    def _most(self, rule: RetentionRule) -> int:
        if rule.most is not None:
            return rule.most
        if rule.of != ACCOUNTS:
            return MOST_ROWS
        return caps.cap(self._means.config.rules, customers_in_store(self._shop))

    # -- ending ------------------------------------------------------------------------

    def go_on(self, purge: Purge) -> None:
        """Carry out *purge*, or as much of it as there is time for."""
        own, moment = self._shop.own, self._moment
        rule = next((rule for rule in self.rules if fold(rule.name) == purge.rule), None)
        if rule is None or rule.fingerprint != purge.fingerprint:
            with transaction(self._shop.engine) as tx:
                purges.end(tx, own, purge.purge_id, moment)
            return
        done = (
            self._end_accounts(purge, rule) if rule.of == ACCOUNTS else self._end_rows(purge, rule)
        )
        if done is not None:
            with transaction(self._shop.engine) as tx:
                purges.finish(tx, own, purge.purge_id, done, moment)

    def _end_accounts(self, purge: Purge, rule: RetentionRule) -> Mapping[str, int] | None:
        counts: Counter[str] = Counter()
        counts.update(self._erase([], purge))  # what a crash left of it
        looked = Looked(rule)
        self._look_at_accounts([looked], writing=False)
        if self._grew(purge, looked.due):
            return None
        for start in range(0, len(looked.ids), RUN):
            if self._means.stop():
                return None
            counts.update(self._erase(looked.ids[start : start + RUN], purge))
        return counts

    def _erase(self, ids: Sequence[int], purge: Purge) -> Mapping[str, int]:
        done = erasing.purge(self._means, ids, purge.purge_id)
        with transaction(self._shop.engine) as tx:
            purges.count_erased(tx, self._shop.own, purge.purge_id)
        return done

    def _end_rows(self, purge: Purge, rule: RetentionRule) -> Mapping[str, int] | None:
        old = self._old(rule)
        if self._grew(purge, old.count()):
            return None
        eraser = Eraser(
            self._means,
            old.rows.register,
            old.rows.live,
            uploads_folder(self._means.config),
            subjects=[],
            numbers=[0],
        )
        counts: Counter[str] = Counter()
        for one, keys in old.parts():
            if self._means.stop():
                return None
            if old.kind.ending == "delete":
                number = old.delete(one, keys)
            else:
                number = _rewrite(eraser, one, keys)
            counts[one.name] += number
            with transaction(self._shop.engine) as tx:
                purges.note_erased(tx, self._shop.own, purge.purge_id, number)
        return counts

    def _grew(self, purge: Purge, number: int) -> bool:
        """Whether so much more is due than was let that *purge* has to wait again."""
        if purge.erased or number * 100 <= purge.planned * (100 + _GROWTH):
            return False
        with transaction(self._shop.engine) as tx:
            purges.wait_again(tx, self._shop.own, purge.purge_id, number, self._moment)
        return True

    def _old(self, rule: RetentionRule) -> OldRows:
        config = self._means.config
        with transaction(self._shop.engine) as tx:
            live = read_live_schema(tx, config.database.name, self._shop.prefix)
            protected = _protected(tx, self._shop, self._moment)
        rows = Rows(self._shop, read_registered(config.privacy.register), live, [])
        return OldRows(rows, rule, self._moment, protected)


def _rewrite(eraser: Eraser, one: PersonalTable, keys: Sequence[Key]) -> int:
    """Let rows of *one* stay without the person, after all that hangs on them."""
    rows = eraser.rows()
    rows.suppose(one.name, [key[0] for key in keys])
    below = _below(eraser.register, one.name)
    for each in list(rows.tables()):
        if each.name in below:
            eraser.erase_table(rows, each)
    return eraser.erase_by_key(one.name, keys)


def _below(register: Register, name: str) -> frozenset[str]:
    """The tables whose links lead to the table *name*, and those by codes in them."""
    found = {name}
    while True:
        more = {each.name for each in register.tables.values() if each.parents & found} - found
        if not more:
            break
        found |= more
    by_code = {
        each.name
        for each in register.tables.values()
        if any(link.to == "code" for link in each.links)
    }
    return frozenset((found | by_code) - {name})


def _protected(tx: Connection, shop: Shop, moment: Moment) -> frozenset[int]:
    """Customers under a legal hold or a restriction: their data stays as it is."""
    hold, restriction = shop.own.privacy.legal_hold, shop.own.privacy.restriction
    held = select(hold.c.customer_id).where(
        or_(hold.c.until.is_(None), hold.c.until > moment.epoch_s)
    )
    restricted = select(restriction.c.customer_id).where(restriction.c.kind == "restricted")
    return frozenset([*tx.scalars(held), *tx.scalars(restricted)])


def retain(means: Means) -> None:
    """What retention has to do now: plan once a day, and go on with what was let."""
    shop = means.shop
    with transaction(shop.engine) as tx:
        if state.read(tx, shop.own, PAUSED) is not None:
            return
        is_planned = state.read(tx, shop.own, _PLANNED) == means.moment.today.isoformat()
        let = purges.running(tx, shop.own)
    if is_planned and not let:
        return
    retention = open_retention(means)
    if not is_planned:
        retention.plan()
        with transaction(shop.engine) as tx:
            let = purges.running(tx, shop.own)
    for purge in let:
        if means.stop():
            return
        retention.go_on(purge)


def open_retention(means: Means) -> Retention:
    """
    The retention of the store of *means*, by the rules as they are now.

    Raises:
        RuleError: The rules cannot be used.
    """
    rules = means.config.rules
    checked = rulebook.check_files(
        means.shop, rules.directory, own_tables=True, builtins=rules.builtins
    )
    return Retention(means, checked)
