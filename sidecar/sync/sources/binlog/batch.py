"""What changed rows ring: of one transaction, and of those that ended since the last look."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from sidecar.sync.sources.binlog.layouts import Texts
from sidecar.sync.sources.binlog.position import Position
from sidecar.sync.sources.references import References

#: More references than this at once are a whole pass, which costs less than naming them.
MOST_REFERENCES: Final = 50_000


@dataclass(slots=True)
class Rung:
    """
    Whom rows lead to.

    Attributes:
        references: By numbers.
        texts: The same as e-mails: ``email`` accounts by any spelling, ``guest`` the account
            of a guest's.
        rows: Changed rows that count.
        is_own: A table of ours was written too.
        is_too_many: There were more than `MOST_REFERENCES`, and they are gone.
    """

    references: References = field(default_factory=dict)
    texts: Texts = field(default_factory=dict)
    rows: int = 0
    is_own: bool = False
    is_too_many: bool = False

    def held(self) -> int:
        """References and e-mails."""
        return sum(map(len, self.references.values())) + sum(map(len, self.texts.values()))

    def add(self, other: Rung) -> None:
        """Those of *other* too."""
        self.rows += other.rows
        self.is_too_many = self.is_too_many or other.is_too_many
        for lead, numbers in other.references.items():
            self.references.setdefault(lead, set()).update(numbers)
        for kind, texts in other.texts.items():
            self.texts.setdefault(kind, set()).update(texts)
        self.limit()

    def limit(self) -> None:
        """Forget them where they are too many."""
        if self.is_too_many or self.held() > MOST_REFERENCES:
            self.references, self.texts, self.is_too_many = {}, {}, True


@dataclass(frozen=True, slots=True)
class Batch:
    """
    What the transactions rang that ended since the last batch.

    Attributes:
        references: Whom changed rows lead to.
        texts: The same as e-mails: ``email`` accounts by any spelling, ``guest`` the account
            of a guest's.
        position: Behind the last of them; where the stream began until one ended.
        transactions: All that ended.
        events: All that came, of open transactions too.
        rows: Changed rows that count.
        own: Transactions of ours, which ring nobody.
        own_customers: Whose rows of the store these wrote.
        gaps: How often something could not be read, by reason; any means: look at everybody.
    """

    references: References
    texts: Texts
    position: Position
    transactions: int
    events: int
    rows: int
    own: int
    own_customers: frozenset[int]
    gaps: Counter[str]
