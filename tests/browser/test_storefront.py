"""What the bridge does beside its pages: the storefront, hints of what people do, the bell."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Browser, Page, Route

from browser.desk import Desk
from browser.program import Program
from browser.store import Store

PASSWORD = "shopper-Pass-1"

#: Reachable by no visitor: what the store itself calls at each request, and at an event.
ROUTES = (
    "extension/sidecar/event/sidecar",
    "extension/sidecar/event/sidecar._hint",
    "extension/sidecar/event/sidecar|_hint",
    "extension/sidecar/event/sidecar._coupon",
    "extension/sidecar/startup/sidecar",
    "extension/sidecar/startup/sidecar.group",
    "extension/sidecar/startup/sidecar.isApi",
)


@pytest.fixture
def asleep(bridge: Program, store: Store) -> Iterator[Program]:
    """The daemon is not there to take hints up."""
    bridge.stop()
    store.rows("DELETE FROM {sidecar_hint}")
    yield bridge
    bridge.start()


@pytest.fixture
def shopper(store: Store, admin: Desk) -> Iterator[int]:
    """A customer who can log in; as before afterwards."""
    found = store.rows(
        "SELECT customer_id, customer_group_id, password, email FROM {customer}"
        " WHERE status = 1 AND email NOT LIKE 'hostile%%' ORDER BY customer_id LIMIT 1"
    )[0]
    hashed = subprocess.run(
        ["php", "-r", "echo password_hash($argv[1], PASSWORD_DEFAULT);", PASSWORD],
        capture_output=True,
        check=True,
        encoding="ascii",
    ).stdout
    number = int(found["customer_id"])
    # OpenCart 4.0 writes them anew with every save of the form.
    addresses = store.rows("SELECT * FROM {address} WHERE customer_id = %s", number)
    store.rows("UPDATE {customer} SET password = %s WHERE customer_id = %s", hashed, number)
    yield number
    store.rows("DELETE FROM {address} WHERE customer_id = %s", number)
    for row in addresses:
        names = ", ".join(f"`{name}`" for name in row)
        places = ", ".join(["%s"] * len(row))
        store.rows(f"INSERT INTO {{address}} ({names}) VALUES ({places})", *row.values())
    store.rows(
        "UPDATE {customer} SET password = %s, customer_group_id = %s WHERE customer_id = %s",
        found["password"],
        found["customer_group_id"],
        number,
    )


@pytest.fixture
def visitor(chromium: Browser, store: Store) -> Iterator[Page]:
    """A browser at the storefront."""
    context = chromium.new_context()
    page = context.new_page()
    host = urlparse(store.url).netloc

    def only_the_store(route: Route) -> None:
        if urlparse(route.request.url).netloc == host:
            route.continue_()
        else:
            route.abort()

    page.route("**/*", only_the_store)
    yield page
    context.close()


def log_in(page: Page, store: Store, customer: int) -> None:
    email = store.value("SELECT email FROM {customer} WHERE customer_id = %s", customer)
    page.goto(f"{store.url}index.php?route=account/login&language=en-gb")
    page.fill("#input-email", email)
    page.fill("#input-password", PASSWORD)
    page.click("#form-login button[type=submit]")
    page.wait_for_url("**customer_token=**")


def hints(store: Store) -> list[tuple[int, str, str | None]]:
    """Every hint, oldest first; they are gone then."""
    rows = store.rows("SELECT customer_id, reason, actor FROM {sidecar_hint} ORDER BY hint_id")
    store.rows("DELETE FROM {sidecar_hint}")
    return [(int(row["customer_id"]), row["reason"], row["actor"]) for row in rows]


def kept_group(store: Store, customer: int) -> str:
    """The customer group that the session of who is logged in has."""
    return str(
        store.value(
            "SELECT JSON_VALUE(`data`, '$.customer.customer_group_id') FROM {session}"
            " WHERE JSON_VALUE(`data`, '$.customer.customer_id') = %s ORDER BY expire DESC",
            customer,
        )
    )


def test_a_new_customer_group_holds_at_the_next_page_of_who_is_logged_in(
    asleep: Program, store: Store, shopper: int, visitor: Page
) -> None:
    log_in(visitor, store, shopper)
    assert hints(store) == [(shopper, "customer.login", None)]
    before = kept_group(store, shopper)
    other = "2" if before == "1" else "1"

    store.rows(
        "UPDATE {customer} SET customer_group_id = %s WHERE customer_id = %s", other, shopper
    )
    visitor.goto(f"{store.url}index.php?route=common/home&language=en-gb")

    assert kept_group(store, shopper) == other
    assert hints(store) == []


def test_what_a_customer_does_is_told_and_by_nobody(
    asleep: Program, store: Store, shopper: int, visitor: Page
) -> None:
    log_in(visitor, store, shopper)
    hints(store)
    visitor.goto(visitor.url.replace("route=account/account", "route=account/newsletter"))

    visitor.locator("#input-newsletter, #input-newsletter-yes").first.click()
    visitor.locator("#form-newsletter button[type=submit]").click()
    visitor.locator("#alert .alert, .alert-success").first.wait_for()

    assert hints(store) == [(shopper, "customer.newsletter", None)]


def test_a_visitor_reaches_nothing_of_ours_by_a_url(
    asleep: Program, store: Store, visitor: Page
) -> None:
    for route in ROUTES:
        answer = visitor.request.get(f"{store.url}index.php", params={"route": route})

        assert answer.status == 404 or answer.text() == "", route
    assert hints(store) == []


def test_who_saved_a_customer_in_the_admin_is_told(
    asleep: Program, store: Store, shopper: int, admin: Desk
) -> None:
    page = admin.goto("customer/customer.form", customer_id=shopper)

    page.click("button[form=form-customer][type=submit]")
    page.locator("#alert .alert-success").first.wait_for()

    user = store.value("SELECT username FROM {user} ORDER BY user_id LIMIT 1")
    assert (shopper, "customer.edit", f"admin:{user}") in hints(store)


def test_the_bell_tells_a_finding_once_and_as_text(
    asleep: Program, store: Store, admin: Desk
) -> None:
    message = "<img src onerror=alert(1)> & a group is gone"
    store.rows(
        "INSERT INTO {sidecar_finding} (kind, subject, message, first_at, last_at, times)"
        " VALUES ('test.finding', '', %s, 1, 1, 1)",
        message,
    )
    try:
        asleep.run("once", "--yes")
        asleep.run("once", "--yes")

        told = "SELECT COUNT(*) FROM {notification} WHERE title LIKE 'Sidecar: &lt;img src%%'"
        assert store.value(told) == 1
        page = admin.goto("common/dashboard")
        page.click("#nav-notification a.dropdown-toggle")
        assert page.locator("#nav-notification").get_by_text("Sidecar: <img src").is_visible()
        admin.shot("bell", full=False)
    finally:
        store.rows("DELETE FROM {sidecar_finding} WHERE kind = 'test.finding'")
        store.rows("DELETE FROM {notification} WHERE title LIKE 'Sidecar:%%'")


# -- a coupon that a customer's points became ------------------------------------------------

CODE = "SIDE-CARS-TEST-CODE"


@pytest.fixture
def coupon(store: Store, shopper: int) -> Iterator[int]:
    """A coupon of the shopper's, with `CODE`, as a redemption leaves it; its redemption."""
    no_coupon(store)
    store.rows(
        "INSERT INTO {coupon} (name, code, type, discount, logged, shipping, total, date_start,"
        " date_end, uses_total, uses_customer, status, date_added)"
        " VALUES ('Points', %s, 'F', 5, 1, 0, 0, '2020-01-01', '2099-01-01', 1, '1', 1, NOW())",
        CODE,
    )
    number = store.value("SELECT coupon_id FROM {coupon} WHERE code = %s", CODE)
    store.rows(
        "INSERT INTO {sidecar_redemption} (customer_id, points, `value`, becomes, state, code,"
        " coupon_id, actor, at) VALUES (%s, 500, 50000, 'coupon', 'open', %s, %s, 'cli:test', 1)",
        shopper,
        CODE,
        number,
    )
    yield int(store.value("SELECT redemption_id FROM {sidecar_redemption} WHERE code = %s", CODE))
    no_coupon(store)


