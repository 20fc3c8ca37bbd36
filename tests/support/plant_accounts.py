"""Planted accounts: text, e-mails, dates, addresses, custom fields, logins, NULLs."""

from __future__ import annotations

import datetime
import json

from support.plant import DATES, HOSTILE, Plot
from support.rows import Value

#: The custom field with birthdays.
BIRTHDAY = "Date of birth"

_EMAILS: dict[str, str] = {
    "no e-mail": "",
    "no at sign": "nobody",
    "two at signs": '"a@b"@two.example.com',
    "nothing after the at sign": "nobody@",
    "nothing before the at sign": "@start.test",
    "upper case e-mail": "UPPER@EXAMPLE.COM",
    "ampersand in the e-mail": "o&x@example.com",
    "padded e-mail": " padded@example.com ",
    "Greek e-mail": "ΟΔΟΣ@ΟΔΟΣ.test",
    "Cyrillic e-mail": "Їжак@приклад.test",
    "long e-mail": "x" * 86 + "@long.test",
    "twin": "twin@example.com",
    "younger twin": "Twin@example.com",
    "youngest twin": "TWIN@EXAMPLE.COM",
    "accented twin": "twín@example.com",
}

#: What stands in ``customer.custom_field``: ``{text}`` and so on are ids of fields.
_CUSTOM: dict[str, str] = {
    "empty text": "",
    "empty list": "[]",
    "empty object": "{}",
    "null": "null",
    "a string": '"x"',
    "a list": '[1, "x"]',
    "not JSON": "{{ not JSON",
    "cut JSON": '{"<text>": "x',
    "unknown field": '{"999999": "x"}',
    "text": '{"<text>": "Smith &amp;amp; &lt;b&gt;Sons"}',
    "empty values": '{"<text>": "", "<select>": "", "<checkbox>": [], "<date>": ""}',
    "nulls": '{"<text>": null, "<select>": null, "<checkbox>": null, "<date>": null}',
    "objects": '{"<text>": {"a": 1}, "<select>": ["1"], "<checkbox>": "1", "<date>": [1]}',
    "booleans": '{"<text>": true, "<select>": false, "<checkbox>": [true], "<date>": true}',
    "numbers": '{"<text>": 12, "<select>": <select value>, "<checkbox>": [<checkbox value>]}',
    "choices": '{"<select>": "<select value>", "<radio>": "<radio value>",'
    ' "<checkbox>": ["<checkbox value>", "<checkbox second>", "<checkbox value>", "999999"]}',
    "value of another field": '{"<select>": "<radio value>", "<radio>": "<select value>"}',
    "no such value": '{"<select>": "999999", "<radio>": "-1", "<checkbox>": ["x", "", "0"]}',
    "huge number": '{"<select>": "<nines>", "<text>": "x"}',
    "number beyond digits": '{"<text>": "x", "<select>": <nines>}',
    "Arabic digits": '{"<date>": "١٩٩٠-٠١-١٥"}',
    "dates": '{"<date>": "1990-01-15", "<datetime>": "2020-07-01 23:30"}',
    "dates at the ends": '{"<date>": "0001-01-01", "<datetime>": "9999-12-31 23:59"}',
    "leap birthday": '{"<date>": "2000-02-29"}',
    "no leap year": '{"<date>": "2001-02-29"}',
    "week date": '{"<date>": "2024-W05-1"}',
    "date of another land": '{"<date>": "15.01.1990", "<datetime>": "01/15/1990"}',
    "zero": '{"<date>": "0000-00-00"}',
    "escaped slashes": '{"<text>": "a\\/b \\u00e9 \\ud83d\\ude00"}',
    "control": '{"<text>": "a\\u0000b\\u001b[31m\\r\\n"}',
    "lone surrogate": '{"<text>": "a\\ud800b"}',
    "not a number": '{"<text>": NaN}',
    "deep": '{"<text>": ' + "[" * 20_000 + "]" * 20_000 + "}",
    "64 kB": '{"<text>": "' + "x" * 65_500 + '"}',
    "cut at 64 kB": '{"<text>": "' + "y" * 70_000 + '"}',
    "other types": '{"<textarea>": "two\\r\\nlines", "<file>": "abc123", "<time>": "10:30"}',
}


