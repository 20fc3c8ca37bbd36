"""A question about customers: a condition from its text, checked, and what answers it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sidecar.config import Rules
from sidecar.errors import Problem, RuleError, UsageError
from sidecar.model import Moment, Names
from sidecar.rules.catalogue import Catalogue
from sidecar.rules.language import check, parser
from sidecar.rules.rule_sources import off_segments
from sidecar.rules.ruleset import RuleSet
from sidecar.rules.syntax import And, Expr
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import rfm_limits, rulebook, segments, tags
from sidecar.sync.matching import Matcher


def ask(
    shop: Shop,
    settings: Rules,
    expression: str,
    moment: Moment,
    *,
    own_tables: bool,
    warn: Callable[[Problem], None],
    in_parts: bool = False,
) -> Matcher:
    """
    What finds the customers that match *expression*.

    Args:
        own_tables: Whether our tables exist; without them nobody has a tag.
        warn: Told what is allowed and hardly meant.
        in_parts: Also ask each part of an ``and`` by itself, for `Matcher.told`.

    Raises:
        UsageError: The expression is wrong; with every problem and its place.
    """
    dictionary = rulebook.read_dictionary(shop)
    names = rulebook.read_names(shop, own_tables=own_tables)
    folder: Path = settings.directory
    words = rulebook.vocabulary(shop, folder, own_tables=own_tables, builtins=settings.builtins)
    with transaction(shop.engine) as tx:
        # Asked before our tables are brought up to date, they may be older than these.
        is_new = own_tables and tx.dialect.has_table(tx, shop.own.privacy.purge_date.name)
    if is_new:
        dictionary = rulebook.with_kept(dictionary, words)
    condition = checked(expression, dictionary.catalogue, names, words, shop.paid, warn)
    known, standing, limits = [], [], None
    if own_tables:
        with transaction(shop.engine) as tx:
            known = tags.load_tags(tx, shop.own)
            standing = segments.load_segments(tx, shop.own)
        limits = rfm_limits.stored(shop)
    return Matcher(
        shop,
        dictionary,
        names,
        condition,
        words,
        {tag.tag_id: tag.as_slot for tag in known} if own_tables else None,
        standing,
        {tag.tag_id: tag.name for tag in known},
        limits or rfm_limits.compute(shop, dictionary, moment),
        has_restrictions=is_new,
        parts=parts_of(condition) if in_parts else (),
    )


def parts_of(condition: Expr) -> tuple[Expr, ...]:
    """What all has to hold for *condition*: the parts of an ``and``, else only itself."""
    return condition.items if isinstance(condition, And) else (condition,)


def checked(
    expression: str,
    catalogue: Catalogue,
    names: Names,
    words: RuleSet,
    paid: frozenset[int],
    warn: Callable[[Problem], None],
) -> Expr:
    """
    The condition *expression*, which asks for what there is.

    Args:
        words: Lists and segments that it may name.
        paid: Ids of the statuses of qualifying orders.
        warn: Told what is allowed and hardly meant.

    Raises:
        UsageError: It is wrong; with every problem and its place.
    """
    try:
        condition = parser.parse(expression)
    except RuleError as error:
        raise UsageError(str(error)) from error
    problems = check.check(
        condition,
        catalogue,
        names,
        words.lists,
        _segments(words),
        file="expression",
        tags=[rule.name for rule in words.tags],
        paid_statuses=paid,
        source=expression,
    )
    problems = [*problems, *off_segments(condition, words, "expression", expression)]
    for problem in problems:
        if problem.severity == "warning":
            warn(problem)
    wrong = [problem for problem in problems if problem.severity == "error"]
    if wrong:
        raise UsageError("\n".join(map(str, wrong)))
    return condition


def _segments(words: RuleSet) -> list[str]:
    off = (rule.name for rule in words.off if rule.kind == "segment")
    return [*(segment.name for segment in words.segments), *off]
