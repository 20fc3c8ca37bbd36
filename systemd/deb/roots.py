"""A distribution in a folder: made by debootstrap, used through a layer that is thrown away."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: What a package is built with, and what it is tried with as a service.
INCLUDED = (
    *("ca-certificates", "python3-venv"),
    *("systemd", "systemd-sysv", "dbus", "sudo", "cron"),
    *("mariadb-server", "mariadb-client"),
)

#: What pip and the resolver need to know of this machine's network.
NETWORK = (
    Path("/etc/resolv.conf"),
    Path("/etc/hosts"),
    Path("/etc/pip.conf"),
    Path("/etc/ssl/certs/ca-certificates.crt"),
)


@dataclass(frozen=True, slots=True)
class Distribution:
    """
    One that is kept in a folder.

    Attributes:
        name: What people call it here; also its folder's name.
        suite: What debootstrap calls it.
        suffix: Of the package's version; a later release sorts later.
        components: Of the archive, with commas.
        included: Packages that its folder has beside the least.
        script: The oldest relative that debootstrap builds the same way: an older debootstrap
            does not know the newest suites. Empty: debootstrap knows the suite.
    """

    name: str
    suite: str
    suffix: str
    components: str = "main"
    included: tuple[str, ...] = INCLUDED
    script: str = ""


DISTRIBUTIONS = {
    one.name: one
    for one in (
        Distribution("debian12", "bookworm", "~deb12"),
        Distribution("debian13", "trixie", "~deb13"),
        Distribution("ubuntu2404", "noble", "~ubuntu24.04", "main,universe", script="gutsy"),
    )
}


def cache() -> Path:
    """Where the folders are kept: outside the project, and safe to delete."""
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(home) / "opencart-sidecar"


def require_root(*programs: str) -> None:
    """End the program unless it is root's and *programs* are installed."""
    if os.geteuid() != 0:
        raise SystemExit("only root can do this: it makes folders with a distribution in them")
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        packages = {"systemd-nspawn": "systemd-container"}
        raise SystemExit(
            f"not installed: {', '.join(missing)} (on Debian and Ubuntu: apt install "
            f"{' '.join(packages.get(name, name) for name in missing)})"
        )


def folder(distribution: Distribution, mirror: str | None) -> Path:
    """
    The folder of *distribution*, made by debootstrap where it is not there yet.

    Args:
        mirror: Of the distribution's archive; None: debootstrap's own.
    """
    roots = cache() / "roots"
    root = roots / distribution.name
    if root.is_dir():
        return root
    roots.mkdir(parents=True, exist_ok=True)
    print(f"{distribution.name}: debootstrap into {root}", flush=True)
    # Half a folder must not be taken for a whole one.
    unfinished = Path(tempfile.mkdtemp(prefix=f".{distribution.name}-", dir=roots))
    log = roots / f"{distribution.name}.log"
    command = ["debootstrap", "--variant=minbase", f"--components={distribution.components}"]
    # Without the archive's keys it would go on with a word that nobody reads.
    command += ["--force-check-gpg", f"--include={','.join(distribution.included)}"]
    command += [distribution.suite, str(unfinished), mirror or ""]
    command += [distribution.script] if distribution.script else []
    try:
        with log.open("wb") as stream:
            subprocess.run(command, check=True, stdout=stream, stderr=subprocess.STDOUT)
    except subprocess.CalledProcessError:
        lines = log.read_text(errors="replace").splitlines()
        shutil.rmtree(unfinished, ignore_errors=True)
        raise SystemExit("\n".join([f"debootstrap failed, see {log}:", *lines[-5:]])) from None
    unfinished.chmod(0o755)
    unfinished.rename(root)
    return root


@contextlib.contextmanager
def layer(root: Path) -> Iterator[Path]:
    """A folder that looks like *root* and can be written to; what was written is thrown away."""
    place = Path(tempfile.mkdtemp(prefix="layer-", dir=cache()))
    upper, work, merged = place / "upper", place / "work", place / "merged"
    for one in (upper, work, merged):
        one.mkdir()
    options = f"lowerdir={root},upperdir={upper},workdir={work}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, merged], check=True)
    try:
        yield merged
    finally:
        subprocess.run(["umount", "--recursive", merged], check=True)
        shutil.rmtree(place)


def carry_network(root: Path) -> None:
    """Let programs in *root* reach what this machine reaches, as this machine does."""
    for file in NETWORK:
        if file.exists():
            inside = root / file.relative_to("/")
            inside.unlink(missing_ok=True)
            inside.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, inside)


def run(root: Path, command: Sequence[str], **more: str) -> str:
    """
    Run *command* in *root*, and return what it printed.

    Args:
        more: Environment variables beside those of pip and of proxies.

    Raises:
        SystemExit: It failed; with what it said.
    """
    done = subprocess.run(
        ["chroot", root, *command],
        env={**_passed_on(os.environ), **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}\nexit code {done.returncode}")
    return done.stdout


def _passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    here = {
        name: value
        for name, value in environment.items()
        if name.startswith("PIP_") or name.lower().endswith("_proxy")
    }
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {**here, "PATH": path, "HOME": "/root", "LC_ALL": "C.UTF-8"}
