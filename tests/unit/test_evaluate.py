"""Rules that need each other, bit words of every width, and what comes into effect."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sidecar.model import Moment, Names, fold
from sidecar.rules.catalogue import Catalogue
from sidecar.rules.compile_ruleset import Compiled, Places, TagSlot, compile_rules
from sidecar.rules.evaluate import evaluate
from sidecar.rules.language.parser import parse
from sidecar.rules.ruleset import RuleSet, SegmentRule, TagRule, assemble
from sidecar.rules.syntax import And, Compare, Expr, FactRef, Has, InSegment, Not, Or
from support.interpreter import Customer, FactValue, World, holds

NOW = datetime.datetime(2026, 3, 31, 9, 30, tzinfo=datetime.UTC)
MOMENT = Moment(NOW, ZoneInfo("Europe/Kyiv"))

Facts = Mapping[str, Sequence[object]]

SLOTS = (0, 1, 31, 32, 62, 63, 64, 65, 126, 127, 128, 255, 256, 448, 510, 511)


def rules(
    tags: Mapping[str, str | Expr], segments: Mapping[str, str | Expr] | None = None
) -> RuleSet:
    """Rules by name, each with its condition."""

    def condition(when: str | Expr) -> Expr:
        return parse(when) if isinstance(when, str) else when

    return assemble(
        tags=[TagRule(name=name, when=condition(when), text="") for name, when in tags.items()],
        segments=[
            SegmentRule(name=name, when=condition(when), text="")
            for name, when in (segments or {}).items()
        ],
    )


def compiled(
    ruleset: RuleSet,
    tags: Mapping[str, TagSlot],
    *,
    blocked: Iterable[int] = (),
    all_blocked: bool = False,
    segments: Mapping[str, int] | None = None,
) -> Compiled:
    """*ruleset* compiled; its segments have the bits 0, 1, … unless *segments* says which."""
    by_key = {fold(name): slot for name, slot in tags.items()}
    numbered = {rule.name: number for number, rule in enumerate(ruleset.segments)}
    places = Places(
        tags=by_key,
        segments={fold(name): slot for name, slot in (segments or numbered).items()},
        blocked=frozenset(blocked),
        all_blocked=all_blocked,
    )
    return compile_rules(ruleset, places, Catalogue(), Names(), {})


def slots(names: Iterable[str], **archived: bool) -> dict[str, TagSlot]:
    """A slot for each of *names*, in the order given."""
    return {
        name: TagSlot(100 + slot, slot, archived.get(name, False))
        for slot, name in enumerate(names)
    }


def words_of(taken: Iterable[int], words: int) -> list[int]:
    bits = sum(1 << slot for slot in taken)
    return [bits >> 64 * word & 2**64 - 1 for word in range(words)]


def frame(facts: Facts, book: Compiled, **stands: Sequence[Iterable[int]]) -> pl.DataFrame:
    """
    Customers with *facts*, and the slots that each has.

    Args:
        stands: By the kind of word, e.g. ``on`` and ``off``: what others say; ``was``: the
            verdicts before; ``req``: pins that end when the rule turns true. The same of
            segments under ``segment_``.
    """
    heights = [len(values) for values in (*facts.values(), *stands.values())]
    height = max([*heights, 1])
    columns = [pl.Series("customer_id", range(1, height + 1), dtype=pl.Int64)]
    columns += [pl.Series(name, values) for name, values in facts.items()]
    columns.append(pl.Series("until_at", [None] * height, dtype=pl.Int64))
    kinds = {"was": "was:verdict", "segment_was": "was:segment_verdict"}
    for prefix, words in (("", book.words), ("segment_", book.segment_words)):
        for kind in ("was", "on", "off", "req"):
            name = f"{prefix}{kind}"
            each = [words_of(slots, words) for slots in stands.get(name) or [()] * height]
            for word in range(words):
                values = [bits[word] for bits in each]
                columns.append(pl.Series(f"{kinds.get(name, name)}{word}", values, pl.UInt64))
    return pl.DataFrame(columns)


def taken(result: pl.DataFrame, kind: str) -> list[set[int]]:
    """The slots that are set in each row's words of *kind*."""
    words = [name for name in result.columns if name.rstrip("0123456789") == kind]
    rows = result.select(words).rows() if words else [()] * result.height
    return [
        {word * 64 + bit for word, bits in enumerate(row) for bit in range(64) if bits >> bit & 1}
        for row in rows
    ]


# -- one rule ------------------------------------------------------------------------------


