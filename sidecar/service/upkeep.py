"""An installation as a whole: whose it is, what is deleted of it with age, and its end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import func, select

from sidecar.config import Config
from sidecar.errors import SchemaError
from sidecar.model import Moment
from sidecar.privacy import takeover
from sidecar.service.bridge.contents import CODE
from sidecar.shop import extension_rows, migrate, removal
from sidecar.shop.database import transaction
from sidecar.shop.leader import leader_lock
from sidecar.shop.names import load_names
from sidecar.shop.place import Place, read_place
from sidecar.shop.shop import Shop
from sidecar.sync import identity, retention


@dataclass(frozen=True, slots=True)
class Upkeep:
    """
    What is done to an installation as a whole.

    Attributes:
        config: Its settings.
        shop: Its store.
    """

    config: Config
    shop: Shop

    # -- whose it is ---------------------------------------------------------------------

    def bind(self, moment: Moment) -> None:
        """Note where our tables are, where nothing or less is noted; they are up to date."""
        with transaction(self.shop.engine) as tx:
            identity.bind(tx, self.shop.own, self._place(), moment)

    def require_same_place(self) -> None:
        """
        Refuse to write to our tables where they are a copy.

        Raises:
            ConfigError: With what differs, and both ways out.
        """
        place = self._place()
        with transaction(self.shop.engine) as tx:
            identity.require_same_place(tx, self.shop.own, place)

    def elsewhere(self) -> str:
        """What tells this place from where our tables were before; empty: nothing."""
        try:
            migrate.require_current(self.shop.engine, self.shop.prefix)
        except SchemaError:
            return ""  # nothing is written then, and whoever needs them says so
        place = self._place()
        with transaction(self.shop.engine) as tx:
            found = identity.differences(tx, self.shop.own, place)
        return identity.elsewhere(found) if found else ""

    def adopt_moved(self, moment: Moment) -> str:
        """
        The store was moved here; returns the installation's id, which stays.

        Raises:
            NotNowError: A sidecar works on these tables.
        """
        with self._alone():
            place = self._place()
            with transaction(self.shop.engine) as tx:
                return identity.adopt_moved(tx, self.shop.own, place, moment)

    def adopt_copy(self, actor: str, moment: Moment) -> tuple[str, identity.Left]:
        """
        This is a copy; returns its new id, and what of the original it does not go on with.

        Raises:
            NotNowError: A sidecar works on these tables.
        """
        with self._alone():
            place = self._place()
            with transaction(self.shop.engine) as tx:
                return identity.adopt_copy(tx, self.shop.own, place, actor, moment)

    def _place(self) -> Place:
        with transaction(self.shop.engine) as tx:
            return read_place(tx, self.config)

    # -- age -----------------------------------------------------------------------------

    def clean(self, moment: Moment, stop: Callable[[], bool] = lambda: False) -> retention.Deleted:
        """Delete our rows that are older than the settings keep them; see `retention.clean`."""
        ages = retention.Ages(
            audit=self.config.upkeep.audit_age, commands=self.config.upkeep.commands_age
        )
        return retention.clean(self.shop.engine, self.shop.own, ages, moment, stop)

    # -- the end -------------------------------------------------------------------------

    def ours(self) -> removal.Ours:
        """What of us is in the store's database."""
        return removal.find_ours(self.shop.engine, self.shop.prefix)

    def took_over(self, ours: removal.Ours) -> bool:
        """Whether OpenCart's own requests are taken over, or half so."""
        own = self.shop.own
        # What an uninstallation that was interrupted left may lack the tables that say so.
        if not {own.state.name, own.privacy.privacy_act.name} <= set(ours.tables):
            return False
        with transaction(self.shop.engine) as tx:
            return takeover.read(tx, own) is not None

    def give_back(self, actor: str, moment: Moment) -> None:
        """Let OpenCart carry out its own requests, as it did before the takeover."""
        takeover.give_back(self.shop)
        with transaction(self.shop.engine) as tx:
            takeover.forget(tx, self.shop.own, actor, moment)

    def has_bridge(self) -> bool:
        """Whether our pages are in the store's admin."""
        prefix = self.shop.prefix
        if self.shop.capabilities.generation == "3.0":
            return False
        with transaction(self.shop.engine) as tx:
            if not tx.dialect.has_table(tx, f"{prefix}extension_install"):
                return False
            return extension_rows.installed(tx, prefix, CODE) is not None

    def groups(self) -> list[tuple[str, int]]:
        """The store's customer groups and how many customers are in each, by id."""
        customer = self.shop.tables.customer
        group = customer.c.customer_group_id
        with transaction(self.shop.engine) as tx:
            names = load_names(tx, self.shop.tables, self.shop.settings, products=False)
            display = names.tables["group"].display()
            rows = tx.execute(select(group, func.count()).group_by(group).order_by(group))
            return [(display.get(int(row[0]), f"#{row[0]}"), int(row[1])) for row in rows]

    @contextlib.contextmanager
    def uninstalling(self) -> Iterator[None]:
        """
        Hold off every sidecar while we are removed.

        Raises:
            NotNowError: A sidecar works on these tables.
        """
        with self._alone():
            yield

    def remove(
        self,
        ours: removal.Ours,
        *,
        purge: bool,
        told: Callable[[str], None],
        retried: Callable[[int], None],
    ) -> None:
        """Take away what `ours` found; see `removal.remove`."""
        engine, prefix = self.shop.engine, self.shop.prefix
        removal.remove(engine, prefix, ours, purge=purge, told=told, retried=retried)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with leader_lock(self.shop.engine, self.config.database.name, self.shop.prefix):
            yield
