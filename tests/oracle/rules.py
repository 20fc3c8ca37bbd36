"""Rules that cover every operator and kind, each with what it means in SQL."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.filtered import Filters
from oracle.tags import Rule


@dataclass(frozen=True, slots=True)
class Words:
    """Names that a store knows, for rules to speak of; the sub-category lies in the category."""

    store: str
    group: str
    status: str
    category: str
    other_category: str
    product: str
    other_product: str
    manufacturer: str


#: Of the real stores, once planted.
REAL = Words(
    store='Your & my "store"',
    group="Default",
    status="Complete",
    category="Desktops",
    other_category="Tools & <more>",
    product="MacBook",
    other_product="iPhone",
    manufacturer="Apple",
)

#: Of the made-up store, once planted.
MADE_UP = Words(
    store='Your & my "store"',
    group="Default",
    status="Complete",
    category="Living",
    other_category="Garden & balcony",
    product="Aster Lamp 1",
    other_product="Birch Lamp 1",
    manufacturer="Dunlin & Rook",
)


def rules(words: Words) -> list[Rule]:
    """Every rule, those that others speak of first."""
    return [
        *_numbers(),
        *_texts(),
        *_choices(words),
        *_dates(),
        *_birthdays(),
        *_sets(words),
        *_filters(words),
        *_tags(),
    ]


def quoted(name: str) -> str:
    """*name* as a text of the language, in single quotes."""
    return "'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _numbers() -> list[Rule]:
    return [
        Rule("buyers", "orders > 0", "f.orders > 0"),
        Rule("two to four", "orders between 2 and 4", "f.orders BETWEEN 2 AND 4"),
        Rule("some counts", "orders in (1, 3, 57)", "f.orders IN (1, 3, 57)"),
        Rule("other counts", "orders not in (0, 1)", "f.orders NOT IN (0, 1)"),
        Rule("not one", "orders != 1", "f.orders <> 1"),
        Rule("half an order", "orders = 0.5 or orders >= 56.5", "f.orders >= 56.5"),
        Rule("twenty", "total_spent = 20", "f.total_spent = 20"),
        Rule("big spenders", "total_spent >= 1000.5", "f.total_spent >= 1000.5"),
        Rule("in debt", "total_spent < 0", "f.total_spent < 0"),
        Rule("fine print", "total_spent <= 0.0001", "f.total_spent <= 0.0001"),
        Rule("small orders", "average_order < 50", "f.average_order < 50"),
        Rule(
            "no small orders",
            "not (average_order < 50)",
            "NOT COALESCE(f.average_order < 50, FALSE)",
        ),
        Rule("not twenty each", "average_order != 20", "f.average_order <> 20"),
        Rule("no average", "average_order is missing", "f.average_order IS NULL"),
        Rule("an average", "average_order is not missing", "f.average_order IS NOT NULL"),
        Rule("rates well", "average_rating >= 4.63", "f.average_rating >= 4.63"),
        Rule("long a customer", "order_span > 13 weeks", "f.order_span > 91"),
        Rule("seldom", "average_gap between 10 days and 30", "f.average_gap BETWEEN 10 AND 30"),
        Rule("top", "top_percent <= 10", "f.top_percent <= 10"),
        Rule("recent", "rfm_recency in (4, 5)", "f.rfm_recency IN (4, 5)"),
    ]


def _texts() -> list[Rule]:
    return [
        Rule("subscribers", "newsletter", "f.newsletter"),
        Rule("not safe", "safe = no", "f.safe = 0"),
        Rule("is safe", "safe != no", "f.safe <> 0"),
        Rule("no commenter", "commenter = no", "f.commenter = 0"),
        Rule("not a commenter", "not commenter", "NOT COALESCE(f.commenter, FALSE)"),
        Rule(
            "some mails",
            'email_domain in ("example.com", "EXAMPLE.NET")',
            "f.email_domain IN ({text example.com}, {text example.net})",
        ),
        Rule(
            "other mails",
            'email_domain not in ("example.com", "example.net")',
            "f.email_domain NOT IN ({text example.com}, {text example.net})",
        ),
        Rule("wide", 'first_name contains "vip"', "LOCATE({text vip}, f.first_name) > 0"),
        Rule(
            "dotted", 'first_name contains "İSTANBUL"', "LOCATE({text İSTANBUL}, f.first_name) > 0"
        ),
        Rule("no o", 'city not contains "o"', "LOCATE('o', f.city) = 0"),
        Rule(
            "not an o",
            'not (city contains "o")',
            "NOT COALESCE(LOCATE('o', f.city) > 0, FALSE)",
        ),
        Rule("padded", 'last_name starts with "  X"', "LEFT(f.last_name, 3) = '  x'"),
        Rule("upper", 'email ends with "EXAMPLE.COM"', "RIGHT(f.email, 11) = {text example.com}"),
        Rule("entity", 'first_name contains "&amp;"', "LOCATE('&amp;', f.first_name) > 0"),
        Rule("britons", 'country = "gb"', "f.country = {text GB}"),
        Rule("foreigners", 'country != "GB"', "f.country <> {text GB}"),
        Rule("nameless", "telephone is missing", "f.telephone IS NULL"),
    ]


#: The customer's group exists.
_GROUP = (
    "EXISTS (SELECT 1 FROM `{p}customer` c JOIN `{p}customer_group` g"
    " ON g.customer_group_id = c.customer_group_id WHERE c.customer_id = f.customer_id)"
)


def _choices(words: Words) -> list[Rule]:
    group, status = quoted(words.group.upper()), quoted(words.status)
    return [
        Rule("ordinary", f"group = {group}", f"f.`group` = {{text {words.group}}}"),
        # A group that exists but has no name is a value, too: another one.
        Rule(
            "extraordinary",
            f"group != {group}",
            f"{_GROUP} AND NOT COALESCE(f.`group` = {{text {words.group}}}, FALSE)",
        ),
        Rule("no group", "group is missing", f"NOT {_GROUP}"),
        Rule(
            "done",
            f'last_order_status in ({status}, "Shipped")',
            f"f.last_order_status IN ({{text {words.status}}}, {{text Shipped}})",
        ),
        Rule(
            "here",
            f"last_order_store = {quoted(words.store)}",
            f"f.last_order_store = {{text {words.store}}}",
        ),
        Rule(
            "best",
            'rfm_group in ("champions", "LOYAL")',
            "f.rfm_group IN ('champions', 'loyal')",
        ),
    ]


def _dates() -> list[Rule]:
    return [
        Rule(
            "lately",
            "last_order within 90 days",
            "f.last_order BETWEEN {since 90 days} AND {now}",
        ),
        Rule("long ago", "last_order older than 90 days", "f.last_order < {since 90 days}"),
        Rule(
            "this month",
            "last_order within 1 month",
            "f.last_order BETWEEN {since 1 month} AND {now}",
        ),
        Rule("a year ago", "last_order older than 1 year", "f.last_order < {since 1 year}"),
        Rule(
            "today",
            "last_order within 0 days",
            "f.last_order BETWEEN {since 0 days} AND {now}",
        ),
        Rule(
            "soon",
            "expected_order in next 30 days",
            "f.expected_order >= {begins 30 days} AND f.expected_order < {ahead 30 days}",
        ),
        Rule(
            "very soon",
            "expected_order in next 36 hours",
            "f.expected_order >= {begins 36 hours} AND f.expected_order < {ahead 36 hours}",
        ),
        Rule("before", "registered before 2026-01-01", "f.registered < {day 2026-01-01}"),
        Rule("after", "registered after 2026-01-01", "f.registered >= {after 2026-01-01}"),
        Rule(
            "on the day",
            "last_order on 2026-01-01",
            "f.last_order >= {day 2026-01-01} AND f.last_order < {after 2026-01-01}",
        ),
        Rule(
            "yesterday",
            "last_order on yesterday",
            "f.last_order >= {day yesterday} AND f.last_order < {after yesterday}",
        ),
        Rule(
            "fresh cart",
            "cart_added within 90 minutes",
            "f.cart_added BETWEEN {since 90 minutes} AND {now}",
        ),
        Rule("stale cart", "cart_added older than 24 hours", "f.cart_added < {since 24 hours}"),
        Rule(
            "not lately",
            "not (last_order within 90 days)",
            "NOT COALESCE(f.last_order BETWEEN {since 90 days} AND {now}, FALSE)",
        ),
    ]


def _birthdays() -> list[Rule]:
    return [
        Rule("party soon", "birthday in next 30 days", "f.birthday IN ({birthdays 30 days})"),
        Rule("party this year", "birthday in next 1 year", "f.birthday IS NOT NULL"),
        Rule("leap", "birthday on 2028-02-29", "f.birthday IN ({celebrated 2028-02-29})"),
        Rule("eve of leap", "birthday on 2028-02-28", "f.birthday IN ({celebrated 2028-02-28})"),
        Rule("common", "birthday on 2027-02-28", "f.birthday IN ({celebrated 2027-02-28})"),
        Rule("no party", "birthday is missing", "f.birthday IS NULL"),
    ]


def _any(table: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM `{{p}}{table}` t WHERE t.customer_id = f.customer_id"
        " AND t.product_id IS NOT NULL)"
    )


def _sets(words: Words) -> list[Rule]:
    product, other = quoted(words.product.upper()), quoted(words.other_product)
    category, tools = quoted(words.category), quoted(words.other_category)
    maker = quoted(words.manufacturer)
    return [
        Rule("has product", f"products has {product}", f"{{has products {words.product}}}"),
        Rule(
            "any category",
            f"categories has any of ({category}, {tools})",
            f"{{has categories {words.category}}} OR {{has categories {words.other_category}}}",
        ),
        Rule(
            "all products",
            f"products has all of ({product}, {other})",
            f"{{has products {words.product}}} AND {{has products {words.other_product}}}",
        ),
        Rule(
            "other makers",
            f"manufacturers not has {maker}",
            f"NOT {{has manufacturers {words.manufacturer}}}",
        ),
        Rule(
            "not all",
            f"products not has all of ({product}, {other})",
            f"NOT ({{has products {words.product}}} AND {{has products {words.other_product}}})",
        ),
        # A set is empty when nothing is in it; goods that are gone have no name, but were there.
        Rule("empty cart", "cart_products is missing", f"NOT {_any('cart')}"),
        Rule("wishes", "wishlist_products is not missing", _any("customer_wishlist")),
        Rule("bought nothing", "products is missing", "f.distinct_products = 0"),
    ]


def _filters(words: Words) -> list[Rule]:
    category, product = quoted(words.category), quoted(words.product)

    def one(tag: str, fact: str, said: str, filters: Filters, compare: str, column: str) -> Rule:
        return Rule(
            tag, f"{fact}({said}) {compare}", f"f.{column} {compare}", {column: (fact, filters)}
        )

    return [
        one(
            *("regulars", "orders", f"within = 1 year, status = {quoted(words.status)}"),
            *({"within": "1 year", "status": words.status}, ">= 3", "regular_orders"),
        ),
        one(
            *("category money", "total_spent", f"category = {category}"),
            *({"category": words.category}, "> 1000", "category_money"),
        ),
        one(
            *("units", "bought", f"product = {product}, within = 400 days"),
            *({"product": words.product, "within": "400 days"}, ">= 5", "units_bought"),
        ),
        one(
            *("average this year", "average_order", "from = 2026-01-01, until = yesterday"),
            *({"from": "2026-01-01", "until": "yesterday"}, "> 300", "year_average"),
        ),
        one(
            *("maker units", "bought", f"manufacturer = {quoted(words.manufacturer)}"),
            *({"manufacturer": words.manufacturer}, "between 1 and 100", "maker_units"),
        ),
        one(
            *("no large order", "orders", "total >= 500.5"),
            *({"total": "500.5"}, "= 0", "large_orders"),
        ),
        one(
            *("spent here", "total_spent", f"store = {quoted(words.store)}"),
            *({"store": words.store}, ">= 100", "spent_here"),
        ),
        one(
            *("returned lately", "returns", 'within = 1 year, status = "Complete"'),
            *({"within": "1 year", "status": "Complete"}, ">= 1", "late_returns"),
        ),
        one(
            *("reviewed lately", "reviews", "within = 1 month"),
            *({"within": "1 month"}, "> 0", "late_reviews"),
        ),
        one(
            *("last hours", "orders", "within = 30 hours"),
            *({"within": "30 hours"}, "> 0", "hour_orders"),
        ),
    ]


def _tags() -> list[Rule]:
    return [
        Rule("has a tag", 'tags has "BUYERS"', "f.orders > 0"),
        Rule(
            "has both",
            'tags has all of ("buyers", "subscribers")',
            "{has tags buyers} AND {has tags subscribers}",
        ),
        Rule(
            "has neither",
            'not (tags has any of ("buyers", "subscribers"))',
            "NOT ({has tags buyers} OR {has tags subscribers})",
        ),
        Rule("chain", 'tags has "has neither" and status', "{has tags has neither} AND f.status"),
        Rule("end of the chain", 'tags not has "chain"', "NOT {has tags chain}"),
        Rule(
            "precedence",
            "orders > 0 and newsletter or not safe and orders = 0",
            "(f.orders > 0 AND f.newsletter) OR (NOT f.safe AND f.orders = 0)",
        ),
        Rule(
            "brackets",
            'orders > 0 and (newsletter or country = "GB") and not (average_order < 50)',
            "f.orders > 0 AND (f.newsletter OR COALESCE(f.country = {text GB}, FALSE))"
            " AND NOT COALESCE(f.average_order < 50, FALSE)",
        ),
    ]
