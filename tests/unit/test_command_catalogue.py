"""What can be asked, and what is refused before anybody acts on it."""

from __future__ import annotations

import datetime
import json
import re

import pytest

from sidecar.errors import UsageError
from sidecar.sync.commands.catalogue import BY_NAME, COMMANDS
from sidecar.sync.commands.checking import LARGEST, check, decode, encode
from sidecar.sync.commands.command import AREAS, KINDS, Command

#: A value of each kind, and what a handler gets of it.
GOOD: dict[str, tuple[object, object]] = {
    "text": ("<b>'; DROP TABLE x; --</b>", "<b>'; DROP TABLE x; --</b>"),
    "name": ("Їжак & Co", "Їжак & Co"),
    "names": (["VIP", "#2"], ["VIP", "#2"]),
    "day": ("2027-01-31", datetime.date(2027, 1, 31)),
    "boolean": (True, True),
    "integer": (7, 7),
    "amount": ("12.5", 125_000),
    "customer": (12, "12"),
    "customers": ([12, "ann@example.com"], ["12", "ann@example.com"]),
    "rows": (
        [{"tag": "a", "customers": [1]}, {"tag": "b", "customers": ["x@y.z"], "until": None}],
        [("a", ["1"], None), ("b", ["x@y.z"], None)],
    ),
}

ADD = {"tag": "vip", "customers": [1]}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_takes_what_the_catalogue_says(command: Command) -> None:
    raw: dict[str, object] = {}
    wanted: dict[str, object] = {}
    for parameter in command.parameters:
        if parameter.name in command.one_of[1:]:
            wanted[parameter.name] = None
            continue
        assert (parameter.kind == "choice") == bool(parameter.choices)
        first = parameter.choices[:1]
        sent, got = (first[0], first[0]) if first else GOOD[parameter.kind]
        raw[parameter.name], wanted[parameter.name] = sent, got

    assert check(command.name, raw) == wanted
    assert decode(command.name, encode(command.name, raw)) == wanted
    must = {p.name for p in command.parameters if p.required} | {*command.one_of[:1]}
    needed = {name: raw[name] for name in must}
    left_out = {p.name: None for p in command.parameters if p.name not in must}
    assert check(command.name, needed) == wanted | left_out


def test_every_command_is_told_and_belongs_to_an_area() -> None:
    assert len(BY_NAME) == len(COMMANDS)
    for command in COMMANDS:
        assert re.fullmatch(r"[a-z]+(\.[a-z_]+)?", command.name)
        assert command.area in AREAS
        assert {parameter.kind for parameter in command.parameters} <= KINDS.keys()
    assert {command.area for command in COMMANDS} == AREAS.keys()


def test_a_right_on_customers_approves_nothing() -> None:
    approving = {name: BY_NAME[name].area for name in ("run.approve", "run.undo", "pass.approve")}

    assert set(approving.values()) == {"runs"}


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("tag.ad", ADD, r"no command is called 'tag.ad' \(did you mean 'tag.add'\?\)"),
        ("x" * 1_000, {}, "no command is called 'x{80}' "),
        ("tag.add", ADD | {"reson": "x"}, r"unknown parameter 'reson' \(did you mean 'reason'\?\)"),
        ("resume", {"x": 1}, "resume: unknown parameter 'x'$"),
        ("tag.add", {"tag": "vip"}, "tag.add: customers is missing"),
        ("tag.add", {"tag": "vip", "customers": None}, "customers is missing"),
        ("tag.add", ADD | {"selection": 3}, "customers and selection cannot be given together"),
        ("group.auto", {}, "customers is missing"),
        ("tag.add", [], "the parameters are no JSON object"),
        ("tag.add", ADD | {"tag": ["vip"]}, "tag: must be text, not an array"),
        ("tag.add", ADD | {"tag": ""}, "tag: is empty"),
        ("tag.add", ADD | {"tag": "x" * 256}, "tag: at most 255 characters, not 256"),
        ("tag.add", ADD | {"reason": "x" * 1_001}, "reason: at most 1,000 characters, not 1,001"),
        ("tag.add", ADD | {"reason": "\udcff"}, "reason: is not UTF-8"),
        ("tag.add", ADD | {"until": "31.01.2027"}, "until: '31.01.2027' is not a day"),
        ("tag.add", ADD | {"until": 20270131}, "until: must be text, not 20270131"),
        ("tag.add", ADD | {"customers": 1}, "customers: must be an array, not 1"),
        ("tag.add", ADD | {"customers": []}, "customers: names nobody"),
        ("tag.add", ADD | {"customers": [True]}, "must be an id or an e-mail address, not true"),
        ("tag.add", ADD | {"customers": [1.5]}, "must be an id or an e-mail address, not 1.5"),
        ("tag.add", ADD | {"customers": [10**9_000]}, "not such a number"),
        ("tag.add", ADD | {"customers": [1] * 100_001}, "at most 100,000, not 100,001"),
        ("tag.import", {"file": "x", "rows": [[]]}, "a row must have tag and customers"),
        (
            "tag.import",
            {"file": "x", "rows": [{"tag": "a", "customers": [], "colour": 1}]},
            "a row has no 'colour'",
        ),
        (
            "tag.import",
            {"file": "x", "rows": [{"tag": "a", "customers": [1] * 60_000}] * 2},
            "at most 100,000 customers at once, not 120,000",
        ),
        ("run.approve", {"run": "12"}, "run: must be a whole number from 1 on, not '12'"),
        ("run.approve", {"run": True}, "run: must be a whole number from 1 on, not true"),
        ("run.approve", {"run": 0}, "run: must be a whole number"),
        ("run.approve", {"run": 2**32}, "run: must be a whole number"),
        ("pin.end", {"kind": "tier"}, "kind: must be 'tag', 'segment' or 'group', not 'tier'"),
        ("rule.order", {"names": ["a", "a"]}, "names: has a name twice"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_what_is_wrong_is_named(name: str, raw: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check(name, raw)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "NaN",
        "1e999",
        "[" * 100_000 + "]" * 100_000,
        '{"tag": "\\ud800", "customers": [1]}',
        f'{{"tag": "vip", "customers": [{"9" * 6_000}]}}',
        json.dumps(ADD | {"reason": "x" * LARGEST}),
    ],
    ids=lambda text: text[:20],
)
def test_stored_text_that_is_no_request_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"^tag\.add: "):
        decode("tag.add", text)


def test_what_is_refused_is_repeated_only_in_part() -> None:
    with pytest.raises(UsageError) as error:
        check("tag.add", ADD | {"x" * 100_000: 1})

    assert len(str(error.value)) < 300
