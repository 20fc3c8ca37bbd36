"""The composition root: the one place where the parts are put together."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Engine

from sidecar import clock
from sidecar.config import Config
from sidecar.errors import NotNowError, Problem
from sidecar.model import Moment, Outcome
from sidecar.service.upkeep import Upkeep
from sidecar.shop import indexes, migrate, size
from sidecar.shop.database import connect, transaction
from sidecar.shop.leader import leader_lock
from sidecar.shop.shop import Shop, open_shop
from sidecar.sync import (
    caps,
    changed,
    question,
    registry,
    rule_list,
    rulebook,
    run_list,
    runs,
    segments,
    set_aside,
    status,
    tags,
)
from sidecar.sync.caps import Budget
from sidecar.sync.commands import (
    look_handlers,
    operation_handlers,
    pin_handlers,
    queue,
    rule_handlers,
    run_handlers,
    tag_handlers,
)
from sidecar.sync.commands.dispatcher import Dispatcher, Handler
from sidecar.sync.commands.means import Means
from sidecar.sync.commands.queue import Asked
from sidecar.sync.compiled_rules import Rulebook, open_rulebook
from sidecar.sync.explaining import explain
from sidecar.sync.facts import as_json
from sidecar.sync.facts.load import Dictionary
from sidecar.sync.full_pass import FullPass, Result
from sidecar.sync.naming import find_rule
from sidecar.sync.pass_runs import Approval
from sidecar.sync.planning import Stop
from sidecar.sync.preview import Preview, preview
from sidecar.sync.ranges import Progress, customers_in_store
from sidecar.sync.rulebook import CheckedRules
from sidecar.sync.runs import Waiting
from sidecar.sync.segments import Segment
from sidecar.sync.sources.hints import Hints
from sidecar.sync.state import Json
from sidecar.sync.tagging import Tagging
from sidecar.sync.tags import Tag
from sidecar.sync.writers import intents

if TYPE_CHECKING:
    from sidecar.daemon.duties import Duties
    from sidecar.daemon.work import Pulse


@dataclass(slots=True)
class Sidecar:
    """
    An opened installation: the shop, and what can be asked of it.

    Attributes:
        config: Its settings.
        engine: Its database.
        shop: Its store.
        stop: Asked during a full pass that a command wants whether to end.
    """

    config: Config
    engine: Engine
    shop: Shop
    stop: Stop | None = None

    def moment(self) -> Moment:
        """Now, in the store's zone."""
        return Moment(clock.now(), self.shop.settings.zone)

    @property
    def upkeep(self) -> Upkeep:
        """What is done to the installation as a whole."""
        return Upkeep(self.config, self.shop)

    # -- our own tables ------------------------------------------------------------------

    def migrate(self) -> list[migrate.Migration]:
        """Bring our own tables up to date and bind them; returns the migrations that ran."""
        ran = migrate.migrate(self.engine, self.shop.prefix)
        self.upkeep.bind(self.moment())
        return ran

    def missing_indexes(self) -> list[indexes.MissingIndex]:
        """Our indexes that the store's tables lack."""
        return indexes.missing_indexes(self.engine, self.shop.prefix)

    def add_index(self, missing: indexes.MissingIndex, retried: Callable[[int], None]) -> None:
        """Add one of `missing_indexes`."""
        indexes.add_index(self.engine, self.shop.prefix, missing, retried)

    def has_own_tables(self) -> bool:
        """Whether our tables exist, whatever their version."""
        return migrate.exist(self.engine, self.shop.prefix)

    def require_own_tables(self) -> None:
        """
        Refuse to go on without our tables.

        Raises:
            SchemaError: They are missing, older or newer.
        """
        migrate.require_current(self.engine, self.shop.prefix)

    @contextlib.contextmanager
    def leading(self, wait_s: float = 0.0) -> Iterator[None]:
        """
        Be the only sidecar that writes to this store.

        Raises:
            ConfigError: Our tables are a copy that nobody has adopted.
        """
        self.upkeep.require_same_place()
        with leader_lock(self.engine, self.config.database.name, self.shop.prefix, wait_s):
            if self.has_own_tables():
                with transaction(self.engine) as tx:
                    runs.recover(tx, self.shop.own)
                intents.recover(self.shop)
            yield

    # -- rules and passes ----------------------------------------------------------------

    def check_rules(self, directory: Path | None = None) -> CheckedRules:
        """
        Read and check the rules of *directory*, or of the settings'.

        Raises:
            RuleError: With every problem found.
        """
        place = directory or self.config.rules.directory
        return rulebook.check_files(
            self.shop,
            place,
            own_tables=self.has_own_tables(),
            builtins=self.config.rules.builtins,
        )

    def rulebook(
        self, checked: CheckedRules, moment: Moment, *, new_limits: bool = False
    ) -> Rulebook:
        """Compile *checked*, after creating the tags and segments that rules make."""
        return open_rulebook(self.shop, checked, moment, writing=True, new_limits=new_limits)

    def full_pass(
        self,
        checked: CheckedRules,
        *,
        actor: str | None = None,
        approved_by: str | None = None,
        progress: Progress | None = None,
    ) -> Result:
        """
        Bring every customer in line, but for runs that wait for approval.

        Args:
            approved_by: Who approves of all that it plans, whatever its size; None: nobody.
        """
        approval = Approval(actor=approved_by, everything=True) if approved_by else None
        return self._full_pass(checked, actor=actor, approval=approval, progress=progress)

    def _full_pass(
        self,
        checked: CheckedRules,
        *,
        actor: str | None,
        approval: Approval | None,
        progress: Progress | None,
    ) -> Result:
        moment = self.moment()
        return FullPass(
            shop=self.shop,
            book=self.rulebook(checked, moment, new_limits=True),
            moment=moment,
            cap=self.cap(),
            actor=actor,
            approval=approval,
            progress=progress,
            stop=self.stop,
        ).carry_out()

    def catch_up(self) -> None:
        """Carry out commands and look at hints that wait: without a daemon nobody else does."""
        dispatcher = self.dispatcher()
        dispatcher.recover()
        while dispatcher.dispatch_next():
            pass
        hints = Hints(self.shop)
        while (doorbell := hints.ring(self.moment().epoch_s)).noted:
            moment = self.moment()
            changed.answer(
                self.shop,
                self.rulebook(self.check_rules(), moment),
                sorted(doorbell.ids),
                moment,
                Budget(self.shop.own, self.cap(), moment),
                kind="changed",
                touched=doorbell.actors,
            )
            with transaction(self.engine) as tx:
                hints.note(tx, doorbell)

    def cap(self) -> int:
        """The number of customers that a run may change unasked."""
        return caps.cap(self.config.rules, customers_in_store(self.shop))

    def process(self, book: Rulebook, ids: Sequence[int]) -> Outcome:
        """Bring the customers *ids* in line, as if something had rung for them."""
        moment = self.moment()
        budget = Budget(self.shop.own, self.cap(), moment)
        return changed.answer(self.shop, book, ids, moment, budget, kind="changed")[0]

    def plan(
        self,
        checked: CheckedRules,
        *,
        rule: str | None = None,
        sample: int = 0,
        progress: Progress | None = None,
    ) -> Preview:
        """
        What `full_pass` would do; writes nothing.

        Raises:
            UsageError: There is no such *rule*.
        """
        moment = self.moment()
        book = open_rulebook(self.shop, checked, moment, writing=False, new_limits=True)
        node = find_rule(checked.rules, rule) if rule is not None else None
        return preview(self.shop, book, moment, rule=node, sample=sample, progress=progress)

    def waiting(self) -> list[Waiting]:
        """The runs that wait for approval."""
        with transaction(self.engine) as tx:
            return runs.waiting(tx, self.shop.own)

    def run_list(self, limit: int) -> list[dict[str, Any]]:
        """Runs that wait and the last *limit* others; see `sidecar.sync.run_list.read`."""
        with transaction(self.engine) as tx:
            return run_list.read(tx, self.shop.own, limit, self.shop.settings.zone)

    def rule_names(self, rule_ids: Collection[int]) -> list[str]:
        """The names of rules by their numbers."""
        with transaction(self.engine) as tx:
            return registry.names(tx, self.shop.own, rule_ids)

    def set_aside(self, limit: int) -> list[tuple[int, str]]:
        """Customers set aside, and why; the last *limit*."""
        with transaction(self.engine) as tx:
            return set_aside.newest(tx, self.shop.own, limit)

    def duties(self, read_config: Callable[[], Config]) -> Duties:
        """The work of the daemon; *read_config* reads the settings again."""
        from sidecar.daemon.duties import Duties  # no other command needs all of that

        def dispatch(duties: Duties, pulse: Pulse) -> str:
            now = Sidecar(
                duties.installed.config,
                duties.installed.engine,
                duties.installed.shop,
                pulse.stopping,
            )
            asked = now.dispatcher(pulse.beat).dispatch_next()
            return asked.state if asked else ""

        return Duties(self.config, self.engine, read_config, dispatch)

    def status(self) -> dict[str, Json]:
        """How the installation is; see `sidecar.sync.status.read`."""
        name, prefix = self.config.database.name, self.shop.prefix
        taken = size.own_size(self.engine, prefix)
        with transaction(self.engine) as tx:
            found = status.read(tx, self.shop.own, name, prefix, taken, self.moment())
        newest = max(migration.version for migration in migrate.migrations())
        schema = {"version": migrate.version(self.engine, prefix), "newest": newest}
        return {**found, "schema": schema}

    # -- looking -------------------------------------------------------------------------

    def dictionary(self) -> Dictionary:
        """The facts of this store."""
        return rulebook.read_dictionary(self.shop)

    def tags(self) -> list[Tag]:
        """Every tag, also archived ones, by name."""
        with transaction(self.engine) as tx:
            return tags.load_tags(tx, self.shop.own)

    def segments(self) -> list[Segment]:
        """Every segment, by name."""
        with transaction(self.engine) as tx:
            return segments.load_segments(tx, self.shop.own)

    def customers(
        self,
        expression: str,
        *,
        limit: int | None = None,
        warn: Callable[[Problem], None] = lambda _: None,
    ) -> Iterator[dict[str, as_json.Json]]:
        """
        Who matches *expression*, ascending, each with every fact of the catalogue.

        Args:
            limit: At most so many; None: all.
            warn: Told what is allowed and hardly meant.

        Raises:
            UsageError: The expression is wrong; with every problem and its place.
        """
        moment = self.moment()
        matcher = question.ask(
            self.shop,
            self.config.rules,
            expression,
            moment,
            own_tables=self.has_own_tables(),
            warn=warn,
        )
        yield from matcher.rows(moment, limit)

    def explain(self, customer: str) -> dict[str, Json]:
        """
        Why the customer with an id or e-mail has each tag, segment and group, or has not.

        Raises:
            UsageError: There is no such customer, or several.
        """
        customer_id = explain.find(self.shop, customer)
        checked, moment = self.check_rules(), self.moment()
        book = open_rulebook(self.shop, checked, moment, writing=False, new_limits=False)
        return explain.explain(self.shop, book, customer_id, moment)

    def rule_list(self, checked: CheckedRules) -> list[dict[str, object]]:
        """Every rule of *checked*; see `sidecar.sync.rule_list`."""
        own_tables = self.has_own_tables()
        return rule_list.rule_list(self.shop, checked, self.moment(), own_tables=own_tables)

    # -- by hand -------------------------------------------------------------------------

    def tagging(self, actor: str) -> Tagging:
        """Tags by the hand of *actor*, with the rules as they are now."""
        checked = self.check_rules()
        moment = self.moment()
        rules = checked.rules
        return Tagging(self.shop, rules, lambda: self.rulebook(checked, moment), moment, actor)

    # -- commands ------------------------------------------------------------------------

    def handlers(self) -> dict[str, Handler]:
        """What carries out each command of the catalogue."""
        return {
            **tag_handlers.handlers(self.tagging),
            **pin_handlers.handlers(self._means),
            **run_handlers.handlers(self._means),
            **rule_handlers.handlers(self._means),
            **operation_handlers.handlers(self._means),
            **look_handlers.handlers(self.explain),
        }

    def _means(self) -> Means:
        """What commands are carried out with."""
        shop, rules = self.shop, self.config.rules

        def compiled(checked: CheckedRules, moment: Moment, pinning: bool) -> Rulebook:
            return open_rulebook(
                shop, checked, moment, writing=True, new_limits=False, pinning=pinning
            )

        def full_pass(
            *, actor: str, approval: Approval | None, progress: Progress | None
        ) -> Result:
            checked = self.check_rules()
            return self._full_pass(checked, actor=actor, approval=approval, progress=progress)

        return Means(
            shop=shop,
            moment=self.moment,
            check_rules=self.check_rules,
            checker=lambda: rulebook.checker(
                shop,
                rulebook.read_files(rules.directory),
                own_tables=True,
                builtins=rules.builtins,
            ),
            rulebook=compiled,
            full_pass=full_pass,
            budget=lambda moment: Budget(shop.own, self.cap(), moment),
        )

    def dispatcher(self, watch: Progress | None = None) -> Dispatcher:
        """Carries commands out; only for whoever leads. *watch* is told how far one is."""
        return Dispatcher(self.engine, self.shop.own, self.handlers(), watch=watch)

    def ask(self, name: str, parameters: Mapping[str, object], actor: str) -> int:
        """
        Ask for the command *name*; returns its number.

        Raises:
            UsageError: The command or a parameter is wrong.
        """
        with transaction(self.engine) as tx:
            return queue.ask(tx, self.shop.own, name, parameters, actor, clock.now())

    def asked(self, command_id: int) -> Asked:
        """A command as it stands."""
        with transaction(self.engine) as tx:
            return queue.read(tx, self.shop.own, command_id)

    def withdraw(self, command_id: int, why: str, state: Literal["new", "running"]) -> bool:
        """Give a command up that is in *state*; False when it is not."""
        own, now = self.shop.own, clock.now()
        with transaction(self.engine) as tx:
            return queue.fail(tx, own, command_id, why, NotNowError.exit_code, now, state)


def open_sidecar(settings: Config) -> Sidecar:
    """
    Connect and look at the store.

    Raises:
        DatabaseError: No connection, or no OpenCart that can be read.
        ConfigError: A setting does not fit the store.
    """
    engine = connect(settings.database)
    return Sidecar(settings, engine, open_shop(engine, settings))
