"""
What runs did, and how one is taken back, said a second time: in plain Python, one by one.

`undo` reverts what nobody changed since, lists the rest, and holds the rules that wrote a
step in the run. What stands of a customer is theirs by items: a tag, a pinned segment, the
customer group.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from support.model import GROUPS, LADDER, Found, Node, Stood

if TYPE_CHECKING:
    from support.model_passes import Model, Plan

#: ``tag`` or ``segment`` and its name, or the customer group as a whole.
Item = tuple[str, str]
GROUP: Item = ("group", "")

#: What people say of one item, by the kind of assertion or by what is pinned.
Words = Mapping[Any, Any]
Memory = Mapping[str, int | None]

#: What the ladder remembers of who is left alone.
_LEFT_ALONE = ("group_hold", "outside_at", "outside_wanted")

#: Why the ladder moves: they rose, fell, fell off, or a stale form was written again.
_LADDERS = (1, 2, 3, 5)
_UNDONE = 6


@dataclass(frozen=True)
class Heard:
    """What people say of one customer, and what the ladder remembers."""

    words: Mapping[Item, Words]
    memory: Memory


@dataclass
class Did:
    """
    What a run did to one customer.

    Attributes:
        tags: Which came into effect, or went out of it.
        verdicts: Of which the rule turned true, or false.
        moves: From which group to which and why; two where a run takes back and decides anew.
        turn: What people said before and after, where that differs.
        memory: Of the ladder before and after what they said of the group.
    """

    tags: Mapping[str, bool] = field(default_factory=dict)
    verdicts: Mapping[str, bool] = field(default_factory=dict)
    moves: tuple[tuple[int, int, int], ...] = ()
    turn: Mapping[Item, tuple[Words, Words]] = field(default_factory=dict)
    memory: tuple[Memory, Memory] | None = None

    @property
    def written(self) -> set[Item]:
        """What was written of it, but for people's words."""
        tags: set[Item] = {("tag", name) for name in (*self.tags, *self.verdicts)}
        return tags | {GROUP} if self.moves else tags

    @property
    def moved_to(self) -> int:
        """The customer group they came to; 0: they were not moved."""
        return self.moves[-1][1] if self.moves else 0

    @property
    def shown(self) -> set[Item]:
        """What is other in the store."""
        tags: set[Item] = {("tag", name) for name in self.tags}
        return tags | {GROUP} if self.moves else tags

    @property
    def seen(self) -> set[Item]:
        """What people can see of it, their own words included."""
        return self.shown | set(self.turn)


@dataclass(eq=False)
class Change:
    """
    One change set.

    Attributes:
        kind: ``full``, ``approved``, ``changed``, ``command`` or ``undo``.
        number: In the store; 0: not seen there yet.
    """

    kind: str
    at: int
    undoes: Change | None = None
    did: dict[int, Did] = field(default_factory=dict)
    undone: bool = False
    number: int = 0

    @property
    def customers(self) -> int:
        """How many customers' tags or group it changed."""
        return sum(bool(did.tags or did.moves) for did in self.did.values())


@dataclass(frozen=True)
class Answer:
    """What a person is told: how much was taken back, and what stays."""

    changes: int
    rest: frozenset[tuple[int, Item]]
    held: frozenset[Node]


def heard(model: Model) -> dict[int, Heard]:
    """What is said of everybody now."""
    known = {*model.people, *model.stood, *model.said, *(who for who, _, _ in model.pins)}
    return {who: _heard(model, who) for who in known}


def _heard(model: Model, who: int) -> Heard:
    words: dict[Item, dict[Any, Any]] = {
        ("tag", tag): dict(said) for tag, said in model.said.get(who, {}).items() if said
    }
    for (whose, kind, of), pin in model.pins.items():
        if whose == who:
            words.setdefault(_item(kind, of), {})[of] = pin
    return Heard(words, dict(model.stood.get(who, Stood()).memory))


