"""Commands as somebody in the admin asks for them, carried out at once."""

from __future__ import annotations

from typing import Any

from sidecar.shop.database import transaction
from sidecar.sync.commands import queue
from sidecar.sync.commands.dispatcher import Dispatcher
from sidecar.sync.commands.queue import Asked
from support.small_store import SmallStore


def asked(store: SmallStore, name: str, /, **parameters: Any) -> Asked:
    """The command as somebody in the admin asked for it, carried out."""
    return dispatched(store, ask(store, name, **parameters))


def ask(store: SmallStore, name: str, /, **parameters: Any) -> int:
    """The command's number; nobody carried it out yet."""
    own, engine = store.sidecar.shop.own, store.sidecar.engine
    with transaction(engine) as tx:
        return queue.ask(tx, own, name, parameters, "admin:eve", store.now)


def dispatched(store: SmallStore, number: int) -> Asked:
    """The command *number*, carried out, also after a crash."""
    engine = store.sidecar.engine
    dispatcher = Dispatcher(engine, store.sidecar.shop.own, store.sidecar.handlers())
    dispatcher.recover()
    return dispatcher.dispatch(number)


def done(store: SmallStore, name: str, /, **parameters: Any) -> Any:
    """What a command answers that does not fail."""
    found = asked(store, name, **parameters)
    assert found.state == "done", found.error
    return found.answer


def refused(store: SmallStore, name: str, /, exit_code: int = 64, **parameters: Any) -> str:
    """What is said of a command that fails."""
    found = asked(store, name, **parameters)
    assert (found.state, found.exit_code) == ("failed", exit_code), found
    return str(found.error)
