"""What there is to see of points, store credit and the loyalty program; nothing here writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sidecar import clock
from sidecar.config import Config
from sidecar.errors import UsageError
from sidecar.model import Moment
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import rulebook
from sidecar.sync.compiled_rules import Rulebook, open_rulebook
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
from sidecar.sync.state import Json


@dataclass(frozen=True, slots=True)
class LoyaltyView:
    """
    What commands show of points, tiers, cards and store credit.

    Attributes:
        config: The installation's settings.
        shop: Its store.
        check_rules: Its rules as they are now; RuleError when they are wrong.
    """

    config: Config
    shop: Shop
    check_rules: Callable[[], CheckedRules]

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

    def status(self) -> dict[str, Json]:
        """
        What is owed in points, and what became of those that were given.

        Raises:
            ConfigError: There is no loyalty program.
        """
        program = require_program(self.check_rules().rules)
        with transaction(self.shop.engine) as tx:
            return liability.read(tx, self.shop, program, self._moment())

    def months(self) -> dict[str, Json]:
        """
        What became of points month by month, and which are going to expire; see `months`.

        Raises:
            ConfigError: There is no loyalty program.
        """
        program = require_program(self.check_rules().rules)
        with transaction(self.shop.engine) as tx:
            return months.read(tx, self.shop, program, self._moment())

    def program(self) -> dict[str, Json]:
        """
        What the program of the rules files says; see `program_statement`.

        Raises:
            ConfigError: There is no loyalty program.
        """
        program = require_program(self.check_rules().rules)
        catalogue = rulebook.read_dictionary(self.shop).catalogue
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

    def _moment(self) -> Moment:
        return Moment(clock.now(), self.shop.settings.zone)
