"""What checks are given to look at."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine

from sidecar.config import Config
from sidecar.model import Moment
from sidecar.shop.shop import Shop


@dataclass(frozen=True, slots=True)
class ServerCase:
    """
    A database that can be reached.

    Attributes:
        config: The settings.
        engine: Its sessions only read.
        now: The wall clock.
    """

    config: Config
    engine: Engine
    now: Callable[[], datetime.datetime]

    @property
    def prefix(self) -> str:
        """Of the store's tables."""
        return self.config.database.prefix


@dataclass(frozen=True, slots=True)
class StoreCase(ServerCase):
    """
    A store that can be read.

    Attributes:
        shop: The store.
    """

    shop: Shop

    def moment(self) -> Moment:
        """Now, in the store's zone."""
        return Moment(self.now(), self.shop.settings.zone)
