"""``export.html``: the same for people: one page without scripts, and nothing from elsewhere."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from sidecar.privacy.export_about import About, retention
from sidecar.privacy.export_contents import Contents, ExportTable
from sidecar.sync.state import Json

#: A table with more columns is told as one list a row.
_WIDEST = 7

#: Rows that make one piece.
_ROWS = 100

_AUTOMATIC = (
    "The shop's rules work these out of your data, without a person; people of the shop can"
    " overrule them."
)

#: What is told of consents: key, title, and what of each.
_OF_CONSENTS = (
    ("consents", "What holds", ("channel", "purpose", "state", "since")),
    ("suppressed", "Where nothing is sent", ("channel", "reason", "since")),
    (
        "history",
        "What was said",
        ("at", "channel", "purpose", "state", "source", "evidence", "words", "wording_text"),
    ),
)
_WHEN = ("at", "since")

#: What HTML cannot hold.
_ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

#: Nothing is loaded and nothing runs, whatever the data says.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
th, td { border-bottom: 1px solid #8884; padding: .25rem .5rem; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; white-space: pre-wrap; }
table.row th { width: 16rem; font-weight: normal; color: #666; }
.why { color: #666; } .warn { border-left: 4px solid #c60; padding-left: .75rem; }
ul { margin: 0; padding-left: 1.25rem; }
@media print { h2 { break-after: avoid; } }
"""


def pieces(
    about: About, contents: Contents, told: Callable[[int], None] = lambda _: None
) -> Iterator[bytes]:
    """
    The whole page, UTF-8.

    Args:
        told: Told how many rows a piece holds.
    """
    yield _bytes(_head(about))
    yield _bytes(_list(about, contents))
    if about.decisions is not None:
        yield _bytes(_decisions(about.decisions))
    if _has_consents(about):
        yield _bytes(_consents(about.consents))
    if about.uploads:
        yield _bytes(_files(about))
    for table in contents.tables:
        yield from _table(contents, table, told)
    yield _bytes("</main>\n</body>\n</html>\n")


def _head(about: About) -> str:
    title = f"Your data at {about.store}"
    whose = f"customer {about.customer_id}, {about.email}" if about.customer_id else about.email
    lines = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_text(_POLICY)}">',
        '<meta name="referrer" content="no-referrer">',
        '<meta name="robots" content="noindex">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>",
        f"<h1>{_text(title)}</h1>",
        f"<p>Of {_text(whose)}.",
        f"Made on {_text(_when(about.made_at))}, request {about.request}.</p>",
    ]
    if about.missing:
        lines.append('<div class="warn"><p>This is not everything:</p>\n<ul>')
        lines += [f"<li>{_text(why)}</li>" for why in about.missing]
        lines.append("</ul></div>")
    return "\n".join(lines) + "\n"


def _list(about: About, contents: Contents) -> str:
    found: list[tuple[str, str, str]] = []
    if about.decisions is not None:
        found.append(("decisions", "What is decided about you, and why", ""))
    if _has_consents(about):
        found.append(("consents", "What you consented to", ""))
    if about.uploads:
        found.append(("files", "Files", str(len(about.uploads))))
    for table in contents.tables:
        number = f"{len(table.keys):,}"
        found.append((_anchor(table), table.register.label, number))
    items = "\n".join(
        f'<li><a href="#{_text(anchor)}">{_text(label)}</a>'
        + (f' <span class="why">({number})</span>' if number else "")
        + "</li>"
        for anchor, label, number in found
    )
    return f"<nav>\n<h2>Contents</h2>\n<ul>\n{items}\n</ul>\n</nav>\n"


def _anchor(table: ExportTable) -> str:
    return f"table-{table.register.name}"


def _has_consents(about: About) -> bool:
    return any(_list_of(about.consents.get(name)) for name, _, _ in _OF_CONSENTS)


# -- what is no table ----------------------------------------------------------------------


def _decisions(decisions: Mapping[str, Json]) -> str:
    lines = [
        '<section id="decisions">\n<h2>What is decided about you, and why</h2>',
        f"<p>{_AUTOMATIC}</p>",
    ]
    lines.append(_row_table(_of_group(decisions.get("group"))))
    lines.append(_row_table(_of_tier(decisions.get("tier"))))
    facts = decisions.get("fact")
    if isinstance(facts, Mapping) and facts:
        told = [fact for fact in facts.values() if isinstance(fact, Mapping)]
        known = [fact for fact in told if fact.get("value") not in (None, [])]
        rows = [(fact.get("label"), fact.get("value"), fact.get("unit")) for fact in known]
        lines += ["<h3>Facts</h3>", _grid(("fact", "value", "in"), rows)]
    for kind, title in (("tag", "Tags"), ("segment", "Segments")):
        things = decisions.get(kind)
        if isinstance(things, Mapping) and things:
            lines += [f"<h3>{title}</h3>", _things(things)]
    lines.append("</section>\n")
    return "\n".join(lines)


def _of_group(group: Json) -> list[tuple[str, Json]]:
    if not isinstance(group, Mapping):
        return []
    return [("Customer group", group.get("name")), ("Why", group.get("why"))]


