"""``gdpr retention`` and purges as a person uses them."""

from __future__ import annotations

import json

import pytest

from support.installation import Installation

RULE = """\
[[retention]]
name = "asleep"
of = "accounts"
age = "2 years"
"""


@pytest.fixture
def asleep(installation: Installation) -> int:
    """An account without a sign of life for years, and one with store credit."""
    given = installation.given
    asleep = given.customer("ann@sleepers.test", at="2020-01-31 12:00:00")
    rich = given.customer("bob@sleepers.test", at="2020-01-31 12:00:00")
    given.credit(rich, "5")
    given.customer("cat@example.com")
    text = (installation.folder / "config.toml").read_text("utf-8")
    paths = "\n[privacy]\nkey_file = 'key'\njournal = 'erasures.jsonl'\nexports = 'exports'\n"
    (installation.folder / "config.toml").write_text(text + paths, "utf-8")
    (installation.folder / "rules.d" / "rules.toml").write_text(RULE, "utf-8")
    installation.done("key", "create")
    installation.done("migrate")
    return asleep


def test_what_is_too_old_is_shown_approved_and_ended(
    installation: Installation, asleep: int
) -> None:
    shown = installation.sidecar("gdpr", "retention")
    assert shown.returncode == 0, shown.stderr
    words = shown.stdout.split("\n")[-2].split()
    assert words == ["asleep", "accounts", "2", "years", "1", "1", "by", "credit", words[-1]]
    assert f"asleep: customers {asleep}\n" in shown.stderr
    assert installation.json("gdpr", "purges") == []

    planned = installation.json("gdpr", "retention", "--plan")
    (rule,) = planned["rules"]
    assert (rule["due"], rule["protected"], rule["named"]) == (1, {"credit": 1}, [asleep])
    number = rule["purge"]["purge"]
    assert rule["purge"]["state"] == "waiting"

    installation.done("once", "--yes")
    assert installation.json("gdpr", "purges")[0]["state"] == "waiting"
    approved = installation.sidecar("gdpr", "purge", "approve", str(number))
    assert approved.returncode == 0, approved.stderr
    assert approved.stderr.startswith(f"purge {number} of asleep (1 too old): ")
    installation.done("once", "--yes")
    (purge,) = installation.json("gdpr", "purges")
    assert (purge["state"], purge["erased"]) == ("done", 1)
    left = [row["customer_id"] for row in installation.json("customers", "orders = 0")]
    assert asleep not in left
    assert len(left) == 2
    journal = (installation.folder / "erasures.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["kind"] for line in journal].count("erasure") == 1


def test_what_is_discarded_is_not_ended(installation: Installation, asleep: int) -> None:
    number = installation.json("gdpr", "retention", "--plan")["rules"][0]["purge"]["purge"]
    discarded = installation.sidecar("gdpr", "purge", "discard", str(number))
    assert "ends nothing until it becomes another" in discarded.stderr
    again = installation.sidecar("gdpr", "purge", "approve", str(number))
    assert again.returncode == 64
    assert f"purge {number} does not wait: it is discarded" in again.stderr
    installation.done("once", "--yes")
    assert asleep in [row["customer_id"] for row in installation.json("customers", "orders = 0")]


def test_without_rules_there_is_nothing_to_show(installation: Installation) -> None:
    installation.done("migrate")
    shown = installation.sidecar("gdpr", "retention")
    assert (shown.returncode, shown.stdout) == (0, "")
    assert "there are no retention rules" in shown.stderr
    none = installation.sidecar("gdpr", "purges")
    assert "nothing was purged yet" in none.stderr
    unknown = installation.sidecar("gdpr", "purge", "approve", "7")
    assert unknown.returncode == 64
    assert "there is no purge 7" in unknown.stderr
