"""One store for all short forms: what one leaves behind is the next one's beginning."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.bed import DURABLE, Bed, Beds, beds


@pytest.fixture(scope="session")
def all_beds(mariadb_template: Path) -> Iterator[Beds]:
    with beds(mariadb_template) as made:
        yield made


@pytest.fixture(scope="session")
def bed(all_beds: Beds) -> Bed:
    """A store on a server with a durable log."""
    return all_beds.make(DURABLE)
