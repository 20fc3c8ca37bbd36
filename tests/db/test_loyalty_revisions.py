"""The programs that orders are rewarded by, as they were, and the numbers of earn rules."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Engine, func, select, update

from sidecar.config import Database
from sidecar.errors import FatalError
from sidecar.rules.loyalty.earning import BASE, MULTIPLIED, Line, Order, targets
from sidecar.rules.loyalty.program import EarnRule, Goods, Program, Tier
from sidecar.rules.loyalty.program_printer import read_program
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import OwnTables, own_tables
from sidecar.sync.loyalty.revisions import Revisions, earner_key
from support.programs import programs, wherever

A_DAY = datetime.date(2027, 1, 1)

PROGRAM = read_program(
    """\
[loyalty]
start = 2027-01-01
expiry = { on = "12-31" }
[[earn]]
name = "double shoes"
multiply = 2
when = 'orders >= 3 and country = "DE"'
category = "Shoes"
[[earn]]
name = "welcome"
points = 50
""",
    "program.toml",
)


@pytest.fixture
def own(small_database: Database) -> OwnTables:
    return own_tables(small_database.prefix)


def named(program: Program) -> Program:
    """*program* as the ledger calls its rules."""
    rules = (dataclasses.replace(rule, name=earner_key(rule.name)) for rule in program.earn)
    return wherever(dataclasses.replace(program, earn=tuple(rules)))


def rows_in(engine: Engine, table: Any) -> int:
    with transaction(engine) as tx:
        return tx.scalar(select(func.count()).select_from(table)) or 0


def program_of(*names: str) -> Program:
    """A program with an earn rule for each of *names*."""
    rules = (EarnRule(name=name, points=5, on_refund="keep") for name in names)
    return Program(start=None, earn=tuple(rules))


# -- programs ------------------------------------------------------------------------------


def test_a_program_is_a_revision_of_its_own_and_read_back_as_it_was(
    small_engine: Engine, own: OwnTables
) -> None:
    with transaction(small_engine) as tx:
        revision = Revisions(tx, own).current(PROGRAM, 1_800_000_000)

    with transaction(small_engine) as tx:
        assert wherever(Revisions(tx, own).program(revision)) == wherever(PROGRAM)
        row = tx.execute(select(own.loyalty.program)).one()
    assert (row.revision, row.since) == (revision, 1_800_000_000)


def test_the_same_program_is_the_same_revision_also_when_it_comes_back(
    small_engine: Engine, own: OwnTables
) -> None:
    other = dataclasses.replace(PROGRAM, points_for_one=101)
    moved = dataclasses.replace(PROGRAM, file="other.toml", line=99)
    found = []

    for at, program in enumerate((PROGRAM, PROGRAM, other, moved)):
        with transaction(small_engine) as tx:
            revisions = Revisions(tx, own)
            found += [revisions.current(program, at), revisions.current(program, at)]

    first, changed = found[0], found[4]
    assert found == [first, first, first, first, changed, changed, first, first]
    assert changed > first
    with transaction(small_engine) as tx:
        revisions = Revisions(tx, own)
        assert revisions.program(first).points_for_one == 100
        assert revisions.program(changed).points_for_one == 101
        assert list(tx.scalars(select(own.loyalty.program.c.since).order_by("since"))) == [0, 2]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(programs())
def test_any_program_can_be_kept(small_engine: Engine, own: OwnTables, program: Program) -> None:
    with transaction(small_engine) as tx:
        revision = Revisions(tx, own).current(program, 5)

    with transaction(small_engine) as tx:
        assert wherever(Revisions(tx, own).program(revision)) == named(program)


def test_names_of_any_script_come_back_from_the_database(
    small_engine: Engine, own: OwnTables
) -> None:
    names = ("l'été \"d'or\"", "\\';--", "größe", "🎁🦊", "баллы", "%s {0}", "`x`")
    tiers = tuple(
        Tier(name=name, threshold=n, benefits={name: name}) for n, name in enumerate(names)
    )
    rules = tuple(
        EarnRule(name=name, points=5, goods=Goods(product=(name,)), tiers=(name,), on_refund="keep")
        for name in names
    )
    program = Program(start=None, statuses=names, tiers=tiers, earn=rules)

    with transaction(small_engine) as tx:
        revision = Revisions(tx, own).current(program, 5)
        ids = [Revisions(tx, own).earner_id(name) for name in names]

    with transaction(small_engine) as tx:
        revisions = Revisions(tx, own)
        assert wherever(revisions.program(revision)) == program
        assert [revisions.earner_name(number) for number in ids] == list(names)


def test_a_definition_of_another_version_is_an_error_that_names_the_revision(
    small_engine: Engine, own: OwnTables
) -> None:
    with transaction(small_engine) as tx:
        revision = Revisions(tx, own).current(PROGRAM, 5)
        later = own.loyalty.program.c.definition + "[[bonus]]\nname = 'x'\n"
        tx.execute(update(own.loyalty.program).values(definition=later))

    with transaction(small_engine) as tx, pytest.raises(FatalError) as raised:
        Revisions(tx, own).program(revision)

    assert f"revision {revision} of the loyalty program cannot be read" in str(raised.value)
    assert "there is no key 'bonus' here" in str(raised.value)


def test_a_revision_that_is_not_there_is_an_error(small_engine: Engine, own: OwnTables) -> None:
    with transaction(small_engine) as tx, pytest.raises(FatalError, match="revision 77 "):
        Revisions(tx, own).program(77)


def test_a_program_that_could_not_be_read_again_is_not_kept(
    small_engine: Engine, own: OwnTables
) -> None:
    # More than a rules file can hold; no file says it, but several together might.
    large = program_of(*(f"{number} {'x' * 50}" for number in range(12_000)))

    with (
        pytest.raises(FatalError, match=r"cannot be read: .*is larger than 1 MB"),
        transaction(small_engine) as tx,
    ):
        Revisions(tx, own).current(large, 5)

    assert rows_in(small_engine, own.loyalty.program) == 0


# -- earn rules ----------------------------------------------------------------------------


def test_rules_are_numbered_once_however_they_are_spelled(
    small_engine: Engine, own: OwnTables
) -> None:
    with transaction(small_engine) as tx:
        revisions = Revisions(tx, own)
        shoes = revisions.earner_id("Double Shoes")
        assert revisions.earner_id("DOUBLE shoes") == shoes
        assert revisions.earner_id("Double Ｓhoes") == shoes  # wide, as typed in Japan
        welcome = revisions.earner_id("welcome")

    with transaction(small_engine) as tx:
        revisions = Revisions(tx, own)
        assert revisions.earner_id("double shoes") == shoes
        assert revisions.earner_id("été") != revisions.earner_id("ete")
        assert revisions.earner_name(shoes) == "double shoes"
        assert revisions.earner_name(welcome) == "welcome"
        assert len({0, shoes, welcome, revisions.earner_id(MULTIPLIED)}) == 4
    assert rows_in(small_engine, own.loyalty.earner) == 5


def test_the_points_per_unit_are_number_0_and_stand_in_no_table(
    small_engine: Engine, own: OwnTables
) -> None:
    with transaction(small_engine) as tx:
        revisions = Revisions(tx, own)
        assert (revisions.earner_id(BASE), revisions.earner_name(0)) == (0, BASE)
        with pytest.raises(FatalError, match="the earn rule with the number 9 is not there"):
            revisions.earner_name(9)

    assert rows_in(small_engine, own.loyalty.earner) == 0


@pytest.mark.parametrize(
    "name",
    [
        "Double Shoes",
        "🦊 Ｗide ÉTÉ",
        "\N{ACUTE ACCENT}tick",  # folded, it begins with a blank
        "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 14,  # folded, it is 252 long
        "T\N{COMBINING DIAERESIS}",  # folded twice, it is one character
    ],
)
def test_what_was_numbered_is_found_in_the_program_again(
    small_engine: Engine, own: OwnTables, name: str
) -> None:
    order = Order(qualifies=True, day=A_DAY, lines=[Line(total=10_0000)], total=10_0000)
    with transaction(small_engine) as tx:
        revisions = Revisions(tx, own)
        revision = revisions.current(program_of(name), 5)
        (rule,) = revisions.program(revision).earn
        number = revisions.earner_id(rule.name)
        assert revisions.earner_id(name) == number

    with transaction(small_engine) as tx:
        revisions = Revisions(tx, own)
        held = frozenset({revisions.earner_name(number)})
        earned = targets(dataclasses.replace(order, rules=held), revisions.program(revision))

        assert {revisions.earner_id(found): points for found, points in earned.items()} == {
            0: 100,
            number: 5,
        }
