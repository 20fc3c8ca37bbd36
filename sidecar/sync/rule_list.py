"""Every rule for people: where it stands, what it says, how many it holds for, its state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sidecar.model import Moment, fold
from sidecar.rules.catalogue import Catalogue
from sidecar.rules.dependencies import LADDER, Node
from sidecar.rules.language.sentence import sentence
from sidecar.rules.loyalty.program import EarnRule, Program, Tier
from sidecar.rules.loyalty.sentences import earn_sentence, program_sentence, tier_sentence
from sidecar.rules.rule import Rule, RuleKind
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import registry, segments, tags
from sidecar.sync.registry import RuleState
from sidecar.sync.rulebook import CheckedRules


def rule_list(
    shop: Shop, checked: CheckedRules, moment: Moment, *, own_tables: bool
) -> list[dict[str, object]]:
    """
    Kind, name, origin, state, customers, place, text and sentence of every rule.

    ``customers`` is None where no full pass has counted them, and for rungs; ``state`` is
    ``applied``, ``new``, ``waiting``, ``held`` or ``off``. After the rules come the loyalty
    program, its tiers and its earn rules, whose state is None; those that are off come last
    and say why.
    """
    counts: dict[Node, int] = {}
    states: Mapping[Node, RuleState] = {}
    if own_tables:
        with transaction(shop.engine) as tx:
            for tag in tags.load_tags(tx, shop.own):
                counts["tag", fold(tag.name)] = tag.customers
            for segment in segments.load_segments(tx, shop.own):
                if segment.has_baseline:
                    counts["segment", fold(segment.name)] = segment.customers
            states = registry.load(tx, shop.own, checked.rules, moment, writing=False).rules
    rules = checked.rules
    catalogue = checked.dictionary.catalogue
    kinds: tuple[tuple[RuleKind, tuple[Rule, ...]], ...] = (
        ("tag", rules.tags),
        ("segment", rules.segments),
        ("group", rules.groups),
    )
    found: list[dict[str, object]] = [
        {
            "kind": kind,
            "name": rule.name,
            "origin": rule.made_in,
            "state": _state(kind, rule, states, counts),
            "customers": counts.get((kind, fold(rule.name))) if kind != "group" else None,
            "file": rule.file,
            "line": rule.line,
            "text": rule.text,
            "sentence": sentence(rule.when, catalogue),
            "off": None,
        }
        for kind, of_kind in kinds
        for rule in of_kind
    ]
    if rules.program is not None:
        found += _program(rules.program, catalogue)
    found += [
        {
            "kind": rule.kind,
            "name": rule.name,
            "origin": rule.made_in,
            "state": "off",
            "customers": None,
            "file": rule.problems[0].file,
            "line": rule.problems[0].line,
            "text": "",
            "sentence": rule.description,
            "off": rule.why,
        }
        for rule in rules.off
    ]
    return found


def _program(program: Program, catalogue: Catalogue) -> Iterator[dict[str, object]]:
    def row(kind: str, name: str, of: Program | Tier | EarnRule, says: str) -> dict[str, object]:
        return {
            "kind": kind,
            "name": name,
            "origin": "file",
            "state": None,
            "customers": None,
            "file": of.file or program.file,
            "line": of.line or program.line,
            "text": of.text if isinstance(of, EarnRule) else "",
            "sentence": says,
            "off": None,
        }

    yield row("loyalty", "loyalty", program, program_sentence(program))
    for tier in program.tiers:
        yield row("tier", tier.name, tier, tier_sentence(tier, program))
    for rule in program.earn:
        yield row("earn", rule.name, rule, earn_sentence(rule, catalogue))


def _state(
    kind: RuleKind, rule: Rule, states: Mapping[Node, RuleState], counts: Mapping[Node, int]
) -> str:
    if kind == "segment":
        return "applied" if ("segment", fold(rule.name)) in counts else "new"
    known = states.get(LADDER if kind == "group" else ("tag", fold(rule.name)))
    if known is None:
        return "new"
    if known.held:
        return "held"
    if known.waiting is not None:
        return "waiting"
    return "new" if known.is_new else "applied"
