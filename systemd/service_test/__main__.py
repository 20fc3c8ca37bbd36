"""``./dev service-test``: a package as a service, in a container with its own systemd."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

from systemd.deb import roots
from systemd.deb.build import build
from systemd.deb.tree import PROJECT
from systemd.service_test import shop, steps, upgrades, walls
from systemd.service_test.container import Container, StepError, booted
from systemd.service_test.guide import Block, blocks

#: The page whose commands are run, word for word.
PAGE = PROJECT / "docs/howto/install.md"

#: Of a package that any real one is newer than.
EARLIER = "0.0.1"

P = ParamSpec("P")

#: Which has the program.
PYTHON = {
    "package": "/usr/lib/opencart-sidecar/bin/python3",
    "pip": "/opt/opencart-sidecar/bin/python3",
}


class Trial:
    """Runs steps, and says of each how it went and how long it took."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def step(self, name: str, do: Callable[P, str], *args: P.args, **kwargs: P.kwargs) -> None:
        """Do one step."""
        began = time.monotonic()
        try:
            said = do(*args, **kwargs)
        except StepError as error:
            print(f"failed {time.monotonic() - began:6.1f} s  {name}\n{error}", flush=True)
            self.failed += 1
            return
        self.passed += 1
        note = f": {said}" if said else ""
        print(f"ok     {time.monotonic() - began:6.1f} s  {name}{note}", flush=True)


def main() -> None:
    """Try what the command line asks for."""
    asked = _arguments()
    roots.require_root("debootstrap", "systemd-nspawn", "nsenter")
    distribution = roots.DISTRIBUTIONS[asked.distribution]
    root = roots.folder(distribution, asked.mirror)
    trial, began = Trial(), time.monotonic()
    with tempfile.TemporaryDirectory(dir=roots.cache()) as folder, roots.layer(root) as place:
        log = Path(folder) / "console"
        source = place / "srv/source"
        shop.require_server(place)
        try:
            if asked.way == "package":
                package = asked.package or build(distribution, None, asked.mirror, Path(folder))
                source.mkdir()
                inside = source / package.name
                shutil.copyfile(package, inside)
                earlier = asked.previous or _as_earlier(place, inside, distribution.suffix)
                with booted(place, log, network=False) as container:
                    _try_package(trial, container, package.name, earlier)
            else:
                _copy_checkout(source)
                roots.carry_network(place)
                with booted(place, log, network=True) as container:
                    _follow(trial, container, blocks(PAGE, "pip"), "pip")
                    trial.step("a tag appears", steps.tag_appears, container)
        except StepError as error:
            trial.failed += 1
            print(error)
        if trial.failed and asked.verbose:
            print(log.read_text(errors="replace")[-3000:], file=sys.stderr)
    seconds = time.monotonic() - began
    print(f"{trial.passed} passed, {trial.failed} failed")
    print(f"({distribution.name}, {asked.way}, {seconds:.0f} s)")
    sys.exit(1 if trial.failed else 0)


def _try_package(trial: Trial, container: Container, package: str, earlier: Path) -> None:
    newer = Path("/srv/source") / package
    # The guide names the package by a pattern; only the earlier one may match it at first.
    kept = container.root / "srv" / package
    (container.root / "srv/source" / package).rename(kept)
    older = Path("/srv/source/opencart-sidecar_earlier.deb")
    shutil.copyfile(earlier, container.root / older.relative_to("/"))
    _follow(trial, container, blocks(PAGE, "package"), "package")
    kept.rename(container.root / "srv/source" / package)
    for name, step in (
        ("a tag appears", steps.tag_appears),
        ("reload applies a rule", steps.reload_applies_a_rule),
        ("broken files change nothing", steps.settings_that_are_broken_change_nothing),
    ):
        trial.step(name, step, container)
    trial.step("upgrade", upgrades.upgrade_keeps_what_is_there, container, newer)
    back = upgrades.the_version_before_works_on_newer_tables
    trial.step("back, and forth again", back, container, older, newer)
    for name, step in (
        ("health", steps.health_answers),
        ("exposure", steps.exposure_is_small),
        ("another store, with a credential", steps.another_store_with_a_credential),
        ("stop", steps.stops_in_time),
        ("the log is JSON", steps.log_is_json_without_people),
        ("watchdog", steps.watchdog_ends_a_daemon_that_hangs),
        ("drop-in: a database elsewhere", walls.only_what_is_allowed_is_reached),
        ("drop-in: no network", walls.no_network_at_all),
        ("drop-in: a store in a home", walls.a_store_in_a_home_is_read),
        ("drop-in: mail of a failure", walls.a_failure_is_mailed),
    ):
        trial.step(name, step, container)
    away = upgrades.database_away_does_not_break_dpkg
    trial.step("upgrade without a database", away, container, newer)
    trial.step("remove and purge", steps.removed_and_purged, container)


def _follow(trial: Trial, container: Container, page: list[Block], way: str) -> None:
    first, *others = page
    trial.step(f"guide: {first.heading}", _run_block, container, first)
    trial.step("a made-up store", _make_stores, container, PYTHON[way])
    for block in others:
        trial.step(f"guide: {block.heading}", _run_block, container, block)
    if trial.failed:
        raise StepError("the guide leads nowhere, so nothing more was tried")


def _run_block(container: Container, block: Block) -> str:
    container.run(block.body, folder="/srv/source", timeout_s=400)
    return ""


def _make_stores(container: Container, python: str) -> str:
    shop.make_store(container, "shop", python)
    shop.make_store(container, "second", python)
    shop.write_folder(container)
    return f"{shop.CUSTOMERS} customers"


def _as_earlier(place: Path, package: Path, suffix: str) -> Path:
    # The same files under a lower version, packed fast.
    tree, earlier = place / "srv/earlier", place / "srv/earlier.deb"
    subprocess.run(["dpkg-deb", "--raw-extract", str(package), str(tree)], check=True)
    control = tree / "DEBIAN/control"
    lines = control.read_text().splitlines()
    lines = [f"Version: {EARLIER}-1{suffix}" if "Version:" in line else line for line in lines]
    control.write_text("\n".join([*lines, ""]))
    packing = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(earlier)]
    subprocess.run(packing, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)
    return earlier


def _copy_checkout(target: Path) -> None:
    listing = ["git", "-C", str(PROJECT), "ls-files", "-z"]
    files = subprocess.run(listing, check=True, capture_output=True, text=True).stdout
    for name in filter(None, files.split("\0")):
        if (PROJECT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, target / name)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./dev service-test",
        description="Install, run, upgrade and purge the package in a container, with MariaDB and "
        "a made-up store in it. As root; nothing of it is left but the distribution's folder.",
    )
    parser.add_argument(
        "distribution", nargs="?", choices=[*roots.DISTRIBUTIONS], default="debian12"
    )
    parser.add_argument("--package", type=Path, help="try this one; default: build it")
    parser.add_argument("--previous", type=Path, help="upgrade from this one; default: the same")
    parser.add_argument("--mirror", help="of the distribution's archive; default: debootstrap's")
    parser.add_argument(
        "--way",
        choices=("package", "pip"),
        default="package",
        help="pip: follow the guide of pip instead, with this machine's network",
    )
    parser.add_argument("--verbose", action="store_true", help="show the console after a failure")
    return parser.parse_args()


main()