@pytest.mark.parametrize("slot", SLOTS)
def test_a_tag_has_its_own_bit_wherever_its_slot_lies(slot: int) -> None:
    book = compiled(rules({"vip": "orders > 3"}), {"vip": TagSlot(7, slot)})

    result = evaluate(book, frame({"orders": [3, 4, None]}, book), MOMENT)

    assert book.words == slot // 64 + 1
    assert taken(result, "verdict") == [set(), {slot}, set()]
    assert taken(result, "tags") == [set(), {slot}, set()]


def test_all_512_tags_fit_side_by_side() -> None:
    tags = {f"tag {slot}": TagSlot(slot, slot) for slot in range(512)}
    book = compiled(rules({f"tag {slot}": f"orders >= {slot}" for slot in range(512)}), tags)

    result = evaluate(book, frame({"orders": [0, 300, 511, 1000]}, book), MOMENT)

    assert book.words == 8
    assert taken(result, "tags") == [
        set(range(1)),
        set(range(301)),
        set(range(512)),
        set(range(512)),
    ]


def test_the_frame_keeps_its_order_and_its_customers() -> None:
    book = compiled(rules({"vip": "orders > 3"}), slots(["vip"]))
    facts = frame({"orders": [5, 0, 5]}, book).with_columns(customer_id=pl.Series([9, 4, 7]))

    result = evaluate(book, facts, MOMENT)

    assert result["customer_id"].to_list() == [9, 4, 7]
    assert result.columns == ["customer_id", "verdict0", "tags0", "next_at"]
    assert result.schema["tags0"] == pl.UInt64()


def test_without_rules_or_tags_there_is_nothing_to_say() -> None:
    book = compiled(rules({}), {})

    result = evaluate(book, frame({"orders": [1, 2]}, book), MOMENT)

    assert result.columns == ["customer_id", "next_at"]
    assert result.height == 2


def test_nobody_to_look_at_is_no_error() -> None:
    book = compiled(rules({"vip": "orders > 3"}), slots(["vip"]))

    result = evaluate(book, frame({"orders": [1]}, book).clear(), MOMENT)

    assert result.is_empty()


# -- what is in effect -----------------------------------------------------------------------


def test_a_tag_is_in_effect_when_anybody_asserts_it_and_nobody_pins_it_out() -> None:
    combinations = list(itertools.product([False, True], repeat=3))
    for slot in (0, 63, 64, 511):
        for has_rule, archived in itertools.product([False, True], repeat=2):
            tags = {"vip": TagSlot(1, slot, archived)}
            book = compiled(rules({"vip": "newsletter"} if has_rule else {}), tags)
            facts = frame(
                {"newsletter": [rule for rule, _, _ in combinations]},
                book,
                on=[{slot} if on else () for _, on, _ in combinations],
                off=[{slot} if off else () for _, _, off in combinations],
            )

            result = evaluate(book, facts, MOMENT)

            assert taken(result, "verdict") == [
                {slot} if has_rule and rule else set() for rule, _, _ in combinations
            ]
            assert taken(result, "tags") == [
                {slot} if ((has_rule and rule) or on) and not off and not archived else set()
                for rule, on, off in combinations
            ]


def test_a_tag_of_no_rule_is_left_as_people_have_it() -> None:
    book = compiled(rules({"vip": "orders > 3"}), slots(["vip", "friend"]))

    result = evaluate(book, frame({"orders": [9, 0]}, book, on=[{1}, {1}], off=[(), {1}]), MOMENT)

    assert taken(result, "verdict") == [{0}, set()]
    assert taken(result, "tags") == [{0, 1}, set()]


# -- rules that need each other --------------------------------------------------------------


def test_a_tag_that_asks_for_another_sees_it_as_of_this_pass() -> None:
    ruleset = rules({"top": 'tags has "VIP" and newsletter', "vip": "orders > 3"})
    book = compiled(ruleset, slots(["top", "vip"]))
    facts: Facts = {"orders": [9, 9, 0, 9, 0], "newsletter": [True, False, True, True, True]}

    # The fourth is pinned out of vip, the fifth pinned in.
    result = evaluate(
        book, frame(facts, book, on=[(), (), (), (), {1}], off=[(), (), (), {1}, ()]), MOMENT
    )

    assert taken(result, "tags") == [{0, 1}, {1}, set(), set(), {0, 1}]
    assert taken(result, "verdict") == [{0, 1}, {1}, set(), {1}, {0}]


