"""Single values of the installation."""

from __future__ import annotations

import pytest

from sidecar.shop.database import transaction
from sidecar.sync import state
from sidecar.sync.state import Json
from support.small_store import SmallStore


@pytest.mark.parametrize("value", [True, 0, "text with 'quotes' and ü", [1, None], {"a": [2.5]}])
def test_a_value_is_read_as_it_was_written(store: SmallStore, value: Json) -> None:
    own, engine = store.sidecar.shop.own, store.sidecar.engine
    with transaction(engine) as tx:
        state.write(tx, own, "some", "before", store.moment)
        state.write(tx, own, "some", value, store.moment)
        state.write(tx, own, "other", 7, store.moment)

    with transaction(engine) as tx:
        assert state.read(tx, own, "some") == value
        assert state.read(tx, own, "other") == 7
    (row,) = store.rows("SELECT `at` FROM `{own}state` WHERE name = 'some'")
    assert row["at"] == store.moment.epoch_s


def test_what_was_removed_or_never_written_is_nothing(store: SmallStore) -> None:
    own = store.sidecar.shop.own
    with transaction(store.sidecar.engine) as tx:
        state.write(tx, own, "some", 1, store.moment)
        state.remove(tx, own, "some")
        state.remove(tx, own, "never")

        assert state.read(tx, own, "some") is None
        assert state.read(tx, own, "never") is None
