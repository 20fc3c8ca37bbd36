"""The oracle of tags, against cases small enough to work out by hand."""

from __future__ import annotations

import re

from oracle.conftest import Shop
from oracle.rules import REAL, rules
from oracle.tags import Rule, tags
from support.given import Line


def given_to(shop: Shop, *wanted: Rule, birthday_field: str | None = None) -> list[list[int]]:
    given = shop.given
    found = tags(
        given.connection,
        "oc_",
        shop.version,
        given.now,
        given.zone,
        wanted,
        birthday_field=birthday_field,
    )
    return [sorted(found[rule.tag]) for rule in wanted]


def test_a_comparison_with_what_is_missing_is_false_and_its_complement_true(shop: Shop) -> None:
    ann, bob, eve = (shop.given.customer() for _ in range(3))
    shop.given.order(ann, "10")
    shop.given.order(bob, "90")

    assert given_to(
        shop,
        Rule("small", "average_order < 50", "f.average_order < 50"),
        Rule("not small", "not (average_order < 50)", "NOT COALESCE(f.average_order < 50, FALSE)"),
        Rule("not ten", "average_order != 10", "f.average_order <> 10"),
    ) == [[ann], [bob, eve], [bob]]


def test_text_is_compared_folded(shop: Shop) -> None:
    ann = shop.given.customer(first_name="ＶＩＰ Guest")
    bob = shop.given.customer(first_name="Straße")

    assert given_to(
        shop,
        Rule("vip", 'first_name contains "vip"', "LOCATE({text vip}, f.first_name) > 0"),
        Rule("is", 'first_name = "STRAßE"', "f.first_name = {text STRAßE}"),
        Rule("is not", 'first_name = "strasse"', "f.first_name = {text strasse}"),
    ) == [[ann], [bob], []]


def test_windows_are_instants_in_the_zone_of_the_store(shop: Shop) -> None:
    # It is 15:00 on 31 March in Kyiv, where clocks went forward on the 29th.
    ann, bob, eve = (shop.given.customer() for _ in range(3))
    shop.given.order(ann, at="2026-03-29 00:00:00")
    shop.given.order(bob, at="2026-03-28 23:59:59")
    shop.given.order(eve, at="2026-03-31 15:00:01")

    assert given_to(
        shop,
        Rule(
            "lately",
            "last_order within 2 days",
            "f.last_order BETWEEN {since 2 days} AND {now}",
        ),
        Rule("before", "last_order older than 2 days", "f.last_order < {since 2 days}"),
        Rule(
            "on",
            "last_order on 2026-03-29",
            "f.last_order >= {day 2026-03-29} AND f.last_order < {after 2026-03-29}",
        ),
        Rule(
            "next",
            "last_order in next 0 days",
            "f.last_order >= {begins 0 days} AND f.last_order < {ahead 0 days}",
        ),
    ) == [[ann], [bob], [ann], [eve]]


def test_birthdays_are_told_from_the_custom_field_by_its_name(shop: Shop) -> None:
    field, _ = shop.given.custom_field("Date of birth", "date")
    ann = shop.given.customer(custom_fields={field: "1990-04-30"})
    bob = shop.given.customer(custom_fields={field: "1990-05-01"})
    eve = shop.given.customer(custom_fields={field: "2000-02-29"})

    assert given_to(
        shop,
        Rule("soon", "birthday in next 30 days", "f.birthday IN ({birthdays 30 days})"),
        Rule("later", "birthday in next 31 days", "f.birthday IN ({birthdays 31 days})"),
        Rule("leap", "birthday on 2027-02-28", "f.birthday IN ({celebrated 2027-02-28})"),
        birthday_field="Date of birth",
    ) == [[ann], [ann, bob], [eve]]


def test_sets_filters_and_other_tags_can_be_asked_for(shop: Shop) -> None:
    given = shop.given
    ann, bob = given.customer(), given.customer(newsletter=True)
    thin = given.product("Thin & light")
    given.order(ann, "70", lines=[Line(thin, 2)])
    given.order(bob, "70", lines=[Line(thin, 1)], days_ago=400)

    assert given_to(
        shop,
        Rule("has", 'products has "THIN & LIGHT"', "{has products thin & light}"),
        Rule(
            "this year",
            "bought(within = 1 year) > 1",
            "f.units > 1",
            {"units": ("bought", {"within": "1 year"})},
        ),
        Rule("both", 'tags has "has" and newsletter', "{has tags has} AND f.newsletter"),
    ) == [[ann, bob], [ann], [bob]]


def test_the_rules_cover_every_operator_and_every_filter() -> None:
    texts = [rule.when for rule in rules(REAL)]

    said = " ".join(texts)
    operators = (
        *("=", "!=", ">", ">=", "<", "<=", "between", "in", "not in", "is missing"),
        *("is not missing", "has", "has any of", "has all of", "not has", "contains"),
        *("not contains", "starts with", "ends with", "within", "older than", "in next"),
        *("before", "after", "on", "and", "or", "not"),
    )
    assert [word for word in operators if f" {word} " not in f" {said} "] == []
    filters = {name for text in texts for name in re.findall(r"[(,] ?(\w+) (?:=|>=) ", text)}
    assert filters >= {
        *("within", "from", "until", "status", "store", "category", "product", "manufacturer"),
        "total",
    }
