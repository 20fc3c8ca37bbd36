"""
Taking back what a run did to some customers, where nobody changed it since.

All of it is idempotent: what is as it was before the run counts as taken back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import Connection, func, literal, select, update

from sidecar.model import Moment
from sidecar.rules.authorship import STOPPED
from sidecar.rules.ladder import MEMORY
from sidecar.shop.shop import Shop
from sidecar.sync import assertions, said, undo_history
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.said import Said
from sidecar.sync.undo_history import Done
from sidecar.sync.undo_plan import GROUP, Plan
from sidecar.sync.values import insert
from sidecar.sync.writers import customer_group

#: Ids in one statement.
_CHUNK = 5_000

#: Why a customer was moved; see ``group_why`` in the audit.
_UNDONE = 6

_ALL_BITS = 2**64 - 1

#: What the ladder remembers of who is left alone, as a word on their group changes it.
_LEFT_ALONE = ("group_hold", "outside_at", "outside_wanted")

#: By tag and whether its rule says it now: customers.
_Turned = dict[tuple[int, bool], list[int]]

_NUMBERS = ("run_id", "customer_id", "at", "group_from", "group_to", "group_why")
_TEXTS = ("tags_added", "tags_removed", "asserted", "retracted")
_AUDIT = {**dict.fromkeys(_NUMBERS, pl.Int64), **dict.fromkeys(_TEXTS, pl.String)}


@dataclass(frozen=True, slots=True)
class Reverting:
    """
    Attributes:
        shop: The store.
        book: The rules, those of the run held.
        run_id: What is undone.
        moment: Of the undoing.
        groups: The customer groups there are.
    """

    shop: Shop
    book: Rulebook
    run_id: int
    moment: Moment
    groups: frozenset[int]

    def plans(self, tx: Connection, ids: Sequence[int]) -> dict[int, Plan]:
        """What is to be taken back from each of customers *ids*, who the store has."""
        own = self.shop.own
        done = undo_history.read(tx, own, self.run_id, ids)
        turns = said.turns(tx, own, self.run_id, ids)
        now = said.read(tx, own, ids)
        native = natives(tx, self.shop, ids)
        found = {}
        for customer_id in ids:
            plan = Plan(done.get(customer_id, Done()), turns.get(customer_id))
            for item, number in plan.did.since.items():
                plan.kept[item] = f"run {number} changed it again"
            self._plan_said(plan, now[customer_id])
            self._plan_group(plan, now[customer_id], native[customer_id])
            found[customer_id] = plan
        return found

    def _plan_said(self, plan: Plan, now: Said) -> None:
        turn = plan.turn
        for item in turn.items if turn else ():
            if turn and now.of(item) not in (turn.before.of(item), turn.after.of(item)):
                plan.kept.setdefault(item, "people said something else of it since")

    def _plan_group(self, plan: Plan, now: Said, native: int) -> None:
        was = plan.turn.before.memory if plan.turn else None
        moved = plan.did.group
        if GROUP in plan.kept or (moved is None and was is None):
            return
        memory = dict(zip(MEMORY, now.memory or (), strict=True))
        if moved is not None:
            before, after = moved
            if before not in self.groups:
                plan.kept[GROUP] = "the customer group from before does not exist any more"
                return
            if native not in moved:
                plan.kept[GROUP] = "the customer group was changed since"
                return
            if native == after:
                plan.move = (after, before)
            elif memory["group_id"] != after:
                return  # it is back already
        if was is None:
            plan.memory = self._moved_back(memory, moved)
        elif moved is not None:
            plan.memory = self._remembered(dict(zip(MEMORY, was, strict=True)), moved)
        elif plan.turn is not None and _left_alone_as(plan.turn.after, memory):
            # What they wrote and saw since goes on being so.
            left_alone = dict(zip(MEMORY, was, strict=True))
            plan.memory = tuple(
                left_alone[name] if name in _LEFT_ALONE else memory[name] for name in MEMORY
            )

    def _moved_back(
        self, memory: dict[str, Any], moved: tuple[int, int] | None
    ) -> tuple[Any, ...] | None:
        if moved is None:
            return None
        before, after = moved
        rungs = {rung.group_id for rung in self.book.ladder.rungs} if self.book.ladder else set()
        origin = memory["group_before"] if memory["group_before"] is not None else after
        memory |= {
            "group_before": origin if before in rungs else None,
            "group_since": self.moment.epoch_s,
            "ceased_at": None,
        }
        return self._remembered(memory, moved)

    def _remembered(self, memory: dict[str, Any], moved: tuple[int, int] | None) -> tuple[Any, ...]:
        """*memory*, so that the next pass does not take the move back for somebody else's."""
        if moved is not None and memory["group_id"] is not None:
            before, after = moved
            memory |= {"group_id": before, "moved_from": after, "moved_at": self.moment.epoch_s}
        return tuple(memory[name] for name in MEMORY)

    # -- writing -----------------------------------------------------------------------------

    def revert(self, tx: Connection, plans: Mapping[int, Plan], number: int) -> None:
        """Take back what *plans* say; *number* is the run that does it. Notes what is lost."""
        self._move(tx, plans)
        own = self.shop.own
        back = {
            customer_id: [(item, plan.turn) for item in plan.turn.items if item not in plan.kept]
            for customer_id, plan in plans.items()
            if plan.turn
        }
        if back:
            said.put_back(tx, own, back)
        rows = [
            (customer_id, *plan.memory)
            for customer_id, plan in plans.items()
            if plan.memory is not None and GROUP not in plan.kept
        ]
        schema = dict.fromkeys(("customer_id", *MEMORY), pl.Int64)
        insert(tx, own.customer, pl.DataFrame(rows, schema, orient="row"), update=MEMORY)
        self._note(tx, plans, self._turn_verdicts(tx, plans), number)

    def _move(self, tx: Connection, plans: Mapping[int, Plan]) -> None:
        rows = [(c, *plan.move) for c, plan in plans.items() if plan.move]
        schema = dict.fromkeys(("customer_id", "from", "to"), pl.Int64)
        moved = pl.DataFrame(rows, schema, orient="row")
        if not moved.is_empty():
            for customer_id in customer_group.move(tx, self.shop, moved):
                plans[customer_id].kept[GROUP] = "the customer group was changed since"

    def _note(
        self, tx: Connection, plans: Mapping[int, Plan], turned: _Turned, number: int
    ) -> None:
        """Audit what is written here; what comes of it the cycle audits."""
        moved = {
            customer_id: plan.did.group
            for customer_id, plan in plans.items()
            if plan.did.group and plan.memory is not None and GROUP not in plan.kept
        }
        said: dict[bool, dict[int, list[int]]] = {True: {}, False: {}}
        for (tag_id, on), ids in sorted(turned.items()):
            for customer_id in ids:
                said[on].setdefault(customer_id, []).append(tag_id)
        rows = [
            {
                "run_id": number,
                "customer_id": customer_id,
                "at": self.moment.epoch_s,
                "tags_added": "",
                "tags_removed": "",
                "asserted": ",".join(map(str, said[True].get(customer_id, ()))) or None,
                "retracted": ",".join(map(str, said[False].get(customer_id, ()))) or None,
                "group_from": moved[customer_id][1] if customer_id in moved else None,
                "group_to": moved[customer_id][0] if customer_id in moved else None,
                "group_why": _UNDONE if customer_id in moved else None,
            }
            for customer_id in sorted({*moved, *said[True], *said[False]})
        ]
        insert(tx, self.shop.own.audit, pl.DataFrame(rows, _AUDIT))

    def _turn_verdicts(self, tx: Connection, plans: Mapping[int, Plan]) -> _Turned:
        """Let the rules say of tags what they said before; returns what that turns, for whom."""
        slots = {tag.tag_id: slot for slot, tag in self.book.tags.items()}
        wanted: dict[tuple[int, bool], list[int]] = {}
        for customer_id, plan in plans.items():
            for tag_id, on in plan.did.verdicts.items():
                if ("tag", tag_id) not in plan.kept and tag_id in slots:
                    wanted.setdefault((tag_id, not on), []).append(customer_id)
        turned: _Turned = {}
        for (tag_id, on), ids in sorted(wanted.items()):
            for start in range(0, len(ids), _CHUNK):
                part = self._other(tx, tag_id, ids[start : start + _CHUNK], on=on)
                self._turn(tx, tag_id, slots[tag_id], part, on=on)
                turned.setdefault((tag_id, on), []).extend(part)
        return turned

    def _other(self, tx: Connection, tag_id: int, ids: Sequence[int], *, on: bool) -> list[int]:
        """Those of customers *ids* of whom the rule of a tag does not say *on*."""
        table = self.shop.own.assertion
        here = (table.c.tag_id == tag_id) & table.c.customer_id.in_(ids)
        query = select(table.c.customer_id).where(here, table.c.source_kind == "rule")
        asserted = set(tx.scalars(query))
        return [customer_id for customer_id in ids if (customer_id in asserted) != on]

    def _turn(
        self, tx: Connection, tag_id: int, slot: int, ids: Sequence[int], *, on: bool
    ) -> None:
        table = self.shop.own.customer
        name, bit = f"verdict{slot // 64}", 1 << slot % 64
        word = func.coalesce(table.c[name], 0)
        new = word.op("|")(literal(bit)) if on else word.op("&")(literal(_ALL_BITS ^ bit))
        tx.execute(update(table).where(table.c.customer_id.in_(ids)).values({name: new}))
        assertions.of_rule(tx, self.shop.own, tag_id, ids, self.moment, on=on)

    def check(self, tx: Connection, plans: Mapping[int, Plan]) -> None:
        """After the cycle: note what is not as it was before, though nobody changed it."""
        slots = {tag.tag_id: slot for slot, tag in self.book.tags.items()}
        own, ids = self.shop.own, sorted(plans)
        aside = set(
            tx.scalars(
                select(own.set_aside.c.customer_id).where(own.set_aside.c.customer_id.in_(ids))
            )
        )
        wanted = {tag_id for plan in plans.values() for tag_id in plan.did.tags} & set(slots)
        words = sorted({slots[tag_id] // 64 for tag_id in wanted})
        columns = [own.customer.c[f"tags{word}"] for word in words]
        standing = {
            row[0]: dict(zip(words, row[1:], strict=True))
            for row in tx.execute(
                select(own.customer.c.customer_id, *columns).where(
                    own.customer.c.customer_id.in_(ids)
                )
            )
        }
        native = natives(tx, self.shop, ids)
        for customer_id, plan in plans.items():
            why = "their data cannot be processed" if customer_id in aside else "it comes of more"
            for tag_id, on in plan.did.tags.items():
                slot = slots.get(tag_id)
                word = standing.get(customer_id, {}).get((slot or 0) // 64) or 0
                if slot is None or bool(word >> slot % 64 & 1) == on:
                    plan.kept.setdefault(("tag", tag_id), why)
            if plan.did.group and native.get(customer_id) != plan.did.group[0]:
                plan.kept.setdefault(GROUP, why)


def _left_alone_as(said: Said, memory: Mapping[str, Any]) -> bool:
    """Whether nothing else wrote the group since what was *said*, by what is remembered now."""
    if said.memory is None:
        return False
    then = dict(zip(MEMORY, said.memory, strict=True))
    stopped = memory["group_hold"] == STOPPED != then["group_hold"]
    return not stopped and memory["outside_at"] == then["outside_at"]


def natives(tx: Connection, shop: Shop, ids: Sequence[int]) -> dict[int, int]:
    """The customer group of each of customers *ids* that the store has."""
    customer = shop.tables.customer
    query = select(customer.c.customer_id, customer.c.customer_group_id)
    return {row[0]: row[1] for row in tx.execute(query.where(customer.c.customer_id.in_(ids)))}
