"""What there is to see of personal data, requests and consents; nothing here writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sidecar import clock
from sidecar.config import Config
from sidecar.errors import UsageError
from sidecar.model import Moment
from sidecar.privacy import erase_handlers, export_rows, person, purges, replay, request_list
from sidecar.privacy.means import Means
from sidecar.privacy.person import require_key
from sidecar.rules.language.suggest import listing
from sidecar.shop.database import transaction
from sidecar.shop.own_privacy_tables import ADDRESS_CHANNELS
from sidecar.shop.shop import Shop
from sidecar.sync.consents import statement as consent_statement
from sidecar.sync.consents import verifying
from sidecar.sync.ranges import Progress
from sidecar.sync.state import Json


@dataclass(frozen=True, slots=True)
class PrivacyView:
    """
    What commands show of personal data: requests, consents, what is kept, for how long.

    Attributes:
        config: The installation's settings.
        shop: Its store.
    """

    config: Config
    shop: Shop

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

    def requests(self, *, everything: bool, limit: int) -> dict[str, Json]:
        """The requests that are not answered, or all; see `request_list.listed`."""
        with transaction(self.shop.engine) as tx:
            return request_list.listed(
                tx, self.shop, self._moment(), everything=everything, limit=limit
            )

    def request(self, number: int) -> dict[str, Json]:
        """
        A request and what was done about it; see `request_list.one`.

        Raises:
            UsageError: There is none of that number.
        """
        with transaction(self.shop.engine) as tx:
            return request_list.one(tx, self.shop, number, self._moment())

    def person(self, text: str) -> dict[str, Json]:
        """
        What there is of the customer with an id or e-mail, or of a guest by e-mail.

        Raises:
            UsageError: There is no such customer, or several.
            ConfigError: There is no key.
        """
        who = person.named(self.shop, text)
        with transaction(self.shop.engine) as tx:
            return request_list.of_person(tx, self.shop, who, self._moment())

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
        return erase_handlers.planned(self._means(), {"customer": customer, "guest": guest})

    def replay_plan(self) -> dict[str, Any]:
        """
        What the journal of erasures asks for now; see `sidecar.privacy.replay`.

        Raises:
            ConfigError: There is no key, or the register cannot be used.
            FatalError: The file of the journal cannot be read.
        """
        return replay.plan(self._means()).as_json()

    def purges(self, limit: int) -> list[dict[str, Any]]:
        """The newest purges of retention rules, at most *limit*; see `purges.told`."""
        moment = self._moment()
        with transaction(self.shop.engine) as tx:
            return [purges.told(one, moment) for one in purges.listed(tx, self.shop.own, limit)]

    def _means(self) -> Means:
        return Means(self.config, self.shop, self._moment())

    def _moment(self) -> Moment:
        return Moment(clock.now(), self.shop.settings.zone)
