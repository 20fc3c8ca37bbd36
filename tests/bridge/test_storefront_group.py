"""Whoever is logged in to the storefront has the customer group of the table, at once."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.php_database import php_call
from sidecar.config import Database

#: A request of the storefront as far as our start looks at it; what it did comes back.
_START = """
    eval('namespace Opencart\\\\System\\\\Library\\\\Cart; class Cart {'
        . ' public string $of; public function __construct($registry) {'
        . ' $this->of = $registry->get("config")->get("config_customer_group_id"); } }');
    $registry = new \\Opencart\\System\\Engine\\Registry();
    $session = new class { public array $data = []; };
    $session->data = $values['session'];
    $config = new class {
        public array $all = [];
        public function get($key) { return $this->all[$key] ?? null; }
        public function set($key, $value) { $this->all[$key] = $value; }
    };
    $config->set('config_customer_group_id', $values['config']);
    $event = new class {
        public int $count = 0;
        public function register($trigger, $action, $priority) { $this->count++; }
    };
    $load = new class {
        public array $called = [];
        public function controller($route) { $this->called[] = $route; }
    };
    $customer = new class {
        public int $id = 0;
        public int $group = 0;
        public function isLogged() { return $this->id > 0; }
        public function getId() { return $this->id; }
        public function getGroupId() { return $this->group; }
    };
    [$customer->id, $customer->group] = $values['customer'];
    $request = new class { public array $get = []; };
    $request->get = $values['get'];
    $parts = compact('session', 'config', 'event', 'load', 'customer', 'request');

    foreach ($parts as $name => $part) {
        $registry->set($name, $part);
    }

    $class = '\\Opencart\\Catalog\\Controller\\Extension\\Sidecar\\Startup\\Sidecar';

    for ($time = 0; $time < $values['times']; $time++) {
        (new $class($registry))->index();
    }

    return [
        'session' => $session->data['customer']['customer_group_id'] ?? null,
        'config' => $config->get('config_customer_group_id'),
        'called' => $load->called,
        'cart' => $registry->has('cart') ? $registry->get('cart')->of : null,
        'events' => $event->count,
    ];
"""


def start(
    database: Database,
    *,
    session: dict[str, Any],
    config: object = 1,
    customer: tuple[int, int] = (7, 2),
    get: dict[str, Any] | None = None,
    times: int = 1,
) -> dict[str, Any]:
    """What became of a request; *customer* is the id and the group of the table."""
    found: dict[str, Any] = php_call(
        database,
        _START,
        session=session,
        config=config,
        customer=customer,
        get={"route": "common/home"} if get is None else get,
        times=times,
    )
    return found


def kept(group: object, customer: object = 7) -> dict[str, Any]:
    return {"customer": {"customer_id": customer, "customer_group_id": group}}


@pytest.mark.parametrize("group", [1, "1", None])
def test_a_group_that_changed_since_the_login_holds_in_this_request(
    small_database: Database, group: object
) -> None:
    found = start(small_database, session=kept(group, "7"))

    assert (found["session"], found["config"]) == (2, 2)
    # Taxes and the prices of the cart are worked out for the new group.
    assert found["called"] == ["startup/tax"]
    assert found["cart"] == "2"


@pytest.mark.parametrize("group", [2, "2"])
def test_a_group_that_is_the_same_costs_nothing(small_database: Database, group: object) -> None:
    found = start(small_database, session=kept(group), config=group)

    assert (found["session"], found["config"], found["called"], found["cart"]) == (
        group, group, [], None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("session", "customer", "get"),
    [
        ({}, (7, 2), {}),
        (kept(1), (0, 0), {}),
        # A guest's checkout keeps one without an account.
        (kept(1, 0), (7, 2), {}),
        (kept(1, 8), (7, 2), {}),
        ({"customer": "x"}, (7, 2), {}),
        # The admin's order editor, where a person chooses the group of the order.
        (kept(1), (7, 2), {"route": "api/order"}),
        (kept(1), (7, 2), {"route": "API/sale/customer"}),
        (kept(1), (7, 2), {"route": ["x"]}),
        ({**kept(1), "api_id": 3}, (7, 2), {}),
    ],
)
def test_nothing_else_is_touched(
    small_database: Database,
    session: dict[str, Any],
    customer: tuple[int, int],
    get: dict[str, Any],
) -> None:
    before = session.get("customer")
    found = start(small_database, session=session, customer=customer, get=get)

    assert found["session"] == (before["customer_group_id"] if isinstance(before, dict) else None)
    assert (found["config"], found["called"], found["cart"]) == (1, [], None)


def test_events_are_registered_once_also_when_a_visitor_asks_for_our_start(
    small_database: Database,
) -> None:
    once = start(small_database, session={})["events"]

    assert 0 < once <= 5
    assert start(small_database, session={}, times=3)["events"] == once
