"""
What may be said of a consent when: only evidence raises one, and a no always counts.

    granted
       ^  evidence                   a no that says less than the one that stands adds nothing:
    pending                          withdrawn by the store's flag < withdrawn < bounced
       ^                                                           < complained < objected
    none, or a no
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

State = Literal["pending", "granted", "withdrawn", "bounced", "complained", "objected"]

#: What proves a consent: the person ticked it, confirmed it by a message, told somebody of the
#: shop, or signed it. Found: the store's flag stood so when it was first seen.
Evidence = Literal["none", "form", "double_opt_in", "staff", "document"]

#: Where a saying comes from.
Source = Literal["found", "store", "staff", "command", "objection"]

#: What people can offer.
EVIDENCES: Final = tuple(word for word in get_args(Evidence) if word != "none")

#: What overcomes an objection, a complaint, and the suppression list.
PROOFS: Final = frozenset({"double_opt_in", "document"})

#: From the weakest no to the strongest.
NOES: Final[tuple[State, ...]] = ("withdrawn", "bounced", "complained", "objected")

#: Names of purposes: short, and the same in every place.
PURPOSE: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}", re.ASCII)

#: The consent that the store's own flag shows.
NEWSLETTER: Final = ("email", "newsletter")


@dataclass(frozen=True, slots=True)
class Standing:
    """
    What holds of one consent.

    Attributes:
        state: Of it.
        source: Where it came from.
        at: Since when, in seconds since 1970.
    """

    state: State
    source: str
    at: int

    @property
    def firmness(self) -> int:
        """How much of a no it is; 0: none."""
        if self.state not in NOES:
            return 0
        # A box that was unticked may be ticked again.
        by_flag = self.state == "withdrawn" and self.source in ("store", "found")
        return 1 if by_flag else 2 + NOES.index(self.state)


def adds(standing: Standing | None, said: Standing) -> bool:
    """Whether the no *said* says more than what stands."""
    return standing is None or said.firmness > standing.firmness


def refusal(
    standing: Standing | None, suppressed_since: int | None, evidence: str, at: int
) -> str | None:
    """
    Why a consent cannot be granted; None: it can.

    Args:
        suppressed_since: Since when the address is on the suppression list; None: it is not.
        at: When it was granted, in seconds since 1970.
    """
    way = "the evidence has to be double_opt_in or document"
    if suppressed_since is not None:
        if evidence not in PROOFS:
            return f"the address is on the suppression list ({way})"
        if at <= suppressed_since:
            return f"the address was put on the suppression list {_later(suppressed_since, at)}"
    if standing is None or not standing.firmness:
        return None
    if standing.state in ("objected", "complained") and evidence not in PROOFS:
        return f"the person {standing.state} ({way})"
    if at <= standing.at:
        return f"it was {_said(standing.state)} {_later(standing.at, at)}"
    return None


def asking_refusal(standing: Standing | None, suppressed_since: int | None) -> str | None:
    """Why nobody may be asked for a consent, so that it is pending; None: they may."""
    if suppressed_since is not None:
        return "the address is on the suppression list, so nobody may be asked"
    if standing is None:
        return None
    if standing.state == "granted":
        return "it is granted already"
    if standing.state in ("objected", "complained", "bounced"):
        return f"the person {standing.state}, so nobody may be asked"
    return None


def flag_counts(standing: Standing | None, suppressed_since: int | None) -> bool:
    """Whether the flag that somebody set in the store grants the consent."""
    return suppressed_since is None and (standing is None or standing.firmness <= 1)


def _later(said: int, at: int) -> str:
    """When a no was said, as seen from evidence of *at*; nobody knows the order in a second."""
    return "in the same second as this evidence" if said == at else "after this evidence"


def _said(state: State) -> str:
    return f"noted as {state}" if state == "bounced" else state
