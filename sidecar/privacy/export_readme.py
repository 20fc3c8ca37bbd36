"""``README.txt`` of an export: what is in it, and what a person may ask for besides."""

from __future__ import annotations

import textwrap

from sidecar.privacy.export_about import About

_PARTS = """\
Your data at {store}
Request {request}, made on {made_at}

export.html   everything, to read in a browser; it loads nothing and sends nothing
export.json   the same for programs; its form is described in the documentation of
              OpenCart Sidecar, docs/reference/export.schema.json
files/        what you uploaded{files}

"""

_RIGHTS = """\
Secrets such as passwords, and the names of the people who work for the shop, are named and \
not shown. Every table says what becomes of it when your data is erased, and why some of it is \
kept. Whom the shop gives data to, as for payment and delivery, and what for, its privacy policy \
says. You may have data corrected or erased, have its use restricted, object to it, and complain \
to a supervisory authority."""


def readme(about: About) -> str:
    """The text, wrapped."""
    files = "" if any(upload.place for upload in about.uploads) else ": nothing"
    text = _PARTS.format(
        store=_line(about.store), request=about.request, made_at=about.made_at, files=files
    )
    if about.missing:
        text += "This is not everything:\n"
        text += "".join(f"{textwrap.fill('- ' + why, 78)}\n" for why in about.missing) + "\n"
    return text + textwrap.fill(_RIGHTS, 78) + "\n"


def _line(text: str) -> str:
    return " ".join("".join(each for each in text if each.isprintable()).split())
