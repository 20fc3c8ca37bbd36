"""
From the text of a condition to its syntax tree.

The grammar stands in ``grammar.lark``; ``tree.py`` builds the tree; what a syntax
error means to a person is worked out by ``explain.py`` and ``characters.py``.
"""

from __future__ import annotations

import dataclasses
import functools
from importlib import resources
from typing import cast

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from sidecar.errors import RuleError
from sidecar.rules.language import characters, explain, limits
from sidecar.rules.language.literals import RefusedError
from sidecar.rules.language.printer import print_expr
from sidecar.rules.language.report import problem_at
from sidecar.rules.language.tree import TreeBuilder
from sidecar.rules.syntax import Expr, Position


def parse(
    text: str, *, file: str = "expression", line_offset: int = 0, column_offset: int = 0
) -> Expr:
    """
    The syntax tree of the condition *text*; the names in it are not looked up.

    Args:
        text: The condition; may run over several lines.
        file: Named by errors.
        line_offset: Added to the line of errors.
        column_offset: Added to the column of errors in the first line of *text*.

    Raises:
        RuleError: With one problem, the first thing that is not in the language.
    """
    try:
        return _parse(text)
    except RefusedError as refused:
        # Blanks stand for what is left of the text, so that the caret falls where it should.
        problem = problem_at(
            refused.at, refused.message, refused.hint, file=file, source=" " * column_offset + text
        )
        first = refused.at.line == 1
        problem = dataclasses.replace(
            problem,
            line=problem.line + line_offset,
            column=problem.column + (column_offset if first else 0),
        )
        raise RuleError([problem]) from None


def _parse(text: str) -> Expr:
    if problem := limits.size_problem(text):
        raise RefusedError(Position(1, 1), problem, "make segments of its parts")
    if not text.strip():
        raise RefusedError(Position(1, 1), "the condition is empty", "e.g. orders >= 3")
    try:
        # With a transformer, Lark returns what its start rule made; its types say Tree.
        expr = cast("Expr", _grammar().parse(text))
    except UnexpectedToken as error:
        raise explain.unexpected_token(
            text, _tokens_until(text, error.token), error.token, frozenset(error.accepts)
        ) from None
    except UnexpectedCharacters as error:
        raise characters.unexpected_character(text, error.pos_in_stream or 0) from None
    # Printed texts are parsed again, and blanks and plurals can make them longer.
    if len(text) > limits.MAX_BYTES // 3 and (problem := limits.size_problem(print_expr(expr))):
        raise RefusedError(Position(1, 1), problem, "make segments of its parts")
    return expr


def _tokens_until(text: str, stop: Token) -> list[Token]:
    """The tokens of *text* before *stop*."""
    tokens: list[Token] = []
    end = len(text) if stop.type == "$END" else stop.start_pos or 0
    for token in _grammar().lex(text):
        if (token.start_pos or 0) >= end:
            break
        tokens.append(token)
    return tokens


@functools.cache
def _grammar() -> Lark:
    """Built once, when first needed; that takes about 30 ms."""
    grammar = resources.files("sidecar.rules.language").joinpath("grammar.lark")
    return Lark(
        grammar.read_text(encoding="utf-8"),
        parser="lalr",
        # Basic, not contextual: a word of the grammar is reserved wherever it stands,
        # so "orders and and" is an error at its second "and", not a fact of that name.
        lexer="basic",
        transformer=TreeBuilder(),
        maybe_placeholders=False,
    )
