"""``tier`` as a person uses it."""

from __future__ import annotations

import pytest

from sidecar import clock
from support.given import Line
from support.installation import Installation
from support.running import running

#: What a terminal would obey.
HOSTILE = "it's \"so\" \\ \N{PARTY POPPER} \x1b[2J'); DROP TABLE oc_customer; -- "


def program(installation: Installation, more: str = "") -> None:
    rules = (
        f"[loyalty]\nstart = 2020-01-01\n{more}[[tag]]\nname = 'golden'\nwhen = 'tier = \"Gold\"'\n"
    )
    (installation.folder / "rules.d" / "rules.toml").write_text(rules, "utf-8")


def tiers(**thresholds: int) -> str:
    return "".join(f"[[tier]]\nname = '{n}'\nthreshold = {t}\n" for n, t in thresholds.items())


def golden(installation: Installation) -> list[int]:
    return [row["customer_id"] for row in installation.json("customers", 'tags has "golden"')]


@pytest.fixture
def ann(installation: Installation) -> int:
    """A customer in Silver."""
    ann = installation.given.customer("ann@example.com")
    installation.given.order(ann, "120", lines=[Line(product=40, price="120")])
    program(installation)
    installation.done("migrate")
    installation.done("once", "--yes")
    return ann


def test_a_customer_is_locked_in_a_tier_and_unlocked(installation: Installation, ann: int) -> None:
    locked = installation.sidecar(
        "tier", "lock", "ann@example.com", "gold", "--until", "2099-12-31", "--reason", HOSTILE
    )
    assert (locked.returncode, locked.stdout) == (0, "")
    assert locked.stderr == f"customer {ann} is locked in Gold through 2099-12-31\n"
    assert golden(installation) == [ann]
    shown = installation.sidecar("points", "show", str(ann)).stdout
    assert "next tier" not in shown
    assert "\x1b" not in shown
    assert "locked by " in shown

    unlocked = installation.json("tier", "unlock", str(ann))

    assert unlocked == {"customer_id": ann, "tier": "Gold", "locked": False, "until": None}
    assert installation.json("explain", str(ann))["tier"]["lock"] is None


def test_what_cannot_be_locked_is_refused_with_the_way_out(
    installation: Installation, ann: int
) -> None:
    for arguments, said in (
        (("Golf", "--reason", "x"), "there is no tier 'Golf' (did you mean 'Gold'"),
        (("Gold", "--reason", "x", "--until", "2020-01-31"), "2020-01-31 is over"),
        (("Gold", "--reason", "x", "--until", "soon"), "--until: 'soon' is not a day"),
    ):
        refused = installation.sidecar("tier", "lock", str(ann), *arguments)
        assert refused.returncode != 0
        assert said in refused.stderr


def test_other_tiers_are_shown_before_they_hold(installation: Installation, ann: int) -> None:
    assert "are those that hold" in installation.sidecar("tier", "plan").stderr
    program(installation, tiers(Bronze=0, Gold=1_000))
    installation.done("once")

    planned = installation.sidecar("tier", "plan")
    assert planned.returncode == 0
    assert "Silver\n  is:      From 1,000 points earned" in planned.stdout
    assert "  will be: not there" in planned.stdout
    assert planned.stderr.startswith("1 customer would be in another tier; nothing was written")
    assert golden(installation) == []
    assert "sidecar tier plan" in installation.sidecar("status").stdout

    applied = installation.sidecar("tier", "apply")
    assert applied.stderr == "they hold; the next full pass brings everybody in line\n"
    assert installation.json("once")["changes"]["tier_changed"] == 1
    assert golden(installation) == [ann]
    assert installation.json("loyalty", "status")["tiers"] == [
        {"tier": "Bronze", "customers": 0},
        {"tier": "Gold", "customers": 1},
    ]


def test_the_daemon_brings_everybody_in_line_with_other_tiers(
    installation: Installation, ann: int
) -> None:
    with running(installation):
        program(installation, tiers(Bronze=0, Gold=1_000))
        end = clock.monotonic() + 30
        while not installation.json("tier", "plan")["waits"]:  # it reads the files again itself
            assert clock.monotonic() < end
        installation.done("tier", "apply")
        while golden(installation) != [ann]:
            assert clock.monotonic() < end
