"""Requests for erasure whose time has come, what was begun, and what was kept for a time."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.errors import NotNowError, SidecarError, UsageError
from sidecar.privacy import acts, erasure_outcome, erasure_rows, keeping, request_steps, requests
from sidecar.privacy.eraser import Done, Progress
from sidecar.privacy.erasing import begin, go_on
from sidecar.privacy.erasure_ground import Ground, open_ground
from sidecar.privacy.erasure_outcome import Outcome
from sidecar.privacy.erasure_persons import person_of
from sidecar.privacy.means import Means
from sidecar.privacy.requests import Request
from sidecar.shop.database import transaction


def carry_out(means: Means) -> None:
    """Go on with what was begun, begin what has waited long enough, and end what was kept."""
    own = means.shop.own
    with transaction(means.shop.engine) as tx:
        begun = erasure_rows.groups(tx, own)
        due = requests.beginning(tx, own, "erase", means.moment)
    if begun or due:
        _carry_out(open_ground(means), begun, due)
    _end_kept(means)


def _carry_out(
    ground: Ground, begun: Sequence[tuple[int | None, int | None]], due: Sequence[int]
) -> None:
    failed: list[SidecarError] = []
    for request_id, purge_id in begun:
        go_on(ground, request_id=request_id, purge_id=purge_id)
    for number in due:
        if (number, None) in begun:
            continue
        try:
            erase_request(ground, number)
        except (UsageError, NotNowError) as error:
            failed.append(error)  # a legal hold on one keeps nobody else waiting
    if failed:
        raise failed[0]


def erase_request(
    ground: Ground, number: int, actor: str = acts.OURSELVES, progress: Progress | None = None
) -> Outcome | None:
    """
    Carry out the request *number*, whose time has come.

    Returns:
        What it came to; None: it is answered already.

    Raises:
        UsageError: It is not approved, still waits, or we do not know who asks.
        NotNowError: A legal hold keeps the person's data.
        FatalError: The journal cannot be written; nothing was erased.
    """
    means, own = ground.means, ground.means.shop.own
    with transaction(means.shop.engine) as tx:
        request = request_steps.start(tx, own, number, actor, means.moment)
    with transaction(means.shop.engine) as tx:
        is_begun = (number, None) in erasure_rows.groups(tx, own)
    if not is_begun:
        person = person_of(means, request)
        if person is None:
            return _gone(ground, request)
        if not begin(ground, [person], request_id=number):
            return _by_another(ground, request)
    return go_on(ground, request_id=number, progress=progress)


def _gone(ground: Ground, request: Request) -> Outcome:
    """Nothing is erased that may be somebody else's."""
    means, own = ground.means, ground.means.shop.own
    outcome = Outcome(0, Done(is_settled=False))
    why = f"customer {request.customer_id} is another account than the one that asked"
    value = outcome.as_json() | {"why": why}
    with transaction(means.shop.engine) as tx:
        request_steps.finish(
            tx, own, request.request_id, "incomplete", acts.OURSELVES, means.moment, result=value
        )
    return outcome


def _by_another(ground: Ground, request: Request) -> Outcome | None:
    """The same person is being erased already: that is gone on with, and answers both."""
    means = ground.means
    with transaction(means.shop.engine) as tx:
        groups = erasure_rows.groups(tx, means.shop.own)
    outcome = None
    for request_id, purge_id in groups:
        outcome = go_on(ground, request_id=request_id, purge_id=purge_id) or outcome
    if outcome is not None:
        erasure_outcome.answer(means, request.request_id, outcome)
    return outcome


def _end_kept(means: Means) -> None:
    """Erase rows that were kept for a time that is over."""
    own, now = means.shop.own, means.moment.epoch_s
    ground: Ground | None = None
    while not means.stop():
        with transaction(means.shop.engine) as tx:
            kept = keeping.due(tx, own, now)
        if not kept:
            return
        ground = ground or open_ground(means)
        for number in sorted({one.erasure_id for one in kept}):
            keys = [one.key for one in kept if one.erasure_id == number]
            ground.eraser([], [number]).erase_by_key(kept[0].name, keys)
        with transaction(means.shop.engine) as tx:
            keeping.forget(tx, own, kept)
