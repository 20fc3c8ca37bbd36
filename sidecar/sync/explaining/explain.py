"""Explain one customer: every tag and segment, the group, why and why not, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, exists, select

from sidecar.errors import CustomerError, UsageError
from sidecar.model import Moment, Scope, fold
from sidecar.rules.columns import Column
from sidecar.rules.compile import Compiler
from sidecar.rules.evaluate import prepared, told, worked_out
from sidecar.rules.explain import Told, Trees
from sidecar.rules.language.printer import print_expr
from sidecar.rules.syntax import Expr
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import restrictions
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.cycle import Pass, Situation, situation
from sidecar.sync.explaining import foresight, groups, said, things
from sidecar.sync.explaining.telling import Telling, no_change
from sidecar.sync.explaining.things import Known
from sidecar.sync.finding import find_customers
from sidecar.sync.loyalty import tier_statement
from sidecar.sync.reading import Reading
from sidecar.sync.standing import load_standing
from sidecar.sync.state import Json

#: Digits of which an id has fewer.
_LONGEST_ID: Final = 12

_NO_TIER = "there is no loyalty program"


def find(shop: Shop, customer: str) -> int:
    """
    The id of the customer with an id or e-mail.

    Raises:
        UsageError: There is none, or several.
    """
    ids, problems = find_customers(shop, [customer])
    if customer in ids:
        return ids[customer]
    problem = problems[customer]
    if customer.isascii() and customer.isdigit() and len(customer) < _LONGEST_ID:
        table = shop.own.customer
        with transaction(shop.engine) as tx:
            if tx.scalar(select(exists().where(table.c.customer_id == int(customer)))):
                problem += " any more: the store deleted it, and the next look forgets it"
    raise UsageError(problem)


#: Why nothing is said by rules, by kind of restriction; the first that is so.
_LEFT_OUT = {
    "restricted": "restricted: nothing is made of their data, and what stands stays",
    "no_profiling": "they object to profiling: no rule says anything of them",
}


def explain(shop: Shop, book: Rulebook, customer_id: int, moment: Moment) -> dict[str, Json]:
    """
    Everything that is and is not so of a customer, as JSON; writes nothing.

    Args:
        book: As a cycle of changed customers applies it.

    Raises:
        UsageError: The store has no such customer.
    """
    work, scope = Pass(shop, book, moment), Scope.of([customer_id])
    trees = _trees(book)
    after: dict[str, Any] = {}
    conditions: Told | None = None
    seen: foresight.Foresight | None = None
    group_id: int | None = None
    with transaction(shop.engine) as tx:
        kinds = [row.kind for row in restrictions.of_customer(tx, shop.own, customer_id)]
        left_out = next((_LEFT_OUT[kind] for kind in _LEFT_OUT if kind in kinds), None)
        remembered = said.read(tx, shop.own, customer_id, book.slots, moment.epoch_s)
        standing = load_standing(Reading(shop, tx, scope, moment), book.slots)
        aside = remembered.set_aside
        try:
            found = situation(work, tx, scope, (*trees.compiled.columns, Column("group")))
        except CustomerError as error:
            aside = str(error)
        else:
            if found.loaded.frame.is_empty():
                raise UsageError(f"no customer has the id {customer_id}")
            if left_out is None:
                after, conditions = _judged(work, found, trees)
                seen = foresight.foresee(work, tx, scope, found, remembered.assertions)
            group_id = found.loaded.frame["group"][0]
        held_by = _held_by(tx, shop)
    limits_id = book.limits.limits_id if book.limits is not None else None
    dictionary, names = book.dictionary, book.checked.names
    known = Known(
        book=book,
        telling=Telling(dictionary.catalogue, names, moment, limits_id),
        said=remembered,
        standing=standing.row(0, named=True) if standing.height else {},
        told=conditions,
        after=after or (standing.row(0, named=True) if standing.height else {}),
        seen=seen,
        held_by=held_by,
        left_out=left_out,
    )
    with transaction(shop.engine) as tx:
        tier = _tier(tier_statement.read(tx, shop, customer_id))
    return {
        "customer_id": customer_id,
        "at": known.telling.at(moment.epoch_s),
        "limits": limits_id,
        "set_aside": aside if conditions is None else None,
        "restrictions": kinds,
        "paused": book.paused,
        "tag": things.tags(known),
        "segment": things.segments(known),
        "group": groups.group(known, group_id),
        "tier": tier,
    }


def why(
    shop: Shop, book: Rulebook, condition: Expr, customer_id: int, moment: Moment
) -> dict[str, Json]:
    """
    Why *condition*, which need not be one of a rule, is true of a customer or not.

    Returns:
        ``holds``, ``tree`` and ``nearest``, as of a segment that is explained; all None where
        nothing can be said, and ``why_not``.

    Raises:
        UsageError: The store has no such customer.
    """
    work, scope = Pass(shop, book, moment), Scope.of([customer_id])
    trees = _trees(book)
    trees.add(condition)
    told: dict[str, Json] = {"customer_id": customer_id, "text": print_expr(condition)}
    unsaid: dict[str, Json] = {"holds": None, "tree": None, "nearest": None}
    with transaction(shop.engine) as tx:
        kinds = [row.kind for row in restrictions.of_customer(tx, shop.own, customer_id)]
        left_out = next((_LEFT_OUT[kind] for kind in _LEFT_OUT if kind in kinds), None)
        if left_out is not None:
            return {**told, **unsaid, "why_not": left_out}
        try:
            found = situation(work, tx, scope, trees.compiled.columns)
            if found.loaded.frame.is_empty():
                raise UsageError(f"no customer has the id {customer_id}")
            node = _judged(work, found, trees)[1].node(condition)
        except CustomerError as error:
            return {**told, **unsaid, "why_not": str(error)}
    limits_id = book.limits.limits_id if book.limits is not None else None
    telling = Telling(book.dictionary.catalogue, book.checked.names, moment, limits_id)
    return {
        **told,
        "holds": node.holds,
        "tree": telling.tree(node),
        "nearest": telling.nearest(node),
        "why_not": None,
    }


def _tier(told: Mapping[str, Json] | None) -> dict[str, Json]:
    """A tier as everything else that is explained; *told* as of `tier_statement.read`."""
    if told is None:
        return {
            "name": None,
            "holds": False,
            "since": None,
            "sources": [],
            "pin": None,
            "why": _NO_TIER,
            **no_change(_NO_TIER),
        }
    return {**told, "holds": told["name"] is not None, "sources": [], "pin": told["lock"]}


def _conditions(book: Rulebook) -> Iterator[Expr]:
    rules = book.checked.rules
    yield from (rule.when for rule in rules.tags)
    yield from (rule.when for rule in rules.segments)
    for rung in rules.groups:
        yield rung.when
        if rung.keep_when is not None:
            yield rung.keep_when


def _trees(book: Rulebook) -> Trees:
    """Every condition, to be evaluated where tags and segments are in effect already."""
    tags = {fold(tag.name): tag.slot for tag in book.tags.values()}
    segments = {fold(segment.name): slot for slot, segment in book.segments.items()}
    dictionary, names = book.dictionary, book.checked.names
    compiler = Compiler(
        dictionary.catalogue,
        names,
        book.checked.rules.lists,
        lambda name: _in_effect("tags", tags.get(fold(name))),
        lambda name: _in_effect("segments", segments.get(fold(name))),
        list(tags),
    )
    trees = Trees(compiler, dictionary.catalogue, names)
    for condition in _conditions(book):
        trees.add(condition)
    return trees


def _in_effect(words: str, slot: int | None) -> pl.Expr:
    if slot is None:
        return pl.lit(False)
    return (pl.col(f"{words}{slot // 64}") & pl.lit(1 << slot % 64, dtype=pl.UInt64)) != 0


def _judged(work: Pass, found: Situation, trees: Trees) -> tuple[dict[str, Any], Told]:
    """What a look would leave behind, and what every condition says."""
    book, moment = work.rulebook, work.moment
    worked = worked_out(book.compiled, found.frame, moment)
    after = told(book.compiled, worked, moment).row(0, named=True)
    in_effect = frozenset(
        tag.name
        for tag in book.tags.values()
        if after[f"tags{tag.slot // 64}"] >> tag.slot % 64 & 1
    )
    return after, trees.told(prepared(worked, trees.compiled, moment), in_effect)


def _held_by(tx: Connection, shop: Shop) -> dict[int, int | None]:
    table = shop.own.rule
    rows = tx.execute(select(table.c.rule_id, table.c.held_by).where(table.c.held.is_not(None)))
    return {row.rule_id: row.held_by for row in rows}