def test_what_is_needed_is_worked_out_first_however_deep() -> None:
    depth = 12
    chain = {f"step {n}": f'tags has "step {n - 1}"' for n in range(depth, 0, -1)}
    ruleset = rules({**chain, "step 0": "orders > 3", "other": "newsletter"})
    book = compiled(ruleset, slots([*chain, "step 0", "other"]))

    facts: Facts = {"orders": [9, 0], "newsletter": [False, True]}
    result = evaluate(book, frame(facts, book), MOMENT)

    assert len(book.levels) == depth + 1
    assert len(book.levels[0]) == 2  # what needs nothing
    assert taken(result, "tags") == [set(range(depth + 1)), {depth + 1}]


def test_not_having_a_tag_is_known_only_when_the_tag_is() -> None:
    ruleset = rules({"quiet": 'tags not has "vip" and not (tags has "x")', "vip": "orders > 3"})
    book = compiled(ruleset, slots(["quiet", "vip", "x"]))

    result = evaluate(book, frame({"orders": [9, 0, 0]}, book, on=[(), (), {2}]), MOMENT)

    assert taken(result, "tags") == [{1}, {0}, {2}]


def test_all_and_any_of_several_tags_are_told_apart() -> None:
    ruleset = rules(
        {
            "both": 'tags has all of ("a", "b")',
            "either": 'tags has any of ("a", "b")',
            "neither": 'tags not has any of ("a", "b")',
        }
    )
    book = compiled(ruleset, slots(["both", "either", "neither", "a", "b"]))

    result = evaluate(book, frame({}, book, on=[(), {3}, {4}, {3, 4}]), MOMENT)

    assert taken(result, "tags") == [{2}, {1, 3}, {1, 4}, {0, 1, 3, 4}]


def test_an_archived_tag_is_had_by_nobody_who_asks() -> None:
    ruleset = rules({"fan": 'tags has "old"', "rest": 'tags not has "old"'})
    book = compiled(ruleset, slots(["fan", "rest", "old"], old=True))

    result = evaluate(book, frame({}, book, on=[{2}, ()]), MOMENT)

    assert taken(result, "tags") == [{1}, {1}]


def test_segments_lead_from_tags_to_tags() -> None:
    ruleset = rules(
        {"vip": "orders > 3", "mail": 'in segment "Große" and not in segment "none"'},
        {
            "große": 'tags has "vip" or in segment "Fans"',
            "fans": "newsletter",
            "none": "orders = 5",
        },
    )
    book = compiled(ruleset, slots(["mail", "vip"]))

    facts: Facts = {"orders": [9, 0, 0, 5], "newsletter": [False, True, False, True]}
    result = evaluate(book, frame(facts, book), MOMENT)

    assert taken(result, "tags") == [{0, 1}, {0}, set(), {1}]


def test_a_name_is_the_same_tag_in_any_case_and_width() -> None:
    ruleset = rules({"ＶＩＰ": "orders > 3", "fan": 'tags has "Vip"'})
    book = compiled(ruleset, slots(["vip", "fan"]))

    result = evaluate(book, frame({"orders": [9]}, book), MOMENT)

    assert taken(result, "tags") == [{0, 1}]


def test_nobody_has_a_tag_that_was_never_made() -> None:
    book = compiled(rules({"fan": 'tags not has "unheard of"'}), slots(["fan"]))

    assert taken(evaluate(book, frame({}, book), MOMENT), "tags") == [{0}]


# -- rules that are held back ----------------------------------------------------------------


def test_a_blocked_rule_says_what_it_said_before() -> None:
    book = compiled(
        rules({"vip": "orders > 3", "other": "orders > 3"}), slots(["vip", "other"]), blocked=[0]
    )

    result = evaluate(book, frame({"orders": [9, 0]}, book, was=[{1}, {0}]), MOMENT)

    assert taken(result, "verdict") == [{1}, {0}]
    assert taken(result, "tags") == [{1}, {0}]


def test_what_asks_for_a_blocked_tag_sees_it_as_it_stands() -> None:
    ruleset = rules({"fan": 'tags has "vip"', "vip": "orders > 3"}, {"top": 'tags has "vip"'})
    book = compiled(ruleset, slots(["fan", "vip"]), blocked=[1])

    result = evaluate(book, frame({"orders": [9, 0]}, book, was=[(), {1}]), MOMENT)

    assert taken(result, "tags") == [set(), {0, 1}]
    assert taken(result, "segments") == [set(), {0}]


def test_people_still_have_their_word_on_a_blocked_tag() -> None:
    book = compiled(rules({"vip": "orders > 3"}), slots(["vip"]), blocked=[0])

    result = evaluate(
        book, frame({"orders": [9, 0]}, book, was=[(), {0}], on=[{0}, ()], off=[(), {0}]), MOMENT
    )

    assert taken(result, "verdict") == [set(), {0}]
    assert taken(result, "tags") == [{0}, set()]


