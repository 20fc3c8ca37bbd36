"""What is done about personal data is done with this; the composition root gives it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sidecar.config import Config
from sidecar.model import Moment
from sidecar.shop.shop import Shop


@dataclass(frozen=True, slots=True)
class Means:
    """
    Attributes:
        config: The settings as they are now.
        shop: The store.
        moment: Now.
        stop: Asked between batches whether to end; what is committed stands.
    """

    config: Config
    shop: Shop
    moment: Moment
    stop: Callable[[], bool] = lambda: False
