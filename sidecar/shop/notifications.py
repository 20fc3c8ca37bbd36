"""OpenCart's own notifications, the bell at the top of the admin; from 4.0 on."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, column, insert, table

from sidecar.model import Moment
from sidecar.shop.tables import Generation
from sidecar.shop.text import escape

#: As long as the column.
_TITLE = 64

_UNREAD = 0


def has_notifications(generation: Generation) -> bool:
    """Whether OpenCart has them."""
    return generation != "3.0"


def add_notifications(
    tx: Connection,
    prefix: str,
    generation: Generation,
    told: Sequence[tuple[str, str]],
    moment: Moment,
) -> None:
    """Add unread notifications, each a title, which is cut, and a text; both plain."""
    if not told:
        return
    names = ("title", "text", "status", "date_added")
    at = moment.now.astimezone(moment.zone).replace(tzinfo=None, microsecond=0)
    rows = [
        {
            "title": _fitting(title),
            "text": _shown(text, generation),
            "status": _UNREAD,
            "date_added": at,
        }
        for title, text in told
    ]
    tx.execute(insert(table(f"{prefix}notification", *map(column, names))).values(rows))


def _shown(text: str, generation: Generation) -> str:
    # 4.1 takes the escaping off before it puts the text into its page as HTML.
    return escape(escape(text)) if generation == "4.1" else escape(text)


def _fitting(title: str) -> str:
    """*title* escaped, so short that it has its place in the column, and no entity is cut."""
    if len(escape(title)) <= _TITLE:
        return escape(title)
    kept = title[: _TITLE - 1]
    while len(escape(kept)) > _TITLE - 1:
        kept = kept[:-1]
    return escape(kept.rstrip()) + "…"
