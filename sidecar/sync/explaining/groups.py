"""The customer group of one customer: the rung, every rung's condition, what holds them there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sidecar.model import fold
from sidecar.rules.ahead import over_at
from sidecar.rules.authorship import FOUND, OUTSIDE, OUTSIDE_AGAIN, STOPPED
from sidecar.rules.dependencies import LADDER
from sidecar.rules.explain import Node
from sidecar.rules.rule import GroupRule
from sidecar.rules.rule_places import place_of
from sidecar.rules.rungs import Rung
from sidecar.rules.syntax import Span
from sidecar.sync.explaining.said import Pinned
from sidecar.sync.explaining.telling import no_change
from sidecar.sync.explaining.things import Known, pin_told, pin_words
from sidecar.sync.preview import WHY_MOVED
from sidecar.sync.state import Json

#: What ``group_hold`` means: a word for programs, and one for people.
_HOLDS: Final[Mapping[int, tuple[str, str]]] = {
    FOUND: (
        "found",
        "found in this group at installation, and left there (`sidecar group auto` releases)",
    ),
    OUTSIDE: (
        "outside",
        "something else put them there, which is kept until the ladder wants another group",
    ),
    OUTSIDE_AGAIN: (
        "outside_again",
        "changed twice in a day by something else: left alone (`sidecar group auto` releases)",
    ),
    STOPPED: (
        "stopped",
        "written four times in ten minutes: left alone (`sidecar group auto` releases)",
    ),
}


def group(known: Known, group_id: int | None) -> dict[str, Json]:
    """
    The customer group.

    Args:
        group_id: The store's, as it is now; None: the customer cannot be processed.
    """
    if group_id is None:
        group_id = known.standing.get("group_id")
    plan, telling = known.book.ladder, known.telling
    pins = {g: pin for g, pin in known.said.groups.items() if pin.direction == "in"}
    pin = next(iter(pins.values()), None)
    common: dict[str, Json] = {
        "name": telling.group(group_id),
        "group_id": group_id,
        "holds": True,
        "since": telling.at(known.standing.get("group_since")),
        "pin": None if pin is None else pin_told(pin, telling),
        "last_move": _last_move(known),
    }
    if plan is None:
        why = "no rule moves customers between groups"
        empty: dict[str, Json] = {
            "sources": [],
            "why": why,
            "blocked": None,
            "hold": None,
            "rung": None,
            "ceased_at": None,
            "grace_until": None,
            "min_stay_until": None,
            "rungs": [],
        }
        return {**common, **empty, **no_change(why)}
    blocked = known.blocked(LADDER) if plan.rungs else None
    if plan.paused:
        text = "paused: no customer group is written (`sidecar resume` goes on)"
        blocked = {"why": "paused", "run": None, "text": text}
    after = known.after
    stands = next((r for r in plan.usable if r.group_id == group_id), None)
    ceased = after.get("ceased_at")
    grace = _over(known, ceased, stands.grace if stands else None)
    stay = _over(known, after.get("group_since"), stands.min_stay if stands else None)
    rungs = [_rung(known, rule, group_id) for rule in known.book.checked.rules.groups]
    why = _why(known, group_id, stands, pin, blocked, (grace, stay))
    hold = _HOLDS.get(after.get("group_hold") or 0)
    held_back = str(blocked["text"]) if blocked is not None else None
    sources: list[Json] = []
    if pin is not None:
        sources.append({"kind": "pin_in", **pin_told(pin, telling)})
    elif stands is not None:
        rule = _rule_of(known, stands)
        where = None if rule is None else place_of(rule)
        sources.append({"kind": "rung", "rule": _text_of(rule), "place": where})
    return {
        **common,
        "sources": sources,
        "why": why,
        "blocked": blocked,
        **telling.coming(known.seen, ("group", 0), group_id, held_back),
        "hold": None if hold is None else {"why": hold[0], "text": hold[1]},
        "rung": None if stands is None else telling.group(group_id),
        "ceased_at": telling.at(ceased),
        "grace_until": telling.at(grace),
        "min_stay_until": telling.at(stay),
        "rungs": rungs,
    }


def _over(known: Known, began: int | None, span: Span | None) -> int | None:
    if began is None or span is None:
        return None
    return over_at(began, span, known.telling.moment)


def _last_move(known: Known) -> Json:
    move, telling = known.said.move, known.telling
    if move is None:
        return None
    texts = {
        group: rule.text
        for rule in known.book.checked.rules.groups
        if (group := _group_of(known, rule)) is not None
    }
    return {
        "at": telling.at(move.at),
        "run": move.run_id,
        "from": telling.group(move.group_from),
        "to": telling.group(move.group_to),
        "why": WHY_MOVED[move.group_why].format(text=texts.get(move.group_to, "")),
    }


def _group_of(known: Known, rule: GroupRule) -> int | None:
    table = known.telling.names.get("group")
    found = table.find(rule.name) if table is not None else ()
    return found[0] if found else None


def _rule_of(known: Known, rung: Rung) -> GroupRule | None:
    rules = known.book.checked.rules.groups
    return next((r for r in rules if known.book.rungs.get(fold(r.name)) == rung.slot), None)


def _text_of(rule: GroupRule | None) -> str:
    """What keeps customers on a rung."""
    return "" if rule is None else rule.keep_text or rule.text


def _rung(known: Known, rule: GroupRule, group_id: int | None) -> dict[str, Json]:
    """One rung: what its condition says of the customer, and what else is said of it."""
    telling, plan = known.telling, known.book.ladder
    own_group = _group_of(known, rule)
    stands = own_group is not None and own_group == group_id
    node = _judged(known, rule, stands=stands)
    pin = known.said.groups.get(own_group) if own_group is not None else None
    is_out = pin is not None and pin.direction == "out"
    off = None
    if plan is None or own_group not in plan.groups:
        off = "the customer group is gone"
    elif own_group in plan.protected:
        off = "the group is protected: nobody enters or leaves it"
    keeps = stands and rule.keep_when is not None
    return {
        "name": telling.group(own_group) or rule.name,
        "stands": stands,
        "holds": node is not None and node.holds and not is_out and off is None,
        "judged_by": "keep_when" if keeps else "when",
        "rule": rule.keep_text if keeps else rule.text,
        "place": place_of(rule),
        "pin": None if pin is None else pin_told(pin, telling),
        "off": off,
        "verdict": None if node is None else node.holds,
        "tree": None if node is None else telling.tree(node),
        "nearest": None if node is None else telling.nearest(node),
    }


def _judged(known: Known, rule: GroupRule, *, stands: bool) -> Node | None:
    if known.told is None:
        return None
    keeps = stands and rule.keep_when is not None
    return known.told.node(rule.keep_when if keeps and rule.keep_when else rule.when)


def _why(
    known: Known,
    group_id: int | None,
    stands: Rung | None,
    pin: Pinned | None,
    blocked: Mapping[str, Json] | None,
    over: tuple[int | None, int | None],
) -> str:
    """Why they are in the group they are in."""
    plan, after = known.book.ladder, known.after
    if pin is not None:
        return pin_words(pin, known.telling)
    if blocked is not None and blocked["why"] == "paused":
        return str(blocked["text"])
    if known.left_out is not None:
        return known.left_out
    if (hold := _HOLDS.get(after.get("group_hold") or 0)) is not None:
        return hold[1]
    if plan is not None and group_id in plan.protected:
        return "the group is protected: nobody enters or leaves it"
    if stands is None:
        why = "no rung holds" if not known.seen else _on_no_rung(known, group_id)
    elif after.get("ceased_at") is None:
        why = f"rung: {_text_of(_rule_of(known, stands))}"
    else:
        why = _ceased(known, stands, over, after)
    return why if blocked is None else f"{why}; the ladder {blocked['text']}"


def _on_no_rung(known: Known, group_id: int | None) -> str:
    coming = known.seen.now.get(("group", 0)) if known.seen is not None else None
    if coming is not None and coming != group_id:
        return f"the next look at this customer moves them to {known.telling.group(coming)}"
    return "no rung holds"


def _ceased(
    known: Known, stands: Rung, over: tuple[int | None, int | None], after: Mapping[str, Any]
) -> str:
    telling, plan = known.telling, known.book.ladder
    why = f"its rung does not hold any more since {telling.day(after['ceased_at'])}"
    if plan is not None and plan.upgrade_only:
        return f"{why}, but nobody falls ([ladder] upgrade_only)"
    for what, until in zip(("grace", "min_stay"), over, strict=True):
        if until is not None:
            why += f"; {what} until {telling.day(until)}"
    return f"{why} ({_text_of(_rule_of(known, stands))})"
