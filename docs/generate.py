"""
Write the reference pages from the program itself: ``./dev docs``.

Each page is its template in ``docs/reference/templates`` with ``{names}`` filled in from
what the program uses: the catalogue, the command line, the settings, the migrations, the
errors, the calls of the log. ``tests/docs/test_reference.py`` fails while a page differs.
"""

from __future__ import annotations

import ast
import datetime
import inspect
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin
from zoneinfo import ZoneInfo

import typer
from msgspec.structs import fields

from sidecar import cli, errors
from sidecar.cli.root import NAME, root
from sidecar.config import Address, Age, Secret
from sidecar.config.settings import SECTIONS
from sidecar.daemon.meters import KNOWN, Meters
from sidecar.rules.built_in import built_in_segments
from sidecar.rules.catalogue import FACTS, OPERATORS, Fact
from sidecar.shop import database_errors
from sidecar.shop.indexes import INDEXES
from sidecar.sync.commands.catalogue import COMMANDS
from sidecar.sync.commands.command import AREAS, KINDS, Parameter
from sidecar.sync.commands.loyalty_handlers import DRIFT

PROJECT = Path(__file__).resolve().parents[1]
PAGES = PROJECT / "docs" / "reference"
TEMPLATES = PAGES / "templates"

#: What the bridge knows of the catalogue of commands.
COMMAND_LIST = PROJECT / "sidecar/bridge_php/system/library/command_list.php"

_COMMAND_LIST = """<?php
namespace Opencart\\System\\Library\\Extension\\Sidecar;

/**
 * Every command there is: the area that its right belongs to, and those that change nothing, each
 * with the parameters with which it would. Made by `./dev docs`.
 */
final class CommandList {
\tpublic const AREA = [
"""

MADE = "<!-- Made by `./dev docs`: change the program or the template, not this page. -->\n\n"

EXIT_CODES: Mapping[int, str] = {
    0: "done",
    DRIFT: "`loyalty reconcile`: points in the store are not as the ledger says, and still so",
    errors.UsageError.exit_code: "what was asked cannot be understood: an unknown option,"
    " customer or tag, a wrong expression",
    errors.DatabaseError.exit_code: "the database: no connection, a wrong password, a missing"
    " privilege or table",
    cli.FATAL: "going on could do harm, or a fault of the program: `--debug` shows where",
    errors.NotNowError.exit_code: "nothing is wrong, but it was not done now: another sidecar"
    " writes to this store",
    errors.ConfigError.exit_code: "settings or rules that a person has to mend; own tables"
    " missing, older or newer than the program; a processor that lacks what Polars needs",
    cli.INTERRUPTED: "interrupted by Ctrl-C",
    cli.PIPE_CLOSED: "the program that read the output went away",
}

