"""What is in the package: every file, in the folder of a distribution."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import subprocess
from pathlib import Path

from systemd.deb import roots

PROJECT = Path(__file__).parents[2]
HERE = Path(__file__).parent

NAME = "opencart-sidecar"

#: The environment with the program and all its libraries; its scripts know this path.
HOME = Path("/usr/lib") / NAME

#: Of the virtual environment's scripts; the others are for people at a terminal.
_NEEDED = ("python", "python3", "sidecar")


def lay_out(root: Path, tree: Path, version: str) -> None:
    """
    Install the program in *root*, and put all that the package holds below *tree*.

    Args:
        root: A distribution's folder, which is changed; its Python runs.
        tree: Below *root*; new.
        version: Of the package.
    """
    _install_program(root)
    tree.mkdir(parents=True)
    library = tree / HOME.relative_to("/")
    library.parent.mkdir(parents=True)
    (root / HOME.relative_to("/")).rename(library)
    link = tree / "usr/bin/sidecar"
    link.parent.mkdir(parents=True)
    link.symlink_to(f"../lib/{NAME}/bin/sidecar")
    _copy(HERE / "opencart-sidecar.sysusers", tree / f"usr/lib/sysusers.d/{NAME}.conf")
    for unit in (f"{NAME}.service", f"{NAME}@.service"):
        _copy(PROJECT / "systemd" / unit, tree / "usr/lib/systemd/system" / unit)
    _packed(HERE / "sidecar.1", tree / "usr/share/man/man1/sidecar.1.gz")
    _copy(HERE / "lintian-overrides", tree / f"usr/share/lintian/overrides/{NAME}")
    _lay_out_documents(tree / f"usr/share/doc/{NAME}", version)
    _unify_modes(tree)


def _install_program(root: Path) -> None:
    source = root / "build/source"
    source.mkdir(parents=True)
    for name in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE"):
        _copy(PROJECT / name, source / name)
    shutil.copytree(
        PROJECT / "sidecar", source / "sidecar", ignore=shutil.ignore_patterns("__pycache__")
    )
    roots.carry_network(root)
    cached = roots.cache() / "pip"
    inside = root / "root/.cache/pip"
    for one in (cached, inside):
        one.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "--bind", cached, inside], check=True)
    roots.run(root, ["python3", "-m", "venv", str(HOME)])
    python = f"{HOME}/bin/python3"
    roots.run(
        root,
        [python, "-m", "pip", "install", "--quiet", "--no-compile", "/build/source"],
        PIP_CONSTRAINT="/build/source/constraints.txt",  # what builds the program obeys it too
        PIP_ROOT_USER_ACTION="ignore",
        PIP_NO_WARN_SCRIPT_LOCATION="1",
    )
    installed = roots.run(root, [python, "-m", "pip", "list", "--format=freeze"])
    extra = [name for name in ("pip", "setuptools") if f"{name}==" in installed]
    roots.run(root, [python, "-m", "pip", "uninstall", "--quiet", "--yes", *extra])
    scripts = root / f"{HOME}/bin".lstrip("/")
    for script in scripts.iterdir():
        if script.name not in _NEEDED:
            script.unlink()
    (root / f"{HOME}/.gitignore".lstrip("/")).unlink(missing_ok=True)
    # As Debian wants links within /usr: relative.
    (scripts / "python3").unlink()
    (scripts / "python3").symlink_to("../../../bin/python3")
    # Nobody could write them later; by hash, because times are not kept by every tool.
    compiling = [python, "-m", "compileall", "-q", "--invalidation-mode=unchecked-hash"]
    roots.run(root, [*compiling, f"{HOME}/lib"])
    roots.run(root, [f"{HOME}/bin/sidecar", "--version"])


def _lay_out_documents(place: Path, version: str) -> None:
    _copy(HERE / "copyright", place / "copyright")
    _packed(PROJECT / "CHANGELOG.md", place / "changelog.gz")
    entry = f"{NAME} ({version}) stable; urgency=medium\n\n  * See changelog.gz.\n\n"
    entry += " -- OpenCart Sidecar contributors <root@localhost>  "
    entry += "Thu, 01 Jan 1970 00:00:00 +0000\n"
    _write_packed(entry.encode(), place / "changelog.Debian.gz")
    for page in sorted((PROJECT / "docs/howto").glob("*.*")):
        _copy(page, place / "howto" / page.name)
    for page in sorted((PROJECT / "docs/reference").glob("*.md")):
        _copy(page, place / "reference" / page.name)
    examples = place / "examples"
    _copy(PROJECT / "config.example.toml", examples / "config.example.toml")
    for drop_in in sorted((PROJECT / "systemd/drop-ins").glob("*.conf")):
        _copy(drop_in, examples / "drop-ins" / drop_in.name)
    failure = f"{NAME}-failure@.service"
    _copy(PROJECT / "systemd" / failure, examples / failure)


def checksums(tree: Path) -> str:
    """The MD5 sums of all files below *tree*, as dpkg wants them."""
    lines = []
    for file in sorted(tree.rglob("*")):
        inside = file.relative_to(tree)
        if file.is_file() and not file.is_symlink() and inside.parts[0] != "DEBIAN":
            digest = hashlib.md5(file.read_bytes()).hexdigest()
            lines.append(f"{digest}  {inside}\n")
    return "".join(lines)


def _unify_modes(tree: Path) -> None:
    # Whatever umask this runs under.
    for one in [tree, *tree.rglob("*")]:
        if one.is_symlink():
            continue
        runs = one.is_dir() or (one.parent.name == "bin" and one.parent.parent.name == NAME)
        one.chmod(0o755 if runs else 0o644)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _packed(source: Path, target: Path) -> None:
    _write_packed(source.read_bytes(), target)


def _write_packed(content: bytes, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.compress(content, 9, mtime=0))
