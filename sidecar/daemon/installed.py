"""The installation as it holds now: settings, store and rules, read as one or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from sqlalchemy import Engine

from sidecar import clock
from sidecar.config import Config
from sidecar.model import Moment
from sidecar.shop.database import transaction
from sidecar.shop.place import read_place
from sidecar.shop.shop import Shop, open_shop
from sidecar.sync import caps, identity, rulebook
from sidecar.sync.compiled_rules import Rulebook, open_rulebook
from sidecar.sync.ranges import customers_in_store

#: Rules files as read: name and content of each.
Files: TypeAlias = Sequence[tuple[str, bytes]]


class Installed:
    """
    What a daemon works with.

    Args:
        config: As first read.
        engine: The store's database, which stays the same over reloads.

    Attributes:
        config: The settings that hold; the store and rules are there once they were adopted.
        shop: The store, looked at with these settings.
        book: The rules that hold.
        cap: How many customers a run may change unasked.
    """

    shop: Shop
    book: Rulebook

    def __init__(self, config: Config, engine: Engine) -> None:
        self.config = config
        self.engine = engine
        self.cap = 0
        self._files: Files | None = None

    def moment(self) -> Moment:
        """Now, in the store's zone."""
        return Moment(clock.now(), self.shop.settings.zone)

    def budget(self, moment: Moment) -> caps.Budget:
        """What may still change unasked, as of *moment*."""
        return caps.Budget(self.shop.own, self.cap, moment)

    def adopt(self, config: Config) -> None:
        """
        Make *config* and the rules in its files hold; all or nothing.

        Raises:
            ConfigError: They cannot be used.
        """
        self._adopt(config, rulebook.read_files(config.rules.directory))

    def look_anew(self) -> None:
        """
        Read the store anew, under the same settings and rules: files may be half written now.

        Raises:
            ConfigError: They do not fit the store any more.
        """
        if self._files is None:
            self.adopt(self.config)
        else:
            self._adopt(self.config, self._files)

    def reopen_book(self) -> None:
        """Compile the rules anew, with those of the admin and what became of all of them."""
        self._open_book(self.config, self.shop, self._files or ())

    def _adopt(self, config: Config, files: Files) -> None:
        shop = open_shop(self.engine, config)
        with transaction(self.engine) as tx:
            identity.require_same_place(tx, shop.own, read_place(tx, config))
        self._open_book(config, shop, files)

    def _open_book(self, config: Config, shop: Shop, files: Files) -> None:
        checker = rulebook.checker(shop, files, own_tables=True, builtins=config.rules.builtins)
        checked = checker(rulebook.read_admin(shop))
        moment = Moment(clock.now(), shop.settings.zone)
        self.book = open_rulebook(shop, checked, moment, writing=True, new_limits=False)
        self.config, self.shop, self._files = config, shop, files
        self.cap = caps.cap(config.rules, customers_in_store(shop))