EVENTS: Mapping[str, str] = {
    "binlog.backlog": "reading what is left of the log would take so many `seconds`, longer than a"
    " full pass, which is done instead",
    "binlog.gap": "the log did not say all, `reason` and how many `times`; everybody is looked at",
    "binlog.opened": "the binary log is read from `file` and `offset` on; `skipped`: why not from"
    " where it was left, so that everybody is looked at",
    "binlog.unannounced": "the rolling checksum found so many `customers` changed of whom the log"
    " told nothing; also a finding, they are right now",
    "bulk_reader.given_up": "connectorx could not read what PyMySQL could, `error` says why;"
    " this run reads everything with PyMySQL, which is slower",
    "capture.mode": "how changes are noticed from now on: `mode`, and `why` not by the binary log",
    "command.failed": "a command ended in a fault of the program, at `where`; the others go on",
    "cycle.done": "customers were looked at: by which `duty`, how many, in how many `ms`",
    "daemon.broken_off": "what was being done did not end in time after SIGTERM: rolled back, done"
    " next time",
    "daemon.started": "the daemon holds the lock and begins",
    "daemon.stopped": "the daemon ended; `customers` were looked at since its start",
    "database.back": "the database answers again after `away_s` seconds",
    "database.lost": "the database is away or refuses, `error` says how; tried again until"
    " `database.back`",
    "files.unwatched": "the system tells us no changes of files; they are looked at every"
    " `look_every_s` seconds",
    "full_pass.failed": "a full pass broke off; tried again after `again_in_s` seconds",
    "full_pass.finished": "a full pass ended",
    "full_pass.found": "the nightly pass found so many `customers` to be wrong, and nothing had"
    " announced a change of them: a fault of the program, also a finding; they are right now",
    "full_pass.started": "a full pass begins; `reason`: `first`, `rules` or settings, `store`: a"
    " source says that anybody may have changed, `nightly`, `overdue` or `clock`, a clock put back",
    "gdpr.failed": "the `duty` about personal data failed with `error`; the others were done, and"
    " it is tried again after a minute",
    "points.rewritten": "the store deleted so many `rows` of ours that had taken something of"
    " `unit`, as it does with all that an order took when it confirms it no more; they are written"
    " again",
    "reload.database_kept": "`[database]` changed in the file; that needs a restart",
    "reload.done": "settings and rules were read again and hold; `full_pass`: everybody is looked"
    " at now",
    "reload.refused": "the files cannot be used, `error` says why; the old settings and rules hold",
    "reload.threads_kept": "`sync.threads` changed in the file; that needs a restart",
    "register.incomplete": "so many `gaps`: `tables` that look personal and that no export and no"
    " erasure looks at; `sidecar doctor` says what to do",
    "run.waits": "run `run`, which would change so many `customers`, waits for approval;"
    " `sidecar approve` or `sidecar discard`",
    "store.changed": "tables of the store were missing or altered, as during its upgrade; they are"
    " there again, were read anew, and everybody is looked at",
    "segment.miscounted": "the size of a segment was wrong: it `was` so many and is `is_`; a fault"
    " of the program, mended",
    "http.failed": "a fault of the program while it made a page for a monitor; the daemon goes on",
    "http.listening": "health and metrics are served `at` this socket or port",
    "http.open_to_others": "the port `at` can be reached from other machines, and asks for no"
    " password; use 127.0.0.1 or a socket, or a firewall",
    "http.refused": "health and metrics cannot be served `at` this socket or port, `error` says"
    " why; tried again at the next reload",
    "own_tables.newer": "our tables are at version `tables`, made by a newer program; this one"
    " knows up to `program`, and they serve it as before",
}

#: What a setting of a type is called.
VALUES: Mapping[object, str] = {
    Address: "socket path or host:port",
    Age: 'span, e.g. `"90 days"`',
    Decimal: 'share, e.g. `"5%"`',
    Path: "path",
    Secret: "text",
    ZoneInfo: "time zone",
    bool: "true or false",
    datetime.timedelta: 'span, e.g. `"2 seconds"`',
    int: "number",
    str: "text",
    tuple: "list of names",
}

_SETTING = re.compile(r"(?P<off># )?(?P<name>[a-z_]+) = (?P<value>.+?)\s+# (?P<comment>\S.+)")
_TABLE = re.compile(
    r"CREATE TABLE IF NOT EXISTS `\{prefix\}(\w+)` \((.*?)\n\) [^\n]*COMMENT='((?:[^']|'')*)';",
    re.DOTALL,
)
_CHANGED_TABLE = re.compile(r"^ALTER TABLE `\{prefix\}(\w+)`\n(.*?);$", re.MULTILINE | re.DOTALL)
_CHANGED_COLUMN = re.compile(
    r"^  (?:ADD|MODIFY) COLUMN `(\w+)` (.+) COMMENT '((?:[^']|'')*)',?$", re.MULTILINE
)
_COLUMN = re.compile(r"^  `(\w+)` (.+) COMMENT '((?:[^']|'')*)',?$", re.MULTILINE)
_AFTER_TYPE = re.compile(r" (?:NOT NULL|NULL|DEFAULT|AUTO_INCREMENT).*")


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(
        f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in line)} |"
        for line in lines
    )


def code(text: object) -> str:
    """*text* as code; nothing when it is empty."""
    return f"`{text}`" if str(text) else ""


