"""``tag`` as a person uses it."""

from __future__ import annotations

from support.installation import Installation


def _tags(installation: Installation) -> dict[int, list[str]]:
    found = installation.json("customers", "orders >= 0")
    return {row["customer_id"]: row["tags"] for row in found}


def test_a_tag_by_hand_is_at_once_in_effect_and_so_is_what_depends_on_it(
    installation: Installation,
) -> None:
    ann, ben = installation.given.customer("ann@example.com"), installation.given.customer()
    installation.rules(care='tags has "VIP"')
    installation.done("migrate")
    installation.done("once", "--yes")

    added = installation.json("tag", "add", "vip", "ann@example.com")

    assert added["changed"] == 1
    assert added["created"] == ["vip"]
    assert _tags(installation) == {ann: ["care", "vip"], ben: []}
    assert installation.json("once")["state"] == "nothing"


def test_a_removed_tag_stays_away_though_its_rule_holds(installation: Installation) -> None:
    ann = installation.given.customer()
    installation.rules(everyone="orders >= 0")
    installation.done("migrate")
    installation.done("once", "--yes")

    installation.done("tag", "remove", "everyone", str(ann), "--reason", "asked to")

    assert _tags(installation) == {ann: []}
    assert installation.json("once")["state"] == "nothing"
    assert installation.column(
        "SELECT CONCAT(source_kind, ':', IFNULL(reason, '')) FROM oc_sidecar_assertion"
        " ORDER BY source_kind + 0"
    ) == ["rule:", "pin_out:asked to"]


def test_a_tag_that_a_rule_made_can_be_coloured(installation: Installation) -> None:
    installation.rules(vip="orders > 3")
    installation.done("migrate")
    installation.done("once", "--yes")

    installation.done("tag", "describe", "VIP", "--colour", "#C0FFEE", "--description", "Ours")
    bad = installation.sidecar("tag", "describe", "vip", "--colour", "red")

    (tag,) = installation.json("tag", "list")
    assert (tag["colour"], tag["description"]) == ("#c0ffee", "Ours")
    assert bad.returncode == 64
    assert "#rrggbb" in bad.stderr


def test_an_unknown_customer_or_tag_changes_nothing(installation: Installation) -> None:
    installation.given.customer()
    installation.done("migrate")
    installation.done("tag", "create", "known", "--colour", "#2E7D32")

    nobody = installation.sidecar("tag", "add", "known", "99", "nobody@example.com")
    mistaken = installation.sidecar("tag", "remove", "knwon", "1")

    assert (nobody.returncode, mistaken.returncode) == (64, 64)
    assert "no customer has the id 99" in nobody.stderr
    assert "nobody@example.com" in nobody.stderr
    assert "did you mean 'known'" in mistaken.stderr
    assert installation.column("SELECT colour FROM oc_sidecar_tag") == ["#2e7d32"]


def test_an_e_mail_of_several_accounts_lists_their_ids(installation: Installation) -> None:
    ids = [installation.given.customer("Twin@example.com") for _ in range(2)]
    installation.done("migrate")

    process = installation.sidecar("tag", "add", "x", "twin@example.com")

    assert process.returncode == 64
    assert ", ".join(map(str, ids)) in process.stderr


def test_a_file_of_tags_is_imported_once_however_often(installation: Installation) -> None:
    ids = [installation.given.customer(f"c{number}@example.com") for number in range(120)]
    installation.done("migrate")
    rows = [
        f"{ids[n]};;Fair 2026;" if n % 2 else f";c{n}@example.com;Fair 2026;" for n in range(120)
    ]
    path = installation.folder / "tags.csv"
    path.write_text("\ufeffcustomer_id;email;tag;until\n" + "\n".join(rows), "utf-8")

    first = installation.json("tag", "import", "tags.csv")
    second = installation.json("tag", "import", "tags.csv")

    assert (first["rows"], first["changed"], first["created"]) == (120, 120, ["Fair 2026"])
    assert (second["rows"], second["changed"], second["created"]) == (120, 0, [])
    assert installation.json("tag", "list")[0]["customers"] == 120
    assert set(installation.column("SELECT source_kind FROM oc_sidecar_assertion")) == {"import"}


def test_a_file_with_a_bad_row_imports_nothing_and_names_each(installation: Installation) -> None:
    ann = installation.given.customer()
    installation.done("migrate")
    path = installation.folder / "tags.csv"
    path.write_text(f"customer_id,tag,until\n{ann},fine,\n999,fine,\n{ann},,\n{ann},x,tomorrow\n")

    refused = installation.sidecar("tag", "import", "tags.csv")
    skipped = installation.sidecar("tag", "import", "tags.csv", "--skip-bad")

    assert refused.returncode == 64
    for line in ("tags.csv:3:", "tags.csv:4:", "tags.csv:5:"):
        assert line in refused.stderr
        assert line in skipped.stderr
    assert skipped.returncode == 0
    assert _tags(installation) == {ann: ["fine"]}


def test_an_archived_tag_is_given_to_nobody(installation: Installation) -> None:
    installation.given.customer()
    installation.done("migrate")
    installation.done("tag", "create", "old")
    installation.done("tag", "archive", "old")
    (installation.folder / "tags.csv").write_text("customer_id,tag\n1,OLD\n")

    added = installation.sidecar("tag", "add", "old", "1")
    imported = installation.sidecar("tag", "import", "tags.csv")

    assert (added.returncode, imported.returncode) == (64, 64)
    assert "--restore" in added.stderr
    assert "--restore" in imported.stderr
    assert installation.column("SELECT COUNT(*) FROM oc_sidecar_assertion") == [0]


def test_a_tag_that_a_rule_makes_is_not_renamed_behind_its_back(installation: Installation) -> None:
    installation.rules(vip="orders > 3")
    installation.done("migrate")
    installation.done("once", "--yes")

    process = installation.sidecar("tag", "rename", "vip", "gold")

    assert process.returncode == 78
    assert "rules.toml:1" in process.stderr
