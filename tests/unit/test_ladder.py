"""Each sentence of the rules' page on the ladder, first sight, pins and who wrote it."""

from __future__ import annotations

import dataclasses
import datetime
from zoneinfo import ZoneInfo

from sidecar.rules.ladder import LadderPlan, Rung
from sidecar.rules.syntax import Span
from support.ladder_frame import after
from support.ladder_interpreter import UNSEEN, Judged, Seen

KYIV = ZoneInfo("Europe/Kyiv")
HOUR, DAY = 3600, 86_400
NOW = int(datetime.datetime(2026, 6, 15, 9, 0, tzinfo=datetime.UTC).timestamp())

DEFAULT, RETAIL, SILVER, VIP, STAFF, GONE = 1, 2, 3, 4, 5, 9
_VIP, _SILVER = 0, 1  # slots
NONE: frozenset[int] = frozenset()

PLAN = LadderPlan(
    rungs=(
        Rung(_VIP, VIP, grace=Span(30, "day"), min_stay=Span(10, "day")),
        Rung(_SILVER, SILVER),
    ),
    fallback=None,
    from_=frozenset({DEFAULT}),
    protected=frozenset({STAFF}),
    upgrade_only=False,
    default_group=DEFAULT,
    blocked=False,
    paused=False,
    groups=frozenset({DEFAULT, RETAIL, SILVER, VIP, STAFF}),
)


def plan(**changes: object) -> LadderPlan:
    return dataclasses.replace(PLAN, **changes)  # type: ignore[arg-type]


def memory(group: int, **others: int | None) -> dict[str, int | None]:
    """Of a customer whom the ladder moves, in *group* for a year."""
    long_ago = {"group_id": group, "group_hold": 0, "group_since": NOW - 365 * DAY}
    return {**UNSEEN, **long_ago, **others}


def customer(group: int, *holds: int, was: dict[str, int | None] | None = None) -> Seen:
    """Somebody in *group* for whom the rungs in the slots *holds* hold."""
    verdict = frozenset(holds)
    return Seen(group, verdict, verdict, memory(group) if was is None else was, verdict)


def judged(seen: Seen, ladder: LadderPlan = PLAN, now: int = NOW) -> Judged:
    [result], _ = after(ladder, [seen], now, KYIV)
    return result


def again(seen: Seen, result: Judged, **changes: object) -> Seen:
    """*seen* as the next pass finds them, after what *result* said was done."""
    found = dataclasses.replace(seen, group=result.group, was=result.memory, rungs=result.rungs)
    return dataclasses.replace(found, **changes)  # type: ignore[arg-type]


def changed_outside(to: int, *holds: int, was: dict[str, int | None], **others: object) -> Seen:
    """Somebody whose native group is *to* now and was another when last looked at."""
    found = dataclasses.replace(customer(to, *holds, was=was), **others)  # type: ignore[arg-type]
    assert found.was["group_id"] != to
    return found


# A rung: the first that holds wins.


def test_the_first_rung_that_holds_wins() -> None:
    assert judged(customer(DEFAULT, _VIP, _SILVER)).move == (DEFAULT, VIP, 1)
    assert judged(customer(DEFAULT, _SILVER)).move == (DEFAULT, SILVER, 1)


def test_who_stands_on_no_rung_and_fulfils_none_stays_where_they_are() -> None:
    assert judged(customer(RETAIL)).move is None


def test_the_rung_a_customer_stands_on_is_judged_by_keep_when() -> None:
    standing = dataclasses.replace(customer(VIP), keep=frozenset({_VIP}))
    elsewhere = dataclasses.replace(customer(SILVER, _SILVER), keep=frozenset({_VIP, _SILVER}))

    assert judged(standing).memory["ceased_at"] is None
    assert judged(elsewhere).move is None


# Up at once; down after the left rung's grace.


def test_up_is_at_once_also_over_min_stay() -> None:
    stay = plan(rungs=(Rung(_VIP, VIP), Rung(_SILVER, SILVER, min_stay=Span(1, "year"))))
    moved_now = customer(SILVER, _VIP, was=memory(SILVER, group_since=NOW))

    assert judged(moved_now, stay).move == (SILVER, VIP, 1)


def test_grace_is_counted_from_the_instant_the_rung_ceased_to_hold() -> None:
    ceased = judged(customer(VIP))
    assert ceased.move is None
    assert ceased.memory["ceased_at"] == NOW

    waiting = again(customer(VIP), ceased)
    assert judged(waiting, now=NOW + 30 * DAY - 1).move is None
    assert judged(waiting, now=NOW + 30 * DAY).move == (VIP, DEFAULT, 3)