def plant(plot: Plot) -> None:
    """Plant every case of accounts."""
    _names(plot)
    _text(plot)
    _emails(plot)
    _dates(plot)
    _addresses(plot)
    _custom_fields(plot)
    _access(plot)
    _nulls(plot)


def _names(plot: Plot) -> None:
    given = plot.given
    outlet = given.store('Outlet &amp; "Sons" <b>')
    given.setting("config_name", "Another name", store=outlet)
    given.setting("config_complete_status", ["7"], store=outlet)
    given.setting("config_processing_status", ["7"], store=outlet)
    given.setting("config_timezone", "Pacific/Apia", store=outlet)
    given.setting("config_name", "Your &amp; my &quot;store&quot;")
    given.setting("config_timezone", plot.clock.zone.key)
    if given.exists("currency"):
        given.insert("currency", {"title": "Hryvnia", "value": 41.5}, code="UAH")
    wholesale = given.group("Trade & <wholesale>")
    given.describe("customer_group", wholesale, "Опт", language=plot.second)
    only_second = given.insert("customer_group", {"approval": 1})
    given.describe("customer_group", only_second, "Лише тут", language=plot.second)
    empty = given.group("")
    plot.customer("second language", language=plot.second, store=outlet, group=wholesale)
    plot.customer("group named in the second language only", group=only_second)
    plot.customer("group without a name", group=empty)
    plot.customer("nothing that exists", language=999, store=999, group=999)
    plot.customer("negative ids", language=-1, store=-1, group=-1)
    plot.customer("group 0", group=0)
    plot.customer("flags of 2", newsletter=2, status=2, safe=2)
    waiting = plot.customer("waiting", enabled=False)
    given.approval(waiting)
    given.approval(waiting)
    given.approval(plot.customer("waits as an affiliate"), "affiliate")
    given.affiliate(plot.customer("affiliate", safe=1, newsletter=True))
    given.affiliate(plot.customer("affiliate switched off"), enabled=False)
    given.affiliate(999_999)


def _text(plot: Plot) -> None:
    for case, value in HOSTILE.items():
        raw: dict[str, Value] = {"firstname": value, "lastname": value, "telephone": value}
        customer = plot.customer(f"raw {case}", ip=value, **raw)
        plot.given.note(customer, value)
        plot.given.search(customer, value)
        plot.given.address(customer, company=value, city=value, postcode=value)
        plot.customer(f"typed {case}", first_name=value, last_name=value, telephone=value)
    plot.customer("latin1 bytes", firstname="José".encode("latin1"))
    plot.given.note(plot.customer("64 kB note"), "x" * 65_535)
    plot.given.note(999_999)
    plot.given.search(0)


def _emails(plot: Plot) -> None:
    for case, email in _EMAILS.items():
        plot.customer(case, email=email)
    for email in ("twin@example.com", "TWIN@example.COM", "upper@example.com", "", "nobody@"):
        plot.given.failed_login(email, 2, at="2026-01-04 10:00:00")
    plot.given.failed_login("o&x@example.com", 3, at="2026-01-05 10:00:00")
    plot.given.failed_login("Їжак@приклад.test", 4)
    plot.given.failed_login("nobody.else@example.com", 9)


def _dates(plot: Plot) -> None:
    for case, at in {**DATES, **plot.clock.edges()}.items():
        customer = plot.customer(f"registered: {case}", at=at)
        email = f"login{customer}@example.com"
        plot.given.update("customer", {"customer_id": customer}, email=email)
        plot.given.failed_login(email, at=at)
        plot.given.ip(customer, f"198.51.100.{customer % 250}", at=at)


def _addresses(plot: Plot) -> None:
    given = plot.given
    zone = int(str(given.value(f"SELECT COALESCE(MAX(zone_id), 0) FROM `{given.prefix}zone`")))
    home = plot.customer("at home")
    own = given.address(home, company="A & B", city="Bath", postcode="BA1", country=222, zone=zone)
    given.address(home, city="York", default=False)
    several = plot.customer("two default addresses")
    given.address(several, city="First")
    given.address(several, city="Second", country=222)
    plot.customer("no default address")
    given.address(plot.who["no default address"], city="Nowhere", default=False)
    lost = plot.customer("address in no country")
    given.address(lost, city="Atlantis", country=999_999, zone=999_999)
    given.order(lost, country=222)
    given.address(999_999, city="Orphan")
    if given.has("customer", "address_id"):
        plot.customer("address of another", address_id=own)
        plot.customer("address that is gone", address_id=999_999)
    else:
        empty = plot.customer("empty default address before a full one")
        given.address(empty)
        given.address(empty, city="Later", country=222)


