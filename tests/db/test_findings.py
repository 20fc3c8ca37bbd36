"""What a person should look at, until it is mended."""

from __future__ import annotations

import datetime

from sidecar.model import Moment
from sidecar.shop.database import transaction
from sidecar.sync.findings import Finding, mend, open_findings, raise_finding
from support.small_store import SmallStore

KIND = "ladder.group_gone"


def _later(store: SmallStore, seconds: int) -> Moment:
    return Moment(store.now + datetime.timedelta(seconds=seconds), store.moment.zone)


def _open(store: SmallStore, limit: int = 10) -> list[Finding]:
    with transaction(store.sidecar.engine) as tx:
        return list(open_findings(tx, store.sidecar.shop.own, limit))


def _raise(store: SmallStore, subject: str, message: str, seconds: int, kind: str = KIND) -> None:
    with transaction(store.sidecar.engine) as tx:
        raise_finding(tx, store.sidecar.shop.own, kind, subject, message, _later(store, seconds))


def _mend(store: SmallStore, subject: str | None, seconds: int) -> None:
    with transaction(store.sidecar.engine) as tx:
        mend(tx, store.sidecar.shop.own, KIND, subject, _later(store, seconds))


def test_what_is_found_again_is_one_finding_with_a_count(store: SmallStore) -> None:
    start = store.moment.epoch_s
    _raise(store, "Gold", "first", 0)
    _raise(store, "Gold", "second", 5)
    _raise(store, "Gold", "third", 9)

    assert _open(store) == [Finding(KIND, "Gold", "third", start, start + 9, 3)]


def test_a_mended_finding_is_not_shown_and_counts_anew_when_it_is_back(store: SmallStore) -> None:
    _raise(store, "Gold", "first", 0)
    _raise(store, "Gold", "again", 1)
    _mend(store, "Gold", 2)

    assert _open(store) == []

    _raise(store, "Gold", "back", 3)
    start = store.moment.epoch_s
    assert _open(store) == [Finding(KIND, "Gold", "back", start + 3, start + 3, 1)]


def test_mending_one_subject_leaves_the_others(store: SmallStore) -> None:
    for subject in ("Gold", "Silver"):
        _raise(store, subject, "gone", 0)

    _mend(store, "Gold", 1)

    assert [found.subject for found in _open(store)] == ["Silver"]


def test_mending_a_kind_mends_all_of_its_subjects_and_no_other_kind(store: SmallStore) -> None:
    for subject in ("Gold", "Silver"):
        _raise(store, subject, "gone", 0)
    _raise(store, "Gold", "other", 0, kind="other")

    _mend(store, None, 1)

    assert [(found.kind, found.subject) for found in _open(store)] == [("other", "Gold")]


def test_what_was_mended_before_keeps_the_time(store: SmallStore) -> None:
    _raise(store, "Gold", "gone", 0)
    _mend(store, "Gold", 1)
    _mend(store, None, 99)

    (row,) = store.rows("SELECT mended_at FROM `{own}finding`")
    assert row["mended_at"] == store.moment.epoch_s + 1


def test_the_findings_found_last_are_shown_first_and_no_more_than_asked(store: SmallStore) -> None:
    for second, subject in enumerate(("a", "b", "c")):
        _raise(store, subject, "gone", second)
    _raise(store, "a", "gone", 5)

    assert [found.subject for found in _open(store, 2)] == ["a", "c"]


def test_a_text_that_is_too_long_is_shortened(store: SmallStore) -> None:
    _raise(store, "s" * 500, "m" * 900, 0)
    _raise(store, "s" * 500, "m" * 900, 1)

    (found,) = _open(store)
    assert (len(found.subject), len(found.message), found.times) == (191, 500, 2)
    _mend(store, "s" * 500, 2)
    assert _open(store) == []
