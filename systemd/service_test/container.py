"""A distribution's folder, booted as a machine of its own by systemd-nspawn."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

#: For its systemd to say that everything has started.
BOOT_S = 90.0

#: Real-time signals count from this one on this side of the C library.
_POWER_OFF = signal.SIGRTMIN + 4

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class StepError(Exception):
    """Something inside did not do what it should; the text says what it said."""


class Container:
    """
    A machine that runs.

    Attributes:
        root: Its files, as seen from outside; /run and /tmp are its own.
    """

    def __init__(self, root: Path, leader: int) -> None:
        self.root = root
        self._leader = leader

    def run(self, script: str, *, timeout_s: float = 180.0, folder: str = "/") -> str:
        """
        Run a shell script as its root, and return what it printed.

        Raises:
            StepError: It failed or took too long.
        """
        command = ["nsenter", f"--target={self._leader}", "--mount", "--uts", "--ipc", "--net"]
        command += ["--pid", "--root", f"--wd=/proc/{self._leader}/root", "--"]
        command += ["/bin/sh", "-ec", f"cd {folder}\n{script}"]
        environment = {"PATH": _PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", "TERM": "dumb"}
        environment["DEBIAN_FRONTEND"] = "noninteractive"
        try:
            done = subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            said = (error.output or b"").decode(errors="replace")
            raise StepError(f"{script}\n{said}\nnot done after {timeout_s:g} s") from None
        said = done.stdout.decode(errors="replace")
        if done.returncode:
            raise StepError(f"{script}\n{said}\nexit code {done.returncode}")
        return said

    def wait(self, what: str, script: str, within_s: float) -> float:
        """
        Wait until *script* succeeds, and return how long that took.

        Raises:
            StepError: It still fails after *within_s*.
        """
        began = time.monotonic()
        while True:
            try:
                self.run(script)
                return time.monotonic() - began
            except StepError as error:
                if time.monotonic() - began > within_s:
                    raise StepError(f"{what}: not within {within_s:g} s\n{error}") from None
            time.sleep(0.5)


@contextlib.contextmanager
def booted(root: Path, log: Path, *, network: bool) -> Iterator[Container]:
    """
    Boot *root*, and power it off at the end.

    Args:
        log: Where its console goes.
        network: This machine's; else none but its own loopback.
    """
    with (root / "etc/hosts").open("a") as hosts:
        hosts.write("127.0.0.1 localhost shop\n")
    (root / "etc/hostname").write_text("shop\n")
    # It is thrown away, so nobody need wait for a disk.
    (root / "etc/dpkg/dpkg.cfg.d/quick").write_text("force-unsafe-io\n")
    command = ["systemd-nspawn", "--quiet", f"--directory={root}", "--boot"]
    command += ["--machine=opencart-sidecar-test", "--console=pipe"]
    # Its systemd has to load the filters that IPAddressDeny= asks for.
    command += ["--system-call-filter=bpf", "--capability=CAP_BPF"]
    command += ["--resolv-conf=copy-host"] if network else ["--private-network"]
    if not Path("/run/systemd/system").is_dir():
        command += ["--register=no", "--keep-unit"]  # nobody to tell
    with (
        log.open("wb") as stream,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            leader = _leader(process)
            container = Container(root, leader)
            asking = "systemctl is-system-running --wait || test $? -eq 1"
            container.wait("booted", asking, BOOT_S)
            yield container
        finally:
            _power_off(process)


def _leader(process: subprocess.Popen[bytes]) -> int:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    began = time.monotonic()
    while process.poll() is None and time.monotonic() - began < BOOT_S:
        for child in children.read_text().split():
            if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                return int(child)
        time.sleep(0.2)
    raise StepError("systemd-nspawn did not boot it")


def _power_off(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(StepError, OSError):
        os.kill(_leader(process), _POWER_OFF)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
