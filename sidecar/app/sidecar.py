"""What an installation can do: its tables, its rules, full passes, commands."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from sqlalchemy import Engine

from sidecar import clock
from sidecar.app.loyalty_view import LoyaltyView
from sidecar.app.privacy_view import PrivacyView
from sidecar.app.requests import Requests
from sidecar.app.view import View
from sidecar.config import Config
from sidecar.model import Moment, Outcome
from sidecar.privacy import (
    download_handlers,
    duty,
    erase_handlers,
    export_handlers,
    request_handlers,
    retention_handlers,
    rights_handlers,
)
from sidecar.privacy.means import Means as PrivacyMeans
from sidecar.rules.admin_rule import AdminRule
from sidecar.service.upkeep import Upkeep
from sidecar.shop import indexes, migrate
from sidecar.shop.database import connect, transaction
from sidecar.shop.leader import leader_lock
from sidecar.shop.shop import Shop, open_shop
from sidecar.sync import bell, caps, changed, rulebook, runs
from sidecar.sync.caps import Budget
from sidecar.sync.commands import (
    card_handlers,
    consent_handlers,
    credit_handlers,
    look_handlers,
    loyalty_handlers,
    loyalty_look_handlers,
    operation_handlers,
    pin_handlers,
    redemption_handlers,
    rule_handlers,
    rule_look_handlers,
    run_handlers,
    select_handlers,
    tag_handlers,
    tier_handlers,
)
from sidecar.sync.commands.dispatcher import Handler
from sidecar.sync.commands.means import Means
from sidecar.sync.commands.select_handlers import Chosen
from sidecar.sync.compiled_rules import Rulebook, open_rulebook
from sidecar.sync.full_pass import FullPass, Result
from sidecar.sync.loyalty import coupon_writing, projection
from sidecar.sync.naming import find_rule
from sidecar.sync.pass_runs import Approval
from sidecar.sync.planning import Stop
from sidecar.sync.preview import Preview, preview
from sidecar.sync.ranges import Progress, customers_in_store
from sidecar.sync.rulebook import CheckedRules
from sidecar.sync.sources.hints import Hints
from sidecar.sync.state import Json
from sidecar.sync.tagging import Tagging
from sidecar.sync.writers import intents


@dataclass(slots=True)
class Sidecar:
    """
    An opened installation: the shop, and what can be asked of it.

    Attributes:
        config: Its settings.
        engine: Its database.
        shop: Its store.
        stop: Asked during a full pass that a command wants whether to end.
        meanwhile: Called during what may take minutes, so that what rings does not wait; None:
            nothing rings.
    """

    config: Config
    engine: Engine
    shop: Shop
    stop: Stop | None = None
    meanwhile: Callable[[], None] | None = None

    def moment(self) -> Moment:
        """Now, in the store's zone."""
        return Moment(clock.now(), self.shop.settings.zone)

    @property
    def upkeep(self) -> Upkeep:
        """What is done to the installation as a whole."""
        return Upkeep(self.config, self.shop)

    @property
    def view(self) -> View:
        """What there is to see of it."""
        return View(self.config, self.shop, self.check_rules)

    @property
    def loyalty_view(self) -> LoyaltyView:
        """What there is to see of its points and store credit."""
        return LoyaltyView(self.config, self.shop, self.check_rules)

    @property
    def privacy_view(self) -> PrivacyView:
        """What there is to see of personal data in it."""
        return PrivacyView(self.config, self.shop)

    @property
    def requests(self) -> Requests:
        """What people ask for."""
        return Requests(self.shop, self.handlers())

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
                projection.recover(self.shop)
                coupon_writing.recover(self.shop)
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
            kept=self.config.upkeep.audit_age,
        ).carry_out()

    def catch_up(self) -> None:
        """
        Carry out commands, look at hints that wait, and do what is due about personal data.

        Without a daemon nobody else does.
        """
        dispatcher = self.requests.dispatcher()
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
        duty.carry_out(self._privacy_means())

    def ring_bell(self) -> None:
        """Tell in the admin what a person should look at, each once."""
        bell.tell(self.shop, self.moment())

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
            **tag_handlers.handlers(self.tagging, self._chosen),
            **pin_handlers.handlers(self._means, self._chosen),
            **select_handlers.handlers(self._chosen),
            **run_handlers.handlers(self._means),
            **rule_handlers.handlers(self._means),
            **rule_look_handlers.handlers(self._means, self._chosen),
            **operation_handlers.handlers(self._means),
            **loyalty_handlers.handlers(self._means),
            **card_handlers.handlers(self._means),
            **tier_handlers.handlers(self._means),
            **credit_handlers.handlers(self._means),
            **redemption_handlers.handlers(self._means),
            **consent_handlers.handlers(self._means),
            **look_handlers.handlers(lambda: self.view),
            **loyalty_look_handlers.handlers(lambda: self.loyalty_view),
            **request_handlers.handlers(self._privacy_means),
            **erase_handlers.handlers(self._privacy_means),
            **export_handlers.handlers(self._privacy_means, self._explained),
            **download_handlers.handlers(self._privacy_means),
            **rights_handlers.handlers(self._means),
            **retention_handlers.handlers(self._privacy_means),
        }

    def _privacy_means(self) -> PrivacyMeans:
        """What is done about personal data is done with."""

        def stop() -> bool:
            if self.meanwhile is not None:
                self.meanwhile()
            return self.stop is not None and self.stop()

        return PrivacyMeans(self.config, self.shop, self.moment(), stop)

    def _explained(self, customer_id: int) -> dict[str, Json]:
        """Tags, segments, group and tier of a customer, and why; and the facts behind them."""
        found = self.view.explain(str(customer_id))
        # Who objects to profiling has none.
        is_judged = "no_profiling" not in cast("list[str]", found["restrictions"])
        return {**found, "fact": self.view.facts(customer_id) if is_judged else {}}

    def _chosen(self) -> Chosen:
        """Whom commands are about."""
        return Chosen(self.shop, self.config.rules, self.moment)

    def _means(self) -> Means:
        """What commands are carried out with."""
        shop, rules = self.shop, self.config.rules

        def checker(*, products: bool = True) -> Callable[[Sequence[AdminRule]], CheckedRules]:
            return rulebook.checker(
                shop,
                rulebook.read_files(rules.directory),
                own_tables=True,
                builtins=rules.builtins,
                products=products,
            )

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
            checker=checker,
            checker_without_products=lambda: checker(products=False),
            names=lambda: rulebook.read_names(shop, own_tables=True),
            rulebook=compiled,
            full_pass=full_pass,
            budget=lambda moment: Budget(shop.own, self.cap(), moment),
            cap=self.cap,
        )


def open_sidecar(settings: Config) -> Sidecar:
    """
    Connect and look at the store.

    Raises:
        DatabaseError: No connection, or no OpenCart that can be read.
        ConfigError: A setting does not fit the store.
    """
    engine = connect(settings.database)
    return Sidecar(settings, engine, open_shop(engine, settings))
