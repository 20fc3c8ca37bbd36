"""What people can ask for about the daemon: its checks, passes and pauses."""

from __future__ import annotations

from typing import Final

from sidecar.sync.commands.command import Command, Parameter

COMMANDS: Final[tuple[Command, ...]] = (
    Command(
        "doctor",
        "operation",
        "Check everything, and tell how each fault is mended; changes nothing",
        looks=True,
    ),
    Command(
        "pass.run",
        "operation",
        "Look at every customer now; what passes the cap waits for approval",
    ),
    Command(
        "pass.approve",
        "runs",
        "Look at every customer now, and approve what that plans",
    ),
    Command(
        "pause",
        "operation",
        "Go on reading, and write nothing to the store's own tables",
        (Parameter("reason", "text", "shown to everybody", required=False),),
    ),
    Command("resume", "operation", "End a pause"),
)
