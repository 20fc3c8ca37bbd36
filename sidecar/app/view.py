"""What there is to see of an installation; nothing here writes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sidecar import clock
from sidecar.config import Config
from sidecar.errors import Problem, UsageError
from sidecar.model import Moment
from sidecar.privacy import (
    erase_handlers,
    export_rows,
    person,
    purges,
    replay,
    request_list,
)
from sidecar.privacy.means import Means
from sidecar.privacy.person import require_key
from sidecar.rules.language.suggest import listing
from sidecar.service.doctor.examine import examine
from sidecar.service.doctor.processor import check_processor
from sidecar.shop import migrate, size
from sidecar.shop.database import transaction
from sidecar.shop.own_privacy_tables import ADDRESS_CHANNELS
from sidecar.shop.shop import Shop
from sidecar.sync import (
    buying,
    question,
    registry,
    restrictions,
    rule_list,
    rulebook,
    run_list,
    runs,
    set_aside,
    status,
    tags,
)
from sidecar.sync.compiled_rules import Rulebook, open_rulebook
from sidecar.sync.consents import statement as consent_statement
from sidecar.sync.consents import verifying
from sidecar.sync.explaining import explain
from sidecar.sync.facts import as_json
from sidecar.sync.facts.load import Dictionary
from sidecar.sync.finding import require_customers
from sidecar.sync.loyalty import (
    card_statement,
    cards,
    credit_statement,
    liability,
    months,
    program_statement,
    redemption_statement,
    simulating,
    statement,
)
from sidecar.sync.loyalty.beginning import require_program
from sidecar.sync.loyalty.credit import require_credit
from sidecar.sync.ranges import Progress
from sidecar.sync.rulebook import CheckedRules
from sidecar.sync.run_preview import preview_run
from sidecar.sync.runs import Waiting
from sidecar.sync.state import Json
from sidecar.sync.tags import Tag

#: Named changes of a run that waits.
_SAMPLE = 50


@dataclass(frozen=True, slots=True)
class View:
    """
    What commands show.

    Attributes:
        config: The installation's settings.
        shop: Its store.
        check_rules: Its rules as they are now; RuleError when they are wrong.
    """

    config: Config
    shop: Shop
    check_rules: Callable[[], CheckedRules]

    # -- the installation ----------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """How the installation is; see `sidecar.sync.status`."""
        name, prefix = self.config.database.name, self.shop.prefix
        taken = size.own_size(self.shop.engine, prefix)
        with transaction(self.shop.engine) as tx:
            found = status.read(tx, self.shop.own, name, prefix, taken, self._moment())
        newest = max(migration.version for migration in migrate.migrations())
        schema = {"version": migrate.version(self.shop.engine, prefix), "newest": newest}
        return {**status.dated(found, self.shop.settings.zone), "schema": schema}

    def waiting(self) -> list[Waiting]:
        """The runs that wait for approval."""
        with transaction(self.shop.engine) as tx:
            return runs.waiting(tx, self.shop.own)

    def run_list(self, limit: int) -> list[dict[str, Any]]:
        """Runs that wait and the last *limit* others; see `sidecar.sync.run_list.read`."""
        with transaction(self.shop.engine) as tx:
            return run_list.read(tx, self.shop.own, limit, self.shop.settings.zone)

    def run_preview(self, number: int, progress: Progress | None = None) -> dict[str, Json]:
        """
        What a waiting run would change now; see `sidecar.sync.run_preview`.

        Raises:
            UsageError: There is no such run, or it does not wait.
            RuleError: The rules are wrong; with every problem.
        """
        checked, moment = self.check_rules(), self._moment()
        book = open_rulebook(self.shop, checked, moment, writing=False, new_limits=True)
        return preview_run(self.shop, book, number, moment, sample=_SAMPLE, progress=progress)

    def doctor(self, progress: Progress | None = None) -> dict[str, Json]:
        """Everything that `sidecar doctor` finds, as ``findings``."""
        found = [check_processor(), *examine(self.config, clock.now, progress)]
        return {"findings": [finding.as_json() for finding in found]}

    def set_aside(self, limit: int) -> list[tuple[int, str]]:
        """Customers set aside, and why; the last *limit*."""
        with transaction(self.shop.engine) as tx:
            return set_aside.newest(tx, self.shop.own, limit)

    # -- facts, rules and tags -----------------------------------------------------------

    def dictionary(self) -> Dictionary:
        """The facts of this store."""
        return rulebook.read_dictionary(self.shop)

    def rule_list(self, checked: CheckedRules) -> list[dict[str, object]]:
        """Every rule of *checked*; see `sidecar.sync.rule_list`."""
        own_tables = self._has_own_tables()
        return rule_list.rule_list(self.shop, checked, self._moment(), own_tables=own_tables)

    def all_rules(self) -> dict[str, Json]:
        """
        Every rule, as ``rules``; see `sidecar.sync.rule_list`.

        Raises:
            RuleError: The rules are wrong; with every problem.
        """
        return {"rules": cast("list[Json]", self.rule_list(self.check_rules()))}

    def rule_names(self, rule_ids: Collection[int]) -> list[str]:
        """The names of rules by their numbers."""
        with transaction(self.shop.engine) as tx:
            return registry.names(tx, self.shop.own, rule_ids)

    def tags(self) -> list[Tag]:
        """Every tag, also archived ones, by name."""
        with transaction(self.shop.engine) as tx:
            return tags.load_tags(tx, self.shop.own)

    # -- customers -----------------------------------------------------------------------

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
        moment = self._moment()
        matcher = question.ask(
            self.shop,
            self.config.rules,
            expression,
            moment,
            own_tables=self._has_own_tables(),
            warn=warn,
        )
        yield from matcher.rows(moment, limit)

    def facts(self, customer_id: int) -> Mapping[str, Mapping[str, Json]]:
        """
        Every fact of a customer by name, each with its ``label``, ``unit`` and ``value``.

        Raises:
            RuleError: The rules files are wrong.
        """
        moment = self._moment()
        asked = question.ask(
            self.shop,
            self.config.rules,
            "orders >= 0",
            moment,
            own_tables=self._has_own_tables(),
            warn=lambda _: None,
        )
        values = asked.of(customer_id, moment)
        catalogue = self.dictionary().catalogue
        return {
            name: {"label": fact.label, "unit": fact.unit, "value": value}
            for name, value in values.items()
            if (fact := catalogue.get(name)) is not None
        }

    def customer(self, customer: str) -> dict[str, Json]:
        """
        The facts of the customer with an id or e-mail, in the order of the catalogue, and what,
        when and how much they buy; see `sidecar.sync.buying`.

        Raises:
            UsageError: There is no such customer, or several.
            RuleError: The rules files are wrong.
        """
        customer_id = require_customers(self.shop, [customer])[customer]
        moment = self._moment()
        with transaction(self.shop.engine) as tx:
            kinds = [row.kind for row in restrictions.of_customer(tx, self.shop.own, customer_id)]
        # Of their data nothing is made, and whom this person is like is not looked at.
        if "restricted" in kinds or "no_profiling" in kinds:
            return {
                "customer_id": customer_id,
                "restrictions": kinds,
                "facts": None,
                "buying": None,
            }
        told = self.facts(customer_id)
        facts = [
            {"name": fact.name, "area": fact.area, "kind": fact.kind, **told[fact.name]}
            for fact in self.dictionary().catalogue
            if fact.name in told
        ]
        with transaction(self.shop.engine) as tx:
            bought = buying.read(tx, self.shop, customer_id, moment)
        return {
            "customer_id": customer_id,
            "restrictions": kinds,
            "facts": facts,
            "buying": bought,
        }

    def explain(self, customer: str) -> dict[str, Json]:
        """
        Why the customer with an id or e-mail has each tag, segment and group, or has not.

        Raises:
            UsageError: There is no such customer, or several.
        """
        customer_id = explain.find(self.shop, customer)
        checked, moment = self.check_rules(), self._moment()
        book = open_rulebook(self.shop, checked, moment, writing=False, new_limits=False)
        return explain.explain(self.shop, book, customer_id, moment)

    # -- points --------------------------------------------------------------------------

    def points(self, customer: str, limit: int) -> dict[str, Json]:
        """
        What the customer with an id or e-mail has in points, with the last *limit* entries.

        Raises:
            ConfigError: There is no loyalty program.
            UsageError: There is no such customer, or several.
        """
        program = require_program(self.check_rules().rules)
        customer_id = require_customers(self.shop, [customer])[customer]
        with transaction(self.shop.engine) as tx:
            return statement.read(tx, self.shop, program, customer_id, limit)

    def card_with(self, number: str) -> dict[str, Json]:
        """Whose card has *number*, and whether it holds; see `card_statement.of_number`."""
        with transaction(self.shop.engine) as tx:
            return card_statement.of_number(tx, self.shop, number)

    def card(self, text: str) -> dict[str, Json]:
        """
        The card that *text*, a number, an id or an e-mail, leads to; see `card_statement`.

        Raises:
            UsageError: There is no such customer, or several.
        """
        if cards.is_number(text):
            return self.card_with(text)
        customer_id = require_customers(self.shop, [text])[text]
        with transaction(self.shop.engine) as tx:
            return card_statement.of_customer(tx, self.shop, customer_id)

    def credit(self, customer: str, limit: int) -> dict[str, Json]:
        """
        What the customer with an id or e-mail has in store credit, with the last *limit* entries.

        Raises:
            ConfigError: There is no loyalty program, or store credit is not kept.
            UsageError: There is no such customer, or several.
        """
        program = require_credit(require_program(self.check_rules().rules))
        customer_id = require_customers(self.shop, [customer])[customer]
        with transaction(self.shop.engine) as tx:
            return credit_statement.read(tx, self.shop, program, customer_id, limit)

    def credit_waiting(self, limit: int) -> dict[str, Json]:
        """
        The store credit that waits for another person's approval, at most *limit* issues.

        Raises:
            ConfigError: There is no loyalty program, or store credit is not kept.
        """
        program = require_credit(require_program(self.check_rules().rules))
        with transaction(self.shop.engine) as tx:
            return credit_statement.waiting(tx, self.shop, program, limit)

    def purges(self, limit: int) -> list[dict[str, Any]]:
        """The newest purges of retention rules, at most *limit*; see `purges.told`."""
        moment = Moment(clock.now(), self.shop.settings.zone)
        with transaction(self.shop.engine) as tx:
            return [purges.told(one, moment) for one in purges.listed(tx, self.shop.own, limit)]

    def loyalty(self) -> dict[str, Json]:
        """
        What is owed in points, and what became of those that were given.

        Raises:
            ConfigError: There is no loyalty program.
        """
        program = require_program(self.check_rules().rules)
        with transaction(self.shop.engine) as tx:
            return liability.read(tx, self.shop, program, self._moment())

    def loyalty_months(self) -> dict[str, Json]:
        """
        What became of points month by month, and which are going to expire; see `months`.

        Raises:
            ConfigError: There is no loyalty program.
        """
        program = require_program(self.check_rules().rules)
        with transaction(self.shop.engine) as tx:
            return months.read(tx, self.shop, program, self._moment())

    def loyalty_program(self) -> dict[str, Json]:
        """
        What the program of the rules files says; see `program_statement`.

        Raises:
            ConfigError: There is no loyalty program.
        """
        program = require_program(self.check_rules().rules)
        catalogue = self.dictionary().catalogue
        with transaction(self.shop.engine) as tx:
            return program_statement.read(tx, self.shop, program, catalogue)

    def quote(self, customer: str, points: int | None) -> dict[str, Json]:
        """
        What *points* of the customer with an id or e-mail would become; None: all of them.

        Raises:
            ConfigError: There is no loyalty program.
            UsageError: There is no such customer, or several, or they are not redeemed.
        """
        program = require_program(self.check_rules().rules)
        customer_id = require_customers(self.shop, [customer])[customer]
        with transaction(self.shop.engine) as tx:
            return redemption_statement.quoted(tx, self.shop, program, customer_id, points)

    def simulate(
        self, directory: Path | None, days: int, progress: Progress | None = None
    ) -> dict[str, Json]:
        """
        What the program of the rules in *directory* would have given, and the one in force.

        Args:
            directory: None: the rules as they are installed.
            days: How far back orders are looked at.

        Raises:
            UsageError: There is no such folder, or these are too many days.
            RuleError: The rules are wrong; with every problem.
            ConfigError: They have no loyalty program.
        """
        if directory is not None and not directory.is_dir():
            raise UsageError(f"{directory}: there is no such folder")
        moment = self._moment()

        def compiled(checked: CheckedRules) -> Rulebook:
            return open_rulebook(self.shop, checked, moment, writing=False, new_limits=False)

        installed = changed = compiled(self.check_rules())
        if directory is not None:
            builtins = self.config.rules.builtins
            found = rulebook.check_files(self.shop, directory, own_tables=True, builtins=builtins)
            changed = compiled(found)
        return simulating.simulate(self.shop, installed, changed, days, moment, progress)

    # -- consents ------------------------------------------------------------------------

    def consents(self, customer: str) -> dict[str, Json]:
        """
        What the customer or guest with an id or e-mail consented to; see `consents.statement`.

        Raises:
            UsageError: There is no such customer, or several.
            ConfigError: There is no key.
        """
        return consent_statement.of_text(self.shop, customer)

    def suppressed(self, channel: str, address: str) -> dict[str, Json]:
        """
        Whether *address* is on the suppression list.

        Raises:
            UsageError: There is no such *channel*.
            ConfigError: There is no key.
        """
        if channel not in ADDRESS_CHANNELS:
            raise UsageError(f"--channel: must be {listing(ADDRESS_CHANNELS)}, not {channel!r}")
        return consent_statement.of_address(self.shop, channel, address)

    def consents_verified(self, progress: Progress | None = None) -> dict[str, Json]:
        """
        Whether the chain of consents is whole.

        Raises:
            ConfigError: There is no key.
        """
        return consent_statement.of_chain(verifying.verify(self.shop, progress))

    def wordings(self) -> list[dict[str, Json]]:
        """The words that people consent to, the newest first."""
        with transaction(self.shop.engine) as tx:
            return consent_statement.of_wordings(tx, self.shop)

    # -- personal data -------------------------------------------------------------------

    def export_password(self, request_id: int) -> str:
        """
        What opens the export of a request; that it is told, the command ``gdpr.password`` notes.

        Raises:
            UsageError: There is none.
            ConfigError: The key is gone.
        """
        with transaction(self.shop.engine) as tx:
            salt = export_rows.of_request(tx, self.shop.own, request_id).salt
        return require_key(self.shop).password(salt)

    def erasure_plan(self, customer: str | None, guest: str | None) -> dict[str, Any]:
        """
        What erasing a person would do now; see `sidecar.privacy.erasure_plan`.

        Raises:
            UsageError: Both or none are given, or there is nobody of that name.
            ConfigError: There is no key, or the register cannot be used.
        """
        return erase_handlers.planned(self._privacy_means(), {"customer": customer, "guest": guest})

    def replay_plan(self) -> dict[str, Any]:
        """
        What the journal of erasures asks for now; see `sidecar.privacy.replay`.

        Raises:
            ConfigError: There is no key, or the register cannot be used.
            FatalError: The file of the journal cannot be read.
        """
        return replay.plan(self._privacy_means()).as_json()

    def _privacy_means(self) -> Means:
        return Means(self.config, self.shop, self._moment())

    # -- requests for one's data ---------------------------------------------------------

    def gdpr_requests(self, *, everything: bool, limit: int) -> dict[str, Json]:
        """The requests that are not answered, or all; see `request_list.listed`."""
        with transaction(self.shop.engine) as tx:
            return request_list.listed(
                tx, self.shop, self._moment(), everything=everything, limit=limit
            )

    def gdpr_request(self, number: int) -> dict[str, Json]:
        """
        A request and what was done about it; see `request_list.one`.

        Raises:
            UsageError: There is none of that number.
        """
        with transaction(self.shop.engine) as tx:
            return request_list.one(tx, self.shop, number, self._moment())

    def gdpr_person(self, text: str) -> dict[str, Json]:
        """
        What there is of the customer with an id or e-mail, or of a guest by e-mail.

        Raises:
            UsageError: There is no such customer, or several.
            ConfigError: There is no key.
        """
        who = person.named(self.shop, text)
        with transaction(self.shop.engine) as tx:
            return request_list.of_person(tx, self.shop, who, self._moment())

    # -- in common -----------------------------------------------------------------------

    def _moment(self) -> Moment:
        return Moment(clock.now(), self.shop.settings.zone)

    def _has_own_tables(self) -> bool:
        return migrate.exist(self.shop.engine, self.shop.prefix)
