"""The language of the `q` parameter: `name=value` terms joined by NOT, AND, OR and parentheses."""

import re
from dataclasses import dataclass
from typing import TypeAlias

from taskward.http.pulp.errors import bad

MOST_COMPLEX = 8

_TOKEN = re.compile(
    r"\s*(?:(?P<bracket>[()])"
    r"|(?P<term>(?P<name>[A-Za-z][A-Za-z0-9_]*)\s*=\s*"
    r"(?:\"(?P<double>(?:[^\"\n\\]|\\.|\"\")*)\"|'(?P<single>(?:[^'\n\\]|\\.|'')*)'|(?P<bare>[\w.,*À-ÿ-]+)))"
    r"|(?P<word>NOT|AND|OR)(?![A-Za-z0-9_$]))"
)


@dataclass(frozen=True)
class Term:
    """A filter with its value."""

    name: str
    value: str


@dataclass(frozen=True)
class Negation:
    """The opposite."""

    operand: "Expression"


@dataclass(frozen=True)
class Conjunction:
    """All of them."""

    operands: "tuple[Expression, ...]"


@dataclass(frozen=True)
class Disjunction:
    """Any of them."""

    operands: "tuple[Expression, ...]"


Expression: TypeAlias = Term | Negation | Conjunction | Disjunction


def complexity(expression: Expression) -> int:
    """Each term and each operator counts one."""
    match expression:
        case Term():
            return 1
        case Negation(operand):
            return 1 + complexity(operand)
        case Conjunction(operands) | Disjunction(operands):
            return 1 + sum(map(complexity, operands))


def parse(text: str) -> Expression:
    """Raises Refused for what is not an expression, or is too complex."""
    expression = _Reader(text).whole()
    if complexity(expression) > MOST_COMPLEX:
        raise bad("q", "Filter expression exceeds allowed complexity.")
    return expression


_SYNTAX = "Syntax error in expression."
_DEEPEST = 50


class _Reader:
    """Reads by descent: OR binds least, NOT most."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str | Term] = []
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None:
                raise bad("q", _SYNTAX)
            self._tokens.append(_term(match) if match["term"] else match["bracket"] or match["word"])
            position = match.end()
        self._next = 0
        self._depth = 0

    def whole(self) -> Expression:
        expression = self._disjunction()
        if self._next < len(self._tokens):
            raise bad("q", _SYNTAX)
        return expression

    def _disjunction(self) -> Expression:
        operands = [self._conjunction()]
        while self._take("OR"):
            operands.append(self._conjunction())
        return operands[0] if len(operands) == 1 else Disjunction(tuple(operands))

    def _conjunction(self) -> Expression:
        operands = [self._negation()]
        while self._take("AND"):
            operands.append(self._negation())
        return operands[0] if len(operands) == 1 else Conjunction(tuple(operands))

    def _negation(self) -> Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise bad("q", "Filter expression exceeds allowed complexity.")
        if self._take("NOT"):
            return Negation(self._negation())
        if self._take("("):
            inner = self._disjunction()
            if not self._take(")"):
                raise bad("q", _SYNTAX)
            return inner
        token = self._tokens[self._next] if self._next < len(self._tokens) else None
        if not isinstance(token, Term):
            raise bad("q", _SYNTAX)
        self._next += 1
        return token

    def _take(self, token: str) -> bool:
        found = self._next < len(self._tokens) and self._tokens[self._next] == token
        self._next += found
        return found


def _term(match: re.Match[str]) -> Term:
    value = next(value for value in (match["double"], match["single"], match["bare"]) if value is not None)
    return Term(match["name"], value)
