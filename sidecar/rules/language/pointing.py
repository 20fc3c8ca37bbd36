"""Where problems of a condition are, for an editor: offsets in its text, paths in its JSON."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.errors import Problem
from sidecar.rules.syntax import And, Expr, Not, Or, Predicate


def leaf_paths(expr: Expr, path: str = "$.condition") -> Iterator[tuple[str, Predicate]]:
    """The comparisons of *expr*, each with the path to it in what `to_json` makes of *expr*."""
    if isinstance(expr, And | Or):
        for index, item in enumerate(expr.items):
            yield from leaf_paths(item, f"{path}.items[{index}]")
    elif isinstance(expr, Not):
        yield from leaf_paths(expr.item, f"{path}.item")
    else:
        yield path, expr


def offsets(problem: Problem, text: str) -> tuple[int, int] | None:
    """
    From where to where *problem* is in *text*, which its line and column count in.

    Counted as browsers do, in units of UTF-16. None: it has no place there.
    """
    lines = text.split("\n")
    if not 0 < problem.line <= len(lines) or not problem.column:
        return None
    before = "".join(f"{line}\n" for line in lines[: problem.line - 1])
    line = lines[problem.line - 1]
    begin = min(problem.column - 1, len(line))
    end = min(begin + max(problem.length, 1), len(line))
    # Behind the end of a line the last character is as near as it gets.
    if begin == end and begin:
        begin -= 1
    return _units(before + line[:begin]), _units(before + line[:end])


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
