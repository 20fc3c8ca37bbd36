"""What people can ask for about runs, and that customers are looked at again."""

from __future__ import annotations

from typing import Final

from sidecar.sync.commands.command import Command, Parameter
from sidecar.sync.commands.parameters import CUSTOMERS

_RUN = Parameter("run", "integer", "the run's number")

COMMANDS: Final[tuple[Command, ...]] = (
    Command(
        "customers.look",
        "customers",
        "Look at customers again now",
        (CUSTOMERS,),
    ),
    Command(
        "run.show",
        "runs",
        "Tell what a waiting run would change now, by rule and by name; changes nothing",
        (_RUN,),
        looks=True,
    ),
    Command("run.approve", "runs", "Write what a waiting run would change", (_RUN,)),
    Command("run.discard", "runs", "Drop a waiting run and hold its rules", (_RUN,)),
    Command(
        "run.undo",
        "runs",
        "Take back what a run changed and nobody changed since, and hold its rules",
        (_RUN,),
    ),
)
