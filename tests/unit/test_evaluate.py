"""Rules that need each other, bit words of every width, and what comes into effect."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.model import Moment, Names, fold
from sidecar.rules.catalogue import Catalogue
from sidecar.rules.evaluate import Compiled, TagSlot, compile_rules, evaluate
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


def compiled(ruleset: RuleSet, tags: Mapping[str, TagSlot]) -> Compiled:
    by_key = {fold(name): slot for name, slot in tags.items()}
    return compile_rules(ruleset, by_key, Catalogue(), Names(), {})


def slots(names: Iterable[str], **archived: bool) -> dict[str, TagSlot]:
    """A slot for each of *names*, in the order given."""
    return {
        name: TagSlot(100 + slot, slot, archived.get(name, False))
        for slot, name in enumerate(names)
    }


def words_of(taken: Iterable[int], words: int) -> list[int]:
    bits = sum(1 << slot for slot in taken)
    return [bits >> 64 * word & 2**64 - 1 for word in range(words)]


def frame(
    facts: Facts,
    words: int,
    *,
    on: Sequence[Iterable[int]] = (),
    off: Sequence[Iterable[int]] = (),
) -> pl.DataFrame:
    """Customers with *facts* and, each, the slots that others say are *on* and *off*."""
    height = max([len(values) for values in facts.values()] + [len(on), len(off), 1])
    columns = [pl.Series("customer_id", range(1, height + 1), dtype=pl.Int64)]
    columns += [pl.Series(name, values) for name, values in facts.items()]
    for kind, given_slots in (("on", on), ("off", off)):
        taken = list(given_slots) or [()] * height
        for word in range(words):
            values = [words_of(slots, words)[word] for slots in taken]
            columns.append(pl.Series(f"{kind}{word}", values, dtype=pl.UInt64))
    return pl.DataFrame(columns)


def taken(result: pl.DataFrame, kind: str) -> list[set[int]]:
    """The slots that are set in each row's words of *kind*."""
    words = [name for name in result.columns if name.startswith(kind)]
    rows = result.select(words).rows()
    return [
        {word * 64 + bit for word, bits in enumerate(row) for bit in range(64) if bits >> bit & 1}
        for row in rows
    ]


# -- one rule ------------------------------------------------------------------------------


@pytest.mark.parametrize("slot", SLOTS)
def test_a_tag_has_its_own_bit_wherever_its_slot_lies(slot: int) -> None:
    book = compiled(rules({"vip": "orders > 3"}), {"vip": TagSlot(7, slot)})

    result = evaluate(book, frame({"orders": [3, 4, None]}, book.words), MOMENT)

    assert book.words == slot // 64 + 1
    assert taken(result, "verdict") == [set(), {slot}, set()]
    assert taken(result, "tags") == [set(), {slot}, set()]


def test_all_512_tags_fit_side_by_side() -> None:
    tags = {f"tag {slot}": TagSlot(slot, slot) for slot in range(512)}
    book = compiled(rules({f"tag {slot}": f"orders >= {slot}" for slot in range(512)}), tags)

    result = evaluate(book, frame({"orders": [0, 300, 511, 1000]}, book.words), MOMENT)

    assert book.words == 8
    assert taken(result, "tags") == [
        set(range(1)),
        set(range(301)),
        set(range(512)),
        set(range(512)),
    ]


def test_the_frame_keeps_its_order_and_its_customers() -> None:
    book = compiled(rules({"vip": "orders > 3"}), slots(["vip"]))
    facts = frame({"orders": [5, 0, 5]}, 1).with_columns(customer_id=pl.Series([9, 4, 7]))

    result = evaluate(book, facts, MOMENT)

    assert result["customer_id"].to_list() == [9, 4, 7]
    assert result.columns == ["customer_id", "verdict0", "tags0"]
    assert result.schema["tags0"] == pl.UInt64()


def test_without_rules_or_tags_there_is_nothing_to_say() -> None:
    book = compiled(rules({}), {})

    result = evaluate(book, frame({"orders": [1, 2]}, 0), MOMENT)

    assert result.columns == ["customer_id"]
    assert result.height == 2


def test_nobody_to_look_at_is_no_error() -> None:
    book = compiled(rules({"vip": "orders > 3"}), slots(["vip"]))

    result = evaluate(book, frame({"orders": [1]}, 1).clear(), MOMENT)

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
                book.words,
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

    result = evaluate(book, frame({"orders": [9, 0]}, 1, on=[{1}, {1}], off=[(), {1}]), MOMENT)

    assert taken(result, "verdict") == [{0}, set()]
    assert taken(result, "tags") == [{0, 1}, set()]


# -- rules that need each other --------------------------------------------------------------


def test_a_tag_that_asks_for_another_sees_it_as_of_this_pass() -> None:
    ruleset = rules({"top": 'tags has "VIP" and newsletter', "vip": "orders > 3"})
    book = compiled(ruleset, slots(["top", "vip"]))
    facts: Facts = {"orders": [9, 9, 0, 9, 0], "newsletter": [True, False, True, True, True]}

    # The fourth is pinned out of vip, the fifth pinned in.
    result = evaluate(
        book, frame(facts, 1, on=[(), (), (), (), {1}], off=[(), (), (), {1}, ()]), MOMENT
    )

    assert taken(result, "tags") == [{0, 1}, {1}, set(), set(), {0, 1}]
    assert taken(result, "verdict") == [{0, 1}, {1}, set(), {1}, {0}]


