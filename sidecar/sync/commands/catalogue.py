"""
Everything that people can ask for, as data: names, parameters, and who may.

The command line, the bridge, the checks and the reference page read this list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sidecar.sync.commands import (
    consent_commands,
    credit_commands,
    customer_commands,
    loyalty_commands,
    operation_commands,
    points_commands,
    privacy_commands,
    rule_commands,
    run_commands,
)
from sidecar.sync.commands.command import Command

#: In the order in which the reference tells those of an area.
COMMANDS: Final[tuple[Command, ...]] = (
    *customer_commands.COMMANDS,
    *points_commands.COMMANDS,
    *credit_commands.COMMANDS,
    *consent_commands.COMMANDS,
    *loyalty_commands.COMMANDS,
    *run_commands.COMMANDS,
    *rule_commands.COMMANDS,
    *operation_commands.COMMANDS,
    *privacy_commands.COMMANDS,
)

BY_NAME: Final[Mapping[str, Command]] = {command.name: command for command in COMMANDS}