def test_what_a_rule_that_is_gone_left_stays_only_while_it_is_blocked() -> None:
    gone = rules({"other": "newsletter"})
    facts: Facts = {"newsletter": [False]}
    for blocked, stays in (((1,), {1}), ((), set())):
        book = compiled(gone, slots(["other", "vip"]), blocked=blocked)

        result = evaluate(book, frame(facts, book, was=[{1}]), MOMENT)

        assert taken(result, "tags") == [stays]
    book = compiled(gone, slots(["other", "vip"]), all_blocked=True)
    assert taken(evaluate(book, frame(facts, book, was=[{1}]), MOMENT), "tags") == [{1}]


# -- segments --------------------------------------------------------------------------------


@pytest.mark.parametrize("slot", [slot for slot in SLOTS if slot < 256])
def test_a_segment_has_its_own_bit_wherever_its_slot_lies(slot: int) -> None:
    book = compiled(rules({}, {"fans": "newsletter"}), {}, segments={"fans": slot})

    result = evaluate(book, frame({"newsletter": [True, False]}, book), MOMENT)

    assert book.segment_words == slot // 64 + 1
    assert taken(result, "segment_verdict") == [{slot}, set()]
    assert taken(result, "segments") == [{slot}, set()]


def test_a_pin_of_a_segment_counts_for_whoever_asks_for_the_segment() -> None:
    ruleset = rules({"mail": 'in segment "fans"'}, {"fans": "newsletter"})
    book = compiled(ruleset, slots(["mail"]))
    facts: Facts = {"newsletter": [False, True]}

    result = evaluate(book, frame(facts, book, segment_on=[{0}, ()], segment_off=[(), {0}]), MOMENT)

    assert taken(result, "segment_verdict") == [set(), {0}]
    assert taken(result, "segments") == [{0}, set()]
    assert taken(result, "tags") == [{0}, set()]


def test_a_pin_out_until_they_qualify_anew_ends_only_when_the_rule_turns_true() -> None:
    book = compiled(rules({"vip": "orders > 3"}), slots(["vip"]))
    facts: Facts = {"orders": [9, 9, 0, 9]}

    # Turned true now; was true; is not true; is no such pin.
    result = evaluate(
        book,
        frame(
            facts,
            book,
            was=[(), {0}, {0}, ()],
            off=[{0}, {0}, {0}, {0}],
            req=[{0}, {0}, {0}, ()],
        ),
        MOMENT,
    )

    assert taken(result, "tags") == [{0}, set(), set(), set()]


def test_the_next_end_of_a_pin_is_an_instant_to_look_again() -> None:
    book = compiled(rules({"vip": "orders > 3"}), slots(["vip"]))
    facts = frame({"orders": [9, 0]}, book).with_columns(
        until_at=pl.Series([1_800_000_000, None], dtype=pl.Int64)
    )

    assert evaluate(book, facts, MOMENT)["next_at"].to_list() == [1_800_000_000, None]


# -- any rules at all ------------------------------------------------------------------------

NAMES = ("a", "b", "c", "d", "e", "f")


def leaf(needs: Sequence[str], segments: Sequence[str]) -> st.SearchStrategy[Expr]:
    found: list[st.SearchStrategy[Expr]] = [
        st.builds(Compare, st.just(FactRef("newsletter")), st.just("="), st.booleans()),
    ]
    if needs:
        tags = st.lists(st.sampled_from(needs), min_size=1, max_size=3, unique=True).map(tuple)
        modes = st.sampled_from(("any", "all"))
        found.append(st.builds(Has, st.just(FactRef("tags")), modes, tags, st.booleans()))
    if segments:
        found.append(st.builds(InSegment, st.sampled_from(segments), st.booleans()))
    return st.one_of(found)


def condition(needs: Sequence[str], segments: Sequence[str]) -> st.SearchStrategy[Expr]:
    one = leaf(needs, segments)
    several = st.lists(one, min_size=2, max_size=3).map(tuple)
    return st.one_of(one, st.builds(And, several), st.builds(Or, several), st.builds(Not, one))


@st.composite
def rule_sets(draw: st.DrawFn) -> tuple[dict[str, Expr], dict[str, Expr]]:
    """Tags and segments by name, each of which may ask for those drawn before it."""
    tags: dict[str, Expr] = {}
    segments: dict[str, Expr] = {}
    for name in draw(st.permutations(NAMES)):
        if draw(st.booleans()):
            tags[name] = draw(condition([*tags, "by hand"], list(segments)))
        elif draw(st.booleans()):
            segments[name] = draw(condition([*tags, "by hand"], list(segments)))
    return tags, segments