def test_grace_is_started_anew_when_the_rung_holds_again() -> None:
    was = memory(VIP, ceased_at=NOW - 40 * DAY)

    held = judged(customer(VIP, _VIP, was=was))
    assert held.memory["ceased_at"] is None

    assert judged(again(customer(VIP), held)).memory["ceased_at"] == NOW


def test_grace_is_that_of_the_left_rung_also_to_a_lower_one() -> None:
    over = memory(VIP, ceased_at=NOW - 30 * DAY)
    not_over = memory(VIP, ceased_at=NOW - 30 * DAY + 1)

    assert judged(customer(VIP, _SILVER, was=over)).move == (VIP, SILVER, 2)
    assert judged(customer(VIP, _SILVER, was=not_over)).move is None


def test_grace_in_days_is_over_at_the_same_time_of_day_though_the_clock_jumped() -> None:
    # On 29 March 2026 the clock in Kyiv jumps: thirty days are an hour shorter.
    ceased = int(datetime.datetime(2026, 3, 15, 12, 0, tzinfo=KYIV).timestamp())
    over = int(datetime.datetime(2026, 4, 14, 12, 0, tzinfo=KYIV).timestamp())
    assert over - ceased == 30 * DAY - HOUR
    was = memory(VIP, ceased_at=ceased, group_since=ceased)

    assert judged(customer(VIP, was=was), now=over - 1).move is None
    assert judged(customer(VIP, was=was), now=over).move == (VIP, DEFAULT, 3)


def test_min_stay_counts_from_the_move() -> None:
    was = {"ceased_at": NOW - 40 * DAY}
    over = memory(VIP, group_since=NOW - 10 * DAY, **was)
    not_over = memory(VIP, group_since=NOW - 10 * DAY + 1, **was)

    assert judged(customer(VIP, was=over)).move == (VIP, DEFAULT, 3)
    assert judged(customer(VIP, was=not_over)).move is None


def test_with_upgrade_only_nobody_falls() -> None:
    was = memory(VIP, ceased_at=NOW - 40 * DAY)

    assert judged(customer(VIP, _SILVER, was=was), plan(upgrade_only=True)).move is None
    assert judged(customer(SILVER), plan(upgrade_only=True)).move is None


# Where who fell off every rung goes.


def test_who_fell_off_every_rung_goes_to_fallback() -> None:
    was = memory(SILVER, group_before=DEFAULT)

    assert judged(customer(SILVER, was=was), plan(fallback=RETAIL)).move == (SILVER, RETAIL, 3)


def test_without_fallback_they_go_to_the_group_held_before_the_first_move() -> None:
    rose = judged(customer(RETAIL, _SILVER))
    rose_again = judged(again(customer(RETAIL, _VIP), rose))
    assert rose_again.memory["group_before"] == RETAIL

    off = judged(again(customer(SILVER), rose))
    assert off.move == (SILVER, RETAIL, 3)
    assert off.memory["group_before"] is None


def test_a_group_held_before_that_is_gone_gives_way_to_the_default_group() -> None:
    was = memory(SILVER, group_before=GONE)

    assert judged(customer(SILVER, was=was)).move == (SILVER, DEFAULT, 3)


def test_nobody_falls_into_a_protected_group_or_one_that_is_gone() -> None:
    for fallback in (STAFF, GONE):
        assert judged(customer(SILVER), plan(fallback=fallback)).move is None


def test_a_protected_group_is_never_left_and_never_entered() -> None:
    staff_rung = plan(rungs=(Rung(_VIP, STAFF), Rung(_SILVER, SILVER)))

    assert judged(customer(STAFF, _VIP, _SILVER)).move is None
    assert judged(customer(DEFAULT, _VIP), staff_rung).move is None
    assert judged(customer(STAFF), staff_rung).move is None


# First sight.


def unseen(group: int, *holds: int) -> Seen:
    return customer(group, *holds, was=dict(UNSEEN))


def test_a_customer_found_in_a_group_outside_from_is_treated_as_pinned_there() -> None:
    found = judged(unseen(RETAIL, _VIP))
    assert (found.move, found.note, found.memory["group_hold"]) == (None, 1, 1)

    later = judged(again(unseen(RETAIL, _VIP), found), now=NOW + 400 * DAY)
    assert (later.move, later.note) == (None, 0)


def test_a_customer_found_in_a_group_of_from_is_decided_at_once() -> None:
    found = judged(unseen(DEFAULT, _VIP))

    assert (found.move, found.note) == ((DEFAULT, VIP, 1), 0)


def test_found_at_installation_is_released_by_group_auto() -> None:
    released = customer(RETAIL, _VIP, was=memory(RETAIL, group_hold=0))

    assert judged(released).move == (RETAIL, VIP, 1)