def no_coupon(store: Store) -> None:
    store.rows("DELETE FROM {sidecar_redemption} WHERE code = %s", CODE)
    store.rows("DELETE FROM {coupon} WHERE code = %s", CODE)


def taken(page: Page, store: Store, code: str) -> bool:
    """Whether the storefront takes *code* for a cart with something in it."""
    product = store.value(
        "SELECT product_id FROM {product} p WHERE status = 1 AND quantity > 0 AND minimum = 1"
        " AND price > 20 AND product_id NOT IN (SELECT product_id FROM {product_option})"
        " ORDER BY product_id LIMIT 1"
    )
    is_old = (store.installation.directory / "extension/opencart/catalog/controller/total").is_dir()
    form: dict[str, str | float | bool] = {"product_id": str(product), "quantity": "1"}
    cart = f"{store.url}index.php?route=checkout/cart.add&language=en-gb"
    assert "success" in page.request.post(cart, form=form).json()
    where = "total" if is_old else "checkout"
    save = f"{store.url}index.php?route=extension/opencart/{where}/coupon.save&language=en-gb"
    answer = page.request.post(save, form={"coupon": code}).json()
    assert set(answer) <= {"success", "error"}
    return "success" in answer


@pytest.mark.parametrize("code", [CODE, CODE.lower(), f"{CODE} "])
def test_a_coupon_of_points_is_taken_from_its_customer_as_the_store_compares_codes(
    bridge: Program, store: Store, shopper: int, coupon: int, visitor: Page, code: str
) -> None:
    log_in(visitor, store, shopper)

    assert taken(visitor, store, code)
    visitor.goto(f"{store.url}index.php?route=checkout/cart&language=en-gb")
    assert code.strip() in visitor.locator("#content, #checkout-cart").first.inner_text()


