"""Cards, and ``loyalty simulate``, as a person uses them."""

from __future__ import annotations

import pytest

from sidecar.rules.loyalty import card as numbers
from support.given import Line
from support.installation import Installation
from support.running import running

DATED = '[loyalty]\nstart = "2020-01-01"\n'

HOSTILE = "it's \"so\" \\ \x1b[2J '); DROP TABLE oc_customer; -- "


def program(installation: Installation, text: str = DATED, folder: str = "rules.d") -> None:
    (installation.folder / folder).mkdir(exist_ok=True)
    (installation.folder / folder / "rules.toml").write_text(text, "utf-8")


@pytest.fixture
def ann(installation: Installation) -> int:
    """A customer of a shop with a program, who has bought for 60.00."""
    ann = installation.given.customer("ann@example.com")
    installation.given.order(ann, "60", days_ago=3, lines=[Line(product=40, price="60")])
    program(installation)
    installation.done("migrate")
    installation.done("once", "--yes")
    return ann


def held(installation: Installation, customer: int) -> str:
    (number,) = installation.column(
        f"SELECT number FROM oc_sidecar_card WHERE customer_id = {customer} AND holds = 1"
    )
    return str(number)


def test_a_card_is_found_by_its_number_and_by_its_customer(
    installation: Installation, ann: int
) -> None:
    number = held(installation, ann)
    grouped = " ".join(number[start : start + 4] for start in range(0, 16, 4))

    by_number = installation.json("loyalty", "card", grouped)
    by_customer = installation.json("loyalty", "card", "ANN@example.com")
    text = installation.done("loyalty", "card", number)
    points = installation.json("points", "show", str(ann))

    assert by_number == by_customer
    assert (by_number["state"], by_number["customer_id"], by_number["number"]) == (
        "holds", ann, number,
    )  # fmt: skip
    assert f"card          {grouped}\n" in text
    assert (points["card"], points["member_since"][:4]) == (
        number,
        by_number["cards"][0]["issued"][:4],
    )
    assert f"card          {grouped}\n" in installation.done("points", "show", str(ann))


def test_a_lost_card_is_replaced_and_says_so(installation: Installation, ann: int) -> None:
    lost = held(installation, ann)

    with running(installation):
        new = installation.json("loyalty", "reissue", str(ann), "--reason", HOSTILE)
    told = installation.done("loyalty", "card", lost)

    assert (new["in_place_of"], new["number"]) == (lost, held(installation, ann))
    assert new["reason"] == HOSTILE
    assert "which has ended" in told
    assert "\x1b" not in told
    assert installation.json("points", "show", str(ann))["available"] == 600
    again = installation.sidecar("loyalty", "reissue", str(ann), "--reason", "again")
    assert again.returncode == 0
    assert again.stderr.startswith(f"customer {ann} has card 9")


def test_a_mistyped_number_is_told_from_one_that_nobody_has(
    installation: Installation, ann: int
) -> None:
    number = held(installation, ann)
    swapped = next(
        number[:place] + number[place + 1] + number[place] + number[place + 2 :]
        for place in range(1, 15)
        if number[place] != number[place + 1]
    )

    mistyped = installation.sidecar("loyalty", "card", swapped)
    unknown = installation.sidecar("loyalty", "card", numbers.draw(), "--json")
    short = installation.sidecar("loyalty", "card", number[:-1])

    assert {done.returncode for done in (mistyped, unknown, short)} == {64}
    assert "a digit is wrong, or two are swapped" in mistyped.stderr
    assert "no card has this number" in unknown.stderr
    assert '"state": "unknown"' in unknown.stdout
    assert "16 digits, not 15" in short.stderr


def test_changed_rules_in_a_folder_are_compared_with_those_in_force(
    installation: Installation, ann: int
) -> None:
    rule = "[[earn]]\nname = 'Big \x7f'\npoints = 7\norder_total = 50\n".replace("\x7f", "day")
    program(installation, DATED + "points_per_unit = 12\n" + rule, "changed")
    changed = str(installation.folder / "changed")

    found = installation.json("loyalty", "simulate", "--rules", changed)
    text = installation.sidecar("loyalty", "simulate", "--rules", changed, "--days", "30")
    same = installation.sidecar("loyalty", "simulate")

    assert (found["orders"], found["before"]["points"], found["after"]["points"]) == (1, 600, 727)
    assert text.returncode == 0
    assert "difference    +127 points, worth 1.27 EUR\n" in text.stdout
    assert "Big day\t0\t7\t+7\n" in text.stdout
    assert f"customer {ann}\t600\t727\t+127\n" in text.stdout
    assert "customers are as they are now" in text.stderr
    assert "nothing differs\n" in same.stdout


def test_wrong_rules_are_told_and_nothing_is_compared(installation: Installation, ann: int) -> None:
    program(installation, "[loyalty]\nstrat = 1\n", "wrong")
    program(installation, "", "empty")

    for folder, code, said in (
        ("wrong", 78, "did you mean 'start'?"),
        ("empty", 78, "there is no loyalty program"),
        ("nowhere", 64, "there is no such folder"),
    ):
        done = installation.sidecar(
            "loyalty", "simulate", "--rules", str(installation.folder / folder)
        )
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert said in done.stderr
