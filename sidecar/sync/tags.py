"""The tags there are: created, renamed, archived; each with its bit for life."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, exists, insert, select, update

from sidecar.errors import ConfigError, UsageError
from sidecar.model import Moment, NameTable, fold
from sidecar.rules.compile_ruleset import TagSlot
from sidecar.shop.own_tables import SLOTS, OwnTables

_COLOUR = re.compile(r"#[0-9a-f]{6}")
_LONGEST = 64

#: Characters of a name as compared, of which NFKC may make many more, and of a description.
_LONGEST_KEY = _LONGEST_DESCRIPTION = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """
    Attributes:
        tag_id: Its row.
        name: As displayed; compared folded.
        slot: Its bit in the words.
        colour: ``#rrggbb``, or None.
        description: May be empty.
        customers: For how many it is in effect.
        archived: Out of use, its assertions kept.
        merged_into: The tag that took its place, or None.
    """

    tag_id: int
    name: str
    slot: int
    colour: str | None = None
    description: str = ""
    customers: int = 0
    archived: bool = False
    merged_into: int | None = None

    @property
    def as_slot(self) -> TagSlot:
        """The tag as compiled rules know it."""
        return TagSlot(self.tag_id, self.slot, self.archived)


def load_tags(tx: Connection, own: OwnTables) -> list[Tag]:
    """Every tag, also archived ones, by name."""
    tag = own.tag
    rows = tx.execute(select(tag).order_by(tag.c.name_key))
    return [
        Tag(
            tag_id=row.tag_id,
            name=row.name,
            slot=row.slot,
            colour=row.colour,
            description=row.description,
            customers=row.customers,
            archived=row.archived_at is not None,
            merged_into=row.merged_into,
        )
        for row in rows
    ]


def find(
    tags: Iterable[Tag],
    name: str,
    *,
    what: str = "tag",
    where: str = "`sidecar tag list` shows them",
) -> Tag:
    """
    The tag called *name*, compared folded.

    Args:
        what: What it is called in the error.
        where: How to find the right name.

    Raises:
        UsageError: There is none, with the name most like it.
    """
    names = NameTable()
    by_id = {}
    for tag in tags:
        names.add(tag.tag_id, tag.name)
        by_id[tag.tag_id] = tag
    found = names.find(name)
    if found:
        return by_id[found[0]]
    like = names.suggest(name)
    hint = f"did you mean '{like}'?" if like else where
    raise UsageError(f"no {what} is called {name!r} ({hint})")


def create(
    tx: Connection,
    own: OwnTables,
    name: str,
    moment: Moment,
    *,
    colour: str | None = None,
    description: str = "",
) -> Tag:
    """
    Create a tag.

    Raises:
        UsageError: The name, colour or description cannot be used, or the name is taken.
        ConfigError: There are as many tags as there can be.
    """
    check_name(name)
    _check_colour(colour)
    _check_description(description)
    tags = load_tags(tx, own)
    refuse_taken(tags, name)
    slot = free_slots(tags, 1)[0]
    result = tx.execute(
        insert(own.tag).values(
            name=name,
            name_key=fold(name),
            slot=slot,
            colour=colour and colour.lower(),
            description=description,
            customers=0,
            created_at=moment.epoch_s,
        )
    )
    key = result.inserted_primary_key
    return Tag(
        tag_id=int(key[0]) if key else 0,
        name=name,
        slot=slot,
        colour=colour and colour.lower(),
        description=description,
    )


def describe(
    tx: Connection, own: OwnTables, tag: Tag, colour: str | None, description: str | None
) -> None:
    """
    Change how *tag* is shown; None leaves the colour or description as it is.

    Raises:
        UsageError: The colour or description cannot be used.
    """
    _check_colour(colour)
    _check_description(description or "")
    values = {"colour": colour and colour.lower(), "description": description}
    given = {name: value for name, value in values.items() if value is not None}
    if given:
        tx.execute(update(own.tag).where(own.tag.c.tag_id == tag.tag_id).values(given))


def rename(tx: Connection, own: OwnTables, tag: Tag, name: str) -> None:
    """
    Give *tag* another name; its id, bit and assertions stay.

    Raises:
        UsageError: The name cannot be used, or another tag has it.
    """
    check_name(name)
    refuse_taken([other for other in load_tags(tx, own) if other.tag_id != tag.tag_id], name)
    tx.execute(
        update(own.tag).where(own.tag.c.tag_id == tag.tag_id).values(name=name, name_key=fold(name))
    )


def archive(
    tx: Connection,
    own: OwnTables,
    tag: Tag,
    moment: Moment | None,
    *,
    merged_into: int | None = None,
) -> None:
    """Put *tag* out of use at *moment*; None takes it into use again."""
    at = None if moment is None else moment.epoch_s
    row = update(own.tag).where(own.tag.c.tag_id == tag.tag_id)
    tx.execute(row.values(archived_at=at, merged_into=merged_into))


def remove_unused(tx: Connection, own: OwnTables, names: Iterable[str]) -> None:
    """Remove those tags called *names* that nobody asserts of anybody."""
    tag = own.tag
    asserted = exists().where(own.assertion.c.tag_id == tag.c.tag_id)
    keys = [fold(name) for name in names]
    tx.execute(delete(tag).where(tag.c.name_key.in_(keys), ~asserted))


def ensure(tx: Connection, own: OwnTables, names: Iterable[str], moment: Moment) -> list[Tag]:
    """
    Every tag, after those of *names* that did not exist were created.

    Raises:
        ConfigError: One of *names* is archived, or there are too many tags.
    """
    tags = load_tags(tx, own)
    known = {fold(tag.name): tag for tag in tags}
    for name in names:
        tag = known.get(fold(name))
        if tag is None:
            create(tx, own, name, moment)
        elif tag.archived:
            raise ConfigError(
                f'tag "{name}"',
                "a rule makes it, but it is archived",
                f'rename the rule, or `sidecar tag archive --restore "{name}"`',
            )
    return load_tags(tx, own)


def provisional(tags: list[Tag], names: Iterable[str]) -> list[Tag]:
    """*tags* and, with ids below 0, those of *names* that a pass would create."""
    known = {fold(tag.name) for tag in tags}
    new = [name for name in names if fold(name) not in known]
    slots = free_slots(tags, len(new))
    made = [Tag(tag_id=-index - 1, name=name, slot=slots[index]) for index, name in enumerate(new)]
    return [*tags, *made]


def free_slots(tags: Iterable[Tag], count: int) -> list[int]:
    """
    The *count* lowest bits that no tag has.

    Raises:
        ConfigError: There are not so many.
    """
    taken = {tag.slot for tag in tags}
    free = [slot for slot in range(SLOTS) if slot not in taken][:count]
    if len(free) < count:
        raise ConfigError("tags", f"there can be {SLOTS} at most", "merge some that mean the same")
    return free


def check_name(name: str) -> None:
    """
    Refuse a *name* that could not be shown or told apart.

    Raises:
        UsageError: With what is wrong.
    """
    if not name.strip() or name != name.strip() or len(name) > _LONGEST:
        raise UsageError(
            f"{name[:80]!r} cannot be a tag (1 to {_LONGEST} characters, no blanks at the ends)"
        )
    if len(fold(name)) > _LONGEST_KEY:
        raise UsageError(
            f"{name!r} cannot be a tag (written out it has more than {_LONGEST_KEY} characters)"
        )
    if any(not character.isprintable() for character in name):
        raise UsageError(f"{name!r} cannot be a tag (it has characters that do not show)")


def _check_colour(colour: str | None) -> None:
    if colour is not None and not _COLOUR.fullmatch(colour.lower()):
        raise UsageError(f"{colour!r} is not a colour (write it as #rrggbb, e.g. #2e7d32)")


def _check_description(description: str) -> None:
    if len(description) > _LONGEST_DESCRIPTION:
        raise UsageError(
            f"a description has at most {_LONGEST_DESCRIPTION} characters, not {len(description):,}"
        )


def refuse_taken(tags: Iterable[Tag], name: str) -> None:
    """
    Refuse a *name* that one of *tags* has.

    Raises:
        UsageError: Naming it as displayed.
    """
    for tag in tags:
        if fold(tag.name) == fold(name):
            state = ", archived" if tag.archived else ""
            raise UsageError(f"there is a tag '{tag.name}' already{state}")
