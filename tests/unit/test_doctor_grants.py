"""What an account may do, as ``SHOW GRANTS`` of MariaDB and MySQL says it."""

from __future__ import annotations

import pytest

from sidecar.service.doctor.grants import (
    Grants,
    database_pattern,
    parse,
    quoted_account,
)

ACCOUNT = "'sidecar'@'localhost'"


def granted(*lines: str, fold: bool = False) -> Grants:
    """What the account may do by *lines*, each without who has it."""
    return parse([f"{line} TO `sidecar`@`localhost`" for line in lines], ACCOUNT, fold=fold)


def test_a_privilege_of_a_database_holds_for_its_tables() -> None:
    grants = granted("GRANT SELECT, INDEX ON `shop`.*")

    assert grants.on_table("SELECT", "shop", "oc_order")
    assert grants.on_table("INDEX", "shop", "oc_order")
    assert not grants.on_table("UPDATE", "shop", "oc_order")
    assert not grants.on_table("SELECT", "shop2", "oc_order")
    assert not grants.on_server("SELECT")


def test_a_privilege_of_the_server_holds_everywhere() -> None:
    grants = granted("GRANT SELECT, REPLICATION SLAVE, BINLOG MONITOR ON *.*")

    assert grants.on_server("REPLICATION SLAVE")
    assert grants.on_table("SELECT", "shop", "oc_order")
    assert not grants.on_server("SUPER")


@pytest.mark.parametrize(
    "line",
    [
        "GRANT ALL PRIVILEGES ON *.*",
        "GRANT ALL PRIVILEGES ON `shop`.*",
        "GRANT ALL PRIVILEGES ON `shop`.`oc_sidecar_tag`",
    ],
)
def test_all_privileges_are_each_of_them(line: str) -> None:
    assert granted(line).on_table("DROP", "shop", "oc_sidecar_tag")


def test_a_privilege_of_columns_holds_for_them_only() -> None:
    grants = granted("GRANT SELECT, UPDATE (`customer_group_id`, `a``, b`) ON `shop`.`oc_customer`")

    assert grants.on_columns("UPDATE", "shop", "oc_customer", ["customer_group_id"])
    assert grants.on_columns("UPDATE", "shop", "oc_customer", ["a`, b"])
    assert not grants.on_columns("UPDATE", "shop", "oc_customer", ["customer_group_id", "status"])
    assert not grants.on_table("UPDATE", "shop", "oc_customer")
    assert grants.on_table("SELECT", "shop", "oc_customer")


def test_columns_add_up_with_those_of_a_role() -> None:
    grants = parse(
        [
            "GRANT SELECT (`order_id`) ON `shop`.`oc_order` TO `sidecar`@`localhost`",
            "GRANT `reader` TO `sidecar`@`localhost`",
            "GRANT USAGE ON *.* TO `reader`",
            "GRANT SELECT (`total`) ON `shop`.`oc_order` TO `reader`",
            "SET DEFAULT ROLE `reader` FOR `sidecar`@`localhost`",
        ],
        ACCOUNT,
    )

    assert grants.on_columns("SELECT", "shop", "oc_order", ["order_id", "total"])


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [("sh_p", True), ("s%", True), (r"sh\_p", False), ("%", True), ("Shop", False)],
)
def test_names_of_databases_are_patterns(pattern: str, fits: bool) -> None:
    assert granted(f"GRANT SELECT ON `{pattern}`.*").on_database("SELECT", "shop") is fits


def test_an_underscore_that_is_escaped_is_itself() -> None:
    grants = granted(r"GRANT SELECT ON `my\_shop`.*")

    assert grants.on_database("SELECT", "my_shop")
    assert not grants.on_database("SELECT", "myxshop")
    assert database_pattern("my_shop") == r"`my\_shop`"


def test_only_the_most_exact_pattern_counts_as_for_the_server() -> None:
    grants = granted("GRANT SELECT ON `sh%`.*", "GRANT INDEX ON `shop`.*")

    assert grants.on_database("INDEX", "shop")
    assert not grants.on_database("SELECT", "shop")


def test_a_grant_is_added_to_the_entry_that_holds() -> None:
    # A more exact one would hide what this grants.
    assert granted("GRANT SELECT ON `my_shop`.*").place("my_shop") == "`my_shop`.*"
    assert granted("GRANT SELECT ON `my%`.*").place("my_shop") == "`my%`.*"
    assert granted("GRANT SELECT ON `other`.*").place("my_shop") == r"`my\_shop`.*"


def test_what_is_revoked_of_a_database_does_not_hold_there() -> None:
    lines = [
        "GRANT SELECT, UPDATE ON *.* TO `sidecar`@`%`",
        "REVOKE UPDATE ON `shop`.* FROM `sidecar`@`%`",
    ]
    grants = parse(lines, ACCOUNT)

    assert not grants.on_database("UPDATE", "shop")
    assert grants.on_database("SELECT", "shop")
    assert grants.on_database("UPDATE", "other")
    # Where that is possible, names are no patterns.
    literal = parse([*lines, r"GRANT DROP ON `sh_p`.* TO `sidecar`@`%`"], ACCOUNT)
    assert not literal.on_database("DROP", "shop")
    assert literal.place("my_shop") == "`my_shop`.*"


def test_capitals_matter_where_they_do_for_the_server() -> None:
    line = "GRANT SELECT ON `Shop`.`OC_order`"

    assert granted(line, fold=True).on_table("SELECT", "shop", "oc_order")
    assert not granted(line).on_table("SELECT", "shop", "oc_order")


def test_what_proves_who_we_are_is_not_kept() -> None:
    line = (
        "GRANT USAGE ON *.* TO `sidecar`@`localhost` IDENTIFIED BY PASSWORD"
        " '*A4B6157319038724E3560894F7F932C8886EBFCF' WITH GRANT OPTION"
    )
    grants = parse([line], ACCOUNT)

    assert "A4B6" not in repr(grants)
    assert grants.on_server("GRANT OPTION")


def test_an_account_is_named_as_a_statement_does() -> None:
    assert quoted_account("o'hara@%") == "'o''hara'@'%'"
    assert quoted_account("a@b@localhost") == "'a@b'@'localhost'"