def _of_tier(tier: Json) -> list[tuple[str, Json]]:
    if not isinstance(tier, Mapping) or not tier.get("holds"):
        return []
    return [("Tier", tier.get("name")), ("Why", tier.get("why"))]


def _things(things: Mapping[str, Json]) -> str:
    rows = []
    for name, told in things.items():
        if not isinstance(told, Mapping):
            continue
        has = "yes" if told.get("holds") else "no"
        since = told.get("since") if told.get("holds") else None
        said = told.get("sentence") or told.get("description") or told.get("rule")
        rows.append((name, has, _when(since), said, told.get("why"), told.get("next_why")))
    return _grid(("name", "you have it", "since", "the rule", "why", "what comes next"), rows)


def _consents(consents: Mapping[str, Json]) -> str:
    lines = ['<section id="consents">\n<h2>What you consented to</h2>']
    for name, title, columns in _OF_CONSENTS:
        told = _list_of(consents.get(name))
        if told:
            rows = [
                [_when(one.get(c)) if c in _WHEN else one.get(c) for c in columns] for one in told
            ]
            head = [column.replace("_", " ") for column in columns]
            lines += [f"<h3>{title}</h3>", _grid(head, rows)]
    return "\n".join([*lines, "</section>\n"])


def _shown(column: str, value: Json) -> Json:
    return _when(value) if column in _WHEN else value


def _list_of(told: Json) -> list[Mapping[str, Json]]:
    if isinstance(told, str) or not isinstance(told, Sequence):
        return []
    return [one for one in told if isinstance(one, Mapping)]


def _files(about: About) -> str:
    rows = [
        (upload.name, upload.place, f"{upload.size:,}" if upload.place else "", upload.why_not)
        for upload in about.uploads
    ]
    head = ("name", "file in this archive", "bytes", "why it is not there")
    return f'<section id="files">\n<h2>Files</h2>\n{_grid(head, rows)}</section>\n'


# -- tables --------------------------------------------------------------------------------


def _table(contents: Contents, table: ExportTable, told: Callable[[int], None]) -> Iterator[bytes]:
    one, shown = table.register, table.shown
    hidden = [column for column in table.columns if column.why_not]
    lines = [
        f'<section id="{_text(_anchor(table))}">\n<h2>{_text(one.label)}</h2>',
        f'<p class="why">{_text(retention(one))}</p>',
    ]
    for why in dict.fromkeys(column.why_not for column in hidden):
        labels = ", ".join(column.label for column in hidden if column.why_not == why)
        lines.append(f'<p class="why">Not shown: {_text(labels)} ({_text(why)}).</p>')
    is_wide = len(shown) > _WIDEST
    if not is_wide:
        lines.append(_grid_head([column.label for column in shown]))
    yield _bytes("\n".join(lines) + "\n")
    part: list[str] = []
    names = [(_text(column.label), column.name) for column in shown]
    for row in contents.told(table):
        values = [(label, row[name]) for label, name in names]
        part.append(_row_table(values) if is_wide else _grid_row([value for _, value in values]))
        if len(part) == _ROWS:
            yield _bytes("".join(part))
            told(len(part))
            part = []
    yield _bytes("".join(part) + ("" if is_wide else "</tbody></table>\n") + "</section>\n")
    told(len(part))


def _row_table(row: Sequence[tuple[str, Json]]) -> str:
    """A row as a list of what it says; the labels are HTML already."""
    told = [(label, value) for label, value in row if value not in (None, "", [], {})]
    if not told:
        return ""
    lines = "".join(
        f'<tr><th scope="row">{label}</th><td dir="auto">{_value(value)}</td></tr>\n'
        for label, value in told
    )
    return f'<table class="row"><tbody>\n{lines}</tbody></table>\n'


def _grid(head: Sequence[str], rows: Sequence[Sequence[Json]]) -> str:
    return _grid_head(head) + "".join(map(_grid_row, rows)) + "</tbody></table>\n"


def _grid_head(head: Sequence[str]) -> str:
    cells = "".join(f'<th scope="col">{_text(name)}</th>' for name in head)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>\n"


def _grid_row(row: Sequence[Json]) -> str:
    return "<tr>" + "".join(f'<td dir="auto">{_value(value)}</td>' for value in row) + "</tr>\n"


# -- values --------------------------------------------------------------------------------


def _value(value: Json) -> str:
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        if value.keys() == {"id", "name"}:
            return _text(f"{value['name']} ({value['id']})" if value["name"] else value["id"])
        if value.keys() == {"id", "name", "value"}:
            return f"{_text(value['name'] or value['id'])}: {_value(value['value'])}"
        items = "".join(f"<li>{_text(key)}: {_value(item)}</li>" for key, item in value.items())
        return f"<ul>{items}</ul>"
    if isinstance(value, Sequence):
        return "<ul>" + "".join(f"<li>{_value(item)}</li>" for item in value) + "</ul>"
    return _text(value)


def _when(instant: Json) -> str:
    return str(instant)[:16].replace("T", " ") if instant else ""


def _text(value: object) -> str:
    return html.escape(_ODD.sub("\N{REPLACEMENT CHARACTER}", str(value)))


def _bytes(text: str) -> bytes:
    return text.encode()