def _item(kind: str, of: str | int) -> Item:
    return GROUP if kind == "group" else ("segment", str(of))


def note_words(change: Change, before: Mapping[int, Heard], after: Mapping[int, Heard]) -> None:
    """Note in *change* what people said anew."""
    for who, is_ in after.items():
        was = before.get(who, Heard({}, dict(Stood().memory)))
        items = {
            item for item in {*was.words, *is_.words}
            if was.words.get(item) != is_.words.get(item)
        }  # fmt: skip
        items |= {GROUP} if was.memory != is_.memory else set()
        if items:
            did = change.did.setdefault(who, Did())
            did.turn = {i: (was.words.get(i, {}), is_.words.get(i, {})) for i in items}
            did.memory = (was.memory, is_.memory) if GROUP in items else None


def note_steps(
    change: Change, plan: Plan, model: Model, mine: Callable[[Node], bool] | None
) -> None:
    """Note in *change* what writing *plan* does, as far as it is *mine*; None: all of it."""
    for who, found in plan.items():
        tags, verdicts, moves = _steps(model.stood.get(who, Stood()), found, mine)
        if tags or verdicts or moves:
            did = change.did.setdefault(who, Did())
            did.tags, did.moves = tags, did.moves + moves
            did.verdicts = {**did.verdicts, **verdicts}
            ended = found.ended_tags & verdicts.keys() if found else frozenset()
            turn = {**did.turn, **{("tag", n): _ended(model, who, n, did) for n in ended}}
            # What was said and ended in one run is nothing.
            same = {("tag", n) for n in ended if turn["tag", n][0] == turn["tag", n][1]}
            did.turn = {item: words for item, words in turn.items() if item not in same}


def _ended(model: Model, who: int, name: str, did: Did) -> tuple[Words, Words]:
    """What was said of a tag, and what is when its rule has turned true."""
    words: Words = model.said[who][name]
    before, _ = did.turn.get(("tag", name), (words, words))
    return dict(before), {kind: word for kind, word in words.items() if not word.requalify}


def _steps(
    had: Stood, found: Found | None, mine: Callable[[Node], bool] | None
) -> tuple[dict[str, bool], dict[str, bool], tuple[tuple[int, int, int], ...]]:
    def turned(before: frozenset[str], after: frozenset[str]) -> dict[str, bool]:
        names = sorted(before ^ after)
        return {name: name in after for name in names if mine is None or mine(("tag", name))}

    if found is None:
        return turned(had.tags, frozenset()), {}, ()
    move = (found.move,) if found.move and (mine is None or mine(LADDER)) else ()
    return turned(had.tags, found.stood.tags), turned(had.verdict, found.stood.verdict), move


def undoable(history: Collection[Change]) -> list[Change]:
    """The change sets that can be taken back, the newest first."""
    return [c for c in reversed([*history]) if c.kind != "undo" and not c.undone and c.did]


def undo(model: Model, change: Change, now: int) -> Answer:
    """A person takes *change* back."""
    held = frozenset(_rules_of(change))
    model.hold(held)
    back = Change("undo", now, undoes=change)
    there = sorted(who for who in change.did if who in model.people)
    kept: set[tuple[int, Item]] = set()
    for who in there:
        kept |= {(who, item) for item in _revert(model, change, who, back)}
    plan = model.look(there, now, model.blocked(), grouping=True)
    model.write(plan, now, [(back, None)])
    change.undone = True
    everything = {
        (who, item) for who, did in change.did.items()
        for item in (did.seen if who in model.people else did.shown)
    }  # fmt: skip
    rest = {
        (who, item) for who, item in everything
        if (who, item) in kept or _stays(model, who, change.did[who], item)
    }  # fmt: skip
    return Answer(len(everything) - len(rest), frozenset(rest), held)