def test_first_sight_is_not_noted_while_the_ladder_is_blocked_or_paused() -> None:
    for standing in (plan(blocked=True), plan(paused=True), plan(rungs=())):
        result = judged(unseen(RETAIL, _VIP), standing)
        assert (result.memory, result.move, result.note) == (UNSEEN, None, 0)


# A group that disappears; a ladder that stands still.


def test_a_rung_whose_group_disappears_is_off_and_customers_stay() -> None:
    off = plan(rungs=(Rung(_VIP, None), Rung(_SILVER, SILVER)), groups=PLAN.groups - {VIP})

    assert judged(customer(VIP, _SILVER), off).move is None
    assert judged(customer(DEFAULT, _VIP, _SILVER), off).move == (DEFAULT, SILVER, 1)


def test_while_the_ladder_is_blocked_what_its_rungs_say_stands_still() -> None:
    was = memory(SILVER, ceased_at=NOW - 9 * DAY)
    fallen = dataclasses.replace(customer(SILVER, _VIP, was=was), rungs=frozenset({_SILVER}))

    result = judged(fallen, plan(blocked=True))

    assert (result.move, result.memory, result.rungs) == (None, was, frozenset({_SILVER}))


def test_while_paused_nobody_moves_and_nothing_is_remembered() -> None:
    was = memory(SILVER)
    pinned = changed_outside(VIP, _VIP, was=was, pin=RETAIL, touched=True)

    result = judged(pinned, plan(paused=True))

    assert (result.group, result.move, result.memory, result.note) == (VIP, None, was, 0)


# Pins.


def test_a_pin_in_sets_the_group_and_the_ladder_leaves_the_customer_alone() -> None:
    pinned = dataclasses.replace(customer(DEFAULT, _VIP), pin=RETAIL, pin_since=NOW)

    set_now = judged(pinned)
    assert set_now.move == (DEFAULT, RETAIL, 4)
    assert judged(again(pinned, set_now)).move is None


def test_a_pin_in_goes_whatever_from_protected_and_approval_say() -> None:
    for ladder in (PLAN, plan(blocked=True), plan(rungs=())):
        for seen in (customer(STAFF), unseen(RETAIL)):
            pinned = dataclasses.replace(seen, pin=VIP, pin_since=NOW)
            assert judged(pinned, ladder).move == (seen.group, VIP, 4)
    assert judged(dataclasses.replace(customer(DEFAULT), pin=STAFF)).group == STAFF


def test_a_pin_on_a_group_that_is_gone_leaves_the_customer_where_they_are() -> None:
    assert judged(dataclasses.replace(customer(DEFAULT, _VIP), pin=GONE)).move is None


def test_a_pin_out_makes_that_rung_not_hold() -> None:
    out = frozenset({_VIP})

    assert judged(dataclasses.replace(customer(DEFAULT, _VIP), out=out)).move is None
    standing = judged(dataclasses.replace(customer(VIP, _VIP), out=out))
    assert (standing.move, standing.memory["ceased_at"]) == (None, NOW)


def test_requalify_ends_a_pin_when_the_rung_next_turns_true() -> None:
    turned = dataclasses.replace(customer(RETAIL, _VIP), rungs=NONE)
    pinned_out = dataclasses.replace(turned, out_requalify=frozenset({_VIP}))
    pinned_in = dataclasses.replace(customer(VIP, _VIP), rungs=NONE, pin=VIP, requalify=True)

    assert judged(pinned_out).out_ended == {_VIP}
    assert judged(pinned_out).move == (RETAIL, VIP, 1)
    assert judged(pinned_in).pin_ended


def test_a_rung_that_holds_all_along_ends_no_pin() -> None:
    pinned_out = dataclasses.replace(customer(RETAIL, _VIP), out_requalify=frozenset({_VIP}))
    pinned_in = dataclasses.replace(customer(VIP, _VIP), pin=VIP, requalify=True)

    assert (judged(pinned_out).out_ended, judged(pinned_out).move) == (NONE, None)
    assert not judged(pinned_in).pin_ended


# Who wrote it.


def test_a_change_with_a_user_id_becomes_a_pin() -> None:
    result = judged(changed_outside(RETAIL, _VIP, was=memory(SILVER), touched=True))

    assert (result.group, result.move, result.note) == (RETAIL, None, 5)
    assert (result.memory["group_id"], result.memory["group_since"]) == (RETAIL, NOW)