def facts() -> dict[str, str]:
    """The catalogue."""
    kinds = ((kind, ", ".join(map(code, operators))) for kind, operators in OPERATORS.items())
    headings = ("fact", "type", "unit or values", "from", "filters", "missing")
    areas = [
        f"## {area}\n\n{table(headings, (_fact(fact) for fact in FACTS if fact.area == area))}"
        for area in dict.fromkeys(fact.area for fact in FACTS)
    ]
    return {"types": table(("type", "operators"), kinds), "areas": "\n\n".join(areas)}


def _fact(fact: Fact) -> tuple[str, ...]:
    named = f"name of a {fact.names}" if fact.names else ""
    unit = fact.unit or ", ".join(map(code, fact.values)) or named
    source = fact.source + (f" (OpenCart {fact.since} and newer)" if fact.since else "")
    filters = ", ".join(map(code, fact.filters))
    return code(fact.name), fact.kind, unit, source, filters, fact.missing


def commands() -> dict[str, str]:
    """The command line."""
    app: Any = typer.main.get_command(root())
    return {"commands": "\n\n".join(_commands(app, NAME))}


def _commands(command: Any, path: str) -> Iterator[str]:
    inner = getattr(command, "commands", {})
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    usage = [path, *(["[OPTIONS]"] if options else [])]
    usage += [a.metavar if a.required else f"[{a.metavar}]" for a in arguments]
    usage += ["COMMAND"] if inner else []
    text = [f"## {path}", _sentences(command.help), f"```text\n{' '.join(usage)}\n```"]
    if arguments:
        rows = ((code(argument.metavar), argument.help) for argument in arguments)
        text.append(table(("argument", "meaning"), rows))
    if options:
        text.append(table(("option", "meaning", "default"), map(_option, options)))
    yield "\n\n".join(text)
    for name, child in inner.items():
        yield from _commands(child, f"{path} {name}")


def _option(option: Any) -> tuple[str, str, str]:
    value = "" if option.is_flag else f" {option.metavar or 'VALUE'}"
    meaning = option.help + (f" Also ${option.envvar}." if option.envvar else "")
    meaning += " Required." if option.required else ""
    default = option.default
    if default is None or default is False or default == "":
        default = ""
    elif isinstance(default, float):
        default = f"{default:g}"
    return code(" ".join(option.opts) + value), meaning, code(default)


def _sentences(text: str) -> str:
    """*text* with one sentence a line."""
    return re.sub(r"(?<=\.) (?=[A-Z])", "\n", " ".join(text.split()))


def requests() -> dict[str, str]:
    """What can be asked of whoever leads, area by area."""
    parts = []
    for command in sorted(COMMANDS, key=lambda command: list(AREAS).index(command.area)):
        text = [f"## {command.name}", f"{command.summary}.\nArea: `{command.area}`."]
        if command.parameters:
            rows = map(_parameter, command.parameters)
            text.append(table(("parameter", "kind", "required", "meaning"), rows))
        if command.one_of:
            text.append(f"Exactly one of {' and '.join(map(code, command.one_of))} must be given.")
        parts.append("\n\n".join(text))
    return {
        "areas": table(("area", "what it allows"), ((code(a), what) for a, what in AREAS.items())),
        "kinds": table(("kind", "in JSON"), KINDS.items()),
        "requests": "\n\n".join(parts),
    }


def _parameter(parameter: Parameter) -> tuple[str, ...]:
    meaning = parameter.about
    if parameter.choices:
        meaning += ": " + ", ".join(map(code, parameter.choices))
    if parameter.kind == "text":
        meaning += f"; at most {parameter.longest:,} characters"
    return code(parameter.name), parameter.kind, "yes" if parameter.required else "", meaning


def config() -> dict[str, str]:
    """The settings, with the comments of the example file."""
    example = (PROJECT / "config.example.toml").read_text("utf-8")
    said: dict[str, re.Match[str]] = {}
    section = ""
    for line in example.splitlines():
        if header := re.fullmatch(r"\[(\w+)\]", line):
            section = header[1]
        elif match := _SETTING.fullmatch(line):
            said[f"{section}.{match['name']}"] = match
    parts = []
    for section, struct in SECTIONS.items():
        rows = []
        for field in fields(struct):
            words = said[f"{section}.{field.name}"]
            default = "" if words["off"] else words["value"]
            later = "" if used(section, field.name) else "*Later:* "
            kind = _values(field.type)
            rows.append((code(field.name), kind, code(default), later + words["comment"]))
        about = (inspect.getdoc(struct) or "").splitlines()[0]
        headings = ("setting", "value", "default", "meaning")
        parts.append(f"## [{section}]\n\n{about}\n\n{table(headings, rows)}")
    return {"settings": "\n\n".join(parts)}