@dataclass(frozen=True)
class Said:
    """What is said of one customer beside the rules, and what the rules said before."""

    on: frozenset[str]
    off: frozenset[str]
    was: frozenset[str]
    req: frozenset[str]


def after_pins(verdict: set[str], said: Said) -> set[str]:
    """What is in effect of *verdict*."""
    turned = verdict - said.was
    return (verdict | said.on) - (said.off - (said.req & turned))


@dataclass(frozen=True)
class Person:
    """A customer: the one fact, and what is said of their tags and segments."""

    newsletter: bool
    tags: Said
    segments: Said


@dataclass(frozen=True)
class Expected:
    """The verdicts and what is in effect, by name."""

    verdict: set[str]
    tags: set[str]
    segment_verdict: set[str]
    segments: set[str]


def expected(
    tags: Mapping[str, Expr],
    segments: Mapping[str, Expr],
    person: Person,
    archived: set[str],
    blocked: set[str],
) -> Expected:
    """What becomes of one customer, by trying until nothing changes."""
    verdict: set[str] = set()
    inside: set[str] = set()
    world = World(NOW, ZoneInfo("UTC"))
    for _ in range(2 * len(NAMES) + 1):
        effective = after_pins(verdict, person.tags) - archived
        facts: dict[str, FactValue] = {
            "newsletter": person.newsletter,
            "tags": frozenset(effective),
        }
        belongs = after_pins(inside, person.segments)
        customer = Customer(lambda ref, facts=facts: facts[ref.name], belongs)  # type: ignore[misc]
        verdict, inside = (
            {name for name in (*NAMES, "by hand") if name in blocked and name in person.tags.was}
            | {n for n, when in tags.items() if n not in blocked and holds(when, customer, world)},
            {name for name, when in segments.items() if holds(when, customer, world)},
        )
    return Expected(
        verdict,
        after_pins(verdict, person.tags) - archived,
        inside,
        after_pins(inside, person.segments) & segments.keys(),
    )


ALL = (*NAMES, "by hand")
some_tags = st.frozensets(st.sampled_from(ALL))
said = st.builds(Said, some_tags, some_tags, some_tags, some_tags)


@settings(max_examples=120)
@given(
    rule_sets(),
    st.permutations(SLOTS),
    st.lists(st.builds(Person, st.booleans(), said, said), min_size=1, max_size=6),
    st.sets(st.sampled_from(ALL)),
    st.sets(st.sampled_from(ALL)),
    st.booleans(),
)
def test_any_rules_give_what_they_would_give_worked_out_one_by_one(
    drawn: tuple[dict[str, Expr], dict[str, Expr]],
    order: list[int],
    customers: list[Person],
    archived: set[str],
    blocked: set[str],
    all_blocked: bool,
) -> None:
    tags, segments = drawn
    known = {
        name: TagSlot(index, order[index], name in archived and name not in tags)
        for index, name in enumerate(ALL)
    }
    places = {name: order[index] % 256 for index, name in enumerate(segments)}
    assume(len(set(places.values())) == len(places))
    out_of_use = {name for name, slot in known.items() if slot.archived}
    book = compiled(
        rules(tags, segments),
        known,
        blocked={known[name].slot for name in blocked},
        all_blocked=all_blocked,
        segments=places,
    )
    said_of_tags = {
        kind: [{known[n].slot for n in getattr(person.tags, kind)} for person in customers]
        for kind in ("on", "off", "was", "req")
    }
    said_of_segments = {
        f"segment_{kind}": [
            {places[n] for n in getattr(person.segments, kind) if n in places}
            for person in customers
        ]
        for kind in ("on", "off", "was", "req")
    }
    facts = frame(
        {"newsletter": [person.newsletter for person in customers]},
        book,
        **said_of_tags,
        **said_of_segments,
    )

    result = evaluate(book, facts, MOMENT)

    held = set(ALL) if all_blocked else blocked
    wanted = [expected(tags, segments, person, out_of_use, held) for person in customers]
    assert taken(result, "verdict") == [{known[n].slot for n in one.verdict} for one in wanted]
    assert taken(result, "tags") == [{known[n].slot for n in one.tags} for one in wanted]
    assert taken(result, "segment_verdict") == [
        {places[n] for n in one.segment_verdict} for one in wanted
    ]
    assert taken(result, "segments") == [{places[n] for n in one.segments} for one in wanted]
