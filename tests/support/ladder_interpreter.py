"""
What the ladder means, said a second time: one customer after the other, in plain Python.

Shares no code with the program but the names of spans and plans.
"""

from __future__ import annotations

import calendar
import datetime
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from sidecar.rules.ladder import LadderPlan, Rung
from sidecar.rules.syntax import Span

UTC = datetime.UTC

#: The memory of a customer whom the ladder never saw.
UNSEEN: dict[str, int | None] = {
    "group_id": None,
    "group_before": None,
    "group_since": None,
    "ceased_at": None,
    "group_hold": None,
    "outside_at": None,
    "outside_wanted": None,
    "moved_from": None,
    "moved_at": None,
    "stale_at": None,
}


@dataclass(frozen=True)
class Seen:
    """
    One customer as a pass finds them.

    Attributes:
        group: The native group.
        when: Slots of the rungs whose condition holds.
        keep: Slots of the rungs whose condition to stay holds.
        was: The memory.
        rungs: Slots of the rungs that held when last looked at.
        pin: The group of the pin in.
        pin_since: When that was made.
        requalify: It ends when that group's rung turns true.
        out: Slots pinned out.
        out_requalify: The same, until the rung turns true.
        touched: A person saved them since the last look.
        writes: Ours to the group in the last ten minutes.
    """

    group: int
    when: frozenset[int] = frozenset()
    keep: frozenset[int] = frozenset()
    was: dict[str, int | None] = field(default_factory=lambda: dict(UNSEEN))
    rungs: frozenset[int] = frozenset()
    pin: int | None = None
    pin_since: int | None = None
    requalify: bool = False
    out: frozenset[int] = frozenset()
    out_requalify: frozenset[int] = frozenset()
    touched: bool = False
    writes: int = 0


@dataclass(frozen=True)
class Judged:
    """What a pass makes of one customer; *move* is (from, to, why)."""

    group: int
    memory: dict[str, int | None]
    rungs: frozenset[int]
    move: tuple[int, int, int] | None = None
    note: int = 0
    pin_ended: bool = False
    out_ended: frozenset[int] = frozenset()


def ago(span: Span, now: int, zone: ZoneInfo) -> int:
    """The instant that lies *span* before *now* on a clock on the wall in *zone*."""
    if span.unit == "minute":
        return now - 60 * span.count
    if span.unit == "hour":
        return now - 3600 * span.count
    local = datetime.datetime.fromtimestamp(now, zone)
    wall = local.replace(tzinfo=None, fold=0)
    if span.unit in ("day", "week"):
        wall -= datetime.timedelta(days=span.count * {"day": 1, "week": 7}[span.unit])
    else:
        year, month = wall.year, wall.month
        for _ in range(span.count * {"month": 1, "year": 12}[span.unit]):
            year, month = (year - 1, 12) if month == 1 else (year, month - 1)
        last = calendar.monthrange(year, month)[1]
        wall = wall.replace(year=year, month=month, day=min(wall.day, last))
    as_utc = int(wall.replace(tzinfo=UTC).timestamp())
    offsets = [_offset(as_utc + hours * 3600, zone) for hours in (-36, 36)]
    instants = sorted({as_utc - offset for offset in offsets})
    showing = [at for at in instants if at + _offset(at, zone) == as_utc]
    if len(showing) == 1:
        return showing[0]
    if showing:  # the wall shows this time twice
        return showing[local.fold]
    # It never shows it: by the clock from before the jump, or from after it.
    return as_utc - offsets[local.fold]