def _values(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return ", ".join(code(f'"{choice}"') for choice in get_args(kind))
    if isinstance(kind, UnionType):
        kind = next(part for part in get_args(kind) if part is not NoneType)
    return VALUES[getattr(kind, "__origin__", kind)]  # of an Annotated, and of tuple[str, ...]


def used(section: str, name: str) -> bool:
    """Whether any code but that of the settings themselves reads the setting."""
    # The settings of the database are handed around as a whole.
    access = re.compile(rf"\b{section}\.{name}\b")
    return section == "database" or any(map(access.search, _sources(without="config")))


def segments() -> dict[str, str]:
    """The built-in segments."""
    rows = ((rule.name, code(rule.text), rule.description) for rule in built_in_segments())
    return {"segments": table(("segment", "condition", "who"), rows)}


def tables() -> dict[str, str]:
    """Our tables and indexes."""
    abouts: dict[str, str] = {}
    columns: dict[str, dict[str, Sequence[str]]] = {}
    for path in sorted((PROJECT / "sidecar/shop/migrations").glob("*.sql")):
        text = path.read_text("utf-8")
        for name, body, about in _TABLE.findall(text):
            abouts[name] = _plain(about)
            columns[name] = {found[0]: _column(*found) for found in _COLUMN.findall(body)}
        for name, body in _CHANGED_TABLE.findall(text):
            # One that is only changed keeps its place.
            columns[name] |= {found[0]: _column(*found) for found in _CHANGED_COLUMN.findall(body)}
    parts = [_table(name, about, columns[name].values()) for name, about in abouts.items()]
    numbered = [
        ("version", "INT UNSIGNED", "", "its number"),
        ("name", "VARCHAR(64)", "", "its name"),
    ]
    done = (
        ("applied_at", "BIGINT", "", "when it was done"),
        ("compatible", "INT UNSIGNED", "yes", "the oldest version whose program works on them"),
    )
    parts.append(_table("sidecar_migration", "which migrations were done", [*numbered, *done]))
    indexed = (
        (code(f"oc_{i.table}"), code(i.name), ", ".join(map(code, i.columns))) for i in INDEXES
    )
    headings = ("table", "index", "columns")
    return {"tables": "\n\n".join(parts), "indexes": table(headings, indexed)}


def _table(name: str, about: str, rows: Iterable[Sequence[str]]) -> str:
    listed = ((code(column), *rest) for column, *rest in rows)
    headings = ("column", "type", "NULL", "what it holds")
    return f"## oc_{name}\n\n{about[0].upper()}{about[1:]}.\n\n{table(headings, listed)}"


def _column(name: str, definition: str, comment: str) -> tuple[str, str, str, str]:
    null = "" if "NOT NULL" in definition else "may be"
    return name, _AFTER_TYPE.sub("", definition).replace(",", ", "), null, _plain(comment)


def _plain(comment: str) -> str:
    return comment.replace("''", "'")


def errors_page() -> dict[str, str]:
    """Exit codes, classes of errors, and the database's errors by number."""
    found = (kind for kind in vars(errors).values() if inspect.isclass(kind))
    classes = (
        (code(kind.__name__), kind.exit_code, (inspect.getdoc(kind) or "").splitlines()[0])
        for kind in found
        if issubclass(kind, errors.SidecarError)
    )
    words = {
        "user": "…",
        "said": "…",
        "password": "the password wrong",
        "grant": "run the GRANT it shows",
    }
    refused = (
        (number, what.format_map(words), way_out.format_map(words))
        for number, (what, way_out) in sorted(database_errors.REFUSED.items())
    )
    return {
        "exit_codes": table(("code", "meaning"), sorted(EXIT_CODES.items())),
        "classes": table(("class", "exit code", "meaning"), classes),
        "refused": table(("number", "what", "way out"), refused),
        "later": table(("number", "what"), sorted(database_errors.RETRYABLE.items())),
        "data": table(("number", "what"), sorted(database_errors.DATA.items())),
    }


def log_events() -> dict[str, str]:
    """The log's events."""
    rows = ((code(name), level, EVENTS[name]) for name, level in sorted(logged()))
    return {"events": table(("event", "level", "meaning"), rows)}


def logged() -> set[tuple[str, str]]:
    """Event and level of every call of the log."""
    found: set[tuple[str, str]] = set()
    for text in _sources():
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="debug" | "info" | "warning" | "error" as level),
                    args=[ast.Constant(value=str(name)), *_],
                ) if re.fullmatch(r"[a-z_]+\.[a-z_]+", name):
                    found.add((name, level))
    return found


