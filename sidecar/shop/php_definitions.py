"""
The constants of a PHP file of definitions, told without PHP and without running anything.

It reads what config files of stores hold: ``define`` and ``const`` with texts, numbers,
constants, ``.``, ``__DIR__``, a few functions, and ``if (!defined(…))``. Everything else is
skipped and remembered: a constant is right or missing, never guessed.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from pathlib import Path

from sidecar.shop.php_tokens import NotADefinitionError, Token, tokens
from sidecar.shop.php_values import FUNCTIONS, Value, from_system, holds, text, to_system

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_SUPERGLOBALS = frozenset({"$_SERVER", "$_ENV"})


class Definitions:
    """
    What a file defines.

    Args:
        file: Its absolute path, for ``__DIR__``.
        source: Its content.
        environ: For ``getenv`` and ``$_SERVER``.

    Attributes:
        constants: Name to value, as PHP would make text of it; the first definition holds.
        skipped: Line of the first statement that is more than a definition, or 0.
    """

    def __init__(self, file: Path, source: bytes, environ: Mapping[str, str]) -> None:
        self._file = from_system(str(file))
        self._environ = {key: from_system(value) for key, value in environ.items()}
        self._tokens = tokens(source.decode("latin-1"))
        self._next = 0
        self._values: dict[str, Value] = {}
        self._variables: dict[str, Value] = {}
        self._unknown: set[str] = set()
        self.skipped = 0
        while self._next < len(self._tokens):
            start = self._next
            self._statement()
            self._next += self._next == start  # a bracket too many
        self.constants = {name: to_system(text(value)) for name, value in self._values.items()}

    # Statements

    def _statement(self) -> None:
        start = self._next
        try:
            if self._takes("if"):
                self._condition()
            elif self._takes("const"):
                name = self._word("name")
                self._expect("=")
                self._define(name, ";")
            elif self._ahead("define"):
                self._call_define()
            elif self._ahead("defined"):  # defined('A') || define('A', …);
                self._expression()
                if not (self._takes("||") or self._takes("or")):
                    raise NotADefinitionError
                self._call_define()
            elif self._peek().kind == "variable":
                self._assign()
            elif self._takes("return") or self._takes("exit") or self._takes("die"):
                self._next = len(self._tokens)
            elif not self._takes(";"):
                raise NotADefinitionError
        except NotADefinitionError:
            self.skipped = self.skipped or self._tokens[start].line
            self._next = start
            self._skip_unknown()

    def _call_define(self) -> None:
        self._expect("define")
        self._expect("(")
        name = text(self._expression())
        self._expect(",")
        self._define(name, ")")

    def _define(self, name: str, end: str) -> None:
        # The first definition holds, also when we cannot tell its value.
        known = name in self._values or name in self._unknown
        self._unknown |= {name} - set(self._values)
        value = self._expression()
        if end == ")" and self._takes(","):
            self._expression()
        self._expect(end)
        if not known:
            self._values[name] = value
            self._unknown.discard(name)

    def _assign(self) -> None:
        name = self._word("variable")
        self._variables.pop(name, None)
        self._expect("=")
        self._variables[name] = self._expression()

    def _condition(self) -> None:
        self._expect("(")
        wanted = not self._takes("!")
        if not self._ahead("defined"):
            raise NotADefinitionError
        chosen = bool(self._primary()) == wanted
        self._expect(")")
        self._branch(chosen=chosen)
        if self._takes("else"):
            self._branch(chosen=not chosen)

    def _branch(self, *, chosen: bool) -> None:
        if not chosen:
            self._skip()
        elif self._takes("{"):
            while not self._takes("}"):
                self._peek()
                self._statement()
        else:
            self._statement()
            self._takes(";")

    def _skip(self) -> None:
        # To the end of a statement: its semicolon, or the bracket that closes its block.
        depth = 0
        while self._next < len(self._tokens):
            token = self._tokens[self._next]
            if token.kind == "sign":
                if token.value == "}" and depth == 0:
                    return
                depth += (token.value in _CLOSING) - (token.value in _CLOSING.values())
            self._next += 1
            if token.kind == "sign" and depth == 0 and token.value in (";", "}"):
                return

    def _skip_unknown(self) -> None:
        # Whatever it may set is unknown from here on.
        start = self._next
        self._skip()
        while self._ahead("else") or self._ahead("elseif"):
            self._skip()
        skipped = self._tokens[start : self._next]
        for token in skipped:
            self._variables.pop(token.value, None)
        for before, bracket, name in zip(skipped, skipped[1:], skipped[2:], strict=False):
            if (before.value.lower(), bracket.value) == ("define", "("):
                self._unknown |= {name.value} - set(self._values)

    # Expressions

    def _expression(self) -> Value:
        value = self._alternative()
        if self._takes("?:"):
            other = self._alternative()
            return value if holds(value) else other
        if self._takes("?"):
            yes = self._expression()
            self._expect(":")
            no = self._expression()
            return yes if holds(value) else no
        return value

    def _alternative(self) -> Value:
        value = self._joined()
        if self._takes("??"):
            other = self._alternative()
            return other if value is None else value
        return value

    def _joined(self) -> Value:
        value = self._primary()
        while self._takes("."):
            value = text(value) + text(self._primary())
        return value

    def _primary(self) -> Value:
        token = self._peek()
        self._next += 1
        if token.kind == "text":
            return token.value
        if token.kind == "number" and "." not in token.value:
            octal = token.value.isdecimal() and len(token.value) > 1 and token.value[0] == "0"
            return int(token.value, 8 if octal else 0)
        if token.kind == "name":
            return (
                self._function(token.value.lower())
                if self._takes("(")
                else self._constant(token.value)
            )
        if token.kind == "variable":
            return self._variable(token.value)
        if token.kind == "sign" and token.value == "(":
            value = self._expression()
            self._expect(")")
            return value
        raise NotADefinitionError

    def _constant(self, name: str) -> Value:
        known: dict[str, Value] = {"true": True, "false": False, "null": None}
        if name.lower() in known:
            return known[name.lower()]
        magic = {"__file__": self._file, "__dir__": posixpath.dirname(self._file)}
        fixed = {"DIRECTORY_SEPARATOR": "/", "PHP_EOL": "\n"} | self._values
        if name.lower() in magic:
            return magic[name.lower()]
        if name not in fixed:
            raise NotADefinitionError
        return fixed[name]

    def _variable(self, name: str) -> Value:
        if name in _SUPERGLOBALS:
            self._expect("[")
            key = text(self._expression())
            self._expect("]")
            return self._environ.get(key)
        if name not in self._variables:
            raise NotADefinitionError
        return self._variables[name]

    def _function(self, name: str) -> Value:
        arguments: list[Value] = []
        while not self._takes(")"):
            arguments.append(self._expression())
            if not self._ahead(")"):
                self._expect(",")
        first = text(arguments[0]) if arguments else ""
        if name == "defined" and first not in self._unknown:
            return first in self._values
        if name == "constant":
            return self._constant(first)
        if name == "getenv" and arguments:
            return self._environ.get(first, False)
        try:
            return FUNCTIONS[name](*arguments)
        except (KeyError, TypeError, ValueError):
            raise NotADefinitionError from None

    # Tokens

    def _peek(self) -> Token:
        if self._next >= len(self._tokens):
            raise NotADefinitionError
        return self._tokens[self._next]

    def _ahead(self, word: str) -> bool:
        if self._next >= len(self._tokens):
            return False
        token = self._tokens[self._next]
        return token.kind in ("name", "sign") and token.value.lower() == word

    def _takes(self, word: str) -> bool:
        taken = self._ahead(word)
        self._next += taken
        return taken

    def _expect(self, word: str) -> None:
        if not self._takes(word):
            raise NotADefinitionError

    def _word(self, kind: str) -> str:
        token = self._peek()
        if token.kind != kind:
            raise NotADefinitionError
        self._next += 1
        return token.value
