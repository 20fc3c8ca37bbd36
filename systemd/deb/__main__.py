"""``./dev deb``: Debian packages."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from systemd.deb import roots
from systemd.deb.build import build, project_version
from systemd.deb.tree import PROJECT


def main() -> None:
    """Build what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="./dev deb",
        description="Build Debian packages that install without a network. As root; "
        f"each distribution is kept in a folder below {roots.cache()}.",
    )
    parser.add_argument(
        "distributions",
        nargs="*",
        metavar="DISTRIBUTION",
        choices=["all", *roots.DISTRIBUTIONS],
        default=["debian12"],
        help=f"{', '.join(roots.DISTRIBUTIONS)} or all; default: debian12",
    )
    parser.add_argument(
        "--version", help=f"of the package; default: the project's, {project_version()}"
    )
    parser.add_argument("--mirror", help="of the distribution's archive; default: debootstrap's")
    parser.add_argument(
        "--into", type=Path, metavar="DIR", default=PROJECT / "dist", help="default: dist"
    )
    asked = parser.parse_args()
    roots.require_root("debootstrap")
    names = list(roots.DISTRIBUTIONS) if "all" in asked.distributions else asked.distributions
    for name in names:
        began = time.monotonic()
        package = build(roots.DISTRIBUTIONS[name], asked.version, asked.mirror, asked.into)
        size_mb = package.stat().st_size / 1e6
        print(f"{package} ({size_mb:.0f} MB, {time.monotonic() - began:.0f} s)", flush=True)


main()