def metrics() -> dict[str, str]:
    """What Prometheus is told, with the values of labels where they are known."""
    meters = Meters()
    rows: dict[str, list[tuple[str, ...]]] = {"sidecar": [], "process": []}
    for found in meters.registry.collect():
        name = f"{found.name}_total" if found.type == "counter" else found.name
        labels = "; ".join(map(_label, meters.labels.get(found.name, ())))
        row = (code(name), found.type, labels, found.documentation.rstrip("."))
        rows[found.name.partition("_")[0]].append(row)
    headings = ("metric", "type", "labels", "what it tells")
    return {name: table(headings, found) for name, found in rows.items()}


def _label(label: str) -> str:
    values = ", ".join(map(code, KNOWN.get(label, ())))
    return code(label) + (f": {values}" if values else "")


def modules() -> dict[str, str]:
    """Every module, with the first sentence of its docstring, layer by layer."""
    package = PROJECT / "sidecar"
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    parts = []
    for layer in (name.strip() for line in layers for name in line.split("|")):
        rows = [
            (code(path.relative_to(package).as_posix()), _first_line(path))
            for path in sorted([*package.glob(f"{layer}.py"), *package.glob(f"{layer}/**/*.py")])
            if path.name != "__init__.py"
        ]
        parts.append(f"## {layer}\n\n{table(('module', 'what it is'), rows)}")
    return {"modules": "\n\n".join(parts)}


def _first_line(path: Path) -> str:
    about = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return about.split("\n\n")[0].replace("\n", " ").replace("``", "`")


def _sources(without: str = "") -> Iterator[str]:
    package = PROJECT / "sidecar"
    for path in sorted(package.rglob("*.py")):
        if path.relative_to(package).parts[0] != without:
            yield path.read_text("utf-8")


#: File of a page to what fills its template.
MAKERS = {
    "bridge-commands.md": requests,
    "built-in-segments.md": segments,
    "commands.md": commands,
    "config.md": config,
    "errors.md": errors_page,
    "facts.md": facts,
    "log-events.md": log_events,
    "metrics.md": metrics,
    "modules.md": modules,
    "tables.md": tables,
}


def command_list() -> str:
    """The bridge's list of commands, in PHP."""
    lines = [f"\t\t'{each.name}' => '{each.area}',\n" for each in COMMANDS]
    looks = []
    for each in COMMANDS:
        if each.looks:
            acting = ", ".join(f"'{one.name}'" for one in each.parameters if one.acts)
            looks.append(f"\t\t'{each.name}' => [{acting}],\n")
    both = f"{''.join(lines)}\t];\n\n\tpublic const LOOKS = [\n{''.join(looks)}\t];\n"
    return f"{_COMMAND_LIST}{both}}}\n"


def page(name: str) -> str:
    """The whole text of the page *name*."""
    text = (TEMPLATES / name).read_text("utf-8")
    for place, filling in MAKERS[name]().items():
        text = text.replace(f"\n{{{place}}}\n", f"\n{filling}\n")
    return MADE + text


def main() -> None:
    """Write every page."""
    for name in MAKERS:
        (PAGES / name).write_text(page(name), "utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")
    COMMAND_LIST.write_text(command_list(), "utf-8")
    sys.stdout.write(f"{COMMAND_LIST.relative_to(PROJECT)}\n")


if __name__ == "__main__":
    main()
