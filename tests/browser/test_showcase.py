"""The pictures of the README, with ``--screenshots DIR``; small, of what a screen shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from browser.desk import Desk
from browser.store import Store

#: Kilobytes of a picture.
LARGEST = 150


@pytest.fixture
def screenshots(request: pytest.FixtureRequest) -> Path:
    folder = str(request.config.getoption("--screenshots"))
    if not folder:
        pytest.skip("--screenshots was not given")
    return Path(folder)


@pytest.mark.parametrize(
    "name", ["customers", "customer", "status", "rules", "gdpr", "loyalty", "reports"]
)
def test_a_picture_for_the_readme(admin: Desk, store: Store, screenshots: Path, name: str) -> None:
    if name == "customer":
        buyer = store.value(
            "SELECT customer_id FROM {sidecar_customer} WHERE total_spent > 0"
            " ORDER BY orders DESC, customer_id LIMIT 1"
        )
        page = admin.ours("customers.info", customer_id=buyer)
    elif name == "customers":
        page = admin.ours(name, sort="spent", order="DESC")
    else:
        page = admin.ours(name)
    page.set_viewport_size({"width": 1440, "height": 800})
    admin.rest()
    page.mouse.move(0, 0)
    file = screenshots / f"admin-{name}.png"
    page.screenshot(path=file)

    assert file.stat().st_size < LARGEST * 1000
