"""What an erasure needs to know: the register, the tables there are, and what it would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sidecar.privacy import erasure_plan
from sidecar.privacy.coverage import read_registered
from sidecar.privacy.eraser import Eraser
from sidecar.privacy.erasure_rows import Person
from sidecar.privacy.live_schema import LiveTable, read_live_schema
from sidecar.privacy.means import Means
from sidecar.privacy.rows import Rows
from sidecar.privacy.subject import Subject
from sidecar.privacy.uploads import uploads_folder
from sidecar.rules.privacy.coverage import Coverage, compare
from sidecar.rules.privacy.register import Register
from sidecar.shop.database import transaction


@dataclass(frozen=True, slots=True)
class Ground:
    """
    What an erasure needs to know of the installation.

    Attributes:
        register: Of personal data.
        live: The tables that there are.
        coverage: What the register does not know of them.
    """

    means: Means
    register: Register
    live: Mapping[str, LiveTable]
    coverage: Coverage = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "coverage", compare(self.register, self.live))

    def rows(self, subjects: Sequence[Subject]) -> Rows:
        """The rows of *subjects*."""
        return Rows(self.means.shop, self.register, self.live, subjects)

    def eraser(self, subjects: Sequence[Subject], numbers: Sequence[int]) -> Eraser:
        """What erases them."""
        folder = uploads_folder(self.means.config)
        return Eraser(self.means, self.register, self.live, folder, subjects, numbers)


def open_ground(means: Means) -> Ground:
    """
    Look at the tables and at the register.

    Raises:
        ConfigError: A file of the register cannot be used.
    """
    with transaction(means.shop.engine) as tx:
        live = read_live_schema(tx, means.config.database.name, means.shop.prefix)
    return Ground(means, read_registered(means.config.privacy.register), live)


def plan(ground: Ground, persons: Sequence[Person]) -> erasure_plan.Plan:
    """What erasing *persons* would do."""
    rows, means = ground.rows([one.subject for one in persons]), ground.means
    folder = uploads_folder(means.config)
    return erasure_plan.plan(rows, ground.coverage, means.moment, folder)