def _rules_of(change: Change) -> Iterator[Node]:
    """The rules that wrote a step in it."""
    for did in change.did.values():
        yield from (("tag", name) for name in did.verdicts)
        if any(why in _LADDERS for _, _, why in did.moves):
            yield LADDER


def _stays(model: Model, who: int, did: Did, item: Item) -> bool:
    """Whether *item* is not as it was before."""
    if who not in model.people:
        return True
    if item == GROUP and did.moves:
        return model.people[who].group != did.moves[0][0]
    return item[1] in did.tags and item[0] == "tag" and (
        (item[1] in model.stood[who].tags) == did.tags[item[1]]
    )  # fmt: skip


def _changed_since(model: Model, change: Change, who: int, item: Item) -> bool:
    """Whether a later run changed *item*, that was not itself taken back."""
    standing: list[Change] = []
    for later in model.history[model.history.index(change) + 1 :]:
        if who in later.did and item in later.did[who].written:
            if later.undoes in standing:
                standing.remove(later.undoes)
            else:
                standing.append(later)
    return bool(standing)


def _revert(model: Model, change: Change, who: int, back: Change) -> set[Item]:
    """Let everything be as before that nobody changed since; returns what was changed."""
    did = change.did[who]
    now = _heard(model, who).words
    kept = {item for item in did.written if _changed_since(model, change, who, item)}
    kept |= {item for item, words in did.turn.items() if now.get(item, {}) not in words}
    if GROUP not in kept and not _group_back(model, who, did, back):
        kept.add(GROUP)
    for item, (before, _) in did.turn.items():
        if item not in kept:
            _say_again(model, who, item, before)
    turned = {n: on for n, on in did.verdicts.items() if ("tag", n) not in kept}
    stood = model.stood.get(who, Stood())
    was = {name for name, on in turned.items() if not on}
    verdict = (stood.verdict - turned.keys()) | was
    mine = back.did.setdefault(who, Did())
    mine.verdicts = {n: n in verdict for n in verdict ^ stood.verdict}
    if not (mine.verdicts or mine.moves):
        del back.did[who]
    if who in model.stood:
        model.stood[who] = replace(model.stood[who], verdict=verdict)
    return kept & did.seen


def _say_again(model: Model, who: int, item: Item, words: Words) -> None:
    kind, name = item
    if kind == "tag":
        model.said.setdefault(who, {})[name] = dict(words)
        return
    model.pins = {
        key: pin for key, pin in model.pins.items() if key[0] != who or _item(*key[1:]) != item
    }
    for of, pin in words.items():
        model.pins[who, kind, of] = pin


def _group_back(model: Model, who: int, did: Did, back: Change) -> bool:
    """Move them back, and let the ladder remember it; false: somebody changed the group."""
    person, stood = model.people[who], model.stood.get(who, Stood())
    memory = dict(stood.memory)
    if did.moves:
        before, after = did.moves[0][0], did.moves[-1][1]
        if before not in GROUPS or person.group not in (before, after):
            return False
        if person.group == before and memory["group_id"] != after:
            return True  # they are back, and that is known
        person.group = before
        model.moves.append((who, back.at))
        back.did[who] = Did(moves=((after, before, _UNDONE),))
        if did.memory is not None:
            memory = dict(did.memory[0])
        else:
            on_rung = before in {rung.group for rung in model.rules.rungs}
            first = after if memory["group_before"] is None else memory["group_before"]
            memory |= {"group_before": first if on_rung else None}
            memory |= {"group_since": back.at, "ceased_at": None}
        if memory["group_id"] is not None:
            memory |= {"group_id": before, "moved_from": after, "moved_at": back.at}
    elif did.memory is not None:
        was, then = did.memory
        stopped = memory["group_hold"] == 4 != then["group_hold"]
        if memory["outside_at"] == then["outside_at"] and not stopped:
            memory |= {name: was[name] for name in _LEFT_ALONE}
    if memory != stood.memory:
        model.stood[who] = replace(stood, memory=memory)
    return True
