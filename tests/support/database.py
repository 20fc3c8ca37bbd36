"""Helpers of tests that connect by themselves."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import msgspec
import pytest
from sqlalchemy import Engine, text

from sidecar import clock
from sidecar.config import Database
from sidecar.errors import SidecarError
from sidecar.shop.database import connect, transaction


@contextlib.contextmanager
def engine_for(settings: Database) -> Iterator[Engine]:
    """An engine that leaves no connection behind."""
    engine = connect(settings)
    try:
        yield engine
    finally:
        engine.dispose()


def changed(settings: Database, **values: object) -> Database:
    """*settings* with other *values*."""
    return msgspec.structs.replace(settings, **values)


def failure(settings: Database, statement: str = "SELECT 1") -> SidecarError:
    """The error that *statement* ends in, within 5 seconds."""
    started = clock.monotonic()
    with (
        engine_for(settings) as engine,
        pytest.raises(SidecarError) as error,
        transaction(engine) as tx,
    ):
        tx.execute(text(statement))
    assert clock.monotonic() - started < 5
    return error.value
