"""The bridge comes and goes by the admin and by the command line, and leaves nothing behind."""

from __future__ import annotations

import pytest

from browser import deploy
from browser.desk import Desk
from browser.program import Program
from browser.store import Store, differing

WAYS = ("upload", "command")


@pytest.fixture(autouse=True)
def _alone(in_place: bool, people: dict[str, int]) -> None:
    if in_place:
        pytest.skip("the bridge stays where it is")


def come(way: str, desk: Desk, program: Program, store: Store) -> None:
    if way == "upload":
        deploy.install_by_upload(desk, program)
    else:
        deploy.install_by_command(program, store)


def go(way: str, desk: Desk, program: Program, store: Store) -> None:
    if way == "upload":
        deploy.leave_by_installer(desk)
    else:
        deploy.leave_by_command(program, store)


@pytest.mark.parametrize("way_out", WAYS)
@pytest.mark.parametrize("way_in", WAYS)
def test_it_comes_and_goes_and_leaves_nothing(
    way_in: str, way_out: str, desks: dict[str, Desk], program: Program, store: Store
) -> None:
    desk = desks["admin"]
    desk.goto("marketplace/installer")  # lists the examples that OpenCart brings
    rows, files = store.snapshot(), store.files()

    come(way_in, desk, program, store)

    page = desk.goto("extension/sidecar/other/sidecar")
    assert page.locator("#content .card").first.is_visible()
    desk.shot(f"about-{way_in}")
    # Without our tables the pages say so.
    page = desk.ours("status")
    assert page.locator("#sidecar .alert-danger").first.is_visible()
    desk.shot("status-without-tables")
    menu = desk.goto("common/dashboard").locator("#menu a[href*='extension/sidecar/page/']")
    assert menu.count() > 0

    go(way_out, desk, program, store)

    assert differing(rows, store.snapshot()) == {}
    assert store.files() == files
    page = desk.goto("common/dashboard")
    assert page.locator("a[href*='extension/sidecar']").count() == 0


def test_both_ways_leave_the_same_state(
    desks: dict[str, Desk], program: Program, store: Store
) -> None:
    found = {}
    before = store.snapshot()
    for way in WAYS:
        come(way, desks["admin"], program, store)
        found[way] = {
            table: [row for row in rows if row.startswith("+")]
            for table, rows in differing(before, store.snapshot()).items()
        }
        go(way, desks["admin"], program, store)

    assert found["upload"].keys() == found["command"].keys()
    for table in found["upload"]:
        assert len(found["upload"][table]) == len(found["command"][table]), table
