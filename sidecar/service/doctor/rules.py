"""The rules: whether they can be applied, and what in them is hardly meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sidecar.errors import Problem, RuleError
from sidecar.rules.rule import OffRule, Rule
from sidecar.service.doctor.case import StoreCase
from sidecar.service.doctor.finding import Finding
from sidecar.service.doctor.grant_checks import GROUP
from sidecar.service.doctor.grants import quoted, read_grants
from sidecar.shop import migrate
from sidecar.shop.database import transaction
from sidecar.sync import rulebook

_REFUSED = (
    "no full pass starts with it; a daemon that runs goes on with the rules as they were before"
)


def check_rules(case: StoreCase) -> Iterator[Finding]:
    """Everything that `sidecar rules check` says, and rules that do nothing."""
    directory = case.config.rules.directory
    try:
        checked = rulebook.check_files(
            case.shop,
            directory,
            own_tables=migrate.exist(case.engine, case.prefix),
            builtins=case.config.rules.builtins,
        )
    except RuleError as error:
        for problem in error.problems:
            bad = problem.severity == "error"
            yield _of(problem, "error" if bad else "warning", _REFUSED if bad else "")
        return
    rules = checked.rules
    for warning in rules.warnings:
        yield _of(warning, "warning", "it is applied as it stands")
    yield from _off(rules.off)
    all_rules: tuple[Rule, ...] = (*rules.tags, *rules.segments, *rules.groups)
    own = sum(rule.made_in != "builtin" for rule in all_rules)
    if not own and not directory.is_dir():
        yield Finding(
            "rules.directory",
            "note",
            f"there are no rules: {directory} does not exist",
            "nobody is tagged or moved",
            "write some: docs/howto/write-a-rule.md",
        )
    else:
        beside = " and a loyalty program" if rules.program is not None else ""
        found = f"{own} rules of yours{beside} in {directory} and the admin"
        yield Finding("rules.directory", "ok", found)
    if rules.groups:
        yield from _ladder(case)


def _of(problem: Problem, state: str, consequence: str) -> Finding:
    place = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part)
    return Finding(
        "rules.check",
        "error" if state == "error" else "warning",
        f"{place}: {problem.message}",
        consequence,
        problem.hint or f"change it in {problem.file}",
    )


def _off(rules: Sequence[OffRule]) -> Iterator[Finding]:
    for off in rules:
        if off.made_in != "builtin":
            yield Finding(
                "rules.off",
                "warning",
                f"the {off.kind} '{off.name}' made in the admin does nothing: {off.why}",
                "whoever has it keeps it, and nobody new gets it",
                "change the rule, or what it names",
            )
    if absent := [f"'{off.name}' ({off.why})" for off in rules if off.made_in == "builtin"]:
        yield Finding(
            "rules.built_in",
            "ok",
            f"built-in segments that this store has nothing for: {', '.join(absent)}",
        )


def _ladder(case: StoreCase) -> Iterator[Finding]:
    database, customer = case.config.database.name, f"{case.prefix}customer"
    with transaction(case.engine) as tx:
        grants = read_grants(tx)
    if not grants.on_columns("UPDATE", database, customer, [GROUP]):
        yield Finding(
            "rules.ladder",
            "error",
            f"the rules have a ladder, and the account may not change {customer}.{GROUP}",
            "every pass ends with an error where somebody is to be moved",
            f"GRANT UPDATE ({GROUP}) ON {quoted(database)}.{quoted(customer)} TO {grants.account};",
        )
