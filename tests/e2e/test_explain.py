"""``explain`` as a person and a program use it."""

from __future__ import annotations

from support.installation import Installation


def test_a_customer_is_explained_in_json_in_short_and_in_full(installation: Installation) -> None:
    ann = installation.given.customer("ann@example.com")
    installation.given.order(ann, "412.40")
    installation.rules(buyer="orders >= 1", vip="total_spent >= 500 or tags has 'friend'")
    installation.done("migrate")
    installation.done("once", "--yes")

    found = installation.json("explain", "ann@example.com")
    short = installation.done("explain", str(ann))
    full = installation.done("explain", str(ann), "--only", "VIP")

    assert found["customer_id"] == ann
    assert found.keys() >= {"tag", "segment", "group", "tier"}
    for entry in (*found["tag"].values(), *found["segment"].values(), found["group"]):
        assert entry.keys() >= {"since", "sources", "pin", "why", "next_change"}
    assert found["tag"]["buyer"]["holds"]
    assert found["tag"]["vip"]["nearest"]["reachable"]
    assert found["segment"]["everyone"]["holds"]
    assert "tag\tvip\tno\t\tneeds 87.60 more spent\t" in short.splitlines()
    assert "  nearest: needs 87.60 more spent" in full.splitlines()
    assert "    [ ] total_spent >= 500  (412.4000)" in full.splitlines()
    assert "segment 'everyone': yes" in installation.done("explain", str(ann), "--all")


def test_an_unknown_customer_or_name_and_missing_tables_are_refused(
    installation: Installation,
) -> None:
    ann = installation.given.customer("ann@example.com")
    before = installation.sidecar("explain", str(ann))
    installation.rules(buyer="orders >= 1")
    installation.done("migrate")

    nobody = installation.sidecar("explain", "nobody@example.com")
    nothing = installation.sidecar("explain", str(ann), "--only", "byer")

    assert (before.returncode, nobody.returncode, nothing.returncode) == (78, 64, 64)
    assert "sidecar migrate" in before.stderr
    assert "did you mean 'buyer'" in nothing.stderr