@pytest.mark.parametrize("code", [CODE, CODE.lower(), f"{CODE} "])
def test_a_coupon_of_points_is_unknown_to_everybody_else(
    bridge: Program, store: Store, shopper: int, coupon: int, visitor: Page, code: str
) -> None:
    store.rows(
        "UPDATE {sidecar_redemption} SET customer_id = %s WHERE redemption_id = %s",
        shopper + 1,
        coupon,
    )
    log_in(visitor, store, shopper)

    assert not taken(visitor, store, code)
    assert not taken(visitor, store, "no such code")


def test_a_guest_does_not_get_a_coupon_of_points_whatever_the_store_asks_for(
    bridge: Program, store: Store, coupon: int, visitor: Page
) -> None:
    store.rows("UPDATE {coupon} SET logged = 0 WHERE code = %s", CODE)

    assert not taken(visitor, store, CODE)


def test_other_coupons_and_stores_without_our_tables_are_as_the_store_says(
    asleep: Program, store: Store, shopper: int, coupon: int, visitor: Page
) -> None:
    store.rows("UPDATE {coupon} SET logged = 0 WHERE code = %s", CODE)
    store.rows("RENAME TABLE {sidecar_redemption} TO {sidecar_hidden}")
    try:
        assert taken(visitor, store, CODE)
    finally:
        store.rows("RENAME TABLE {sidecar_hidden} TO {sidecar_redemption}")
    store.rows("DELETE FROM {sidecar_redemption} WHERE code = %s", CODE)
    assert taken(visitor, store, CODE)
