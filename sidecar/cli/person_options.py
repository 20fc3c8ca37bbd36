"""Options of commands about a person's data: whose it is, and how we know who asks."""

from __future__ import annotations

from typing import Annotated

import typer

CustomerOrGuest = Annotated[
    str,
    typer.Argument(
        metavar="CUSTOMER", help="An id or an e-mail address, also of a guest.", show_default=False
    ),
]

#: One of the two is named.
PerhapsCustomer = Annotated[
    str | None,
    typer.Argument(
        metavar="CUSTOMER", help="An id or an e-mail address, if not --guest.", show_default=False
    ),
]
Guest = Annotated[
    str | None,
    typer.Option("--guest", metavar="EMAIL", help="Of whoever ordered without an account."),
]

Request = Annotated[
    int, typer.Argument(metavar="REQUEST", min=1, help="Its number.", show_default=False)
]
VerifiedBy = Annotated[
    str, typer.Option("--verified-by", metavar="USER", help="Who knows that it is the person.")
]
PerhapsVerifiedBy = Annotated[
    str | None,
    typer.Option("--verified-by", metavar="USER", help="Who knows that it is the person."),
]
How = Annotated[str, typer.Option("--how", metavar="TEXT", help="How they know it.")]
PerhapsHow = Annotated[str | None, typer.Option("--how", metavar="TEXT", help="How they know it.")]

Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Kept with it.")]
PerhapsReason = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Kept with it.")
]
