"""What carries commands out is given by the composition root; no handler reads settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sidecar.model import Moment, Names
from sidecar.rules.admin_rule import AdminRule
from sidecar.shop.shop import Shop
from sidecar.sync.caps import Budget
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.full_pass import Result
from sidecar.sync.pass_runs import Approval
from sidecar.sync.ranges import Progress
from sidecar.sync.rulebook import CheckedRules


class MakeFullPass(Protocol):
    """Carries a full pass out, with the rules as they are now."""

    def __call__(
        self, *, actor: str, approval: Approval | None, progress: Progress | None
    ) -> Result: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """
    Attributes:
        shop: The store.
        moment: Now.
        check_rules: The rules as they are now.
        checker: Checks the rules of the files with any rules of the admin.
        checker_without_products: The same, as `rulebook.checker` does without products.
        names: What the store calls its things, products too.
        rulebook: Compiles; the last: a customer group is about to be pinned.
        full_pass: Carries a full pass out.
        budget: What changed customers may still change unasked.
        cap: The number of customers that a run may change unasked.
    """

    shop: Shop
    moment: Callable[[], Moment]
    check_rules: Callable[[], CheckedRules]
    checker: Callable[[], Callable[[Sequence[AdminRule]], CheckedRules]]
    checker_without_products: Callable[[], Callable[[Sequence[AdminRule]], CheckedRules]]
    names: Callable[[], Names]
    rulebook: Callable[[CheckedRules, Moment, bool], Rulebook]
    full_pass: MakeFullPass
    budget: Callable[[Moment], Budget]
    cap: Callable[[], int]
