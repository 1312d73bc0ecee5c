"""Templates: texts with `{{ expressions }}` inside JSON values."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from msgspec import Struct

from taskward.model.workflow.expression import Expression, Scope, parse
from taskward.model.workflow.filters import LONGEST_TEXT, TemplateError, text_of

_DEEPEST = 50
"""Lists and objects inside one another in a rendered value."""

# What is in quotes may hold braces.
_HOLE = re.compile(r"""\{\{((?:[^{}"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*)\}\}""")
_OPENING = "{{"


class Template(Struct, frozen=True):
    """A text, taken apart: what stays as it is, and what is filled in."""

    parts: tuple[str | Expression, ...]

    @property
    def is_constant(self) -> bool:
        """Whether nothing is filled in."""
        return all(isinstance(part, str) for part in self.parts)

    def value(self, scope: Scope) -> Any:
        """The text with its holes filled; one that is nothing but a hole keeps the type of the value.

        Raises TemplateError.
        """
        match self.parts:
            case (Expression() as only,):
                return only.value(scope)
        text = "".join(part if isinstance(part, str) else text_of(part.value(scope)) for part in self.parts)
        if len(text) > LONGEST_TEXT:
            raise TemplateError(f"a text of {len(text)} characters is longer than {LONGEST_TEXT}")
        return text


@lru_cache(maxsize=2048)
def read_template(text: str) -> Template:
    """Raises TemplateError, saying where it cannot be read."""
    parts: list[str | Expression] = []
    done = 0
    for hole in _HOLE.finditer(text):
        if before := text[done : hole.start()]:
            parts.append(_plain(before))
        parts.append(parse(hole[1]))
        done = hole.end()
    if rest := text[done:]:
        parts.append(_plain(rest))
    return Template(tuple(parts))


def _plain(text: str) -> str:
    if _OPENING in text:
        raise TemplateError(f"`{text[text.index(_OPENING) :][:40]}` has no end; write {{{{ expression }}}}")
    return text


def evaluate(expression: str, scope: Scope) -> Any:
    """What an expression without braces comes to. Raises TemplateError."""
    return parse(expression).value(scope)


def render(value: Any, scope: Scope) -> Any:
    """A JSON value with every text in it filled. Raises TemplateError."""
    return _render(value, scope, 0)


def _render(value: Any, scope: Scope, depth: int) -> Any:
    if depth > _DEEPEST:
        raise TemplateError(f"a value is at most {_DEEPEST} levels deep")
    match value:
        case str():
            return read_template(value).value(scope)
        case list():
            return [_render(item, scope, depth + 1) for item in value]
        case dict():
            return {name: _render(item, scope, depth + 1) for name, item in value.items()}
    return value


def holes(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Expression]]:
    """Every expression of a JSON value, with the keys and indices that lead to its text. Raises TemplateError."""
    match value:
        case str():
            for part in read_template(value).parts:
                if isinstance(part, Expression):
                    yield place, part
        case list():
            for index, item in enumerate(value):
                yield from holes(item, (*place, index))
        case dict():
            for name, item in value.items():
                yield from holes(item, (*place, name))
