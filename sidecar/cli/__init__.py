"""
The command line: what was asked is dispatched to a module of a family of commands.

``main`` turns every way a command can end into the exit codes of the contract.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from sidecar.errors import SidecarError, UsageError

#: 128 and the signal's number, as a shell says it.
INTERRUPTED, PIPE_CLOSED = 130, 141

FATAL = 70

#: What a disk that is full or broken says of a file that is open already.
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line *arguments*, by default the program's own, and exit."""
    _mend_streams()
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run the command line *arguments*; returns the exit code, after saying what went wrong."""
    import typer

    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
    except SidecarError as error:
        _say(str(error))
        return error.exit_code
    except typer.TyperException as error:
        _say_usage(error)
        return UsageError.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        _give_up_stdout()
        return PIPE_CLOSED
    except SystemExit as end:  # rich ends with 1 when the reader is gone
        return PIPE_CLOSED if end.code == 1 else int(end.code or 0)
    except Exception as error:  # noqa: BLE001 - the one place for what nobody foresaw
        if isinstance(error, OSError) and error.errno in _DISK and error.filename is None:
            _give_up_stdout()
            _say(f"the answer cannot be written: {error.strerror}")
            return FATAL
        _say_unexpected(error, arguments)
        return FATAL
    return code


def _mend_streams() -> None:
    # Else a connection would get the number of a stream that the caller has closed.
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w")
    # A character that the terminal's encoding lacks is no reason to fail.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _give_up_stdout() -> None:
    # Whatever is left to be written would fail once more when Python exits.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _dispatch(arguments: Sequence[str]) -> int:
    import typer

    from sidecar.cli.root import NAME, root

    app = root()
    if "_SIDECAR_COMPLETE" in os.environ:
        app(prog_name=NAME)
    command = typer.main.get_command(app)
    try:
        with command.make_context(NAME, list(arguments)) as context:
            command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    return 0


def _say(message: str) -> None:
    print(f"sidecar: {message}", file=sys.stderr)  # noqa: T201 - rich would wrap and colour it


def _say_usage(error: Exception) -> None:
    show = getattr(error, "show", None)  # with the usage of the command
    if show is None:
        _say(str(error))
    else:
        show()


def _say_unexpected(error: Exception, arguments: Sequence[str]) -> None:
    from sidecar.log import scrubbed

    _say(f"internal error: {type(error).__name__}: {scrubbed(str(error))}")
    if "--debug" in arguments or os.environ.get("SIDECAR_DEBUG"):
        print(scrubbed("".join(traceback.format_exception(error))), file=sys.stderr)  # noqa: T201
    else:
        _say("this is a fault of the program; --debug or SIDECAR_DEBUG=1 shows where it is")
