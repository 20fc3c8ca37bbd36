"""
Whether a condition makes sense: its facts exist, operators and values fit their kind.

Everything found is reported, not only the first. Values are held by ``operands.py``,
filters by ``filters.py``, names of groups, statuses and the like by ``naming.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sidecar.errors import Problem
from sidecar.model import Names, fold
from sidecar.rules.catalogue import OPERATORS, Catalogue, Fact
from sidecar.rules.language.context import Context
from sidecar.rules.language.filters import check_filters
from sidecar.rules.language.operands import check_operands, example, kind_words
from sidecar.rules.language.suggest import did_you_mean, listing
from sidecar.rules.language.walk import leaves
from sidecar.rules.language.words import operator_of
from sidecar.rules.syntax import Compare, Expr, FactPredicate, InSegment, Missing


def check(
    expr: Expr,
    catalogue: Catalogue,
    names: Names,
    lists: Mapping[str, Collection[str]],
    segments: Collection[str] | None,
    *,
    file: str,
    source: str,
    tags: Collection[str] = (),
    paid_statuses: frozenset[int] | None = None,
) -> list[Problem]:
    """
    Everything wrong with *expr*, errors and warnings, in the order of its text.

    Args:
        expr: A tree within the limits.
        catalogue: The facts there are.
        names: What the store knows; a namespace that is absent is not checked.
        lists: Folded texts by the name of their list, shipped ones included.
        segments: Names of the segments there are; None: not checked.
        file: For the problems.
        source: The text *expr* was parsed from; empty for other forms.
        tags: Names of tags that rules set, whether the store knows them yet or not.
        paid_statuses: Ids of the statuses of qualifying orders; None: not known.
    """
    ruled = frozenset(fold(tag) for tag in tags)
    context = Context(names, lists, ruled, paid_statuses, file, source)
    known = None if segments is None else {fold(name): name for name in segments}
    for node in leaves(expr):
        if isinstance(node, InSegment):
            _check_segment(node, known, context)
        else:
            _check_predicate(node, catalogue, context)
    return context.problems


def _check_segment(node: InSegment, known: Mapping[str, str] | None, context: Context) -> None:
    if known is not None and fold(node.name) not in known:
        hint = did_you_mean(node.name, known.values(), "segments are made by [[segment]]")
        context.error(node.at, f"there is no segment '{node.name}'", hint)


def _check_predicate(node: FactPredicate, catalogue: Catalogue, context: Context) -> None:
    fact = catalogue.get(node.fact.name)
    if fact is None:
        context.error(
            node.fact.at,
            f"there is no fact '{node.fact.name}'",
            did_you_mean(
                node.fact.name, (fact.name for fact in catalogue), "'sidecar facts' lists them"
            ),
        )
        return
    check_filters(node.fact, fact, context)
    if isinstance(node, Missing):
        _check_missing(node, fact, context)
    elif (
        isinstance(node, Compare) and node.op == "=" and node.value is True and fact.kind != "yesno"
    ):
        # Most likely written bare, where "compared with yes" would be a riddle.
        context.error(node.at, f"'{fact.name}' is {kind_words(fact)}, not yes or no", example(fact))
    elif operator_of(node) in OPERATORS[fact.kind]:
        check_operands(node, fact, context)
    else:
        context.error(
            node.at,
            f"'{operator_of(node)}' does not work on '{fact.name}', which is {kind_words(fact)}",
            f"it takes {listing(OPERATORS[fact.kind], 'and')}",
        )


def _check_missing(node: Missing, fact: Fact, context: Context) -> None:
    # An empty set is missing too, so that may always be asked of a set.
    if fact.missing == "never" and fact.kind != "set":
        held = "always" if node.negated else "never"
        context.warning(node.at, f"'{fact.name}' always has a value, so this is {held} true")
