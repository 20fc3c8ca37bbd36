"""The two ways in which the bridge comes into a store and leaves it."""

from __future__ import annotations

import shutil

from playwright.sync_api import Locator

from browser.desk import Desk
from browser.program import Program
from browser.store import Store


def install_by_upload(desk: Desk, program: Program) -> None:
    """As a person does it: Extensions > Installer, then Extensions > Extensions > Other."""
    package = program.folder / "sidecar.ocmod.zip"
    program.run("bridge", "zip", "--output", str(package))
    page = desk.goto("marketplace/installer")
    with page.expect_file_chooser() as chooser:
        page.click("#button-upload")
    with page.expect_response("**route=marketplace/installer.upload**"):
        chooser.value.set_files(package)
    row = page.locator("#extension tbody tr", has_text="Sidecar")
    row.locator(".btn-success").click()
    row.locator(".btn-warning").wait_for()
    desk.rest()
    _others(desk).locator(".btn-success").click()
    page.locator("#extension .alert-success, .alert-success").first.wait_for()
    desk.rest()


def leave_by_installer(desk: Desk) -> None:
    """As a person does it: taken away under Other, in the installer, and deleted there."""
    _others(desk).locator(".btn-danger").click()
    desk.page.locator(".alert-success").first.wait_for()
    desk.rest()
    page = desk.goto("marketplace/installer")
    row = page.locator("#extension tbody tr", has_text="Sidecar")
    row.locator(".btn-warning").click()
    row.locator(".btn-success").wait_for()
    desk.rest()
    row.locator(".btn-danger").click()
    row.wait_for(state="detached")
    desk.rest()


def install_by_command(program: Program, store: Store) -> None:
    """``sidecar bridge install``."""
    program.run("bridge", "install", "--opencart", str(store.installation.directory))


def leave_by_command(program: Program, store: Store) -> None:
    """``sidecar bridge uninstall``."""
    program.run("bridge", "uninstall", "--opencart", str(store.installation.directory))


def put_away(store: Store) -> None:
    """Remove the bridge's files, also where leaving failed."""
    shutil.rmtree(store.installation.directory / "extension" / "sidecar", ignore_errors=True)
    (store.storage / "marketplace" / "sidecar.ocmod.zip").unlink(missing_ok=True)


def _others(desk: Desk) -> Locator:
    page = desk.goto("marketplace/extension", type="other")
    return page.locator("#extension tbody tr", has_text="Sidecar")
