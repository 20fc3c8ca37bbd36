"""A small store of a test's own, the sidecar on it, and what our tables hold, by name."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql.cursors
from sqlalchemy import Engine

from sidecar import app, config
from sidecar.app import Sidecar
from sidecar.model import Moment, Outcome
from sidecar.rules.ruleset import RuleSet
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import WORDS
from sidecar.sync import changed, ranges, tags
from sidecar.sync.caps import Budget
from sidecar.sync.compiled_rules import Rulebook, open_rulebook
from sidecar.sync.cycle import Pass
from sidecar.sync.full_pass import FullPass, Result
from sidecar.sync.pass_runs import Approval
from sidecar.sync.rulebook import CheckedRules
from sidecar.sync.tagging import Tagging
from support import consistency
from support.given import Given

NOW = datetime.datetime(2026, 3, 31, 9, 30, tzinfo=datetime.UTC)

#: Ours, in the order in which they can be emptied.
OWN = (
    "customer",
    "purchase",
    "assertion",
    "run",
    "audit",
    "set_aside",
    "rfm_limits",
    "tag",
    "pin",
    "rule",
    "segment",
    "member",
    "segment_change",
    "segment_size",
    "run_rule",
    "audit_pin",
    "hint",
    "finding",
    "state",
    "selection",
    "figure",
    "account",
    "cause",
    "lot",
    "entry",
    "move",
    "earner",
    "program",
    "rewarded",
    "tier",
    "tier_change",
    "redemption",
    "issue",
    "card",
    "privacy_request",
    "privacy_act",
    "erasure",
    "kept",
    "journal",
    "suppression",
    "consent",
    "consent_state",
    "wording",
    "restriction",
    "legal_hold",
    "purge",
    "purge_date",
    "export",
    "export_part",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """
    What our tables say, by names and ids that stay the same from store to store.

    Attributes:
        facts: By customer: the stored facts.
        verdict: By customer: the tags that rules say.
        tags: By customer: the tags in effect.
        assertions: Customer, tag, source kind, until.
        purchases: Customer and product.
    """

    facts: Mapping[int, tuple[object, ...]]
    verdict: Mapping[int, frozenset[str]]
    tags: Mapping[int, frozenset[str]]
    assertions: frozenset[tuple[int, str, str, int | None]]
    purchases: frozenset[tuple[int, int]]


class SmallStore:
    """
    A small store and what can be done with it.

    Attributes:
        given: Writes the store's rows.
        sidecar: Opened on it.
        folder: Of the rules.
        now: The moment of whatever is done next.
    """

    def __init__(self, given: Given, sidecar: Sidecar, folder: Path) -> None:
        self.given = given
        self.sidecar = sidecar
        self.folder = folder
        self.now = NOW

    # -- rules -----------------------------------------------------------------------------

    def rules(self, **conditions: str) -> None:
        """Replace the rules: a tag for each of *conditions*."""
        self.named_rules(conditions)

    def named_rules(self, conditions: Mapping[str, str], more: str = "") -> None:
        """As `rules` for names that are no identifiers; *more* is TOML."""
        tables = [
            f"[[tag]]\nname = {json.dumps(name, ensure_ascii=False)}\nwhen = '''{when}'''\n"
            for name, when in conditions.items()
        ]
        self.folder.mkdir(exist_ok=True)
        (self.folder / "rules.toml").write_text("\n".join([*tables, more]), "utf-8")

    # -- passes ----------------------------------------------------------------------------

    @property
    def moment(self) -> Moment:
        """`now` in the store's zone."""
        return Moment(self.now, self.sidecar.shop.settings.zone)

    def book(self, rules: RuleSet | None = None) -> Rulebook:
        """The rules compiled; *rules* instead of those of the files."""
        checked = self.sidecar.check_rules()
        if rules is not None:
            checked = CheckedRules(rules, checked.dictionary, checked.names)
        return open_rulebook(self.sidecar.shop, checked, self.moment, writing=True, new_limits=True)

    def work(self, rules: RuleSet | None = None) -> Pass:
        """A pass with the rules as they are now, as if a full pass had settled them."""
        book = self.book(rules)
        return Pass(self.sidecar.shop, book.blocking(book.registry.held()), self.moment)

    def full_pass(self, *, size: int = ranges.RANGE, rules: RuleSet | None = None) -> Outcome:
        """Bring everybody in line, whatever has to change."""
        approval = Approval(actor="cli:ann", everything=True)
        return self.whole_pass(size=size, rules=rules, approval=approval).outcome

    def whole_pass(
        self,
        *,
        size: int = ranges.RANGE,
        rules: RuleSet | None = None,
        approval: Approval | None = None,
        cap: int | None = None,
    ) -> Result:
        """A full pass under the cap of the settings, or *cap*, with what is approved of."""
        return FullPass(
            shop=self.sidecar.shop,
            book=self.book(rules),
            moment=self.moment,
            cap=self.sidecar.cap() if cap is None else cap,
            approval=approval,
            size=size,
        ).carry_out()

    def process(self, *ids: int, rules: RuleSet | None = None) -> Outcome:
        """Bring the customers *ids* in line, as if a full pass had settled the rules."""
        work = self.work(rules)
        budget = Budget(work.shop.own, 10**9, work.moment)
        return changed.answer(work.shop, work.rulebook, ids, work.moment, budget, kind="changed")[0]

    def tagging(self, actor: str = "cli:ann", rules: RuleSet | None = None) -> Tagging:
        """Tags by hand."""
        known = rules or self.sidecar.check_rules().rules
        shop = self.sidecar.shop
        return Tagging(shop, known, lambda: self.book(rules), self.moment, actor)

    # -- what stands -----------------------------------------------------------------------

    def rows(self, query: str, *parameters: object) -> list[dict[str, Any]]:
        """What *query* selects; ``{own}`` stands for the prefix of our tables."""
        with self.given.connection.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute(query.replace("{own}", f"{self.given.prefix}sidecar_"), parameters)
            return list(cursor.fetchall())

    def tags(self) -> dict[str, tags.Tag]:
        """The tags by name."""
        return {tag.name: tag for tag in self.sidecar.view.tags()}

    def has(self, customer: int) -> set[str]:
        """The tags in effect for *customer*."""
        return set(self.standing().tags.get(customer, ()))

    def who(self, tag: str) -> list[int]:
        """The customers that *tag* is in effect for, ascending."""
        return sorted(c for c, names in self.standing().tags.items() if tag in names)

    def standing(self) -> Standing:
        """Everything that our tables say of customers."""
        names = {tag.slot: tag.name for tag in self.tags().values()}
        by_id = {tag.tag_id: tag.name for tag in self.tags().values()}
        customers = self.rows("SELECT * FROM `{own}customer`")
        facts = ("orders", "total_spent", "last_order_at", "registered_at", "purchases_mark")
        return Standing(
            facts={row["customer_id"]: tuple(row[fact] for fact in facts) for row in customers},
            verdict={row["customer_id"]: _named(row, "verdict", names) for row in customers},
            tags={row["customer_id"]: _named(row, "tags", names) for row in customers},
            assertions=frozenset(
                (row["customer_id"], by_id[row["tag_id"]], row["source_kind"], row["until"])
                for row in self.rows("SELECT * FROM `{own}assertion`")
            ),
            purchases=frozenset(
                (row["customer_id"], row["product_id"])
                for row in self.rows("SELECT * FROM `{own}purchase`")
            ),
        )

    def verify(self, *, seen: bool = True) -> None:
        """
        Hold our tables against each other, and what the ladder remembers against the store.

        Args:
            seen: See `consistency.hold`.
        """
        standing, known = self.standing(), self.tags()
        now = self.moment.epoch_s
        live = {row for row in standing.assertions if row[3] is None or row[3] > now}
        assert {(c, t) for c, t, kind, _ in standing.assertions if kind == "rule"} == {
            (customer, tag) for customer, names in standing.verdict.items() for tag in names
        }
        out = {(customer, tag) for customer, tag, kind, _ in live if kind == "pin_out"}
        asserted = {(customer, tag) for customer, tag, kind, _ in live if kind != "pin_out"}
        in_effect = {(c, t) for c, t in asserted - out if not known[t].archived}
        assert in_effect == {(c, tag) for c, names in standing.tags.items() for tag in names}
        for name, tag in known.items():
            assert tag.customers == sum(name in names for names in standing.tags.values()), name
        others: dict[int, int] = {}
        for customer, _, kind, _ in standing.assertions:
            others[customer] = others.get(customer, 0) + (kind != "rule")
        for row in self.rows("SELECT customer_id, other_assertions AS n FROM `{own}customer`"):
            assert row["n"] == others.get(row["customer_id"], 0), row
        consistency.hold(self, now, self.given.prefix, seen=seen)

    def audit(self, run: int | None = None) -> dict[int, tuple[set[str], set[str]]]:
        """Tags added and removed by customer, whom the last run, or *run*, changed visibly."""
        names = {tag.tag_id: tag.name for tag in self.tags().values()}
        found: dict[int, tuple[set[str], set[str]]] = {}
        last = self.rows("SELECT MAX(run_id) AS n FROM `{own}run`")[0]["n"]
        rows = self.rows("SELECT * FROM `{own}audit` WHERE run_id = %s", run or last)
        for row in rows:
            assert row["customer_id"] not in found, "two rows of one customer in a run"
            added, removed = (
                {names[int(tag)] for tag in row[column].split(",") if tag}
                for column in ("tags_added", "tags_removed")
            )
            if added or removed or row["group_to"] is not None:
                found[row["customer_id"]] = added, removed
        return found

    def last_run(self) -> dict[str, Any]:
        """The newest run."""
        return self.rows("SELECT * FROM `{own}run` ORDER BY run_id DESC LIMIT 1")[0]

    def checksums(self, *, without: Iterable[str] = ()) -> dict[str, object]:
        """The checksum of each of our tables."""
        names = [name for name in OWN if name not in without]
        tables = ", ".join(f"`{{own}}{name}`" for name in names)
        rows = self.rows(f"CHECKSUM TABLE {tables}")
        return {name: row["Checksum"] for name, row in zip(names, rows, strict=True)}

    def forget_everything(self, *, but: Sequence[str] = ()) -> None:
        """Empty our tables."""
        for name in OWN:
            if name not in but:
                self.given.execute(f"DELETE FROM `{self.given.prefix}sidecar_{name}`")


