"""``explain``: why a customer has what they have, why not, and what changes next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from sidecar.cli import options, show
from sidecar.cli.options import Customer
from sidecar.errors import UsageError

#: What the customer does not have that is listed unless everything is asked for.
_SHOWN: Final = 20

_JOINTS: Final = {"and": "all of:", "or": "any of:", "not": "not:"}


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("explain")(explain)


def explain(
    context: typer.Context,
    customer: Customer,
    only: Annotated[
        str | None,
        typer.Option(
            "--only", metavar="NAME", help="One tag, segment or rung, or 'group', in full."
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every tag, segment and rung, in full.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, with everything.")] = False,
) -> None:
    """Tell why CUSTOMER has each tag, segment and group, or has not, and what changes next."""
    sidecar = options.opened(context)
    sidecar.require_own_tables()
    options.say_if_elsewhere(sidecar)
    found = sidecar.view.explain(customer)
    if json:
        show.as_json(found)
        return
    if found["set_aside"]:
        show.note(show.plain(f"cannot be processed: {found['set_aside']}"))
    _say_restrictions(found)
    if only is not None:
        _in_full(_chosen(found, only))
    elif everything:
        _in_full(list(_things(found)))
    else:
        _overview(found)


def _say_restrictions(found: Mapping[str, Any]) -> None:
    for kind in found["restrictions"]:
        more = f"`sidecar gdpr show {found['customer_id']} --customer`"
        show.note(f"{kind.replace('_', ' ')}: {more}")


def _things(found: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Kind, name and what is told of each tag and segment, of the group and its rungs."""
    for kind in ("tag", "segment"):
        for name, entry in found[kind].items():
            yield kind, name, entry
    yield "group", found["group"]["name"] or "none", found["group"]
    for rung in found["group"]["rungs"]:
        yield "rung", rung["name"], rung


def _chosen(found: Mapping[str, Any], only: str) -> list[tuple[str, str, Mapping[str, Any]]]:
    from sidecar.model import NameTable, fold

    names = NameTable()
    chosen = []
    for number, thing in enumerate(_things(found)):
        kind, name, _ = thing
        names.add(number, name)
        if fold(only) == fold(name) or (fold(only) == "group" and kind in ("group", "rung")):
            chosen.append(thing)
    if chosen:
        return chosen
    like = names.suggest(only)
    hint = f" (did you mean '{like}'?)" if like else ""
    raise UsageError(f"no tag, segment or group is called {only!r}{hint}")


# -- in short ------------------------------------------------------------------------------


def _overview(found: Mapping[str, Any]) -> None:
    group = found["group"]
    things = [thing for thing in _things(found) if thing[0] in ("tag", "segment")]
    rows = [
        ("group", group["name"] or "", "yes", _short(group["since"]), group["why"], _next(group))
    ]
    tier = found["tier"]
    if tier["holds"]:
        rows.append(("tier", tier["name"], "yes", _short(tier["since"]), tier["why"], _next(tier)))
    rows += [_row(thing) for thing in things if thing[2]["holds"]]
    others = sorted(
        (thing for thing in things if not thing[2]["holds"] and not thing[2]["off"]),
        key=lambda thing: not (thing[2]["nearest"] or {}).get("reachable"),
    )
    rows += [_row(thing) for thing in others[:_SHOWN]]
    show.table(("kind", "name", "has", "since", "why", "next change"), rows)
    if len(others) > _SHOWN:
        show.note(f"and {len(others) - _SHOWN:,} more that they do not have (--all)")
    if found["paused"]:
        show.note("paused: no customer group is written (`sidecar resume` goes on)")


def _row(thing: tuple[str, str, Mapping[str, Any]]) -> tuple[str, str, str, str, str, str]:
    kind, name, entry = thing
    why = entry["why"]
    if not entry["holds"] and entry["nearest"] and entry["pin"] is None:
        why = entry["nearest"]["text"]
    has = "yes" if entry["holds"] else "no"
    return kind, name, has, _short(entry["since"]), why, _next(entry)