def _custom_fields(plot: Plot) -> None:
    given = plot.given
    ids: dict[str, str] = {"<nines>": "9" * 5_000}
    for kind in ("text", "textarea", "file", "time", "datetime"):
        ids[f"<{kind}>"] = str(given.custom_field(f"Own {kind}", kind)[0])
    ids["<date>"] = str(given.custom_field(BIRTHDAY, "date")[0])
    for kind in ("select", "radio", "checkbox"):
        names = [f"{kind} & one", f"{kind} two", ""]
        field, values = given.custom_field(f"Own {kind}!", kind, names, enabled=kind != "radio")
        ids[f"<{kind}>"] = str(field)
        ids[f"<{kind} value>"], ids[f"<{kind} second>"] = str(values[0]), str(values[1])
    given.custom_field("Own text", "text", location="affiliate")
    given.custom_field("Own text", "text", location="address")
    given.custom_field("own-TEXT", "text")
    given.custom_field("?!", "text")
    given.custom_field("Поле ї", "no such type")
    given.custom_field('"; DROP TABLE x; -- <b>&amp;', "text")
    for case, template in _CUSTOM.items():
        stored = template
        for name, value in ids.items():
            stored = stored.replace(name, value)
        plot.customer(f"custom field: {case}", custom_field=stored)
    today = plot.clock.now.astimezone(plot.clock.zone).date()
    for days in (-1, 0, 1, 30, 31, 365):
        day = today + datetime.timedelta(days=days)
        stored = json.dumps({ids["<date>"]: f"19{day:%y-%m-%d}"})
        plot.customer(f"birthday in {days} days", custom_field=stored)
    latin = json.dumps({ids["<text>"]: "é"}, ensure_ascii=False)
    plot.customer("custom field: raw UTF-8", custom_field=latin)


def _access(plot: Plot) -> None:
    given = plot.given
    often, shares = plot.customer("several IPs"), plot.customer("shares an IP")
    for ip in ("192.0.2.1", "192.0.2.1", "192.0.2.2", "", "2001:db8::1"):
        given.ip(often, ip, at="2026-01-03 10:00:00")
    given.ip(often, "192.0.2.9", at="0000-00-00 00:00:00")
    given.ip(shares, "192.0.2.2", at="2026-02-03 10:00:00")
    given.ip(shares, "2001:DB8::1", at="2026-02-02 10:00:00")
    given.ip(plot.customer("only an empty IP"), "", at="2026-02-02 10:00:00")
    given.ip(0, "192.0.2.1")


def _nulls(plot: Plot) -> None:
    # A row of every table with NULL wherever the schema lets it be, of a customer and of none.
    given = plot.given
    nobody = plot.customer("NULL everywhere")
    if nulls := given.nulls("customer"):
        given.update("customer", {"customer_id": nobody}, **nulls)
    for table in (
        *("address", "cart", "coupon_history", "customer_approval", "customer_history"),
        *("customer_ip", "customer_reward", "customer_search", "customer_transaction"),
        *("order", "return", "review"),
    ):
        nulls = given.nulls(table)
        if "customer_id" in nulls:
            given.insert(table, {}, **nulls)
            given.insert(table, {}, **(nulls | {"customer_id": nobody}))
    for table in ("customer_login", "setting", "store", "order_product", "product", "language"):
        if nulls := given.nulls(table):
            given.insert(table, {}, **nulls)
    if nulls := given.nulls("customer_affiliate"):
        given.insert("customer_affiliate", {}, **(nulls | {"customer_id": nobody}))
    for table in ("customer_group", "category", "product", "custom_field"):
        if nulls := given.nulls(f"{table}_description"):
            keys: dict[str, Value] = {f"{table}_id": 888_888, "language_id": 1}
            given.insert(f"{table}_description", {}, **(nulls | keys))
    if nulls := given.nulls("custom_field"):
        given.describe("custom_field", given.insert("custom_field", {}, **nulls), None)
