"""A Debian package of a distribution: the files, what dpkg is told of them, and the scripts."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

from systemd.deb import roots
from systemd.deb.roots import Distribution
from systemd.deb.tree import HERE, NAME, PROJECT, checksums, lay_out

#: What dpkg runs before and after.
SCRIPTS = ("postinst", "prerm", "postrm")


def build(distribution: Distribution, version: str | None, mirror: str | None, into: Path) -> Path:
    """
    Build the package of *distribution*.

    Args:
        version: Without the distribution's suffix; None: the project's.
        mirror: Of the distribution's archive; None: debootstrap's own.
        into: The folder of the package; made where it is missing.

    Returns:
        The package.
    """
    full = f"{version or project_version()}-1{distribution.suffix}"
    root = roots.folder(distribution, mirror)
    with roots.layer(root) as place:
        tree = place / "build/tree"
        lay_out(place, tree, full)
        architecture = roots.run(place, ["dpkg", "--print-architecture"]).strip()
        python = roots.run(
            place, ["python3", "-c", "import sys; print(*sys.version_info[:2], sep='.')"]
        )
        control = tree / "DEBIAN"
        control.mkdir()
        (control / "md5sums").write_text(checksums(tree))
        (control / "control").write_text(_control(full, architecture, python.strip(), _size(tree)))
        for script in SCRIPTS:
            shutil.copyfile(HERE / script, control / script)
            (control / script).chmod(0o755)
        name = f"{NAME}_{full}_{architecture}.deb"
        # As small as xz makes it, in a tenth of the time; dpkg reads it from Debian 12 on.
        packing = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z12", "--build"]
        roots.run(place, [*packing, "/build/tree", f"/build/{name}"])
        into.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(place / "build" / name, into / name)
    return into / name


def project_version() -> str:
    """The version of the program."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    return str(project["project"]["version"])


def _control(version: str, architecture: str, python: str, size_kib: int) -> str:
    major, minor = python.split(".")
    text = (HERE / "control").read_text("utf-8")
    for name, value in {
        "VERSION": version,
        "ARCHITECTURE": architecture,
        "PYTHON": python,
        "NEXT_PYTHON": f"{major}.{int(minor) + 1}",
        "SIZE": str(size_kib),
    }.items():
        text = text.replace(f"@{name}@", value)
    return text


def _size(tree: Path) -> int:
    sizes = (one.lstat().st_size for one in tree.rglob("*") if one.is_file())
    return sum((size + 1023) // 1024 for size in sizes)