def _offset(at: int, zone: ZoneInfo) -> int:
    offset = datetime.datetime.fromtimestamp(at, zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def judge(plan: LadderPlan, seen: Seen, now: int, zone: ZoneInfo) -> Judged:
    """What one pass at *now* makes of *seen*."""
    if plan.paused:
        return Judged(seen.group, seen.was, seen.rungs)
    rungs = [rung for rung in plan.rungs if rung.group_id in plan.groups]
    if plan.blocked:
        word, turned = seen.rungs, frozenset[int]()
    else:
        word = frozenset(rung.slot for rung in rungs if rung.slot in seen.when)
        turned = word - seen.rungs
    seen, pin_ended, out_ended = _end_pins(rungs, seen, turned)
    decides = bool(plan.rungs) and not plan.blocked
    judged = Judged(seen.group, seen.was, word, None, 0, pin_ended, out_ended)
    if seen.was["group_id"] is None and seen.pin is None and not decides:
        return judged
    customer = _Customer(plan, rungs, seen, now, zone)
    return customer.judge(judged, decides=decides)


def _end_pins(
    rungs: list[Rung], seen: Seen, turned: frozenset[int]
) -> tuple[Seen, bool, frozenset[int]]:
    own = {rung.slot for rung in rungs if rung.group_id == seen.pin}
    pin_ended = seen.pin is not None and seen.requalify and bool(own & turned)
    out_ended = seen.out_requalify & turned
    return (
        replace(
            seen,
            pin=None if pin_ended else seen.pin,
            out=seen.out | (seen.out_requalify - out_ended),
        ),
        pin_ended,
        out_ended,
    )


class _Customer:
    def __init__(
        self, plan: LadderPlan, rungs: list[Rung], seen: Seen, now: int, zone: ZoneInfo
    ) -> None:
        self.plan, self.rungs, self.seen, self.now, self.zone = plan, rungs, seen, now, zone
        self.memory = dict(seen.was)
        self.note = 0

    def judge(self, judged: Judged, *, decides: bool) -> Judged:
        plan, seen, memory = self.plan, self.seen, self.memory
        lost = seen.group not in plan.groups
        known = memory["group_id"]
        pin_exists = seen.pin in plan.groups
        if known is not None and lost and not pin_exists:
            return judged
        if memory["group_hold"] is None and decides and not (known is not None and lost):
            came_from = memory["group_before"] if memory["group_before"] else seen.group
            self.note = 0 if came_from in plan.from_ else 1
            memory["group_hold"] = self.note
        changed = known is not None and not lost and known != seen.group
        stale = changed and self.is_stale_form()
        person = changed and not stale and seen.touched
        if known is not None and not lost and not changed and memory["group_hold"] == 2:
            told_late = memory["outside_at"] is not None and self.now - memory["outside_at"] <= 120
            person = told_late and seen.touched
        unknown = changed and not stale and not seen.touched
        at = seen.group
        if stale:
            assert known is not None
            at = known
        wanted = self.wanted(at)
        if person:
            self.note = 5
            if memory["group_hold"] == 2:
                memory["group_hold"] = 0
        elif unknown:
            self.adopt(wanted)
        elif memory["group_hold"] == 2:
            self.keep_or_release(wanted)
        target, why = at, 0
        if seen.pin is not None and not person:
            if pin_exists and not self.adopted_since_pinned():
                assert seen.pin is not None
                target, why = seen.pin, 4
        elif decides and not person and memory["group_hold"] == 0:
            target, why = self.decide(at)
        return self.settle(judged, target, why, stale=stale)

    def is_stale_form(self) -> bool:
        memory = self.memory
        if memory["group_id"] not in self.plan.groups or memory["moved_at"] is None:
            return False
        if memory["group_hold"] == 4 and self.seen.pin not in self.plan.groups:
            return False
        if memory["moved_from"] != self.seen.group or self.now > memory["moved_at"] + 7200:
            return False
        return memory["stale_at"] is None or memory["stale_at"] < memory["moved_at"]

    def adopt(self, wanted: int | None) -> None:
        memory = self.memory
        self.note = 2
        if memory["group_hold"] not in (1, 3, 4):
            before = memory["outside_at"]
            if before is not None and self.now <= before + 86_400:
                memory["group_hold"] = 3
                self.note = 3
            else:
                memory["group_hold"] = 2
        memory["outside_at"] = self.now
        memory["outside_wanted"] = wanted

    def keep_or_release(self, wanted: int | None) -> None:
        memory = self.memory
        if self.seen.pin is not None and not self.adopted_since_pinned():
            memory["group_hold"] = 0
        if memory["outside_wanted"] is None:
            memory["outside_wanted"] = wanted
        elif wanted is not None and wanted != memory["outside_wanted"]:
            memory["group_hold"] = 0

    def adopted_since_pinned(self) -> bool:
        pinned, outside = self.seen.pin_since, self.memory["outside_at"]
        if self.memory["group_hold"] not in (2, 3):
            return False
        return pinned is not None and outside is not None and pinned < outside

    def holds(self, rung: Rung, at: int) -> bool:
        asked = self.seen.keep if rung.group_id == at else self.seen.when
        return rung.slot in asked and rung.slot not in self.seen.out

    def best(self, at: int) -> Rung | None:
        for rung in self.rungs:
            if self.holds(rung, at) and rung.group_id not in self.plan.protected:
                return rung
        return None

    def stood_on(self, at: int) -> Rung | None:
        return next((rung for rung in self.rungs if rung.group_id == at), None)

    def wanted(self, at: int) -> int | None:
        if self.seen.pin is not None:
            return self.seen.pin
        if self.plan.blocked:
            return None
        best = self.best(at)
        return 0 if best is None else best.group_id

    def decide(self, at: int) -> tuple[int, int]:
        plan = self.plan
        if at not in plan.groups or at in plan.protected:
            return at, 0
        best, stood = self.best(at), self.stood_on(at)
        if best is not None and (stood is None or self.rungs.index(best) < self.rungs.index(stood)):
            assert best.group_id is not None
            return best.group_id, 1
        if stood is None or self.holds(stood, at) or plan.upgrade_only:
            return at, 0
        ceased = self.memory["ceased_at"]
        if not self.over(stood.grace, self.now if ceased is None else ceased):
            return at, 0
        since = self.memory["group_since"]
        if since is not None and not self.over(stood.min_stay, since):
            return at, 0
        if best is not None:
            assert best.group_id is not None
            return best.group_id, 2
        if plan.fallback is not None:
            off = plan.fallback
        elif self.memory["group_before"] in plan.groups and self.memory["group_before"] != at:
            assert self.memory["group_before"] is not None
            off = self.memory["group_before"]
        else:
            off = plan.default_group
        if off in plan.protected or off not in plan.groups:
            return at, 0
        return off, 3

    def over(self, span: Span | None, began: int) -> bool:
        return span is None or began <= ago(span, self.now, self.zone)

    def settle(self, judged: Judged, target: int, why: int, *, stale: bool) -> Judged:
        memory, native, now = self.memory, self.seen.group, self.now
        move = None
        if target != native:
            if why != 4 and self.seen.writes >= 4:
                target, self.note = native, 6
                memory["group_hold"] = 4
            else:
                if stale:
                    memory["stale_at"], self.note = now, 4
                    if target == memory["group_id"]:
                        why = 5
                move = (native, target, why)
                memory["moved_from"], memory["moved_at"] = native, now
        before = native if memory["group_id"] is None else memory["group_id"]
        stood = self.stood_on(target)
        moved = target != before
        if moved:
            memory["group_since"] = now
            if stood is None:
                memory["group_before"] = None
            elif memory["group_before"] is None:
                memory["group_before"] = before
        if moved:
            memory["ceased_at"] = None
        if not self.plan.blocked:
            if stood is None or self.holds(stood, target):
                memory["ceased_at"] = None
            elif memory["ceased_at"] is None:
                memory["ceased_at"] = now
        memory["group_id"] = target
        return replace(judged, group=target, memory=memory, move=move, note=self.note)
