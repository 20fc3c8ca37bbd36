"""Who has no right can neither look nor act, whatever they send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import expect

from browser.desk import PAGES, Desk
from browser.store import Store
from sidecar.sync.commands.catalogue import COMMANDS

#: Of each page a command, and what it would do.
ACTS = {
    "customers": ("tag.add", {"tag": "never", "customers": [1]}),
    "rules": ("rule.resume", {"kind": "tag", "name": "vip"}),
    "loyalty": ("credit.issue", {"customer": 1, "amount": "1", "kind": "gift", "reason": "-"}),
    "gdpr": ("gdpr.erase", {"customer": 1}),
    "activity": ("run.discard", {"run": 1}),
    "status": ("pause", {}),
}


def send(desk: Desk, page: str, name: str, parameters: object, **more: Any) -> str:
    """What OpenCart answers to a request for a command."""
    body = {"name": name, "parameters": parameters, "key": f"{page}-{name}"}
    answer = desk.context.request.post(
        desk.url(f"extension/sidecar/page/{page}.ask"),
        data=json.dumps(body),
        headers={"Content-Type": "application/json"},
        **more,
    )
    return answer.text()


def commands(store: Store) -> int:
    return int(store.value("SELECT COUNT(*) FROM {sidecar_command}"))


#: What changes something, with its area.
GUARDED = {command.name: command.area for command in COMMANDS if not command.looks}


@pytest.mark.parametrize("page", ACTS)
def test_who_has_no_right_asks_for_nothing(clerk: Desk, store: Store, page: str) -> None:
    before = commands(store)
    name, parameters = ACTS[page]

    for reached in PAGES:
        send(clerk, reached, name, parameters)

    assert commands(store) == before


@pytest.mark.parametrize("page", PAGES)
def test_who_may_only_look_is_offered_nothing_to_do(reader: Desk, store: Store, page: str) -> None:
    opened = reader.ours(page)

    expect(opened.locator("#sidecar")).to_be_visible()
    offered = opened.locator("#sidecar [data-command]").evaluate_all(
        "found => found.map((one) => one.dataset.command)"
    )
    assert GUARDED.keys().isdisjoint(offered)
    if page in ACTS:
        assert "error" in json.loads(send(reader, page, *ACTS[page]))
    asked = store.rows("SELECT name FROM {sidecar_command} WHERE actor = 'admin:sidecar-reader'")
    assert GUARDED.keys().isdisjoint(str(row["name"]) for row in asked)


def test_who_has_the_right_of_customers_only_reaches_nothing_else(
    staff: Desk, store: Store
) -> None:
    before = commands(store)

    for name, area in GUARDED.items():
        for page in PAGES:
            if page != "customers" or area not in ("customers", "tags"):
                send(staff, page, name, {"customer": 1, "request": 1, "run": 1})

    assert commands(store) == before
    expect(staff.ours("customers").locator("#sidecar")).to_be_visible()


def test_a_page_asks_only_for_commands_of_its_own_area(admin: Desk, store: Store) -> None:
    before = commands(store)

    for page in PAGES:
        for of, (name, parameters) in ACTS.items():
            if of != page:
                assert "error" in json.loads(send(admin, page, name, parameters))
    for name in ("erase", "gdpr.erase", "points.add", "credit.issue", "no.such", "", "pause'"):
        assert "error" in json.loads(send(admin, "customers", name, {}))

    assert commands(store) == before


def test_the_same_request_twice_is_one_command(admin: Desk, store: Store) -> None:
    first, second = (
        json.loads(send(admin, "customers", "tag.add", {"tag": "twice", "customers": [1]}))
        for _ in range(2)
    )

    assert first == second
    assert (
        store.value(
            "SELECT COUNT(*) FROM {sidecar_command} WHERE command_id = %s", first["command"]
        )
        == 1
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"name":"pause"}',
        b'{"name":[],"parameters":{},"key":"k"}',
        b'{"name":"pause","parameters":[],"key":"' + b"k" * 65 + b'"}',
        b"\xff\xfe",
        b"[" * 2000,
    ],
    ids=range(9),
)
def test_what_is_no_request_is_refused_in_words(admin: Desk, store: Store, body: bytes) -> None:
    before = commands(store)
    answer = admin.context.request.post(
        admin.url("extension/sidecar/page/status.ask"),
        data=body,
        headers={"Content-Type": "application/json"},
    )

    assert json.loads(answer.text())["error"]
    assert commands(store) == before


def test_without_the_token_nothing_is_asked_for(admin: Desk, store: Store) -> None:
    before = commands(store)
    answer = admin.context.request.post(
        f"{admin.admin_url}index.php?route=extension/sidecar/page/status.ask",
        data=json.dumps({"name": "pause", "parameters": {}, "key": "no-token"}),
        headers={"Content-Type": "application/json"},
    )

    assert "command" not in answer.text()[:20]
    assert commands(store) == before


def test_of_another_persons_command_nothing_is_told(admin: Desk, store: Store) -> None:
    store.rows(
        "INSERT INTO {sidecar_command} (name, parameters, actor, idempotency_key, created_at)"
        " VALUES ('pause', '{\"reason\":\"secret\"}', 'admin:somebody', 'of-another', 1)"
    )
    number = store.value(
        "SELECT command_id FROM {sidecar_command} WHERE idempotency_key = 'of-another'"
    )
    answer = admin.context.request.get(
        admin.url("extension/sidecar/page/status.answer", command=number)
    )
    store.rows("DELETE FROM {sidecar_command} WHERE command_id = %s", number)

    assert list(json.loads(answer.text())) == ["error"]


@pytest.mark.parametrize(
    "route",
    [
        "event/sidecar._menu",
        "event/sidecar._tab",
        "event/sidecar._hint",
        "startup/sidecar",
        "page/customers.shownRow",
        "page/status.view",
        "page/customers.database",
    ],
)
def test_what_is_no_page_is_reached_by_nobody(admin: Desk, store: Store, route: str) -> None:
    hints = store.value("SELECT COUNT(*) FROM {sidecar_hint}")
    answer = admin.context.request.get(admin.url(f"extension/sidecar/{route}"))

    assert 'id="sidecar"' not in answer.text()
    assert store.value("SELECT COUNT(*) FROM {sidecar_hint}") == hints