def test_what_is_needed_is_worked_out_first_however_deep() -> None:
    depth = 12
    chain = {f"step {n}": f'tags has "step {n - 1}"' for n in range(depth, 0, -1)}
    ruleset = rules({**chain, "step 0": "orders > 3", "other": "newsletter"})
    book = compiled(ruleset, slots([*chain, "step 0", "other"]))

    facts: Facts = {"orders": [9, 0], "newsletter": [False, True]}
    result = evaluate(book, frame(facts, 1), MOMENT)

    assert len(book.levels) == depth + 1
    assert len(book.levels[0]) == 2  # what needs nothing
    assert taken(result, "tags") == [set(range(depth + 1)), {depth + 1}]


def test_not_having_a_tag_is_known_only_when_the_tag_is() -> None:
    ruleset = rules({"quiet": 'tags not has "vip" and not (tags has "x")', "vip": "orders > 3"})
    book = compiled(ruleset, slots(["quiet", "vip", "x"]))

    result = evaluate(book, frame({"orders": [9, 0, 0]}, 1, on=[(), (), {2}]), MOMENT)

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

    result = evaluate(book, frame({}, 1, on=[(), {3}, {4}, {3, 4}]), MOMENT)

    assert taken(result, "tags") == [{2}, {1, 3}, {1, 4}, {0, 1, 3, 4}]


def test_an_archived_tag_is_had_by_nobody_who_asks() -> None:
    ruleset = rules({"fan": 'tags has "old"', "rest": 'tags not has "old"'})
    book = compiled(ruleset, slots(["fan", "rest", "old"], old=True))

    result = evaluate(book, frame({}, 1, on=[{2}, ()]), MOMENT)

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
    result = evaluate(book, frame(facts, 1), MOMENT)

    assert taken(result, "tags") == [{0, 1}, {0}, set(), {1}]


def test_a_name_is_the_same_tag_in_any_case_and_width() -> None:
    ruleset = rules({"ＶＩＰ": "orders > 3", "fan": 'tags has "Vip"'})
    book = compiled(ruleset, slots(["vip", "fan"]))

    result = evaluate(book, frame({"orders": [9]}, 1), MOMENT)

    assert taken(result, "tags") == [{0, 1}]


def test_nobody_has_a_tag_that_was_never_made() -> None:
    book = compiled(rules({"fan": 'tags not has "unheard of"'}), slots(["fan"]))

    assert taken(evaluate(book, frame({}, 1), MOMENT), "tags") == [{0}]


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


def expected(
    tags: Mapping[str, Expr],
    segments: Mapping[str, Expr],
    newsletter: bool,
    on: set[str],
    off: set[str],
    archived: set[str],
) -> tuple[set[str], set[str]]:
    """The verdict and the tags in effect of one customer, by trying until nothing changes."""
    verdict: set[str] = set()
    inside: set[str] = set()
    world = World(NOW, ZoneInfo("UTC"))
    for _ in range(2 * len(NAMES)):
        effective = ((verdict | on) - off) - archived
        facts: dict[str, FactValue] = {"newsletter": newsletter, "tags": frozenset(effective)}
        customer = Customer(lambda ref, facts=facts: facts[ref.name], inside)  # type: ignore[misc]
        verdict, inside = (
            {name for name, when in tags.items() if holds(when, customer, world)},
            {name for name, when in segments.items() if holds(when, customer, world)},
        )
    return verdict, ((verdict | on) - off) - archived


@settings(max_examples=80)
@given(
    rule_sets(),
    st.permutations(SLOTS),
    st.lists(
        st.tuples(
            st.booleans(),
            st.sets(st.sampled_from((*NAMES, "by hand"))),
            st.sets(st.sampled_from((*NAMES, "by hand"))),
        ),
        min_size=1,
        max_size=6,
    ),
    st.sets(st.sampled_from((*NAMES, "by hand"))),
)
def test_any_rules_give_what_they_would_give_worked_out_one_by_one(
    drawn: tuple[dict[str, Expr], dict[str, Expr]],
    order: list[int],
    customers: list[tuple[bool, set[str], set[str]]],
    archived: set[str],
) -> None:
    tags, segments = drawn
    known = {
        name: TagSlot(index, order[index], name in archived and name not in tags)
        for index, name in enumerate((*NAMES, "by hand"))
    }
    out_of_use = {name for name, slot in known.items() if slot.archived}
    book = compiled(rules(tags, segments), known)
    facts = frame(
        {"newsletter": [newsletter for newsletter, _, _ in customers]},
        book.words,
        on=[{known[name].slot for name in on} for _, on, _ in customers],
        off=[{known[name].slot for name in off} for _, _, off in customers],
    )

    result = evaluate(book, facts, MOMENT)

    wanted = [expected(tags, segments, *customer, out_of_use) for customer in customers]
    assert taken(result, "verdict") == [{known[n].slot for n in names} for names, _ in wanted]
    assert taken(result, "tags") == [{known[n].slot for n in names} for _, names in wanted]