def test_a_foreign_change_nobody_explains_is_adopted_and_kept() -> None:
    seen = changed_outside(RETAIL, _VIP, was=memory(VIP))

    adopted = judged(seen)
    assert (adopted.group, adopted.move, adopted.note) == (RETAIL, None, 2)
    assert (adopted.memory["group_hold"], adopted.memory["outside_at"]) == (2, NOW)

    kept = judged(again(seen, adopted), now=NOW + 300 * DAY)
    assert (kept.group, kept.move, kept.note) == (RETAIL, None, 0)


def test_it_is_kept_until_the_verdict_next_changes() -> None:
    seen = changed_outside(RETAIL, _VIP, was=memory(VIP))
    adopted = judged(seen)

    other = again(seen, adopted, when=frozenset({_SILVER}))

    assert judged(other, now=NOW + DAY).move == (RETAIL, SILVER, 1)


def test_a_second_within_24_hours_is_not_fought() -> None:
    for elapsed, note, hold in ((24 * HOUR, 3, 3), (24 * HOUR + 1, 2, 2)):
        was = memory(VIP, outside_at=NOW - elapsed, outside_wanted=SILVER)
        seen = changed_outside(RETAIL, _VIP, was=was)
        result = judged(seen)
        assert (result.move, result.note, result.memory["group_hold"]) == (None, note, hold)
        other = judged(again(seen, result, when=frozenset({_SILVER})), now=NOW + 9 * DAY)
        assert (other.move is None) == (hold == 3)


def test_a_pin_newer_than_an_adopted_change_rules_and_an_older_one_waits() -> None:
    was = memory(RETAIL, group_hold=2, outside_at=NOW - DAY, outside_wanted=VIP)
    for since, move in ((NOW - DAY - 1, None), (NOW - DAY, (RETAIL, VIP, 4))):
        pinned = dataclasses.replace(customer(RETAIL, was=was), pin=VIP, pin_since=since)
        assert judged(pinned).move == move


def just_moved(**others: int | None) -> dict[str, int | None]:
    """Moved from the default group to VIP two hours ago."""
    return memory(VIP, moved_from=DEFAULT, moved_at=NOW - 2 * HOUR, **others)


def test_a_stale_form_is_written_again_once_with_or_without_a_user_id() -> None:
    for touched in (True, False):
        result = judged(changed_outside(DEFAULT, _VIP, was=just_moved(), touched=touched))
        assert (result.move, result.note) == ((DEFAULT, VIP, 5), 4)
        assert result.memory["stale_at"] == NOW


def test_the_same_save_once_more_is_a_pin_with_a_user_id_and_unknown_without() -> None:
    seen = changed_outside(DEFAULT, _VIP, was=just_moved())
    restored = judged(seen)

    for touched, note in ((True, 5), (False, 2)):
        once_more = again(seen, restored, group=DEFAULT, touched=touched)
        result = judged(once_more, now=NOW + 60)
        assert (result.group, result.move, result.note) == (DEFAULT, None, note)


def test_only_exactly_the_value_from_before_and_only_within_2_hours_is_a_stale_form() -> None:
    other = changed_outside(RETAIL, _VIP, was=just_moved())
    late = changed_outside(DEFAULT, _VIP, was=just_moved())

    assert judged(other).note == 2
    assert judged(late, now=NOW + 1).note == 2


def test_a_stale_form_after_a_later_write_of_ours_is_written_again() -> None:
    was = just_moved(stale_at=NOW - 2 * HOUR - 1)

    assert judged(changed_outside(DEFAULT, _VIP, was=was)).note == 4


def test_four_writes_of_ours_in_ten_minutes_stop_the_ladder_for_that_customer() -> None:
    for writes, move, note in ((3, (DEFAULT, VIP, 1), 0), (4, None, 6)):
        seen = dataclasses.replace(customer(DEFAULT, _VIP), writes=writes)
        result = judged(seen)
        assert (result.move, result.note) == (move, note)
    assert judged(again(seen, result, writes=0), now=NOW + DAY).move is None


def test_a_persons_pin_is_written_though_the_breaker_stopped() -> None:
    stopped = customer(DEFAULT, was=memory(DEFAULT, group_hold=4))

    assert judged(dataclasses.replace(stopped, pin=VIP, writes=9)).move == (DEFAULT, VIP, 4)


def test_a_customer_in_a_group_that_no_longer_exists_is_left_alone() -> None:
    was = memory(VIP)

    result = judged(changed_outside(GONE, _SILVER, was=was))

    assert (result.move, result.note, result.memory) == (None, 0, was)


def test_a_hint_that_comes_a_moment_late_still_makes_the_change_a_persons() -> None:
    adopted = judged(changed_outside(RETAIL, _VIP, was=memory(VIP)))
    assert adopted.note == 2

    soon = dataclasses.replace(again(customer(RETAIL, _VIP), adopted), touched=True)
    assert judged(soon).note == 5