def _short(instant: str | None) -> str:
    """An instant without seconds and offset."""
    return "" if instant is None else instant[:16].replace("T", " ")


def _next(entry: Mapping[str, Any]) -> str:
    if entry["next_change"] is None:
        return ""
    state = entry["next_state"]
    then = {True: "yes", False: "no"}.get(state, state) if isinstance(state, bool) else state
    return f"{_short(entry['next_change'])}: {then}"


# -- in full -------------------------------------------------------------------------------


def _in_full(things: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
    for number, (kind, name, entry) in enumerate(things):
        if number:
            show.out("")
        for line in _lines(kind, name, entry):
            show.out(line)


def _lines(kind: str, name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    has = "yes" if entry["holds"] else "no"
    since = f" since {_short(entry['since'])}" if entry.get("since") else ""
    yield show.plain(f"{kind} '{name}': {has}{since if entry['holds'] else ''}")
    told = [("why", entry.get("why")), ("next", entry.get("next_why"))]
    if kind == "rung":
        told = [("stands on it", "yes" if entry["stands"] else None), ("off", entry["off"])]
    else:
        sources = [_source(one) for one in entry["sources"]]
        told += [("source", text) for text in sources if text]
    if entry["pin"] is not None:
        told.append(("pin", _pin(entry["pin"])))
    if kind == "group":
        told += [(key.replace("_", " "), _short(entry[key])) for key in _TIMES]
        if entry["last_move"] is not None:
            told.append(("last move", _move(entry["last_move"])))
    if entry.get("blocked"):
        told.append(("held back", entry["blocked"]["text"]))
    if entry.get("place"):
        told.append(("rule", f"{entry['place']}: {entry['rule']}"))
    if entry.get("nearest"):
        told.append(("nearest", entry["nearest"]["text"]))
    for what, text in told:
        if text:
            yield show.plain(f"  {what}: {text}")
    if entry.get("tree") is not None:
        yield from _branch(entry["tree"], 1)


_TIMES: Final = ("ceased_at", "grace_until", "min_stay_until")


def _source(one: Mapping[str, Any]) -> str:
    said = one["kind"] if one.get("rule") is None else f"{one['kind']} {one.get('place') or ''}"
    if one.get("actor"):
        said += f" by {one['actor']}"
    if one.get("reason"):
        said += f": {one['reason']}"
    return said.strip() + (f", since {_short(one['since'])}" if one.get("since") else "")


def _pin(pin: Mapping[str, Any]) -> str:
    words = f"{pin['direction']} by {pin['actor']}, since {_short(pin['since'])}"
    if pin["until"]:
        words += f", until {_short(pin['until'])}"
    if pin["requalify"]:
        words += ", until the rule next turns true"
    return words + (f": {pin['reason']}" if pin["reason"] else "")


def _move(move: Mapping[str, Any]) -> str:
    between = f"from {move['from']} to {move['to']}"
    return f"{_short(move['at'])} {between}, {move['why']} (run {move['run']})"


def _branch(node: Mapping[str, Any], depth: int) -> Iterator[str]:
    """A condition and its parts, each marked by whether it holds, with the actual values."""
    mark = "[x]" if node["holds"] else "[ ]"
    kind = node["kind"]
    if kind in _JOINTS:
        yield f"{'  ' * depth}{mark} {_JOINTS[kind]}"
        for item in node["items"]:
            yield from _branch(item, depth + 1)
        return
    line = f"{mark} {node['text']}  ({_actual(node)})"
    if node["limits"] is not None:
        line += f"  [by RFM limits {node['limits']}]"
    yield "  " * depth + show.plain(line)


def _actual(node: Mapping[str, Any]) -> str:
    value = node["actual"]
    if node["note"]:
        return str(node["note"])
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none of them"
    return str(value)
