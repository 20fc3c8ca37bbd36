"""Commands that only look, and change nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sidecar.sync.commands.dispatcher import Answer, Handler, Task
from sidecar.sync.state import Json


def handlers(explain: Callable[[str], Mapping[str, Json]]) -> dict[str, Handler]:
    """
    What carries out each command that only looks.

    Args:
        explain: Explains the customer with an id or e-mail.
    """

    def explained(task: Task) -> Answer:
        return Answer(explain(task.parameters["customer"]))

    return {"explain": explained}
