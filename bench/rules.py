"""The rules of the benches, in the words of the rule language."""

from __future__ import annotations

from collections.abc import Iterator


def fifty() -> Iterator[tuple[str, str]]:
    """Name and condition of fifty tags that need the columns of customers and orders only."""
    for days in (30, 60, 90, 180, 365):
        yield f"ordered-{days}", f"last_order within {days} days"
        yield f"asleep-{days}", f"last_order older than {days} days"
        yield f"busy-{days}", f"orders(within = {days} days) >= 2"
        yield f"spent-{days}", f"total_spent(within = {days} days) >= 250"
        yield f"new-{days}", f"registered within {days} days and orders < 3"
    for count in (1, 2, 3, 5, 10, 20):
        yield f"orders-{count}", f"orders >= {count}"
    for amount in (100, 500, 1000, 5000):
        yield f"spent-{amount}", f"total_spent > {amount}"
    yield "large-basket", "average_order >= 120"
    yield "one-big", "largest_order > 400 and orders <= 2"
    yield "newsletter", "newsletter and status"
    yield "unreachable", "not newsletter and last_order older than 1 year"
    yield "wholesale", 'group = "Wholesale" or total_spent > 10000'
    yield "free-mail", "email_domain in @free_mail"
    yield "company-mail", "email_domain is not missing and email_domain not in @free_mail"
    yield "regular", "average_gap between 1 week and 60 days and orders >= 4"
    yield "never", "orders = 0 and registered older than 30 days"
    yield "lapsing", "orders >= 3 and last_order older than 90 days and total_spent >= 200"
    yield "vip", 'total_spent > 2000 or tags has "orders-20"'
    yield "vip-asleep", 'tags has "vip" and tags has "asleep-90"'
    yield "vip-lost", 'tags has "vip-asleep" and last_order older than 1 year'
    yield "reach-vip", 'tags has "vip" and newsletter and not (tags has "vip-lost")'
    yield "credit", "total_spent < 0 or (orders = 0 and total_spent < 0)"


def with_goods() -> Iterator[tuple[str, str]]:
    """The fifty, and five that filter by what was bought."""
    yield from fifty()
    yield "two-of-first", 'bought(product = "Aster Lamp 1") >= 2'
    yield "category-year", 'orders(category = "Living", within = 1 year) >= 1'
    yield "category-spent", 'total_spent(category = "Kitchen") >= 500'
    yield "maker", 'bought(manufacturer = "Aldermoor", within = 180 days) >= 1'
    yield "has-category", 'categories has "Sale" and not (products has "Birch Lamp 1")'


def two_hundred() -> Iterator[tuple[str, str]]:
    """The fifty, and more of the same with other numbers."""
    yield from fifty()
    for number in range(50):
        yield f"since-{number}", f"last_order within {number * 9 + 5} days and orders >= 2"
        yield f"spends-{number}", f"total_spent >= {number * 60 + 25} and newsletter"
        yield f"gap-{number}", f"average_gap <= {number + 10} days or orders > {number + 30}"


def forty_segments() -> Iterator[tuple[str, str]]:
    """Name and condition of forty segments, some of which need tags and each other."""
    for number in range(30):
        yield (
            f"segment-{number}",
            f"orders >= {number // 3 + 1} and total_spent < {number * 90 + 90}",
        )
    for number in range(10):
        yield f"within-{number}", f'in segment "segment-{number}" and tags has "since-{number}"'


#: A ladder on which nobody stands: so that a pass leaves the store as it is.
LADDER = """
[ladder]
fallback = "Default"

[[group]]
name = "Staff"
when = 'orders >= 100000'
keep_when = 'orders >= 90000'
grace = "30 days"
min_stay = "30 days"

[[group]]
name = "Wholesale"
when = 'total_spent >= 100000000'
"""


def as_toml(rules: Iterator[tuple[str, str]]) -> bytes:
    """A rules file of *rules*, which make tags."""
    return _tables("tag", rules)


def everything_as_toml() -> bytes:
    """A rules file of 200 tags, 40 segments and a ladder."""
    tags, segments = _tables("tag", two_hundred()), _tables("segment", forty_segments())
    return b"\n".join((tags, segments, LADDER.encode()))


def _tables(kind: str, rules: Iterator[tuple[str, str]]) -> bytes:
    tables = (f"[[{kind}]]\nname = '{name}'\nwhen = '''{when}'''\n" for name, when in rules)
    return "\n".join(tables).encode()
