"""
Commands in processes of their own that need not import the program first.

A process imports it once and forks for every command. That is all that differs from
``python -m sidecar``: each has a folder, an environment, streams and an exit code of its own.
Tests of how the program starts, and those of the daemon, start it the ordinary way.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

#: What a shell finds as ``sidecar``: hands its streams and all else over, and waits.
_CLIENT = """#!{python} -ISE
import json, os, socket, sys
asked = {{"arguments": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}}
with socket.socket(socket.AF_UNIX) as server:
    server.connect("{place}/socket")
    socket.send_fds(server, [json.dumps(asked).encode() + b"\\n"], [0, 1, 2])
    code = server.recv(9)
sys.exit(int(code))
"""


def run(
    arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """What ``python -m sidecar`` with *arguments* does in *folder* with just *environment*."""
    asked = {"arguments": list(arguments), "folder": str(folder), "environment": dict(environment)}
    with (
        socket.socket(socket.AF_UNIX) as server,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        Path(os.devnull).open("rb") as nothing,
    ):
        server.connect(str(programs() / "socket"))
        streams = [nothing.fileno(), out.fileno(), err.fileno()]
        socket.send_fds(server, [json.dumps(asked).encode() + b"\n"], streams)
        code = int(server.recv(9))
        said = []
        for stream in (out, err):
            stream.seek(0)
            said.append(stream.read().decode())
    return subprocess.CompletedProcess(list(arguments), code, *said)


@functools.cache
def programs() -> Path:
    """A folder with a ``sidecar`` that starts at once, as long as this process lives."""
    place = tempfile.TemporaryDirectory(prefix="sidecar-warm-")
    client = Path(place.name, "sidecar")
    client.write_text(_CLIENT.format(python=sys.executable, place=place.name), "utf-8")
    client.chmod(0o700)
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-m", "support.warm_start", place.name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{root}:{root}/tests"},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    atexit.register(place.cleanup)
    atexit.register(process.wait)
    atexit.register(process.stdin.close)
    return Path(place.name)


def _serve(place: str) -> None:
    # What commands import when they run, before there is any thread.
    import sidecar.app
    import sidecar.cli.root

    sidecar.cli.root.root()
    assert threading.active_count() == 1
    # Nobody waits for them but who asked.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{place}/socket")
        server.listen()
        os.write(1, b"ready\n")
        pid = os.fork()
        if pid == 0:
            _accept(server)
    sys.stdin.read()  # until whoever started this ends
    os.kill(pid, signal.SIGKILL)


def _accept(server: socket.socket) -> None:
    while True:
        client, _ = server.accept()
        with client:
            if os.fork() == 0:
                code = 1
                try:
                    code = _command(client)
                finally:
                    with contextlib.suppress(OSError):
                        client.send(str(code).encode())
                    os._exit(code)


def _command(client: socket.socket) -> int:
    """Be a process that runs the command that *client* asks for; its exit code."""
    from sidecar.cli import main

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, streams, _, _ = socket.recv_fds(client, 1 << 20, 3)
    while not message.endswith(b"\n"):
        message += client.recv(1 << 20)
    asked = json.loads(message)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["sidecar", *asked["arguments"]]
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    atexit._run_exitfuncs()
    for written in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            written.flush()
    return code


if __name__ == "__main__":
    _serve(sys.argv[1])
