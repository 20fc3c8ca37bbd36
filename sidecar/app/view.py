"""What there is to see of an installation; nothing here writes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sidecar import clock
from sidecar.config import Config
from sidecar.errors import Problem
from sidecar.model import Moment
from sidecar.service.doctor.examine import examine
from sidecar.service.doctor.processor import check_processor
from sidecar.shop import migrate, size
from sidecar.shop.database import transaction
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
from sidecar.sync.compiled_rules import open_rulebook
from sidecar.sync.explaining import explain
from sidecar.sync.facts import as_json
from sidecar.sync.facts.load import Dictionary
from sidecar.sync.finding import require_customers
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

    # -- in common -----------------------------------------------------------------------

    def _moment(self) -> Moment:
        return Moment(clock.now(), self.shop.settings.zone)

    def _has_own_tables(self) -> bool:
        return migrate.exist(self.shop.engine, self.shop.prefix)