def _named(row: Mapping[str, Any], kind: str, names: Mapping[int, str]) -> frozenset[str]:
    bits = sum((row[f"{kind}{word}"] or 0) << 64 * word for word in range(WORDS))
    return frozenset(names[slot] for slot in range(64 * WORDS) if bits >> slot & 1)


def open_on(
    database: config.Database, folder: Path, given: Given, **shop: Any
) -> Iterator[SmallStore]:
    """The sidecar on a small store, with our own tables; *shop* as in the settings."""
    settings = config.Config(
        file=folder / "config.toml",
        database=database,
        shop=config.Shop(**shop),
        rules=config.Rules(directory=folder / "rules.d", builtins=False),
        privacy=config.Privacy(key_file=folder / "key", journal=folder / "journal.jsonl"),
    )
    opened = app.open_sidecar(settings)
    try:
        opened.migrate()
        yield SmallStore(given, opened, folder / "rules.d")
    finally:
        opened.engine.dispose()


def empty(engine: Engine, prefix: str) -> None:
    """Delete every row of every table, quickly where there is none."""
    with transaction(engine) as tx:
        names = [str(row[0]) for row in tx.exec_driver_sql("SHOW TABLES")]
        kept = f"{prefix}sidecar_migration"
        some = " UNION ALL ".join(
            f"SELECT '{name}' FROM DUAL WHERE EXISTS (SELECT 1 FROM `{name}`)"
            for name in names
            if name != kept
        )
        filled = list(tx.exec_driver_sql(some).scalars()) if some else []
    # One by one: InnoDB and MyISAM in one transaction is refused by MySQL with GTID.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as each:
        for name in filled:
            each.exec_driver_sql(f"DELETE FROM `{name}`")
    if f"{prefix}customer" in filled:
        with engine.connect() as connection:
            # After a test of the largest id there would be none left.
            connection.exec_driver_sql(f"ALTER TABLE `{prefix}customer` AUTO_INCREMENT = 1")
