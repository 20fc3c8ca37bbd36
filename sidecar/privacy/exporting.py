"""Making an export: the person's rows, what is known of them and their files, in one archive."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from sidecar.config import Config
from sidecar.config.key import Key
from sidecar.errors import RuleError
from sidecar.model import Moment
from sidecar.privacy import export_html, export_json
from sidecar.privacy.coverage import read_coverage, read_registered
from sidecar.privacy.export_about import About, without_staff
from sidecar.privacy.export_archive import Member, Written, write_archive
from sidecar.privacy.export_contents import Contents
from sidecar.privacy.export_files import Upload, find_uploads
from sidecar.privacy.export_names import Names
from sidecar.privacy.export_readme import readme
from sidecar.privacy.export_values import Values
from sidecar.privacy.live_schema import read_live_schema
from sidecar.privacy.requests import Request
from sidecar.privacy.rows import Rows
from sidecar.privacy.subject import Subject, as_stored
from sidecar.privacy.uploads import uploads_folder
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.shop.text import escape
from sidecar.sync.consents import people
from sidecar.sync.consents.people import Who
from sidecar.sync.consents.statement import of_person
from sidecar.sync.facts import as_json
from sidecar.sync.state import Json

#: Tags, segments, group and tier of a customer, as `sidecar.sync.explaining.explain` tells them.
Explain = Callable[[int], Mapping[str, Json]]

#: How much is done, of how much.
Progress = Callable[[int, int], None]

_NO_FILES = (
    "The files that you uploaded are listed, but not in the archive: {missing} of {all} were not"
    " found"
)
_NO_LOGIC = "The rules of the shop cannot be read now, so what they decide is not told"
_GAPS = "Not looked at, because nobody has said yet what they hold: {tables}"


@dataclass(frozen=True, slots=True)
class Made:
    """
    An export that was written.

    Attributes:
        archive: The file.
        rows: Of all tables.
        tables: With rows of the person.
        files: That they uploaded and that are in the archive.
        files_missing: That are only listed.
        missing: What it lacks, a sentence each; empty: it is complete.
    """

    archive: Written
    rows: int
    tables: int
    files: int
    files_missing: int
    missing: tuple[str, ...]


def name_of(request_id: int) -> str:
    """The name of a request's archive in the folder of exports."""
    return f"export-{request_id}.zip"


def make_export(
    config: Config,
    shop: Shop,
    request: Request,
    key: Key,
    salt: str,
    moment: Moment,
    explain: Explain,
    told: Progress = lambda _done, _total: None,
) -> Made:
    """
    Write the archive of *request*, in the place of an older one.

    Args:
        salt: Of its password.
        explain: Raises RuleError while the rules are wrong.
        told: Told how far it is, often; what it raises ends the export.

    Raises:
        ConfigError: The register cannot be used.
        UsageError: The account is gone.
        FatalError: The archive cannot be written; nothing is left of it.
    """
    contents, missing = _found(config, shop, request, told)
    uploads = find_uploads(contents, uploads_folder(config))
    lost = sum(1 for upload in uploads if not upload.place)
    if lost:
        missing.append(_NO_FILES.format(missing=lost, all=len(uploads)))
    decisions: Mapping[str, Json] | None = None
    if request.customer_id:
        try:
            decisions = without_staff(explain(request.customer_id))
        except RuleError:
            missing.append(_NO_LOGIC)
    about = _about(shop, request, moment, tuple(missing), decisions, uploads)
    archive = write_archive(
        config.privacy.exports,
        name_of(request.request_id),
        _members(about, contents, told),
        key.password(salt),
        moment.now.astimezone(moment.zone).replace(tzinfo=None),
    )
    number = len(uploads) - lost
    return Made(archive, contents.number_of_rows, len(contents.tables), number, lost, about.missing)


def _found(
    config: Config, shop: Shop, request: Request, told: Progress
) -> tuple[Contents, list[str]]:
    """The person's rows, and which tables nobody looked at."""
    register = read_registered(config.privacy.register)
    database, prefix = config.database.name, config.database.prefix
    with transaction(shop.engine) as tx:
        subject = _subject(shop, request, tx)
        live = read_live_schema(tx, database, prefix)
        gaps = read_coverage(tx, database, prefix, register).gaps
    rows = Rows(shop, register, live, [subject])
    values = Values(shop.settings.zone, Names(rows, shop.settings.language_id))
    contents = Contents(rows, values)
    contents.find(lambda _: told(0, 0))
    tables = ", ".join(sorted({gap.table for gap in gaps}))
    return contents, [_GAPS.format(tables=tables)] if tables else []


def _subject(shop: Shop, request: Request, tx: Connection) -> Subject:
    """
    Whose rows they are.

    By e-mail only where it is sure that the address is theirs: an account may bear any.
    """
    if not request.customer_id:
        return Subject(0, _stored(request.email or ""))
    email = people.account(tx, shop, request.customer_id).email
    return Subject(request.customer_id, _stored(email) if _is_sure(request) else frozenset())


def _who(shop: Shop, request: Request, tx: Connection) -> Who:
    """The same for consents."""
    if not request.customer_id:
        return people.guest(shop, request.email or "")
    who = people.account(tx, shop, request.customer_id)
    return who if _is_sure(request) else replace(who, subjects=())


def _is_sure(request: Request) -> bool:
    return request.identity in ("code", "staff")


def _stored(email: str) -> frozenset[str]:
    return frozenset({as_stored(email), as_stored(escape(email))} - {""})


def _about(
    shop: Shop,
    request: Request,
    moment: Moment,
    missing: tuple[str, ...],
    decisions: Mapping[str, Json] | None,
    uploads: list[Upload],
) -> About:
    with transaction(shop.engine) as tx:
        who = _who(shop, request, tx)
        consents = of_person(tx, shop, who)
    return About(
        request=request.request_id,
        made_at=as_json.iso(moment.epoch_s, moment.zone) or "",
        store=shop.settings.name,
        customer_id=request.customer_id,
        email=who.email,
        identity=request.identity,
        missing=missing,
        decisions=decisions,
        consents=without_staff(consents),
        uploads=uploads,
    )


def _members(about: About, contents: Contents, told: Progress) -> Iterator[Member]:
    total, done = 2 * contents.number_of_rows, 0

    def more(rows: int) -> None:
        nonlocal done
        done += rows
        told(done, total)

    yield "README.txt", [readme(about).encode()]
    yield "export.html", export_html.pieces(about, contents, more)
    yield "export.json", export_json.pieces(about, contents, more)
    for upload in about.uploads:
        if upload.place:
            yield upload.place, upload.content()


def ends_at(config: Config, moment: Moment) -> int:
    """When an export made now is deleted, in UTC epoch seconds."""
    end: datetime.datetime = config.privacy.exports_age.after(moment.now)
    return int(end.timestamp())
